"""The gate before the personal pages: a few are worked on at a time, some wait, all others are told to come back.

What is worked on runs in turns of the event loop, a few pages each, so that general pages and refusals get their turn
in between. Whoever waits for the database steps aside and lets the next one in.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from amends.site.settings import Limits

Made = TypeVar("Made")


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that gets a short page.

    Args:
        status: Status of the page.
    """

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Gate:
    """Room for a few inside and for some before it.

    Args:
        limits: How many.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turn = asyncio.Semaphore(limits.inside)
        self._present = 0
        self._aside = 0
        self._threads: CapacityLimiter | None = None

    @property
    def is_full(self) -> bool:
        """Say whether one more would have to be turned away."""
        return self._present >= self._limits.inside + self._limits.waiting

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Raises:
            Refused: There is no room, or the turn did not come in time.
        """
        if self.is_full:
            raise Refused(503)
        self._present += 1
        try:
            await self._take_turn()
            try:
                # In the next round of the loop: all who have come by now are counted before any page is made.
                await asyncio.sleep(0)
                yield
            finally:
                self._turn.release()
        finally:
            self._present -= 1

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self._limits.wait_seconds):
                await self._turn.acquire()
        except TimeoutError:
            raise Refused(503) from None

    async def work(self, task: Callable[[], Made]) -> Made:
        """Run what waits for the database in a thread, and let others have the turn meanwhile.

        Raises:
            Refused: Too many wait for the database already.
        """
        if self._aside >= self._limits.aside:
            raise Refused(503)
        if self._threads is None:
            self._threads = CapacityLimiter(self._limits.threads)
        self._aside += 1
        self._turn.release()
        try:
            return await anyio.to_thread.run_sync(
                task, limiter=self._threads, abandon_on_cancel=True
            )
        finally:
            self._aside -= 1
            await self._turn.acquire()
