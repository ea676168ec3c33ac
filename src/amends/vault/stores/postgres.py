"""PostgreSQL: a shadow table in a schema of its own, writes caught by triggers, a swap of two schemas.

What stands in the database for a change V…: the schema ``amends_vault`` (states, logs of keys), ``amends_new_v…`` (the
shadow, until the swap) and ``amends_clear_v…`` (the clear copy, from the swap on). Nobody but their owner and
superusers can look into them. All that a state consists of is written in one transaction, so it is one or the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from amends.kernel.errors import TableError
from amends.vault.stores.base import (
    BATCH_ROWS,
    Change,
    ChangeState,
    Convert,
    Copying,
    Outlook,
    TableShape,
)
from amends.vault.stores.postgres_back import Back
from amends.vault.stores.postgres_carry import catch_up, catch_writes, make_table, stop_catching
from amends.vault.stores.postgres_catalog import (
    CLEAR,
    NEW,
    checks_left_off,
    relation,
    shapes,
)
from amends.vault.stores.postgres_exchange import Exchange, exchange, lock, patiently, validate
from amends.vault.stores.postgres_kept import Kept, ensure_ours, kept_of, write_kept
from amends.vault.stores.postgres_session import (
    Connection,
    connect,
    copy_stream,
    quoted,
    run,
    store_name,
    told,
    transaction,
)
from amends.vault.stores.postgres_words import in_the_way, leftovers, new_types, outlook
from amends.vault.stores.postgres_work import BUSY, CALM, Work

_STATES: Mapping[str, ChangeState] = {
    "copying": "copying", "keyed": "copying", "indexed": "copying", "copied": "copied", "swapped": "swapped",
    "dropped": "dropped", "revealing": "dropped", "revealing_keyed": "dropped", "revealed": "dropped",
}  # fmt: skip


def opened(address: str, password: str) -> PostgresStore:
    """Open a database."""
    return PostgresStore(connect(address, password))


class PostgresStore:
    """The tables of one database.

    Args:
        conn: Session, with autocommit.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._work = Work(conn)
        self.name = store_name(conn)

    def __repr__(self) -> str:
        return f"PostgresStore({self.name!r})"

    def close(self) -> None:
        """Let the session go, and with it every lock."""
        self._conn.close()

    # --- reading

    def tables(self, *, count: bool = True) -> list[TableShape]:
        """Return the tables, sorted by schema and name."""
        with told(self.name):
            return shapes(self._conn, count=count)

    def batches(
        self, table: str, columns: Sequence[str] = (), rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts."""
        with told(table):
            source = relation(self._conn, table)
            names = list(columns) or [c.name for c in source.columns]
            texts = ", ".join(f"s.{quoted(source.column(n).name)}::text" for n in names)
            yield from copy_stream(
                self._conn, f"SELECT {texts or 'NULL'} FROM {source.qualified} s", names, rows
            )

    # --- before

    def outlook(self, change: Change) -> Outlook:
        """Return what stands in the way and what will be different, from a rehearsal that is undone."""
        with told(change.table):
            return outlook(self._conn, change)

    # --- the way there

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is."""
        with told(change.table):
            kept = kept_of(self._conn, change.change_id)
            return _STATES[kept.phase] if kept else "none"

    def start(self, change: Change) -> None:
        """Make the shadow and begin to catch writes."""
        with told(change.table):
            self._work.alone(change)
            if kept_of(self._conn, change.change_id):
                return
            table = relation(self._conn, change.table)
            found = in_the_way(self._conn, table, change)
            if found:
                raise TableError(found[0].what, where=change.table, remedy=found[0].remedy)
            types = new_types(table, change)
            spec: dict[str, object] = {
                "types": {n: table.column(n).type for n in types},
                "left_off": checks_left_off(self._conn, table, change),
                "columns": list(change.columns),
            }
            kept = Kept(change.change_id, table.schema, table.name, "copying", (), spec)

            def work() -> None:
                ensure_ours(self._conn)
                make_table(self._conn, table, NEW + change.change_id.lower(), types)
                catch_writes(self._conn, kept, table)
                write_kept(self._conn, kept)

            patiently(self._conn, change.table, work)

    def copy(self, change: Change, convert: Convert) -> Iterator[Copying]:
        """Copy rows and what was written meanwhile."""
        with told(change.table):
            self._work.alone(change)
            kept = self._work.kept(change)
            route = self._work.route(kept, change, relation(self._conn, kept.table), kept.shadow)
            if kept.phase == "copying":
                yield from self._work.pieces(route, change.chunk_rows, convert, "keyed")
            kept = self._work.kept(change)
            if kept.phase == "keyed":
                yield from self._work.catch_up(route, convert, change.chunk_rows, calm=BUSY)
                yield Copying(0, "building indexes")
                self._work.build(route, "indexed")
                kept = self._work.kept(change)
            if kept.phase == "indexed":
                run(self._conn, f"ANALYZE {kept.shadow}")
                self._work.phase(kept, "copied")
            yield from self._work.catch_up(route, convert, change.chunk_rows, calm=CALM)

    # --- looking at both

    @contextmanager
    def instant(self, changes: Mapping[Change, Convert]) -> Iterator[None]:
        """Hold one snapshot, the shadows caught up in it."""
        where = ", ".join(c.table for c in changes)
        with told(where), transaction(self._conn, "REPEATABLE READ"):
            run(self._conn, "SELECT 1")
            for change, convert in changes.items():
                kept = self._work.kept(change)
                if kept.phase == "copied":
                    source = relation(self._conn, kept.table)
                    route = self._work.route(kept, change, source, kept.shadow)
                    catch_up(self._conn, route, convert, 0, change.chunk_rows)
            yield

    def shadow(self, change: Change) -> str:
        """Return the name of the shadow, or after the swap of the clear copy."""
        with told(change.table):
            kept = self._work.kept(change)
            return kept.clear if kept.phase == "swapped" else kept.shadow

    # --- the swap

    def swap(self, changes: Mapping[Change, Convert]) -> None:
        """Let shadows and tables change places, all at once."""
        where = ", ".join(c.table for c in changes)
        with told(where):
            due = {c: v for c, v in changes.items() if self._work.kept(c).phase == "copied"}
            for change, convert in due.items():
                self._work.alone(change)
                for _ in self.copy(change, convert):
                    pass
            if due:
                patiently(self._conn, where, lambda: self._swap(due))
            for change in changes:
                self._finish(self._work.kept(change))

    def _swap(self, changes: Mapping[Change, Convert]) -> None:
        conn = self._conn
        made: list[Exchange] = []
        lock(conn, [relation(conn, self._work.kept(c).table) for c in changes])
        for change, convert in changes.items():
            kept = self._work.kept(change)
            source = relation(conn, kept.table)
            catch_up(
                conn,
                self._work.route(kept, change, source, kept.shadow),
                convert,
                0,
                change.chunk_rows,
            )
            guard = tuple(c for c in change.columns if c not in change.kept) if change.guard else ()
            made.append(
                Exchange(
                    kept,
                    source,
                    relation(conn, kept.shadow),
                    CLEAR + change.change_id.lower(),
                    guard,
                )
            )
        later = exchange(conn, made)
        for one_made in made:
            catch_writes(conn, one_made.kept, relation(conn, one_made.kept.table))
            mine = later if one_made is made[-1] else []
            self._work.phase(one_made.kept, "swapped", validate=mine)

    def _finish(self, kept: Kept) -> None:
        """Validate foreign keys and gather statistics after a swap."""
        left = kept.spec.get("validate")
        for table, name in left if isinstance(left, list) else []:
            validate(self._conn, table, name)
        if "validate" in kept.spec:
            run(self._conn, f"ANALYZE {kept.table}")
            write_kept(
                self._conn,
                replace(kept, spec={k: v for k, v in kept.spec.items() if k != "validate"}),
            )

    # --- the way back

    def undo(self, changes: Mapping[Change, Convert]) -> Iterator[Copying]:
        """Bring tables back in clear, from any state."""
        yield from Back(self._work).undo(changes)

    # --- the end

    def drop_clear(self, change: Change) -> None:
        """Drop the clear copy."""
        with told(change.table):
            kept = self._work.kept(change)
            if kept.phase == "dropped":
                return
            if kept.phase != "swapped":
                raise TableError(
                    "The table is not protected yet, so there is no clear copy to drop",
                    where=change.table,
                    remedy="run amends vault protect first",
                )
            self._work.alone(change)

            def work() -> None:
                stop_catching(self._conn, kept, kept.table)
                run(self._conn, f"DROP TABLE {kept.clear}")
                run(self._conn, f"DROP SCHEMA {quoted(CLEAR + kept.change_id.lower())}")
                self._work.phase(kept, "dropped")

            patiently(self._conn, change.table, work)

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where copies in clear may still be."""
        with told(change.table):
            return list(leftovers(self._conn, kept_of(self._conn, change.change_id)))
