"""Which record speaks for a person: roster before stolen, later before earlier, usual before odd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.persons.cluster import Clusters
from amends.persons.hashing import I64, U64, combine

_ROSTER = np.int64(1) << np.int64(60)
_FULL = np.int64(1) << np.int64(61)


@dataclass(frozen=True)
class Trust:
    """For each record a number for each kind of statement; the largest in a person speaks.

    Attributes:
        contact: For phone, e-mail, address, language and consent.
        name: For the name.
        born: For the birth date.
    """

    contact: I64
    name: I64
    born: I64


def trust(
    clusters: Clusters,
    person: I64,
    is_roster: npt.NDArray[np.bool_],
    as_of_days: npt.NDArray[np.int32],
) -> Trust:
    """Return how far each record is to be trusted; no two records of a case are equal.

    Args:
        clusters: The records in ascending ``record_id``.
        person: Person of each.
        is_roster: Whether it comes from the company's own roster.
        as_of_days: Day the exhibit describes, in days since 1970; 0 where it is not said.
    """
    node, work = clusters.node, clusters.work
    n, features = len(node), work.features
    roster = np.where(is_roster, _ROSTER, np.int64(0))
    earliest_first = np.int64(n) - np.arange(n, dtype=np.int64)
    day = np.clip(as_of_days.astype(np.int64), 0, (1 << 16) - 1) << np.int64(36)
    names = features.names
    first, last = features.first[node], features.last[node]
    full = (first != 0) & ~names.short[first] & (last != 0)
    same_name = _often(combine(person, names.whole[first], names.whole[last]))
    same_date = _often(combine(person, work.original("born")[node]))
    return Trust(
        contact=roster + day + earliest_first,
        name=np.where(full, _FULL, np.int64(0))
        + roster
        + (same_name << np.int64(36))
        + earliest_first,
        born=roster + (same_date << np.int64(36)) + earliest_first,
    )


def _often(values: U64) -> I64:
    """Return how often each value occurs, at most 65,535."""
    _, back, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.minimum(counts[back], (1 << 16) - 1).astype(np.int64)
