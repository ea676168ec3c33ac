"""Own 64-bit hashes of texts and numbers, whole columns at a time, the same on every machine.

The text hash is a polynomial over table-mapped bytes modulo 2^64, taken from one running sum of
the whole column (no loop over rows), then mixed by the finaliser of SplitMix64. It is not keyed and
never leaves memory for an identifier; content digests that are stored are made of vault tokens.

Source:
    Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), finaliser.
"""

from __future__ import annotations

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
    out = np.full(len(parts[0]), 0x51, np.uint64)
    for part in parts:
        out = mix(out ^ as_u64(part))
    return out


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
    if array.null_count:
        array = array.fill_null("")
    if not pa.types.is_string(array.type):
        array = array.cast(pa.string())
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
