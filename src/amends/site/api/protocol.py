"""Signed requests answered where their bytes arrive: uvicorn's parser, without a task and an event for each.

An answer waits for nothing, so a task of its own wins nothing and costs a quarter of a request's time. Whatever is not
a plain GET of a banner goes uvicorn's own way. Measured by ``bench/site_banner.py``.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from amends.site.api.app import BANNER, MOUNT, BannerApi

_PREFIX = (MOUNT + BANNER).encode()
_MOST_HEADERS = 100
_HEAD_BYTES = 16 * 1024
"""Largest request line with headers; what common servers take (8-16 KiB)."""


class BannerProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # Any: uvicorn's own type
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._api = self.app if isinstance(self.app, BannerApi) else None
        self._at_once = False
        self._size = 0
        self._date: tuple[object, bytes] = None, b""

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._size = 0

    def on_url(self, url: bytes) -> None:
        """Take a part of the address in."""
        self.url += url
        self._grow(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header in."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        self._grow(len(name) + len(value))

    def on_headers_complete(self) -> None:
        """Let the request begin, or keep it for the end of the message."""
        parser, url = self.parser, self.url
        self._at_once = (
            self._api is not None
            and url.startswith(_PREFIX)
            and b"%" not in url
            and url.isascii()
            and (self.cycle is None or self.cycle.response_complete)
            and not self.expect_100_continue
            and not parser.should_upgrade()
            and parser.get_http_version() == "1.1"
        )
        if not self._at_once:
            headers, expect = self.headers, self.expect_100_continue
            super().on_message_begin()
            self.url, self.expect_100_continue = url, expect
            self.headers.extend(headers)
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body in; that of a banner's request means nothing and is dropped."""
        if not self._at_once:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer."""
        if not self._at_once:
            super().on_message_complete()
        elif self._api is not None and not self.transport.is_closing():
            self._answer(self._api)

    def pause_writing(self) -> None:
        """Read no more from whoever does not take what was written."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        super().resume_writing()
        self.flow.resume_reading()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, unless the connection is closing already."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _answer(self, api: BannerApi) -> None:
        method = self.parser.get_method().decode("ascii")
        path = self.url.partition(b"?")[0].decode("ascii")
        reply = api.reply(method, path[len(MOUNT) :], self.url, dict(self.headers))
        stays = self.parser.should_keep_alive()
        end = b"\r\n" if stays else b"connection: close\r\n\r\n"
        self.server_state.total_requests += 1
        self.transport.write(b"".join((reply.head, self._dated(), end, reply.body)))
        if not stays:
            self.transport.close()
            return
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _dated(self) -> bytes:
        """Return the headers that uvicorn gives every answer; it makes them anew each second."""
        headers = self.server_state.default_headers
        if headers is not self._date[0]:
            self._date = headers, b"".join(b"%b: %b\r\n" % pair for pair in headers)
        return self._date[1]

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > _HEAD_BYTES or len(self.headers) > _MOST_HEADERS:
            raise ValueError("headers beyond their bounds")
