"""Choke points: the fewest acts after which no step leads to any of the goals.

Where each step needs one node only and each act takes one step, this is a minimum cut and maximum flow finds it.
Where steps need several things at once it is a smallest hitting set over all ways: ways are found one by one, the
smallest set of acts that meets all ways known so far is computed, the fixpoint says whether that closes everything,
and if not it shows a further way. The answer is proved when a smallest set closes everything.

Source: Ford and Fulkerson 1956 (minimum cut); Reiter 1987 and Moreno-Centeno and Karp, The implicit hitting set
approach, Operations Research 2013.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from amends.paths.acts import USUAL, Acts, acts_of
from amends.paths.derivations import LAYER_WORK, Way, first_way
from amends.paths.fixpoint import derive, relevant
from amends.paths.model import Flags, Graph

WORK = 40_000_000
"""Steps looked at, at most, in search of ways; beyond it the answer is a closure, not proved the smallest."""
ROUNDS = 60
"""Smallest sets computed, at most, one after the other; a set of hundreds of ways takes up to seconds."""
PRUNED = 150
"""Up to so many acts each is tried for being needless where nothing is proved."""


@dataclass(frozen=True)
class Cut:
    """Acts that close every way.

    Attributes:
        acts: Their numbers.
        optimal: Whether it is proved that fewer do not do.
        method: flow, hitting set, or bound (closes all, perhaps with more acts than are needed).
        least: So many acts are needed at least.
        hopeless: Facts of a way that no act can take away; empty when there is none.
    """

    acts: tuple[int, ...]
    optimal: bool
    method: str
    least: int
    hopeless: frozenset[int] = frozenset()


def plan(graph: Graph, goals: list[int], closed: Flags) -> tuple[Acts, Cut]:
    """Return the acts and the fewest of them that close every way to ``goals``.

    Where a way has no fact with a remedy, its facts are taken to be removable by what is usual for their kind.
    """
    part = relevant(graph, goals, closed)
    names = [graph.nodes[g] for g in goals]
    inside = [part.node_number[n] for n in names if n in part.node_number]
    also: set[int] = set()
    while True:
        acts = acts_of(graph, also)
        way = _bare_way(part, inside, closed, acts)
        usual = {f for f in way.facts if graph.facts[f].kind in USUAL} if way else set()
        if way is None:
            return acts, smallest_cut(part, inside, closed, acts)
        if not usual:
            return acts, Cut((), False, "bound", 0, way.facts)
        also |= usual


def _bare_way(part: Graph, goals: list[int], closed: Flags, acts: Acts) -> Way | None:
    """Return a way without any act, if there is one."""
    shut = closed.copy()
    shut[list(acts.of)] = True
    made = derive(part, shut)
    return next((first_way(part, made, g) for g in goals if made.has(g)), None)


def smallest_cut(part: Graph, goals: list[int], closed: Flags, acts: Acts) -> Cut:
    """Return the fewest acts that close every way; each way must hold one.

    Args:
        part: Only steps that can serve a goal.
        goals: Nodes.
        closed: Facts that do not hold anyway.
        acts: What can be done.
    """
    if not goals:
        return Cut((), True, "flow", 0)
    if _is_plain(part, acts):
        found = _flow_cut(part, goals, acts)
        return Cut(found, True, "flow", len(found))
    return _Search(part, goals, closed, acts).cut()


def _is_plain(part: Graph, acts: Acts) -> bool:
    """Say whether each step needs one node and no act takes two steps."""
    if (part.premises[:, 1] >= 0).any():
        return False
    seen: set[int] = set()
    for step in range(len(part.head)):
        here = acts.in_way(part.facts_of(step))
        if here & seen:
            return False
        seen |= here
    return True


def _flow_cut(part: Graph, goals: list[int], acts: Acts) -> tuple[int, ...]:
    """Return the acts on a minimum cut; of a step that needs two nodes, the first alone is taken."""
    size, endless = len(part.nodes) + 1, len(part.head) + 1
    doable = np.zeros(len(part.facts) + 1, dtype=np.bool_)
    doable[list(acts.of)] = True
    cost = np.where(doable[part.needs].any(axis=1), 1, endless)
    rows = np.concatenate([part.premises[:, 0], np.array(goals, dtype=np.int32)])
    columns = np.concatenate([part.head, np.full(len(goals), size - 1, dtype=np.int32)])
    costs = np.concatenate([cost, np.full(len(goals), endless)])
    capacity = csr_matrix(
        (np.minimum(costs, 2**30).astype(np.int32), (rows, columns)), shape=(size, size)
    )
    flow = maximum_flow(capacity, part.begin, size - 1).flow
    left = capacity - flow
    left.data[left.data < 0] = 0
    left.eliminate_zeros()
    near = np.zeros(size, dtype=np.bool_)
    near[breadth_first_order(left, part.begin, return_predecessors=False)] = True
    across = np.flatnonzero(near[part.premises[:, 0]] & ~near[part.head])
    return tuple(sorted({_cheapest(part, acts, step) for step in across.tolist()}))


def _cheapest(part: Graph, acts: Acts, step: int) -> int:
    """Return the act of a step that takes the most facts, the first of such."""
    here = acts.in_way(part.facts_of(step))
    return max(sorted(here), key=lambda a: len(acts.facts[a]))


class _Search:
    """Looks for the smallest set of acts that meets every way."""

    def __init__(self, part: Graph, goals: list[int], closed: Flags, acts: Acts) -> None:
        self.part, self.goals, self.closed, self.acts = part, goals, closed, acts
        self.known: list[frozenset[int]] = []
        self.work = WORK
        self.rounds = ROUNDS

    def cut(self) -> Cut:
        """Return the cut, proved where the work allows."""
        chosen: frozenset[int] = frozenset()
        while self.work > 0:
            if self._learn(chosen):
                chosen = _greedy(self.known)
                continue
            self.rounds -= 1
            best = _smallest(self.known) if self.rounds else None
            if best is None:
                break
            if len(best) == len(chosen) or not self._learn(best):
                return Cut(
                    tuple(sorted(best if len(best) < len(chosen) else chosen)),
                    True,
                    "hitting set",
                    len(best),
                )
            chosen = best
        return self._bound()

    def _learn(self, chosen: frozenset[int]) -> bool:
        """Add ways that ``chosen`` leaves open, each without an act in common with the one before."""
        shut, found = self._shut(chosen), False
        while not found or self.work > 0:
            made = derive(self.part, shut)
            self.work -= len(self.part.head) + LAYER_WORK * int(made.layer.max(initial=0))
            goal = min(
                (g for g in self.goals if made.has(g)),
                key=lambda g: int(made.layer[g]),
                default=None,
            )
            if goal is None:
                break
            way = self.acts.in_way(first_way(self.part, made, goal).facts)
            self.known.append(way)
            found = True
            for act in way:
                shut[list(self.acts.facts[act])] = True
        return found

    def _shut(self, chosen: frozenset[int]) -> Flags:
        shut = self.closed.copy()
        for act in chosen:
            shut[list(self.acts.facts[act])] = True
        return shut

    def closes(self, chosen: frozenset[int]) -> bool:
        """Say whether these acts close every way."""
        made = derive(self.part, self._shut(chosen))
        return not any(made.has(g) for g in self.goals)

    def _bound(self) -> Cut:
        """Return a closure that is not proved the smallest, and how few acts there must be at least."""
        chosen = frozenset(_flow_cut(self.part, self.goals, self.acts))
        if len(chosen) <= PRUNED:
            for act in sorted(chosen, key=lambda a: len(self.acts.facts[a])):
                if self.closes(chosen - {act}):
                    chosen -= {act}
        proved = _smallest(self.known)
        least = len(proved) if proved is not None else _disjoint(self.known)
        return Cut(tuple(sorted(chosen)), least == len(chosen), "bound", least)


def _greedy(known: list[frozenset[int]]) -> frozenset[int]:
    """Return a small set of acts that meets every known way: each time the act in most of those left."""
    left, chosen = list(known), set()
    while left:
        count: dict[int, int] = {}
        for way in left:
            for act in way:
                count[act] = count.get(act, 0) + 1
        best = max(sorted(count), key=lambda a: count[a])
        chosen.add(best)
        left = [w for w in left if best not in w]
    return frozenset(chosen)


def _smallest(known: list[frozenset[int]]) -> frozenset[int] | None:
    """Return a smallest set that meets every known way; ``None`` when it cannot be proved in time."""
    ways = sorted(set(known), key=len)
    names = sorted({a for w in ways for a in w})
    if not names:
        return frozenset()
    column = {a: n for n, a in enumerate(names)}
    rows = [n for n, w in enumerate(ways) for _ in w]
    columns = [column[a] for w in ways for a in sorted(w)]
    table = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(ways), len(names)))
    # A little more for later names, far less than one act in all: the same answer in every run.
    solved = milp(
        np.ones(len(names)) + np.arange(len(names)) * (1e-4 / max(len(names), 1) ** 2),
        constraints=LinearConstraint(table, lb=1),
        integrality=np.ones(len(names)),
        bounds=Bounds(0, 1),
        options={"time_limit": 5.0, "mip_rel_gap": 0.0},
    )
    if solved.status != 0 or solved.x is None:
        return None
    return frozenset(names[n] for n in np.flatnonzero(solved.x > 0.5).tolist())


def _disjoint(known: list[frozenset[int]]) -> int:
    """Return how many of the known ways have no act in common: so many acts are needed at least."""
    taken: set[int] = set()
    count = 0
    for way in sorted(known, key=len):
        if not way & taken:
            taken |= way
            count += 1
    return count
