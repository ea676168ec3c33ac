# ruff: noqa: E501  (a case of a table reads best on one line)
"""Accounts, addresses, ports and numbers in one form; records over several lines; owners of connections."""

from __future__ import annotations

import io
import ipaddress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import given
from hypothesis import strategies as st

from amends.timeline.parsers import cells
from amends.timeline.parsers.records import csv_columns, grouped, of_lines
from amends.timeline.parsers.sessions import Owners


def test_accounts_lose_domain_and_realm() -> None:
    given_names = [
        "CORP\\Ann",
        "ann@CORP.EXAMPLE",
        "ANN",
        "-",
        "",
        None,
        "CN=Ann Lee,OU=x",
        '"ann"',
        "DC1$",
    ]
    assert cells.account(pa.array(given_names)).to_pylist() == [
        "ann",
        "ann",
        "ann",
        None,
        None,
        None,
        "ann lee",
        "ann",
        "dc1$",
    ]


@given(st.lists(st.ip_addresses() | st.text(max_size=12), max_size=20))
def test_addresses_are_in_their_shortest_form(values: list) -> None:
    texts = [v.exploded if hasattr(v, "exploded") else v for v in values]
    for _text, found in zip(
        texts, cells.address(pa.array(texts, pa.string())).to_pylist(), strict=True
    ):
        if found is not None:
            assert str(ipaddress.ip_address(found)) == found
    for value, found in zip(
        values, cells.address(pa.array(texts, pa.string())).to_pylist(), strict=True
    ):
        if hasattr(value, "exploded") and int(value):
            wanted = getattr(value, "ipv4_mapped", None) or value
            assert found == str(wanted)


def test_numbers_ports_and_sizes() -> None:
    assert cells.whole(pa.array(["12", "0x1a4", "-", "", "-5", "99999999999999999999", "1.5", "zz", "0xzz"])).to_pylist() == [
        12, 420, None, None, None, None, None, None, None]  # fmt: skip
    assert cells.port(pa.array(["443", "0", "65536", "x", None])).to_pylist() == [
        443,
        None,
        None,
        None,
        None,
    ]
    assert cells.size(pa.array(["5.2 M", "12", "1.5 G", "x", None])).to_pylist() == [
        5_200_000,
        12,
        1_500_000_000,
        None,
        None,
    ]


def test_named_fields_leave_the_empty_out() -> None:
    found = cells.named({"a": pa.array(["1", "", None]), "b": pa.array([None, "2", ""])}, 3)
    assert found.to_pylist() == [[("a", "1")], [("b", "2")], []]
    assert cells.named({}, 2).to_pylist() == [[], []]


ROWS = st.lists(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS)
def test_csv_comes_back_as_it_was_written(rows: list[list[str]]) -> None:
    import csv

    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    every = list(
        grouped(io.BytesIO(out.getvalue().encode()), lambda lines: np.ones(len(lines), dtype=bool))
    )
    back: list[list[str]] = []
    for records in every:
        found, good = csv_columns(records, ("a", "b", "c"))
        assert good.all()
        back += [list(row) for row in zip(*(found[n].to_pylist() for n in "abc"), strict=True)]
    assert back == rows


def test_an_account_holds_for_its_connection_until_another_takes_the_number() -> None:
    owners = Owners()
    none = pa.nulls(2, pa.string())
    first = owners.fill(
        pa.array(["1", "2", "1"]),
        pa.array(["ann", "bob", None]),
        pa.array(["10.0.0.1", None, None]),
    )
    assert first[0].to_pylist() == ["ann", "bob", "ann"] and first[1].to_pylist() == [
        "10.0.0.1",
        None,
        "10.0.0.1",
    ]
    assert owners.fill(pa.array(["1", "3"]), none, none)[0].to_pylist() == ["ann", None]
    again = owners.fill(pa.array(["1", "1"]), pa.array(["eve", None]), none)
    assert again[0].to_pylist() == ["eve", "eve"] and again[1].to_pylist() == [None, None]


def test_records_begin_where_a_line_opens_them() -> None:
    log = b"> a\nb\n> c\n\n> d"
    for size in (1, 3, 1000):
        found = [
            t
            for r in grouped(
                io.BytesIO(log),
                lambda lines: pc.starts_with(lines.text, ">").to_numpy(zero_copy_only=False),
                size,
            )
            for t in r.text.to_pylist()
        ]
        assert [t.rstrip("\n") for t in found] == ["> a\nb", "> c", "> d"]
    assert of_lines is not None
