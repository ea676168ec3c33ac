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
    waits = np.where(usable(graph, closed), graph.waits, np.int16(9))
    slot = np.empty(len(graph.nodes), dtype=np.int32)
    layer[graph.begin] = 0
    fresh = np.array([graph.begin], dtype=np.int32)
    depth = 0
    while len(fresh) and (goal is None or layer[goal] < 0):
        depth += 1
        count_down = _one_by_one if len(fresh) < THIN else _at_once
        ready = count_down(graph, waits, fresh)
        heads = graph.head[ready]
        new = layer[heads] < 0
        fresh, which = once(heads[new], slot)
        layer[fresh] = depth
        by[fresh] = ready[new][which]
    return Derived(layer, by)


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


def _at_once(graph: Graph, waits: npt.NDArray[np.int16], fresh: Ints) -> Ints:
    """Count down the steps that wait for ``fresh`` and return those that wait for nothing more."""
    touched = steps_of(graph.by_premise, fresh)
    np.subtract.at(waits, touched, np.int16(1))
    return np.asarray(touched[waits[touched] == 0], dtype=np.int32)


def _one_by_one(graph: Graph, waits: npt.NDArray[np.int16], fresh: Ints) -> Ints:
    starts, steps = graph.by_premise
    ready: list[Ints] = []
    for node in fresh.tolist():
        touched = steps[starts[node] : starts[node + 1]]
        if len(touched):
            waits[touched] -= np.int16(1)  # a node stands once among the needs of a step
            ready.append(touched[waits[touched] == 0])
    return np.concatenate(ready) if ready else np.empty(0, dtype=np.int32)


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
