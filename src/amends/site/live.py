"""The present edition, as one value: whoever begins with one edition ends with it.

``PUBLISHED/current`` is looked at once a second. A new edition is opened beside the old one and takes its place by one
assignment; requests under way keep the old one, which goes when the last of them is done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amends.kernel.errors import AmendsError
from amends.portal import answers
from amends.portal.edition import Edition
from amends.portal.published import Published
from amends.portal.scam.register import SentRegister
from amends.portal.shapes import Answer, Determination
from amends.site.answers import HTTPS, ShortPages
from amends.site.statics import StaticPage, load_statics
from amends.vault.blind import BlindIndex

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
ASSETS = Path(__file__).parent / "assets"


@dataclass(frozen=True)
class Served:
    """One edition, opened, with its general pages.

    Attributes:
        edition: Its look-ups and answers.
        index: What makes handles.
        sent: Register of what was sent.
        pages: General pages by path.
        short_pages: Pages for when things go wrong.
        kept: Pages that are the same for everybody but for the token of their form, once they were made.
    """

    edition: Edition
    index: BlindIndex
    sent: SentRegister
    pages: Mapping[str, StaticPage]
    short_pages: ShortPages
    kept: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False)

    @property
    def found(self) -> Determination:
        """Return the determination, without its classes."""
        return self.edition.found

    def answer(self, number: int) -> Answer | None:
        """Return the answer for the keyed hash of a code; ``None`` when it is not known."""
        place = answers.place_of(self.edition, number)
        return answers.answer_at(self.edition, self.index, place, account=False)

    def is_known(self, number: int) -> bool:
        """Say whether the keyed hash of a code is known; the same steps for both."""
        return answers.place_of(self.edition, number).known


class Live:
    """The edition that is served.

    Args:
        published: The published folder, opened.
        secure: Whether people come by https.

    Raises:
        TableError: The edition has no general pages.
    """

    def __init__(self, published: Published, *, secure: bool) -> None:
        self.published = published
        self._extra = HTTPS if secure else ()
        self.now = self._serve()

    def look(self) -> bool:
        """Take a new edition, when there is one; say whether it was taken. One that is not whole is left alone.

        Raises:
            TableError: It is whole, and yet cannot be served; the old one is served on.
        """
        self.published.reload(now=True)
        if self.published.edition is self.now.edition:
            return False
        self.now = self._serve()
        return True

    async def watch(self, taken: Callable[[], None], ring: Callable[[str], None]) -> None:
        """Look again and again; call ``taken`` after each new edition, ``ring`` when one cannot be taken."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if await asyncio.to_thread(self.look):
                    await asyncio.to_thread(taken)
            except (AmendsError, OSError) as error:
                ring("edition")
                log.error("a new edition cannot be served: %s", type(error).__name__)

    def _serve(self) -> Served:
        edition = self.published.edition
        return Served(
            edition=edition,
            index=self.published.keys.index,
            sent=SentRegister.open(edition.folder, self.published.keys.sent_key),
            pages=self._pages(edition.folder / "static"),
            short_pages=ShortPages(edition.found.incident.phone, self._extra),
        )

    def _pages(self, folder: Path) -> Mapping[str, StaticPage]:
        """Return the general pages, and beside them the site's own script."""
        own = load_statics(ASSETS, self._extra, under="/assets")
        return {**own, **load_statics(folder, self._extra)}


def open_live(folder: Path, *, secure: bool) -> Live:
    """Open a published folder and serve it.

    Raises:
        UsageError: Nothing is published there.
        TableError: What is published is not whole.
    """
    return Live(Published.open(folder), secure=secure)
