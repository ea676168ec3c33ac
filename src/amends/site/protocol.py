"""How bytes become requests: uvicorn's parser with bounds on time, size and number that it does not keep itself.

A connection has its headers whole in time or is closed; headers have a size; beyond a number of connections each new
one is told to come back; whoever does not read what was sent to them is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from amends.site.answers import Canned, ShortPages
from amends.site.settings import Limits

_UNREAD_SECONDS = 30.0


class SteadyProtocol(HttpToolsProtocol):
    """One connection, within limits."""

    limits = Limits()
    pages: Callable[[], ShortPages] = staticmethod(ShortPages)

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's own type
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._head_timer: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Start the clock of the first headers, or turn the connection away."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._refuse(self.pages().busy())
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._head_is_whole()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes in, as long as the headers stay within their size."""
        if self.transport.is_closing() or self.parser is None:
            return
        if self._in_head:
            if self._head_timer is None:
                self._expect_head()
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
        """Let the request begin."""
        self._head_is_whole()
        if len(self.url) > self.limits.head_bytes:
            raise ValueError("address beyond its bound")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request; what follows on the connection are headers again."""
        super().on_message_complete()
        self._in_head = True

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

    def _expect_head(self) -> None:
        self._head_timer = self.loop.call_later(self.limits.head_seconds, self._head_is_late)

    def _head_is_whole(self) -> None:
        self._in_head, self._head_bytes = False, 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refuse(self.pages()[408]) if self._head_bytes else self.transport.close()

    def _refuse(self, answer: Canned) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer.wire)
            self.transport.close()
            self.loop.call_later(_UNREAD_SECONDS, self.transport.abort)


def protocol_within(limits: Limits, pages: Callable[[], ShortPages]) -> type[asyncio.Protocol]:
    """Return the protocol of connections within these limits, with the short pages of the present edition."""
    own = {"limits": limits, "pages": staticmethod(pages)}
    return cast(type[asyncio.Protocol], type("BoundProtocol", (SteadyProtocol,), own))
