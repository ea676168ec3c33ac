"""Find the root that a keyring names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from amends.kernel.errors import TableError
from amends.vault.roots.base import Ask, RootKey
from amends.vault.roots.file import FileRoot


def open_root(described: Mapping[str, object], folder: Path, ask: Ask | None = None) -> RootKey:
    """Return the root of a keyring.

    Args:
        described: What :meth:`RootKey.describe` gave when the keyring was written.
        folder: The vault's folder.
        ask: Asks for a passphrase where the root needs one.

    Raises:
        TableError: The root is missing, damaged, or of a kind this version does not know.
        UsageError: It needs a person or a service that is not there.
    """
    kind = described.get("kind")
    if kind == "file":
        named = str(described.get("file", ""))
        return FileRoot(folder / named, named)
    raise TableError(
        "The keyring names a kind of root key that is not known here",
        where=str(folder),
        remedy="use the version of Amends that made this vault",
    )
