"""The shadow of a table in MySQL or MariaDB: what it would look like, what stands in the way, and making it.

Protected columns become ``VARCHAR … ascii_bin``: tokens are told apart by case, and an index or a foreign key needs a
width. Wide columns keep their index on the first letters of the token, where equal and different values part already.

Source:
    MariaDB manual: CREATE TABLE … LIKE; InnoDB limitations (3072 bytes an index, 65535 a row); "Triggers are not
    activated by foreign key actions".
"""

from __future__ import annotations

import re

from amends.vault.ciphers import TOKEN_FORM
from amends.vault.stores.base import Change
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.mysql_shape import (
    Column,
    Index,
    Part,
    check_lines,
    columns,
    definition,
    exists,
    indexes,
    links,
    mentions,
)

INDEXED_BYTES = 767
"""Widest column that is indexed whole: what every row format of InnoDB takes."""
PREFIX = 96
"""Letters of a wider token that are indexed: the synthetic vector, which no two values share, ends at the 32nd."""
_VARCHAR = 8_192
_GUARD = TOKEN_FORM.replace(
    "A-Za-z0-9_-", "-A-Za-z0-9_"
)  # a class that ends in "-" is not for every server


def token_bytes(value_bytes: int) -> int:
    """Return the letters of the longest token: version and marks; 4 letters for 3 bytes of nonce, tag and value."""
    return 9 + -(-(32 + value_bytes) * 4 // 3)


def token_type(column: Column, *, indexed: bool) -> str:
    """Return the type in which the tokens of a column lie."""
    widest = token_bytes(column.bytes or 72)  # no number or date is written longer than 72 letters
    if widest <= _VARCHAR:
        kind = f"VARCHAR({widest})"
    elif indexed:
        kind = f"VARCHAR({_VARCHAR})"
    else:
        kind = "MEDIUMTEXT" if widest < 1 << 24 else "LONGTEXT"
    return f"{kind} CHARACTER SET ascii COLLATE ascii_bin"


def token_line(column: Column, *, indexed: bool) -> str:
    """Return the definition of a protected column: what is not its type stays, checks left off."""
    kind = token_type(column, indexed=indexed)
    words = [q(column.name), kind, "NULL" if column.nullable else "NOT NULL"]
    default = re.search(r" DEFAULT ('(?:[^'\\]|''|\\.)*'|NULL|-?[0-9.]+)(?= |$)", column.line)
    if default and not kind.startswith(("MEDIUMTEXT", "LONGTEXT")):
        words.append("DEFAULT " + _escaped(default[1]))
    comment = re.search(r" COMMENT ('(?:[^'\\]|''|\\.)*')", column.line)
    if comment:
        words.append("COMMENT " + _escaped(comment[1]))
    if re.search(r"\bINVISIBLE\b", re.sub(r"'(?:[^'\\]|''|\\.)*'", "''", column.line)):
        words.append("INVISIBLE")
    return " ".join(words)


def _escaped(definition: str) -> str:
    return definition.replace("%", "%%")


def tokenised(change: Change) -> tuple[str, ...]:
    """Return the columns whose tokens have their own type."""
    return tuple(c for c in change.columns if c not in change.kept)


def indexed_columns(session: Session, table: str) -> set[str]:
    """Return the columns that stand in an index."""
    return {p.column for i in indexes(session, table) if i.kind != "FULLTEXT" for p in i.parts}


def make_target(session: Session, change: Change, target: str) -> None:
    """Make an empty table like the change's own, its columns ready for tokens."""
    session.run(f"CREATE TABLE {q(target)} LIKE {q(change.table)}")
    own = {c.name: c for c in columns(session, change.table)}
    checks = check_lines(definition(session, target))
    indexed = indexed_columns(session, target)
    clauses = [
        f"DROP CONSTRAINT {q(name)}"
        for name, text in checks.items()
        if any(mentions(text, c) for c in tokenised(change))
    ]
    clauses += [
        f"MODIFY COLUMN {token_line(own[c], indexed=c in indexed)}" for c in tokenised(change)
    ]
    for index in indexes(session, target):
        made = _token_index(index, {c: own[c] for c in tokenised(change)})
        if made != index:
            clauses += [f"DROP INDEX {q(index.name)}", f"ADD {index_sql(made)}"]
    if change.guard:
        clauses += [f"ADD {guard_sql(name, n)}" for n, name in enumerate(tokenised(change), 1)]
    if clauses:
        session.run(f"ALTER TABLE {q(target)} {', '.join(clauses)}")
    mirror_links(session, change, target)


def guard_sql(column: str, number: int) -> str:
    """Return a check that lets only tokens (and nothing, and the empty text) into a column."""
    name = q(column)
    return f"CONSTRAINT {q(f'amends_guard_{number}')} CHECK ({name} IS NULL OR {name} = '' OR {name} REGEXP '{_GUARD}')"


def mirror_links(session: Session, change: Change, target: str) -> None:
    """Give a copy the table's foreign keys: the server hides cascades from triggers, so the copy must have its own.

    Those over protected columns point to tables in clear and wait for the swap.
    """
    clauses = []
    for n, link in enumerate(links(session, change.table, incoming=False), 1):
        if not set(change.columns) & set(link.columns):
            to = target if link.to_table == change.table else link.to_table
            clauses.append(f"ADD {link.mirrored().sql(f'{target}_f{n}', to)}")
    if clauses:
        session.run(f"ALTER TABLE {q(target)} {', '.join(clauses)}")


def _token_index(index: Index, protected: dict[str, Column]) -> Index:
    """Return an index over tokens: on the whole token where it is short, on its first letters where it is long."""
    if index.kind == "FULLTEXT":
        return index
    parts = [_token_part(part, protected.get(part.column)) for part in index.parts]
    return Index(index.name, index.unique, index.kind, tuple(parts))


def _token_part(part: Part, column: Column | None) -> Part:
    if column is None:
        return part
    short = token_bytes(column.bytes or 72) <= INDEXED_BYTES
    return Part(part.column, 0 if short else PREFIX, part.descending)


def index_sql(index: Index) -> str:
    """Return the clause that makes an index of plain columns."""
    parts = ", ".join(
        q(p.column) + (f"({p.length})" if p.length else "") + (" DESC" if p.descending else "")
        for p in index.parts
    )
    if index.name == "PRIMARY":
        return f"PRIMARY KEY ({parts})"
    return f"{'UNIQUE ' if index.unique else ''}INDEX {q(index.name)} ({parts})"


def make_back(session: Session, change: Change, page: Page) -> None:
    """Make an empty table like the protected one, its columns as they were in clear."""
    target = page.names.back
    if exists(session, target):
        return
    session.run(f"CREATE TABLE {q(target)} LIKE {q(change.table)}")
    lines: dict[str, str] = page.read("lines")
    before = {i["name"]: i for i in page.read("indexes")}
    there = {i.name: i for i in indexes(session, target)}
    guards = [n for n in check_lines(definition(session, target)) if n.startswith("amends_guard_")]
    clauses = [f"DROP CONSTRAINT {q(name)}" for name in guards]
    clauses += [f"MODIFY COLUMN {_escaped(lines[c])}" for c in tokenised(change)]
    for name, held in before.items():
        first = Index(name, held["unique"], held["kind"], tuple(Part(**p) for p in held["parts"]))
        if name in there and there[name] != first:
            clauses += [f"DROP INDEX {q(name)}", f"ADD {index_sql(first)}"]
    kept = check_lines(definition(session, target))
    clauses += [
        f"ADD CONSTRAINT {q(name)} CHECK {_escaped(text)}"
        for name, text in page.read("checks").items()
        if name not in kept
    ]
    if clauses:
        session.run(f"ALTER TABLE {q(target)} {', '.join(clauses)}")
    mirror_links(session, change, target)


def note_first(session: Session, change: Change, page: Page) -> None:
    """Note what undo needs once the clear copy is gone."""
    own = columns(session, change.table)
    created = definition(session, change.table)
    mine = tokenised(change)
    page.write("lines", {c.name: c.line for c in own if c.name in mine})
    page.write("shape", [c.line for c in own])
    page.write(
        "checks",
        {n: t for n, t in check_lines(created).items() if any(mentions(t, c) for c in mine)},
    )
    page.write(
        "indexes",
        [
            {
                "name": i.name, "unique": i.unique, "kind": i.kind,
                "parts": [{"column": p.column, "length": p.length, "descending": p.descending} for p in i.parts],
            }
            for i in indexes(session, change.table)
            if i.kind != "FULLTEXT" and any(p.column in mine for p in i.parts)
        ],
    )  # fmt: skip
