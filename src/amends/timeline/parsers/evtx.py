# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Windows event logs as Windows writes them (``.evtx``), damaged and cut ones included.

The file is a header of 4,096 bytes and chunks of 65,536. Chunks stand alone, so that they are handed to the library some at a
time under a header of our own: a log whose header was wiped, or that was carved from a disk, reads like any other.
What the library cannot read it names, and that is a reject; a hole in ``EventRecordID`` is for others to see.

Source: J. Metz, "Windows XML Event Log (EVTX) format", libevtx documentation.
"""

from __future__ import annotations

import io
import json
import re
import struct
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import orjson
from evtx import PyEvtxParser

from amends.timeline.parsers import evtx_events
from amends.timeline.parsers.base import Origin, Parsed
from amends.timeline.parsers.fields import Ints, Names, gather

HEADER, CHUNK = 4096, 65536
_CHUNKS = (
    96  # 6 MiB of log, about 5,000 events: the peak of memory, and enough for whole columns to pay
)
_MAGIC, _CHUNK_MAGIC = b"ElfFile\0", b"ElfChnk\0"
_RANGE = re.compile(r"chunk containing record IDs (\d+)\.\.(\d+)")
_MOST = CHUNK // 32  # records that a chunk can hold at most
_SHAPES_KEPT = 2_000

Json = Any  # what a JSON document holds; orjson's border


@dataclass
class Evtx:
    """The parser of binary event logs of Windows."""

    name: str = "evtx"

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether this is one: by the file's magic, or by that of the first chunk where the header is gone."""
        return head.startswith((_MAGIC, _CHUNK_MAGIC)) or head[HEADER : HEADER + 8] == _CHUNK_MAGIC

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks; a block is some chunks."""
        events = Gathering()
        for _, rejects in self.gather(stream, events):
            block = events.parsed()
            yield replace(block, n_lines=block.n_lines + len(rejects), rejects=rejects)

    def gather(
        self, stream: BinaryIO, events: Gathering
    ) -> Iterator[tuple[int, list[tuple[int, str]]]]:
        """Add the log's events to those gathered; yield, after some chunks each, how many came and what is no event.

        Whoever reads many small logs makes columns of them all at once: that costs the same for ten events as for
        thousands.
        """
        count = 0
        for chunks, reasons in _chunks(stream):
            block, lost = _records(chunks)
            n, unread = events.take(block, count + 1)
            rejects = [
                (count + n + i, reason) for i, reason in enumerate((*reasons, *lost, *unread), 1)
            ]
            yield n, rejects
            count += n + len(rejects)


class Gathering:
    """Events of one log or of several, until they are made columns together."""

    def __init__(self) -> None:
        """Begin with none."""
        self._names = Names()
        self._shapes: list[int] = []
        self._values: list[str | None] = []
        self._numbers: list[Ints] = []

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self._shapes)

    def take(self, block: list[str], first: int) -> tuple[int, list[str]]:
        """Add records; return how many are events, and a reason for each that is none.

        Args:
            block: Records as the library's JSON.
            first: Number of the first event in its log.
        """
        before, entries = len(self._shapes), len(self._values)
        try:
            unread = _flattened(block, self._names, self._shapes, self._values)
        except BaseException:  # those of other logs stay whole
            del self._shapes[before:], self._values[entries:]
            raise
        n = len(self._shapes) - before
        self._numbers.append(np.arange(first, first + n, dtype=np.int64))
        return n, unread

    def parsed(self) -> Parsed:
        """Return the events as one block, in the order they came, and begin anew."""
        lines = np.concatenate(self._numbers) if self._numbers else np.zeros(0, np.int64)
        shapes, values = self._shapes, self._values
        self._shapes, self._values, self._numbers = [], [], []
        made = evtx_events.parsed(gather(self._names, shapes, values), 1, [], lines)
        if len(self._names.runs) > _SHAPES_KEPT:  # a log may hold a shape of its own in every event
            self._names = Names()
        return made

    def copy(self) -> Gathering:
        """Return the same events once more; what either adds later is not the other's."""
        one = Gathering()
        one._names, one._shapes = self._names, list(self._shapes)
        one._values, one._numbers = list(self._values), list(self._numbers)
        return one

    def apart(self) -> list[Gathering]:
        """Return what each ``take`` added by itself, and begin anew: where one breaks, the others do not."""
        sizes = [len(run) for run in self._names.runs]
        made, event, entry = [], 0, 0
        for numbers in self._numbers:
            one = Gathering()
            one._names, one._numbers = self._names, [numbers]
            one._shapes = self._shapes[event : event + len(numbers)]
            end = entry + sum(sizes[shape] for shape in one._shapes)
            one._values = self._values[entry:end]
            event, entry = event + len(numbers), end
            made.append(one)
        self._shapes, self._values, self._numbers = [], [], []
        return made


