"""Ways: minimal sets of facts that lead from the internet to a node, and the steps in which they do.

A *way* is a set of facts of which none can be missed. Where few steps can serve, all ways are found, by carrying the
minimal sets from node to node until nothing changes. Where many can, ways are found one after the other: each time
a fact of a way already found is taken as closed, another way, if there is one, shows itself. A way that is not found
in the work allowed is said to be missing, never denied.

Source: de Kleer, An assumption-based TMS, Artificial Intelligence 1986 (minimal sets carried along); Reiter, A theory
of diagnosis from first principles, 1987 (ways by exclusion).
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from amends.paths.fixpoint import Derived, derive, relevant, steps_of
from amends.paths.model import Flags, Graph

_ROUTES = ("service:", "login:", "door:")
FEW_STEPS = 1_500
"""Up to so many steps all ways are carried along; above, they are found by exclusion."""
LAYER_WORK = 60
"""What a layer of the fixpoint costs, in steps looked at."""
KEPT_SETS = 64
"""Sets kept a node where ways are carried along and a limit is asked for."""
UNIONS = 200_000
"""Sets made, at most, while they are carried along and a limit is asked for: about a second."""
WORK = 1_500_000
"""Steps looked at, at most, in search of further ways to one node by exclusion."""
LAYER_WORK = 60
"""What a layer of the fixpoint costs, in steps looked at."""


@dataclass(frozen=True)
class Way:
    """A minimal set of facts that leads to a node.

    Attributes:
        target: Name of the node.
        facts: Numbers of its facts.
        steps: The steps, in an order in which each has what it needs.
    """

    target: str
    facts: frozenset[int]
    steps: tuple[int, ...]


@dataclass(frozen=True)
class Ways:
    """What was found.

    Attributes:
        ways: Fewest steps first.
        more: Whether there may be others.
    """

    ways: tuple[Way, ...]
    more: bool


def first_way(graph: Graph, made: Derived, target: int) -> Way:
    """Return one way to a node that can be gained."""
    return minimal_way(graph, tree_facts(graph, made, target), graph.nodes[target])


def tree_facts(graph: Graph, made: Derived, target: int) -> frozenset[int]:
    """Return the facts of the steps that first gave a node, and of those before them."""
    facts: set[int] = set()
    seen, todo = {target}, [target]
    while todo:
        step = int(made.by[todo.pop()])
        if step < 0:
            continue
        facts.update(graph.facts_of(step))
        for node in graph.premises_of(step):
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return frozenset(facts)


def minimal_way(graph: Graph, facts: frozenset[int], target: str) -> Way:
    """Return a way to ``target`` within ``facts``, which must lead there."""
    near = _Near(graph, facts, graph.node_number[target])
    for fact in sorted(near.doubtful(), key=lambda f: graph.facts[f].key, reverse=True):
        if fact in near.facts and fact in near.doubtful():
            near.drop(fact)
    return Way(target, frozenset(near.facts), near.order())


def steps_within(graph: Graph, facts: Iterable[int]) -> list[int]:
    """Return the steps that need no other facts than these."""
    inside = set(facts)
    rows = np.fromiter(inside, dtype=np.int32, count=len(inside))
    touched = np.unique(steps_of(graph.by_fact, rows))
    flags = np.zeros(len(graph.facts) + 1, dtype=np.bool_)
    flags[rows] = True
    flags[-1] = True
    found: list[int] = touched[flags[graph.needs[touched]].all(axis=1)].tolist()
    return found


class _Near:
    """The few steps that some facts allow, and which of the facts a goal cannot miss."""

    def __init__(self, graph: Graph, facts: Iterable[int], goal: int) -> None:
        self.graph, self.goal = graph, goal
        self.facts = set(facts)
        self.steps = {
            step: (int(graph.head[step]), graph.premises_of(step), graph.facts_of(step))
            for step in steps_within(graph, self.facts)
        }
        self.gained = self._gain(self.steps)
        self._doubtful: set[int] | None = None

    def _gain(self, steps: Iterable[int]) -> dict[int, int]:
        """Return the nodes that these steps give, each with its first step."""
        waits, by_node = {}, defaultdict(list)
        for step in steps:
            premises = self.steps[step][1]
            waits[step] = len(premises)
            for node in premises:
                by_node[node].append(step)
        gained = {self.graph.begin: -1}
        todo = deque(gained)
        while todo:
            for step in by_node[todo.popleft()]:
                waits[step] -= 1
                head = self.steps[step][0]
                if not waits[step] and head not in gained:
                    gained[head] = step
                    todo.append(head)
        return gained

    def doubtful(self) -> set[int]:
        """Return the facts that the goal may be able to miss.

        A node that the goal needs, and that one step only gives, needs that step: its facts are not in doubt.
        """
        if self._doubtful is None:
            giving = defaultdict(list)
            for step, (head, premises, _) in self.steps.items():
                if all(p in self.gained for p in premises):
                    giving[head].append(step)
            sure: set[int] = set()
            seen, todo = {self.goal}, [self.goal]
            while todo:
                steps = giving[todo.pop()]
                if len(steps) != 1:
                    continue
                _, premises, facts = self.steps[steps[0]]
                sure.update(facts)
                todo += [p for p in premises if p not in seen]
                seen.update(premises)
            self._doubtful = self.facts - sure
        return self._doubtful

    def drop(self, fact: int) -> None:
        """Do without a fact where the goal can."""
        left = [s for s, (_, _, facts) in self.steps.items() if fact not in facts]
        gained = self._gain(left)
        if self.goal in gained:
            self.facts.discard(fact)
            self.steps = {s: self.steps[s] for s in left}
            self.gained, self._doubtful = gained, None

    def order(self) -> tuple[int, ...]:
        """Return the steps to the goal, each after those that it needs."""
        order: list[int] = []
        done: set[int] = set()
        todo = [(self.goal, False)]
        while todo:
            node, ready = todo.pop()
            step = self.gained[node]
            if step < 0 or node in done:
                continue
            if ready:
                done.add(node)
                order.append(step)
                continue
            todo.append((node, True))
            # What is held comes first, then the way to the service that it opens: so people tell it.
            before = sorted(
                self.steps[step][1], key=lambda n: self.graph.nodes[n].startswith(_ROUTES)
            )
            todo += [(n, False) for n in reversed(before)]
        return tuple(order)


def ways_to(
    graph: Graph, target: str, closed: Flags, limit: int | None = None, work: int = WORK
) -> Ways:
    """Return the ways to a node, fewest facts first.

    Args:
        graph: The graph; the steps of the result are steps of its part that serves the target.
        target: Name of a node.
        closed: Facts that do not hold.
        limit: Ways wanted; ``None`` for all of them, which can take very long in a large network.
        work: Steps looked at, at most, in search of further ways by exclusion.
    """
    goal = graph.node_number.get(target)
    if goal is None:
        return Ways((), False)
    part = relevant(graph, [goal], closed)
    if target not in part.node_number:
        return Ways((), False)
    found, more = _found(part, target, closed, limit, work)
    ways = sorted(found, key=lambda w: (len(w.facts), sorted(part.facts[f].key for f in w.facts)))
    kept = ways if limit is None else ways[:limit]
    whole = (_in_whole(graph, way) for way in kept)
    return Ways(tuple(whole), more or len(kept) < len(ways))


def _found(
    part: Graph, target: str, closed: Flags, limit: int | None, work: int
) -> tuple[list[Way], bool]:
    carried = None
    if limit is None or len(part.head) <= FEW_STEPS:
        carried = _carried(part, target, None if limit is None else max(KEPT_SETS, limit))
    if carried is None:
        return _excluded(part, target, closed, limit or KEPT_SETS, work)
    return carried


def _in_whole(graph: Graph, way: Way) -> Way:
    """Return a way with the steps of the whole graph."""
    return Way(
        way.target, way.facts, _Near(graph, way.facts, graph.node_number[way.target]).order()
    )


# --- few steps: minimal sets carried along --------------------------------------------------------------------


def _carried(graph: Graph, target: str, kept: int | None) -> tuple[list[Way], bool] | None:
    """Return all ways, or the smallest where more than ``kept`` sets lead to some node.

    Returns:
        The ways and whether there may be others; ``None`` where that would take too long and ``kept`` is given.
    """
    carrier = _Carrier(graph, kept)
    if not carrier.run():
        return None
    goal = graph.node_number[target]
    found = [frozenset(carrier.names[n] for n in _bits(mask)) for mask in carrier.sets[goal]]
    if not carrier.cut:
        return [Way(target, facts, ()) for facts in found], False
    ways = {minimal_way(graph, facts, target).facts for facts in found}
    return [Way(target, facts, ()) for facts in ways], True


class _Carrier:
    """Carries minimal sets of facts, as bits of a number, from node to node until nothing changes."""

    def __init__(self, graph: Graph, kept: int | None) -> None:
        self.graph, self.kept = graph, kept
        self.names = sorted({int(f) for f in graph.needs.ravel() if f >= 0})
        bit = {fact: 1 << n for n, fact in enumerate(self.names)}
        self.masks = [sum(bit[f] for f in graph.facts_of(s)) for s in range(len(graph.head))]
        self.sets: list[tuple[int, ...]] = [() for _ in graph.nodes]
        self.sets[graph.begin] = (0,)
        self.layer = derive(graph, graph.none_closed()).layer.tolist()
        self.cut = False
        self.work = 0

    def run(self) -> bool:
        """Carry, nodes near the beginning first; say whether it came to an end in the work allowed."""
        starts, steps = self.graph.by_premise
        begin = self.graph.begin
        todo, queued = [(0, begin)], {begin}
        while todo:
            _, node = heapq.heappop(todo)
            queued.discard(node)
            for step in steps[starts[node] : starts[node + 1]].tolist():
                head = int(self.graph.head[step])
                if head != begin and self._pass_on(step, head) and head not in queued:
                    queued.add(head)
                    heapq.heappush(todo, (self.layer[head], head))
            if self.kept is not None and self.work > UNIONS:
                return False
        return True

    def _pass_on(self, step: int, head: int) -> bool:
        """Give a step's sets to its node; say whether they were news."""
        made = self._united(self.graph.premises_of(step), self.masks[step])
        best, dropped = _smallest((*self.sets[head], *made), self.kept)
        self.cut = self.cut or dropped
        news = best != self.sets[head]
        self.sets[head] = best
        return news

    def _united(self, premises: list[int], mask: int) -> tuple[int, ...]:
        """Return the sets that a step gives from those of its nodes."""
        first = self.sets[premises[0]]
        if len(premises) == 1:
            self.work += len(first)
            return tuple(one | mask for one in first)
        second = self.sets[premises[1]]
        self.work += len(first) * len(second)
        best, dropped = _smallest(tuple(a | mask | b for a in first for b in second), self.kept)
        self.cut = self.cut or dropped
        return best


