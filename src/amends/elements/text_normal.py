"""Reads values of text into their normal form: dates, telephone numbers, parts of names and addresses.

Source:
    ISO 8601; US order (month first) where both readings are possible; E.164 for telephone numbers.
"""

from __future__ import annotations

import datetime
import re

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january enero ene", "feb february febrero", "mar march marzo", "apr april abril abr", "may mayo",
            "jun june junio", "jul july julio", "aug august agosto ago", "sep sept september septiembre",
            "oct october octubre", "nov november noviembre", "dec december diciembre dic",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_PIECES = re.compile(r"[0-9]+|[^\W\d_]+")


def read_date(value: str) -> datetime.date | None:
    """Return the day a text names, None when it names none.

    Two-digit years stand for the hundred years that end in 2029.
    """
    pieces = [
        p for p in _PIECES.findall(value.lower()) if p not in ("st", "nd", "rd", "th", "of", "de")
    ]
    if len(pieces) == 1 and len(pieces[0]) == 8 and pieces[0].isdigit():
        pieces = _split_eight(pieces[0])
    if len(pieces) == 1 and len(pieces[0]) == 6 and pieces[0].isdigit():
        pieces = [pieces[0][:2], pieces[0][2:4], pieces[0][4:]]
    if len(pieces) != 3:
        return None
    named = [p for p in pieces if p in _MONTHS]
    if named:
        rest = [p for p in pieces if p.isdigit()]
        if len(rest) != 2:
            return None
        day, year = (rest[1], rest[0]) if len(rest[0]) == 4 else (rest[0], rest[1])
        return _day(year, _MONTHS[named[0]], int(day))
    if not all(p.isdigit() for p in pieces):
        return None
    first, second, third = pieces
    if len(first) == 4:
        return _day(first, int(second), int(third))
    if int(first) > 12:
        return _day(third, int(second), int(first))
    return _day(third, int(first), int(second))


def _split_eight(digits: str) -> list[str]:
    if digits[:2] in ("19", "20"):
        return [digits[:4], digits[4:6], digits[6:]]
    return [digits[:2], digits[2:4], digits[4:]]


def _day(year: str, month: int, day: int) -> datetime.date | None:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number < 30 else 1900
    try:
        return datetime.date(number, month, day)
    except ValueError:
        return None


def read_phone(value: str) -> str:
    """Return a telephone number in normal form: ten digits for North America, else + and digits where they are sure."""
    plain = re.split(r"x|ext", value.lower())[0]
    digits = "".join(c for c in plain if c.isdigit())
    if plain.lstrip(" (").startswith("+"):
        return digits[1:] if digits[:1] == "1" and len(digits) == 11 else "+" + digits
    if len(digits) == 11 and digits[0] == "1":
        return digits[1:]
    return "+" + digits[2:] if digits.startswith("00") and len(digits) > 10 else digits
