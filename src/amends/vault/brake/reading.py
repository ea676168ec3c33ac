"""Values behind tokens, whatever scheme and version made them; reading never makes a domain.

Everything the brake counts is numbered by the *value* behind the token: a token of an old and one of a new key version
are one person, and a canary stays one through a rotation.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from amends.kernel.errors import AmendsError
from amends.vault.ciphers import TOKEN_FORM, ColumnCipher
from amends.vault.keyring import Keyring


def cipher_of(keyring: Keyring, domain: str, tokens: pa.Array) -> ColumnCipher | None:
    """Return what reads tokens of this form; ``None`` when the vault has no keys for it."""
    is_siv = bool(pc.all(pc.match_substring_regex(tokens, TOKEN_FORM)).as_py())
    if not keyring.live("siv" if is_siv else "ff1", domain):
        return None
    try:
        return keyring.cipher(domain, "siv" if is_siv else "ff1")
    except AmendsError:
        return None


def values_of(keyring: Keyring, domain: str, tokens: pa.Array) -> pa.Array | None:
    """Return the values; ``None`` when one is no token of this vault and domain.

    Another vault's token, an altered one and a shredded one look alike.
    """
    cipher = cipher_of(keyring, domain, tokens)
    if cipher is None:
        return None
    try:
        return cipher.reveal(tokens)
    except AmendsError:
        return None


def count_foreign(keyring: Keyring, domain: str, tokens: pa.Array) -> int:
    """Return how many texts are no tokens of this vault and domain."""
    cipher = cipher_of(keyring, domain, tokens)
    if cipher is None:
        return len(tokens)
    try:
        ours = cipher.are_tokens(tokens)
        return int(np.count_nonzero(~np.asarray(ours.fill_null(False)))) or len(tokens)
    except AmendsError:
        return len(tokens)
