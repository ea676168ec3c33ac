"""Carrying rows of a PostgreSQL table into its shadow while others write: piece by piece, then what was written since.

A trigger writes the key of each row that is written into a log. Every piece is one transaction on one snapshot: read
keys and protected columns, convert them, and let the server itself copy the other columns beside them. Catching up
takes the keys out of the log and carries the rows of that same snapshot again. So a kill between two transactions
loses nothing, and one within a transaction undoes it.

Source:
    PostgreSQL documentation, section 13.2.2 (repeatable read: one snapshot for the whole transaction).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from amends.kernel.errors import TableError
from amends.vault.stores.base import Convert
from amends.vault.stores.postgres_catalog import OURS, Relation
from amends.vault.stores.postgres_kept import Kept
from amends.vault.stores.postgres_session import (
    Connection,
    copy_in,
    copy_out,
    literal,
    one,
    quoted,
    run,
)

GUARD = "amends_token_"
"""How the names of our own checks begin."""


@dataclass(frozen=True)
class Route:
    """From one table into another.

    Attributes:
        kept: The change it belongs to.
        source: Where rows are read.
        target: Where they go, quoted.
        columns: Protected columns.
        types: Their types in the target.
    """

    kept: Kept
    source: Relation
    target: str
    columns: tuple[str, ...]
    types: dict[str, str]

    def target_type(self, name: str) -> str:
        """Return the type of a column in the target."""
        return self.types.get(name) or self.source.column(name).type


# --- the shadow, and what catches writes


def make_table(conn: Connection, source: Relation, schema: str, types: dict[str, str]) -> None:
    """Make an empty table like another in a schema of its own, some columns of another type."""
    run(conn, f"CREATE SCHEMA {quoted(schema)}")
    target = quoted(schema, source.name)
    options = one(
        conn,
        "SELECT pg_catalog.array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %s",
        (source.oid,),
    )
    space = one(
        conn,
        "SELECT spcname FROM pg_tablespace t JOIN pg_class c ON c.reltablespace = t.oid WHERE c.oid = %s",
        (source.oid,),
    )
    run(
        conn,
        f"CREATE {'UNLOGGED ' if source.persistence == 'u' else ''}TABLE {target} (LIKE {source.qualified} "
        "INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE INCLUDING COMPRESSION "
        f"INCLUDING COMMENTS){f' WITH ({options})' if options else ''}"
        f"{f' TABLESPACE {quoted(space)}' if space else ''}",
    )
    for name, wanted in types.items():
        column = source.column(name)
        place = f"ALTER TABLE {target} ALTER COLUMN {quoted(name)}"
        if column.default:
            run(conn, f"{place} DROP DEFAULT")
        texts = wanted.startswith(("text", "character"))
        collation = f" COLLATE {column.collation}" if column.collation and texts else ""
        run(conn, f"{place} TYPE {wanted}{collation} USING NULL")
        if column.default:
            run(conn, f"{place} SET DEFAULT {column.default.partition('::')[0]}")
    for name, sql in _column_settings(conn, source):
        run(conn, f"ALTER TABLE {target} ALTER COLUMN {quoted(name)} {sql}")


def _column_settings(conn: Connection, source: Relation) -> list[tuple[str, str]]:
    rows = run(
        conn,
        "SELECT attname, attstattarget::int, pg_catalog.array_to_string(attoptions, ', ') FROM pg_attribute "
        "WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        (source.oid,),
    )
    made = [(n, f"SET STATISTICS {int(t)}") for n, t, _ in rows if t is not None and t >= 0]
    return made + [(n, f"SET ({o})") for n, _, o in rows if o]


def catch_writes(conn: Connection, kept: Kept, table: Relation) -> None:
    """Let every write to a table leave its key in the log; replaces the log and trigger of before."""
    run(conn, f"DROP TABLE IF EXISTS {kept.log}")
    keys = [f"k{n}" for n in range(len(table.key))]
    types = [table.column(k).type for k in table.key]
    columns = ", ".join(f"{k} {t}" for k, t in zip(keys, types, strict=True))
    run(
        conn,
        f"CREATE TABLE {kept.log} (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, emptied boolean, {columns})",
    )
    into = f"INSERT INTO {kept.log} ({', '.join(keys)}) SELECT"
    old = ", ".join(f"OLD.{quoted(k)}" for k in table.key)
    new = ", ".join(f"NEW.{quoted(k)}" for k in table.key)
    body = (
        f"BEGIN IF TG_OP = 'TRUNCATE' THEN INSERT INTO {kept.log} (emptied) VALUES (true); RETURN NULL; END IF; "
        f"IF TG_OP <> 'INSERT' THEN {into} {old}; END IF; "
        f"IF TG_OP = 'INSERT' THEN {into} {new}; "
        f"ELSIF TG_OP = 'UPDATE' THEN IF ROW({new}) IS DISTINCT FROM ROW({old}) THEN {into} {new}; END IF; END IF; "
        "RETURN NULL; END"
    )
    function, trigger = catcher(kept)
    run(
        conn,
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = '' AS {literal(body)}",
    )
    run(conn, f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC")
    for name, when in (
        (trigger, "INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW"),
        (f"{trigger}_all", "TRUNCATE ON {} FOR EACH STATEMENT"),
    ):
        run(
            conn,
            f"CREATE TRIGGER {name} AFTER {when.format(table.qualified)} EXECUTE FUNCTION {function}()",
        )
        # Fires for changes that replication applies, too.
        run(conn, f"ALTER TABLE {table.qualified} ENABLE ALWAYS TRIGGER {name}")


def stop_catching(conn: Connection, kept: Kept, table: str) -> None:
    """Take log and triggers away again."""
    function, trigger = catcher(kept)
    for name in (trigger, f"{trigger}_all"):
        run(conn, f"DROP TRIGGER IF EXISTS {name} ON {table}")
    run(conn, f"DROP FUNCTION IF EXISTS {function}()")
    run(conn, f"DROP TABLE IF EXISTS {kept.log}")


def catcher(kept: Kept) -> tuple[str, str]:
    """Return the names of trigger function and trigger, quoted."""
    return quoted(OURS, f"catch_{kept.change_id.lower()}"), f"amends_catch_{kept.change_id.lower()}"


# --- rows


def carry_piece(
    conn: Connection, route: Route, where: str, rest: str, convert: Convert
) -> tuple[int, tuple[str, ...]]:
    """Carry some rows over; inside a transaction of one snapshot.

    Args:
        conn: Session.
        route: From where to where.
        where: What chooses them: joins and conditions after ``FROM source s``.
        rest: Order and limit.
        convert: Converts protected columns.

    Returns:
        How many rows, and the key of the last one.
    """
    keys = route.source.key
    wanted = [*keys, *route.columns]
    texts = ", ".join(f"s.{quoted(name)}::text" for name in wanted)
    read = copy_out(conn, f"SELECT {texts} FROM {route.source.qualified} s {where} {rest}", wanted)
    if not read.num_rows:
        return 0, ()
    n_keys = len(keys)
    protected = pa.RecordBatch.from_arrays(read.columns[n_keys:], list(route.columns))
    made = converted(convert, protected)
    places = [f"k{n}" for n in range(n_keys)] + [f"t{n}" for n in range(len(route.columns))]
    types = [route.source.column(k).type for k in keys]
    types += [route.target_type(c) for c in route.columns]
    _temporary(conn, "amends_piece", places, types)
    copy_in(conn, "pg_temp.amends_piece", [*read.columns[:n_keys], *made.columns])
    _insert(conn, route)
    run(conn, "DROP TABLE pg_temp.amends_piece")
    return read.num_rows, tuple(str(read.column(n)[-1].as_py()) for n in range(n_keys))


def converted(convert: Convert, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a converted batch; one that lost or gained rows never reaches a table."""
    made = convert(batch)
    if made.num_rows != batch.num_rows or made.schema.names != batch.schema.names:
        raise TableError("The conversion of a batch did not give the same rows and columns")
    return made


