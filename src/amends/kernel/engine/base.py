"""What an engine can do; everything a stage may ask of it.

Relational steps are SQL in DuckDB's dialect, plain enough to be transpiled (``sqlglot``) at
another engine's border. What is per value or depends on arithmetic is a pure function from Arrow
batch to Arrow batch, run by ``map_batches``. Row order means nothing: carry a row number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import pyarrow as pa

BatchFunction = Callable[[pa.RecordBatch], pa.RecordBatch]


def quote(identifier: str) -> str:
    """Return an identifier quoted for SQL, whatever signs it holds."""
    if "\x00" in identifier:
        identifier = identifier.replace("\x00", "\ufffd")
    return '"' + identifier.replace('"', '""') + '"'


class Engine(Protocol):
    """Runs SQL over the tables of a case."""

    def view(self, name: str, files: Sequence[Path]) -> str:
        """Make Parquet files readable under ``name`` and return the name, quoted."""
        ...

    def register(self, name: str, table: pa.Table) -> str:
        """Make an Arrow table readable under ``name`` and return the name, quoted."""
        ...

    def drop(self, name: str) -> None:
        """Forget a view, a registered table or a materialised table."""
        ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement that returns nothing; values are bound to ``?``."""
        ...

    def materialise(self, name: str, sql: str) -> str:
        """Run a query once, keep its rows for this session, and return ``name``, quoted."""
        ...

    def arrow(self, sql: str, parameters: Sequence[object] = ()) -> pa.Table:
        """Run a query and return all of it."""
        ...

    def batches(
        self, sql: str, parameters: Sequence[object] = (), rows: int = 122_880
    ) -> Iterable[pa.RecordBatch]:
        """Run a query and stream it in batches of about ``rows`` rows.

        Another query may run while the batches are read.
        """
        ...

    def map_batches(self, name: str, sql: str, function: BatchFunction, schema: pa.Schema) -> str:
        """Run a query through a batch function, keep the result, and return ``name``, quoted."""
        ...

    def copy(self, sql: str, to: Path) -> int:
        """Write a query's rows to one Parquet file and return their number."""
        ...

    def close(self) -> None:
        """Give back memory and delete spilled files."""
        ...
