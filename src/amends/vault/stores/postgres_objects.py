"""What stands on a PostgreSQL table, as statements that make it again: indexes, rights, views, foreign keys.

The server writes the definitions (``pg_get_…def``) with every name qualified, as pg_dump has them. A definition that
names the table fits whichever table has that name when it is run; only an index names it before, and there the head of
the statement is exchanged.

Source:
    PostgreSQL documentation, system information functions; pg_dump, dumpTableSchema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amends.kernel.errors import TableError
from amends.vault.stores.postgres_catalog import Relation
from amends.vault.stores.postgres_session import Connection, literal, one, quoted, run


def first_index(conn: Connection, source: Relation, target: str) -> list[str]:
    """Return what makes the key's index on the target."""
    return _constraints(conn, source, target, "k.conindid = {key}") or _indexes(
        conn, source, target, "i.indexrelid = {key}"
    )


def other_indexes(
    conn: Connection, source: Relation, target: str, left_off: Sequence[str]
) -> list[str]:
    """Return what makes the other indexes and constraints on the target; foreign keys are not among them."""
    made = _constraints(conn, source, target, "k.conindid <> {key}", left_off)
    return made + _indexes(conn, source, target, "i.indexrelid <> {key}")


def _constraints(
    conn: Connection, source: Relation, target: str, which: str, left_off: Sequence[str] = ()
) -> list[str]:
    rows = run(
        conn,
        "SELECT k.conname, pg_catalog.pg_get_constraintdef(k.oid), "
        "pg_catalog.obj_description(k.oid, 'pg_constraint') FROM pg_constraint k WHERE k.conrelid = %s "
        f"AND k.contype IN ('p', 'u', 'x', 'c') AND {which.format(key=source.key_index)} "
        "ORDER BY k.contype DESC, k.conname",
        (source.oid,),
    )
    made = []
    for name, text, comment in rows:
        if name in left_off:
            continue
        made.append(f"ALTER TABLE {target} ADD CONSTRAINT {quoted(name)} {text}")
        if comment is not None:
            made.append(f"COMMENT ON CONSTRAINT {quoted(name)} ON {target} IS {literal(comment)}")
    return made


def _indexes(conn: Connection, source: Relation, target: str, which: str) -> list[str]:
    """Return statements for indexes that belong to no constraint."""
    rows = run(
        conn,
        "SELECT c.relname, i.indisunique, pg_catalog.pg_get_indexdef(i.indexrelid), "
        "pg_catalog.obj_description(c.oid, 'pg_class'), i.indisclustered, "
        "pg_catalog.quote_ident(c.relname), pg_catalog.quote_ident(n.nspname) || '.' || "
        "pg_catalog.quote_ident(t.relname) FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace "
        f"WHERE i.indrelid = %s AND i.indisvalid AND {which.format(key=source.key_index)} "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype <> 'f') "
        "ORDER BY c.relname",
        (source.oid,),
    )
    made = []
    schema = _schema_of(target)
    for name, unique, text, comment, clustered, shown, table in rows:
        head = f"CREATE {'UNIQUE ' if unique else ''}INDEX {shown} ON {table} USING "
        if not text.startswith(head):
            raise TableError(
                "An index has a definition that cannot be carried over",
                where=f"{source.qualified} {name}",
                remedy="drop it and create it again after the swap",
            )
        start = head.replace(f" ON {table} USING ", f" ON {target} USING ")
        made.append(start + text[len(head) :])
        if comment is not None:
            made.append(f"COMMENT ON INDEX {schema}.{quoted(name)} IS {literal(comment)}")
        if clustered:
            made.append(f"ALTER TABLE {target} CLUSTER ON {quoted(name)}")
    return made


def _schema_of(target: str) -> str:
    """Return the quoted schema of a name that :func:`quoted` made."""
    inside = False
    for place, letter in enumerate(target):
        inside ^= letter == '"'
        if letter == "." and not inside:
            return target[:place]
    return target


# --- rights, comments, policies


def rights(conn: Connection, oid: int, name: str, kind: str = "TABLE") -> list[str]:
    """Return statements that give a table or view of this name the owner and rights that another has."""
    owner = one(
        conn, "SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_class WHERE oid = %s", (oid,)
    )
    made = [f"ALTER {kind} {name} OWNER TO {quoted(owner)}"]
    rows = run(
        conn,
        "SELECT CASE x.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(x.grantee) END, "
        "x.privilege_type, x.is_grantable, NULL FROM pg_class c "
        "CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE c.oid = %s "
        "UNION ALL SELECT CASE x.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(x.grantee) END, "
        "x.privilege_type, x.is_grantable, a.attname FROM pg_attribute a "
        "CROSS JOIN LATERAL aclexplode(a.attacl) x WHERE a.attrelid = %s AND NOT a.attisdropped",
        (oid, oid),
    )
    for grantee, privilege, grantable, column in rows:
        to = "PUBLIC" if grantee is None else quoted(grantee)
        place = f" ({quoted(column)})" if column else ""
        option = " WITH GRANT OPTION" if grantable else ""
        made.append(f"GRANT {privilege}{place} ON {name} TO {to}{option}")
    return made


