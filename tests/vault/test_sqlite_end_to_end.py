"""From plan to drop and back, by the commands, on a SQLite file that somebody writes to all the time."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from amends.cli.main import cli
from amends.kernel.errors import AmendsError
from tests.vault.store_company import PEOPLE
from tests.vault.vaults import new_vault


def connect(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None, timeout=30)
    conn.execute("PRAGMA foreign_keys = ON")
    return conn


@pytest.fixture
def company(tmp_path: Path) -> Path:
    path = tmp_path / "company.db"
    conn = connect(path)
    conn.executescript("""
        PRAGMA journal_mode = wal;
        CREATE TABLE people (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            ssn VARCHAR(11) NOT NULL UNIQUE CHECK (length(ssn) = 11),
            name TEXT, photo BLOB
        );
        CREATE INDEX by_name ON people (name);
        CREATE TABLE accounts (
            id INTEGER PRIMARY KEY, holder_ssn TEXT NOT NULL REFERENCES people (ssn), balance REAL
        );
        CREATE TABLE calls (id INTEGER PRIMARY KEY, person_id INT REFERENCES people ON DELETE CASCADE);
        CREATE VIEW holders AS SELECT p.name, a.balance FROM people p JOIN accounts a ON a.holder_ssn = p.ssn;
    """)
    conn.executemany(
        "INSERT INTO people (id, ssn, name, photo) VALUES (?, ?, ?, ?)",
        [(*one, b"\xff\x00\xd8") for one in PEOPLE],
    )
    conn.executemany(
        "INSERT INTO accounts VALUES (?, ?, ?)", [(i, s, i + 0.1) for i, s, _ in PEOPLE[:150]]
    )
    conn.executemany("INSERT INTO calls VALUES (?, ?)", [(i, i) for i, _, _ in PEOPLE])
    conn.close()
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["--quiet", "vault", *map(str, words)])


def done(*words: object) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def schema(conn: sqlite3.Connection) -> list[str]:
    found = conn.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type, name")
    return [sql.replace('"', "").replace(" ", "") for (sql,) in found]


@pytest.mark.parametrize("drop", [False, True])
def test_there_and_back_with_a_running_writer(company: Path, tmp_path: Path, drop: bool) -> None:
    vault, plan = tmp_path / "vault", tmp_path / "plan.toml"
    new_vault(vault)
    conn = connect(company)
    before = {
        t: conn.execute(f"SELECT * FROM {t} ORDER BY id").fetchall() for t in ("accounts", "calls")
    }
    first = schema(conn)
    planned = done("plan", vault, company, "--to", plan)
    assert {(t["name"], c["name"]) for t in planned["tables"] for c in t["columns"]} == {
        ("people", "ssn"),
        ("accounts", "holder_ssn"),
    }
    ended, names = threading.Event(), {}

    def write() -> None:
        own, number = connect(company), 0
        while not ended.is_set():
            number += 1
            own.execute("UPDATE people SET name = ? WHERE id = ?", (f"n{number}", number % 200 + 1))
            names[number % 200 + 1] = f"n{number}"
            time.sleep(0.002)
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert {t["state"] for t in done("protect", vault, plan)} == {"swapped"}
        assert conn.execute("SELECT COUNT(*) FROM holders").fetchone() == (150,)
        assert not {s for (s,) in conn.execute("SELECT ssn FROM people")} & {
            s for _, s, _ in PEOPLE
        }
        assert done("verify", vault, plan)["clear_in_protected"] == 0
        with pytest.raises(sqlite3.IntegrityError):
            conn.execute("INSERT INTO accounts VALUES (999, 'nobody', 1)")
        if drop:
            assert {t["state"] for t in done("drop", vault, plan, "--yes")} == {"dropped"}
            assert done("verify", vault, plan, "--copies")["copies"] == []
        assert {t["state"] for t in done("undo", vault, plan, "--yes")} == {"none"}
    finally:
        ended.set()
        writer.join()
    held = {i: (s, n) for i, s, n in conn.execute("SELECT id, ssn, name FROM people")}
    assert held == {i: (s, names.get(i, n)) for i, s, n in PEOPLE}
    for table, rows in before.items():
        assert conn.execute(f"SELECT * FROM {table} ORDER BY id").fetchall() == rows
    assert schema(conn) == first
    assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    conn.close()


def test_after_drop_no_page_of_the_file_holds_a_value(company: Path, tmp_path: Path) -> None:
    vault, plan = tmp_path / "vault", tmp_path / "plan.toml"
    new_vault(vault)
    done("plan", vault, company, "--to", plan)
    done("protect", vault, plan)
    done("drop", vault, plan, "--yes")
    held = b"".join(p.read_bytes() for p in company.parent.glob("company.db*"))
    assert not [s for _, s, _ in PEOPLE if s.encode() in held]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"name,ssn\n" * 50, "no SQLite database"),
        (bytes(range(256)) * 32, "no SQLite database, or is encrypted"),
        (None, "no such file"),
    ],
)
def test_a_file_that_is_no_database_is_refused(
    tmp_path: Path, raw: bytes | None, words: str
) -> None:
    vault, path = tmp_path / "vault", tmp_path / "odd.db"
    new_vault(vault)
    if raw is not None:
        path.write_bytes(raw)
    result = run("plan", vault, path, "--to", tmp_path / "plan.toml")
    assert isinstance(result.exception, AmendsError)
    assert words in str(result.exception)
    assert path.exists() == (raw is not None)
