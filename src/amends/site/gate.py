"""The gate before the personal pages: a few are worked on at a time, some wait, all others are told to come back.

Pages are made in rounds of the event loop, a few each, so that general pages and refusals get their turn in between.
Whoever waits for the database steps aside.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio.to_thread
from anyio import CapacityLimiter

from amends.site.settings import Limits

Made = TypeVar("Made")

_LEAST_SECONDS = (
    0.003  # of pages in a round: a general page waits so long at most while nothing else is to do
)
_MOST_SECONDS = 0.03
_LEAST_PRESENT = 32


class Refused(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that gets a short page.

    Args:
        status: Status of the page.
    """

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


class Gate:
    """Room for a few at a time, and for some before it.

    Each round of the event loop lets some in: for about as long as all else in the round took, so that pages get half
    of the time however many are turned away meanwhile, and general pages and refusals the other half. It is time of
    the processor, so that a busy neighbour on the machine does not change the halves.

    Args:
        limits: How many.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._present = 0
        self._aside = 0
        self._threads: CapacityLimiter | None = None
        self._page_seconds = 0.0005
        self._left = _LEAST_SECONDS  # of this round, for pages
        self._spent = 0.0
        self._since = 0.0
        self._last_round = 0.0
        self._is_going = False

    @property
    def is_full(self) -> bool:
        """Say whether one more would have to be turned away: those present are more than a moment's work."""
        return self._present >= min(
            self._limits.present,
            max(_LEAST_PRESENT, self._limits.queue_seconds / self._page_seconds),
        )

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
            self._go()
            if self._left <= 0 or self._waiting:
                turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append((time.monotonic() + self._limits.wait_seconds, turn))
                await turn
            self._left -= self._page_seconds
            self._since = time.thread_time()
            yield
        finally:
            self._pause()
            self._present -= 1

    def _go(self) -> None:
        if not self._is_going:
            self._is_going = True
            self._last_round, self._spent, self._left = time.thread_time(), 0.0, _LEAST_SECONDS
            asyncio.get_running_loop().call_soon(self._round)

    def _round(self) -> None:
        """Begin a round: half of the time is for pages; whoever waited too long is turned away."""
        now, worked = time.monotonic(), time.thread_time()
        others = worked - self._last_round - self._spent
        self._left = min(max(others, _LEAST_SECONDS), _MOST_SECONDS)
        self._last_round, self._spent = worked, 0.0
        places = max(1, int(self._left / self._page_seconds))
        while self._waiting and places:
            until, turn = self._waiting.popleft()
            if turn.done():  # its request is gone
                continue
            if until < now:
                turn.set_exception(Refused(503))
                continue
            turn.set_result(None)
            places -= 1
        if self._present > self._aside:
            asyncio.get_running_loop().call_soon(self._round)
        else:
            self._is_going = False

    def _pause(self) -> None:
        """Count the time that the page at work has taken."""
        if self._since:
            took = time.thread_time() - self._since
            self._since = 0.0
            self._spent += took
            self._page_seconds += (min(took, _MOST_SECONDS) - self._page_seconds) / 64

    async def work(self, task: Callable[[], Made]) -> Made:
        """Run what waits for the database in a thread; others have their turn meanwhile.

        Raises:
            Refused: Too many wait for the database already.
        """
        if self._aside >= self._limits.aside:
            raise Refused(503)
        if self._threads is None:
            self._threads = CapacityLimiter(self._limits.threads)
        self._aside += 1
        self._pause()
        try:
            return await anyio.to_thread.run_sync(
                task, limiter=self._threads, abandon_on_cancel=True
            )
        finally:
            self._aside -= 1
