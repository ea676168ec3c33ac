"""Claims: one code one person per product, the same code to the same person, whoever asks at once and whatever dies.

Everything happens in one transaction. On SQLite it holds the write lock; on PostgreSQL it locks the person and takes a
free code that nobody else has locked (``FOR UPDATE SKIP LOCKED``). The database itself refuses a code with two claims
and a person with two claims of one product.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal.keys import SiteKeys
from amends.portal.offers.claim import Claim, ClaimState
from amends.portal.offers.ledger import (
    CLAIMS,
    CODES,
    PRODUCTS,
    WAITING,
    day,
    make_offer_tables,
    note,
    patiently,
    writing,
)
from amends.portal.offers.moving import move_all
from amends.portal.offers.queue import any_free, fill, give
from amends.portal.offers.recall import revoke_of
from amends.portal.offers.sealed import CodeSeal
from amends.portal.offers.stock import wait_days
from amends.portal.offers.turns import person_turn, present_handle, stock_turn
from amends.portal.shapes import Answer, Offer

MONTHS = 24
_WEST = timedelta(hours=12)  # UTC-12, where a day ends last


class OfferBook:
    """The stock and claims of a site.

    Args:
        state: Database of the site's state.
        keys: The keys of the site.
    """

    def __init__(self, state: sa.Engine, keys: SiteKeys | bytes) -> None:
        """Open the book and make its tables."""
        self._state = state
        self._seal = CodeSeal(keys)
        make_offer_tables(state)

    def peek(self, handle: str) -> tuple[Claim, ...]:
        """Return what a person already holds or waits for, without claiming; empty for nothing."""
        with self._state.connect() as connection:
            person = present_handle(connection, handle)
            rows = connection.execute(_OF_PERSON, {"h": person})
            return tuple(self._shown(row, again=True) for row in rows if row.state != "moved")

    def claim_for(self, answer: Answer, today: date | None = None) -> Claim:
        """Claim what the class of an answer is offered: this is the door for the site.

        The product comes from the released class alone, so nobody gets what is meant for another audience.
        """
        offered = answer.answer_class.offer if answer.answer_class else None
        if (
            answer.answer_class is None
            or offered is None
            or not (answer.handle and offered.product)
        ):
            return Claim("none", "")
        if not self._meant_for(offered.product, answer.answer_class.audience):
            return Claim("none", offered.product)
        return self.claim(answer.handle, offered, today)

    def claim(self, handle: str, product: str | Offer, today: date | None = None) -> Claim:
        """Give a person the code of a product: the one they have, or a free one, or a place in the queue.

        Args:
            handle: Stands for the person.
            product: The offer of the person's class; a bare name carries no last day to claim.
            today: Day of the claim; the present day in UTC where it is left out. The last day to claim then ends when
                it has ended everywhere.
        """
        latest = today or (clock.now() - _WEST).date()
        offer = product if isinstance(product, Offer) else Offer(product, MONTHS, date.max)
        today = today or clock.now().date()
        held = next((c for c in self.peek(handle) if c.product == offer.product), None)
        if held is not None and held.state == "held":
            return held
        return patiently(lambda: self._claim(handle, offer, today, latest <= offer.enrol_by_on))

    def _claim(self, handle: str, offer: Offer, today: date, in_time: bool) -> Claim:
        with writing(self._state) as connection:
            stock_turn(connection, offer.product, alone=False)
            person = person_turn(connection, handle)
            row = _locked(connection, person, offer.product)
            before = row is not None
            if row is None and not in_time:
                return Claim("closed", offer.product)
            if row is None:
                row = _begin(connection, person, offer, today)
            if row.state == "waiting":
                _serve(connection, row, today)
            return self._shown(_one(connection, person, offer.product), again=before)

    def replace(
        self, handle: str, product: str, reason: str, today: date | None = None
    ) -> Claim | None:
        """Give a person another code for one that does not work; ``None`` when they hold none of this product.

        Args:
            handle: Stands for the person.
            product: The product.
            reason: Why, in words that the person may read.
            today: The day.
        """
        today = today or clock.now().date()
        return patiently(lambda: self._replace(handle, product, reason, today))

    def _replace(self, handle: str, product: str, reason: str, today: date) -> Claim | None:
        with writing(self._state) as connection:
            stock_turn(connection, product, alone=True)
            person = person_turn(connection, handle)
            row = _locked(connection, person, product)
            if row is None or row.state not in ("held", "void"):
                return None
            if row.state == "held":
                revoke_of(connection, row.claim_id, reason, today)
            connection.execute(
                CLAIMS.update().where(CLAIMS.c.claim_id == row.claim_id).values(state="waiting", code_id=None)
            )  # fmt: skip
            _serve(connection, row, today)
            return self._shown(_one(connection, person, product), again=True)

    def move(self, old_handle: str, new_handle: str) -> int:
        """Let the claims of a person who became part of another follow; return how many did."""
        return move_all(self._state, {old_handle: new_handle})

    def move_all(self, moved: Mapping[str, str]) -> int:
        """Do the same for many: old handle -> handle. What was moved before is left alone."""
        return move_all(self._state, moved)

    def _meant_for(self, product: str, audience: str) -> bool:
        """Say whether nothing is known against giving a product to this audience."""
        query = sa.select(PRODUCTS.c.audiences).where(PRODUCTS.c.product == product)
        with self._state.connect() as connection:
            told = str(connection.execute(query).scalar() or "").split()
        return not told or audience in told

    def waiting(self, product: str = "") -> int:
        """Return how many persons wait for a code, of one product or of all."""
        query = sa.select(sa.func.count()).select_from(CLAIMS).where(WAITING)
        if product:
            query = query.where(CLAIMS.c.product == product)
        with self._state.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def _shown(self, row: Any, *, again: bool) -> Claim:  # Any: a row of the database
        held = row.state == "held"
        state: ClaimState = "held" if held else "waiting"
        return Claim(
            state, row.product,
            code=self._seal.unlock(row.sealed, row.code_key) if held else "",
            claimed_on=day(row.claimed_on),
            given_on=day(row.given_on) if held else None,
            expires_on=day(row.expires_on) if held else None,
            cover_until_on=day(row.cover_until_on) if held else None,
            by_on=None if held else day(row.by_on),
            redeemed_on=day(row.redeemed_on) if held else None,
            why=row.why, again=again,
        )  # fmt: skip


def _one(connection: sa.Connection, handle: str, product: str) -> Any:  # Any: a row of the database
    return connection.execute(_OF_PRODUCT, {"h": handle, "p": product}).first()


def _locked(connection: sa.Connection, handle: str, product: str) -> Any:  # Any: a row
    """Return a claim, kept from everybody else until this transaction ends; the queue may be filling it."""
    return connection.execute(_LOCKED, {"h": handle, "p": product}).first()


def _begin(connection: sa.Connection, handle: str, offer: Offer, today: date) -> Any:  # Any: a row
    """Record the claim, as yet without a code."""
    ends = "" if offer.enrol_by_on == date.max else offer.enrol_by_on.isoformat()
    values = {"handle": handle, "product": offer.product, "state": "waiting", "claimed_at": clock.stamp(),
              "claimed_on": today.isoformat(), "enrol_by_on": ends, "months": offer.months, "why": ""}  # fmt: skip
    row = connection.execute(_BEGIN, values).one()
    note(connection, "claimed", offer.product, handle=handle, claim_id=row.claim_id)
    return row


def _serve(connection: sa.Connection, row: Any, today: date) -> None:  # Any: a row
    """Give this claim a code, those who were first before it; promise a day where there is none."""
    need = max(today.isoformat(), row.enrol_by_on)
    if any_free(connection, row.product, need):
        asked = {"p": row.product, "n": row.claim_id, "need": need}
        if connection.execute(_AHEAD, asked).first() is not None:
            fill(connection, row.product, today, most=50)
        elif give(connection, row, need, today):
            return
    by_on = today + timedelta(days=wait_days(connection, row.product))
    connection.execute(_PROMISED, {"n": row.claim_id, "by": by_on.isoformat()})


# Statements of every claim are made once: making them costs more than running them.
_SHOWN = (
    sa.select(CLAIMS, CODES.c.sealed, CODES.c.code_key, CODES.c.expires_on, CODES.c.redeemed_on)
    .select_from(CLAIMS.outerjoin(CODES, CODES.c.code_id == CLAIMS.c.code_id))
    .order_by(CLAIMS.c.claim_id)
)
_OF_PERSON = _SHOWN.where(CLAIMS.c.handle == sa.bindparam("h"))
_OF_PRODUCT = _OF_PERSON.where(CLAIMS.c.product == sa.bindparam("p"))
_LOCKED = (
    sa.select(CLAIMS)
    .where(CLAIMS.c.handle == sa.bindparam("h"), CLAIMS.c.product == sa.bindparam("p"))
    .with_for_update()
)
_BEGIN = CLAIMS.insert().returning(CLAIMS)
_AHEAD = (
    sa.select(CLAIMS.c.claim_id)
    .where(
        CLAIMS.c.product == sa.bindparam("p"), WAITING,
        CLAIMS.c.claim_id < sa.bindparam("n"), CLAIMS.c.enrol_by_on <= sa.bindparam("need"),
    )
    .limit(1)
)  # fmt: skip
_PROMISED = (
    CLAIMS.update()
    .where(CLAIMS.c.claim_id == sa.bindparam("n"), WAITING, CLAIMS.c.by_on.is_(None))
    .values(by_on=sa.bindparam("by"))
)
