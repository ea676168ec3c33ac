"""A table of MySQL or MariaDB as people and the planner see it: its columns, and what stands on it, in words."""

from __future__ import annotations

from amends.vault.stores.base import ColumnShape, ForeignKey, TableShape
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.mysql_shape import (
    OWN,
    Column,
    Index,
    columns,
    indexes,
    is_catcher,
    links,
    mentions,
    plain,
    triggers,
)


def shape_of(session: Session, table: str, *, count: bool) -> TableShape:
    """Return a table as people and the planner see it."""
    own = columns(session, table)
    key = next((i for i in indexes(session, table) if i.name == "PRIMARY"), None)
    size = session.one(
        "SELECT DATA_LENGTH + INDEX_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        session.database,
        table,
    )
    return TableShape(
        name=table,
        columns=tuple(ColumnShape(c.name, c.full_type, c.nullable) for c in own),
        key=tuple(p.column for p in key.parts) if key else (),
        n_rows=int(session.one(f"SELECT COUNT(*) FROM {q(table)}")) if count else -1,
        uses=tuple(uses(session, table, own)),
        foreign_keys=tuple(
            ForeignKey(link.columns, link.to_table, link.to_columns, link.name)
            for link in links(session, table, incoming=False)
        ),
        size_bytes=int(size or -1),
    )


def uses(session: Session, table: str, own: list[Column]) -> list[str]:
    """Return what stands on a table, in words."""
    words = [_index_words(index) for index in indexes(session, table)]
    words += [
        f"foreign key {link.name}: {', '.join(link.columns)} → {link.to_table} ({', '.join(link.to_columns)})"
        for link in links(session, table, incoming=False)
    ]
    words += [
        f"foreign key {link.name} of {link.table}: {', '.join(link.columns)} points here ({', '.join(link.to_columns)})"
        for link in links(session, table, incoming=True)
        if not OWN.match(link.table)
    ]
    words += [
        f"trigger {t.name}: {t.timing} {t.event}"
        for t in triggers(session, table)
        if not is_catcher(t.name)
    ]
    words += [f"generated column {c.name}: {c.computed}" for c in own if c.computed]
    return words + _named_uses(session, table)


def _index_words(index: Index) -> str:
    kind = (
        "primary key" if index.name == "PRIMARY" else ("unique index" if index.unique else "index")
    )
    parts = ", ".join(p.column + (f"({p.length})" if p.length else "") for p in index.parts)
    return f"{kind}{'' if index.name == 'PRIMARY' else ' ' + index.name}: {parts}"


def _named_uses(session: Session, table: str) -> list[str]:
    """Return views, routines, events and grants that know the table by its name."""
    views = session.texts(
        "SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION, DEFINER, SECURITY_TYPE FROM information_schema.VIEWS"
    )
    wanted = f"{plain(session.database)}.{plain(table)}"
    words = []
    for base, name, text, definer, security in views:
        if wanted in text:
            other = f"{base}." if base != session.database else ""
            words.append(
                f"view {other}{name} (reads as {definer if security == 'DEFINER' else 'its caller'})"
            )
    for kind, source, column in (
        ("routine", "ROUTINES", "ROUTINE"),
        ("event", "EVENTS", "EVENT"),
    ):
        found = session.texts(
            f"SELECT {column}_NAME, {column}_DEFINITION FROM information_schema.{source} WHERE {column}_SCHEMA = %s",
            session.database,
        )
        words += [f"{kind} {name} names it" for name, text in found if mentions(text, table)]
    grants = session.texts(
        "SELECT GRANTEE, GROUP_CONCAT(PRIVILEGE_TYPE ORDER BY 1 SEPARATOR ', ') "
        "FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s GROUP BY 1",
        session.database,
        table,
    )
    return words + [f"grant to {who}: {what}" for who, what in grants]
