"""Sending in the background: it goes on when the page is closed, and is taken up again after a crash.

The work is ``notices.send``, which holds the case's lock; killed at any moment and started again it goes on where it
stopped. What a page shows of it lives in this process only; what was sent stands in the register.
"""

from __future__ import annotations

import logging
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from amends import notices
from amends.console.desk import Desk
from amends.console.release.press import press
from amends.custody import open_case
from amends.kernel import clock
from amends.kernel.errors import AmendsError, BusyError
from amends.kernel.ledger import acting_as

log = logging.getLogger(__name__)


@dataclass
class Job:
    """One sending.

    Attributes:
        channel: The channel.
        by: Who started it.
        started_at: When.
        total: Notices to send.
        done: Sent so far.
        state: running, done or stopped.
        result: What became of them.
        what: Why it stopped.
        remedy: What to do.
    """

    channel: str
    by: str
    started_at: str
    total: int
    done: int = 0
    state: str = "running"
    result: dict[str, object] = field(default_factory=dict)
    what: str = ""
    remedy: str = ""

    # Progress and Task of kernel.progress: the sender reports here.
    def task(self, title: str, total: float | None = None, unit: str = "") -> Job:
        """Begin to count."""
        self.total = int(total or self.total)
        return self

    def finish(self, task: object) -> None:
        """End the count."""

    def advance(self, amount: float = 1.0) -> None:
        """Say that so many more are done."""
        self.done += int(amount)

    def say(self, text: str) -> None:
        """Say nothing: no page shows what a single notice is."""


class Jobs:
    """The sendings of this process, one a case and channel."""

    def __init__(self) -> None:
        """Begin with none."""
        self._jobs: dict[tuple[str, str], Job] = {}
        self._threads: dict[tuple[str, str], threading.Thread] = {}
        self._lock = threading.Lock()

    def find(self, desk: Desk, channel: str) -> Job | None:
        """Return the last sending by a channel since the console started."""
        with self._lock:
            return self._jobs.get((str(desk.folder), channel))

    def start(self, desk: Desk, channel: str, by: str, total: int) -> Job:
        """Begin to send and return at once.

        Raises:
            BusyError: Somebody is sending already.
        """
        key = (str(desk.folder), channel)
        with self._lock:
            running = [k for k, j in self._jobs.items() if k[0] == key[0] and j.state == "running"]
            if running:
                raise BusyError(
                    f"Notices are being sent by {running[0][1]} already",
                    remedy="wait for it to end; its page shows how far it is",
                )
            job = Job(channel, by, clock.stamp(), total)
            self._jobs[key] = job
            thread = threading.Thread(
                target=_send, args=(desk, job), name=f"send-{channel}", daemon=True
            )
            self._threads[key] = thread
        thread.start()
        return job

    def wait(self, desk: Desk, channel: str, seconds: float) -> None:
        """Wait for a sending to end."""
        thread = self._threads.get((str(desk.folder), channel))
        if thread is not None:
            thread.join(seconds)


def _held(channel: str) -> AbstractContextManager[None]:
    """Return the press for as long as letters are printed; other channels set nothing."""
    return press(-1) if channel == "print" else nullcontext()


def _send(desk: Desk, job: Job) -> None:
    case = open_case(desk.folder)  # with an engine of its own: pages go on being read
    case.progress = job
    try:
        with _held(job.channel), acting_as(job.by), case.lock():
            job.result = notices.send(case, job.channel)
        job.state = "done"
    except AmendsError as error:
        job.what, job.remedy, job.state = error.what, error.remedy, "stopped"
    except Exception:  # the page must not show a sending that ended as one that runs
        log.exception("sending by %s broke", job.channel)
        job.what = "Sending broke: a fault in Amends"
        job.remedy = "give the same order again: it goes on where it stopped; report the fault"
        job.state = "stopped"
    finally:
        case.close()


JOBS = Jobs()
