"""A table of customers in use: what it holds, somebody who writes to it all the time, and a journal of his writes."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from amends.vault.stores.base import Change, ChangingStore
from tests.vault.stand_in import clear, protecting, revealing

ROOT = Path(__file__).parents[2]
COLUMNS = ("ssn",)


def change(number: int = 1, *, chunk: int = 200, **more: Any) -> Change:
    """Return a change of the customers' SSN."""
    return Change(f"V{number:016x}", "customers", COLUMNS, chunk_rows=chunk, **more)


def ssn(number: int) -> str:
    """Return an SSN of a range that was never issued (area 9xx)."""
    return f"9{number:08d}"


def customers(n: int) -> list[tuple[int, str, str]]:
    """Return rows: id, SSN, name."""
    return [(i, ssn(i), f"person {i}") for i in range(1, n + 1)]


class Writer(threading.Thread):
    """Somebody who goes on writing, and who knows what must be there.

    Args:
        connect: Opens a connection of DB-API.
        mark: ``%s`` or ``?``.
        harmless: Says whether an error is one an application must expect (a deadlock, a lock that took too long).
    """

    def __init__(
        self,
        connect: Callable[[], Any],
        mark: str,
        harmless: Callable[[Exception], bool],
        seed: int = 1,
    ) -> None:
        super().__init__(daemon=True)
        self._connect, self._mark, self._harmless = connect, mark, harmless
        self._random = random.Random(seed)
        self._ended = threading.Event()
        self._next = 1_000_000
        self.rows: dict[int, tuple[str, str]] = {}
        self.n_done = 0
        self.errors: list[Exception] = []

    def take(self, rows: list[tuple[int, str, str]]) -> None:
        """Take what is there at the start into the journal."""
        self.rows.update({i: (s, name) for i, s, name in rows})

    def run(self) -> None:
        """Write until told to stop; each transaction is journalled once it is committed."""
        conn = self._connect()
        cursor = conn.cursor()
        while not self._ended.is_set():
            statements, after = self._plan()
            try:
                cursor.execute("BEGIN")
                for sql, values in statements:
                    cursor.execute(sql.replace("?", self._mark), values)
                cursor.execute("COMMIT")
                self.rows = after
                self.n_done += 1
            except Exception as error:  # whatever the driver raises is judged here
                with contextlib.suppress(Exception):
                    cursor.execute("ROLLBACK")
                if not self._harmless(error):
                    self.errors.append(error)
            time.sleep(0.001)
        conn.close()

    def stop(self) -> dict[int, tuple[str, str]]:
        """Stop, and return what must be there."""
        self._ended.set()
        self.join(30)
        assert not self.is_alive()
        return self.rows

    def _plan(self) -> tuple[list[tuple[str, tuple[object, ...]]], dict[int, tuple[str, str]]]:
        after = dict(self.rows)
        ids = list(after)
        kind = self._random.randrange(5) if len(ids) > 10 else 0
        self._next += 1
        fresh = ssn(self._next)
        if kind == 0:
            after[self._next] = (fresh, "new")
            return [
                (
                    "INSERT INTO customers (id, ssn, name) VALUES (?, ?, ?)",
                    (self._next, fresh, "new"),
                ),
                ("INSERT INTO orders (id, customer_id) VALUES (?, ?)", (self._next, self._next)),
            ], after
        one = self._random.choice(ids)
        if kind == 1:
            after[one] = (fresh, after[one][1])
            return [("UPDATE customers SET ssn = ? WHERE id = ?", (fresh, one))], after
        if kind == 2:
            name = f"renamed {self._next}"
            after[one] = (after[one][0], name)
            return [("UPDATE customers SET name = ? WHERE id = ?", (name, one))], after
        if kind == 3:
            del after[one]
            return [
                ("DELETE FROM orders WHERE customer_id = ?", (one,)),
                ("DELETE FROM customers WHERE id = ?", (one,)),
            ], after
        # A unique value moves from one row to another within one transaction.
        other = self._random.choice([i for i in ids if i != one])
        after[other] = (after[one][0], after[other][1])
        after[one] = (fresh, after[one][1])
        return [
            ("UPDATE customers SET ssn = ? WHERE id = ?", (fresh, one)),
            ("UPDATE customers SET ssn = ? WHERE id = ?", (after[other][0], other)),
        ], after


def advance(store: ChangingStore, wanted: Change, *, drop: bool) -> str:
    """Take one step of a change: on from none to swapped, or from there back; return the step."""
    state = store.state(wanted)
    to, back = {wanted: protecting(*COLUMNS)}, {wanted: revealing(*COLUMNS)}
    if state == "none":
        store.start(wanted)
        return "start"
    if state == "copying":
        for _ in store.copy(wanted, to[wanted]):
            pass
        return "copy"
    if state == "copied":
        store.swap(to)
        return "swap"
    if state == "swapped" and drop:
        store.drop_clear(wanted)
        return "drop"
    for _ in store.undo(back):
        pass
    return "undo"


def protect(store: ChangingStore, wanted: Change) -> None:
    """Bring a change to the state swapped."""
    while store.state(wanted) != "swapped":
        assert advance(store, wanted, drop=False) != "undo"


def undo(store: ChangingStore, wanted: Change) -> None:
    """Undo a change."""
    for _ in store.undo({wanted: revealing(*COLUMNS)}):
        pass


def in_clear(rows: list[tuple[Any, ...]]) -> dict[int, tuple[str, str]]:
    """Return what a table says, tokens revealed, in the form of the journal."""
    return {int(i): (str(clear(str(s))), str(name)) for i, s, name in rows}


def kill_again_and_again(
    kind: str, address: str, password: str, times: int, *, seed: int, until: Callable[[], None]
) -> list[str]:
    """Let a process of its own take step after step, and kill it at any point; return what it had done.

    Args:
        kind: ``mysql`` or ``sqlite``.
        address: The store's.
        password: Its password.
        times: How many kills.
        seed: Of the moments chosen.
        until: Run after each kill.
    """
    chance = random.Random(seed)
    steps: list[str] = []
    for number in range(times):
        given = json.dumps(
            {"kind": kind, "address": address, "password": password, "drop": number % 3 == 1}
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.vault.store_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(given)
        process.stdin.close()
        assert process.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 1.6))
        process.kill()
        said = process.stdout.read().split()
        process.stdout.close()
        assert process.wait(30) == -9, f"the worker ended by itself after {said}"
        steps += said
        until()
    return steps


def worker_steps(store: ChangingStore, *, drop: bool) -> Iterator[str]:
    """Go round and round: protect, undo, protect …"""
    wanted = change()
    while True:
        yield advance(store, wanted, drop=drop)
