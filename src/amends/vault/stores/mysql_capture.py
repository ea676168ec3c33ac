"""Catching writes in MySQL and MariaDB: triggers that leave the key of each row written in a table of ours."""

from __future__ import annotations

from dataclasses import dataclass

from amends.vault.stores.base import Change
from amends.vault.stores.mysql_plan import Names
from amends.vault.stores.mysql_session import Session, q
from amends.vault.stores.mysql_shape import Column, columns, exists, key_index, triggers


@dataclass(frozen=True)
class Key:
    """One column of the key, and how rows are joined by it."""

    column: Column
    protected: bool

    @property
    def exact(self) -> bool:
        """Return whether keys that differ only in case must be told apart: their tokens differ."""
        return self.protected and self.column.is_text

    def selected(self) -> str:
        """Return the column as it is kept beside the table: compared byte by byte where tokens need it."""
        name = q(self.column.name)
        return f"{name} COLLATE {self.column.charset}_bin" if self.exact else name


def make_capture(session: Session, change: Change, capture: str, table: str, letter: str) -> None:
    """Make the table of caught writes and the triggers that fill it; harmless when done before.

    Args:
        session: Ours alone.
        change: The change.
        capture: Name of the table of caught writes.
        table: The table whose writes are caught.
        letter: ``w`` before the swap, ``s`` since.
    """
    make_capture_table(session, change, capture, table)
    there = {t.name for t in triggers(session, table)}
    for name, sql in capture_triggers(session, change, capture, table, letter):
        if name not in there:
            session.run(sql)


def make_capture_table(session: Session, change: Change, capture: str, table: str) -> None:
    """Make the table of caught writes."""
    if not exists(session, capture):
        keys = ", ".join(
            f"{k.selected()} AS k{n}" for n, k in enumerate(keys_of(session, change, table))
        )
        session.run(
            f"CREATE TABLE {q(capture)} (seq BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB "
            f"SELECT {keys} FROM {q(table)} WHERE FALSE"
        )


def make_cursor(session: Session, change: Change) -> None:
    """Make the table that holds the key of the last row carried."""
    at = Names.of(change).at
    if not exists(session, at):
        keys = ", ".join(
            f"{q(k.column.name)} AS k{n}"
            for n, k in enumerate(keys_of(session, change, change.table))
        )
        session.run(
            f"CREATE TABLE {q(at)} ENGINE=InnoDB SELECT {keys} FROM {q(change.table)} WHERE FALSE"
        )


def capture_triggers(
    session: Session, change: Change, capture: str, table: str, letter: str
) -> list[tuple[str, str]]:
    """Return names and statements of the triggers that catch writes."""
    base = Names.of(change).base
    keys = keys_of(session, change, table)
    names = ", ".join(f"k{n}" for n in range(len(keys)))
    old = ", ".join(f"OLD.{q(k.column.name)}" for k in keys)
    new = ", ".join(f"NEW.{q(k.column.name)}" for k in keys)
    same = " AND ".join(
        f"BINARY OLD.{q(k.column.name)} = BINARY NEW.{q(k.column.name)}" for k in keys
    )
    into = f"INSERT INTO {q(capture)} ({names})"
    bodies = {
        "i": ("INSERT", f"{into} VALUES ({new})"),
        "u": (
            "UPDATE",
            f"BEGIN {into} VALUES ({old}); IF NOT ({same}) THEN {into} VALUES ({new}); END IF; END",
        ),
        "d": ("DELETE", f"{into} VALUES ({old})"),
    }
    return [
        (
            f"{base}{letter}{end}",
            f"CREATE TRIGGER {q(f'{base}{letter}{end}')} AFTER {event} ON {q(table)} FOR EACH ROW {body}",
        )
        for end, (event, body) in bodies.items()
    ]


def drop_capture(session: Session, change: Change, letter: str) -> None:
    """Drop the triggers that catch writes."""
    base = Names.of(change).base
    for end in "iud":
        session.run(f"DROP TRIGGER IF EXISTS {q(f'{base}{letter}{end}')}")


def keys_of(session: Session, change: Change, table: str) -> list[Key]:
    """Return the columns of a table's key."""
    index = key_index(session, table)
    own = {c.name: c for c in columns(session, table)}
    return [Key(own[p.column], p.column in change.columns) for p in index.parts] if index else []
