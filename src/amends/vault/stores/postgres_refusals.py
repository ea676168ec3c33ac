"""Why a PostgreSQL table cannot be changed, each reason with a remedy."""

from __future__ import annotations

from amends.vault.stores.base import Change, Refusal
from amends.vault.stores.postgres_catalog import CONVERTIBLE, TEXT_TYPES, Column, Relation
from amends.vault.stores.postgres_session import Connection, one, quoted, run


def refusals(conn: Connection, table: Relation, change: Change) -> list[Refusal]:
    """Return why a table cannot be changed; empty when it can."""
    found = [*_kind(conn, table), *_followed(table)]
    for name in change.columns:
        found += _column(table, table.column(name), kept=name in change.kept)
    return [*found, *_strangers(conn, table), *_computed(conn, table, change)]


def _kind(conn: Connection, table: Relation) -> list[Refusal]:
    found = []
    family = one(
        conn,
        "SELECT 1 FROM pg_inherits WHERE inhparent = %s OR inhrelid = %s",
        (table.oid, table.oid),
    )
    if table.kind != "r" or family:
        found.append(
            Refusal(
                "The table is partitioned, or inherits, or is inherited from",
                "protect it from a window without writers: detach the partitions, protect each, attach them again",
            )
        )
    typed, labels = run(
        conn,
        "SELECT reloftype <> 0, EXISTS (SELECT 1 FROM pg_seclabel WHERE objoid = c.oid) "
        "FROM pg_class c WHERE oid = %s",
        (table.oid,),
    )[0]
    if typed:
        found.append(
            Refusal("The table is of a composite type", "release it: ALTER TABLE … NOT OF")
        )
    if labels:
        found.append(
            Refusal("The table carries security labels", "take them off, and set them again after")
        )
    return found


def _followed(table: Relation) -> list[Refusal]:
    if not table.key:
        return [
            Refusal(
                "The table has no key: writes to it cannot be followed while it is copied",
                "add a primary key, or a unique index over columns that are NOT NULL; a column can be added for it: "
                "ALTER TABLE … ADD COLUMN row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
            )
        ]
    strange = [k for k in table.key if not table.column(k).of_server]
    if strange:
        return [
            Refusal(
                f"The key column {strange[0]} is of a type of an extension",
                "add a unique index over NOT NULL columns of the server's own types",
            )
        ]
    return []


def _column(table: Relation, column: Column, *, kept: bool) -> list[Refusal]:
    found = []
    if column.generated or column.identity:
        found.append(
            Refusal(f"Column {column.name} is computed by the database", "leave it out of the plan")
        )
    wanted = TEXT_TYPES if kept else CONVERTIBLE
    if column.base not in wanted or not column.of_server:
        words = "a text column" if kept else "text, a whole number, numeric, date or uuid"
        found.append(
            Refusal(
                f"Column {column.name} is of type {column.type}; it must be {words}",
                "leave it out of the plan, or move its values to a text column first",
            )
        )
    if not column.same_for_equal:
        found.append(
            Refusal(
                f"Column {column.name} compares texts that differ as equal (its collation); tokens cannot",
                "bring the values to one form and give the column a deterministic collation",
            )
        )
    empty = column.default.partition("::")[0] in ("", "NULL", "''")
    if column.default and not empty and not kept:
        found.append(
            Refusal(
                f"Column {column.name} has a default, which would be written in clear",
                f"drop it: ALTER TABLE {table.qualified} ALTER COLUMN {quoted(column.name)} DROP DEFAULT",
            )
        )
    return found


def _strangers(conn: Connection, table: Relation) -> list[Refusal]:
    """Return what depends on the table or its row type and is not carried over."""
    rows = run(
        conn,
        """
        WITH own AS (SELECT c.oid, c.reltype FROM pg_class c WHERE c.oid = %s),
        types AS (SELECT t.oid FROM pg_type t, own WHERE t.oid = own.reltype OR t.typelem = own.reltype)
        SELECT DISTINCT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid)
        FROM pg_depend d, own
        WHERE d.deptype IN ('n', 'a') AND (
            (d.refclassid = 'pg_class'::regclass AND d.refobjid = own.oid AND (
                d.classid IN ('pg_proc'::regclass, 'pg_publication_rel'::regclass)
                OR d.classid = 'pg_attrdef'::regclass
                    AND (SELECT adrelid FROM pg_attrdef WHERE oid = d.objid) <> own.oid
                OR d.classid = 'pg_policy'::regclass
                    AND (SELECT polrelid FROM pg_policy WHERE oid = d.objid) <> own.oid
                OR d.classid = 'pg_rewrite'::regclass AND EXISTS (
                    SELECT 1 FROM pg_rewrite r WHERE r.oid = d.objid AND r.rulename <> '_RETURN')))
            OR (d.refclassid = 'pg_type'::regclass AND d.refobjid IN (SELECT oid FROM types)
                AND NOT (d.classid = 'pg_type'::regclass AND d.objid IN (SELECT oid FROM types))
                AND NOT (d.classid = 'pg_class'::regclass AND d.objid = own.oid)))
        UNION SELECT 'publication ' || pubname || ' of all tables' FROM pg_publication WHERE puballtables
        ORDER BY 1
        """,
        (table.oid,),
    )
    return [
        Refusal(
            f"It would lose its hold on the table: {row[0]}",
            "drop it before and create it again after the swap",
        )
        for row in rows
    ]


def _computed(conn: Connection, table: Relation, change: Change) -> list[Refusal]:
    """Return the generated columns that are computed from protected ones."""
    rows = run(
        conn,
        """
        SELECT DISTINCT g.attname, p.attname FROM pg_attrdef f
        JOIN pg_attribute g ON g.attrelid = f.adrelid AND g.attnum = f.adnum AND g.attgenerated <> ''
        JOIN pg_depend d ON d.refobjid = f.adrelid AND d.refclassid = 'pg_class'::regclass
            AND (d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                OR d.classid = 'pg_class'::regclass AND d.objid = f.adrelid AND d.objsubid = f.adnum)
        JOIN pg_attribute p ON p.attrelid = f.adrelid AND p.attnum = d.refobjsubid
        WHERE f.adrelid = %s AND p.attname = ANY(%s) AND p.attnum <> g.attnum ORDER BY 1, 2
        """,
        (table.oid, list(change.columns)),
    )
    return [
        Refusal(
            f"Column {generated} is computed from {source}: it would be computed from tokens",
            f"turn it into a plain column before: ALTER TABLE {table.qualified} ALTER COLUMN "
            f"{quoted(generated)} DROP EXPRESSION; it then holds parts of identifiers in clear: plan it too",
        )
        for generated, source in rows
    ]
