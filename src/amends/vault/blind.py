"""Blind indexes: keyed 64-bit numbers by which something can be looked up and from which nothing can be read.

Source:
    CMAC: NIST SP 800-38B. HKDF: RFC 5869. Two of 54 million values share a number with probability 8 in 100,000.
"""

from __future__ import annotations

import threading

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from amends.vault.columns import equal_lengths, from_matrices, whole_array
from amends.vault.siv import BLOCK, BatchSiv

_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


class BlindIndex:
    """Keyed hashes under one key; batch and single calls give the same answer.

    Args:
        key: 32 bytes or more.
    """

    def __init__(self, key: bytes) -> None:
        self._siv = BatchSiv(
            HKDF(algorithm=SHA256(), length=64, salt=None, info=b"amends/1/blind").derive(key)
        )
        self._own = threading.local()

    def hashes(self, rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
        """Return one number a row; rows of equal length, one column a byte. Never 0."""
        return _numbers(self._siv.tags(rows))

    def text_hashes(self, values: pa.Array) -> NDArray[np.uint64]:
        """Return one number a text, of any length; 0 where it is null."""
        values = whole_array(values)
        out = np.zeros(len(values), np.uint64)
        for _, places, matrix in equal_lengths(values):
            out[slice(None) if places is None else places] = _numbers(self._siv.tags(matrix))
        return out

    def hash(self, value: bytes) -> int:
        """Return the number of one value; quick for values of fewer than 16 bytes."""
        return int.from_bytes(self._tag(value)[:8], "little") or 1

    def handle(self, number: int) -> str:
        """Return 32 hex digits that stand for a number."""
        return self._tag(number.to_bytes(8, "little")).hex()

    def handles(self, numbers: NDArray[np.uint64]) -> pa.Array:
        """Return the handle of each number."""
        if not len(numbers):
            return pa.array([], pa.string())
        rows = np.ascontiguousarray(numbers.astype("<u8")).view(np.uint8).reshape(-1, 8)
        tags = self._siv.tags(rows)
        shown = _HEX[np.stack([tags >> 4, tags & 15], axis=2).reshape(len(tags), 2 * BLOCK)]
        return from_matrices(len(tags), [(None, np.ascontiguousarray(shown))])

    def _tag(self, value: bytes) -> bytes:
        if len(value) >= BLOCK:
            return bytes(self._siv.tags(np.frombuffer(value, np.uint8)[None, :])[0])
        run = getattr(self._own, "run", None)
        if run is None:
            run = self._own.run = self._siv.short_tags()
        tag: bytes = run(value)
        return tag


def _numbers(tags: NDArray[np.uint8]) -> NDArray[np.uint64]:
    numbers: NDArray[np.uint64] = np.ascontiguousarray(tags[:, :8]).view("<u8").ravel()
    numbers[numbers == 0] = 1
    return numbers
