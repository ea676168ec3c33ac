"""The traits by which a row is compared, and numbers made of two of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
Traits = Mapping[str, U64]
"""One number a row for each trait; 0 where the row has none."""

STRONG = (
    "ssn", "ein", "licence", "passport", "account", "bank", "card", "imei", "imsi", "username", "phone", "email",
)  # fmt: skip
"""Traits that few people share: each leads to its records by itself."""

DESCRIBING = ("name", "birth_date", "address")
"""Traits that many people share: two of them together lead to a record."""

EVIDENCE = (*STRONG, *DESCRIBING)

COMPANY_OWN = ("account", "username", "imsi")
"""Traits that the company gave out itself: another company's list of the same people does not hold them."""

PAIRS = (("name", "birth_date"), ("name", "address"), ("birth_date", "address"))
KEYS = (*STRONG, *("+".join(pair) for pair in PAIRS))


def with_pairs(traits: Traits) -> dict[str, U64]:
    """Return the traits, and each pair of describing traits as one number; 0 where one of the two is missing."""
    made = dict(traits)
    for first, second in PAIRS:
        if first in traits and second in traits:
            made[f"{first}+{second}"] = _mix(traits[first], traits[second])
    return made


def _mix(first: U64, second: U64) -> U64:
    """Return one number for two (the finalizer of splitmix64 over both)."""
    number = (first ^ (second * np.uint64(0x9E3779B97F4A7C15))) + np.uint64(0x632BE59BD9B4E019)
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    number ^= number >> np.uint64(31)
    number[number == 0] = 1
    number[(first == 0) | (second == 0)] = 0
    return number
