"""From features to clusters: candidates, patterns, weights, components, linkage.

Everything runs on distinct contents in the order of their fingerprints, which are hashes: so neither the order of
rows or files nor the number of threads can change a cluster, and records that are the same to the last sign are
looked at once, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from amends.persons import block, frequency, model
from amends.persons.compare import FIELDS, compare, shares_of
from amends.persons.components import connected
from amends.persons.features import Features
from amends.persons.hashing import I64, U64, combine
from amends.persons.parting import CHUNK, F32, Work, isin, part_components

SINGLE, SCORED, LINKED, DECIDED = range(4)
"""What holds a record in its person: nothing, its weight, a key between tables, a decision."""


@dataclass(frozen=True)
class Decisions:
    """What people decided, as pairs of rows; every run obeys.

    Attributes:
        merge: Rows (a, b) that are one person.
        apart: Rows (a, b) that are not.
    """

    merge: tuple[tuple[int, int], ...] = ()
    apart: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Settings:
    """How to resolve.

    Attributes:
        threshold: log10 odds from which two records are tied; None takes the shipped one.
        cap: Largest group of one blocking key.
    """

    threshold: float | None = None
    cap: int = block.CAP


@dataclass
class Clusters:
    """Who is who.

    Attributes:
        cluster: For each record the smallest distinct record of its cluster.
        node: For each record its distinct record.
        ordinal: For each record its place among records of the same content, from 0.
        fingerprint: For each record the digest of its content.
        public: The same without identifiers, where these came in plain.
        weight: For each distinct record the log10 odds of its strongest tie; NaN without one.
        tie: Packed levels of that tie.
        partner: The distinct record it is tied to, -1 for none.
        rule: For each distinct record 0 single, 1 scored, 2 linked, 3 decided.
        pairs: Candidate pairs of distinct records.
        pair_weight: Their log10 odds.
        pair_levels: Their packed levels.
        work: Distinct records.
    """

    cluster: I64
    node: I64
    ordinal: I64
    fingerprint: U64
    public: U64 | None
    weight: F32
    tie: I64
    partner: I64
    rule: npt.NDArray[np.uint8]
    pairs: U64 = field(repr=False)
    pair_weight: F32 = field(repr=False)
    pair_levels: I64 = field(repr=False)
    node_cluster: I64 = field(repr=False)
    work: Work = field(repr=False)


def cluster(
    features: Features, decisions: Decisions | None = None, settings: Settings | None = None
) -> Clusters:
    """Return which records are one person.

    Args:
        features: One row a record. They are used up: what is left of them, in ``work``, is one row for each
            distinct content, found by ``node``.
        decisions: Pairs of rows that must, or must not, be one person.
        settings: Threshold and caps.
    """
    decisions, settings = decisions or Decisions(), settings or Settings()
    node, first, ordinal, fingerprint = _distinct(features, decisions)
    public = features.fingerprints(secrets=False) if features.secret else None
    links = _must_links(features, node, decisions)
    features.keep(first)
    work = _prepare(features)
    apart = _packed_nodes(decisions.apart, node)
    must = _obedient(
        len(first),
        links,
        apart,
        _packed_nodes(decisions.merge, node),
    )
    pairs = block.candidates(work.features, settings.cap)
    if len(must):
        pairs = block.unique_sorted(np.concatenate([pairs, must]))
    levels = _levels_of(work, pairs)
    weight = _learn(work, levels)
    label = _cluster_nodes(work, pairs, weight, must, apart, settings)
    kind = np.where(isin(pairs, must), LINKED, SCORED).astype(np.uint8)
    kind[isin(pairs, _packed_nodes(decisions.merge, node))] = DECIDED
    best = _best_ties(len(first), pairs, weight, levels, kind, label)
    cluster_of = label[node]
    loose = _loose_copies(work, node, ordinal, label)
    cluster_of = np.where(loose, -1 - np.arange(len(node)), cluster_of)
    return Clusters(
        cluster_of, node, ordinal, fingerprint, public, *best, pairs, weight, levels, label, work
    )


def _distinct(f: Features, decisions: Decisions) -> tuple[I64, I64, I64, U64]:
    """Return (distinct record of each row, first row of each, place among copies, fingerprint)."""
    fingerprint = f.fingerprints()
    own = fingerprint.copy()
    touched = np.unique(
        np.array([r for p in (*decisions.merge, *decisions.apart) for r in p], np.int64)
    )
    if len(f.linked):
        touched = np.union1d(touched, np.flatnonzero(f.linked >= 0))
    if len(
        touched
    ):  # these stand for themselves: what is decided for one copy is not for the others
        own[touched] = combine(own[touched], f.record_id[touched])
    order = _ordered(own, f.record_id)
    new = np.ones(len(f), bool)
    new[1:] = own[order][1:] != own[order][:-1]
    node = np.empty(len(f), np.int64)
    node[order] = np.cumsum(new) - 1
    first = order[new]
    starts = np.flatnonzero(new)
    ordinal = np.empty(len(f), np.int64)
    ordinal[order] = np.arange(len(f)) - np.repeat(starts, np.diff(np.append(starts, len(f))))
    return node, first, ordinal, fingerprint


def _ordered(values: U64, then: npt.NDArray[np.generic]) -> I64:
    """Return the rows by value, equal values by ``then``; few values are equal."""
    order = np.argsort(values)
    sorted_values = values[order]
    equal = np.zeros(len(values) + 1, bool)
    equal[1:-1] = sorted_values[1:] == sorted_values[:-1]
    tied = np.flatnonzero(equal[1:] | equal[:-1])
    rows = order[tied]
    order[tied] = rows[np.lexsort((then[rows], values[rows]))]
    return order


def _prepare(features: Features) -> Work:
    crowds, dropped = frequency.drop_crowds(features)
    shares = shares_of(features)
    n = len(features)
    random = _random_pairs(n)
    levels = compare(features, crowds, shares, *random)
    counts = {
        "first": np.bincount(features.first, minlength=len(features.names)).astype(float),
        "last": np.bincount(features.last, minlength=len(features.names)).astype(float),
    }
    homes = frequency.homes(features, frequency.initials_of(features))
    first = model.first_model(n, shares, levels, counts, homes)
    return Work(features, dropped, crowds, shares, first)


def _random_pairs(n: int, most: int = 300_000) -> tuple[I64, I64]:
    """Return pairs of neighbours in fingerprint order: random, and the same in every run."""
    if n < 8:
        none = np.zeros(0, np.int64)
        return none, none
    a: list[I64] = []
    b: list[I64] = []
    steps = max(1, min(n // 2 - 1, -(-most // n), 100))
    rows = np.arange(min(n, most), dtype=np.int64)
    for step in range(1, steps + 1):
        a.append(rows)
        b.append((rows + step) % n)
    return np.concatenate(a), np.concatenate(b)


def _levels_of(work: Work, pairs: U64) -> I64:
    out = np.empty(len(pairs), np.int64)
    for at in range(0, len(pairs), CHUNK):
        a, b = block.unpack(pairs[at : at + CHUNK])
        out[at : at + CHUNK] = model.pack_levels(
            compare(work.features, work.crowds, work.shares, a, b)
        )
    return out


def _learn(work: Work, levels: I64) -> F32:
    """Refine the model on the patterns of the candidates and return each pair's weight."""
    distinct, times = np.unique(levels, return_counts=True)
    patterns = model.unpack_levels(distinct)
    model.refine(work.model, patterns, times.astype(float))
    if not len(levels):
        return np.zeros(0, np.float32)
    return model.weigh(work.model, patterns)[np.searchsorted(distinct, levels)]


