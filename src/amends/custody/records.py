"""Split delimited text into records, the lenient way: a stray or unclosed quote costs one record, not the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_QUOTED = 1 << 18
MOST_QUOTED_LINES = 500
_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Dialect:
    """How cells are set apart.

    Attributes:
        separator: One character; NUL where there is one column.
        quote: One character or "".
        escape: One character or ""; quotes are doubled where there is none.
        skips_spaces: Whether spaces after a separator belong to it.
    """

    separator: str
    quote: str
    escape: str
    skips_spaces: bool = False


def split_records(
    text: str, dialect: Dialect, *, start: int = 0, final: bool
) -> Iterator[tuple[list[str], int]]:
    """Yield each record's cells and the offset after its line end.

    Args:
        text: Decoded text.
        dialect: How it is written.
        start: Offset to begin at.
        final: Whether the text ends the file; if not, a record that may go on is not yielded.
    """
    at, end = start, len(text)
    quote, escape = dialect.quote, dialect.escape
    while at < end:
        ending = _LINE_END.search(text, at)
        line_end, after = (ending.start(), ending.end()) if ending else (end, end)
        if not final and after == end and (not ending or ending.group() == "\r"):
            return
        line = text[at:line_end]
        if (not quote or quote not in line) and (not escape or escape not in line):
            cells = line.split(dialect.separator)
            yield _trimmed(cells) if dialect.skips_spaces else cells, after
            at = after
            continue
        record = _scan(text, at, dialect, final)
        if record is None:
            return
        cells, after = record
        if not final and after == end and text[-1] == "\r":
            return
        yield _trimmed(cells) if dialect.skips_spaces else cells, after
        at = after


def _trimmed(cells: list[str]) -> list[str]:
    return [cells[0], *(cell.lstrip(" ") for cell in cells[1:])]


def _scan(text: str, at: int, dialect: Dialect, final: bool) -> tuple[list[str], int] | None:
    """Return one record that holds quotes or escapes; ``None`` where it may go on past the text."""
    cells: list[str] = []
    end = len(text)
    stop = _stops(dialect)
    while True:
        opened = _opening(text, at, dialect)
        cell = None
        if opened is not None:
            cell = _quoted(text, opened, dialect, final)
            if cell is None and not final and end - opened < LONGEST_QUOTED:
                return None
        if cell is None:
            cell = _bare(text, at, dialect, stop)
        value, at = cell
        cells.append(value)
        if at >= end:
            return (cells, end) if final else None
        if text[at] == dialect.separator:
            at += 1
            if at >= end:
                if not final:
                    return None
                return [*cells, ""], end
            continue
        return cells, at + (2 if text.startswith("\r\n", at) else 1)


@lru_cache(maxsize=64)
def _stops(dialect: Dialect) -> re.Pattern[str]:
    return re.compile("[" + re.escape(dialect.separator + "\r\n") + "]")


def _opening(text: str, at: int, dialect: Dialect) -> int | None:
    """Return the offset after an opening quote, spaces before it allowed; ``None`` where there is none."""
    if not dialect.quote:
        return None
    while at < len(text) and text[at] == " " != dialect.separator:
        at += 1
    return at + 1 if text.startswith(dialect.quote, at) else None


def _quoted(text: str, at: int, dialect: Dialect, final: bool) -> tuple[str, int] | None:
    """Return a quoted cell and the offset of what ends it; ``None`` where the quote is never closed."""
    quote, escape = dialect.quote, dialect.escape
    pieces: list[str] = []
    limit = min(len(text), at + LONGEST_QUOTED)
    begin = at
    while True:
        close = text.find(quote, at, limit)
        if close < 0:
            return None
        if escape and _is_escaped(text, close, at, escape):
            pieces.append(text[at : close - 1] + quote)
            at = close + 1
            continue
        after = close + 1
        if text.startswith(quote, after):
            pieces.append(text[at:after])
            at = after + 1
            continue
        rest = after
        while rest < len(text) and text[rest] == " " != dialect.separator:
            rest += 1
        if rest >= len(text) and not final:
            return None
        if rest >= len(text) or text[rest] in (dialect.separator, "\r", "\n"):
            value = "".join(pieces) + text[at:close]
            if value.count("\n") > MOST_QUOTED_LINES:
                return None
            return (_unescaped(value, escape), rest) if escape else (value, rest)
        pieces.append(text[at:after])  # a stray quote inside a quoted cell is text
        at = after
        if at - begin > LONGEST_QUOTED:
            return None


def _is_escaped(text: str, close: int, begin: int, escape: str) -> bool:
    count = 0
    while close - count - 1 >= begin and text[close - count - 1] == escape:
        count += 1
    return count % 2 == 1


def _unescaped(value: str, escape: str) -> str:
    return value.replace(escape + escape, escape)


def _bare(text: str, at: int, dialect: Dialect, stop: re.Pattern[str]) -> tuple[str, int]:
    """Return an unquoted cell and the offset of what ends it."""
    begin = at
    while True:
        found = stop.search(text, at)
        close = found.start() if found else len(text)
        is_escaped = dialect.escape and _is_escaped(text, close, begin, dialect.escape)
        if is_escaped and found and text[close] == dialect.separator:
            at = close + 1
            continue
        value = text[begin:close]
        if dialect.escape and dialect.escape in value:
            value = value.replace(dialect.escape + dialect.separator, dialect.separator)
        return value, close
