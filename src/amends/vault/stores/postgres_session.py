"""A session with PostgreSQL: connecting, quoting, rows as Arrow texts and back, errors in words without values.

The session's ``search_path`` is empty, as in pg_dump: every name is written with its schema, and nobody can slip a
function or operator of his own under ours (CVE-2018-1058).

Source:
    PostgreSQL documentation: COPY (CSV: null is unquoted, every value quoted), libpq URIs, error codes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from amends.kernel.errors import AmendsError, BusyError, TableError, UsageError

try:
    import psycopg
except ImportError as missing:
    raise UsageError(
        "PostgreSQL needs a driver that is not installed",
        remedy='install it: pip install "amends[postgres]"',
    ) from missing

Connection = psycopg.Connection[tuple[Any, ...]]  # Any: a row is whatever the query asks for

PIECE_BYTES = 192 << 20
"""Most text read at once; a piece that is larger is read again in halves."""
_BLOCK_BYTES = 16 << 20

_SETTINGS = {
    "search_path": "",
    "standard_conforming_strings": "on",
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "3",
    "timezone": "UTC",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "synchronous_commit": "on",
    "xmloption": "content",
}


class TooWideError(Exception):
    """A piece holds more text than fits; it is read again with fewer rows."""


def connect(address: str, password: str) -> Connection:
    """Return a session.

    Args:
        address: ``postgresql://user@host:port/db``.
        password: Empty for none; the driver then looks in ~/.pgpass.

    Raises:
        UsageError: Nothing answers there, or it does not let us in.
    """
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", address, flags=re.IGNORECASE)
    given: dict[str, Any] = {"password": password} if password else {}  # Any: as psycopg takes them
    try:
        conn = psycopg.connect(
            url, autocommit=True, client_encoding="UTF8", application_name="amends",
            connect_timeout=15, **given,
        )  # fmt: skip
        for name, value in _SETTINGS.items():
            conn.execute("SELECT pg_catalog.set_config(%s, %s, false)", (name, value))
    except (psycopg.Error, UnicodeError) as error:
        raise _not_open(error) from None  # the driver's words may hold what was typed
    return conn


def _not_open(error: Exception) -> UsageError:
    state = getattr(error, "sqlstate", None) or ""
    text = str(error)
    if state.startswith("28") or "password" in text or "authentication" in text:
        return UsageError(
            "PostgreSQL did not let this account in",
            remedy="give --password-file FILE, or answer the prompt; see the server's pg_hba.conf",
        )
    if state == "3D000" or "does not exist" in text:
        return UsageError(
            "The server has no database of that name", remedy="correct the end of the address"
        )
    return UsageError(
        "PostgreSQL does not answer there",
        remedy="see that the server runs and that host, port and database of the address are right",
    )


def store_name(conn: Connection) -> str:
    """Return the address without user, password and query."""
    at = conn.info
    return f"postgresql://{at.host}:{at.port}/{at.dbname}"


def quoted(*names: str) -> str:
    """Return a name, with its schema where two are given, quoted for SQL."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str | None) -> str:
    """Return a text constant for the places where SQL takes no bound value (COPY, definitions)."""
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"


