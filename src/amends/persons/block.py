"""Candidate pairs: records that share a key. Each key is a hash; equal neighbours after a sort are candidates.

Groups over a cap are dropped: a key that many share tells nothing, and a finer key finds the pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from amends.persons.features import Features, give_back
from amends.persons.hashing import (
    I64,
    U64,
    Column,
    Lookup,
    as_u64,
    combine_present,
    distinct_of_sorted,
    mix,
)

CAP = 40
"""Largest group of one key that is paired."""


Parts = tuple[Column, ...]


def keys(f: Features) -> Iterator[tuple[str, Parts]]:
    """Yield each blocking key by name: the columns it is made of; a record that lacks one has no such key."""
    names = f.names
    root, root1 = _of(f.first, names.root), _of(f.first, names.root_initial)
    head_first, head_last = _of(f.first, names.head), _of(f.last, names.head)
    sound_last = _of(f.last, names.sound)
    last1 = _of(f.last, names.initial)
    both = _both_names(f)
    born, place = f.born, _place(f)
    ssn4 = Lookup(len(f), lambda rows: f.ssn4[rows].astype(np.int64) + 1)
    year = Lookup(len(f), lambda rows: f.born[rows] // 10000)
    address = Lookup(len(f), lambda rows: f.street[rows] * (f.house[rows] >= 0).astype(np.uint64))
    house = Lookup(len(f), lambda rows: f.house[rows].astype(np.int64) + 1)
    for name in ("ssn", "licence", "passport", "device", "email", "ein"):
        yield name, (getattr(f, name),)
    yield "phone+given", (f.phone, root1)
    yield "phone+family", (f.phone, head_last)
    yield "account+given", (f.account, root1)
    yield "account+family", (f.account, head_last)
    yield "account+born", (f.account, born)
    yield "born+family+given1", (born, head_last, root1)
    yield "born+given+family1", (born, head_first, last1)
    yield "born+names", (born, both)
    yield "born+last4", (born, ssn4)
    yield "born+address", (born, address, house)
    yield "last4+family", (ssn4, sound_last, root1)
    yield "last4+given", (ssn4, root, last1)
    yield "address+given", (address, house, root1)
    yield "address+family", (address, house, head_last)
    yield "address+family+given", (address, head_last, root)
    yield "names+place", (both, place)
    yield "given+family+place", (root, sound_last, place)
    yield "names+middle", (both, _of(f.middle, names.initial))
    yield "names+house", (both, house)
    yield "names+year", (both, year)
    yield "business+place", (f.business, place)
    yield "business+phone", (f.business, f.phone)
    yield "business+address", (f.business, address, house)
    yield from _bare_keys(f, both, place, year)


def _bare_keys(
    f: Features, both: Column, place: Column, year: Column
) -> Iterator[tuple[str, Parts]]:
    """Yield keys of names, birth dates and places only, most of them for records without any identifier."""
    names, born = f.names, f.born
    root1, last1 = _of(f.first, names.root_initial), _of(f.last, names.initial)
    sound_first, sound_last = _of(f.first, names.sound), _of(f.last, names.sound)
    yield "born+place", (born, place)
    yield "sounds+place", (sound_first, sound_last, place)
    weak = (f.ssn == 0) & (f.licence == 0) & (f.passport == 0) & (f.account == 0)
    if weak.any():
        bare = weak.view(np.uint8)
        yield "bare:names", (bare, both)
        yield "bare:born+given", (bare, born, sound_first)
        yield "bare:born+family", (bare, born, sound_last)
        yield "bare:born+initials", (bare, born, root1, last1)
        yield "bare:born+initial", (bare, born, root1)
        yield "bare:place+family+year", (bare, place, sound_last, year)
        yield "bare:place+given+year", (bare, place, sound_first, year)
        yield "bare:place+family+given1", (bare, place, sound_last, root1)
        yield "bare:place+given+family1", (bare, place, sound_first, last1)
        yield "bare:sounds", (bare, sound_first, sound_last)


def _of(codes: npt.NDArray[np.int32], table: npt.NDArray[np.generic]) -> Lookup:
    """Return what a table of names says of each record's name."""
    return Lookup(len(codes), lambda rows: table[codes[rows]])


def _both_names(f: Features) -> Lookup:
    """Return a hash of given and family name in either order."""
    whole = f.names.whole
    mixed = np.where(whole != 0, mix(whole), np.uint64(0))

    def values(rows: slice) -> npt.NDArray[np.generic]:
        first, last = mixed[f.first[rows]], mixed[f.last[rows]]
        return np.where((first != 0) & (last != 0), first + last, np.uint64(0))

    return Lookup(len(f), values)


def _place(f: Features) -> Lookup:
    def values(rows: slice) -> npt.NDArray[np.generic]:
        return np.where(f.zip[rows] != 0, f.zip[rows], f.city[rows])

    return Lookup(len(f), values)


def candidates(features: Features, cap: int = CAP) -> U64:
    """Return all candidate pairs, each once, packed as (smaller row << 32) | larger row, sorted."""

    def pairs(parts: Parts) -> U64:
        key = parts[0] if len(parts) == 1 else combine_present(*parts)
        return pairs_of_key(as_u64(key[:]), cap)

    with ThreadPoolExecutor(2) as pool:  # sorting is done without the interpreter's lock
        found = list(pool.map(pairs, (parts for _, parts in keys(features))))
    together = np.concatenate(found)
    del found
    pairs_once = unique_sorted(together)
    del together
    give_back()
    return pairs_once


def unique_sorted(values: U64) -> U64:
    """Return sorted distinct values; sorts in place."""
    values.sort()
    return distinct_of_sorted(values)


def pairs_of_key(key: U64, cap: int) -> U64:
    """Return the pairs of rows that share a key, for groups of at most ``cap``."""
    n = len(key)
    bits = np.uint64(max(int(n - 1).bit_length(), 1))
    low = np.uint64((1 << int(bits)) - 1)
    rows = np.flatnonzero(key)
    packed = (key[rows] & ~low) | rows.astype(np.uint64)
    packed.sort()
    group = packed >> bits
    starts = (
        np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(group) else rows
    )
    sizes = np.diff(np.append(starts, len(group)))
    good = (sizes > 1) & (sizes <= cap)
    starts, sizes = starts[good], sizes[good]
    return pairs_in_groups((packed & low).astype(np.int64), starts, sizes)


def pairs_in_groups(rows: I64, starts: I64, sizes: I64) -> U64:
    """Return all pairs inside groups that lie one after another in ``rows``, packed."""
    found: list[U64] = []
    for size in np.unique(sizes):
        at = starts[sizes == size]
        left, right = np.triu_indices(int(size), 1)
        a = rows[(at[:, None] + left).ravel()]
        b = rows[(at[:, None] + right).ravel()]
        found.append(pack(a, b))
    return np.concatenate(found) if found else np.zeros(0, np.uint64)


def pack(a: I64, b: I64) -> U64:
    """Return pairs as one number each, the smaller row first."""
    low, high = np.minimum(a, b).astype(np.uint64), np.maximum(a, b).astype(np.uint64)
    return (low << np.uint64(32)) | high


def unpack(pairs: U64) -> tuple[I64, I64]:
    """Return the two rows of each packed pair."""
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(
        np.int64
    )
