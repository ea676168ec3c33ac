"""Carrying rows from a table to its copy in SQLite, chunk by chunk, while others write to the table.

Each chunk is one transaction that holds the file's only write lock, so what is read is what is written; chunks are
small and followed by a pause, so that others get in between. Only keys and protected columns come here.

Source:
    SQLite documentation: "the REPLACE conflict resolution strategy … delete triggers fire if and only if recursive
    triggers are enabled", so rows that an INSERT OR REPLACE will push out are caught before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, Convert, Copying
from amends.vault.stores.sqlite_plan import Names, Page
from amends.vault.stores.sqlite_session import Session, exact_text, q
from amends.vault.stores.sqlite_shape import columns, indexes, key_of
from amends.vault.stores.sqlite_words import words_of

CHUNK_ROWS = 8_192
"""Most rows between two commits: about a tenth of a second, for every other writer waits meanwhile."""
_PAUSE_SECONDS = 0.1


class Carrier:
    """What carries the rows of one table to one copy.

    Args:
        session: A connection of our own.
        change: The change.
        target: The copy's name.
        capture: Name of the table of caught writes.
        convert: Turns protected columns of the table into those of the copy.
    """

    def __init__(
        self, session: Session, change: Change, target: str, capture: str, convert: Convert
    ) -> None:
        self.session, self.change, self.target, self.capture = session, change, target, capture
        self._convert = convert
        self._page = Page(session, change)
        self.key = key_of(session, change.table)
        if not self.key:
            raise TableError(
                "The table has no key any more", where=change.table, remedy="undo, then plan again"
            )
        own = self._own = {c.name: c for c in columns(session, change.table)}
        self._columns = [
            c.name for c in columns(session, target) if not c.computed and c.name in own
        ]
        self._rows = max(1, min(change.chunk_rows, CHUNK_ROWS))
        keys = ", ".join(f"k{n}" for n in range(len(self.key)))
        self._keys = keys
        for name, held in (
            ("k", keys),
            ("v", _listed(change.columns)),
            ("g", _listed(self._protected_key())),
        ):
            session.run(f"DROP TABLE IF EXISTS temp.amends_{name}")
            session.run(
                f"CREATE TEMP TABLE amends_{name} (rn INTEGER PRIMARY KEY{', ' if held else ''}{held})"
            )
        session.run("CREATE TEMP TABLE IF NOT EXISTS amends_seen (seq INTEGER PRIMARY KEY)")

    def _protected_key(self) -> list[str]:
        return [c for c in self.key if c in self.change.columns]

    def copy(self) -> Iterator[Copying]:
        """Carry what was not carried yet, then what was written meanwhile; yield after each commit."""
        while not self._page.read("copied"):
            yield Copying(self._paced(self._chunk), "copying")
        yield from self.catch_up()

    def catch_up(self) -> Iterator[Copying]:
        """Carry the rows whose keys were caught, until few are left."""
        while True:
            n = self._paced(self._caught)
            yield Copying(n, "catching up")
            if n < self._rows:
                return

    def catch_all(self) -> None:
        """Carry everything caught; the caller holds the write lock."""
        while self._caught():
            pass

    def pending(self) -> int:
        """Return how many writes are caught and not carried."""
        return int(self.session.one(f"SELECT COUNT(*) FROM {q(self.capture)}"))

    def _paced(self, act: Callable[[], int]) -> int:
        """Do one transaction, then leave the file to others for as long."""
        began = time.monotonic()
        with self.session.writing():
            n = act()
        time.sleep(min(time.monotonic() - began, _PAUSE_SECONDS))
        return n

    def _chunk(self) -> int:
        table, at = q(self.change.table), q(Names.of(self.change).at)
        key = ", ".join(map(q, self.key))
        after = ""
        if self.session.one(f"SELECT COUNT(*) FROM {at}"):
            parts = [f"(SELECT k{n} FROM {at})" for n in range(len(self.key))]
            after = f"WHERE ({key}) > ({', '.join(parts)})"
        n = self._chosen(f"SELECT {key} FROM {table} {after} ORDER BY {key} LIMIT {self._rows}")
        self._carry(n)
        if n:
            self.session.run(f"DELETE FROM {at}")
            self.session.run(
                f"INSERT INTO {at} SELECT {self._keys} FROM temp.amends_k ORDER BY rn DESC LIMIT 1"
            )
        if n < self._rows:
            self._page.write("copied", True)
        return n

    def _caught(self) -> int:
        capture = q(self.capture)
        self.session.run("DELETE FROM temp.amends_seen")
        self.session.run(
            f"INSERT INTO temp.amends_seen SELECT seq FROM {capture} ORDER BY seq LIMIT {self._rows}"
        )
        n = self._chosen(
            f"SELECT DISTINCT {self._keys} FROM {capture} WHERE seq IN (SELECT seq FROM temp.amends_seen)"
        )
        self._carry(n)
        self.session.run(f"DELETE FROM {capture} WHERE seq IN (SELECT seq FROM temp.amends_seen)")
        return n

    def _chosen(self, sql: str) -> int:
        self.session.run("DELETE FROM temp.amends_k")
        self.session.run(f"INSERT INTO temp.amends_k ({self._keys}) {sql}")
        return int(self.session.one("SELECT COUNT(*) FROM temp.amends_k"))

    def _carry(self, n: int) -> None:
        """Carry the chosen rows: away with their copies, then copies of those that are still there."""
        if not n:
            return
        table, target = q(self.change.table), q(self.target)
        joined = " AND ".join(
            # The table's own comparison finds the row, the exact one tells keys apart that it takes for equal.
            f"{table}.{q(c)} = k.k{i} AND +{table}.{q(c)} = k.k{i} COLLATE BINARY"
            for i, c in enumerate(self.key)
        )
        mine = ", ".join(f"{table}.{q(c)}" for c in self.change.columns)
        source = f"temp.amends_k k CROSS JOIN {table} ON {joined}"
        self._lay("v", self.change.columns, self.session.rows(f"SELECT k.rn, {mine} FROM {source}"))
        self._remove(target)
        given = {c: f"v.c{i}" for i, c in enumerate(self.change.columns)}
        values = ", ".join(given.get(c, f"{table}.{q(c)}") for c in self._columns)
        # A unique value may have moved here from a row whose key was caught later: that row comes again then.
        self.session.run(
            f"INSERT OR REPLACE INTO {target} ({', '.join(map(q, self._columns))}) SELECT {values} FROM {source} "
            "CROSS JOIN temp.amends_v v ON v.rn = k.rn"
        )

    def _remove(self, target: str) -> None:
        """Delete the copies of the chosen rows: by the token where the key is protected."""
        mine = self._protected_key()
        held = ", ".join(f"k{i}" for i, c in enumerate(self.key) if c in mine)
        if mine:
            self._lay("g", mine, self.session.rows(f"SELECT rn, {held} FROM temp.amends_k"))
        found = ", ".join(
            f"g.c{mine.index(c)}" if c in mine else f"k.k{i}" for i, c in enumerate(self.key)
        )
        beside = " JOIN temp.amends_g g ON g.rn = k.rn" if mine else ""
        key = ", ".join(map(q, self.key))
        self.session.run(
            f"DELETE FROM {target} WHERE ({key}) IN (SELECT {found} FROM temp.amends_k k{beside})"
        )

    def _lay(self, name: str, names: Sequence[str], found: list[tuple[object, ...]]) -> None:
        self.session.run(f"DELETE FROM temp.amends_{name}")
        if not found:
            return
        rn, *values = zip(*found, strict=True)
        batch = pa.RecordBatch.from_arrays(
            [exact_text(c, v) for c, v in zip(names, values, strict=True)],
            schema=pa.schema([self._own[c].field() for c in names]),
        )
        made = self._convert(batch)
        texts = [made.column(made.schema.get_field_index(c)).to_pylist() for c in names]
        marks = ", ".join("?" * (len(names) + 1))
        self.session.many(
            f"INSERT INTO temp.amends_{name} VALUES ({marks})", list(zip(rn, *texts, strict=True))
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"c{n}" for n in range(len(names)))


def make_cursor(session: Session, change: Change) -> None:
    """Make the table that holds the key of the last row carried."""
    keys = ", ".join(f"k{n}" for n in range(len(key_of(session, change.table))))
    session.run(f"CREATE TABLE {q(Names.of(change).at)} ({keys})")


def make_capture(session: Session, change: Change, capture: str, letter: str) -> None:
    """Make the table of caught writes and the triggers that fill it.

    Args:
        session: A connection that holds the write lock.
        change: The change; its table's writes are caught.
        capture: Name of the table of caught writes.
        letter: ``w`` before the swap, ``s`` since.
    """
    key = key_of(session, change.table)
    keys = ", ".join(f"k{n}" for n in range(len(key)))
    session.run(f"CREATE TABLE {q(capture)} (seq INTEGER PRIMARY KEY, {keys})")
    into = f"INSERT INTO {q(capture)} ({keys})"
    old = ", ".join(f"OLD.{q(c)}" for c in key)
    new = ", ".join(f"NEW.{q(c)}" for c in key)
    bodies = {
        "i": ("AFTER INSERT", f"{into} VALUES ({new});"),
        "u": (
            "AFTER UPDATE",
            f"{into} VALUES ({old}); {into} SELECT {new} WHERE ({new}) IS NOT ({old});",
        ),
        "d": ("AFTER DELETE", f"{into} VALUES ({old});"),
    }
    pushed = " ".join(_pushed_out(session, change, into, key))
    if pushed:
        bodies["bi"] = ("BEFORE INSERT", pushed)
        bodies["bu"] = ("BEFORE UPDATE", pushed)
    base = Names.of(change).base
    for end, (event, body) in bodies.items():
        session.run(
            f"CREATE TRIGGER {q(f'{base}{letter}{end}')} {event} ON {q(change.table)} BEGIN {body} END"
        )


def _pushed_out(session: Session, change: Change, into: str, key: tuple[str, ...]) -> Iterator[str]:
    """Yield statements that catch the rows which a new row would push out by INSERT OR REPLACE."""
    selected = ", ".join(map(q, key))
    for index in indexes(session, change.table):
        known = [c for c in index.columns if c is not None]
        if index.unique and known and len(known) == len(index.columns) and set(known) != set(key):
            same = " AND ".join(f"{q(c)} = NEW.{q(c)}" for c in known)
            only = f" AND ({_condition(index.sql)})" if index.partial else ""
            yield f"{into} SELECT {selected} FROM {q(change.table)} WHERE {same}{only};"


def _condition(sql: str) -> str:
    """Return what follows WHERE in a CREATE INDEX."""
    depth = 0
    for word in words_of(sql):
        depth += {"(": 1, ")": -1}.get(word.text, 0) if word.kind == "other" else 0
        if depth == 0 and word.means("WHERE"):
            return sql[word.end :]
    return "1"


def drop_capture(session: Session, change: Change, letter: str) -> None:
    """Drop the triggers that catch writes."""
    base = Names.of(change).base
    for end in ("i", "u", "d", "bi", "bu"):
        session.run(f"DROP TRIGGER IF EXISTS {q(f'{base}{letter}{end}')}")
