"""Tables written out in a text: a header line names the columns, the cells below it hold the values.

Columns are parted by tabs, bars, semicolons, commas, or two blanks and more. A header is known by the labels of the
detectors, so nothing here knows a single element.

Source:
    Own work; forms of tables as exports, Markdown and fixed-width listings write them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from amends.elements.detectors.base import Candidate, Finding, bit
from amends.elements.text_gate import Gate

Span = tuple[int, int]
_PARTINGS = (
    re.compile(r"\t"),
    re.compile(r"\|"),
    re.compile(r" {2,}"),
    re.compile(r";"),
    re.compile(r","),
)
_RULE = re.compile(r"[-+|=:_ \t]+")
_DIGITS = re.compile(r"[0-9]{3}")
_MOST_HEADER, _MOST_CELL, _MOST_ROWS = 400, 40, 20_000
_EDGE = " \t\"'"


@dataclass(frozen=True)
class TextTable:
    """A header and the cells below it.

    Attributes:
        header: Where the header line lies.
        columns: Column number → words (their numbers in the gate) that stand in its header cell.
        rows: Cells of each row.
    """

    header: Span
    columns: dict[int, list[int]]
    rows: list[list[Span]]


def tables_in(text: str, words: Sequence[tuple[int, int]], gate: Gate) -> list[TextTable]:
    """Return the tables of a text.

    Args:
        text: The shadow's text.
        words: (end, word number) in order of place.
        gate: Says what the numbers mean.
    """
    found: list[TextTable] = []
    done = -1
    for line, hits in _by_line(text, words, gate):
        if line[0] < done or line[1] - line[0] > _MOST_HEADER or _DIGITS.search(text, *line):
            continue
        table = _table(text, line, hits)
        if table is not None:
            found.append(table)
            done = table.rows[-1][-1][1]
    return found


def _by_line(
    text: str, words: Sequence[tuple[int, int]], gate: Gate
) -> Iterator[tuple[Span, list[tuple[int, int]]]]:
    """Yield lines that have another line below and hold labels, with those."""
    start = end = -1
    held: list[tuple[int, int]] = []
    for place, number in words:
        if not gate.word_bits[number]:
            continue
        if place > end:
            if held:
                yield (start, end), held
            start = text.rfind("\n", 0, place) + 1
            end = text.find("\n", place)
            held = []
            if end < 0:
                return
        held.append((place, number))
    if held:
        yield (start, end), held


def _table(text: str, line: Span, hits: list[tuple[int, int]]) -> TextTable | None:
    for parting in _PARTINGS:
        if parting.search(text, line[0] + 1, line[1] - 1) is None:
            continue
        header = _cells(text, line, parting)
        if len(header) < 2 or any(b - a > _MOST_CELL for a, b in header):
            continue
        rows = list(_rows(text, line[1] + 1, parting, header))
        if not rows:
            continue
        starts = [a for a, _ in header]
        columns: dict[int, list[int]] = {}
        for end, number in hits:
            columns.setdefault(bisect_right(starts, end - 1) - 1, []).append(number)
        columns.pop(-1, None)
        return TextTable(line, columns, rows) if columns else None
    return None


def _rows(
    text: str, start: int, parting: re.Pattern[str], header: list[Span]
) -> Iterator[list[Span]]:
    for _ in range(_MOST_ROWS):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > 4 * _MOST_HEADER or end <= start:
            return
        if not _RULE.fullmatch(text, start, end):
            cells = _cells(text, (start, end), parting)
            if len(cells) != len(header):
                return
            yield cells
        start = end + 1


def _cells(text: str, line: Span, parting: re.Pattern[str]) -> list[Span]:
    """Return the cells of a line, outer bars and blanks off."""
    start, end = line
    while start < end and text[start] in " |\r":
        start += 1
    while end > start and text[end - 1] in " |\r":
        end -= 1
    cells = []
    for sign in parting.finditer(text, start, end):
        cells.append(_trimmed(text, start, sign.start()))
        start = sign.end()
    return [*cells, _trimmed(text, start, end)]


def _trimmed(text: str, start: int, end: int) -> Span:
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def cells_found(text: str, table: TextTable, gate: Gate) -> Iterator[Finding]:
    """Yield what the cells of a table hold, each looked at as its header says."""
    for column, numbers in table.columns.items():
        labels = {label: element for n in numbers for element, label in gate.word_labels[n]}
        speaks = 0
        for number in numbers:
            speaks |= gate.word_bits[number]
        shapes = [(e, s) for e, s in gate.shapes if speaks & bit(e)]

        def look(_start: int, _end: int, seen: int = speaks) -> tuple[int, int, bool]:
            return seen, seen, False

        for row in table.rows:
            start, end = row[column]
            if start == end:
                continue
            tries = [(e, x.value.match(text, start, end), x.judge) for x, e in labels.items()]
            tries += [(e, s.match.search(text, start, end), s.judge) for e, s in shapes]
            for element, match, judge in tries:
                if match is None or match.start() != start or match.end() < end - 1:
                    continue
                verdict = judge(Candidate(text, start, match.end(), look, speaks))
                if verdict is None or verdict.confidence < 0.5:
                    continue
                yield Finding(
                    max(start, verdict.start),
                    verdict.end if verdict.end >= 0 else match.end(),
                    verdict.element or element,
                    verdict.confidence,
                    (f"header: {verdict.element or element}", *verdict.evidence),
                    verdict.validity,
                )
