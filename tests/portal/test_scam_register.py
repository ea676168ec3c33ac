"""The register of what was sent: exact, without anything personal, whole or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError
from amends.portal.scam.register import FILES, SENT, Sent, SentRegister, write_sent
from tests.portal.scam_world import BY_MAIL, INCIDENT, KEY, NEVER, letters, open_register, sent_rows


def test_every_notice_is_found_with_its_day_and_channel_and_no_other(tmp_path: Path) -> None:
    rows = [
        (f"N{i * 0x9E3779B97F4A7C15 % 2**64:016X}", ("print", "email")[i % 2], date(2026, 11, 1 + i % 20))
        for i in range(500)
    ]  # fmt: skip
    batches = [
        sent_rows(rows[:200]),
        sent_rows([]),
        pa.table(sent_rows(rows[200:]).to_pydict(), SENT),
    ]
    assert write_sent(batches, KEY, INCIDENT, tmp_path) == 500
    own = SentRegister.open(tmp_path, KEY)
    for number, channel, on in rows:
        assert own.find(number) == Sent(channel, on)
    assert own.find(NEVER) is None
    assert own.find("") is None
    assert own.find("N1") is None
    assert own.last_sent_on == date(2026, 11, 20)


def test_under_another_key_nothing_is_found(tmp_path: Path) -> None:
    open_register(tmp_path)
    assert SentRegister.open(tmp_path, b"x" * 32).find(BY_MAIL) is None


def test_nothing_in_the_files_shows_a_number_or_a_sentence(tmp_path: Path) -> None:
    open_register(tmp_path)
    held = b"".join((tmp_path / name).read_bytes() for name in FILES)
    assert BY_MAIL.encode() not in held
    assert bytes.fromhex(BY_MAIL[1:]) not in (tmp_path / "sent.keys").read_bytes()
    assert b"Social Security" not in held
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES)


def test_a_notice_costs_eleven_bytes(tmp_path: Path) -> None:
    rows = [(f"N{i:016X}", "print", date(2026, 11, 1)) for i in range(1000)]
    write_sent([sent_rows(rows)], KEY, INCIDENT, tmp_path)
    assert sum((tmp_path / n).stat().st_size for n in FILES[:3]) == 11_000


def test_the_letters_give_who_else_may_be_named_and_the_subject_lines(tmp_path: Path) -> None:
    own = open_register(tmp_path).own
    assert {"www.equifax.com", "www.ftc.gov"} <= set(own.named_hosts)
    assert "18882980045" in own.named_phones
    assert "18885550100" in own.phones
    assert "18885550100" not in own.named_phones
    assert not [h for h in own.named_hosts if "larkspur" in h]
    assert "Notice of Data Breach - Larkspur Wireless" in own.subjects


def test_a_case_that_has_sent_nothing_has_an_empty_register(tmp_path: Path) -> None:
    assert (
        write_sent([], KEY, replace(INCIDENT, email="", phone="", site="", domain=""), tmp_path)
        == 0
    )
    own = SentRegister.open(tmp_path, KEY)
    assert own.n_notices == 0
    assert own.find(BY_MAIL) is None
    assert own.last_sent_on is None
    assert own.own.hosts == own.own.senders == own.own.phones == ()


@pytest.mark.parametrize(
    "wrong", ["", "N1", "n0000000000000001", "N000000000000000G", "P0000000000000001", None]
)
def test_a_number_that_is_not_ours_stops_the_writing(tmp_path: Path, wrong: str | None) -> None:
    with pytest.raises(TableError, match="no number in our form"):
        write_sent([sent_rows([(wrong, "print", date(2026, 1, 1))])], KEY, INCIDENT, tmp_path)  # type: ignore[list-item]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_or_cut_is_refused(tmp_path: Path, name: str) -> None:
    open_register(tmp_path)
    path = tmp_path / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    if name != "sent.runs" or len(whole) // 2 % 8:
        with pytest.raises(TableError, match="missing or damaged"):
            SentRegister.open(tmp_path, KEY)
    path.unlink()
    with pytest.raises(TableError, match="missing or damaged"):
        SentRegister.open(tmp_path, KEY)


def test_a_later_form_is_refused(tmp_path: Path) -> None:
    open_register(tmp_path)
    held = json.loads((tmp_path / "sent.json").read_text())
    (tmp_path / "sent.json").write_text(json.dumps({**held, "format": 2}))
    with pytest.raises(TableError):
        SentRegister.open(tmp_path, KEY)


def test_nobody_can_list_what_was_sent(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cannot be listed"):
        list(open_register(tmp_path))


def test_the_runs_are_sorted_and_the_same_for_any_order_of_letters(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = open_register(tmp_path / "a", made=letters())
    two = open_register(tmp_path / "b", made=letters()[::-1])
    assert np.array_equal(one.runs, two.runs)
    assert (np.diff(np.asarray(one.runs).astype(object)) > 0).all()


@settings(max_examples=30, deadline=None)
@given(numbers=st.sets(st.integers(0, 2**64 - 1), max_size=40), other=st.integers(0, 2**64 - 1))
def test_found_means_sent(
    tmp_path_factory: pytest.TempPathFactory, numbers: set[int], other: int
) -> None:
    folder = tmp_path_factory.mktemp("sent")
    rows = [(f"N{n:016X}", "email", date(2026, 11, 2)) for n in numbers]
    write_sent([sent_rows(rows)], KEY, INCIDENT, folder)
    own = SentRegister.open(folder, KEY)
    assert all(own.find(r[0]) for r in rows)
    assert (own.find(f"N{other:016X}") is not None) == (other in numbers)
