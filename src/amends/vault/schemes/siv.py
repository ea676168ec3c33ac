"""Tokens of AES-SIV without a nonce: the same value, the same token.

Source:
    RFC 5297, section 2 (SIV); deterministic authenticated encryption, section 1.3.1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amends.vault.ciphers import PREFIXES, Scheme
from amends.vault.columns import Bytes
from amends.vault.schemes import written
from amends.vault.schemes.base import TokenColumn
from amends.vault.siv import BatchSiv


class SivColumn(TokenColumn):
    """Deterministic tokens: they join, and show which values are equal."""

    scheme: Scheme = "siv"

    def seal_rows(self, siv: BatchSiv, values: Bytes) -> Bytes:
        """Return values sealed, one row each."""
        return siv.seal(values)

    def open_rows(self, siv: BatchSiv, sealed: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
        """Return the values of sealed rows, and which are whole."""
        return siv.open(sealed)

    def forms(self, value: str) -> list[str]:
        """Return every token that stands for a value, newest version first."""
        if not value:
            return [value]
        row = np.frombuffer(value.encode(), np.uint8)[None, :]
        return [
            written.write(PREFIXES["siv"], version, self._siv(version).seal(row)).tobytes().decode()
            for version in self.keyring.live("siv", self.domain)
        ]