def no_rights(conn: Connection, oid: int, name: str) -> list[str]:
    """Return statements that take every right on a table from everybody but its owner."""
    rows = run(
        conn,
        "SELECT DISTINCT CASE x.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(x.grantee) END "
        "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) x WHERE c.oid = %s AND x.grantee <> c.relowner "
        "UNION SELECT DISTINCT CASE x.grantee WHEN 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(x.grantee) END "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid CROSS JOIN LATERAL aclexplode(a.attacl) x "
        "WHERE c.oid = %s AND x.grantee <> c.relowner",
        (oid, oid),
    )
    return [
        f"REVOKE ALL ON {name} FROM {'PUBLIC' if who is None else quoted(who)} CASCADE"
        for (who,) in rows
    ]


def comments(conn: Connection, oid: int, name: str, kind: str = "TABLE") -> list[str]:
    """Return statements that set the comments of a table or view and its columns."""
    rows = run(
        conn,
        "SELECT d.description, a.attname FROM pg_description d "
        "LEFT JOIN pg_attribute a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0 "
        "WHERE d.classoid = 'pg_class'::regclass AND d.objoid = %s",
        (oid,),
    )
    return [
        f"COMMENT ON COLUMN {name}.{quoted(column)} IS {literal(text)}"
        if column
        else f"COMMENT ON {kind} {name} IS {literal(text)}"
        for text, column in rows
    ]


_COMMANDS = {"r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE", "*": "ALL"}


