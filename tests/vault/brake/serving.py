"""A service in a thread of its own, as a process would run it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from amends.vault.brake.server import Serving, running
from tests.vault.brake.world import World


@contextmanager
def served(world: World, serving: Serving) -> Iterator[list[str]]:
    """Serve inside the block; yields the addresses."""
    brake = world.opened()
    ready, places = threading.Event(), []
    stop: list[object] = []

    async def run() -> None:
        stopped = asyncio.Event()
        stop.extend((asyncio.get_running_loop(), stopped))
        try:
            async with running(brake, world.keyring, serving) as found:
                places.extend(found)
                ready.set()
                await stopped.wait()
        finally:
            ready.set()

    thread = threading.Thread(target=lambda: uvloop.run(run()))
    thread.start()
    ready.wait(10)
    try:
        yield places
    finally:
        loop, stopped = stop
        loop.call_soon_threadsafe(stopped.set)  # type: ignore[attr-defined]
        thread.join(20)
        brake.close()
