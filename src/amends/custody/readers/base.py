"""What every reader is: it recognises a format by its first bytes, and maps what it finds to parts."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa

from amends.custody.limits import Budget, Limits
from amends.custody.names import clean_name, join
from amends.custody.source import Source
from amends.kernel.contents import Block, Fault, Part

BATCH_ROWS = 1 << 16
BLOCK_CHARACTERS = 1 << 22


class Opener(Protocol):
    """What a reader may ask of the one who runs it."""

    @property
    def limits(self) -> Limits:
        """Bounds on this exhibit."""
        ...

    @property
    def budget(self) -> Budget:
        """What is left of them."""
        ...

    @property
    def passwords(self) -> tuple[str, ...]:
        """Passwords to try, in order."""
        ...

    def inside(self, source: Source) -> Iterator[Part]:
        """Yield the parts of something found inside a container."""
        ...


class Format(Protocol):
    """A reader of one format."""

    @property
    def name(self) -> str:
        """Short name of the reader, kept in the items table."""
        ...

    def detect(self, source: Source) -> bool:
        """Answer whether this is the format, by ``source.head`` and the ending of its name."""
        ...

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the parts, streaming; faults are parts or go into a part's ``faults``."""
        ...


def member(source: Source, name: str, stream: BinaryIO, opener: Opener) -> Source:
    """Return the source of a thing inside ``source``, under a safe, unique name."""
    clean = clean_name(name)
    inner = join(source.inner_path, clean)
    return Source(
        inner,
        clean.rsplit("/", 1)[-1],
        limits=opener.limits,
        stream=stream,
        depth=source.depth + 1,
    )


def member_of_bytes(source: Source, name: str, payload: bytes, opener: Opener) -> Source:
    """Return the source of a thing inside ``source`` whose bytes are already in memory."""
    return member(source, name, io.BytesIO(payload), opener)


def batch_of_rows(
    columns: tuple[str, ...], rows: list[list[str | None]], numbers: list[int]
) -> pa.RecordBatch:
    """Return a record batch of text columns plus ``_row``; rows have exactly one cell a column."""
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = [pa.array(column, pa.string()) for column in cells]
    arrays.append(pa.array(numbers, pa.int64()))
    return pa.RecordBatch.from_arrays(arrays, schema=schema_of(columns))


def row_numbers(first: int, count: int) -> pa.Array:
    """Return the ``_row`` column of ``count`` rows, the first of which has number ``first``."""
    return pa.array(np.arange(first, first + count, dtype=np.int64))


def schema_of(columns: tuple[str, ...]) -> pa.Schema:
    """Return the schema of a table part: text columns and ``_row``."""
    fields = [pa.field(name, pa.string()) for name in columns]
    return pa.schema([*fields, pa.field("_row", pa.int64(), nullable=False)])


def blocks_of(pieces: Iterable[str]) -> Iterator[Block]:
    """Yield blocks from pieces of text: at most 4 Mi characters each, cut at line ends or spaces."""
    offset = 0
    waiting: list[str] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        while size >= BLOCK_CHARACTERS:
            text = "".join(waiting)
            cut = _cut(text)
            yield Block(offset, text[:cut])
            offset += cut
            waiting = [text[cut:]]
            size = len(text) - cut
    text = "".join(waiting)
    if text:
        yield Block(offset, text)


def _cut(text: str) -> int:
    """Return where to cut: after the last line end, else the last space, else at the limit."""
    lowest = BLOCK_CHARACTERS // 2
    for mark in ("\n", " ", "\t"):
        at = text.rfind(mark, lowest, BLOCK_CHARACTERS)
        if at >= 0:
            return at + 1
    return BLOCK_CHARACTERS


def add_fault(faults: list[Fault], fault: Fault, limit: int) -> None:
    """Add a fault of a part; past ``limit`` they are counted in the last one."""
    if len(faults) < limit:
        faults.append(fault)
        return
    last = faults[-1]
    count = int(last.place.split()[1]) if last.place.startswith("and ") else 0
    faults[-1] = (
        Fault(
            fault.inner_path,
            f"and {count + 1} more places",
            fault.reason,
            fault.remedy,
            whole=False,
        )
        if count
        else Fault(fault.inner_path, "and 2 more places", fault.reason, fault.remedy, whole=False)
    )
