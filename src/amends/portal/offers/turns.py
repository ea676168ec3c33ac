"""Whose turn it is: what may run side by side, and what waits for another to end."""

from __future__ import annotations

import sqlalchemy as sa

from amends.portal.offers.ledger import MOVES

_LONGEST_CHAIN = 100  # a bound: a register from elsewhere may hold a circle


def stock_turn(connection: sa.Connection, product: str, *, alone: bool) -> None:
    """Let claims run side by side, and whoever changes the stock of a product run alone.

    Otherwise, on PostgreSQL, a claim that found no code could be recorded as waiting just after an import looked for
    those who wait. SQLite has one writer at a time anyhow.
    """
    if connection.dialect.name == "postgresql":
        lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        turn = sa.text(f"SELECT {lock}(hashtextextended(:p, 1))")
        connection.execute(turn, {"p": f"offers {product}"})


def person_turn(connection: sa.Connection, handle: str) -> str:
    """Wait until nobody else is busy with this person, and return their present handle."""
    while True:
        if connection.dialect.name == "postgresql":
            turn = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:h, 0))")
            connection.execute(turn, {"h": f"offers {handle}"})
        present = present_handle(connection, handle)
        if present == handle:
            return handle
        handle = present


def present_handle(connection: sa.Connection, handle: str) -> str:
    """Return the handle that a person has now: persons are merged, and merged again."""
    for _ in range(_LONGEST_CHAIN):
        new = connection.execute(_MOVED_TO, {"old": handle}).scalar()
        if new is None or new == handle:
            break
        handle = str(new)
    return handle


# Statements of every claim are made once: making them costs more than running them.
_MOVED_TO = sa.select(MOVES.c.handle).where(MOVES.c.old_handle == sa.bindparam("old"))
