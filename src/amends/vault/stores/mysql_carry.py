"""Carrying rows from a table to its copy in MySQL or MariaDB, chunk by chunk, while others write to the table.

Only keys and protected columns come here; every other column goes from table to copy inside the server, so its bytes
stay as they are. What is read here may be old by the time it is written: whoever changed the row left its key in the
table of caught writes, and the row is carried again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.errors import TableError
from amends.vault.stores.base import Change, Convert, Copying
from amends.vault.stores.mysql_capture import Key
from amends.vault.stores.mysql_plan import Names, Page
from amends.vault.stores.mysql_session import Session, q, retried
from amends.vault.stores.mysql_shape import Index, columns, key_index, links

CHUNK_BYTES = 32 << 20
"""Most bytes of rows between two commits, by the server's mean row: long transactions swell the undo log."""
_ROUNDS = 12


class Carrier:
    """What carries the rows of one table to one copy.

    Args:
        session: Ours alone.
        change: The change.
        target: The copy's name.
        capture: Name of the table of caught writes.
        convert: Turns protected columns of the table into those of the copy.
    """

    def __init__(
        self, session: Session, change: Change, target: str, capture: str, convert: Convert
    ) -> None:
        self.session, self.change, self.target, self.capture = session, change, target, capture
        self.locked = False
        self._convert = convert
        self._page = Page(session, change)
        self.base = Names.of(change).base
        own = self._own_columns = {c.name: c for c in columns(session, change.table)}
        there = {c.name: c for c in columns(session, target)}
        index = key_index(session, change.table)
        if index is None:
            raise TableError(
                "The table has no key any more", where=change.table, remedy="undo, then plan again"
            )
        self._index: Index = index
        self.keys = [Key(own[p.column], p.column in change.columns) for p in index.parts]
        self._columns = [c.name for c in there.values() if not c.computed and c.name in own]
        outgoing = links(session, target, incoming=False)
        self._own_link = any(link.to_table == target for link in outgoing)
        self._locks_rows = any(link.cascades() for link in outgoing)
        self._n = 0
        self._make_temporary()

    # -- tables of our own ----------------------------------------------------------------------------------------

    def _make_temporary(self) -> None:
        run, table = self.session.run, q(self.change.table)
        keys = ", ".join(f"{k.selected()} AS k{n}" for n, k in enumerate(self.keys))
        for name in ("k", "v", "g", "seen"):
            run(f"DROP TEMPORARY TABLE IF EXISTS {self._own(name)}")
        run(
            f"CREATE TEMPORARY TABLE {self._own('k')} (rn BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) "
            f"ENGINE=InnoDB SELECT {keys} FROM {table} WHERE FALSE"
        )
        run(
            f"CREATE TEMPORARY TABLE {self._own('seen')} (seq BIGINT UNSIGNED NOT NULL PRIMARY KEY) ENGINE=InnoDB"
        )
        self._make_values("v", list(self.change.columns))
        mine = [k.column.name for k in self.keys if k.protected]
        if mine:
            self._make_values("g", mine)

    def _make_values(self, name: str, held: list[str]) -> None:
        given = ", ".join(f"{q(c)} AS c{n}" for n, c in enumerate(held))
        self.session.run(
            f"CREATE TEMPORARY TABLE {self._own(name)} (rn BIGINT UNSIGNED NOT NULL PRIMARY KEY) ENGINE=InnoDB "
            f"SELECT 0 AS rn, {given} FROM {q(self.target)} WHERE FALSE"
        )

    def _own(self, what: str) -> str:
        return q(self.base + "t_" + what)

    # -- copying --------------------------------------------------------------------------------------------------

    def copy(self) -> Iterator[Copying]:
        """Carry what was not carried yet, then what was written meanwhile; yield after each commit."""
        while not self._page.read("copied"):
            retried(self._chunk)
            yield Copying(self._n, "copying")
        yield from self.catch_up()

    def _chunk(self) -> None:
        """Carry the next rows in order of the key; note how far we are in the same transaction."""
        table, at = q(self.change.table), q(Names.of(self.change).at)
        parts = [self._ordered(k) for k in self.keys]
        after = self._after(parts)
        keys = ", ".join(f"{table}.{q(k.column.name)}" for k in self.keys)
        limit = self._chunk_rows()

        def fill() -> int:
            return self.session.run(
                f"INSERT INTO {self._own('k')} ({self._key_names()}) SELECT {keys} FROM {table} "
                f"FORCE INDEX ({q(self._index.name)}) {after} ORDER BY {', '.join(parts)} LIMIT {limit}"
            )

        def note(n: int) -> None:
            if n:
                self.session.run(f"DELETE FROM {at}")
                self.session.run(
                    f"INSERT INTO {at} ({self._key_names()}) SELECT {self._key_names()} FROM {self._own('k')} "
                    "ORDER BY rn DESC LIMIT 1"
                )
            if n < limit:
                self._page.write("copied", True)

        self._n = self._in_one(fill, note)

    def _ordered(self, key: Key) -> str:
        name = f"{q(self.change.table)}.{q(key.column.name)}"
        # The server orders these by their number and compares them by their text.
        return f"{name} + 0" if key.column.type in ("enum", "set", "bit") else name

    def _after(self, parts: list[str]) -> str:
        """Return the condition for rows beyond the last one carried; its key lies in variables of the session."""
        names = [
            f"k{n}" + ("+0" if k.column.type in ("enum", "set", "bit") else "")
            for n, k in enumerate(self.keys)
        ]
        held = ", ".join(f"@amends_{n}" for n in range(len(names)))
        at = q(Names.of(self.change).at)
        if not self.session.rows(f"SELECT 1 FROM {at}"):
            return ""
        self.session.run(f"SELECT {', '.join(names)} INTO {held} FROM {at} LIMIT 1")
        later = [
            "("
            + " AND ".join(
                [f"{parts[i]} = @amends_{i}" for i in range(n)] + [f"{part} > @amends_{n}"]
            )
            + ")"
            for n, part in enumerate(parts)
        ]
        return f"WHERE {parts[0]} >= @amends_0 AND ({' OR '.join(later)})"

    def _chunk_rows(self) -> int:
        mean = self.session.one(
            "SELECT AVG_ROW_LENGTH FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s",
            self.session.database,
            self.change.table,
        )
        return max(1, min(self.change.chunk_rows, CHUNK_BYTES // max(int(mean or 0), 64)))

    # -- catching up ----------------------------------------------------------------------------------------------

    def catch_up(self) -> Iterator[Copying]:
        """Carry the rows whose keys were caught, until few are left."""
        for _ in range(_ROUNDS):
            retried(self._caught)
            yield Copying(self._n, "catching up")
            if self._n < 100:
                return

    def catch_all(self) -> None:
        """Carry everything caught; the caller holds the lock, so nothing follows."""
        while True:
            self._caught()
            if not self._n:
                return

    def pending(self) -> int:
        """Return how many writes are caught and not carried."""
        return int(self.session.one(f"SELECT COUNT(*) FROM {q(self.capture)}"))

    def _caught(self) -> None:
        capture, seen = q(self.capture), self._own("seen")

        def fill() -> int:
            self.session.run(f"DELETE FROM {seen}")
            self.session.run(
                f"INSERT INTO {seen} SELECT seq FROM {capture} ORDER BY seq LIMIT {self.change.chunk_rows}"
            )
            keys = ", ".join(f"{capture}.k{n}" for n in range(len(self.keys)))
            return self.session.run(
                f"INSERT INTO {self._own('k')} ({self._key_names()}) SELECT DISTINCT {keys} "
                f"FROM {seen} STRAIGHT_JOIN {capture} ON {capture}.seq = {seen}.seq"
            )

        def note(n: int) -> None:
            # From our list to the rows, so that no row that is being written is waited for.
            joined = f"{seen} STRAIGHT_JOIN {capture} ON {capture}.seq = {seen}.seq"
            self.session.run(f"DELETE {capture} FROM {joined}")

        self._n = self._in_one(fill, note)

    # -- one transaction ------------------------------------------------------------------------------------------

    def _in_one(self, fill: Callable[[], int], note: Callable[[int], None]) -> int:
        """Carry the keys that ``fill`` chooses, in one transaction."""
        if not self.locked:
            self.session.run("START TRANSACTION")
        try:
            for name in ("k", "v"):
                self.session.run(f"DELETE FROM {self._own(name)}")
            n = fill()
            if n:
                self._tokens()
                self._write()
            note(n)
            self.session.commit()
        except BaseException:
            self.session.rollback()
            raise
        return n

    def _tokens(self) -> None:
        """Read the protected columns of the chosen rows, convert them, and lay them beside their keys."""
        table, k = q(self.change.table), self._own("k")
        mine = ", ".join(f"{table}.{q(c)}" for c in self.change.columns)
        found = self.session.rows(
            f"SELECT {k}.rn, {mine} FROM {k} STRAIGHT_JOIN {table} ON {self._joined(table)}"
        )
        if found:
            self._lay("v", self.change.columns, found)
        names = [key.column.name for key in self.keys if key.protected]
        if names:
            self.session.run(f"DELETE FROM {self._own('g')}")
            held = ", ".join(f"k{n}" for n, key in enumerate(self.keys) if key.protected)
            self._lay("g", names, self.session.rows(f"SELECT rn, {held} FROM {k}"))

    def _lay(self, name: str, names: Sequence[str], found: list[tuple[bytes | None, ...]]) -> None:
        rn, *values = zip(*found, strict=True)
        batch = pa.RecordBatch.from_arrays(
            [_texts(c, v) for c, v in zip(names, values, strict=True)],
            schema=pa.schema([self._own_columns[c].field() for c in names]),
        )
        made = self._convert(batch)
        columns_made = [made.column(made.schema.get_field_index(c)) for c in names]
        rows = _literal_rows(pa.array(rn, pa.binary()).cast(pa.string()), columns_made)
        for piece in _pieces(rows, self.session.packet_bytes()):
            self.session.verbatim(f"INSERT INTO {self._own(name)} VALUES {piece}")

    def _write(self) -> None:
        table, target, k, v = q(self.change.table), q(self.target), self._own("k"), self._own("v")
        joined = self._joined_target()
        if self._own_link:
            # Rows that are gone take with them what pointed to them, as in the table; the others must not.
            gone = f"{table}.{q(self.keys[0].column.name)} IS NULL"
            self.session.run(
                f"DELETE {target} FROM {joined} LEFT JOIN {table} ON {self._joined(table)} WHERE {gone}"
            )
            self.session.run("SET SESSION foreign_key_checks = 0")
        try:
            self.session.run(f"DELETE {target} FROM {joined}")
            given = {c: f"{v}.c{n}" for n, c in enumerate(self.change.columns)}
            source = ", ".join(given.get(c, f"{table}.{q(c)}") for c in self._columns)
            # Cascades from other tables come without a trigger: hold the row until its copy is there to cascade to.
            held = " LOCK IN SHARE MODE" if self._locks_rows and not self.locked else ""
            # A unique value may have moved here from a row whose key was caught later: that row comes again then.
            self.session.run(
                f"REPLACE INTO {target} ({', '.join(map(q, self._columns))}) SELECT {source} FROM {v} "
                f"STRAIGHT_JOIN {k} ON {k}.rn = {v}.rn STRAIGHT_JOIN {table} ON {self._joined(table)}{held}"
            )
        finally:
            if self._own_link:
                self.session.run("SET SESSION foreign_key_checks = 1")

    def _joined(self, table: str) -> str:
        """Return how chosen keys find their rows in the table."""
        k, words = self._own("k"), []
        for n, key in enumerate(self.keys):
            name = f"{table}.{q(key.column.name)}"
            if key.exact:
                words.append(f"{name} = {k}.k{n} COLLATE {key.column.collation}")
                words.append(f"BINARY {name} = BINARY {k}.k{n}")
            else:
                words.append(f"{name} = {k}.k{n}")
        return " AND ".join(words)

    def _joined_target(self) -> str:
        """Return chosen keys joined with their rows in the copy: by the token where the key is protected."""
        target, k, g = q(self.target), self._own("k"), self._own("g")
        words, n_protected = [], 0
        for n, key in enumerate(self.keys):
            name = f"{target}.{q(key.column.name)}"
            if key.protected:
                words.append(f"{name} = {g}.c{n_protected}")
                n_protected += 1
            else:
                words.append(f"{name} = {k}.k{n}")
        beside = f" STRAIGHT_JOIN {g} ON {g}.rn = {k}.rn" if n_protected else ""
        return f"{k}{beside} STRAIGHT_JOIN {target} ON {' AND '.join(words)}"

    def _key_names(self) -> str:
        return ", ".join(f"k{n}" for n in range(len(self.keys)))


def _texts(name: str, values: Sequence[bytes | None]) -> pa.Array:
    try:
        return pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        raise TableError(
            "A column to protect holds bytes that are no text",
            where=name,
            remedy="leave it out of the plan",
        ) from None


def _literal_rows(rn: pa.Array, made: Sequence[pa.Array]) -> pa.Array:
    """Return ``(rn,'text',NULL …)`` for each row."""
    parts: list[pa.Array | pa.Scalar] = [pa.scalar("("), rn]
    for column in made:
        text = pc.replace_substring(column.cast(pa.string()), "\\", "\\\\")
        text = pc.replace_substring(text, "'", "''")
        quoted = pc.binary_join_element_wise("'", text, "'", "")
        parts += [pa.scalar(","), pc.fill_null(quoted, "NULL")]
    return pc.binary_join_element_wise(*parts, pa.scalar(")"), "")


def _pieces(rows: pa.Array, most_bytes: int) -> Iterator[str]:
    """Yield the rows joined by commas, in pieces that fit into one statement."""
    groups = np.cumsum(pc.binary_length(rows).to_numpy(zero_copy_only=False) + 1) // most_bytes
    edges = [0, *(np.flatnonzero(np.diff(groups)) + 1).tolist(), len(rows)]
    for start, end in pairwise(edges):
        if end > start:
            yield ",".join(rows.slice(start, end - start).to_pylist())
