"""Personal data in a text that comes in blocks, so that a document of any length needs the memory of two blocks.

A finding that a block's end cuts in two is found whole: the end of each window is looked at again with the next.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from amends.elements.detectors.base import Finding
from amends.elements.text import LEAST_CONFIDENCE, find
from amends.kernel.contents import Block

# Nothing a detector finds, with the words that speak for it, is longer.
OVERLAP = 1024
# Even a hostile text is looked at in linear time; a window slower than this is left to identifiers alone.
SECONDS_PER_MI = 30.0


@dataclass(frozen=True)
class Window:
    """A stretch of a document and what was found in it.

    Attributes:
        offset: Offset of the window's first character in the document.
        text: The window.
        findings: Findings, places counted from the window's start; each finding of a document stands in one window.
        hurried: True when names and addresses were left out because the window took too long.
    """

    offset: int
    text: str
    findings: tuple[Finding, ...]
    hurried: bool = False


def find_in_blocks(
    blocks: Iterable[Block], *, names: bool = True, least: float = LEAST_CONFIDENCE
) -> Iterator[Window]:
    """Yield windows over a document's blocks with the findings of each.

    Args:
        blocks: Blocks in order, without gap or overlap.
        names: Look for names and addresses too.
        least: Findings less sure than this are left out.
    """
    held, offset, settled = "", 0, 0
    slow = False
    for block in blocks:
        text = held + block.text
        offset = block.offset - len(held)
        began = time.monotonic()
        found = find(text, names=names and not slow, least=least)
        hurried = slow
        slow = time.monotonic() - began > SECONDS_PER_MI * max(0.1, len(text) / 1048576)
        # What begins in the last stretch may go on in the next block.
        limit = _cut(text, found)
        ready = tuple(f for f in found if settled <= f.start + offset and f.start < limit)
        settled = max(settled, offset + limit)
        yield Window(offset, text, ready, hurried)
        keep = max(0, limit - OVERLAP)
        held, offset = text[keep:], offset + keep
    if held and settled < offset + len(held):
        rest = tuple(f for f in find(held, names=names, least=least) if settled <= f.start + offset)
        if rest:
            yield Window(offset, held, rest)


def _cut(text: str, found: list[Finding]) -> int:
    """Return where to stop: before the last stretch, at a blank line if there is one near, never inside a finding."""
    if len(text) <= OVERLAP:
        return 0
    limit = len(text) - OVERLAP
    blank = text.rfind("\n\n", max(0, limit - 4 * OVERLAP), limit)
    limit = blank + 2 if blank > 0 else limit
    for one in reversed(found):
        if one.end <= limit:
            break
        limit = min(limit, one.start)
    return limit


def absolute(window: Window) -> Iterator[Finding]:
    """Yield a window's findings with their places in the document."""
    for one in window.findings:
        yield replace(one, start=one.start + window.offset, end=one.end + window.offset)
