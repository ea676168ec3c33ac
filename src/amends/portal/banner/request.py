"""Is this request from the company? Key, clock, nonce and signature, as DESIGN section 9 has them.

Source:
    HMAC: RFC 2104, with SHA-256 (FIPS 180-4). A timestamp and a nonce against replay: OAuth 1.0, RFC 5849, section 3.3.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from amends.kernel.errors import UsageError
from amends.portal.keys import CompanyKeys

KEY_HEADER = "X-Amends-Key"
TIMESTAMP_HEADER = "X-Amends-Timestamp"
NONCE_HEADER = "X-Amends-Nonce"
SIGNATURE_HEADER = "X-Amends-Signature"

CLOCK_SECONDS = 300
"""How far the company's clock may be from ours, either way."""

KEY_BYTES = 32

Verdict = Literal["accepted", "refused", "full"]

_NONCE = re.compile(rb"[A-Za-z0-9_\-]{16,64}")
_STAMP_DIGITS = 12


class Nonces(Protocol):
    """Whatever remembers nonces."""

    @property
    def not_before(self) -> int:
        """Return the Unix second before which no request is taken, because its nonce may be forgotten."""
        ...

    def take(self, key_id: bytes, nonce: bytes, now: int) -> bool:
        """Remember a nonce at a Unix second; say whether it is new.

        Raises:
            NoncesFullError: There is no room to remember it.
        """
        ...


class NoncesFullError(Exception):
    """More nonces came than can be remembered; the request may be honest, and is not answered."""


def read_company_keys(path: Path) -> CompanyKeys:
    """Read ``banner.json``, where the company keeps it.

    Raises:
        UsageError: It is not there, or is no banner key.
    """
    try:
        held = json.loads(path.read_text("utf-8"))
        key_id = str(held["key_id"])
        request, account = (bytes.fromhex(held[n]) for n in ("request_key", "account_key"))
        if not key_id or {len(request), len(account)} != {KEY_BYTES}:
            raise ValueError("length of a key")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "The banner's key file cannot be read",
            where=str(path),
            remedy="give the file CASE/keys/banner.json, which the first publish makes",
        ) from error
    return CompanyKeys(key_id, request, account)


def signature(
    request_key: bytes, method: bytes, path: bytes, timestamp: bytes, nonce: bytes
) -> str:
    """Return the signature of a request, as hex: over its four parts with a line feed between each."""
    return _marked(hmac.new(request_key, digestmod="sha256"), method, path, timestamp, nonce)


def _marked(keyed: hmac.HMAC, method: bytes, path: bytes, timestamp: bytes, nonce: bytes) -> str:
    made = keyed.copy()
    made.update(b"%b\n%b\n%b\n%b" % (method, path, timestamp, nonce))
    return made.hexdigest()


class RequestGate:
    """Lets the company's requests in, each once.

    Args:
        keys: Key id -> request key of 32 bytes.
        nonces: What remembers nonces.
    """

    def __init__(self, keys: Mapping[str, bytes], nonces: Nonces) -> None:
        self._keys = {key_id.encode(): _keyed(key) for key_id, key in keys.items()}
        self._nobody = _keyed(bytes(KEY_BYTES))
        self._nonces = nonces

    def check(
        self, method: bytes, path: bytes, headers: Mapping[bytes, bytes], now: int
    ) -> Verdict:
        """Say whether to answer a request.

        Args:
            method: As sent.
            path: As sent, before decoding, with the query if there is one.
            headers: Names in lower case.
            now: Unix second.

        Returns:
            ``accepted``; ``refused`` for every fault of the request, none told from another; ``full`` when the
            nonce cannot be remembered.
        """
        key_id = headers.get(b"x-amends-key", b"")
        stamp = headers.get(b"x-amends-timestamp", b"")
        nonce = headers.get(b"x-amends-nonce", b"")
        given = headers.get(b"x-amends-signature", b"").lower()
        keyed = self._keys.get(key_id)
        # An unknown key costs the same arithmetic as a known one.
        wanted = _marked(keyed or self._nobody, method, path, stamp, nonce).encode()
        if not hmac.compare_digest(wanted, given) or keyed is None:
            return "refused"
        if len(stamp) > _STAMP_DIGITS or not stamp.isdigit() or not _NONCE.fullmatch(nonce):
            return "refused"
        sent = int(stamp)
        if abs(sent - now) > CLOCK_SECONDS or sent < self._nonces.not_before:
            return "refused"
        try:
            return "accepted" if self._nonces.take(key_id, nonce, now) else "refused"
        except NoncesFullError:
            return "full"


def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")
