"""Giving free codes to those who wait, in the order in which they claimed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal.offers.claim import months_after
from amends.portal.offers.ledger import ADD_EVENT, CLAIMS, CODES, FREE, WAITING, writing
from amends.portal.offers.turns import stock_turn

CHUNK = 5_000


def fill(connection: sa.Connection, product: str, today: date, most: int | None = None) -> int:
    """Give codes to those who wait for a product, first come first served; return how many got one.

    A code goes only to a claim whose promised window it outlasts; a claim that no code fits stays in the queue and
    holds nobody up.
    """
    filled, after = 0, 0
    while waiting := _waiting(connection, product, after, CHUNK if most is None else most):
        after = waiting[-1].claim_id
        for need, group in groupby(waiting, lambda r: max(today.isoformat(), r.enrol_by_on)):
            filled += _give_many(connection, list(group), product, need, today)
        if most is not None or not any_free(connection, product, today.isoformat()):
            break
    return filled


def serve_waiting(state: sa.Engine, today: date) -> int:
    """Give free codes to all who wait, of every product; return how many got one.

    Claims and imports serve by themselves. This serves who found every free code in somebody else's hands for a moment.
    """
    with state.connect() as connection:
        products = connection.execute(sa.select(CLAIMS.c.product).where(WAITING).distinct())
        waited_for = sorted(products.scalars())
    filled = 0
    for product in waited_for:
        with writing(state) as connection:
            stock_turn(connection, product, alone=True)
            filled += fill(connection, product, today)
    return filled


def give(connection: sa.Connection, row: Any, need: str, today: date) -> bool:  # Any: a row
    """Give one claim a free code that can be used until ``need`` at least; say whether there was one."""
    return _give_many(connection, [row], row.product, need, today) == 1


def _waiting(connection: sa.Connection, product: str, after: int, most: int) -> Sequence[Any]:
    return connection.execute(_NEXT, {"p": product, "after": after, "most": most}).all()


def any_free(connection: sa.Connection, product: str, need: str) -> bool:
    """Say whether there is a free code that can be used until ``need``."""
    return connection.execute(_ANY_FREE, {"p": product, "need": need}).first() is not None


def _give_many(
    connection: sa.Connection, claims: Sequence[Any], product: str, need: str, today: date
) -> int:
    asked = {"p": product, "need": need, "most": len(claims)}
    codes = connection.execute(_TAKE, asked).scalars().all()
    pairs = list(zip(claims, codes, strict=False))
    if not pairs:
        return 0
    at, on = clock.stamp(), today.isoformat()
    connection.execute(_CODE_GIVEN, [{"c": code, "at": at} for _, code in pairs])
    connection.execute(
        _CLAIM_HELD,
        [
            {"n": claim.claim_id, "c": code, "on": on, "u": months_after(today, claim.months).isoformat()}
            for claim, code in pairs
        ],
    )  # fmt: skip
    connection.execute(
        ADD_EVENT,
        [
            {"at": at, "act": "given", "product": product, "handle": claim.handle,
             "claim_id": claim.claim_id, "code_id": code, "note": ""}
            for claim, code in pairs
        ],
    )  # fmt: skip
    return len(pairs)


# Statements of every claim are made once: making them costs more than running them.
_NEXT = (
    sa.select(CLAIMS)
    .where(
        CLAIMS.c.product == sa.bindparam("p"), WAITING, CLAIMS.c.claim_id > sa.bindparam("after")
    )
    .order_by(CLAIMS.c.claim_id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_FITS = (CODES.c.product == sa.bindparam("p"), FREE, CODES.c.expires_on >= sa.bindparam("need"))
_ANY_FREE = sa.select(CODES.c.code_id).where(*_FITS).limit(1)
_TAKE = (
    sa.select(CODES.c.code_id)
    .where(*_FITS)
    .order_by(CODES.c.expires_on, CODES.c.code_id)
    .limit(sa.bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CODE_GIVEN = (
    CODES.update()
    .where(CODES.c.code_id == sa.bindparam("c"))
    .values(state="given", given_at=sa.bindparam("at"))
)
_CLAIM_HELD = (
    CLAIMS.update()
    .where(CLAIMS.c.claim_id == sa.bindparam("n"))
    .values(
        state="held", code_id=sa.bindparam("c"), given_on=sa.bindparam("on"),
        cover_until_on=sa.bindparam("u"), by_on=None,
    )
)  # fmt: skip
