"""What a change has put into a SQLite file: names, and the page where it notes how far it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, ChangeState
from amends.vault.stores.sqlite_session import Session, q
from amends.vault.stores.sqlite_shape import exists

PARTS = ("shadow", "clear", "writes", "since", "at", "back")


@dataclass(frozen=True)
class Names:
    """Names of what a change puts beside its table."""

    base: str

    @classmethod
    def of(cls, change: Change) -> Names:
        """Return the names of a change."""
        return cls(f"amends_{change.change_id.lower()}_")

    def __getattr__(self, what: str) -> str:
        if what not in (*PARTS, "plan"):
            raise AttributeError(what)
        return self.base + what


class Page:
    """The page of one change; written in the transaction that does what it says."""

    def __init__(self, session: Session, change: Change) -> None:
        self._session = session
        self.change = change
        self.names = Names.of(change)

    def found(self) -> bool:
        """Return whether there is one."""
        return exists(self._session, self.names.plan)

    def create(self) -> None:
        """Make an empty one."""
        self._session.run(
            f"CREATE TABLE {q(self.names.plan)} (part TEXT PRIMARY KEY, text TEXT NOT NULL)"
        )

    def write(self, part: str, value: object) -> None:
        """Note something."""
        self._session.run(
            f"REPLACE INTO {q(self.names.plan)} VALUES (?, ?)", part, json.dumps(value)
        )

    def read(self, part: str, default: Any = None) -> Any:  # Any: JSON
        """Return what was noted."""
        text = self._session.one(f"SELECT text FROM {q(self.names.plan)} WHERE part = ?", part)
        return default if text is None else json.loads(text)

    def forget(self, part: str) -> None:
        """Take a note away."""
        self._session.run(f"DELETE FROM {q(self.names.plan)} WHERE part = ?", part)

    def state(self) -> ChangeState:
        """Return how far the change is.

        Raises:
            TableError: Somebody has dropped or renamed what the change needs.
        """
        if not self.found():
            return "none"
        phase = self.read("phase")
        needed = {"copying": "shadow", "swapped": "clear"}.get(phase)
        for table in (self.change.table, *([self.names.base + needed] if needed else [])):
            if not exists(self._session, table):
                raise TableError(
                    f"The table {table} of this change is gone: the table is half swapped", where=self.change.table,
                    remedy="give it its name again, then undo",
                )  # fmt: skip
        if phase == "restoring":
            return "none"
        if phase == "swapped":
            return "swapped"
        if phase in ("dropped", "back"):
            return "dropped"
        return "copied" if self.read("copied") else "copying"

    def strays(self) -> list[str]:
        """Return tables that have our names although there is no page: they are not ours."""
        if self.found():
            return []
        return [self.names.base + p for p in PARTS if exists(self._session, self.names.base + p)]
