"""How many different people seem to share a value; a value shared by a crowd says nothing.

"An SSN is never shared" is false (in payroll files one in ten is used by two to five people), and
placeholders cannot all be listed: both show in how many different initials go with one value.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from amends.persons.features import Features
from amends.persons.hashing import U64, combine, distinct

CROWD_CAPS: dict[str, int] = {
    "ssn": 8, "licence": 6, "passport": 6, "email": 8, "phone": 12, "account": 12, "device": 8, "ein": 60,
}  # fmt: skip
"""Different pairs of initials beyond which a value is taken as absent."""

BORN_SHARE = 1 / 1500
"""A birth date borne by a larger share of the records than this is a default of some system."""

CROWD = 12
"""Different initials at one address beyond which it is a tower or an institution, not a home."""

FEW = 3
"""Up to so many different initials a shared value still speaks for one person."""


def crowds(values: U64, initials: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Return for each row how many different initials share its value, 255 at most; 0 where absent."""
    low = np.uint64(1023)
    named = (values != 0) & (initials != 0)  # a record without both names may be anybody's
    packed = distinct((values[named] & ~low) | initials[named].astype(np.uint64)) & ~low
    starts = starts_of(packed)
    counts = np.diff(np.append(starts, len(packed))).astype(np.int64)
    several = counts > FEW
    shared, counts = packed[starts][several] if len(packed) else packed, counts[several]
    out = np.where(values != 0, 1, 0).astype(np.uint8)
    if len(shared):
        at = np.minimum(np.searchsorted(shared, values & ~low), len(shared) - 1)
        hit = (shared[at] == values & ~low) & (values != 0)
        out[hit] = np.minimum(counts[at[hit]], 255)
    return out


def starts_of(values: U64) -> npt.NDArray[np.intp]:
    """Return where each run of equal values begins in a sorted column."""
    if not len(values):
        return np.zeros(0, np.intp)
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))


def initials_of(features: Features) -> npt.NDArray[np.uint16]:
    """Return a number under 1024 that stands for each record's two initials; 0 where one is absent."""
    first = features.names.root_initial[features.first].astype(np.uint16)
    last = features.names.initial[features.last].astype(np.uint16)
    both = np.minimum(first, last) * np.uint16(31) + np.maximum(first, last) * np.uint16(37)
    return np.where((first == 0) | (last == 0), np.uint16(0), both % np.uint16(1021) + np.uint16(1))


def drop_crowds(features: Features) -> tuple[Features, dict[str, npt.NDArray[np.uint8]]]:
    """Return features in which crowded values are absent, and the crowd of each value kept."""
    initials = initials_of(features)
    changed: dict[str, npt.NDArray[np.generic]] = {}
    kept: dict[str, npt.NDArray[np.uint8]] = {}
    for name, cap in CROWD_CAPS.items():
        values = getattr(features, name)
        crowd = crowds(values, initials)
        over = crowd > cap
        if over.any():
            changed[name] = np.where(over, np.uint64(0), values)
            if name == "ssn":
                changed["ssn4"] = np.where(over, np.int16(-1), features.ssn4)
            if name == "phone":
                changed["phone_number"] = np.where(over, np.int64(-1), features.phone_number)
        kept[name] = crowd
    kept["address"] = crowds(address_of(features), initials)
    changed["born"] = _drop_common_dates(features.born)
    return replace(features, **changed), kept  # type: ignore[arg-type]  # arrays by name


def address_of(features: Features) -> U64:
    """Return a hash of street, house and unit, 0 where there is no house number or street."""
    whole = combine(features.street, features.house, features.unit)
    return np.where((features.street != 0) & (features.house >= 0), whole, np.uint64(0))


def homes(features: Features, initials: npt.NDArray[np.uint16]) -> float:
    """Return how many records of others a record shares its home with, on average; NaN where it cannot be known.

    Homes of more than ``CROWD`` records (towers, institutions) are left out.
    """
    address = address_of(features)
    some = (address != 0) & (initials != 0)
    if some.sum() < 100:
        return float("nan")
    low = np.uint64(1023)
    packed = np.sort((address[some] & ~low) | initials[some].astype(np.uint64))
    alike = _pairs_of_equal(packed, 0)
    return 2 * float(_pairs_of_equal(packed & ~low, CROWD) - alike) / float(some.sum())


def _pairs_of_equal(values: U64, most: int) -> int:
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    sizes = np.diff(np.append(starts, len(values)))
    if most:
        sizes = sizes[sizes <= most]
    return int((sizes * (sizes - 1) // 2).sum())


def _drop_common_dates(born: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    values, counts = np.unique(born[born != 0], return_counts=True)
    common = values[counts > 8 + len(born) * BORN_SHARE]
    return np.where(np.isin(born, common), np.int32(0), born) if len(common) else born
