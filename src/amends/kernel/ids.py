"""The only source of chance, and the one way digests are taken."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Iterable
from pathlib import Path

_CHUNK = 1 << 20


def new(size_bytes: int = 8) -> str:
    """Return fresh random hex, twice ``size_bytes`` characters long."""
    return secrets.token_hex(size_bytes)


def named_uuid(space: str, name: str) -> str:
    """Return the UUID of a name: the same name in the same space has the same one (RFC 9562, version 5).

    Args:
        space: UUID of the name space.
        name: What is named.
    """
    return str(uuid.uuid5(uuid.UUID(space), name))


def canonical_json(value: object) -> str:
    """Return JSON with sorted keys and no spare spaces: the same value is the same text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def digest_text(text: str) -> str:
    """Return the SHA-256 of text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_value(value: object) -> str:
    """Return the SHA-256 of a JSON value, independent of key order."""
    return digest_text(canonical_json(value))


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def digest_files(paths: Iterable[Path], root: Path) -> str:
    """Return one digest over many files, by their names relative to ``root`` and their bytes."""
    lines = [f"{p.relative_to(root).as_posix()} {digest_file(p)}" for p in sorted(paths)]
    return digest_text("\n".join(lines))