def row_security(conn: Connection, table: Relation) -> list[str]:
    """Return statements for policies of row security and whether they are on, and for the replica identity."""
    name = table.qualified
    enabled, forced, identity = run(
        conn,
        "SELECT relrowsecurity, relforcerowsecurity, relreplident::text FROM pg_class WHERE oid = %s",
        (table.oid,),
    )[0]
    made = []
    for policy, command, permissive, roles, using, check in run(
        conn,
        "SELECT polname, polcmd::text, polpermissive, ARRAY(SELECT CASE r WHEN 0 THEN NULL ELSE "
        "pg_catalog.pg_get_userbyid(r) END FROM unnest(polroles) r), pg_catalog.pg_get_expr(polqual, polrelid), "
        "pg_catalog.pg_get_expr(polwithcheck, polrelid) FROM pg_policy WHERE polrelid = %s ORDER BY polname",
        (table.oid,),
    ):
        to = ", ".join("PUBLIC" if role is None else quoted(role) for role in roles)
        made.append(
            f"CREATE POLICY {quoted(policy)} ON {name} AS {'PERMISSIVE' if permissive else 'RESTRICTIVE'} "
            f"FOR {_COMMANDS[command]} TO {to}{f' USING ({using})' if using else ''}"
            f"{f' WITH CHECK ({check})' if check else ''}"
        )
    if enabled:
        made.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    if forced:
        made.append(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
    return made + _replica_identity(conn, table, identity)


def _replica_identity(conn: Connection, table: Relation, identity: str) -> list[str]:
    if identity == "i":
        index = one(
            conn,
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
            "WHERE i.indrelid = %s AND i.indisreplident",
            (table.oid,),
        )
        return [f"ALTER TABLE {table.qualified} REPLICA IDENTITY USING INDEX {quoted(index)}"]
    words = {"f": "FULL", "n": "NOTHING"}.get(identity)
    return [f"ALTER TABLE {table.qualified} REPLICA IDENTITY {words}"] if words else []


# --- triggers, statistics, foreign keys


@dataclass(frozen=True)
class Standing:
    """Something that is taken off one table and put on another.

    Attributes:
        off: Statements that take it off.
        on: Statements that make it again.
        later: Constraints to be validated afterwards: table and name, quoted.
    """

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    later: tuple[tuple[str, str], ...] = ()


_FIRES = {"D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def triggers(conn: Connection, oid: int, name: str, ours: str, kind: str = "TABLE") -> Standing:
    """Return the triggers of a table or view; ours are left out."""
    off, on = [], []
    for trigger, text, fires, comment in run(
        conn,
        "SELECT tgname, pg_catalog.pg_get_triggerdef(oid), tgenabled::text, "
        "pg_catalog.obj_description(oid, 'pg_trigger') FROM pg_trigger "
        "WHERE tgrelid = %s AND NOT tgisinternal AND NOT starts_with(tgname, %s) ORDER BY tgname",
        (oid, ours),
    ):
        off.append(f"DROP TRIGGER {quoted(trigger)} ON {name}")
        on.append(text)
        if fires in _FIRES:
            on.append(f"ALTER {kind} {name} {_FIRES[fires]} TRIGGER {quoted(trigger)}")
        if comment is not None:
            on.append(f"COMMENT ON TRIGGER {quoted(trigger)} ON {name} IS {literal(comment)}")
    return Standing(tuple(off), tuple(on))


def statistics(conn: Connection, table: Relation) -> Standing:
    """Return the extended statistics of a table."""
    off, on = [], []
    for schema, name, text, owner, target in run(
        conn,
        "SELECT n.nspname, s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid), "
        "pg_catalog.pg_get_userbyid(s.stxowner), s.stxstattarget::int FROM pg_statistic_ext s "
        "JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE s.stxrelid = %s ORDER BY 2",
        (table.oid,),
    ):
        shown = quoted(schema, name)
        off.append(f"DROP STATISTICS {shown}")
        on += [text, f"ALTER STATISTICS {shown} OWNER TO {quoted(owner)}"]
        if target is not None and target >= 0:
            on.append(f"ALTER STATISTICS {shown} SET STATISTICS {int(target)}")
    return Standing(tuple(off), tuple(on))


def foreign_keys(conn: Connection, tables: Sequence[Relation]) -> tuple[Standing, list[str]]:
    """Return the foreign keys from and to tables, each once, and the other tables they join."""
    oids = [t.oid for t in tables]
    off, on, later, others = [], [], [], []
    for table, other, name, text, valid, comment in run(
        conn,
        "SELECT pg_catalog.format('%%I.%%I', n.nspname, c.relname), "
        "pg_catalog.format('%%I.%%I', fn.nspname, f.relname), k.conname, "
        "pg_catalog.pg_get_constraintdef(k.oid), k.convalidated, "
        "pg_catalog.obj_description(k.oid, 'pg_constraint') FROM pg_constraint k "
        "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
        "JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace "
        "WHERE k.contype = 'f' AND (k.conrelid = ANY(%s) OR k.confrelid = ANY(%s)) AND k.conparentid = 0 "
        "ORDER BY 1, 3",
        (oids, oids),
    ):
        off.append(f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}")
        plain = text.removesuffix(" NOT VALID")
        on.append(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {plain} NOT VALID")
        if comment is not None:
            on.append(f"COMMENT ON CONSTRAINT {quoted(name)} ON {table} IS {literal(comment)}")
        if valid:
            later.append((str(table), str(name)))
        others += [table, other]
    return Standing(tuple(off), tuple(on), tuple(later)), sorted(set(others))


# --- views


_VIEWS = """
WITH RECURSIVE v(oid, depth) AS (
    SELECT r.ev_class, 1 FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN'
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY(%s)
    UNION
    SELECT r.ev_class, v.depth + 1 FROM v
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
        AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.rulename = '_RETURN' AND r.ev_class <> v.oid
    WHERE v.depth < 100
)
SELECT c.oid, c.relkind::text, pg_catalog.format('%%I.%%I', n.nspname, c.relname), max(v.depth)
FROM v JOIN pg_class c ON c.oid = v.oid JOIN pg_namespace n ON n.oid = c.relnamespace
GROUP BY 1, 2, 3 ORDER BY max(v.depth), 3
"""


def views_over(conn: Connection, tables: Sequence[Relation]) -> list[tuple[int, str, str]]:
    """Return number, kind (``v`` or ``m``) and name of each view over tables, those that others stand on first."""
    rows = run(conn, _VIEWS, ([t.oid for t in tables],))
    return [(int(oid), str(kind), str(name)) for oid, kind, name, _ in rows]


def views(conn: Connection, tables: Sequence[Relation]) -> Standing:
    """Return the views over tables, and over those views, in the order in which they are made."""
    off, on = [], []
    for oid, kind, name in views_over(conn, tables):
        what = "MATERIALIZED VIEW" if kind == "m" else "VIEW"
        off.append(f"DROP {what} {name}")
        on += _view(conn, oid, name, what)
    return Standing(tuple(reversed(off)), tuple(on))


def _view(conn: Connection, oid: int, name: str, what: str) -> list[str]:
    columns, text, options, populated = run(
        conn,
        "SELECT (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a "
        "WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), pg_catalog.pg_get_viewdef(c.oid), "
        "pg_catalog.array_to_string(c.reloptions, ', '), c.relispopulated FROM pg_class c WHERE c.oid = %s",
        (oid,),
    )[0]
    listed = ", ".join(map(quoted, columns or ()))
    body = str(text).rstrip().removesuffix(";")
    filled = "" if what == "VIEW" or populated else " WITH NO DATA"
    made = [
        f"CREATE {what} {name}{f' ({listed})' if listed else ''}"
        f"{f' WITH ({options})' if options else ''} AS {body}{filled}"
    ]
    for column, default in run(
        conn,
        "SELECT a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d "
        "JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = %s",
        (oid,),
    ):
        made.append(f"ALTER VIEW {name} ALTER COLUMN {quoted(column)} SET DEFAULT {default}")
    made += [
        str(row[0])
        for row in run(
            conn,
            "SELECT pg_catalog.pg_get_ruledef(oid) FROM pg_rewrite WHERE ev_class = %s AND rulename <> '_RETURN' "
            "UNION ALL SELECT pg_catalog.pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = %s",
            (oid, oid),
        )
    ]
    made += triggers(conn, oid, name, "amends_catch_", "VIEW").on
    made += rights(conn, oid, name, what)
    return made + comments(conn, oid, name, what)
