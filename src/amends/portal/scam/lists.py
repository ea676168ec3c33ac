"""Lists of hosts and words, from ``lists.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "lists.toml"


@cache
def _all() -> dict[str, str]:
    return tomllib.loads(_FILE.read_text("utf-8"))


def listed(name: str) -> frozenset[str]:
    """Return the entries of one list."""
    return frozenset(_all()[name].split())
