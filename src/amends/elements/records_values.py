"""Small workers on whole columns that records are made with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.elements.shapes_cells import Mask
from amends.elements.shapes_data import state_codes
from amends.kernel.schema import Table

TEXT = pa.string()


def coalesce(columns: Iterable[pa.Array], n: int) -> pa.Array:
    """Return, row by row, the first value that is there."""
    held = list(columns)
    if not held:
        return pa.nulls(n, TEXT)
    return held[0] if len(held) == 1 else pc.coalesce(*held)


def joined(columns: Sequence[pa.Array], n: int, between: str = ", ") -> pa.Array:
    """Return the values of several columns in one line, absent ones left out."""
    if len(columns) < 2:
        return coalesce(columns, n)
    line = pc.binary_join_element_wise(
        *[pc.fill_null(c, "") for c in columns], between, null_handling="skip"
    )
    line = pc.replace_substring_regex(line, rf"^(?:{between})+|(?:{between})+$", "")
    line = pc.replace_substring_regex(line, rf"(?:{between}){{2,}}", between)
    return pc.if_else(pc.equal(line, ""), pa.scalar(None, TEXT), line)


def mapped(values: pa.Array, mapping: Mapping[str, str], otherwise_same: bool = False) -> pa.Array:
    """Return what a mapping says for each value, looked up once a spelling, in upper case."""
    coded = pc.dictionary_encode(values)
    found = []
    for text in coded.dictionary.to_pylist():
        plain = text.upper().replace(".", "").strip()
        found.append(mapping.get(plain, text if otherwise_same else None))
    return pa.array(found, TEXT).take(coded.indices)


def as_state(values: pa.Array) -> pa.Array:
    """Return USPS codes where the value is a state in any spelling, else the value itself."""
    return mapped(values, state_codes(), otherwise_same=True)


def known_state(values: pa.Array) -> pa.Array:
    """Return USPS codes where the value is a state in any spelling, else null."""
    return mapped(values, state_codes())


class SetColumn:
    """A column of sets of codes, built from one mask a code.

    Args:
        n: Rows.
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self._masks: dict[str, Mask] = {}

    def add(self, code: str, mask: Mask) -> None:
        """Put a code into the rows of a mask."""
        held = self._masks.get(code)
        self._masks[code] = mask.copy() if held is None else held | mask

    def put(self, code: str, mask: Mask) -> None:
        """Say anew which rows hold a code."""
        self._masks[code] = mask

    def without(self, other: SetColumn) -> SetColumn:
        """Return this column less the codes another has in the same row."""
        out = SetColumn(self._n)
        for code, mask in self._masks.items():
            held = other._masks.get(code)
            out._masks[code] = mask if held is None else mask & ~held
        return out

    def mask(self, code: str) -> Mask:
        """Return the rows that hold a code."""
        return self._masks.get(code, np.zeros(self._n, np.bool_))

    def any(self) -> Mask:
        """Return the rows that hold any code."""
        out = np.zeros(self._n, np.bool_)
        for mask in self._masks.values():
            out |= mask
        return out

    def array(self) -> pa.Array:
        """Return lists of codes, sorted."""
        codes = sorted(code for code, mask in self._masks.items() if mask.any())
        if not codes:
            empty = pa.array([[]], pa.list_(TEXT))
            return empty.take(pa.array(np.zeros(self._n, np.int64)))
        bits = np.zeros(self._n, np.uint64)
        for place, code in enumerate(codes):
            bits |= self._masks[code].astype(np.uint64) << np.uint64(place)
        kinds, index = np.unique(bits, return_inverse=True)
        lists = [
            [code for place, code in enumerate(codes) if kind >> place & 1]
            for kind in kinds.tolist()
        ]
        return pa.array(lists, pa.list_(TEXT)).take(pa.array(index))


def with_default(values: pa.Array | None, n: int) -> pa.Array:
    """Return the values, or nulls where there is no such column."""
    return pa.nulls(n, TEXT) if values is None else values


def rows_table(table: Table, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Return rows as a table of the declared shape; a column a row does not name is null."""
    return pa.table(
        {c.name: pa.array([row.get(c.name) for row in rows], c.arrow) for c in table.columns},
        schema=table.schema,
    )


def day_array(days: NDArray[np.int32] | None, n: int, none: int) -> pa.Array:
    """Return days as dates, null where there is none."""
    if days is None:
        return pa.nulls(n, pa.date32())
    return pa.array(days, pa.int32(), mask=days == none).cast(pa.date32())
