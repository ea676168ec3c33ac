"""Requests by action, source and state, counted as they change: a hundred million need not be read to be shown.

Each transaction that changes requests adds rows with differences; nobody waits for anybody. The sum of all rows is the
count. Now and then rows are folded into one for each kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from amends.portal.offers.ledger import writing
from amends.portal.protection.ledger import REQUESTS, TALLY

Kind = tuple[str, str, str]
"""Action, source, state."""

_FOLD_AT = 2_000


def tally(connection: sa.Connection, changes: Mapping[Kind, int]) -> None:
    """Add differences; ``split`` requests are not counted, for others took over."""
    rows = [
        {"action": action, "source": source, "state": state, "n": n}
        for (action, source, state), n in changes.items()
        if n and state != "split"
    ]
    if rows:
        connection.execute(TALLY.insert(), rows)


def moved(rows: Iterable[Any], state: str | Sequence[str], before: str = "") -> Counter[Kind]:
    """Return the differences when requests change state.

    Args:
        rows: The requests as they were.
        state: Their new state, or one for each.
        before: Their state before, where the rows do not say it.
    """
    made: Counter[Kind] = Counter()
    listed = list(rows)
    new = [state] * len(listed) if isinstance(state, str) else state
    for row, to in zip(listed, new, strict=True):
        made[row.action, row.source, before or row.state] -= 1
        made[row.action, row.source, to] += 1
    return made


def counted(state: sa.Engine) -> dict[Kind, int]:
    """Return the counts; zeros are left out."""
    query = sa.select(
        TALLY.c.action, TALLY.c.source, TALLY.c.state, sa.func.sum(TALLY.c.n)
    ).group_by(TALLY.c.action, TALLY.c.source, TALLY.c.state)
    with state.connect() as connection:
        return {(a, s, t): int(n) for a, s, t, n in connection.execute(query) if n}


def fold(state: sa.Engine) -> bool:
    """Fold the rows when there are many; say whether there were."""
    with state.connect() as connection:
        n = connection.execute(sa.select(sa.func.count()).select_from(TALLY)).scalar_one()
    if n < _FOLD_AT:
        return False
    with writing(state, REQUESTS) as connection:
        # What another transaction adds meanwhile is not deleted, and so not summed.
        gone = connection.execute(TALLY.delete().returning(TALLY)).all()
        sums: Counter[Kind] = Counter()
        for row in gone:
            sums[row.action, row.source, row.state] += row.n
        tally(connection, sums)
    return True


def recount(state: sa.Engine) -> dict[Kind, int]:
    """Read every request, set the tally right, and return the counts. Nobody can claim meanwhile."""
    query = (
        sa.select(REQUESTS.c.action, REQUESTS.c.source, REQUESTS.c.state, sa.func.count())
        .where(REQUESTS.c.state != "split")
        .group_by(REQUESTS.c.action, REQUESTS.c.source, REQUESTS.c.state)
    )
    with writing(state, REQUESTS) as connection:
        if connection.dialect.name == "postgresql":  # SQLite has one writer anyhow
            connection.execute(sa.text("LOCK TABLE protection_requests IN SHARE MODE"))
        found = {(a, s, t): int(n) for a, s, t, n in connection.execute(query)}
        connection.execute(TALLY.delete())
        tally(connection, found)
    return found
