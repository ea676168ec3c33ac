"""A table of somebody's own as events: its columns are fields, its rows are numbered."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.tables.timeline import EVENTS

_ROWS = 32_768
_TYPED = {c.name: c.arrow for c in EVENTS.columns if c.name not in ("event_id", "extra")}


def events_of(table: pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table as events, in order.

    Every column is a field under its own name; one that is called like a column of ``events`` and is of its type is
    that column as well. ``event_id`` is the row from 0.
    """
    place = 0
    for batch in table.to_batches(max_chunksize=_ROWS):
        yield _events(batch, place)
        place += batch.num_rows


def _events(batch: pa.RecordBatch, place: int) -> pa.RecordBatch:
    names, texts = [], []
    made: dict[str, pa.Array] = {
        "event_id": pa.array(np.arange(place, place + batch.num_rows, dtype=np.int64))
    }
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        wanted = _TYPED.get(name)
        if wanted is not None and _is_of(column.type, wanted):
            made[name] = column.cast(wanted)
        text = _text(column)
        if text is not None:
            names.append(name)
            texts.append(text)
    made["extra"] = _fields(names, texts, batch.num_rows)
    made["raw"] = (
        pc.binary_join_element_wise(*texts, pa.scalar(" "), null_handling="skip")
        if texts
        else pa.array([""] * batch.num_rows)
    )
    return pa.RecordBatch.from_pydict(made)


def _is_of(given: pa.DataType, wanted: pa.DataType) -> bool:
    return bool(given == wanted or (wanted == pa.int64() and pa.types.is_integer(given)))


def _text(column: pa.Array) -> pa.Array | None:
    """Return a column as text; ``None`` for one that has no plain text, such as a list."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        return pc.if_else(column, "true", "false")
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        return None
    return column.cast(pa.string())


def _fields(names: list[str], texts: list[pa.Array], n_rows: int) -> pa.MapArray:
    """Return the fields of each row as a map, those without a value left out."""
    if not names:
        empty = pa.array([], pa.string())
        return pa.MapArray.from_arrays(pa.array([0] * (n_rows + 1), pa.int32()), empty, empty)
    present = np.stack([t.is_valid().to_numpy(zero_copy_only=False) for t in texts], axis=1)
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    keep = pa.array(present.ravel())
    place = np.tile(np.arange(len(names)), n_rows) * n_rows + np.repeat(
        np.arange(n_rows), len(names)
    )
    values = pa.concat_arrays(texts).take(pa.array(place)).filter(keep)
    keys = (
        pa.array(names, pa.string())
        .take(pa.array(np.tile(np.arange(len(names)), n_rows)))
        .filter(keep)
    )
    return pa.MapArray.from_arrays(pa.array(offsets), keys, values)
