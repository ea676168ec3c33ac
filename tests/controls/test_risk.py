"""The range: drawn the same way twice, never one number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.controls.catalogue import costs
from amends.controls.risk import pert, risk

COUNTED = {"told": 54_000_000, "exposed": 76_000_000, "documents": 1000}


def test_the_same_case_gives_the_same_range() -> None:
    assert risk(COUNTED, costs()) == risk(COUNTED, costs())


def test_another_case_gives_another() -> None:
    assert risk(COUNTED, costs()) != risk({**COUNTED, "told": 54_000_001}, costs())


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(["told", "exposed", "documents"]), st.integers(0, 10**8)))
def test_every_row_is_a_range_between_its_ends(counted: dict[str, int]) -> None:
    for row in risk(counted, costs()):
        assert row["p10"] <= row["p50"] <= row["p90"]  # type: ignore[operator]
        if row["item"] != "all":
            assert row["n_low"] * row["cost_low"] <= row["p10"] + 1  # type: ignore[operator]
            assert row["p90"] <= row["n_high"] * row["cost_high"] + 1  # type: ignore[operator]
            if row["n_high"]:
                assert row["source"]


def test_the_whole_lies_between_the_sums_of_its_parts() -> None:
    *parts, whole = risk(COUNTED, costs())
    assert whole["item"] == "all"
    assert whole["p10"] >= sum(p["p10"] for p in parts)  # type: ignore[misc,operator]
    assert whole["p90"] <= sum(p["p90"] for p in parts)  # type: ignore[misc,operator]


def test_draws_have_the_mean_of_a_pert() -> None:
    chance = np.random.Generator(np.random.PCG64(1))
    draws = pert(chance, 1.0, 2.0, 9.0)
    assert draws.mean() == pytest.approx((1 + 4 * 2 + 9) / 6, rel=0.02)
    assert 1.0 <= draws.min() <= draws.max() <= 9.0
    assert set(pert(chance, 3.0, 3.0, 3.0)) == {3.0}
