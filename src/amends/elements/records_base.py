"""What the files that make records share: the facts of an item, counts, and the shape of a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.elements.columns_base import ColumnGuess
from amends.elements.records_values import TEXT
from amends.elements.shapes import Classified
from amends.elements.shapes_cells import Cells, Mask
from amends.kernel.schema import Table
from amends.tables.elements import PLACES, RECORDS

ITEM_SHIFT = 36
# Which person of one row a record is: what is added to the row number, 0 for the row's own. A
# multiple of ``tables.elements.PLACES``; the numbers themselves are as in the first release.
PLACE_OF = tuple(
    PLACES * sum(8 >> bit for bit in range(4) if place >> bit & 1) for place in range(16)
)
# Roles that name another person who is owed care as well; a doctor or an employer is not one.
OTHER_PERSONS = ("guardian", "spouse", "emergency_contact", "dependent", "beneficiary",
                 "co_applicant", "guarantor", "reference")  # fmt: skip


@dataclass(frozen=True)
class ItemFacts:
    """What every record of an item inherits.

    Attributes:
        item_id: The item.
        item_no: Its number.
        exhibit_id: The exhibit.
        role: stolen or roster.
        owner: From the exhibit.
        population: From the exhibit.
        store: From the exhibit.
        as_of_on: From the exhibit.
    """

    item_id: str
    item_no: int
    exhibit_id: str
    role: str = "stolen"
    owner: str = ""
    population: str = ""
    store: str = ""
    as_of_on: date | None = None


@dataclass
class Tally:
    """How many values of a column there are, by what they turned out to be.

    Attributes:
        n_values: Values that are there.
        n_malformed: Values of no element of the column.
        n_valid: Valid values by element and reason.
        n_secured: Values that were encrypted or tokenised.
        in_prose: Element → valid and malformed values seen in the text of the cells.
    """

    n_values: int = 0
    n_malformed: int = 0
    n_valid: dict[tuple[str, str], int] = field(default_factory=dict)
    n_secured: int = 0
    in_prose: dict[str, tuple[int, int]] = field(default_factory=dict)

    def add_prose(self, seen: Classified) -> None:
        """Count what the text of one batch's cells held of one element."""
        element = seen.found[0].element
        n_valid, n_malformed = self.in_prose.get(element, (0, 0))
        here = (n_valid + seen.n_valid, n_malformed + int(seen.malformed.sum()))
        self.in_prose[element] = here

    def add(self, seen: Classified) -> None:
        """Count one batch."""
        self.n_values += seen.n_values
        self.n_malformed += int(seen.malformed.sum())
        for found in seen.found:
            held = int(found.mask.sum())
            if held:
                key = (found.element, found.why)
                self.n_valid[key] = self.n_valid.get(key, 0) + held
                self.n_secured += held if found.secured else 0


@dataclass(frozen=True)
class Made:
    """What one batch of a table gave.

    Attributes:
        records: Rows of ``records``; null when there are none.
        cells: Its cells by column.
        keys: ``record_id``, ``who`` (fingerprint of the name, null for a row without one), ``main``
            (whether the row is the holder of what it shares) and one fingerprint a key column,
            ``k`` and its position; null when the table has no keys.
    """

    records: pa.Table | None
    cells: dict[str, Cells]
    keys: pa.Table | None


@dataclass
class Seen:
    """One column of a batch, looked at."""

    guess: ColumnGuess
    cells: Cells
    classified: Classified


def finish(
    columns: dict[str, pa.Array],
    facts: ItemFacts,
    rows: NDArray[np.int64],
    place: int,
    keep: Mask,
) -> pa.Table:
    """Return records of the declared shape: the item's facts, ids, and only the rows to keep.

    Args:
        columns: What the rows say, by column of ``records``.
        facts: What they inherit.
        rows: Row numbers.
        place: Which person of the row, from 0.
        keep: Rows that are records.
    """
    n = len(rows)
    locators = rows + PLACE_OF[place]
    columns["record_id"] = pa.array((np.int64(facts.item_no) << ITEM_SHIFT) + locators)
    columns["locator"] = pa.array(locators)
    same = {
        "item_id": facts.item_id, "exhibit_id": facts.exhibit_id, "kind": "row", "role": facts.role,
        "owner": facts.owner, "population": facts.population, "store": facts.store,
    }  # fmt: skip
    for name, value in same.items():
        columns[name] = pa.repeat(pa.scalar(value, TEXT), n)
    columns["as_of_on"] = pa.repeat(pa.scalar(facts.as_of_on, pa.date32()), n)
    columns["linked_to"] = pa.nulls(n, pa.int64())
    columns["link_reason"] = columns["ambiguous"] = pa.nulls(n, TEXT)
    table = as_table(RECORDS, columns)
    return table if keep.all() else table.filter(pa.array(keep))


def as_table(table: Table, columns: dict[str, pa.Array]) -> pa.Table:
    """Return columns as a table of the declared shape."""
    return pa.table([columns[c.name] for c in table.columns], schema=table.schema)
