"""Sentences on what was read and what left, a table of a store at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from amends.taxonomy.elements import elements
from amends.timeline.narrative import LIKELY, PROVED, UNSAID, listed

Sentence = tuple[str, str, tuple[int, ...]]


def grouped(taken: list[dict[str, Any]]) -> list[tuple[dict[str, Any], list[str]]]:
    """Return one row a table with its elements: elements with the same numbers and proofs go together."""
    made: dict[tuple[Any, ...], tuple[dict[str, Any], list[str]]] = {}
    for row in taken:
        key = tuple(row[k] for k in _SAME)
        made.setdefault(key, (row, []))[1].append(row["element"])
    return list(made.values())


_SAME = (
    "store",
    "table",
    "unit",
    "lower",
    "best",
    "upper",
    "accessed_proof",
    "acquired_proof",
    "read_rows",
)


def place_words(row: dict[str, Any]) -> str:
    """Return the table and its store as people say it."""
    return f"{row['table']} in {row['store']}" if row["table"] else str(row["store"])


def element_words(codes: list[str]) -> str:
    """Return elements in plain words."""
    known = elements()
    return listed(
        (known[c].names["en", "plural"] if c in known else c.replace("_", " ") for c in codes), 20
    )


def read_statements(taken: list[dict[str, Any]]) -> Iterator[Sentence]:
    """Yield what was read: proved, not excluded, excluded."""
    for row, codes in grouped(taken):
        place, what, ids = place_words(row), element_words(codes), tuple(row["event_ids"] or ())
        unit, proof = row["unit"] or "rows", row["accessed_proof"]
        if proof == PROVED:
            count = _read_count(row, unit)
            yield f"The intruder read {count}{place}; they hold {what}.", PROVED, ids
        elif proof == "not_excluded":
            most = f" of up to {row['upper']:,} {unit}" if row["upper"] is not None else ""
            yield (
                f"It cannot be excluded that {place} was read ({what}){most}. {row['grounds']}",
                UNSAID,
                ids,
            )
        else:
            yield f"The intruder did not read {place} ({what}). {row['grounds']}", PROVED, ids


def _read_count(row: dict[str, Any], unit: str) -> str:
    read = row["read_rows"]
    return f"{read:,} {unit} of " if read else "from "


def left_statements(taken: list[dict[str, Any]]) -> Iterator[Sentence]:
    """Yield what left: proved, not excluded, excluded; nothing for what was not even read."""
    for row, codes in grouped(taken):
        if row["accessed_proof"] == "excluded":
            continue
        place, what, ids = place_words(row), element_words(codes), tuple(row["event_ids"] or ())
        bounds = bounds_words(row)
        proof = row["acquired_proof"]
        if proof == PROVED:
            yield f"Rows of {place} left ({what}): {bounds}. {row['grounds']}", PROVED, ids
        elif proof == "not_excluded":
            standing = LIKELY if row["best"] else UNSAID
            yield (
                f"It cannot be excluded that rows of {place} left ({what}): {bounds}. {row['grounds']}",
                standing,
                ids,
            )
        else:
            yield f"Nothing of {place} left ({what}). {row['grounds']}", PROVED, ids


def bounds_words(row: dict[str, Any]) -> str:
    """Return the three numbers of a row of ``taken`` in words."""
    unit = row["unit"] or "rows"
    most = f"at most {row['upper']:,}" if row["upper"] is not None else "no upper bound"
    if row["lower"] == row["best"] == row["upper"]:
        return f"exactly {row['best']:,} {unit}"
    return f"at least {row['lower']:,}, most likely {row['best']:,}, {most} {unit}"
