"""A range of what the breach may cost: things counted × cost of a thing, by PERT draws. Never one number.

Source:
    Clark, The PERT model for the distribution of an activity time, Operations Research 1962: a beta distribution with
    mean (low + 4 likely + high) / 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from amends.controls.catalogue import Cost
from amends.kernel import ids

DRAWS = 20_000
"""Draws a row: the tenth percentile of so many lies within a hundredth of its true place."""

Draws = npt.NDArray[np.float64]
Row = dict[str, object]


def risk(counted: Mapping[str, int], costs: Sequence[Cost]) -> list[Row]:
    """Return a row an item, and one for all.

    Args:
        counted: How many there are of what is counted: told, exposed, documents.
        costs: Rows of cost.
    """
    made: list[Row] = []
    total = np.zeros(DRAWS)
    for cost in costs:
        n = counted.get(cost.counted, 0)
        low, high = n * cost.share_low, n * cost.share_high
        draws = _draws(cost, low, high)
        total += draws
        made.append(
            {
                "item": cost.item, "n_low": low, "n_high": high, "cost_low": cost.cost_low,
                "cost_likely": cost.cost_likely, "cost_high": cost.cost_high, **_range(draws), "source": cost.source,
            }
        )  # fmt: skip
    made.append(
        {
            "item": "all", "n_low": None, "n_high": None,
            "cost_low": None, "cost_likely": None, "cost_high": None,
            **_range(total), "source": "The draws of the rows above, added one by one: items taken to be independent.",
        }
    )  # fmt: skip
    return made


def _draws(cost: Cost, low: float, high: float) -> Draws:
    """Return draws of number × cost, the same for the same row and counts."""
    seed = int(
        ids.digest_value([cost.item, low, high, cost.cost_low, cost.cost_likely, cost.cost_high])[
            :16
        ],
        16,
    )
    chance = np.random.Generator(np.random.PCG64(seed))
    numbers = pert(chance, low, (low + high) / 2, high)
    prices = pert(chance, cost.cost_low, cost.cost_likely, cost.cost_high)
    return numbers * prices


def pert(chance: np.random.Generator, low: float, likely: float, high: float) -> Draws:
    """Return draws between low and high, most near ``likely``."""
    if high <= low:
        return np.full(DRAWS, float(low))
    first = 1 + 4 * (likely - low) / (high - low)
    second = 1 + 4 * (high - likely) / (high - low)
    return np.asarray(low + (high - low) * chance.beta(first, second, DRAWS), dtype=np.float64)


def _range(draws: Draws) -> dict[str, object]:
    tenth, half, ninth = (float(v) for v in np.percentile(draws, [10, 50, 90]))
    return {"p10": round(tenth), "p50": round(half), "p90": round(ninth)}
