"""Tables of SQLite become tokens and come back, with all that stands on them; what is wrong is said."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amends.kernel.errors import AmendsError, BusyError, TableError, UsageError
from amends.vault.stores import sqlite_session
from amends.vault.stores.base import Change
from amends.vault.stores.sqlite import SqliteStore, opened
from amends.vault.stores.sqlite_words import parsed, rebuilt
from tests.vault.stand_in import protecting, revealing, token


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "odd.db", isolation_level=None)
    made.execute("PRAGMA foreign_keys = ON")
    made.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    yield made
    made.close()


@pytest.fixture
def store(tmp_path: Path, conn: sqlite3.Connection) -> Iterator[SqliteStore]:
    made = opened(str(tmp_path / "odd.db"))
    assert isinstance(made, SqliteStore)
    yield made
    made.close()


def change(table: str, *columns: str, number: int = 7, **more: Any) -> Change:
    return Change(f"V{number:016x}", table, columns, chunk_rows=more.pop("chunk", 2), **more)


def go(store: SqliteStore, wanted: Change) -> None:
    store.start(wanted)
    list(store.copy(wanted, protecting(*wanted.columns)))
    store.swap({wanted: protecting(*wanted.columns)})
    assert store.state(wanted) == "swapped"


def back(store: SqliteStore, wanted: Change) -> None:
    list(store.undo({wanted: revealing(*wanted.columns)}))
    assert store.state(wanted) == "none"


@pytest.mark.parametrize("drop", [False, True])
@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT)",
        "CREATE TABLE t (id TEXT PRIMARY KEY, ssn VARCHAR(9) UNIQUE COLLATE NOCASE) WITHOUT ROWID",
        "CREATE TABLE t (id INT NOT NULL, ssn INTEGER, UNIQUE (id))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, ssn INTEGER NOT NULL) STRICT",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, -- a comment, (odd\n ssn CHECK (ssn <> ')') /* ' */, CHECK (id > 0))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, ssn CHAR(9), other INT REFERENCES other ON DELETE CASCADE)",
        "CREATE TABLE \"t\" (\"id\" INTEGER PRIMARY KEY, [ssn] TEXT DEFAULT 'x', big TEXT AS (id || '!') STORED)",
    ],
)
def test_any_table_goes_there_and_back(
    store: SqliteStore, conn: sqlite3.Connection, made: str, drop: bool
) -> None:
    conn.execute(made)
    conn.execute("CREATE INDEX some ON t (ssn) WHERE ssn IS NOT NULL")
    conn.executemany(
        "INSERT INTO t (id, ssn) VALUES (?, ?)", [(i, 900000000 + i) for i in range(1, 8)]
    )
    before = conn.execute("SELECT * FROM t ORDER BY id").fetchall()
    schema = conn.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name IN ('t', 'some') ORDER BY 2"
    ).fetchall()
    wanted = change("t", "ssn")
    go(store, wanted)
    assert {s for (s,) in conn.execute("SELECT ssn FROM t")} == {
        token(str(900000000 + i)) for i in range(1, 8)
    }
    if drop:
        store.drop_clear(wanted)
        assert conn.execute("SELECT name FROM sqlite_master WHERE name LIKE 'some'").fetchall() == [
            ("some",)
        ]
    back(store, wanted)
    after = conn.execute("SELECT * FROM t ORDER BY id").fetchall()
    assert [tuple(map(str, r)) for r in after] == [tuple(map(str, r)) for r in before]
    now = conn.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE name IN ('t', 'some') ORDER BY 2"
    ).fetchall()
    assert [[str(v).replace('"', "").replace(" ", "") for v in r] for r in now] == [
        [str(v).replace('"', "").replace(" ", "") for v in r] for r in schema
    ]
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not conn.execute("SELECT name FROM sqlite_master WHERE name LIKE 'amends%'").fetchall()


def test_rows_that_a_replace_pushes_out_are_not_kept_in_the_shadow(
    store: SqliteStore, conn: sqlite3.Connection
) -> None:
    conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT UNIQUE)")
    conn.executemany("INSERT INTO t VALUES (?, ?)", [(i, f"s{i}") for i in range(6)])
    wanted = change("t", "ssn")
    store.start(wanted)
    list(store.copy(wanted, protecting("ssn")))
    conn.execute("INSERT OR REPLACE INTO t VALUES (9, 's3')")
    conn.execute("UPDATE OR REPLACE t SET ssn = 's1' WHERE id = 5")
    store.swap({wanted: protecting("ssn")})
    conn.execute("INSERT OR REPLACE INTO t VALUES (10, ?)", (token("s2"),))
    back(store, wanted)
    assert conn.execute("SELECT * FROM t ORDER BY id").fetchall() == [
        (0, "s0"),
        (4, "s4"),
        (5, "s1"),
        (9, "s3"),
        (10, "s2"),
    ]


def test_names_with_quotes_are_only_names(store: SqliteStore, conn: sqlite3.Connection) -> None:
    conn.execute('CREATE TABLE "a ""t"" (x" ("k,(" TEXT PRIMARY KEY, "s\'s" TEXT)')
    conn.execute('INSERT INTO "a ""t"" (x" VALUES (\'k\', \'v\')')
    wanted = change('a "t" (x', "s's")
    go(store, wanted)
    assert conn.execute('SELECT * FROM "a ""t"" (x"').fetchall() == [("k", token("v"))]
    back(store, wanted)
    assert conn.execute('SELECT * FROM "a ""t"" (x"').fetchall() == [("k", "v")]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ("CREATE TABLE t (ssn TEXT)", "no key"),
        ("CREATE TABLE t (id TEXT PRIMARY KEY, ssn TEXT); INSERT INTO t VALUES (NULL, 'x')", "without a key"),
        ("CREATE TABLE t (ssn INTEGER PRIMARY KEY)", "row's own number"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT, l4 TEXT AS (substr(ssn, -4)))", "computed from"),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, other TEXT)", "no column ssn"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused(
    store: SqliteStore, conn: sqlite3.Connection, made: str, words: str
) -> None:
    conn.executescript(made)
    wanted = change("t", "ssn")
    assert any(words in r.what for r in store.outlook(wanted).refusals)
    with pytest.raises(TableError, match=words):
        store.start(wanted)
    assert not conn.execute("SELECT name FROM sqlite_master WHERE name LIKE 'amends%'").fetchall()


def test_bytes_are_not_made_into_tokens(store: SqliteStore, conn: sqlite3.Connection) -> None:
    conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn BLOB)")
    conn.execute("INSERT INTO t VALUES (1, X'39')")
    wanted = change("t", "ssn")
    store.start(wanted)
    with pytest.raises(TableError, match="no text"):
        list(store.copy(wanted, protecting("ssn")))
    back(store, wanted)


def test_values_are_read_as_text(store: SqliteStore, conn: sqlite3.Connection) -> None:
    conn.execute("CREATE TABLE t (a, b)")
    conn.execute("INSERT INTO t VALUES (0.1, X'FF00'), (12, 'é'), (NULL, CAST(X'FE' AS TEXT))")
    rows = [r for b in store.batches("t", rows=2) for r in b.to_pylist()]
    assert [(r["a"], r["b"]) for r in rows] == [("0.1", "0xff00"), ("12", "é"), (None, "0xfe")]


def test_a_locked_file_is_waited_for_and_then_said_to_be_locked(
    store: SqliteStore, conn: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT)")
    monkeypatch.setattr(sqlite_session, "BUSY_SECONDS", 0.2)
    other = opened(str(store.path))
    conn.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError, match="locked"):
        other.start(change("t", "ssn"))
    conn.execute("ROLLBACK")
    other.start(change("t", "ssn"))
    other.close()


def test_a_table_half_swapped_by_hand_is_said_to_be(
    store: SqliteStore, conn: sqlite3.Connection
) -> None:
    conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT)")
    wanted = change("t", "ssn")
    go(store, wanted)
    conn.execute("ALTER TABLE t RENAME TO moved")
    with pytest.raises(TableError, match="half swapped"):
        store.state(wanted)
    conn.execute("ALTER TABLE moved RENAME TO t")
    back(store, wanted)


def test_a_file_that_may_not_be_written_is_refused(
    store: SqliteStore, conn: sqlite3.Connection
) -> None:
    conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT)")
    store._session.run("PRAGMA query_only = ON")  # root may write any file; this is the same answer
    with pytest.raises(UsageError, match="may not be written"):
        store.start(change("t", "ssn"))


def test_a_file_cut_short_is_said_to_be_damaged(
    store: SqliteStore, conn: sqlite3.Connection
) -> None:
    conn.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, ssn TEXT)")
    conn.execute("BEGIN")
    conn.executemany("INSERT INTO t (ssn) VALUES (?)", [("x" * 500,)] * 500)
    conn.execute("COMMIT")
    conn.close()
    raw = store.path.read_bytes()
    cut = store.path.with_name("cut.db")
    cut.write_bytes(raw[: len(raw) // 3])
    with pytest.raises(AmendsError, match=r"damaged|no SQLite"):
        opened(str(cut)).tables()


def test_a_definition_keeps_what_is_not_changed() -> None:
    sql = (
        "CREATE TABLE a (id INT, s INT CONSTRAINT c CHECK (s > 0) REFERENCES b (x) ON DELETE SET NULL DEFERRABLE, "
        "CONSTRAINT f FOREIGN KEY (id) REFERENCES b (id) ON UPDATE CASCADE, CHECK (id <> s), CHECK (id > 1)) STRICT"
    )
    made = rebuilt(parsed(sql), "n", texts=["s"], without_checks=["s"], links=False)
    assert " ".join(made.split()) == 'CREATE TABLE "n" (id INT, s TEXT , CHECK (id > 1)) STRICT'
