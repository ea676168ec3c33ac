"""A session with MySQL or MariaDB: connecting, quoting, running, errors in words without values.

Rows come as bytes, as the server writes them; nothing is turned into Python's dates and numbers on the way.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pyarrow as pa

from amends.kernel.errors import AmendsError, BusyError, TableError, UsageError

try:
    import pymysql
    import pymysql.cursors
    from pymysql.constants import CLIENT
except ImportError as missing:
    raise UsageError(
        "MySQL and MariaDB need a driver that is not installed",
        remedy='install it: pip install "amends[mysql]"',
    ) from missing

LOCK_SECONDS = 5
"""How long a lock on a table is waited for: while we wait, every other session waits behind us."""
TRIES = 24
"""How often a lock is asked for, with pauses between: about two minutes against short transactions."""
DEADLOCK, LOCK_WAIT, DUPLICATE = 1213, 1205, 1062
_GONE = (2006, 2013, 2055, 1053, 1927, 4031)
_RIGHTS = (1044, 1142, 1143, 1227, 1370, 1410, 1419, 1698)
_SETTINGS = (
    # Zero dates and 0 in a counted column are copied as they are; whatever does not fit is an error.
    "sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION'",
    "time_zone = '+00:00'",
    "foreign_key_checks = 1",
    "unique_checks = 1",
    "sql_safe_updates = 0",
    "sql_select_limit = DEFAULT",
    "wait_timeout = 28800",
    "net_write_timeout = 3600",
    f"lock_wait_timeout = {LOCK_SECONDS}",
    "innodb_lock_wait_timeout = 20",
)
_MARIADB_SETTINGS = (
    "max_statement_time = 0",
    "check_constraint_checks = 0",
    "idle_transaction_timeout = 0",
)

Row = tuple[bytes | None, ...]


def q(name: str) -> str:
    """Return a name quoted; it can stand in any statement given to :meth:`Session.run`."""
    if "\0" in name:
        raise TableError("A name holds a zero byte", remedy="rename the table or column")
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


class Session:
    """One connection.

    Args:
        address: ``mysql://user@host:port/database``.
        password: Empty for none; then ``~/.my.cnf`` is read.

    Attributes:
        database: The database of the address.
        is_mariadb: Whether the server is MariaDB.
        version: Its version, as numbers.

    Raises:
        UsageError: Nothing answers there, or it does not let us in.
    """

    def __init__(self, address: str, password: str = "") -> None:
        self.options = _options(address, password)
        self.database = str(self.options["database"])
        self.where = f"{self.options['host']}:{self.options['port']}/{self.database}"
        try:
            self._conn: Any = pymysql.connect(**self.options)  # Any: the driver is not typed
        except (pymysql.MySQLError, OSError, RuntimeError, UnicodeError) as error:
            raise self._not_open(error) from None  # the driver's words may hold the account
        words = str(self._conn.get_server_info())
        self.is_mariadb = "mariadb" in words.lower()
        found = re.findall(r"\d+", words.removeprefix("5.5.5-") if self.is_mariadb else words)
        self.version = tuple(int(n) for n in found[:3])
        for setting in _SETTINGS + (_MARIADB_SETTINGS if self.is_mariadb else ()):
            self._set(setting)
        # Statement-based logs of changes refuse READ COMMITTED (error 1665).
        level = (
            "REPEATABLE READ"
            if self.one("SELECT @@binlog_format") == "STATEMENT"
            else "READ COMMITTED"
        )
        self.run(f"SET SESSION TRANSACTION ISOLATION LEVEL {level}")

    def _set(self, setting: str) -> None:
        try:
            self.run(f"SET SESSION {setting}")
        except TableError:  # a server without this setting, or one that reserves it
            if setting.startswith("sql_mode"):
                raise

    def run(self, sql: str, *values: object) -> int:
        """Run a statement; return the rows it changed.

        Args:
            sql: Names through :func:`q`, values as ``%s``; any other per cent sign doubled.
            values: What is bound.
        """
        changed: int = self._translated(lambda: self._execute(sql, values))
        return changed

    def verbatim(self, sql: str) -> None:
        """Run a statement as it stands: definitions that the server itself gave us."""

        def act() -> int:
            with self._conn.cursor() as cursor:
                return int(cursor.execute(sql))

        self._translated(act)

    def _execute(self, sql: str, values: tuple[object, ...]) -> int:
        with self._conn.cursor() as cursor:
            return int(cursor.execute(sql, values))

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return the rows of a query, as bytes."""

        def act() -> list[Row]:
            with self._conn.cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall())

        found: list[Row] = self._translated(act)
        return found

    def texts(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        """Return the rows of a query on the server's own tables, as texts; null is empty."""
        found = self.rows(sql, *values)
        return [
            tuple("" if v is None else v.decode("utf-8", "replace") for v in row) for row in found
        ]

    def one(self, sql: str, *values: object) -> str:
        """Return the first value of a query as text; empty where there is none."""
        found = self.texts(sql, *values)
        return found[0][0] if found else ""

    def stream(self, sql: str, rows: int) -> Iterator[list[Row]]:
        """Yield the rows of a query in lists; the server holds what was not fetched.

        A stream that is let go half read takes the rest from the server first; :meth:`close` cuts it off instead.
        """
        cursor = self._conn.cursor(pymysql.cursors.SSCursor)
        try:
            self._translated(lambda: cursor.execute(sql, ()))
            while found := self._translated(lambda: cursor.fetchmany(rows)):
                yield list(found)
        finally:
            if self._conn.open:
                self._translated(cursor.close)

    def cut(self) -> None:
        """Close at once, a result that is half read included."""
        result = self._conn._result
        if result is not None:
            result.unbuffered_active, result.connection = False, None
            self._conn._result = None
        self._conn._force_close()

    def commit(self) -> None:
        """Commit."""
        self._translated(self._conn.commit)

    def rollback(self) -> None:
        """Roll back, quietly where the connection is gone."""
        with suppress(pymysql.MySQLError, OSError):
            self._conn.rollback()

    def thread(self) -> int:
        """Return the server's number of this session."""
        return int(self._conn.thread_id())

    def close(self) -> None:
        """Close; locks and temporary tables go with it."""
        with suppress(pymysql.MySQLError, OSError):
            self._conn.close()

    def packet_bytes(self) -> int:
        """Return how much text one statement may hold."""
        return min(int(self.one("SELECT @@max_allowed_packet") or 1 << 20), 4 << 20) // 2

    def _translated(self, act: Callable[[], Any]) -> Any:  # Any: whatever the driver returns
        try:
            return act()
        except pymysql.MySQLError as error:
            raise self._error(error) from error
        except (OSError, AttributeError, ValueError) as error:  # a socket closed under the driver
            raise self._gone() from error

    def _error(self, error: pymysql.MySQLError) -> AmendsError:
        number = code_of(error)
        if number in _GONE:
            return self._gone()
        if number in _RIGHTS:
            return UsageError(
                f"The account may not do what is needed (error {number})",
                where=self.where,
                remedy="grant it: SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, TRIGGER, REFERENCES, "
                "LOCK TABLES and CREATE TEMPORARY TABLES on the database"
                + (" (and log_bin_trust_function_creators=1)" if number == 1419 else ""),
            )
        if number in (DEADLOCK, LOCK_WAIT, 1192, 3572):
            return BusyError(
                "Other sessions hold locks on the table",
                where=self.where,
                remedy="run the command again; it goes on where it stood",
            )
        if number in (1290, 1792, 1836):
            return UsageError(
                "The server is read-only", where=self.where, remedy="use the primary server"
            )
        if number in (1114, 1021, 3675):
            return TableError(
                "The server's disk is full",
                where=self.where,
                remedy="free space, then run it again",
            )
        return _fault(number, self.where)

    def _gone(self) -> TableError:
        return TableError(
            "The server is gone, or ended the connection",
            where=self.where,
            remedy="start it and run the command again; it goes on where it stood",
        )

    def _not_open(self, error: Exception) -> UsageError:
        number = code_of(error)
        what, remedy = {
            1045: (
                "The server did not let this account in",
                "give --password-file FILE, or answer the prompt",
            ),
            1698: ("The server did not let this account in", "use an account with a password"),
            1044: ("The account may not use this database", "grant it rights on the database"),
            1049: (
                "There is no database of this name",
                "check the name after the last / of the address",
            ),
            2003: (
                "No MySQL or MariaDB server answers",
                "check host and port, and that it is running",
            ),
            1040: ("The server has no connection left", "try again, or raise max_connections"),
        }.get(number, (f"The server cannot be reached (error {number})", "check the address"))
        return UsageError(what, where=self.where, remedy=remedy)


class ServerFaultError(TableError):
    """A statement failed; ``number`` is the server's, its words are left out, for they quote values."""

    number = 0


def _fault(number: int, where: str) -> ServerFaultError:
    words = {
        DUPLICATE: ("Two rows would have the same value in a unique index", "see the guide: values that become equal"),
        1406: ("A value does not fit its column", "undo, then plan again"),
        1366: ("A value cannot be written into its column", "undo, then plan again"),
        1452: ("A row refers to a row that does not exist", "correct it in the table, then run it again"),
        1451: ("A row is still referred to by another", "correct it in the table, then run it again"),
        1146: ("A table is missing", "look at the state of the change, then undo"),
        1118: ("The row would be too long for the server", "protect fewer wide columns at once"),
        1071: ("An index would be too long for the server", "drop or shorten the index first"),
        4025: ("A check on the table refuses a value", "drop the check first"),
    }  # fmt: skip
    what, remedy = words.get(
        number, (f"The server refused a statement (error {number})", "see the server's log")
    )
    made = ServerFaultError(what, where=where, remedy=remedy)
    made.number = number
    return made


def code_of(error: BaseException) -> int:
    """Return the server's number of an error, our own wrapping of it included; 0 where there is none."""
    if isinstance(error, ServerFaultError):
        return error.number
    if isinstance(error, AmendsError) and error.__cause__ is not None:
        return code_of(error.__cause__)
    first = error.args[0] if error.args else 0
    return first if isinstance(first, int) else 0


def _options(address: str, password: str) -> dict[str, Any]:
    try:
        url = urlsplit(address)
        host, port, user = (
            url.hostname or "127.0.0.1",
            url.port or 3306,
            unquote(url.username or ""),
        )
    except ValueError as error:
        raise UsageError(
            "The address cannot be read", remedy="give mysql://user@host:port/database"
        ) from error
    database = unquote(url.path.lstrip("/"))
    if not database:
        raise UsageError(
            "The address names no database",
            where=host,
            remedy="give mysql://user@host:port/database",
        )
    more = {k: v[-1] for k, v in parse_qs(url.query).items()}
    own: dict[str, Any] = {"user": user} if user else {}
    own |= {"password": password} if password else {}
    if "socket" in more:
        own["unix_socket"] = more["socket"]
    if "ssl_ca" in more:
        own["ssl"] = {"ca": more["ssl_ca"]}
    home = Path("~/.my.cnf").expanduser()
    if not password and home.is_file():
        own["read_default_file"] = str(home)
    return {
        "host": host, "port": port, "database": database, "charset": "utf8mb4", "use_unicode": False,
        "conv": _CONVERSIONS, "autocommit": True, "connect_timeout": 15, "local_infile": False,
        "client_flag": CLIENT.FOUND_ROWS, **own,
    }  # fmt: skip


_CONVERSIONS = {k: v for k, v in pymysql.converters.conversions.items() if not isinstance(k, int)}
"""Python's values are written as literals; nothing the server sends is turned into anything."""


def column_text(values: Sequence[bytes | None]) -> pa.Array:
    """Return values as texts: as they are where they are UTF-8, ``0x`` and hex where they are not."""
    raw = pa.array(values, pa.binary())
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return "0x" + value.hex()


def retried(act: Callable[[], None], tries: int = TRIES) -> None:
    """Run what may meet a lock until it succeeds, with growing pauses.

    Raises:
        BusyError: It was busy every time.
    """
    for attempt in range(tries):
        try:
            act()
            return
        except BusyError:
            if attempt + 1 == tries:
                raise
            time.sleep(min(0.05 * 2**attempt, 2.0))
