"""The ledger seals what was done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import EvidenceError
from amends.kernel.ledger import Ledger, acting_as


def _written(folder: Path, count: int) -> Ledger:
    ledger = Ledger(folder / "ledger.jsonl")
    for number in range(count):
        ledger.append("act", number=number)
    return ledger


def test_a_written_ledger_has_no_faults_and_numbers_its_lines(tmp_path: Path) -> None:
    ledger = _written(tmp_path, 5)
    assert [line.seq for line in ledger.lines()] == [1, 2, 3, 4, 5]
    assert list(Ledger(ledger.path).faults()) == []


def test_a_new_opening_continues_the_chain(tmp_path: Path) -> None:
    _written(tmp_path, 2)
    again = Ledger(tmp_path / "ledger.jsonl")
    again.append("more")
    assert list(again.faults()) == []
    assert again.head()[0] == 3


@given(line=st.integers(0, 5), change=st.sampled_from(["change", "remove", "swap"]))
@settings(max_examples=30, deadline=None)
def test_whatever_is_changed_inside_is_named(
    tmp_path_factory: pytest.TempPathFactory, line: int, change: str
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = _written(folder, 7)
    lines = ledger.path.read_text().splitlines()
    if change == "change":
        fields = json.loads(lines[line])
        fields["actor"] = "somebody else"
        lines[line] = json.dumps(fields)
    elif change == "remove":
        del lines[line]
    else:
        lines[line], lines[line + 1] = lines[line + 1], lines[line]
    ledger.path.write_text("\n".join(lines) + "\n")
    assert list(Ledger(ledger.path).faults())


def test_a_torn_last_line_is_left_out_and_the_chain_goes_on(tmp_path: Path) -> None:
    ledger = _written(tmp_path, 3)
    with ledger.path.open("a") as stream:
        stream.write('{"seq": 4, "at"')
    again = Ledger(ledger.path)
    again.append("after the crash")
    assert [line.seq for line in again.lines()] == [1, 2, 3, 4]
    assert list(again.faults()) == []


def test_a_foreign_line_is_an_error_with_its_place(tmp_path: Path) -> None:
    ledger = _written(tmp_path, 1)
    with ledger.path.open("a") as stream:
        stream.write("not json\n")
    with pytest.raises(EvidenceError) as caught:
        list(Ledger(ledger.path).lines())
    assert "line 2" in str(caught.value)


def test_two_openings_write_in_turn_without_a_gap(tmp_path: Path) -> None:
    one, two = Ledger(tmp_path / "ledger.jsonl"), Ledger(tmp_path / "ledger.jsonl")
    for number in range(5):
        one.append("one", number=number)
        two.append("two", number=number, long="x" * 5000)
    assert one.head() == two.head()
    assert [line.seq for line in one.lines()] == list(range(1, 11))
    assert list(one.faults()) == []


def test_reading_leaves_a_line_alone_that_another_is_still_writing(tmp_path: Path) -> None:
    ledger = _written(tmp_path, 2)
    with ledger.path.open("a") as stream:
        stream.write('{"seq": 3')
    size = ledger.path.stat().st_size
    assert [line.seq for line in ledger.lines()] == [1, 2]
    assert ledger.head()[0] == 2
    assert ledger.path.stat().st_size == size


def test_what_a_signed_in_person_does_carries_their_name(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with acting_as("Dana Lee"):
        inside = ledger.append("decide")
    assert inside.actor == "Dana Lee"
    assert ledger.append("run").actor != "Dana Lee"
