"""What the site handed out: edition, claims, stock, account protection, contact requests, alarms. Numbers only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from amends.console.base import Facts, Visit, page
from amends.console.desk import Desk
from amends.kernel.case import Case
from amends.kernel.errors import AmendsError
from amends.portal.asked.queue import asked_counts, make_asked_tables
from amends.portal.offers.ledger import CLAIMS, CODES, make_offer_tables
from amends.portal.offers.status import batches, status
from amends.portal.protection.ledger import REQUESTS, make_protection_tables
from amends.portal.protection.requests import status_counts
from amends.portal.published import Published
from amends.portal.state import open_state
from amends.vault.codes import code_key, letter_code

Rows = list[dict[str, object]]

FRESH_SECONDS = 15.0
"""Numbers of the site are counted at most once in this time: a first hour of claims is thousands a minute."""

_ALARMS = sa.Table(
    "alarms",
    sa.MetaData(),
    sa.Column("seq", sa.Integer),
    sa.Column("at", sa.String),
    sa.Column("kind", sa.String),
    sa.Column("n", sa.Integer),
    sa.Column("says", sa.String),
)
"""As the site writes it; the console may not import the site."""


@dataclass(frozen=True)
class Site:
    """The published folder, opened to read.

    Attributes:
        published: What is served.
        state: Its state.
    """

    published: Published
    state: sa.Engine


def open_site(desk: Desk) -> Site | None:
    """Return the published folder that ``[console] published`` names, or ``None`` where none is set.

    Raises:
        AmendsError: Nothing is published there, or it is not what was published.
    """
    named = desk.config.text("console", "published")
    if not named:
        return None
    folder = Path(named) if Path(named).is_absolute() else desk.folder / named

    def make() -> Site:
        published = Published.open(folder)
        state = open_state(folder)
        make_asked_tables(state)
        make_offer_tables(state)
        make_protection_tables(state)
        return Site(published, state)

    site = desk.kept("site", str(folder), make)
    site.published.reload()
    return site


def site_status(desk: Desk) -> dict[str, object] | None:
    """Return how the site stands in a few numbers, or ``None`` where none is set; ``problem`` says what is wrong."""
    try:
        site = open_site(desk)
        return (
            None
            if site is None
            else desk.kept_for("site status", FRESH_SECONDS, lambda: _status(site))
        )
    except AmendsError as error:
        return {"problem": f"{error.what}. {error.remedy}", "alarms": []}


def _status(site: Site) -> dict[str, object]:
    found = site.published.found
    stock = status(site.state)
    asked = asked_counts(site.state)
    return {
        "problem": "",
        "edition": found.edition.edition,
        "released_on": found.edition.released_on,
        "persons": found.edition.n_persons,
        "claims": sum(s.persons for s in stock),
        "free": sum(s.free for s in stock),
        "asked": asked["waiting"],
        "alarms": [f"{s.product}: {a}" for s in stock for a in s.alarms]
        + [f"{a['at']!s:.16} {a['says']} ({a['n']})" for a in alarms(site.state, 3)],
    }


def alarms(state: sa.Engine, limit: int) -> Rows:
    """Return the last alarms of the site, the latest first."""
    if not sa.inspect(state).has_table("alarms"):
        return []
    with state.connect() as connection:
        query = sa.select(_ALARMS).order_by(_ALARMS.c.seq.desc()).limit(limit)
        return [dict(r) for r in connection.execute(query).mappings()]


@page("/claims", name="claims", area="claims", template="claims.html", rows="stock")
def claims(visit: Visit) -> Facts:
    """Show what the site handed out."""
    site = open_site(visit.desk)
    if site is None:
        return {"tied": False, "stock": []}

    def make() -> dict[str, object]:
        return {
            "stock": [s.as_json() for s in status(site.state)],
            "batches": batches(site.state)[:50],
            "protection": [{"action": k, **v} for k, v in status_counts(site.state).items()],
            "asked": asked_counts(site.state),
            "alarms": alarms(site.state, 50),
            "days": _by_day(site.state),
        }

    counted = visit.desk.kept_for("claims", FRESH_SECONDS, make)
    found = site.published.found
    return {
        **counted,
        "tied": True,
        "edition": found.edition.edition,
        "seals": list(found.seals),
        "run": found.run,
        "editions": [
            {"edition": e.edition, "released_on": e.released_on, "n_persons": e.n_persons, "n_first": e.n_first,
             "n_more": e.n_more}
            for e in found.editions
        ],
        "same_run": found.run == visit.desk.run_id(),
    }  # fmt: skip


def _by_day(state: sa.Engine) -> Rows:
    """Return claims by day, the last thirty."""
    query = (
        sa.select(CLAIMS.c.claimed_on, sa.func.count().label("n"))
        .where(CLAIMS.c.state != "moved")
        .group_by(CLAIMS.c.claimed_on)
        .order_by(CLAIMS.c.claimed_on.desc())
        .limit(30)
    )
    with state.connect() as connection:
        return [dict(r) for r in connection.execute(query).mappings()]


def on_site(desk: Desk, case: Case, person_id: str) -> dict[str, Rows] | None:
    """Return what a person claimed and asked for; ``None`` where no site is set or it has no answer for them."""
    try:
        site = open_site(desk)
    except AmendsError:
        return None
    if site is None:
        return None
    read = site.published.by_code(letter_code(code_key(case.folder / "keys"), person_id))
    return held_by(site.state, read.handle) if read is not None and read.handle else None


def held_by(state: sa.Engine, handle: str) -> dict[str, Rows]:
    """Return what a person claimed and asked for on the site, without any code."""
    c = CLAIMS.c
    claim = (
        sa.select(
            c.product, c.state, c.claimed_on, c.given_on, c.cover_until_on, CODES.c.expires_on, CODES.c.redeemed_on
        )
        .outerjoin(CODES, CODES.c.code_id == c.code_id)
        .where(c.handle == handle, c.state != "moved")
    )  # fmt: skip
    asked = (
        sa.select(
            REQUESTS.c.action,
            REQUESTS.c.state,
            REQUESTS.c.source,
            REQUESTS.c.asked_at,
            REQUESTS.c.ended_at,
        )
        .where(REQUESTS.c.handle == handle)
        .order_by(REQUESTS.c.request_id)
    )
    with state.connect() as connection:
        return {
            "claims": [dict(r) for r in connection.execute(claim).mappings()],
            "protection": [dict(r) for r in connection.execute(asked).mappings()],
        }
