# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Records that run over several lines: a line that opens one, and those that belong to it; and CSV made safe.

A record is closed by the line that opens the next one, not by counting quotes: a quote too few then costs one record, not the rest
of the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from amends.timeline.columns import Bools, Bytes, Ints, slices
from amends.timeline.lines import BLOCK_BYTES, Lines, blocks

LONGEST_RECORD = 4 << 20
"""A record longer than this is closed: no database logs a statement longer by default, and memory stays flat."""
LONGEST_TEXT = 64 << 10
_QUOTE, _RETURN, _NEWLINE = 34, 13, 10


@dataclass
class Records:
    """A block of whole records.

    Attributes:
        buffer: Valid UTF-8.
        starts: Where each record begins in ``buffer``.
        ends: Where it ends, the last line end left out.
        positions: Byte offset of each record in the file as opened.
        numbers: Number of its first line, from 1.
    """

    buffer: Bytes
    starts: Ints
    ends: Ints
    positions: Ints
    numbers: Ints

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self.starts)

    @cached_property
    def text(self) -> pa.StringArray:
        """Return the records as a text column."""
        return slices(self.buffer, self.starts, self.ends - self.starts)

    def only(self, keep: Bools) -> Records:
        """Return some of the records."""
        return Records(
            self.buffer,
            self.starts[keep],
            self.ends[keep],
            self.positions[keep],
            self.numbers[keep],
        )

    def places(self) -> dict[str, pa.Array]:
        """Return the columns ``position`` and ``line``."""
        return {"position": pa.array(self.positions), "line": pa.array(self.numbers)}

    def rejects(self, rows: Bools, reason: str) -> list[tuple[int, str]]:
        """Return the line numbers of rejected records with a reason."""
        return [(int(number), reason) for number in self.numbers[rows]]


def of_lines(lines: Lines) -> Records:
    """Return each line as a record of its own."""
    return Records(lines.buffer, lines.starts, lines.ends, lines.positions, lines.numbers)


def grouped(
    stream: BinaryIO, opens: Callable[[Lines], Bools], size: int = BLOCK_BYTES
) -> Iterator[Records]:
    """Yield the records of a stream; ``opens`` says which lines of a block open one."""
    held: Records | None = None
    for lines in blocks(stream, size):
        merged, heads = _after(held, lines, opens(lines))
        held = None
        last = int(np.flatnonzero(heads)[-1])
        whole = _closed(merged, heads)
        if merged.ends[-1] - merged.starts[last] < LONGEST_RECORD:
            held = _tail(merged, last)
            whole = whole.only(np.arange(len(whole)) < len(whole) - 1)
        if len(whole):
            yield whole
    if held is not None:
        yield _closed(held, np.arange(len(held)) == 0)


def _after(held: Records | None, lines: Lines, opens: Bools) -> tuple[Records, Bools]:
    """Return the lines of a block behind those held back, and which open a record; the first always does."""
    now = of_lines(lines)
    heads = opens.copy()
    if held is None:
        heads[0] = True
        return now, heads
    shift = len(held.buffer)
    merged = Records(
        np.concatenate((held.buffer, now.buffer)),
        np.concatenate((held.starts, now.starts + shift)),
        np.concatenate((held.ends, now.ends + shift)),
        np.concatenate((held.positions, now.positions)),
        np.concatenate((held.numbers, now.numbers)),
    )
    before = np.zeros(len(held), dtype=bool)
    before[0] = True
    return merged, np.concatenate((before, heads))


def _tail(lines: Records, first: int) -> Records:
    """Return the lines from one on, with a buffer of their own that ends in a line end."""
    begin = int(lines.starts[first])
    body = lines.buffer[begin:]
    if not len(body) or body[-1] != _NEWLINE:
        body = np.append(body, np.uint8(_NEWLINE))
    return Records(
        body,
        lines.starts[first:] - begin,
        lines.ends[first:] - begin,
        lines.positions[first:],
        lines.numbers[first:],
    )


def _closed(lines: Records, heads: Bools) -> Records:
    first = np.flatnonzero(heads)
    last = np.append(first[1:], len(lines)) - 1
    return Records(
        lines.buffer,
        lines.starts[first],
        np.maximum(lines.ends[last], lines.starts[first]),
        lines.positions[first],
        lines.numbers[first],
    )


def unbalanced(records: Records) -> Bools:
    """Return which records hold an odd number of double quotes."""
    places = np.flatnonzero(records.buffer == _QUOTE)
    if not len(places):
        return np.zeros(len(records), dtype=bool)
    odd: Bools = (
        np.searchsorted(places, records.ends) - np.searchsorted(places, records.starts)
    ) % 2 == 1
    return odd


