"""What the ways there and back have in common in PostgreSQL: the state kept, pieces, catching up, indexes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from amends.kernel.errors import BusyError, TableError
from amends.vault.stores import postgres_objects as objects
from amends.vault.stores.base import Change, Convert, Copying
from amends.vault.stores.postgres_carry import Route, after, carry_piece, catch_up, in_order
from amends.vault.stores.postgres_catalog import Relation, relation
from amends.vault.stores.postgres_kept import Kept, kept_of, write_kept
from amends.vault.stores.postgres_session import (
    Connection,
    TooWideError,
    one,
    run,
    store_name,
    transaction,
)

CALM = 500
"""Entries in the log few enough to be carried over while the lock is held."""
BUSY = 50_000
"""Entries in the log that may be left before indexes are made: they are carried over after that."""
CATCH_UP_ROUNDS = 30
WAITS = 40
"""Times a quarter of a second that we wait for a session before us, which the server may still hold after a kill."""


class Work:
    """Steps on one database.

    Args:
        conn: Session, with autocommit.
    """

    def __init__(self, conn: Connection) -> None:
        self.conn = conn

    def alone(self, change: Change) -> None:
        """Let one session at a time work on a change; the lock goes with the session.

        Raises:
            BusyError: Another one does.
        """
        for _ in range(WAITS):
            if one(
                self.conn,
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

    def kept(self, change: Change) -> Kept:
        """Return what the database keeps of a change.

        Raises:
            TableError: It was not begun here.
        """
        kept = kept_of(self.conn, change.change_id)
        if kept is None:
            raise TableError(
                "This change was not begun here",
                where=f"{store_name(self.conn)} {change.table}",
                remedy="use the store and the plan it was begun with",
            )
        return kept

    def phase(self, kept: Kept, phase: str, **spec: object) -> Kept:
        """Write down that a change is in a phase, and return what is kept of it now."""
        made = replace(kept, phase=phase, last_key=(), spec={**kept.spec, **spec})
        write_kept(self.conn, made)
        return made

    def route(self, kept: Kept, change: Change, source: Relation, target: str) -> Route:
        """Return the way from one table into another.

        Raises:
            TableError: The columns of the two are no longer the same.
        """
        types = {c.name: c.type for c in relation(self.conn, target).columns}
        wanted = [c.name for c in source.columns if c.name not in types]
        if wanted or len(types) != len(source.columns):
            raise TableError(
                "The table's columns were changed since the change began",
                where=change.table,
                remedy="undo it, make a new plan and begin again: nothing is lost",
            )
        return Route(kept, source, target, change.columns, types)

    def pieces(
        self, route: Route, chunk_rows: int, convert: Convert, then: str
    ) -> Iterator[Copying]:
        """Copy what is not copied yet, in order of the key, and index the key."""
        conn, kept, rows = self.conn, route.kept, chunk_rows
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
            self.phase(kept, then)

    def build(self, route: Route, then: str) -> None:
        """Make the other indexes and constraints on the target."""
        conn, kept = self.conn, self.again(route.kept)
        names = [name for name, _ in left_off(kept)]
        with transaction(conn):
            # Unique indexes need the target as it is at one instant: nothing half carried over.
            for statement in objects.other_indexes(conn, route.source, route.target, names):
                run(conn, statement)
            self.phase(kept, then)

    def again(self, kept: Kept) -> Kept:
        """Return what is kept of a change by now."""
        found = kept_of(self.conn, kept.change_id)
        assert found is not None
        return found

    def catch_up(self, route: Route, convert: Convert, rows: int, calm: int) -> Iterator[Copying]:
        """Carry over what was written, until little is left."""
        for _ in range(CATCH_UP_ROUNDS):
            with transaction(self.conn, "REPEATABLE READ"):
                taken = catch_up(self.conn, route, convert, 0, rows)
            yield Copying(0, "catching up")
            if taken <= calm:
                return


def left_off(kept: Kept) -> list[tuple[str, str]]:
    """Return the checks that do not stand on tokens: name and definition."""
    listed = kept.spec.get("left_off")
    return [(str(name), str(text)) for name, text in listed] if isinstance(listed, list) else []