def _temporary(conn: Connection, name: str, places: Sequence[str], types: Sequence[str]) -> None:
    columns = ", ".join(f"{p} {t}" for p, t in zip(places, types, strict=True))
    run(conn, f"CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP")


def _insert(conn: Connection, route: Route) -> None:
    """Let the server write the rows of the piece into the target, all other columns as they are."""
    places = {name: f"p.t{number}" for number, name in enumerate(route.columns)}
    names = [c.name for c in route.source.columns if not c.generated]
    values = ", ".join(places.get(name) or f"s.{quoted(name)}" for name in names)
    same = " AND ".join(f"s.{quoted(k)} = p.k{n}" for n, k in enumerate(route.source.key))
    run(
        conn,
        f"INSERT INTO {route.target} ({', '.join(map(quoted, names))}) OVERRIDING SYSTEM VALUE "
        f"SELECT {values} FROM pg_temp.amends_piece p JOIN {route.source.qualified} s ON {same}",
    )


def after(table: Relation, last_key: Sequence[str]) -> str:
    """Return the condition for rows that come after a key."""
    if not last_key:
        return ""
    names = ", ".join(f"s.{quoted(k)}" for k in table.key)
    values = ", ".join(
        f"{literal(v)}::{table.column(k).type}" for k, v in zip(table.key, last_key, strict=True)
    )
    return f"WHERE ({names}) > ({values})" if len(table.key) > 1 else f"WHERE {names} > {values}"


