"""The banner's API: requests a second on one core, latency, memory, and what each part of an answer costs.

    python bench/site_banner.py [--keys 54000000] [--seconds 8] [--runs 3] [--connections 32] [--parts-only] [--json]

Writes an edition of so many persons and accounts with random hashes in the portal's own format, then asks with signed
requests, each with a nonce of its own, half of them of accounts that are in it. The server has one core, the generator
(wrk, from Debian) the other; with two workers they share both. Nothing is cached between requests but what is the same
for a class of people. The peers: the same application under Starlette's router, under granian, and a table in SQLite
for the nonces. ``per_cpu_s`` is requests by the server's own processor seconds: it holds where others use the machine
too. Needs wrk and some 3 GB of disk.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from starlette.applications import Starlette
from starlette.routing import Mount

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from amends.kernel import clock, ids  # noqa: E402
from amends.portal import edition as editions  # noqa: E402
from amends.portal.banner.answer import BannerEdition, NoClaims  # noqa: E402
from amends.portal.banner.nonces import NonceFiles  # noqa: E402
from amends.portal.banner.request import signature  # noqa: E402
from amends.portal.classes import write_classes  # noqa: E402
from amends.portal.handles import account_numbers  # noqa: E402
from amends.portal.keys import company_keys, edition_key, site_keys, write_site_keys  # noqa: E402
from amends.portal.lookup import KeyFileWriter  # noqa: E402
from amends.portal.published import Published  # noqa: E402
from amends.site.api.alone import PUBLISHED_VARIABLE  # noqa: E402
from amends.site.api.app import banner_app  # noqa: E402
from amends.vault.keys import create_keys  # noqa: E402
from bench.common import measured, show  # noqa: E402
from tests.portal.world import CASE_ID, answer_class, determination  # noqa: E402

CLASSES = 500
BATCH = 1 << 20
PORT = 8931
KINDS = ("ssn", "birth_date", "imei", "pin", "drivers_licence")
ASKED = 100_000

LUA = """
local lines = io.lines(os.getenv("AMENDS_REQUESTS"))
local key = os.getenv("AMENDS_KEY")
function request()
  local line = lines()
  if line == nil then return "GET /spent HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" end
  local ref, stamp, nonce, mark = line:match("(%S+) (%S+) (%S+) (%S+)")
  return "GET /v1/banner/" .. ref .. " HTTP/1.1\\r\\nHost: x\\r\\nX-Amends-Key: " .. key ..
    "\\r\\nX-Amends-Timestamp: " .. stamp .. "\\r\\nX-Amends-Nonce: " .. nonce ..
    "\\r\\nX-Amends-Signature: " .. mark .. "\\r\\n\\r\\n"
