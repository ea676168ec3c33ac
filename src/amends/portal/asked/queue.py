"""The queue of contact requests in the site's state: in clear it holds a number, an hour and a box."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from amends.kernel import clock, ids
from amends.portal.asked.contact import Asked, normal_contact, seal_asked
from amends.portal.keys import SiteKeys
from amends.portal.state import make_state_tables

CAP_A_DAY = 3
"""Requests about one contact that are passed on in a day.

Reason: enough for somebody who mistypes or waits; too few to fill a stranger's mailbox.
"""

METADATA = sa.MetaData()
REQUESTS = sa.Table(
    "contact_requests",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(32), nullable=False, unique=True),
    sa.Column("asked_at", sa.String(32), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)
CAPS = sa.Table(
    "contact_caps",
    METADATA,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column(
        "contact", sa.String(16), primary_key=True
    ),  # keyed by day: no two days can be joined
    sa.Column("n", sa.Integer, nullable=False),
)
_COUNT = sa.text(
    "INSERT INTO contact_caps (day, contact, n) VALUES (:day, :contact, 1) "
    "ON CONFLICT (day, contact) DO UPDATE SET n = contact_caps.n + 1 RETURNING n"
)
_READ_AT_ONCE = 20_000  # the case looks all of them up in one pass over its people


@dataclass(frozen=True)
class Waiting:
    """One request that waits for the case.

    Attributes:
        request_id: Its id.
        asked_at: When it was asked, to the hour.
        sealed: What was typed, for the case to open.
    """

    request_id: str
    asked_at: str
    sealed: bytes


def make_asked_tables(state: sa.Engine) -> None:
    """Make the tables of the queue."""
    make_state_tables(state, METADATA)


def queue(
    state: sa.Engine, keys: SiteKeys, kind: str, typed: str, language: str, cap: int = CAP_A_DAY
) -> None:
    """Take in what somebody typed. Always the same steps and the same number of bytes, and never an answer.

    What cannot be a contact, and what was asked too often today, goes in as an empty box that looks like any other.

    Args:
        state: The site's state; ``make_asked_tables`` was called for it.
        keys: The site's keys.
        kind: ``email`` or ``phone``.
        typed: As typed.
        language: Language of the page.
        cap: Most requests about one contact a day.
    """
    now = clock.now()
    day = now.date().isoformat()
    contact = normal_contact(kind, typed)
    known_as = _daily_key(keys, day, contact or typed[:1000])
    row = {"request_id": "Q" + ids.new(12), "asked_at": clock.stamp(now)[:13] + ":00Z"}
    real = seal_asked(keys.contact_public, Asked(kind if contact else "", contact, language))
    empty = seal_asked(keys.contact_public, Asked("", "", language))
    with state.begin() as connection:
        n = connection.execute(_COUNT, {"day": day, "contact": known_as}).scalar_one()
        connection.execute(REQUESTS.insert().values(**row, sealed=real if n <= cap else empty))


def _daily_key(keys: SiteKeys, day: str, contact: str) -> str:
    """Return what stands for a contact on one day, and for nothing on any other."""
    told = hashlib.blake2b(
        contact.encode("utf-8", "surrogatepass"), key=keys.state_key, person=day.encode()
    )
    return told.hexdigest()[:16]


def waiting(state: sa.Engine) -> Iterator[list[Waiting]]:
    """Yield what waits, in order, some thousands at a time."""
    last = 0
    while True:
        query = sa.select(REQUESTS).where(REQUESTS.c.seq > last).order_by(REQUESTS.c.seq)
        with state.connect() as connection:
            rows = connection.execute(query.limit(_READ_AT_ONCE)).mappings().all()
        if not rows:
            return
        yield [Waiting(r["request_id"], r["asked_at"], bytes(r["sealed"])) for r in rows]
        last = rows[-1]["seq"]


def drop_answered(state: sa.Engine, request_ids: Sequence[str]) -> None:
    """Drop requests that the case has dealt with, and counts of days gone by."""
    before = (clock.now() - timedelta(days=1)).date().isoformat()
    with state.begin() as connection:
        for first in range(0, len(request_ids), 500):
            some = request_ids[first : first + 500]
            connection.execute(REQUESTS.delete().where(REQUESTS.c.request_id.in_(some)))
        connection.execute(CAPS.delete().where(CAPS.c.day < before))


def asked_counts(state: sa.Engine) -> dict[str, int]:
    """Return how many requests wait, and how many were asked today."""
    today = clock.now().date().isoformat()
    with state.connect() as connection:
        n = connection.execute(sa.select(sa.func.count()).select_from(REQUESTS)).scalar_one()
        asked = connection.execute(sa.select(sa.func.sum(CAPS.c.n)).where(CAPS.c.day == today))
        return {"waiting": int(n), "today": int(asked.scalar() or 0)}
