"""Telephone numbers in a text, in one form: digits with the country's in front.

Source:
    ITU-T E.164 (at most 15 digits); the North American Numbering Plan (area and exchange begin with 2 to 9); letters on
    the keypad: ITU-T E.161.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_GAP = r"[ \t\u00a0.\-/\u2010-\u2015()]{0,3}"
# North American: ten digits in groups 3-3-4, an optional 1 in front; nothing longer on either side.
_AMERICAN = re.compile(
    rf"(?<![\w.\-/])(?:\+?1{_GAP})?\(?([2-9]\d\d){_GAP}([2-9]\d\d){_GAP}(\d{{4}})(?![\-.]?\w)"
)
_ABROAD = re.compile(r"(?<![\w+])(?:\+|00)([1-9](?:[ \t\u00a0.\-()]{0,2}\d){7,14})(?!\w)")
# 1-800-FREEZE-1: a toll-free number written with letters; "800 MAIN ST" is an address.
_LETTERS = re.compile(
    r"(?<![\w.\-])(?:1[ .\-](8(?:00|33|44|55|66|77|88)|900)[ .\-]|(8(?:00|33|44|55|66|77|88)|900)[.\-])"
    r"((?:[A-Z0-9][ \-]?){7,12})(?!\w)"
)


def phone_digits(text: str) -> str:
    """Return one number in one form, or "" when it is none: ten digits are taken as North American."""
    return next(phones(text), "")


def phones(text: str) -> Iterator[str]:
    """Yield every telephone number of a text, digits only, the country's first."""
    for found in _AMERICAN.finditer(text):
        yield "1" + "".join(found.groups())
    for found in _ABROAD.finditer(text):
        digits = re.sub(r"\D", "", found.group(1))
        if not (digits.startswith("1") and len(digits) == 11):
            yield digits
    for found in _LETTERS.finditer(text):
        tail = re.sub(r"[^A-Z0-9]", "", found.group(3))
        if re.search(r"[A-Z]{2}", tail):
            yield "1" + (found.group(1) or found.group(2)) + tail[:7].translate(_KEYPAD)


def without_phones(text: str, mark: str) -> str:
    """Return a text with every telephone number replaced by a mark."""
    for pattern in (_AMERICAN, _ABROAD, _LETTERS):
        text = pattern.sub(f" {mark} ", text)
    return text
