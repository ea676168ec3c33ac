"""Every log file read once: its lines become events, rules look at them, identifiers are masked, they are written.

Events go to a scratch file first: clocks and duplicates can only be found when all logs are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.kernel.contents import Contents, Fault, RawPart
from amends.kernel.progress import Task
from amends.tables.timeline import EVENTS
from amends.timeline.account import LogReading, unsay
from amends.timeline.files import older_than, origin_of, rotation
from amends.timeline.guard import UNJUDGED
from amends.timeline.reading import read_log
from amends.timeline.roster import HostNames
from amends.timeline.scrub import masked_rows
from amends.timeline.sigma.detector import Detector
from amends.timeline.together import Together

ROWS_A_GROUP = 122_880
BYTES_A_GROUP = 128 << 20


@dataclass(frozen=True)
class LogExhibit:
    """An exhibit of role ``log``.

    Attributes:
        exhibit_id: Its id.
        place: Where its bytes lie.
        path: Path as given.
        sha256: Digest of its bytes.
        size_bytes: Size.
        as_of: Day after which no line of it can have been written.
    """

    exhibit_id: str
    place: Path
    path: str
    sha256: str
    size_bytes: int
    as_of: date | None


class EventFile:
    """Writes batches of events to one Parquet file, small batches together."""

    def __init__(self, path: Path) -> None:
        """Begin the file."""
        self.path = path
        self._writer = pq.ParquetWriter(
            path, EVENTS.schema, compression="zstd", compression_level=1
        )
        self._held: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch of ``EVENTS``' columns, masked."""
        self._held.append(batch.select(list(EVENTS.names)))
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROWS_A_GROUP or self._bytes >= BYTES_A_GROUP:
            self._flush()

    def close(self) -> None:
        """End the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._held:
            table = pa.Table.from_batches(self._held).cast(EVENTS.schema)
            self._writer.write_table(table, row_group_size=ROWS_A_GROUP)
        self._held, self._rows, self._bytes = [], 0, 0


@dataclass(frozen=True)
class _Read:
    """A log that was read, or is read together with others, and where it lay."""

    reading: LogReading
    exhibit: LogExhibit
    inner_path: str


class Ingest:
    """Reads logs, and keeps the account of every file."""

    def __init__(
        self, contents: Contents, names: HostNames, detector: Detector, into: EventFile
    ) -> None:
        """Make ready."""
        self._contents = contents
        self._names = names
        self._detector = detector
        self._into = into
        self._begins: dict[str, datetime] = {}
        self._logs: dict[str, _Read] = {}
        self._together = Together(self._begun, names)

    @property
    def rows(self) -> list[dict[str, object]]:
        """Return the rows of ``log_files``, skew and duplicates still open."""
        return [
            log.reading.row(log.exhibit.exhibit_id, log.inner_path, log.exhibit.path)
            for log in self._logs.values()
        ]

    def take(self, exhibits: Iterable[LogExhibit], task: Task) -> None:
        """Read exhibits, the newest file of each log first: it says when the older ones end."""
        for exhibit in sorted(exhibits, key=lambda e: (*rotation(e.path), e.path, e.exhibit_id)):
            task.say(exhibit.exhibit_id)
            meter = _Meter(task, exhibit.size_bytes)
            for part in self._contents.raw(exhibit.place, Path(exhibit.path).name):
                log_id = f"G{len(self._logs) + 1:07d}"
                if isinstance(part, Fault):
                    reading = self._unread(exhibit, part, log_id)
                    self._logs[log_id] = _Read(reading, exhibit, part.inner_path)
                else:
                    self._read(exhibit, part, log_id, meter)
            meter.done()
        self._keep(self._together.flush())
        self._detector.settle()
        for log_id in self._detector.unjudged:
            reading = self._logs[log_id].reading
            reading.status, reading.remedy = "partly", reading.remedy or UNJUDGED

    def _read(self, exhibit: LogExhibit, part: RawPart, log_id: str, meter: _Meter) -> None:
        origin = origin_of(
            log_id, exhibit.sha256, exhibit.path, part.inner_path, part.name, self._names,
            as_of=exhibit.as_of,
        )  # fmt: skip
        origin = older_than(origin, self._begins.get(rotation(origin.path)[0]))
        reading = read_log(part, origin, names=self._names, together=self._together)
        self._logs[log_id] = _Read(reading, exhibit, part.inner_path)
        self._keep(reading.batches, meter)
        if not reading.waiting:
            self._begun(reading)

    def _keep(self, batches: Iterable[pa.RecordBatch], meter: _Meter | None = None) -> None:
        """Let rules look at events, mask them, and write them; what cannot be masked is counted and not written."""
        for batch in batches:
            self._detector.take(batch)
            clean, bad = masked_rows(batch)
            self._into.add(clean)
            if bad is not None:
                self._unsay(bad)
            if meter is not None:
                meter.advance(batch.num_rows)

    def _unsay(self, bad: pa.RecordBatch) -> None:
        logs = bad.column("log_id")
        for log_id in dict.fromkeys(logs.to_pylist()):
            unsay(self._logs[log_id].reading, bad.filter(pc.equal(logs, log_id)))

    def _begun(self, reading: LogReading) -> None:
        """Note when a log begins: the older files of it end there."""
        if reading.first_at is not None:
            stem = rotation(reading.origin.path)[0]
            self._begins[stem] = min(reading.first_at, self._begins.get(stem, reading.first_at))

    def _unread(self, exhibit: LogExhibit, fault: Fault, log_id: str) -> LogReading:
        origin = origin_of(log_id, exhibit.sha256, exhibit.path, fault.inner_path, "", self._names)
        empty = fault.reason == "empty"
        reading = LogReading(origin, "", _none(), status="read" if empty else "unread")
        reading.remedy = "" if empty else fault.remedy
        reading.reject_places = [] if empty else [fault.reason]
        return reading


def _none() -> Iterator[pa.RecordBatch]:
    return iter(())


class _Meter:
    """Turns events read into bytes of the exhibit, as nobody knows how long a compressed log is."""

    def __init__(self, task: Task, size_bytes: int) -> None:
        self._task = task
        self._left = float(size_bytes)

    def advance(self, n_events: int) -> None:
        """Say that so many events were read: about a hundred bytes each, never more than the exhibit has."""
        step = min(n_events * 100.0, self._left * 0.9)
        self._left -= step
        self._task.advance(step)

    def done(self) -> None:
        """Say that the exhibit was read."""
        self._task.advance(self._left)
        self._left = 0.0


def roster_heads(
    contents: Contents, exhibits: Iterable[tuple[Path, str]], most: int
) -> Iterator[tuple[str, bytes]]:
    """Yield name and first bytes of every file in rosters.

    Args:
        contents: Opens exhibits.
        exhibits: Place and path as given of each.
        most: Bytes wanted of a file.
    """
    for place, path in exhibits:
        for part in contents.raw(place, Path(path).name):
            if isinstance(part, RawPart):
                yield part.name or Path(path).name, _head(part.stream, most)


def _head(stream: BinaryIO, most: int) -> bytes:
    pieces: list[bytes] = []
    while most > 0 and (piece := stream.read(min(most, 1 << 20))):
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)
