"""What tokens that show themselves have in common; the siblings say how rows are sealed and opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.ciphers import PREFIXES, Scheme
from amends.vault.columns import Bytes, equal_lengths, whole_array
from amends.vault.schemes import written
from amends.vault.siv import BatchSiv

if TYPE_CHECKING:
    from amends.vault.keyring import Keyring


class TokenColumn:
    """Tokens of one domain that carry the version of their key.

    Args:
        keyring: Whose keys.
        domain: Which values.
        pinned: Version that makes tokens; 0 for the active one, whichever that is.
    """

    scheme: Scheme

    def __init__(self, keyring: Keyring, domain: str, pinned: int = 0) -> None:
        self.keyring = keyring
        self.domain = domain
        self._pinned = pinned
        self._sivs: dict[int, tuple[bytes, BatchSiv]] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.domain!r})"

    def seal_rows(self, siv: BatchSiv, values: Bytes) -> Bytes:
        """Return values sealed, one row each."""
        raise NotImplementedError

    def open_rows(self, siv: BatchSiv, sealed: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
        """Return the values of sealed rows, and which are whole."""
        raise NotImplementedError

    def forms(self, value: str) -> list[str]:
        """Return every token that stands for a value, newest version first."""
        raise NotImplementedError

    def at(self, version: int) -> Any:  # Any: the sibling itself
        """Return this cipher with new tokens made by one version."""
        return type(self)(self.keyring, self.domain, version)

    @property
    def version(self) -> int:
        """Version of the data key that new tokens are made with."""
        return self._pinned or self.keyring.active(self.scheme, self.domain)

    def protect(self, values: pa.Array) -> pa.Array:
        """Return the token of each text; null stays null, an empty text stays empty.

        Raises:
            TableError: A value is a token of this vault already.
        """
        version = self.version
        siv = self._siv(version)
        return written.by_chunk(values, lambda part: self._seal(siv, version, part))

    def reveal(self, tokens: pa.Array) -> pa.Array:
        """Return the value behind each token, of any version that is still held.

        Raises:
            TableError: A token was altered, is of another vault, or its key version was lost or shredded.
        """
        return written.by_chunk(tokens, self._open)

    def are_tokens(self, values: pa.Array) -> pa.Array:
        """Return, for each text, whether it is a token of this vault and domain (null stays null)."""
        values = whole_array(values)
        out = np.zeros(len(values), np.bool_)
        for at in range(0, len(values), written.CHUNK_ROWS):
            part = out[at : at + written.CHUNK_ROWS]
            for _, places, matrix in equal_lengths(values.slice(at, written.CHUNK_ROWS)):
                part[written.spread(places)] = self.whole(matrix)
        known = None if not values.null_count else ~np.asarray(values.is_valid())
        return pa.array(out, mask=known)

    def whole(self, rows: Bytes) -> NDArray[np.bool_]:
        """Return which rows of letters are tokens of this vault and domain, by form and then by tag."""
        out = np.zeros(len(rows), np.bool_)
        for version, chosen in written.claims(PREFIXES[self.scheme], rows):
            if version in self.keyring.live(self.scheme, self.domain):
                sealed, good = written.read(PREFIXES[self.scheme], version, rows[chosen])
                good[good] = self.open_rows(self._siv(version), sealed)[1]
                out[chosen] = good
        return out

    def _siv(self, version: int) -> BatchSiv:
        key = self.keyring.key(self.scheme, self.domain, version)
        held = self._sivs.get(version)
        if held is None or held[0] != key:
            held = self._sivs[version] = (key, BatchSiv(key))
        return held[1]

    def _seal(self, siv: BatchSiv, version: int, values: pa.Array) -> written.Groups:
        prefix = PREFIXES[self.scheme]
        groups: written.Groups = []
        for width, places, matrix in equal_lengths(values):
            if width >= written.MIN_WIDTH:
                refuse_tokens(self.keyring, self.domain, matrix)
            made = written.write(prefix, version, self.seal_rows(siv, matrix)) if width else matrix
            groups.append((places, made))
        return groups

    def _open(self, tokens: pa.Array) -> written.Groups:
        prefix = PREFIXES[self.scheme]
        groups: written.Groups = []
        for width, places, matrix in equal_lengths(tokens):
            if not width:
                groups.append((places, matrix))
                continue
            where = np.arange(len(matrix)) if places is None else places
            done = 0
            for version, chosen in written.claims(prefix, matrix):
                one = len(chosen) == len(matrix)
                sealed, good = written.read(prefix, version, matrix if one else matrix[chosen])
                values, whole = self.open_rows(self._siv(version), sealed)
                if not good.all() or not whole.all():
                    raise self._not_ours()
                groups.append((places if one else where[chosen], values))
                done += len(chosen)
            if done != len(matrix):
                raise self._not_ours()
        return groups

    def _not_ours(self) -> TableError:
        return TableError(
            f"A value is not a token of {self.domain} in this vault, or was altered",
            where=str(self.keyring.folder),
            remedy="use the vault that made the tokens; find values in clear among them with are_tokens",
        )


def refuse_tokens(keyring: Keyring, domain: str, rows: Bytes) -> None:
    """Refuse rows that hold a token of this vault, of any domain.

    Raises:
        TableError: One does.
    """
    from amends.vault.schemes.opening import SHOWN  # noqa: PLC0415 - the list of siblings needs this file

    for scheme, kind in SHOWN.items():
        for version, chosen in written.claims(PREFIXES[scheme], rows):
            part = rows[chosen]
            for held in keyring.domains():
                if (held.name, held.scheme) == (domain, scheme) and version in held.shredded:
                    raise TableError(
                        f"A value to be protected as {domain} has the form of a token whose key was shredded",
                        where=str(keyring.folder),
                        remedy="protect the column in clear, or leave out the rows that hold tokens",
                    )
                if held.scheme != scheme or version not in held.versions:
                    continue
                if kind(keyring, held.name).whole(part).any():
                    raise TableError(
                        f"A value to be protected as {domain} is a token of {held.name} already",
                        where=str(keyring.folder),
                        remedy="protect the column in clear, or leave out the rows that hold tokens",
                    )
