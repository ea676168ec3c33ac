"""Tokens that show themselves: two letters, the version of the key, ``_``, and sealed bytes in URL-safe letters.

Source:
    RFC 4648, section 5 (letters).
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.vault.columns import Bytes, Places, from_matrices, whole_array
from amends.vault.siv import BLOCK
from amends.vault.text64 import are_letters, decode, encode, encoded_width, is_canonical

Groups = list[tuple[Places, Bytes]]

CHUNK_ROWS = 1 << 15
MIN_WIDTH = 4 + encoded_width(BLOCK + 1)
"""Two letters, one digit, ``_`` and the shortest sealed value: a tag and one byte."""

_MAX_VERSION_DIGITS = 6


def write(prefix: str, version: int, sealed: Bytes) -> Bytes:
    """Return sealed rows as tokens."""
    head = np.frombuffer(f"{prefix}{version}_".encode(), np.uint8)
    letters = encode(sealed)
    out = np.empty((len(sealed), len(head) + letters.shape[1]), np.uint8)
    out[:, : len(head)] = head
    out[:, len(head) :] = letters
    return out


def claims(prefix: str, rows: Bytes) -> list[tuple[int, NDArray[np.int64]]]:
    """Return the versions that rows claim by their first letters, and which rows claim each; others are left out."""
    n, width = rows.shape
    if width < MIN_WIDTH or not n:
        return []
    if (one := _one_claim(prefix, rows)) is not None:
        return [(one, np.arange(n))]
    formed = (rows[:, 0] == ord(prefix[0])) & (rows[:, 1] == ord(prefix[1]))
    number = np.zeros(n, np.int64)
    found: dict[int, list[NDArray[np.int64]]] = {}
    for place in range(2, 2 + _MAX_VERSION_DIGITS + 1):
        if not formed.any():
            break
        ends = formed & (rows[:, place] == ord("_")) & (place > 2)
        for version in np.unique(number[ends]).tolist():
            found.setdefault(version, []).append(np.flatnonzero(ends & (number == version)))
        digit = rows[:, place].astype(np.int64) - ord("0")
        # A number with a zero in front would be a second way to write one token.
        formed &= ~ends & (digit >= (place == 2)) & (digit <= 9)
        number = number * 10 + digit
    return [(version, np.concatenate(places)) for version, places in sorted(found.items())]


def read(prefix: str, version: int, rows: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return the sealed bytes of rows that claim one version and are well written, and which rows are."""
    letters = np.ascontiguousarray(rows[:, len(f"{prefix}{version}_") :])
    sealed = decode(letters)
    good = np.ones(len(rows), np.bool_)
    if sealed is None:
        good = are_letters(letters)
        sealed = decode(letters[good]) if good.any() else None
    if sealed is None or sealed.shape[1] <= BLOCK:
        return np.zeros((0, BLOCK), np.uint8), np.zeros(len(rows), np.bool_)
    # Bits that do not belong to a byte must be zero, so that sealed bytes are written in one way only.
    true = is_canonical(letters[good])
    if true.all():
        return sealed, good
    good[good] = true
    return sealed[true], good


def by_chunk(values: pa.Array, work: Callable[[pa.Array], Groups]) -> pa.Array:
    """Run ``work`` over pieces that stay in the processor's cache.

    Args:
        values: Texts.
        work: Given a piece, returns the texts that come of it, as rows of bytes by their places.
    """
    values = whole_array(values)
    n = len(values)
    if n <= CHUNK_ROWS:
        return from_matrices(n, work(values))
    whole: Bytes | None = None
    parts: list[pa.Array] = []
    for at in range(0, n, CHUNK_ROWS):
        piece = values.slice(at, CHUNK_ROWS)
        groups = work(piece)
        rows = groups[0][1] if len(groups) == 1 and groups[0][0] is None else None
        if not at and rows is not None:
            whole = _room(n, rows.shape[1])
        if whole is not None and rows is not None and rows.shape[1] == whole.shape[1]:
            # Texts of one length from first to last go straight to where they stay.
            whole[at : at + len(piece)] = rows
            continue
        if whole is not None:
            parts, whole = [from_matrices(at, [(None, whole[:at])])], None
        parts.append(from_matrices(len(piece), groups))
    if whole is not None:
        return from_matrices(n, [(None, whole)])
    return whole_array(pa.chunked_array(parts, pa.string()))


def _room(n: int, width: int) -> Bytes | None:
    """Return rows to be filled, in memory that Arrow keeps; nothing where they are too large for one array."""
    if not width or n * width > np.iinfo(np.int32).max:
        return None
    return np.frombuffer(pa.allocate_buffer(n * width), np.uint8).reshape(n, width)


def spread(places: Places) -> NDArray[np.int64] | slice:
    """Return places as an index."""
    return slice(None) if places is None else places


def _one_claim(prefix: str, rows: Bytes) -> int | None:
    """Return the version when every row claims the same: the usual case, told by a few comparisons."""
    claim = re.match(prefix.encode() + rb"([1-9][0-9]{0,5})_", rows[0, :10].tobytes())
    if claim is None:
        return None
    for place, letter in enumerate(claim.group()):
        if (rows[:, place] != letter).any():
            return None
    return int(claim.group(1))
