"""Vaults for tests."""

from __future__ import annotations

from pathlib import Path

from amends.vault.keyring import Keyring
from amends.vault.roots.file import DEFAULT_NAME, FileRoot


def new_vault(folder: Path) -> Keyring:
    """Make a vault whose root key lies in it."""
    folder.mkdir(mode=0o700)
    return Keyring.create(folder, FileRoot.create(folder / DEFAULT_NAME, DEFAULT_NAME))
