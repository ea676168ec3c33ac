"""URL-safe base64 without padding, over matrices of bytes.

Source:
    RFC 4648, section 5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

_LETTERS = np.frombuffer(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", np.uint8
)
# Twelve bits at a time: two letters, low byte first, as they lie in memory.
_PAIRS = (
    _LETTERS[np.arange(4096) >> 6].astype(np.uint16)
    | (_LETTERS[np.arange(4096) & 63].astype(np.uint16) << 8)
).astype("<u2")
_UNKNOWN = 0xFFFF
# And back: what two letters, read as one little-endian number, stand for.
_BITS = np.full(1 << 16, _UNKNOWN, np.uint16)
_BITS[_PAIRS] = np.arange(4096, dtype=np.uint16)


def encoded_width(n_bytes: int) -> int:
    """Return how many letters stand for so many bytes."""
    return -(-n_bytes * 4 // 3)


def encode(rows: Bytes) -> Bytes:
    """Return each row as letters.

    Args:
        rows: One row a value.

    Returns:
        One row of ASCII letters a value.
    """
    n, width = rows.shape
    triples = -(-width // 3)
    # One long row: numpy's inner loop over a few bytes a value would cost more than the work.
    padded = np.zeros(n * triples * 3 + 1, np.uint8)
    padded[:-1].reshape(n, triples * 3)[:, :width] = rows
    # Four bytes from every third place: the first three are ours, the fourth is shifted out.
    bits: NDArray[np.uint32] = np.ndarray((n * triples,), ">u4", padded, 0, (3,)).astype("<u4")
    pairs = np.empty((n * triples, 2), "<u2")
    pairs[:, 0] = _PAIRS.take(bits >> 20)
    pairs[:, 1] = _PAIRS.take((bits >> 8) & 0xFFF)
    return pairs.view(np.uint8).reshape(n, triples * 4)[:, : encoded_width(width)]


def decode(letters: Bytes) -> Bytes | None:
    """Return the bytes behind each row of letters, or null where a letter is not one.

    Args:
        letters: One row a value.
    """
    n, width = letters.shape
    if width % 4 == 1:
        return None
    whole = -(-width // 4) * 4
    padded = letters
    if whole != width:
        padded = np.full((n, whole), _LETTERS[0], np.uint8)
        padded[:, :width] = letters
    bits = _BITS.take(np.ascontiguousarray(padded).ravel().view("<u2"))
    if (bits == _UNKNOWN).any():
        return None
    high, low = bits[0::2], bits[1::2]
    out = np.empty(len(high) * 3, np.uint8)
    out[0::3] = high >> 4
    out[1::3] = (high << 4) | (low >> 8)
    out[2::3] = low
    return out.reshape(n, whole // 4 * 3)[:, : width * 3 // 4]


def are_letters(rows: Bytes) -> NDArray[np.bool_]:
    """Return which rows :func:`decode` would take.

    Args:
        rows: One row a value.
    """
    if rows.shape[1] % 4 == 1:
        return np.zeros(len(rows), np.bool_)
    known = np.zeros(256, np.bool_)
    known[_LETTERS] = True
    return np.asarray(known[rows].all(axis=1))


def is_canonical(letters: Bytes) -> NDArray[np.bool_]:
    """Return which rows leave no bit set that belongs to no byte: so a value is written in one way only.

    Args:
        letters: One row a value, as :func:`decode` accepts them.
    """
    n, width = letters.shape
    spare = {2: 0x0F, 3: 0x03}.get(width % 4, 0)
    if not spare or not n:
        return np.ones(n, np.bool_)
    free = _LETTERS[(np.arange(64) & spare) == 0]
    allowed = np.zeros(256, np.bool_)
    allowed[free] = True
    return allowed[letters[:, -1]]
