"""Letter codes: what a letter prints so that a person, and nobody else, can ask.

A code is 75 bits drawn from the case's key and the person's id, in fifteen letters, and a sixteenth that shows a slip
of the pen: ``XXXX-XXXX-XXXX-XXXX``.

Source:
    CMAC as a pseudo-random function: NIST SP 800-38B, NIST SP 800-108. Letters: Crockford's base 32, which is read
    aloud without mistakes. Check character: one parity symbol of a Reed-Solomon code over GF(32), weights all
    different, so every single wrong letter and every two letters changed about are found.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.vault.columns import equal_lengths, from_matrices, whole_array
from amends.vault.keys import domain_key, load_root
from amends.vault.siv import BatchSiv

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BYTES = 10
"""Bytes that hold a code: 75 bits from the left, five zero bits at the end."""

_LETTERS = 15
_SHOWN = np.frombuffer(ALPHABET.encode(), np.uint8)
_READ = {letter: number for number, letter in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_PRIMITIVE = 0b100101  # x^5 + x^2 + 1


def _powers() -> NDArray[np.uint8]:
    """Return the products of the weights with every symbol: row = place, column = symbol."""
    table = np.zeros((_LETTERS, 32), np.uint8)
    row = np.arange(32, dtype=np.uint8)
    for place in range(_LETTERS):
        row = ((row << 1) ^ np.where(row & 16, _PRIMITIVE, 0)).astype(np.uint8)
        table[place] = row
    return table


_WEIGHED = _powers()


def code_key(folder: Path) -> bytes:
    """Return the key of letter codes of a case.

    Args:
        folder: ``CASE/keys``.

    Raises:
        TableError: The case's key is missing or damaged.
    """
    return domain_key(load_root(folder), "code", "letter")


def code_bytes(key: bytes, person_ids: pa.Array) -> NDArray[np.uint8]:
    """Return the codes of persons as bytes, one row of ``CODE_BYTES`` each; ids must not be null."""
    ids = whole_array(person_ids)
    rows = np.zeros((len(ids), CODE_BYTES), np.uint8)
    siv = BatchSiv(key)
    for _, places, matrix in equal_lengths(ids):
        rows[slice(None) if places is None else places] = siv.tags(matrix)[:, :CODE_BYTES]
    rows[:, -1] &= 0xE0
    return rows


def letter_codes(key: bytes, person_ids: pa.Array) -> pa.Array:
    """Return the code of each person as letters print it, the same in every edition.

    Args:
        key: As ``code_key`` gives it.
        person_ids: Strings, none null.
    """
    rows = code_bytes(key, person_ids)
    if not len(rows):
        return pa.array([], pa.string())
    bits = np.unpackbits(rows, axis=1)[:, : 5 * _LETTERS].reshape(-1, _LETTERS, 5)
    symbols = bits @ np.array([16, 8, 4, 2, 1], np.uint8)
    check = np.bitwise_xor.reduce(_WEIGHED[np.arange(_LETTERS), symbols], axis=1)
    shown = _SHOWN[np.concatenate([symbols, check[:, None]], axis=1)]
    dash = np.full((len(rows), 1), ord("-"), np.uint8)
    parts = [shown[:, :4], dash, shown[:, 4:8], dash, shown[:, 8:12], dash, shown[:, 12:]]
    return from_matrices(len(rows), [(None, np.ascontiguousarray(np.concatenate(parts, axis=1)))])


def letter_code(key: bytes, person_id: str) -> str:
    """Return the code of one person as letters print it."""
    return str(letter_codes(key, pa.array([person_id]))[0].as_py())


def read_code(text: str) -> bytes | None:
    """Return a typed code as its bytes; ``None`` when it is no code or the check character does not fit.

    Small letters, spaces and dashes do not matter; O is read as 0, I and L as 1.
    """
    if len(text) > 100:
        return None
    kept = [c for c in text.upper() if c not in " -\t\r\n\u00a0\u2010\u2011\u2012\u2013\u2014._"]
    if len(kept) != _LETTERS + 1 or any(c not in _READ for c in kept):
        return None
    symbols = [_READ[c] for c in kept]
    check = 0
    for place, symbol in enumerate(symbols[:-1]):
        check ^= int(_WEIGHED[place, symbol])
    if check != symbols[-1]:
        return None
    number = 0
    for symbol in symbols[:-1]:
        number = number << 5 | symbol
    return (number << 5).to_bytes(CODE_BYTES, "big")
