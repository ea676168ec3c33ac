"""Every scheme by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from amends.vault.ciphers import ColumnCipher, Scheme
from amends.vault.schemes.base import TokenColumn
from amends.vault.schemes.ff1 import Ff1Column
from amends.vault.schemes.random import RandomColumn
from amends.vault.schemes.siv import SivColumn

if TYPE_CHECKING:
    from amends.vault.keyring import Keyring

SHOWN: Mapping[Scheme, type[TokenColumn]] = {"siv": SivColumn, "random": RandomColumn}
"""Schemes whose tokens show themselves."""


def open_cipher(keyring: Keyring, domain: str, scheme: Scheme) -> ColumnCipher:
    """Return the cipher of a domain whose key is there."""
    if scheme == "ff1":
        return Ff1Column(keyring, domain)
    return SHOWN[scheme](keyring, domain)
