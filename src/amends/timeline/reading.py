"""A log file read: its parser recognised, its lines as batches of events in UTC, and an account of every line.

``read_log`` gives a ``LogReading``. Its ``batches`` stream; when they are done it says what became of the lines, as
``log_files`` needs it: events and rejects add up to lines, whatever the bytes were.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.kernel.contents import Fault, RawPart
from amends.tables.timeline import EVENTS
from amends.timeline.guard import HEADINGS, REMEDY, UNREADABLE, note, survivable
from amends.timeline.parsers import PARSERS
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Parser
from amends.timeline.roster import HostNames
from amends.timeline.tidy import tidied
from amends.timeline.times import Calendar

if TYPE_CHECKING:
    from typing_extensions import Buffer

HEAD_BYTES = 256 << 10
MAX_PLACES = 100
"""Rejected lines that are listed by place; all are counted."""
BATCH_SCHEMA = EVENTS.schema.append(pa.field("raw", pa.string()))
_UNREADABLE = (OSError, EOFError, zlib.error)
_BINARY = frozenset({"evtx", "utmp", "lastlog"})
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


def read_log(
    raw: RawPart,
    origin: Origin,
    *,
    names: HostNames | None = None,
    parsers: Sequence[Parser] | None = None,
    today: date | None = None,
) -> LogReading:
    """Recognise a log and return its reading; iterate ``batches`` to read it.

    Args:
        raw: The file as bytes; read to the end.
        origin: What is known of it.
        names: The company's names of hosts, by which lines are named; without them as the lines say.
        parsers: Parsers to try, in order; by default all.
        today: Day after which no line was written where ``origin`` gives none; by default the clock's.
    """
    stream = _Headed(raw.stream)
    reading = LogReading(origin, "", iter(()))
    reading.faults = raw.faults
    try:
        head = stream.peek_head(HEAD_BYTES)
        parser = next((p for p in parsers or PARSERS if _knows(p, head, origin)), None)
    except _UNREADABLE:
        return _unread(reading, "unreadable", "ask for another copy of the file")
    if not head:
        reading.status, reading.remedy = "read", ""
        return reading
    if parser is None:
        return _unread(reading, "unknown_format", "export it as text, CSV or JSON and add it again")
    reading.parser = parser.name
    reading.batches = _batches(parser, stream, reading, names, today)
    return reading


def _knows(parser: Parser, head: bytes, origin: Origin) -> bool:
    """Answer whether a parser knows a head; one that breaks on it does not."""
    try:
        return parser.detect(head, origin)
    except BaseException as error:
        if isinstance(error, _UNREADABLE) or not survivable(error):
            raise
        note("detection of a format", origin.log_id, error)
        return False


def _unread(reading: LogReading, reason: str, remedy: str) -> LogReading:
    reading.status, reading.remedy = "unread", remedy
    reading.faults.append(Fault("", "", reason, remedy))
    return reading


def _batches(
    parser: Parser,
    stream: _Headed,
    reading: LogReading,
    names: HostNames | None,
    today: date | None,
) -> Iterator[pa.RecordBatch]:
    origin = reading.origin
    calendar = Calendar(origin, today)
    bounds: list[int] = []
    for parsed in _blocks(parser, stream, reading):
        try:
            batch, at = _batch(parsed, parser.name, origin, calendar, names)
        except Exception as error:
            if not survivable(error):
                raise
            note("a block", origin.log_id, error)
            reading.n_lines += parsed.n_lines
            lose(reading, parsed.n_lines)
            continue
        _account(reading, parsed, at, bounds)
        if batch.num_rows:
            yield batch
    reading.zone = calendar.zone
    if bounds:
        reading.first_at, reading.last_at = (_instant(v) for v in (min(bounds), max(bounds)))
    if calendar.late:
        remedy = "give the day it was taken with --as-of, and add its parts one by one"
        _note(reading, "year_uncertain", remedy)
    if UNREADABLE in reading.reasons and not any(f.reason == UNREADABLE for f in reading.faults):
        _note(reading, UNREADABLE, REMEDY)
    if reading.faults or _bad_rejects(reading) * 2 > reading.n_lines:
        reading.status = "partly"
        reading.remedy = reading.remedy or next(
            (f.remedy for f in reading.faults),
            "look at the rejected lines: they may be of another format",
        )


def _blocks(parser: Parser, stream: _Headed, reading: LogReading) -> Iterator[Parsed]:
    """Yield a log's blocks; where its bytes or its parser end before it does, the rest is counted as lost."""
    blocks = parser.read(io.BufferedReader(stream, 1 << 20), reading.origin)
    while True:
        try:
            parsed = next(blocks, None)
        except _UNREADABLE:
            _note(
                reading, "truncated", "ask for another copy of the file; what came before was read"
            )
            return
        except BaseException as error:
            if not survivable(error):
                raise
            note("a parser", reading.origin.log_id, error)
            lines = 0 if parser.name in _BINARY else stream.count_lines()
            n = max(lines - reading.n_lines, 1)
            reading.n_lines += n
            lose(reading, n)
            return
        if parsed is None:
            return
        yield parsed


