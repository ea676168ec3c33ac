"""What it costs to protect a PostgreSQL table while it is written to, and to search through its tokens.

    python bench/protect.py [--rows 500000] [--searches 4000] [--json]

A server of its own is started (found, or installed from Debian). One table with a unique SSN column and two more
indexes is protected by the command's own code while another process writes; then the same values are looked up in
clear and through their tokens, in turns. ``copy`` is beside the server's own CREATE TABLE AS with the same indexes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import statistics
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common import show

from amends.vault.keyring import Keyring
from amends.vault.protect.plan import Plan
from amends.vault.protect.propose import Found, propose
from amends.vault.protect.run import Protection
from amends.vault.roots.file import FileRoot
from amends.vault.stores.opening import open_store
from tests.notices.postgres import server


def filled(url: str, rows: int) -> float:
    """Make the table; return the seconds the server takes to copy it itself, indexes included."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE people (id bigint PRIMARY KEY, ssn varchar(11) NOT NULL, name text, city text, born date)"
        )
        conn.execute(
            "INSERT INTO people SELECT i, '9' || lpad((i / 1000000)::text, 2, '0') || '-' || "
            "lpad((i / 10000 % 100)::text, 2, '0') || '-' || lpad((i % 10000)::text, 4, '0'), "
            "'Name ' || i, 'City ' || i % 1000, date '1930-01-01' + (i % 30000)::int "
            f"FROM generate_series(1, {rows}) i"
        )
        conn.execute("CREATE UNIQUE INDEX ON people (ssn)")
        conn.execute("CREATE INDEX ON people (city)")
        conn.execute("VACUUM ANALYZE people")
        started = time.perf_counter()
        conn.execute("CREATE TABLE plain AS SELECT * FROM people")
        conn.execute("ALTER TABLE plain ADD PRIMARY KEY (id)")
        conn.execute("CREATE UNIQUE INDEX ON plain (ssn)")
        conn.execute("CREATE INDEX ON plain (city)")
        conn.execute("ANALYZE plain")
        return time.perf_counter() - started


def write(url: str, rows: int, stop: Event, out: Any) -> None:
    """Update at random until told to stop; say how many writes there were and how long the slowest took."""
    chance = random.Random(5)
    slowest, writes = 0.0, 0
    with psycopg.connect(url, autocommit=True) as conn:
        while not stop.is_set():
            started = time.perf_counter()
            conn.execute(
                "UPDATE people SET name = name || '.' WHERE id = %s", (chance.randint(1, rows),)
            )
            slowest = max(slowest, time.perf_counter() - started)
            writes += 1
    out.put((writes, slowest))


def protected(url: str, keyring: Keyring, rows: int) -> tuple[float, int, float]:
    """Protect the table while it is written to; return seconds, writes, and the slowest write in seconds."""
    store = open_store(url)
    plan: Plan = propose(
        store,
        keyring.vault_id,
        url,
        store.tables(),
        [Found("public.people", "ssn", "ssn", rows, rows)],
    )
    stop, out = multiprocessing.Event(), multiprocessing.Queue()  # type: ignore[var-annotated]
    writer = multiprocessing.Process(target=write, args=(url, rows, stop, out))
    writer.start()
    started = time.perf_counter()
    Protection(keyring, plan, store).protect()
    seconds = time.perf_counter() - started
    stop.set()
    writes, slowest = out.get()
    writer.join()
    store.close()
    return seconds, writes, slowest


def searched(url: str, keyring: Keyring, rows: int, searches: int) -> tuple[float, float, float]:
    """Return the median microseconds of a search in clear, by token, and by token made from the value each time."""
    cipher = keyring.cipher("ssn")
    chance = random.Random(7)
    clear: list[float] = []
    token: list[float] = []
    made: list[float] = []
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE people")
        values = [
            row[0]
            for row in conn.execute(
                "SELECT ssn FROM plain WHERE id = ANY(%s)",
                ([chance.randint(1, rows) for _ in range(searches)],),
            )
        ]
        plain = "SELECT id FROM plain WHERE ssn = %s"
        people = "SELECT id FROM people WHERE ssn = %s"
        for number, value in enumerate(values):
            [form] = cipher.forms(value)
            pair = [(clear, plain, value), (token, people, form)]
            conn.execute("SELECT 1")  # so that neither of the two is the first after a pause
            for times, query, asked in pair if number % 2 else reversed(pair):
                started = time.perf_counter()
                assert conn.execute(query, (asked,), prepare=True).fetchone()
                times.append(time.perf_counter() - started)
            started = time.perf_counter()
            [form] = cipher.forms(value)
            assert conn.execute(people, (form,), prepare=True).fetchone()
            made.append(time.perf_counter() - started)
    return tuple(statistics.median(t) * 1e6 for t in (clear, token, made))  # type: ignore[return-value]


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--rows", type=int, default=500_000)
    ask.add_argument("--searches", type=int, default=4000)
    ask.add_argument("--json", action="store_true")
    given = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder, server() as address:
        url = address.replace("+psycopg", "")
        keyring = Keyring.create(
            Path(folder), FileRoot.create(Path(folder) / "root.key", "root.key")
        )
        own = filled(url, given.rows)
        seconds, writes, slowest = protected(url, keyring, given.rows)
        clear, token, made = searched(url, keyring, given.rows, given.searches)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        {
            "step": "protect (copy, verify, swap)", "rows": given.rows, "seconds": round(seconds, 1),
            "rows_per_s": round(given.rows / seconds), "ratio": round(seconds / own, 2), "goal": None,
            "note": f"beside CREATE TABLE AS with the same indexes ({own:.1f} s)", "peak_mib": round(peak),
        },
        {
            "step": "writer meanwhile", "rows": writes, "seconds": round(slowest, 3), "rows_per_s": None,
            "ratio": None, "goal": None, "note": "writes; seconds of the slowest (waits for the swap)",
            "peak_mib": None,
        },
        {
            "step": "search by token", "rows": given.searches, "seconds": round(token / 1e6, 6),
            "rows_per_s": None, "ratio": round(token / clear, 2), "goal": 2.0,
            "note": f"median {token:.0f} µs, in clear {clear:.0f} µs", "peak_mib": None,
        },
        {
            "step": "search, token made from the value", "rows": given.searches, "seconds": round(made / 1e6, 6),
            "rows_per_s": None, "ratio": round(made / clear, 2), "goal": 2.0,
            "note": f"median {made:.0f} µs", "peak_mib": None,
        },
    ]  # fmt: skip
    show("protecting a PostgreSQL table", rows, given.json)


if __name__ == "__main__":
    main()
