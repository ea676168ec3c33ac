"""The tables of a case on disk: Parquet, written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from amends.kernel import ids
from amends.kernel.engine.base import Engine, quote
from amends.kernel.errors import TableError
from amends.kernel.schema import Table


class TableStore:
    """Reads and writes the folder ``tables/``.

    A table is written into a folder beside its own, then the two change places; a crash leaves the
    old or the new.
    """

    def __init__(self, folder: Path) -> None:
        """Use ``folder``."""
        self.folder = folder

    def recover(self) -> None:
        """Put back what an interrupted exchange left aside; only for whoever holds the case alone."""
        for old in self.folder.glob(".*.old"):
            home = self.folder / old.name[1:-4]
            if home.exists():
                shutil.rmtree(old, ignore_errors=True)
            else:
                old.rename(home)
        for half in self.folder.glob(".*.new"):
            shutil.rmtree(half, ignore_errors=True)

    def files(self, table: Table) -> list[Path]:
        """Return the Parquet files of a table, empty when it was never written."""
        return sorted((self.folder / table.name).glob("*.parquet"))

    def exists(self, table: Table) -> bool:
        """Say whether the table was written."""
        return bool(self.files(table))

    def digest(self, table: Table) -> str:
        """Return one digest over a table's files; empty when it was never written."""
        found = self.files(table)
        return ids.digest_files(found, self.folder) if found else ""

    def view(self, engine: Engine, table: Table) -> str:
        """Make a table readable in SQL and return its name, quoted.

        Raises:
            TableError: It was never written, or by a version with other columns.
        """
        found = self.files(table)
        if not found:
            raise TableError(
                f"The table {table.name} does not exist yet",
                where=f"tables/{table.name}",
                remedy="run: amends run CASE",
            )
        have = set(pq.read_schema(found[0]).names)
        missing = [c for c in table.names if c not in have]
        if missing:
            raise TableError(
                f"The table {table.name} lacks the column {missing[0]}: another version wrote it",
                where=f"tables/{table.name}",
                remedy="run: amends run CASE --again",
            )
        return engine.view(table.name, found)

    def write_sql(self, engine: Engine, table: Table, sql: str) -> int:
        """Write the rows of a query, cast to the declared types, and return their number."""
        columns = ", ".join(
            f"CAST({quote(c.name)} AS {c.sql}) AS {quote(c.name)}" for c in table.columns
        )
        with self._exchange(table) as folder:
            return engine.copy(
                f"SELECT {columns} FROM ({sql}) AS made", folder / "part-00000.parquet"
            )

    def write_batches(self, table: Table, batches: Iterable[pa.RecordBatch | pa.Table]) -> int:
        """Write Arrow batches or tables as they come and return the number of rows."""
        rows = 0
        with self._exchange(table) as folder:
            path = folder / "part-00000.parquet"
            with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
                for part in batches:
                    made = _shaped(table, part)
                    writer.write_table(made, row_group_size=122_880)
                    rows += made.num_rows
        return rows

    def _exchange(self, table: Table) -> _Exchange:
        return _Exchange(self.folder, table.name)


class _Exchange:
    """A folder that takes the place of ``name`` when the block ends well."""

    def __init__(self, root: Path, name: str) -> None:
        self._home = root / name
        self._fresh = root / f".{name}.new"
        self._old = root / f".{name}.old"

    def __enter__(self) -> Path:
        shutil.rmtree(self._fresh, ignore_errors=True)
        try:
            self._fresh.mkdir(parents=True)
        except OSError as error:
            raise _disk_error(self._home.name, error) from error
        return self._fresh

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if error is not None:
            shutil.rmtree(self._fresh, ignore_errors=True)
            if isinstance(error, OSError):
                raise _disk_error(self._home.name, error) from error
            return
        try:
            for path in self._fresh.iterdir():
                _force_to_disk(path)
            shutil.rmtree(self._old, ignore_errors=True)
            if self._home.exists():
                self._home.rename(self._old)
            self._fresh.rename(self._home)
        except OSError as failure:
            raise _disk_error(self._home.name, failure) from failure
        shutil.rmtree(self._old, ignore_errors=True)


def _force_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _disk_error(name: str, error: OSError) -> TableError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT) or "No space left" in str(error)
    return TableError(
        f"The table {name} could not be written: "
        + ("the disk is full" if full else "the disk refused"),
        where=f"tables/{name}",
        remedy="free some space and run again; the table as it was before is kept"
        if full
        else "mend the rights on the case folder, then run again; the earlier table is kept",
    )


def _shaped(table: Table, part: pa.RecordBatch | pa.Table) -> pa.Table:
    """Return the part with exactly the declared columns and types."""
    whole = pa.Table.from_batches([part]) if isinstance(part, pa.RecordBatch) else part
    missing = [c for c in table.names if c not in whole.schema.names]
    if missing:
        raise TableError(
            f"A batch for {table.name} lacks the column {missing[0]}",
            where=f"tables/{table.name}",
            remedy="this is a fault in Amends: please report it with the command you ran",
        )
    return whole.select(list(table.names)).cast(table.schema)


def read_batches(files: Iterable[Path]) -> Iterator[pa.RecordBatch]:
    """Stream Parquet files in batches, in file order."""
    for path in files:
        with pq.ParquetFile(path) as opened:
            yield from opened.iter_batches()
