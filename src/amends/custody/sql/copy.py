r"""Rows of COPY … FROM stdin, as PostgreSQL writes them.

Text format: tabs between cells, ``\N`` for null, backslash escapes, ``\.`` at the end.

Source:
    PostgreSQL 17 documentation, COPY, "Text Format".
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from amends.custody.readers.base import row_numbers, schema_of

_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.S)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def copy_rows(
    chunk: bytes, columns: tuple[str, ...], first: int
) -> tuple[pa.RecordBatch, list[int]]:
    """Return whole lines of COPY text as a batch, and the numbers of rows that did not fit.

    Args:
        chunk: Lines, each ended.
        columns: Names.
        first: Number of the first row.
    """
    table = _by_arrow(chunk, columns)
    if table is None:
        return _by_line(chunk, columns, first)
    arrays = []
    has_escapes = b"\\" in chunk.replace(b"\\N", b"")
    for column in table.columns:
        array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
        arrays.append(_unescaped(array) if has_escapes else array)
    numbers = row_numbers(first, table.num_rows)
    return pa.RecordBatch.from_arrays([*arrays, numbers], schema=schema_of(columns)), []


def _by_arrow(chunk: bytes, columns: tuple[str, ...]) -> pa.Table | None:
    if b"\r" in chunk or b"\n\n" in chunk or chunk.startswith(b"\n"):
        return None
    names = [str(at) for at in range(len(columns))]
    try:
        return pacsv.read_csv(
            pa.BufferReader(chunk),
            read_options=pacsv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(chunk) + 1
            ),
            parse_options=pacsv.ParseOptions(
                delimiter="\t", quote_char=False, escape_char=False, newlines_in_values=False
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=True,
                null_values=["", "\\N"],
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowCapacityError):
        return None


def _unescaped(array: pa.Array) -> pa.Array:
    """Return a column with its escapes read; only the cells that have one are touched."""
    marked = pc.fill_null(pc.match_substring(array, "\\"), False)
    if not pc.any(marked).as_py():
        return array
    cells = [unescape(cell) for cell in array.filter(marked).to_pylist()]
    return pc.replace_with_mask(array, marked, pa.array(cells, pa.string()))


def unescape(cell: str) -> str:
    """Return a cell of COPY text with its backslash escapes read."""
    return _ESCAPE.sub(_sign, cell)


def _sign(found: re.Match[str]) -> str:
    text = found.group(1)
    if text[0] == "x" and len(text) > 1:
        return chr(int(text[1:], 16))
    if text[0] in "01234567":
        return chr(int(text, 8) & 0xFF)
    return _SIGNS.get(text, text)


def _by_line(
    chunk: bytes, columns: tuple[str, ...], first: int
) -> tuple[pa.RecordBatch, list[int]]:
    """Return lines one by one: rows of another width, carriage returns, empty lines."""
    width = len(columns)
    rows: list[list[str | None]] = []
    odd: list[int] = []
    lines = chunk.decode("utf-8", "replace").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    for number, line in enumerate(lines, start=first):
        cells = line.removesuffix("\r").split("\t")
        if len(cells) != width:
            odd.append(number)
            if len(cells) > width:
                cells = [*cells[: width - 1], " ".join(cells[width - 1 :])]
        row: list[str | None] = [None if cell in ("\\N", "") else unescape(cell) for cell in cells]
        rows.append(row + [None] * (width - len(row)))
    numbers = row_numbers(first, len(rows))
    arrays = (
        [pa.array(cells, pa.string()) for cells in zip(*rows, strict=True)]
        if rows
        else [pa.array([], pa.string())] * width
    )
    return pa.RecordBatch.from_arrays([*arrays, numbers], schema=schema_of(columns)), odd