def run(conn: Connection, text: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows, none for a statement that has none."""
    done = conn.execute(text.encode(), values or None)
    return done.fetchall() if done.description else []


def one(conn: Connection, text: str, values: Sequence[object] = ()) -> Any:  # Any: one cell
    """Return the first cell of the first row, or nothing."""
    rows = run(conn, text, values)
    return rows[0][0] if rows else None


@contextmanager
def transaction(conn: Connection, isolation: str = "READ COMMITTED") -> Iterator[None]:
    """Run a block as one transaction; inside another one it is a part of that one."""
    if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        yield
        return
    run(conn, f"BEGIN ISOLATION LEVEL {isolation}")
    try:
        yield
        run(conn, "COMMIT")
    except BaseException:
        if not conn.closed:
            try:
                run(conn, "ROLLBACK")
            except psycopg.Error:
                conn.close()
        raise


# --- rows as Arrow


def copy_out(conn: Connection, query: str, names: Sequence[str]) -> pa.RecordBatch:
    """Return the rows of a query whose columns are all texts.

    Raises:
        TooWideError: They hold more than :data:`PIECE_BYTES`.
    """
    parts, size = [], 0
    with closing(_rows(conn, query)) as rows:
        for row in rows:
            parts.append(row)
            size += len(row)
            if size > PIECE_BYTES and len(parts) > 1:
                raise TooWideError
    return parsed(b"".join(parts), names)


def copy_stream(
    conn: Connection, query: str, names: Sequence[str], rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a query whose columns are all texts, at most ``rows`` at a time."""
    parts: list[bytes] = []
    size = 0
    with closing(_rows(conn, query)) as stream:
        for row in stream:
            parts.append(row)
            size += len(row)
            if len(parts) >= rows or size >= _BLOCK_BYTES:
                yield parsed(b"".join(parts), names)
                parts, size = [], 0
    if parts:
        yield parsed(b"".join(parts), names)


def _rows(conn: Connection, query: str) -> Generator[bytes]:
    """Yield the lines of a COPY; from libpq itself, which is five times as fast as psycopg's own loop.

    One who stops early cancels the statement, and what was under way is read to its end.
    """
    wire = conn.pgconn
    begun = wire.exec_(f"COPY ({query}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)".encode())
    if begun.status != psycopg.pq.ExecStatus.COPY_OUT:
        raise psycopg.errors.error_from_result(begun)
    ended = False
    try:
        while True:
            size, line = wire.get_copy_data(0)
            if size < 0:
                break
            yield bytes(line)
        ended = True
    finally:
        if not ended and wire.status == psycopg.pq.ConnStatus.OK:
            wire.get_cancel().cancel()
            while wire.get_copy_data(0)[0] > 0:
                pass
        _results(wire, ended)


def _results(wire: psycopg.pq.abc.PGconn, ended: bool) -> None:
    """Take what the server says at the end of a COPY; raise its error where the COPY was not stopped by us."""
    fault = None
    while (result := wire.get_result()) is not None:
        if result.status == psycopg.pq.ExecStatus.FATAL_ERROR:
            fault = fault or psycopg.errors.error_from_result(result)
    if ended and fault is not None:
        raise fault


def parsed(text: bytes, names: Sequence[str]) -> pa.RecordBatch:
    """Return CSV of PostgreSQL as texts; names may be anything, twice included."""
    if not text:
        return pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in names], list(names))
    places = [f"c{number}" for number in range(len(names))]
    try:
        table = pa_csv.read_csv(
            io.BytesIO(text),
            read_options=pa_csv.ReadOptions(
                column_names=places, block_size=min(len(text) + 1, 2**31 - 1), use_threads=False
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        raise TableError(
            "A value is not text in UTF-8, or larger than 2 GiB",
            remedy="mend it in the table (the database has no encoding that would forbid it), then go on",
        ) from None  # the driver's words hold the value
    arrays = [column.combine_chunks() for column in table.columns]
    whole = [a if isinstance(a, pa.Array) else pa.concat_arrays(a.chunks) for a in arrays]
    return pa.RecordBatch.from_arrays(whole, list(names))


def copy_in(conn: Connection, table: str, arrays: Sequence[pa.Array]) -> None:
    """Write texts into the columns of a table, in their order."""
    batch = pa.RecordBatch.from_arrays(list(arrays), [f"c{n}" for n in range(len(arrays))])
    made = io.BytesIO()
    options = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pa_csv.write_csv(batch, made, options)
    with (
        conn.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)".encode()) as copy,
    ):
        copy.write(made.getbuffer())


# --- errors


_WORDS: dict[str, tuple[type[AmendsError], str, str]] = {
    "42501": (
        UsageError,
        "This account may not do that in the database",
        "use the owner of the tables (or a superuser) with the right CREATE on the database, or let a DBA run: "
        "GRANT CREATE ON DATABASE … TO …",
    ),
    "53100": (
        TableError,
        "The server has no disk left; nothing was lost",
        "free disk and give the same command again: it goes on where it stood",
    ),
    "55P03": (
        BusyError,
        "Others hold the table; nothing was changed",
        "give the same command again when long transactions have ended",
    ),
    "40P01": (
        BusyError,
        "Others hold the table; nothing was changed",
        "give the same command again",
    ),
    "40001": (
        BusyError,
        "Others wrote at the same moment; nothing was changed",
        "give the same command again",
    ),
    "23505": (
        TableError,
        "Two rows hold the same value in columns that must be unique",
        "look whether one holds it in clear and one as a token: amends vault verify; delete one of them, then go on",
    ),
    "23514": (
        TableError,
        "A row does not satisfy a check of the table",
        "mend the row or drop the check, then go on",
    ),
    "23503": (
        TableError,
        "A row points to a row that is not there",
        "mend the row, then give the same command again",
    ),
    "2BP01": (
        TableError,
        "Something in the database stands on the table and would be lost",
        "make the plan again: it says what and how",
    ),
    "42P01": (
        TableError,
        "A table is not there any more",
        "make the plan again",
    ),
    "42703": (
        TableError,
        "A column is not there any more",
        "make the plan again",
    ),
    "22001": (
        TableError,
        "A value is longer than its column takes",
        "a longer one was written in clear since the swap: shorten it, then go on",
    ),
    "54000": (
        TableError,
        "A value is too long for the index on its column",
        "drop that index, or leave the column out of the plan",
    ),
    "57014": (BusyError, "The server cancelled the work", "give the same command again"),
}  # fmt: skip


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn the driver's errors into words; none of the values they hold comes along."""
    try:
        yield
    except psycopg.Error as error:
        raise in_words(error, where) from None  # the driver's own text may hold values


def in_words(error: psycopg.Error, where: str) -> AmendsError:
    """Return an error of ours for one of the driver's."""
    state = error.sqlstate or ""
    gone = not state or state[:2] == "08" or state in ("57P01", "57P02", "57P03", "57P05")
    if gone and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return TableError(
            "The server went away; nothing was lost",
            where=where,
            remedy="start it and give the same command again: it goes on where it stood",
        )
    kind, what, remedy = _WORDS.get(
        state,
        (
            TableError,
            f"PostgreSQL refused a step (code {state or 'none'})",
            "look the code up in the server's log, mend the cause and give the same command again",
        ),
    )
    named = [error.diag.table_name, error.diag.column_name, error.diag.constraint_name]
    places = [where, *(name for name in named if name and name not in where)]
    return kind(what, where=", ".join(places), remedy=remedy)
