"""Parquet and Arrow files: every column as text, nested ones as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.custody.names import unique_columns
from amends.custody.readers.base import BATCH_ROWS, Opener, row_numbers, schema_of
from amends.custody.source import Source
from amends.kernel.contents import Fault, Part, TablePart

MEDIA_TYPE = "application/vnd.apache.parquet"
DAMAGED_REMEDY = "get a complete copy; Parquet keeps its directory at the end"


class Parquet:
    """Reads Parquet files."""

    name = "parquet"

    def detect(self, source: Source) -> bool:
        """Answer by the magic number; ``PARE`` is an encrypted footer."""
        return source.head.startswith((b"PAR1", b"PARE"))

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the one table."""
        try:
            file = pq.ParquetFile(pa.PythonFile(source.seekable(), mode="r"))
        except (pa.ArrowException, OSError) as error:
            opener.budget.take_item()
            reason = (
                "encrypted"
                if "encrypt" in str(error).lower() or source.head[:4] == b"PARE"
                else "truncated"
            )
            remedy = (
                "export it again without encryption" if reason == "encrypted" else DAMAGED_REMEDY
            )
            yield Fault(source.inner_path, "", reason, remedy)
            return
        columns = unique_columns(file.schema_arrow.names)
        yield TablePart(source.inner_path, MEDIA_TYPE, self.name, columns, _batches(file, columns))


def _batches(file: pq.ParquetFile, columns: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
    number = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS):
        arrays = [as_text(column) for column in batch.columns]
        numbers = row_numbers(number + 1, batch.num_rows)
        number += batch.num_rows
        yield pa.RecordBatch.from_arrays([*arrays, numbers], schema=schema_of(columns))


def as_text(column: pa.Array) -> pa.Array:
    """Return a column as text: whole floats without ".0", days and instants in ISO form, nested values as JSON."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode())
    if pa.types.is_floating(kind):
        text = pc.cast(column, pa.string())
        text = pc.replace_substring_regex(text, r"\.0$", "")
    elif (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    ):
        text = pa.array([_from_bytes(value) for value in column.to_pylist()], pa.string())
    elif pa.types.is_timestamp(kind):
        text = _instants(column)
    elif pa.types.is_nested(kind):
        text = pa.array(
            [
                None if v is None else json.dumps(v, ensure_ascii=False, default=str)
                for v in column.to_pylist()
            ],
            pa.string(),
        )
    else:
        text = pc.cast(column, pa.string())
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _instants(column: pa.Array) -> pa.Array:
    """Return instants as text: only the day where all are midnights, no empty fraction."""
    text = pc.cast(column, pa.string())
    text = pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1")
    midnight = pc.all(pc.match_substring_regex(text, r" 00:00:00Z?$")).as_py()
    return pc.replace_substring_regex(text, r" 00:00:00Z?$", "") if midnight else text


def _from_bytes(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.hex()
