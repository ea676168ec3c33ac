"""Kill a sending process at random moments, again and again, and count what was sent twice or not at all.

A real SMTP sink (aiosmtpd) and an address to ask stand in this process; the sender is a process of its own that is
killed with SIGKILL. Modes: ``http`` (e-mail, sink can be asked), ``log`` (e-mail, answers are read in the mail
server's log), ``print`` (batches placed by rename), ``mute`` (e-mail, nobody can be asked). With ``--cli`` the sender
is the whole command ``amends notices send`` on a generated case that was run, sealed and approved by the command line.

    python bench/outbox_kills.py --kills 100 --mode http log print mute [--register postgresql+psycopg://…] [--cli]

``--register temporary`` starts a PostgreSQL server of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import csv
import email
import json
import math
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from contextlib import nullcontext
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow.parquet as pq
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from amends.kernel.case import Case
from amends.kernel.register import open_register
from amends.notices import waiting
from amends.notices.channels.base import Outgoing
from amends.notices.channels.email import EmailChannel
from amends.notices.channels.print import PrintChannel
from amends.notices.compose import compose
from amends.notices.facts import DutyText, ExposedElement, LetterFacts, Recipient, Variant
from amends.notices.outbox import Outbox

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.notices.postgres import server

MODES = ("http", "log", "print", "mute")


# ------------------------------------------------------------------------------------------------ the sender


class ListPlan:
    """A sealed plan kept in memory: the sender's seam."""

    def __init__(self, n: int) -> None:
        self._all = tuple(
            Outgoing(
                i,
                Recipient(
                    f"N{i:016X}", f"P{i:012d}", f"Ann Example {i}", (f"{i} Larch Street",), "Sacramento", "CA",
                    "95814", email=f"ann{i}@example.org", code="7KQ4-M2XD-9RTW",
                ),
                "V1",
                ("name", "ssn"),
            )
            for i in range(n)
        )  # fmt: skip

    def count(self) -> int:
        return len(self._all)

    def notices(self, first: int, n: int):
        return self._all[first : first + n]

    def chosen(self, ordinals):
        return tuple(self._all[i] for i in ordinals)


def channel(args: argparse.Namespace, folder: Path):

    facts = LetterFacts(
        "Larkspur Wireless", date(2026, 11, 22), date(2026, 11, 1), phone="1-888-555-0100"
    )
    elements = (ExposedElement("name"), ExposedElement("ssn"))
    texts = {"V1": compose(Variant(DutyText(("US-FL",)), elements), facts)}
    if args.child == "print":
        return PrintChannel(folder / "print", texts, facts.entity, ("1-888-555-0100",))
    return EmailChannel(args.url, "notices@larkspur.example", facts.entity, texts, ask=args.ask)


def child(args: argparse.Namespace) -> None:

    folder = Path(args.folder)
    engine = open_register(args.register, folder / "register.db", args.case_id)
    way = channel(args, folder)
    # This sink ends within milliseconds of a cut connection; waiting longer would only spend kills on waiting.
    way.settle_seconds = min(way.settle_seconds, 0.1)
    outbox = Outbox(engine, folder / "deliveries.jsonl")
    outbox.take()
    outbox.send("S0001", way, ListPlan(args.notices), args.batch)


