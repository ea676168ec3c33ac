"""What the intruder can gain: the least fixpoint of the rules, by layers.

Steps that wait for nothing more fire together, a layer at a time, in arrays; where a layer is thin, one by one. Each
step is touched once for each node it needs, so the work is linear in their number.

Source: Dowling and Gallier, linear-time satisfiability of Horn formulae, Journal of Logic Programming 1984.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.paths.model import Flags, Graph, Ints

THIN = 24
"""A layer with fewer nodes is done one by one: below this, calls into numpy cost more than a loop."""


@dataclass(frozen=True)
class Derived:
    """What follows.

    Attributes:
        layer: For each node the number of steps one after the other that it takes; -1 when it cannot be gained.
        by: For each node the first step that gave it; -1 for the beginning and for what cannot be gained.
    """

    layer: Ints
    by: Ints

    def has(self, node: int) -> bool:
        """Say whether a node can be gained."""
        return bool(self.layer[node] >= 0)


def usable(graph: Graph, closed: Flags) -> Flags:
    """Return which steps rest on no closed fact."""
    padded = np.append(closed, False)
    return np.asarray(~padded[graph.needs].any(axis=1), dtype=np.bool_)


def derive(graph: Graph, closed: Flags, goal: int | None = None) -> Derived:
    """Return everything that follows from the facts that are not closed.

    Args:
        graph: Rules and facts.
        closed: For each fact whether it does not hold.
        goal: A node at which to stop: what takes as many steps or fewer is complete, the rest is not.
    """
    layer = np.full(len(graph.nodes), -1, dtype=np.int32)
    by = np.full(len(graph.nodes), -1, dtype=np.int32)
    if graph.begin < 0 or not len(graph.head):
        return Derived(layer, by)
    run = _Run(graph, np.where(usable(graph, closed), graph.waits, np.int16(9)), layer, by, goal)
    fresh = run.start()
    while len(fresh) and not run.is_done():
        fresh = run.thin(fresh.tolist()) if len(fresh) < THIN else run.wide(fresh)
    return Derived(layer, by)


class _Run:
    """One fixpoint under way.

    Args:
        graph: Rules and facts.
        waits: For each step how many nodes it still waits for; counted down.
        layer: Layers found so far.
        by: First steps found so far.
        goal: A node at which to stop.
    """

    def __init__(
        self, graph: Graph, waits: npt.NDArray[np.int16], layer: Ints, by: Ints, goal: int | None
    ) -> None:
        self.graph, self.waits, self.layer, self.by, self.goal = graph, waits, layer, by, goal
        self.slot = np.empty(len(graph.nodes), dtype=np.int32)
        self.depth = 0

    def start(self) -> Ints:
        """Return the first layer."""
        self.layer[self.graph.begin] = 0
        return np.array([self.graph.begin], dtype=np.int32)

    def is_done(self) -> bool:
        """Say whether the goal is reached."""
        return self.goal is not None and bool(self.layer[self.goal] >= 0)

    def wide(self, fresh: Ints) -> Ints:
        """Do one layer at once and return the next."""
        self.depth += 1
        touched = steps_of(self.graph.by_premise, fresh)
        np.subtract.at(self.waits, touched, np.int16(1))
        ready = touched[self.waits[touched] == 0]
        heads = self.graph.head[ready]
        new = self.layer[heads] < 0
        found, which = once(heads[new], self.slot)
        self.layer[found] = self.depth
        self.by[found] = ready[new][which]
        return found

    def thin(self, fresh: list[int]) -> Ints:
        """Do layers one node after the other while they are thin, and return the next."""
        starts, steps, heads = self.graph.lists
        waits, layer, by = self.waits.data, self.layer.data, self.by.data
        while 0 < len(fresh) < THIN and not self.is_done():
            self.depth += 1
            found: list[int] = []
            for node in fresh:
                for step in steps[starts[node] : starts[node + 1]]:
                    waits[step] -= 1
                    head = heads[step]
                    if not waits[step] and layer[head] < 0:
                        layer[head] = self.depth
                        by[head] = step
                        found.append(head)
            fresh = found
        return np.array(fresh, dtype=np.int32)


def once(nodes: Ints, slot: Ints) -> tuple[Ints, Ints]:
    """Return nodes without repetition, and where each stood; ``slot`` is room for one number a node."""
    places = np.arange(len(nodes), dtype=np.int32)
    slot[nodes] = places
    which = places[slot[nodes] == places]
    return nodes[which], which


def steps_of(listed: tuple[Ints, Ints], rows: Ints) -> Ints:
    """Return the steps listed under any of ``rows``."""
    starts, steps = listed
    begin = starts[rows]
    sizes = starts[rows + 1] - begin
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    if not total:
        return np.empty(0, dtype=np.int32)
    return np.asarray(
        steps[np.arange(total) + np.repeat(begin - ends + sizes, sizes)], dtype=np.int32
    )


def relevant(graph: Graph, targets: list[int], closed: Flags) -> Graph:
    """Return the part of the graph that can serve to gain ``targets``: same facts, fewer nodes and steps.

    The targets keep their names; look their new numbers up by ``node_number``.
    """
    made = derive(graph, closed)
    gained = np.append(made.layer >= 0, True)
    fires = usable(graph, closed) & gained[graph.premises].all(axis=1)
    wanted = np.zeros(len(graph.nodes), dtype=np.bool_)
    kept = np.zeros(len(graph.head), dtype=np.bool_)
    slot = np.empty(len(graph.nodes), dtype=np.int32)
    fresh = np.array([t for t in targets if made.has(t)], dtype=np.int32)
    wanted[fresh] = True
    while len(fresh):
        some = steps_of(graph.by_head, fresh)
        some = some[fires[some]]
        kept[some] = True
        below = graph.premises[some].ravel()
        below = below[below >= 0]
        fresh, _ = once(below[~wanted[below]], slot)
        wanted[fresh] = True
    return _cut_out(graph, wanted, kept)


def _cut_out(graph: Graph, wanted: Flags, kept: Flags) -> Graph:
    wanted[graph.begin] = True
    number = np.full(len(graph.nodes) + 1, -1, dtype=np.int32)
    chosen = np.flatnonzero(wanted)
    number[chosen] = np.arange(len(chosen), dtype=np.int32)
    return Graph(
        nodes=tuple(graph.nodes[n] for n in chosen.tolist()),
        facts=graph.facts,
        head=number[graph.head[kept]],
        premises=number[graph.premises[kept]],
        needs=graph.needs[kept],
        rule=graph.rule[kept],
        begin=int(number[graph.begin]),
    )
