"""Correlations: equal to a plain count over every window, on random streams; and the cases of the specification."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.sigma.correlating import SECOND, Table, correlate
from amends.timeline.sigma.rules import Correlation, Node

Row = tuple[int, int, int, int, int, float]  # second, id, rule, group, value, number

GROWING = ("gt", "gte")


def rule_of(
    kind: str,
    span: int,
    op: str,
    count: float,
    *,
    rules: int = 2,
    percentile: int = 0,
    test: Node = None,
) -> Correlation:
    """Return a correlation over so many rules, whose keys are 0, 1 …"""
    return Correlation(
        99,
        "id",
        "",
        "t",
        "low",
        (),
        "p",
        kind,
        tuple(range(rules)),
        (),
        (),
        span,
        op,
        count,
        (),
        percentile,
        test,
    )


def table_of(rows: list[Row]) -> Table:
    """Return hits as a table."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    ints = [np.array(c, np.int64) for c in columns[:5]]
    return Table(
        ints[0] * SECOND,
        ints[1],
        ints[2],
        ints[3],
        ints[4],
        np.array(columns[5], float),
        np.arange(len(rows)),
    )


def found(rule: Correlation, rows: list[Row]) -> set[tuple[int, int]]:
    """Return (group, second) at which a window that holds ends."""
    firings = correlate(rule, table_of(rows))
    t = firings.table
    return set(
        zip(t.group[firings.last].tolist(), (t.at[firings.last] // SECOND).tolist(), strict=True)
    )


def measure(rule: Correlation, rows: list[Row]) -> float:
    """Return the measured value of a window, by the words of the specification."""
    numbers = sorted(r[5] for r in rows)
    plain: dict[str, Callable[[], float]] = {
        "event_count": lambda: len({r[1] for r in rows}),
        "value_count": lambda: len({r[4] for r in rows}),
        "value_sum": lambda: sum(numbers),
        "value_avg": lambda: sum(numbers) / len(numbers),
        "value_percentile": lambda: numbers[
            max(1, math.ceil(len(numbers) * rule.percentile / 100)) - 1
        ],
        "value_median": lambda: numbers[max(1, math.ceil(len(numbers) * 50 / 100)) - 1],
        "temporal": lambda: len({r[2] for r in rows}),
    }
    return plain[rule.type]()


COMPARED: dict[str, Callable[[float, float], bool]] = {
    "gt": lambda a, b: a > b, "gte": lambda a, b: a >= b, "lt": lambda a, b: a < b, "lte": lambda a, b: a <= b,
    "eq": lambda a, b: a == b, "neq": lambda a, b: a != b,
}  # fmt: skip


def counted(rule: Correlation, rows: list[Row]) -> list[Row]:
    """Return the hits that count, in order; one event once, but for temporal types."""
    good = [r for r in rows if r[3] >= 0]
    if rule.type == "value_count":
        good = [r for r in good if r[4] >= 0]
    if rule.type.startswith("value_") and rule.type != "value_count":
        good = [r for r in good if not math.isnan(r[5])]
    good.sort(key=lambda r: (r[0], r[2], r[1]))
    if rule.type == "temporal":
        return good
    once: dict[tuple[int, int], Row] = {}
    for r in good:
        once.setdefault((r[3], r[1]), r)
    return list(once.values())


def plainly(rule: Correlation, rows: list[Row]) -> set[tuple[int, int]]:
    """Return what ``found`` must give, by looking at every window of every group."""
    good = counted(rule, rows)
    held = set()
    for group in {r[3] for r in good}:
        mine = [r for r in good if r[3] == group]
        for window in (_sliding if rule.op in GROWING else _laid)(mine, rule.span_s):
            if COMPARED[rule.op](measure(rule, window), rule.count):
                held.add((group, window[-1][0]))
    return held


def _sliding(mine: list[Row], span: int) -> list[list[Row]]:
    """Return the window that ends with each hit; hits of the same instant come in one after the other."""
    return [[q for q in mine[: n + 1] if q[0] >= r[0] - span] for n, r in enumerate(mine)]


def _laid(mine: list[Row], span: int) -> list[list[Row]]:
    windows: list[list[Row]] = []
    for r in mine:
        if windows and r[0] - windows[-1][0][0] <= span:
            windows[-1].append(r)
        else:
            windows.append([r])
    return windows


ROWS = st.lists(
    st.tuples(
        st.integers(0, 40), st.integers(1, 12), st.integers(0, 1), st.integers(-1, 2), st.integers(-1, 3),
        st.one_of(st.integers(-5, 9).map(float), st.just(math.nan)),
    ),
    max_size=30,
)  # fmt: skip
# one event has one time, one group, one value: what a rule's fields say of it
EVENTS = ROWS.map(
    lambda rows: [
        (*({r[1]: r for r in rows}[r[1]])[:2], r[2], *({q[1]: q for q in rows}[r[1]])[3:])
        for r in rows
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    EVENTS, st.sampled_from(["event_count", "value_count", "value_sum", "value_avg", "value_median", "temporal"]),
    st.integers(1, 12), st.sampled_from(sorted(COMPARED)), st.integers(1, 4),
)  # fmt: skip
def test_windows_hold_where_a_plain_count_says_so(
    rows: list[Row], kind: str, span: int, op: str, count: int
) -> None:
    rows = list({(r[1], r[2]): r for r in rows}.values())
    rule = rule_of(kind, span, op, count)
    assert found(rule, rows) == plainly(rule, rows)


@settings(max_examples=80, deadline=None)
@given(
    EVENTS,
    st.integers(0, 100),
    st.integers(1, 12),
    st.sampled_from(sorted(COMPARED)),
    st.integers(-3, 8),
)
def test_percentiles_are_those_of_the_nearest_rank(
    rows: list[Row], percentile: int, span: int, op: str, count: int
) -> None:
    rows = list({(r[1], r[2]): r for r in rows}.values())
    rule = rule_of("value_percentile", span, op, count, percentile=percentile)
    assert found(rule, rows) == plainly(rule, rows)


def in_order(rows: list[Row], rules: int, span: int) -> set[tuple[int, int]]:
    """Return the ends of chains of hits, one of each rule in order, within the span."""
    held = set()
    for group in {r[3] for r in rows if r[3] >= 0}:
        mine = [r for r in rows if r[3] == group]
        chains = [(r[0], r[0]) for r in mine if r[2] == 0]
        for place in range(1, rules):
            chains = [(a, r[0]) for a, b in chains for r in mine if r[2] == place and r[0] >= b]
        held |= {(group, b) for a, b in chains if b - a <= span}
    return held


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(1, 99), st.integers(0, 2), st.integers(-1, 1)),
        max_size=14,
    ),
    st.integers(0, 15),
)
def test_sequences_are_found_where_any_chain_exists(
    rows: list[tuple[int, int, int, int]], span: int
) -> None:
    full = [(*r, 0, 0.0) for r in rows]
    assert found(rule_of("temporal_ordered", span, "gte", 3, rules=3), full) == in_order(
        full, 3, span
    )


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.integers(1, 10), st.randoms())
def test_the_order_of_hits_changes_nothing(rows: list[Row], span: int, chance: object) -> None:
    rule = rule_of("event_count", span, "gte", 2)
    mixed = sorted(rows, key=lambda r: hash((r, str(chance))))
    assert found(rule, rows) == found(rule, mixed)


