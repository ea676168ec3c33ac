"""Which store an address means, and how it is opened.

Each sibling has a function ``opened(address, password)``; it is imported only when an address calls for it, so that a
database driver that is not installed stops nobody else.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from amends.kernel.errors import UsageError
from amends.vault.stores.base import ChangingStore

SCHEMES = {
    "postgresql": "postgres",
    "postgres": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
}
ENDINGS = {
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".parquet": "parquet",
    ".parq": "parquet",
    ".pq": "parquet",
    ".csv": "csv_files",
    ".tsv": "csv_files",
    ".tab": "csv_files",
    ".psv": "csv_files",
    ".ssv": "csv_files",
}
PACKED = (".gz", ".zst", ".bz2", ".xz")
"""Endings of packed CSV: ``customers.csv.gz``."""
ASKS_PASSWORD = ("postgres", "mysql")
"""Siblings that are servers and may want a password."""


def open_store(address: str, password: str = "") -> ChangingStore:
    """Open the company's own data.

    Args:
        address: ``postgresql://user@host:port/db``, ``mysql://…``, ``mariadb://…``, ``sqlite:///file``, or a path: a
            file ending in .db, .sqlite, .sqlite3, .parquet, .csv, .tsv, or a folder of Parquet or CSV files.
        password: From a file or a prompt; without it the driver looks in its own file (~/.pgpass, ~/.my.cnf).

    Raises:
        UsageError: The address is of no known kind, holds a password, or nothing answers there.
    """
    refuse_password(address)
    module = importlib.import_module(f"amends.vault.stores.{kind_of(address)}")
    store: ChangingStore = module.opened(address, password)
    return store


def kind_of(address: str) -> str:
    """Return the sibling that an address calls for: ``postgres``, ``mysql``, ``sqlite``, ``parquet`` or ``csv_files``.

    Raises:
        UsageError: It calls for none.
    """
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.]*)://", address)
    if scheme:
        kind = SCHEMES.get(scheme[1].lower().partition("+")[0])
        if kind is None:
            raise _unknown(f"{scheme[1]}://")
        return kind
    path = Path(address)
    if path.is_dir():
        return _kind_of_folder(path)
    ending = _kind_of_file(path)
    if ending is None:
        raise _unknown(path.name)
    return ending


def _kind_of_folder(folder: Path) -> str:
    """Return the kind of the files of a folder: Parquet where there is any, else CSV."""
    kinds = {_kind_of_file(p) for p in sorted(folder.rglob("*"))}
    for kind in ("parquet", "csv_files"):
        if kind in kinds:
            return kind
    raise _unknown(folder.name)


def _kind_of_file(path: Path) -> str | None:
    ending = path.suffix.lower()
    if ending not in PACKED:
        return ENDINGS.get(ending)
    inner = ENDINGS.get(Path(path.stem).suffix.lower())
    return inner if inner == "csv_files" else None


def _unknown(what: str) -> UsageError:
    return UsageError(
        "This is no store that Amends can open",
        where=what,
        remedy="give postgresql://user@host/db, mysql://user@host/db, a file ending in .db, .parquet, .csv or .tsv, "
        "or a folder of such files",
    )


def refuse_password(address: str) -> None:
    """Refuse an address that holds a password: others on the machine can see a command's arguments.

    Raises:
        UsageError: It holds one.
    """
    if "://" not in address:
        return
    try:
        parts = urlsplit(address)
        held = parts.password is not None or re.search(
            r"(^|&)\s*(password|passwd|pwd|passfile|sslpassword)=", parts.query, re.IGNORECASE
        )
    except ValueError as error:
        raise _unknown(address.partition("://")[0] + "://") from error
    if held:
        raise UsageError(
            "The address holds a password, which others on this machine could see",
            remedy="leave it out and give --password-file FILE, or answer the prompt",
        )