def _cluster_nodes(
    work: Work, pairs: U64, weight: F32, must: U64, apart: U64, settings: Settings
) -> I64:
    n = len(work.features)
    threshold = settings.threshold
    if threshold is None:
        threshold = float(model.shipped()["prior"]["threshold"])
    tied = (weight >= threshold) & ~isin(pairs, apart)
    held = must[~isin(must, apart)]
    a, b = block.unpack(np.concatenate([pairs[tied], held]))
    label = connected(n, a, b)
    return part_components(work, label, pairs, weight, held, apart)


def _best_ties(
    n: int, pairs: U64, weight: F32, levels: I64, kind: npt.NDArray[np.uint8], label: I64
) -> tuple[F32, I64, I64, npt.NDArray[np.uint8]]:
    """Return each distinct record's strongest tie inside its cluster: weight, levels, partner, rule."""
    best = np.full(n, np.nan, np.float32)
    tie, partner = np.zeros(n, np.int64), np.full(n, -1, np.int64)
    rule = np.zeros(n, np.uint8)
    a, b = block.unpack(pairs)
    inside = np.flatnonzero(label[a] == label[b])
    node = np.concatenate([a[inside], b[inside]])
    other = np.concatenate([b[inside], a[inside]])
    pair = np.concatenate([inside, inside])
    order = np.lexsort((other, -weight[pair], 3 - kind[pair], node))
    node, other, pair = node[order], other[order], pair[order]
    first = np.ones(len(node), bool)
    first[1:] = node[1:] != node[:-1]
    node, other, pair = node[first], other[first], pair[first]
    best[node], tie[node], partner[node] = weight[pair], levels[pair], other
    rule[node] = kind[pair]
    return best, tie, partner, rule


