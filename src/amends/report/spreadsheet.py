"""Writes rows as Parquet, CSV, XLSX or JSON Lines; whole or not at all, readable by the owner only.

Evidence is hostile: a cell that a spreadsheet would run as a formula is written as text with a
leading apostrophe (OWASP, "CSV Injection", read November 2026).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import xlsxwriter

from amends.kernel import ids
from amends.kernel.errors import TableError, UsageError

_FORMULA = r"^[=+\-@\t\r\n]|^\s+[=+\-@]"
_SHEET_ROWS = 1_048_575

Batches = Iterable[pa.RecordBatch]


def write(schema: pa.Schema, batches: Batches, to: str) -> int:
    """Write batches to a file by its ending, or as JSON Lines to standard output for ``-``.

    Returns:
        The number of rows.

    Raises:
        UsageError: The ending is not known.
        TableError: The file cannot be written.
    """
    if to == "-":
        return _write_lines(schema, batches, None)
    path = Path(to)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UsageError(
            f"Amends does not write files ending in {path.suffix or 'nothing'!r}",
            where=path.name,
            remedy="end the name in " + ", ".join(_WRITERS),
        )
    with _whole(path) as fresh:
        return writer(schema, batches, fresh)


def write_json(value: object, path: Path) -> None:
    """Write a JSON value to a file, whole or not at all.

    Raises:
        TableError: The file cannot be written.
    """
    with _whole(path) as fresh:
        fresh.write_text(
            json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n", "utf-8"
        )


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a file beside ``path`` that takes its place when the block ends well; for its owner only."""
    fresh = path.with_name(f".{path.name}.{ids.new(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY, 0o600))
        yield fresh
        fresh.replace(path)
    except OSError as error:
        raise TableError(
            "The file could not be written",
            where=path.name,
            remedy=f"{error.strerror}: choose another place",
        ) from error
    finally:
        fresh.unlink(missing_ok=True)


def inert(column: pa.Array) -> pa.Array:
    """Return text with an apostrophe before everything a spreadsheet would take for a formula."""
    if not pa.types.is_string(column.type):
        return column
    hostile = pc.fill_null(pc.match_substring_regex(column, _FORMULA), False)
    if not pc.any(hostile).as_py():
        return column
    return pc.if_else(hostile, pc.binary_join_element_wise("'", column, ""), column)


def flat(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch for spreadsheets: lists joined by spaces, instants as text, formulas inert."""
    made = [inert(_plain(column)) for column in batch.columns]
    return pa.RecordBatch.from_arrays(made, names=batch.schema.names)


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_map(column.type):
        return pa.array(
            [None if m is None else ids.canonical_json(dict(m)) for m in column.to_pylist()],
            pa.string(),
        )
    if pa.types.is_list(column.type):
        return pc.binary_join(column.cast(pa.list_(pa.string())), " ")
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, "%Y-%m-%dT%H:%M:%SZ")
    return column


def _write_parquet(schema: pa.Schema, batches: Batches, path: Path) -> int:
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _write_csv(schema: pa.Schema, batches: Batches, path: Path) -> int:
    empty = flat(pa.RecordBatch.from_pylist([], schema=schema))
    rows = 0
    with pacsv.CSVWriter(path, empty.schema) as writer:
        for batch in batches:
            made = flat(batch)
            writer.write_batch(made)
            rows += made.num_rows
    return rows


def _write_xlsx(schema: pa.Schema, batches: Batches, path: Path) -> int:
    """Write one sheet for each 1,048,575 rows; every text is a text cell, never a formula or a link."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    rows = 0
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True, "bg_color": "#E7EEF5", "border": 1})
        sheet = None
        for batch in batches:
            for row in flat(batch).to_pylist():
                if sheet is None or rows % _SHEET_ROWS == 0:
                    sheet = book.add_worksheet()
                    sheet.freeze_panes(1, 1)
                    sheet.write_row(0, 0, schema.names, bold)
                for place, value in enumerate(row.values()):
                    _write_cell(sheet, rows % _SHEET_ROWS + 1, place, value)
                rows += 1
        if sheet is None:
            book.add_worksheet().write_row(0, 0, schema.names, bold)
    return rows


def _write_cell(sheet: Any, row: int, place: int, value: object) -> None:
    # Any: xlsxwriter ships no types.
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, place, value)
    elif isinstance(value, int | float) and abs(value) < 2**53:  # a sheet's numbers are doubles
        sheet.write_number(row, place, value)
    else:
        sheet.write_string(row, place, str(value)[:32_767])


def _write_lines(schema: pa.Schema, batches: Batches, path: Path | None) -> int:
    rows = 0
    stream = sys.stdout if path is None else path.open("w", encoding="utf-8")
    try:
        for batch in batches:
            for row in batch.to_pylist():
                stream.write(json.dumps(row, ensure_ascii=False, default=str) + "\n")
            rows += batch.num_rows
    finally:
        if path is not None:
            stream.close()
    return rows


_WRITERS: dict[str, Callable[[pa.Schema, Batches, Path], int]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".jsonl": _write_lines,
}
