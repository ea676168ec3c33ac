"""A change of a SQLite table, killed at any point while somebody writes: nothing is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from amends.vault.stores.sqlite import opened
from tests.vault.store_world import (
    Writer,
    change,
    customers,
    in_clear,
    kill_again_and_again,
    protect,
    undo,
)


def company(path: Path, n: int, *, wal: bool = True) -> sqlite3.Connection:
    """Make a file with customers, orders, a view, and a trigger."""
    conn = connect(path)
    conn.execute(f"PRAGMA journal_mode = {'wal' if wal else 'delete'}")
    conn.executescript("""
        CREATE TABLE customers (id INTEGER PRIMARY KEY, ssn VARCHAR(11) UNIQUE, name VARCHAR(60));
        CREATE INDEX by_name ON customers (name);
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers (id));
        CREATE VIEW everybody AS SELECT id, ssn, name FROM customers;
        CREATE TABLE seen (n INTEGER PRIMARY KEY, id INT);
        CREATE TRIGGER watch AFTER INSERT ON customers BEGIN INSERT INTO seen (id) VALUES (NEW.id); END;
    """)
    conn.execute("BEGIN")
    conn.executemany("INSERT INTO customers VALUES (?, ?, ?)", customers(n))
    conn.execute("COMMIT")
    return conn


def connect(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, timeout=30)
    conn.execute("PRAGMA foreign_keys = ON")
    return conn


def harmless(error: Exception) -> bool:
    """In WAL, a transaction that began by reading may find that somebody else wrote: SQLITE_BUSY, at once."""
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


def schema(conn: sqlite3.Connection) -> list[tuple[str, ...]]:
    return conn.execute(
        "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2"
    ).fetchall()


def held(conn: sqlite3.Connection) -> dict[int, tuple[str, str]]:
    return in_clear(conn.execute("SELECT id, ssn, name FROM everybody").fetchall())


def run_kills(path: Path, times: int, seed: int, *, wal: bool) -> list[str]:
    """Kill again and again under a running writer; nothing may be lost, and what stands on the table stands there."""
    conn = company(path, 1500, wal=wal)
    before = schema(conn)
    writer = Writer(lambda: connect(path), "?", harmless, seed)
    writer.take(customers(1500))
    writer.start()
    steps = kill_again_and_again("sqlite", str(path), "", times, seed=seed, until=lambda: None)
    store = opened(str(path))
    undo(store, change())
    journal = writer.stop()
    assert writer.errors == []
    assert writer.n_done > times
    assert store.state(change()) == "none"
    assert held(conn) == journal
    assert schema(conn) == before or _but_quotes(schema(conn)) == _but_quotes(before)
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    protect(store, change(2))
    assert held(conn) == journal
    store.close()
    conn.close()
    return steps


def _but_quotes(found: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [tuple(str(v).replace('"', "").replace(" ", "") for v in row) for row in found]


@pytest.mark.parametrize("wal", [True, False])
def test_killed_at_any_point_nothing_is_lost(tmp_path: Path, wal: bool) -> None:
    run_kills(tmp_path / "company.db", 3, seed=7, wal=wal)


@pytest.mark.slow
@pytest.mark.parametrize("wal", [True, False])
def test_killed_thirty_two_times_nothing_is_lost(tmp_path: Path, wal: bool) -> None:
    steps = run_kills(tmp_path / "company.db", 32, seed=3, wal=wal)
    assert {"start", "copy", "swap", "undo"} <= set(steps)
