"""Codes taken back, and others given for them. Nothing is deleted: the ledger keeps who had which code, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa

from amends.kernel import clock
from amends.kernel.errors import UsageError
from amends.portal.keys import SiteKeys
from amends.portal.offers.ledger import (
    BATCHES,
    CLAIMS,
    CODES,
    EVENTS,
    make_offer_tables,
    writing,
)
from amends.portal.offers.queue import fill
from amends.portal.offers.sealed import CodeSeal
from amends.portal.offers.stock import CodeLine, code_fault, wait_days
from amends.portal.offers.turns import stock_turn

CHUNK = 5_000
_IDS_AT_ONCE = 20_000  # in one transaction: claims wait no longer than that takes


@dataclass(frozen=True)
class Revoked:
    """What a recall came to: ``n_rows`` = the sum of the others but ``n_persons``.

    Attributes:
        n_rows: Codes named.
        n_free: Void before anybody had them.
        n_given: Void in the hands of a person.
        n_used: Left as they are: the partner says that they were used, so the person has the cover.
        n_before: Were void before.
        n_unknown: Not in the stock, or no code.
        n_persons: Persons whose code is void now.
    """

    n_rows: int = 0
    n_free: int = 0
    n_given: int = 0
    n_used: int = 0
    n_before: int = 0
    n_unknown: int = 0
    n_persons: int = 0

    def __add__(self, other: Revoked) -> Revoked:
        """Return the sums of both."""
        mine, more = asdict(self), asdict(other)
        return Revoked(**{k: mine[k] + more[k] for k in mine})

    def as_json(self) -> dict[str, int]:
        """Return it as a JSON value."""
        return asdict(self)


@dataclass(frozen=True)
class Replaced:
    """What giving others came to: ``n_void`` = ``n_given`` + ``n_waiting`` when nobody else waited.

    Attributes:
        n_void: Persons who were without a code because theirs is void.
        n_given: Persons who got one, those included who waited for another reason.
        n_waiting: Persons who still wait, in the order in which they first claimed.
    """

    n_void: int
    n_given: int
    n_waiting: int

    def as_json(self) -> dict[str, int]:
        """Return it as a JSON value."""
        return asdict(self)


def revoke_codes(
    state: sa.Engine,
    keys: SiteKeys | bytes,
    lines: Iterable[CodeLine],
    *,
    reason: str,
    used_too: bool = False,
    today: date | None = None,
) -> Revoked:
    """Make the codes of a file void.

    Args:
        state: Database of the site's state.
        keys: The keys of the site.
        lines: The codes.
        reason: Why, in words that the person may read.
        used_too: Also those that were used.
        today: The day.

    Raises:
        UsageError: There is no reason.
    """
    _reasoned(reason)
    make_offer_tables(state)
    seal, sums, source = CodeSeal(keys), Revoked(), iter(lines)
    while chunk := list(islice(source, CHUNK)):
        found = {seal.key_of(line.code) for line in chunk if not code_fault(line.code)}
        with writing(state) as connection:
            chosen = CODES.c.code_key.in_(found)
            made = _revoke(connection, chosen, reason, used_too, today or clock.now().date())
        sums += Revoked(len(chunk), n_unknown=len(chunk) - made.n_rows) + _uncounted(made)
    return sums


def revoke_batch(
    state: sa.Engine,
    batch_id: str,
    *,
    reason: str,
    used_too: bool = False,
    today: date | None = None,
) -> Revoked:
    """Make every code of a batch void; the arguments are those of ``revoke_codes``.

    Ended at any moment and given again, it goes on.

    Raises:
        UsageError: There is no such batch, or no reason.
    """
    _reasoned(reason)
    make_offer_tables(state)
    today, sums = today or clock.now().date(), Revoked()
    with state.connect() as connection:
        there = connection.execute(
            sa.select(BATCHES.c.batch_id).where(BATCHES.c.batch_id == batch_id)
        ).first()
        ends = sa.select(sa.func.min(CODES.c.code_id), sa.func.max(CODES.c.code_id))
        first, last = connection.execute(ends.where(CODES.c.batch_id == batch_id)).one()
    if there is None:
        raise UsageError(
            "There is no batch of this id", remedy="see: amends offers status PUBLISHED --batches"
        )
    for start in range(first or 0, (last or -1) + 1, _IDS_AT_ONCE):
        mine = CODES.c.code_id.between(start, start + _IDS_AT_ONCE - 1)
        with writing(state) as connection:
            chosen = sa.and_(CODES.c.batch_id == batch_id, mine)
            sums += _revoke(connection, chosen, reason, used_too, today)
    return sums


def replace_void(state: sa.Engine, product: str = "", today: date | None = None) -> Replaced:
    """Give other codes to all whose code is void, of one product or of all; who gets none now is first in the queue."""
    make_offer_tables(state)
    today, sums = today or clock.now().date(), Replaced(0, 0, 0)
    with state.connect() as connection:
        named = (
            sa.select(CLAIMS.c.product).where(CLAIMS.c.state.in_(("void", "waiting"))).distinct()
        )
        products = [p for p in connection.execute(named).scalars() if product in ("", p)]
    for each in sorted(products):
        with writing(state) as connection:
            stock_turn(connection, each, alone=True)
            mine = sa.and_(CLAIMS.c.product == each, CLAIMS.c.state == "void")
            _append(connection, "replacing", mine)
            void = connection.execute(
                CLAIMS.update().where(mine).values(state="waiting", code_id=None)
            ).rowcount
            given = fill(connection, each, today)
            left = sa.select(sa.func.count()).select_from(CLAIMS)
            left = left.where(CLAIMS.c.product == each, CLAIMS.c.state == "waiting")
            waiting = int(connection.execute(left).scalar_one())
        sums = Replaced(sums.n_void + void, sums.n_given + given, sums.n_waiting + waiting)
    return sums


def revoke_of(connection: sa.Connection, claim_id: int, reason: str, today: date) -> Revoked:
    """Make the code of one claim void, inside the caller's transaction."""
    own = sa.select(CLAIMS.c.code_id).where(CLAIMS.c.claim_id == claim_id).scalar_subquery()
    return _revoke(connection, CODES.c.code_id == own, reason, True, today)


