"""The tables of one delimited text, one after the other, streaming.

A chunk that is regular goes through Arrow's CSV reader; one that is not (ragged rows, stray quotes, blank rows)
through the lenient splitter.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from amends.custody.dialect import Sniffed
from amends.custody.layout import (
    Layout,
    Row,
    filled,
    find_layout,
    is_blank,
    is_header,
    starts_table,
)
from amends.custody.readers.base import (
    BATCH_ROWS,
    add_fault,
    batch_of_rows,
    blocks_of,
    row_numbers,
    schema_of,
)
from amends.custody.records import Dialect, split_records
from amends.kernel.contents import DocumentPart, Fault, Part, TablePart

MEDIA_TYPE = "text/csv"
FAST_CHARACTERS = 1 << 23
SLOW_CHARACTERS = 1 << 20
SAMPLE_CHARACTERS = 1 << 18
MOST_WAITING = 1 << 26
ROW_REMEDY = "compare the row with the original; its cells were kept as far as they fit"


class WaitingText:
    """Text that is not yet read, filled from the file as needed."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self.waiting = ""
        self.is_final = False

    def want(self, size: int) -> None:
        """Have at least ``size`` characters waiting, fewer only at the end."""
        parts = [self.waiting]
        have = len(self.waiting)
        while have < size and not self.is_final:
            piece = next(self._pieces, None)
            if piece is None:
                self.is_final = True
            else:
                parts.append(piece)
                have += len(piece)
        self.waiting = "".join(parts)

    def drop(self, size: int) -> None:
        """Take ``size`` characters as read."""
        self.waiting = self.waiting[size:]


