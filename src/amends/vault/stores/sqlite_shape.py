"""What a table of SQLite is: columns, keys, foreign keys both ways, triggers, views.

Source:
    SQLite documentation: PRAGMA table_xinfo, foreign_key_list, index_list, table_list; "Datatypes" (affinity).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

from amends.kernel.errors import TableError
from amends.vault.stores.base import ColumnShape, ForeignKey, TableShape
from amends.vault.stores.parquet_leaves import NUMBER
from amends.vault.stores.sqlite_session import Session, q
from amends.vault.stores.sqlite_words import text_reads

OWN = re.compile(r"^amends_v[0-9a-f]{4,32}_")
"""Tables, indexes and triggers that a change has put there."""


@dataclass(frozen=True)
class Column:
    """One column; ``key`` is its place in the primary key from 1, 0 where it is not in it."""

    name: str
    type: str
    nullable: bool
    key: int
    computed: bool

    def field(self) -> pa.Field:
        """Return it as a column of texts that still says whether it held numbers."""
        told = {NUMBER: self.type.encode()} if self.affinity in ("INTEGER", "NUMERIC") else None
        return pa.field(self.name, pa.string(), metadata=told)

    @property
    def affinity(self) -> str:
        """Return what SQLite tries to make of values: ``INTEGER``, ``TEXT``, ``BLOB``, ``REAL`` or ``NUMERIC``."""
        kind = self.type.upper()
        for words, affinity in (
            (("INT",), "INTEGER"), (("CHAR", "CLOB", "TEXT"), "TEXT"), (("BLOB",), "BLOB"),
            (("REAL", "FLOA", "DOUB"), "REAL"),
        ):  # fmt: skip
            if any(word in kind for word in words):
                return affinity
        return "NUMERIC" if kind else "BLOB"


@dataclass(frozen=True)
class Index:
    """One index; a part that is an expression has no column. ``sql`` is empty where a rule of the table made it."""

    name: str
    unique: bool
    partial: bool
    columns: tuple[str | None, ...]
    origin: str
    sql: str


@dataclass(frozen=True)
class Link:
    """A foreign key of ``table``."""

    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]


def names(session: Session) -> list[str]:
    """Return the tables, virtual ones and our own left out."""
    found = session.rows(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' "
        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    return sorted(name for (name,) in found if not OWN.match(name))


def created(session: Session, table: str) -> str:
    """Return the statement that made a table.

    Raises:
        TableError: There is no such table.
    """
    found = session.rows(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", table
    )
    if not found:
        raise TableError(
            "There is no such table", where=table, remedy="see the names with: amends vault plan"
        )
    return str(found[0][0])


def exists(session: Session, table: str) -> bool:
    """Return whether there is a table of this name."""
    return bool(
        session.one("SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?", table)
    )


def columns(session: Session, table: str) -> list[Column]:
    """Return the columns in order."""
    found = session.rows(
        'SELECT name, type, "notnull", pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid',
        table,
    )
    return [
        Column(name, kind, not known, pk, hidden in (2, 3))
        for name, kind, known, pk, hidden in found
    ]


def indexes(session: Session, table: str) -> list[Index]:
    """Return the indexes."""
    found = session.rows(
        "SELECT l.name, l.\"unique\", l.partial, l.origin, coalesce(m.sql, '') FROM pragma_index_list(?) l "
        "LEFT JOIN sqlite_master m ON m.type = 'index' AND m.name = l.name ORDER BY l.name",
        table,
    )
    made = []
    for name, unique, partial, origin, sql in found:
        parts = session.rows("SELECT name FROM pragma_index_info(?) ORDER BY seqno", name)
        made.append(
            Index(name, bool(unique), bool(partial), tuple(p for (p,) in parts), origin, sql)
        )
    return made


def key_of(session: Session, table: str) -> tuple[str, ...]:
    """Return the columns by which a row is found: the primary key, or a unique index without nulls; else nothing.

    The row's own number will not do without one: VACUUM may change it.
    """
    own = columns(session, table)
    primary = tuple(c.name for c in sorted(own, key=lambda c: c.key) if c.key)
    if primary:
        return primary
    filled = {c.name for c in own if not c.nullable}
    for index in sorted(indexes(session, table), key=lambda i: (len(i.columns), i.name)):
        parts = tuple(c for c in index.columns if c is not None)
        if (
            index.unique
            and not index.partial
            and len(parts) == len(index.columns)
            and set(parts) <= filled
        ):
            return parts
    return ()


def is_row_number(session: Session, table: str, column: str) -> bool:
    """Return whether a column is the row's own number (INTEGER PRIMARY KEY)."""
    own = [c for c in columns(session, table) if c.key]
    return (
        len(own) == 1
        and own[0].name == column
        and own[0].type.upper() == "INTEGER"
        and not any(i.origin == "pk" for i in indexes(session, table))
    )


