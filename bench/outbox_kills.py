"""Kill a sending process at random moments, again and again, and count what was sent twice or not at all.

A real SMTP sink (aiosmtpd) and an address to ask stand in this process; the sender is a process of its own that is
killed with SIGKILL. Modes: ``http`` (e-mail, sink can be asked), ``log`` (e-mail, answers are read in the mail
server's log), ``print`` (batches placed by rename), ``mute`` (e-mail, nobody can be asked).

    python bench/outbox_kills.py --kills 100 --mode http log print mute [--register postgresql+psycopg://…]
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import csv
import email
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.controller import Controller

from amends.kernel.register import open_register
from amends.notices.channels.base import Outgoing
from amends.notices.channels.email import EmailChannel
from amends.notices.channels.print import PrintChannel
from amends.notices.compose import compose
from amends.notices.facts import DutyText, ExposedElement, LetterFacts, Recipient, Variant
from amends.notices.outbox import Outbox
from amends.notices.outbox_record import METADATA

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
    engine = open_register(args.register, folder / "register.db")
    way = channel(args, folder)
    outbox = Outbox(engine, folder / "deliveries.jsonl")
    outbox.take()
    print("ready", flush=True)
    sent = outbox.send("S0001", way, ListPlan(args.notices), args.batch)
    print(json.dumps(sent.__dict__), flush=True)


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
    for path in (folder / "print").glob("[!.]*/manifest.csv"):
        with path.open(newline="") as stream:
            got.update(row["notice_id"] for row in csv.DictReader(stream))
    return got


def trial(
    mode: str, kills: int, notices: int, batch: int, register: str, seed: int, spread: float = 0.4
) -> dict:
    """Send a plan with up to so many kills and return what was found; several plans until the kills are used up."""
    chance = random.Random(seed)
    counts = (
        "kills",
        "plans",
        "notices",
        "duplicates",
        "misses",
        "unknown",
        "largest_unknown_a_kill",
    )
    kind = register.split(":", maxsplit=1)[0] or "sqlite"
    result = {"mode": mode, "register": kind, **dict.fromkeys(counts, 0), "seconds": 0.0}
    began = time.monotonic()
    while result["kills"] < kills:
        with tempfile.TemporaryDirectory() as made:
            _plan(mode, kills, notices, batch, register, chance, spread, Path(made), result)
    result["seconds"] = round(time.monotonic() - began, 1)
    return result


def _plan(mode, kills, notices, batch, register, chance, spread, folder, result) -> None:
    sink = Sink(folder / "mail.log") if mode != "print" else None
    url = f"smtp://127.0.0.1:{sink.port}" if sink else ""
    ask = {"http": sink.ask if sink else "", "log": f"file:{folder / 'mail.log'}"}.get(mode, "")
    if register:
        _wipe(register)
    command = [sys.executable, __file__, "--child", mode, "--folder", str(folder), "--url", url, "--ask", ask,
               "--notices", str(notices), "--batch", str(batch), "--register", register]  # fmt: skip
    unknown_before, done = 0, False
    try:
        while not done:
            last = result["kills"] >= kills
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
                if last:
                    out, _ = sender.communicate(timeout=300)
                    assert sender.returncode == 0, out
                    done = True
                else:
                    # Mostly after it has begun to send, sometimes while it starts.
                    if chance.random() < 0.9:
                        sender.stdout.readline()
                    time.sleep(chance.random() * spread)
                    sender.send_signal(signal.SIGKILL)
                    sender.wait()
                    result["kills"] += sender.returncode == -signal.SIGKILL
                    done = sender.returncode == 0
            unknown = _unknown(folder, register)
            result["largest_unknown_a_kill"] = max(
                result["largest_unknown_a_kill"], unknown - unknown_before
            )
            unknown_before = unknown
        time.sleep(0.05)
        got = sink.got if sink else printed(folder)
        unknowns = _unknown_ids(folder, register)
        result["plans"] += 1
        result["notices"] += notices
        result["duplicates"] += sum(n - 1 for n in got.values() if n > 1)
        result["misses"] += sum(
            1 for i in range(notices) if not got[f"N{i:016X}"] and f"N{i:016X}" not in unknowns
        )
        result["unknown"] += len(unknowns)
    finally:
        if sink:
            sink.close()


def _engine(folder: Path, register: str):

    return open_register(register, folder / "register.db")


def _unknown_ids(folder: Path, register: str) -> set[str]:

    engine = _engine(folder, register)
    try:
        return set(Outbox(engine, folder / "deliveries.jsonl").waiting())
    finally:
        engine.dispose()


def _unknown(folder: Path, register: str) -> int:
    return len(_unknown_ids(folder, register))


def _wipe(register: str) -> None:

    engine = open_register(register, Path())
    METADATA.drop_all(engine)
    engine.dispose()


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--mode", nargs="+", choices=MODES, default=list(MODES))
    words.add_argument("--kills", type=int, default=50)
    words.add_argument("--notices", type=int, default=400)
    words.add_argument("--batch", type=int, default=25)
    words.add_argument("--register", default="")
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--json", default="")
    words.add_argument("--child", default="")
    words.add_argument("--folder", default="")
    words.add_argument("--url", default="")
    words.add_argument("--ask", default="")
    args = words.parse_args()
    if args.child:
        child(args)
        return
    results = [
        trial(m, args.kills, args.notices, args.batch, args.register, args.seed) for m in args.mode
    ]
    keys = list(results[0])
    print(" | ".join(keys))
    for r in results:
        print(" | ".join(str(r[k]) for k in keys))
    if args.json:
        Path(args.json).write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
