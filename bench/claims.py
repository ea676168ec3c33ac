"""A thousand people claim at once, processes are killed, and every code and every person is counted.

Claimers are threads in several processes; each person claims twice, in two processes. What a person was shown is
written to a file before the next claim; afterwards books and files must agree: no code with two persons, no person with
two codes, none lost, the queue in order.

    python bench/claims.py [--claimers 1000] [--codes 8000] [--persons 9000] [--kills 20] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from amends.portal.offers.book import OfferBook
from amends.portal.offers.ledger import CLAIMS
from amends.portal.state import open_state
from bench.common import show
from tests.notices.postgres import server
from tests.portal.claims_world import (
    KEY,
    PRODUCT,
    TODAY,
    faults,
    handle,
    open_world,
    stock,
)

PROCESSES = 2


def claimers(place: str, log: Path, persons: Sequence[int], threads: int, seed: int) -> None:
    """Let so many threads claim for these persons, each in an order of its own; write down what each was shown."""
    state = _opened(place, threads)
    book = OfferBook(state, KEY)
    turn, order = count(), list(persons)
    random.Random(seed).shuffle(order)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def claim() -> None:
        while (at := next(turn)) < len(order):
            began = time.monotonic()
            made = book.claim(handle(order[at]), PRODUCT, TODAY)
            took = time.monotonic() - began
            os.write(out, f"{order[at]} {made.code or '-'} {took:.5f} {made.again:d}\n".encode())

    running = [threading.Thread(target=claim) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()


def _opened(place: str, threads: int) -> sa.Engine:
    if "://" not in place:
        return open_state(Path(place))
    # As open_state, with fewer connections: the server of the tests has forty.
    return sa.create_engine(
        place, pool_size=min(threads, 8), max_overflow=0, pool_timeout=300, pool_pre_ping=True
    )


class Crowd:
    """Processes of claimers, forked, killed and replaced until every person was served."""

    def __init__(self, place: str, folder: Path, persons: int, threads: int, seed: int) -> None:
        self._place, self._folder, self._persons = place, folder, persons
        self._threads, self._chance = threads, random.Random(seed)
        self.kills = self.rounds = 0

    def run(self, kills: int, spread: float) -> None:
        """Kill so many children, each after some seconds up to ``spread``; then let two end by themselves.

        Where children end before they are killed, those after them live shorter.
        """
        while self.rounds < 10 * max(kills, 1):
            self.rounds += 1
            children = [self._fork(i) for i in range(PROCESSES)]
            last = self.kills >= kills
            for pid in children if not last else ():
                time.sleep(self._chance.random() * spread)
                self._kill(pid)
            codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
            assert all(c in (0, -signal.SIGKILL) for c in codes), codes
            self.kills += sum(c == -signal.SIGKILL for c in codes)
            if last:
                return
            if 0 in codes:
                spread *= 0.7
        raise AssertionError(f"only {self.kills} of {kills} kills in {self.rounds} rounds")

    def _fork(self, number: int) -> int:
        pid = os.fork()
        if pid:
            return pid
        code_ = 1
        try:
            log = self._folder / f"shown-{self.rounds}-{number}"
            claimers(
                self._place, log, range(self._persons), self._threads, self.rounds * 10 + number
            )
            code_ = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code_)

    @staticmethod
    def _kill(pid: int) -> None:
        os.kill(
            pid, signal.SIGKILL
        )  # a child that has ended is not waited for yet: the number is still its own


def trial(
    register: str, *, claimers: int, codes: int, persons: int, kills: int, seed: int, spread: float
) -> dict[str, object]:
    """Let a crowd claim and return what was found."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with open_world(folder, register) as state:
            OfferBook(state, KEY)
            stock(state, 0, codes)
            place = state.url.render_as_string(hide_password=False) if register else str(folder)
            state.dispose()
            began = time.monotonic()
            crowd = Crowd(place, folder, persons, max(claimers // PROCESSES, 1), seed)
            crowd.run(kills, spread)
            seconds = time.monotonic() - began
            found = _found(state, folder, codes, persons)
            usage = resource.getrusage(resource.RUSAGE_CHILDREN)
            result: dict[str, object] = {
                "register": register.split(":", maxsplit=1)[0] or "sqlite",
                "claimers": claimers, "codes": codes, "persons": persons, "kills": crowd.kills, **found,
                "seconds": round(seconds, 2), "claims_per_second": round(persons / seconds, 1),
                "calls_per_second": round(int(found["calls"]) / seconds, 1),
                "child_peak_mib": round(usage.ru_maxrss / 1024, 1),
            }  # fmt: skip
            result["queue_in_order"] = _queue(state, codes, persons)
            return result


def _found(state: sa.Engine, folder: Path, codes: int, persons: int) -> dict[str, object]:
    """Compare what people were shown with the books."""
    shown: dict[str, set[str]] = defaultdict(set)
    holders: dict[str, set[str]] = defaultdict(set)
    took: list[float] = []
    for path in folder.glob("shown-*"):
        for line in path.read_text().splitlines():
            words = line.split()
            if len(words) == 4 and words[1] != "-":
                shown[words[0]].add(words[1])
                holders[words[1]].add(words[0])
            if len(words) == 4:
                took.append(float(words[2]))
    with state.connect() as connection:
        rows = connection.execute(sa.select(CLAIMS)).all()
    held = sum(r.state == "held" for r in rows)
    wrong = faults(state)
    took.sort()
    return {
        "calls": len(took),
        "duplicates": sum(len(p) > 1 for p in holders.values())
        + sum(len(c) > 1 for c in shown.values()),
        "lost": min(codes, persons) - held,
        "waiting": sum(r.state == "waiting" for r in rows),
        "faults": "; ".join(wrong) or "none",
        "p50_ms": round(took[len(took) // 2] * 1000, 1) if took else None,
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000, 1) if took else None,
    }


def _queue(state: sa.Engine, codes: int, persons: int) -> bool:
    """Import half of what is missing, and say whether those who claimed first were served."""
    missing = persons - codes
    if missing <= 1:
        return True
    query = sa.select(CLAIMS.c.claim_id).where(CLAIMS.c.state == "waiting")
    with state.connect() as connection:
        before = sorted(connection.execute(query).scalars())
    assert len(before) == missing, (len(before), missing)
    made = stock(state, codes, missing // 2)
    with state.connect() as connection:
        after = sorted(connection.execute(query).scalars())
    assert made.n_filled == missing // 2
    return after == before[missing // 2 :] and not faults(state)


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--claimers", type=int, default=1000)
    words.add_argument("--codes", type=int, default=3000)
    words.add_argument("--persons", type=int, default=4000)
    words.add_argument("--kills", type=int, default=20)
    words.add_argument("--spread", type=float, default=3.0, help="longest life of a child, seconds")
    words.add_argument(
        "--register", nargs="+", choices=["sqlite", "postgres"], default=["sqlite", "postgres"]
    )
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--json", default="")
    args = words.parse_args()
    rows = []
    for register in args.register:
        with server() if register == "postgres" else nullcontext("") as url:
            for kills in (0, args.kills) if args.kills else (0,):
                rows.append(
                    trial(
                        url, claimers=args.claimers, codes=args.codes, persons=args.persons,
                        kills=kills, seed=args.seed, spread=args.spread,
                    )
                )  # fmt: skip
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    show("claims of enrolment codes", rows, False)
    if args.json:
        Path(args.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
