"""Own 64-bit hashes of texts and numbers, whole columns at a time, the same on every machine.

The text hash is a polynomial over table-mapped bytes modulo 2^64, taken from one running sum of
the whole column (no loop over rows), then mixed by the finaliser of SplitMix64. It is not keyed and
never leaves memory for an identifier; content digests that are stored are made of vault tokens.

Source:
    Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), finaliser.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

_BASE = np.uint64(0x9E3779B97F4A7C15)
_BASE_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_C1 = np.uint64(0xBF58476D1CE4E5B9)
_C2 = np.uint64(0x94D049BB133111EB)
_BLOCK = 1 << 14
"""Rows hashed at once: what is in hand stays in the processor's cache."""


def mix(values: U64) -> U64:
    """Return well-spread bits of 64-bit values, one to one."""
    x = values + _BASE
    x ^= x >> np.uint64(30)
    x *= _C1
    x ^= x >> np.uint64(27)
    x *= _C2
    x ^= x >> np.uint64(31)
    return x


def combine(*parts: npt.NDArray[np.generic]) -> U64:
    """Return one hash of several columns of numbers; the order of the columns counts."""
    out = np.empty(len(parts[0]), np.uint64)
    for at in range(0, len(out), _BLOCK):
        block = np.full(len(out[at : at + _BLOCK]), 0x51, np.uint64)
        for part in parts:
            block = mix(block ^ as_u64(part[at : at + _BLOCK]))
        out[at : at + _BLOCK] = block
    return out


def combine_present(*parts: Column) -> U64:
    """Return ``combine`` of columns, 0 where any of them is 0 (absent).

    Args:
        parts: Columns, or what stands for them and gives a slice when asked (``Lookup``).
    """
    out = np.empty(len(parts[0]), np.uint64)
    for at in range(0, len(out), _BLOCK):
        here = slice(at, at + _BLOCK)
        block = np.full(len(out[here]), 0x51, np.uint64)
        absent = np.zeros(len(block), bool)
        for part in parts:
            values = as_u64(part[here])
            absent |= values == 0
            block = mix(block ^ values)
        block[absent] = 0
        out[here] = block
    return out


class Column(Protocol):
    """A column of numbers that can be cut."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> npt.NDArray[np.generic]: ...


@dataclass(frozen=True)
class Lookup:
    """A column that is worked out slice by slice and never lies in memory whole.

    Attributes:
        n: Its length.
        values: Gives the values of a slice.
    """

    n: int
    values: Callable[[slice], npt.NDArray[np.generic]]

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, rows: slice, /) -> npt.NDArray[np.generic]:
        return self.values(rows)


def as_u64(values: npt.NDArray[np.generic]) -> U64:
    """Return whole numbers of any width as unsigned 64-bit, bit for bit."""
    if values.dtype == np.uint64:
        return values  # type: ignore[return-value]  # checked just above
    return values.astype(np.int64).view(np.uint64)


_TABLE = mix(np.arange(1, 257, dtype=np.uint64))


_POWERS: dict[int, U64] = {}


def _powers(n: int, base: np.uint64) -> U64:
    """Return base^0 … base^n modulo 2^64; kept between calls, at most as long as the longest batch."""
    known = _POWERS.get(int(base))
    if known is None or len(known) <= n:
        known = np.full(max(n + 1, 1 << 16), base, np.uint64)
        known[0] = 1
        known = np.multiply.accumulate(known)
        _POWERS[int(base)] = known
    return known[: n + 1]


def hash_spans(data: Bytes, starts: I64, ends: I64) -> U64:
    """Return a hash of ``data[start:end]`` for each span; an empty span is 0.

    Args:
        data: Bytes of a whole column.
        starts: First byte of each span.
        ends: Byte after its last.
    """
    n = len(data)
    forward = _TABLE[data] * _powers(n, _BASE)[1:] if n else np.zeros(0, np.uint64)
    running = np.zeros(n + 1, np.uint64)
    np.add.accumulate(forward, out=running[1:])
    back = _powers(n, _BASE_INVERSE)
    out = mix((running[ends] - running[starts]) * back[starts])
    out[ends <= starts] = 0
    return out


def bytes_of(array: pa.Array) -> tuple[Bytes, I64]:
    """Return a text array's bytes and its n + 1 offsets, from 0; nulls are empty spans."""
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
    if array.null_count and _has_filled_nulls(array):
        array = array.fill_null("")
    n = len(array)
    if n == 0:
        return np.zeros(0, np.uint8), np.zeros(1, np.int64)
    _, offsets_buffer, data_buffer = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[array.offset : array.offset + n + 1]
    data = (
        np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    )
    first, last = int(offsets[0]), int(offsets[-1])
    return data[first:last], (offsets - first).astype(np.int64)


def _has_filled_nulls(array: pa.Array) -> bool:
    """Say whether bytes lie under a null, as the Arrow format allows; readers hardly ever leave any."""
    _, offsets_buffer, _ = array.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[array.offset : array.offset + len(array) + 1]
    return bool((np.diff(offsets)[array.is_null().to_numpy(zero_copy_only=False)] > 0).any())


def hash_text(array: pa.Array) -> U64:
    """Return a hash of each text; null and empty are 0."""
    data, offsets = bytes_of(array)
    out = np.zeros(len(offsets) - 1, np.uint64)
    step = 65536
    for at in range(0, len(out), step):
        part = offsets[at : at + step + 1]
        low = part[0]
        out[at : at + step] = hash_spans(data[low : part[-1]], part[:-1] - low, part[1:] - low)
    return out


def hash_one(text: str) -> int:
    """Return the hash of one text."""
    return int(hash_text(pa.array([text]))[0])


def among(values: U64, known: U64) -> npt.NDArray[np.bool_]:
    """Say which values are among the few of ``known``, which is sorted: a filter on the low bits first."""
    if not len(known):
        return np.zeros(len(values), bool)
    marked = np.zeros(1 << 14, bool)
    marked[(known & np.uint64((1 << 14) - 1)).astype(np.intp)] = True
    out = marked[(values & np.uint64((1 << 14) - 1)).astype(np.intp)]
    maybe = np.flatnonzero(out)
    at = np.minimum(np.searchsorted(known, values[maybe]), len(known) - 1)
    out[maybe] = known[at] == values[maybe]
    return out


def distinct(values: U64) -> U64:
    """Return the sorted distinct values; by a sort, which beats NumPy's hash table on large columns."""
    return distinct_of_sorted(np.sort(values))


def distinct_of_sorted(values: U64) -> U64:
    """Return the distinct values of a sorted column."""
    if not len(values):
        return values
    keep = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=keep[1:])
    return values[keep]
