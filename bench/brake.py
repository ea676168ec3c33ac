"""How fast the brake answers with its audit on disk first, and what a thief with a valid role gets.

    python bench/brake.py [--calls 4000] [--map 2000000] [--json FILE]

Prints a table of latency (p50, p95, p99) and throughput over the local socket and HTTP: a steady rate, and clients that
ask as fast as they can; with the audit forced to disk (fdatasync) and, for comparison, without. Then the cost of one
forced write on this disk, of a start, of checking the audit, of the map of persons; a thief's day; and how many
questions lead to the first canary. The service is a process of its own; the clients share one other.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from amends.vault.brake import keeping
from amends.vault.brake.answering import Answering, Caller
from amends.vault.brake.brake import Brake
from amends.vault.brake.people import PersonMap
from amends.vault.brake.reporting import report
from amends.vault.brake.server import Serving, serve
from amends.vault.brake.times import Times
from amends.vault.brake.windows import HOUR, Budget
from amends.vault.keyring import Keyring
from amends.vault.roots.file import FileRoot
from bench.common import machine

POPULATION = 54_000_000


def new_vault(folder: Path) -> Keyring:
    folder.mkdir()
    return Keyring.create(folder, FileRoot.create(folder / "root.key", "root.key"))


def tokens_of(keyring: Keyring, numbers: object) -> list[str]:
    values = pa.array([f"{int(n):09d}" for n in numbers], pa.string())  # type: ignore[attr-defined]
    found: list[str] = keyring.cipher("ssn").protect(values).to_pylist()
    return found


# ------------------------------------------------------------------------------------------------ latency


def requests_of(tokens: list[str], key: str) -> list[bytes]:
    made = []
    for token in tokens:
        asked = {
            "actor": "desk",
            "purpose": "check",
            "case": "T-1042",
            "domain": "ssn",
            "tokens": [token],
        }
        body = json.dumps(asked).encode()
        head = (
            "POST /v1/reveal HTTP/1.1\r\nHost: brake\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


async def connect(place: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if place.startswith("http"):
        host, _, port = place.removeprefix("http://").strip("/").rpartition(":")
        return await asyncio.open_connection(host, int(port))
    return await asyncio.open_unix_connection(place)


async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> float:
    started = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    took = time.perf_counter() - started
    if b" 200 " not in head[:16]:
        sys.exit(f"refused: {body!r}")
    return took


async def closed(place: str, requests: list[bytes], clients: int) -> tuple[list[float], float]:
    """Each client asks again as soon as it is answered."""
    took: list[float] = []

    async def client(part: list[bytes]) -> None:
        reader, writer = await connect(place)
        for request in part:
            took.append(await once(reader, writer, request))
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client(requests[i::clients]) for i in range(clients)))
    return took, time.perf_counter() - started


async def steady(
    place: str, requests: list[bytes], clients: int, per_second: float
) -> tuple[list[float], float]:
    """Questions come at a rate, whether earlier ones are answered or not; waiting for a free line counts."""
    took: list[float] = []
    lines = [await connect(place) for _ in range(clients)]
    free: asyncio.Queue[int] = asyncio.Queue()
    for number in range(clients):
        free.put_nowait(number)
    chance = random.Random(5)

    async def one(request: bytes, due: float) -> None:
        number = await free.get()
        await once(*lines[number], request)
        free.put_nowait(number)
        took.append(time.perf_counter() - due)

    started = due = time.perf_counter()
    tasks = []
    for request in requests:
        due += chance.expovariate(per_second)
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        tasks.append(asyncio.create_task(one(request, max(due, time.perf_counter() - 0.0005))))
    await asyncio.gather(*tasks)
    seconds = time.perf_counter() - started
    for _, writer in lines:
        writer.close()
    return took, seconds


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used: it tells the cost of a call on a busy machine too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def figures(kind: str, place: str, took: list[float], seconds: float) -> dict[str, object]:
    ms = np.percentile(np.array(took) * 1000, (50, 95, 99, 100))
    return {
        "load": kind,
        "socket": "HTTP" if place.startswith("http") else "local",
        "calls": len(took),
        "per_s": round(len(took) / seconds),
        **{name: round(float(v), 2) for name, v in zip(("p50_ms", "p95_ms", "p99_ms", "max_ms"), ms, strict=True)},
    }  # fmt: skip


def latency(folder: Path, calls: int, durable: bool) -> list[dict[str, object]]:
    vault = folder / ("v" if durable else "w")
    keyring = new_vault(vault)
    tokens = tokens_of(keyring, range(900_000_000, 900_000_000 + calls))
    brake = Brake(keyring)
    keeping.set_purpose(brake, "check", clear=False, domains=[])
    keeping.set_ceiling(brake, Budget(1_000_000, 1_000_000))
    key = keeping.set_actor(brake, "desk", "check", Budget(1_000_000, 1_000_000))
    brake.close()
    requests = requests_of(tokens, key)
    command = [sys.executable, __file__, "--serve", str(vault), "yes" if durable else "no"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        places = json.loads(server.stdout.readline())
        rows = []
        try:
            asyncio.run(closed(places[0], requests[:200], 2))
            for place in places:
                for clients in (1, 8, 32):
                    before = cpu_seconds(server.pid)
                    got = asyncio.run(closed(place, requests, clients))
                    rows.append(figures(f"{clients} clients, no pause", place, *got))
                    spent = (cpu_seconds(server.pid) - before) / len(got[0])
                    rows[-1]["server_cpu_us"] = round(spent * 1e6)
                for rate in (50, 200):
                    before = cpu_seconds(server.pid)
                    got = asyncio.run(steady(place, requests[: rate * 8], 32, rate))
                    rows.append(figures(f"{rate} a second", place, *got))
                    spent = (cpu_seconds(server.pid) - before) / len(got[0])
                    rows[-1]["server_cpu_us"] = round(spent * 1e6)
            peak = Path(f"/proc/{server.pid}/status").read_text().split("VmHWM:")[1].split()[0]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait()
    for row in rows:
        row["audit"] = "on disk" if durable else "not forced"
        row["server_MiB"] = int(peak) // 1024
    return rows


def forced_write(folder: Path) -> dict[str, object]:
    took = []
    with (folder / "probe").open("ab", buffering=0) as out:
        for _ in range(1000):
            started = time.perf_counter()
            out.write(b"x" * 500)
            os.fdatasync(out.fileno())
            took.append(time.perf_counter() - started)
    ms = np.percentile(np.array(took) * 1000, (50, 99))
    return {"fdatasync_p50_ms": round(float(ms[0]), 3), "fdatasync_p99_ms": round(float(ms[1]), 3)}


# ------------------------------------------------------------------------------------------------ size


def sizes(folder: Path, rows: int) -> dict[str, object]:
    keyring = Keyring.open(folder / "v")
    started = time.perf_counter()
    brake = Brake(keyring)
    brake.look()
    start_s = time.perf_counter() - started
    started = time.perf_counter()
    told = report(brake)
    audit_s = time.perf_counter() - started
    people = PersonMap(brake, keyring)
    batches = list(_batches(keyring, rows))
    started = time.perf_counter()
    n = people.load(batches)
    map_s = time.perf_counter() - started
    numbers = brake.index("ssn").text_hashes(pa.array([f"{i:09d}" for i in range(1000)]))
    started = time.perf_counter()
    for number in numbers:
        people.numbers(np.array([number]), None)
    look_s = (time.perf_counter() - started) / 1000
    brake.close()
    return {
        "audit_lines": told["lines"],
        "start_s": round(start_s, 2),
        "audit_lines_per_s": round(told["lines"] / audit_s),
        "map_tokens": n,
        "map_tokens_per_s": round(n / map_s),
        "map_bytes_a_token": 16,
        "map_lookup_us": round(look_s * 1e6, 1),
    }


def _batches(keyring: Keyring, rows: int):  # type: ignore[no-untyped-def]
    for start in range(0, rows, 100_000):
        ids = range(start, min(start + 100_000, rows))
        yield pa.RecordBatch.from_pydict(
            {
                "domain": ["ssn"] * len(ids),
                "token": tokens_of(keyring, ids),
                "person": [f"P{i // 3}" for i in ids],
            }
        )


# ------------------------------------------------------------------------------------------------ the thief


def thief(folder: Path) -> dict[str, object]:
    """A valid role, 54 million persons, 64 connections' worth of questions, 24 hours of the brake's clock."""
    keyring = new_vault(folder / "t")
    now = [1_767_225_600.0]
    brake = Brake(
        keyring,
        times=Times(lambda: now[0], lambda: now[0], "b"),
        ring=lambda alarm: None,
        durable=False,
    )
    keeping.set_purpose(brake, "check", clear=True, domains=[])
    key = keeping.set_actor(brake, "desk", "check", Budget(60, 300))
    answering, chance = Answering(brake, keyring), random.Random(1)
    got: set[int] = set()
    asked = 0
    for _ in range(24 * 60):
        persons = [chance.randrange(POPULATION) for _ in range(64)]
        tokens = tokens_of(keyring, persons)
        questions = [
            answering.question(
                {
                    "actor": "desk",
                    "purpose": "check",
                    "case": "T",
                    "domain": "ssn",
                    "tokens": [t],
                    "clear": True,
                },
                Caller("thief", key=key),
            )
            for t in tokens
        ]
        verdicts = brake.decide([q.call for q in questions])
        got |= {p for p, v in zip(persons, verdicts, strict=True) if v.status == 200}
        asked += len(persons)
        now[0] += HOUR / 60
    told = report(brake, POPULATION)
    brake.close()
    return {
        "population": POPULATION,
        "asked_in_24_h": asked,
        "answered_in_24_h": len(got),
        "budget": 300,
        "days_at_budget": told["days_to_pull_everybody"]["at_budgets"],
        "days_at_ceiling_5000": told["days_to_pull_everybody"]["at_ceiling"],
    }


def canaries() -> list[dict[str, object]]:
    """How many questions, drawn at random without repeating, lead to the first canary."""
    rows = []
    rng = np.random.default_rng(3)
    for planted in (20, 540, 5_400, 54_000, 540_000):
        whole = POPULATION + planted
        expected = (whole + 1) / (planted + 1)
        # The least of `planted` places drawn from the whole, each place as likely as any other.
        u = rng.random(20_000)
        drawn = np.ceil(whole * (1 - (1 - u) ** (1 / planted)))
        rows.append(
            {
                "canaries": planted,
                "share": f"{planted / whole:.7f}",
                "asks_to_first_trip": round(expected),
                "simulated": round(float(drawn.mean())),
                "days_at_300_a_day": round(expected / 300, 1),
                "days_at_ceiling": round(expected / 5000, 1),
            }
        )
    return rows


def serve_here(vault: str, durable: str) -> None:
    folder = Path(vault)
    serve(
        Keyring.open(folder),
        Serving(path=folder / "s.sock", host="127.0.0.1", durable=durable == "yes"),
        lambda places: print(json.dumps(places), flush=True),
    )


def table(title: str, rows: list[dict[str, object]]) -> None:
    print(f"\n# {title}")
    names = list(rows[0])
    cells = [[str(row[n]) for n in names] for row in rows]
    widths = [max(len(n), *(len(c[i]) for c in cells)) for i, n in enumerate(names)]
    for line in (names, *cells):
        print("  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)))


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--calls", type=int, default=4000)
    ask.add_argument("--map", type=int, default=2_000_000)
    ask.add_argument("--json", type=Path)
    ask.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.serve:
        serve_here(*given.serve)
        return
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        found: dict[str, list[dict[str, object]]] = {
            "disk": [forced_write(folder)],
            "latency": latency(folder, given.calls, True) + latency(folder, given.calls, False),
            "size": [sizes(folder, given.map)],
            "thief": [thief(folder)],
            "canaries": canaries(),
        }
    print(f"# {machine()}, load average {os.getloadavg()[0]:.1f}")
    for title, rows in found.items():
        table(title, rows)
    print(
        f"\npeak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB"
    )
    if given.json:
        given.json.write_text(
            json.dumps(
                {"machine": machine(), "load_average": os.getloadavg()[0], **found}, indent=1
            )
            + "\n"
        )


if __name__ == "__main__":
    main()
