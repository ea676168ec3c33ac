"""Reads the small tables shipped under ``data``; ``data/README.md`` names their sources."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

import pyarrow as pa

from amends.kernel.errors import EvidenceError
from amends.taxonomy import reference


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text, for lists that read best as words."""
    return frozenset(text.split())


@cache
def shipped(name: str) -> tuple[Mapping[str, str], ...]:
    """Return a table of this room, one mapping a row.

    Args:
        name: File name without its ending.

    Raises:
        EvidenceError: No such table is shipped.
    """
    path = resources.files("amends.elements") / "data" / f"{name}.csv"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise EvidenceError(
            f"The reference table {name} is not shipped",
            where="elements/data",
            remedy="install Amends again",
        ) from error
    return tuple(csv.DictReader(text.splitlines()))


@cache
def placeholders(element: str) -> pa.Array:
    """Return values that stand for nothing in this element, upper case; ``any`` for all."""
    found = {
        row["value"].upper()
        for row in reference.rows("placeholders")
        if row["element"] == element and row["kind"] == "value"
    }
    return pa.array(sorted(found), pa.string())


@cache
def surnames() -> pa.Array:
    """Return the family names of the census list, upper case."""
    return pa.array([row["surname"] for row in reference.rows("surnames")], pa.string())


@cache
def given_names() -> pa.Array:
    """Return given names, upper case, nicknames included."""
    names = {row["given_name"] for row in reference.rows("given_names")}
    names |= {row["variant"].upper() for row in reference.rows("nicknames")}
    return pa.array(sorted(names), pa.string())


@cache
def state_codes() -> Mapping[str, str]:
    """Return every spelling of a state or territory, upper case → USPS code."""
    out: dict[str, str] = {}
    for row in reference.rows("state_names"):
        spellings = [row["name"], row["usps"], row["spanish"], *row["abbreviations"].split("|")]
        for text in spellings:
            plain = text.upper().replace(".", "").strip()
            if plain:
                out.setdefault(plain, row["usps"])
    return out


@cache
def street_suffixes() -> frozenset[str]:
    """Return words that end a street line, upper case."""
    return frozenset(row["written"] for row in shipped("usps_street_suffixes"))
