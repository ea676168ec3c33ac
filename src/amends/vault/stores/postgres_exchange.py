"""Two tables change places in PostgreSQL, in one transaction under a short lock, with all that stood on the first.

The tables keep their names and change schemas, so no index, constraint or sequence has to be renamed.

Source:
    PostgreSQL documentation: explicit locking (ACCESS EXCLUSIVE), ALTER TABLE SET SCHEMA, ADD CONSTRAINT NOT VALID.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psycopg

from amends.kernel.errors import BusyError
from amends.vault.ciphers import TOKEN_FORM
from amends.vault.stores import postgres_objects as objects
from amends.vault.stores.postgres_carry import GUARD, catcher
from amends.vault.stores.postgres_catalog import Relation
from amends.vault.stores.postgres_kept import Kept
from amends.vault.stores.postgres_session import (
    Connection,
    in_words,
    literal,
    one,
    quoted,
    run,
    transaction,
)

LOCK_SECONDS = 2.0
"""How long one attempt waits for its lock. Whoever wants the table meanwhile waits behind it, so it is short."""
ATTEMPTS = 40
PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class Exchange:
    """One table that gives its place to another.

    Attributes:
        kept: The change it belongs to.
        old: The table that has the place now.
        new: The table that gets it.
        aside: Schema the old one goes to; empty to drop it.
        guard: Columns of the new one that are to refuse values that are no tokens.
    """

    kept: Kept
    old: Relation
    new: Relation
    aside: str
    guard: tuple[str, ...] = ()


def patiently(conn: Connection, where: str, work: Callable[[], None]) -> None:
    """Run a piece of work in a transaction with a lock timeout; try again when others are in the way.

    Raises:
        BusyError: They were in the way each time; nothing was changed.
    """
    last: psycopg.Error | None = None
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(min(PAUSE_SECONDS * attempt, 2.0))
        try:
            with transaction(conn):
                run(conn, f"SET LOCAL lock_timeout = {int(LOCK_SECONDS * 1000)}")
                work()
            return
        except (
            psycopg.errors.LockNotAvailable,
            psycopg.errors.DeadlockDetected,
            psycopg.errors.SerializationFailure,
        ) as error:
            last = error
    assert last is not None
    raise BusyError(
        "The table was in use the whole time, so the lock for the swap was not given; nothing was changed",
        where=where,
        remedy="end long transactions on it (pg_stat_activity shows them), then give the same command again",
    ) from in_words(last, where)


def lock(conn: Connection, tables: Sequence[Relation]) -> None:
    """Lock tables, the views over them and the tables that foreign keys join to them; inside a transaction."""
    _, others = objects.foreign_keys(conn, tables)
    shown = [name for _, kind, name in reversed(objects.views_over(conn, tables)) if kind == "v"]
    # A reader of a view locks the view first and its tables after it: so do we.
    names = dict.fromkeys([*shown, *sorted({*others, *(t.qualified for t in tables)})])
    run(conn, f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")


def exchange(conn: Connection, changes: Sequence[Exchange]) -> list[tuple[str, str]]:
    """Let tables change places; inside a transaction that holds their locks.

    Returns:
        Foreign keys to be validated afterwards: table and constraint.
    """
    olds = [c.old for c in changes]
    keys, _ = objects.foreign_keys(conn, olds)
    shown = objects.views(conn, olds)
    sets = {c.old.oid: list(_statements(conn, c)) for c in changes}
    _all(conn, [*shown.off, *keys.off])
    for change in changes:
        _take_off(conn, change)
    for change in changes:
        _move(conn, change)
    for change in changes:
        _all(conn, sets[change.old.oid])
        _all(conn, _guards(change))
    _all(conn, keys.on)
    _all(conn, shown.on)
    for change in changes:
        _all(
            conn, objects.no_rights(conn, change.old.oid, quoted(change.aside, change.old.name))
        ) if (change.aside) else run(conn, f"DROP TABLE {quoted(_attic(change), change.old.name)}")
        if not change.aside:
            run(conn, f"DROP SCHEMA {quoted(_attic(change))}")
    return list(keys.later)


def _all(conn: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        run(conn, statement)


def _attic(change: Exchange) -> str:
    """Return the schema where the old table goes, if only to be dropped."""
    return change.aside or f"amends_old_{change.kept.change_id.lower()}"


def _statements(conn: Connection, change: Exchange) -> Iterator[str]:
    """Yield what is run on the new table once it has the old one's name, as the old one has it now."""
    old = change.old
    yield from objects.rights(conn, old.oid, old.qualified)
    yield from objects.comments(conn, old.oid, old.qualified)
    yield from _sequences(conn, old)
    yield from objects.row_security(conn, old)
    yield from objects.triggers(conn, old.oid, old.qualified, "amends_catch_").on
    yield from objects.statistics(conn, old).on


