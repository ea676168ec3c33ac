"""Values behind tokens, whatever scheme and version made them; reading never makes a domain.

Everything the brake counts is numbered by the *value* behind the token: a token of an old and one of a new key version
are one person, and a canary stays one through a rotation.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.errors import AmendsError
from amends.vault.ciphers import TOKEN_FORM, ColumnCipher, Scheme
from amends.vault.keyring import Keyring

_SIV = re.compile(TOKEN_FORM)
_FEW = 1000


class Reader:
    """Reads the tokens of a vault.

    Args:
        keyring: The vault's keys.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._ciphers: dict[tuple[Scheme, str], ColumnCipher] = {}

    def values(self, domain: str, tokens: pa.Array) -> pa.Array | None:
        """Return the values; ``None`` when one is no token of this vault and domain.

        Another vault's token, an altered one and a shredded one look alike.
        """
        cipher = self._cipher(domain, tokens)
        if cipher is None:
            return None
        try:
            return cipher.reveal(tokens)
        except AmendsError:
            return None

    def count_foreign(self, domain: str, tokens: pa.Array) -> int:
        """Return how many texts are no tokens of this vault and domain, when some are not."""
        cipher = self._cipher(domain, tokens)
        if cipher is None:
            return len(tokens)
        try:
            ours = cipher.are_tokens(tokens)
            return int(np.count_nonzero(~np.asarray(ours.fill_null(False)))) or len(tokens)
        except AmendsError:
            return len(tokens)

    def _cipher(self, domain: str, tokens: pa.Array) -> ColumnCipher | None:
        """Return what reads tokens of this form; ``None`` when the vault has no keys for it."""
        scheme: Scheme = "siv" if _are_siv(tokens) else "ff1"
        if not self._keyring.live(scheme, domain):
            return None
        known = self._ciphers.get((scheme, domain))
        if known is None:
            try:
                known = self._ciphers[scheme, domain] = self._keyring.cipher(domain, scheme)
            except AmendsError:
                return None
        return known


def _are_siv(tokens: pa.Array) -> bool:
    if len(tokens) <= _FEW:  # a pattern made anew for each call would cost more than it finds
        return all(_SIV.match(token) for token in tokens.to_pylist() if token is not None)
    return bool(pc.all(pc.match_substring_regex(tokens, TOKEN_FORM)).as_py())
