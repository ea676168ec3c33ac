"""A copy in an SQLite file: tables, indexes, views and triggers as in the source where that is SQLite too."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from amends.kernel.errors import TableError, UsageError
from amends.vault.masking.writers.base import HIDDEN, not_empty
from amends.vault.stores.base import Store, TableShape
from amends.vault.stores.opening import open_store


class SqliteWriter:
    """A copy in an SQLite file.

    Args:
        path: Where it is to stand.
        source: The SQLite file it is a copy of, for the words its tables were made with.
    """

    def __init__(self, path: Path, source: Path | None = None) -> None:
        if path.exists() and (path.is_dir() or path.stat().st_size):
            raise not_empty(str(path))
        self.name = str(path)
        self.notes: list[str] = []
        self._path = path
        self._hidden = path.parent / f"{HIDDEN}{path.name}.db"
        self._source = source
        self._conn: sqlite3.Connection | None = None
        self._shapes: dict[str, TableShape] = {}
        self._later: list[str] = []

    def begin(self, shapes: Sequence[TableShape]) -> None:
        """Make the tables in a hidden file."""
        self.abandon()
        try:
            os.close(os.open(self._hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._conn = sqlite3.connect(self._hidden, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                "The copy cannot be written there",
                where=self.name,
                remedy="choose a folder you may write to",
            ) from error
        self._shapes = {s.name: s for s in shapes}
        self._conn.execute("PRAGMA journal_mode = OFF")
        self._conn.execute("PRAGMA synchronous = OFF")
        self._conn.execute("PRAGMA foreign_keys = OFF")
        made = self._as_source() if self._source else set()
        for shape in shapes:
            if shape.name not in made:
                self._conn.execute(_create(shape))
        self._conn.execute("BEGIN")

    def _as_source(self) -> set[str]:
        """Make tables with the source's own words; keep indexes, views and triggers for the end."""
        assert self._source is not None and self._conn is not None
        made = set()
        with _reading(self._source) as held:
            rows = held.execute(
                "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE "
                "'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
            ).fetchall()
        for kind, name, _, words in rows:
            if kind == "table":
                if name not in self._shapes:
                    continue
                self._conn.execute(words)
                made.add(name)
            else:
                self._later.append(words)
        return made

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Insert rows; the column types turn texts into numbers."""
        names = batch.schema.names
        places = ", ".join("?" * len(names))
        words = f"INSERT INTO {_quoted(table)} ({', '.join(map(_quoted, names))}) VALUES ({places})"
        kinds = {c.name: c.type.lower() for c in self._shapes[table].columns}
        rows = zip(
            *(_cells(c, kinds[n]) for c, n in zip(batch.columns, names, strict=True)), strict=True
        )
        try:
            self._open.executemany(words, rows)
        except sqlite3.IntegrityError as error:
            raise TableError(
                "A masked row breaks a rule of the table it goes into",
                where=f"{self.name}: {table}",
                remedy="look at rules null and redact on columns that must not be empty or must be unique",
            ) from error

    def finish(self) -> None:
        """Make indexes, views and triggers."""
        self._open.execute("COMMIT")
        for words in self._later:
            try:
                self._open.execute(words)
            except sqlite3.Error as error:
                self.notes.append(
                    f"not carried over: {words.split('(')[0].strip()[:120]} ({type(error).__name__})"
                )

    def store(self) -> Store:
        """Return the hidden file for reading."""
        return open_store(f"sqlite:///{self._hidden}")

    def publish(self) -> None:
        """Give the file its name."""
        self._open.close()
        self._conn = None
        with self._hidden.open("rb") as stream:
            os.fsync(stream.fileno())
        self._hidden.replace(self._path)

    def abandon(self) -> None:
        """Take the hidden file away."""
        if self._conn is not None:
            self._conn.close()
            self._conn = None
        for left in self._hidden.parent.glob(f"{_plain(self._hidden.name)}*"):
            left.unlink()

    @property
    def _open(self) -> sqlite3.Connection:
        assert self._conn is not None, "begin was not called"
        return self._conn


def _cells(values: pa.Array, kind: str) -> list[str | bytes | None]:
    """Return the cells to insert; bytes, which are read as 0x and digits, as bytes again."""
    plain: list[str | bytes | None] = values.to_pylist()
    if "blob" not in kind:
        return plain
    return [_bytes(v) if isinstance(v, str) and v.startswith("0x") else v for v in plain]


def _bytes(text: str) -> str | bytes:
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return text


def _plain(name: str) -> str:
    """Return a name in which the signs of a pattern stand for themselves."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


class _reading:  # noqa: N801  # used as a function
    """Opens a file for reading only, and closes it."""

    def __init__(self, path: Path) -> None:
        self._conn = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)

    def __enter__(self) -> sqlite3.Connection:
        return self._conn

    def __exit__(self, *_: object) -> None:
        self._conn.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _create(shape: TableShape) -> str:
    columns = [
        f"{_quoted(c.name)} {_affinity(c.type)}{'' if c.nullable else ' NOT NULL'}"
        for c in shape.columns
    ]
    if shape.key:
        columns.append(f"PRIMARY KEY ({', '.join(map(_quoted, shape.key))})")
    for key in shape.foreign_keys:
        here, there = (", ".join(map(_quoted, names)) for names in (key.columns, key.to_columns))
        columns.append(f"FOREIGN KEY ({here}) REFERENCES {_quoted(key.table)} ({there})")
    return f"CREATE TABLE {_quoted(shape.name)} ({', '.join(columns)})"


def _affinity(kind: str) -> str:
    plain = kind.lower()
    if "int" in plain and "interval" not in plain and "point" not in plain:
        return "INTEGER"
    if any(word in plain for word in ("real", "float", "double")):
        return "REAL"
    if any(word in plain for word in ("num", "dec")):
        return "NUMERIC"
    return "TEXT"
