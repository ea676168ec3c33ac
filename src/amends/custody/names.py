"""Names of things inside an exhibit: safe to show, unique, the same for the same bytes."""

from __future__ import annotations

import re
import unicodedata

_HOSTILE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_DRIVE = re.compile(r"^[A-Za-z]:(?=/|$)")
LONGEST = 200


def clean_name(name: str) -> str:
    """Return a path that stays inside its container and shows what it is.

    Backslashes become slashes; drives, leading slashes and "." go; ".." becomes "__"; control and
    direction-changing characters become "_". Never empty.
    """
    text = name.encode("utf-8", "backslashreplace").decode("utf-8")
    text = unicodedata.normalize("NFC", _HOSTILE.sub("_", text.replace("\\", "/")))
    parts = [part.strip() for part in _DRIVE.sub("", text).split("/")]
    kept = ["__" if part == ".." else part[:LONGEST] for part in parts if part not in ("", ".")]
    return "/".join(kept[-32:]) or "unnamed"


def clean_leaf(name: str) -> str:
    """Return a name of one step: as ``clean_name``, with slashes turned into "_"."""
    return clean_name(name.replace("/", "_").replace("\\", "_"))


def join(outer: str, name: str) -> str:
    """Return the inner path of ``name`` inside ``outer`` ("" is the exhibit itself)."""
    return f"{outer}/{name}" if outer else name


def unique(name: str, taken: set[str]) -> str:
    """Return ``name``, or ``name~2``, ``name~3`` … where it is taken, and take it."""
    choice, number = name, 1
    while choice in taken:
        number += 1
        choice = f"{name}~{number}"
    taken.add(choice)
    return choice


def unique_columns(names: list[str]) -> tuple[str, ...]:
    """Return column names as found, trimmed; ``column_N`` where there is none; never two alike."""
    taken: set[str] = {"_row"}
    columns: list[str] = []
    for number, name in enumerate(names, start=1):
        text = _HOSTILE.sub(" ", name).strip() or f"column_{number}"
        choice, again = text, 1
        while choice in taken:
            again += 1
            choice = f"{text}_{again}"
        taken.add(choice)
        columns.append(choice)
    return tuple(columns)