class Tables:
    """The tables of one file, one after the other."""

    def __init__(
        self, inner_path: str, text: WaitingText, sniffed: Sniffed, most_faults: int
    ) -> None:
        self._inner_path = inner_path
        self._text = text
        self._dialect = sniffed.dialect
        self._width = sniffed.width
        self._most_faults = most_faults
        self._notes: list[str] = []
        self._columns: tuple[str, ...] = ()
        self._header: Row = []
        self._faults: list[Fault] = []
        self._number = 0
        self._ended = False
        self._hard = 0

    def parts(self) -> Iterator[Part]:
        """Yield the tables, then the notes."""
        table = 0
        while self._begin(self._width if table == 0 else 0):
            table += 1
            path = self._path(f"#{table}") if table > 1 else self._inner_path
            self._faults = []
            yield TablePart(
                path,
                MEDIA_TYPE,
                "delimited",
                self._columns,
                self._batches(),
                bool(self._header),
                (),
                self._faults,
            )
            while self._next_batch() is not None:
                pass
        if self._notes:
            text = "\n".join(self._notes) + "\n"
            yield DocumentPart(self._path("#text"), "text/plain", "delimited", blocks_of([text]))

    def _path(self, suffix: str) -> str:
        return f"{self._inner_path}{suffix}"

    def _batches(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._next_batch()) is not None:
            yield batch

    def _begin(self, width: int) -> bool:
        """Find where the next table begins and read its header; ``False`` at the end of the file."""
        self._text.want(SAMPLE_CHARACTERS)
        rows, ends = [], []
        for cells, end in split_records(
            self._text.waiting, self._dialect, final=self._text.is_final
        ):
            rows.append(cells)
            ends.append(end)
            if len(rows) >= 400:
                break
        if not rows and not self._text.is_final:
            self._text.want(MOST_WAITING)
            rows, ends = _first_record(self._text.waiting, self._dialect)
        if not any(not is_blank(row) for row in rows):
            return False
        layout = find_layout(rows, width=width)
        self._take(layout, rows, ends)
        return True

    def _take(self, layout: Layout, rows: list[Row], ends: list[int]) -> None:
        self._columns = layout.columns
        for row in rows[: layout.preamble]:
            if not is_blank(row):
                self._notes.append("\t".join(cell for cell in row if cell))
        used = layout.preamble + layout.header
        self._header = rows[used - 1] if layout.header else []
        self._number = 0
        self._ended = False
        if used:
            self._text.drop(ends[used - 1])

    def _next_batch(self) -> pa.RecordBatch | None:
        """Return the next batch of this table; ``None`` at its end."""
        while not self._ended:
            batch = self._fast() if self._hard <= 0 else None
            if batch is None:
                self._hard -= 1
                batch = self._slow()
            if batch is not None and batch.num_rows:
                return batch
        return None

    # the fast way

    def _fast(self) -> pa.RecordBatch | None:
        """Return a batch by Arrow's reader, or ``None`` where the chunk needs the lenient way."""
        self._text.want(FAST_CHARACTERS)
        chunk = self._regular_chunk()
        if not chunk:
            return None
        table = _by_arrow(_tight(chunk, self._dialect), self._dialect, self._columns)
        if table is None or table.num_rows > 8 * BATCH_ROWS:
            self._hard = FAST_CHARACTERS // SLOW_CHARACTERS
            return None
        self._text.drop(len(chunk))
        numbers = row_numbers(self._number + 1, table.num_rows)
        self._number += table.num_rows
        batch = _combined(table, numbers, self._columns)
        return self._kept(_trimmed(batch) if self._dialect.skips_spaces else batch)

    def _regular_chunk(self) -> str:
        """Return waiting text up to a line end where no quote is open; "" where it is not regular."""
        text, dialect = self._text.waiting, self._dialect
        quote, separator = dialect.quote, dialect.separator
        if not text or ord(separator) > 127 or separator == "\x00":
            return ""
        chunk = text if self._text.is_final else text[: text.rfind("\n") + 1]
        if quote and chunk.count(quote) % 2:
            return ""
        blank = separator * (len(self._columns) - 1)
        hard = ("\n\n", "\n\r\n", "\r\r", "\n" + blank if blank else "\n\n", "\x00")
        if any(sign in chunk for sign in hard) or chunk.startswith(("\n", "\r", blank or "\n")):
            return ""
        if dialect.escape and dialect.escape in chunk:
            return ""
        if (
            quote
            and not dialect.skips_spaces
            and (f"{separator} {quote}" in chunk or f"\n {quote}" in chunk)
        ):
            return ""
        return chunk

    def _kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Drop rows without any cell, and header rows that come again."""
        first = batch.column(0)
        drop = None
        if first.null_count:
            drop = pc.is_null(first)
            for at in range(1, len(self._columns)):
                drop = pc.and_(drop, pc.is_null(batch.column(at)))
        if self._header and self._header[0]:
            again = pc.fill_null(pc.equal(first, self._header[0]), False)
            if pc.any(again).as_py():
                for at, cell in enumerate(self._header[: len(self._columns)]):
                    again = pc.and_(again, pc.equal(pc.fill_null(batch.column(at), ""), cell))
                drop = again if drop is None else pc.or_(drop, again)
        if drop is None or not pc.any(drop).as_py():
            return batch
        return batch.filter(pc.invert(drop))

    # the lenient way

    def _slow(self) -> pa.RecordBatch | None:
        """Return a batch by the lenient splitter, ending where the table ends."""
        size = SLOW_CHARACTERS
        while True:
            self._text.want(size)
            records = []
            for record in split_records(
                self._text.waiting, self._dialect, final=self._text.is_final
            ):
                records.append(record)
                if len(records) >= BATCH_ROWS:
                    break
            used = self._usable(records)
            if used or self._text.is_final or size >= MOST_WAITING:
                break
            size *= 4
        if not records:
            if not self._text.is_final:  # one record without an end: take it as one cell of text
                records = [
                    (
                        [self._text.waiting[:MOST_WAITING]],
                        min(len(self._text.waiting), MOST_WAITING),
                    )
                ]
                used = 1
            else:
                self._ended = True
                return None
        return self._batch_of(records, used or len(records))

    def _usable(self, records: list[tuple[Row, int]]) -> int:
        """Return how many records can be judged now: a gap near the end waits for what follows it."""
        if self._text.is_final and records and records[-1][1] >= len(self._text.waiting):
            return len(records)
        last = len(records)
        for at in range(len(records) - 1, max(len(records) - 16, -1), -1):
            if is_blank(records[at][0]) or len(records[at][0]) != len(self._columns):
                last = at
        return last

    def _batch_of(self, records: list[tuple[Row, int]], used: int) -> pa.RecordBatch:
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        width = len(self._columns)
        at = 0
        while at < used:
            cells, _ = records[at]
            if is_blank(cells):
                if self._ends_at(records, at):
                    break
                self._number += len(cells) > 1
            elif len(cells) != width and self._changes_at(records, at):
                self._end(records, at)
                break
            else:
                self._number += 1
                if cells != self._header:
                    rows.append(self._fitted(cells, width))
                    numbers.append(self._number)
            at += 1
        if not self._ended:
            self._text.drop(records[used - 1][1])
            if self._text.is_final and not self._text.waiting:
                self._ended = True
        return batch_of_rows(self._columns, rows, numbers)

    def _ends_at(self, records: list[tuple[Row, int]], at: int) -> bool:
        """Answer whether the gap at ``at`` ends the table; if so leave the text where the next begins."""
        after = [cells for cells, _ in records[at + 1 : at + 80]]
        skipped = next((n for n, cells in enumerate(after) if not is_blank(cells)), None)
        if skipped is None or starts_table(after[skipped:], len(self._columns)) is None:
            return False
        self._end(records, at)
        return True

    def _changes_at(self, records: list[tuple[Row, int]], at: int) -> bool:
        """Answer whether a row of another width is the header of another table."""
        cells = records[at][0]
        below = [row for row, _ in records[at + 1 : at + 12]]
        if filled(cells) < 2 or len(below) < 2 or any(len(row) != len(cells) for row in below[:3]):
            return False
        return is_header(cells, below)

    def _end(self, records: list[tuple[Row, int]], at: int) -> None:
        self._ended = True
        if at:
            self._text.drop(records[at - 1][1])

    def _fitted(self, cells: Row, width: int) -> list[str | None]:
        """Return exactly ``width`` cells; what is too much goes into the last one."""
        if len(cells) > width:
            extra = cells[width:]
            cells = cells[:width]
            if any(cell.strip() for cell in extra):
                cells[-1] = self._dialect.separator.join([cells[-1], *extra])
                self._fault()
        elif len(cells) < width:
            self._fault()
            cells = [*cells, *[""] * (width - len(cells))]
        return [cell or None for cell in cells]

    def _fault(self) -> None:
        fault = Fault(
            self._inner_path, f"row {self._number}", "malformed_row", ROW_REMEDY, whole=False
        )
        add_fault(self._faults, fault, self._most_faults)


def _first_record(text: str, dialect: Dialect) -> tuple[list[Row], list[int]]:
    """Return the first record of a text whose first record is huge."""
    for cells, end in split_records(text, dialect, final=True):
        return [cells], [end]
    return [], []


def _tight(chunk: str, dialect: Dialect) -> str:
    """Return a chunk without spaces between separators and quotes, where the dialect has them."""
    if not dialect.skips_spaces:
        return chunk
    return chunk.replace(f"{dialect.separator} {dialect.quote}", dialect.separator + dialect.quote)


def _by_arrow(chunk: str, dialect: Dialect, columns: tuple[str, ...]) -> pa.Table | None:
    """Return a chunk as a table of text, or ``None`` where its rows differ in width."""
    payload = chunk.encode("utf-8", "replace")
    try:
        return pacsv.read_csv(
            pa.BufferReader(payload),
            read_options=pacsv.ReadOptions(
                column_names=list(columns), use_threads=False, block_size=len(payload) + 1
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.separator,
                quote_char=dialect.quote or False,
                double_quote=True,
                escape_char=False,
                newlines_in_values=bool(dialect.quote),
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in columns},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowCapacityError):
        return None


def _combined(table: pa.Table, numbers: pa.Array, columns: tuple[str, ...]) -> pa.RecordBatch:
    arrays = [
        column.chunk(0)
        if column.num_chunks == 1
        else pa.concat_arrays(column.chunks)
        if column.num_chunks
        else pa.array([], pa.string())
        for column in table.columns
    ]
    return pa.RecordBatch.from_arrays([*arrays, numbers], schema=schema_of(columns))


def _trimmed(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch without the spaces that belong to the separator; emptied cells become null."""
    arrays = [batch.column(0)]
    for at in range(1, batch.num_columns - 1):
        cells = pc.utf8_ltrim(batch.column(at), " ")
        arrays.append(pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.string()), cells))
    return pa.RecordBatch.from_arrays(
        [*arrays, batch.column(batch.num_columns - 1)], schema=batch.schema
    )
