"""What PostgreSQL's own catalogue says of a table: its shape, its key, what stands on it, what cannot be carried over.

Source:
    PostgreSQL documentation, system catalogs: pg_class, pg_attribute, pg_constraint, pg_index, pg_depend.
"""

from __future__ import annotations

from dataclasses import dataclass

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, ColumnShape, ForeignKey, TableShape
from amends.vault.stores.postgres_session import Connection, one, quoted, run

OURS = "amends_vault"
"""Schema of what we keep in the database: states, logs of keys, trigger functions."""
NEW, CLEAR = "amends_new_", "amends_clear_"
"""Schemas, one a change, of the shadow and of the clear copy: nobody has the right to look into them."""

TEXT_TYPES = ("text", "varchar", "bpchar")
FORMATTED = "pg_catalog.format_type(a.atttypid, a.atttypmod)"

CONVERTIBLE = (
    *TEXT_TYPES, "int2", "int4", "int8", "numeric", "date", "uuid",
)  # fmt: skip
"""Base types whose text form comes back unchanged, and which applications compare for equality."""


@dataclass(frozen=True)
class Column:
    """A column as the catalogue has it.

    Attributes:
        name: Its name.
        type: Its type, formatted.
        base: Name of its base type.
        of_server: Whether the base type is PostgreSQL's own (or an enum), so that its operators are found.
        not_null: Whether null is refused.
        identity: ``a``, ``d`` or empty.
        generated: Whether it is computed from others.
        default: Its default, deparsed; empty for none.
        collation: Its collation, quoted; empty for none.
        same_for_equal: Whether equal texts are equal bytes (a deterministic collation).
    """

    name: str
    type: str
    base: str
    of_server: bool
    not_null: bool
    identity: str
    generated: bool
    default: str
    collation: str
    same_for_equal: bool


@dataclass(frozen=True)
class Relation:
    """A table as the catalogue has it.

    Attributes:
        oid: Its number.
        schema: Its schema, unquoted.
        name: Its name, unquoted.
        kind: ``r`` for an ordinary table.
        persistence: ``p``, ``u`` or ``t``.
        columns: In their order.
        key: Columns that are unique and never null, by which rows are followed; empty for none.
        key_index: Number of the key's index; 0 for none.
        size_bytes: With indexes.
    """

    oid: int
    schema: str
    name: str
    kind: str
    persistence: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    key_index: int
    size_bytes: int

    @property
    def qualified(self) -> str:
        """Its name with schema, quoted for SQL."""
        return quoted(self.schema, self.name)

    def column(self, name: str) -> Column:
        """Return a column.

        Raises:
            TableError: There is none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise TableError(
            "The table has no such column any more",
            where=f"{self.qualified} {name}",
            remedy="make the plan again",
        )


def relation(conn: Connection, table: str) -> Relation:
    """Return what the catalogue says of a table.

    Args:
        conn: Session.
        table: Its name with schema, quoted where needed, as :meth:`tables` gives it.

    Raises:
        TableError: There is none.
    """
    found = _by_text(conn, table)
    if found is None:
        raise TableError(
            "There is no such table",
            where=table,
            remedy="name it with its schema, as in public.customers; the plan lists them",
        )
    return by_oid(conn, found)


def _by_text(conn: Connection, table: str) -> int | None:
    rows = run(
        conn,
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE pg_catalog.format('%%I.%%I', n.nspname, c.relname) = %s "
        "OR pg_catalog.concat('\"', replace(n.nspname, '\"', '\"\"'), '\".\"', "
        "replace(c.relname, '\"', '\"\"'), '\"') = %s",
        (table, table),
    )
    return int(rows[0][0]) if rows else None


def exists(conn: Connection, schema: str, name: str) -> bool:
    """Say whether there is a table of a name."""
    return bool(
        one(
            conn,
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = %s AND c.relname = %s",
            (schema, name),
        )
    )


def by_oid(conn: Connection, oid: int) -> Relation:
    """Return what the catalogue says of the table of a number."""
    schema, name, kind, persistence, size = run(
        conn,
        "SELECT n.nspname, c.relname, c.relkind::text, c.relpersistence::text, "
        "CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_total_relation_size(c.oid) ELSE 0 END "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s",
        (oid,),
    )[0]
    columns = tuple(Column(*row) for row in run(conn, _COLUMNS, (oid,)))
    key, index = _key(conn, oid)
    return Relation(oid, schema, name, kind, persistence, columns, key, index, int(size))


_COLUMNS = f"""
SELECT a.attname, {FORMATTED}, b.typname, bn.nspname = 'pg_catalog' OR b.typtype = 'e', a.attnotnull,
    a.attidentity::text, a.attgenerated <> '', coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), ''),
    CASE WHEN a.attcollation = 0 THEN '' ELSE
        (SELECT pg_catalog.format('%%I.%%I', cn.nspname, k.collname) FROM pg_collation k
        JOIN pg_namespace cn ON cn.oid = k.collnamespace WHERE k.oid = a.attcollation) END,
    coalesce((SELECT k.collisdeterministic FROM pg_collation k WHERE k.oid = a.attcollation), true)
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN
    (WITH RECURSIVE up(oid, base) AS (SELECT t.oid, t.typbasetype UNION ALL
        SELECT x.oid, x.typbasetype FROM up JOIN pg_type x ON x.oid = up.base)
     SELECT up.oid FROM up WHERE up.base = 0) ELSE t.oid END
