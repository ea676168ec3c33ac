"""Stable ids: of a record from its content, of a person from the smallest record in it.

The id of a person whose records were seen in an earlier run is kept; what merged or split is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons.cluster import Clusters
from amends.persons.features import Features
from amends.persons.hashing import I64, U64, combine, mix

_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", np.uint8)
"""Crockford's base 32: no I, L, O, U, so that an id read aloud or typed stays itself."""


def record_digests(features: Features, clusters: Clusters) -> U64:
    """Return for each record a digest of its content and its place among equal contents.

    Where identifiers came in plain, the digest is made without them: an id that leaves the house must
    not help to guess an SSN. Records that differ only there are told apart by rank.
    """
    if not features.secret:
        return combine(clusters.fingerprint, clusters.ordinal)
    public = features.fingerprints(secrets=False)
    order = np.lexsort((clusters.ordinal, clusters.fingerprint, public))
    new = np.ones(len(order), bool)
    new[1:] = public[order][1:] != public[order][:-1]
    starts = np.flatnonzero(new)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return combine(public, rank)


@dataclass(frozen=True)
class Change:
    """Records that went from one person to another between two runs.

    Attributes:
        kind: merged or split.
        old: Person of the run before.
        new: Person now.
        n_records: How many.
    """

    kind: str
    old: str
    new: str
    n_records: int


@dataclass(frozen=True)
class Persons:
    """The persons of a run.

    Attributes:
        person: For each record the number of its person, 0 … n - 1, in the order of ids as made.
        ids: Id of each person.
        changes: What merged or split since the run before.
    """

    person: I64
    ids: pa.StringArray
    changes: tuple[Change, ...] = ()


def persons_of(
    clusters: Clusters, digests: U64, previous: Mapping[int, str] | None = None
) -> Persons:
    """Return the person of each record and the id of each person.

    Args:
        clusters: From ``cluster``.
        digests: From ``record_digests``.
        previous: Record digest (as written in ``memberships.fingerprint``) → person id of the run before.
    """
    _, person = np.unique(clusters.cluster, return_inverse=True)
    n = int(person.max()) + 1 if len(person) else 0
    smallest = np.full(n, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, person, digests)
    ids = encode(mix(smallest))
    if not previous:
        return Persons(person, ids)
    return _keep_earlier(person, digests, ids, previous)


def encode(numbers: U64) -> pa.StringArray:
    """Return ``P`` and twelve base-32 signs (60 bits) of each number."""
    n = len(numbers)
    signs = np.empty((n, 13), np.uint8)
    signs[:, 0] = ord("P")
    for place in range(12):
        signs[:, place + 1] = _ALPHABET[(numbers >> np.uint64(5 * place)) & np.uint64(31)]
    offsets = np.arange(n + 1, dtype=np.int32) * 13
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(signs.tobytes()))


def _keep_earlier(
    person: I64, digests: U64, ids: pa.StringArray, previous: Mapping[int, str]
) -> Persons:
    known = np.fromiter(previous.keys(), np.int64, len(previous)).view(np.uint64)
    old_ids, old_code = np.unique(np.array(list(previous.values()), object).astype(str), return_inverse=True)
    order = np.argsort(known)
    known, old_code = known[order], old_code[order]
    at = np.minimum(np.searchsorted(known, digests), len(known) - 1)
    rows = np.flatnonzero(known[at] == digests)
    rows = rows[np.argsort(digests[rows])]  # the smallest digest speaks first
    old = old_code[at[rows]]
    now = person[rows]
    _, first_now = np.unique(now, return_index=True)
    heirs = np.sort(first_now)
    _, first_old = np.unique(old[heirs], return_index=True)
    keepers = heirs[first_old]
    names = ids.to_numpy(zero_copy_only=False).astype(object)
    clash = np.isin(names.astype(str), old_ids)  # an id once given is not given to somebody else
    clash[now[keepers]] = False
    if clash.any():
        smallest = np.full(len(names), np.iinfo(np.uint64).max, np.uint64)
        np.minimum.at(smallest, person, digests)
        again = encode(mix(mix(smallest[clash])))
        names[clash] = again.to_numpy(zero_copy_only=False)
    names[now[keepers]] = old_ids[old[keepers]]
    final = pa.array(list(names), pa.string())
    return Persons(person, final, _changes(old, now, old_ids, names))


def _changes(
    old: npt.NDArray[np.intp],
    now: I64,
    old_ids: npt.NDArray[np.str_],
    names: npt.NDArray[np.object_],
) -> tuple[Change, ...]:
    pairs, counts = np.unique(np.stack([old, now]), axis=1, return_counts=True)
    split = np.bincount(pairs[0], minlength=len(old_ids)) > 1
    found = []
    for was, is_now, n in zip(pairs[0], pairs[1], counts, strict=True):
        if str(old_ids[was]) != names[is_now]:
            kind = "split" if split[was] else "merged"
            found.append(Change(kind, str(old_ids[was]), str(names[is_now]), int(n)))
    return tuple(found)
