"""Rows of INSERT … VALUES, found by arithmetic on whole chunks and handed to Arrow; odd chunks token by token.

The quick way marks strings by the parity of quotes, rows by brackets outside strings, rewrites escapes as CSV
writes them, drops what is not a cell, and lets Arrow's CSV reader build the columns. Whatever it does not expect
(functions around values, comments, rows of another width) goes the exact way.

Source:
    MySQL 8.4 reference manual 11.1.1 (string literals and escapes); PostgreSQL 17 documentation 4.1.2; own method.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from amends.custody.readers.base import row_numbers, schema_of

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]

QUOTE, BACKSLASH, OPEN, CLOSE, COMMA = 39, 92, 40, 41, 44
SPACES = (32, 10, 13, 9)
NULLS = ["NULL", "null", "Null", "DEFAULT", "default", ""]
_ESCAPE_STRINGS = tuple(
    before + space + sign + b"'"
    for before in (b"(", b",")
    for space in (b"", b" ", b"\n")
    for sign in (b"E", b"e")
)
WIDEST_GAP = 64
_ESCAPED = {ord("n"): 10, ord("r"): 13, ord("t"): 9, ord("Z"): 26, ord("b"): 8}


@dataclass(frozen=True)
class Rows:
    """What a chunk gave.

    Attributes:
        cells: Columns of text.
        used: Bytes taken from the chunk, up to the end of the last row.
        odd: Places of rows, from 0, whose width was not the usual one.
        n_rows: Rows.
    """

    cells: list[pa.Array]
    used: int
    odd: list[int]
    n_rows: int


def value_rows(
    chunk: bytes, width: int, *, backslashes: bool, final: bool, small: bool = False
) -> Rows | None:
    """Return the rows at the start of a chunk; ``None`` where not even one is whole.

    Args:
        chunk: Bytes from the first "(" on.
        width: Columns; 0 where not known.
        backslashes: Whether a backslash escapes inside strings (MySQL).
        final: Whether the stream ends with the chunk.
        small: Whether to go the exact way at once, which is cheaper for a few rows.
    """
    if width and not small:
        quick = _quick(chunk, width, backslashes)
        if quick is not None:
            return quick
    return exact_rows(chunk, width, backslashes=backslashes, final=final)


def batch_of(rows: Rows, columns: tuple[str, ...], first: int) -> pa.RecordBatch:
    """Return rows as a batch whose first row has number ``first``."""
    numbers = row_numbers(first, rows.n_rows)
    return pa.RecordBatch.from_arrays([*rows.cells, numbers], schema=schema_of(columns))


# the quick way


def _quick(chunk: bytes, width: int, backslashes: bool) -> Rows | None:
    raw = np.frombuffer(chunk, np.uint8)
    is_quote = raw == QUOTE
    escapes = _escapes(raw) if backslashes and b"\\" in chunk else None
    if escapes is not None:
        after = escapes + 1
        is_quote[after[after < raw.size]] = False
    elif not backslashes and (b"E'" in chunk or b"e'" in chunk) and _has_escape_strings(chunk):
        return None
    inside = np.cumsum(is_quote, dtype=np.uint8) & 1
    brackets = np.flatnonzero(((raw == OPEN) | (raw == CLOSE)) & (inside == 0))
    rows = _row_places(raw, brackets)
    if rows is None:
        return None
    opens, closes = rows
    begin, end = int(opens[0]), int(closes[-1]) + 1
    body = raw[begin:end].copy()
    keep = np.ones(body.size, np.bool_)
    outside = inside[begin:end] == 0
    if not _drop_prefixes(body, keep, is_quote[begin:end], outside):
        return None
    _drop_spaces(body, keep, outside)
    _drop_gaps(body, keep, opens - begin, closes - begin)
    if escapes is not None:
        chosen = escapes[(escapes >= begin) & (escapes < end - 1)] - begin
        _rewrite_escapes(body, keep, chosen)
    cells = _cells(body[keep].tobytes(), width, opens.size)
    return None if cells is None else Rows(cells, end, [], opens.size)


def _escapes(raw: Bytes) -> Places:
    """Return the places of backslashes that escape what follows: every other one in a run."""
    places = np.flatnonzero(raw == BACKSLASH)
    starts = np.ones(places.size, np.bool_)
    starts[1:] = np.diff(places) != 1
    index = np.arange(places.size)
    run_start = np.maximum.accumulate(np.where(starts, index, 0))
    chosen: Places = places[(index - run_start) % 2 == 0]
    return chosen


def _has_escape_strings(chunk: bytes) -> bool:
    return any(sign in chunk for sign in _ESCAPE_STRINGS)


def _row_places(raw: Bytes, brackets: Places) -> tuple[Places, Places] | None:
    """Return where the rows that follow each other open and close; ``None`` for anything odd."""
    if brackets.size < 2:
        return None
    steps = np.where(raw[brackets] == OPEN, 1, -1)
    depth = np.cumsum(steps)
    if depth[0] != 1:
        return None
    wrong = np.flatnonzero((depth > 1) | (depth < 0))
    limit = int(wrong[0]) if wrong.size else brackets.size
    limit -= limit % 2
    opens, closes = brackets[0:limit:2], brackets[1:limit:2]
    if not opens.size:
        return None
    rows = _joined_rows(raw, opens, closes)
    if wrong.size and rows == opens.size:
        return (
            None  # something nested comes before the statement ends: the exact way must look at it
        )
    if rows < 16 and raw.size > 1 << 16:
        return None  # so few in so much: the exact way is not slower
    return opens[:rows], closes[:rows]


def _joined_rows(raw: Bytes, opens: Places, closes: Places) -> int:
    """Return how many rows follow each other with nothing but a comma and spaces between."""
    gaps = opens[1:] - closes[:-1]
    good = (gaps >= 2) & (gaps <= WIDEST_GAP)
    commas = np.zeros(gaps.size, np.int8)
    widest = int(gaps[gaps <= WIDEST_GAP].max(initial=1))
    for step in range(1, widest):
        place = closes[:-1] + step
        here = step < gaps
        sign = raw[np.minimum(place, raw.size - 1)]
        is_comma = sign == COMMA
        is_space = (sign == 32) | (sign == 10) | (sign == 13) | (sign == 9)
        good &= ~here | is_comma | is_space
        commas += (is_comma & here).astype(np.int8)
    bad = np.flatnonzero(~(good & (commas == 1)))
    return int(bad[0]) + 1 if bad.size else int(opens.size)


def _drop_prefixes(
    body: Bytes,
    keep: npt.NDArray[np.bool_],
    is_quote: npt.NDArray[np.bool_],
    outside: npt.NDArray[np.bool_],
) -> bool:
    """Drop the N before N'…'; ``False`` where a string has another prefix."""
    opening = np.flatnonzero(is_quote & ~outside)
    before = body[np.maximum(opening - 1, 0)]
    plain = (before == OPEN) | (before == COMMA) | (before == QUOTE)
    for space in SPACES:
        plain |= before == space
    national = (before == 78) | (before == 110)
    if not bool(np.all(plain | national)):
        return False
    spaced = opening[(before == 32) | (before == 10) | (before == 9) | (before == 13)]
    if spaced.size:
        earlier = body[np.maximum(spaced - 2, 0)]
        if bool(np.any((earlier >= 65) & (earlier <= 122))):
            return False
    keep[opening[national] - 1] = False
    return _nothing_after(body, np.flatnonzero(is_quote & outside))


def _nothing_after(body: Bytes, closing: Places) -> bool:
    """Answer whether strings are whole cells: a cast or an operator after one needs the exact way."""
    after = body[np.minimum(closing + 1, body.size - 1)]
    plain = (after == CLOSE) | (after == COMMA) | (after == QUOTE)
    spaced = np.zeros(closing.size, np.bool_)
    for space in SPACES:
        spaced |= after == space
    if not bool(np.all(plain | spaced)):
        return False
    later = body[np.minimum(closing[spaced] + 2, body.size - 1)]
    return bool(np.all((later == CLOSE) | (later == COMMA) | (later <= 32)))


def _drop_spaces(body: Bytes, keep: npt.NDArray[np.bool_], outside: npt.NDArray[np.bool_]) -> None:
    space = body <= 32
    keep[space & outside] = False


def _drop_gaps(body: Bytes, keep: npt.NDArray[np.bool_], opens: Places, closes: Places) -> None:
    """Make each closing bracket a line end, and drop opening brackets and what is between rows."""
    keep[opens] = False
    body[closes] = 10
    keep[closes] = True
    widest = int((opens[1:] - closes[:-1]).max(initial=1))
    for step in range(1, widest):
        place = closes[:-1] + step
        keep[place[place < opens[1:]]] = False


def _rewrite_escapes(body: Bytes, keep: npt.NDArray[np.bool_], places: Places) -> None:
    """Turn backslash escapes into what CSV reads: a doubled quote, or the sign itself."""
    signs = body[places + 1]
    quotes = signs == QUOTE
    body[places[quotes]] = QUOTE
    wild = (signs == 37) | (signs == 95)
    keep[places[~quotes & ~wild]] = False
    keep[places[signs == 48] + 1] = False
    for sign, meant in _ESCAPED.items():
        body[places[signs == sign] + 1] = meant


def _cells(text: bytes, width: int, n_rows: int) -> list[pa.Array] | None:
    names = [str(at) for at in range(width)]
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text),
            read_options=pacsv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(text) + 1
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=",",
                quote_char="'",
                double_quote=True,
                escape_char=False,
                newlines_in_values=True,
                ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=NULLS,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowCapacityError):
        return None
    if table.num_rows != n_rows:
        return None
    return [_without_empty(column.combine_chunks()) for column in table.columns]


def _without_empty(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    empty = pc.equal(array, "")
    return (
        pc.if_else(empty, pa.scalar(None, pa.string()), array) if pc.any(empty).as_py() else array
    )


# the exact way

_TOKEN = re.compile(
    rb"\s*[eE]'(?:[^'\\]|\\.|'')*+'|'(?:[^']|'')*+'|[(),]|--[^\n]*|/\*.*?\*/|\"(?:[^\"]|\"\")*\"|[^'\"(),/-]+|.",
    re.S,
)
_TOKEN_BACKSLASH = re.compile(
    rb"'(?:[^'\\]|\\.|'')*+'|[(),]|--\s[^\n]*|/\*.*?\*/|\"(?:[^\"\\]|\\.|\"\")*\"|[^'\"(),/-]+|.",
    re.S,
)
_CAST = re.compile(
    r"(?:CAST|TRY_CAST)\s*\(\s*(.*?)\s+AS\s+[\w ]+(?:\([\d, ]*\))?\s*\)", re.S | re.I
)
_CONVERT = re.compile(
    r"CONVERT\s*\(\s*[\w ]+(?:\([\d, ]*\))?\s*,\s*(.*?)(?:\s*,\s*\d+)?\s*\)", re.S | re.I
)
_DATED = re.compile(
    r"(?:TO_DATE|TO_TIMESTAMP|STR_TO_DATE|DATE|TIMESTAMP|UNHEX|HEXTORAW|TIME)\s*\(?\s*('(?:[^']|'')*').*",
    re.S | re.I,
)
_STRING = re.compile(r"(?:_\w+\s*|[NnEeXxBbUu]&?)?'(.*)'(?:\s*::\s*[\w .\"\[\]()]+)?", re.S)
_BACKSLASH = re.compile(r"\\(.)", re.S)
_MYSQL_SIGNS = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "0": "",
    "Z": "\x1a",
    "b": "\b",
    "%": "\\%",
    "_": "\\_",
}
EXACT_BYTES = 1 << 20


def exact_rows(chunk: bytes, width: int, *, backslashes: bool, final: bool) -> Rows | None:
    """Return the rows at the start of a chunk, token by token, up to about a megabyte of them."""
    rows: list[list[str | None]] = []
    fields: list[str | None] = []
    current: list[bytes] = []
    used = 0
    for kind, piece, end in _pieces(chunk, backslashes, final):
        if kind == "open":
            fields, current = [], []
        elif kind == "inside":
            current.append(piece)
        else:
            fields.append(_value(b"".join(current), backslashes))
            current = []
            if kind == "row":
                rows.append(fields)
                used = end
                if used > EXACT_BYTES:
                    break
    return _as_rows(rows, width, used) if rows else None


def _pieces(chunk: bytes, backslashes: bool, final: bool) -> Iterator[tuple[str, bytes, int]]:
    """Yield the pieces of rows with what each is: ``open``, ``inside``, ``cell`` or ``row`` (their ends)."""
    token = _TOKEN_BACKSLASH if backslashes else _TOKEN
    depth = 0
    for found in token.finditer(chunk):
        piece = found.group()
        if depth == 0:
            if piece == b"(":
                depth = 1
                yield "open", piece, found.end()
            elif piece != b"," and piece.strip() and not piece.startswith((b"--", b"/*")):
                return
            continue
        if piece == b"'" and not final:
            return  # a string that goes on past the chunk
        depth += (piece == b"(") - (piece == b")")
        if depth == 0:
            yield "row", piece, found.end()
        elif piece == b"," and depth == 1:
            yield "cell", piece, found.end()
        else:
            yield "inside", piece, found.end()


def _as_rows(rows: list[list[str | None]], width: int, used: int) -> Rows:
    wide = width or max(len(row) for row in rows)
    odd = [at for at, row in enumerate(rows) if len(row) != wide]
    for at in odd:
        row = rows[at]
        extra = [cell for cell in row[wide:] if cell]
        row[wide:] = []
        row.extend([None] * (wide - len(row)))
        if extra:
            row[-1] = " ".join([row[-1] or "", *extra]).strip()
    cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    return Rows(cells, used, odd, len(rows))


def _value(raw: bytes, backslashes: bool) -> str | None:
    """Return the text of one value; ``None`` for NULL and empty."""
    text = raw.decode("utf-8", "replace").strip()
    if text in NULLS:
        return None
    for wrapped in (_CAST, _CONVERT, _DATED):
        found = wrapped.fullmatch(text)
        if found:
            return _value(found.group(1).encode(), backslashes)
    found = _STRING.fullmatch(text)
    if found is None:
        return text
    inner = found.group(1).replace("''", "'")
    if backslashes or text[:1] in "Ee":
        inner = _BACKSLASH.sub(lambda m: _MYSQL_SIGNS.get(m.group(1), m.group(1)), inner)
    return inner or None
