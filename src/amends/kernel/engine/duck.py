"""DuckDB: embedded, out of core, all threads, the default engine for one machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from amends.kernel.engine.base import BatchFunction, quote
from amends.kernel.errors import TableError, UsageError


class DuckEngine:
    """An in-memory DuckDB that spills into one folder, which is deleted on close.

    Args:
        spill: Folder for what does not fit in memory. Only tokens and contact data can be in it,
            never an identifier.
        memory: DuckDB memory limit, such as ``4GB``.
        threads: Threads to use; 0 for all cores.
    """

    def __init__(self, spill: Path, memory: str = "4GB", threads: int = 0) -> None:
        """Start the engine."""
        self._spill = spill
        try:
            self._con = duckdb.connect(":memory:")
            self._con.execute("SET memory_limit = ?", [memory])
            self._con.execute("SET temp_directory = ?", [str(spill)])
        except duckdb.Error as error:
            raise UsageError(
                "The engine does not accept its settings",
                where="case.toml [engine]",
                remedy='write memory as "4GB" and threads as a whole number',
            ) from error
        self._con.execute("SET preserve_insertion_order = false")
        self._con.execute("SET GLOBAL TimeZone = 'UTC'")  # for the cursors of batches too
        self._con.execute("SET autoinstall_known_extensions = false")
        self._con.execute("SET enable_progress_bar = false")
        if threads:
            self._con.execute("SET threads = ?", [threads])

    def _run(self, sql: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        try:
            return self._con.execute(sql, list(parameters))
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise _no_room(error) from error

    def view(self, name: str, files: Sequence[Path]) -> str:
        """Make Parquet files readable under ``name`` and return the name, quoted."""
        listed = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
        self.drop(name)
        self._run(f"CREATE VIEW {quote(name)} AS SELECT * FROM read_parquet([{listed}])")
        return quote(name)

    def register(self, name: str, table: pa.Table) -> str:
        """Make an Arrow table readable under ``name`` and return the name, quoted."""
        self._con.register(f"{name}__arrow", table)
        try:
            return self.materialise(name, f"SELECT * FROM {quote(name + '__arrow')}")
        finally:
            self._con.unregister(f"{name}__arrow")

    def drop(self, name: str) -> None:
        """Forget a view, a registered table or a materialised table."""
        kinds = self._con.execute(
            "SELECT table_type FROM information_schema.tables WHERE table_name = ?", [name]
        ).fetchall()
        for (kind,) in kinds:
            word = "VIEW" if kind == "VIEW" else "TABLE"
            self._con.execute(f"DROP {word} IF EXISTS {quote(name)}")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that returns nothing; values are bound to ``?``."""
        self._run(sql, parameters)

    def materialise(self, name: str, sql: str) -> str:
        """Run a query once, keep its rows for this session, and return ``name``, quoted."""
        fresh = f"{name}__new"
        self._run(f"CREATE OR REPLACE TABLE {quote(fresh)} AS {sql}")
        self.drop(name)
        self._run(f"ALTER TABLE {quote(fresh)} RENAME TO {quote(name)}")
        return quote(name)

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a query and return all of it."""
        return self._run(sql, parameters).to_arrow_table()

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = 122_880
    ) -> Iterable[pa.RecordBatch]:
        """Run a query on a cursor of its own and stream it in batches."""
        cursor = self._con.cursor()
        try:
            reader = cursor.execute(sql, list(parameters)).to_arrow_reader(rows)
            yield from reader
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise _no_room(error) from error
        finally:
            cursor.close()

    def map_batches(self, name: str, sql: str, function: BatchFunction, schema: pa.Schema) -> str:
        """Run a query through a batch function, keep the result, and return ``name``, quoted."""
        made = (function(batch) for batch in self.batches(sql))
        reader = pa.RecordBatchReader.from_batches(schema, made)
        self._con.register(f"{name}__stream", reader)
        try:
            return self.materialise(name, f"SELECT * FROM {quote(name + '__stream')}")
        finally:
            self._con.unregister(f"{name}__stream")

    def copy(self, sql: str, to: Path) -> int:
        """Write a query's rows to one Parquet file and return their number."""
        target = str(to).replace("'", "''")
        self._run(f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        return int(pq.read_metadata(to).num_rows)

    def close(self) -> None:
        """Give back memory and delete spilled files."""
        self._con.close()
        shutil.rmtree(self._spill, ignore_errors=True)


def _no_room(error: Exception) -> TableError:
    """Turn a lack of room into words; the engine's own text may quote values."""
    memory = isinstance(error, duckdb.OutOfMemoryException)
    return TableError(
        "The engine ran out of memory" if memory else "The engine could not read or write a file",
        where="case.toml [engine] memory" if memory else "tables/",
        remedy="raise the memory limit or free disk space, then run again; nothing finished is lost",
    )
