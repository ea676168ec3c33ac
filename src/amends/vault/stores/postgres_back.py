"""The way back in PostgreSQL: before the swap the shadow goes; after it the clear copy is caught up, or made anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from amends.kernel.errors import TableError
from amends.vault.stores import postgres_objects as objects
from amends.vault.stores.base import Change, Convert, Copying
from amends.vault.stores.postgres_carry import (
    GUARD,
    Route,
    catch_up,
    catch_writes,
    make_table,
    stop_catching,
)
from amends.vault.stores.postgres_catalog import CLEAR, NEW, Relation, relation
from amends.vault.stores.postgres_exchange import Exchange, exchange, lock, patiently, validate
from amends.vault.stores.postgres_kept import Kept, forget_kept, kept_of
from amends.vault.stores.postgres_session import quoted, run, told, transaction
from amends.vault.stores.postgres_work import BUSY, CALM, Work, left_off


class Back:
    """Undoes changes of one database.

    Args:
        work: Its steps.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._conn = work.conn

    def undo(self, changes: Mapping[Change, Convert]) -> Iterator[Copying]:
        """Bring tables back in clear, from any state."""
        where = ", ".join(c.table for c in changes)
        with told(where):
            back: dict[Change, Convert] = {}
            for change, reveal in changes.items():
                kept = kept_of(self._conn, change.change_id)
                if kept is None:
                    continue
                self._work.alone(change)
                if kept.phase in ("copying", "keyed", "indexed", "copied"):
                    patiently(self._conn, change.table, lambda k=kept: self._abandon(k))  # type: ignore[misc]  # a default binds the loop's value
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
                for name, _ in left_off(kept):
                    run(
                        self._conn,
                        f"ALTER TABLE {kept.clear} DROP CONSTRAINT IF EXISTS {quoted(name)}",
                    )
            route = self._work.route(kept, change, live, kept.clear)
            yield from self._work.catch_up(route, reveal, change.chunk_rows, calm=CALM)
            return
        if kept.phase in ("swapped", "dropped"):
            types = kept.spec.get("types")
            wanted = {str(k): str(v) for k, v in types.items()} if isinstance(types, dict) else {}

            def work() -> None:
                make_table(self._conn, live, NEW + change.change_id.lower(), wanted)
                stop_catching(self._conn, kept, live.qualified)
                catch_writes(self._conn, kept, live)
                self._work.phase(kept, "revealing")

            patiently(self._conn, change.table, work)
            kept = self._work.kept(change)
        route = self._work.route(kept, change, live, kept.shadow)
        if kept.phase == "revealing":
            yield from self._work.pieces(route, change.chunk_rows, reveal, "revealing_keyed")
            kept = self._work.kept(change)
        if kept.phase == "revealing_keyed":
            yield from self._work.catch_up(route, reveal, change.chunk_rows, calm=BUSY)
            self._restore(route)
        yield from self._work.catch_up(route, reveal, change.chunk_rows, calm=CALM)

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
        conn, kept = self._conn, self._work.again(route.kept)
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
            self._work.phase(kept, "revealed")

    def _reveal(self, changes: Mapping[Change, Convert]) -> list[tuple[str, str]]:
        """Let the clear tables have their places again, and drop the tokens."""
        conn = self._conn
        made: list[Exchange] = []
        lock(conn, [relation(conn, self._work.kept(c).table) for c in changes])
        for change, reveal in changes.items():
            kept = self._work.kept(change)
            live = relation(conn, kept.table)
            target = kept.clear if kept.phase == "swapped" else kept.shadow
            catch_up(
                conn, self._work.route(kept, change, live, target), reveal, 0, change.chunk_rows
            )
            made.append(Exchange(kept, live, relation(conn, target), ""))
        later = exchange(conn, made)
        for one_made in made:
            kept = one_made.kept
            for name, text in left_off(kept):
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
