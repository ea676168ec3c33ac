"""Where a table begins in a grid of cells: titles above it, its header rows, its first row.

The same judgement serves delimited files and spreadsheets.

Source:
    G. Vitagliano et al., "Pollock: a data loading benchmark", PVLDB 16 (2023) (preambles, several header
    rows, several tables in one file); own rules, each tested by a table of cases.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from amends.custody.cells import kind_of, names_a_column
from amends.custody.names import unique_columns

Row = list[str]
LOOK_ROWS = 60
MOST_PREAMBLE = 40


@dataclass(frozen=True)
class Layout:
    """Where things are in the rows looked at.

    Attributes:
        preamble: Rows before the header.
        header: Rows of the header; 0 where there is none.
        columns: Names, never two alike.
    """

    preamble: int
    header: int
    columns: tuple[str, ...]


def find_layout(rows: list[Row], *, width: int = 0) -> Layout:
    """Return where the first table of some rows begins and what its columns are called.

    Args:
        rows: The first rows, blank ones included.
        width: Usual number of cells, 0 where not known.
    """
    width = width or _usual_width(rows)
    first = _first_wide(rows, width)
    if first is None:
        return Layout(0, 0, unique_columns([""] * max(width, 1)))
    header = _header_rows(rows, first)
    if header == 0:
        first, header = _later_header(rows, first)
    names = _joined_names(rows[first : first + header], max(width, 1))
    names += [""] * (
        max(width, _widest(rows[first + header : first + LOOK_ROWS], width)) - len(names)
    )
    return Layout(first, header, unique_columns(names))


def is_blank(row: Row) -> bool:
    """Answer whether no cell holds anything."""
    return not any(cell and not cell.isspace() for cell in row)


def filled(row: Row) -> int:
    """Return how many cells hold something."""
    return sum(1 for cell in row if cell and not cell.isspace())


def _usual_width(rows: list[Row]) -> int:
    widths = Counter(len(row) for row in rows if not is_blank(row))
    return max(widths, key=lambda size: (widths[size], size), default=0)


def _widest(rows: list[Row], width: int) -> int:
    """Return the usual width of the data rows, when they agree on more than ``width``."""
    widths = Counter(len(row) for row in rows if not is_blank(row))
    if not widths:
        return width
    usual = max(widths, key=lambda size: (widths[size], size))
    return usual if widths[usual] >= 0.6 * sum(widths.values()) else width


def _first_wide(rows: list[Row], width: int) -> int | None:
    """Return the first row that is not a title: of the usual width, with cells enough."""
    counts = [filled(row) for row in rows if not is_blank(row)]
    if not counts:
        return None
    if width <= 1:
        return next(at for at, row in enumerate(rows) if not is_blank(row))
    usual = sorted(counts)[int(0.8 * (len(counts) - 1))]
    wanted = 2 if usual >= 2 else 1
    for at, row in enumerate(rows[: MOST_PREAMBLE + 1]):
        if len(row) < 0.5 * width and usual > filled(row):
            continue
        if filled(row) >= wanted and not _is_comment(row):
            if len(row) > width and _fits_better_below(rows, at, width):
                continue
            return at
    return next(at for at, row in enumerate(rows) if not is_blank(row))


def _is_comment(row: Row) -> bool:
    """Answer whether a row is a comment: it begins with a comment sign and is prose, not column names."""
    text = row[0].lstrip()
    return text.startswith(("##", "//", "--", "/*")) or (
        text.startswith("#") and not any(names_a_column(cell) for cell in row[1:]) and len(row) < 2
    )


def _fits_better_below(rows: list[Row], at: int, width: int) -> bool:
    below = [row for row in rows[at + 1 : at + 6] if not is_blank(row)]
    return bool(below) and all(len(row) == width for row in below)


def _header_rows(rows: list[Row], first: int) -> int:
    """Return how many rows from ``first`` on are header."""
    if not is_header(rows[first], _below(rows, first + 1)):
        return 0
    count = 1
    for extra in (1, 2):
        at = first + extra
        if at + 1 >= len(rows) or not _goes_on(rows[first], rows[at], _below(rows, at + 1)):
            continue
        if all(is_blank(row) for row in rows[first + count : at]) or extra == count:
            count = extra + 1
    return count


def _below(rows: list[Row], start: int) -> list[Row]:
    return [row for row in rows[start : start + LOOK_ROWS] if not is_blank(row)]


def _goes_on(top: Row, row: Row, below: list[Row]) -> bool:
    """Answer whether a row is the second line of a header whose first line has merged cells."""
    if is_blank(row) or not below or any(kind_of(cell) not in ("text", "empty") for cell in row):
        return False
    gaps = [at for at, cell in enumerate(top) if not cell.strip()]
    if not gaps or not any(at < len(row) and row[at].strip() for at in gaps):
        return False
    if not all(cell.strip() == "" or len(cell) <= 60 for cell in row):
        return False
    under = [at for at, cell in enumerate(row) if cell.strip()]
    typed = sum(
        kind_of(line[at]) not in ("text", "empty")
        for line in below[:10]
        for at in under
        if at < len(line)
    )
    held = sum(
        kind_of(line[at]) != "empty" for line in below[:10] for at in under if at < len(line)
    )
    return held > 0 and typed >= 0.6 * held


def is_header(row: Row, below: list[Row]) -> bool:
    """Answer whether a row names the columns of the rows below it.

    Each column votes: yes where its cell is words and the cells below are numbers, dates or addresses; no where
    the cell is of the same kind as those below. Where all is text, words that name columns decide.
    """
    cells = [cell.strip() for cell in row]
    held = [cell for cell in cells if cell]
    if not held:
        return False
    below = [line for line in below if not _is_again(line, cells, held)]
    votes = sum(_vote(cells, below, at) for at in range(len(cells)))
    if any(kind_of(cell) == "mail" for cell in held):
        return False
    named = sum(names_a_column(cell) for cell in held)
    if votes > 0:
        return named > 0 or votes >= 0.2 * len(held)
    wordy = sum(kind_of(cell) == "text" for cell in held)
    return votes > -0.25 * len(held) and named >= 0.4 * len(held) and wordy >= 0.7 * len(held)


def _is_again(line: Row, cells: Row, held: list[str]) -> bool:
    """Answer whether a line repeats a header (reports printed page by page, tables pasted together)."""
    if len(set(held)) < 0.6 * len(held):
        return False
    same = sum(1 for cell, own in zip(line, cells, strict=False) if own and cell.strip() == own)
    return same >= max(2, 0.5 * len(held))


def _vote(cells: Row, below: list[Row], at: int) -> float:
    """Return +1 (a name above values), -1 (a value above values like it) or 0."""
    cell = cells[at]
    kinds = Counter(kind_of(line[at]) for line in below if at < len(line))
    kinds.pop("empty", None)
    kinds.pop("void", None)
    if not cell or not kinds:
        return 0.0
    usual, count = kinds.most_common(1)[0]
    own = kind_of(cell)
    if own == "text" and usual != "text":
        return 1.0 if count >= 0.5 * kinds.total() else 0.0
    if own not in ("text", "void"):
        return -1.0 if own == usual or usual in ("code", "number", "date") else -0.2
    same = any(at < len(line) and line[at].strip() == cell for line in below)
    return -0.5 if same and own == "text" else 0.0


def _later_header(rows: list[Row], first: int) -> tuple[int, int]:
    """Return a header a few rows further on, under a preamble that is itself several cells wide."""
    limit = min(first + 8, len(rows) - 1)
    for at in range(first + 1, limit):
        if is_blank(rows[at]) or len(rows[at]) == len(rows[first]):
            continue
        above_differs = all(
            len(row) != len(rows[at]) for row in rows[first:at] if not is_blank(row)
        )
        if above_differs and filled(rows[at]) >= 2 and is_header(rows[at], _below(rows, at + 1)):
            return at, 1
    return first, 0


def _joined_names(header: list[Row], width: int) -> list[str]:
    """Return one name a column; a merged cell in an upper row names all columns under it."""
    lines = [row for row in header if not is_blank(row)]
    if not lines:
        return [""] * width
    size = max(width, *(len(row) for row in lines))
    padded = [[*(cell.strip() for cell in row), *[""] * (size - len(row))] for row in lines]
    if len(padded) == 1:
        names = padded[0]
    else:
        names = [
            _joined(
                [_spread(row, padded[n + 1], at) for n, row in enumerate(padded[:-1])]
                + [padded[-1][at]]
            )
            for at in range(size)
        ]
    return [_without_comment_sign(name) if at == 0 else name for at, name in enumerate(names)]


def _spread(row: Row, under: Row, at: int) -> str:
    """Return the cell of an upper header row, taken from the left where it was merged over a column."""
    if row[at] or not under[at]:
        return row[at]
    return next((row[left] for left in range(at, -1, -1) if row[left]), "")


def _joined(parts: list[str]) -> str:
    kept: list[str] = []
    for part in parts:
        if part and part not in kept:
            kept.append(part)
    return " ".join(kept)


def _without_comment_sign(name: str) -> str:
    return name.lstrip("#").strip() if name.startswith("#") else name


def starts_table(rows: list[Row], width: int) -> int | None:
    """Return at which of some rows, read after a gap, a new table's header stands; ``None`` where data goes on.

    Args:
        rows: The rows after the gap.
        width: Columns of the table before the gap.
    """
    for at, row in enumerate(rows[:6]):
        if is_blank(row):
            continue
        if width > 1 and filled(row) <= 1:
            continue
        below = rows[at + 1 : at + 1 + LOOK_ROWS]
        ends = next((n for n, line in enumerate(below) if is_blank(line)), len(below))
        if ends == 0 or not is_header(row, below[:ends]):
            return None
        return at
    return None
