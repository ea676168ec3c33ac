"""A session with a SQLite file: opening, quoting, waiting for locks, errors in words without values.

Source:
    SQLite documentation: result codes, PRAGMA, "Write-Ahead Logging", file format (the first 16 bytes).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

import pyarrow as pa

from amends.kernel.errors import AmendsError, BusyError, TableError, UsageError

HEADER = b"SQLite format 3\0"
BUSY_SECONDS = 60
"""How long a locked file is asked again; SQLite itself waits a tenth of it at a time."""

_T = TypeVar("_T")


def path_of(address: str) -> Path:
    """Return the file of an address: a path, or ``sqlite:///relative`` and ``sqlite:////absolute``."""
    if "://" not in address:
        return Path(address)
    rest = address.partition("://")[2].partition("?")[0]
    return Path(unquote(rest.removeprefix("/") if rest.startswith("/") else rest))


def q(name: str) -> str:
    """Return a name quoted."""
    return '"' + name.replace('"', '""') + '"'


class Session:
    """One connection to a file.

    Args:
        path: The file.
        read_only: Whether nothing will be written.

    Attributes:
        impatient: Whether a locked file is an error at once.

    Raises:
        UsageError: There is no such file, it is no SQLite database, or it cannot be read.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.where = path.name
        self.impatient = False
        _look(path)
        try:
            self._conn = sqlite3.connect(
                path, timeout=BUSY_SECONDS / 10, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise self._error(error) from error
        self._conn.text_factory = _text
        try:
            for setting in (
                "temp_store = MEMORY",  # what is chosen and converted never lies in a file
                "foreign_keys = OFF",
                "recursive_triggers = OFF",
                "legacy_alter_table = ON",
                "secure_delete = ON",
                f"query_only = {'ON' if read_only else 'OFF'}",
            ):
                self.run(f"PRAGMA {setting}")
            self.rows("SELECT COUNT(*) FROM sqlite_master")
        except AmendsError:
            self.close()
            raise

    def run(self, sql: str, *values: object) -> int:
        """Run a statement; return the rows it changed."""
        return self._waiting(lambda: self._conn.execute(sql, values).rowcount)

    def many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement for many rows of values."""
        self._waiting(lambda: self._conn.executemany(sql, rows))

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self._waiting(lambda: self._conn.execute(sql, values).fetchall())

    def one(self, sql: str, *values: object) -> Any:  # Any: whatever the query asks for
        """Return the first value of a query, or null."""
        found = self.rows(sql, *values)
        return found[0][0] if found else None

    def stream(self, sql: str, rows: int, *values: object) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query in lists."""
        cursor = self._waiting(lambda: self._conn.execute(sql, values))
        try:
            while found := self._waiting(lambda: cursor.fetchmany(rows)):
                yield found
        finally:
            cursor.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the file's write lock: what is done inside is done wholly or not at all."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._conn.execute("ROLLBACK")
            raise

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Hold the file's write lock while nothing is written inside.

        With a rollback journal SQLite does not commit, not even nothing, while somebody reads: so it is rolled back.
        """
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self.run("ROLLBACK")

    @property
    def in_wal(self) -> bool:
        """Return whether readers and a writer go side by side."""
        return bool(self.one("PRAGMA journal_mode") == "wal")

    def settle(self) -> None:
        """Bring what lies in the write-ahead log into the file, and empty the log, as far as readers let us."""
        self.run("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close."""
        with suppress(sqlite3.Error):
            self._conn.close()

    def _waiting(self, act: Callable[[], _T]) -> _T:
        until = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return act()
            except sqlite3.Error as error:
                over = self.impatient or time.monotonic() > until or self._conn.in_transaction
                if over or not _is_busy(error):
                    raise self._error(error) from error
                time.sleep(0.01)

    def _error(self, error: sqlite3.Error) -> AmendsError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if _is_busy(error):
            return BusyError(
                "The database is locked by somebody else", where=self.where,
                remedy="end the long transaction there and run the command again; it goes on where it stood",
            )  # fmt: skip
        what, remedy, kind = _WORDS.get(
            code,
            (
                f"SQLite refused a statement (code {code})",
                "look at the file with its own tools",
                TableError,
            ),
        )
        return kind(what, where=self.where, remedy=remedy)


_WORDS: dict[int, tuple[str, str, type[AmendsError]]] = {
    sqlite3.SQLITE_READONLY: ("The file, or its folder, may not be written", "give yourself the right to", UsageError),
    sqlite3.SQLITE_CANTOPEN: ("The file cannot be opened", "check that you may read it and its folder", UsageError),
    sqlite3.SQLITE_NOTADB: (
        "The file is no SQLite database, or is encrypted", "open it with its key and export it first", UsageError,
    ),
    sqlite3.SQLITE_CORRUPT: (
        "The file is damaged or cut short", "bring it back from a backup, or run .recover on a copy", UsageError,
    ),
    sqlite3.SQLITE_FULL: ("The disk is full", "free space, then run the command again", TableError),
    sqlite3.SQLITE_IOERR: ("The file cannot be read or written", "check disk and rights", TableError),
    sqlite3.SQLITE_PERM: ("The file may not be used", "give yourself the right to", UsageError),
    sqlite3.SQLITE_AUTH: ("The file may not be used", "give yourself the right to", UsageError),
    sqlite3.SQLITE_CONSTRAINT: (
        "Two rows would have the same value in a unique index, or a check refuses one",
        "see the guide: values that become equal", TableError,
    ),
}  # fmt: skip


def _is_busy(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _look(path: Path) -> None:
    """Refuse what is no database before SQLite is asked, which would make a file that is missing."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(HEADER))
    except OSError as error:
        raise UsageError(
            "There is no such file, or it may not be read",
            where=path.name,
            remedy="check the path and your rights",
        ) from error
    if not start:
        raise UsageError("The file is empty", where=path.name, remedy="check the path")
    if start != HEADER:
        raise UsageError(
            "The file is no SQLite database, or is encrypted", where=path.name,
            remedy="check the path; an encrypted one must be exported with its key first",
        )  # fmt: skip


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def column_text(values: Sequence[object]) -> pa.Array:
    """Return values as texts: numbers as SQLite writes them, bytes that are no UTF-8 as ``0x`` and hex."""
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError):
        return pa.array([None if v is None else as_text(v) for v in values], pa.string())


def as_text(value: object) -> str:
    """Return one value as text."""
    if isinstance(value, float):
        return repr(value)
    raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    if isinstance(raw, bytes):
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return "0x" + raw.hex()
    return str(value)


def exact_text(name: str, values: Sequence[object]) -> pa.Array:
    """Return the values of a column to protect as texts.

    Raises:
        TableError: One is no text and no number, so that it could not be brought back as it was.
    """
    if any(type(v) is bytes for v in values):
        raise _no_text(name)
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError):
        return pa.array([_exact(name, v) for v in values], pa.string())


def _exact(name: str, value: object) -> str | None:
    if value is None:
        return None
    made = as_text(value)
    if isinstance(value, str) and made != value:
        raise _no_text(name)
    return made


def _no_text(name: str) -> TableError:
    return TableError(
        "A column to protect holds bytes that are no text",
        where=name,
        remedy="leave it out of the plan",
    )
