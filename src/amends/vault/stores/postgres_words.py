"""What PostgreSQL says of a change: what stands in the way, what will be different, what is left in clear."""

from __future__ import annotations

from collections.abc import Iterator

from amends.kernel.errors import TableError
from amends.vault.stores import postgres_objects as objects
from amends.vault.stores.base import Change, Outlook, Refusal
from amends.vault.stores.postgres_carry import make_table
from amends.vault.stores.postgres_catalog import Relation, checks_left_off, index_warnings, relation
from amends.vault.stores.postgres_kept import Kept, other_changes
from amends.vault.stores.postgres_refusals import refusals
from amends.vault.stores.postgres_session import Connection, one, quoted, run, told, transaction

TOKEN_BYTES = 40
"""About what a token takes beyond its value: form, 16 bytes of tag, a third for the text (measured)."""


def outlook(conn: Connection, change: Change) -> Outlook:
    """Return what stands in the way and what will be different, from a rehearsal that is undone."""
    table = relation(conn, change.table)
    found = in_the_way(conn, table, change)
    if not found:
        found += _rehearsal(conn, table, change)
    return Outlook(tuple(found), tuple(_changes(conn, table, change)), _needed(table, change))


def in_the_way(conn: Connection, table: Relation, change: Change) -> list[Refusal]:
    """Return what the catalogue says against a change."""
    return [*refusals(conn, table, change), *other_changes(conn, table, change)]


def _rehearsal(conn: Connection, table: Relation, change: Change) -> list[Refusal]:
    """Make the shadow empty with all that stands on it, and undo that: what cannot be carried over shows."""
    try:
        with transaction(conn):
            schema = f"amends_rehearsal_{change.change_id.lower()}"
            make_table(conn, table, schema, new_types(table, change))
            target = quoted(schema, table.name)
            left_off = [name for name, _ in checks_left_off(conn, table, change)]
            for statement in (
                *objects.first_index(conn, table, target),
                *objects.other_indexes(conn, table, target, left_off),
            ):
                _rehearse(conn, statement, "An index or constraint")
            for name, statement in _plain_views(conn, table, schema):
                _rehearse(conn, statement, f"View {name}")
            raise _RehearsedError
    except _RehearsedError as done:
        return [done.refusal] if done.refusal else []


def _rehearse(conn: Connection, statement: str, what: str) -> None:
    try:
        with told(what):
            run(conn, statement)
    except TableError as error:
        refusal = Refusal(
            f"{what} cannot stand on tokens: {error.what}",
            "drop it before; create it again after the swap, in a form that fits texts",
        )
        raise _RehearsedError(refusal) from error


def _plain_views(conn: Connection, table: Relation, schema: str) -> list[tuple[str, str]]:
    """Return views over this table alone, by name, with what makes each over the table of the same name in a schema.

    Views over other tables, too, are not rehearsed: those tables may change together with this one.
    """
    known, made = {table.oid}, []
    run(conn, f"SET LOCAL search_path = {quoted(table.schema)}")
    for oid, _, shown in objects.views_over(conn, [table]):
        home, name, text, under = run(conn, _VIEW, (oid, oid))[0]
        if home == table.schema and set(under) <= known:
            known.add(oid)
            body = str(text).rstrip().removesuffix(";")
            made.append((shown, f"CREATE VIEW {quoted(schema, name)} AS {body}"))
    run(conn, f"SET LOCAL search_path = {quoted(schema)}, {quoted(table.schema)}")
    return made


_VIEW = """
SELECT n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid), (
    SELECT array_agg(DISTINCT d.refobjid::bigint) FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
        AND r.ev_class = %s AND d.refobjid <> r.ev_class)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s
"""


def _changes(conn: Connection, table: Relation, change: Change) -> list[str]:
    made = []
    for name, wanted in new_types(table, change).items():
        was = table.column(name).type
        made.append(f"column {name}: type {was} becomes {wanted}")
    for name, _ in checks_left_off(conn, table, change):
        made.append(f"check {name} speaks of protected columns: left off; undo brings it back")
    made += index_warnings(conn, table, change)
    for _, kind, name in objects.views_over(conn, [table]):
        if kind == "m":
            made.append(
                f"materialised view {name} is made and filled anew while the lock of the swap is held"
            )
        else:
            made.append(f"view {name} is made anew; it shows tokens")
    if change.guard:
        made.append("the database refuses values that are no tokens from the swap on (a check)")
    else:
        made.append(
            "values written in clear after the swap are taken: amends vault verify finds and counts them"
        )
    return made


class _RehearsedError(Exception):
    """A rehearsal is over, and what it made is undone; it may have found what cannot be."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        super().__init__()
        self.refusal = refusal


def new_types(table: Relation, change: Change) -> dict[str, str]:
    """Return the columns whose type changes, and to what."""
    return {
        name: "text"
        for name in change.columns
        if name not in change.kept and table.column(name).type != "text"
    }


def _needed(table: Relation, change: Change) -> int:
    rows = max(table.size_bytes // 100, 1)  # a narrow guess: rows of a hundred bytes
    return table.size_bytes + rows * TOKEN_BYTES * len(change.columns)


def leftovers(conn: Connection, kept: Kept | None) -> Iterator[str]:
    """Yield, in words, where copies in clear may still be."""
    if kept and kept.phase == "swapped":
        yield f"the clear copy {kept.clear}: amends vault drop removes it"
        yield "statistics of the clear copy (pg_stats holds its commonest values in clear) go with it"
    settings = dict(
        run(
            conn,
            "SELECT name, setting FROM pg_settings WHERE name IN ('archive_mode', 'wal_level', 'max_wal_size')",
        )
    )
    archived = (
        "and is archived"
        if settings.get("archive_mode", "off") != "off"
        else "until it is recycled"
    )
    yield f"the write-ahead log (pg_wal) holds clear values {archived}; CHECKPOINT shortens it"
    yield "dead rows and free pages on disk until they are overwritten; use an encrypted volume, or shred the old files"
    yield "backups (pg_dump, pg_basebackup, snapshots of the disk) made before the drop"
    replicas = int(one(conn, "SELECT count(*) FROM pg_stat_replication") or 0)
    slots = int(one(conn, "SELECT count(*) FROM pg_replication_slots") or 0)
    if replicas or slots:
        yield f"{replicas} replicas and {slots} replication slots: they follow, their own backups do not"
    yield "server logs, if statements with values are logged (log_statement, log_min_duration_statement)"
    yield from _prepared(conn)


def _prepared(conn: Connection) -> Iterator[str]:
    if one(conn, "SELECT pg_catalog.to_regclass('public.pg_stat_statements')"):
        yield "pg_stat_statements, where statements were sent with values in them: pg_stat_statements_reset()"
