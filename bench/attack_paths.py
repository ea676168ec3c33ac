"""The fixpoint, ways and choke points on large networks of several shapes; correctness on small ones.

    python bench/attack_paths.py [--nodes 100000] [--small 1000] [--grow] [--answer] [--json]

Goal: 100,000 nodes and 400,000 steps in at most 5 seconds on one core; equal to trying every rule on 1,000 small ones.
Each shape is measured in a process of its own; seconds are those of its core, so that a busy machine does not count.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from amends.paths.answer import answer
from amends.paths.choke import plan
from amends.paths.derivations import ways_to
from amends.paths.fixpoint import derive
from amends.paths.model import build
from amends.paths.shapes import INTERNET, Fact, Network, StoreAtEnd
from amends.paths.states import Dated
from bench import common
from tests.paths.nets import minimal_sets, naive, random_facts

STORES = 20


def host(n: int, rng: random.Random, open_share: float) -> Iterator[Fact]:
    """Yield a host with a service; some ask for nothing, the rest for a credential."""
    service = f"service:h{n}:22/tcp"
    yield Fact("hosts", f"asset:h{n}", service)
    if rng.random() < open_share:
        yield Fact("no_auth", service, remedy="protect it")
    else:
        yield Fact("exposes_login", service)


def sparse(hosts: int, degree: int, rng: random.Random) -> Iterator[Fact]:
    """Yield hosts that reach a few others each, at random; half of them ask for a credential that lies somewhere."""
    for n in range(hosts):
        yield from host(n, rng, 0.5)
        for _ in range(degree):
            yield Fact(
                "reach", f"asset:h{n}", f"service:h{rng.randrange(hosts)}:22/tcp", remedy="block it"
            )
        if rng.random() < 0.5:
            yield Fact(
                "stored_on",
                f"credential:c{n}",
                f"asset:h{rng.randrange(hosts)}",
                remedy="take it off",
            )
            yield Fact("opens", f"credential:c{n}", f"service:h{n}:22/tcp", remedy="rotate it")
    yield from ends(hosts, rng)


def deep(hosts: int, degree: int, rng: random.Random) -> Iterator[Fact]:
    """Yield one long chain, each host reaching the next ones: as many layers as hosts."""
    for n in range(hosts):
        yield from host(n, rng, 1.0)
        for further in range(1, degree + 1):
            if further == 1 or rng.random() < 0.9:
                yield Fact(
                    "reach", f"asset:h{n + further - 1}", f"service:h{n}:22/tcp", remedy="block it"
                )
        yield Fact("reach", f"asset:h{n}", f"service:h{n + 1}:22/tcp", remedy="block it")
    yield from ends(hosts, rng)


def zones(hosts: int, degree: int, rng: random.Random) -> Iterator[Fact]:
    """Yield hosts in zones that reach zones; most need a credential that lies on another host."""
    many = 60
    for n in range(hosts):
        yield from host(n, rng, 0.1)
        yield Fact("in_zone", f"asset:h{n}", f"zone:z{n % many}")
        for zone in {n % many, *(rng.randrange(many) for _ in range(degree - 2))}:
            yield Fact("reach", f"zone:z{zone}", f"service:h{n}:22/tcp", remedy="block it")
        yield Fact(
            "stored_on", f"credential:c{n}", f"asset:h{rng.randrange(hosts)}", remedy="take it off"
        )
        yield Fact("opens", f"credential:c{n}", f"service:h{n}:22/tcp", remedy="rotate it")
    yield from ends(hosts, rng)


def identities(hosts: int, degree: int, rng: random.Random) -> Iterator[Fact]:
    """Yield hosts that identities administer, whose credentials lie on other hosts."""
    people = max(hosts // 20, 1)
    for n in range(hosts):
        yield from host(n, rng, 0.02)
        yield Fact("in_zone", f"asset:h{n}", f"zone:z{n % 30}")
        yield Fact("reach", f"zone:z{rng.randrange(30)}", f"service:h{n}:22/tcp", remedy="block it")
        for _ in range(degree):
            yield Fact(
                "admin_of",
                f"identity:i{rng.randrange(people)}",
                f"asset:h{n}",
                remedy="take the right",
            )
        yield Fact(
            "stored_on",
            f"credential:c{n % people}",
            f"asset:h{rng.randrange(hosts)}",
            remedy="take it off",
        )
    for n in range(people):
        yield Fact("belongs_to", f"credential:c{n}", f"identity:i{n}")
    yield from ends(hosts, rng)


def ends(hosts: int, rng: random.Random) -> Iterator[Fact]:
    """Yield a few ways in and the stores."""
    for n in range(8):
        service = f"service:h{n}:22/tcp"
        yield Fact("reach", INTERNET, service, remedy="block it")
        yield Fact("no_auth", service, remedy="protect it")
    for n in range(STORES):
        yield Fact("hosts", f"asset:h{hosts - 1 - n * max(hosts // STORES // 2, 1)}", f"store:s{n}")


SHAPES = {
    "sparse": (sparse, 17),
    "deep": (deep, 14),
    "zones": (zones, 17),
    "identities": (identities, 14),
}


def sized(shape: str, nodes: int, seed: int) -> list[Fact]:
    """Return the facts of a shape with about so many nodes."""
    make, degree = SHAPES[shape]
    trial = build(make(400, degree, random.Random(seed)))
    hosts = round(400 * nodes / len(trial.nodes))
    return list(make(hosts, degree, random.Random(seed)))


def measure(shape: str, nodes: int, seed: int, whole: bool) -> dict[str, object]:
    """Return sizes, seconds and memory of one shape."""
    facts = sized(shape, nodes, seed)
    at = [time.process_time()]

    def lap() -> float:
        at.append(time.process_time())
        return round(at[-1] - at[-2], 2)

    graph = build(facts)
    built = lap()
    made = derive(graph, graph.none_closed())
    first = lap()
    derive(graph, graph.none_closed())
    again = lap()
    goals = [
        graph.node_number[f"store:s{n}"]
        for n in range(STORES)
        if f"store:s{n}" in graph.node_number
    ]
    reached = [g for g in goals if made.has(g)]
    ways = sum(
        len(ways_to(graph, graph.nodes[g], graph.none_closed(), 3).ways) for g in reached[:3]
    )
    way_seconds = lap()
    _, cut = plan(graph, reached, graph.none_closed())
    cut_seconds = lap()
    stores = [StoreAtEnd(f"s{n}", 1000 * n) for n in range(STORES)]
    if whole and int(made.layer.max()) < 5000:  # no report tells a way of ten thousand steps
        answer([Dated("", Network(facts, stores))], listed=3)
    return {
        "shape": shape,
        "nodes": len(graph.nodes),
        "steps": len(graph.head),
        "facts": len(graph.facts),
        "layers": int(made.layer.max()),
        "build_s": built,
        "fixpoint_s": first,
        "fixpoint_again_s": again,
        "stores_reached": len(reached),
        "ways": ways,
        "ways_s": way_seconds,
        "cut": len(cut.acts),
        "cut_by": cut.method,
        "optimal": cut.optimal,
        "cut_s": cut_seconds,
        "answer_s": lap() if whole else None,
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def small(count: int) -> dict[str, object]:
    """Compare with trying everything on small random networks; return how many were equal."""
    gained = ways = cuts = 0
    goals = ("store:s1", "store:s2")
    for seed in range(count):
        facts = [
            f if f.kind in ("hosts", "serves") else _mendable(f) for f in random_facts(seed, 12)
        ]
        graph = build(facts)
        made = derive(graph, graph.none_closed())
        have = {
            n
            for k, n in enumerate(graph.nodes)
            if made.has(k) and not n.startswith(("login:", "door:"))
        }
        gained += have == naive(facts)
        found = {
            g: {
                frozenset(graph.facts[f] for f in w.facts)
                for w in ways_to(graph, g, graph.none_closed()).ways
            }
            for g in goals
        }
        ways += all(found[g] == (minimal_sets(facts, g) if g in have else set()) for g in goals)
        _, cut = plan(
            graph,
            [graph.node_number[g] for g in goals if g in graph.node_number],
            graph.none_closed(),
        )
        cuts += cut.optimal and len(cut.acts) == fewest(facts, goals)
    return {"shape": "small, against trying everything", "networks": count, "same_gains": gained,
            "same_ways": ways, "same_fewest": cuts}  # fmt: skip


def _mendable(fact: Fact) -> Fact:
    return Fact(fact.kind, fact.source, fact.target, detail=fact.detail, remedy="mend it")


def fewest(facts: list[Fact], goals: tuple[str, ...]) -> int:
    mendable = [f for f in facts if f.remedy]
    for size in range(len(mendable) + 1):
        for gone in itertools.combinations(mendable, size):
            if not naive(f for f in facts if f not in gone) & set(goals):
                return size
    return -1


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--nodes", type=int, default=100_000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--small", type=int, default=1000)
    words.add_argument(
        "--grow", action="store_true", help="also a half, double and four times the size"
    )
    words.add_argument(
        "--answer", action="store_true", help="also the whole answer: states, ways, fixes"
    )
    words.add_argument("--shape", choices=SHAPES, help="measure one shape, in this process")
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    if given.shape:
        print(json.dumps(measure(given.shape, given.nodes, given.seed, given.answer)))
        return
    rows: list[dict[str, object]] = []
    for times in (0.5, 1, 2, 4) if given.grow else (1,):
        for shape in SHAPES:
            command = [sys.executable, __file__, "--shape", shape, "--nodes", str(int(given.nodes * times)),
                       "--seed", str(given.seed)]  # fmt: skip
            command += ["--answer"] if given.answer else []
            rows.append(json.loads(common.measured(command).output))
    checked = [small(given.small)] if given.small else []
    common.show("attack paths", rows, given.json)
    if checked:
        common.show("attack paths, correctness", checked, given.json)


if __name__ == "__main__":
    main()
