"""The client: asks a service of the brake, on its local socket or by HTTP.

with BrakeClient("vault/brake.sock", actor="call-centre") as brake:
    masked = brake.reveal("ssn", [token], purpose="identity-check", case="T-1042")
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from amends.kernel.errors import DeliveryError, UsageError

_SECONDS = 15.0


class Refused(DeliveryError):  # noqa: N818 - reads as the state it is
    """The brake gave nothing out.

    Attributes:
        status: HTTP status.
        code: Why, in one word: ``over_budget``, ``stopped``, ``masked_only`` …
        retry_seconds: When to try again; 0 when waiting does not help.
    """

    def __init__(self, status: int, code: str, what: str, remedy: str, retry_seconds: int) -> None:
        super().__init__(what, remedy=remedy)
        self.status, self.code, self.retry_seconds = status, code, retry_seconds


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        values: One for each token, in order: masked, or in clear where that was asked for.
        masked: Whether they are masked.
        left_hour: Persons left to this actor and purpose in the hour.
        left_day: And in the day.
    """

    values: tuple[str, ...]
    masked: bool
    left_hour: int
    left_day: int


class BrakeClient:
    """A client; one may serve many threads, each has a connection of its own.

    Args:
        address: Path of the local socket, or ``http://`` or ``https://`` address.
        actor: Name to ask under.
        key: The actor's key; not needed on the local socket by the actor's own account.
        certificates: Certificates (PEM) to trust the service by, instead of the system's.

    Raises:
        UsageError: The address is of no known kind.
    """

    def __init__(
        self, address: str | Path, actor: str, key: str = "", *, certificates: Path | None = None
    ) -> None:
        self._address, self._actor, self._key = str(address), actor, key.strip()
        self._own = threading.local()
        self._certificates = certificates
        if "://" in self._address and urlsplit(self._address).scheme not in ("http", "https"):
            raise UsageError(
                "The address of the brake is of no known kind",
                remedy="give the path of its socket, or http://… or https://…",
            )

    def __enter__(self) -> BrakeClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def reveal(
        self,
        domain: str,
        tokens: Sequence[str],
        *,
        purpose: str,
        case: str,
        clear: bool = False,
        persons: Sequence[str] | None = None,
    ) -> list[str]:
        """Return what stands behind tokens: masked, or in clear where the purpose allows it.

        Args:
            domain: Domain of the tokens.
            tokens: Up to 100.
            purpose: What for.
            case: Reference of the case, such as a ticket's number.
            clear: Ask for values in clear.
            persons: The company's own ids of the persons, one a token, so that several tokens of one count once.

        Raises:
            Refused: Nothing was given out; says why and when to try again.
            UsageError: The service cannot be reached.
        """
        answer = self.ask(domain, tokens, purpose=purpose, case=case, clear=clear, persons=persons)
        return list(answer.values)

    def ask(
        self,
        domain: str,
        tokens: Sequence[str],
        *,
        purpose: str,
        case: str,
        clear: bool = False,
        persons: Sequence[str] | None = None,
    ) -> Answer:
        """Return the whole answer; see :meth:`reveal`."""
        asked: dict[str, object] = {
            "actor": self._actor, "purpose": purpose, "case": case, "domain": domain, "tokens": list(tokens),
            "clear": clear,
        }  # fmt: skip
        if persons is not None:
            asked["persons"] = list(persons)
        status, retry, told = self._post(json.dumps(asked).encode())
        if status != 200:
            error = told.get("error") or {}
            raise Refused(
                status, str(error.get("code", "failed")), str(error.get("what", "The brake refused")),
                str(error.get("remedy", "")), retry,
            )  # fmt: skip
        left = told["left"]
        return Answer(tuple(told["answers"]), bool(told["masked"]), left["hour"], left["day"])

    def close(self) -> None:
        """Close this thread's connection."""
        held = getattr(self._own, "connection", None)
        if held is not None:
            held.close()
            self._own.connection = None

    def _post(self, body: bytes) -> tuple[int, int, dict[str, Any]]:
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        fresh = getattr(self._own, "connection", None) is None
        try:
            return self._sent(body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            # A connection that was idle may have been closed by the service: once more on a new one. Asking again
            # for the same persons costs nothing.
            if not fresh and isinstance(
                error, http.client.RemoteDisconnected | BrokenPipeError | ConnectionResetError
            ):
                try:
                    return self._sent(body, headers)
                except (OSError, http.client.HTTPException):
                    self.close()
            raise UsageError(
                "The brake cannot be reached",
                where=self._address,
                remedy="start it with: amends vault serve VAULT; or mend the rights on its socket",
            ) from None

    def _sent(self, body: bytes, headers: dict[str, str]) -> tuple[int, int, dict[str, Any]]:
        held = getattr(self._own, "connection", None)
        if held is None:
            held = self._own.connection = self._opened()
        held.request("POST", "/v1/reveal", body, headers)
        response = held.getresponse()
        text = response.read()
        retry = response.getheader("Retry-After", "0")
        try:
            told = json.loads(text)
        except ValueError as error:
            raise http.client.HTTPException from error
        return response.status, int(retry) if retry.isdigit() else 0, told

    def _opened(self) -> http.client.HTTPConnection:
        if "://" not in self._address:
            return _Local(self._address)
        parts = urlsplit(self._address)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_SECONDS)
        cafile = str(self._certificates) if self._certificates else None
        context = ssl.create_default_context(cafile=cafile)
        return http.client.HTTPSConnection(
            parts.hostname or "", parts.port, timeout=_SECONDS, context=context
        )


class _Local(http.client.HTTPConnection):
    """HTTP on a local socket."""

    def __init__(self, path: str) -> None:
        super().__init__("brake", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's path."""
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(self.timeout)
        try:
            made.connect(self._path)
        except OSError:
            made.close()
            raise
        self.sock = made
