"""Lists of words that the steps share, read from ``data/words.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources


@cache
def _lists() -> Mapping[str, str]:
    text = (resources.files("amends.persons") / "data" / "words.toml").read_text("utf-8")
    return tomllib.loads(text)


def ordered(name: str) -> list[str]:
    """Return the words of a list in the order in which they are written."""
    return _lists()[name].split()


def words(name: str) -> frozenset[str]:
    """Return the words of a list."""
    return frozenset(ordered(name))
