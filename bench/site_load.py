"""What the site does when ten times as many people come as it can serve.

    python bench/site_load.py [--people 5000] [--seconds 60] [--seed 5] [--json] [--keep DIR]

Needs wrk (Debian: apt-get install wrk). The site has one core, wrk and the watchers the other. First its capacity:
general pages, forms, personal pages (with look-ups in the database) and a mixture, as many as it answers. Then the
mixture is offered at ten times that rate over two thousand connections, each of which asks, waits and asks again,
whatever it was answered. Watchers ask for a general page and for a form meanwhile, ten times a second, each time over
a new connection. Printed: pages served and turned away a second, the share of its core the site got (others may use
the machine), the 99th percentile of a general page and of a form, and how long after the end a page is quick again.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from common import show
from site_world import SiteWorld, made, serving

from amends.portal.published import Published
from amends.site.visits import Visits

CONNECTIONS = 2000
QUICK_MS = 50.0
COOKIES = 300

SCRIPT = """
local requests = {}
local pause = tonumber(os.getenv("PAUSE_MS"))
local kinds = os.getenv("KINDS")
for line in io.lines(os.getenv("COOKIES")) do
  if kinds:find("form") then
    requests[#requests + 1] = wrk.format("GET", "/en/check")
    requests[#requests + 1] = wrk.format("GET", "/en/contact")
  end
  if kinds:find("you") then
    requests[#requests + 1] = wrk.format("GET", "/en/you", {["Cookie"] = "__Host-visit=" .. line})
  end
  if kinds:find("static") then
    requests[#requests + 1] = wrk.format("GET", os.getenv("STATIC"))
  end
end
local at = 0
request = function()
  at = at % #requests + 1
  return requests[at]
end
if pause > 0 then
  delay = function() return pause / 2 + math.random() * pause end
end
"""


@dataclass
class Watch:
    """Asks again and again, on a beat that does not wait for answers, and remembers how long each took."""

    port: int
    ways: tuple[str, ...]
    every: float = 0.1
    took: list[tuple[float, float, int]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> Watch:
        for n in range(4):
            thread = threading.Thread(target=self._run, args=(n,), daemon=True)
            thread.start()
            self.threads.append(thread)
        return self

    def _run(self, number: int) -> None:
        beat = time.monotonic() + number * self.every
        while not self.stopped.is_set():
            beat += 4 * self.every
            for way in self.ways:
                started = time.monotonic()
                status = get(self.port, way)
                self.took.append((started, (time.monotonic() - started) * 1000, status))
            self.stopped.wait(max(0.0, beat - time.monotonic()))

    def stop(self) -> list[tuple[float, float, int]]:
        self.stopped.set()
        for thread in self.threads:
            thread.join(20)
        return sorted(self.took)


def get(port: int, way: str) -> int:
    """Return the status of a page over a connection of its own; 0 when there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{way}", timeout=10) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.read()
        return error.code
    except OSError:
        return 0


@dataclass(frozen=True)
class Wrk:
    """What wrk saw."""

    rate: float
    refused: float
    p99_ms: float
    errors: int


def wrk(
    port: int,
    folder: Path,
    kinds: str,
    connections: int,
    seconds: int,
    pause_ms: float,
    static: str,
) -> Wrk:
    script = folder / "load.lua"
    script.write_text(SCRIPT)
    env = {
        **os.environ, "COOKIES": str(folder / "cookies.txt"), "KINDS": kinds,
        "PAUSE_MS": str(pause_ms), "STATIC": static,
    }  # fmt: skip
    words = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--latency",
        "--timeout",
        "10s",
        "-s",
        str(script),
    ]
    done = subprocess.run(
        [*words, f"http://127.0.0.1:{port}"], env=env, capture_output=True, text=True, check=True
    )
    text = done.stdout
    total = float(_found(r"Requests/sec:\s+([\d.]+)", text) or 0)
    refused = int(_found(r"Non-2xx or 3xx responses: (\d+)", text) or 0) / seconds
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", text))
    return Wrk(total, refused, _ms(_found(r"99%\s+(\S+)", text)), errors)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found.group(1) if found else ""


def _ms(text: str) -> float:
    for ending, scale in (("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)):
        if text.endswith(ending):
            return float(text.removesuffix(ending)) * scale
    return 0.0


def cookies(world: SiteWorld, to: Path) -> None:
    """Write cookies of visits that last as long as the run."""
    site = Published.open(world.published)
    visits = Visits(site.keys.cookie_key)
    lines = []
    for code in world.members[:COOKIES]:
        number = site.number_of_code(code)
        assert number is not None
        lines.append(visits.seal(visits.new(number)))
    to.write_text("\n".join(lines) + "\n")


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def p99(rows: list[tuple[float, float, int]]) -> float:
    return round(float(np.percentile([ms for _, ms, _ in rows], 99)), 1) if rows else 0.0


def recovery(rows: list[tuple[float, float, int]], ended: float) -> float:
    """Return the seconds after the end until a page is served and quick, and stays so."""
    last = max(
        (at for at, ms, status in rows if at >= ended and (status != 200 or ms > QUICK_MS)),
        default=ended,
    )
    return round(last - ended, 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("this needs wrk (Debian: apt-get install wrk)")
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="amends-load-"))
    folder.mkdir(parents=True, exist_ok=True)
    world = made(folder, arguments.people, arguments.seed)
    cookies(world, folder / "cookies.txt")
    pages = sorted((world.published / "current" / "static").glob("en/index.html"))
    static = "/en/" if pages else "/assets/code.js"
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    with serving(world.published, core=cores[0]) as (port, pid):
        rows = []
        for kinds in ("static", "form", "you", "form you"):
            before = cpu_seconds(pid)
            seen = wrk(port, folder, kinds, 16, 8, 0, static)
            spent = cpu_seconds(pid) - before
            row = {"pages": kinds, "answers/s": round(seen.rate), "p99 ms": seen.p99_ms}
            row["answers/cpu s"] = round(seen.rate * 8 / max(spent, 0.01))
            rows.append({**row, "turned away": seen.refused})
        capacity = float(rows[-1]["answers/s"])  # type: ignore[arg-type]
        show("capacity of one core, 16 connections", rows, arguments.json)
        pause = 1000 * CONNECTIONS / (10 * capacity)
        general = Watch(port, (static,)).start()
        check = Watch(port, ("/en/check",)).start()
        started, before = time.monotonic(), cpu_seconds(pid)
        seen = wrk(port, folder, "form you static", CONNECTIONS, arguments.seconds, pause, static)
        ended, spent = time.monotonic(), cpu_seconds(pid) - before
        time.sleep(8)
        quiet, checks = general.stop(), check.stop()
    during = [r for r in quiet if started <= r[0] <= ended]
    tried = [r for r in checks if started <= r[0] <= ended]
    served = [r for r in tried if r[2] == 200]
    row = {
        "offered/s": round(CONNECTIONS * 1000 / (pause + 1)),
        "x capacity": round(CONNECTIONS * 1000 / (pause + 1) / capacity, 1),
        "answered/s": round(seen.rate),
        "served/s": round(seen.rate - seen.refused),
        "turned away/s": round(seen.refused),
        "cpu share": round(spent / (ended - started), 2),
        "wrk errors": seen.errors,
        "general page: ok": f"{sum(r[2] == 200 for r in during)}/{len(during)}",
        "general page p99 ms": p99(during),
        "form: served": f"{len(served)}/{len(tried)}",
        "form p99 ms": p99(served),
        "recovered after s": recovery([*quiet, *checks], ended),
    }
    show(
        f"ten times that for {arguments.seconds} s, {CONNECTIONS} connections",
        [row],
        arguments.json,
    )
    if not arguments.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
