"""Stable ids: of a record from its content, of a person from the smallest record in it.

The id of a person whose records were seen in an earlier run is kept; what merged or split is told.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons.cluster import Clusters
from amends.persons.hashing import (
    I64,
    U64,
    among,
    bytes_of,
    combine,
    distinct_of_sorted,
    mix,
)

_ALPHABET = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", np.uint8)
"""Crockford's base 32: no I, L, O, U, so that an id read aloud or typed stays itself."""


def record_digests(clusters: Clusters) -> U64:
    """Return for each record a digest of its content and its place among equal contents.

    Where identifiers came in plain, the digest is made without them: an id that leaves the house must
    not help to guess an SSN. Records that differ only there are told apart by rank.
    """
    public = clusters.public
    if public is None:
        return combine(clusters.fingerprint, clusters.ordinal)
    together = np.sort(public)
    several = distinct_of_sorted(together[1:][together[1:] == together[:-1]])
    rank = np.zeros(len(public), np.int64)
    rows = np.flatnonzero(among(public, several))
    rows = rows[np.lexsort((clusters.ordinal[rows], clusters.fingerprint[rows], public[rows]))]
    new = np.ones(len(rows), bool)
    new[1:] = public[rows][1:] != public[rows][:-1]
    starts = np.flatnonzero(new)
    rank[rows] = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
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
        person: For each record the number of its person, 0 … n - 1.
        numbers: Id of each person as a number of 60 bits; ``encode`` writes it.
        changes: What merged or split since the run before.
    """

    person: I64
    numbers: U64
    changes: tuple[Change, ...] = ()

    @property
    def ids(self) -> pa.StringArray:
        """Return the id of each person as it is written."""
        return encode(self.numbers)


@dataclass(frozen=True)
class Previous:
    """What an earlier run said: one row a record.

    Attributes:
        digests: Record digests, as written in ``memberships.fingerprint``.
        persons: Person ids, as numbers.
    """

    digests: U64
    persons: U64


_LOW60 = np.uint64((1 << 60) - 1)


def persons_of(clusters: Clusters, digests: U64, previous: Previous | None = None) -> Persons:
    """Return the person of each record and the id of each person.

    Args:
        clusters: From ``cluster``.
        digests: From ``record_digests``.
        previous: The run before; a cluster keeps the id of the smallest record digest known from it.
    """
    _, person = np.unique(clusters.cluster, return_inverse=True)
    n = int(person.max()) + 1 if len(person) else 0
    smallest = np.full(n, np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(smallest, person, digests)
    numbers = mix(smallest) & _LOW60
    if previous is None or not len(previous.digests) or not n:
        return Persons(person, numbers)
    return _keep_earlier(person, digests, numbers, previous)


def encode(numbers: U64) -> pa.StringArray:
    """Return ``P`` and twelve base-32 signs of each number of 60 bits."""
    n = len(numbers)
    signs = np.empty((n, 13), np.uint8)
    signs[:, 0] = ord("P")
    for place in range(12):
        signs[:, place + 1] = _ALPHABET[(numbers >> np.uint64(5 * place)) & np.uint64(31)]
    offsets = np.arange(n + 1, dtype=np.int32) * 13
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(signs.tobytes()))


def decode(ids: pa.Array) -> U64:
    """Return the numbers of person ids; what is no id is 0."""
    data, offsets = bytes_of(ids)
    out = np.zeros(len(offsets) - 1, np.uint64)
    right = np.flatnonzero(np.diff(offsets) == 13)
    place_of = np.zeros(256, np.uint64)
    place_of[_ALPHABET] = np.arange(32, dtype=np.uint64)
    for place in range(12):
        sign = data[offsets[right] + place + 1]
        out[right] |= place_of[sign] << np.uint64(5 * place)
    return out


def _keep_earlier(person: I64, digests: U64, numbers: U64, previous: Previous) -> Persons:
    order = np.argsort(previous.digests)
    known, was = previous.digests[order], previous.persons[order]
    at = np.minimum(np.searchsorted(known, digests), len(known) - 1)
    rows = np.flatnonzero(known[at] == digests)
    rows = rows[np.argsort(digests[rows], kind="stable")]  # the smallest digest speaks first
    old, now = was[at[rows]], person[rows]
    heirs = np.sort(np.unique(now, return_index=True)[1])
    keepers = heirs[np.unique(old[heirs], return_index=True)[1]]
    final = numbers.copy()
    clash = np.isin(final, was)  # an id once given is never given to somebody else
    clash[now[keepers]] = False
    final[clash] = mix(final[clash] ^ np.uint64(1 << 63)) & _LOW60
    final[now[keepers]] = old[keepers]
    return Persons(person, final, _changes(old, now, final))


def _changes(old: U64, now: I64, final: U64) -> tuple[Change, ...]:
    """Return the moves of records whose person has another id than before."""
    moved = old != final[now]
    if not moved.any():
        return ()
    before, place = np.unique(old, return_inverse=True)
    pairs = np.unique(combine_pair(place, now))
    parts = np.bincount((pairs >> np.uint64(32)).astype(np.int64), minlength=len(before))
    moves, counts = np.unique(combine_pair(place[moved], now[moved]), return_counts=True)
    place, now = (
        (moves >> np.uint64(32)).astype(np.int64),
        (moves & np.uint64(0xFFFFFFFF)).astype(np.int64),
    )
    olds, news = encode(before[place]).to_pylist(), encode(final[now]).to_pylist()
    return tuple(
        Change("split" if parts[p] > 1 else "merged", o, n, int(c))
        for p, o, n, c in zip(place, olds, news, counts, strict=True)
    )


Move = tuple[str, str, str, int]
"""kind, old id, new id, records: a row of ``person_changes``."""


def carried(earlier: Sequence[Move], today: Sequence[Move], alive: Container[str]) -> list[Move]:
    """Return the moves of all runs, each from the id of its time to the ids of today, sorted.

    A move to an id that has moved on leads to where that went; a merge whose old id is a person again is undone.

    Args:
        earlier: Moves of the runs before.
        today: Moves of this run.
        alive: Which of the ids that ``earlier`` names are persons now.
    """
    onward: dict[str, list[tuple[str, str]]] = {}
    for kind, old, new, _ in today:
        onward.setdefault(old, []).append((kind, new))
    found = {(old, new): (kind, old, new, n) for kind, old, new, n in today}
    for kind, old, new, n in earlier:
        if kind == "merged" and old in alive:
            continue
        stays = [(kind, new)] if new in alive else []
        for step, now in [*onward.get(new, ()), *stays]:
            if now != old:
                said = "split" if step == "split" else kind
                found.setdefault((old, now), (said, old, now, n))
    return sorted(found.values(), key=lambda move: (move[1], move[2]))


def combine_pair(a: npt.NDArray[np.integer], b: npt.NDArray[np.integer]) -> U64:
    """Return two numbers under 2^32 as one."""
    return (a.astype(np.uint64) << np.uint64(32)) | b.astype(np.uint64)
