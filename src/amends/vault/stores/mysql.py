"""Protect tables of MySQL and MariaDB while the business still works: a shadow table, triggers, a swap of names.

``mysql_shape.py`` reads what is there, ``mysql_shadow.py`` makes the copy, ``mysql_carry.py`` fills it, and
``mysql_swap.py`` changes the names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from amends.kernel.errors import BusyError, TableError
from amends.vault.stores.base import (
    BATCH_ROWS,
    Change,
    ChangeState,
    ChangingStore,
    Convert,
    Copying,
    Outlook,
    TableShape,
)
from amends.vault.stores.mysql_capture import drop_capture, make_capture, make_cursor
from amends.vault.stores.mysql_carry import Carrier
from amends.vault.stores.mysql_leftovers import leftovers
from amends.vault.stores.mysql_outlook import outlook, refuse
from amends.vault.stores.mysql_plan import Page
from amends.vault.stores.mysql_repair import clean, repair, same_count, same_names, same_shape
from amends.vault.stores.mysql_session import Session, column_text, q, retried
from amends.vault.stores.mysql_shadow import make_back, make_target, note_first
from amends.vault.stores.mysql_shape import columns as all_columns
from amends.vault.stores.mysql_shape import exists, names, triggers
from amends.vault.stores.mysql_swap import Side, swap_names
from amends.vault.stores.mysql_uses import shape_of

_LOCK_SECONDS = 60
_READERS = 3
"""Tables that can be read side by side within one instant."""


def opened(address: str, password: str = "") -> ChangingStore:
    """Open a database of MySQL or MariaDB.

    Args:
        address: ``mysql://user@host:port/database`` or ``mariadb://…``; ``?socket=`` and ``?ssl_ca=`` may follow.
        password: Empty: the driver looks in ``~/.my.cnf``.

    Raises:
        UsageError: The driver is missing, nothing answers, or it does not let us in.
    """
    return MySqlStore(address, password)


class MySqlStore:
    """The tables of one database."""

    def __init__(self, address: str, password: str = "") -> None:
        self._address, self._password = address, password
        self._session = Session(address, password)
        self.name = f"{'mariadb' if self._session.is_mariadb else 'mysql'}://{self._session.where}"
        self._instant: list[Session] = []

    def __repr__(self) -> str:
        return f"MySqlStore({self.name!r})"

    def close(self) -> None:
        """Let the store go."""
        self._session.close()

    # -- reading --------------------------------------------------------------------------------------------------

    def tables(self, *, count: bool = True) -> list[TableShape]:
        """Return the tables, sorted by name."""
        return [shape_of(self._session, name, count=count) for name in names(self._session)]

    def batches(
        self, table: str, columns: Sequence[str] = (), rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Yield rows as texts, as the server writes them; bytes that are no UTF-8 as ``0x`` and hex."""
        own = {c.name: c for c in all_columns(self._session, table)}
        wanted = list(columns) or list(own)
        schema = pa.schema([own[c].field() for c in wanted])
        within = self._instant.pop() if self._instant else None
        session = within or Session(self._address, self._password)
        try:
            listed = ", ".join(q(c) + (" + 0" if own[c].type == "bit" else "") for c in wanted)
            sql = f"SELECT {listed} FROM {q(table)}"
            for found in session.stream(sql, rows):
                arrays = [column_text(values) for values in zip(*found, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        finally:
            if within is None:
                session.cut()
            else:
                self._instant.append(within)

    # -- a change -------------------------------------------------------------------------------------------------

    def outlook(self, change: Change) -> Outlook:
        """Return what stands in the way of a change and what will be different after it."""
        return outlook(self._session, change)

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is."""
        return Page(self._session, change).state()

    def shadow(self, change: Change) -> str:
        """Return the name of the shadow before the swap, of the clear copy after it."""
        page = Page(self._session, change)
        return str(page.names.clear if page.state() == "swapped" else page.names.shadow)

    def start(self, change: Change) -> None:
        """Make the shadow and begin to catch writes."""
        with self._working([change]) as session:
            page = Page(session, change)
            if page.state() != "none":
                return
            refuse(session, change)
            if page.found():
                clean(session, page)
            page.create()
            page.write("phase", "starting")
            note_first(session, change, page)
            make_target(session, change, page.names.shadow)
            make_cursor(session, change)
            retried(lambda: make_capture(session, change, page.names.writes, change.table, "w"))
            page.write("phase", "copying")

    def copy(self, change: Change, convert: Convert) -> Iterator[Copying]:
        """Copy what is not in the shadow yet, and what was written meanwhile."""
        with self._working([change]) as session:
            page = Page(session, change)
            if page.state() not in ("copying", "copied"):
                raise TableError(
                    "The change is not in copying",
                    where=change.table,
                    remedy="see its state, or undo",
                )
            yield from Carrier(
                session, change, page.names.shadow, page.names.writes, convert
            ).copy()

    @contextmanager
    def instant(self, changes: Mapping[Change, Convert]) -> Iterator[None]:
        """Hold an instant in snapshots; writers wait only until the snapshots are taken."""
        readers: list[Session] = []
        with self._working(list(changes)) as session:
            carriers = []
            for change, convert in changes.items():
                page = Page(session, change)
                if page.state() in ("copying", "copied"):
                    carriers.append(
                        Carrier(session, change, page.names.shadow, page.names.writes, convert)
                    )
            retried(lambda: self._snapshots(session, list(changes), carriers, readers))
            try:
                self._instant = list(readers)
                yield
            finally:
                self._instant = []
                for reader in readers:
                    reader.cut()

    def _snapshots(
        self,
        session: Session,
        changes: list[Change],
        carriers: list[Carrier],
        readers: list[Session],
    ) -> None:
        while readers:
            readers.pop().close()
        for carrier in carriers:
            for _ in carrier.catch_up():
                pass
        locked = [c.table for c in changes]
        for carrier in carriers:
            locked += [carrier.target, carrier.capture, Page(session, carrier.change).names.plan]
        for _ in range(_READERS):
            readers.append(Session(self._address, self._password))
        session.run("SET SESSION autocommit = 0")
        try:
            session.run("LOCK TABLES " + ", ".join(f"{q(name)} WRITE" for name in locked))
            for carrier in carriers:
                carrier.locked = True
                carrier.catch_all()
            for reader in readers:
                reader.run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                reader.run("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        finally:
            for carrier in carriers:
                carrier.locked = False
            session.rollback()
            session.run("UNLOCK TABLES")
            session.run("SET SESSION autocommit = 1")

    def swap(self, changes: Mapping[Change, Convert]) -> None:
        """Catch up with the last writes under a lock and change names, of all tables at once."""
        with self._working(list(changes)) as session:
            sides = []
            for change, convert in changes.items():
                page = Page(session, change)
                state = page.state()
                if state == "copied":
                    names = page.names
                    carrier = Carrier(session, change, names.shadow, names.writes, convert)
                    for _ in carrier.catch_up():
                        pass
                    same_shape(session, page)
                    same_count(session, carrier)
                    sides.append(Side(page, carrier, names.clear, follow=True))
                elif state not in ("swapped", "dropped"):
                    raise TableError(
                        "The change is not copied yet",
                        where=change.table,
                        remedy="copy and verify it first",
                    )
            if sides:
                swap_names(session, self._another, sides)
            for change in changes:
                page = Page(session, change)
                if page.state() == "swapped" and page.read("phase") == "copying":
                    drop_capture(session, change, "w")
                    page.write("phase", "swapped")

    def undo(self, changes: Mapping[Change, Convert]) -> Iterator[Copying]:
        """Bring tables back in clear, rows written since the swap included."""
        with self._working(list(changes)) as session:
            sides = []
            for change, reveal in changes.items():
                page = Page(session, change)
                state = page.state()
                if state in ("copying", "copied"):
                    drop_capture(session, change, "w")
                elif state in ("swapped", "dropped"):
                    side = self._way_back(session, page, reveal)
                    yield from side.carrier.copy()
                    sides.append(side)
            if sides:
                swap_names(session, self._another, sides)
            for change in changes:
                clean(session, Page(session, change))

    def _way_back(self, session: Session, page: Page, reveal: Convert) -> Side:
        """Return what leads back to clear: the clear copy with the writes since, or a new copy, detokenised."""
        change, names = page.change, page.names
        kept = page.read("phase") not in ("dropping", "dropped", "back") and exists(
            session, names.clear
        )
        kept = kept and same_names(session, change.table, names.clear)
        if kept:
            drop_capture(session, change, "w")
            for trigger in triggers(session, names.clear):
                session.run(f"DROP TRIGGER IF EXISTS {q(trigger.name)}")
            return Side(
                page,
                Carrier(session, change, names.clear, names.since, reveal),
                names.undone,
                follow=False,
            )
        if page.read("phase") != "back":
            drop_capture(session, change, "s")
            drop_capture(session, change, "w")
            for name in (names.since, names.writes, names.at, names.back):
                session.run(f"DROP TABLE IF EXISTS {q(name)}")
            page.forget("copied")
            make_cursor(session, change)
            make_back(session, change, page)
            retried(lambda: make_capture(session, change, names.writes, change.table, "w"))
            page.write("phase", "back")
        return Side(
            page,
            Carrier(session, change, names.back, names.writes, reveal),
            names.undone,
            follow=False,
        )

    def drop_clear(self, change: Change) -> None:
        """Destroy the clear copy."""
        with self._working([change]) as session:
            page = Page(session, change)
            state = page.state()
            if state == "dropped":
                return
            if state != "swapped":
                raise TableError(
                    "The change is not swapped yet", where=change.table, remedy="swap it first"
                )
            page.write("phase", "dropping")
            drop_capture(session, change, "s")
            drop_capture(session, change, "w")
            names = page.names
            for name in (names.since, names.writes, names.at, names.clear):
                session.run(f"DROP TABLE IF EXISTS {q(name)}")
            page.write("phase", "dropped")

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where copies in clear may still be."""
        return leftovers(self._session, Page(self._session, change))

    # -- sessions -------------------------------------------------------------------------------------------------

    def _another(self) -> Session:
        return Session(self._address, self._password)

    @contextmanager
    def _working(self, changes: list[Change]) -> Iterator[Session]:
        """Yield a session that alone works on these changes; what an earlier one left half done is put right."""
        session = self._another()
        try:
            for change in changes:
                if (
                    session.one(
                        "SELECT GET_LOCK(%s, %s)", f"amends.{change.change_id}", _LOCK_SECONDS
                    )
                    != "1"
                ):
                    raise BusyError(
                        "Somebody else is working on this change",
                        where=change.table,
                        remedy="wait until it is done",
                    )
            for change in changes:
                repair(session, Page(session, change))
            yield session
        finally:
            session.cut()
