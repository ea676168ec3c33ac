"""A batch of events as rules see it: each field as its distinct values and the rows they stand in.

A field is first what the product itself calls so (``extra``, whatever its case), and where a row has none, the
column that means the same. Windows events keep to the product's own names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.sigma import addresses
from amends.timeline.sigma.columns import DERIVED, TYPED, alias_of

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
ANYWHERE = ""


@dataclass(frozen=True)
class Field:
    """The values of one field in a batch.

    Attributes:
        values: Distinct values, as text.
        codes: For each entry the number of its value.
        rows: For each entry its row; a row may have several entries.
        n_rows: Rows of the batch.
    """

    values: pa.StringArray
    codes: Rows
    rows: Rows
    n_rows: int

    @cached_property
    def lower(self) -> pa.StringArray:
        """Return the distinct values in lower case."""
        return pc.utf8_lower(self.values)

    @cached_property
    def present(self) -> Mask:
        """Return the rows that have the field."""
        mask = np.zeros(self.n_rows, bool)
        mask[self.rows] = True
        return mask

    def mask(self, hits: Rows) -> Mask:
        """Return the rows that have one of the values of these numbers."""
        wanted = np.zeros(len(self.values), bool)
        wanted[hits] = True
        mask = np.zeros(self.n_rows, bool)
        mask[self.rows[wanted[self.codes]]] = True
        return mask

    def first_codes(self) -> Rows:
        """Return each row's value by number, -1 where it has none; the first where it has several."""
        codes = np.full(self.n_rows, -1, np.int64)
        codes[self.rows[::-1]] = self.codes[::-1]
        return codes


class Batch:
    """A batch of events with its fields, each made when it is asked for."""

    def __init__(self, events: pa.RecordBatch, inside: addresses.Inside) -> None:
        """Take a batch with the columns of ``events`` (as many as there are) and, if there, ``raw``."""
        self.events = events
        self.n_rows = events.num_rows
        self.inside = inside
        self._fields: dict[str, Field | None] = {}
        self._names = set(events.schema.names)

    def field(self, name: str) -> Field | None:
        """Return a field by its name as predicates have it; ``None`` when no event has it."""
        if name not in self._fields:
            made = self._made(name)
            self._fields[name] = made if made is not None and len(made.rows) else None
        return self._fields[name]

    def _made(self, name: str) -> Field | None:
        if name == ANYWHERE:
            return self._anywhere()
        if name.startswith("col:"):
            return self._column(name[4:])
        own = self._extra(name)
        alias = alias_of(name)
        column = self._column(alias) if alias else None
        if column is None:
            return own
        return self._filled(own, column)

    def _filled(self, own: Field | None, column: Field) -> Field:
        """Return a field's own values, and the column's in rows that have none and are no Windows event."""
        open_rows = ~self._windows
        if own is not None:
            open_rows &= ~own.present
        keep = open_rows[column.rows]
        rest = Field(column.values, column.codes[keep], column.rows[keep], self.n_rows)
        if own is None:
            return rest
        if not len(rest.rows):
            return own
        texts = pa.concat_arrays(
            [own.values.take(pa.array(own.codes)), rest.values.take(pa.array(rest.codes))]
        )
        return _field(texts, np.concatenate([own.rows, rest.rows]), self.n_rows)

    @cached_property
    def _windows(self) -> Mask:
        if "source" not in self._names:
            return np.zeros(self.n_rows, bool)
        return _bools(pc.starts_with(self.events.column("source"), "evtx"))

    def _column(self, name: str) -> Field | None:
        if name in DERIVED:
            return self._derived(name)
        if name not in self._names or name not in TYPED:
            return None
        column = self.events.column(name)
        rows = np.flatnonzero(_bools(column.is_valid()))
        if not len(rows):
            return None
        texts = column.drop_null()
        if pa.types.is_string(texts.type):
            kept = _bools(
                pc.not_equal(texts, "")
            )  # an empty column says nothing: the field is missing
            rows, texts = rows[kept], texts.filter(pa.array(kept))
        return _field(texts.cast(pa.string()), rows, self.n_rows)

    def _derived(self, name: str) -> Field | None:
        side, _, what = name.partition("_")
        address = self._column(f"{side}_ip")
        if address is None:
            return None
        make: Callable[[pa.StringArray], pa.StringArray] = (
            self.inside.outside if what == "outside" else addresses.networks
        )
        made = make(address.values).take(pa.array(address.codes))
        kept = _bools(made.is_valid())
        return _field(made.filter(pa.array(kept)), address.rows[kept], self.n_rows)

    def _extra(self, name: str) -> Field | None:
        slices = self._slices.get(name)
        if slices is None:
            return None
        places = slices[0] if len(slices) == 1 else np.sort(np.concatenate(slices))
        texts = self._items.take(pa.array(places))
        valid = _bools(texts.is_valid())
        return _field(texts.filter(pa.array(valid)), self._item_rows[places][valid], self.n_rows)

    @cached_property
    def _map(self) -> pa.MapArray | None:
        return self.events.column("extra") if "extra" in self._names else None

    @cached_property
    def _items(self) -> pa.StringArray:
        start, stop = self._span
        items = self._map.items[start:stop] if self._map is not None else pa.array([], pa.string())
        return items.cast(pa.string())

    @cached_property
    def _span(self) -> tuple[int, int]:
        if self._map is None or not len(self._map):
            return 0, 0
        offsets = self._map.offsets
        return offsets[0].as_py(), offsets[-1].as_py()

    @cached_property
    def _item_rows(self) -> Rows:
        if self._map is None or not len(self._map):
            return np.zeros(0, np.int64)
        offsets = self._map.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
        return np.repeat(np.arange(len(self._map)), np.diff(offsets))

    @cached_property
    def _slices(self) -> dict[str, list[Rows]]:
        """Return for each name in lower case where its items lie; names are looked at once, not per field."""
        if self._map is None or not len(self._items):
            return {}
        start, stop = self._span
        keys = self._map.keys[start:stop].dictionary_encode()
        codes = keys.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        order = np.argsort(
            codes.astype(np.uint16) if len(keys.dictionary) < 65_536 else codes, kind="stable"
        )
        bounds = np.searchsorted(codes[order], np.arange(len(keys.dictionary) + 1))
        found: dict[str, list[Rows]] = {}
        for code, name in enumerate(pc.utf8_lower(keys.dictionary).to_pylist()):
            found.setdefault(name or "", []).append(order[bounds[code] : bounds[code + 1]])
        return found

    def _anywhere(self) -> Field | None:
        """Return every text of the events: the line itself, and for Windows events the items of the record."""
        texts: list[pa.Array] = []
        rows: list[Rows] = []
        for name in ("raw", "message"):
            if name in self._names:
                column = self.events.column(name).cast(pa.string())
                kept = np.flatnonzero(_bools(column.is_valid()) & ~self._windows)
                texts.append(column.take(pa.array(kept)))
                rows.append(kept)
                if len(kept) == self.n_rows:
                    break  # the message is a part of the line
        wanted = self._windows[self._item_rows] & _bools(self._items.is_valid())
        texts.append(self._items.filter(pa.array(wanted)))
        rows.append(self._item_rows[wanted])
        return _field(pa.concat_arrays(texts), np.concatenate(rows), self.n_rows)


def _field(texts: pa.Array, rows: Rows, n_rows: int) -> Field:
    encoded = texts.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Field(encoded.dictionary, codes, rows, n_rows)


def _bools(array: pa.Array) -> Mask:
    found: Mask = array.fill_null(False).to_numpy(zero_copy_only=False)
    return found
