"""Find the root that a keyring names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from amends.kernel.errors import TableError
from amends.vault.roots.base import Ask, RootKey
from amends.vault.roots.file import FileRoot
from amends.vault.roots.passphrase import PassphraseRoot
from amends.vault.roots.transit import Service, TransitRoot


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
    if kind == "passphrase":
        return PassphraseRoot.from_description(described, ask)
    if kind == "transit":
        return TransitRoot(_service(described, folder))
    raise TableError(
        "The keyring names a kind of root key that is not known here",
        where=str(folder),
        remedy="use the version of Amends that made this vault",
    )


def _service(described: Mapping[str, object], folder: Path) -> Service:
    given = {name: str(value) for name, value in described.items() if name != "kind"}
    try:
        return Service(**given)
    except TypeError as error:
        raise TableError(
            "What the keyring says of its key service cannot be",
            where=str(folder),
            remedy="restore keyring.json from its backup",
        ) from error