def links(session: Session, table: str) -> list[Link]:
    """Return the foreign keys of a table."""
    found = session.rows(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?) ORDER BY id, seq', table
    )
    held: dict[int, list[tuple[str, str, str | None]]] = {}
    for number, other, here, there in found:
        held.setdefault(number, []).append((other, here, there))
    made = []
    for pairs in held.values():
        other = pairs[0][0]
        implied = [c.name for c in sorted(columns(session, other), key=lambda c: c.key) if c.key]
        to = tuple(
            there or (implied[n] if n < len(implied) else "")
            for n, (_, _, there) in enumerate(pairs)
        )
        made.append(Link(table, tuple(here for _, here, _ in pairs), _named(session, other), to))
    return made


def _named(session: Session, table: str) -> str:
    found = session.one(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", table
    )
    return str(found or table)


def incoming(session: Session, table: str) -> list[Link]:
    """Return the foreign keys of other tables (and its own) that point to a table."""
    return [
        link for name in names(session) for link in links(session, name) if link.to_table == table
    ]


def triggers(session: Session, table: str) -> list[tuple[str, str]]:
    """Return names and statements of the triggers of a table, ours included."""
    found = session.rows(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY rowid",
        table,
    )
    return [(str(name), str(sql)) for name, sql in found]


def shape_of(session: Session, table: str, *, count: bool) -> TableShape:
    """Return a table as people and the planner see it."""
    own = columns(session, table)
    return TableShape(
        name=table,
        columns=tuple(ColumnShape(c.name, c.type, c.nullable) for c in own),
        key=tuple(c.name for c in sorted(own, key=lambda c: c.key) if c.key),
        n_rows=int(session.one(f"SELECT COUNT(*) FROM {q(table)}")) if count else -1,
        uses=tuple(uses(session, table, own)),
        foreign_keys=tuple(
            ForeignKey(link.columns, link.to_table, link.to_columns)
            for link in links(session, table)
        ),
    )


def uses(session: Session, table: str, own: list[Column]) -> list[str]:
    """Return what stands on a table, in words."""
    words = []
    for index in indexes(session, table):
        kind = {"pk": "primary key", "u": "unique rule"}.get(
            index.origin, "unique index" if index.unique else "index"
        )
        label = kind if index.origin != "c" else f"{kind} {index.name}"
        parts = ", ".join(c if c is not None else "an expression" for c in index.columns)
        words.append(f"{label}{' (partial)' if index.partial else ''}: {parts}")
    words += [
        f"foreign key: {', '.join(link.columns)} → {link.to_table} ({', '.join(link.to_columns)})"
        for link in links(session, table)
    ]
    words += [
        f"foreign key of {link.table}: {', '.join(link.columns)} points here ({', '.join(link.to_columns)})"
        for link in incoming(session, table)
    ]
    words += [f"trigger {name}" for name, _ in triggers(session, table) if not OWN.match(name)]
    words += [f"generated column {c.name}" for c in own if c.computed]
    others = session.rows(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger') AND sql <> ''"
    )
    mine = {name for name, _ in triggers(session, table)}
    words += [
        f"{kind} {name} names it"
        for kind, name, sql in others
        if name not in mine and not OWN.match(name) and text_reads(sql, [table])
    ]
    return words
