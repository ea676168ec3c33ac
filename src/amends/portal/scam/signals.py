"""Signs in the words of a message: what those who cheat ask for, and how they press.

The signs and their sources stand in ``signs.toml``. A sentence that says no ("we will never ask for …") is no sign.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parent / "signs.toml"
_REACH_WORDS = 12
_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|\n{2,}|\n(?=\s*[•*\-–])")
_LONGEST = 1200
# Words too common to ask by themselves: only with what is asked for close behind.
_CLOSE = {
    "use": 3, "get": 3, "read": 3, "give": 4, "put": 4, "send": 8, "need": 6, "required": 8, "text": 4, "type": 4,
    "complete": 6, "read us": 6,
}  # fmt: skip

_THREATS = (
    " if you do not ", " if you don t ", " if you dont ", " if you cannot ", " if not ", " if we do not ",
    " failure to ",
    " or you will not ", " or it will not ", " no later than ", " not just ", " not only ", " without delay ",
    " si no ", " si usted no ", " de no hacerlo ", " no solo ", " sin demora ", " no espere ", " do not wait ",
    " do not delay ", " don t wait ", " don t delay ", " do not ignore ", " don t ignore ", " no ignore ",
)  # fmt: skip


@dataclass(frozen=True)
class Sign:
    """One sign.

    Attributes:
        code: Its name.
        strong: Whether it alone shows that a message is not ours.
        asks: Phrases that ask; empty where a phrase of ``phrases`` is enough.
        phrases: What is asked for, or phrases that are enough.
        always: Whether a sentence that says no can be the sign too.
        source: Where it is taken from.
    """

    code: str
    strong: bool
    asks: tuple[str, ...]
    phrases: tuple[str, ...]
    always: bool
    source: str


@cache
def signs() -> tuple[Sign, ...]:
    """Return all signs; both languages are looked for in every message."""
    return tuple(
        Sign(
            raw["code"],
            raw["weight"] == "strong",
            _both(raw.get("asks", {})),
            _both(raw.get("things") or raw["any"]),
            bool(raw.get("always", False)),
            raw["source"],
        )
        for raw in _raw()["sign"]
    )


@cache
def _raw() -> dict[str, Any]:  # Any: nested tables, as TOML has them
    return tomllib.loads(_FILE.read_text("utf-8"))


@cache
def _refusals() -> tuple[str, ...]:
    return _both(_raw()["no"])


def _both(by_language: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(f" {p} " for language in ("en", "es") for p in by_language.get(language, ()))


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; very long ones in pieces."""
    return [
        piece
        for sentence in _SENTENCE_END.split(text)
        for start in range(0, len(sentence), _LONGEST)
        if (piece := sentence[start : start + _LONGEST]).strip()
    ]


def plain(sentence: str) -> str:
    """Return a sentence in small letters, without marks and accents, a space at either end."""
    words = re.findall(r"\w+", _unaccented(sentence))
    return f" {' '.join(words)} "


def _unaccented(text: str) -> str:
    whole = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in whole if not unicodedata.combining(c))


def signs_in(text: str, is_ours: Callable[[str], bool] = lambda _: False) -> tuple[Sign, ...]:
    """Return the signs in a text, each once, in the order of the list.

    Args:
        text: The message.
        is_ours: Says of a sentence whether it stands in our letters word for word; such a one is no sign.
    """
    found: set[str] = set()
    for sentence in sentences(text):
        words = plain(sentence)
        refuses = _refuses(words)
        shown = {
            s.code
            for s in signs()
            if s.code not in found and (s.always or not refuses) and _shows(s, words)
        }
        if shown and not is_ours(sentence):
            found |= shown
    return tuple(s for s in signs() if s.code in found)


def _refuses(sentence: str) -> bool:
    """Say whether a sentence says no; "if you do not …" is a threat, not a no."""
    for threat in _THREATS:
        sentence = sentence.replace(threat, " ")
    return any(r in sentence for r in _refusals())


def _shows(sign: Sign, sentence: str) -> bool:
    things = [p for p in sign.phrases if p in sentence]
    if not things or not sign.asks:
        return bool(things)
    asked = [a for a in sign.asks if a in sentence]
    return any(_near(sentence, a, t) for a in asked for t in things)


def _near(sentence: str, ask: str, thing: str) -> bool:
    """Say whether what is asked for stands within reach behind the asking, at any place of either."""
    reach = _CLOSE.get(ask.strip(), _REACH_WORDS)
    at = sentence.find(ask)
    while at >= 0:
        behind = sentence.find(thing, at + len(ask) - 1)
        if behind < 0:
            return False
        if sentence.count(" ", at + len(ask) - 1, behind) <= reach:
            return True
        at = sentence.find(ask, at + 1)
    return False
