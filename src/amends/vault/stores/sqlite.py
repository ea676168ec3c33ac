"""Protect tables of a SQLite file while the business still works: a shadow table, triggers, one transaction to swap.

``sqlite_shape.py`` reads what is there, ``sqlite_shadow.py`` makes the copy, ``sqlite_carry.py`` fills it, and
``sqlite_swap.py`` changes the names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from amends.kernel.errors import AmendsError, BusyError, TableError
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
from amends.vault.stores.sqlite_carry import Carrier, drop_capture, make_capture, make_cursor
from amends.vault.stores.sqlite_plan import Page
from amends.vault.stores.sqlite_session import Session, column_text, path_of, q
from amends.vault.stores.sqlite_shadow import (
    check_links,
    make_indexes,
    make_shadow,
    outlook,
    refuse,
    restore_index_names,
)
from amends.vault.stores.sqlite_shape import columns as all_columns
from amends.vault.stores.sqlite_shape import created, exists, names, shape_of
from amends.vault.stores.sqlite_swap import Side, clean, same_columns, swap_all
from amends.vault.stores.sqlite_words import is_column, parsed, rebuilt, unquoted

_TRIES = 50


def opened(address: str, password: str = "") -> ChangingStore:
    """Open a SQLite file.

    Args:
        address: ``sqlite:///file`` or the file's path.
        password: Not used: an encrypted file must be exported first.

    Raises:
        UsageError: There is no such file, or it is no database.
    """
    return SqliteStore(address)


class SqliteStore:
    """The tables of one file."""

    def __init__(self, address: str) -> None:
        self.path = path_of(address)
        self._session = Session(self.path)
        self.name = f"sqlite:///{self.path}"
        self._reader: Session | None = None

    def __repr__(self) -> str:
        return f"SqliteStore({self.name!r})"

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
        """Yield rows as texts; bytes that are no UTF-8 as ``0x`` and hex."""
        own = {c.name: c for c in all_columns(self._session, table)}
        wanted = list(columns) or list(own)
        schema = pa.schema([own[c].field() for c in wanted])
        within = self._reader
        session = within or Session(self.path, read_only=True)
        try:
            for found in _pages(session, table, wanted, rows, whole=within is not None):
                arrays = [column_text(values) for values in zip(*found, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
        finally:
            if within is None:
                session.close()

    # -- a change -------------------------------------------------------------------------------------------------

    def outlook(self, change: Change) -> Outlook:
        """Return what stands in the way of a change and what will be different after it."""
        found = outlook(self._session, change)
        return Outlook(found.refusals, found.changes, self._bytes(change.table) * 2)

    def _bytes(self, table: str) -> int:
        """Return the table's share of the file by rows, where SQLite does not say; never more than the file."""
        total = sum(
            int(self._session.one(f"SELECT COUNT(*) FROM {q(n)}")) for n in names(self._session)
        )
        own = int(self._session.one(f"SELECT COUNT(*) FROM {q(table)}"))
        pages = int(self._session.one("PRAGMA page_count")) * int(
            self._session.one("PRAGMA page_size")
        )
        return pages * own // max(total, 1)

    def state(self, change: Change) -> ChangeState:
        """Return how far a change is."""
        return Page(self._session, change).state()

    def shadow(self, change: Change) -> str:
        """Return the name of the shadow before the swap, of the clear copy after it."""
        page = Page(self._session, change)
        return str(page.names.clear if page.state() == "swapped" else page.names.shadow)

    def start(self, change: Change) -> None:
        """Make the shadow and begin to catch writes, in one transaction."""
        page = Page(self._session, change)
        if page.state() == "none":
            self._finish_undo(page)
        with self._session.writing():
            if page.state() != "none":
                return
            clean(self._session, page)
            refuse(self._session, change)
            page.create()
            make_shadow(self._session, change)
            make_cursor(self._session, change)
            make_capture(self._session, change, page.names.writes, "w")
            page.write("phase", "copying")

    def copy(self, change: Change, convert: Convert) -> Iterator[Copying]:
        """Copy what is not in the shadow yet, and what was written meanwhile."""
        page = Page(self._session, change)
        if page.state() not in ("copying", "copied"):
            raise TableError(
                "The change is not in copying", where=change.table, remedy="see its state, or undo"
            )
        yield from Carrier(
            self._session, change, page.names.shadow, page.names.writes, convert
        ).copy()

    @contextmanager
    def instant(self, changes: Mapping[Change, Convert]) -> Iterator[None]:
        """Hold an instant in one read transaction.

        With a write-ahead log writers go on; with a rollback journal they wait until it ends.
        """
        carriers = []
        for change, convert in changes.items():
            page = Page(self._session, change)
            if page.state() in ("copying", "copied"):
                carriers.append(
                    Carrier(self._session, change, page.names.shadow, page.names.writes, convert)
                )
        reader = Session(self.path, read_only=True)
        try:
            self._hold(carriers, reader)
            self._reader = reader
            yield
        finally:
            self._reader = None
            reader.close()

    def _hold(self, carriers: list[Carrier], reader: Session) -> None:
        """Begin the reader's transaction at an instant when nothing caught is left to carry."""
        for carrier in carriers:
            for _ in carrier.catch_up():
                pass
        for _ in range(_TRIES):
            with self._session.writing():
                for carrier in carriers:
                    carrier.catch_all()
            # Whoever waits for the lock looks again after a moment; we are there at once.
            with self._session.holding():
                if not any(carrier.pending() for carrier in carriers):
                    # Nobody can write now, and we have not: the reader sees what was committed last.
                    reader.run("BEGIN")
                    reader.rows("SELECT COUNT(*) FROM sqlite_master")
                    return
        raise BusyError(
            "The table is written to without pause", where=self.name, remedy="run it again"
        )

    def swap(self, changes: Mapping[Change, Convert]) -> None:
        """Catch up with the last writes and change names, in one transaction for all tables."""
        session = self._session
        waiting = []
        for change, convert in changes.items():
            page = Page(session, change)
            state = page.state()
            if state == "copied":
                carrier = Carrier(session, change, page.names.shadow, page.names.writes, convert)
                for _ in carrier.catch_up():
                    pass
                waiting.append(Side(page, carrier, back=False))
            elif state not in ("swapped", "dropped"):
                raise TableError(
                    "The change is not copied yet",
                    where=change.table,
                    remedy="copy and verify it first",
                )
        if not waiting:
            return
        with session.writing():
            sides = [side for side in waiting if side.page.state() == "copied"]
            check_links(session, [side.change for side in sides])
            for side in sides:
                same_columns(session, side.page)
            swap_all(session, sides)

    def undo(self, changes: Mapping[Change, Convert]) -> Iterator[Copying]:
        """Bring tables back in clear, rows written since the swap included."""
        session = self._session
        sides = []
        for change, reveal in changes.items():
            page = Page(session, change)
            if page.state() in ("swapped", "dropped"):
                side = self._way_back(page, reveal)
                yield from side.carrier.copy()
                sides.append(side)
        restored = [side.change for side in sides]
        with session.writing():
            check_links(session, restored)
            swap_all(session, sides)
            for side in sides:
                side.page.write("phase", "restoring")
            for change in changes:
                if change not in restored:
                    clean(session, Page(session, change))
        for change in changes:
            self._finish_undo(Page(session, change))

    def _finish_undo(self, page: Page) -> None:
        """Give the indexes their names again and take the rest away."""
        if page.found():
            self._drop(page.names.clear)
            restore_index_names(self._session, page.change)
            with self._session.writing():
                clean(self._session, page)

    def _way_back(self, page: Page, reveal: Convert) -> Side:
        """Return what leads back to clear: the clear copy with the writes since, or a new copy, detokenised."""
        session, change, there = self._session, page.change, page.names
        kept = page.read("phase") == "swapped" and [
            c.name for c in all_columns(session, change.table)
        ] == [c.name for c in all_columns(session, there.clear)]
        if kept:
            return Side(page, Carrier(session, change, there.clear, there.since, reveal), back=True)
        if page.read("phase") != "back":
            with session.writing():
                for letter in ("w", "s"):
                    drop_capture(session, change, letter)
                for name in (there.since, there.writes, there.at, there.back):
                    session.run(f"DROP TABLE IF EXISTS {q(name)}")
                page.forget("copied")
                sql = _clear_sql(session, page)
                page.write("back", sql)
                session.run(rebuilt(parsed(sql), there.back, links=False))
                make_indexes(session, change, there.back)
                make_cursor(session, change)
                make_capture(session, change, there.writes, "w")
                page.write("phase", "back")
        return Side(page, Carrier(session, change, there.back, there.writes, reveal), back=True)

    def drop_clear(self, change: Change) -> None:
        """Destroy the clear copy: its pages are written over, and the file is made anew when nobody else is in."""
        session, page = self._session, Page(self._session, change)
        state = page.state()
        if state == "none" or state.startswith("cop"):
            raise TableError(
                "The change is not swapped yet", where=change.table, remedy="swap it first"
            )
        there = page.names
        if state == "swapped":
            with session.writing():
                for letter in ("w", "s"):
                    drop_capture(session, change, letter)
                for name in (there.since, there.writes, there.at, there.clear):
                    session.run(f"DROP TABLE IF EXISTS {q(name)}")
                page.write("phase", "dropped")
        restore_index_names(session, change)
        page.write("vacuumed", self._rewritten())
        self._session.settle()

    def _drop(self, name: str) -> None:
        if exists(self._session, name):
            with self._session.writing():
                self._session.run(f"DROP TABLE {q(name)}")

    def _rewritten(self) -> bool:
        """Write the file anew without its free pages; return whether that was possible."""
        try:
            self._session.run("PRAGMA busy_timeout = 200")
            self._session.impatient = True
            self._session.run("VACUUM")
        except AmendsError:
            return False
        finally:
            self._session.impatient = False
            self._session.run("PRAGMA busy_timeout = 6000")
        return True

    def leftovers(self, change: Change) -> list[str]:
        """Return, in words, where copies in clear may still be."""
        session, page = self._session, Page(self._session, change)
        words = []
        if exists(session, page.names.clear):
            words.append(
                f"the table in clear is kept as {page.names.clear} until: amends vault drop"
            )
        free = int(session.one("PRAGMA freelist_count"))
        if free or (page.found() and page.read("vacuumed") is False):
            words.append(
                f"{free:,} free pages of the file may hold old rows: run VACUUM when nobody else is in the file"
            )
        for ending in ("-wal", "-journal"):
            beside = self.path.with_name(self.path.name + ending)
            if beside.exists() and beside.stat().st_size:
                words.append(
                    f"{beside.name} holds pages as they were: close every program, or run a checkpoint"
                )
        virtual = session.rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual'"
        )
        words += [
            f"virtual table {name}: a text index may hold words of the table" for (name,) in virtual
        ]
        words.append(
            "blocks of the disk that the file no longer uses, snapshots, backups and copies of the file made before "
            "the swap"
        )
        return words


