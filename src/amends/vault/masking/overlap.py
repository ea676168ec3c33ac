"""How many of the values of one set are in another, told by blind numbers; and whether chance explains it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.vault.masking.allocate import is_in
from amends.vault.masking.draws import Numbers

CHANCE_FACTOR, CHANCE_MORE = 3.0, 3
"""Hits are taken for chance up to three times what is expected and three more (Poisson: fewer than one in 50 above)."""


@dataclass(frozen=True)
class Overlap:
    """Two sets held against each other.

    Attributes:
        test: Distinct values of the one.
        held: Distinct values of the other.
        both: Values in both.
        expected: How many two sets that have nothing to do with each other would share.
    """

    test: int
    held: int
    both: int
    expected: float = 0.0

    @property
    def is_chance(self) -> bool:
        """Whether chance explains what they share."""
        if not self.both:
            return True
        return self.both <= CHANCE_FACTOR * self.expected + (
            CHANCE_MORE if self.expected > 0.01 else 0
        )


def overlap(test: Numbers, held: Numbers, expected: float = 0.0) -> tuple[Overlap, Numbers]:
    """Return how two sets of blind numbers overlap, and the numbers in both, rising.

    Args:
        test: Numbers of the one, in any order, 0 for none.
        held: Distinct numbers of the other, rising.
        expected: How many chance would make.
    """
    own = np.unique(test)
    own = own[own != 0]
    both = own[is_in(own, held)]
    return Overlap(len(own), len(held), len(both), expected), both


def expected_hits(test: NDArray[np.int64], held: NDArray[np.int64]) -> float:
    """Return how many numbers of so many digits fall on each other by chance.

    Args:
        test: How many distinct numbers of each length the one set has (index: digits).
        held: The same of the other.
    """
    lengths = np.arange(len(test))
    room = 9.0 * 10.0 ** np.maximum(lengths - 1, 0)
    return float((test * np.minimum(held / room, 1.0)).sum())
