"""A case folder is opened, locked and kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends.kernel.case import Case
from amends.kernel.errors import BusyError, UsageError


def test_a_new_case_has_its_folders_and_a_first_ledger_line(tmp_path: Path) -> None:
    with Case.create(tmp_path / "acme", {("case", "entity"): 'Acme "Inc"'}) as case:
        assert case.name == "acme"
        assert case.config.text("case", "entity") == 'Acme "Inc"'
        assert [line.act for line in case.ledger.lines()] == ["new"]
    assert (tmp_path / "acme" / "keys").stat().st_mode & 0o077 == 0


def test_a_folder_that_holds_something_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("x")
    with pytest.raises(UsageError, match="another name"):
        Case.create(tmp_path, {})


def test_two_cannot_work_on_one_case_at_once(tmp_path: Path) -> None:
    with (
        Case.create(tmp_path / "acme", {}) as one,
        Case(tmp_path / "acme") as two,
        one.lock(),
        pytest.raises(BusyError, match="Another Amends"),
        two.lock(),
    ):
        raise AssertionError("the lock was given twice")


def test_dates_are_kept_and_the_last_is_in_force(tmp_path: Path) -> None:
    with Case.create(tmp_path / "acme", {}) as case:
        case.add_event("discovery", "2026-08-17")
        case.add_event("discovery", "2026-08-16", evidence="E0003")
        assert case.events()["discovery"].at == "2026-08-16"