def _clear_sql(session: Session, page: Page) -> str:
    """Return how the table would have been made in clear, columns added since the swap included."""
    first = str(page.read("created"))
    added = {c.name for c in all_columns(session, page.change.table)} - set(page.read("columns"))
    if not added:
        return first
    base, now = parsed(first), parsed(created(session, page.change.table))
    columns = [base.text(d) for d in base.definitions if is_column(d)]
    columns += [now.text(d) for d in now.definitions if is_column(d) and unquoted(d[0]) in added]
    rules = [base.text(d) for d in base.definitions if d and not is_column(d)]
    return f"CREATE TABLE {q(page.change.table)} ({', '.join([*columns, *rules])}){base.tail}"


def _pages(
    session: Session, table: str, wanted: list[str], rows: int, *, whole: bool
) -> Iterator[list[tuple[object, ...]]]:
    """Yield rows; page by page where one long query would keep every writer out."""
    listed = ", ".join(map(q, wanted))
    number = _row_number(session, table)
    if whole or session.in_wal or number is None:
        yield from session.stream(f"SELECT {listed} FROM {q(table)}", rows)
        return
    at: object = None
    while True:
        after = "" if at is None else f"WHERE {number} > ?"
        values = () if at is None else (at,)
        sql = (
            f"SELECT {number}, {listed} FROM {q(table)} {after} ORDER BY {number} LIMIT {int(rows)}"
        )
        found = session.rows(sql, *values)
        if not found:
            return
        at = found[-1][0]
        yield [row[1:] for row in found]
        time.sleep(0)


def _row_number(session: Session, table: str) -> str | None:
    """Return a name of the row's own number that no column has; nothing where the table has none."""
    taken = {c.name.lower() for c in all_columns(session, table)}
    if "without" in created(session, table).rpartition(")")[2].lower():
        return None
    return next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), None)