JOIN pg_namespace bn ON bn.oid = b.typnamespace
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""


def _key(conn: Connection, oid: int) -> tuple[tuple[str, ...], int]:
    """Return the columns of the primary key, else of the narrowest unique index whose columns are never null."""
    rows = run(
        conn,
        """
        SELECT i.indexrelid::bigint, array_agg(a.attname::text ORDER BY k.place), i.indisprimary
        FROM pg_index i
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(num, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
        WHERE i.indrelid = %s AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
        GROUP BY i.indexrelid, i.indisprimary, i.indnkeyatts
        HAVING bool_and(a.attnotnull)
        ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
        LIMIT 1
        """,
        (oid,),
    )
    return (tuple(rows[0][1]), int(rows[0][0])) if rows else ((), 0)


def shapes(conn: Connection, *, count: bool) -> list[TableShape]:
    """Return the ordinary and partitioned tables, but for the server's own and ours."""
    rows = run(
        conn,
        "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' "
        "AND n.nspname !~ '^(pg_|amends_(vault$|new_v|clear_v))' "
        "AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') "
        "ORDER BY n.nspname, c.relname",
    )
    return [_shape(conn, by_oid(conn, int(row[0])), count=count) for row in rows]


def shown_name(conn: Connection, oid: int) -> str:
    """Return a table's name with schema, quoted only where it must be."""
    return str(
        one(
            conn,
            "SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = %s",
            (oid,),
        )
    )


def _shape(conn: Connection, table: Relation, *, count: bool) -> TableShape:
    keys = [
        ForeignKey(tuple(here), shown_name(conn, target), tuple(there), name)
        for name, target, here, there in run(
            conn,
            """
            SELECT k.conname, k.confrelid::bigint,
                (SELECT array_agg(a.attname::text ORDER BY x.o) FROM unnest(k.conkey) WITH ORDINALITY x(n, o)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.n),
                (SELECT array_agg(a.attname::text ORDER BY x.o) FROM unnest(k.confkey) WITH ORDINALITY x(n, o)
                 JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.n)
            FROM pg_constraint k WHERE k.conrelid = %s AND k.contype = 'f' ORDER BY k.conname
            """,
            (table.oid,),
        )
    ]
    rows = int(one(conn, f"SELECT count(*) FROM {table.qualified}")) if count else -1
    return TableShape(
        name=shown_name(conn, table.oid),
        columns=tuple(ColumnShape(c.name, c.type, not c.not_null) for c in table.columns),
        key=table.key,
        n_rows=rows,
        uses=tuple(uses(conn, table.oid)),
        foreign_keys=tuple(keys),
        size_bytes=table.size_bytes,
    )


