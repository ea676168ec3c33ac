"""What a change of a table would meet in MySQL or MariaDB: what stands in the way, and what will be different."""

from __future__ import annotations

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, Outlook, Refusal
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_session import Session
from amends.vault.stores.mysql_shadow import indexed_columns, token_type, tokenised
from amends.vault.stores.mysql_shape import (
    Column,
    check_lines,
    columns,
    definition,
    indexes,
    is_catcher,
    key_index,
    links,
    mentions,
    triggers,
)

_NEVER = {
    "bit": "bits", "json": "JSON", "float": "floating numbers", "double": "floating numbers", "geometry": "shapes",
    "point": "shapes", "polygon": "shapes", "linestring": "shapes", "multipoint": "shapes", "vector": "vectors",
    "multipolygon": "shapes", "multilinestring": "shapes", "geometrycollection": "shapes",
}  # fmt: skip


def outlook(session: Session, change: Change) -> Outlook:
    """Return what stands in the way of a change, and what it changes."""
    own = {c.name: c for c in columns(session, change.table)}
    refusals = _table_refusals(session, change) + _column_refusals(change, own)
    refusals += _link_refusals(session, change)
    size = session.one(
        "SELECT DATA_LENGTH * 2 + INDEX_LENGTH * 2 FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        session.database,
        change.table,
    )
    return Outlook(tuple(refusals), tuple(_changes(session, change, own)), int(size or -1))


def _table_refusals(session: Session, change: Change) -> list[Refusal]:
    table = change.table
    found = []
    kind, engine, options = session.texts(
        "SELECT TABLE_TYPE, ENGINE, CREATE_OPTIONS FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
        session.database,
        table,
    )[0]
    if engine.lower() != "innodb":
        found.append(Refusal(
            f"{table} is kept by {engine}, which knows no transactions", "run ALTER TABLE … ENGINE=InnoDB first",
        ))  # fmt: skip
    if "partitioned" in options.lower():
        found.append(
            Refusal(
                f"{table} is partitioned",
                "remove the partitions, or protect each partition's table",
            )
        )
    if kind == "SYSTEM VERSIONED" or "WITH SYSTEM VERSIONING" in definition(session, table).upper():
        found.append(Refusal(
            f"{table} keeps its own past (system versioning)", "run ALTER TABLE … DROP SYSTEM VERSIONING first",
        ))  # fmt: skip
    if key_index(session, table) is None:
        found.append(
            Refusal(f"{table} has no key: its rows cannot be followed", "give it a primary key")
        )
    page = Page(session, change)
    found += [
        Refusal(f"A table {name} is in the way", "drop or rename it") for name in page.strays()
    ]
    for trigger in triggers(session, table):
        if is_catcher(trigger.name) and not trigger.name.startswith(page.names.base):
            found.append(Refusal(
                f"Another change of {table} is not finished", "finish it with amends vault drop, or undo it",
            ))  # fmt: skip
            break
    return found


def _column_refusals(change: Change, own: dict[str, Column]) -> list[Refusal]:
    found = []
    for name in change.columns:
        column = own.get(name)
        if column is None:
            found.append(Refusal(f"{change.table} has no column {name}", "plan again"))
        elif column.computed:
            found.append(
                Refusal(
                    f"{name} is computed from other columns",
                    "protect the columns it is computed from",
                )
            )
        elif column.counts:
            found.append(
                Refusal(
                    f"{name} is numbered by the server", "leave it: it is no identifier of a person"
                )
            )
        elif column.type in _NEVER:
            found.append(
                Refusal(f"{name} holds {_NEVER[column.type]}", "make it a text column first")
            )
        elif name in change.kept and not column.is_text:
            found.append(Refusal(
                f"{name} holds {column.full_type}: a token that begins with 0 would lose it",
                "protect it with the scheme siv, or make it a text column first",
            ))  # fmt: skip
    for column in own.values():
        read = [c for c in change.columns if column.computed and mentions(column.computed, c)]
        if read:
            found.append(Refusal(
                f"{column.name} is computed from {', '.join(read)}: it would be computed from tokens",
                "drop it, or make it a plain column first",
            ))  # fmt: skip
    return found


def _link_refusals(session: Session, change: Change) -> list[Refusal]:
    found = []
    mine = set(change.columns)
    for link in links(session, change.table, incoming=False):
        if mine & set(link.columns) and link.cascades():
            found.append(Refusal(
                f"Foreign key {link.name} over {', '.join(link.columns)} cascades, and the server hides cascades from "
                "those who watch the table", "make it ON DELETE RESTRICT ON UPDATE RESTRICT while the table is changed",
            ))  # fmt: skip
    for link in links(session, change.table, incoming=True):
        if link.database != session.database:
            found.append(Refusal(
                f"A foreign key of another database ({link.database}) points to {change.table}", "drop it first",
            ))  # fmt: skip
    for index in indexes(session, change.table):
        if any(p.expression and any(mentions(p.expression, c) for c in mine) for p in index.parts):
            found.append(
                Refusal(f"Index {index.name} computes with a protected column", "drop it first")
            )
    return found


def _changes(session: Session, change: Change, own: dict[str, Column]) -> list[str]:
    return [
        *_type_changes(session, change, own),
        *_check_changes(session, change),
        *_trigger_changes(session, change),
        *_key_changes(session, change),
    ]


def _type_changes(session: Session, change: Change, own: dict[str, Column]) -> list[str]:
    words = []
    indexed = indexed_columns(session, change.table)
    for column in (own[c] for c in tokenised(change) if c in own):
        made = token_type(column, indexed=column.name in indexed)
        words.append(f"{column.name}: {column.full_type} becomes {made}")
        if column.is_text and not column.collation.endswith("_bin"):
            words.append(
                f"{column.name}: values that differ only in case or accents were equal and are so no longer"
            )
    return words


def _check_changes(session: Session, change: Change) -> list[str]:
    return [
        f"check {name} reads a protected column: it is left off, and comes back with undo"
        for name, text in check_lines(definition(session, change.table)).items()
        if any(mentions(text, c) for c in tokenised(change))
    ]


def _trigger_changes(session: Session, change: Change) -> list[str]:
    words = []
    for trigger in triggers(session, change.table):
        if not is_catcher(trigger.name):
            reads = [c for c in change.columns if mentions(trigger.body, c)]
            seen = f"; it reads {', '.join(reads)} and will see tokens" if reads else ""
            words.append(f"trigger {trigger.name} is made again under another name{seen}")
    return words


def _key_changes(session: Session, change: Change) -> list[str]:
    mine = set(change.columns)
    words = [
        f"full-text index {index.name}: no words are found in tokens"
        for index in indexes(session, change.table)
        if index.kind == "FULLTEXT" and any(p.column in mine for p in index.parts)
    ]
    both = links(session, change.table, incoming=False) + links(
        session, change.table, incoming=True
    )
    for link in both:
        if mine & set(link.columns if link.table == change.table else link.to_columns):
            words.append(
                f"foreign key {link.name}: both its sides must be protected together, in one domain"
            )
    return words


def refuse(session: Session, change: Change) -> None:
    """Raise where a change cannot be made.

    Raises:
        TableError: It cannot; all reasons are named.
    """
    refusals = outlook(session, change).refusals
    if refusals:
        raise TableError(
            "; ".join(r.what for r in refusals),
            where=change.table,
            remedy="; ".join(r.remedy for r in refusals),
        )
