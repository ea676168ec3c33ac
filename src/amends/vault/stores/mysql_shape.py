"""What a table of MySQL or MariaDB is: columns, keys, foreign keys both ways, triggers, views, in the server's words.

Source:
    MariaDB and MySQL reference manuals, information_schema; "SHOW CREATE TABLE".
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from amends.kernel.errors import TableError
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.parquet_leaves import NUMBER

OWN = re.compile(r"^[~\uffdc]?amends_v[0-9a-f]{4,32}_")
"""Tables that a change has put there."""

_CATCHER = re.compile(r"^[~\uffdc]?amends_v[0-9a-f]{4,32}_[wsb][iud]$")

_NUMBERS = ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal")
_TEXT = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        type: Its type without length: ``varchar``.
        full_type: With length: ``varchar(11)``.
        nullable: Whether it may be null.
        bytes: Most bytes its text can take, in UTF-8; 0 for what is no text.
        characters: Most characters of a text.
        charset: Character set, empty for what is no text.
        collation: Collation, likewise.
        computed: Expression of a generated column.
        counts: Whether the server numbers it (AUTO_INCREMENT).
        line: Its line in the table's definition, without the comma.
    """

    name: str
    type: str
    full_type: str
    nullable: bool
    bytes: int
    characters: int
    charset: str
    collation: str
    computed: str
    counts: bool
    line: str

    @property
    def is_number(self) -> bool:
        """Return whether it holds numbers, which have no leading zeros."""
        return self.type in _NUMBERS

    def field(self) -> pa.Field:
        """Return it as a column of texts that still says whether it held numbers."""
        told = {NUMBER: self.full_type.encode()} if self.is_number else None
        return pa.field(self.name, pa.string(), metadata=told)

    @property
    def is_text(self) -> bool:
        """Return whether it holds characters of a character set."""
        return self.type in _TEXT


@dataclass(frozen=True)
class Part:
    """One column of an index: ``length`` is 0 for the whole value, ``expression`` set where it is no column."""

    column: str
    length: int = 0
    descending: bool = False
    expression: str = ""


@dataclass(frozen=True)
class Index:
    """One index; ``kind`` is ``BTREE``, ``FULLTEXT`` or ``SPATIAL``."""

    name: str
    unique: bool
    kind: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Link:
    """A foreign key: ``columns`` of ``table`` point to ``to_columns`` of ``to_table``."""

    name: str
    table: str
    columns: tuple[str, ...]
    to_table: str
    to_columns: tuple[str, ...]
    on_delete: str
    on_update: str
    database: str = ""
    to_database: str = ""

    def cascades(self) -> bool:
        """Return whether a change of the row pointed to changes rows here, unseen by triggers."""
        return any(
            rule not in ("RESTRICT", "NO ACTION") for rule in (self.on_delete, self.on_update)
        )

    def mirrored(self) -> Link:
        """Return it as a copy may have it: it follows the rows pointed to and never stands in their way."""
        rules = {"RESTRICT": "CASCADE", "NO ACTION": "CASCADE"}
        delete, update = (rules.get(r, r) for r in (self.on_delete, self.on_update))
        return replace(self, on_delete=delete, on_update=update)

    def as_dict(self) -> dict[str, Any]:  # Any: goes into JSON
        """Return it for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, held: dict[str, Any]) -> Link:  # Any: from JSON
        """Return it from JSON."""
        lists = {k: tuple(held[k]) for k in ("columns", "to_columns")}
        return cls(**{**held, **lists})

    def sql(self, name: str, to_table: str) -> str:
        """Return the clause that declares it, under ``name``, pointing to ``to_table``."""
        here = ", ".join(map(q, self.columns))
        there = ", ".join(map(q, self.to_columns))
        other = f"{q(self.to_database)}." if self.to_database != self.database else ""
        rules = [
            f" ON {event} {rule}"
            for event, rule in (("DELETE", self.on_delete), ("UPDATE", self.on_update))
            if rule not in ("RESTRICT", "NO ACTION")  # InnoDB: both are what it does without a rule
        ]
        clause = f"FOREIGN KEY ({here}) REFERENCES {other}{q(to_table)} ({there})"
        return f"CONSTRAINT {q(name)} {clause}{''.join(rules)}"


@dataclass(frozen=True)
class Trigger:
    """A trigger of the company's own."""

    name: str
    timing: str
    event: str
    body: str
    definer: str
    sql_mode: str
    charset: str
    collation: str

    def sql(self, name: str, table: str) -> str:
        """Return the statement that makes it on ``table`` under ``name``; to be run verbatim."""
        user, _, host = self.definer.rpartition("@")
        words = f"{plain(user)}@{plain(host)}"
        return (
            f"CREATE DEFINER={words} TRIGGER {plain(name)} {self.timing} {self.event} ON {plain(table)} "
            f"FOR EACH ROW {self.body}"
        )


def is_catcher(trigger: str) -> bool:
    """Return whether a trigger is ours and catches writes."""
    return bool(_CATCHER.match(trigger))


def plain(name: str) -> str:
    """Return a name quoted, for statements that are run as they stand."""
    return "`" + name.replace("`", "``") + "`"


def names(session: Session) -> list[str]:
    """Return the tables of the database, views and our own left out."""
    found = session.texts(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s "
        "AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY 1",
        session.database,
    )
    return sorted(name for (name,) in found if not OWN.match(name))


def exists(session: Session, table: str) -> bool:
    """Return whether there is a table of this name."""
    return bool(
        session.texts(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            session.database,
            table,
        )
    )


def definition(session: Session, table: str) -> str:
    """Return the statement that would make the table."""
    return session.texts(f"SHOW CREATE TABLE {q(table)}")[0][1]


