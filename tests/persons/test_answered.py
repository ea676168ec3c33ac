"""What a person settled is not asked again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from amends.kernel.case import Case
from amends.persons.answered import unanswered
from amends.report.decisions import settle
from amends.tables.persons import CONFLICTS


def _conflict(name: str, kind: str, records: list[str], blocks: bool = False) -> dict[str, object]:
    return {
        "conflict_id": name, "kind": kind, "persons": ["P1", "P2"], "records": records,
        "why": "because", "suggestion": "look", "blocks_notice": blocks,
    }  # fmt: skip


FOUND = pa.Table.from_pylist(
    [
        _conflict("C1", "borderline_tie", ["1", "2"]),
        _conflict("C2", "ssn_shared", ["3", "4", "5"]),
        _conflict("C3", "ssn_of_another", ["6"], blocks=True),
        _conflict("C4", "ssn_and_birth_differ", ["7", "8"], blocks=True),
    ],
    CONFLICTS.schema,
)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with Case.create(tmp_path / "case", {}) as made:
        yield made


def _left(case: Case) -> dict[str, bool]:
    kept = unanswered(case, FOUND)
    return dict(
        zip(kept["conflict_id"].to_pylist(), kept["blocks_notice"].to_pylist(), strict=True)
    )


def test_without_decisions_every_conflict_stands(case: Case) -> None:
    assert _left(case) == {"C1": False, "C2": False, "C3": True, "C4": True}


@pytest.mark.parametrize("kind", ["merge", "keep_apart"])
def test_a_decision_on_its_records_answers_a_conflict(case: Case, kind: str) -> None:
    settle(case, kind, ("2", "1"), "", "")
    assert set(_left(case)) == {"C2", "C3", "C4"}


def test_a_decision_on_some_of_the_records_does_not(case: Case) -> None:
    settle(case, "keep_apart", ("3", "4"), "", "")
    assert "C2" in _left(case)
    settle(case, "keep_apart", ("3", "4", "5", "99"), "", "")
    assert "C2" not in _left(case)


def test_a_decision_that_was_undone_answers_nothing(case: Case) -> None:
    settle(case, "merge", ("1", "2"), "", "")
    settle(case, "merge", ("1", "2"), "undo", "")
    assert "C1" in _left(case)


def test_an_ssn_taken_off_all_but_its_owner_is_no_dispute(case: Case) -> None:
    settle(case, "not_theirs", ("3", "ssn"), "", "")
    assert "C2" in _left(case)
    settle(case, "not_theirs", ("4", "ssn"), "", "")
    settle(case, "not_theirs", ("6", "ssn"), "", "")
    assert set(_left(case)) == {"C1", "C4"}


def test_another_element_taken_off_leaves_the_dispute_about_the_ssn(case: Case) -> None:
    settle(case, "not_theirs", ("6", "address"), "", "")
    assert "C3" in _left(case)


def test_a_conflict_that_may_stand_holds_no_notice(case: Case) -> None:
    settle(case, "conflict", ("C4",), "", "")
    assert _left(case)["C4"] is False
    settle(case, "conflict", ("C4",), "undo", "")
    assert _left(case)["C4"] is True
