"""Addresses in pieces: how one that stands in lines is reported, and how the pieces are joined again.

A form or a letter head gives street, unit and ZIP a line each; each such piece is a finding of its own, as people
mark them. An address in a sentence, and one that ends "City, ST 12345", is one finding.

Source:
    USPS Publication 28 (lines of an address); own work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.elements.detectors.address_tail import UNIT_WORDS

_LINE = re.compile(r"[^\n]+")
_EDGE = " \t>?|,"
_UNIT = re.compile(UNIT_WORDS, re.IGNORECASE)
_CODE = re.compile(
    r"(?:[0-9]{3,6}(?:[ -][0-9A-Z]{2,4})?|[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2})\Z"
)
_CITY_AFTER = re.compile(r", [^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){0,3}(?=[\n.;]|\Z)")
# Pieces farther apart are of two addresses.
_FAR = 60


def pieces_of(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, part) of an address: "whole", or its lines where unit or ZIP fill a line."""
    lines = list(_lines(text, start, end))
    bare = [
        n
        for n, (a, b) in enumerate(lines)
        if n and (_UNIT.fullmatch(text, a, b) or (b - a <= 8 and _CODE.match(text[a:b])))
    ]
    opens_line = not text[text.rfind("\n", 0, start) + 1 : start].strip(_EDGE)
    if (
        not bare
        or len(lines) < 3
        or not opens_line
        or re.search(r", ?[A-Z]{2} [0-9]{5}", text[start:end])
    ):
        yield start, end, "whole"
        return
    for number, (a, b) in enumerate(lines):
        if number == 0:
            unit = next((m for m in _UNIT.finditer(text, a, b) if m.start() > a + 3), None)
            yield a, _before(text, a, unit.start()) if unit else b, "street"
            if unit:
                yield unit.start(), b, "unit"
        elif _UNIT.fullmatch(text, a, b):
            yield a, b, "unit"
        else:
            code = _CODE.search(text[a:b])
            if code:
                yield a + code.start(), b, "ZIP"
            elif number == len(lines) - 1:
                yield a, b, "city or country"


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for line in _LINE.finditer(text, start, end):
        value = line.group()
        a = line.start() + len(value) - len(value.lstrip(_EDGE))
        b = line.start() + len(value.rstrip(_EDGE))
        if a < b:
            yield a, b


def _before(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip(_EDGE))


def is_one_address(text: str, end: int, start: int) -> bool:
    """Tell whether the next piece begins near enough to the end of one to be of the same address."""
    return start - end <= _FAR and "\n\n" not in text[end:start].replace(" ", "")[:-1]


def whole_address(text: str, places: list[tuple[int, int]]) -> str:
    """Return the text of an address, its pieces joined and the city after it taken in.

    Args:
        text: The text.
        places: (start, end) of pieces near each other, in order of place.
    """
    start, end = places[0][0], places[-1][1]
    city = _CITY_AFTER.match(text, end)
    lines = [line.strip(_EDGE) for line in text[start : city.end() if city else end].split("\n")]
    return "\n".join(line for line in lines if line)
