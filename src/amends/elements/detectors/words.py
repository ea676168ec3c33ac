"""Lists of words that tell prose from values and names.

Sources:
    ``data/english_words.txt``: Debian wamerican-small 2020.12.07 (SCOWL, copyright Kevin Atkinson, permissive).
"""

from __future__ import annotations

from functools import cache
from importlib import resources

_WRITTEN = resources.files("amends.elements") / "data"


@cache
def common_words() -> frozenset[str]:
    """Return common English words, lower case."""
    return frozenset((_WRITTEN / "english_words.txt").read_text("utf-8").split())


def is_common_word(word: str) -> bool:
    """Tell whether a lower-case word is common English."""
    return word in common_words()
