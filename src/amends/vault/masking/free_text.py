"""Free text: what a scanner finds in it, and every known original besides, becomes its mask.

The scanner may miss an identifier; the set of originals does not: whatever stands in the text and is an
identifier of the source (six signs or more) is replaced, label or no label.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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


def without_overlap(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, of overlapping ones the earlier given that is not shorter."""
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
