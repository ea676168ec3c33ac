"""Tables inside documents: rows of cells between tabs, as HTML, DOCX and mail readers write them.

A grid is read as a table is, by its headers, values and neighbours, so that four digits under
"Last 4 SSN" belong to the name in their row. Each row becomes a mention at the place of its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from amends.elements.columns import guess_columns
from amends.elements.columns_base import ColumnGuess
from amends.elements.headers import guess_header
from amends.elements.records import RecordMaker
from amends.elements.records_base import ItemFacts
from amends.elements.shapes import Context, classify, normal_values
from amends.elements.shapes_cells import Cells
from amends.elements.shapes_dates import DateReader
from amends.vault import Tokens

# Lines of the same number of tabs that make a grid, headers included.
_LEAST_LINES, _LEAST_COLUMNS, _MOST_COLUMNS = 3, 2, 60
_RUN = re.compile(r"(?:^[^\n]*\t[^\n]*(?:\n|\Z)){3,}", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A value of a grid that is personal.

    Attributes:
        start: Offset of its first character in the text.
        end: Offset after its last.
        element: Element code.
        valid: Whether it passes the element's check.
        normal: Its normal form; null when it is not kept.
        row: Number of its row in the grid's records.
        guess: Its column.
    """

    start: int
    end: int
    element: str
    valid: bool
    normal: str | None
    row: int
    guess: ColumnGuess


@dataclass(frozen=True)
class Grid:
    """A grid that names people or holds their data.

    Attributes:
        start: Offset of its first line.
        end: Offset after its last.
        records: Rows of ``records``; ``locator`` is the offset of the row's line.
        cells: Its personal values.
        row_starts: Offset of each row's line.
        headers: The cells of its first line, where that names its columns.
    """

    start: int
    end: int
    records: pa.Table
    cells: list[Cell]
    row_starts: list[int]
    headers: list[str] | None


def grids(
    text: str,
    offset: int,
    facts: ItemFacts,
    vault: Tokens,
    heading: Sequence[str] | None = None,
) -> Iterator[Grid]:
    """Yield the grids of a text that name somebody.

    Args:
        text: A stretch of a document.
        offset: Where it begins in the document.
        facts: What every record inherits.
        vault: Tokens of the case.
        heading: Headers of a grid that the text before ended in; rows of as many cells at the
            beginning of this one go on under them.
    """
    if "\t" not in text:
        return
    for run in _RUN.finditer(text):
        for lines in _even(text, run.start(), run.end()):
            above = heading if not text[: lines[0][0]].strip() else None
            made = _read(lines, offset, facts, vault, above)
            if made is not None:
                yield made


def _even(text: str, start: int, end: int) -> Iterator[list[tuple[int, list[str]]]]:
    """Yield stretches of lines with the same number of cells: offset and cells of each."""
    held: list[tuple[int, list[str]]] = []
    place = start
    for line in text[start:end].split("\n"):
        cells = line.split("\t")
        if held and len(cells) != len(held[0][1]):
            if len(held) >= _LEAST_LINES:
                yield held
            held = []
        if _LEAST_COLUMNS <= len(cells) <= _MOST_COLUMNS:
            held.append((place, cells))
        place += len(line) + 1
    if len(held) >= _LEAST_LINES:
        yield held


def _read(
    lines: Sequence[tuple[int, list[str]]],
    offset: int,
    facts: ItemFacts,
    vault: Tokens,
    above: Sequence[str] | None = None,
) -> Grid | None:
    first = [cell.strip() for cell in lines[0][1]]
    goes_on = above is not None and len(above) == len(first)
    has_header = (
        not goes_on
        and any(guess_header(cell) for cell in first)
        and not any(re.search(r"\d{3}", cell) for cell in first)
    )
    body = lines[1:] if has_header else lines
    headers = list(above or ()) if goes_on else first if has_header else None
    names = _names(headers or [""] * len(first))
    columns = {
        name: pa.array([cells[at].strip() or None for _, cells in body], pa.string())
        for at, name in enumerate(names)
    }
    guesses = guess_columns(
        pa.table(columns), names, headers is not None, population=facts.population
    )
    if not any(g.element == "name" for g in guesses) or len({g.element for g in guesses}) < 2:
        return None
    starts = [offset + start for start, _ in body]
    batch = pa.record_batch({**columns, "_row": pa.array(starts, pa.int64())})
    made = RecordMaker(guesses, facts, vault).make(batch).records
    if made is None:
        return None
    at = made.schema.get_field_index("kind")
    made = made.set_column(at, "kind", pa.array(["mention"] * made.num_rows))
    cells = [c for g in guesses if g.element for c in _cells(g, columns[g.column], body)]
    end = body[-1][0] + len("\t".join(body[-1][1]))
    return Grid(lines[0][0], end, made, sorted(cells, key=lambda c: c.start), starts, headers)


def _names(headers: Sequence[str]) -> list[str]:
    out: list[str] = []
    for number, header in enumerate(headers, start=1):
        name = header or f"column_{number}"
        out.append(name if name not in out and name != "_row" else f"{name} {number}")
    return out


def _cells(
    guess: ColumnGuess, values: pa.Array, body: Sequence[tuple[int, list[str]]]
) -> Iterator[Cell]:
    """Yield the values of one column, where each stands and what it is."""
    assert guess.element is not None
    cells = Cells(values)
    seen = classify(guess.element, guess.part, cells, Context(dates=DateReader(guess.reading)))
    for found in seen.found:
        normal = normal_values(cells, found).to_pylist() if found.form != "none" else None
        for row in np.flatnonzero(found.mask).tolist():
            start, end = _place(body[row], guess.position - 1)
            yield Cell(start, end, found.element, True, normal[row] if normal else None, row, guess)
    for row in np.flatnonzero(seen.malformed).tolist():
        start, end = _place(body[row], guess.position - 1)
        yield Cell(start, end, guess.element, False, values[row].as_py(), row, guess)


def _place(line: tuple[int, list[str]], at: int) -> tuple[int, int]:
    start, cells = line
    before = sum(len(cell) + 1 for cell in cells[:at])
    lead = len(cells[at]) - len(cells[at].lstrip())
    begin = start + before + lead
    return begin, begin + len(cells[at].strip())
