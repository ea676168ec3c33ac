"""Free text: what a scanner finds in it, and every known original besides, becomes its mask.

The scanner may miss an identifier; the set of originals does not: whatever stands in the text and is an
identifier of the source (six signs or more) is replaced, label or no label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_TOKENS = (
    re.compile(r"(?<![\w.+%'-])[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    re.compile(r"\+?\(?[0-9][0-9()./\u2010-\u2015 -]{4,40}[0-9]"),
    re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{4,40})[A-Za-z0-9]"),
    re.compile(r"[0-9]{6,}"),
)
LEAST_SIGNS = 6
"""Signs from which a piece of text that is an identifier of the source is taken for it: fewer occur by chance."""


@dataclass(frozen=True)
class Span:
    """A piece of a text that holds an element.

    Attributes:
        start: Offset of its first character.
        end: Offset after its last.
        element: Element code; or ``=domain`` for a known original of that domain.
    """

    start: int
    end: int
    element: str


Finder = Callable[[str], Sequence[Span]]


def tokens_of(text: str) -> Iterable[tuple[int, int]]:
    """Yield the pieces of a text that could be identifiers; they may overlap, the longest of a kind first."""
    for pattern in _TOKENS:
        for match in pattern.finditer(text):
            if any(c.isdigit() or c == "@" for c in match.group()):
                yield match.span()


_MIXED = r"[0-9]{6,}|[0-9]{3}[- .][0-9]{2,3}[- .][0-9]{4}|@"
"""What a cell holds that may hide an identifier beside other signs."""
_ONE_NUMBER = r"^[0-9A-Za-z.+-]*$|^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.+Z-]*$"
"""Cells that are one number, word or instant: they are looked at whole."""
_NAMED = re.compile(r"\b[A-Z][\w'’-]+(?: [A-Z]\.?)? [A-Z][\w'’-]+")


def mixed_cells(values: pa.Array) -> pa.Array:
    """Return the texts in which an identifier may stand beside other signs."""
    held = pc.match_substring_regex(values, _MIXED)
    alone = pc.match_substring_regex(values, _ONE_NUMBER)
    return values.filter(pc.fill_null(pc.and_(held, pc.invert(alone)), False))


def names_in(text: str) -> Iterable[tuple[int, int]]:
    """Yield the pieces of a text that could be first and last name."""
    for match in _NAMED.finditer(text):
        yield match.span()


def with_known(known: Iterable[Span], found: Iterable[Span]) -> list[Span]:
    """Return known originals and what a scanner found beside them, in order; an original is never cut short."""
    first = without_overlap(known)
    rest = [s for s in found if not any(s.start < k.end and k.start < s.end for k in first)]
    return sorted([*first, *without_overlap(rest)], key=lambda s: s.start)


def without_overlap(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, of overlapping ones the earlier, and the longer of two that begin together."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -(s.end - s.start))):
        if kept and span.start < kept[-1].end:
            continue
        kept.append(span)
    return kept


def put(text: str, spans: Sequence[Span], masks: Sequence[str]) -> str:
    """Return a text with masks in place of spans that do not overlap and stand in order."""
    pieces, at = [], 0
    for span, mask in zip(spans, masks, strict=True):
        pieces += [text[at : span.start], mask]
        at = span.end
    pieces.append(text[at:])
    return "".join(pieces)
