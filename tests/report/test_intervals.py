"""Intervals cover what they say they cover."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.report.intervals import (
    Stratum,
    clopper_pearson,
    incomplete_beta,
    largest_with_none,
    ratio_bounds,
    share_of,
    weighted_share,
)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Values of the F-distribution form of Clopper and Pearson, as tables print them.
        (0, 100, 0.0, 0.0362),
        (5, 100, 0.0164, 0.1128),
        (50, 100, 0.3983, 0.6017),
        (100, 100, 0.9638, 1.0),
        (1, 1, 0.025, 1.0),
        (0, 1, 0.0, 0.975),
        (10, 20, 0.2720, 0.7280),
    ],
)
def test_the_exact_interval_is_that_of_the_tables(
    hits: int, n: int, low: float, high: float
) -> None:
    assert clopper_pearson(hits, n) == pytest.approx((low, high), abs=5e-5)


def _tail(n: int, hits: int, p: float) -> float:
    """Return the chance of at least so many hits, added up term by term."""
    return sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(hits, n + 1))


@given(st.integers(1, 40), st.data())
def test_each_limit_leaves_a_fortieth_in_its_tail(n: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, n))
    low, high = clopper_pearson(hits, n)
    assert low <= hits / n <= high
    if hits:
        assert _tail(n, hits, low) == pytest.approx(0.025, abs=1e-9)
    if hits < n:
        assert 1 - _tail(n, hits + 1, high) == pytest.approx(0.025, abs=1e-9)


@given(st.floats(0.01, 0.99), st.floats(0.5, 300), st.floats(0.5, 300))
def test_the_beta_function_is_a_distribution(x: float, a: float, b: float) -> None:
    assert 0 <= incomplete_beta(x, a, b) <= 1
    assert incomplete_beta(x, a, b) + incomplete_beta(1 - x, b, a) == pytest.approx(1, abs=1e-9)


def test_nothing_looked_at_leaves_everything_possible() -> None:
    found = share_of(0, 0)
    assert (found.share, found.low, found.high) == (None, 0.0, 1.0)
    assert largest_with_none(0) == 1.0


def test_a_whole_population_leaves_nothing_open() -> None:
    found = share_of(2, 8, size=8)
    assert (found.low, found.high) == (0.25, 0.25)


def test_proportional_strata_give_about_the_plain_interval() -> None:
    plain = share_of(10, 200)
    found = weighted_share([Stratum(5000, 100, 5), Stratum(5000, 100, 5)])
    assert found.share == plain.share
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=2e-3)


def test_a_stratum_weighs_what_it_has_not_what_was_drawn() -> None:
    found = weighted_share([Stratum(9000, 50, 0), Stratum(1000, 50, 25)])
    assert found.share == pytest.approx(0.05)
    assert found.low < 0.05 < found.high


def test_a_stratum_nobody_looked_at_may_be_all_wrong() -> None:
    found = weighted_share([Stratum(900, 90, 0), Stratum(100, 0, 0)])
    assert found.share is None
    assert found.high > 0.1


@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=5
    )
)
def test_a_weighted_interval_holds_its_estimate(parts: list[tuple[int, int, float]]) -> None:
    strata = [Stratum(size, min(n, size), int(share * min(n, size))) for size, n, share in parts]
    found = weighted_share(strata)
    assert 0 <= found.low <= found.high <= 1
    if found.share is not None:
        assert found.low - 1e-9 <= found.share <= found.high + 1e-9


def test_a_ratio_of_two_counts_is_bounded_by_both() -> None:
    assert ratio_bounds((0, 10), (90, 100)) == (0.0, 0.1)
    assert ratio_bounds((0, 0), (0, 0)) == (0.0, 1.0)
