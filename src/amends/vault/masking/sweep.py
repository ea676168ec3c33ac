"""Looks for originals of any domain in any cell, whatever column it stands in and however it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.blind import BlindIndex
from amends.vault.masking.draws import Numbers, part_key
from amends.vault.masking.free_text import LEAST_SIGNS

_MOST = 40
"""Signs of a cell from which it is text and no identifier."""
_NONE = pa.scalar(None, pa.string())


def plain_signs(values: pa.Array) -> pa.Array:
    """Return digits and capitals of texts without zeros and the NANP's 1 in front; null for too few or too many."""
    plain = pc.utf8_upper(values)
    if pc.any(pc.match_substring_regex(plain, "[^0-9A-Z]")).as_py():
        plain = pc.replace_substring_regex(plain, r"\.0$", "")
        plain = pc.replace_substring_regex(plain, "[^0-9A-Z]", "")
    plain = pc.ascii_ltrim(plain, "0")
    lengths = pc.binary_length(plain)
    called = pc.and_(pc.equal(lengths, 11), pc.match_substring_regex(plain, "^1[0-9]{10}$"))
    if pc.any(called).as_py():
        plain = pc.if_else(called, pc.utf8_slice_codeunits(plain, 1, 11), plain)
    lengths = pc.binary_length(plain)
    fits = pc.and_(pc.greater_equal(lengths, LEAST_SIGNS), pc.less_equal(lengths, _MOST))
    return pc.if_else(fits, plain, _NONE)


@dataclass(frozen=True)
class Hits:
    """Cells that hold an original.

    Attributes:
        places: Which cells.
        domains: For each, the number of the domain.
        chance: How many hits cells like these would give by chance: numbers of few digits fall on each other.
    """

    places: NDArray[np.int64]
    domains: NDArray[np.int64]
    chance: float


class Sweep:
    """The originals of all domains in which one value names one person or thing.

    Args:
        key: The vault's key for masks.
        originals: Distinct normal values by domain.
    """

    def __init__(self, key: bytes, originals: Mapping[str, pa.Array]) -> None:
        self._index = BlindIndex(part_key(key, "sweep"))
        self.names = sorted(originals)
        numbers, domains = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        self._digits = np.zeros(_MOST + 1)
        for place, name in enumerate(self.names):
            values = originals[name]
            plain = plain_signs(values) if name not in ("email", "ip") else values
            found = np.unique(self._index.text_hashes(pc.drop_null(plain)))
            numbers.append(found)
            domains.append(np.full(len(found), place))
            if name not in ("email", "ip"):
                self._digits += _by_length(plain)
        every, owner = np.concatenate(numbers), np.concatenate(domains)
        order = np.argsort(every, kind="stable")
        self._numbers, self._owner = every[order], owner[order]

    def hits(self, values: pa.Array) -> Hits:
        """Return which texts are an original."""
        nothing = np.zeros(0, np.int64)
        if not len(self._numbers) or not len(values):
            return Hits(nothing, nothing, 0.0)
        plain = plain_signs(values)
        mixed = pc.fill_null(pc.match_substring_regex(values, "[@.:]"), False)
        found = self._find(self._index.text_hashes(plain))
        if pc.any(mixed).as_py():
            lower = pc.if_else(mixed, pc.utf8_lower(pc.utf8_trim_whitespace(values)), _NONE)
            other = self._find(self._index.text_hashes(lower))
            found = np.where(found >= 0, found, other)
        places = np.flatnonzero(found >= 0)
        return Hits(places, self._owner[found[places]], self._chance(plain))

    def _find(self, numbers: Numbers) -> NDArray[np.int64]:
        at = np.minimum(np.searchsorted(self._numbers, numbers), len(self._numbers) - 1)
        return np.where((self._numbers[at] == numbers) & (numbers != 0), at, -1)

    def _chance(self, plain: pa.Array) -> float:
        """Return the expected hits of numbers that have nothing to do with the originals."""
        lengths = np.arange(_MOST + 1)
        dense = np.minimum(self._digits / (9.0 * 10.0 ** np.maximum(lengths - 1, 0)), 1.0)
        return float((_by_length(plain) * dense).sum())


def _by_length(plain: pa.Array) -> NDArray[np.float64]:
    """Return how many of the texts are numbers, by their digits."""
    numeric = pc.fill_null(pc.match_substring_regex(plain, "^[0-9]+$"), False)
    lengths = np.asarray(pc.binary_length(plain.filter(numeric))).astype(np.int64)
    return np.bincount(lengths, minlength=_MOST + 1).astype(np.float64)[: _MOST + 1]