def columns(session: Session, table: str) -> list[Column]:
    """Return the columns in order.

    Raises:
        TableError: There is no such table.
    """
    found = session.texts(
        "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_OCTET_LENGTH, "
        "CHARACTER_MAXIMUM_LENGTH, CHARACTER_SET_NAME, COLLATION_NAME, GENERATION_EXPRESSION, EXTRA "
        "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
        session.database,
        table,
    )
    if not found:
        raise TableError(
            "There is no such table", where=table, remedy="see the names with: amends vault plan"
        )
    lines = _column_lines(definition(session, table))
    return [
        Column(
            name, kind, full, null == "YES",
            _utf8_bytes(kind, int(octets or 0), int(chars or 0)), int(chars or 0), charset, collation, computed,
            "auto_increment" in extra.lower(), lines.get(name, ""),
        )
        for name, kind, full, null, octets, chars, charset, collation, computed, extra in found
    ]  # fmt: skip


def _utf8_bytes(kind: str, octets: int, chars: int) -> int:
    """Return how many bytes a text takes at most once it is UTF-8: four a character, however it is stored."""
    return chars * 4 if kind in _TEXT else octets


def _column_lines(created: str) -> dict[str, str]:
    """Return each column's line in SHOW CREATE TABLE, by name; it keeps each column on one line."""
    lines: dict[str, str] = {}
    for line in created.split("\n"):
        found = re.match(r"^  `((?:[^`]|``)*)` ", line)
        if found:
            lines[found[1].replace("``", "`")] = line.strip().removesuffix(",")
    return lines


def check_lines(created: str) -> dict[str, str]:
    """Return the checks of a table by name, as SHOW CREATE TABLE writes them."""
    checks: dict[str, str] = {}
    for line in created.split("\n"):
        found = re.match(r"^  CONSTRAINT `((?:[^`]|``)*)` CHECK (.*?),?$", line)
        if found:
            checks[found[1].replace("``", "`")] = found[2]
    return checks


def mentions(expression: str, column: str) -> bool:
    """Return whether an expression reads a column; a text that happens to hold its name counts too."""
    if plain(column) in expression:
        return True
    return bool(re.search(rf"(?<![\w$]){re.escape(column)}(?![\w$])", expression, re.IGNORECASE))


def indexes(session: Session, table: str) -> list[Index]:
    """Return the indexes of a table."""
    with_expression = (
        "EXPRESSION" if not session.is_mariadb and session.version >= (8, 0, 13) else "''"
    )
    found = session.texts(
        f"SELECT INDEX_NAME, NON_UNIQUE, INDEX_TYPE, COLUMN_NAME, SUB_PART, COLLATION, {with_expression} "
        "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s "
        "ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        session.database,
        table,
    )
    parts: dict[tuple[str, bool, str], list[Part]] = {}
    for name, shared, kind, column, length, order, expression in found:
        part = Part(column, int(length or 0), order == "D", expression)
        parts.setdefault((name, shared == "0", kind), []).append(part)
    return [Index(name, unique, kind, tuple(held)) for (name, unique, kind), held in parts.items()]


def key_index(session: Session, table: str) -> Index | None:
    """Return the index by which a row is found: the primary key, or a unique index without nulls; else nothing."""
    nullable = {c.name for c in columns(session, table) if c.nullable}
    found = indexes(session, table)
    for index in sorted(found, key=lambda i: (i.name != "PRIMARY", len(i.parts), i.name)):
        whole = all(not p.length and not p.expression for p in index.parts)
        if index.unique and whole and not any(p.column in nullable for p in index.parts):
            return index
    return None


def links(session: Session, table: str, *, incoming: bool) -> list[Link]:
    """Return the foreign keys of a table, or those that point to it, retired tables of ours left out."""
    here, there = ("REFERENCED_TABLE", "TABLE") if incoming else ("TABLE", "REFERENCED_TABLE")
    found = session.texts(
        "SELECT k.CONSTRAINT_NAME, k.TABLE_SCHEMA, k.TABLE_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, "
        "k.REFERENCED_TABLE_NAME, k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE "
        "FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r "
        "ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME "
        "AND r.TABLE_NAME = k.TABLE_NAME "
        f"WHERE k.{here}_SCHEMA = %s AND k.{here}_NAME = %s AND k.{there}_NAME IS NOT NULL "
        "AND k.REFERENCED_TABLE_NAME IS NOT NULL "
        "ORDER BY k.TABLE_SCHEMA, k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION",
        session.database,
        table,
    )
    held: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for name, base, own, column, to_base, to_table, to_column, delete, update in found:
        held.setdefault((name, own, to_table, delete, update, base, to_base), []).append(
            (column, to_column)
        )
    return [
        Link(name, own, tuple(c for c, _ in pairs), to, tuple(t for _, t in pairs), delete, update, base, to_base)
        for (name, own, to, delete, update, base, to_base), pairs in held.items()
    ]  # fmt: skip


def triggers(session: Session, table: str) -> list[Trigger]:
    """Return the triggers of a table, ours included, in the order they fire."""
    found = session.texts(
        "SELECT TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT, DEFINER, SQL_MODE, "
        "CHARACTER_SET_CLIENT, COLLATION_CONNECTION FROM information_schema.TRIGGERS "
        "WHERE EVENT_OBJECT_SCHEMA = %s AND EVENT_OBJECT_TABLE = %s "
        "ORDER BY EVENT_MANIPULATION, ACTION_TIMING, ACTION_ORDER",
        session.database,
        table,
    )
    return [Trigger(*row) for row in found]
