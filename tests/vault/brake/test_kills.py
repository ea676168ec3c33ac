"""Killed at any moment under load: never more generous than what was answered, and no answer without its line."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa

from amends.kernel.errors import UsageError
from amends.vault.brake.brake import Brake
from amends.vault.brake.client import BrakeClient, Refused
from tests.vault.brake.world import World

BUDGET = 400
ROUNDS = 4


def _serving(world: World) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "amends", "--quiet", "vault", "serve", str(world.folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _ask_until_killed(
    world: World, start: int, answered: Counter[str], over: threading.Event
) -> None:
    client = BrakeClient(world.folder / "brake.sock", "desk", world.keys["desk"])
    tokens = world.tokens(200, start)
    for number in range(100_000):
        if over.is_set():
            break
        token = tokens[number % len(tokens)]
        try:
            client.reveal("ssn", [token], purpose="check", case="T-1")
            answered[token] += 1
        except Refused as refused:
            assert refused.status == 429
        except UsageError:
            time.sleep(0.05)
    client.close()


def test_after_any_kill_budgets_hold_and_every_answer_has_its_line(tmp_path: Path) -> None:
    world = World(tmp_path, durable=True)
    world.brake.close()
    world.brake = Brake(world.keyring)  # the machine's own clock, as the service has it
    world.let("desk", per_hour=BUDGET, per_day=BUDGET)
    counts = [Counter[str]() for _ in range(3)]
    over = threading.Event()
    threads = [
        threading.Thread(target=_ask_until_killed, args=(world, i * 200, counts[i], over))
        for i in range(3)
    ]
    chance = random.Random(11)
    for thread in threads:
        thread.start()
    try:
        for _ in range(ROUNDS):
            server = _serving(world)
            deadline = time.monotonic() + 20
            before = sum(map(Counter.total, counts))
            while sum(map(Counter.total, counts)) == before and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.15))
            server.send_signal(signal.SIGKILL)
            server.wait()
    finally:
        over.set()
        for thread in threads:
            thread.join()
    answered = sum(counts, Counter())
    assert 0 < len(answered) <= BUDGET
    lines = Counter(
        number
        for line in world.brake.chain.every()
        if line.act == "answer"
        for number in line.body["tokens"]
    )
    assert len(lines) <= BUDGET
    numbers = world.brake.index("ssn").text_hashes(
        world.keyring.cipher("ssn").reveal(pa.array(list(answered)))
    )
    for token, number in zip(answered, numbers, strict=True):
        assert lines[f"{int(number):016x}"] >= answered[token]
    state, now = world.brake.look()
    assert state.windows.used("desk", now).per_day == len(lines)
    world.brake.close()
