"""How the stock stands: numbers that sum, and alarms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.portal.offers.ledger import BATCHES, CLAIMS, CODES, PRODUCTS, make_offer_tables


@dataclass(frozen=True)
class Stock:
    """How one product stands: ``imported`` = ``free`` + ``too_short`` + ``expired`` + ``given`` + ``revoked``.

    Attributes:
        product: Its name.
        imported: Codes ever taken in.
        free: Can be handed out.
        too_short: Free, but expire before the window that letters promise; never handed out.
        expired: Free, and their last day has passed.
        given: Handed out and not revoked.
        revoked: Void.
        redeemed: Of those given: used, as the partner says.
        redeemed_not_given: Used although we never handed them out: somebody else has them. They are void.
        persons: Persons with a claim = ``holding`` + ``waiting`` + ``void``.
        holding: Persons who have a code.
        waiting: Persons in the queue.
        overdue: Of those waiting: their promised day has passed.
        doubled: Codes beside the one a person keeps, of persons who turned out to be one: ``given`` = ``holding`` +
            ``doubled``.
        void: Persons whose code was revoked and who have no other.
        alarms: In plain words; empty when all is well.
    """

    product: str
    imported: int
    free: int
    too_short: int
    expired: int
    given: int
    revoked: int
    redeemed: int
    redeemed_not_given: int
    persons: int
    holding: int
    waiting: int
    overdue: int
    doubled: int
    void: int
    alarms: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON value."""
        return asdict(self)


def status(
    state: sa.Engine,
    today: date | None = None,
    *,
    top_up_below: int | None = None,
    top_up_share: float | None = None,
) -> tuple[Stock, ...]:
    """Return how each product stands, by name.

    Args:
        state: Database of the site's state.
        today: The day to judge by.
        top_up_below: Alarm when fewer codes are free; what was said at import where it is left out.
        top_up_share: Alarm when a smaller share of the stock is free, 0 to 1; likewise.
    """
    make_offer_tables(state)
    on = (today or clock.now().date()).isoformat()
    with state.connect() as connection:
        codes = {r["product"]: r for r in connection.execute(_codes(on)).mappings()}
        claims = {r["product"]: r for r in connection.execute(_claims(on)).mappings()}
        terms = {r["product"]: r for r in connection.execute(sa.select(PRODUCTS)).mappings()}
    made = []
    for product in sorted({*codes, *claims, *terms}):
        counts = {**dict.fromkeys(_COUNTS, 0)}
        counts |= {k: int(v or 0) for k, v in codes.get(product, {}).items() if k in _COUNTS}
        counts |= {k: int(v or 0) for k, v in claims.get(product, {}).items() if k in _COUNTS}
        known = dict(terms[product]) if product in terms else {}
        below = known.get("top_up_below", 1000) if top_up_below is None else top_up_below
        share = known.get("top_up_share", 0.1) if top_up_share is None else top_up_share
        made.append(Stock(product, **counts, alarms=tuple(_alarms(counts, below, share))))
    return tuple(made)


def batches(state: sa.Engine) -> list[dict[str, object]]:
    """Return the batches that were imported, newest first: ids, product, time and counts, and no codes."""
    make_offer_tables(state)
    query = sa.select(BATCHES).order_by(BATCHES.c.at.desc(), BATCHES.c.batch_id)
    with state.connect() as connection:
        return [
            {k: v for k, v in row.items() if k != "file_key"}
            for row in connection.execute(query).mappings()
        ]


_COUNTS = tuple(f for f in Stock.__dataclass_fields__ if f not in ("product", "alarms"))


def _sum(condition: Any) -> Any:  # Any: SQLAlchemy's expressions
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _codes(on: str) -> sa.Select[Any]:
    c = CODES.c
    window = sa.func.coalesce(
        sa.select(PRODUCTS.c.enrol_by_on).where(PRODUCTS.c.product == c.product).scalar_subquery(),
        "",
    )
    free = c.state == "free"
    return sa.select(
        c.product,
        sa.func.count().label("imported"),
        _sum(sa.and_(free, c.expires_on >= on, c.expires_on >= window)).label("free"),
        _sum(sa.and_(free, c.expires_on >= on, c.expires_on < window)).label("too_short"),
        _sum(sa.and_(free, c.expires_on < on)).label("expired"),
        _sum(c.state == "given").label("given"),
        _sum(c.state == "void").label("revoked"),
        _sum(sa.and_(c.state == "given", c.redeemed_on.is_not(None))).label("redeemed"),
        _sum(sa.and_(c.given_at.is_(None), c.redeemed_on.is_not(None))).label("redeemed_not_given"),
    ).group_by(c.product)  # fmt: skip


def _claims(on: str) -> sa.Select[Any]:
    c = CLAIMS.c
    waits = c.state == "waiting"
    given = sa.select(CODES.c.code_id).where(CODES.c.state == "given")
    return sa.select(
        c.product,
        _sum(c.state != "moved").label("persons"),
        _sum(c.state == "held").label("holding"),
        _sum(waits).label("waiting"),
        _sum(sa.and_(waits, c.by_on < on)).label("overdue"),
        _sum(sa.and_(c.state == "moved", c.code_id.in_(given))).label("doubled"),
        _sum(c.state == "void").label("void"),
    ).group_by(c.product)


def _alarms(counts: dict[str, int], below: int, share: float) -> list[str]:
    made = []
    if counts["free"] < below:
        made.append(f"only {counts['free']:,} codes are free, fewer than {below:,}: order more")
    elif counts["free"] < share * counts["imported"]:
        made.append(f"only {counts['free']:,} of {counts['imported']:,} codes are free: order more")
    if counts["waiting"]:
        made.append(f"{counts['waiting']:,} persons wait for a code")
    if counts["overdue"]:
        made.append(f"{counts['overdue']:,} of them were promised one by a day that has passed")
    if counts["too_short"]:
        made.append(
            f"{counts['too_short']:,} codes expire before the window that letters promise; they are not handed out"
        )
    if counts["redeemed_not_given"]:
        made.append(
            f"{counts['redeemed_not_given']:,} codes were used that nobody was given: they have leaked"
        )
    return made