def in_order(table: Relation, rows: int) -> str:
    """Return order and limit of the next piece."""
    return f"ORDER BY {', '.join(f's.{quoted(k)}' for k in table.key)} LIMIT {int(rows)}"


def catch_up(conn: Connection, route: Route, convert: Convert, limit: int, rows: int) -> int:
    """Carry over again what was written since; inside a transaction of one snapshot.

    Args:
        conn: Session.
        route: From where to where; the target has an index on the key.
        convert: Converts protected columns.
        limit: Most entries of the log to take; 0 for all.
        rows: Rows in a piece.

    Returns:
        How many entries were taken.
    """
    source, log = route.source, route.kept.log
    names = [f"k{n}" for n in range(len(source.key))]
    listed = ", ".join(names)
    types = [source.column(k).type for k in source.key]
    _temporary(conn, "amends_due", ["n", *names], ["bigint GENERATED ALWAYS AS IDENTITY", *types])
    some = f"WHERE seq IN (SELECT seq FROM {log} ORDER BY seq LIMIT {int(limit)})" if limit else ""
    taken, emptied = run(
        conn,
        f"WITH gone AS (DELETE FROM {log} {some} RETURNING emptied, {listed}), "
        f"due AS (INSERT INTO pg_temp.amends_due ({listed}) SELECT DISTINCT {listed} FROM gone WHERE emptied IS NULL) "
        "SELECT count(*), coalesce(bool_or(emptied), false) FROM gone",
    )[0]
    if emptied:
        # Somebody emptied the table: what is left of it is carried over whole.
        run(conn, f"DELETE FROM {route.target}")
        run(conn, "TRUNCATE pg_temp.amends_due")
        keys = ", ".join(map(quoted, source.key))
        run(
            conn,
            f"INSERT INTO pg_temp.amends_due ({listed}) SELECT {keys} FROM {source.qualified}",
        )
    highest = int(one(conn, "SELECT coalesce(max(n), 0) FROM pg_temp.amends_due"))
    if highest:
        # All old rows go before any new one comes: a value may have moved from one row to another.
        for start in range(0, highest, rows):
            _remove(conn, route, convert, f"d.n > {start} AND d.n <= {start + rows}")
        same = " AND ".join(f"d.k{n} = s.{quoted(k)}" for n, k in enumerate(source.key))
        for start in range(0, highest, rows):
            join = (
                f"JOIN pg_temp.amends_due d ON {same} WHERE d.n > {start} AND d.n <= {start + rows}"
            )
            carry_piece(conn, route, join, "", convert)
    run(conn, "DROP TABLE pg_temp.amends_due")
    return int(taken)


def _remove(conn: Connection, route: Route, convert: Convert, some: str) -> None:
    """Delete the rows of due keys from the target, whose keys may be converted."""
    keys = route.source.key
    names = [f"k{n}" for n in range(len(keys))]
    place = "pg_temp.amends_due"
    changed = [k for k in keys if k in route.columns]
    if changed:
        texts = ", ".join(f"d.{n}::text" for n in names)
        read = copy_out(conn, f"SELECT {texts} FROM {place} d WHERE {some}", list(keys))
        mapped = converted(convert, read)
        place, some = "pg_temp.amends_gone", "true"
        _temporary(conn, "amends_gone", names, [route.target_type(k) for k in keys])
        copy_in(conn, place, mapped.columns)
    same = " AND ".join(f"t.{quoted(k)} = d.k{n}" for n, k in enumerate(keys))
    run(conn, f"DELETE FROM {route.target} t USING {place} d WHERE {some} AND {same}")
    if changed:
        run(conn, "DROP TABLE pg_temp.amends_gone")
