"""HTTP on a local socket or on TCP, within bounds on time, size and number.

One request at a time on a connection; it has to be whole in time; whoever does not read what was sent is let go. The
same protocol on both kinds of socket: one path from bytes to an answer.

Source:
    HTTP/1.1: RFC 9112. SO_PEERCRED: unix(7).
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

import httptools
import orjson

from amends.vault.brake.answering import Caller


@dataclass(frozen=True)
class Limits:
    """What is taken on at once.

    Attributes:
        connections: Open connections; each further one is told to come back.
        head_bytes: Length of address and headers.
        body_bytes: Length of a body: a full batch of long tokens.
        request_seconds: Until a request must be whole.
        idle_seconds: How long a connection may wait between requests.
        unread_seconds: How long an answer may wait to be read.
    """

    connections: int = 512
    head_bytes: int = 16_384
    body_bytes: int = 524_288
    request_seconds: float = 10.0
    idle_seconds: float = 75.0
    unread_seconds: float = 30.0


@dataclass(frozen=True)
class Request:
    """A request that is whole."""

    method: str
    path: str
    headers: dict[bytes, bytes]
    body: bytes
    caller: Caller


@dataclass(frozen=True)
class Response:
    """An answer; its body becomes JSON."""

    status: int
    body: object
    retry_seconds: int = 0


Answer = Callable[[Request], Awaitable[Response]]


class Connection(asyncio.Protocol):
    """One connection.

    Args:
        answer: Answers a request; never raises.
        open_now: All open connections.
        limits: Bounds.
    """

    def __init__(self, answer: Answer, open_now: set[Connection], limits: Limits) -> None:
        self._answer = answer
        self._open_now = open_now
        self._limits = limits
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._peer = Caller("?")
        self._closing = False
        self._start()

    @property
    def is_busy(self) -> bool:
        """Say whether a request is being answered."""
        return self._task is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection on, or tell it to come back."""
        self._transport = cast(asyncio.Transport, transport)
        self._peer = _peer(self._transport)
        if len(self._open_now) >= self._limits.connections:
            self._end(503, "busy", "Too many connections are open")
            return
        self._open_now.add(self)
        self._expect(self._limits.request_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection. A call under way is decided all the same: it counts."""
        self._open_now.discard(self)
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        self._closing = True

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        if self._closing:
            return
        if self._task is not None:
            self._end(400, "malformed", "One request at a time")
            return
        if not self._received:
            self._expect(self._limits.request_seconds)
        self._received += len(data)
        if self._received > self._limits.head_bytes + self._limits.body_bytes:
            self._end(413, "too_large", "The request is too large")
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end(400, "malformed", "The protocol cannot be changed")
        except httptools.HttpParserError:
            self._end(400, "malformed", "That is no HTTP request")
        if not self._is_whole_head and self._received > self._limits.head_bytes:
            self._end(431, "too_large", "The headers are too large")

    def pause_writing(self) -> None:
        """Begin to wait for a reader."""
        loop = asyncio.get_running_loop()
        self._unread = loop.call_later(self._limits.unread_seconds, self._abort)

    def resume_writing(self) -> None:
        """The reader is back."""
        if self._unread is not None:
            self._unread.cancel()

    def let_go(self) -> None:
        """Close once the answer under way is given."""
        self._last = True
        if self._task is None and self._transport is not None:
            self._transport.close()

    # ---- what the parser calls

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address in."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header in."""
        self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Check the length that the headers tell."""
        self._is_whole_head = True
        length = self._headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 12 or int(length) > self._limits.body_bytes:
            self._end(413, "too_large", "The request is too large")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body in."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer."""
        if self._closing or self._transport is None:
            return
        if self._task is not None:
            self._end(400, "malformed", "One request at a time")
            return
        self._stop_clock()
        request = Request(
            self._parser.get_method().decode("latin-1"),
            self._url.partition(b"?")[0].decode("latin-1"),
            self._headers,
            b"".join(self._body),
            self._peer,
        )
        keep = self._parser.should_keep_alive()
        self._task = asyncio.get_running_loop().create_task(self._answered(request, keep))

    # ---- answering

    async def _answered(self, request: Request, keep: bool) -> None:
        try:
            response = await self._answer(request)
        finally:
            self._task = None
        if self._closing or self._transport is None:
            return
        keep = keep and not self._last
        self._transport.write(_wire(response, keep))
        if keep:
            self._start()
            self._expect(self._limits.idle_seconds)
        else:
            self._closing = True
            self._transport.close()

    def _start(self) -> None:
        """Be ready for a request."""
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._body: list[bytes] = []
        self._received = 0
        self._is_whole_head = False
        self._last = getattr(self, "_last", False)

    def _end(self, status: int, code: str, what: str) -> None:
        """Answer what is no request, and close."""
        if self._closing or self._transport is None:
            return
        self._closing = True
        self._stop_clock()
        self._transport.write(_wire(Response(status, error_body(code, what)), keep=False))
        self._transport.close()

    def _expect(self, seconds: float) -> None:
        self._stop_clock()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._late)

    def _late(self) -> None:
        if self._received:
            self._end(408, "late", "The request did not come whole in time")
        elif self._transport is not None:
            self._transport.close()

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def error_body(code: str, what: str, remedy: str = "") -> dict[str, object]:
    """Return the body of a refusal."""
    return {"error": {"code": code, "what": what, "remedy": remedy}}


def _peer(transport: asyncio.Transport) -> Caller:
    held = transport.get_extra_info("socket")
    if held is not None and held.family == socket.AF_UNIX:
        pid, uid, _ = struct.unpack(
            "3i", held.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        )
        return Caller(f"uid {uid} pid {pid}", uid)
    name = transport.get_extra_info("peername")
    return Caller(str(name[0]) if name else "?")


def _wire(response: Response, keep: bool) -> bytes:
    body = orjson.dumps(response.body)
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        f"Connection: {'keep-alive' if keep else 'close'}",
    ]
    if response.retry_seconds:
        lines.append(f"Retry-After: {response.retry_seconds}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
