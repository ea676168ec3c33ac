"""What a store of the company's own data can do; the siblings of this file are alike.

A change of a table goes through states that can be read from the store itself, so that whoever starts again after a
kill knows where it stood: ``none`` → ``copying`` (a shadow table stands beside the table, writes to the table are
caught) → ``copied`` → ``swapped`` (the shadow has the table's name; the table in clear is kept under another) →
``dropped`` (the clear copy is gone). ``undo`` leads back to ``none`` from any state: by dropping the shadow before the
swap, by giving the clear copy its name again or by detokenising after it.

Tables joined by foreign keys over protected columns are swapped and undone together: :meth:`ChangingStore.swap` and
:meth:`ChangingStore.undo` take several changes, and other connections see all of them or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

import pyarrow as pa

BATCH_ROWS = 65_536

ChangeState = Literal["none", "copying", "copied", "swapped", "dropped"]

Convert = Callable[[pa.RecordBatch], pa.RecordBatch]
"""Turns the protected columns that a batch holds (texts; all or some of them, found by name) from clear into tokens,
or back; other columns, order and names stay. The same value gives the same answer each time, so a store may convert
a key alone in order to find its row in the shadow."""


@dataclass(frozen=True)
class ForeignKey:
    """Columns of a table that point to a row of another.

    Attributes:
        columns: Columns here.
        table: The table they point to, named as in :class:`TableShape`.
        to_columns: Columns there, in the same order.
        name: Name of the constraint; empty where the store gives none.
    """

    columns: tuple[str, ...]
    table: str
    to_columns: tuple[str, ...]
    name: str = ""


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
        foreign_keys: Foreign keys declared on this table.
        size_bytes: What it takes on disk with its indexes; -1 where the store cannot say.
    """

    name: str
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...] = ()
    n_rows: int = -1
    uses: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    size_bytes: int = -1


@dataclass(frozen=True)
class Change:
    """What is to become of one table.

    Attributes:
        change_id: ``V`` and 16 hex digits; names the shadow, the clear copy and what catches writes.
        table: The table's name.
        columns: Columns whose values become tokens.
        chunk_rows: Rows between two commits.
        kept: Those of ``columns`` whose tokens keep length and alphabet (FF1): their type and width stay. The others
            become a type that holds any text.
        guard: Whether the store is to refuse, from the swap on, values that have not the form of a token
            (``TOKEN_FORM``); ``kept`` columns cannot be guarded. A store that cannot refuse says so in
            :meth:`ChangingStore.outlook`.
    """

    change_id: str
    table: str
    columns: tuple[str, ...]
    chunk_rows: int = BATCH_ROWS
    kept: tuple[str, ...] = ()
    guard: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a change cannot be made.

    Attributes:
        what: What stands in the way.
        remedy: What to do about it.
    """

    what: str
    remedy: str


@dataclass(frozen=True)
class Outlook:
    """What a change would meet.

    Attributes:
        refusals: What makes it impossible; empty when it can be made.
        changes: What will be different afterwards, in words: types, checks left off, what applications notice.
        bytes_needed: Disk the shadow will take, beside the table; -1 where the store cannot say.
    """

    refusals: tuple[Refusal, ...] = ()
    changes: tuple[str, ...] = ()
    bytes_needed: int = -1


@dataclass(frozen=True)
class Copying:
    """How far the copying of a table is.

    Attributes:
        rows: Rows copied by this call of :meth:`ChangingStore.copy`.
        words: What it is doing: ``copying``, ``catching up``, ``building indexes`` …
    """

    rows: int
    words: str = field(default="copying")


class Store(Protocol):
    """Data that can be read.

    Attributes:
        name: Its address without user, password or query: what may be printed.
    """

    name: str

    def tables(self, *, count: bool = True) -> list[TableShape]:
        """Return the tables, sorted by name; views are not tables, nor is what a change has put there.

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

    def outlook(self, change: Change) -> Outlook:
        """Return what stands in the way of a change and what will be different after it; changes nothing."""

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is, read from the store itself."""

    def start(self, change: Change) -> None:
        """Make the shadow table and begin to catch writes to the table; harmless when done before.

        Raises:
            TableError: The table has no key and cannot be followed, or something on it cannot be carried over.
        """

    def copy(self, change: Change, convert: Convert) -> Iterator[Copying]:
        """Copy rows that are not in the shadow yet, and what was written meanwhile; yield after each commit.

        Ends in the state ``copied``. Harmless when done before: then it catches up.
        """

    def instant(self, changes: Mapping[Change, Convert]) -> AbstractContextManager[None]:
        """Hold still what :meth:`batches` reads of tables and their shadows: both are of one instant inside.

        Before the swap the shadow is caught up first, so that shadow and table hold the same rows; the order of rows
        may differ. Writers may go on (a snapshot) or wait (a lock), as the store can.
        """

    def shadow(self, change: Change) -> str:
        """Return the name under which :meth:`batches` reads the shadow (before the swap) or the clear copy (after)."""

    def swap(self, changes: Mapping[Change, Convert]) -> None:
        """Catch up with the last writes under a lock and change names: other connections see before or after.

        All changes at once. Called again after a kill, it finishes what is left, in any state from ``copied`` on.

        Raises:
            BusyError: The lock was not given in time; nothing was changed.
        """

    def undo(self, changes: Mapping[Change, Convert]) -> Iterator[Copying]:
        """Bring tables back in clear, rows written since the swap included; yield where it takes time.

        Args:
            changes: Changes, each with what reveals its columns (tokens become clear, clear values stay).
        """

    def drop_clear(self, change: Change) -> None:
        """Destroy the clear copy, as far as the store can; say what it cannot reach in :meth:`leftovers`.

        Raises:
            TableError: The change is not swapped yet.
        """

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where copies in clear may still be: backups, logs of changes, dead rows, old files."""
