"""Give a vault another root key, or renew the one it has. No token changes; one small file does."""

from __future__ import annotations

import secrets
from dataclasses import replace

from amends.vault import wrapping
from amends.vault.keyring import Keyring
from amends.vault.roots.base import SECRET_BYTES, RootKey
from amends.vault.roots.transit import TransitRoot


def rewrap(keyring: Keyring, root: RootKey | None = None) -> None:
    """Give a keyring another root, or renew the one it has.

    A fresh root secret is drawn and every data key wrapped anew under it, so the old root and the old secret open
    nothing of the new file. One rename puts it in place: whoever is killed before has the old keyring, whoever is
    killed after has the new one, and the same command finishes.

    A copy of the old file, with the old root, still opens what it held: destroy one of the two.

    Args:
        keyring: The vault's keys.
        root: The new root; none renews the present one. A key service then re-wraps the secret under the newest version
            of its key, without showing it.

    Raises:
        TableError: A wrapped key is damaged, or the file cannot be written.
        UsageError: The root cannot be reached.
    """
    if root is None and isinstance(keyring.root, TransitRoot):
        with keyring.changing("root.renewed", {}) as change:
            change.file = replace(change.file, secret=keyring.root.renew(change.file.secret))
        return
    chosen = root or keyring.root
    described = dict(chosen.describe())
    with keyring.changing("root.changed", {"root": described}) as change:
        file, fresh = change.file, secrets.token_bytes(SECRET_BYTES)
        wrapped = (
            wrapping.rewrapped(held, file.vault_id, change.secret, fresh) for held in file.keys
        )
        change.file = replace(
            file,
            root=described,
            secret=chosen.wrap(fresh, wrapping.about_secret(file.vault_id)),
            keys=tuple(
                replace(held, wrapped=made) for held, made in zip(file.keys, wrapped, strict=True)
            ),
        )
        change.root, change.secret = chosen, fresh
