"""PostgreSQL: a shadow table in a schema of its own, writes caught by triggers, a swap of two schemas.

What stands in the database for a change V…: the schema ``amends_vault`` (states, logs of keys), ``amends_new_v…`` (the
shadow, until the swap) and ``amends_clear_v…`` (the clear copy, from the swap on). Nobody but their owner and
superusers can look into them. All that a state consists of is written in one transaction, so it is one or the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa

from amends.kernel.errors import BusyError, TableError
from amends.vault.stores import postgres_objects as objects
from amends.vault.stores.base import (
    BATCH_ROWS,
    Change,
    ChangeState,
    Convert,
    Copying,
    Outlook,
    Refusal,
    TableShape,
)
from amends.vault.stores.postgres_carry import (
    GUARD,
    Kept,
    Route,
    after,
    carry_piece,
    catch_up,
    catch_writes,
    ensure_ours,
    forget_kept,
    in_order,
    kept_of,
    make_table,
    other_changes,
    stop_catching,
    write_kept,
)
from amends.vault.stores.postgres_catalog import (
    CLEAR,
    NEW,
    Relation,
    checks_left_off,
    index_warnings,
    refusals,
    relation,
    shapes,
)
from amends.vault.stores.postgres_exchange import Exchange, exchange, lock, patiently, validate
from amends.vault.stores.postgres_session import (
    Connection,
    TooWideError,
    connect,
    copy_stream,
    one,
    quoted,
    run,
    store_name,
    told,
    transaction,
)

_STATES: Mapping[str, ChangeState] = {
    "copying": "copying", "keyed": "copying", "indexed": "copying", "copied": "copied", "swapped": "swapped",
    "dropped": "dropped", "revealing": "dropped", "revealing_keyed": "dropped", "revealed": "dropped",
}  # fmt: skip
CALM = 500
"""Entries in the log few enough to be carried over while the lock is held."""
CATCH_UP_ROUNDS = 30
WAITS = 40
"""Times a quarter of a second that we wait for a session before us, which the server may still hold after a kill."""
TOKEN_BYTES = 40
"""About what a token takes beyond its value: form, 16 bytes of tag, a third for the text (measured)."""


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
            table = relation(self._conn, change.table)
            found = [
                *refusals(self._conn, table, change),
                *other_changes(self._conn, table, change),
            ]
            if not found:
                found += self._rehearsal(table, change)
            return Outlook(
                tuple(found), tuple(self._changes(table, change)), _needed(table, change)
            )

    def _rehearsal(self, table: Relation, change: Change) -> list[Refusal]:
        """Make the shadow empty with all that stands on it, and undo that: what cannot be carried over shows."""
        try:
            with transaction(self._conn):
                schema = f"amends_rehearsal_{change.change_id.lower()}"
                make_table(self._conn, table, schema, _types(table, change))
                target = quoted(schema, table.name)
                left_off = [name for name, _ in checks_left_off(self._conn, table, change)]
                for statement in (
                    *objects.first_index(self._conn, table, target),
                    *objects.other_indexes(self._conn, table, target, left_off),
                ):
                    with told(change.table):
                        run(self._conn, statement)
                raise _RehearsedError
        except _RehearsedError:
            return []
        except TableError as error:
            return [
                Refusal(
                    f"An index or constraint cannot stand on tokens: {error.what}", "drop it before"
                )
            ]

    def _changes(self, table: Relation, change: Change) -> list[str]:
        made = []
        for name, wanted in _types(table, change).items():
            was = table.column(name).type
            made.append(f"column {name}: type {was} becomes {wanted}")
        for name, _ in checks_left_off(self._conn, table, change):
            made.append(f"check {name} speaks of protected columns: left off; undo brings it back")
        made += index_warnings(self._conn, table, change)
        rows = run(self._conn, objects._VIEWS, ([table.oid],))
        for _, kind, name, _ in rows:
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

    # --- the way there

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is."""
        with told(change.table):
            kept = kept_of(self._conn, change.change_id)
            return _STATES[kept.phase] if kept else "none"

    def start(self, change: Change) -> None:
        """Make the shadow and begin to catch writes."""
        with told(change.table):
            self._alone(change)
            if kept_of(self._conn, change.change_id):
                return
            table = relation(self._conn, change.table)
            found = [
                *refusals(self._conn, table, change),
                *other_changes(self._conn, table, change),
            ]
            if found:
                raise TableError(found[0].what, where=change.table, remedy=found[0].remedy)
            types = _types(table, change)
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

    def _alone(self, change: Change) -> None:
        """Let one session at a time work on a change; the lock goes with the session.

        Raises:
            BusyError: Another one does.
        """
        for _ in range(WAITS):
            if one(
                self._conn,
                "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(%s, 0))",
                (change.change_id,),
            ):
                return
            time.sleep(0.25)
        raise BusyError(
            "Another session is working on this table",
            where=change.table,
            remedy="wait for it; if it was killed a moment ago, give the same command again",
        )

    def copy(self, change: Change, convert: Convert) -> Iterator[Copying]:
        """Copy rows and what was written meanwhile."""
        with told(change.table):
            self._alone(change)
            kept = self._kept(change)
            route = self._route(kept, change, relation(self._conn, kept.table), kept.shadow)
            if kept.phase == "copying":
                yield from self._pieces(route, change.chunk_rows, convert, "keyed")
            kept = self._kept(change)
            if kept.phase == "keyed":
                yield from self._catch_up(route, convert, change.chunk_rows, calm=50_000)
                yield Copying(0, "building indexes")
                self._build(route, "indexed")
                kept = self._kept(change)
            if kept.phase == "indexed":
                run(self._conn, f"ANALYZE {kept.shadow}")
                self._phase(kept, "copied")
            yield from self._catch_up(route, convert, change.chunk_rows, calm=CALM)

    def _kept(self, change: Change) -> Kept:
        kept = kept_of(self._conn, change.change_id)
        if kept is None:
            raise TableError(
                "This change was not begun here",
                where=f"{self.name} {change.table}",
                remedy="use the store and the plan it was begun with",
            )
        return kept

    def _phase(self, kept: Kept, phase: str, **spec: object) -> Kept:
        made = replace(kept, phase=phase, last_key=(), spec={**kept.spec, **spec})
        write_kept(self._conn, made)
        return made

    def _route(self, kept: Kept, change: Change, source: Relation, target: str) -> Route:
        types = {c.name: c.type for c in relation(self._conn, target).columns}
        wanted = [c.name for c in source.columns if c.name not in types]
        if wanted or len(types) != len(source.columns):
            raise TableError(
                "The table's columns were changed since the change began",
                where=change.table,
                remedy="undo it, make a new plan and begin again: nothing is lost",
            )
        return Route(kept, source, target, change.columns, types)

    def _pieces(
        self, route: Route, chunk_rows: int, convert: Convert, then: str
    ) -> Iterator[Copying]:
        """Copy what is not copied yet, in order of the key, and index the key."""
        conn, kept, rows = self._conn, route.kept, chunk_rows
        while True:
            try:
                with transaction(conn, "REPEATABLE READ"):
                    done, last = carry_piece(
                        conn,
                        route,
                        after(route.source, kept.last_key),
                        in_order(route.source, rows),
                        convert,
                    )
                    if done:
                        kept = replace(kept, last_key=last)
                        write_kept(conn, kept)
                        run(
                            conn,
                            "UPDATE amends_vault.changes SET rows_done = rows_done + %s WHERE change_id = %s",
                            (done, kept.change_id),
                        )
            except TooWideError:
                rows = max(1, rows // 4)
                continue
            if not done:
                break
            yield Copying(done)
            rows = min(chunk_rows, rows * 2)
        with transaction(conn):
            for statement in objects.first_index(conn, route.source, route.target):
                run(conn, statement)
            self._phase(kept, then)

    def _build(self, route: Route, then: str) -> None:
        """Make the other indexes and constraints on the target."""
        conn, kept = self._conn, self._again(route.kept)
        names = [name for name, _ in _left_off(kept)]
        with transaction(conn):
            # Unique indexes need the target as it is at one instant: nothing half carried over.
            for statement in objects.other_indexes(conn, route.source, route.target, names):
                run(conn, statement)
            self._phase(kept, then)

    def _again(self, kept: Kept) -> Kept:
        found = kept_of(self._conn, kept.change_id)
        assert found is not None
        return found

    def _catch_up(self, route: Route, convert: Convert, rows: int, calm: int) -> Iterator[Copying]:
        """Carry over what was written, until little is left."""
        for _ in range(CATCH_UP_ROUNDS):
            with transaction(self._conn, "REPEATABLE READ"):
                taken = catch_up(self._conn, route, convert, 0, rows)
            yield Copying(0, "catching up")
            if taken <= calm:
                return

    # --- looking at both

    @contextmanager
    def instant(self, changes: Mapping[Change, Convert]) -> Iterator[None]:
        """Hold one snapshot, the shadows caught up in it."""
        where = ", ".join(c.table for c in changes)
        with told(where), transaction(self._conn, "REPEATABLE READ"):
            run(self._conn, "SELECT 1")
            for change, convert in changes.items():
                kept = self._kept(change)
                if kept.phase == "copied":
                    source = relation(self._conn, kept.table)
                    route = self._route(kept, change, source, kept.shadow)
                    catch_up(self._conn, route, convert, 0, change.chunk_rows)
            yield

    def shadow(self, change: Change) -> str:
        """Return the name of the shadow, or after the swap of the clear copy."""
        with told(change.table):
            kept = self._kept(change)
            return kept.clear if kept.phase == "swapped" else kept.shadow

    # --- the swap

    def swap(self, changes: Mapping[Change, Convert]) -> None:
        """Let shadows and tables change places, all at once."""
        where = ", ".join(c.table for c in changes)
        with told(where):
            due = {c: v for c, v in changes.items() if self._kept(c).phase == "copied"}
            for change, convert in due.items():
                self._alone(change)
                for _ in self.copy(change, convert):
                    pass
            if due:
                patiently(self._conn, where, lambda: self._swap(due))
            for change in changes:
                self._finish(self._kept(change))

    def _swap(self, changes: Mapping[Change, Convert]) -> None:
        conn = self._conn
        made: list[Exchange] = []
        lock(conn, [relation(conn, self._kept(c).table) for c in changes])
        for change, convert in changes.items():
            kept = self._kept(change)
            source = relation(conn, kept.table)
            catch_up(
                conn, self._route(kept, change, source, kept.shadow), convert, 0, change.chunk_rows
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
            self._phase(one_made.kept, "swapped", validate=mine)

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
        where = ", ".join(c.table for c in changes)
        with told(where):
            back: dict[Change, Convert] = {}
            for change, reveal in changes.items():
                kept = kept_of(self._conn, change.change_id)
                if kept is None:
                    continue
                self._alone(change)
                if kept.phase in ("copying", "keyed", "indexed", "copied"):
                    patiently(self._conn, change.table, lambda k=kept: self._abandon(k))  # type: ignore[misc]
                    continue
                yield from self._ready_to_reveal(kept, change, reveal)
                back[change] = reveal
            if back:
                later: list[tuple[str, str]] = []
                patiently(
                    self._conn, where, lambda: later.__setitem__(slice(None), self._reveal(back))
                )
                for table, name in later:
                    yield from self._validated(table, name)
                for change in back:
                    run(self._conn, f"ANALYZE {relation(self._conn, change.table).qualified}")

    def _validated(self, table: str, name: str) -> Iterator[Copying]:
        """Let a constraint be checked over the rows that were there; it stays unproved where one fails."""
        try:
            with told(table):
                validate(self._conn, table, name)
        except TableError:
            yield Copying(
                0, f"{table}: {name} is back, but a row written since does not satisfy it"
            )

    def _abandon(self, kept: Kept) -> None:
        """Take shadow, log and triggers away: the table was never touched."""
        stop_catching(self._conn, kept, kept.table)
        run(self._conn, f"DROP TABLE IF EXISTS {kept.shadow}")
        run(self._conn, f"DROP SCHEMA IF EXISTS {quoted(NEW + kept.change_id.lower())}")
        forget_kept(self._conn, kept.change_id)

    def _ready_to_reveal(self, kept: Kept, change: Change, reveal: Convert) -> Iterator[Copying]:
        """Bring what takes time behind us: catch the clear copy up, or make a new one from tokens."""
        live = relation(self._conn, kept.table)
        if kept.phase == "swapped" and self._same_columns(kept, live):
            # What the clear copy's own checks would refuse has come since: the rows count, the checks come after.
            with transaction(self._conn):
                for name, _ in _left_off(kept):
                    run(
                        self._conn,
                        f"ALTER TABLE {kept.clear} DROP CONSTRAINT IF EXISTS {quoted(name)}",
                    )
            route = self._route(kept, change, live, kept.clear)
            yield from self._catch_up(route, reveal, change.chunk_rows, calm=CALM)
            return
        if kept.phase in ("swapped", "dropped"):
            types = kept.spec.get("types")
            wanted = {str(k): str(v) for k, v in types.items()} if isinstance(types, dict) else {}

            def work() -> None:
                make_table(self._conn, live, NEW + change.change_id.lower(), wanted)
                catch_writes(self._conn, kept, live)
                self._phase(kept, "revealing")

            patiently(self._conn, change.table, work)
            kept = self._kept(change)
        route = self._route(kept, change, live, kept.shadow)
        if kept.phase == "revealing":
            yield from self._pieces(route, change.chunk_rows, reveal, "revealing_keyed")
            kept = self._kept(change)
        if kept.phase == "revealing_keyed":
            yield from self._catch_up(route, reveal, change.chunk_rows, calm=50_000)
            self._restore(route)
        yield from self._catch_up(route, reveal, change.chunk_rows, calm=CALM)

    def _same_columns(self, kept: Kept, live: Relation) -> bool:
        """Say whether the clear copy still has the columns of the live table."""
        clear = relation(self._conn, kept.clear)
        types = kept.spec.get("types")
        changed = types if isinstance(types, dict) else {}
        return [(c.name, changed.get(c.name) or c.type, c.not_null) for c in live.columns] == [
            (c.name, c.type, c.not_null) for c in clear.columns
        ]

    def _restore(self, route: Route) -> None:
        """Make indexes and checks on the revealed table, those that were left off included."""
        conn, kept = self._conn, self._again(route.kept)
        ours = [
            str(row[0])
            for row in run(
                conn,
                "SELECT conname FROM pg_constraint WHERE conrelid = %s AND starts_with(conname, %s)",
                (route.source.oid, GUARD),
            )
        ]
        with transaction(conn):
            for statement in objects.other_indexes(conn, route.source, route.target, ours):
                run(conn, statement)
            self._phase(kept, "revealed")

    def _reveal(self, changes: Mapping[Change, Convert]) -> list[tuple[str, str]]:
        """Let the clear tables have their places again, and drop the tokens."""
        conn = self._conn
        made: list[Exchange] = []
        lock(conn, [relation(conn, self._kept(c).table) for c in changes])
        for change, reveal in changes.items():
            kept = self._kept(change)
            live = relation(conn, kept.table)
            target = kept.clear if kept.phase == "swapped" else kept.shadow
            catch_up(conn, self._route(kept, change, live, target), reveal, 0, change.chunk_rows)
            made.append(Exchange(kept, live, relation(conn, target), ""))
        later = exchange(conn, made)
        for one_made in made:
            kept = one_made.kept
            for name, text in _left_off(kept):
                plain = text.removesuffix(" NOT VALID")
                run(
                    conn,
                    f"ALTER TABLE {kept.table} ADD CONSTRAINT {quoted(name)} {plain} NOT VALID",
                )
                later += [(kept.table, name)] if plain == text else []
            stop_catching(conn, kept, kept.table)
            run(conn, f"DROP TABLE IF EXISTS {kept.clear}")
            run(conn, f"DROP SCHEMA IF EXISTS {quoted(CLEAR + kept.change_id.lower())}")
            forget_kept(conn, kept.change_id)
        return later

    # --- the end

    def drop_clear(self, change: Change) -> None:
        """Drop the clear copy."""
        with told(change.table):
            kept = self._kept(change)
            if kept.phase == "dropped":
                return
            if kept.phase != "swapped":
                raise TableError(
                    "The table is not protected yet, so there is no clear copy to drop",
                    where=change.table,
                    remedy="run amends vault protect first",
                )
            self._alone(change)

            def work() -> None:
                stop_catching(self._conn, kept, kept.table)
                run(self._conn, f"DROP TABLE {kept.clear}")
                run(self._conn, f"DROP SCHEMA {quoted(CLEAR + kept.change_id.lower())}")
                self._phase(kept, "dropped")

            patiently(self._conn, change.table, work)

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where copies in clear may still be."""
        with told(change.table):
            return list(_leftovers(self._conn, kept_of(self._conn, change.change_id), change))


class _RehearsedError(Exception):
    """A rehearsal is over, and what it made is undone."""


def _left_off(kept: Kept) -> list[tuple[str, str]]:
    """Return the checks that do not stand on tokens: name and definition."""
    listed = kept.spec.get("left_off")
    return [(str(name), str(text)) for name, text in listed] if isinstance(listed, list) else []


def _types(table: Relation, change: Change) -> dict[str, str]:
    """Return the columns whose type changes, and to what."""
    return {
        name: "text"
        for name in change.columns
        if name not in change.kept and table.column(name).type != "text"
    }


def _needed(table: Relation, change: Change) -> int:
    rows = max(table.size_bytes // 100, 1)  # a narrow guess: rows of a hundred bytes
    return table.size_bytes + rows * TOKEN_BYTES * len(change.columns)


def _leftovers(conn: Connection, kept: Kept | None, change: Change) -> Iterator[str]:
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
