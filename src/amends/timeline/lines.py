"""A stream of bytes in blocks of whole lines, with the place of each line in the file.

Line ends and offsets come from numpy on the byte buffer. What is not UTF-8 is read line by line as Latin-1, NUL bytes
(what a crash leaves in a log) count as spaces, carriage returns go, a byte order mark goes, UTF-16 is recognised, and a
line longer than ``LONGEST_LINE`` is cut there: the rest of it stays in the sealed file only.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from amends.timeline.columns import Bytes, Ints, slices

BLOCK_BYTES = 8 << 20
"""Some eighty thousand lines: large enough that the cost of a call is nothing, small enough for the memory goal."""
LONGEST_LINE = 64 << 10
"""No log daemon writes longer ones by default (rsyslog 8 KiB, auditd 9 KiB); statements in database logs may."""
_SAMPLE = 4096
_NEWLINE, _RETURN, _NUL = 10, 13, 0


@dataclass
class Lines:
    """A block of whole lines.

    Attributes:
        buffer: Valid UTF-8.
        starts: Where each line begins in ``buffer``.
        ends: Where it ends, line end left out.
        positions: Byte offset of each line in the file as opened.
        first: Number of the first line, from 1.
        n_cut: Lines that were cut for their length.
    """

    buffer: Bytes
    starts: Ints
    ends: Ints
    positions: Ints
    first: int
    n_cut: int = 0

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def numbers(self) -> Ints:
        """Return the line numbers."""
        return np.arange(self.first, self.first + len(self), dtype=np.int64)

    @cached_property
    def text(self) -> pa.Array:
        """Return the lines as a text column."""
        return slices(self.buffer, self.starts, self.ends - self.starts)

    def part(self, start: int, end: int) -> Lines:
        """Return the lines from one place to another of the block."""
        return Lines(
            self.buffer,
            self.starts[start:end],
            self.ends[start:end],
            self.positions[start:end],
            self.first + start,
        )


def after(one: Lines, other: Lines) -> Lines:
    """Return two blocks that follow each other as one."""
    low, high = int(one.starts[0]), int(one.ends[-1])
    held = np.append(one.buffer[low:high], np.uint8(_NEWLINE))
    return Lines(
        np.concatenate([held, other.buffer]),
        np.concatenate([one.starts - low, other.starts + len(held)]),
        np.concatenate([one.ends - low, other.ends + len(held)]),
        np.concatenate([one.positions, other.positions]),
        one.first,
    )


@dataclass
class _Cutter:
    """Cuts chunks of bytes into blocks of whole lines."""

    offset: int = 0
    line: int = 1
    rest: bytes = b""
    skipping: bool = False
    wide: str = ""

    def feed(self, chunk: bytes, *, final: bool) -> Lines | None:
        """Return the whole lines that are there now, and keep the rest."""
        data = self.rest + chunk
        step = 2 if self.wide else 1
        cut = len(data) - len(data) % step if final else _after_last_line(data, self.wide)
        if cut <= 0:
            if len(data) <= 2 * BLOCK_BYTES:
                self.rest = data
                return None
            return self._giant(data)
        self.rest = b"" if final else data[cut:]
        block = data[:cut]
        start = self.offset
        self.offset += len(data) if final else cut
        if self.skipping:
            self.skipping = False
            gone = _first_line_end(block, self.wide)
            block, start = block[gone:], start + gone
        return self._lines(block, start, 0) if block else None

    def _giant(self, data: bytes) -> Lines | None:
        """Take a line that does not end in sight: its head is a line, the rest of it is passed over."""
        start = self.offset
        self.offset += len(data)
        self.rest = b""
        if self.skipping:
            return None
        self.skipping = True
        return self._lines(data[: 2 * LONGEST_LINE], start, 1)

    def _lines(self, block: bytes, start: int, n_cut: int) -> Lines:
        text = block.decode(self.wide, "replace").encode() if self.wide else block
        buffer = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(buffer == _NEWLINE)
        if not len(ends) or ends[-1] != len(buffer) - 1:
            ends = np.append(ends, len(buffer))
        starts = np.empty_like(ends)
        starts[0] = 0
        starts[1:] = ends[:-1] + 1
        positions = (_wide_places(buffer, starts) if self.wide else starts) + start
        returned = (ends > starts) & (buffer[np.maximum(ends - 1, 0)] == _RETURN)
        ends = ends - returned
        long = np.flatnonzero(ends - starts > LONGEST_LINE)
        ends[long] = starts[long] + LONGEST_LINE
        lines = Lines(
            buffer,
            starts.astype(np.int64),
            ends.astype(np.int64),
            positions.astype(np.int64),
            self.line,
            max(len(long), n_cut),
        )
        self.line += len(lines)
        return _cleaned(lines)


def _after_last_line(data: bytes, wide: str) -> int:
    if not wide:
        return data.rfind(b"\n") + 1
    mark = "\n".encode(wide)
    at = data.rfind(mark)
    while at > 0 and at % 2:
        at = data.rfind(mark, 0, at + 1)
    return at + 2 if at >= 0 and not at % 2 else 0


def _first_line_end(data: bytes, wide: str) -> int:
    mark = "\n".encode(wide) if wide else b"\n"
    at = data.find(mark)
    while wide and at >= 0 and at % 2:
        at = data.find(mark, at + 1)
    return len(data) if at < 0 else at + len(mark)


def _wide_places(buffer: Bytes, starts: Ints) -> Ints:
    """Return where lines begin in UTF-16, from where they begin in UTF-8."""
    units = ((buffer & 0xC0) != 0x80).astype(np.int64) + (buffer >= 0xF0)
    before = np.concatenate([[0], np.cumsum(units)])
    return np.asarray(before[starts] * 2, np.int64)


def _cleaned(lines: Lines) -> Lines:
    """Return lines of valid UTF-8 without NUL bytes."""
    buffer = lines.buffer
    if (buffer == _NUL).any():
        blank = buffer[np.minimum(lines.starts, len(buffer) - 1)] == _NUL
        buffer = np.where(buffer == _NUL, np.uint8(32), buffer)
        lines.buffer = buffer
        for row in np.flatnonzero(blank & (lines.ends > lines.starts)):
            text = buffer[lines.starts[row] : lines.ends[row]]
            ink = np.flatnonzero(text != 32)
            lines.starts[row] += int(ink[0]) if len(ink) else len(text)
    if not (buffer & 0x80).any():
        return lines
    if not lines.n_cut:
        try:
            codecs.utf_8_decode(buffer.data, "strict", True)
        except UnicodeDecodeError:
            pass
        else:
            return lines
    return _mended(lines)


def _mended(lines: Lines) -> Lines:
    """Read lines that are not UTF-8 as Latin-1; a character cut in two at the bound goes."""
    pieces, starts, ends, done = [], lines.starts.copy(), lines.ends.copy(), 0
    taken = 0
    high = np.flatnonzero(lines.buffer & 0x80)
    odd = np.unique(np.searchsorted(lines.starts, high, side="right") - 1)
    body = lines.buffer.tobytes()
    shift = 0
    last = -1
    for row in odd[odd >= 0]:
        begin, end = int(lines.starts[row]), int(lines.ends[row])
        text = body[begin:end]
        better = _utf8(text, cut=end - begin == LONGEST_LINE)
        starts[last + 1 : row + 1] += shift
        ends[last + 1 : row] += shift
        last = int(row)
        pieces.append(body[taken:begin])
        pieces.append(better)
        done += begin - taken + len(better)
        ends[row] = starts[row] + len(better)
        taken = end
        shift = done - taken
    starts[last + 1 :] += shift
    ends[last + 1 :] += shift
    pieces.append(body[taken:])
    lines.starts, lines.ends = starts, ends
    lines.buffer = np.frombuffer(b"".join(pieces), np.uint8)
    return lines


def _utf8(text: bytes, *, cut: bool) -> bytes:
    try:
        text.decode()
        return text
    except UnicodeDecodeError as fault:
        if cut and fault.start >= len(text) - 3:
            return text[: fault.start]
        return text.decode("latin-1").encode()


def _wideness(head: bytes) -> tuple[str, int]:
    """Return UTF-16's name where the head is that, and the length of the byte order mark."""
    if head.startswith(codecs.BOM_UTF8):
        return "", 3
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le", 2
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    sample = head[:_SAMPLE]
    if len(sample) >= 16:
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        half = len(sample) // 2
        if odd > 0.8 * half and not even:
            return "utf-16-le", 0
        if even > 0.8 * half and not odd:
            return "utf-16-be", 0
    return "", 0


def blocks(stream: BinaryIO, size: int = BLOCK_BYTES) -> Iterator[Lines]:
    """Yield the lines of a stream in blocks of about ``size`` bytes; where blocks end changes no line."""
    chunk = _read(stream, max(size, _SAMPLE))
    wide, mark = _wideness(chunk)
    cutter = _Cutter(offset=mark, wide=wide)
    chunk = chunk[mark:]
    while chunk:
        later = _read(stream, size)
        lines = cutter.feed(chunk, final=not later)
        if lines is not None and len(lines):
            yield lines
        chunk = later


def _read(stream: BinaryIO, size: int) -> bytes:
    """Read ``size`` bytes or to the end: compressed streams give less than asked for."""
    pieces: list[bytes] = []
    need = size
    while need > 0:
        piece = stream.read(need)
        if not piece:
            break
        pieces.append(piece)
        need -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
