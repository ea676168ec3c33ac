"""Tokens of FF1: letters of the same alphabet, as many, laid out alike. Nothing in them says that they are tokens.

Source:
    NIST SP 800-38G, algorithms 7 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.ciphers import Scheme
from amends.vault.columns import Bytes, equal_lengths
from amends.vault.ff1 import MIN_DOMAIN, BatchFf1
from amends.vault.formats import LAYOUT, Format, format_of
from amends.vault.schemes.base import refuse_tokens
from amends.vault.schemes.written import MIN_WIDTH, Groups, by_chunk

if TYPE_CHECKING:
    from amends.vault.keyring import Keyring

_IS_LAYOUT = bytes(letter in LAYOUT for letter in range(256))


class Ff1Column:
    """FF1 tokens of one domain.

    Args:
        keyring: Whose keys.
        domain: Which values.
        pinned: Version that makes and reads tokens; 0 for the active one. A token does not say its version.
    """

    scheme: Scheme = "ff1"

    def __init__(self, keyring: Keyring, domain: str, pinned: int = 0) -> None:
        self.keyring = keyring
        self.domain = domain
        self._pinned = pinned
        self._ciphers: dict[int, tuple[bytes, BatchFf1]] = {}

    def __repr__(self) -> str:
        return f"Ff1Column({self.domain!r})"

    @property
    def version(self) -> int:
        """Version of the data key that tokens are made and read with."""
        return self._pinned or self.keyring.active("ff1", self.domain)

    @property
    def format(self) -> Format:
        """What of a value is kept."""
        return format_of(self.domain, self.keyring.versions("ff1", self.domain)[-1].form)

    def at(self, version: int) -> Ff1Column:
        """Return this cipher under one version."""
        return Ff1Column(self.keyring, self.domain, version)

    def protect(self, values: pa.Array) -> pa.Array:
        """Return the token of each text; null stays null, an empty text stays empty.

        Raises:
            TableError: A value is a token of AES-SIV already, or has a form FF1 cannot keep.
        """
        cipher = self._cipher(self.version)
        return by_chunk(values, lambda part: self._turned(part, cipher, cipher.encrypt))

    def reveal(self, tokens: pa.Array) -> pa.Array:
        """Return the value behind each token of this cipher's version.

        An FF1 token bears no tag: one that was altered, or made by another version, gives another value and no error.

        Raises:
            TableError: A text cannot be a token: its letters are not of the format.
        """
        cipher = self._cipher(self.version)
        return by_chunk(tokens, lambda part: self._turned(part, cipher, cipher.decrypt))

    def are_tokens(self, values: pa.Array) -> pa.Array:
        """Return null for each text: an FF1 token cannot be told from a value."""
        return pa.nulls(len(values), pa.bool_())

    def forms(self, value: str) -> list[str]:
        """Return every token that stands for a value, newest version first."""
        live = self.keyring.live("ff1", self.domain)
        return [self.at(version).protect(pa.array([value]))[0].as_py() for version in live]

    def _cipher(self, version: int) -> BatchFf1:
        key = self.keyring.key("ff1", self.domain, version)
        held = self._ciphers.get(version)
        if held is None or held[0] != key:
            made = BatchFf1(key, self.format.alphabet, self.domain.encode())
            held = self._ciphers[version] = (key, made)
        return held[1]

    def _turned(self, values: pa.Array, cipher: BatchFf1, turn: Callable[[Bytes], Bytes]) -> Groups:
        groups: Groups = []
        for width, places, matrix in equal_lengths(values):
            if width >= MIN_WIDTH:
                refuse_tokens(self.keyring, self.domain, matrix)
            groups.append((places, self._rows(matrix, cipher, turn) if width else matrix))
        return groups

    def _rows(self, rows: Bytes, cipher: BatchFf1, turn: Callable[[Bytes], Bytes]) -> Bytes:
        layout = cipher.foreign(rows)
        if not layout.any():
            return self._letters(rows, turn)
        kept = np.frombuffer(rows.tobytes().translate(_IS_LAYOUT), np.bool_).reshape(rows.shape)
        if (layout & ~kept).any():
            raise self._no_form(int((layout & ~kept).any(axis=1).sum()))
        out = rows.copy()
        for chosen, columns in _patterns(layout):
            out[np.ix_(chosen, columns)] = self._letters(rows[np.ix_(chosen, columns)], turn)
        return out

    def _letters(self, rows: Bytes, turn: Callable[[Bytes], Bytes]) -> Bytes:
        n, letters = rows.shape
        form = self.format
        if letters < 2 or form.domain_size(letters) < MIN_DOMAIN:
            raise self._no_form(n)
        out = turn(np.ascontiguousarray(rows))
        if form.holds is None:
            return out
        # Cycle walking: turn again until the token passes the test as its value does.
        wanted = form.holds(rows)
        waiting = np.flatnonzero(form.holds(out) != wanted)
        while len(waiting):
            out[waiting] = turn(out[waiting])
            waiting = waiting[form.holds(out[waiting]) != wanted[waiting]]
        return out

    def _no_form(self, n: int) -> TableError:
        form = self.format
        return TableError(
            f"Values of {self.domain} have a form that FF1 cannot keep ({n:,} in this batch): {form.means}; at least "
            "a million values must be possible",
            where=str(self.keyring.folder),
            remedy="use the scheme siv for this column, or another format, or mend these values first",
        )


def _patterns(layout: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield rows that are laid out alike, and their columns that are not layout."""
    if (layout == layout[0]).all():
        yield np.arange(len(layout)), np.flatnonzero(~layout[0])
        return
    packed = np.packbits(layout, axis=1)
    found, which = np.unique(packed, axis=0, return_inverse=True)
    which = which.ravel()
    order = np.argsort(which, kind="stable")
    for chosen in np.split(order, np.cumsum(np.bincount(which, minlength=len(found)))[:-1]):
        yield chosen, np.flatnonzero(~layout[chosen[0]])
