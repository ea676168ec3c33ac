"""The cookie of a visit: which code was given, sealed, for a quarter of an hour; and the tokens of forms.

It holds the keyed hash of the code, not what it led to: what a person reads is always looked up in the present edition,
and a known and an unknown code are answered with the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from dataclasses import dataclass, replace
from datetime import datetime

from amends.kernel import clock, ids
from amends.kernel.errors import TableError
from amends.vault.boxes import SecretBox

VISIT_SECONDS = 15 * 60
"""A personal page stays open this long after the last look: 15 minutes idle for data of this weight
(OWASP Session Management cheat sheet: 15-30 minutes for low risk, 2-5 for high; a letter takes long to read)."""

FORM_SECONDS = 4 * 3600
"""A form may lie open this long before it is sent; people leave to look for the letter."""

_BODY = struct.Struct(">BQQ16s")
_VERSION = 1
_ABOUT = b"visit"


@dataclass(frozen=True)
class Visit:
    """Who looks at a personal page.

    Attributes:
        number: Keyed hash of the code that was given, known or not.
        until: Unix second at which it ends.
        nonce: 16 bytes of its own, for the tokens of its forms.
    """

    number: int
    until: int
    nonce: bytes


class Visits:
    """Seals and opens visits, and makes the tokens of forms.

    Args:
        key: Key of cookies, 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(_drawn(key, b"visit"))
        self._form_key = _drawn(key, b"form")

    def new(self, number: int) -> Visit:
        """Begin a visit now."""
        return Visit(number, _second(clock.now()) + VISIT_SECONDS, bytes.fromhex(ids.new(16)))

    def again(self, visit: Visit) -> Visit:
        """Return a visit that ends a quarter of an hour from now."""
        return replace(visit, until=_second(clock.now()) + VISIT_SECONDS)

    def seal(self, visit: Visit) -> str:
        """Return a visit as the value of a cookie."""
        body = _BODY.pack(_VERSION, visit.number, visit.until, visit.nonce)
        return _text(self._box.lock(body, _ABOUT))

    def open(self, value: str) -> Visit | None:
        """Return the visit of a cookie; ``None`` when it is over, altered or none."""
        try:
            body = self._box.unlock(_bytes(value), _ABOUT)
            version, number, until, nonce = _BODY.unpack(body)
        except (TableError, ValueError, struct.error):
            return None
        if version != _VERSION or until < _second(clock.now()):
            return None
        return Visit(number, until, nonce)

    def new_form(self) -> str:
        """Return the value of a form cookie: chance and the second it was made in, signed."""
        head = bytes.fromhex(ids.new(16)) + _second(clock.now()).to_bytes(8, "big")
        return _text(head + self._mac(b"cookie", head))

    def form_age(self, value: str) -> int | None:
        """Return the age of a form cookie in seconds; ``None`` when it is too old or not ours."""
        try:
            raw = _bytes(value)
        except ValueError:
            return None
        head, mac = raw[:24], raw[24:]
        if not hmac.compare_digest(mac, self._mac(b"cookie", head)):
            return None
        age = _second(clock.now()) - int.from_bytes(head[16:], "big")
        return age if 0 <= age <= FORM_SECONDS else None

    def form_token(self, of: bytes, purpose: str) -> str:
        """Return the token that a form carries.

        Args:
            of: The form cookie's value, or the nonce of a visit.
            purpose: What the form does.
        """
        return self._mac(b"token:" + purpose.encode(), of).hex()

    def is_token(self, given: str, of: bytes, purpose: str) -> bool:
        """Say whether a form came from a page of ours, in constant time."""
        wanted = self.form_token(of, purpose)
        return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())

    def _mac(self, about: bytes, value: bytes) -> bytes:
        return hmac.digest(self._form_key, about + b"\x00" + value, "sha256")[:16]


def _drawn(key: bytes, name: bytes) -> bytes:
    return hmac.digest(key, b"amends/1/site/" + name, hashlib.sha256)


def _second(at: datetime) -> int:
    return int(at.timestamp())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Return the bytes of unpadded base64url.

    Raises:
        ValueError: It is none.
    """
    if len(text) > 400 or not text.isascii():
        raise ValueError("length")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error
