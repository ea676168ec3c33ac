"""The case's root key, and the keys drawn from it.

Source:
    HKDF: RFC 5869, with SHA-256. AES-SIV takes a key of 64 bytes (RFC 5297, section 2.2) for
        AES-256.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amends.kernel.errors import TableError, UsageError

ROOT_FILE = "root.json"
ROOT_BYTES = 32
SIV_KEY_BYTES = 64
_VERSION = 1


def create_keys(folder: Path) -> None:
    """Make the root key of a case, once; a key that is there already is left alone.

    Args:
        folder: ``CASE/keys``; made with mode 0700, the key with mode 0600.

    Raises:
        UsageError: The folder cannot be written.
    """
    path = folder / ROOT_FILE
    if path.exists():
        return
    root = secrets.token_bytes(ROOT_BYTES)
    text = json.dumps({"version": _VERSION, "root": root.hex(), "check": _check(root)}) + "\n"
    half = folder / f".{ROOT_FILE}.{secrets.token_hex(8)}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        try:
            # A link, unlike a rename, never replaces a key that another process has just made.
            os.link(half, path)
        except FileExistsError:
            pass
        finally:
            half.unlink()
    except OSError as error:
        raise UsageError(
            "The case's key cannot be written",
            where=str(path),
            remedy="make the folder writable for you and run the command again",
        ) from error


def load_root(folder: Path) -> bytes:
    """Return the root key of a case.

    Args:
        folder: ``CASE/keys``.

    Returns:
        32 bytes.

    Raises:
        TableError: The key is missing, damaged, or of another version.
    """
    path = folder / ROOT_FILE
    try:
        held = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise TableError(
            "The case's key is missing",
            where=str(path),
            remedy="restore the folder keys/ from this case's backup: no token can be read without",
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if not isinstance(held, dict) or held.get("version") != _VERSION:
        raise TableError(
            "The case's key was written by another version of Amends",
            where=str(path),
            remedy="use the version that made this case",
        )
    try:
        root = bytes.fromhex(str(held.get("root", "")))
    except ValueError as error:
        raise _damaged(path) from error
    if len(root) != ROOT_BYTES or held.get("check") != _check(root):
        raise _damaged(path)
    return root


def domain_key(root: bytes, purpose: str, domain: str) -> bytes:
    """Return the AES-SIV key of one domain.

    Args:
        root: The case's root key.
        purpose: What the key is for: ``token`` or ``fingerprint``.
        domain: An element code, or another name for values that are compared with each other.

    Returns:
        64 bytes.
    """
    return _draw(root, f"amends/1/{purpose}/{domain}", SIV_KEY_BYTES)


def _draw(root: bytes, label: str, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=label.encode()).derive(root)


def _check(root: bytes) -> str:
    """Return what tells a damaged key from a whole one without telling the key."""
    return _draw(root, "amends/1/check", 8).hex()


def _damaged(path: Path) -> TableError:
    return TableError(
        "The case's key is damaged",
        where=str(path),
        remedy="restore the folder keys/ from the backup of this case",
    )
