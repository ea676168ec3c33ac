"""Which columns of a store hold which data elements, and whether they stand in clear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa

from amends.elements.scan import scan_part
from amends.kernel.contents import TablePart
from amends.vault.stores.base import Store, TableShape

SAMPLE_BATCHES = 4
"""Batches looked at in a table before its columns are named: a quarter of a million rows."""


@dataclass(frozen=True)
class ClearColumn:
    """A column and what it holds.

    Attributes:
        table: Table of the store.
        column: Column.
        element: Element code, or ``None`` for a column without personal data.
        confidence: 0 to 1.
        n_rows: Rows looked at.
        n_values: Values that are not empty.
        n_valid: Values that have the element's form.
        evidence: Why it was taken for that.
    """

    table: str
    column: str
    element: str | None
    confidence: float
    n_rows: int
    n_values: int
    n_valid: int
    evidence: tuple[str, ...]


def columns_of(store: Store, shape: TableShape) -> list[ClearColumn]:
    """Return what each column of a table holds, one entry a column and element.

    Args:
        store: Where the table lies.
        shape: The table.
    """
    names = tuple(c.name for c in shape.columns)
    part = TablePart(
        shape.name, "application/vnd.apache.arrow", "store", names,
        _numbered(islice(store.batches(shape.name), SAMPLE_BATCHES)),
    )  # fmt: skip
    return [_column(shape.name, row) for row in scan_part(part) if row["kind"] == "column"]


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches with the row numbers that readers of exhibits give."""
    first = 1
    for batch in batches:
        numbers = pa.array(range(first, first + batch.num_rows), pa.int64())
        first += batch.num_rows
        yield batch.append_column("_row", numbers)


def _column(table: str, row: dict[str, object]) -> ClearColumn:
    element, evidence = row["element"], row["evidence"]
    return ClearColumn(
        table=table,
        column=str(row["column"]),
        element=None if element is None else str(element),
        confidence=float(str(row["confidence"] or 0)),
        n_rows=int(str(row["n_rows"] or 0)),
        n_values=int(str(row["n_values"] or 0)),
        n_valid=int(str(row["n_valid"] or 0)),
        evidence=tuple(map(str, evidence)) if isinstance(evidence, list | tuple) else (),
    )
