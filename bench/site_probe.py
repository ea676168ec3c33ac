"""Can a stranger tell a member from a non-member? Interleaved pairs against the real site, compared in every way.

    python bench/site_probe.py [--pairs 10000] [--people 5000] [--seed 5] [--json] [--keep DIR]

For each door (typed contact, letter code, banner), pairs of (member, non-member) are asked in random order over one
connection, the site on one core and the probe on another. Status, names and lengths of headers, and length of the body
must be equal; time is compared by the area under the ROC curve (0.5 = nothing to see; goal 0.52 at most) with its 95 %
interval, for the first and the last byte, and for means and least of ten. The same pairs against a site that
spends 0.3 ms more on members show that the probe can fail.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
from common import show
from site_world import SiteWorld, made, serving, stranger_contact, unknown_code

from amends.portal.handles import account_ref
from amends.portal.keys import company_keys

GOAL = 0.52
SPLIT = re.compile(rb"\r\n")


@dataclass
class Line:
    """One connection."""

    port: int
    to: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.to = socket.create_connection(("127.0.0.1", self.port))
        self.to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, dict[bytes, bytes], bytes, float, float]:
        """Return status, headers, body, and the milliseconds to the first and the last byte."""
        started = time.perf_counter_ns()
        self.to.sendall(request)
        data = self.to.recv(65536)
        first = time.perf_counter_ns()
        while b"\r\n\r\n" not in data:
            data += self.to.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = SPLIT.split(head)
        headers = {n.lower(): v.strip() for n, _, v in (h.partition(b":") for h in lines[1:])}
        length = int(headers.get(b"content-length", b"0"))
        while len(body) < length:
            body += self.to.recv(65536)
        last = time.perf_counter_ns()
        return (
            int(lines[0].split()[1]),
            headers,
            body,
            (first - started) / 1e6,
            (last - started) / 1e6,
        )


def head(method: str, way: str, cookie: str = "", length: int = 0, **more: str) -> bytes:
    lines = [f"{method} {way} HTTP/1.1", "Host: localhost", f"X-Forwarded-For: {network()}"]
    lines += [f"Cookie: {cookie}"] if cookie else []
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {length}"]
        lines += ["Sec-Fetch-Site: same-origin", "Origin: null"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def network() -> str:
    """Return some address: each question comes from another network."""
    return ".".join(str(secrets.randbelow(200) + 10) for _ in range(4))


def forms(line: Line, way: str) -> Iterator[tuple[str, str]]:
    """Yield a fresh form cookie and its token, again and again."""
    while True:
        _, headers, body, *_ = line.ask(head("GET", way))
        token = re.search(rb'name="token" value="([0-9a-f]+)"', body)
        assert token is not None
        yield headers[b"set-cookie"].split(b";")[0].decode(), token.group(1).decode()


@dataclass
class Pairs:
    """What a door answered: one row a question."""

    name: str
    answers: list[list[tuple[object, ...]]] = field(default_factory=lambda: [[], []])
    first: list[list[float]] = field(default_factory=lambda: [[], []])
    last: list[list[float]] = field(default_factory=lambda: [[], []])


def probe(
    name: str, line: Line, n: int, ask: Callable[[int], tuple[bytes, bytes]], chance: random.Random
) -> Pairs:
    """Ask n pairs, each in random order."""
    seen = Pairs(name)
    for number in range(n):
        requests = ask(number)
        for which in chance.sample((0, 1), 2):
            status, headers, body, first, last = line.ask(requests[which])
            lengths = tuple(sorted((k, len(v)) for k, v in headers.items()))
            seen.answers[which].append((status, lengths, len(body)))
            seen.first[which].append(first)
            seen.last[which].append(last)
    return seen


def auc(members: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Return the area under the ROC curve and half its 95 % interval (DeLong)."""
    both = np.concatenate([members, others])
    _, place, count = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (count.cumsum() - (count - 1) / 2)[place]
    m, n = len(members), len(others)
    area = (ranks[:m].sum() - m * (m + 1) / 2) / (m * n)
    inner_m = members.argsort(kind="stable").argsort() + 1
    inner_n = others.argsort(kind="stable").argsort() + 1
    v10 = (ranks[:m] - inner_m) / n
    v01 = 1 - (ranks[m:] - inner_n) / m
    return float(area), float(1.96 * np.sqrt(v10.var(ddof=1) / m + v01.var(ddof=1) / n))


