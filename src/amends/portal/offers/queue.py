"""Giving free codes to those who wait, in the order in which they claimed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal.offers.claim import months_after
from amends.portal.offers.ledger import CLAIMS, CODES, EVENTS

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
        if most is not None or not _any_free(connection, product, today):
            break
    return filled


def give(connection: sa.Connection, row: Any, need: str, today: date) -> bool:  # Any: a row
    """Give one claim a free code that can be used until ``need`` at least; say whether there was one."""
    return _give_many(connection, [row], row.product, need, today) == 1


def _waiting(connection: sa.Connection, product: str, after: int, most: int) -> Sequence[Any]:
    query = (
        sa.select(CLAIMS)
        .where(CLAIMS.c.product == product, CLAIMS.c.state == "waiting", CLAIMS.c.claim_id > after)
        .order_by(CLAIMS.c.claim_id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(query).all()


def _any_free(connection: sa.Connection, product: str, today: date) -> bool:
    query = sa.select(CODES.c.code_id).where(
        CODES.c.product == product, CODES.c.state == "free", CODES.c.expires_on >= today.isoformat()
    )
    return connection.execute(query.limit(1)).first() is not None


def _give_many(
    connection: sa.Connection, claims: Sequence[Any], product: str, need: str, today: date
) -> int:
    codes = connection.execute(
        sa.select(CODES.c.code_id)
        .where(CODES.c.product == product, CODES.c.state == "free", CODES.c.expires_on >= need)
        .order_by(CODES.c.expires_on, CODES.c.code_id)
        .limit(len(claims))
        .with_for_update(skip_locked=True)
    ).scalars().all()  # fmt: skip
    pairs = list(zip(claims, codes, strict=False))
    if not pairs:
        return 0
    at, on = clock.stamp(), today.isoformat()
    connection.execute(
        CODES.update().where(CODES.c.code_id == sa.bindparam("c")).values(state="given", given_at=at),
        [{"c": code} for _, code in pairs],
    )  # fmt: skip
    connection.execute(
        CLAIMS.update().where(CLAIMS.c.claim_id == sa.bindparam("n")).values(
            state="held", code_id=sa.bindparam("c"), given_on=on, cover_until_on=sa.bindparam("u"), by_on=None,
        ),
        [
            {"n": claim.claim_id, "c": code, "u": months_after(today, claim.months).isoformat()}
            for claim, code in pairs
        ],
    )  # fmt: skip
    connection.execute(
        EVENTS.insert(),
        [
            {"at": at, "act": "given", "product": product, "handle": claim.handle,
             "claim_id": claim.claim_id, "code_id": code, "note": ""}
            for claim, code in pairs
        ],
    )  # fmt: skip
    return len(pairs)