def csv_columns(
    records: Records, names: Sequence[str], delimiter: str = ",", quote: str = '"'
) -> tuple[dict[str, pa.StringArray], Bools]:
    """Return the fields of CSV records by column, and which records have just these columns.

    Records with fewer or more fields, or with a quote too few, are left out of the columns. Without ``quote`` a quote is a
    character like any other.
    """
    good = ~unbalanced(records) if quote else np.ones(len(records), dtype=bool)
    table = _read(records, good, names, delimiter, quote)
    if table is None:
        return _by_one(records, good, names, delimiter, quote)
    return table


def _read(
    records: Records, good: Bools, names: Sequence[str], delimiter: str, quote: str
) -> tuple[dict[str, pa.StringArray], Bools] | None:
    """Read records that are whole; ``None`` where rows and records do not match."""
    good = good & (records.ends > records.starts)
    bad_rows: list[int] = []

    def wrong(row: arrow_csv.InvalidRow) -> str:
        bad_rows.append(int(row.number or 0))
        return "skip"

    n = int(good.sum())
    if not n:
        return {name: pa.array([], pa.string()) for name in names}, good
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(_body(records, good)),
            read_options=arrow_csv.ReadOptions(
                use_threads=False, column_names=list(names), block_size=1 << 30
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote or False,
                newlines_in_values=bool(quote),
                invalid_row_handler=wrong,
                ignore_empty_lines=False,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    if table.num_rows + len(bad_rows) != n:
        return None
    if bad_rows:
        rows = np.flatnonzero(good)
        if min(bad_rows) < 1 or max(bad_rows) > n:
            return None
        good = good.copy()
        good[rows[np.array(bad_rows) - 1]] = False
    return {name: table.column(i).combine_chunks() for i, name in enumerate(names)}, good


def _body(records: Records, good: Bools) -> pa.Buffer:
    """Return the good records one after the other, each closed by a line end."""
    if good.all() and len(records.buffer) > records.ends[-1]:
        return pa.py_buffer(
            np.ascontiguousarray(records.buffer[records.starts[0] : records.ends[-1] + 1])
        )
    keep = np.zeros(len(records.buffer) + 2, dtype=np.int8)
    np.add.at(keep, records.starts[good], 1)
    np.add.at(keep, records.ends[good] + 1, -1)
    body = np.append(records.buffer, np.uint8(_NEWLINE))
    mask = np.cumsum(keep[: len(body)], dtype=np.int8) > 0
    kept = body[mask].copy()
    sizes = records.ends[good] - records.starts[good] + 1
    kept[np.cumsum(sizes) - 1] = _NEWLINE
    return pa.py_buffer(kept)


def _by_one(
    records: Records, good: Bools, names: Sequence[str], delimiter: str, quote: str
) -> tuple[dict[str, pa.StringArray], Bools]:
    """Read records one at a time: the way for a block in which somebody meddled."""
    rows: list[list[str]] = []
    good = good.copy()
    with _long_fields():
        for i in np.flatnonzero(good):
            found = _cells(records.text[int(i)].as_py(), delimiter, quote)
            if len(found) == 1 and len(found[0]) == len(names):
                rows.append(found[0])
            else:
                good[i] = False
    turned = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return {
        name: pa.array(list(column), pa.string())
        for name, column in zip(names, turned, strict=True)
    }, good


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let fields be as long as records may be; the limit is the whole process's, so it is put back."""
    before = csv.field_size_limit(LONGEST_RECORD + 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _cells(text: str, delimiter: str, quote: str) -> list[list[str]]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting))
    except csv.Error:
        return []


def shortened(texts: pa.StringArray) -> pa.StringArray:
    """Return texts cut to ``LONGEST_TEXT`` bytes; the rest stands in the sealed exhibit."""
    lengths = pc.binary_length(texts)
    if (pc.max(lengths).as_py() or 0) <= LONGEST_TEXT:
        return texts
    long = pc.fill_null(pc.greater(lengths, LONGEST_TEXT), False).to_numpy(zero_copy_only=False)
    place: npt.NDArray[np.int64] = np.arange(len(texts))
    rows = np.flatnonzero(long)
    cut = pc.utf8_slice_codeunits(texts.take(pa.array(rows)), 0, LONGEST_TEXT // 4)
    place[rows] = len(texts) + np.arange(len(rows))
    return pa.concat_arrays([texts, cut]).take(pa.array(place))
