"""Where rows and fields of CSV lie in a block of bytes.

Quotes are counted: a separator after an odd number of them stands inside a field (a doubled quote counts twice and
changes nothing). That is right as long as every quote opens at the start of a field and closes at its end, which is
looked at; a block where one does not goes field by field.

Source:
    RFC 4180, section 2; quotes elsewhere are letters, as in Python's ``csv`` and PostgreSQL's ``COPY``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from amends.vault.stores.csv_streams import BLOCK_BYTES

MAX_FIELD = 64 << 20
"""A quote that is not closed within 64 MiB is taken as a letter; the longest fields seen are pages of HTML."""

Places = NDArray[np.int64]


class Source(Protocol):
    """What rows are read from."""

    def read(self, size: int) -> bytes:
        """Return the next bytes; empty at the end."""


@dataclass(frozen=True)
class Dialect:
    """How a file writes rows.

    Attributes:
        delimiter: Between fields.
        quote: Around fields.
        escape: Before a quote inside a field; empty where it is doubled.
        newline: Last byte of a row.
        spaced: Whether a space may stand between delimiter and quote.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    newline: str = "\n"
    spaced: bool = False


@dataclass(frozen=True)
class Block:
    """Whole rows.

    Attributes:
        raw: Their bytes.
        data: The same as numbers.
        separators: Where fields end, rows included; the last may be just after the bytes.
        first: For each row, which separator ends its first field.
        fields: Fields of each row.
        begins: Where each row begins.
        odd: For each row, whether a quote in it does not open and close a field.
        line: Line of the file on which the first row begins, from 1.
    """

    raw: bytes
    data: NDArray[np.uint8]
    separators: Places
    first: Places
    fields: Places
    begins: Places
    odd: NDArray[np.bool_]
    line: int

    def spans(self, column: int, rows: Places) -> tuple[Places, Places]:
        """Return where a field of rows begins and ends; only for rows that have it."""
        at = self.first[rows] + column
        ends = self.separators[at]
        starts = self.begins[rows] if column == 0 else self.separators[at - 1] + 1
        return starts, ends

    def line_of(self, row: int, newline: int) -> int:
        """Return the line on which a row begins."""
        return self.line + int((self.data[: self.begins[row]] == newline).sum())


