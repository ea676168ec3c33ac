"""Networks for tests: small ones by hand, random ones, and a naive answer to compare with."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Iterable

from amends.paths.shapes import INTERNET, Fact, Network, StoreAtEnd


def naive(facts: Iterable[Fact]) -> set[str]:  # noqa: C901 - the rules one under the other, to be read
    """Return everything the intruder gains, by trying every rule until nothing changes; written from the guide's
    rules alone, on names, without any index."""
    all_facts = list(facts)
    by: dict[str, list[Fact]] = {}
    for fact in all_facts:
        by.setdefault(fact.kind, []).append(fact)

    def of(kind: str) -> list[Fact]:
        return by.get(kind, [])

    logins = {f.source for f in of("exposes_login")}
    have = {INTERNET}
    while True:
        new: set[str] = set()
        for f in of("reach") + of("in_zone"):
            if f.source in have:
                new.add(f.target)
        for f in of("no_auth") + of("known_exploited"):
            if f.source in have:
                new.add("broken:" + f.source)
        for f in of("weak_auth"):
            if f.source in have and f.source in logins:
                new.add("broken:" + f.source)
        for f in of("opens"):
            if f.source in have and f.target in have:
                new.add("entered:" + f.target)
            if f.source in have:
                new |= {"identity:" + v for k, v in f.detail if k == "identity"}
        for f in of("belongs_to"):
            if f.source in have:
                new.add(f.target)
        for f in of("stored_on"):
            if f.target in have:
                new.add(f.source)
        for f in of("hosts"):
            if f.target.startswith("store:"):
                if f.source in have:
                    new.add(f.target)
            elif {"entered:" + f.target, "broken:" + f.target} & have:
                new.add(f.source)
        for f in of("serves"):
            if "broken:" + f.source in have:
                new.add(f.target)
        for f in of("reads"):
            doors = [s for s in of("serves") if s.target == f.target and s.source in have]
            if f.source in have and doors:
                new.add(f.target)
        for f in of("admin_of"):
            doors = [h for h in of("hosts") if h.source == f.target and h.target in have & logins]
            if f.source in have and doors:
                new.add(f.target)
        for f in of("trusts"):
            if f.source in have:
                places = {f.source} | {z.target for z in of("in_zone") if z.source == f.source}
                services = {h.target for h in of("hosts") if h.source == f.target}
                if any(r.source in places and r.target in services for r in of("reach")):
                    new.add(f.target)
        if new <= have:
            return have
        have |= new


def minimal_sets(facts: Collection[Fact], target: str) -> set[frozenset[Fact]]:
    """Return every minimal set of facts that gives ``target``, by trying all subsets, small ones first."""
    found: list[frozenset[Fact]] = []
    for size in range(len(facts) + 1):
        for some in itertools.combinations(facts, size):
            chosen = frozenset(some)
            if not any(f <= chosen for f in found) and target in naive(chosen):
                found.append(chosen)
    return set(found)


def random_facts(seed: int, size: int = 11) -> list[Fact]:
    """Return facts of a small random network; most have some way in."""
    rng = random.Random(seed)
    assets = [f"asset:a{n}" for n in range(rng.randint(1, 3))]
    services = [f"service:{a[6:]}:{p}/tcp" for a in assets for p in (22, 80)]
    zones = [INTERNET, "zone:dmz", "zone:core"]
    credentials = ["credential:c1", "credential:c2"]
    identities = ["identity:i1", "identity:i2"]
    stores = ["store:s1", "store:s2"]

    def pick(kind: str) -> Fact:
        service = rng.choice(services)
        host = "asset:" + service.split(":")[1]
        made = {
            "reach": lambda: Fact("reach", rng.choice([*zones, INTERNET, *assets]), service),
            "in_zone": lambda: Fact("in_zone", rng.choice(assets), rng.choice(zones[1:])),
            "hosts": lambda: Fact(
                "hosts", host, rng.choice([service, service, rng.choice(stores)])
            ),
            "serves": lambda: Fact("serves", service, rng.choice(stores)),
            "exposes_login": lambda: Fact("exposes_login", service),
            "no_auth": lambda: Fact("no_auth", service),
            "known_exploited": lambda: Fact("known_exploited", service),
            "weak_auth": lambda: Fact("weak_auth", service),
            "stored_on": lambda: Fact(
                "stored_on",
                rng.choice(credentials),
                rng.choice([*assets, *assets, *stores, *zones[1:]]),
            ),
            "opens": lambda: Fact(
                "opens",
                rng.choice(credentials),
                service,
                detail=(("identity", rng.choice(identities)[9:]),) if rng.random() < 0.5 else (),
            ),
            "belongs_to": lambda: Fact(
                "belongs_to", rng.choice(credentials), rng.choice(identities)
            ),
            "admin_of": lambda: Fact("admin_of", rng.choice(identities), rng.choice(assets)),
            "reads": lambda: Fact("reads", rng.choice(identities), rng.choice(stores)),
            "trusts": lambda: (
                Fact("trusts", *rng.sample(assets, 2))
                if len(assets) > 1
                else Fact("no_auth", service)
            ),
        }
        return made[kind]()

    kinds = (  # noqa: SIM905 - weights are easiest to see as words
        "reach reach reach hosts hosts no_auth weak_auth exposes_login known_exploited in_zone stored_on stored_on "
        "opens opens belongs_to serves reads admin_of trusts"
    ).split()
    first = rng.choice(services)
    facts = {f.key: f for f in (
        Fact("reach", INTERNET, first),
        Fact(rng.choice(["no_auth", "known_exploited"]), first),
        Fact("hosts", "asset:" + first.split(":")[1], rng.choice([first, first, "store:s1"])),
    )}  # fmt: skip
    while len(facts) < size:
        made = pick(rng.choice(kinds))
        facts.setdefault(made.key, made)
    return list(facts.values())


def network(*facts: Fact, stores: Iterable[StoreAtEnd] = ()) -> Network:
    """Return a network of these facts."""
    return Network(facts=list(facts), stores=list(stores))
