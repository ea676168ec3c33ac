"""What each kind of fix would do: whom no way reaches any more once all facts of a group are untrue.

The fixpoint is made again without the facts of the group, for what must be taken to hold now and for what the evidence
of each date shows: what is closed since was open on the day of the breach, and is still a cause of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from amends.kernel import ids
from amends.paths.acts import bare, fact_id
from amends.paths.answer import Answer
from amends.paths.closures import closure_id
from amends.paths.fixpoint import derive, relevant
from amends.paths.model import Flags, Graph
from amends.paths.shapes import INTERNET, Fact
from amends.taxonomy.environments import is_test_place

MOMENTS = 8
"""Dates of evidence looked at, at most: the latest; an inventory is renewed a few times in a case."""
SUBJECTS = 40
"""Up to so many places of a group each is tried alone; with more, only the group as a whole."""
LISTED = 100
"""Facts and places named in a row, at most."""
WORK = 60_000_000
"""Steps looked at, at most, for single places of one moment; groups as a whole are always tried."""

OF_KIND = {
    "known_exploited": "known_holes",
    "weak_auth": "brute_force",
    "stored_on": "stored_credentials",
    "trusts": "trusts",
    "admin_of": "admin_rights",
    "reads": "store_rights",
}
"""Groups that are all facts of a kind; the others need a look at more than one fact."""
UNSAFE = frozenset(("no_auth", "weak_auth", "known_exploited"))
"""What makes a service that the internet reaches an exposed device."""
GROUPS = ("exposed_device", *OF_KIND.values(), "reused_credentials", "test_environment")

LOOKS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "exposed_device": (("services",), ("config", "scan:internet")),
    "known_holes": (("services",), ("kev",)),
    "brute_force": (("services",),),
    "stored_credentials": (("secrets", "private_keys"),),
    "reused_credentials": (("secrets", "accounts", "private_keys"),),
    "test_environment": (("in_zone", "services"), ("config", "scan:test", "zone of")),
    "trusts": (("authorized_keys", "known_hosts", "rhosts"),),
    "admin_rights": (("accounts", "sudoers", "passwd"),),
    "store_rights": (("grants",),),
}
"""Evidence that looks for the facts of a group: one kind of each of these must have been given."""

Row = dict[str, object]


@dataclass
class _Moment:
    """A state of the network.

    Attributes:
        name: now or then.
        as_of: Date of the evidence as it was given.
        hidden: For each fact whether it does not hold then.
        goals: Node of each store that could be reached, in the whole graph.
    """

    name: str
    as_of: str
    hidden: Flags
    goals: dict[str, int]
    part: Graph = field(init=False)
    inside: dict[str, int] = field(init=False)
    used: Flags = field(init=False)

    def cut_to(self, graph: Graph) -> None:
        """Keep only what can serve to gain a store."""
        self.part = relevant(graph, list(self.goals.values()), self.hidden)
        numbers = self.part.node_number
        self.inside = {
            s: numbers[graph.nodes[n]] for s, n in self.goals.items() if graph.nodes[n] in numbers
        }
        self.used = np.zeros(len(graph.facts), dtype=np.bool_)
        needed = self.part.needs[self.part.needs >= 0]
        self.used[needed] = True
        self.used &= ~self.hidden

    def open_without(self, facts: Iterable[int]) -> list[str]:
        """Return the stores that can still be reached when these facts are untrue."""
        shut = self.hidden.copy()
        shut[list(facts)] = True
        made = derive(self.part, shut)
        return sorted(s for s, node in self.inside.items() if made.has(node))


def fix_rows(made: Answer) -> list[Row]:
    """Return a row a moment and group, and one for each place of a group where they are few."""
    rows: list[Row] = []
    for moment in _moments(made):
        moment.cut_to(made.graph)
        for group, facts in members(made.graph.facts, moment.hidden).items():
            rows += _group_rows(made, moment, group, facts)
        if moment.name == "now":
            for fix in made.fixes:
                name = closure_id(made.graph, fix.facts)
                held = {f: _place(made.graph.facts[f]) for f in fix.facts}
                rows.append(_row(made, moment, "closure", name, held))
    return rows


def _moments(made: Answer) -> Iterator[_Moment]:
    node = made.graph.node_number
    yield _Moment("now", "", made.closed, {s: node[f"store:{s}"] for s in made.open_stores})
    dated = list(enumerate(made.open_at))[-MOMENTS:]
    for number, (on, stores) in dated:
        seen = [made.story.facts[f.key].seen[number] for f in made.graph.facts]
        hidden = ~np.array(seen, dtype=np.bool_)
        yield _Moment("then", on, hidden, {s: node[f"store:{s}"] for s in stores})


def _group_rows(made: Answer, moment: _Moment, group: str, facts: Mapping[int, str]) -> list[Row]:
    rows = [_row(made, moment, group, "", facts)]
    places: dict[str, dict[int, str]] = {}
    for number, place in facts.items():
        if moment.used[number]:
            places.setdefault(place, {})[number] = place
    work = len(places) * max(len(moment.part.head), 1)
    if len(places) <= SUBJECTS and work <= WORK:
        rows += [_row(made, moment, group, place, places[place]) for place in sorted(places)]
    return rows


def _row(made: Answer, moment: _Moment, group: str, subject: str, held: Mapping[int, str]) -> Row:
    people, facts = made.people, made.graph.facts
    on_ways = sorted((f for f in held if moment.used[f]), key=lambda f: fact_id(facts[f]))
    others = sorted((f for f in held if not moment.used[f]), key=lambda f: fact_id(facts[f]))
    left = moment.open_without(on_ways) if on_ways else sorted(moment.inside)
    closed = sorted(set(moment.inside) - set(left))
    resting = sorted(set(closed) | _resting(made, moment, frozenset(on_ways)))
    looked, looked_on = _looked(made, moment, group)
    before, after = people.within(moment.inside), people.within(left)
    return {
        "fix_id": "K" + ids.digest_value([moment.name, moment.as_of, group, subject])[:12],
        "moment": moment.name,
        "as_of": moment.as_of,
        "as_of_on": _day(moment.as_of),
        "group": group,
        "subject": subject,
        "places": _places(held, on_ways),
        "fact_ids": [fact_id(facts[f]) for f in (*on_ways, *others)[:LISTED]],
        "n_facts": len(held),
        "looked": looked,
        "looked_on": _day(looked_on),
        "n_on_ways": len(on_ways),
        "stores": resting,
        "persons": people.within(resting),
        "persons_before": before,
        "persons_after": after,
        "persons_removed": before - after,
        "stores_closed": closed,
    }


def _places(held: Mapping[int, str], on_ways: Sequence[int]) -> list[str]:
    """Return the places, those on ways first where not all can be named."""
    named = sorted({held[f] for f in on_ways})
    named += sorted(set(held.values()) - set(named))
    return sorted(named[:LISTED])


def _resting(made: Answer, moment: _Moment, facts: frozenset[int]) -> set[str]:
    """Return the stores to which a listed way goes that holds at the moment and rests on one of these facts."""
    return {
        way.store
        for way in made.ways
        if way.store in moment.inside
        and way.facts & facts
        and not moment.hidden[list(way.facts)].any()
    }


def _looked(made: Answer, moment: _Moment, group: str) -> tuple[bool, str]:
    """Return whether evidence up to the moment looks for such facts, and the date of the latest that does."""
    wanted = LOOKS.get(group, ())
    looked, latest = False, ""
    for on, kinds in made.looked:
        if all(kinds.intersection(some) for some in wanted):
            looked, latest = True, on
        if moment.name == "then" and on == moment.as_of:
            break
    return looked, latest


def _day(on: str) -> date | None:
    try:
        return date.fromisoformat(on)
    except ValueError:
        return None


# groups


def members(facts: Sequence[Fact], hidden: Flags | None = None) -> dict[str, dict[int, str]]:
    """Return for each group the numbers of its facts, each with the bare name of the place it is about.

    Args:
        facts: All facts.
        hidden: For each whether it does not hold at the moment: a door is exposed only while its fault is there.
    """
    holds = [(n, f) for n, f in enumerate(facts) if hidden is None or not hidden[n]]
    held = [f for _, f in holds]
    unsafe = frozenset(f.source for f in held if f.kind in UNSAFE)
    tests, reused = test_places(held), _reused(held)
    found: dict[str, dict[int, str]] = {group: {} for group in GROUPS}
    for number, fact in holds:
        group = OF_KIND.get(fact.kind)
        if group is not None:
            found[group][number] = _place(fact)
        if fact.kind == "no_auth":
            found["brute_force"][number] = _place(fact)
        elif fact.kind == "reach" and fact.source == INTERNET and fact.target in unsafe:
            found["exposed_device"][number] = _place(fact)
        elif fact.kind == "opens" and fact.source in reused:
            found["reused_credentials"][number] = _place(fact)
        if _leaves_test(fact, tests):
            found["test_environment"][number] = fact.source.partition(":")[2]
    return found


def test_places(facts: Sequence[Fact]) -> frozenset[str]:
    """Return the zones and assets that their zone, role or name calls test, development or staging."""
    found: set[str] = set()
    for fact in facts:
        if fact.kind == "in_zone":
            role = " ".join(v for k, v in fact.detail if k == "role")
            if is_test_place(bare(fact.source), fact.target.partition(":")[2], role):
                found.add(fact.source)
            if is_test_place(fact.target.partition(":")[2]):
                found.add(fact.target)
        elif fact.kind in ("hosts", "reach") and is_test_place(fact.source.partition(":")[2]):
            found.add(fact.source)
    return frozenset(found)


def _leaves_test(fact: Fact, tests: frozenset[str]) -> bool:
    """Say whether a fact lets somebody in test get to what is not test."""
    if fact.kind == "reach":
        return fact.source in tests and _asset_of(fact.target) not in tests
    if fact.kind == "trusts":
        return fact.source in tests and fact.target not in tests
    return False


def _asset_of(service: str) -> str:
    return "asset:" + service.partition(":")[2].rsplit(":", 1)[0]


def _reused(facts: Sequence[Fact]) -> frozenset[str]:
    """Return the credentials that open services of more than one machine."""
    opened: dict[str, set[str]] = {}
    for fact in facts:
        if fact.kind == "opens":
            opened.setdefault(fact.source, set()).add(_asset_of(fact.target))
    return frozenset(c for c, machines in opened.items() if len(machines) > 1)


def _place(fact: Fact) -> str:
    """Return the machine, zone or store at which somebody would have to work."""
    if fact.kind in ("stored_on", "admin_of", "reads"):
        place = fact.target
    elif fact.kind in ("reach", "opens"):
        place = _asset_of(fact.target)
    elif fact.source.startswith("service:"):
        place = _asset_of(fact.source)
    else:
        place = fact.target or fact.source
    return place.partition(":")[2] or place
