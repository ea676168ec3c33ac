"""How long the console's pages take on a case, in the server, one person asking after another.

    python bench/console_pages.py CASE [--times 20] [--json]

Signs in as a lead of its own (the account is made and disabled again), asks each page as a browser would, over HTTP on
this machine, and prints p50, p95, processor time (of all threads) and the first time. Persons are drawn anew for each
request, so nothing is remembered.
The goal is 200 ms a page at one million persons. There is no peer to compare with.
"""

from __future__ import annotations

import argparse
import random
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import uvicorn

from amends.console import accounts, calls
from amends.console.app import make_app
from amends.console.home import warm
from amends.kernel import clock, ids
from amends.vault.codes import code_key, letter_code
from bench.common import show

GOAL_MS = 200


def _serve(case: Path) -> tuple[uvicorn.Server, threading.Thread, object, float]:
    app = make_app(case)
    started = time.monotonic()
    app.state.desk.catch_up()
    made = time.monotonic() - started
    warm(app.state.desk)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    return server, thread, app, made


def _token(text: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', text)
    return found[1] if found else ""


def _pages(case: Path, seed: int) -> dict[str, Callable[[], tuple[str, str, dict[str, str]]]]:
    rows = pq.read_table(
        case / "tables" / "persons",
        columns=["person_id", "name_first", "name_last", "zip", "phone", "residence"],
    ).to_pylist()
    drawn = random.Random(seed)
    named = [r for r in rows if r["name_last"] and r["name_first"] and r["zip"] and r["phone"]]
    key = code_key(case / "keys")

    def one() -> dict[str, str]:
        return drawn.choice(named)

    def caller() -> dict[str, str]:
        r = one()
        return {
            "last": r["name_last"],
            "first": r["name_first"],
            "zip": r["zip"][:5],
            "phone": r["phone"][-4:],
        }

    states = sorted({str(r["residence"]) for r in rows if r["residence"]})
    return {
        "case home": lambda: ("GET", "/", {}),
        "people": lambda: ("GET", f"/people?after={one()['person_id']}&from=2000", {}),
        "people, filtered": lambda: (
            "GET", f"/people?residence={drawn.choice(states)}&element=ssn&after={one()['person_id']}&from=51", {},
        ),
        "person": lambda: ("GET", f"/people/{one()['person_id']}", {}),
        "records of a person": lambda: ("GET", f"/people/{one()['person_id']}/records", {}),
        "ties of a person": lambda: ("GET", f"/people/{one()['person_id']}/ties", {}),
        "person.json": lambda: ("GET", f"/people/{one()['person_id']}.json", {}),
        "search by name": lambda: (
            "POST", "/people/search", {"text": "{first} {last}".format(**caller())},
        ),
        "call screen": lambda: ("GET", "/calls", {}),
        "call, by code": lambda: ("POST", "/calls/answer", {"code": letter_code(key, one()["person_id"])}),
        "call, by name": lambda: ("POST", "/calls/answer", caller()),
        "exhibits": lambda: ("GET", "/exhibits", {}),
        "exceptions": lambda: ("GET", "/exceptions", {}),
        "review": lambda: ("GET", "/review", {}),
        "duties": lambda: ("GET", "/duties", {}),
        "release": lambda: ("GET", "/release", {}),
        "audit": lambda: ("GET", "/audit", {}),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    calls.MOST_LOOKS = 1_000_000  # the throttle is not what is measured
    server, thread, app, made = _serve(given.case)
    desk = app.state.desk
    name, password = f"bench-{ids.new(3)}", ids.new(12)
    accounts.add(desk.register, name, "Bench Lead", "lead", password)
    port = server.servers[0].sockets[0].getsockname()[1]
    persons = pq.ParquetFile(
        next((given.case / "tables" / "persons").glob("*.parquet"))
    ).metadata.num_rows
    rows: list[dict[str, object]] = []
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            token = _token(client.get("/sign-in").text)
            client.post("/sign-in", data={"csrf": token, "name": name, "password": password})
            token = _token(client.get("/me").text)
            for title, make in _pages(given.case, given.seed).items():
                rows.append(_measure(client, title, make, token, given.times))
    finally:
        server.should_exit = True
        thread.join()
        accounts.change(desk.register, name, disabled_at=clock.stamp())
        desk.close()
    show(
        f"pages of the console, {persons:,} persons; copies made in {made:.1f} s; goal {GOAL_MS} ms",
        rows,
        given.json,
    )


def _measure(
    client: httpx.Client,
    title: str,
    make: Callable[[], tuple[str, str, dict[str, str]]],
    token: str,
    times: int,
) -> dict[str, object]:
    spans, busy, status, size = [], [], 0, 0
    for _ in range(times + 1):
        method, path, fields = make()
        started, worked = time.monotonic(), time.process_time()
        answer = client.request(
            method, path, data={"csrf": token, **fields} if method == "POST" else None
        )
        spans.append(1000 * (time.monotonic() - started))
        busy.append(1000 * (time.process_time() - worked))
        status, size = answer.status_code, len(answer.content)
        if status >= 400:
            break
    later = sorted(spans[1:]) or spans
    p95 = later[min(len(later) - 1, int(0.95 * len(later)))]
    return {
        "page": title, "status": status, "first_ms": round(spans[0]), "p50_ms": round(later[len(later) // 2]),
        "p95_ms": round(p95), "cpu_ms": round(sorted(busy)[len(busy) // 2]), "kB": round(size / 1000),
        "goal": "met" if p95 <= GOAL_MS and status < 400 else "not met",
    }  # fmt: skip


if __name__ == "__main__":
    main()