def _smallest(masks: tuple[int, ...], kept: int | None) -> tuple[tuple[int, ...], bool]:
    """Return the sets that hold no other, smallest first, and whether some were left out for their number."""
    best: list[int] = []
    for mask in sorted(set(masks), key=lambda m: (m.bit_count(), m)):
        if not any(b & mask == b for b in best):
            if kept is not None and len(best) == kept:
                return tuple(best), True
            best.append(mask)
    return tuple(best), False


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


# --- many steps: ways by exclusion ----------------------------------------------------------------------------


def _excluded(
    graph: Graph, target: str, closed: Flags, limit: int, work: int
) -> tuple[list[Way], bool]:
    """Return up to ``limit`` ways, each found with a fact of an earlier one taken as closed."""
    goal = graph.node_number[target]
    found: dict[frozenset[int], Way] = {}
    asked: set[frozenset[int]] = {frozenset()}
    todo: list[tuple[int, int, frozenset[int]]] = [(0, 0, frozenset())]
    count = 0
    while todo and len(found) < limit and work > 0:
        _, _, without = heapq.heappop(todo)
        way = next((w for w in found.values() if not w.facts & without), None)
        if way is None:
            way = _way_without(graph, goal, closed, without)
            work -= len(graph.head) + LAYER_WORK * (len(way.steps) if way else 1)
            if way is None:
                continue
            found[way.facts] = way
        for fact in sorted(way.facts):
            further = without | {fact}
            if further not in asked:
                asked.add(further)
                count += 1
                heapq.heappush(todo, (len(way.facts) + 2 * len(further), count, further))
    return list(found.values()), bool(todo)


def _way_without(graph: Graph, goal: int, closed: Flags, without: frozenset[int]) -> Way | None:
    shut = closed.copy()
    shut[list(without)] = True
    made = derive(graph, shut, goal)
    return first_way(graph, made, goal) if made.has(goal) else None
