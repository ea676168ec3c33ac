"""The published folder as a site reads it: opened once, asked a million times, new editions taken up as they come."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from amends.kernel.errors import TableError, UsageError
from amends.portal import answers
from amends.portal.answers import Place
from amends.portal.edition import CURRENT, EDITIONS, Edition, current_name, open_edition
from amends.portal.handles import account_number
from amends.portal.keys import SiteKeys, read_site_keys
from amends.portal.shapes import Answer, AnswerClass, Determination
from amends.vault.codes import read_code

_LOOK_SECONDS = 1.0
_AGAIN_SECONDS = 15.0  # checking the digests of 54 million keys takes one second
_TRIES = 5
_log = logging.getLogger(__name__)


class Published:
    """What a site serves. Many threads may ask at once; each answer comes from one edition.

    Args:
        folder: The published folder.
        keys: Its keys.
        edition: The edition served.
    """

    def __init__(self, folder: Path, keys: SiteKeys, edition: Edition) -> None:
        self.folder = folder
        self.keys = keys
        self._edition = edition
        self._looked_at = time.monotonic()
        self._refused, self._refused_at = "", 0.0
        self._opening = threading.Lock()

    @classmethod
    def open(cls, folder: Path) -> Published:
        """Open what is published, every file checked against what the case signed.

        Raises:
            UsageError: Nothing is published there.
            TableError: A file is not what was published.
        """
        keys = read_site_keys(folder)
        return cls(folder, keys, _open_current(folder, keys))

    @property
    def edition(self) -> Edition:
        """Return the edition served now. Take it once for what must fit together."""
        return self._edition

    @property
    def found(self) -> Determination:
        """Return the determination, without its classes."""
        return self._edition.found

    @property
    def static(self) -> Path:
        """Return the folder of the plain pages."""
        return self._edition.folder / "static"

    @property
    def moved(self) -> Mapping[str, str]:
        """Return old handle -> handle of persons that became part of another."""
        return self._edition.moved

    def by_code(self, text: str) -> Answer | None:
        """Return the answer to a letter code; ``None`` when it is not known or is no code."""
        number = self.number_of_code(text)
        return None if number is None else self.by_number(number)

    def by_account(self, ref_hex: str) -> Answer | None:
        """Return the answer for an account reference (64 hex digits); ``None`` when it is none."""
        edition, number = self._edition, account_number(self.keys.index, ref_hex)
        if number is None:
            return None
        place = answers.place_of(edition, number)
        return answers.answer_at(edition, self.keys.index, place, account=True)

    def by_number(self, number: int) -> Answer | None:
        """Return the answer for the keyed hash of a code, as ``number_of_code`` gives it."""
        edition = self._edition
        place = answers.place_of(edition, number)
        return answers.answer_at(edition, self.keys.index, place, account=False)

    def number_of_code(self, text: str) -> int | None:
        """Return the keyed hash of a code, the same in every edition; ``None`` when it is no code."""
        code = read_code(text)
        return None if code is None else self.keys.index.hash(code)

    def place_of_account(self, ref_hex: str) -> tuple[int, Place] | None:
        """Return the edition's number and where an account reference leads, without reading the class."""
        edition, number = self._edition, account_number(self.keys.index, ref_hex)
        return None if number is None else (edition.number, answers.place_of(edition, number))

    def beside(self, number: int) -> AnswerClass | None:
        """Return somebody's class for a hash that is not known, to do the same work for nothing."""
        return answers.neighbour(self._edition, number)

    @property
    def refused(self) -> str:
        """Return the name of a newer edition that is not whole and is not served, "" when there is none."""
        return self._refused

    def reload(self, *, now: bool = False) -> bool:
        """Take up a newer edition; looks at most once a second unless ``now``. Return whether there was one.

        One that is not whole is refused with a warning in the log, and the edition served stays. It is looked at again
        after a while: it may be on its way from another machine.
        """
        at = time.monotonic()
        if not now and at - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = at
        name = current_name(self.folder)
        if name in ("", self._edition.folder.name):
            self._refused = ""
            return False
        if name == self._refused and at - self._refused_at < _AGAIN_SECONDS:
            return False
        if not self._opening.acquire(blocking=now):
            return False
        try:
            self._edition = _open_current(self.folder, self.keys)
            self._refused = ""
        except TableError as error:
            if name != self._refused:
                _log.warning("edition %s is refused: %s", name, error.what)
            self._refused, self._refused_at = name, at
            return False
        finally:
            self._opening.release()
        return True


def _open_current(folder: Path, keys: SiteKeys) -> Edition:
    """Open the edition the symlink names; look again when a newer one took its place meanwhile."""
    for attempt in range(_TRIES):
        name = current_name(folder)
        if not name:
            break
        try:
            opened = open_edition(folder / EDITIONS / name, keys.edition_public)
        except TableError:
            if attempt < _TRIES - 1 and current_name(folder) != name:
                continue
            raise
        if opened.found.case_id != keys.case_id:
            raise TableError("This edition belongs to another case", where=f"{EDITIONS}/{name}")
        return opened
    raise UsageError(
        "Nothing is published here",
        where=f"{folder}/{CURRENT}",
        remedy="publish with: amends portal publish CASE --to PUBLISHED",
    )
