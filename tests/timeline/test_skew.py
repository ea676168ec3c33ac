"""Clocks: offsets found among chance pairs, drift, wrong zones, and the hosts that agree."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from amends.timeline.skew import estimated, skew_table
from amends.timeline.skew_pairs import DAY_US, compare

DAY0 = 1_770_000_000_000_000


def pairs(offset_s: float, n: int, *, noise: int = 0, drift_s: float = 0.0, seed: int = 1):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    true = DAY0 + np.sort(rng.integers(0, 20 * DAY_US, n))
    a = true + int(offset_s * 1e6) + (drift_s * 1e6 * (true - DAY0) / DAY_US).astype(np.int64)
    a = a + rng.integers(0, 900_000, n)
    b = true
    if noise:
        chance = DAY0 + rng.integers(0, 20 * DAY_US, noise)
        a = np.concatenate([a, chance + rng.integers(-900, 900, noise) * 1_000_000])
        b = np.concatenate([b, chance])
    return np.column_stack([a, b]).astype(np.int64)


@pytest.mark.parametrize("offset", [0.0, 7.0, -431.0, 599.0, -18_000.0])
def test_the_offset_is_found_among_pairs_of_different_things(offset: float) -> None:
    found = compare(0, 1, pairs(offset, 40, noise=40))
    assert found is not None
    assert abs(found.offset_us / 1e6 - offset) < 2


def test_chance_alone_gives_no_offset() -> None:
    assert compare(0, 1, pairs(0, 0, noise=30)) is None


def test_the_hosts_that_agree_are_right() -> None:
    samples = {
        (0, 1): pairs(0, 20),
        (0, 2): pairs(-300, 20),
        (1, 2): pairs(-300, 20),
        (2, 3): pairs(300, 20),
    }
    found = {s.clock: s.skew_ms for s in estimated({0: "a", 1: "b", 2: "c", 3: "d"}, samples)}
    assert found[0] == found[1] == found[3] == 0
    assert abs(found[2] - 300_000) < 2_000


def test_a_clock_that_drifts_is_corrected_day_by_day() -> None:
    samples = {
        (0, 1): pairs(0, 60),
        (0, 2): pairs(120, 60, drift_s=2.0),
        (1, 2): pairs(120, 60, drift_s=2.0, seed=3),
    }
    samples = {
        (0, 1): samples[0, 1],
        (0, 2): -0 * samples[0, 2] + samples[0, 2][:, ::-1],
        (1, 2): samples[1, 2][:, ::-1],
    }
    found = [s for s in estimated({0: "a", 1: "b", 2: "c"}, samples) if s.clock == 2]
    assert len(found) > 15
    for day in (1, 10, 19):
        at = DAY0 + day * DAY_US
        skew = next(s for s in reversed(found) if s.from_us <= at)
        assert abs(skew.skew_ms / 1000 - (120 + 2 * day)) < 4


def test_spans_of_a_clock_follow_each_other_without_a_gap() -> None:
    samples = {(0, 1): pairs(0, 60), (0, 2): pairs(50, 60, drift_s=3.0)[:, ::-1]}
    rows = skew_table(estimated({0: "a", 1: "b", 2: "c"}, samples)).to_pylist()
    mine = [r for r in rows if r["clock"] == 2]
    assert all(a["to_us"] == b["from_us"] for a, b in itertools.pairwise(mine))


def test_nothing_to_compare_says_so() -> None:
    (only,) = estimated({5: "a"}, {})
    assert (only.skew_ms, only.error_ms) == (0, None)