def test_windows_that_overlap_are_one_detection_and_others_are_not() -> None:
    rows: list[Row] = [(t, n, 0, 0, 0, 0.0) for n, t in enumerate([0, 1, 2, 3, 100, 101, 102, 500])]
    firings = correlate(rule_of("event_count", 10, "gte", 3), table_of(rows))
    first, last = firings.merged()
    assert [(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)] == [(0, 3), (4, 6)]


@pytest.mark.parametrize(
    ("test", "seconds", "holds"),
    [
        (["and", 0, 1], [(0, 0), (5, 1)], True),
        (["and", 0, 1], [(0, 0), (50, 1)], False),
        (["or", 0, 1], [(0, 1)], True),
        (["and", 0, ["not", 1]], [(0, 0), (5, 1)], False),
        (["and", 0, ["not", 1]], [(0, 0), (50, 1)], True),
    ],
)
def test_a_condition_in_words(test: Node, seconds: list[tuple[int, int]], holds: bool) -> None:
    rows: list[Row] = [(at, n, place, 0, 0, 0.0) for n, (at, place) in enumerate(seconds)]
    assert bool(found(rule_of("temporal", 10, "gte", 2, test=test), rows)) is holds


def test_no_hits_are_no_detection() -> None:
    for kind in (
        "event_count",
        "value_count",
        "temporal",
        "temporal_ordered",
        "value_sum",
        "value_percentile",
    ):
        for op in COMPARED:
            assert not found(rule_of(kind, 10, op, 1), [])
