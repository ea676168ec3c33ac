"""A log file read: its parser recognised, its lines as batches of events in UTC, and an account of every line.

``read_log`` gives a ``LogReading``. Its ``batches`` stream; when they are done it says what became of the lines, as
``log_files`` needs it: events and rejects add up to lines, whatever the bytes were.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.contents import Fault, RawPart
from amends.tables.timeline import EVENTS
from amends.timeline.account import (
    LogReading,
    count_events,
    count_rejects,
    finish,
    lose,
    note_fault,
    unsay,
)
from amends.timeline.columns import Ints
from amends.timeline.guard import note, survivable
from amends.timeline.parsers import PARSERS
from amends.timeline.parsers.base import NO_TIME, Origin, Parsed, Parser
from amends.timeline.parsers.evtx import Evtx
from amends.timeline.roster import HostNames
from amends.timeline.tidy import tidied
from amends.timeline.times import Calendar

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from amends.timeline.together import Together

__all__ = [
    "BATCH_SCHEMA",
    "Headed",
    "LogReading",
    "batch_of",
    "event_ids",
    "guarded",
    "read_log",
    "unsay",
]

T = TypeVar("T")

HEAD_BYTES = 256 << 10
BATCH_SCHEMA = EVENTS.schema.append(pa.field("raw", pa.string()))
_UNREADABLE = (OSError, EOFError, zlib.error)
_ALL_BITS = 0xFFFFFFFFFFFFFFFF
_BINARY = frozenset({"evtx", "utmp", "lastlog"})


def read_log(
    raw: RawPart,
    origin: Origin,
    *,
    names: HostNames | None = None,
    parsers: Sequence[Parser] | None = None,
    today: date | None = None,
    together: Together | None = None,
) -> LogReading:
    """Recognise a log and return its reading; iterate ``batches`` to read it.

    Args:
        raw: The file as bytes; read to the end.
        origin: What is known of it.
        names: The company's names of hosts, by which lines are named; without them as the lines say.
        parsers: Parsers to try, in order; by default all.
        today: Day after which no line was written where ``origin`` gives none; by default the clock's.
        together: Gathers the events of small logs; the batches of this one may then hold those of others, and its own
            may come with a later one, or when ``together`` is flushed.
    """
    stream = Headed(raw.stream)
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
    if together is not None and isinstance(parser, Evtx):
        reading.waiting = 1
        reading.batches = together.batches(parser, stream, reading)
    else:
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
    stream: Headed,
    reading: LogReading,
    names: HostNames | None,
    today: date | None,
) -> Iterator[pa.RecordBatch]:
    origin = reading.origin
    calendar = Calendar(origin, today)
    blocks = parser.read(io.BufferedReader(stream, 1 << 20), origin)
    for parsed in guarded(blocks, stream, reading):
        try:
            batch, at = batch_of(parsed, parser.name, [(origin, None)], calendar, names)
        except Exception as error:
            if not survivable(error):
                raise
            note("a block", origin.log_id, error)
            reading.n_lines += parsed.n_lines
            lose(reading, parsed.n_lines)
            continue
        count_rejects(reading, parsed.n_lines - len(at), parsed.rejects)
        count_events(reading, at)
        if batch.num_rows:
            yield batch
    finish(reading, calendar)


def guarded(blocks: Iterator[T], stream: Headed, reading: LogReading) -> Iterator[T]:
    """Yield a log's blocks; where its bytes or its parser end before it does, the rest is counted as lost."""
    while True:
        try:
            parsed = next(blocks, None)
        except _UNREADABLE:
            note_fault(
                reading, "truncated", "ask for another copy of the file; what came before was read"
            )
            return
        except BaseException as error:
            if not survivable(error):
                raise
            note("a parser", reading.origin.log_id, error)
            lines = 0 if reading.parser in _BINARY else stream.count_lines()
            n = max(lines - reading.n_lines, 1)
            reading.n_lines += n
            lose(reading, n)
            return
        if parsed is None:
            return
        yield parsed


def batch_of(
    parsed: Parsed,
    parser: str,
    owners: Sequence[tuple[Origin, int | None]],
    calendar: Calendar,
    names: HostNames | None,
) -> tuple[pa.RecordBatch, Ints]:
    """Return a block's events as a batch, with their times.

    Args:
        parsed: The block.
        parser: Name of its parser.
        owners: The logs it holds events of, one after the other, and how many of each; ``None`` for all.
        calendar: Turns the times of these logs into UTC.
        names: The company's names of hosts.
    """
    n = len(parsed.times.wall)
    counts = [n if count is None else count for _, count in owners]
    resolved = calendar.resolve(parsed.times)
    given = parsed.columns
    origin = owners[0][0]
    if len(owners) > 1:
        given = given | {"host": _hosts(given.get("host"), owners, counts)}
        origin = replace(origin, host="")
    columns = tidied(given, n, origin, names)
    position = columns["position"].to_numpy(zero_copy_only=False)
    known = resolved.at != NO_TIME
    at = pa.array(np.where(known, resolved.at, 0), pa.int64(), mask=~known)
    columns["at"] = at.cast(pa.timestamp("us", tz="UTC"))
    columns["at_raw"] = parsed.times.raw
    columns["zone_rule"] = resolved.zone_rule
    columns["error_ms"] = resolved.error_ms
    seeds = np.array([o.seed & _ALL_BITS for o, _ in owners], np.uint64)
    columns["event_id"] = pa.array(event_ids(np.repeat(seeds, counts), position))
    columns["log_id"] = _repeated([o.log_id for o, _ in owners], counts)
    columns["raw"] = parsed.raw
    if "source" not in columns:
        columns["source"] = pa.repeat(pa.scalar(parser), n)
    arrays = [
        _typed(columns[f.name], f.type) if f.name in columns else pa.nulls(n, f.type)
        for f in BATCH_SCHEMA
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=BATCH_SCHEMA), resolved.at


def _hosts(
    found: pa.Array | None, owners: Sequence[tuple[Origin, int | None]], counts: list[int]
) -> pa.Array:
    """Return the host of each event: as the event says, else that of its log."""
    known = _repeated([o.host or None for o, _ in owners], counts)
    return known if found is None else pc.coalesce(found, known)


def _repeated(words: Sequence[str | None], counts: list[int]) -> pa.Array:
    if len(words) == 1:
        return pa.repeat(pa.scalar(words[0], pa.string()), counts[0])
    return pa.array(words, pa.string()).take(pa.array(np.repeat(np.arange(len(words)), counts)))


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column if column.type == kind else column.cast(kind)


def event_ids(seed: int | npt.NDArray[np.uint64], positions: Ints) -> Ints:
    """Return the ids of events: 64 bits mixed of the file's seed and the position in it.

    The mix is the finaliser of SplitMix64, a bijection: two positions of one file never share an id, and ids of
    several files meet no more often than random numbers do.

    Source: Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    mixed = positions.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed += np.uint64(seed & _ALL_BITS) if isinstance(seed, int) else seed
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    made: Ints = (mixed ^ (mixed >> np.uint64(31))).view(np.int64)
    return made


class Headed(io.RawIOBase):
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
        """Say that it can be read."""
        return True

    def readinto(self, room: Buffer, /) -> int:
        """Read into a buffer and return how many bytes came."""
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
