"""Closures: the fixes in the order in which they protect the most people soonest, and what each does alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amends.kernel import ids
from amends.paths.acts import Acts, fact_id
from amends.paths.choke import Cut
from amends.paths.derivations import first_way
from amends.paths.fixpoint import derive, relevant
from amends.paths.model import Flags, Graph
from amends.paths.people import Holdings

WORK = 20_000_000
"""Steps looked at, at most, to choose the order by trying each next fix, and again to find what would do instead."""


@dataclass(frozen=True)
class Fix:
    """An act to be done, and what it does.

    Attributes:
        facts: Numbers of the facts that it makes untrue.
        remedy: What to do.
        optimal: Whether it is proved that no fewer acts close every way.
        alone: People whom it protects when it alone is done.
        closed: People whom it protects when those before it are done.
        left: People whose data can still be reached after it.
        stores_left: Stores that can still be reached after it.
        instead: Other acts, by number, each of which would do as well in its place; not looked for in large networks.
    """

    facts: tuple[int, ...]
    remedy: str
    optimal: bool
    alone: int
    closed: int
    left: int
    stores_left: tuple[str, ...]
    instead: tuple[int, ...] = ()


def closure_id(graph: Graph, facts: Sequence[int]) -> str:
    """Return the id of a fix: the same facts, the same id."""
    return "C" + ids.digest_value(sorted(fact_id(graph.facts[f]) for f in facts))[:12]


def ordered(
    graph: Graph, goals: Mapping[str, int], closed: Flags, acts: Acts, cut: Cut, people: Holdings
) -> list[Fix]:
    """Return the fixes of a cut in the order proposed.

    Args:
        graph: The graph.
        goals: Node of each store that can be reached.
        closed: Facts that do not hold anyway.
        acts: What can be done.
        cut: Acts that close everything.
        people: Who lies in which store.
    """
    trial = _Trial(graph, goals, closed, acts, people)
    before = people.within(goals)
    alone = {act: before - trial.left([act]) for act in cut.acts}
    careful = len(cut.acts) ** 2 * len(trial.part.head) <= WORK
    done: list[int] = []
    fixes = []
    rest = sorted(cut.acts, key=lambda a: (-alone[a], a))
    while rest:
        act = min(rest, key=lambda a: trial.rank([*done, a])) if careful else rest[0]
        rest.remove(act)
        done.append(act)
        stores = trial.open_stores(done)
        left = people.within(stores)
        fixes.append(
            Fix(
                acts.facts[act],
                acts.remedy[act],
                cut.optimal,
                alone[act],
                before - left,
                left,
                tuple(stores),
                trial.instead_of(act, cut.acts) if cut.optimal else (),
            )
        )
        before = left
    return fixes


class _Trial:
    """Asks the fixpoint what stays open after some acts."""

    def __init__(
        self, graph: Graph, goals: Mapping[str, int], closed: Flags, acts: Acts, people: Holdings
    ) -> None:
        self.part = relevant(graph, list(goals.values()), closed)
        self.goals = {
            s: self.part.node_number[graph.nodes[n]]
            for s, n in goals.items()
            if graph.nodes[n] in self.part.node_number
        }
        self.closed, self.acts, self.people = closed, acts, people
        self._known: dict[frozenset[int], list[str]] = {}

    def open_stores(self, done: Sequence[int]) -> list[str]:
        """Return the stores that can still be reached."""
        key = frozenset(done)
        if key not in self._known:
            shut = self.closed.copy()
            for act in done:
                shut[list(self.acts.facts[act])] = True
            made = derive(self.part, shut)
            self._known[key] = [s for s, node in self.goals.items() if made.has(node)]
        return self._known[key]

    def rank(self, done: Sequence[int]) -> tuple[int, int]:
        """Return what makes one order better than another: people, then stores, that can still be reached."""
        stores = self.open_stores(done)
        return self.people.within(stores), len(stores)

    def instead_of(self, act: int, chosen: Sequence[int]) -> tuple[int, ...]:
        """Return the acts that close everything in the place of one of those chosen."""
        others = [a for a in chosen if a != act]
        shut = self.closed.copy()
        for other in others:
            shut[list(self.acts.facts[other])] = True
        made = derive(self.part, shut)
        goal = next((node for node in self.goals.values() if made.has(node)), None)
        if goal is None:
            return ()
        way = first_way(self.part, made, goal)
        tried = sorted(self.acts.in_way(way.facts) - {act})
        if len(tried) * len(self.part.head) * len(chosen) > WORK:
            return ()
        return tuple(a for a in tried if not self.open_stores([*others, a]))

    def left(self, done: Sequence[int]) -> int:
        """Return the people whose data can still be reached."""
        return self.people.within(self.open_stores(done))
