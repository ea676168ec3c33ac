"""From ``--at STORE TABLE COLUMN`` to places whose tokens can be turned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from amends.kernel.errors import UsageError
from amends.kernel.register import steady_sqlite
from amends.vault.chunks.base import Chunks
from amends.vault.chunks.parquet import ParquetParts
from amends.vault.chunks.sql import SqlTable
from amends.vault.stores.opening import kind_of, refuse_password

_DRIVERS = {"postgres": "postgresql+psycopg", "mysql": "mysql+pymysql"}


def opened_places(given: Sequence[tuple[str, str, str]], password: str = "") -> list[Chunks]:
    """Return the places that were named, columns of one table together.

    Raises:
        UsageError: A store is of a kind that cannot be turned in place, or is not there.
    """
    columns: dict[tuple[str, str], list[str]] = {}
    for store, table, column in given:
        columns.setdefault((store, table), []).append(column)
    return [_opened(store, table, names, password) for (store, table), names in columns.items()]


def _opened(store: str, table: str, columns: list[str], password: str) -> Chunks:
    refuse_password(store)
    kind = kind_of(store)
    if kind == "parquet":
        return ParquetParts(Path(store) if table == "." else Path(store) / table, columns)
    if kind == "sqlite":
        return SqlTable(_sqlite(store), table, columns)
    if kind in _DRIVERS:
        return SqlTable(_server(store, _DRIVERS[kind], password), table, columns)
    raise UsageError(
        "Tokens in files of this kind are not turned in place",
        where=Path(store).name,
        remedy="undo their protection and protect them again (SQLite, PostgreSQL, MariaDB and Parquet can be turned)",
    )


def _sqlite(store: str) -> sa.Engine:
    path = Path(store.removeprefix("sqlite:///"))
    if not path.is_file():
        raise UsageError("There is no such database", where=str(path), remedy="check its name")
    engine = sa.create_engine(f"sqlite:///{path}")
    sa.event.listen(engine, "connect", lambda connection, record: steady_sqlite(connection))
    return engine


def _server(store: str, driver: str, password: str) -> sa.Engine:
    url = sa.make_url(store).set(drivername=driver)
    if password:
        url = url.set(password=password)
    try:
        return sa.create_engine(url)
    except ImportError as error:
        raise UsageError(
            "The driver of this database is not installed",
            remedy="install amends[postgres] or amends[mysql]",
        ) from error
