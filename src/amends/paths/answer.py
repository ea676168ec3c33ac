"""The whole answer: states, ways, choke points and people, from the network at each of its dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from amends.kernel import ids
from amends.paths.acts import Acts, fact_id, remedy_of
from amends.paths.choke import Cut, plan
from amends.paths.closures import Fix, ordered
from amends.paths.derivations import WORK, Way, ways_to
from amends.paths.fixpoint import derive
from amends.paths.model import STRUCTURAL, Flags, Graph, build
from amends.paths.people import Holdings, holdings
from amends.paths.shapes import Fact, Reject
from amends.paths.states import Dated, Followed, Story, follow
from amends.paths.words import Told, told

LISTED = 10
"""Ways listed a store, unless asked otherwise."""
STORES_LISTED = 200
"""Stores for which further ways than the first are looked for; those with most people come first."""


@dataclass(frozen=True)
class ListedWay:
    """A way as it is told.

    Attributes:
        way_id: A and a digest of its facts.
        rank: From 1, most people first, open ones before closed ones.
        store: Store at its end.
        persons: Its people; ``None`` when not known.
        is_open: Whether nothing of it is verified gone.
        facts: Numbers of its facts.
        steps: Told steps.
    """

    way_id: str
    rank: int
    store: str
    persons: int | None
    is_open: bool
    facts: frozenset[int]
    steps: tuple[Told, ...]


@dataclass
class Answer:
    """Everything that can be said.

    Attributes:
        graph: All facts of all dates.
        story: What became of each.
        people: Who lies in which store.
        closed: For each fact whether it is verified gone.
        open_stores: Stores that can be reached now, most people first.
        open_at: For each date the stores that could be reached by what its evidence shows.
        ways: Open ones first.
        more: Stores to which there may be more ways than listed.
        cut: The smallest closure of what is open.
        fixes: Its acts in order.
        done: Facts that are verified gone and lay on a way, by act.
        acts: What can be done; the fixes name others that would do instead by number.
        rejects: What could not be read.
        elements: Element codes by store.
        looked: For each date the kinds of evidence that were given.
    """

    graph: Graph
    story: Story
    people: Holdings
    closed: Flags
    open_stores: list[str] = field(default_factory=list)
    open_at: list[tuple[str, list[str]]] = field(default_factory=list)
    ways: list[ListedWay] = field(default_factory=list)
    more: list[str] = field(default_factory=list)
    cut: Cut = field(default_factory=lambda: Cut((), True, "flow", 0))
    fixes: list[Fix] = field(default_factory=list)
    done: list[Fix] = field(default_factory=list)
    acts: Acts = field(default_factory=lambda: Acts((), (), {}))
    rejects: list[Reject] = field(default_factory=list)
    elements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    looked: list[tuple[str, frozenset[str]]] = field(default_factory=list)

    def state(self, fact: int) -> Followed:
        """Return what became of a fact."""
        return self.story.facts[self.graph.facts[fact].key]


def answer(
    dated: Sequence[Dated],
    counted: Mapping[str, int] | None = None,
    together: Mapping[frozenset[str], int] | None = None,
    listed: int = LISTED,
) -> Answer:
    """Return the answer for a network at one or more dates, earliest first.

    Args:
        dated: The networks.
        counted: People a store, as the case found them.
        together: People by the exact set of stores that hold them, as the case found them.
        listed: Ways wanted a store.
    """
    story = follow(dated)
    graph = build(f.fact for f in story.facts.values())
    told_persons, elements = _stores(dated)
    people = holdings(told_persons, counted, together)
    closed = np.array([not story.facts[f.key].holds for f in graph.facts], dtype=np.bool_)
    made = Answer(graph, story, people, closed, elements=elements)
    made.rejects = [r for d in dated for r in d.network.rejects]
    made.looked = [(d.on, frozenset(kind for kind, _ in d.network.looked_at)) for d in dated]
    made.open_stores = _reached(graph, closed, people)
    made.open_at = [
        (d.on, _reached(graph, _hidden_at(made, n), people)) for n, d in enumerate(dated)
    ]
    _list_ways(made, listed)
    goals = {s: graph.node_number[f"store:{s}"] for s in made.open_stores}
    made.acts, made.cut = plan(graph, list(goals.values()), closed)
    made.fixes = ordered(graph, goals, closed, made.acts, made.cut, people)
    made.done = _done(made)
    return made


def _done(made: Answer) -> list[Fix]:
    """Return what evidence shows done: facts verified gone that lay on a way, by act, with what each took away."""
    gone = {f for w in made.ways if not w.is_open for f in w.facts if made.closed[f]}
    date = next((n for n in range(len(made.open_at)) if gone & _shown_at(made, n)), None)
    if date is None:
        return []
    named = {made.graph.facts[f].act for f in gone} - {""}
    by_act: dict[str, list[int]] = {}
    for number, fact in enumerate(made.graph.facts):
        if number in gone or (made.closed[number] and fact.act in named):
            by_act.setdefault(fact.act or fact_id(fact), []).append(number)
    groups = tuple(map(tuple, by_act.values()))
    remedies = tuple(remedy_of(made.graph.facts[some[0]]) for some in groups)
    acts = Acts(groups, remedies, {f: n for n, some in enumerate(groups) for f in some})
    goals = {s: made.graph.node_number[f"store:{s}"] for s in made.open_at[date][1]}
    cut = Cut(tuple(range(len(groups))), False, "bound", 0)
    return ordered(made.graph, goals, _hidden_at(made, date), acts, cut, made.people)


def _shown_at(made: Answer, date: int) -> set[int]:
    return set(np.flatnonzero(~_hidden_at(made, date)).tolist())


def _stores(dated: Sequence[Dated]) -> tuple[dict[str, int | None], dict[str, tuple[str, ...]]]:
    """Return what the latest list says of each store."""
    persons: dict[str, int | None] = {}
    elements: dict[str, tuple[str, ...]] = {}
    for one in dated:
        for store in one.network.stores:
            if store.persons is not None or store.store not in persons:
                persons[store.store] = store.persons
            elements[store.store] = store.elements or elements.get(store.store, ())
    return persons, elements


def _hidden_at(made: Answer, date: int) -> Flags:
    """Return which facts the evidence of a date does not show."""
    seen = [made.story.facts[f.key].seen[date] for f in made.graph.facts]
    return ~np.array(seen, dtype=np.bool_)


def _reached(graph: Graph, closed: Flags, people: Holdings) -> list[str]:
    gained = derive(graph, closed)
    stores = [
        n[6:] for n in graph.nodes if n.startswith("store:") and gained.has(graph.node_number[n])
    ]
    return sorted(stores, key=lambda s: (-(people.persons(s) or 0), s))


def _list_ways(made: Answer, listed: int) -> None:
    """List the ways that are open, then those that once were and are not."""
    found: list[tuple[str, Way, bool]] = []
    known: set[tuple[str, frozenset[int]]] = set()
    for is_open, stores, closed in _views(made):
        work = WORK * 8 // max(len(stores), 8)
        for number, store in enumerate(stores):
            wanted = listed * 4 if number < STORES_LISTED else 1
            ways = ways_to(made.graph, f"store:{store}", closed, wanted, work)
            plain = without_echoes(made.graph, ways.ways)
            if is_open and (ways.more or len(plain) > listed):
                made.more.append(store)
            for way in plain[:listed]:
                still = not made.closed[list(way.facts)].any()
                if still == is_open and (store, way.facts) not in known:
                    known.add((store, way.facts))
                    found.append((store, way, still))
    found.sort(key=lambda f: _order(made, *f))
    for rank, (store, way, still) in enumerate(found, 1):
        names = sorted(fact_id(made.graph.facts[f]) for f in way.facts)
        made.ways.append(
            ListedWay(
                "A" + ids.digest_value([store, names])[:12], rank, store, made.people.persons(store), still,
                way.facts, tuple(told(made.graph, way)),
            )
        )  # fmt: skip


def _views(made: Answer) -> Iterable[tuple[bool, list[str], Flags]]:
    yield True, made.open_stores, made.closed
    for number, (_, stores) in enumerate(made.open_at):
        hidden = _hidden_at(made, number)
        if (made.closed & ~hidden).any():
            yield False, stores, hidden


def _order(made: Answer, store: str, way: Way, is_open: bool) -> tuple[object, ...]:
    """Return the place of a way: open, reopened first, most people, fewest steps."""
    back = any(made.state(f).state == "reopened" for f in way.facts)
    persons = made.people.persons(store) or 0
    return (not is_open, not back, -persons, len(way.steps), store, sorted(way.facts))


def without_echoes(graph: Graph, ways: Sequence[Way]) -> list[Way]:
    """Return the ways that a person would tell apart.

    Two ways that rest on the same faults and differ only in how things stand (a store read through its host, or
    through its door) are one; so is a way that needs all the faults of another and more.
    """
    told_apart: list[tuple[frozenset[str], Way]] = []
    for way in sorted(ways, key=lambda w: (len(w.steps), len(w.facts))):
        faults = frozenset(fault for f in way.facts if (fault := _fault(graph.facts[f])))
        if any(known <= faults for known, _ in told_apart):
            continue
        told_apart = [(k, w) for k, w in told_apart if not faults <= k]
        told_apart.append((faults, way))
    return [way for _, way in told_apart]


def _fault(fact: Fact) -> str:
    """Return what is wrong by a fact; "" when it only says how things stand."""
    if fact.kind in STRUCTURAL and not fact.remedy:
        return ""
    return fact.act or " ".join(fact.key)
