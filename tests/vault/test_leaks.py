from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from amends.vault.leaks import Leak, leak_of
from tests.vault.vaults import new_vault


def _leak(values: list[str | None], element: str = "") -> Leak:
    return leak_of(
        "c", [pa.array(values[:7], pa.string()), pa.array(values[7:], pa.string())], element
    )


def _states(n: int = 6_000) -> list[str]:
    rng = np.random.default_rng(1)
    return [f"S{k}" for k in rng.zipf(1.6, n) % 50]


def test_values_that_hardly_repeat_may_be_deterministic() -> None:
    found = _leak([f"666{n:06d}" for n in range(4_000)], "ssn")
    assert (found.siv, found.ff1, found.random, found.advice) == ("good", "good", "good", "siv")
    assert (found.n_values, found.n_distinct, found.top_share, found.pinned_share) == (
        4_000,
        4_000,
        1 / 4_000,
        0,
    )
    assert found.entropy_bits == pytest.approx(
        math.log2(4_000), abs=1e-3
    ) and found.min_entropy_bits == pytest.approx(math.log2(4_000), abs=1e-3)


def test_few_values_that_repeat_unevenly_must_not_be() -> None:
    found = _leak(_states(), "")
    assert found.siv == "no" and found.advice == "random"
    assert found.top_share > 0.3 and found.pinned_share > 0.5
    assert 0 < found.min_entropy_bits < found.entropy_bits < 6


@pytest.mark.parametrize("element", ["birth_date", "zip", "ssn_last4", "pin"])
def test_an_element_with_few_values_in_the_world_is_told_from_its_name(element: str) -> None:
    found = _leak([f"{n:05d}" for n in range(3_000)], element)
    assert found.siv == "no" and found.ff1 == "no" and found.advice == "random"
    assert any("few such values" in why for why in found.why)


def test_a_placeholder_is_told_without_being_named() -> None:
    values = [f"666{n:06d}" for n in range(2_000)] + ["999999999"] * 500
    found = _leak(values, "ssn")
    assert found.siv == "no" and any("placeholder" in why for why in found.why)
    assert "999999999" not in repr(found)


def test_short_values_cannot_keep_their_form() -> None:
    found = _leak([f"{n:05d}" for n in range(2_000)], "account_number")
    assert found.siv == "good" and found.ff1 == "no"
    assert any("shortest here has 5 letters" in why for why in found.why)


def test_layout_does_not_count_as_letters() -> None:
    found = _leak([f"1-2-{n:04d}" for n in range(2_000)], "account_number")
    assert found.ff1 == "good"  # six digits: a million values


def test_rows_that_belong_together_are_a_matter_of_care() -> None:
    rng = np.random.default_rng(2)
    values = [f"666{n:06d}" for n in rng.integers(0, 20_000, 60_000)]
    found = _leak(values, "ssn")
    assert found.siv == "with care" and found.advice == "siv or random"


def test_a_short_column_proves_little_and_says_so() -> None:
    found = _leak(["666123456", "666123456", None, ""], "ssn")
    assert found.siv == "good" and any("too few" in why for why in found.why)
    assert (found.n_values, found.n_distinct, found.repeated_share) == (2, 1, 1.0)


def test_nothing_is_measured_on_nothing() -> None:
    found = _leak([None, ""], "ssn")
    assert (found.n_values, found.n_distinct, found.entropy_bits, found.min_entropy_bits) == (
        0,
        0,
        0,
        0,
    )


def test_tokens_give_away_what_their_values_do(tmp_path: Path) -> None:
    """The point of the table: whoever sees the tokens counts the same."""
    values = _states()
    tokens = new_vault(tmp_path / "v").cipher("state").protect(pa.array(values)).to_pylist()
    clear, seen = _leak(values), _leak(tokens)
    for fact in (
        "n_values",
        "n_distinct",
        "top_share",
        "repeated_share",
        "pinned_share",
        "entropy_bits",
    ):
        assert getattr(clear, fact) == getattr(seen, fact)


def test_random_tokens_give_nothing_away_but_lengths(tmp_path: Path) -> None:
    values = _states()
    tokens = (
        new_vault(tmp_path / "v").cipher("state", "random").protect(pa.array(values)).to_pylist()
    )
    seen = _leak(tokens)
    assert seen.n_distinct == len(values) and seen.pinned_share == 0
    assert seen.n_lengths == len({len(v) for v in values})
