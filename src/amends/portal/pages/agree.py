"""Read the public pages back, and say where one of them differs from the letters in an element or a count.

The pages are read as everybody reads them, not as they were made, so that a fault in a text or a template is found too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser

from amends.portal.shapes import AnswerClass, Determination
from amends.portal.words.order import capital, plural

EXPOSED = ("taken", "seen", "exposed")
LISTS: Mapping[str, tuple[str, ...]] = {
    "index.html": EXPOSED,
    "what-was-taken.html": ("table",),
    "faq.html": ("elements",),
    "notice.html": EXPOSED,
    "media.html": ("elements",),
    "statement": EXPOSED,
    "faq": ("elements",),
    "script": EXPOSED,
    "notice": EXPOSED,
    "media": ("elements",),
}
"""Page or text of the kit -> the parts in which it names elements with counts; several add up."""

_PEOPLE = ("count", "people")
_COUNT = re.compile(r"\d[\d,]*")


class _Parts(HTMLParser):
    """Collects the lines of each marked part: items of lists, rows of tables, sentences."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, list[str]] = {}
        self._part = self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        part = dict(attrs).get("data-part")
        if part and not self._part:
            self._part, self._tag = part, tag
            self.lines.setdefault(part, [])
        if self._part and tag in ("li", "tr", "p"):
            self.lines[self._part].append("")

    def handle_data(self, text: str) -> None:
        if self._part and self.lines[self._part]:
            self.lines[self._part][-1] += text if text.strip() else " "

    def handle_endtag(self, tag: str) -> None:
        if self._part and tag in ("th", "td", "span") and self.lines[self._part]:
            self.lines[self._part][-1] += "\t"
        if tag == self._tag:
            self._part = self._tag = ""


def read_parts(page: str) -> Mapping[str, tuple[tuple[str, ...], ...]]:
    """Return part -> its lines, each cut into its cells, from a rendered page."""
    reader = _Parts()
    reader.feed(page)
    return {
        part: tuple(tuple(c.strip() for c in line.split("\t") if c.strip()) for line in lines)
        for part, lines in reader.lines.items()
    }


def letter_counts(found: Determination, language: str) -> Mapping[str, int]:
    """Return what an element is called in public -> persons whose letter names it."""
    counts: Counter[str] = Counter()
    for one in found.classes:
        for code in {e.element for e in one.elements}:
            counts[capital(plural(code, language))] += one.n_persons
    return {name: n for name, n in counts.items() if n}


def differences(pages: Mapping[str, str], found: Determination, language: str) -> list[str]:
    """Return where pages and letters differ, as ``page: what``; empty when all say the same.

    Args:
        pages: Name of a page, such as ``faq.html``, or of a text of the kit -> its HTML; others are not looked at.
        found: The released determination with its letters.
        language: Language of the pages.
    """
    wanted = letter_counts(found, language)
    made = list(_unlike_letters(found.classes, language))
    for name, page in pages.items():
        if name in LISTS:
            parts = read_parts(page)
            made += [f"{name}: {fault}" for fault in _unlike(parts, LISTS[name], wanted)]
            made += [f"{name}: {fault}" for fault in _other_total(parts, found.edition.n_persons)]
    return made


def _unlike(
    parts: Mapping[str, tuple[tuple[str, ...], ...]],
    lists: Iterable[str],
    wanted: Mapping[str, int],
) -> Iterable[str]:
    told: Counter[str] = Counter()
    for line in (line for part in lists for line in parts.get(part, ())):
        figure = _COUNT.match(line[-1]) if len(line) > 1 else None
        if figure:
            told[line[0]] += int(figure[0].replace(",", ""))
    for element in sorted({*told, *wanted}):
        if told[element] != wanted.get(element, 0):
            yield f"{element}: {told[element]} people, and {wanted.get(element, 0)} in letters"


def _other_total(parts: Mapping[str, tuple[tuple[str, ...], ...]], n_persons: int) -> Iterable[str]:
    for part in _PEOPLE:
        for line in parts.get(part, ()):
            figures = [int(n.replace(",", "")) for n in _COUNT.findall(" ".join(line))]
            if figures and figures[0] != n_persons:
                yield f"{figures[0]} people in all, and {n_persons} in letters"


def _unlike_letters(classes: Iterable[AnswerClass], language: str) -> Iterable[str]:
    """Yield answers whose names are not those of their letter's list."""
    for one in classes:
        letter = one.letters.get(language)
        if letter is None:
            continue
        listed = [
            item
            for section in letter.sections
            if section.key == "what_information"
            for block in section.blocks
            if block.kind == "list"
            for item in block.items
        ]
        if sorted(listed) != sorted(one.names.get(language, ())):
            yield f"answer {one.class_id}: its names are not those of its letter"
