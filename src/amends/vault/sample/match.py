"""Which rows of a sample are rows of ours, and how many would be by chance.

All of it is set operations on arrays: a hundred thousand rows against ten million take about a second.

Source:
    The chance that traits agree on one record though nobody drew them from it: of N records, k have the one value and
    m the other, so k·m/N records have both where the two are independent, k·m·p/N² all three, and so on. Each row's own
    k, m and p are counted: a common name weighs as what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from amends.vault.sample.index import Index
from amends.vault.sample.traits import EVIDENCE, KEYS, Traits, with_pairs

COMMON = 64
"""A value that more records share than this leads nowhere: it is a filler, a switchboard, a shared mailbox."""

SURE = 0.01
"""A row is joint when fewer records than this would agree with it as far by chance."""

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Matched:
    """What became of each row of a sample, and the pairs of rows and records behind it.

    Attributes:
        n: Rows of the sample.
        n_traits: How many traits a row has that the index knows too.
        present: Trait → how many records of ours have the row's value.
        row: Pairs: row of the sample, ascending.
        record: Pairs: record of ours.
        agree: Trait → whether the two have the same value.
        differ: Trait → whether both have one and they are not the same.
        n_agree: Traits that agree, a pair.
        sure: Whether two traits or more agree, and more than chance would make them.
        best: The surest pair of each row; -1 where it has no sure one.
        by_chance: Rows that would find such a record by chance.
    """

    n: int
    n_traits: I64
    present: dict[str, I64]
    row: I64
    record: I64
    agree: dict[str, NDArray[np.bool_]]
    differ: dict[str, NDArray[np.bool_]]
    n_agree: I64
    sure: NDArray[np.bool_]
    best: I64
    by_chance: float

    @property
    def joint(self) -> NDArray[np.bool_]:
        """Whether two traits of a row stand together in one record of ours."""
        return np.asarray(self.best >= 0)


def match(sample: Traits, index: Index) -> Matched:
    """Hold the rows of a sample against an index.

    Args:
        sample: Numbers of the sample's traits, made with the index's key.
        index: What we hold.
    """
    made = with_pairs(sample)
    n = len(next(iter(made.values()), ()))
    spans = {t: _span(made[t], index, t) for t in made if t in index.values}
    present = {t: high - low for t, (low, high) in spans.items() if t in EVIDENCE}
    row, record = _candidates(spans, index, n)
    agree, differ = {}, {}
    for trait in present:
        ours, theirs = np.asarray(index.columns[trait][record]), made[trait][row]
        both = (ours != 0) & (theirs != 0)
        agree[trait], differ[trait] = both & (ours == theirs), both & (ours != theirs)
    n_agree = np.zeros(len(row), np.int64)
    n_differ = np.zeros(len(row), np.int64)
    expected = np.full(len(row), np.log(max(index.n, 1)))
    n_traits = np.zeros(n, np.int64)
    for trait, count in present.items():
        n_agree += agree[trait]
        n_differ += differ[trait]
        expected += np.where(agree[trait], _log_share(count[row], index.n), 0.0)
        n_traits += made[trait] != 0
    sure = (n_agree >= 2) & (expected <= np.log(SURE))
    return Matched(
        n, n_traits, present, row, record, agree, differ, n_agree, sure,
        _best(row, sure, expected, n_differ, n), _by_chance(present, index.n, n),
    )  # fmt: skip


def _log_share(count: I64, n_records: int) -> F64:
    """Return the logarithm of the share of records that hold a value; of none where none does."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(count / max(n_records, 1)))


def _span(values: NDArray[np.uint64], index: Index, trait: str) -> tuple[I64, I64]:
    """Return where each value's records begin and end; looked up in order, which the cache likes."""
    order = np.argsort(values)
    ranked, held, starts = values[order], index.values[trait], index.starts[trait]
    place = np.minimum(np.searchsorted(held, ranked), len(held) - 1)
    found = (np.asarray(held[place]) == ranked) & (ranked != 0)
    low, high = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    low[order] = np.where(found, starts[place], 0)
    high[order] = np.where(found, starts[place + 1], 0)
    return low, high


def _candidates(spans: dict[str, tuple[I64, I64]], index: Index, n: int) -> tuple[I64, I64]:
    """Return the pairs of rows and records that share a key, each once, by row."""
    found = []
    for trait in KEYS:
        if trait not in spans:
            continue
        low, high = spans[trait]
        width = np.where(high - low > COMMON, 0, high - low)
        rows = np.repeat(np.arange(n), width)
        first = np.repeat(low - (np.cumsum(width) - width), width)
        records = np.asarray(index.records[trait][first + np.arange(len(rows))], np.int64)
        found.append(rows * max(index.n, 1) + records)
    pairs = np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)
    pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])[: len(pairs)]]
    return pairs // max(index.n, 1), pairs % max(index.n, 1)


def _best(row: I64, sure: NDArray[np.bool_], expected: F64, n_differ: I64, n: int) -> I64:
    best = np.full(n, -1, np.int64)
    order = np.lexsort((n_differ, expected, row))
    order = order[sure[order]]
    rows, first = np.unique(row[order], return_index=True)
    best[rows] = order[first]
    return best


def _by_chance(present: dict[str, I64], n_records: int, n: int) -> float:
    """Return how many rows would be joint by chance: by two traits, or by three no two of which suffice."""
    shares = [_log_share(count, n_records) for count in present.values()]
    whole, edge = np.log(max(n_records, 1)), np.log(SURE)
    expected = np.zeros(n)
    two: dict[tuple[int, int], F64] = {}
    for pair in combinations(range(len(shares)), 2):
        two[pair] = whole + shares[pair[0]] + shares[pair[1]]
        expected += np.where(two[pair] <= edge, np.exp(two[pair]), 0.0)
    for one, other, third in combinations(range(len(shares)), 3):
        three = two[one, other] + shares[third]
        vague = np.minimum(np.minimum(two[one, other], two[one, third]), two[other, third]) > edge
        expected += np.where(vague & (three <= edge), np.exp(three), 0.0)
    return float(np.minimum(expected, 1).sum())
