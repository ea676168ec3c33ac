"""Numbers, days and lists as each language writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

_MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "es": (
        "enero", "febrero", "marzo", "abril", "mayo", "junio",
        "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
    ),
}  # fmt: skip
_DAY = {"en": "{month} {day}, {year}", "es": "{day} de {month} de {year}"}
_AND = {"en": "and", "es": "y"}
_OR = {"en": "or", "es": "ni"}


def day_words(on: date, language: str) -> str:
    """Return a day in words, as letters write it: ``August 24, 2026``, ``24 de agosto de 2026``."""
    month = _MONTHS[language][on.month - 1]
    return _DAY[language].format(day=on.day, month=month, year=on.year)


def number_words(number: int) -> str:
    """Return a whole number with a comma between thousands.

    Both languages use the comma: it is the use of Spanish in the United States and Mexico, and the letters' own.
    """
    return f"{number:,}"


def people_words(number: int, language: str) -> str:
    """Return ``1 person``, ``2,345 people``."""
    one, many = {"en": ("person", "people"), "es": ("persona", "personas")}[language]
    return f"{number_words(number)} {one if number == 1 else many}"


def joined(parts: Sequence[str], language: str) -> str:
    """Return ``a, b and c``; before a sound of i, Spanish says e."""
    if len(parts) < 2:
        return "".join(parts)
    joiner = _AND[language]
    if language == "es" and parts[-1].lower().startswith(("i", "hi")):
        joiner = "e"
    return f"{', '.join(parts[:-1])} {joiner} {parts[-1]}"


def neither(parts: Sequence[str], language: str) -> str:
    """Return ``a, b or c`` as it follows a negation."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {_OR[language]} {parts[-1]}"
