"""Correlations, by operations on whole columns of hits: no loop over events.

Hits are laid in order of group and time. A *window* ends at a hit and reaches back by the timespan, both ends
included. ``gt`` and ``gte`` (and all temporal conditions without ``not``) are asked of every such window; windows that
hold and overlap are one detection. What more hits can make untrue (``lt``, ``lte``, ``eq``, ``neq``, ``not``) is asked
of windows laid one behind the other from the group's first hit: a window that has only begun says nothing.

A hit without a group-by field belongs to no group. One event counts once, however many of the rules it hit; for
temporal types it stands for each of them.

Source: Sigma Correlation Rules Specification 2.1.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.timeline.sigma.rules import Correlation, Node

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
SECOND = 1_000_000
OPEN_ENDED = ("gt", "gte")


@dataclass(frozen=True)
class Table:
    """Hits of the rules of one correlation, in any order.

    Attributes:
        at: Time of each, microseconds.
        ids: Event id of each.
        rule: Place of its rule among ``refers``.
        group: Number of its group, -1 for none.
        value: Number of its value for value_count, -1 for none.
        number: Its value for value_sum and the like, NaN for none.
        row: Where it stood before it was laid out.
    """

    at: Ints
    ids: Ints
    rule: Ints
    group: Ints
    value: Ints
    number: Floats
    row: Ints

    def take(self, rows: Ints) -> Table:
        """Return some rows, in that order."""
        return Table(
            self.at[rows], self.ids[rows], self.rule[rows], self.group[rows], self.value[rows], self.number[rows],
            self.row[rows],
        )  # fmt: skip


@dataclass(frozen=True)
class Firings:
    """Where a correlation holds.

    Attributes:
        table: The hits in order of group and time.
        first: For each window that holds the row it begins with.
        last: The row it ends with.
    """

    table: Table
    first: Ints
    last: Ints

    def merged(self) -> tuple[Ints, Ints]:
        """Return first and last rows of detections: windows that overlap are one."""
        if not len(self.first):
            return self.first, self.last
        begin = np.ones(len(self.first), bool)
        begin[1:] = self.first[1:] > np.maximum.accumulate(self.last)[:-1]
        places = np.flatnonzero(begin)
        ends = np.append(places[1:], len(begin)) - 1
        return self.first[places], np.maximum.accumulate(self.last)[ends]


def correlate(rule: Correlation, hits: Table) -> Firings:
    """Return where a correlation holds."""
    table = _laid_out(rule, hits)
    if rule.type in ("temporal", "temporal_ordered"):
        return _temporal(rule, table)
    return _counted(rule, table)


def _laid_out(rule: Correlation, hits: Table) -> Table:
    """Return the hits that count, by group, time, place of the rule and id."""
    keep = hits.group >= 0
    if rule.type == "value_count":
        keep &= hits.value >= 0
    elif rule.type not in ("event_count", "temporal", "temporal_ordered"):
        keep &= ~np.isnan(hits.number)
    rows = np.flatnonzero(keep)
    rows = rows[np.lexsort((hits.ids[rows], hits.rule[rows], hits.at[rows], hits.group[rows]))]
    table = hits.take(rows)
    if rule.type.startswith("temporal") or not len(rows):
        return table
    # one event counts once in a group
    order = np.lexsort((np.arange(len(rows)), table.ids, table.group))
    again = (np.diff(table.ids[order]) == 0) & (np.diff(table.group[order]) == 0)
    once = np.ones(len(rows), bool)
    once[order[1:][again]] = False
    return table.take(np.flatnonzero(once))


def _window_starts(table: Table, span_us: int) -> Ints:
    """Return for each row the first row of the window that ends with it."""
    n = len(table.at)
    starts = _group_starts(table)
    if not n:
        return starts
    # groups are told apart by shifting their times beyond each other's reach; exact in 64 bits
    codes = np.cumsum(np.diff(table.group, prepend=table.group[0]) != 0)
    base = table.at - table.at.min()
    width = int(base.max()) + span_us + 1
    if (int(codes[-1]) + 1) * width < 2**62:
        shifted = base + codes * width
        reached: Ints = np.maximum(np.searchsorted(shifted, shifted - span_us, "left"), starts)
        return reached
    found = np.empty(n, np.int64)
    for begin, end in zip(np.unique(starts), np.append(np.unique(starts)[1:], n), strict=True):
        times = table.at[begin:end]
        found[begin:end] = begin + np.searchsorted(times, times - span_us, "left")
    return found


def _group_starts(table: Table) -> Ints:
    """Return for each row the first row of its group."""
    change = np.diff(table.group, prepend=-1) != 0
    starts: Ints = np.maximum.accumulate(np.where(change, np.arange(len(change)), 0))
    return starts


def _tiles(table: Table, span_us: int) -> tuple[Ints, Ints]:
    """Return first and last rows of windows laid one behind the other from each group's first hit.

    The next window begins with the first hit after the one before it. Steps run over windows, all groups at once.
    """
    n = len(table.at)
    if not n:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    nexts = _next_tiles(table, span_us)
    firsts = [np.unique(_group_starts(table))]
    while len(firsts[-1]):
        step = nexts[firsts[-1]]
        same = step < n
        same[same] = table.group[step[same]] == table.group[firsts[-1][same]]
        firsts.append(step[same])
    first = np.sort(np.concatenate(firsts))
    return first, nexts[first] - 1


def _next_tiles(table: Table, span_us: int) -> Ints:
    """Return for each row the first row of its group, or of the next, that lies beyond its window."""
    starts = _group_starts(table)
    begins = np.unique(starts)
    ends = np.append(begins[1:], len(starts))
    found = np.empty(len(starts), np.int64)
    if len(begins) * 8 > len(starts):  # many small groups: one search over shifted times
        base = table.at - table.at.min()
        width = int(base.max()) + span_us + 2
        codes = np.cumsum(np.diff(table.group, prepend=table.group[0]) != 0)
        if (int(codes[-1]) + 1) * width < 2**62:
            shifted = base + codes * width
            beyond: Ints = np.searchsorted(shifted, shifted + span_us, "right")
            return beyond
    for begin, end in zip(begins, ends, strict=True):
        times = table.at[begin:end]
        found[begin:end] = begin + np.searchsorted(times, times + span_us, "right")
    return found


def _windows(rule: Correlation, table: Table, growing: bool) -> tuple[Ints, Ints]:
    """Return first and last rows of the windows to be asked."""
    span = rule.span_s * SECOND
    if growing:
        return _window_starts(table, span), np.arange(len(table.at))
    return _tiles(table, span)


def _counted(rule: Correlation, table: Table) -> Firings:
    first, last = _windows(rule, table, rule.op in OPEN_ENDED)
    if rule.type in ("value_percentile", "value_median"):
        holds = _percentile_holds(rule, table, first, last)
    else:
        holds = _compare(rule.op, _measure(rule, table, first, last), rule.count)
    return Firings(table, first[holds], last[holds])


def _measure(rule: Correlation, table: Table, first: Ints, last: Ints) -> Ints | Floats:
    n = last - first + 1
    if rule.type == "event_count":
        return n
    if rule.type == "value_count":
        return _distinct(table.value, table.group, first, last)
    sums: Floats = np.concatenate([[0.0], np.cumsum(table.number)])
    total: Floats = sums[last + 1] - sums[first]
    if np.any(table.number != np.round(table.number)) or np.abs(sums).max(initial=0) > 2**53:
        total = np.round(total, 9)  # what cumulative sums add to a fraction is noise
    return total if rule.type == "value_sum" else total / n


def _distinct(value: Ints, group: Ints, first: Ints, last: Ints) -> Ints:
    """Return the number of distinct values of each window; windows are in order, groups lie one behind the other.

    A row counts in a window if no earlier row of the window has its value, that is if its predecessor with that value
    lies before the window. Both ends of windows only move forward, so a row counts from the first window that has
    both left its predecessor behind and reached the row; rows before a window always count, and are taken off.
    """
    n = len(value)
    order = np.lexsort((np.arange(n), value, group))
    same = (np.diff(value[order]) == 0) & (np.diff(group[order]) == 0)
    before = np.full(n, -1, np.int64)
    before[order[1:][same]] = order[:-1][same]
    left_behind = np.searchsorted(first, before, "right")
    reached = np.searchsorted(last, np.arange(n), "left")
    begins = np.maximum(left_behind, reached)
    counts = np.cumsum(np.bincount(begins[begins < len(first)], minlength=len(first)))
    return np.asarray(counts - first, np.int64)


def _percentile_holds(rule: Correlation, table: Table, first: Ints, last: Ints) -> Mask:
    """Return which windows' percentile (nearest rank: the least value that reaches it) compares as asked.

    The value at rank r is above c exactly when fewer than r values are at most c: counting is enough.
    """
    share = 50 if rule.type == "value_median" else rule.percentile
    n = last - first + 1
    rank = np.maximum(1, -(-n * share // 100))
    at_most, below = (
        np.concatenate([[0], np.cumsum(m)])
        for m in (table.number <= rule.count, table.number < rule.count)
    )
    above = at_most[last + 1] - at_most[first] < rank
    at_least = below[last + 1] - below[first] < rank
    answers: dict[str, Mask] = {
        "gt": above, "gte": at_least, "lt": ~at_least, "lte": ~above, "eq": at_least & ~above,
        "neq": ~(at_least & ~above),
    }  # fmt: skip
    return answers[rule.op]


def _compare(op: str, measured: Ints | Floats, count: float) -> Mask:
    compare = {
        "gt": np.greater, "gte": np.greater_equal, "lt": np.less, "lte": np.less_equal, "eq": np.equal,
        "neq": np.not_equal,
    }[op]  # fmt: skip
    found: Mask = compare(measured, count)
    return found


def _temporal(rule: Correlation, table: Table) -> Firings:
    if rule.type == "temporal_ordered":
        return _in_order(rule, table)
    if rule.test is None:
        first, last = _windows(rule, table, rule.op in OPEN_ENDED)
        holds = _compare(rule.op, _distinct(table.rule, table.group, first, last), rule.count)
        return Firings(table, first[holds], last[holds])
    first, last = _windows(rule, table, not _has_not(rule.test))
    places = {key: n for n, key in enumerate(rule.refers)}
    present = {k: _present(table.rule == place, first, last) for k, place in places.items()}
    holds = _asked(rule.test, present)
    return Firings(table, first[holds], last[holds])


def _has_not(test: Node) -> bool:
    return isinstance(test, list) and (test[0] == "not" or any(_has_not(t) for t in test[1:]))


def _present(mask: Mask, first: Ints, last: Ints) -> Mask:
    sums = np.concatenate([[0], np.cumsum(mask)])
    found: Mask = sums[last + 1] > sums[first]
    return found


def _asked(test: Node, present: dict[int, Mask]) -> Mask:
    if isinstance(test, int):
        return present[test]
    parts = [_asked(t, present) for t in test[1:]]
    if test[0] == "not":
        return ~parts[0]
    joined: Mask = np.logical_and.reduce(parts) if test[0] == "and" else np.logical_or.reduce(parts)
    return joined


def _in_order(rule: Correlation, table: Table) -> Firings:
    """Return where hits of all rules follow each other in the order written, within the span.

    Carries, rule after rule, the latest row at which a chain that has come so far may have begun.
    """
    n = len(table.at)
    rows, starts = np.arange(n), _group_starts(table)
    begun = np.where(table.rule == 0, rows, -1)
    for place in range(1, len(rule.refers)):
        so_far = np.maximum.accumulate(begun) if n else begun
        so_far = np.where(so_far >= starts, so_far, -1)
        begun = np.where(table.rule == place, so_far, -1)
    last = np.flatnonzero(begun >= 0)
    first = begun[last]
    near = table.at[last] - table.at[first] <= rule.span_s * SECOND
    return Firings(table, first[near], last[near])
