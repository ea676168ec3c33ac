"""A published demo case for the benchmarks of the site, and the site started on it.

    python bench/site_world.py serve PUBLISHED PORT [--core 0] [--wide] [--leaky FILE]

``--wide`` opens the budgets that the whole world shares, so that twenty thousand questions can be asked in a minute;
``--leaky`` makes a site that takes a little longer for the members named in a file: a probe must see that.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import pyarrow as pa

from amends.portal.published import Published
from amends.site import server, tolls
from amends.site.budgets import Rate
from amends.site.settings import SiteSettings
from amends.vault.codes import _WEIGHED, ALPHABET, code_key, letter_codes

LEAK_SECONDS = 0.0003


@dataclass(frozen=True)
class SiteWorld:
    """A published demo case.

    Attributes:
        folder: Holds everything.
        case: The case.
        published: What the site serves.
        members: Codes answered yes.
        undecided: Codes not yet decided.
        contacts: E-mail addresses and telephone numbers on file.
    """

    folder: Path
    case: Path
    published: Path
    members: list[str]
    undecided: list[str]
    contacts: list[str]


def amends(*words: object) -> str:
    """Run a command of amends and return its answer."""
    line = [sys.executable, "-m", "amends", "--quiet", "--no-input", *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 10):
        sys.exit(f"{' '.join(map(str, words))}\n{done.stderr}")
    return done.stdout


def made(folder: Path, people: int, seed: int) -> SiteWorld:
    """Make a demo case in a folder, release and publish it; or take what is there."""
    case, published = folder / "case", folder / "published"
    if not (published / "current").exists():
        amends("demo", folder / "data", "--people", people, "--seed", seed)
        env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        subprocess.run(
            ["bash", folder / "data" / "add.sh", case], check=True, env=env, capture_output=True
        )
        amends("run", case)
        seal = json.loads(amends("notices", "seal", case, "--json"))["seal"]
        for name in ("Dana Lee", "Robin Roe"):
            amends("notices", "approve", case, seal, "--as", name)
        amends("portal", "publish", case, "--to", published)
        amends("export", case, "notification-list", "--to", folder / "list.csv")
    return _read(folder, case, published)


def _read(folder: Path, case: Path, published: Path) -> SiteWorld:
    with (folder / "list.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    ids = pa.array(sorted({r["person_id"] for r in rows}))
    codes = letter_codes(code_key(case / "keys"), ids).to_pylist()
    site = Published.open(published)
    states = [(code, site.by_code(code)) for code in codes]
    contacts = sorted({v for r in rows for v in (r.get("email"), r.get("phone")) if v})
    return SiteWorld(
        folder,
        case,
        published,
        [c for c, a in states if a and a.state == "yes"],
        [c for c, a in states if a and a.state == "undecided"],
        contacts,
    )


def unknown_code(chance: random.Random) -> str:
    """Return a well-formed code that nobody has."""
    symbols = [chance.randrange(32) for _ in range(15)]
    check = 0
    for place, symbol in enumerate(symbols):
        check ^= int(_WEIGHED[place, symbol])
    text = "".join(ALPHABET[s] for s in [*symbols, check])
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def stranger_contact(like: str, chance: random.Random) -> str:
    """Return a contact of the same kind and length that is on no file."""
    if "@" not in like:
        return "".join(chance.choice("23456789") if c.isdigit() else c for c in like)
    own, _, host = like.partition("@")
    return "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in own) + "@" + host


@contextmanager
def serving(published: Path, *options: str, core: int = 0) -> Iterator[tuple[int, int]]:
    """Start the site in a process of its own; yield its port and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        __file__,
        "serve",
        str(published),
        str(port),
        "--core",
        str(core),
        *options,
    ]
    with subprocess.Popen(words) as child:
        try:
            _wait(port, child)
            yield port, child.pid
        finally:
            child.terminate()
            child.wait(20)


def _wait(port: int, child: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if child.poll() is not None:
            sys.exit("the site did not start")
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).read()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit("the site does not answer")


def _serve(arguments: argparse.Namespace) -> None:
    os.sched_setaffinity(0, {arguments.core})
    if arguments.wide:
        tolls.CONTACT_EVERYBODY = tolls.EVERYBODY = Rate(1e9, 1e-9, "open")
    if arguments.leaky:
        members = set(Path(arguments.leaky).read_text().split("\n"))
        honest = server.app_of
        server.app_of = lambda site: _leaky(honest(site), members)  # type: ignore[assignment]
    server.serve(SiteSettings(arguments.published, port=arguments.port, hops=1), lambda _: None)


def _leaky(app, members):  # type: ignore[no-untyped-def]
    """Return a site that takes a little longer for members."""

    async def wrapped(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        message = await receive()
        fields = parse_qs(message.get("body", b"").decode())
        if {v for name in ("code", "contact") for v in fields.get(name, [])} & members:
            until = time.perf_counter() + LEAK_SECONDS
            while time.perf_counter() < until:
                pass
        given = [message]

        async def again():  # type: ignore[no-untyped-def]
            return given.pop() if given else await receive()

        await app(scope, again, send)

    wrapped.at_once = app.at_once  # type: ignore[attr-defined]
    return wrapped


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["serve"])
    parser.add_argument("published", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--leaky", default="")
    _serve(parser.parse_args())