def serve() -> None:
    """Start senders on request, each a process of its own, forked where everything is imported already.

    Reads one JSON list of words a line; prints the process's id, then, when it has ended, ``ended CODE``.
    """
    from amends.cli.main import main as command  # noqa: F401, PLC0415 - imported before the first fork

    for line in sys.stdin:
        words = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _as_process(words)
        print(f"pid {pid}", flush=True)
        _, status = os.waitpid(pid, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


def _as_process(words: list[str]) -> None:
    """Be the sender; never return."""
    code = 1
    try:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        if words[0] == "amends":
            from amends.cli.main import main as command  # noqa: PLC0415

            sys.argv = words
            command()
        else:
            child(_words().parse_args(words[1:]))
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


# ------------------------------------------------------------------------------------------------ the world


class Sink:
    """A mail server that takes everything, writes a log, and can be asked."""

    def __init__(self, log: Path) -> None:

        self.got: collections.Counter[str] = collections.Counter()
        self._log, self._lock = log, threading.Lock()
        log.touch()
        self.port = _free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()
        sink = self

        class Ask(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                wanted = parse_qs(urlsplit(self.path).query)["id"][0]
                self.send_response(200 if sink.got[wanted] else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Ask)
        self._http.daemon_threads = True
        self.ask = f"http://127.0.0.1:{self._http.server_port}/ask"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's own name

        await asyncio.sleep(random.random() * 0.002)
        read = email.message_from_bytes(envelope.content)
        notice = read["X-Notice-Id"]
        with self._lock:
            self.got[notice] += 1
            with self._log.open("a") as stream:
                stream.write(f"sink cleanup: message-id={read['Message-ID']}\n")
        await asyncio.sleep(random.random() * 0.002)
        return "250 OK"

    def close(self) -> None:
        self._controller.stop()
        self._http.shutdown()
        self._http.server_close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def printed(folder: Path) -> collections.Counter[str]:
    got: collections.Counter[str] = collections.Counter()
    for path in folder.glob("[!.]*/manifest.csv"):
        with path.open(newline="") as stream:
            got.update(row["notice_id"] for row in csv.DictReader(stream))
    return got


class Bare:
    """A plan in memory, sent by this file as a child process."""

    def __init__(self, mode: str, notices: int, batch: int, register: str) -> None:
        self.mode, self.batch, self.register = mode, batch, register
        self.case_id = f"kills_{mode}_{os.getpid()}"
        self.ids = [f"N{i:016X}" for i in range(notices)]

    def prepare(self, folder: Path, url: str, ask: str) -> list[str]:
        if self.register:
            drop_schema(self.register, self.case_id)
        return [
            "child", "--child", self.mode, "--folder", str(folder), "--url", url, "--ask", ask,
            "--notices", str(len(self.ids)), "--batch", str(self.batch), "--register", self.register,
            "--case-id", self.case_id,
        ]  # fmt: skip

    def printed(self, folder: Path) -> Path:
        return folder / "print"

    def unknown(self, folder: Path) -> set[str]:
        engine = open_register(self.register, folder / "register.db", self.case_id)
        try:
            return set(Outbox(engine, folder / "deliveries.jsonl").waiting())
        finally:
            engine.dispose()

    def close(self) -> None:
        if self.register:
            drop_schema(self.register, self.case_id)


class Command:
    """A case made by the command line, sent by ``amends notices send``; each plan is a fresh copy of it."""

    def __init__(self, mode: str, people: int, batch: int, register: str) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="kills-"))
        self._mode, self._batch, self._register = mode, batch, register
        self._channel = "print" if mode == "print" else "email"
        self._make(people)
        with Case(self._home / "case") as case:
            plan = case.folder / "seals" / "S0001" / "notices.parquet"
            rows = pq.read_table(plan, columns=["notice_id", "channel"]).to_pylist()
            self.ids = [r["notice_id"] for r in rows if r["channel"] == self._channel]
            self.case_id = case.case_id

    def _make(self, people: int) -> None:
        data, case = self._home / "data", self._home / "case"
        amends(["demo", str(data), "--people", str(people), "--seed", "3"])
        subprocess.run(
            ["bash", str(data / "add.sh"), str(case)], check=True, capture_output=True, env=_env()
        )
        amends(["run", str(case)], codes=(0, 10))
        self._settings(case, "")
        amends(["notices", "seal", str(case)])
        for name in ("Dana Lee", "Sam Roe"):
            amends(["notices", "approve", str(case), "S0001", "--as", name])

    def _settings(self, case: Path, more: str) -> None:
        path = case / "case.toml"
        kept = path.read_text().split("# kills", 1)[0]
        path.write_text(f"{kept}# kills\n{more}")

    def prepare(self, folder: Path, url: str, ask: str) -> list[str]:
        case = folder / "case"
        shutil.copytree(self._home / "case", case)
        # The approvals lie in the copied SQLite register; PostgreSQL begins empty, so they are given again.
        more = f'[channels.email]\nurl = "{url}"\nfrom = "n@larkspur.example"\nask = "{ask}"\n'
        more += f"[channels.print]\nbatch = {self._batch}\n"
        if self._register:
            drop_schema(self._register, self.case_id)
            more += f'[register]\nurl = "{self._register}"\n'
        self._settings(case, more)
        if self._register:
            for name in ("Dana Lee", "Sam Roe"):
                amends(["notices", "approve", str(case), "S0001", "--as", name])
        return [
            "amends", "notices", "send", str(case), "--channel", self._channel, "--yes", "--json"
        ]  # fmt: skip

    def printed(self, folder: Path) -> Path:
        return folder / "case" / "out" / "print"

    def unknown(self, folder: Path) -> set[str]:
        with Case(folder / "case") as case:
            return set(waiting(case))

    def close(self) -> None:
        if self._register:
            drop_schema(self._register, self.case_id)
        shutil.rmtree(self._home, ignore_errors=True)


_AMENDS = (sys.executable, "-m", "amends")


def _env() -> dict[str, str]:
    return {**os.environ, "AMENDS_CLOCK": "2026-08-24T09:00:00+00:00",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}  # fmt: skip


def amends(words: list[str], codes: tuple[int, ...] = (0,)) -> None:
    made = subprocess.run(
        [*_AMENDS, *words], capture_output=True, text=True, env=_env(), check=False
    )
    assert made.returncode in codes, made.stderr


def drop_schema(register: str, case_id: str) -> None:
    engine = sa.create_engine(register)
    with engine.begin() as connection:
        connection.execute(sa.text(f'DROP SCHEMA IF EXISTS "amends_{case_id}" CASCADE'))
    engine.dispose()


COUNTS = (
    "kills", "plans", "notices", "duplicates", "misses", "unknown", "largest_unknown_a_kill",
)  # fmt: skip


