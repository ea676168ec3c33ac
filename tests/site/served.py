"""A site behind a real socket, in a thread, with short limits; and what it answers to raw bytes."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from amends.site.context import open_site
from amends.site.listening import SteadyServer
from amends.site.server import config_of
from amends.site.settings import Limits, SiteSettings
from tests.portal.world import World

SHORT = Limits(
    head_seconds=0.4, body_seconds=0.4, keep_alive_seconds=1, connections=20, head_bytes=8192
)


@dataclass(frozen=True)
class Served:
    """A port that is listened to."""

    port: int
    server: uvicorn.Server

    def connect(self) -> socket.socket:
        """Return a connection."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def ask(self, request: bytes) -> bytes:
        """Send bytes and return all that comes back until the connection is closed."""
        with self.connect() as line:
            line.sendall(request)
            return read_all(line)


def read_all(line: socket.socket) -> bytes:
    """Return all that comes until the connection is closed."""
    parts = []
    while True:
        try:
            part = line.recv(65536)
        except ConnectionError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


@contextmanager
def served(world: World, limits: Limits = SHORT) -> Iterator[Served]:
    """Serve a world on a free port."""
    site = open_site(SiteSettings(world.published, limits=limits))
    server = SteadyServer(config_of(site))
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield Served(bound.getsockname()[1], server)
    finally:
        server.should_exit = True
        thread.join(20)
