"""Stores opened for reading; a folder may hold Parquet and CSV side by side, and none of it is left out."""

from __future__ import annotations

from pathlib import Path

from amends.vault.stores.base import Store
from amends.vault.stores.csv_files import Csv
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
        return FileStore(Path(address), (Parquet(), Csv()))
    store: Store = open_store(address, password)
    return store