end
"""


def refs_asked() -> np.ndarray:
    """Return account references, one row of 32 bytes each; the first half is in the edition."""
    return np.random.default_rng(7).integers(0, 256, (ASKED, 32), np.uint8)


def build(folder: Path, n: int) -> None:
    """Write an edition of ``n`` persons and ``n`` accounts, and print the time and the bytes a key."""
    create_keys(folder / "keys")
    keys = site_keys(folder / "keys", CASE_ID)
    made = tuple(answer_class(i, ("name", *KINDS[: 1 + i % 5])) for i in range(CLASSES))
    found = replace(determination(), classes=made)
    half = folder / "site" / "editions" / f"{editions.HALF}bench"
    (half / "static").mkdir(parents=True)
    rng = np.random.default_rng(3)
    started = time.monotonic()
    codes = KeyFileWriter(half / editions.CODES, "i4", -1, once=True)
    links = KeyFileWriter(half / editions.LINKS, "u8", 0, once=False)
    here = account_numbers(keys.index, refs_asked()[: ASKED // 2])
    done = 0
    while done < n:
        size = min(BATCH, n - done)
        people = rng.integers(1, 1 << 63, size, np.uint64) << np.uint64(1) | np.uint64(1)
        accounts = rng.integers(1, 1 << 63, size, np.uint64) << np.uint64(1)
        fill = here[done : done + size]
        accounts[: len(fill)] = fill
        codes.add(people, rng.integers(0, CLASSES, size).astype(np.int32))
        links.add(accounts, people)
        done += size
    counts = {"people": codes.finish().n_keys, "undecided": 0, "classes": CLASSES, "moved": 0}
    counts |= {"accounts": links.finish().n_keys, "unsure_codes": 0, "shared_accounts": 0}
    seconds = time.monotonic() - started
    write_classes(half / editions.CLASSES, made)
    (half / editions.MOVED).write_text("{}\n")
    write_site_keys(folder / "site", keys)
    key = edition_key(folder / "keys")
    name = editions.write_facts(half, found, counts, clock.stamp(), key)
    half.rename(half.with_name(name))
    (folder / "site" / editions.CURRENT).symlink_to(Path("editions") / name)
    where = half.with_name(name)
    sizes = [(where / f).stat().st_size for f in (editions.CODES, editions.LINKS)]
    print(seconds, sizes[0] / n, sizes[1] / n)


def served() -> object:
    """Return the application that the environment names; servers call this."""
    published = Published.open(Path(os.environ[PUBLISHED_VARIABLE]))
    api = banner_app(lambda: published)
    kind = os.environ["AMENDS_BENCH_APP"]
    if kind == "starlette":
        return Starlette(routes=[Mount("/v1", api)])
    return look_up_only(published) if kind == "look-up" else api


def look_up_only(published: Published) -> Callable[..., object]:
    """Return an application that looks an account up and says its class: no signature either way."""
    index, key = published.keys.index, published.keys.signing
    edition = BannerEdition(published.edition, index, key)
    start = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}

    async def app(scope: dict, receive: object, send: Callable) -> None:
        if scope["type"] == "http":
            found = edition.find(scope["path"].rpartition("/")[2])
            await send(start)
            body = b"%04d" % (found[1] if found else -1)
            await send({"type": "http.response.body", "body": body})

    return app


UVICORN = (
    "uvicorn bench.site_banner:served --factory --loop uvloop --no-access-log --no-server-header "
    f"--no-proxy-headers --log-level error --lifespan off --port {PORT} --http "
)
SERVERS = {
    "uvicorn, own protocol": UVICORN + "amends.site.api.protocol:BannerProtocol",
    "uvicorn": UVICORN + "httptools",
    "granian": "granian bench.site_banner:served --factory --interface asginl --no-ws --loop uvloop "
    f"--log-level critical --port {PORT}",
}


def requests(folder: Path, n: int, path: Path) -> None:
    """Write ``n`` signed requests, one a line."""
    company = company_keys(folder / "keys")
    refs = [r.tobytes().hex() for r in refs_asked()]
    rng = np.random.default_rng(int(time.time_ns() % (1 << 32)))
    order = rng.integers(0, ASKED, n).tolist()
    nonces = rng.bytes(16 * n).hex()
    stamp = str(int(clock.now().timestamp())).encode()
    with path.open("w") as out:
        for i, which in enumerate(order):
            nonce = nonces[32 * i : 32 * i + 32].encode()
            where = f"/v1/banner/{refs[which]}".encode()
            mark = signature(company.request_key, b"GET", where, stamp, nonce)
            out.write(f"{refs[which]} {stamp.decode()} {nonce.decode()} {mark}\n")


def load(
    folder: Path, given: argparse.Namespace, server: str, kind: str, workers: int
) -> dict[str, object]:
    """Return what one server did: the median of several runs."""
    lua, lines = folder / "ask.lua", folder / "requests"
    lua.write_text(LUA)
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}",
        PUBLISHED_VARIABLE: str(folder / "site"),
        "AMENDS_BENCH_APP": kind,
        "AMENDS_REQUESTS": str(lines),
        "AMENDS_KEY": company_keys(folder / "keys").key_id,
    }
    pin = [] if workers > 1 else ["taskset", "-c", "0"]
    words = [*SERVERS[server].split(), "--workers", str(workers)]
    words[0] = str(Path(sys.executable).with_name(words[0]))
    process = subprocess.Popen([*pin, *words], env=environment, cwd=ROOT, start_new_session=True)
    try:
        wait_for(process)
        wrk = ["wrk", "-t1", f"-c{given.connections}", "--latency", "-s", str(lua)]
        wrk = [*([] if workers > 1 else ["taskset", "-c", "1"]), *wrk]
        runs = []
        for number in range(given.runs + 1):
            seconds = 2 if number == 0 else given.seconds
            requests(folder, seconds * given.most, lines)
            words = [*wrk, f"-d{seconds}", f"http://127.0.0.1:{PORT}/"]
            before = busy_of(process.pid)
            done = subprocess.run(
                words, env=environment, capture_output=True, text=True, check=True
            )
            if number:
                runs.append(read_wrk(done.stdout))
                runs[-1]["per_cpu_s"] = runs[-1]["requests"] / (busy_of(process.pid) - before)
        memory = memory_of(process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    shutil.rmtree(folder / "site" / "state", ignore_errors=True)
    best = max(runs, key=lambda r: r["per_s"])
    return {
        "server": server,
        "app": kind,
        "workers": workers,
        "median_per_s": round(statistics.median(r["per_s"] for r in runs)),
        "best_per_s": round(best["per_s"]),
        "per_cpu_s": round(statistics.median(r["per_cpu_s"] for r in runs)),
        "p50_ms": statistics.median(r["p50_ms"] for r in runs),
        "p99_ms": statistics.median(r["p99_ms"] for r in runs),
        "best_p99_ms": min(r["p99_ms"] for r in runs),
        "not_200": sum(r["not_200"] for r in runs),
        **memory,
    }


def wait_for(process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            sys.exit("the server did not start")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", PORT)) == 0:
                time.sleep(1)
                return
        time.sleep(0.1)


def read_wrk(text: str) -> dict[str, float]:
    def milliseconds(share: str) -> float:
        number, unit = re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", text).groups()
        return round(float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit], 2)

    other = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return {
        "requests": int(re.search(r"(\d+) requests in", text)[1]),
        "per_s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p50_ms": milliseconds("50"),
        "p99_ms": milliseconds("99"),
        "not_200": int(other[1]) if other else 0,
    }


def busy_of(group: int) -> float:
    """Return the processor seconds a group of processes has used: what others on the machine do does not count."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if os.getpgid(int(stat.parent.name)) == group:
                fields = stat.read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except (OSError, ValueError):
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_of(group: int) -> dict[str, object]:
    """Return the memory of the largest process of a group: its own, and with the mapped files."""
    own, whole = 0, 0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if os.getpgid(int(status.parent.name)) != group:
                continue
            text = status.read_text()
        except (OSError, ValueError):
            continue
        fields = dict(re.findall(r"(VmHWM|RssAnon):\s+(\d+)", text))
        own = max(own, int(fields.get("RssAnon", 0)))
        whole = max(whole, int(fields.get("VmHWM", 0)))
    return {"own_mib": round(own / 1024), "peak_rss_mib": round(whole / 1024)}


