"""What parsers of text share: a file is read in blocks of lines, and a block is parsed as whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, slices
from amends.timeline.guard import UNREADABLE, note, survivable
from amends.timeline.lines import BLOCK_BYTES, Lines, blocks
from amends.timeline.parsers.base import Origin, Parsed, Times

ParseBlock = Callable[[Lines], Parsed]
MOST_FAILURES = 128
"""To find one bad line of a block takes some seventeen halvings; after seven or so the block is given up."""


class LineParser:
    """Base of a parser of lines: a sibling gives ``name``, ``detect`` and ``begin``.

    Attributes:
        block_bytes: Size of a block; tests make it small, for results must not depend on it.
    """

    name = ""
    block_bytes = BLOCK_BYTES

    def detect(self, head: bytes, origin: Origin) -> bool:
        """Answer whether this is the format."""
        raise NotImplementedError

    def begin(self, origin: Origin) -> ParseBlock:
        """Return what parses the blocks of one file in their order; what must be kept between blocks lives there."""
        raise NotImplementedError

    def read(self, stream: BinaryIO, origin: Origin) -> Iterator[Parsed]:
        """Yield the log in blocks."""
        parse = self.begin(origin)
        for lines in blocks(stream, self.block_bytes):
            yield from _guarded(parse, lines, origin)


def _guarded(parse: ParseBlock, lines: Lines, origin: Origin) -> Iterator[Parsed]:
    """Parse a block; where that breaks, parse its halves, so that a line that breaks the parser costs that line.

    Only so many failures are borne: a block of nothing but such lines is given up as a whole.
    """
    waiting, failures = [lines], 0
    while waiting:
        part = waiting.pop()
        try:
            parsed = parse(part)
        except Exception as error:
            if not survivable(error):
                raise
            failures += 1
            if len(part) > 1 and failures < MOST_FAILURES:
                middle = len(part) // 2
                waiting += [part.part(middle, len(part)), part.part(0, middle)]
                continue
            note("a parser of lines", origin.log_id, error)
            parsed = _given_up(part)
        yield parsed


def _given_up(lines: Lines) -> Parsed:
    none = np.zeros(0, np.int64)
    times = Times(none, np.zeros(0, np.bool_), np.zeros(0, np.bool_), pa.array([], pa.string()))
    rejects = rejected(lines, np.ones(len(lines), np.bool_), UNREADABLE)
    nowhere = {"position": pa.array(none), "line": pa.array(none)}
    return Parsed(len(lines), times, nowhere, pa.array([], pa.string()), rejects)


def blank_lines(lines: Lines) -> Bools:
    """Return which lines hold nothing but spaces."""
    lengths = lines.ends - lines.starts
    blank = np.asarray(lengths == 0, np.bool_)
    if len(lines.buffer):
        first = lines.buffer[np.minimum(lines.starts, len(lines.buffer) - 1)]
        odd = np.flatnonzero((lengths > 0) & (first <= 32))
        if len(odd):
            texts = slices(lines.buffer, lines.starts[odd], lengths[odd])
            empty = pc.equal(pc.binary_length(pc.ascii_trim_whitespace(texts)), 0)
            blank[odd] = empty.to_numpy(zero_copy_only=False)
    return blank


def places(lines: Lines, keep: Bools) -> dict[str, pa.Array]:
    """Return the columns ``position`` and ``line`` of the lines that are events."""
    return {
        "position": pa.array(lines.positions[keep]),
        "line": pa.array(lines.numbers[keep]),
    }


def rejected(lines: Lines, rows: Bools, reason: str) -> list[tuple[int, str]]:
    """Return the line numbers of rejected lines with a reason."""
    return [(int(number), reason) for number in lines.numbers[rows]]