def lose(reading: LogReading, n: int) -> None:
    """Count the last lines of those read as rejects, for a fault of ours on their block.

    Args:
        reading: The log; ``n_lines`` counts them already.
        n: How many.
    """
    reading.n_rejects += n
    reading.reasons[UNREADABLE] = reading.reasons.get(UNREADABLE, 0) + n
    if len(reading.reject_places) < MAX_PLACES:
        first = reading.n_lines - n + 1
        reading.reject_places.append(f"lines {first} to {reading.n_lines}: {UNREADABLE}")
    if not any(f.reason == UNREADABLE for f in reading.faults):
        _note(reading, UNREADABLE, REMEDY)
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
        _note(reading, UNREADABLE, REMEDY)
    reading.status = "partly"


def _bad_rejects(reading: LogReading) -> int:
    """Return how many rejects are neither headings nor empty."""
    told = reading.reasons
    harmless = sum(told.get(reason, 0) for reason in HEADINGS)
    started = sum(n for reason, n in told.items() if reason.startswith("heading or "))
    return reading.n_rejects - harmless - min(started, _FEW_HEADINGS)


def _note(reading: LogReading, reason: str, remedy: str) -> None:
    reading.faults.append(Fault("", f"after line {reading.n_lines}", reason, remedy, whole=False))
    reading.remedy = remedy


def _account(
    reading: LogReading, parsed: Parsed, at: npt.NDArray[np.int64], bounds: list[int]
) -> None:
    reading.n_lines += parsed.n_lines
    reading.n_events += len(at)
    reading.n_rejects += parsed.n_lines - len(at)
    known = at[at != NO_TIME]
    reading.n_undated += len(at) - len(known)
    if len(known):
        bounds += [int(known.min()), int(known.max())]
    for number, reason in parsed.rejects:
        reading.reasons[reason] = reading.reasons.get(reason, 0) + 1
        if len(reading.reject_places) < MAX_PLACES:
            reading.reject_places.append(f"line {number}: {reason}")


def _instant(micros: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _batch(
    parsed: Parsed, parser: str, origin: Origin, calendar: Calendar, names: HostNames | None
) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    n = len(parsed.times.wall)
    resolved = calendar.resolve(parsed.times)
    columns = tidied(parsed.columns, n, origin, names)
    position = columns["position"].to_numpy(zero_copy_only=False)
    known = resolved.at != NO_TIME
    at = pa.array(np.where(known, resolved.at, 0), pa.int64(), mask=~known)
    columns["at"] = at.cast(pa.timestamp("us", tz="UTC"))
    columns["at_raw"] = parsed.times.raw
    columns["zone_rule"] = resolved.zone_rule
    columns["error_ms"] = resolved.error_ms
    columns["event_id"] = pa.array(event_ids(origin.seed, position))
    columns["log_id"] = pa.repeat(pa.scalar(origin.log_id), n)
    columns["raw"] = parsed.raw
    if "source" not in columns:
        columns["source"] = pa.repeat(pa.scalar(parser), n)
    arrays = [
        _typed(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in BATCH_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=BATCH_SCHEMA), resolved.at


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == kind else column.cast(kind)


def event_ids(seed: int, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the ids of events: 64 bits mixed of the file's seed and the position in it.

    The mix is the finaliser of SplitMix64, a bijection: two positions of one file never share an id, and ids of
    several files meet no more often than random numbers do.

    Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    mixed = positions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(seed & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


class _Headed(io.RawIOBase):
    """A stream whose head can be looked at first."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._head = memoryview(b"")
        self._n_ends = 0
        self._last = b""

    def peek_head(self, size: int) -> bytes:
        """Return the first bytes and keep them for the reader."""
        pieces: list[bytes] = []
        while size > 0 and (piece := self._stream.read(size)):
            pieces.append(piece)
            size -= len(piece)
        head = b"".join(pieces)
        self._count(head)
        self._head = memoryview(head)
        return head

    def readable(self) -> bool:
        return True

    def readinto(self, room: Buffer, /) -> int:
        target = memoryview(room).cast("B")
        if self._head:
            piece: bytes | memoryview = self._head[: len(target)]
            self._head = self._head[len(piece) :]
        else:
            piece = self._stream.read(len(target)) or b""
            self._count(piece)
        target[: len(piece)] = piece
        return len(piece)

    def count_lines(self) -> int:
        """Return how many lines the whole stream has: what nobody read of it is read now, and dropped."""
        try:
            while piece := self._stream.read(1 << 20):
                self._count(piece)
        except _UNREADABLE:
            pass
        return self._n_ends + (self._last not in (b"", b"\n"))

    def _count(self, piece: bytes) -> None:
        self._n_ends += piece.count(b"\n")
        self._last = piece[-1:] or self._last
