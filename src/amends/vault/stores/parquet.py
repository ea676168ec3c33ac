"""Parquet files: the protected columns are written anew, everything else is carried over byte for byte.

A Parquet file is column chunks and a footer that says where they lie. So only the chunks of protected columns are
read, converted and encoded (by PyArrow, into a small file of their own, with the codec, dictionary and page index the
column had); all other chunks, their page indexes and bloom filters are copied as bytes, and the footer is written
with their new places. Statistics, page index and bloom filter of a protected column speak of tokens or are left out.

Source:
    Apache Parquet, ``parquet.thrift``, ``PageIndex.md``, ``BloomFilter.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amends.kernel.errors import TableError
from amends.vault.stores.base import ColumnShape, Refusal
from amends.vault.stores.file_kinds import Form, Rewrite
from amends.vault.stores.files import FileStore
from amends.vault.stores.parquet_footer import read_footer
from amends.vault.stores.parquet_leaves import (
    can_be_protected,
    is_number,
    keeps_type,
    leaf_paths,
    texts_of,
)
from amends.vault.stores.parquet_schema import remembered
from amends.vault.stores.parquet_splice import splice

ENDINGS = (".parquet", ".parq", ".pq")


class Parquet:
    """The format of Parquet files."""

    name = "parquet"

    def fits(self, path: Path) -> bool:
        """Say by the name whether a file is Parquet."""
        return path.suffix.lower() in ENDINGS

    def columns(self, path: Path, form: Form | None = None) -> tuple[ColumnShape, ...]:
        """Return the columns of a file, structs opened."""
        with opened_file(path) as file:
            leaves = leaf_paths(file.schema_arrow)
        if len({name for name, _, _ in leaves}) < len(leaves):
            raise TableError(
                "Two columns of the Parquet file have one name",
                where=path.name,
                remedy="write the file out with names that differ",
            )
        return tuple(ColumnShape(name, str(kind), nullable) for name, kind, nullable in leaves)

    def n_rows(self, path: Path, form: Form | None = None) -> int:
        """Return the rows of a file, as its footer says."""
        with opened_file(path) as file:
            return int(file.metadata.num_rows)

    def form(self, path: Path, columns: Sequence[str]) -> Form:
        """Return the types the columns have, so that an undo gives them back."""
        with path.open("rb") as stream:
            footer = read_footer(stream, path.name)
        with opened_file(path) as file:
            return remembered(footer, file.schema_arrow, columns)

    def refusals(self, path: Path, columns: Sequence[str]) -> list[Refusal]:
        """Return why columns cannot be protected."""
        with path.open("rb") as stream:
            read_footer(stream, path.name)
        with opened_file(path) as file:
            leaves = leaf_paths(file.schema_arrow)
        names = [name for name, _, _ in leaves]
        kinds = {name: kind for name, kind, _ in leaves}
        found = []
        for column in columns:
            if names.count(column) != 1:
                many = "There is no column" if column not in kinds else "There are several columns"
                found.append(
                    Refusal(f"{many} {column}", "name a column that amends vault plan shows")
                )
            elif not can_be_protected(kinds[column]):
                remedy = "write it out as a text column, or protect it in the store it comes from"
                found.append(
                    Refusal(
                        f"Column {column} holds {kinds[column]}, which cannot hold tokens", remedy
                    )
                )
        return found

    def changes(self, path: Path, columns: Sequence[str]) -> list[str]:
        """Return what will be different in the file."""
        with opened_file(path) as file:
            kinds = {name: kind for name, kind, _ in leaf_paths(file.schema_arrow)}
        said = []
        for column in columns:
            kind = kinds[column]
            if is_number(kind):
                said.append(
                    f"column {column} holds {kind} and becomes text; numbers have lost their leading zeros, so "
                    "they are filled up to the length of their element where it has one"
                )
            elif not keeps_type(kind):
                said.append(f"column {column} holds {kind} and becomes text")
        said.append(
            "bloom filters of protected columns are left out; their statistics speak of tokens"
        )
        return said

    def batches(
        self, path: Path, columns: Sequence[str], rows: int, form: Form | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts."""
        with opened_file(path) as file:
            leaves = {name: kind for name, kind, _ in leaf_paths(file.schema_arrow)}
            chosen = list(columns) or list(leaves)
            for column in chosen:
                if column not in leaves:
                    raise no_column(path, column)
            for batch in file.iter_batches(rows, columns=chosen, use_threads=False):
                yield texts_of(batch, file.schema_arrow, chosen, leaves)

    def rewrite(self, source: Path, target: Path, work: Rewrite) -> Iterator[int]:
        """Write a file again with other values in some columns."""
        for column in work.columns:
            with opened_file(source) as file:
                if column not in {name for name, _, _ in leaf_paths(file.schema_arrow)}:
                    raise no_column(source, column)
        yield from splice(source, target, work)


PARQUET = Parquet()


def opened_file(path: Path) -> pq.ParquetFile:
    """Return an open Parquet file.

    Raises:
        TableError: It is none, or is damaged.
    """
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise TableError(
            "The file is not a whole Parquet file",
            where=path.name,
            remedy="restore it, or move it out of the folder, and run the command again",
        ) from error


def no_column(path: Path, column: str) -> TableError:
    """Return what to say of a part that lacks a column: its values might stand there under another name."""
    return TableError(
        f"The file has no column {column}",
        where=path.name,
        remedy="bring its columns to the names of the others, or move it out of the folder",
    )


def opened(address: str, password: str = "") -> FileStore:
    """Open a Parquet file, or a folder of them, as a store.

    Raises:
        UsageError: There is nothing at the path.
    """
    from amends.vault.stores.csv_files import CSV  # noqa: PLC0415 - a folder may hold both

    return FileStore(Path(address), (PARQUET, CSV))
