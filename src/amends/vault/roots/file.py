"""A root key in a file of its own, readable by its owner only.

Whoever has the file and ``keyring.json`` has every key. Keep the file on other media, or use a passphrase or a key
service, where one theft should not take both.

Source:
    AES-256-GCM: NIST SP 800-38D.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from amends.kernel.errors import TableError, UsageError
from amends.vault.boxes import SecretBox
from amends.vault.roots.base import SECRET_BYTES, wrong_root

DEFAULT_NAME = "root.key"
_FORMAT = 1


class FileRoot:
    """A root key read from a file.

    Args:
        path: The file.
        named: How the keyring names it; a relative name is taken from the vault's folder.

    Raises:
        TableError: The file is missing, damaged, or open to others.
    """

    kind = "file"

    def __init__(self, path: Path, named: str = "") -> None:
        self.path = path
        self._named = named or str(path.resolve())
        self._box = SecretBox(_read(path))

    @classmethod
    def create(cls, path: Path, named: str = "") -> FileRoot:
        """Make a fresh root key; a file that is there is never replaced.

        Raises:
            UsageError: There is a file of that name, or it cannot be written.
        """
        text = json.dumps({"format": _FORMAT, "root": secrets.token_hex(SECRET_BYTES)}) + "\n"
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
        except FileExistsError as error:
            raise UsageError(
                "There is a root key of that name already",
                where=str(path),
                remedy="name another file, or move the old one away if no vault needs it",
            ) from error
        except OSError as error:
            raise UsageError(
                "The root key cannot be written",
                where=str(path),
                remedy="make the folder writable for you and run the command again",
            ) from error
        return cls(path, named)

    def wrap(self, secret: bytes, about: str) -> str:
        """Return the secret in a box of AES-GCM."""
        return base64.b64encode(self._box.lock(secret, about.encode())).decode()

    def unwrap(self, wrapped: str, about: str) -> bytes:
        """Return the secret in a box."""
        try:
            return self._box.unlock(base64.b64decode(wrapped, validate=True), about.encode())
        except (TableError, ValueError) as error:
            raise wrong_root(
                str(self.path), "put the root key file that belongs to this vault in its place"
            ) from error

    def describe(self) -> Mapping[str, object]:
        """Return the name of the file."""
        return {"kind": self.kind, "file": self._named}


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise TableError(
                "The root key can be read by others than its owner",
                where=str(path),
                remedy=f"run: chmod 600 {path}; if others had access, change the root and rotate",
            )
        held = json.loads(path.read_text("utf-8"))
        root = bytes.fromhex(str(held["root"]))
    except FileNotFoundError as error:
        raise TableError(
            "The root key is missing",
            where=str(path),
            remedy="restore it from its backup: without it no token of this vault can be read",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if len(root) != SECRET_BYTES or held.get("format") != _FORMAT:
        raise _damaged(path)
    return root


def _damaged(path: Path) -> TableError:
    return TableError(
        "The root key is damaged",
        where=str(path),
        remedy="restore the file from its backup",
    )
