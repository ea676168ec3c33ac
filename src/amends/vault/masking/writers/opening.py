"""Which writer an address calls for, and what is refused before anything is written."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from amends.kernel.errors import UsageError
from amends.vault.masking.writers.base import Writer
from amends.vault.masking.writers.files import PARQUET, FilesWriter
from amends.vault.masking.writers.sqlite import SqliteWriter
from amends.vault.stores.opening import kind_of, refuse_password

DATABASES = (".db", ".sqlite", ".sqlite3")


def path_of(address: str) -> Path | None:
    """Return the file or folder of an address; nothing for a server."""
    if address.startswith("sqlite://"):
        return Path(unquote(re.sub(r"^sqlite://(/(?=/)|/)?", "", address)))
    return None if "://" in address else Path(address)


def open_writer(address: str, source: str, password: str = "", source_password: str = "") -> Writer:
    """Return what writes a copy to an address.

    Args:
        address: Where the copy is to be.
        source: Where it comes from.
        password: Of the server the copy goes to.
        source_password: Of the server it comes from.

    Raises:
        UsageError: The place is not empty, is the source, lies in it or around it, or is of no kind that can
        be written.
    """
    refuse_password(address)
    here, there = path_of(source), path_of(address)
    refuse_same(source, address)
    if there is None:
        if kind_of(address) == "postgres":
            from amends.vault.masking.writers.postgres import PostgresWriter  # noqa: PLC0415

            return PostgresWriter(address, source, password, source_password)
        raise UsageError(
            "Copies cannot be written to that kind of server yet",
            where=address.partition("://")[0],
            remedy="write the copy to PostgreSQL, a .db file or a folder, and load it from there",
        )
    if there.suffix.lower() in DATABASES:
        return SqliteWriter(
            there, here if here is not None and kind_of(source) == "sqlite" else None
        )
    return FilesWriter(there, _ending(here, there))


def _ending(here: Path | None, there: Path) -> str:
    """Return the ending for tables that have none: that of the place, else that of the source's files, else Parquet."""
    if there.suffix.lower() in (*PARQUET, ".csv", ".tsv"):
        return there.suffix.lower()
    if here is not None and here.is_dir():
        found = {p.suffix.lower() for p in here.rglob("*") if p.is_file()}
        if not found & set(PARQUET) and found & {".csv", ".tsv"}:
            return ".csv"
    return ".parquet"


def refuse_same(source: str, address: str) -> None:
    """Refuse a copy onto its source, into it or around it, by whatever name or link.

    Raises:
        UsageError: They are the same.
    """
    here, there = path_of(source), path_of(address)
    if here is None or there is None:
        if here is there and _server(source) == _server(address):
            raise _same(address.partition("://")[0])
        return
    if here.exists() and there.exists() and here.samefile(there):
        raise _same(str(there))
    mine, yours = here.resolve(), there.resolve()
    if (
        mine == yours
        or (mine in yours.parents and mine.is_dir())
        or (yours in mine.parents and yours.is_dir())
    ):
        raise _same(str(there))


def _server(address: str) -> tuple[str, int, str]:
    parts = urlsplit(address)
    host = (
        (parts.hostname or "localhost")
        .replace("127.0.0.1", "localhost")
        .replace("::1", "localhost")
    )
    return host, parts.port or 0, parts.path.strip("/")


def _same(where: str) -> UsageError:
    return UsageError(
        "The copy would be written onto its source",
        where=where,
        remedy="name another place, outside the source",
    )