def blocks(source: Source, dialect: Dialect, block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """Yield the rows of a file, some megabytes at a time; together they are the file."""
    rest, line = b"", 1
    newline = ord(dialect.newline)
    while True:
        raw = source.read(block_bytes)
        held = rest + raw if rest else raw
        if not held:
            return
        block = _split(held, dialect, line, last=not raw)
        if block is None:
            rest = held
            continue
        rest = held[len(block.raw) :]
        yield block
        line += int((block.data == newline).sum())
        if not raw and not rest:
            return


def _split(held: bytes, dialect: Dialect, line: int, *, last: bool) -> Block | None:
    """Return the whole rows at the start of bytes, or nothing when there is none yet."""
    data = np.frombuffer(held, np.uint8)
    found = None if dialect.spaced else _by_parity(data, dialect, last)
    strays: list[int] = []
    if found is None:
        found, strays = _by_field(held, dialect, last)
    newline = ord(dialect.newline)
    ends = np.flatnonzero(_is_row_end(data, found, newline))
    if last and len(held) and (not len(ends) or found[ends[-1]] != len(held) - 1):
        # The last row has no line end: the end of the file closes it.
        if not len(found) or found[-1] != len(held):
            found = np.append(found, len(held))
        ends = np.append(ends, len(found) - 1)
    if not len(ends):
        return None
    size = min(int(found[ends[-1]]) + 1, len(held))
    first = np.concatenate([[0], ends[:-1] + 1]).astype(np.int64)
    begins = np.concatenate([[0], found[ends[:-1]] + 1]).astype(np.int64)
    odd = np.zeros(len(ends), np.bool_)
    if strays:
        kept = np.array([s for s in strays if s < size], np.int64)
        odd[np.searchsorted(begins, kept, side="right") - 1] = True
    return Block(
        held[:size], data[:size], found[: ends[-1] + 1], first, ends - first + 1, begins, odd, line
    )


def _is_row_end(data: NDArray[np.uint8], found: Places, newline: int) -> NDArray[np.bool_]:
    inside = found < len(data)
    out = np.zeros(len(found), np.bool_)
    out[inside] = data[found[inside]] == newline
    return out


def _by_parity(data: NDArray[np.uint8], dialect: Dialect, last: bool) -> Places | None:
    """Return the separators of a block, or nothing where a quote stands in an odd place."""
    delimiter, newline = ord(dialect.delimiter), ord(dialect.newline)
    found = np.flatnonzero((data == delimiter) | (data == newline))
    quotes = np.flatnonzero(data == ord(dialect.quote))
    if not len(quotes):
        return found
    if dialect.escape:
        quotes = quotes[~_escaped(data, quotes, ord(dialect.escape))]
    if not _in_their_places(data, quotes, delimiter, newline, last):
        return None
    before = np.searchsorted(quotes, found)
    outside: Places = found[before % 2 == 0]
    return outside


def _escaped(data: NDArray[np.uint8], quotes: Places, escape: int) -> NDArray[np.bool_]:
    """Say for each quote whether an odd number of escapes stands before it."""
    out = np.zeros(len(quotes), np.bool_)
    going = quotes > 0
    back = quotes - 1
    while True:
        going = going & (back >= 0)
        going[going] = data[back[going]] == escape
        if not going.any():
            return out
        out ^= going
        back = back - 1


def _in_their_places(
    data: NDArray[np.uint8], quotes: Places, delimiter: int, newline: int, last: bool
) -> bool:
    """Say whether each opening quote begins a field or follows a quote, and each closing one ends or precedes one."""
    quote = data[quotes[0]]
    opening, closing = quotes[0::2], quotes[1::2]
    before = data[np.maximum(opening - 1, 0)]
    fine = (opening == 0) | (before == delimiter) | (before == newline) | (before == quote)
    if not fine.all():
        return False
    # A quote that re-opens must touch the one that closed, and that one must be the doubled quote's first half.
    again = opening[(opening > 0) & (before == quote)]
    if len(again) and not np.isin(again - 1, closing).all():
        return False
    end = len(data)
    after = data[np.minimum(closing + 1, end - 1)]
    return_then = data[np.minimum(closing + 2, end - 1)]
    fine = (
        (closing + 1 == end)
        | (after == delimiter)
        | (after == newline)
        | (after == quote)
        | ((after == 13) & ((closing + 2 >= end) | (return_then == newline)))
    )
    if not fine.all():
        return False
    return not (len(quotes) % 2 and (last or end - int(quotes[-1]) > MAX_FIELD))


def _by_field(held: bytes, dialect: Dialect, last: bool) -> tuple[Places, list[int]]:
    """Return the separators of a block, and where quotes are letters at the start of a field."""
    quoted, bare = field_patterns(dialect)
    quote, newline = dialect.quote.encode(), ord(dialect.newline)
    found: list[int] = []
    strays: list[int] = []
    at, end, whole = 0, len(held), 0
    while at < end:
        match = quoted.match(held, at)
        if match is None:
            start = _after_spaces(held, at) if dialect.spaced else at
            if held[start : start + 1] == quote:
                if not last and end - start <= MAX_FIELD and _runs_on(held, start, dialect):
                    break
                strays.append(at)
            match = bare.match(held, at)
        if match is None or match.end() >= end:
            break
        # A return before the line end, after a closing quote, belongs to the field.
        stop = match.end() + (held[match.end()] == 13 and newline != 13)
        if stop >= end:
            break
        found.append(stop)
        at = stop + 1
        if held[stop] == newline:
            whole = len(found)
    if not last:
        del found[whole:]
    return np.array(found, np.int64), strays


def _after_spaces(held: bytes, at: int) -> int:
    while held[at : at + 1] == b" ":
        at += 1
    return at


def _runs_on(held: bytes, start: int, dialect: Dialect) -> bool:
    """Say whether a quoted field may still close in bytes that were not read yet."""
    quote = dialect.quote.encode()
    body = _body(dialect)
    inside = re.compile(re.escape(quote) + body, re.DOTALL).match(held, start)
    return inside is not None and inside.end() >= len(held) - 1


def _body(dialect: Dialect) -> bytes:
    quote = re.escape(dialect.quote.encode())
    if dialect.escape:
        escape = re.escape(dialect.escape.encode())
        return b"[^" + quote + escape + b"]*(?:" + escape + b".[^" + quote + escape + b"]*)*"
    return b"[^" + quote + b"]*(?:" + quote + quote + b"[^" + quote + b"]*)*"


def field_patterns(dialect: Dialect) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return what a quoted field looks like up to its separator, and what any other does."""
    quote = re.escape(dialect.quote.encode())
    delimiter, newline = re.escape(dialect.delimiter.encode()), re.escape(dialect.newline.encode())
    lead = b" *" if dialect.spaced else b""
    returns = b"|\\r(?=" + newline + b")" if dialect.newline != "\r" else b""
    ends = b"(?=" + delimiter + b"|" + newline + returns + b"|\\Z)"
    quoted = re.compile(lead + quote + _body(dialect) + quote + ends, re.DOTALL)
    return quoted, re.compile(b"[^" + delimiter + newline + b"]*")
