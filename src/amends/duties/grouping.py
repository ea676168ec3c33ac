"""Persons to groups on whom the law's answer is the same, as SQL over any number of people.

Sets of elements are bit masks: one wide pass over ``person_elements``, one small table of groups,
one join back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WORD = 62  # bits of a mask that fit a signed 64-bit number with room to spare

SETS = ("exposed", "possible", "secured")
"""The sets of elements a group is told apart by."""


@dataclass(frozen=True)
class Bits:
    """Which element is which bit of which mask."""

    elements: tuple[str, ...]

    @property
    def words(self) -> int:
        """Return how many masks a set takes."""
        return max(1, -(-len(self.elements) // _WORD))

    def masks(self) -> tuple[str, ...]:
        """Return the names of all mask columns, set by set."""
        return tuple(f"{s}_{w}" for s in SETS for w in range(self.words))

    def rows(self) -> dict[str, list[object]]:
        """Return the table that turns an element into its bit."""
        return {
            "element": list(self.elements),
            "word": [i // _WORD for i in range(len(self.elements))],
            "bit": [1 << (i % _WORD) for i in range(len(self.elements))],
        }

    def read(self, row: Mapping[str, object], name: str) -> list[str]:
        """Return the elements of one set of a group, sorted."""
        found = []
        for index, element in enumerate(self.elements):
            mask = row[f"{name}_{index // _WORD}"]
            if isinstance(mask, int) and mask >> (index % _WORD) & 1:
                found.append(element)
        return sorted(found)


def keyed_sql(
    persons: str, person_elements: str, bits: str, words: int, ask: Sequence[bool]
) -> str:
    """Return SQL of one row a person: what the law's answer depends on.

    Args:
        persons: Table persons.
        person_elements: Table person_elements.
        bits: Table of ``Bits.rows``.
        words: Masks a set takes.
        ask: Whether data were accessed and acquired in this case, where an element does not say.
    """
    accessed, acquired = ("TRUE" if a else "FALSE" for a in ask)
    tests = {"exposed": "TRUE", "possible": "e.possible", "secured": "e.secured"}
    masks = ",\n            ".join(
        f"BIT_OR(CASE WHEN b.word = {w} AND {test} THEN b.bit ELSE 0 END) AS {name}_{w}"
        for name, test in tests.items()
        for w in range(words)
    )
    return f"""
        SELECT
            p.person_id,
            p.residence,
            p.status,
            ARRAY_TO_STRING(LIST_SORT(p.owners), ' + ') AS owner,
            s.* EXCLUDE (person_id)
        FROM {persons} AS p
        JOIN (
            SELECT
            e.person_id,
            BOOL_OR(COALESCE(e.accessed, {accessed})) AS accessed,
            BOOL_OR(COALESCE(e.acquired, {acquired})) AS acquired,
            {masks}
            FROM {person_elements} AS e
            JOIN {bits} AS b USING (element)
            GROUP BY e.person_id
        ) AS s USING (person_id)
    """


def key_columns(masks: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell groups apart."""
    return ("residence", "status", "owner", "accessed", "acquired", *masks)


def groups_sql(keyed: str, masks: Sequence[str]) -> str:
    """Return SQL of one row a distinct group, with its number of persons."""
    columns = ", ".join(key_columns(masks))
    return f"SELECT {columns}, COUNT(*) AS n_persons FROM {keyed} GROUP BY {columns}"


def person_groups_sql(keyed: str, groups: str, masks: Sequence[str]) -> str:
    """Return SQL of each person with the id of its group."""
    same = " AND ".join(f"k.{c} IS NOT DISTINCT FROM g.{c}" for c in key_columns(masks))
    return f"SELECT k.person_id, g.group_id FROM {keyed} AS k JOIN {groups} AS g ON {same}"
