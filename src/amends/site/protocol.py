"""How bytes become requests: uvicorn's parser with bounds on time, size and number that it does not keep itself.

A connection has its headers whole in time or is closed; headers have a size; beyond a number of connections each new
one is told to come back; whoever does not read what was sent to them is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from amends.site.answers import Canned, Headers, ShortPages
from amends.site.settings import Limits

_UNREAD_SECONDS = 30.0


AtOnce = Callable[[bytes, str, Iterable[tuple[bytes, bytes]]], tuple[int, Headers, bytes] | None]


class _Done:
    """Stands for a request that was answered at once, where uvicorn looks for the one it works on."""

    response_complete = True
    disconnected = False
    keep_alive = True
    message_event = asyncio.Event()


_DONE = _Done()


def _nothing(
    method: bytes, path: str, headers: Iterable[tuple[bytes, bytes]]
) -> tuple[int, Headers, bytes] | None:
    return None


class SteadyProtocol(HttpToolsProtocol):
    """One connection, within limits."""

    limits = Limits()
    pages: Callable[[], ShortPages] = staticmethod(ShortPages)
    at_once: AtOnce = staticmethod(_nothing)

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's own type
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clock of the first headers, or turn the connection away."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(self.pages().busy())
            return
        self._expect(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, as long as the headers stay within their size."""
        if self.transport.is_closing() or self.parser is None:
            return
        if self._in_head:
            if self._timer is None:
                self._expect(self.limits.head_seconds)
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head_bytes + self.limits.body_bytes:
                self._refuse(self.pages()[431])
                return
        super().data_received(data)
        if self._in_head and self._head_bytes > self.limits.head_bytes:
            self._refuse(self.pages()[431])

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header in; too many or too long end the request."""
        super().on_header(name, value)
        size = sum(len(n) + len(v) + 4 for n, v in self.headers) if len(value) > 512 else 0
        if len(self.headers) > 100 or size > self.limits.head_bytes:
            raise ValueError("headers beyond their bounds")

    def on_headers_complete(self) -> None:
        """Let the request begin; its body, too, has to be whole in time."""
        self._in_head, self._head_bytes = False, 0
        self._stop_clock()
        self._expect(self.limits.head_seconds + self.limits.body_seconds)
        if len(self.url) > self.limits.head_bytes:
            raise ValueError("address beyond its bound")
        if not self._answered_at_once():
            super().on_headers_complete()

    def _answered_at_once(self) -> bool:
        """Answer without an application what needs no work; say whether it was answered."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or self.pipeline or self.flow.write_paused or self.transport.is_closing():
            return False
        if self.expect_100_continue or not self.parser.should_keep_alive():
            return False
        method, path = self.parser.get_method(), self.url.partition(b"?")[0].decode("latin-1")
        found = self.at_once(method, path, self.headers)
        if found is None:
            return False
        status, headers, body = found
        lines = [STATUS_LINE[status]]
        for name, value in (*self.server_state.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
        lines += (b"\r\n", body)
        self.transport.write(b"".join(lines))
        self.cycle = cast(RequestResponseCycle, _DONE)
        self.on_response_complete()
        return True

    def on_message_complete(self) -> None:
        """End a request; what follows on the connection are headers again."""
        self._stop_clock()
        super().on_message_complete()
        self._in_head = True
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            self.on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request in our own words and with our own headers."""
        self._refuse(self.pages()[400])

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: a stranger's wish is no event."""

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, at last also that of someone who does not read."""
        if self.transport.is_closing():
            return
        if self.transport.get_write_buffer_size():
            self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)
        self.transport.close()

    def _expect(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._is_late)

    def _stop_clock(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._in_head and self._head_bytes:
            self._refuse(self.pages()[408])
        else:
            self.transport.close()
            self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)

    def _refuse(self, answer: Canned) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer.wire)
            self.transport.close()
            self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)


def protocol_within(
    limits: Limits, pages: Callable[[], ShortPages], at_once: AtOnce = _nothing
) -> type[asyncio.Protocol]:
    """Return the protocol of connections of one site.

    Args:
        limits: Their bounds.
        pages: Returns the short pages of the present edition.
        at_once: Answers what needs no work.
    """
    own = {"limits": limits, "pages": staticmethod(pages), "at_once": staticmethod(at_once)}
    return cast(type[asyncio.Protocol], type("BoundProtocol", (SteadyProtocol,), own))
