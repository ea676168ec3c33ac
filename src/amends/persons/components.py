"""Clusters from pairs, without a loop over records: connected components and average linkage."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from amends.persons.block import pack, unpack
from amends.persons.hashing import I64, U64

F64 = npt.NDArray[np.float64]


def connected(n: int, a: I64, b: I64) -> I64:
    """Return for each of ``n`` nodes the smallest node it is connected to.

    Every round hooks each root onto the smallest root next to it, then shortens all paths; the rounds grow
    with the logarithm of the longest path.
    """
    root = np.arange(n, dtype=np.int64)
    while len(a):
        x, y = root[a], root[b]
        apart = x != y
        a, b, x, y = a[apart], b[apart], x[apart], y[apart]
        if not len(a):
            break
        np.minimum.at(root, np.maximum(x, y), np.minimum(x, y))
        while True:
            shorter = root[root]
            if np.array_equal(shorter, root):
                break
            root = shorter
    return root


def average_linkage(n: int, pairs: U64, weight: I64, forced: npt.NDArray[np.bool_]) -> I64:
    """Return the cluster of each node: clusters join while the mean weight between them is positive.

    Nearest neighbours that choose each other join at once, so rounds are few and the order of joining does
    not depend on the order of the pairs. Weights are whole numbers, so that sums are exact.

    Args:
        n: Number of nodes.
        pairs: Packed pairs of nodes, each once.
        weight: Weight of each pair; positive speaks for one person.
        forced: Pairs that must not join whatever the mean says (decided apart).
    """
    label = np.arange(n, dtype=np.int64)
    a, b = unpack(pairs)
    total, count = weight.astype(np.int64), np.ones(len(a), np.int64)
    apart = forced.copy()
    while len(a):
        mean = total / count
        good = (mean > 0) & ~apart
        if not good.any():
            break
        best = _best_neighbour(n, a[good], b[good], mean[good])
        x, y = a[good], b[good]
        mutual = (best[x] == y) & (best[y] == x)
        x, y = x[mutual], y[mutual]
        joined = np.arange(n, dtype=np.int64)
        joined[np.maximum(x, y)] = np.minimum(x, y)
        label = joined[label]
        a, b, total, count, apart = merge_edges(joined[a], joined[b], total, count, apart)
    return label


def _best_neighbour(n: int, a: I64, b: I64, mean: F64) -> I64:
    """Return each node's neighbour of the highest mean; ties go to the smaller node."""
    node = np.concatenate([a, b])
    other = np.concatenate([b, a])
    value = np.concatenate([mean, mean])
    order = np.lexsort((other, -value, node))
    node, other = node[order], other[order]
    first = np.ones(len(node), bool)
    first[1:] = node[1:] != node[:-1]
    best = np.full(n, -1, np.int64)
    best[node[first]] = other[first]
    return best


def merge_edges(
    a: I64, b: I64, total: I64, count: I64, apart: npt.NDArray[np.bool_]
) -> tuple[I64, I64, I64, I64, npt.NDArray[np.bool_]]:
    """Return edges with those between the same two nodes summed, and those inside one node gone."""
    left = a != b
    packed = pack(a[left], b[left])
    order = np.argsort(packed, kind="stable")
    packed = packed[order]
    if not len(packed):
        empty = np.zeros(0, np.int64)
        return empty, empty, empty, empty, np.zeros(0, bool)
    starts = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]]))
    x, y = unpack(packed[starts])
    return (
        x, y,
        np.add.reduceat(total[left][order], starts),
        np.add.reduceat(count[left][order], starts),
        np.logical_or.reduceat(apart[left][order], starts),
    )  # fmt: skip
