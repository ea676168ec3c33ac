"""The account of one log: what became of each of its lines, when it begins and ends, whether it was read wholly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from amends.kernel.contents import Fault
from amends.timeline.columns import Ints
from amends.timeline.guard import HEADINGS, REMEDY, UNREADABLE
from amends.timeline.parsers.base import NO_TIME, Origin
from amends.timeline.times import Calendar

MAX_PLACES = 100
"""Rejected lines that are listed by place; all are counted."""
_FEW_HEADINGS = 10
"""Lines that a server writes above its log when it starts: three for MySQL, some more for SQL Server."""


@dataclass
class LogReading:
    """A log that is being read; the counts hold once ``batches`` has come to its end.

    Attributes:
        origin: What was known of it before.
        parser: Name of its parser; empty when none knows the format.
        batches: Record batches of ``BATCH_SCHEMA``: the columns of ``events``, then ``raw``.
        n_lines: Lines or records found.
        n_events: Lines that became events.
        n_rejects: Lines that did not.
        n_undated: Events without a time.
        reject_places: First rejected lines, as ``line 17: no_head``; never their text.
        reasons: How many lines were rejected for which reason.
        first_at: Earliest event.
        last_at: Latest event.
        zone: Zone its times were read in.
        faults: What could not be read.
        status: read, partly or unread.
        remedy: One step that may help where it was not wholly read.
        waiting: What must still come before the counts hold, for a log read together with others; then 0.
    """

    origin: Origin
    parser: str
    batches: Iterator[pa.RecordBatch]
    n_lines: int = 0
    n_events: int = 0
    n_rejects: int = 0
    n_undated: int = 0
    reject_places: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    zone: str = ""
    faults: list[Fault] = field(default_factory=list)
    status: str = "read"
    remedy: str = ""
    waiting: int = 0

    def row(self, exhibit_id: str, inner_path: str, path: str) -> dict[str, object]:
        """Return its row of ``log_files``; duplicates and skew are found later."""
        return {
            "log_id": self.origin.log_id,
            "exhibit_id": exhibit_id,
            "inner_path": inner_path,
            "path": path,
            "host": self.origin.host,
            "parser": self.parser,
            "n_lines": self.n_lines,
            "n_events": self.n_events,
            "n_rejects": self.n_rejects,
            "n_duplicates": 0,
            "n_undated": self.n_undated,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "zone": self.zone,
            "skew_ms": 0,
            "skew_error_ms": None,
            "reject_places": self.reject_places,
            "status": self.status,
            "remedy": self.remedy,
        }


def finish(reading: LogReading, calendar: Calendar) -> None:
    """Close the account of a log: its zone, and whether it was read wholly."""
    reading.zone = calendar.zone
    if calendar.late:
        remedy = "give the day it was taken with --as-of, and add its parts one by one"
        note_fault(reading, "year_uncertain", remedy)
    if UNREADABLE in reading.reasons and not any(f.reason == UNREADABLE for f in reading.faults):
        note_fault(reading, UNREADABLE, REMEDY)
    if reading.faults or _bad_rejects(reading) * 2 > reading.n_lines:
        reading.status = "partly"
        reading.remedy = reading.remedy or next(
            (f.remedy for f in reading.faults),
            "look at the rejected lines: they may be of another format",
        )


def lose(reading: LogReading, n: int, last: int | None = None) -> None:
    """Count lines as rejects, for a fault of ours on their block.

    Args:
        reading: The log; ``n_lines`` counts them already.
        n: How many.
        last: Number of the last of them; by default the last line read.
    """
    end = reading.n_lines if last is None else last
    reading.n_rejects += n
    reading.reasons[UNREADABLE] = reading.reasons.get(UNREADABLE, 0) + n
    if len(reading.reject_places) < MAX_PLACES:
        reading.reject_places.append(f"lines {end - n + 1} to {end}: {UNREADABLE}")
    if not any(f.reason == UNREADABLE for f in reading.faults):
        note_fault(reading, UNREADABLE, REMEDY)
    reading.status = "partly"


def unsay(reading: LogReading, rows: pa.RecordBatch) -> None:
    """Count events as rejects that were counted as events, but could not be masked and must not be written."""
    n = rows.num_rows
    reading.n_events -= n
    reading.n_rejects += n
    reading.n_undated -= rows.column("at").null_count
    reading.reasons[UNREADABLE] = reading.reasons.get(UNREADABLE, 0) + n
    room = max(MAX_PLACES - len(reading.reject_places), 0)
    lines = rows.column("line").slice(0, room).to_pylist()
    reading.reject_places += [f"line {line}: {UNREADABLE}" for line in lines]
    if not any(f.reason == UNREADABLE for f in reading.faults):
        note_fault(reading, UNREADABLE, REMEDY)
    reading.status = "partly"


def _bad_rejects(reading: LogReading) -> int:
    """Return how many rejects are neither headings nor empty."""
    told = reading.reasons
    harmless = sum(told.get(reason, 0) for reason in HEADINGS)
    started = sum(n for reason, n in told.items() if reason.startswith("heading or "))
    return reading.n_rejects - harmless - min(started, _FEW_HEADINGS)


def note_fault(reading: LogReading, reason: str, remedy: str) -> None:
    """Note that a part of a log could not be read, or not for certain."""
    reading.faults.append(Fault("", f"after line {reading.n_lines}", reason, remedy, whole=False))
    reading.remedy = remedy


def count_rejects(reading: LogReading, n: int, rejects: Sequence[tuple[int, str]]) -> None:
    """Count lines that are no events.

    Args:
        reading: The log.
        n: How many.
        rejects: Number and reason of each, as far as told.
    """
    reading.n_lines += n
    reading.n_rejects += n
    for number, reason in rejects:
        reading.reasons[reason] = reading.reasons.get(reason, 0) + 1
        if len(reading.reject_places) < MAX_PLACES:
            reading.reject_places.append(f"line {number}: {reason}")


def count_events(reading: LogReading, at: Ints) -> None:
    """Count events, given their times."""
    reading.n_lines += len(at)
    reading.n_events += len(at)
    known = at[at != NO_TIME]
    reading.n_undated += len(at) - len(known)
    if len(known):
        first, last = _instant(int(known.min())), _instant(int(known.max()))
        reading.first_at = min(first, reading.first_at or first)
        reading.last_at = max(last, reading.last_at or last)


def _instant(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
