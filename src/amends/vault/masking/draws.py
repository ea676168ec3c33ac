"""Keyed draws: from a value and a try, bytes that nobody without the key can foretell.

Source:
    CMAC: NIST SP 800-38B. HKDF: RFC 5869.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from numpy.typing import NDArray

from amends.vault.blind import BlindIndex
from amends.vault.columns import equal_lengths
from amends.vault.siv import BLOCK, BatchSiv

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.uint64]


def part_key(key: bytes, use: str, length: int = 32) -> bytes:
    """Return the key for one use, drawn from the key of all masks.

    Args:
        key: The vault's key for masks.
        use: What it is for: ``draw/ssn``, ``index/ssn`` …
        length: Bytes.
    """
    info = b"amends/1/mask/" + use.encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(key)


class Draws:
    """The draws of one value domain.

    Args:
        key: The vault's key for masks.
        domain: Name of the value domain.
    """

    def __init__(self, key: bytes, domain: str) -> None:
        self._siv = BatchSiv(part_key(key, f"draw/{domain}", 64))
        self.index = BlindIndex(part_key(key, f"index/{domain}"))

    def rows(self, values: Bytes, turn: int, width: int = BLOCK) -> Bytes:
        """Return bytes drawn for values of equal length.

        Args:
            values: One row a value.
            turn: Number of the try, from 0.
            width: Bytes wanted for each.
        """
        n, length = values.shape
        made = np.empty((n, -(-width // BLOCK) * BLOCK), np.uint8)
        asked = np.empty((n, length + 2), np.uint8)
        asked[:, :length] = values
        asked[:, length] = turn
        for block in range(made.shape[1] // BLOCK):
            asked[:, length + 1] = block
            made[:, block * BLOCK : (block + 1) * BLOCK] = self._siv.tags(asked)
        return made[:, :width]

    def numbers(self, values: pa.Array, turn: int = 0) -> Numbers:
        """Return two numbers of 64 bits for each text; zeros where it is null."""
        out = np.zeros((len(values), 2), np.uint64)
        for _, places, matrix in equal_lengths(values):
            at = slice(None) if places is None else places
            out[at] = np.ascontiguousarray(self.rows(matrix, turn)).view("<u8")
        return out


_TENS = np.array([list(f"{n:04d}".encode()) for n in range(10_000)], np.uint8)


def digits(numbers: Numbers, width: int) -> Bytes:
    """Return numbers as rows of ASCII digits, zeros in front; what does not fit is cut off in front."""
    whole = -(-width // 4) * 4
    out = np.empty((len(numbers), whole), np.uint8)
    rest = numbers.astype(np.uint64, copy=True)
    for end in range(whole, 0, -4):
        rest, low = np.divmod(rest, np.uint64(10_000))
        out[:, end - 4 : end] = _TENS[low.astype(np.int64)]
    return out[:, whole - width :]