def _loose_copies(work: Work, node: I64, ordinal: I64, label: I64) -> npt.NDArray[np.bool_]:
    """Return the copies of a record that says too little to be one person with its own copy."""
    again = np.flatnonzero(ordinal > 0)
    if not len(again):
        return np.zeros(len(node), bool)
    copied = np.unique(node[again])
    levels = compare(work.features, work.crowds, work.shares, copied, copied)
    sizes = np.bincount(label, minlength=len(label))
    weak = (model.weigh(work.model, levels) < float(model.shipped()["prior"]["threshold"])) & (
        sizes[label[copied]] == 1
    )
    loose = np.zeros(len(label), bool)
    loose[copied[weak]] = True
    return loose[node] & (ordinal > 0)


def _must_links(f: Features, node: I64, decisions: Decisions) -> U64:
    found = [_packed_nodes(decisions.merge, node)]
    if len(f.linked):
        rows = np.flatnonzero(f.linked >= 0)
        found.append(block.pack(node[rows], node[f.linked[rows]]))
    packed = np.unique(np.concatenate(found))
    a, b = block.unpack(packed)
    return np.asarray(packed[a != b])


def _obedient(n: int, must: U64, apart: U64, merged: U64) -> U64:
    """Return the hard ties without those keys between tables that would join what was decided apart."""
    if not len(apart) or not len(must):
        return must
    held = connected(n, *block.unpack(must))
    a, b = block.unpack(apart)
    clash = np.unique(held[a[held[a] == held[b]]])
    x, _ = block.unpack(must)
    return np.asarray(must[~np.isin(held[x], clash) | isin(must, merged)])


def _packed_nodes(pairs: Iterable[tuple[int, int]], node: I64) -> U64:
    rows = np.array(list(pairs), np.int64).reshape(-1, 2)
    return np.unique(block.pack(node[rows[:, 0]], node[rows[:, 1]]))


def agreements(levels: int) -> dict[str, str]:
    """Return field → level name of packed levels, absent fields left out."""
    found = {}
    for name in reversed(FIELDS):
        levels, level = divmod(levels, len(FIELDS[name]))
        if level:
            found[name] = FIELDS[name][level]
    return {f: found[f] for f in FIELDS if f in found}
