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
_UNKNOWN = 255
# Twelve bits at a time: two letters, low byte first, as they lie in memory.
_PAIRS = (
    _LETTERS[np.arange(4096) >> 6].astype(np.uint16)
    | (_LETTERS[np.arange(4096) & 63].astype(np.uint16) << 8)
).astype("<u2")
_VALUES = np.full(256, _UNKNOWN, np.uint8)
_VALUES[_LETTERS] = np.arange(64, dtype=np.uint8)


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
    whole = -(-width // 3) * 3
    padded = rows
    if whole != width:
        padded = np.zeros((n, whole), np.uint8)
        padded[:, :width] = rows
    # One long row: numpy's inner loop over a few bytes a value would cost more than the work.
    flat = np.ascontiguousarray(padded).ravel()
    second = flat[1::3]
    high = flat[0::3].astype(np.uint16) << 4
    high |= second >> 4
    low = (second & 15).astype(np.uint16) << 8
    low |= flat[2::3]
    pairs = np.empty(len(second) * 2, "<u2")
    pairs[0::2] = _PAIRS.take(high)
    pairs[1::2] = _PAIRS.take(low)
    return pairs.view(np.uint8).reshape(n, whole // 3 * 4)[:, : encoded_width(width)]


def decode(letters: Bytes) -> Bytes | None:
    """Return the bytes behind each row of letters, or null where a letter is not one.

    Args:
        letters: One row a value.
    """
    n, width = letters.shape
    values = _VALUES[letters]
    if (values == _UNKNOWN).any() or width % 4 == 1:
        return None
    whole = -(-width // 4) * 4
    padded = np.zeros((n, whole), np.uint8)
    padded[:, :width] = values
    flat = padded.ravel()
    a, b, c, d = (flat[place::4] for place in range(4))
    out = np.empty(len(a) * 3, np.uint8)
    out[0::3] = (a << 2) | (b >> 4)
    out[1::3] = (b << 4) | (c >> 2)
    out[2::3] = (c << 6) | d
    return out.reshape(n, whole // 4 * 3)[:, : width * 3 // 4]
