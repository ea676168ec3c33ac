from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from amends.elements.links import SKETCH, KeyColumn, containment, learn_links, table_word


def key(item: str, table: str, column: str, values: range, element: str | None = None,
        owner: str = "Larkspur", short: bool = False) -> KeyColumn:  # fmt: skip
    made = KeyColumn(item, table, column, 1, element, owner, named=True, short=short)
    rng = np.random.default_rng(0)
    hashes = rng.permutation(np.arange(10**6, dtype=np.uint64) * np.uint64(10**12))
    made.add(pa.array(hashes[list(values)], pa.uint64()))
    return made


@pytest.mark.parametrize(
    ("column", "table", "target", "linked"),
    [
        ("customer_id", "customers", "id", True), ("cust_no", "customers", "customer_number", True),
        ("CustID", "clients", "client_id", True), ("acct_num", "crm", "account_number", True),
        ("order_id", "customers", "id", False), ("sku", "customers", "customer_id", False),
    ],
)  # fmt: skip
def test_columns_called_alike_are_tied_when_their_values_are(
    column: str, table: str, target: str, linked: bool
) -> None:
    columns = [key("I1", "devices", column, range(30)), key("I2", table, target, range(40))]
    assert bool([x for x in learn_links(columns, []) if x.source.item_id == "I1"]) is linked


def test_values_alone_tie_only_when_they_are_many_and_not_small_numbers() -> None:
    a, b = key("I1", "x", "ref_code", range(500)), key("I2", "y", "holder_key", range(600))
    assert next(x.grounds for x in learn_links([a, b], [])) == ("values",)
    a.short = True
    assert learn_links([a, b], []) == []


def test_a_declared_key_counts_whatever_its_name() -> None:
    columns = [key("I1", "accounts", "holder", range(5)), key("I2", "customers", "nr", range(9))]
    (link,) = learn_links(columns, [("I1", "holder", "customers", "nr")])
    assert link.grounds == ("declared",)


def test_keys_of_two_owners_are_never_compared() -> None:
    columns = [
        key("I1", "a", "customer_id", range(30)),
        key("I2", "b", "customer_id", range(30), owner="Other"),
    ]
    assert learn_links(columns, []) == []


def test_containment_is_told_from_a_sketch() -> None:
    small, large = (
        key("I1", "a", "x_id", range(50_000)),
        key("I2", "b", "x_id", range(25_000, 200_000)),
    )
    assert len(large.sketch) == SKETCH
    assert abs(containment(small.sketch, large.sketch) - 0.5) < 0.12


def test_a_table_is_called_by_the_last_word_of_its_path() -> None:
    assert table_word("dump.sql/public.Customers", "dump.sql") == "customers"
    assert table_word("", "/x/Device List.csv.gz") == "device_list"
    assert table_word("book.xlsx/Sheet1#2", "") == "sheet1"
