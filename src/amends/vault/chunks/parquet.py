"""A folder of Parquet files, or one: each file is swapped whole, its mark inside it.

Nothing else may write to a file while it is being changed: Parquet files are replaced, not edited.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from amends.kernel import ids
from amends.kernel.errors import TableError, UsageError
from amends.vault.chunks.base import Chunk, Turn
from amends.vault.columns import whole_array

_MARKS = b"amends.rotations"
_HALF = ".amends-half"


class ParquetParts:
    """Columns of Parquet files.

    Args:
        path: A file, or a folder that is searched with all it holds; names with a dot in front are left out.
        columns: Names of the columns; every file must have them, as texts.

    Raises:
        UsageError: There is no Parquet file.
        TableError: A file is damaged, or lacks a column.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.name = path.name
        self._folder = path if path.is_dir() else path.parent
        self._columns = tuple(columns)
        self._files = sorted(_files(path))
        if not self._files:
            raise UsageError(
                "There is no Parquet file here",
                where=str(path),
                remedy="name a .parquet file or a folder of them",
            )
        for file in self._files:
            self._check(file)

    def pieces(self, mark: str = "") -> Iterator[str]:
        """Yield the name of each file."""
        for file in self._files:
            yield file.relative_to(self._folder).as_posix()

    def todo(self, mark: str) -> Iterator[str]:
        """Yield the name of each file without the mark."""
        for half in self._folder.rglob(f".*{_HALF}"):
            with suppress(FileNotFoundError):
                half.unlink()
        for piece in self.pieces():
            if mark not in _marks(pq.read_schema(self._folder / piece)):
                yield piece

    def read(self, piece: str) -> Chunk:
        """Return a file's columns and marks."""
        with pq.ParquetFile(self._folder / piece) as file:
            table = file.read(list(self._columns))
            return Chunk(_texts(table, self._columns), _marks(file.schema_arrow))

    def change(self, piece: str, mark: str, turn: Turn) -> int:
        """Write a file anew beside the old one and put it in its place."""
        path = self._folder / piece
        half = path.with_name(f".{path.name}.{ids.new(4)}{_HALF}")
        try:
            with pq.ParquetFile(path) as file:
                if mark in (marks := _marks(file.schema_arrow)):
                    return 0
                n = self._write(file, half, marks | {mark}, turn)
            half.chmod(path.stat().st_mode & 0o7777)
            _sync(half)
            half.replace(path)
            _sync(path.parent)
        except OSError as error:
            raise TableError(
                "The file cannot be written anew; the one before stands",
                where=f"{path}: {error.strerror}",
                remedy="free disk space or mend the rights, then run the command again",
            ) from error
        finally:
            with suppress(FileNotFoundError):
                half.unlink()
        return n

    def forget(self, mark: str) -> None:
        """Do nothing: a mark inside a file stays until the file is written again, and harms nothing."""

    def _write(self, file: pq.ParquetFile, half: Path, marks: frozenset[str], turn: Turn) -> int:
        schema = file.schema_arrow
        told = {**(schema.metadata or {}), _MARKS: " ".join(sorted(marks)).encode()}
        schema = schema.with_metadata(told)
        n = 0
        with pq.ParquetWriter(half, schema, **_options(file)) as out:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group)
                made = turn(_texts(table, self._columns))
                for column, values in made.items():
                    at = schema.get_field_index(column)
                    table = table.set_column(
                        at, schema.field(at), pc.cast(values, schema.field(at).type)
                    )
                out.write_table(table.replace_schema_metadata(told))
                n += table.num_rows
        return n

    def _check(self, path: Path) -> None:
        try:
            schema = pq.read_schema(path)
        except (OSError, pa.ArrowInvalid) as error:
            raise TableError(
                "A Parquet file cannot be read",
                where=str(path),
                remedy="restore it, or move it away",
            ) from error
        for column in self._columns:
            at = schema.get_field_index(column)
            if at < 0 or not _is_text(schema.field(at).type):
                raise TableError(
                    "A Parquet file lacks a column, or has no texts in it",
                    where=f"{path} column {column}",
                    remedy="name columns that every file has",
                )


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    for found in path.rglob("*.parquet") if path.is_dir() else ():
        if not any(part.startswith(".") for part in found.relative_to(path).parts):
            yield found


def _texts(table: pa.Table, columns: Sequence[str]) -> Mapping[str, pa.Array]:
    return {name: whole_array(table.column(name)) for name in columns}


def _marks(schema: pa.Schema) -> frozenset[str]:
    return frozenset((schema.metadata or {}).get(_MARKS, b"").decode().split())


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _options(file: pq.ParquetFile) -> dict[str, object]:
    """Return how the file was written: its codecs, as far as they differ by column."""
    if not file.num_row_groups:
        return {}
    group = file.metadata.row_group(0)
    codecs = {
        group.column(at).path_in_schema: group.column(at).compression
        for at in range(group.num_columns)
    }
    return {"compression": {k: "NONE" if v == "UNCOMPRESSED" else v for k, v in codecs.items()}}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
