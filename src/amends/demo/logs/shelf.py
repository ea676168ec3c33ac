"""Log files as they lie on hosts: in the order of their lines, rotated, cut, cleared, labelled.

Whoever writes puts lines in any order; ``Shelf.flush`` sorts those up to an instant and writes them out, so that
memory holds one window of time, whatever the size of the whole.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import IO

Entry = tuple[int, str, str]
_GARBAGE = (
    "\x00\x00\x00\x00\x00\x00\x00\x00",
    "#~ring buffer overrun, 3 messages lost",
    "<<<<<<< segment torn here",
    "\ufffd\ufffdE\x02\ufffd4\x1b[0m",
    "9",
)


@dataclass(frozen=True)
class Span:
    """A file of a rotation: from when on it is written, and what it is called in the end."""

    start: int
    name: str


@dataclass
class LogFile:
    """One log of one host with all its rotated parts.

    Attributes:
        place: Folder and base name below the logs, for what has only one part.
        spans: Parts by time.
        header: Lines every part begins with.
        footer: Lines every part ends with.
        ending: Line end.
        lost: Spans of true time whose lines are gone: a missing day, a cleared log.
        copy: Collector's file that gets every line as well.
        delay_us: Most a copy is late.
        garbage: Share of lines after which a torn one stands.
        torn: Parts (by name) that lost their end: a truncated gzip.
    """

    spans: tuple[Span, ...]
    header: str = ""
    footer: str = ""
    ending: str = "\n"
    lost: list[tuple[int, int]] = field(default_factory=list)
    copy: LogFile | None = None
    delay_us: int = 2_000_000
    garbage: float = 0.0
    torn: frozenset[str] = frozenset()
    records: bool = False
    many_lines: bool = False
    buffer: list[Entry] = field(default_factory=list)
    n_lines: int = 0

    def put(self, at: int, text: str, label: str = "") -> None:
        """Add a line (or a record of several lines) at a true instant."""
        self.buffer.append((at, text, label))
        if self.copy is not None:
            # Late by an amount that the text decides: no chance is used up on it.
            late = zlib.crc32(text.encode()) % self.delay_us
            self.copy.buffer.append((at + late, text, label))

    def put_many(self, entries: list[Entry]) -> None:
        """Add many lines at once."""
        if self.copy is None:
            self.buffer.extend(entries)
            return
        for at, text, label in entries:
            self.put(at, text, label)


class _Part:
    """A part of a rotation while it is written."""

    def __init__(self, path: Path, header: str, ending: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._raw = path.open("wb")
        self._file: IO[bytes] | gzip.GzipFile = (
            gzip.GzipFile("", "wb", 1, self._raw, 0) if path.suffix == ".gz" else self._raw
        )
        self.line = 0
        self.record = 0
        if header:
            self.write(header.replace("\n", ending))
            self.line = header.count("\n")

    def write(self, text: str) -> None:
        self._file.write(text.encode("utf-8", "surrogateescape"))

    def close(self, footer: str) -> None:
        if footer:
            self.write(footer)
        if self._file is not self._raw:
            self._file.close()
        self._raw.close()


class Shelf:
    """All log files of the case, and the labels of their lines."""

    def __init__(self, root: Path, labels: Path, seed: int) -> None:
        """Open the shelf: logs go below ``root``, labels into the file ``labels``."""
        self._root = root
        labels.parent.mkdir(parents=True, exist_ok=True)
        self._labels = labels.open("w", encoding="utf-8", newline="\n")
        self._files: list[LogFile] = []
        self._open: dict[int, tuple[int, _Part]] = {}
        self._binary: dict[str, list[tuple[int, bytes, str]]] = {}
        self._chance = random.Random(seed * 7919 + 11)
        self.counts: dict[str, int] = {}
        self.n_lines = 0

    def add(self, file: LogFile) -> LogFile:
        """Put a log on the shelf and return it."""
        self._files.append(file)
        return file

    def add_binary(self, name: str) -> list[tuple[int, bytes, str]]:
        """Return the list of records of a log that is not text; it is written at the end."""
        return self._binary.setdefault(name, [])

    def flush(self, until: int) -> None:
        """Write all lines before an instant."""
        for number, file in enumerate(self._files):
            if not file.buffer:
                continue
            file.buffer.sort(key=itemgetter(0))
            cut = _first_after(file.buffer, until)
            due, file.buffer = file.buffer[:cut], file.buffer[cut:]
            for start, end in file.lost:
                if due and due[0][0] < end and due[-1][0] >= start:
                    due = [entry for entry in due if not start <= entry[0] < end]
            self._write(number, file, due)

    def _write(self, number: int, file: LogFile, due: list[Entry]) -> None:
        while due:
            index, part = self._part(number, file, due[0][0])
            more = file.spans[index + 1].start if index + 1 < len(file.spans) else None
            cut = len(due) if more is None else _first_after(due, more)
            self._lines(file, part, due[:cut])
            due = due[cut:]

    def _part(self, number: int, file: LogFile, at: int) -> tuple[int, _Part]:
        wanted = max((k for k, span in enumerate(file.spans) if span.start <= at), default=0)
        at_hand = self._open.get(number)
        if at_hand is None or at_hand[0] != wanted:
            if at_hand is not None:
                self._close(file, at_hand[1])
            path = self._root / file.spans[wanted].name
            at_hand = (wanted, _Part(path, file.header, file.ending))
            self._open[number] = at_hand
        return at_hand

    def _lines(self, file: LogFile, part: _Part, due: list[Entry]) -> None:
        if file.garbage:
            due = self._with_garbage(file, due)
        path = part.path.relative_to(self._root.parent).as_posix()
        line = part.line
        for place, (_, text, label) in enumerate(due, part.record + 1):
            line += 1 + (text.count("\n") if file.many_lines else 0)
            if label:
                # Of a record of several lines the last one: in a history the command stands there.
                self._label(path, line, place if file.records else 0, label)
        self.n_lines += line - part.line
        file.n_lines += line - part.line
        part.line, part.record = line, part.record + len(due)
        ending = file.ending
        part.write(ending.join(map(itemgetter(1), due)) + ending)

    def _with_garbage(self, file: LogFile, due: list[Entry]) -> list[Entry]:
        out = list(due)
        for _ in range(int(len(due) * file.garbage + self._chance.random())):
            place = self._chance.randrange(len(out))
            out.insert(place, (out[place][0], self._chance.choice(_GARBAGE), ""))
        return out

    def _label(self, path: str, line: int, record: int, label: str) -> None:
        self.counts[label] = self.counts.get(label, 0) + 1
        entry: dict[str, str | int] = {"path": path, "line": line}
        if record:
            entry["record"] = record
        entry["label"] = label
        self._labels.write(json.dumps(entry) + "\n")

    def _close(self, file: LogFile, part: _Part) -> None:
        part.close(file.footer)
        name = part.path.relative_to(self._root).as_posix()
        if name in file.torn:
            whole = part.path.read_bytes()
            part.path.write_bytes(whole[: len(whole) * 2 // 3])

    def close(self) -> None:
        """Write what is left and close everything."""
        self.flush(1 << 62)
        for number, (_, part) in sorted(self._open.items()):
            self._close(self._files[number], part)
        for name, records in self._binary.items():
            self._write_binary(name, records)
        self._labels.close()

    def _write_binary(self, name: str, records: list[tuple[int, bytes, str]]) -> None:
        if not records:
            return
        records.sort(key=itemgetter(0))
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(record for _, record, _ in records))
        place = path.relative_to(self._root.parent).as_posix()
        for number, (_, _, label) in enumerate(records, 1):
            if label:
                self._label(place, number, number, label)


def _first_after(entries: list[Entry], until: int) -> int:
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle][0] < until:
            low = middle + 1
        else:
            high = middle
    return low
