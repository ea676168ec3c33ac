"""A table of a database, in the order of its key: each chunk is one transaction, its watermark in it.

One implementation for SQLite, PostgreSQL and MySQL/MariaDB, through SQLAlchemy Core. How far a rotation has come stands
in the table ``amends_rotations`` of the same database.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from amends.kernel.errors import TableError, UsageError
from amends.vault.chunks.base import CHUNK_ROWS, Chunk, Turn

_METADATA = sa.MetaData()

ROTATIONS = sa.Table(
    "amends_rotations",
    _METADATA,
    sa.Column("mark", sa.String(64), primary_key=True),
    sa.Column("place", sa.String(200), primary_key=True),
    sa.Column("upto", sa.Text, nullable=False),
)
"""One row is one rotation of one table: rows whose key is at most ``upto`` (JSON) have been through it."""

_Key = list[Any]  # Any: whatever a key column holds; integers and texts


class SqlTable:
    """Columns of one table.

    Args:
        engine: The database.
        table: The table; ``schema.table`` where there are schemas.
        columns: Columns that hold tokens.
        rows: Rows to one transaction.

    Raises:
        UsageError: There is no such table, it lacks a column, or has no key of integers or texts.
    """

    def __init__(
        self, engine: sa.Engine, table: str, columns: Sequence[str], rows: int = CHUNK_ROWS
    ) -> None:
        self.name = table
        self._engine, self._rows = engine, rows
        self._table = _reflected(engine, table)
        self._columns = tuple(columns)
        self._keys = list(self._table.primary_key.columns)
        known = {c.name for c in self._table.columns}
        if missing := [c for c in columns if c not in known]:
            raise UsageError(
                "The table lacks a column", where=f"{table} {missing[0]}", remedy="check the names"
            )
        if not self._keys or not all(
            isinstance(k.type, sa.Integer | sa.String) for k in self._keys
        ):
            raise UsageError(
                "The table has no primary key of integers or texts, by which it could be walked",
                where=table,
                remedy="give it one, or rotate a copy of it in Parquet",
            )
        self._place = json.dumps([table, *self._columns])[:200]

    def pieces(self, mark: str = "") -> Iterator[str]:
        """Yield each range of keys: JSON of the key before it and its last key. No range straddles the watermark."""
        upto = self._begun(mark) if mark else []
        if upto:
            yield from self._walk([], upto)
        yield from self._walk(upto)

    def todo(self, mark: str) -> Iterator[str]:
        """Yield each range of keys that lies behind the watermark."""
        return self._walk(self._begun(mark))

    def read(self, piece: str) -> Chunk:
        """Return the rows of a range, and the rotations whose watermark has passed it."""
        after, upto = json.loads(piece)
        with self._snapshot() as connection:
            rows = connection.execute(self._select(after, upto)).all()
            marks = self._marks(connection, after, upto)
        return Chunk(self._texts(rows), marks)

    def change(self, piece: str, mark: str, turn: Turn) -> int:
        """Read, turn and write one range and move the watermark, in one transaction that keeps other writers out."""
        after, upto = json.loads(piece)
        with self._writing() as connection:
            query = self._after(self._select(after, upto), self._watermark(connection, mark))
            if self._engine.dialect.name != "sqlite":
                query = query.with_for_update()
            rows = connection.execute(query).all()
            if not rows:
                return 0
            made = turn(self._texts(rows))
            self._update(connection, rows, made)
            gone = sa.and_(ROTATIONS.c.mark == mark, ROTATIONS.c.place == self._place)
            connection.execute(ROTATIONS.delete().where(gone))
            connection.execute(
                ROTATIONS.insert().values(mark=mark, place=self._place, upto=json.dumps(upto))
            )
        return len(rows)

    def forget(self, mark: str) -> None:
        """Take the watermarks of a rotation out of the database."""
        gone = sa.and_(ROTATIONS.c.mark.startswith(mark), ROTATIONS.c.place == self._place)
        with self._answering(), self._engine.begin() as connection:
            connection.execute(ROTATIONS.delete().where(gone))

    def _update(self, connection: sa.Connection, rows: Sequence[Any], made: Any) -> None:
        n_keys = len(self._keys)
        new = {name: made[name].to_pylist() for name in self._columns}
        changed = [
            {
                **{f"key_{i}": row[i] for i in range(n_keys)},
                **{f"new_{i}": new[c][at] for i, c in enumerate(self._columns)},
            }
            for at, row in enumerate(rows)
            if any(new[c][at] != row[n_keys + i] for i, c in enumerate(self._columns))
        ]
        if not changed:
            return
        where = [key == sa.bindparam(f"key_{i}") for i, key in enumerate(self._keys)]
        values: dict[str, Any] = {c: sa.bindparam(f"new_{i}") for i, c in enumerate(self._columns)}
        connection.execute(self._table.update().where(*where).values(values), changed)

    def _begun(self, mark: str) -> _Key:
        with self._answering(), self._engine.begin() as connection:
            _METADATA.create_all(connection)
        with self._engine.connect() as connection:
            return self._watermark(connection, mark)

    def _walk(self, after: _Key, end: _Key | None = None) -> Iterator[str]:
        while True:
            keys = [k.label(f"k{i}") for i, k in enumerate(self._keys)]
            some = self._after(sa.select(*keys), after).order_by(*self._keys).limit(self._rows)
            held = (some.where(self._compared("<=", end)) if end else some).subquery()
            last = sa.select(held).order_by(*(c.desc() for c in held.c)).limit(1)
            with self._answering(), self._engine.connect() as connection:
                found = connection.execute(last).first()
            if found is None:
                return
            upto = list(found)
            yield json.dumps([after, upto])
            after = upto

    def _select(self, after: _Key, upto: _Key) -> sa.Select[Any]:
        columns = [self._table.c[c] for c in self._columns]
        query = self._after(sa.select(*self._keys, *columns), after)
        return query.where(self._compared("<=", upto)).order_by(*self._keys)

    def _after(self, query: sa.Select[Any], after: _Key) -> sa.Select[Any]:
        return query.where(self._compared(">", after)) if after else query

    def _compared(self, sign: str, key: _Key) -> sa.ColumnElement[bool]:
        if len(self._keys) == 1:
            return self._keys[0].op(sign, is_comparison=True)(key[0])
        bound = [sa.literal(v, k.type) for v, k in zip(key, self._keys, strict=True)]
        return sa.tuple_(*self._keys).op(sign, is_comparison=True)(sa.tuple_(*bound))

    def _texts(self, rows: Sequence[Any]) -> dict[str, pa.Array]:
        n_keys = len(self._keys)
        return {
            name: pa.array([row[n_keys + i] for row in rows], pa.string())
            for i, name in enumerate(self._columns)
        }

    def _watermark(self, connection: sa.Connection, mark: str) -> _Key:
        query = sa.select(ROTATIONS.c.upto).where(
            ROTATIONS.c.mark == mark, ROTATIONS.c.place == self._place
        )
        found = connection.execute(query).scalar()
        return json.loads(found) if found else []

    def _marks(self, connection: sa.Connection, after: _Key, upto: _Key) -> frozenset[str]:
        """Return the rotations whose watermark has passed every row of a range, as the database orders keys."""
        if not sa.inspect(connection).has_table(ROTATIONS.name):
            return frozenset()
        query = sa.select(ROTATIONS.c.mark, ROTATIONS.c.upto)
        held = connection.execute(query.where(ROTATIONS.c.place == self._place)).all()
        return frozenset(
            mark
            for mark, passed in held
            if connection.execute(
                self._after(self._select(after, upto), json.loads(passed)).limit(1)
            ).first()
            is None
        )

    @contextmanager
    def _snapshot(self) -> Iterator[sa.Connection]:
        """Give a connection whose reads are of one moment."""
        with self._answering(), self._engine.connect() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection
            connection.rollback()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Give a connection in a transaction that no other writer is in."""
        with self._answering(), self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Say in our words what the database refused: its own hold the values that were bound."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise TableError(
                f"The database did not do as it was asked ({type(error.orig).__name__})",
                where=self.name,
                remedy="look into its log: a lock, a lost connection, a right, a column too narrow for a token; "
                "then run the same command again",
            ) from None


def _reflected(engine: sa.Engine, name: str) -> sa.Table:
    schema, _, table = name.rpartition(".")
    try:
        return sa.Table(table, sa.MetaData(), schema=schema or None, autoload_with=engine)
    except sa.exc.NoSuchTableError as error:
        raise UsageError(
            "There is no such table", where=name, remedy="check the name, and the schema before it"
        ) from error
    except sa.exc.DBAPIError:
        raise TableError(
            "The database does not answer, or is no database",
            where=name,
            remedy="check the store's address",
        ) from None  # the driver's words may hold the address
