"""What stands before every page: the host asked for, the size of what is sent, and the headers of every answer.

Source:
    OWASP Secure Headers Project and CSP Level 3 (read November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1_000_000
"""Largest form. The console takes no files."""


_HEADERS = {
    "content-security-policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "x-robots-tag": "noindex",
}

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Guard:
    """Wraps the application.

    Args:
        app: What it wraps.
        hosts: Host names that may be asked for, without port.
        secure: Whether the console is reached by https.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], *, secure: bool) -> None:
        """Keep what to check."""
        self._app = app
        self._hosts = frozenset(h.lower() for h in hosts)
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), str(scope["path"]))
            await send(message)

        refusal = self._refusal(headers)
        if refusal is not None:
            await refusal(scope, receive, sealed)
            return
        await self._app(scope, _bounded(receive), sealed)

    def _refusal(self, headers: Headers) -> PlainTextResponse | None:
        if host_of(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("This console does not answer under that name.\n", 421)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > MOST_BYTES:
            return PlainTextResponse("That is more than a form of the console holds.\n", 413)
        return None

    def _add_headers(self, headers: MutableHeaders, path: str) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        if self._secure:
            headers.setdefault("strict-transport-security", "max-age=31536000")
        lasting = path.startswith("/assets/")
        headers.setdefault("cache-control", "private, max-age=600" if lasting else "no-store")


def host_of(header: str) -> str:
    """Return the name in a Host header, without port; "" when it is malformed."""
    text = header.strip().lower()
    if text.startswith("["):
        name, closed, rest = text[1:].partition("]")
        return name if closed and (not rest or rest[1:].isdigit()) else ""
    name, _, port = text.partition(":")
    return name if not port or port.isdigit() else ""


def _bounded(receive: Receive) -> Receive:
    """Return a ``receive`` that ends a body which grows beyond what a form holds, said or unsaid."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return counted
