"""The words of the personal pages."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from amends.portal.shapes import LANGUAGES

_TEXTS = Path(__file__).parent / "texts"

Texts = Mapping[str, Any]  # Any: nested tables, as TOML has them


@cache
def texts(language: str) -> Texts:
    """Return the words of a language."""
    return tomllib.loads((_TEXTS / f"{language}.toml").read_text("utf-8"))


def wanted_language(accepts: str) -> str:
    """Return the first of our languages that a browser asks for; English when it asks for neither.

    Args:
        accepts: The header ``Accept-Language`` (RFC 9110, section 12.5.4).
    """
    best, weight = LANGUAGES[0], 0.0
    for part in accepts[:500].split(","):
        name, _, rest = part.strip().partition(";")
        code = name.strip().lower().partition("-")[0]
        given = _weight(rest)
        if code in LANGUAGES and given > weight:
            best, weight = code, given
    return best


def _weight(rest: str) -> float:
    name, _, value = rest.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
