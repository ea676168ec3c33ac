"""Candidate pairs: records that share a key. Each key is a hash; equal neighbours after a sort are candidates.

Groups over a cap are dropped: a key that many share tells nothing, and a finer key finds the pair.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from amends.persons.features import Features
from amends.persons.hashing import I64, U64, as_u64, combine, distinct_of_sorted, mix

CAP = 40
"""Largest group of one key that is paired."""


def keys(f: Features) -> Iterator[tuple[str, U64]]:
    """Yield each blocking key by name: a hash for each record, 0 where a part is absent."""
    names = f.names
    root, root1 = names.root[f.first], names.root_initial[f.first]
    head_first, head_last = names.head[f.first], names.head[f.last]
    sound_last = names.sound[f.last]
    last1 = names.initial[f.last]
    both = _both_names(f)
    born, ssn4 = f.born, f.ssn4.astype(np.int64) + 1
    year = born // 10000
    address = np.where(f.house >= 0, f.street, np.uint64(0))
    house = f.house.astype(np.int64) + 1
    place = np.where(f.zip != 0, f.zip, f.city)
    for name in ("ssn", "licence", "passport", "device", "email", "ein"):
        yield name, getattr(f, name)
    yield "phone+given", _key(f.phone, root1)
    yield "phone+family", _key(f.phone, head_last)
    yield "account+given", _key(f.account, root1)
    yield "account+family", _key(f.account, head_last)
    yield "account+born", _key(f.account, born)
    yield "born+family+given1", _key(born, head_last, root1)
    yield "born+given+family1", _key(born, head_first, last1)
    yield "born+names", _key(born, both)
    yield "born+last4", _key(born, ssn4)
    yield "born+address", _key(born, address, house)
    yield "last4+family", _key(ssn4, sound_last, root1)
    yield "last4+given", _key(ssn4, root, last1)
    yield "address+given", _key(address, house, root1)
    yield "address+family", _key(address, house, head_last)
    yield "address+family+given", _key(address, head_last, root)
    yield "names+place", _key(both, place)
    yield "given+family+place", _key(root, sound_last, place)
    yield "names+middle", _key(both, names.initial[f.middle])
    yield "names+house", _key(both, house)
    yield "names+year", _key(both, year)
    yield "business+place", _key(f.business, place)
    yield "business+phone", _key(f.business, f.phone)
    yield "business+address", _key(f.business, address, house)
    yield from _bare_keys(f, born, place)


def _bare_keys(f: Features, born: npt.NDArray[np.int32], place: U64) -> Iterator[tuple[str, U64]]:
    """Yield keys of names, birth dates and places only, most of them for records without any identifier."""
    names = f.names
    root1, last1 = names.root_initial[f.first], names.initial[f.last]
    sound_first, sound_last = names.sound[f.first], names.sound[f.last]
    both, year = _both_names(f), born // 10000
    yield "born+place", _key(born, place)
    yield "sounds+place", _key(sound_first, sound_last, place)
    weak = (f.ssn == 0) & (f.licence == 0) & (f.passport == 0) & (f.account == 0)
    if weak.any():
        bare = np.where(weak, np.uint64(1), np.uint64(0))
        yield "bare:names", _key(bare, both)
        yield "bare:born+given", _key(bare, born, sound_first)
        yield "bare:born+family", _key(bare, born, sound_last)
        yield "bare:born+initials", _key(bare, born, root1, last1)
        yield "bare:born+initial", _key(bare, born, root1)
        yield "bare:place+family+year", _key(bare, place, sound_last, year)
        yield "bare:place+given+year", _key(bare, place, sound_first, year)
        yield "bare:place+family+given1", _key(bare, place, sound_last, root1)
        yield "bare:place+given+family1", _key(bare, place, sound_first, last1)
        yield "bare:sounds", _key(bare, sound_first, sound_last)


def _both_names(f: Features) -> U64:
    """Return a hash of given and family name in either order."""
    first, last = f.names.whole[f.first], f.names.whole[f.last]
    return np.where((first != 0) & (last != 0), mix(first) + mix(last), np.uint64(0))


def _key(*parts: npt.NDArray[np.generic]) -> U64:
    out = combine(*parts)
    for part in parts:
        out[as_u64(part) == 0] = 0
    return out


def candidates(features: Features, cap: int = CAP) -> U64:
    """Return all candidate pairs, each once, packed as (smaller row << 32) | larger row, sorted."""
    found: list[U64] = []
    for _, key in keys(features):
        found.append(pairs_of_key(key, cap))
    return unique_sorted(np.concatenate(found)) if found else np.zeros(0, np.uint64)


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
