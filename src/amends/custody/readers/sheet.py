"""Spreadsheets: XLSX, XLS, XLSB, ODS; hidden sheets too; several tables on a sheet, side by side or stacked.

Rows stream out of the sheet. Rows between gaps are a band; a band's columns are split where a column is empty.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError

from amends.custody.layout import Layout, Row, filled, find_layout, is_blank, starts_table
from amends.custody.names import clean_leaf, join
from amends.custody.readers.base import BATCH_ROWS, Opener, batch_of_rows, blocks_of
from amends.custody.readers.zip_kind import kind_of_zip
from amends.custody.source import Source
from amends.kernel.contents import DocumentPart, Fault, Part, TablePart

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xls": "application/vnd.ms-excel",
}
LOOK_ROWS = 400
PASSWORD_REMEDY = "open it with its password, save it without, and add that"  # noqa: S105 (a sentence)
DAMAGED_REMEDY = "open it with a spreadsheet program, repair and save it, and add that"


class Sheet:
    """Reads workbooks."""

    name = "sheet"

    def detect(self, source: Source) -> bool:
        """Answer by what is in the zip, or in the OLE directory."""
        if source.head.startswith(OLE):
            return _is_old_workbook(source)
        return kind_of_zip(source) in ("xlsx", "ods")

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the tables of each sheet, in the order of the workbook."""
        try:
            book = CalamineWorkbook.from_filelike(source.seekable())
        except PasswordError:
            opener.budget.take_item()
            yield Fault(source.inner_path, "", "encrypted", PASSWORD_REMEDY)
            return
        except Exception:  # calamine raises many kinds for damaged books
            opener.budget.take_item()
            yield Fault(source.inner_path, "", "truncated", DAMAGED_REMEDY)
            return
        media_type = MEDIA_TYPES[kind_of_zip(source) or "xls"]
        found = 0
        for name in book.sheet_names:
            inner = join(source.inner_path, clean_leaf(name))
            try:
                sheet = book.get_sheet_by_name(name)
            except Exception:  # one sheet must not lose the rest
                opener.budget.take_item()
                found += 1
                yield Fault(inner, "", "unreadable", DAMAGED_REMEDY)
                continue
            for part in _Sheet(sheet, inner, media_type, opener.limits.faults).parts():
                found += 1
                yield part
        if not found:
            opener.budget.take_item()
            yield Fault(
                source.inner_path,
                "",
                "empty",
                "ask the custodian whether it was empty at the source",
            )


def _is_old_workbook(source: Source) -> bool:
    """Answer whether an OLE file holds a workbook stream, by its directory names in UTF-16."""
    marks = [name.encode("utf-16-le") for name in ("Workbook", "Book")]
    if source.ending in (".xls", ".xlt", ".xlw"):
        return True
    return any(mark in source.head for mark in marks)


