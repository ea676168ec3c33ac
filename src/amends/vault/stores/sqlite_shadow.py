"""The shadow of a table in SQLite: what stands in the way, and making it.

Columns of numbers become TEXT, for SQLite would make a number of a token of digits. The shadow has no foreign keys
until the swap: a row that lags behind must not stand in the way of one it points to.
"""

from __future__ import annotations

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, Outlook, Refusal
from amends.vault.stores.sqlite_plan import Names, Page
from amends.vault.stores.sqlite_session import Session, q
from amends.vault.stores.sqlite_shape import (
    OWN,
    columns,
    created,
    exists,
    incoming,
    indexes,
    is_row_number,
    key_of,
    links,
    names,
    triggers,
)
from amends.vault.stores.sqlite_words import (
    checks_in,
    parsed,
    reads,
    rebuilt,
    renamed_index,
    text_reads,
    unquoted,
)


def tokenised(change: Change) -> tuple[str, ...]:
    """Return the columns whose tokens are longer than their values."""
    return tuple(c for c in change.columns if c not in change.kept)


def outlook(session: Session, change: Change) -> Outlook:
    """Return what stands in the way of a change, and what it changes."""
    if not exists(session, change.table):
        raise TableError("There is no such table", where=change.table, remedy="plan again")
    refusals = [*_column_refusals(session, change), *_table_refusals(session, change)]
    return Outlook(tuple(refusals), tuple(_changes(session, change)), -1)


def refuse(session: Session, change: Change) -> None:
    """Raise where a change cannot be made.

    Raises:
        TableError: It cannot; all reasons are named.
    """
    found = outlook(session, change).refusals
    if found:
        raise TableError(
            "; ".join(r.what for r in found),
            where=change.table,
            remedy="; ".join(r.remedy for r in found),
        )


def _column_refusals(session: Session, change: Change) -> list[Refusal]:
    own = {c.name: c for c in columns(session, change.table)}
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
        elif is_row_number(session, change.table, name):
            found.append(
                Refusal(f"{name} is the row's own number", "leave it: SQLite itself counts it")
            )
        elif name in change.kept and column.affinity not in ("TEXT", "BLOB"):
            found.append(Refusal(
                f"{name} holds numbers: a token that begins with 0 would lose it",
                "protect it with the scheme siv, or make it a text column first",
            ))  # fmt: skip
    for definition in parsed(created(session, change.table)).definitions:
        name = unquoted(definition[0]) if definition else ""
        if name in own and own[name].computed and reads(definition[1:], change.columns):
            found.append(
                Refusal(
                    f"{name} is computed from a protected column",
                    "drop it, or make it a plain column first",
                )
            )
    return found


def _table_refusals(session: Session, change: Change) -> list[Refusal]:
    table = change.table
    found = []
    page = Page(session, change)
    key = key_of(session, table)
    if not key:
        found.append(
            Refusal(f"{table} has no key: its rows cannot be followed", "give it a primary key")
        )
    elif session.one(
        f"SELECT 1 FROM {q(table)} WHERE {' OR '.join(f'{q(c)} IS NULL' for c in key)} LIMIT 1"
    ):
        found.append(
            Refusal(f"{table} has rows without a key", "fill the key, or delete these rows")
        )
    found += [
        Refusal(f"A table {name} is in the way", "drop or rename it") for name in page.strays()
    ]
    if any(
        OWN.match(name) and not name.startswith(page.names.base)
        for name, _ in triggers(session, table)
    ):
        found.append(Refusal(
            f"Another change of {table} is not finished", "finish it with amends vault drop, or undo it"
        ))  # fmt: skip
    return found


