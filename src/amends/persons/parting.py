"""Parts components that hold a negative pair, by average linkage: bridges between two people are cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.persons import block, frequency, model
from amends.persons.compare import Shares, compare
from amends.persons.components import average_linkage, connected
from amends.persons.features import Features
from amends.persons.hashing import I64, U64

F32 = npt.NDArray[np.float32]

CHUNK = 1 << 20
"""Pairs compared at once."""

WHOLE = 150
"""Distinct records up to which all pairs of a component are compared."""

CLIP = 4000
"""Bound of a pair's weight in linkage, in thousandths of log10 odds: no single pair outvotes all others."""


@dataclass
class Work:
    """Distinct records in canonical order and what was found about them.

    Attributes:
        features: One row is one distinct content, crowded values gone.
        dropped: Those values.
        crowds: How many share each identifier.
        shares: Commonness of names.
        model: The refined model.
    """

    features: Features
    dropped: frequency.Dropped
    crowds: dict[str, npt.NDArray[np.uint8]]
    shares: Shares
    model: model.Model

    def original(self, name: str) -> npt.NDArray[np.generic]:
        """Return a feature as it was before crowded values went."""
        values: npt.NDArray[np.generic] = getattr(self.features, name)
        if name not in self.dropped:
            return values
        rows, given = self.dropped[name]
        values = values.copy()
        values[rows] = given
        return values


def part_components(work: Work, label: I64, pairs: U64, weight: F32, must: U64, apart: U64) -> I64:
    """Return the labels after components that hold a negative pair were parted by average linkage."""
    order, starts, sizes = _groups(label)
    chosen = (sizes > 2) | ((sizes > 1) & _has_apart(label, starts, order, apart))
    whole = chosen & (sizes <= WHOLE)
    inner = block.pairs_in_groups(order, starts[whole], sizes[whole])
    a, b = block.unpack(pairs)
    big = np.zeros(len(label), bool)
    big[order[starts[chosen & ~whole]]] = True
    inner = block.unique_sorted(
        np.concatenate([inner, pairs[(label[a] == label[b]) & big[label[a]]]])
    )
    score = _inner_weights(work, inner, pairs, weight)
    score[isin(inner, must)] = CLIP
    forced = isin(inner, apart)
    x, _ = block.unpack(inner)
    negative = np.zeros(len(label), bool)
    negative[label[x[(score < 0) | forced]]] = True
    doubtful = negative[label[x]]
    inner, score, forced = inner[doubtful], score[doubtful], forced[doubtful]
    parted = _link(len(label), inner, score, forced, must)
    return np.where(negative[label], parted, label)


def _link(n: int, inner: U64, score: I64, forced: npt.NDArray[np.bool_], must: U64) -> I64:
    """Return average-linkage labels; records held by a key or a decision go as one, by their best pair."""
    held = connected(n, *block.unpack(must)) if len(must) else np.arange(n, dtype=np.int64)
    a, b = block.unpack(inner)
    a, b = held[a], held[b]
    between = a != b
    pairs, score, forced = block.pack(a[between], b[between]), score[between], forced[between]
    order = np.lexsort((score, pairs))
    pairs, score, forced = pairs[order], score[order], forced[order]
    starts = frequency.starts_of(pairs)
    if not len(starts):
        return held
    best = np.maximum.reduceat(score, starts)
    return average_linkage(n, pairs[starts], best, np.logical_or.reduceat(forced, starts))[held]


def _groups(label: I64) -> tuple[I64, I64, I64]:
    order = np.argsort(label, kind="stable")
    new = np.ones(len(label), bool)
    new[1:] = label[order][1:] != label[order][:-1]
    starts = np.flatnonzero(new)
    return order, starts, np.diff(np.append(starts, len(label)))


def _has_apart(label: I64, starts: I64, order: I64, apart: U64) -> npt.NDArray[np.bool_]:
    marked = np.zeros(len(label), bool)
    if len(apart):
        a, b = block.unpack(apart)
        marked[label[a[label[a] == label[b]]]] = True
    return marked[order[starts]]


def _inner_weights(work: Work, inner: U64, pairs: U64, weight: F32) -> I64:
    """Return weights in thousandths: a candidate's own, others' by their fields alone."""
    out = np.zeros(len(inner), np.float32)
    known = isin(inner, pairs)
    if len(pairs):
        out[known] = weight[np.searchsorted(pairs, inner[known])]
    other = np.flatnonzero(~known)
    for at in range(0, len(other), CHUNK):
        part = other[at : at + CHUNK]
        a, b = block.unpack(inner[part])
        levels = compare(work.features, work.crowds, work.shares, a, b)
        out[part] = model.weigh(work.model, levels, inside=True)
    return np.clip(np.rint(out * 1000), -CLIP, CLIP).astype(np.int64)


def isin(values: U64, known: U64) -> npt.NDArray[np.bool_]:
    """Say which values are among ``known``, which is sorted."""
    if not len(known):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[at] == values)
