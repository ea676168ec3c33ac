"""``resolve``: which records of any table are one person. Arrow in, Arrow out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.errors import UsageError
from amends.persons.cluster import Decisions, Settings, cluster
from amends.persons.columns import SYNONYMS, features_of, known_columns
from amends.persons.hashing import I64, hash_text
from amends.persons.identity import persons_of, record_digests
from amends.persons.reasons import reasons
from amends.persons.text import as_text

BATCH_ROWS = 32_768
"""Rows worked on at once: what a batch needs in passing stays in the processor's cache."""


class ArrowStream(Protocol):
    """Anything that speaks the Arrow C stream: PyArrow, pandas, Polars, DuckDB."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule with an ``ArrowArrayStream``."""
        ...


def resolve(
    table: ArrowStream,
    *,
    threshold: float | None = None,
    merge: Iterable[tuple[object, object]] = (),
    apart: Iterable[tuple[object, object]] = (),
) -> pa.Table:
    """Say which records of a table are one person.

    Columns are known by name, in any case and many synonyms: record_id first middle last suffix name business
    dob ssn ssn4 phone email street city state zip dl account; others are ignored. One row is one record.

    Args:
        table: The records; anything that speaks the Arrow C stream, read once.
        threshold: log10 odds from which two records are tied; by default the shipped one. Higher
            parts more, lower merges more.
        merge: Pairs of record ids that are one person whatever the data say.
        apart: Pairs of record ids that are not.

    Returns:
        ``record_id`` (as given; the row number from 1 where there is none), ``person_id`` (``P`` and twelve
        signs), ``reason`` (the agreements that tie the record), ``weight`` (log10 odds of its strongest
        tie; null for a record that stands alone). Rows in the order of the table.

    Raises:
        UsageError: The table has none of the known columns, or a decision names an unknown record.
    """
    stream = pa.RecordBatchReader.from_stream(table)
    known = known_columns(stream.schema.names)
    if not set(known) - {"record_id"}:
        raise UsageError(
            "The table has no column that entity resolution knows",
            remedy="name some of: " + ", ".join(sorted(set(SYNONYMS.values()))),
        )
    ids: list[pa.Array] = []
    features = features_of(_batches(stream, known.get("record_id"), ids), known)
    given = pa.chunked_array(ids).combine_chunks() if ids else None
    ids.clear()
    if given is not None:
        features.record_id = _as_numbers(given)
    else:
        given = pa.array(np.arange(1, len(features) + 1))
    decisions = Decisions(_rows(merge, given), _rows(apart, given))
    found = cluster(features, decisions, Settings(threshold=threshold))
    people = persons_of(found, record_digests(found))
    said, weight, _ = reasons(found)
    return pa.table(
        {
            "record_id": given,
            "person_id": people.ids.take(pa.array(people.person)),
            "reason": said,
            "weight": pa.array(np.round(weight, 3), from_pandas=True),
        }
    )


def _batches(
    stream: Iterable[pa.RecordBatch], id_column: str | None, ids: list[pa.Array]
) -> Iterator[pa.RecordBatch]:
    """Yield batches of a bearable size, keeping the record ids."""
    for batch in stream:
        for at in range(0, batch.num_rows, BATCH_ROWS):
            part = batch.slice(at, BATCH_ROWS)
            if id_column is not None:
                ids.append(_copied(part.column(id_column)))
            yield part


def _copied(column: pa.Array) -> pa.Array:
    """Return a column on its own: one that is kept as it came over a stream keeps its whole batch."""
    return column.take(pa.array(np.arange(len(column))))


def _as_numbers(given: pa.Array) -> I64:
    """Return record ids as numbers that order them the same in every run."""
    if pa.types.is_integer(given.type) and not given.null_count:
        return np.asarray(given.cast(pa.int64(), safe=False).to_numpy(zero_copy_only=False))
    return hash_text(as_text(given)).view(np.int64)


def _rows(pairs: Iterable[tuple[object, object]], given: pa.Array) -> tuple[tuple[int, int], ...]:
    wanted = list(pairs)
    if not wanted:
        return ()
    flat = pa.array([x for pair in wanted for x in pair]).cast(given.type)
    at = pc.index_in(flat, given)
    if at.null_count:
        raise UsageError(
            "A decision names a record that the table does not have", remedy="check its record_id"
        )
    rows = at.to_pylist()
    return tuple(zip(rows[::2], rows[1::2], strict=True))
