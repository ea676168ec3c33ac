"""SQLite databases, opened read-only and immutable, with the foreign keys they declare."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from urllib.parse import quote as quote_url

import pyarrow as pa

from amends.custody.names import clean_leaf, join, unique_columns
from amends.custody.readers.base import BATCH_ROWS, Opener, batch_of_rows
from amends.custody.source import Source
from amends.kernel.contents import DeclaredKey, Fault, Part, TablePart

MAGIC = b"SQLite format 3\x00"
MEDIA_TYPE = "application/vnd.sqlite3"
DAMAGED_REMEDY = "run sqlite3 with .recover on a copy and add what it gives"


class Sqlite:
    """Reads SQLite database files."""

    name = "sqlite"

    def detect(self, source: Source) -> bool:
        """Answer by the magic number."""
        return source.head.startswith(MAGIC)

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield each table, in the order of the schema."""
        database = _connect(source)
        try:
            try:
                names = [
                    row[0]
                    for row in database.execute(
                        "SELECT name FROM sqlite_master WHERE type = 'table'"
                        " AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
                    )
                ]
            except sqlite3.DatabaseError:
                opener.budget.take_item()
                yield Fault(source.inner_path, "", "truncated", DAMAGED_REMEDY)
                return
            if not names:
                opener.budget.take_item()
                yield Fault(
                    source.inner_path,
                    "",
                    "empty",
                    "ask the custodian whether it was empty at the source",
                )
            for name in names:
                yield self._table(database, name, source, opener)
        finally:
            database.close()

    def _table(
        self, database: sqlite3.Connection, name: str, source: Source, opener: Opener
    ) -> Part:
        inner = join(source.inner_path, clean_leaf(name))
        try:
            cursor = database.execute(f"SELECT * FROM {_quoted(name)}")
        except sqlite3.DatabaseError:
            opener.budget.take_item()
            return Fault(inner, "", "unreadable", DAMAGED_REMEDY)
        columns = unique_columns([str(column[0]) for column in cursor.description or ()])
        faults: list[Fault] = []
        batches = _batches(cursor, columns, inner, faults)
        return TablePart(
            inner, MEDIA_TYPE, self.name, columns, batches, True, _keys(database, name), faults
        )


def _connect(source: Source) -> sqlite3.Connection:
    if source.path is not None:
        place = quote_url(str(source.path.resolve()))
        database = sqlite3.connect(f"file:{place}?mode=ro&immutable=1", uri=True)
    else:
        database = sqlite3.connect(":memory:")
        database.deserialize(_without_wal(source.seekable().read()))
    database.text_factory = _text
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA temp_store = MEMORY")
    return database


def _without_wal(payload: bytes) -> bytes:
    """Return a database whose header does not ask for a write-ahead log (bytes 18 and 19), which memory has not.

    Source:
        SQLite file format, section 1.3.3.
    """
    return payload[:18] + b"\x01\x01" + payload[20:] if payload[18:20] == b"\x02\x02" else payload


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _keys(database: sqlite3.Connection, name: str) -> tuple[DeclaredKey, ...]:
    try:
        rows = database.execute(f"PRAGMA foreign_key_list({_quoted(name)})").fetchall()
    except sqlite3.DatabaseError:
        return ()
    return tuple(
        DeclaredKey(str(row[3]), clean_leaf(str(row[2])), str(row[4] or row[3])) for row in rows
    )


def _batches(
    cursor: sqlite3.Cursor, columns: tuple[str, ...], inner: str, faults: list[Fault]
) -> Iterator[pa.RecordBatch]:
    number = 0
    while True:
        try:
            rows = cursor.fetchmany(BATCH_ROWS // 4)
        except sqlite3.DatabaseError:
            faults.append(
                Fault(inner, f"row {number + 1}", "truncated", DAMAGED_REMEDY, whole=False)
            )
            return
        if not rows:
            return
        cells = [[_cell(value) for value in row] for row in rows]
        yield batch_of_rows(columns, cells, list(range(number + 1, number + 1 + len(rows))))
        number += len(rows)


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
