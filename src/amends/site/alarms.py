"""Alarms: a threshold was passed. One row a kind and ten minutes in the site's state; nothing of a visitor is in it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping

import sqlalchemy as sa

from amends.kernel import clock
from amends.kernel.register import make_tables

METADATA = sa.MetaData()
ALARMS = sa.Table(
    "alarms",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False, index=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("says", sa.Text, nullable=False),
)

QUIET_SECONDS = 600.0
"""One row a kind in this time: enough to see that it goes on, too few to fill a disk."""

SAYS: Mapping[str, str] = {
    "codes_network": "A network tried more codes that do not exist than its budget allows: somebody may be guessing.",
    "codes_everybody": "All together tried more codes that do not exist than expected: somebody may be guessing from "
    "many places, or a batch of letters has wrong codes.",
    "contacts": "More contacts were typed than the budget allows: somebody may be asking for lists of people.",
    "messages": "More messages were pasted for comparison than the budget allows.",
    "busy": "The site turned people away because it had more to do than it can; start more workers.",
    "failed": "Pages failed for a reason inside the site; its log names the place.",
    "edition": "A new edition could not be taken up; the old one is served on.",
}


class AlarmBell:
    """Counts what rings, and writes it down now and then.

    Args:
        state: Database of the site's state.
    """

    def __init__(self, state: sa.Engine) -> None:
        self._state = state
        self._rung: Counter[str] = Counter()
        self._written_at: dict[str, float] = {}
        self._one = threading.Lock()
        make_tables(state, METADATA)

    def ring(self, kind: str) -> None:
        """Count one; costs next to nothing."""
        self._rung[kind] += 1

    def write(self) -> int:
        """Write what rang and has not been written lately; return the number of rows."""
        now = time.monotonic()
        with self._one:
            due = [
                kind
                for kind, count in self._rung.items()
                if count and now - self._written_at.get(kind, -QUIET_SECONDS) >= QUIET_SECONDS
            ]
            if not due:
                return 0
            at = clock.stamp()
            rows = [
                {"at": at, "kind": kind, "n": self._rung[kind], "says": SAYS.get(kind, kind)}
                for kind in due
            ]
            with self._state.begin() as connection:
                connection.execute(ALARMS.insert(), rows)
            for kind in due:
                self._rung[kind] = 0
                self._written_at[kind] = now
        return len(due)
