"""Killed at any moment, nothing is lost: a real server, a running writer, and SIGKILL."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from amends.vault.keyring import Keyring
from amends.vault.protect.convert import to_clear
from amends.vault.roots.file import FileRoot
from tests.notices.postgres import server
from tests.vault import postgres_shop as shop

KILLS = 32
ROWS = 12_000


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as address:
        plain = address.replace("+psycopg", "")
        with psycopg.connect(plain, autocommit=True) as conn:
            shop.hasty(conn)
            conn.execute("CREATE DATABASE kills")
        yield plain.rsplit("/", 1)[0] + "/kills"


@contextmanager
def writing(url: str, folder: Path, seed: int) -> Iterator[Path]:
    """Let the writer run for the length of a block; its journal is there afterwards."""
    place = folder / f"writer-{seed}"
    place.mkdir()
    words = [sys.executable, "-m", "tests.vault.postgres_shop", url, str(place), str(seed)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(words, cwd=root, stderr=subprocess.PIPE, text=True) as writer:
        while not (place / "ready").exists():
            assert writer.poll() is None, writer.stderr and writer.stderr.read()
            time.sleep(0.02)
        try:
            yield place / "journal.json"
        finally:
            (place / "stop").touch()
            assert writer.stderr is not None
            assert writer.wait(60) == 0, writer.stderr.read()


def amends(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "amends", "--quiet", "--no-input", "vault", *words]


def killed(folder: Path, chance: random.Random, longest: float, *words: str) -> bool:
    """Run a command and kill it at a random moment; say whether it was killed before its end."""
    with subprocess.Popen(
        amends(folder, *words), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True,
    ) as command:  # fmt: skip
        try:
            command.wait(chance.uniform(0.7, longest))
        except subprocess.TimeoutExpired:
            command.send_signal(signal.SIGKILL)
            command.wait()
            return True
        assert command.stderr is not None
        said = command.stderr.read()
        assert command.returncode in (0, 4), said
        assert command.returncode == 0 or "in use" in said or "Another session" in said, said
        return False


def done(folder: Path, *words: str) -> None:
    """Run a command to its end; others may be in its way for a while."""
    for _ in range(5):
        made = subprocess.run(
            amends(folder, *words), cwd=folder, check=False, capture_output=True, text=True
        )
        if made.returncode == 0:
            return
        assert "in use" in made.stderr or "Another session" in made.stderr, made.stderr
    raise AssertionError(made.stderr)


def revealed(rows: dict[str, list[Any]], place: int, domain: str, keyring: Keyring) -> None:
    """Bring one value of each row in clear."""
    reveal = to_clear({"value": keyring.cipher(domain)})
    batch = pa.record_batch({"value": pa.array([row[place] for row in rows.values()], pa.string())})
    for row, value in zip(rows.values(), reveal(batch)["value"].to_pylist(), strict=True):
        row[place] = value


def same_as_journal(url: str, journal: Path, keyring: Keyring) -> int:
    """Compare every row with the writer's journal, tokens revealed; return how many tokens there are."""
    told = json.loads(journal.read_text())
    with psycopg.connect(url) as conn:
        customers, accounts = shop.rows_of(conn)
    tokens = sum(row[0].startswith("tk") for row in customers.values())
    # What the writer read at its beginning may have been tokens, too.
    for rows in (customers, accounts, told["customers"], told["accounts"]):
        revealed(rows, 0, "ssn", keyring)
    for rows in (customers, told["customers"]):
        revealed(rows, 2, "drivers_licence", keyring)
    assert customers == told["customers"]
    assert accounts == told["accounts"]
    assert told["acts"] > 0
    return tokens


@pytest.mark.slow
def test_thirty_kills_with_a_running_writer_lose_no_row(url: str, tmp_path: Path) -> None:
    chance = random.Random(20)
    (tmp_path / "safe").mkdir()
    root = FileRoot.create(tmp_path / "safe" / "root.key", "root.key")
    keyring = Keyring.create(tmp_path / "safe", root)
    with psycopg.connect(url, autocommit=True) as conn:
        shop.filled(conn, ROWS)
    done(tmp_path, "plan", "safe", url, "--to", "plan.toml", "--table", "customers", "--table", "accounts",
         "--add", "customers", "ssn", "ssn", "--add", "customers", "licence", "drivers_licence")  # fmt: skip
    plan = tmp_path / "plan.toml"
    text = plan.read_text().replace("chunk_rows = 65536", "chunk_rows = 700")
    assert "chunk_rows = 700" in text
    plan.write_text(text)
    kills = cycle = 0
    while kills < KILLS:
        cycle += 1
        for act, extra in (("protect", ()), ("undo", ("--yes",))):
            seed = 10 * cycle + len(act)
            with writing(url, tmp_path, seed) as journal:
                for _ in range(6):
                    if kills < KILLS + 3 and killed(
                        tmp_path, chance, 3.5, act, "safe", "plan.toml", *extra
                    ):
                        kills += 1
                done(tmp_path, act, "safe", "plan.toml", *extra)
            tokens = same_as_journal(url, journal, keyring)
            assert (tokens > 0) == (act == "protect")
            if act == "protect" and cycle % 2 == 0:
                with writing(url, tmp_path, seed + 1) as journal:
                    done(tmp_path, "drop", "safe", "plan.toml", "--yes")
                same_as_journal(url, journal, keyring)
    with psycopg.connect(url) as conn:
        left = conn.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'amends%'"
        ).fetchall()
    assert left == []
    assert not list(keyring.ledger.faults())
