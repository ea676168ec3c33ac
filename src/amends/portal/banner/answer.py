"""The answers of the banner: signed, short-lived, for one account, and of one length whatever they say.

What is the same for everybody of a class is put together once and kept as base64; per request come the account, the
times and the signature.

Source:
    JWS: RFC 7515; ``iss sub iat exp``: RFC 7519. One length: the size of a TLS record is seen by whoever is on the
    line (RFC 8446, appendix E.3).
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amends.portal.answers import UNDECIDED_CLASS, Place, place_of
from amends.portal.banner.texts import BannerFacts, ClaimState, banner_texts
from amends.portal.edition import Edition
from amends.portal.handles import account_number, account_numbers
from amends.portal.shapes import AnswerClass, Offer, State
from amends.vault.blind import BlindIndex
from amends.vault.signing import SigningKey

CLAIM_STATES: tuple[ClaimState, ...] = ("open", "claimed", "closed")

ANSWER_SECONDS = 300
"""For how long an answer of the API is good: as long as a request is."""

_KEPT = 8192
# What follows the part that is kept; its length never changes, and is whole groups of three bytes.
_TAIL = b'"sub":"%b","iat":%10d,"exp": %10d}'
_URL = bytes.maketrans(b"+/", b"-_")
_DAY_SECONDS = 86400


class Claims(Protocol):
    """Whatever knows who has taken the offer."""

    def has_claimed(self, handle: str) -> bool:
        """Say whether this person has claimed; quick, for it is asked for every banner."""
        ...


class NoClaims:
    """Nobody has claimed anything."""

    def has_claimed(self, handle: str) -> bool:
        """Say no."""
        return False


@dataclass(frozen=True)
class ClassFacts:
    """What a banner says of a class: the class without its letters."""

    audience: str
    elements: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    offer: Offer | None

    @classmethod
    def of(cls, one: AnswerClass) -> ClassFacts:
        """Return what the banner says of an answer."""
        return cls(one.audience, tuple(e.element for e in one.elements), one.names, one.offer)


NO_CLASS_FACTS = ClassFacts("", (), {}, None)


class AnswerWriter:
    """Writes the answers of one edition.

    Args:
        facts: What every banner of the edition names.
        key: Signs answers.
        classes: Every class of the edition, in the order of their numbers; read once.
        seconds: For how long an answer is good.
    """

    def __init__(
        self,
        facts: BannerFacts,
        key: SigningKey,
        classes: Iterable[AnswerClass],
        seconds: int = ANSWER_SECONDS,
    ) -> None:
        self._facts, self._key, self._seconds = facts, key, seconds
        self._classes = [ClassFacts.of(one) for one in classes]
        self._head = key.jws_of(b"{}").split(b".")[0] + b"."
        longest = max(map(len, self._every()))
        # Room for the field that pads, at least empty; whole groups of three bytes make whole base64.
        self._length = -(-(longest + len(_pad(0))) // 3) * 3
        self.start = lru_cache(_KEPT)(self._start)

    @property
    def n_classes(self) -> int:
        """Return the number of classes."""
        return len(self._classes)

    def token(
        self, account_ref: str, state: State, class_id: int, claimed: bool, now: int
    ) -> bytes:
        """Return the answer for one account as compact JWS.

        Args:
            account_ref: 64 hex digits, as asked.
            state: What is answered.
            class_id: The person's class, when the state is ``yes``.
            claimed: Whether the person has taken the offer.
            now: Unix second.
        """
        claim: ClaimState = "open"
        if state == "yes":
            claim = claim_state(self._classes[class_id].offer, claimed, now)
        else:
            class_id = UNDECIDED_CLASS
        return self.signed(self.start(state, class_id, claim), account_ref, now)

    def signed(self, start: bytes, account_ref: str, now: int) -> bytes:
        """Return a start (as ``start`` gives it) ended for one account and signed."""
        tail = _TAIL % (account_ref.encode(), now, now + self._seconds)
        whole = start + _base64url(tail)
        return whole + b"." + _base64url(self._key.sign(whole)).rstrip(b"=")

    def _every(self) -> Iterable[bytes]:
        yield self._plain("no", UNDECIDED_CLASS, "open")
        yield self._plain("undecided", UNDECIDED_CLASS, "open")
        for class_id in range(self.n_classes):
            for claim in CLAIM_STATES if self._classes[class_id].offer else CLAIM_STATES[:1]:
                yield self._plain("yes", class_id, claim)

    def _start(self, state: State, class_id: int, claim: ClaimState) -> bytes:
        """Return ``HEAD.`` and the base64 of all that precedes the tail."""
        plain = self._plain(state, class_id, claim)
        return self._head + _base64url(plain + _pad(self._length - len(plain) - len(_pad(0))))

    def _plain(self, state: State, class_id: int, claim: ClaimState) -> bytes:
        """Return the payload up to the field that pads: ``{"iss":…,"texts":{…},``."""
        of = NO_CLASS_FACTS if class_id == UNDECIDED_CLASS else self._classes[class_id]
        values = banner_payload(self._facts, state, of, claim)
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()[:-1] + b","


Found = tuple[State, int, str]
"""State, class (-1 unless ``yes``), handle."""


class BannerEdition:
    """One edition, ready to answer: the look-up and the writer that belong together.

    Args:
        edition: The edition.
        index: The site's blind index.
        key: Signs answers.
        seconds: For how long an answer is good.
    """

    def __init__(
        self, edition: Edition, index: BlindIndex, key: SigningKey, seconds: int = ANSWER_SECONDS
    ) -> None:
        self.edition = edition
        self._index = index
        self._unknown: State = "no" if edition.found.answers_no else "undecided"
        classes = map(edition.classes.read, range(edition.classes.n_classes))
        self.writer = AnswerWriter(banner_facts(edition), key, classes, seconds)

    def find(self, account_ref: str) -> Found | None:
        """Return what is known of an account reference; ``None`` when it is none.

        The handle is made for everybody, known or not, and means something only with ``yes``.
        """
        number = account_number(self._index, account_ref)
        if number is None:
            return None
        place = place_of(self.edition, number)
        return self._found(place, self._index.handle(place.number))

    def find_all(self, refs: NDArray[np.uint8]) -> Iterator[Found]:
        """Return what is known of many account references, one row of 32 bytes each."""
        numbers = account_numbers(self._index, refs).tolist()
        places = [place_of(self.edition, number) for number in numbers]
        handles = self._index.handles(np.array([p.number for p in places], np.uint64))
        return map(self._found, places, handles.to_pylist())

    def _found(self, place: Place, handle: str) -> Found:
        if not place.known:
            return self._unknown, UNDECIDED_CLASS, handle
        if place.class_id == UNDECIDED_CLASS:
            return "undecided", UNDECIDED_CLASS, handle
        return "yes", place.class_id, handle

    def token(self, account_ref: str, claims: Claims, now: int) -> bytes | None:
        """Return the signed answer for an account reference; ``None`` when it is none."""
        found = self.find(account_ref)
        if found is None:
            return None
        state, class_id, handle = found
        return self.writer.token(
            account_ref.lower(), state, class_id, claims.has_claimed(handle), now
        )


def banner_facts(edition: Edition) -> BannerFacts:
    """Return what every banner of an edition names."""
    incident, figures = edition.found.incident, edition.found.edition
    return BannerFacts(
        incident.entity, incident.site, incident.phone, figures.edition, figures.released_on
    )


def banner_payload(
    facts: BannerFacts, state: State, of: ClassFacts, claim: ClaimState
) -> dict[str, object]:
    """Return what an answer says, without the account and the times."""
    return {
        "iss": f"https://{facts.site}" if facts.site else facts.entity,
        "state": state,
        "edition": facts.edition,
        "as_of": facts.as_of.isoformat(),
        "elements": list(of.elements),
        "offers": [_offer(of.offer, claim)] if of.offer else [],
        "texts": banner_texts(facts, state, of.audience, of.names, of.offer, claim),
    }


def claim_state(offer: Offer | None, claimed: bool, now: int) -> ClaimState:
    """Return where a person stands with the offer; its last day ends at midnight UTC, as in ``offers``."""
    if offer is None:
        return "open"
    if claimed:
        return "claimed"
    return "closed" if now >= _end_of(offer.enrol_by_on) else "open"


@lru_cache(64)
def _end_of(on: date) -> int:
    return (on.toordinal() + 1 - date(1970, 1, 1).toordinal()) * _DAY_SECONDS


def _offer(offer: Offer, claim: ClaimState) -> dict[str, object]:
    return {
        "product": offer.product,
        "months": offer.months,
        "enrol_by_on": offer.enrol_by_on.isoformat(),
        "claim": claim,
    }


def _pad(length: int) -> bytes:
    return b'"pad":"' + b"." * length + b'",'


def _base64url(plain: bytes) -> bytes:
    return b2a_base64(plain, newline=False).translate(_URL)
