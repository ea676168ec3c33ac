"""A copy in a file or a folder of files, Parquet or CSV by their endings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from amends.kernel.errors import TableError, UsageError
from amends.vault.masking.reading import open_reading
from amends.vault.masking.writers.base import HIDDEN, not_empty
from amends.vault.stores.base import Store, TableShape
from amends.vault.stores.csv_streams import PACKED, packed

PARQUET = (".parquet", ".parq", ".pq")
_SPECIAL = r'[,"\r\n\t;|]|^ | $'


class FilesWriter:
    """A copy in a file, or in a folder of files named as the tables.

    Args:
        path: The file or folder it is to be.
        ending: Ending of the files of tables whose name has none (those of a database).
    """

    def __init__(self, path: Path, ending: str = ".parquet") -> None:
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise not_empty(str(path))
        self.name = str(path)
        self.notes: list[str] = []
        self._path = path
        self._is_file = path.suffix.lower() in (*PARQUET, ".csv", ".tsv")
        self._hidden = path.parent / f"{HIDDEN}{path.name}"
        self._ending = ending
        self._open: dict[str, _Parquet | _Csv] = {}
        self._files = ExitStack()
        self._files_of: dict[str, Path] = {}

    def begin(self, shapes: Sequence[TableShape]) -> None:
        """Make a hidden folder with an empty file a table."""
        self.abandon()
        if self._is_file and len(shapes) != 1:
            raise UsageError(
                f"The source has {len(shapes)} tables, and the place of the copy is one file",
                where=self.name,
                remedy="name a folder",
            )
        try:
            self._hidden.mkdir(mode=0o700)
        except OSError as error:
            raise UsageError(
                "The copy cannot be written there",
                where=self.name,
                remedy="choose a folder you may write to",
            ) from error
        for shape in shapes:
            place = self._place(shape.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            self._files_of[shape.name] = place
            if place.suffix.lower() in PARQUET:
                self._open[shape.name] = self._files.enter_context(_Parquet(place, shape))
            else:
                self._open[shape.name] = self._files.enter_context(_Csv(place, shape))

    def _place(self, table: str) -> Path:
        """Return the file of a table: one part for a folder, the ending of the place where the table has none."""
        if self._is_file:
            return self._hidden / self._path.name
        pure = PurePosixPath(table)
        if table.endswith("/"):
            pure = pure / f"part-0{self._ending}"
        elif not _has_ending(pure.name):
            pure = pure.with_name(_safe(pure.name) + self._ending)
        if pure.is_absolute() or ".." in pure.parts:
            raise UsageError(
                "A table's name leads out of the copy", where=self.name, remedy="rename the table"
            )
        return self._hidden / pure

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Write rows."""
        self._open[table].write(batch)

    def finish(self) -> None:
        """Close the files."""
        self._files.close()
        for table, held in self._open.items():
            if held.n_lost:
                self.notes.append(
                    f"{table}: {held.n_lost} values did not fit the column's type and were left out"
                )

    def store(self) -> Store:
        """Return the hidden files for reading."""
        return open_reading(str(self._hidden))

    def publish(self) -> None:
        """Give the file or folder its name."""
        if self._is_file:
            (self._hidden / self._path.name).replace(self._path)
            self._hidden.rmdir()
            return
        if self._path.exists():
            self._path.rmdir()
        self._hidden.replace(self._path)

    def abandon(self) -> None:
        """Take the hidden folder away."""
        self._files.close()
        if self._hidden.is_dir() and not self._hidden.is_symlink():
            shutil.rmtree(self._hidden)


def _has_ending(name: str) -> bool:
    plain = name.lower()
    for pack in PACKED:
        plain = plain.removesuffix(pack)
    return plain.endswith((*PARQUET, ".csv", ".tsv", ".txt"))


def _safe(name: str) -> str:
    return "".join("_" if c in "/\\\0" else c for c in name)


class _Csv:
    def __init__(self, path: Path, shape: TableShape) -> None:
        self.n_lost = 0
        self._names = [c.name for c in shape.columns]
        self._pack = path.suffix.lower() if path.suffix.lower() in PACKED else ""
        self._delimiter = "\t" if ".tsv" in path.name.lower() else ","
        self._path = path
        self._files = ExitStack()

    def __enter__(self) -> _Csv:
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._stream: IO[bytes] = self._files.enter_context(packed(self._path, self._pack))
        self._lines(
            pa.RecordBatch.from_arrays([pa.array([n]) for n in self._names], names=self._names)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def write(self, batch: pa.RecordBatch) -> None:
        self._lines(batch)

    def _lines(self, batch: pa.RecordBatch) -> None:
        special = any(pc.any(pc.match_substring_regex(c, _SPECIAL)).as_py() for c in batch.columns)
        # A row of one empty field would be an empty line, which readers skip.
        special |= batch.num_columns == 1
        options = pa_csv.WriteOptions(
            include_header=False,
            delimiter=self._delimiter,
            quoting_style="needed" if special else "none",
        )
        numbered = pa.RecordBatch.from_arrays(
            batch.columns, names=[str(n) for n in range(batch.num_columns)]
        )
        pa_csv.write_csv(numbered, self._stream, options)


class _Parquet:
    def __init__(self, path: Path, shape: TableShape) -> None:
        self.n_lost = 0
        self._path = path
        self._types = [type_of(c.type) for c in shape.columns]
        self._schema = pa.schema(
            [
                pa.field(c.name, t, c.nullable)
                for c, t in zip(shape.columns, self._types, strict=True)
            ]
        )

    def __enter__(self) -> _Parquet:
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._writer: Any = pq.ParquetWriter(self._path, self._schema, compression="zstd")
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        made = [self._cast(c, t) for c, t in zip(batch.columns, self._types, strict=True)]
        try:
            self._writer.write_batch(pa.RecordBatch.from_arrays(made, schema=self._schema))
        except pa.ArrowInvalid as error:
            raise TableError(
                "A column that must not be empty has an empty mask",
                where=self._path.name,
                remedy="look at rules null and redact in the plan",
            ) from error

    def _cast(self, values: pa.Array, kind: pa.DataType) -> pa.Array:
        if pa.types.is_string(kind):
            return values
        try:
            return pc.cast(values, kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            made = pa.array([_cast_one(v, kind) for v in values], kind)
            self.n_lost += made.null_count - values.null_count
            return made


def _cast_one(value: Any, kind: pa.DataType) -> Any:  # Any: scalars of pyarrow
    try:
        return pc.cast(value, kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return pa.scalar(None, kind)


_NAMED = {
    "bigint": pa.int64(), "integer": pa.int64(), "int": pa.int64(), "smallint": pa.int32(), "tinyint": pa.int32(),
    "boolean": pa.bool_(), "double precision": pa.float64(), "real": pa.float64(), "double": pa.float64(),
    "float": pa.float32(), "date": pa.date32(),
}  # fmt: skip
_CASTABLE = ("int", "uint", "float", "double", "bool", "date32", "timestamp")


def type_of(words: str) -> pa.DataType:
    """Return the Arrow type that a store's word for a type means; text where it is none that texts turn into."""
    plain = words.lower().partition("(")[0].strip()
    if plain in _NAMED:
        return _NAMED[plain]
    if words.startswith(_CASTABLE):
        try:
            return pa.type_for_alias(words)
        except ValueError:
            return pa.string()
    if words.startswith("decimal128("):
        precision, _, scale = words[11:].rstrip(")").partition(",")
        return pa.decimal128(int(precision), int(scale))
    return pa.string()
