"""The words of the scam check: reasons and next steps by their code, in English and Spanish."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from amends.portal.shapes import LANGUAGES

_FILE = Path(__file__).parent / "reasons.toml"
_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
           "noviembre", "diciembre"),
}  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """One reason, as it is read.

    Attributes:
        code: Its code.
        text: Its sentence or sentences.
        against: Whether it speaks against the message.
    """

    code: str
    text: str
    against: bool


@cache
def texts() -> Mapping[str, Any]:  # Any: nested tables, as TOML has them
    """Return all texts."""
    return tomllib.loads(_FILE.read_text("utf-8"))


def say(kind: str, code: str, language: str, **values: str) -> str:
    """Return a text with its values in place; an unknown language is read as English."""
    own = language if language in LANGUAGES else "en"
    return str(texts()[kind][code][own]).format(**values)


def way(channel: str, language: str) -> str:
    """Return how a channel is called."""
    return say("way", channel if channel in texts()["way"] else "other", language)


def day(on: date | None, language: str) -> str:
    """Return a day in words, ``—`` where there is none."""
    if on is None:
        return "—"
    if language == "es":
        return f"{on.day} de {_MONTHS['es'][on.month - 1]} de {on.year}"
    return f"{_MONTHS['en'][on.month - 1]} {on.day}, {on.year}"