def _reasoned(reason: str) -> None:
    if not reason.strip():
        raise UsageError("A recall needs a reason", remedy="give --reason; the person may read it")


def _uncounted(made: Revoked) -> Revoked:
    """Return the same without ``n_rows``, which was counted in the file."""
    return Revoked(**{**asdict(made), "n_rows": 0})


def _revoke(
    connection: sa.Connection, chosen: Any, reason: str, used_too: bool, today: date
) -> Revoked:  # Any: a condition of SQLAlchemy
    products = connection.execute(sa.select(CODES.c.product).where(chosen).distinct()).scalars()
    for product in sorted(products.all()):
        stock_turn(connection, product, alone=True)
    was_used = CODES.c.redeemed_on.is_not(None)
    rows = connection.execute(
        sa.select(CODES.c.state, was_used.label("was_used"), sa.func.count())
        .where(chosen).group_by(CODES.c.state, was_used)
    ).all()  # fmt: skip
    counts: Counter[tuple[str, bool]] = Counter()
    for state, used, n in rows:
        counts[state, bool(used) and not used_too] += int(n)
    void = sa.and_(chosen, CODES.c.state != "void")
    if not used_too:
        void = sa.and_(void, sa.not_(was_used))
    _append_codes(connection, void, reason)
    persons = 0
    for product in (
        connection.execute(sa.select(CODES.c.product).where(void).distinct()).scalars().all()
    ):
        by_on = today + timedelta(days=wait_days(connection, product))
        ids = sa.select(CODES.c.code_id).where(void, CODES.c.product == product)
        persons += connection.execute(
            CLAIMS.update()
            .where(CLAIMS.c.state == "held", CLAIMS.c.code_id.in_(ids))
            .values(state="void", why=reason, by_on=by_on.isoformat())
        ).rowcount  # fmt: skip
    connection.execute(CODES.update().where(void).values(state="void"))
    return Revoked(
        sum(counts.values()),
        counts["free", False],
        counts["given", False],
        counts["free", True] + counts["given", True],
        counts["void", False] + counts["void", True],
        0,
        persons,
    )


def _append_codes(connection: sa.Connection, chosen: Any, reason: str) -> None:  # Any: a condition
    joined = CODES.outerjoin(CLAIMS, CLAIMS.c.code_id == CODES.c.code_id)
    rows = sa.select(
        sa.literal(clock.stamp()), sa.literal("revoked"), CODES.c.product, sa.func.coalesce(CLAIMS.c.handle, ""),
        CLAIMS.c.claim_id, CODES.c.code_id, sa.literal(reason),
    ).select_from(joined).where(chosen)  # fmt: skip
    connection.execute(EVENTS.insert().from_select(_EVENT, rows))


def _append(connection: sa.Connection, act: str, chosen: Any) -> None:  # Any: a condition
    c = CLAIMS.c
    rows = sa.select(
        sa.literal(clock.stamp()),
        sa.literal(act),
        c.product,
        c.handle,
        c.claim_id,
        c.code_id,
        c.why,
    ).where(chosen)
    connection.execute(EVENTS.insert().from_select(_EVENT, rows))


_EVENT: Sequence[str] = ("at", "act", "product", "handle", "claim_id", "code_id", "note")