def trial(
    mode: str,
    kills: int,
    notices: int,
    batch: int,
    register: str,
    seed: int,
    spread: float = 0.4,
    cli: bool = False,
    until: float = math.inf,
    said=lambda result: None,
) -> dict:
    """Send a plan with up to so many kills and return what was found; several plans until the kills are used up.

    Args:
        until: ``time.time()`` after which no further kill is begun.
        said: Told the standing after each plan.
    """
    chance = random.Random(seed)
    kind = register.split(":", maxsplit=1)[0] or "sqlite"
    result = {"mode": mode, "sender": "amends notices send" if cli else "outbox", "register": kind}
    result |= {**dict.fromkeys(COUNTS, 0), "seconds": 0.0}
    began = time.monotonic()
    world = (Command if cli else Bare)(mode, notices, batch, register)
    starter = Starter()
    try:
        while result["kills"] < kills and time.time() < until:
            with tempfile.TemporaryDirectory() as made:
                _plan(world, starter, mode, kills, chance, spread, Path(made), result, until)
            result["seconds"] = round(time.monotonic() - began, 1)
            said(result)
    finally:
        starter.close()
        world.close()
    return result


def _plan(world, starter, mode, kills, chance, spread, folder, result, until) -> None:
    sink = Sink(folder / "mail.log") if mode != "print" else None
    url = f"smtp://127.0.0.1:{sink.port}" if sink else "smtp://127.0.0.1:9"
    ask = {"http": sink.ask if sink else "", "log": f"file:{folder / 'mail.log'}"}.get(mode, "")
    command = world.prepare(folder, url, ask)
    unknown_before, done = 0, False
    try:
        while not done:
            last = result["kills"] >= kills or time.time() > until
            done = _once(starter, command, chance, spread, last, result)
            unknown = len(world.unknown(folder))
            result["largest_unknown_a_kill"] = max(
                result["largest_unknown_a_kill"], unknown - unknown_before
            )
            unknown_before = unknown
        time.sleep(0.05)
        got = sink.got if sink else printed(world.printed(folder))
        unknowns = world.unknown(folder)
        result["plans"] += 1
        result["notices"] += len(world.ids)
        result["duplicates"] += sum(n - 1 for n in got.values() if n > 1)
        result["misses"] += sum(1 for i in world.ids if not got[i] and i not in unknowns)
        result["unknown"] += len(unknowns)
        assert set(got) <= set(world.ids), "something arrived that was not planned"
    finally:
        if sink:
            sink.close()


class Starter:
    """Starts senders through ``serve`` and kills them."""

    def __init__(self) -> None:
        words = [sys.executable, __file__, "--serve"]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_env()
        )

    def run(self, command: list[str], seconds: float | None) -> int:
        """Start a sender, kill it after so many seconds (``None``: let it end), and return its exit code."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline().split()[1])
        if seconds is not None:
            ready, _, _ = select.select([self._process.stdout], [], [], seconds)
            if not ready:
                os.kill(pid, signal.SIGKILL)
        return int(self._process.stdout.readline().split()[1])

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def _once(starter, command, chance, spread, last, result) -> bool:
    """Start the sender and kill it, or let it end the last time; say whether the plan was sent to its end."""
    code = starter.run(command, None if last else chance.random() * spread)
    result["kills"] += code == -signal.SIGKILL
    assert code in (0, -signal.SIGKILL), f"the sender ended with {code}"
    return code == 0


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser()
    words.add_argument("--mode", nargs="+", choices=MODES, default=list(MODES))
    words.add_argument("--kills", type=int, default=50)
    words.add_argument("--notices", type=int, default=400)
    words.add_argument("--batch", type=int, default=25)
    words.add_argument("--register", default="")
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--json", default="")
    words.add_argument("--cli", action="store_true")
    words.add_argument(
        "--spread", type=float, default=0.4, help="longest life of a sender, seconds"
    )
    words.add_argument("--minutes", type=float, default=600.0, help="begin no kill after this long")
    words.add_argument("--case-id", default="")
    words.add_argument("--child", default="")
    words.add_argument("--folder", default="")
    words.add_argument("--url", default="")
    words.add_argument("--ask", default="")
    words.add_argument("--serve", action="store_true")
    return words


def main() -> None:
    args = _words().parse_args()
    if args.serve:
        serve()
        return
    with server() if args.register == "temporary" else nullcontext(args.register) as register:
        results = [_trial(m, args, register) for m in args.mode]
    keys = list(results[0])
    print(" | ".join(keys))
    for r in results:
        print(" | ".join(str(r[k]) for k in keys))
    if args.json:
        Path(args.json).write_text(json.dumps(results, indent=1) + "\n")


def _trial(mode: str, args: argparse.Namespace, register: str) -> dict:
    def said(result: dict) -> None:
        print(json.dumps(result), file=sys.stderr, flush=True)

    until = time.time() + args.minutes * 60
    return trial(
        mode,
        args.kills,
        args.notices,
        args.batch,
        register,
        args.seed,
        args.spread,
        args.cli,
        until,
        said,
    )


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
