"""Tokens for whole columns: text in, URL-safe text out, equal for equal."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.columns import equal_lengths, from_matrices, whole_array
from amends.vault.keys import domain_key, load_root
from amends.vault.siv import BLOCK, BatchSiv
from amends.vault.text64 import decode, encode, encoded_width, is_canonical

_CHUNK = 1 << 17


class Tokens:
    """The tokens and fingerprints of one case.

    Args:
        folder: ``CASE/keys``, as :func:`amends.vault.create_keys` made it.

    Raises:
        TableError: The key is missing, damaged, or of another version.
    """

    def __init__(self, folder: Path) -> None:
        self._root = load_root(folder)
        self._where = str(folder)
        self._sivs: dict[tuple[str, str], BatchSiv] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Tokens({self._where!r})"

    def tokens(self, element: str, values: pa.Array) -> pa.Array:
        """Return the token of each value; the caller brings values to their normal form first.

        Args:
            element: Element code; the same value under another code gets another token.
            values: Strings.

        Returns:
            Strings of the same length and order; null where the value is null.
        """
        siv = self._siv("token", element)
        return _by_chunk(values, lambda part: _seal(siv, part), pa.string())

    def reveal(self, element: str, tokens: pa.Array) -> pa.Array:
        """Return the values behind tokens; every use of this is for the ledger of the caller.

        Args:
            element: Element code under which the tokens were made.
            tokens: Strings as :meth:`tokens` returned them.

        Returns:
            Strings of the same length and order; null where the token is null.

        Raises:
            TableError: A token was not made with this key and element, or was altered.
        """
        siv = self._siv("token", element)
        return _by_chunk(tokens, lambda part: self._open(siv, element, part), pa.string())

    def fingerprints(self, values: pa.Array, domain: str = "join") -> pa.Array:
        """Return a keyed 64-bit number for each value, for joins that never need the value back.

        Args:
            values: Strings.
            domain: Values of one domain are compared with each other.

        Returns:
            ``uint64`` of the same length and order; null where the value is null. Two values of ten
            million share a number with probability 3 in a million.
        """
        siv = self._siv("fingerprint", domain)
        return _by_chunk(values, lambda part: _fingerprint(siv, part), pa.uint64())

    def _siv(self, purpose: str, domain: str) -> BatchSiv:
        with self._lock:
            siv = self._sivs.get((purpose, domain))
            if siv is None:
                siv = BatchSiv(domain_key(self._root, purpose, domain))
                self._sivs[purpose, domain] = siv
            return siv

    def _open(self, siv: BatchSiv, element: str, tokens: pa.Array) -> pa.Array:
        groups = []
        for width, places, matrix in equal_lengths(tokens):
            sealed = decode(matrix)
            if sealed is None or sealed.shape[1] < BLOCK:
                raise self._not_ours(element)
            # Bits that do not belong to a byte must be zero, so that a value has one token only.
            if width != encoded_width(sealed.shape[1]) or not is_canonical(matrix).all():
                raise self._not_ours(element)
            values, whole = siv.open(sealed)
            if not whole.all():
                raise self._not_ours(element)
            groups.append((places, values))
        return from_matrices(len(tokens), groups)

    def _not_ours(self, element: str) -> TableError:
        return TableError(
            f"A token of {element} was not made with this case's key",
            where=self._where,
            remedy="use the keys/ folder of the case that made the table, or run the case again",
        )


def _seal(siv: BatchSiv, values: pa.Array) -> pa.Array:
    groups = [(places, encode(siv.seal(matrix))) for _, places, matrix in equal_lengths(values)]
    return from_matrices(len(values), groups)


def _fingerprint(siv: BatchSiv, values: pa.Array) -> pa.Array:
    out = np.zeros(len(values), np.uint64)
    known = np.zeros(len(values), np.bool_)
    for _, places, matrix in equal_lengths(values):
        numbers = siv.tags(matrix)[:, :8].copy().view("<u8").ravel()
        out[_spread(places)], known[_spread(places)] = numbers, True
    return pa.array(out, mask=~known)


def _spread(places: NDArray[np.int64] | None) -> NDArray[np.int64] | slice:
    return slice(None) if places is None else places


def _by_chunk(values: pa.Array, work: object, kind: pa.DataType) -> pa.Array:
    """Run ``work`` over pieces that stay in the processor's cache."""
    values = whole_array(values)
    assert callable(work)
    if len(values) <= _CHUNK:
        return work(values)
    parts = [work(values.slice(start, _CHUNK)) for start in range(0, len(values), _CHUNK)]
    out = pa.chunked_array(parts, kind).combine_chunks()
    return whole_array(out)
