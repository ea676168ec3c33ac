"""How many different people seem to share a value; a value shared by a crowd says nothing.

"An SSN is never shared" is false (in payroll files one in ten is used by two to five people), and
placeholders cannot all be listed: both show in how many different initials go with one value.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from amends.persons.features import Features
from amends.persons.hashing import U64, among, combine, distinct

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
    out: npt.NDArray[np.uint8] = (values != 0).astype(np.uint8)
    hit = np.flatnonzero(among(values >> np.uint64(10), shared >> np.uint64(10)) & (values != 0))
    if len(hit):
        at = np.searchsorted(shared, values[hit] & ~low)
        out[hit] = np.minimum(counts[at], 255)
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


Dropped = dict[str, tuple[npt.NDArray[np.intp], npt.NDArray[np.generic]]]
"""Feature → the rows that lost a crowded value, and the values."""

_WITH = {"ssn": ("ssn4", -1), "phone": ("phone_number", -1)}
"""What goes with a feature when it goes, and the value that says absent."""


def drop_crowds(features: Features) -> tuple[dict[str, npt.NDArray[np.uint8]], Dropped]:
    """Make crowded values absent in place; return how many share each value kept, and what was dropped."""
    initials = initials_of(features)
    wanted = {name: getattr(features, name) for name in CROWD_CAPS}
    with ThreadPoolExecutor(2) as pool:  # sorting is done without the interpreter's lock
        found = list(pool.map(lambda values: crowds(values, initials), wanted.values()))
    kept = dict(zip(wanted, found, strict=True))
    dropped: Dropped = {}
    for name, cap in CROWD_CAPS.items():
        over = np.flatnonzero(kept[name] > cap)
        if len(over):
            _drop(features, dropped, name, over, 0)
            if name in _WITH:
                _drop(features, dropped, _WITH[name][0], over, _WITH[name][1])
    kept["address"] = crowds(address_of(features), initials)
    common = _common_dates(features.born)
    if len(common):
        _drop(features, dropped, "born", np.flatnonzero(np.isin(features.born, common)), 0)
    return kept, dropped


def _drop(
    features: Features, dropped: Dropped, name: str, rows: npt.NDArray[np.intp], absent: int
) -> None:
    values = getattr(features, name)
    dropped[name] = (rows, values[rows])
    values[rows] = absent


def address_of(features: Features) -> U64:
    """Return a hash of street, house and unit, 0 where there is no house number or street."""
    whole = combine(features.street, features.house, features.unit)
    whole[(features.street == 0) | (features.house < 0)] = 0
    return whole


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


def _common_dates(born: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the dates that too many records bear."""
    low = 18_000_000  # dates lie in 1850 … 2100
    counts = np.bincount(np.maximum(born - low, 0), minlength=1)
    counts[0] = 0
    return (np.flatnonzero(counts > 8 + len(born) * BORN_SHARE) + low).astype(np.int32)
