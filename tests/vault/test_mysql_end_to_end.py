"""From plan to drop and back, by the commands, on a MariaDB server that is in use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest
from click.testing import CliRunner, Result

from amends.cli.main import cli
from amends.kernel.errors import UsageError
from tests.vault.mariadb import Server
from tests.vault.store_company import PEOPLE, ssn_of
from tests.vault.vaults import new_vault

MAKE = (
    "CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, ssn VARCHAR(11) NOT NULL, name VARCHAR(60), "
    "born DATE, photo BLOB, UNIQUE KEY (ssn), KEY (name))",
    "CREATE TABLE accounts (id INT PRIMARY KEY, holder_ssn VARCHAR(11) NOT NULL, balance DECIMAL(12,2), "
    "KEY (holder_ssn), CONSTRAINT held_by FOREIGN KEY (holder_ssn) REFERENCES people (ssn))",
    "CREATE TABLE calls (id INT PRIMARY KEY, person_id INT, "
    "CONSTRAINT made_by FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE)",
    "CREATE VIEW holders AS SELECT p.name, a.balance, p.ssn FROM people p JOIN accounts a ON a.holder_ssn = p.ssn",
)


@pytest.fixture
def company(maria: Server) -> Iterator[pymysql.Connection]:
    conn = maria.connect()
    cursor = conn.cursor()
    cursor.execute("DROP DATABASE IF EXISTS whole")
    cursor.execute("CREATE DATABASE whole CHARACTER SET utf8mb4")
    conn.select_db("whole")
    for sql in MAKE:
        cursor.execute(sql)
    cursor.executemany(
        "INSERT INTO people (id, ssn, name, born, photo) VALUES (%s, %s, %s, %s, %s)",
        [(i, ssn, name, "1970-01-01", b"\xff\x00\xd8") for i, ssn, name in PEOPLE],
    )
    cursor.executemany(
        "INSERT INTO accounts VALUES (%s, %s, %s)", [(i, ssn, i) for i, ssn, _ in PEOPLE[:150]]
    )
    cursor.executemany("INSERT INTO calls VALUES (%s, %s)", [(i, i) for i, _, _ in PEOPLE])
    yield conn
    conn.close()


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, ["--quiet", "vault", *map(str, words)])


def done(*words: object) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def rows(conn: pymysql.Connection, sql: str) -> list[tuple[Any, ...]]:
    cursor = conn.cursor()
    cursor.execute(sql)
    return list(cursor.fetchall())


def test_plan_protect_verify_undo_on_a_server(
    maria: Server, company: pymysql.Connection, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    new_vault(vault)
    secret = tmp_path / "secret"
    secret.write_text(maria.password)
    secret.chmod(0o600)
    plan = tmp_path / "plan.toml"
    before = {
        t: rows(company, f"SELECT * FROM {t} ORDER BY id") for t in ("people", "accounts", "calls")
    }
    definitions = [rows(company, f"SHOW CREATE TABLE {t}") for t in ("people", "accounts", "calls")]
    planned = done("plan", vault, maria.address("whole"), "--to", plan, "--password-file", secret)
    chosen = {(t["name"], c["name"]) for t in planned["tables"] for c in t["columns"]}
    assert chosen == {("people", "ssn"), ("accounts", "holder_ssn")}
    assert len({t["group"] for t in planned["tables"]}) == 1, (
        "tables joined by the SSN change together"
    )

    for table in done("protect", vault, plan, "--password-file", secret):
        assert table["state"] == "swapped"
        assert table["n_rows"] in (200, 150)
    assert not {s for (s,) in rows(company, "SELECT ssn FROM people")} & {s for _, s, _ in PEOPLE}
    assert len(rows(company, "SELECT * FROM holders")) == 150, (
        "the view joins tokens as it joined values"
    )
    whole = "SELECT COUNT(*) FROM people WHERE photo = X'FF00D8' AND born = '1970-01-01'"
    assert rows(company, whole) == [(200,)]
    with pytest.raises(pymysql.err.IntegrityError):
        rows(company, "INSERT INTO accounts VALUES (999, 'nobody', 1)")
    looked = done("verify", vault, plan, "--password-file", secret)
    assert looked["clear_in_protected"] == 0

    one = rows(company, "SELECT id FROM people ORDER BY id LIMIT 1")[0]
    rows(company, f"UPDATE people SET name = 'renamed since' WHERE id = {one[0]}")
    rows(company, "DELETE FROM people WHERE id = 180")
    assert rows(company, "SELECT COUNT(*) FROM calls WHERE person_id = 180")[0][0] == 0, (
        "cascades go on"
    )

    for table in done("undo", vault, plan, "--password-file", secret, "--yes"):
        assert table["state"] == "none"
    expected = [r for r in before["people"] if r[0] != 180]
    expected[0] = (*expected[0][:2], "renamed since", *expected[0][3:])
    assert rows(company, "SELECT * FROM people ORDER BY id") == expected
    assert rows(company, "SELECT * FROM accounts ORDER BY id") == before["accounts"]
    assert [
        rows(company, f"SHOW CREATE TABLE {t}") for t in ("people", "accounts", "calls")
    ] == definitions
    assert not [t for (t,) in rows(company, "SHOW TABLES") if "amends" in t]


def test_after_drop_nothing_in_clear_is_left_and_undo_reveals(
    maria: Server, company: pymysql.Connection, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    new_vault(vault)
    secret = tmp_path / "secret"
    secret.write_text(maria.password)
    secret.chmod(0o600)
    plan = tmp_path / "plan.toml"
    before = {
        t: rows(company, f"SELECT * FROM {t} ORDER BY id") for t in ("people", "accounts", "calls")
    }
    done("plan", vault, maria.address("whole"), "--to", plan, "--password-file", secret)
    done("protect", vault, plan, "--password-file", secret)
    dropped = done("drop", vault, plan, "--password-file", secret, "--yes")
    assert {t["state"] for t in dropped} == {"dropped"}
    assert any("binary log" in words for t in dropped for words in t["copies"])
    seen = done("verify", vault, plan, "--password-file", secret, "--copies")
    assert seen["copies"] == []
    done("undo", vault, plan, "--password-file", secret, "--yes")
    for table, held in before.items():
        assert rows(company, f"SELECT * FROM {table} ORDER BY id") == held
    assert ssn_of(1) == before["people"][0][1]


def test_a_wrong_password_says_so_and_shows_nothing(maria: Server, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    new_vault(vault)
    secret = tmp_path / "secret"
    secret.write_text("not the password")
    secret.chmod(0o600)
    result = run(
        "plan",
        vault,
        maria.address("whole"),
        "--to",
        tmp_path / "p.toml",
        "--password-file",
        secret,
    )
    assert isinstance(result.exception, UsageError)
    assert "did not let this account in" in str(result.exception)
    assert "not the password" not in str(result.exception) + result.output
