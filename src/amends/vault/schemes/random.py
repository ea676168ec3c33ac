"""Tokens that differ each time: AES-SIV with a random nonce. For columns that must not show which values are equal.

AES-GCM would do as well; AES-SIV runs over whole columns at once, and a nonce that came twice by mischance would show
two equal values and nothing more.

Source:
    RFC 5297, section 3 (nonce-based authenticated encryption with SIV).
"""

from __future__ import annotations

import secrets

import numpy as np
from numpy.typing import NDArray

from amends.kernel.errors import TableError
from amends.vault.ciphers import Scheme
from amends.vault.columns import Bytes
from amends.vault.schemes.base import TokenColumn
from amends.vault.siv import BLOCK, BatchSiv


class RandomColumn(TokenColumn):
    """Tokens that cannot be compared: 16 bytes of nonce, then what AES-SIV made."""

    scheme: Scheme = "random"

    def seal_rows(self, siv: BatchSiv, values: Bytes) -> Bytes:
        """Return values sealed, one row each, the nonce in front."""
        drawn = secrets.token_bytes(len(values) * BLOCK)
        nonces = np.frombuffer(drawn, np.uint8).reshape(-1, BLOCK)
        return np.concatenate([nonces, siv.seal(values, nonces)], axis=1)

    def open_rows(self, siv: BatchSiv, sealed: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
        """Return the values of sealed rows, and which are whole."""
        if sealed.shape[1] <= 2 * BLOCK:
            return np.zeros((len(sealed), 0), np.uint8), np.zeros(len(sealed), np.bool_)
        return siv.open(sealed[:, BLOCK:], np.ascontiguousarray(sealed[:, :BLOCK]))

    def forms(self, value: str) -> list[str]:
        """Refuse: the same value has another token each time.

        Raises:
            TableError: Always, but for the empty text.
        """
        if not value:
            return [value]
        raise TableError(
            f"Tokens of {self.domain} differ each time: a value cannot be searched for",
            where=str(self.keyring.folder),
            remedy="keep a blind index beside the column (keyring.blind), or choose the scheme siv",
        )
