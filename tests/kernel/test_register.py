"""Decisions are append-only, and the last one on a subject is in force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from amends.kernel import register
from amends.kernel.errors import UsageError


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = register.open_register("", tmp_path / "register.db")
    yield made
    made.dispose()


def test_the_last_decision_on_a_subject_is_in_force(engine: sa.Engine) -> None:
    register.add_decision(engine, "merge", {"records": [1, 2]}, "merge")
    register.add_decision(engine, "merge", {"records": [3, 4]}, "merge")
    register.add_decision(engine, "merge", {"records": [1, 2]}, "undo")
    assert [d.subject for d in register.decisions(engine, "merge")] == [{"records": [3, 4]}]


def test_nothing_is_ever_overwritten(engine: sa.Engine) -> None:
    for choice in ("ssn", "none", "undo"):
        register.add_decision(engine, "column", {"item_id": "I1", "column": "x"}, choice)
    with engine.connect() as connection:
        assert (
            connection.execute(sa.select(sa.func.count()).select_from(register.DECISIONS)).scalar()
            == 3
        )


def test_a_date_that_is_none_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(UsageError, match="not a date"):
        register.add_event(engine, "discovery", "yesterday")


def test_an_unknown_database_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leave url out"):
        register.open_register("nosuchdb://x", tmp_path / "r.db")
