"""The reference connector: JSON over HTTPS, each request signed, nothing personal in an address, no redirect followed.

POST URL       {"requests": [{"key", "action", "account_ref", "source", "asked_at"}]}
POST URL/ask   {"keys": [...]}
answer, 200    {"outcomes": [{"key", "state", "reference", "retry_after"}]}

``state`` is ``done``, ``pending``, ``refused``, ``busy`` (not taken), and for ``ask`` also ``absent``. The signature is
that of the banner with one line more for the body: hex HMAC-SHA256 over METHOD, PATH, TIMESTAMP, NONCE and the hex
SHA-256 of the body, with line feeds between.

Source:
    Retry-After, 429 and 503: RFC 9110, sections 10.2.3 and 15.6.4; RFC 6585, section 4. HMAC: RFC 2104.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from amends.kernel import clock, ids
from amends.kernel.errors import DeliveryError, UsageError
from amends.portal.protection.connector import Outcome, Request, Said

_LARGEST_ANSWER = 16 << 20
_STATES: Mapping[str, Said] = {
    "done": "done", "pending": "pending", "refused": "refused", "busy": "later", "absent": "absent",
}  # fmt: skip
_LONGEST_WAIT_SECONDS = 3600.0


@dataclass(frozen=True)
class SigningSecret:
    """The key that signs requests to the company.

    Attributes:
        key_id: Names it.
        key: 32 bytes or so.
    """

    key_id: str
    key: bytes

    def __repr__(self) -> str:
        """Show no key."""
        return f"SigningSecret({self.key_id!r})"

    @classmethod
    def read(cls, path: Path) -> SigningSecret:
        """Read ``{"key_id", "request_key"}``, the form of ``CASE/keys/banner.json``.

        Raises:
            UsageError: It is not there, or not of that form.
        """
        try:
            held = json.loads(path.read_text("utf-8"))
            return cls(str(held["key_id"]), bytes.fromhex(held["request_key"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                "The key that signs requests cannot be read",
                where=path.name,
                remedy='write JSON with "key_id" and "request_key" (hex), as in CASE/keys/banner.json',
            ) from error


def signature(key: bytes, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    """Return the signature of a request, in hex."""
    lines = "\n".join((method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(key, lines.encode(), hashlib.sha256).hexdigest()


class HttpConnector:
    """Speaks to the company's system over HTTPS; plain HTTP only on this very machine.

    Args:
        url: Address that takes requests.
        secret: Signs them.
        timeout_seconds: How long an answer may take.
        cafile: Certificates to trust beside the system's; "" = none.
    """

    def __init__(
        self, url: str, secret: SigningSecret, *, timeout_seconds: float = 15.0, cafile: str = ""
    ) -> None:
        """Check the address.

        Raises:
            UsageError: It is none, or would send requests in clear.
        """
        parts = urlsplit(url)
        local = parts.scheme == "http" and _is_loopback(parts.hostname or "")
        if not parts.hostname or parts.username or not (parts.scheme == "https" or local):
            raise UsageError(
                "The address of the company's system cannot be used",
                where="[protection] url",
                remedy="write https://host/path (http:// only for this machine), without a password in it",
            )
        self._parts, self._secret, self._timeout = parts, secret, timeout_seconds
        self._path = parts.path.rstrip("/") or "/"
        self._context = ssl.create_default_context() if parts.scheme == "https" else None
        if cafile and self._context:
            self._context.load_verify_locations(cafile)
        self._connection: http.client.HTTPConnection | None = None
        self.settle_seconds = timeout_seconds

    def submit(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """Hand requests over; return one outcome each."""
        body = {"requests": [r.__dict__ for r in requests]}
        return self._outcomes(self._path, body, [r.key for r in requests], asking=False)

    def ask(self, keys: Sequence[str]) -> Sequence[Outcome]:
        """Say what became of requests."""
        return self._outcomes(
            self._path.rstrip("/") + "/ask", {"keys": list(keys)}, keys, asking=True
        )

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # ------------------------------------------------------------------ one exchange

    def _outcomes(
        self, path: str, body: object, keys: Sequence[str], *, asking: bool
    ) -> Sequence[Outcome]:
        try:
            connection = self._connected()
        except OSError as error:  # nothing was sent
            self.close()
            return _all(
                keys, "unknown" if asking else "later", f"no connection: {type(error).__name__}"
            )
        try:
            status, wait, raw = self._exchange(connection, path, json.dumps(body).encode())
        except (OSError, http.client.HTTPException) as error:  # it may have been taken
            self.close()
            return _all(keys, "unknown", f"no answer: {type(error).__name__}")
        if status == 200:
            return _read(raw, keys, asking)
        _stop_at_once(status)
        # 429 is said before a request is looked at; any other may come after the work was done.
        said: Said = "later" if status == 429 and not asking else "unknown"
        return _all(keys, said, f"http {status}", wait)

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._context is not None:
                self._connection = http.client.HTTPSConnection(
                    host, port, timeout=self._timeout, context=self._context
                )
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
            self._connection.connect()
        return self._connection

    def _exchange(
        self, connection: http.client.HTTPConnection, path: str, body: bytes
    ) -> tuple[int, float, bytes]:
        timestamp, nonce = str(int(clock.now().timestamp())), ids.new(16)
        headers = {
            "Content-Type": "application/json",
            "X-Amends-Key": self._secret.key_id,
            "X-Amends-Timestamp": timestamp,
            "X-Amends-Nonce": nonce,
            "X-Amends-Signature": signature(self._secret.key, "POST", path, timestamp, nonce, body),
        }
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        raw = answer.read(_LARGEST_ANSWER)
        if not answer.isclosed() or answer.will_close:
            self.close()
        return answer.status, _wait(answer.getheader("Retry-After")), raw


def _stop_at_once(status: int) -> None:
    """Raise for answers that say that every request would fare the same.

    Raises:
        DeliveryError: The address leads elsewhere, or the company's system does not know us.
    """
    if 300 <= status < 400:
        what, remedy = "leads elsewhere; nothing is sent after it", "write the final address"
    elif status in (401, 403):
        what, remedy = "does not accept our signature", "compare key file and clocks of both sides"
    elif 400 <= status < 500 and status not in (408, 425, 429):
        what, remedy = "does not understand the request", "check the address with the company"
    else:
        return
    raise DeliveryError(
        f"The company's system {what} (http {status})", where="[protection] url", remedy=remedy
    )


def _all(
    keys: Sequence[str], said: Said, evidence: str, wait_seconds: float = 0.0
) -> Sequence[Outcome]:
    return [Outcome(key, said, evidence, wait_seconds) for key in keys]


def _read(raw: bytes, keys: Sequence[str], asking: bool) -> Sequence[Outcome]:
    """Return the outcomes of an answer; what it does not speak of is unknown."""
    try:
        told = {str(o["key"]): o for o in json.loads(raw)["outcomes"]}
    except (ValueError, KeyError, TypeError, RecursionError):
        return _all(keys, "unknown", "the answer cannot be read")
    return [_outcome(key, told.get(key), asking) for key in keys]


def _outcome(key: str, told: Mapping[str, Any] | None, asking: bool) -> Outcome:  # Any: JSON
    if not isinstance(told, dict):
        return Outcome(key, "unknown", "the answer does not speak of it")
    said = _STATES.get(str(told.get("state")))
    if said is None or said == ("later" if asking else "absent"):
        return Outcome(key, "unknown", "the answer is not understood")
    reference = "".join(c for c in str(told.get("reference") or "") if c.isalnum() or c in "-_.:/")
    return Outcome(key, said, reference[:80], _wait(told.get("retry_after")))


def _wait(text: object) -> float:
    """Return seconds to wait; 0 where nothing sensible is said. A date in Retry-After counts as a minute."""
    if text is None or text == "":
        return 0.0
    try:
        return max(0.0, min(float(str(text)), _LONGEST_WAIT_SECONDS))
    except ValueError:
        return 60.0


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