def each(what: str, ask: Callable[[int], object], n: int) -> dict[str, object]:
    """Return what one call costs: the best of three rounds, for the machine is shared."""
    best = min(_round(ask, n) for _ in range(3))
    return {"part": what, "microseconds": round(best * 1e6, 2), "per_s": round(1 / best)}


def _round(ask: Callable[[int], object], n: int) -> float:
    started = time.perf_counter()
    for i in range(n):
        ask(i)
    return (time.perf_counter() - started) / n


def parts(folder: Path, n: int = 20_000) -> Iterator[dict[str, object]]:
    """Return what each part of an answer costs, in one process without HTTP."""
    published = Published.open(folder / "site")
    keys = published.keys
    company = company_keys(folder / "keys")
    edition = BannerEdition(published.edition, keys.index, keys.signing)
    refs = [r.tobytes().hex() for r in refs_asked()]
    claims, writer = NoClaims(), edition.writer
    starts = [writer.start("yes", c, "open") for c in range(CLASSES)]
    size = len(writer.token(refs[0], "no", -1, False, 1_800_000_000))
    message = bytes(size - 87)
    path = f"/v1/banner/{refs[0]}".encode()
    sign_request = company.request_key, b"GET", path, b"1800000000", b"0123456789abcdef" * 2
    yield each("clock", lambda i: clock.now().timestamp(), n)
    yield each("check the request's HMAC", lambda i: signature(*sign_request), n)
    made = iter([ids.new(16).encode() for _ in range(5 * n)])
    nonces = NonceFiles(folder / "nonces")
    yield each("nonce, mapped files", lambda i: nonces.take(b"key", next(made), 1_800_000_000), n)
    nonces.close()
    for left in folder.glob("nonces.db*"):
        left.unlink()
    database = sqlite3.connect(folder / "nonces.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE seen (nonce BLOB PRIMARY KEY, at INTEGER) WITHOUT ROWID")
    insert = "INSERT OR IGNORE INTO seen VALUES (?, ?)"
    yield each(
        "nonce, SQLite (peer)",
        lambda i: database.execute(insert, (next(made), 1)).rowcount,
        n // 5,
    )
    database.close()
    yield each("look-up: account -> state, class, handle", lambda i: edition.find(refs[i]), n)
    yield each("look-up: account -> whole answer", lambda i: published.by_account(refs[i]), n)
    yield each("sign (Ed25519)", lambda i: keys.signing.sign(message), n // 5)
    yield each("write and sign", lambda i: writer.signed(starts[i % 500], refs[i], i), n // 5)
    yield each("look-up, write and sign", lambda i: edition.token(refs[i], claims, 1), n // 5)
    yield whole_request(folder, published, n // 4)
    yield {"part": "bytes of every answer", "bytes": size}


def whole_request(folder: Path, published: Published, n: int) -> dict[str, object]:
    """Return what a signed request costs from its headers to the answer."""
    api = banner_app(lambda: published, nonces=NonceFiles(folder / "nonces-2"))
    requests(folder, 3 * n, folder / "requests")
    key = company_keys(folder / "keys").key_id.encode()
    scopes = []
    for line in (folder / "requests").read_text().splitlines():
        ref, stamp, nonce, mark = line.split()
        path = f"/v1/banner/{ref}"
        headers = {
            b"host": b"x",
            b"x-amends-key": key,
            b"x-amends-timestamp": stamp.encode(),
            b"x-amends-nonce": nonce.encode(),
            b"x-amends-signature": mark.encode(),
        }
        scopes.append((path[3:], path.encode(), headers))
    waiting = iter(scopes)
    wrong = 0

    def ask(i: int) -> None:
        nonlocal wrong
        wrong += api.reply("GET", *next(waiting)).status != 200

    row = each("whole request without HTTP", ask, n)
    assert not wrong, wrong
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keys", type=int, default=54_000_000)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--most", type=int, default=45_000, help="requests a second made ready")
    parser.add_argument("--parts-only", action="store_true")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help="keep the edition here and use it again")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.build:
        build(given.build, given.keys)
        return
    folder = given.folder or Path(tempfile.mkdtemp(prefix="amends-banner-"))
    try:
        run(folder, given)
    finally:
        if not given.folder:
            shutil.rmtree(folder)


def run(folder: Path, given: argparse.Namespace) -> None:
    if not (folder / "site" / editions.CURRENT).exists():
        words = [sys.executable, __file__, "--build", folder, "--keys", str(given.keys)]
        cost = measured(words)
        seconds, codes, links = map(float, cost.output.split())
        row = {
            "keys": given.keys,
            "seconds": round(seconds, 1),
            "codes_bytes_a_key": round(codes, 2),
        }
        row |= {"links_bytes_a_key": round(links, 2), "peak_mib": cost.peak_mib}
        show("write both key files", [row], given.json)
    show("what each part costs", list(parts(folder)), given.json)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"# peak of this process {peak} MiB", file=sys.stderr)
    if given.parts_only:
        return
    combinations = (
        ("uvicorn, own protocol", "banner", 1),
        ("uvicorn", "banner", 1),
        ("uvicorn", "starlette", 1),
        ("granian", "banner", 1),
        ("uvicorn", "look-up", 1),
        ("granian", "look-up", 1),
        ("uvicorn, own protocol", "banner", 2),
        ("granian", "banner", 2),
    )
    show("signed requests over HTTP", [load(folder, given, *c) for c in combinations], given.json)


if __name__ == "__main__":
    main()
