"""The ledger of claims, read: what became of every code and claim, without any code."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from amends.kernel.errors import UsageError
from amends.portal.offers.ledger import EVENTS, make_offer_tables

COLUMNS = ("seq", "at", "act", "product", "handle", "claim_id", "code_id", "note")
_CHUNK = 20_000


def history_of(state: sa.Engine, handle: str) -> list[dict[str, object]]:
    """Return the events of one person, oldest first."""
    make_offer_tables(state)
    query = sa.select(EVENTS).where(EVENTS.c.handle == handle).order_by(EVENTS.c.seq)
    with state.connect() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def write_history(state: sa.Engine, to: Path) -> int:
    """Write every event to a CSV file, oldest first; return how many.

    Raises:
        UsageError: The file cannot be written.
    """
    make_offer_tables(state)
    n = 0
    try:
        with to.open("w", newline="", encoding="utf-8") as out:
            writer = csv.writer(out)
            writer.writerow(COLUMNS)
            for rows in _events(state):
                writer.writerows(rows)
                n += len(rows)
    except OSError as error:
        raise UsageError(
            "The history cannot be written", where=str(to), remedy="choose another file"
        ) from error
    return n


def _events(state: sa.Engine) -> Iterator[Sequence[tuple[object, ...]]]:
    after = 0
    while True:
        query = sa.select(*(EVENTS.c[name] for name in COLUMNS))
        query = query.where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(_CHUNK)
        with state.connect() as connection:
            rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1][0]
        yield [tuple(row) for row in rows]