def _sequences(conn: Connection, old: Relation) -> list[str]:
    """Return statements that hand the sequences over: owned ones as they are, those of identities by their state."""
    made = []
    for schema, name, column, kind in _owned(conn, old):
        if kind == "a":
            made.append(
                f"ALTER SEQUENCE {quoted(schema, name)} OWNED BY {old.qualified}.{quoted(column)}"
            )
            continue
        last, called = run(conn, f"SELECT last_value, is_called FROM {quoted(schema, name)}")[0]
        made.append(
            f"SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence({literal(old.qualified)}, "
            f"{literal(column)})::regclass, {int(last)}, {bool(called)})"
        )
    return made


def _owned(conn: Connection, table: Relation) -> list[tuple[str, str, str, str]]:
    rows = run(
        conn,
        "SELECT n.nspname, s.relname, a.attname, d.deptype::text FROM pg_depend d "
        "JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace "
        "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid "
        "WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = %s "
        "AND d.deptype IN ('a', 'i') ORDER BY 1, 2",
        (table.oid,),
    )
    return [(str(a), str(b), str(c), str(d)) for a, b, c, d in rows]


def _take_off(conn: Connection, change: Exchange) -> None:
    """Take off the old table what the new one gets, and off the new one what it kept from earlier."""
    old, new = change.old, change.new
    _, ours = catcher(change.kept)
    for name in (ours, f"{ours}_all"):
        run(conn, f"DROP TRIGGER IF EXISTS {name} ON {old.qualified}")
    _all(conn, objects.triggers(conn, old.oid, old.qualified, "amends_catch_").off)
    _all(conn, objects.statistics(conn, old).off)
    for schema, name, _, kind in _owned(conn, old):
        if kind == "a":
            run(conn, f"ALTER SEQUENCE {quoted(schema, name)} OWNED BY NONE")
    # Default privileges may have given the new table rights that the old one has not.
    _all(conn, objects.no_rights(conn, new.oid, new.qualified))
    for (policy,) in run(conn, "SELECT polname FROM pg_policy WHERE polrelid = %s", (new.oid,)):
        run(conn, f"DROP POLICY {quoted(policy)} ON {new.qualified}")
    run(conn, f"ALTER TABLE {new.qualified} NO FORCE ROW LEVEL SECURITY")


def _move(conn: Connection, change: Exchange) -> None:
    old, new = change.old, change.new
    identities = [
        (schema, name, column) for schema, name, column, kind in _owned(conn, old) if kind == "i"
    ]
    for _, name, column in identities:
        _rename_identity(conn, new, column, name)
    attic = _attic(change)
    run(conn, f"CREATE SCHEMA IF NOT EXISTS {quoted(attic)}")
    run(conn, f"ALTER TABLE {old.qualified} SET SCHEMA {quoted(attic)}")
    run(conn, f"ALTER TABLE {new.qualified} SET SCHEMA {quoted(old.schema)}")
    run(conn, f"DROP SCHEMA {quoted(new.schema)}")


def _rename_identity(conn: Connection, new: Relation, column: str, wanted: str) -> None:
    """Give the sequence of an identity the name that the old table's has."""
    for schema, name, of, kind in _owned(conn, new):
        if of == column and kind == "i" and name != wanted:
            run(conn, f"ALTER SEQUENCE {quoted(schema, name)} RENAME TO {quoted(wanted)}")


def _guards(change: Exchange) -> list[str]:
    """Return checks by which the database refuses values that are no tokens, rows already there aside."""
    made = []
    for number, column in enumerate(change.guard):
        name = quoted(column)
        made.append(
            f"ALTER TABLE {change.old.qualified} ADD CONSTRAINT {quoted(f'{GUARD}{number}')} CHECK "
            f"({name} IS NULL OR {name} = '' OR {name} ~ {literal(TOKEN_FORM)}) NOT VALID"
        )
    return made


def validate(conn: Connection, table: str, name: str) -> None:
    """Let the database check a constraint over the rows that were there before; writers go on."""

    def work() -> None:
        there = one(
            conn,
            "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = pg_catalog.to_regclass(%s)",
            (name, table),
        )
        if there:
            run(conn, f"ALTER TABLE {table} VALIDATE CONSTRAINT {quoted(name)}")

    patiently(conn, table, work)
