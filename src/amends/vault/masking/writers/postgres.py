"""A copy in a PostgreSQL database: one transaction from the first table to the proof.

Until the transaction ends nobody else sees anything of the copy; a run that is killed leaves nothing. Types, keys,
checks, indexes and foreign keys are those of the source where that is PostgreSQL too, in the words of its catalog.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from amends.kernel.errors import UsageError
from amends.vault.masking.writers.base import not_empty
from amends.vault.stores.base import Store, TableShape
from amends.vault.stores.postgres import PostgresStore
from amends.vault.stores.postgres_session import (
    Connection,
    connect,
    copy_in,
    one,
    quoted,
    run,
    store_name,
    told,
)

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"


class PostgresWriter:
    """A copy in a database without tables.

    Args:
        address: ``postgresql://user@host:port/db``.
        source: Address of the source.
        password: Of this server; empty for none.
        source_password: Of the source's server.
    """

    def __init__(
        self, address: str, source: str, password: str = "", source_password: str = ""
    ) -> None:
        self._conn = connect(address, password)
        self.name = store_name(self._conn)
        self.notes: list[str] = []
        self._places: dict[str, str] = {}
        self._later: list[str] = []
        self._ended = False
        held = one(
            self._conn,
            f"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS} AND "
            "c.relkind IN ('r', 'p', 'v', 'm', 'f')",
        )
        if held:
            self._conn.close()
            raise not_empty(self.name)
        is_postgres = source.lower().startswith("postgres")
        self._source: Connection | None = connect(source, source_password) if is_postgres else None
        if self._source is not None and _identity(self._source) == _identity(self._conn):
            raise UsageError(
                "The copy would be written onto its source",
                where=self.name,
                remedy="name another database",
            )

    def begin(self, shapes: Sequence[TableShape]) -> None:
        """Begin the transaction and make the tables."""
        run(self._conn, "BEGIN")
        with told(self.name):
            if self._source is None:
                self._plain(shapes)
            else:
                self._as_source(self._source, shapes)

    def _plain(self, shapes: Sequence[TableShape]) -> None:
        for shape in shapes:
            place = quoted("public", shape.name)
            columns = [
                f"{quoted(c.name)} {_type(c.type)}{'' if c.nullable else ' NOT NULL'}"
                for c in shape.columns
            ]
            if shape.key:
                columns.append(f"PRIMARY KEY ({', '.join(map(quoted, shape.key))})")
            run(self._conn, f"CREATE TABLE {place} ({', '.join(columns)})")
            self._places[shape.name] = place
            for key in shape.foreign_keys:
                here, there = (
                    ", ".join(map(quoted, names)) for names in (key.columns, key.to_columns)
                )
                to = quoted("public", key.table)
                self._later.append(
                    f"ALTER TABLE {place} ADD FOREIGN KEY ({here}) REFERENCES {to} ({there})"
                )

    def _as_source(self, source: Connection, shapes: Sequence[TableShape]) -> None:
        """Make schemas, types and tables with the words of the source's catalog; keep the rest for the end."""
        self._types(source)
        links: list[str] = []
        for shape in shapes:
            oid, schema, name = _table(source, shape.name)
            place = quoted(schema, name)
            run(self._conn, f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
            run(self._conn, f"CREATE TABLE {place} ({', '.join(_columns(source, oid))})")
            self._places[shape.name] = place
            for kind, constraint, words in run(
                source,
                "SELECT contype::text, conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE "
                "conrelid = %s AND contype IN ('p', 'u', 'c', 'x', 'f') AND conislocal "
                "ORDER BY contype <> 'p', conname",
                (oid,),
            ):
                statement = f"ALTER TABLE {place} ADD CONSTRAINT {quoted(constraint)} {words}"
                (links if kind == "f" else self._later).append(statement)
            self._later += [
                str(words)
                for (words,) in run(
                    source,
                    "SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = %s AND NOT EXISTS "
                    "(SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')) "
                    "ORDER BY i.indexrelid",
                    (oid,),
                )
            ]
        self._later += links
        views = one(
            source,
            f"SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_OURS} AND "
            "c.relkind IN ('v', 'm')",
        )
        if views:
            self.notes.append(
                f"not carried over: {views} views; functions, triggers and rights neither"
            )

    def _types(self, source: Connection) -> None:
        """Make the enumerations of the source; columns of a domain become its base type."""
        for schema, name, labels in run(
            source,
            f"SELECT n.nspname::text, t.typname::text, "
            "string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_type t JOIN pg_enum e ON "
            f"e.enumtypid = t.oid JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {_OURS} GROUP BY 1, 2",
        ):
            run(self._conn, f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
            run(self._conn, f"CREATE TYPE {quoted(schema, name)} AS ENUM ({labels})")

    def write(self, table: str, batch: pa.RecordBatch) -> None:
        """Load rows; the server turns texts into its types."""
        columns = ", ".join(map(quoted, batch.schema.names))
        with told(f"{self.name}: {table}"):
            copy_in(self._conn, f"{self._places[table]} ({columns})", batch.columns)

    def finish(self) -> None:
        """Make keys, checks, indexes, and last foreign keys."""
        for statement in self._later:
            run(self._conn, "SAVEPOINT piece")
            try:
                with told(self.name):
                    run(self._conn, statement)
            except (
                Exception
            ) as error:  # one index that cannot be made must not lose the copy; it is said
                run(self._conn, "ROLLBACK TO SAVEPOINT piece")
                words = getattr(error, "what", type(error).__name__)
                self.notes.append(
                    f"not carried over: {statement.split('(')[0].strip()[:160]} ({words})"
                )
        for place in self._places.values():
            _sequences(self._conn, place)

    def store(self) -> Store:
        """Return the copy for reading, inside the transaction."""
        return _Inside(self._conn)

    def publish(self) -> None:
        """End the transaction: now everybody sees the copy."""
        run(self._conn, "COMMIT")
        self._ended = True

    def abandon(self) -> None:
        """Undo what was not published, and let the sessions go."""
        if not self._conn.closed:
            if not self._ended:
                run(self._conn, "ROLLBACK")
            self._conn.close()
        if self._source is not None:
            self._source.close()


class _Inside(PostgresStore):
    """Reads within the writer's transaction; the session stays."""

    def close(self) -> None:
        """Leave the session open."""


def _identity(conn: Connection) -> object:
    """Return what tells a database from others, whatever name its server was called by."""
    known = one(conn, "SELECT oid FROM pg_database WHERE datname = current_database()")
    started = one(conn, "SELECT pg_postmaster_start_time()::text")
    return known, started, one(conn, "SELECT current_setting('port')")


def _table(source: Connection, name: str) -> tuple[int, str, str]:
    from amends.vault.stores.postgres_catalog import relation  # noqa: PLC0415

    found = relation(source, name)
    return found.oid, found.schema, found.name


def _columns(source: Connection, oid: int) -> Iterator[str]:
    for name, kind, required, identity, generated, default in run(
        source,
        "SELECT a.attname::text, format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE a.atttypid END, "
        "CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END), a.attnotnull, a.attidentity::text, "
        "a.attgenerated::text, pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_type t ON "
        "t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE "
        "a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        (oid,),
    ):
        words = f"{quoted(name)} {kind}"
        if identity or "nextval(" in (default or ""):
            words += " GENERATED BY DEFAULT AS IDENTITY"
        elif default and not generated:
            words += f" DEFAULT {default}"
        yield words + (" NOT NULL" if required else "")


def _sequences(conn: Connection, place: str) -> None:
    """Let numbers the server gives begin after those that were copied."""
    for (column,) in run(
        conn,
        "SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> ''",
        (place,),
    ):
        name = quoted(column)
        run(
            conn,
            f"SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max({name}), 0) + 1, false) FROM {place}",
            (place, column),
        )


def _type(kind: str) -> str:
    plain = kind.lower()
    if "int" in plain and "interval" not in plain and "point" not in plain:
        return "bigint"
    if any(word in plain for word in ("real", "float", "double")):
        return "double precision"
    if any(word in plain for word in ("num", "dec")):
        return "numeric"
    return "text"
