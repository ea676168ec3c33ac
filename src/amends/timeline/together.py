"""Small logs read together: one block of events spans many of them.

To make columns of a block costs the same for ten events as for thousands, and Windows keeps its events in hundreds of
small logs. Their events are gathered as they are read; columns are made of all at once. Each event keeps its own log,
place and id, and each log its own account. Where the block of many breaks, each log is tried alone: one costs no other
its events.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from amends.timeline.account import LogReading, count_events, count_rejects, finish, lose
from amends.timeline.guard import note, survivable
from amends.timeline.parsers.base import NO_TIME
from amends.timeline.parsers.evtx import Evtx, Gathering
from amends.timeline.reading import Headed, batch_of, guarded
from amends.timeline.roster import HostNames
from amends.timeline.times import Calendar

FULL = 8_192
"""Events of a block: enough for the cost of a block to vanish, some twenty megabytes of text at most."""


@dataclass
class _Held:
    """Events of one log that wait for their columns."""

    reading: LogReading
    n: int
    last: int  # number of the last of them


class Together:
    """Gathers the events of logs; ``flush`` it when the last log was read."""

    def __init__(
        self,
        done: Callable[[LogReading], None],
        names: HostNames | None = None,
        today: date | None = None,
    ) -> None:
        """Begin with none.

        Args:
            done: Told of each log whose account is closed after its own batches came to their end. A log that does not
                wait by then (``waiting`` is 0) is not told of.
            names: The company's names of hosts.
            today: Day after which no line was written; by default the clock's.
        """
        self._done = done
        self._names = names
        self._today = today
        self._events = Gathering()
        self._held: list[_Held] = []

    def batches(
        self, parser: Evtx, stream: Headed, reading: LogReading
    ) -> Iterator[pa.RecordBatch]:
        """Read a log, and yield batches whenever enough is gathered: of this log and of those before it."""
        runs = parser.gather(io.BufferedReader(stream, 1 << 20), self._events)
        read = 0
        for n, rejects in guarded(runs, stream, reading):
            count_rejects(reading, len(rejects), rejects)
            self._held.append(_Held(reading, n, read + n))
            read += n + len(rejects)
            reading.waiting += 1
            if len(self._events) >= FULL:
                yield from self.flush()
        self._release(reading)

    def flush(self) -> Iterator[pa.RecordBatch]:
        """Yield what is gathered; the account of every log that was read to its end is then closed."""
        held, self._held = self._held, []
        spare = self._events.copy()
        try:
            made = [self._batch(self._events, held)]
        except Exception as error:
            if not survivable(error):
                raise
            made = self._one_by_one(spare, held)
        for one in held:
            if self._release(one.reading):
                self._done(one.reading)
        yield from (batch for batch in made if batch.num_rows)

    def _one_by_one(self, events: Gathering, held: Sequence[_Held]) -> list[pa.RecordBatch]:
        made = []
        for part, one in zip(events.apart(), held, strict=True):
            try:
                made.append(self._batch(part, [one]))
            except Exception as error:
                if not survivable(error):
                    raise
                note("a block", one.reading.origin.log_id, error)
                one.reading.n_lines += one.n
                lose(one.reading, one.n, one.last)
        return made

    def _batch(self, events: Gathering, held: Sequence[_Held]) -> pa.RecordBatch:
        """Return the events of some logs as one batch, and count them.

        Raises:
            ValueError: They are of several logs, and some give no zone: each log has its own.
        """
        parsed = events.parsed()
        if not held:
            return pa.record_batch({})
        if len(held) > 1 and not parsed.times.utc.all():
            raise ValueError("zone")
        calendar = self._calendar(held[0].reading)
        owners = [(one.reading.origin, one.n) for one in held]
        batch, at = batch_of(parsed, "evtx", owners, calendar, self._names)
        start = 0
        for one in held:
            mine = at[start : start + one.n]
            count_events(one.reading, mine)
            if (mine != NO_TIME).any():
                one.reading.zone = calendar.zone
            start += one.n
        return batch

    def _calendar(self, reading: LogReading) -> Calendar:
        return Calendar(reading.origin, self._today)

    def _release(self, reading: LogReading) -> bool:
        """Count one thing less to wait for, and return whether the log's account is closed now."""
        reading.waiting -= 1
        if reading.waiting:
            return False
        zone = reading.zone
        finish(reading, self._calendar(reading))
        reading.zone = zone or reading.zone
        return True
