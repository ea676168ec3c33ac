"""Group commit: calls that arrive while the disk works are decided and written together, with one wait for the disk."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence

from amends.vault.brake.calls import Call, Verdict

_GROUP = 256

Decide = Callable[[Sequence[Call]], list[Verdict]]
_Waiting = tuple[Call, "asyncio.Future[Verdict]"]


class Committer:
    """A thread that decides on calls, as many at a time as are waiting.

    Args:
        decide: Decides on a group; what it returns is on disk.
        loop: Where the answers are waited for.
    """

    def __init__(self, decide: Decide, loop: asyncio.AbstractEventLoop) -> None:
        self._decide = decide
        self._loop = loop
        self._calls: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="brake-commit", daemon=True)
        self._thread.start()

    async def decided(self, call: Call) -> Verdict:
        """Return the verdict on a call once it is on disk."""
        future: asyncio.Future[Verdict] = self._loop.create_future()
        self._calls.put((call, future))
        return await future

    def stop(self) -> None:
        """Decide on what is waiting, then end."""
        self._calls.put(None)
        self._thread.join(timeout=10)

    def _work(self) -> None:
        while True:
            group, last = self._taken()
            if group:
                try:
                    verdicts = self._decide([call for call, _ in group])
                except Exception as error:
                    # One group must not end the service; its callers are told that nothing was decided.
                    self._loop.call_soon_threadsafe(_fail, group, error)
                else:
                    self._loop.call_soon_threadsafe(_tell, group, verdicts)
            if last:
                return

    def _taken(self) -> tuple[list[_Waiting], bool]:
        first = self._calls.get()
        if first is None:
            return [], True
        group = [first]
        while len(group) < _GROUP:
            try:
                more = self._calls.get_nowait()
            except queue.Empty:
                break
            if more is None:
                return group, True
            group.append(more)
        return group, False


def _tell(group: list[_Waiting], verdicts: list[Verdict]) -> None:
    for (_, future), verdict in zip(group, verdicts, strict=True):
        if not future.done():
            future.set_result(verdict)


def _fail(group: list[_Waiting], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
