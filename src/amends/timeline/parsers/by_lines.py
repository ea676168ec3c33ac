"""What parsers of text share: a file is read in blocks of lines, and a block is parsed as whole columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, slices
from amends.timeline.lines import BLOCK_BYTES, Lines, blocks
from amends.timeline.parsers.base import Origin, Parsed

ParseBlock = Callable[[Lines], Parsed]


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
            yield parse(lines)


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
