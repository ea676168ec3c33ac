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
_TIMESTAMP = re.compile(rb"[0-9]{1,12}")
_NOBODY = bytes(KEY_BYTES)


class Nonces(Protocol):
    """Whatever remembers nonces."""

    @property
    def not_before(self) -> int:
        """Return the Unix second before which no request is taken, because its nonce may be forgotten."""
        ...

    def take(self, key_id: bytes, nonce: bytes) -> bool:
        """Remember a nonce; say whether it is new.

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


def account_ref(account_key: bytes, account: str) -> str:
    """Return the reference of a customer account: 64 hex digits."""
    return hmac.digest(account_key, account.encode(), "sha256").hex()


def signature(
    request_key: bytes, method: bytes, path: bytes, timestamp: bytes, nonce: bytes
) -> bytes:
    """Return the signature of a request, as hex: over its four parts with a line feed between each."""
    message = b"%b\n%b\n%b\n%b" % (method, path, timestamp, nonce)
    return hmac.digest(request_key, message, "sha256").hex().encode()


class RequestGate:
    """Lets the company's requests in, each once.

    Args:
        keys: Key id -> request key of 32 bytes.
        nonces: What remembers nonces.
    """

    def __init__(self, keys: Mapping[str, bytes], nonces: Nonces) -> None:
        self._keys = {key_id.encode(): key for key_id, key in keys.items()}
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
        key = self._keys.get(key_id)
        # An unknown key costs the same arithmetic as a known one.
        wanted = signature(_NOBODY if key is None else key, method, path, stamp, nonce)
        if not hmac.compare_digest(wanted, given) or key is None:
            return "refused"
        if not (_TIMESTAMP.fullmatch(stamp) and _NONCE.fullmatch(nonce)):
            return "refused"
        sent = int(stamp)
        if abs(sent - now) > CLOCK_SECONDS or sent < self._nonces.not_before:
            return "refused"
        try:
            return "accepted" if self._nonces.take(key_id, nonce) else "refused"
        except NoncesFullError:
            return "full"
