"""How a delimited file is written: separator, quote, escape.

Each likely dialect splits a sample; the best is the one under which rows agree in width and cells look like
values.

Source:
    RFC 4180; G.J.J. van den Burg et al., "Wrangling messy CSV files by detecting row and type patterns",
    Data Mining and Knowledge Discovery 33 (2019) (pattern score times type score).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from amends.custody.cells import kind_of
from amends.custody.records import Dialect, split_records

SEPARATORS = (",", "\t", ";", "|", "^", "~", "\x01", "\x1f", "\xfe", "\x14", "¬", "¦", ":", " ")
QUOTES = ('"', "'", "")
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 1 << 16


@dataclass(frozen=True)
class Sniffed:
    """A dialect and how well it fits.

    Attributes:
        dialect: Separator, quote, escape.
        width: Most frequent number of cells in a row.
        agreement: Share of rows that have it, 0 to 1.
        typed: Share of cells that look like values, 0 to 1.
        valued: Share of cells that hold a number, day, address or code, 0 to 1.
        score: Used to compare dialects.
        n_rows: Rows looked at.
    """

    dialect: Dialect
    width: int
    agreement: float
    typed: float
    valued: float
    score: float
    n_rows: int


ONE_COLUMN = Dialect("\x00", "", "")


def sniff_dialect(sample: str, *, ending: str = "") -> Sniffed:
    """Return the dialect that fits a sample best; one column where none does."""
    text = sample[:SAMPLE_CHARACTERS]
    cut = max(text.rfind("\n"), text.rfind("\r"))
    if len(sample) > SAMPLE_CHARACTERS and cut > 0:
        text = text[: cut + 1]
    found = [_fit(text, dialect, ending) for dialect in _candidates(text)]
    best = max(found, key=lambda fit: fit.score, default=None)
    if best is None or best.width < 2 or best.score <= 0:
        return _fit(text, _one_column(text), ending)
    if not best.dialect.quote and '"' not in text:
        # nothing in the sample needed quotes; what comes later may (RFC 4180)
        best = replace(best, dialect=replace(best.dialect, quote='"'))
    if _spaces_follow(text, best.dialect):
        return replace(best, dialect=replace(best.dialect, skips_spaces=True))
    return best


def _spaces_follow(text: str, dialect: Dialect) -> bool:
    """Answer whether separators have a space after them and before quotes, so that it is no part of a cell."""
    if dialect.separator in ("\x00", " ") or not dialect.quote:
        return False
    if f"{dialect.separator} {dialect.quote}" not in text:
        return False
    total = text.count(dialect.separator)
    spaced = text.count(dialect.separator + " ")
    return spaced > 0 and spaced >= 0.8 * total


def _one_column(text: str) -> Dialect:
    lines = [line for line in text.splitlines()[:SAMPLE_ROWS] if line.strip()]
    quoted = sum(line.startswith('"') and line.endswith('"') for line in lines)
    return Dialect("\x00", '"' if lines and quoted > 0.5 * len(lines) else "", "")


def _candidates(text: str) -> list[Dialect]:
    found = []
    for separator in SEPARATORS:
        if separator not in text:
            continue
        for quote in QUOTES:
            if quote and not _quotes_used(text, separator, quote):
                continue
            found.append(Dialect(separator, quote, ""))
            if (quote and ("\\" + quote) in text) or (not quote and ("\\" + separator) in text):
                found.append(Dialect(separator, quote, "\\"))
    return found


def _quotes_used(text: str, separator: str, quote: str) -> bool:
    edges = (separator + quote, quote + separator, separator + " " + quote, "\n" + quote)
    return text.startswith(quote) or any(edge in text for edge in edges)


def _fit(text: str, dialect: Dialect, ending: str) -> Sniffed:
    rows = []
    for cells, _ in split_records(text, dialect, final=True):
        if any(cells):
            rows.append(cells)
        if len(rows) >= SAMPLE_ROWS:
            break
    if not rows:
        return Sniffed(dialect, 0, 0.0, 0.0, 0.0, 0.0, 0)
    widths = Counter(len(row) for row in rows)
    width = max(widths, key=lambda size: (widths[size] * (1 if size > 1 else 0.5), size))
    agreement = widths[width] / len(rows)
    pattern = sum(n * (size - 1) / size for size, n in widths.items()) / (len(widths) * len(rows))
    typed = _typed_share(rows, dialect)
    score = (pattern + 0.15 * agreement) * (typed + 0.001) * _prior(dialect, rows, ending)
    cells = [cell for row in rows for cell in row]
    valued = sum(kind_of(cell) not in ("text", "empty", "void") for cell in cells) / len(cells)
    return Sniffed(dialect, width, agreement, typed, valued, score if width > 1 else 0.0, len(rows))


def _typed_share(rows: list[list[str]], dialect: Dialect) -> float:
    good = total = 0.0
    for row in rows:
        for cell in row:
            total += 1
            kind = kind_of(cell)
            if kind != "text":
                good += 1
            elif _is_clean(cell, dialect):
                good += 0.9
    return good / total if total else 0.0


def _is_clean(cell: str, dialect: Dialect) -> bool:
    """Answer whether a text holds no sign of a separator or quote that was overlooked."""
    text = cell.strip()
    if len(text) >= 2 and text[0] in "\"'" and text[-1] == text[0]:
        return False
    if text[:1] in "\"'" or text[-1:] == '"':
        return False
    if dialect.quote:
        return True
    return not any(sign in text for sign in ("\t", ";", "|"))


def _prior(dialect: Dialect, rows: list[list[str]], ending: str) -> float:
    """Return how likely a separator is before looking: comma most, space and colon hardly ever."""
    if dialect.separator == ":":
        mails = sum(kind_of(row[0]) == "mail" for row in rows)
        return 1.0 if mails >= 0.8 * len(rows) else 0.02
    if dialect.separator == " ":
        return 0.02
    base = 1.0
    if ending in (".tsv", ".tab"):
        base = 1.5 if dialect.separator == "\t" else 1.0
    elif ending == ".psv":
        base = 1.5 if dialect.separator == "|" else 1.0
    if dialect.quote == "'":
        base *= 0.95
    elif dialect.quote == "":
        base *= 0.97
    return base