def uses(conn: Connection, oid: int) -> list[str]:
    """Return, in words, what stands on a table."""
    rows = run(
        conn,
        """
        SELECT 1, CASE v.relkind WHEN 'm' THEN 'materialised view ' ELSE 'view ' END || v.oid::regclass::text
        FROM pg_class v WHERE v.oid IN (
            SELECT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
            WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid = %(t)s AND r.ev_class <> %(t)s)
        UNION ALL SELECT 2, 'foreign key ' || conname || ' to ' || confrelid::regclass::text
        FROM pg_constraint WHERE contype = 'f' AND conrelid = %(t)s
        UNION ALL SELECT 3, 'foreign key ' || conname || ' from ' || conrelid::regclass::text
        FROM pg_constraint WHERE contype = 'f' AND confrelid = %(t)s AND conrelid <> %(t)s
        UNION ALL SELECT 4, CASE WHEN i.indisprimary THEN 'primary key ' WHEN i.indisunique THEN 'unique index '
            ELSE 'index ' END || c.relname
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %(t)s
        UNION ALL SELECT 5, 'check ' || conname FROM pg_constraint WHERE contype = 'c' AND conrelid = %(t)s
        UNION ALL SELECT 6, 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = %(t)s
        UNION ALL SELECT 7, 'row security policy ' || polname FROM pg_policy WHERE polrelid = %(t)s
        UNION ALL SELECT 8, 'statistics ' || stxname FROM pg_statistic_ext WHERE stxrelid = %(t)s
        UNION ALL SELECT 9, 'generated column ' || attname FROM pg_attribute
        WHERE attrelid = %(t)s AND attgenerated <> '' AND NOT attisdropped
        UNION ALL SELECT 10, 'sequence ' || s.oid::regclass::text || ' of column ' || a.attname
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.refobjid = %(t)s AND d.deptype IN ('a', 'i')
        UNION ALL SELECT 11, 'publication ' || p.pubname FROM pg_publication p
        WHERE p.puballtables OR EXISTS (
            SELECT 1 FROM pg_publication_rel r WHERE r.prpubid = p.oid AND r.prrelid = %(t)s)
        UNION ALL SELECT 12, 'replica identity ' || CASE relreplident WHEN 'f' THEN 'full' ELSE 'by index' END
        FROM pg_class WHERE oid = %(t)s AND relreplident IN ('f', 'i')
        UNION ALL SELECT 13, 'rights of ' || string_agg(DISTINCT
            CASE x.grantee WHEN 0 THEN 'everybody' ELSE pg_catalog.pg_get_userbyid(x.grantee) END, ', ')
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x
        WHERE c.oid = %(t)s AND x.grantee <> c.relowner HAVING count(*) > 0
        ORDER BY 1, 2
        """.replace("%(t)s", str(int(oid))),
    )
    return [str(row[1]) for row in rows]


def checks_left_off(conn: Connection, table: Relation, change: Change) -> list[tuple[str, str]]:
    """Return the check constraints that speak of columns whose form changes: name and definition."""
    changed = [c for c in change.columns if c not in change.kept]
    rows = run(
        conn,
        """
        SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid) FROM pg_constraint k
        WHERE k.conrelid = %s AND k.contype = 'c' AND EXISTS (
            SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)
            AND a.attname = ANY(%s)) ORDER BY 1
        """,
        (table.oid, changed),
    )
    return [(str(name), str(text)) for name, text in rows]


def index_warnings(conn: Connection, table: Relation, change: Change) -> list[str]:
    """Return, in words, the indexes that will stand on tokens without being of use."""
    rows = run(
        conn,
        """
        SELECT DISTINCT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_am m ON m.oid = c.relam
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
            AND d.refobjid = i.indrelid AND d.refobjsubid > 0
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid
        WHERE i.indrelid = %s AND a.attname = ANY(%s)
            AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR m.amname NOT IN ('btree', 'hash'))
        ORDER BY 1
        """,
        (table.oid, list(change.columns)),
    )
    return [
        f"index {row[0]} stands on an expression, a part or words of a protected column: it is kept, "
        "and finds nothing any more"
        for row in rows
    ]
