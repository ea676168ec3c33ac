"""Taking connections in: some hundreds a round of the event loop, and whom there is no room for is told so at once.

The loop is asyncio's own. It looks at each connection once a round, so pages, refusals and new connections take turns.
uvloop, as quick per request here, does not: libuv goes on reading while a thousand connections have something to say,
and takes one new connection a round; with two thousand people asking at once nobody new came in for twelve seconds.

Source:
    libuv, ``uv__io_poll`` (48 times 1,024 events a round) and, since 1.45, "don't accept() connections in a loop".
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import cast

import uvicorn

from amends.site.protocol import SteadyProtocol

log = logging.getLogger(__name__)

AT_ONCE = 256
"""Connections taken in one round: some ten milliseconds of work."""

_REST_SECONDS = 0.2
"""Pause when the system has no more files to give."""


class SteadyServer(uvicorn.Server):
    """uvicorn, but for how connections are taken in."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._opening: set[asyncio.Task[object]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, start the application, then take connections in: who comes before that waits, and is not refused."""
        for bound in sockets or []:
            bound.setblocking(False)
            bound.listen(self.config.backlog)
        await super().startup(sockets=[])
        for bound in sockets or []:
            self._listen(bound)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections in, and end."""
        loop = asyncio.get_running_loop()
        for bound in sockets or []:
            loop.remove_reader(bound)
        await super().shutdown(sockets)

    def _listen(self, bound: socket.socket) -> None:
        if bound.fileno() >= 0 and not self.should_exit:
            asyncio.get_running_loop().add_reader(bound, self._take_in, bound)

    def _take_in(self, bound: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        kind = cast(type[SteadyProtocol], self.config.http_protocol_class)
        for _ in range(AT_ONCE):
            try:
                line, _ = bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.error("no connection can be taken in: %s", error.strerror)
                loop.remove_reader(bound)
                loop.call_later(_REST_SECONDS, self._listen, bound)
                return
            line.setblocking(False)
            if len(self.server_state.connections) + len(self._opening) >= kind.limits.connections:
                _turn_away(line, kind.pages().busy().wire)
                continue
            with contextlib.suppress(OSError):
                line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task: asyncio.Task[object] = loop.create_task(
                loop.connect_accepted_socket(self._protocol, line)
            )
            self._opening.add(task)
            task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[object]) -> None:
        self._opening.discard(task)
        if not task.cancelled():
            task.exception()  # the other side was gone already: nobody is left to tell

    def _protocol(self) -> asyncio.Protocol:
        kind = cast(type[SteadyProtocol], self.config.http_protocol_class)
        return kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


def _turn_away(line: socket.socket, answer: bytes) -> None:
    """Tell somebody to come back. What they sent is read first: a close with unread bytes would drop the answer."""
    with line, contextlib.suppress(OSError):
        with contextlib.suppress(BlockingIOError):
            line.recv(65536)
        line.send(answer)
        line.shutdown(socket.SHUT_WR)
