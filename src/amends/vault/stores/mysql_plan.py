"""What a change has put into a database of MySQL or MariaDB: names, and the page where it notes how far it is.

The page is a table of its own; it outlives the clear copy, for it holds the columns' first definitions, which ``undo``
needs. It holds no value of the table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, ChangeState
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.mysql_shape import exists


@dataclass(frozen=True)
class Names:
    """Names of what a change puts beside its table.

    They sort after the table's name: a rename of several tables asks for its locks in the order of names, and must wait
    at the company's table first, in front of everybody else.
    """

    base: str

    @classmethod
    def of(cls, change: Change) -> Names:
        """Return the names of a change."""
        # "~" is the last of ASCII; U+FFDC comes after every letter that a name may hold.
        names = {change.table.encode(), change.table.lower().encode()}
        start = next(
            p for p in ("", "~", "\uffdc") if f"{p}amends".encode() > max(names) or p == "\uffdc"
        )
        return cls(f"{start}amends_{change.change_id.lower()}_")

    def __getattr__(self, what: str) -> str:
        if what not in ("shadow", "clear", "writes", "since", "at", "plan", "undone", "back"):
            raise AttributeError(what)
        return self.base + what

    def all(self) -> list[str]:
        """Return every table a change may put there, the page last."""
        return [
            self.base + what
            for what in ("shadow", "clear", "writes", "since", "at", "undone", "back", "plan")
        ]


class Page:
    """The page of one change."""

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
            f"CREATE TABLE IF NOT EXISTS {q(self.names.plan)} (part VARCHAR(64) CHARACTER SET ascii NOT NULL "
            "PRIMARY KEY, text LONGTEXT CHARACTER SET utf8mb4 NOT NULL) ENGINE=InnoDB"
        )

    def write(self, part: str, value: object) -> None:
        """Note something, in the running transaction where there is one."""
        self._session.run(
            f"REPLACE INTO {q(self.names.plan)} (part, text) VALUES (%s, %s)",
            part,
            json.dumps(value),
        )

    def read(self, part: str, default: Any = None) -> Any:  # Any: JSON
        """Return what was noted."""
        found = self._session.rows(f"SELECT text FROM {q(self.names.plan)} WHERE part = %s", part)
        return json.loads(found[0][0] or b"null") if found else default

    def forget(self, part: str) -> None:
        """Take a note away."""
        self._session.run(f"DELETE FROM {q(self.names.plan)} WHERE part = %s", part)

    def state(self) -> ChangeState:
        """Return how far the change is."""
        there = self._tables()
        names, table = self.names, self.change.table
        if names.plan not in there or self.read("phase") == "starting":
            return "none"
        if names.undone in there:
            return "none" if table in there else "swapped"
        if names.clear in there:
            # Without the table itself, the server died between two renames; swap and undo put it right.
            return "swapped" if table in there else "copied"
        if table not in there:
            raise TableError(
                "The table of this change is gone",
                where=table,
                remedy="bring it back under its name, then undo",
            )
        if self.read("phase") in ("dropped", "back"):
            return "dropped"
        return "copied" if self.read("copied") else "copying"

    def _tables(self) -> set[str]:
        wanted = [self.change.table, *self.names.all()]
        marks = ", ".join(["%s"] * len(wanted))
        found = self._session.texts(
            f"SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME IN ({marks})",
            self._session.database,
            *wanted,
        )
        return {name for (name,) in found}

    def strays(self) -> list[str]:
        """Return tables that have our names although there is no page: they are not ours."""
        return [] if self.found() else sorted(self._tables() - {self.change.table})
