"""Check digits over rows of digits, so that masks pass the checks of the applications under test.

Source:
    Luhn: ISO/IEC 7812-1 annex B. Routing numbers: ABA, weights 3-7-1. VIN: 49 CFR 565.15(c), table IV and V.
    NPI: 45 CFR 162.406 and ISO 7812 with the prefix 80840.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
_ZERO = 48
_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], np.uint8)


def luhn_digit(body: Bytes, start: int = 0) -> Bytes:
    """Return the check digit (ASCII) of rows of digits that stand before it.

    Args:
        body: Digits without the check digit.
        start: Sum of a prefix that is not written.
    """
    values = body - _ZERO
    sums = values[:, -2::-2].sum(axis=1, dtype=np.int64) + start
    sums += _DOUBLED[values[:, ::-2]].sum(axis=1, dtype=np.int64)
    return np.asarray(_ZERO + (10 - sums % 10) % 10, np.uint8)


def passes_luhn(rows: Bytes) -> NDArray[np.bool_]:
    """Say for each row of digits whether its last is the Luhn digit of the others."""
    return np.asarray(luhn_digit(rows[:, :-1]) == rows[:, -1])


NPI_START = 24
"""Luhn sum of the prefix 80840 that an NPI is checked with and written without."""


def routing_digit(body: Bytes) -> Bytes:
    """Return the ninth digit of rows of eight."""
    weights = np.array([3, 7, 1, 3, 7, 1, 3, 7], np.int64)
    sums = ((body - _ZERO).astype(np.int64) * weights).sum(axis=1)
    return np.asarray(_ZERO + (10 - sums % 10) % 10, np.uint8)


_VIN_VALUES = np.zeros(256, np.int64)
for _letters, _first in (("ABCDEFGH", 1), ("JKLMN", 1), ("P", 7), ("R", 9), ("STUVWXYZ", 2)):
    for _n, _letter in enumerate(_letters):
        _VIN_VALUES[ord(_letter)] = _first + _n
for _n in range(10):
    _VIN_VALUES[_ZERO + _n] = _n
_VIN_WEIGHTS = np.array([8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2], np.int64)


def vin_sign(rows: Bytes) -> Bytes:
    """Return the ninth sign of rows of seventeen; what stands in the ninth place does not count."""
    rest = (_VIN_VALUES[rows] * _VIN_WEIGHTS).sum(axis=1) % 11
    return np.where(rest == 10, ord("X"), _ZERO + rest).astype(np.uint8)
