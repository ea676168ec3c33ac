"""Claims of persons who turned out to be one: the earlier claim stays, and both are on record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal.offers.ledger import CLAIMS, MOVES, make_offer_tables, note, patiently, writing
from amends.portal.offers.turns import person_turn, present_handle

CHUNK = 200  # each person is a lock on PostgreSQL, whose table of locks is small


def move_all(state: sa.Engine, moved: Mapping[str, str]) -> int:
    """Let claims follow persons who became part of others; return how many claims did.

    Where both had claimed a product the person keeps one claim: one that holds a code before one that waits, then the
    earlier. The other is closed as ``moved``; its code stays given and goes to nobody else.

    Args:
        state: Database of the site's state.
        moved: Old handle -> handle.
    """
    make_offer_tables(state)
    pairs, sums = iter(sorted(moved.items())), 0
    while chunk := list(islice(pairs, CHUNK)):
        sums += patiently(lambda chunk=chunk: _move_chunk(state, chunk))  # type: ignore[misc]  # a default binds the loop's value
    return sums


def _move_chunk(state: sa.Engine, chunk: Sequence[tuple[str, str]]) -> int:
    sums = 0
    with writing(state) as connection:
        known = connection.execute(
            sa.select(MOVES.c.old_handle, MOVES.c.handle)
            .where(MOVES.c.old_handle.in_([old for old, _ in chunk]))
        ).all()  # fmt: skip
        done = {(old, new) for old, new in known}
        fresh = [pair for pair in chunk if pair not in done and pair[0] != pair[1]]
        for handle in sorted({handle for pair in fresh for handle in pair}):
            person_turn(connection, handle)
        for old, new in fresh:
            sums += _move(connection, old, new)
    return sums


def _move(connection: sa.Connection, old: str, new: str) -> int:
    goal = present_handle(connection, new)
    start = present_handle(connection, old)
    if goal == start:
        return 0
    connection.execute(MOVES.insert().values(old_handle=start, handle=goal, at=clock.stamp()))
    mine = {r.product: r for r in _live(connection, goal)}
    theirs = _live(connection, start)
    for claim in theirs:
        other = mine.get(claim.product)
        if other is not None:
            kept, closed = sorted((other, claim), key=lambda r: (r.state != "held", r.claim_id))
            _close(connection, closed, kept)
        if other is None or closed is other:
            _rename(connection, claim, goal)
        note(connection, "moved", claim.product, handle=goal, claim_id=claim.claim_id,
             code_id=claim.code_id, words=f"from {start}")  # fmt: skip
    return len(theirs)


def _live(connection: sa.Connection, handle: str) -> Sequence[Any]:  # Any: rows
    query = sa.select(CLAIMS).where(CLAIMS.c.handle == handle, CLAIMS.c.state != "moved")
    return connection.execute(query.with_for_update()).all()


def _close(connection: sa.Connection, claim: Any, kept: Any) -> None:  # Any: rows
    """Close a claim beside one that is kept; its handle is marked, for a person has one claim of a product."""
    marked = f"{claim.handle[:40]}~{claim.claim_id}"
    connection.execute(
        CLAIMS.update().where(CLAIMS.c.claim_id == claim.claim_id).values(state="moved", handle=marked)
    )  # fmt: skip
    note(connection, "doubled", claim.product, handle=claim.handle, claim_id=claim.claim_id,
         code_id=claim.code_id, words=f"the person keeps claim {kept.claim_id}")  # fmt: skip


def _rename(connection: sa.Connection, claim: Any, handle: str) -> None:  # Any: a row
    connection.execute(
        CLAIMS.update().where(CLAIMS.c.claim_id == claim.claim_id).values(handle=handle)
    )
