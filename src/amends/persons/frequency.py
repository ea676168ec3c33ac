"""How many different people seem to share a value; a value shared by a crowd says nothing.

"An SSN is never shared" is false (in payroll files one in ten is used by two to five people), and
placeholders cannot all be listed: both show in how many different initials go with one value.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from amends.persons.features import Features
from amends.persons.hashing import U64, distinct

CROWD_CAPS: dict[str, int] = {
    "ssn": 8, "licence": 6, "passport": 6, "email": 8, "phone": 12, "account": 12, "device": 8, "ein": 60,
}  # fmt: skip
"""Different pairs of initials beyond which a value is taken as absent."""

BORN_SHARE = 1 / 1500
"""A birth date borne by a larger share of the records than this is a default of some system."""

FEW = 2
"""Up to so many different initials a shared value still speaks for one person."""


def crowds(values: U64, initials: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint8]:
    """Return for each row how many different initials share its value, 255 at most; 0 where absent."""
    low = np.uint64(1023)
    some = values[values != 0]
    packed = distinct((some & ~low) | (initials[values != 0].astype(np.uint64) & low)) & ~low
    starts = np.flatnonzero(np.concatenate([[True], packed[1:] != packed[:-1]])) if len(packed) else []
    counts = np.diff(np.append(starts, len(packed))).astype(np.int64)
    several = counts > FEW
    shared, counts = packed[starts][several] if len(packed) else packed, counts[several]
    out = np.where(values != 0, 1, 0).astype(np.uint8)
    if len(shared):
        at = np.minimum(np.searchsorted(shared, values & ~low), len(shared) - 1)
        hit = (shared[at] == values & ~low) & (values != 0)
        out[hit] = np.minimum(counts[at[hit]], 255)
    return out


def initials_of(features: Features) -> npt.NDArray[np.uint16]:
    """Return a number under 1024 that stands for the initials of each record's names."""
    first = features.names.root_initial[features.first].astype(np.uint16)
    last = features.names.initial[features.last].astype(np.uint16)
    both = np.minimum(first, last) * np.uint16(31) + np.maximum(first, last) * np.uint16(37)
    return np.asarray(both % np.uint16(1021) + np.uint16(1))


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
    changed["born"] = _drop_common_dates(features.born)
    return replace(features, **changed), kept  # type: ignore[arg-type]  # arrays by name


def _drop_common_dates(born: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    values, counts = np.unique(born[born != 0], return_counts=True)
    common = values[counts > 8 + len(born) * BORN_SHARE]
    return np.where(np.isin(born, common), np.int32(0), born) if len(common) else born
