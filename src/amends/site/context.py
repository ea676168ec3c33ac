"""What the personal pages work with: the edition, the register of offers, budgets. Made once when the site starts."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import sqlalchemy as sa

from amends.kernel.errors import AmendsError
from amends.portal.asked.queue import make_asked_tables
from amends.portal.offers.book import OfferBook
from amends.portal.protection.requests import Protection
from amends.portal.state import open_state
from amends.site.alarms import AlarmBell
from amends.site.budgets import Blinder, Budget
from amends.site.counts import Counts
from amends.site.gate import Gate
from amends.site.live import Live, open_live
from amends.site.moving import follow_merges
from amends.site.settings import SiteSettings
from amends.site.tolls import SCAM_LINE, CodeToll, ContactToll
from amends.site.visits import Visits

log = logging.getLogger(__name__)

Made = TypeVar("Made")


@dataclass(frozen=True)
class Site:
    """The parts of a running site.

    Attributes:
        settings: How it is set up.
        live: The edition served.
        state: Database of claims and requests.
        offers: Claims.
        protection: Requests for account protection.
        visits: Cookies and form tokens.
        codes: Budgets of codes.
        contacts: Budgets of typed contacts.
        messages: Budget of pasted messages.
        blinder: Makes the keys of ``messages``.
        bell: Alarms.
        counts: Answers by route.
        gate: Lets personal requests in, a few at a time.
    """

    settings: SiteSettings
    live: Live
    state: sa.Engine
    offers: OfferBook
    protection: Protection
    visits: Visits
    codes: CodeToll
    contacts: ContactToll
    messages: Budget
    blinder: Blinder
    bell: AlarmBell
    counts: Counts
    gate: Gate

    async def work(self, task: Callable[[], Made]) -> Made:
        """Run what waits for the database in a thread.

        Raises:
            Refused: Too many wait for it already.
        """
        return await self.gate.work(task)

    def now(self) -> float:
        """Return the seconds of a clock that never jumps, for budgets."""
        return time.monotonic()


def open_site(settings: SiteSettings) -> Site:
    """Open a published folder and its state.

    Raises:
        UsageError: Nothing is published there, or the database does not answer.
        TableError: What is published is not whole.
    """
    live = open_live(settings.published, secure=settings.is_secure)
    keys = live.published.keys
    state = open_state(settings.state_url or settings.published)
    make_asked_tables(state)
    bell = AlarmBell(state)
    return Site(
        settings=settings,
        live=live,
        state=state,
        offers=OfferBook(state, keys),
        protection=Protection(state),
        visits=Visits(keys.cookie_key),
        codes=CodeToll(settings.workers, bell.ring),
        contacts=ContactToll(settings.workers, bell.ring),
        messages=Budget(SCAM_LINE.shared(settings.workers)),
        blinder=Blinder(),
        bell=bell,
        counts=Counts(),
        gate=Gate(settings.limits),
    )


def follow(site: Site) -> None:
    """Apply what the present edition says of merged persons; a fault is logged and rung, and the site goes on."""
    served = site.live.now.edition
    try:
        follow_merges(
            served.folder.name,
            served.moved,
            site.state,
            site.protection,
            site.settings.published / "state",
        )
    except (AmendsError, OSError, sa.exc.SQLAlchemyError) as error:
        site.bell.ring("failed")
        log.error("claims of merged persons could not follow: %s", type(error).__name__)