def judged(seen: Pairs) -> dict[str, object]:
    """Return a row of figures for one door.

    Single answers are held to the goal as they are; of groups of ten there are ten times fewer, so the lower end of
    their interval is.
    """
    kinds = [set(side) for side in seen.answers]
    alike = kinds[0] == kinds[1]
    row: dict[str, object] = {"door": seen.name, "pairs": len(seen.first[0]), "alike": alike}
    row["kinds"] = len(kinds[0] | kinds[1])
    worst = 0.0
    for name, sides in (("first byte", seen.first), ("last byte", seen.last)):
        single = [np.array(s) for s in sides]
        size = len(single[0]) // 10 * 10
        tens = [s[:size].reshape(-1, 10) for s in single]
        for feature, values, margin in (
            (name, single, False),
            (f"mean of ten, {name}", [t.mean(axis=1) for t in tens], True),
            (f"least of ten, {name}", [t.min(axis=1) for t in tens], True),
        ):
            area, half = auc(*values)
            row[feature] = f"{area:.3f} ± {half:.3f}"
            worst = max(worst, abs(area - 0.5) - (half if margin else 0.0))
    row["worst"] = round(0.5 + worst, 4)
    row["median ms"] = round(float(np.median(seen.last[0] + seen.last[1])), 3)
    row["goal"] = alike and 0.5 + worst <= GOAL
    return row


def doors(world: SiteWorld, line: Line, pairs: int, seed: int, leaky: bool) -> Iterator[Pairs]:
    """Yield each door, asked."""
    chance = random.Random(seed)
    contacts = chance.sample(world.contacts, min(2000, len(world.contacts)))
    strangers = [stranger_contact(c, chance) for c in contacts]

    def contact(cookie: str, token: str, typed: str) -> bytes:
        body = urlencode({"contact": typed, "token": token}).encode()
        return head("POST", "/en/contact", cookie, len(body)) + body

    def code(cookie: str, token: str, typed: str) -> bytes:
        body = urlencode({"code": typed, "token": token}).encode()
        return head("POST", "/en/check", cookie, len(body)) + body

    fresh = forms(line, "/en/contact")
    held = next(fresh)
    yield probe(
        "contact: member / stranger", line, pairs,
        lambda n: (contact(*held, contacts[n % len(contacts)]), contact(*held, strangers[n % len(strangers)])), chance,
    )  # fmt: skip
    open_forms = forms(line, "/en/check")

    def codes(known: list[str]) -> Callable[[int], tuple[bytes, bytes]]:
        def pair(_: int) -> tuple[bytes, bytes]:
            form = next(open_forms)
            return code(*form, chance.choice(known)), code(*form, unknown_code(chance))

        return pair

    yield probe("code: known / unknown", line, pairs, codes(world.members), chance)
    if leaky:
        return
    if world.undecided:
        yield probe("code: undecided / unknown", line, pairs, codes(world.undecided), chance)
    yield probe(
        "contact: asked before / never", line, pairs,
        lambda n: (contact(*held, strangers[0]), contact(*held, f"new{n}@{'x' * 8}.example")), chance,
    )  # fmt: skip
    refs = _refs(world)
    if refs:
        yield probe(
            "banner, not signed: member / stranger", line, pairs,
            lambda n: (banner(refs[n % len(refs)]), banner(secrets.token_hex(32))), chance,
        )  # fmt: skip


def banner(ref: str) -> bytes:
    return head("GET", f"/v1/banner/{ref}")


def _refs(world: SiteWorld) -> list[str]:
    keys = company_keys(world.case / "keys")
    return [account_ref(keys.account_key, c) for c in world.contacts if "@" not in c][:1000]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="amends-probe-"))
    folder.mkdir(parents=True, exist_ok=True)
    world = made(folder, arguments.people, arguments.seed)
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    about = f"{len(world.members):,} decided, {len(world.undecided):,} undecided, {len(world.contacts):,} contacts"
    rows = []
    with serving(world.published, "--wide", core=cores[0]) as (port, _):
        for seen in doors(world, Line(port), arguments.pairs, arguments.seed, leaky=False):
            rows.append(judged(seen))
            print(f"  {seen.name}", file=sys.stderr)
    show(f"the site, {about}", rows, arguments.json)
    secret = folder / "members.txt"
    secret.write_text("\n".join([*world.members, *world.contacts]))
    with serving(world.published, "--wide", "--leaky", str(secret), core=cores[0]) as (port, _):
        leaks = [
            judged(s)
            for s in doors(
                world, Line(port), min(arguments.pairs, 5000), arguments.seed + 1, leaky=True
            )
        ]
    show("a site that leaks 0.3 ms: the probe must fail", leaks, arguments.json)
    if not arguments.keep:
        shutil.rmtree(folder)
    caught = all(not row["goal"] for row in leaks)
    sys.exit(0 if caught and all(row["goal"] for row in rows) else 1)


if __name__ == "__main__":
    main()