def cell_text(value: object) -> str:
    """Return a cell as text: whole numbers without ".0", days and instants in ISO form."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        at_midnight = value.time() == datetime.time.min
        return value.date().isoformat() if at_midnight else value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "" if value is None else str(value)


class _Sheet:
    """The tables of one sheet."""

    def __init__(self, sheet: CalamineSheet, inner: str, media_type: str, most_faults: int) -> None:
        self._inner = inner
        self._media_type = media_type
        self._most_faults = most_faults
        self._rows = self._texts(sheet)
        self._waiting: list[Row] = []
        self._notes: list[str] = []
        self._seen: list[Row] = []

    def _texts(self, sheet: CalamineSheet) -> Iterator[Row]:
        for row in sheet.iter_rows():
            yield [cell_text(value) for value in row]

    def _look(self, count: int) -> None:
        """Have ``count`` rows waiting, fewer only at the end."""
        missing = count - len(self._waiting)
        if missing > 0:
            self._waiting.extend(islice(self._rows, missing))

    def parts(self) -> Iterator[Part]:
        """Yield the tables, then the text around them."""
        table = 0
        while True:
            self._look(LOOK_ROWS)
            while self._waiting and is_blank(self._waiting[0]):
                self._waiting.pop(0)
                self._look(LOOK_ROWS)
            if not self._waiting:
                break
            band = self._band()
            whole = len(band) < len(self._waiting) or len(self._waiting) < LOOK_ROWS
            spans = _spans(band)
            if len(spans) > 1 and not whole:
                band, whole = self._whole_band()
                spans = _spans(band)
            if len(spans) > 1:
                del self._waiting[: len(band)]
                for begin, end in spans:
                    rows = [row[begin:end] for row in band]
                    for part in self._table_of(rows, iter(()), table):
                        table += 1
                        yield part
                continue
            for part in self._streamed(spans[0], table):
                table += 1
                yield part
        if self._notes:
            text = "\n".join(self._notes) + "\n"
            yield DocumentPart(f"{self._inner}#text", "text/plain", "sheet", blocks_of([text]))

    def _band(self) -> list[Row]:
        """Return the waiting rows up to the next gap that ends a table."""
        for at, row in enumerate(self._waiting):
            if is_blank(row) and self._gap_ends(self._waiting[:at], self._waiting[at:]):
                return self._waiting[:at]
        return list(self._waiting)

    def _gap_ends(self, above: list[Row], below: list[Row]) -> bool:
        """Answer whether a gap separates tables: what follows has a header, other columns, or nothing."""
        after = next((at for at, row in enumerate(below) if not is_blank(row)), None)
        if after is None:
            return True
        held = [row for row in above if filled(row) > 1]
        width = max((filled(row) for row in held), default=1)
        begin, end = _extent(above)
        next_begin, next_end = _extent(below[after : after + 40])
        if next_end <= begin or next_begin >= end:
            return True
        if len(held) < 2:  # only titles so far: they belong to what follows
            return False
        return (
            starts_table([row[next_begin:next_end] for row in below[after : after + 80]], width)
            is not None
        )

    def _whole_band(self) -> tuple[list[Row], bool]:
        """Return a band to its end, however long, for tables side by side."""
        while True:
            before = len(self._waiting)
            self._look(before * 2)
            band = self._band()
            if len(band) < len(self._waiting) or len(self._waiting) < before * 2:
                return band, True

    def _streamed(self, span: tuple[int, int], table: int) -> Iterator[Part]:
        """Yield one table whose rows stream; wider cells further down are kept in the last column."""
        begin, end = span
        yield from self._table_of([], self._rows_of_band(begin, end), table)

    def _rows_of_band(self, begin: int, end: int) -> Iterator[Row]:
        """Yield the rows of the band at the front, as cells of its columns, and take them away."""
        while True:
            self._look(LOOK_ROWS)
            if not self._waiting:
                return
            row = self._waiting[0]
            if is_blank(row) and self._gap_ends(self._seen, self._waiting):
                return
            self._waiting.pop(0)
            if not is_blank(row):
                self._seen = [*self._seen[-40:], row]
            outside = [cell for at, cell in enumerate(row) if cell and not begin <= at < end]
            if outside:
                self._notes.append("\t".join(outside))
            yield row[begin:end]

    def _table_of(self, rows: list[Row], more: Iterator[Row], table: int) -> Iterator[Part]:
        """Yield one table from rows at hand and rows to come."""
        self._seen = []
        sample = [*rows, *islice(more, max(LOOK_ROWS - len(rows), 0))]
        while sample and is_blank(sample[-1]):
            sample.pop()
        if not sample:
            return
        width = max(len(row) for row in sample)
        padded = [[*row, *[""] * (width - len(row))] for row in sample]
        layout = find_layout(padded, width=width)
        for row in padded[: layout.preamble]:
            if not is_blank(row):
                self._notes.append("\t".join(cell for cell in row if cell))
        if layout.header == 0 and max(filled(row) for row in padded) <= 1 and len(padded) <= 3:
            self._notes.extend(
                "\t".join(cell for cell in row if cell) for row in padded[layout.preamble :]
            )
            for row in more:
                self._notes.append("\t".join(cell for cell in row if cell))
            return
        path = f"{self._inner}#{table + 1}" if table else self._inner
        batches = _Batches(padded, more, layout, rows)
        yield TablePart(path, self._media_type, "sheet", layout.columns, batches, layout.header > 0)
        for _ in batches:
            pass


class _Batches(Iterator[pa.RecordBatch]):
    """Batches of one table: rows at hand, then rows to come."""

    def __init__(
        self, sample: list[Row], more: Iterator[Row], layout: Layout, rows: list[Row]
    ) -> None:
        used = layout.preamble + layout.header
        rest = rows[len(sample) :] if len(rows) > len(sample) else []
        self._head = deque([*sample[used:], *rest])
        self._more = more
        self._columns = layout.columns
        self._number = 0

    def __next__(self) -> pa.RecordBatch:
        """Return the next batch."""
        width = len(self._columns)
        rows: list[list[str | None]] = []
        numbers: list[int] = []
        while len(rows) < BATCH_ROWS // 4:
            row = self._next_row()
            if row is None:
                break
            self._number += 1
            if is_blank(row):
                continue
            cells: list[str | None] = [cell or None for cell in row[:width]]
            rows.append(cells + [None] * (width - len(cells)))
            numbers.append(self._number)
        if not rows:
            raise StopIteration
        return batch_of_rows(self._columns, rows, numbers)

    def _next_row(self) -> Row | None:
        if self._head:
            return self._head.popleft()
        return next(self._more, None)


def _extent(rows: list[Row]) -> tuple[int, int]:
    """Return the first and one past the last column that hold anything."""
    held = [at for row in rows for at, cell in enumerate(row) if cell and not cell.isspace()]
    return (min(held), max(held) + 1) if held else (0, 0)


def _spans(band: list[Row]) -> list[tuple[int, int]]:
    """Return the column ranges of the tables side by side in a band.

    An empty column separates tables where each side has a header of its own; else it is an empty column.
    """
    begin, end = _extent(band)
    used = [any(at < len(row) and row[at].strip() for row in band) for at in range(begin, end)]
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for at, is_used in enumerate([*used, False], start=begin):
        if is_used and start is None:
            start = at
        elif not is_used and start is not None:
            spans.append((start, at))
            start = None
    if len(spans) < 2 or not all(_is_table(band, span) for span in spans):
        return [(begin, end)]
    return spans


def _is_table(band: list[Row], span: tuple[int, int]) -> bool:
    begin, end = span
    rows = [row[begin:end] for row in band]
    rows = [row for row in rows if not is_blank(row)]
    if len(rows) < 2:
        return False
    return find_layout(rows, width=end - begin).header > 0