def _changes(session: Session, change: Change) -> list[str]:
    table, mine = change.table, change.columns
    own = {c.name: c for c in columns(session, table)}
    words = [
        f"{name}: {own[name].type or 'no type'} becomes TEXT"
        for name in tokenised(change)
        if name in own and own[name].affinity not in ("TEXT", "BLOB")
    ]
    for definition in parsed(created(session, table)).definitions:
        if checks_in(definition, lambda found: reads(found, tokenised(change))):
            words.append(
                "a check reads a protected column: it is left off, and comes back with undo"
            )
    for index in indexes(session, table):
        if index.sql and (None in index.columns or index.partial) and text_reads(index.sql, mine):
            words.append(
                f"index {index.name} computes with a protected column: it will compute with tokens"
            )
        elif index.sql:
            words.append(f"index {index.name} has another name until the clear copy is dropped")
    words += [
        f"trigger {name} reads a protected column and will see tokens"
        for name, sql in triggers(session, table)
        if not OWN.match(name) and text_reads(sql, mine)
    ]
    for link in {*links(session, table), *incoming(session, table)}:
        if set(mine) & set(link.columns if link.table == table else link.to_columns):
            words.append(
                f"foreign key {link.table} ({', '.join(link.columns)}) → {link.to_table}: both its sides must be "
                "protected together, in one domain"
            )
    return words


def make_shadow(session: Session, change: Change) -> None:
    """Make the empty shadow, its indexes, and note how the table was made."""
    page = Page(session, change)
    first = created(session, change.table)
    page.write("created", first)
    page.write("columns", [c.name for c in columns(session, change.table)])
    page.write("indexes", {i.name: i.sql for i in indexes(session, change.table) if i.sql})
    session.run(target_sql(session, change, page.names.shadow, links_too=False))
    make_indexes(session, change, page.names.shadow)


def target_sql(session: Session, change: Change, name: str, *, links_too: bool) -> str:
    """Return the statement that makes the protected table under a name."""
    first = Page(session, change).read("created")
    taken = parsed(first)
    own = {c.name: c for c in columns(session, change.table)}
    strict = text_reads(taken.tail, ["strict"])
    numbers = [
        c
        for c in tokenised(change)
        if own[c].affinity not in ("TEXT", "BLOB") or (strict and own[c].type != "ANY")
    ]
    more = tuple(_guard(c) for c in tokenised(change)) if change.guard else ()
    return rebuilt(
        taken, name, texts=numbers, without_checks=tokenised(change), links=links_too, more=more
    )


def _guard(column: str) -> str:
    """Return a check that lets only tokens (and nothing, and the empty text) into a column; GLOB knows no counts."""
    name = q(column)
    return (
        f"CHECK ({name} IS NULL OR {name} = '' OR ({name} GLOB 't[kr][0-9]*_*' AND length({name}) >= 26 "
        f"AND NOT {name} GLOB '*[^A-Za-z0-9_-]*'))"
    )


def make_indexes(session: Session, change: Change, table: str) -> None:
    """Make the table's indexes on its copy; a name can be used once, so they get another until the other is gone."""
    noted: dict[str, str] = Page(session, change).read("indexes")
    base = Names.of(change).base
    for number, sql in enumerate(noted.values()):
        session.run(renamed_index(sql, f"{base}{table.removeprefix(base)}_i{number}", table))


def restore_index_names(session: Session, change: Change) -> None:
    """Give the indexes their names again, one transaction each; the names are free by now."""
    noted: dict[str, str] = Page(session, change).read("indexes")
    own = {i.name: i for i in indexes(session, change.table)}
    for held in [i for i in own.values() if i.name.startswith(Names.of(change).base)]:
        number = int(held.name.rpartition("_i")[2])
        name, sql = list(noted.items())[number]
        with session.writing():
            if name not in own:
                session.run(sql)
            session.run(f"DROP INDEX {q(held.name)}")


def check_links(session: Session, changes: list[Change]) -> None:
    """Refuse a swap that would join tokens with values in clear.

    Raises:
        TableError: A foreign key has one side protected, and the other in clear.
    """
    protected = {c.table: set(c.columns) for c in changes}
    for name in names(session):
        for link in links(session, name):
            here, there = protected.get(link.table, set()), protected.get(link.to_table, set())
            pairs = zip(link.columns, link.to_columns, strict=True)
            if (here or there) and any((a in here) != (b in there) for a, b in pairs):
                raise TableError(
                    f"A foreign key of {link.table} would join tokens with values in clear",
                    where=f"{link.table} → {link.to_table}",
                    remedy="protect (or undo) both tables in one plan",
                )
