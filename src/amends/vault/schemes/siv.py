"""Tokens of AES-SIV: ``tk<version>_`` and the sealed value in URL-safe letters.

Source:
    RFC 5297 (SIV); RFC 4648, section 5 (letters).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.ciphers import Scheme
from amends.vault.columns import Bytes, Places, equal_lengths, from_matrices, whole_array
from amends.vault.siv import BLOCK, BatchSiv
from amends.vault.text64 import decode, encode, encoded_width, is_canonical

if TYPE_CHECKING:
    from amends.vault.keyring import Keyring

CHUNK_ROWS = 1 << 15
_MIN_WIDTH = 3 + 1 + encoded_width(BLOCK + 1) - 1
_MAX_VERSION_DIGITS = 6


class SivColumn:
    """AES-SIV tokens of one domain.

    Args:
        keyring: Whose keys.
        domain: Which values.
    """

    scheme: Scheme = "siv"

    def __init__(self, keyring: Keyring, domain: str) -> None:
        self._keyring = keyring
        self.domain = domain
        self._sivs: dict[int, tuple[bytes, BatchSiv]] = {}

    def __repr__(self) -> str:
        return f"SivColumn({self.domain!r})"

    @property
    def version(self) -> int:
        """Version of the data key that new tokens are made with."""
        return self._keyring.active("siv", self.domain)

    def protect(self, values: pa.Array) -> pa.Array:
        """Return the token of each text; null stays null, an empty text stays empty.

        Raises:
            TableError: A value is a token of this vault already.
        """
        version = self.version
        siv = self._siv(version)
        return by_chunk(values, lambda part: self._seal(siv, version, part))

    def reveal(self, tokens: pa.Array) -> pa.Array:
        """Return the value behind each token, of any version that is still held.

        Raises:
            TableError: A token was altered, is of another vault, or its key version was lost or shredded.
        """
        return by_chunk(tokens, self._open)

    def are_tokens(self, values: pa.Array) -> pa.Array:
        """Return, for each text, whether it is a token of this vault and domain (null stays null)."""
        values = whole_array(values)
        out = np.zeros(len(values), np.bool_)
        for _, places, matrix in equal_lengths(values):
            out[_spread(places)] = self.whole(matrix)
        known = None if not values.null_count else ~np.asarray(values.is_valid())
        return pa.array(out, mask=known)

    def forms(self, value: str) -> list[str]:
        """Return every token that stands for a value, newest version first."""
        if not value:
            return [value]
        row = np.frombuffer(value.encode(), np.uint8)[None, :]
        live = self._keyring.live("siv", self.domain)
        return [_written(v, self._siv(v).seal(row)).tobytes().decode() for v in live]

    def whole(self, rows: Bytes) -> NDArray[np.bool_]:
        """Return which rows of letters are tokens of this vault and domain, by form and then by tag."""
        out = np.zeros(len(rows), np.bool_)
        for version, chosen in versions_of(rows):
            if version in self._keyring.live("siv", self.domain):
                sealed, good = _sealed(rows[chosen], version)
                good[good] = self._siv(version).open(sealed)[1]
                out[chosen] = good
        return out

    def _siv(self, version: int) -> BatchSiv:
        key = self._keyring.key("siv", self.domain, version)
        held = self._sivs.get(version)
        if held is None or held[0] != key:
            held = self._sivs[version] = (key, BatchSiv(key))
        return held[1]

    def _seal(self, siv: BatchSiv, version: int, values: pa.Array) -> pa.Array:
        groups: list[tuple[Places, Bytes]] = []
        for width, places, matrix in equal_lengths(values):
            if width >= _MIN_WIDTH:
                self._refuse_tokens(matrix)
            groups.append((places, _written(version, siv.seal(matrix)) if width else matrix))
        return from_matrices(len(values), groups)

    def _refuse_tokens(self, rows: Bytes) -> None:
        """Refuse rows that are tokens of any domain of this vault, or were before their key was shredded."""
        for version, chosen in versions_of(rows):
            part = rows[chosen]
            for domain in self._keyring.domains():
                if domain.scheme == "siv" and version in domain.versions:
                    other = (
                        self
                        if domain.name == self.domain
                        else SivColumn(self._keyring, domain.name)
                    )
                    if other.whole(part).any():
                        raise TableError(
                            f"A value to be protected as {self.domain} is a token of {domain.name} already",
                            where=str(self._keyring.folder),
                            remedy="protect the column in clear, or leave out the rows that hold tokens",
                        )

    def _open(self, tokens: pa.Array) -> pa.Array:
        groups: list[tuple[Places, Bytes]] = []
        for width, places, matrix in equal_lengths(tokens):
            if not width:
                groups.append((places, matrix))
                continue
            where = np.arange(len(matrix)) if places is None else places
            done = 0
            for version, chosen in versions_of(matrix):
                whole = len(chosen) == len(matrix)
                sealed, good = _sealed(matrix if whole else matrix[chosen], version)
                if not good.all():
                    raise self._not_ours()
                values, good = self._siv(version).open(sealed)
                if not good.all():
                    raise self._not_ours()
                groups.append((places if whole else where[chosen], values))
                done += len(chosen)
            if done != len(matrix):
                raise self._not_ours()
        return from_matrices(len(tokens), groups)

    def _not_ours(self) -> TableError:
        return TableError(
            f"A value is not a token of {self.domain} in this vault, or was altered",
            where=str(self._keyring.folder),
            remedy="use the vault that made the tokens; values in clear and tokens must not be mixed here",
        )


def versions_of(rows: Bytes) -> list[tuple[int, NDArray[np.int64]]]:
    """Return the versions that rows of letters claim, and which rows claim each; others are left out."""
    n, width = rows.shape
    if width < _MIN_WIDTH or not n:
        return []
    if (one := _one_version(rows)) is not None:
        return [(one, np.arange(n))]
    formed = (rows[:, 0] == ord("t")) & (rows[:, 1] == ord("k"))
    if not formed.any():
        return []
    number = np.zeros(n, np.int64)
    found: dict[int, list[NDArray[np.int64]]] = {}
    for place in range(2, 2 + _MAX_VERSION_DIGITS + 1):
        ends = formed & (rows[:, place] == ord("_")) & (place > 2)
        for version in np.unique(number[ends]).tolist():
            found.setdefault(version, []).append(np.flatnonzero(ends & (number == version)))
        digit = rows[:, place].astype(np.int64) - 48
        # A number with a zero in front would be a second way to write one token.
        formed &= ~ends & (digit >= (place == 2)) & (digit <= 9)
        if not formed.any():
            break
        number = number * 10 + digit
    return [(v, np.concatenate(places)) for v, places in sorted(found.items())]


def _one_version(rows: Bytes) -> int | None:
    """Return the version when every row claims the same: the usual case, told by one comparison."""
    claim = re.match(rb"tk([1-9][0-9]{0,5})_", rows[0, :10].tobytes())
    if claim is None:
        return None
    head = np.frombuffer(claim.group(), np.uint8)
    for place, letter in enumerate(head):
        if (rows[:, place] != letter).any():
            return None
    return int(claim.group(1))


def by_chunk(values: pa.Array, work: object) -> pa.Array:
    """Run ``work`` over pieces that stay in the processor's cache."""
    values = whole_array(values)
    assert callable(work)
    if len(values) <= CHUNK_ROWS:
        return work(values)
    parts = [work(values.slice(at, CHUNK_ROWS)) for at in range(0, len(values), CHUNK_ROWS)]
    return whole_array(pa.chunked_array(parts, pa.string()))


def _written(version: int, sealed: Bytes) -> Bytes:
    head = np.frombuffer(f"tk{version}_".encode(), np.uint8)
    letters = encode(sealed)
    out = np.empty((len(sealed), len(head) + letters.shape[1]), np.uint8)
    out[:, : len(head)] = head
    out[:, len(head) :] = letters
    return out


def _sealed(rows: Bytes, version: int) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return the bytes behind rows of one version that are well written, and which rows are."""
    letters = np.ascontiguousarray(rows[:, len(f"tk{version}_") :])
    good = np.ones(len(rows), np.bool_)
    sealed = decode(letters)
    if sealed is None:
        good = np.array([decode(letters[i : i + 1]) is not None for i in range(len(letters))])
        sealed = decode(letters[good]) if good.any() else None
    if sealed is None or sealed.shape[1] <= BLOCK:
        return np.zeros((0, BLOCK), np.uint8), np.zeros(len(rows), np.bool_)
    # Bits that do not belong to a byte must be zero, so that a value has one token only.
    true = is_canonical(letters if good.all() else letters[good])
    if true.all():
        return sealed, good
    good[good] = true
    return sealed[true], good


def _spread(places: Places) -> NDArray[np.int64] | slice:
    return slice(None) if places is None else places
