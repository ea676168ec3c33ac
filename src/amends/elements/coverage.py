"""What was not found is an answer too, and says how much was looked at.

"No card numbers were taken" may stand in a letter only when somebody looked: so every element of
the taxonomy gets a row, found or not, with the number of values and characters examined and of
items that nobody could read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from amends.taxonomy.elements import Element, elements


@dataclass
class Looked:
    """How much of the stolen data was looked at, and what it held.

    Attributes:
        n_values: Table values.
        n_characters: Characters of documents.
        n_items: Items read.
        n_unread: Items that could not be read.
        found: Element → valid and malformed values.
    """

    n_values: int = 0
    n_characters: int = 0
    n_items: int = 0
    n_unread: int = 0
    found: dict[str, list[int]] = field(default_factory=dict)

    def add(self, element: str, n_valid: int, n_malformed: int) -> None:
        """Count values of one element."""
        held = self.found.setdefault(element, [0, 0])
        held[0] += n_valid
        held[1] += n_malformed


def coverage_rows(looked: Looked) -> list[dict[str, object]]:
    """Return one row of ``coverage`` for every element of the taxonomy, and for any other found."""
    known = elements()
    codes = [*known, *sorted(set(looked.found) - set(known))]
    return [_row(code, known, looked) for code in codes]


def _row(code: str, known: Mapping[str, Element], looked: Looked) -> dict[str, object]:
    n_valid, n_malformed = looked.found.get(code, (0, 0))
    return {
        "element": code,
        "found": n_valid > 0,
        "n_valid": n_valid,
        "n_malformed": n_malformed,
        "n_values_examined": looked.n_values,
        "n_characters_examined": looked.n_characters,
        "n_items_examined": looked.n_items,
        "n_items_unread": looked.n_unread,
        "statement": _statement(code, known, n_valid, n_malformed, looked),
    }


def _statement(
    code: str, known: Mapping[str, Element], n_valid: int, n_malformed: int, looked: Looked
) -> str:
    name = known[code].names["en", "plural"] if code in known else code
    among = (
        f"among {looked.n_values:,} table values and {looked.n_characters:,} characters of "
        f"documents in {looked.n_items:,} items"
    )
    unread = (
        f"; {looked.n_unread:,} items could not be read and this does not speak for them"
        if looked.n_unread
        else ""
    )
    possible = f", {n_malformed:,} more malformed and possible" if n_malformed else ""
    if n_valid:
        return f"Found: {name}, {n_valid:,} values{possible}, {among}{unread}."
    if n_malformed:
        return (
            f"Possible: {name}, {n_malformed:,} malformed values and no valid one, {among}{unread}."
        )
    return f"Not found: {name}, {among}{unread}."
