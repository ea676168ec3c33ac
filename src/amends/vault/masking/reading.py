"""Stores opened for reading; a folder may hold Parquet and CSV side by side, and none of it is left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from amends.kernel.errors import AmendsError
from amends.vault.stores.base import Store, TableShape
from amends.vault.stores.csv_files import Csv
from amends.vault.stores.file_kinds import FileKind
from amends.vault.stores.file_tables import find_tables, kind_of, walk
from amends.vault.stores.files import FileStore
from amends.vault.stores.opening import open_store
from amends.vault.stores.parquet import Parquet


def open_reading(address: str, password: str = "") -> Store:
    """Open a store for reading.

    Args:
        address: As :func:`amends.vault.stores.opening.open_store` takes it.
        password: Of a server; empty for none.

    Raises:
        UsageError: There is nothing, or it is of no known kind.
    """
    if "://" not in address and Path(address).is_dir():
        held: Store = open_store(address)  # says so where the folder holds neither
        held.close()
        return Folder(Path(address), (Parquet(), Csv()))
    store: Store = open_store(address, password)
    return store


MOST_NAMED = 200
"""Files that are no tables, named one by one; further ones are counted."""
_NO_TABLE = "make documents for tests by hand; none of production's belongs there"


class Folder(FileStore):
    """A folder in which a damaged file loses nobody the others."""

    def __init__(self, path: Path, kinds: tuple[FileKind, ...]) -> None:
        super().__init__(path, kinds)
        self.unread: list[Unread] = []

    def tables(self, *, count: bool = True) -> list[TableShape]:
        """Return the tables that can be read, sorted by name; the others are named in ``unread``."""
        made, self.unread = [], []
        for table in find_tables(self.root, self.kinds):
            try:
                made.append(self._shape(table, count))
            except (AmendsError, OSError) as error:
                self.unread.append(unread_of(table.name, error))
        self.unread += self._no_tables()
        return made

    def _no_tables(self) -> list[Unread]:
        """Name the files that are no tables: a copy does not hold them, and nobody shall think it does."""
        others = [p for p in walk(self.root) if kind_of(p, self.kinds) is None]
        named = [p.relative_to(self.root).as_posix() for p in others[:MOST_NAMED]]
        found = [Unread(name, "It is no table; it is not copied", _NO_TABLE) for name in named]
        if len(others) > MOST_NAMED:
            found.append(
                Unread(f"and {len(others) - MOST_NAMED:,} more", "No tables; not copied", _NO_TABLE)
            )
        return found


@dataclass(frozen=True)
class Unread:
    """A table that could not be read to its end, and why.

    Attributes:
        table: Its name.
        reason: What happened, without a value of anybody.
        remedy: One next step.
    """

    table: str
    reason: str
    remedy: str


def unread_of(table: str, error: Exception) -> Unread:
    """Return what is said of a table that could not be read."""
    if isinstance(error, AmendsError):
        return Unread(table, error.what, error.remedy)
    return Unread(table, type(error).__name__, "look at the table, then run the command again")


def unread_in(store: Store) -> list[Unread]:
    """Return the tables of a store that its list of tables had to leave out."""
    return list(store.unread) if isinstance(store, Folder) else []