def _chunks(stream: BinaryIO) -> Iterator[tuple[list[bytes], list[str]]]:
    """Yield chunks some at a time, with a reason for each that cannot be one."""
    head = _exactly(stream, HEADER)
    left = b"" if head.startswith(_MAGIC) or not head.startswith(_CHUNK_MAGIC) else head
    good: list[bytes] = []
    bad: list[str] = []
    while True:
        chunk = left + _exactly(stream, CHUNK - len(left))
        left = b""
        if not chunk:
            break
        if chunk.startswith(_CHUNK_MAGIC):
            good.append(chunk.ljust(CHUNK, b"\0"))
        elif chunk.count(0) != len(chunk):
            bad.append("a chunk without its mark")
        if len(good) >= _CHUNKS:
            yield good, bad
            good, bad = [], []
    if good or bad:
        yield good, bad


def _exactly(stream: BinaryIO, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _records(chunks: list[bytes]) -> tuple[list[str], list[str]]:
    """Return the records of chunks as JSON, and a reason for each that is lost."""
    if not chunks:
        return [], []
    try:
        return _asked(chunks)
    except (RuntimeError, OSError, ValueError, OverflowError) as error:
        return _one_by_one(chunks, error)
    except BaseException as error:
        # The library is Rust: its panics reach Python as a class of its own that is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        return _one_by_one(chunks, error)


def _one_by_one(chunks: list[bytes], error: BaseException) -> tuple[list[str], list[str]]:
    """Read each chunk by itself, so that one that breaks the library costs no other."""
    if len(chunks) == 1:
        return [], [_reason(str(error))] * _held(chunks[0])
    read, lost = [], []
    for chunk in chunks:
        some, gone = _records([chunk])
        read += some
        lost += gone
    return read, lost


def _asked(chunks: list[bytes]) -> tuple[list[str], list[str]]:
    whole = io.BytesIO(_header(len(chunks)) + b"".join(chunks))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parser = PyEvtxParser(whole, number_of_threads=1, skip_errors=True)
        read = [record["data"] for record in parser.records_json() if record is not None]
    lost: list[str] = []
    for warning in caught:
        text = str(warning.message)
        span = _RANGE.search(text)
        gone = int(span[2]) - int(span[1]) + 1 if span else 1
        lost += [_reason(text)] * min(max(gone, 1), _MOST)
    return read, lost


def _held(chunk: bytes) -> int:
    """Return how many records a chunk says it holds."""
    first, last = (int(n) for n in struct.unpack_from("<QQ", chunk, 8))
    return min(max(last - first + 1, 1), _MOST)


def _header(chunks: int) -> bytes:
    head = _MAGIC + struct.pack(
        "<QQQIHHHH", 0, chunks - 1, 1, 128, 1, 3, HEADER, min(chunks, 0xFFFF)
    )
    return head.ljust(HEADER, b"\0")


def _reason(text: str) -> str:
    """Return a reason without anything from the record itself."""
    return "chunk cannot be read" if "chunk" in text.lower() else "record cannot be read"


def _flattened(
    block: list[str], names: Names, shapes: list[int], values: list[str | None]
) -> list[str]:
    """Add the fields of records; return a reason for each that is no event."""
    unread: list[str] = []
    for text in block:
        event = _event(text)
        if event is None:
            unread.append("record is no event")
        else:
            flatten(event, names, shapes, values)
    return unread


def _event(text: str) -> dict[str, Json] | None:
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            return None
    event = event.get("Event") if isinstance(event, dict) else None
    return event if isinstance(event, dict) and isinstance(event.get("System"), dict) else None


def text_of(value: Json) -> str | None:
    """Return a scalar as text, booleans lower case; raise ``TypeError`` for what is none."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is int or kind is float:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return None
    raise TypeError


# The fields of System as nearly every event has them; the others take the longer way.
_SYSTEM = (
    "Provider_Name", "Guid", "EventSourceName", "Qualifiers", "EventID", "Version", "Level", "Task", "Opcode", "Keywords",
    "SystemTime", "EventRecordID", "ActivityID", "RelatedActivityID", "ProcessID", "ThreadID", "Channel", "Computer",
    "UserID",
)  # fmt: skip
_USUAL = frozenset(
    ("Provider", "EventID", "Version", "Level", "Task", "Opcode", "Keywords", "TimeCreated", "EventRecordID", "Correlation",
     "Execution", "Channel", "Computer", "Security")
)  # fmt: skip
_NOTHING: dict[str, Json] = {}


def _system(system: dict[str, Json]) -> tuple[str | None, ...] | None:
    """Return the values of ``_SYSTEM``, or ``None`` where the part has another shape."""
    if not _USUAL.issuperset(system):
        return None
    try:
        provider = system["Provider"]["#attributes"]
        number, qualifiers = system["EventID"], None
        if type(number) is dict:
            number, qualifiers = number["#text"], str(number["#attributes"]["Qualifiers"])
        execution = (system.get("Execution") or _NOTHING).get("#attributes", _NOTHING)
        correlation = (system.get("Correlation") or _NOTHING).get("#attributes", _NOTHING)
        if len(execution) > 2 or len(provider) > 3 or len(correlation) > 2:
            return None
        version, opcode, process, thread = (
            system.get("Version"), system.get("Opcode"), execution.get("ProcessID"), execution.get("ThreadID"))  # fmt: skip
        return (
            provider["Name"], provider.get("Guid"), provider.get("EventSourceName"), qualifiers, str(number),
            None if version is None else str(version), str(system["Level"]), str(system["Task"]),
            None if opcode is None else str(opcode), system["Keywords"], system["TimeCreated"]["#attributes"]["SystemTime"],
            str(system["EventRecordID"]), correlation.get("ActivityID"), correlation.get("RelatedActivityID"),
            None if process is None else str(process), None if thread is None else str(thread), system["Channel"],
            system["Computer"], (system.get("Security") or _NOTHING).get("#attributes", _NOTHING).get("UserID"),
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError):
        return None


def flatten(
    event: dict[str, Json], names: Names, shapes: list[int], values: list[str | None]
) -> None:
    """Add the fields of an event in the library's JSON: those of System, then those of its body.

    An attribute goes by its own name, unless a field of that name was there before; a body field wins over one of System.
    """
    body = event.get("EventData")
    if len(event) <= 3 and type(body) is dict:
        head = _system(event["System"])
        if head is not None:
            try:
                texts = [v if type(v) is str else text_of(v) for v in body.values()]
            except TypeError:
                texts = None
            if texts is not None:
                values += head
                values += texts
                shapes.append(names.shape(tuple(body), _SYSTEM))
                return
    _any_shape(event, names, shapes, values)


def _any_shape(
    event: dict[str, Json], names: Names, shapes: list[int], values: list[str | None]
) -> None:
    keys: list[str] = []
    texts: list[str | None] = []
    for part, body in event.items():
        if part != "#attributes":
            for name, value in body.items() if isinstance(body, dict) else ():
                if name == "#attributes":
                    _attributes(value, part, keys, texts)
                elif value is not None:
                    _nested(value, name, keys, texts)
    values += texts
    shapes.append(names.shape(tuple(keys)))


def _nested(
    value: Json, name: str, keys: list[str], values: list[str | None], depth: int = 0
) -> None:
    """Add a value that is no scalar: its attributes, its text under its own name, its parts under theirs."""
    if isinstance(value, dict) and depth < 16:
        for key, inner in value.items():
            if key == "#attributes":
                _attributes(inner, name, keys, values)
            elif key == "#text":
                _text(inner, name, keys, values)
            else:
                _nested(inner, key, keys, values, depth + 1)
    elif isinstance(value, (dict, list)):
        keys.append(name)
        values.append(json.dumps(value))
    else:
        keys.append(name)
        values.append(text_of(value))


def _attributes(inner: Json, name: str, keys: list[str], values: list[str | None]) -> None:
    for attribute, value in inner.items() if isinstance(inner, dict) else ():
        named = "Provider_Name" if name == "Provider" and attribute == "Name" else attribute
        if named != "xmlns" and named not in keys:
            keys.append(named)
            values.append(value if isinstance(value, str) else _scalar(value))


def _text(inner: Json, name: str, keys: list[str], values: list[str | None]) -> None:
    keys.append(name)
    values.append(
        "\n".join(_scalar(v) for v in inner) if isinstance(inner, list) else _scalar(inner)
    )


def _scalar(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
