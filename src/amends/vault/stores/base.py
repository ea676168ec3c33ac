"""What a store of the company's own data can do; the siblings of this file are alike.

A change of a table goes through states that can be read from the store itself, so that whoever starts again after a
kill knows where it stood: ``none`` → ``copying`` (a shadow table stands beside the table, writes to the table are
caught) → ``copied`` → ``swapped`` (the shadow has the table's name; the table in clear is kept under another) →
``dropped`` (the clear copy is gone). ``undo`` leads back to ``none`` from any state: by dropping the shadow before the
swap, by giving the clear copy its name again or by detokenising after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

BATCH_ROWS = 65_536

ChangeState = Literal["none", "copying", "copied", "swapped", "dropped"]

Convert = Callable[[pa.RecordBatch], pa.RecordBatch]
"""Turns the protected columns of a batch (texts, other columns untouched) from clear into tokens, or back."""


@dataclass(frozen=True)
class ColumnShape:
    """One column of a table in a store.

    Attributes:
        name: Its name; hostile, always quoted.
        type: Its type in the store's own words.
        nullable: Whether it may be null.
    """

    name: str
    type: str
    nullable: bool = True


@dataclass(frozen=True)
class TableShape:
    """One table of a store.

    Attributes:
        name: Name, with its schema where the store has schemas (``public.customers``); a file's path in a folder.
        columns: In their order.
        key: Columns of the primary key; empty when there is none.
        n_rows: Rows, counted, not estimated; -1 where it was not counted.
        uses: What stands on it, in words a person reads: views, foreign keys both ways, indexes, triggers, grants.
    """

    name: str
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...] = ()
    n_rows: int = -1
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What is to become of one table.

    Attributes:
        change_id: ``V`` and hex; names the shadow, the clear copy and what catches writes.
        table: The table's name.
        columns: Columns whose values become tokens.
        chunk_rows: Rows between two commits.
    """

    change_id: str
    table: str
    columns: tuple[str, ...]
    chunk_rows: int = BATCH_ROWS


class Store(Protocol):
    """Data that can be read.

    Attributes:
        name: Its address without user, password or query: what may be printed.
    """

    name: str

    def tables(self, *, count: bool = True) -> list[TableShape]:
        """Return the tables, sorted by name; views are not tables.

        Raises:
            UsageError: The store cannot be reached, or is of no known kind.
        """

    def batches(
        self, table: str, columns: Sequence[str] = (), rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts, as the store writes its values; every column where none is named.

        The result streams; memory is that of a few batches.
        """

    def close(self) -> None:
        """Let the store go."""


class ChangingStore(Store, Protocol):
    """A store whose tables can be protected while the business still works."""

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is, read from the store itself."""

    def start(self, change: Change) -> None:
        """Make the shadow table and begin to catch writes to the table; harmless when done before.

        Raises:
            TableError: The table has no key and cannot be followed, or something on it cannot be carried over.
        """

    def copy(self, change: Change, convert: Convert) -> Iterator[int]:
        """Copy rows that are not in the shadow yet, and what was written meanwhile; yield rows done after each commit.

        Ends in the state ``copied``.
        """

    def shadow(self, change: Change) -> str:
        """Return the name under which :meth:`batches` reads the shadow (before the swap) or the clear copy (after)."""

    def swap(self, change: Change, convert: Convert) -> None:
        """Catch up with the last writes under a lock and change names: other connections see before or after."""

    def undo(self, change: Change, reveal: Convert) -> None:
        """Bring the table back in clear, rows written since the swap included."""

    def drop_clear(self, change: Change) -> None:
        """Destroy the clear copy, as far as the store can; say what it cannot reach in :meth:`leftovers`."""

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where copies in clear may still be: backups, logs of changes, dead rows, old files."""
