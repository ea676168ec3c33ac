"""Accounts as numbers: the same account is the same number all through a package, and only there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pyarrow as pa

from amends.kernel.case import Case
from amends.tables.timeline import EVENTS, HOPS, INDICATORS

_SHORTEST = 2
"""One letter is no name that could be found in a sentence without harm."""


@dataclass(frozen=True)
class Names:
    """How accounts are written.

    Attributes:
        numbers: Account -> what stands for it; empty where names are shown.
    """

    numbers: dict[str, str] = field(default_factory=dict)

    def text(self, words: str) -> str:
        """Return a text with each account's number in place of its name."""
        if not self.numbers or not words:
            return words
        return self._pattern.sub(lambda m: self.numbers[m.group(0).casefold()], words)

    @property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self.numbers, key=len, reverse=True)
        return re.compile(
            r"(?<![\w.-])(?:" + "|".join(map(re.escape, longest)) + r")(?![\w-])", re.IGNORECASE
        )

    def table(self, rows: pa.Table) -> pa.Table:
        """Return a table with every text column rewritten."""
        if not self.numbers:
            return rows
        columns = [
            pa.array([None if v is None else self.text(v) for v in column.to_pylist()], pa.string())
            if pa.types.is_string(column.type)
            else column
            for column in rows.columns
        ]
        return pa.table(columns, names=rows.column_names)


def names_of(case: Case, *, hidden: bool) -> Names:
    """Return how the accounts of a case are written in one package."""
    if not hidden or not case.has(EVENTS):
        return Names()
    rows = case.engine.arrow(
        f"""
        SELECT DISTINCT lower(account) AS name FROM (
            SELECT account FROM {case.read(EVENTS)} UNION SELECT target_account FROM {case.read(EVENTS)}
            UNION SELECT account FROM {case.read(HOPS)}
            UNION SELECT value FROM {case.read(INDICATORS)} WHERE kind = 'account'
        ) WHERE length(account) >= {_SHORTEST} ORDER BY name
        """
    )
    found = [name for name in rows.column("name").to_pylist() if name not in _EVERYBODY]
    return Names({name: f"account-{number}" for number, name in enumerate(found, start=1)})


# Names that every system has are nobody's.
_EVERYBODY = frozenset(
    ("root", "admin", "administrator", "system", "guest", "anonymous", "nobody", "postgres", "mysql", "oracle",
     "www-data", "local service", "network service", "anonymous logon", "test", "user", "ubuntu", "pi")
)  # fmt: skip
