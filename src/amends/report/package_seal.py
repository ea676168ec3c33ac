"""A package of files under one signature: a zip with its list of digests, checked without Amends or with it.

``manifest.json`` lists every file with its SHA-256; ``manifest.sig`` is an Ed25519 signature over it; ``signer.pem``
and ``signer.json`` hold the public key. The same files and the same manifest give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amends.kernel import ids
from amends.kernel.errors import EvidenceError, UsageError
from amends.vault.signing import SigningKey, from_base64url, verify

MANIFEST, SIGNATURE, SIGNER, SIGNER_PEM, SUMS = (
    "manifest.json", "manifest.sig", "signer.json", "signer.pem", "SHA256SUMS",
)  # fmt: skip
_OWN = (MANIFEST, SIGNATURE, SIGNER, SIGNER_PEM, SUMS)
_SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, section 4
_WHEN = (1980, 1, 1, 0, 0, 0)  # the first a zip can hold: bytes do not depend on the day
_MOST_BYTES = 2 << 30
_DAMAGED = (
    OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What checking a package found.

    Attributes:
        faults: A sentence for each thing that is not as it was signed; empty where all is sound.
        manifest: Its manifest; empty where it cannot be read.
        key_id: Thumbprint of the key that signed it (RFC 7638); "" where there is none.
    """

    faults: tuple[str, ...]
    manifest: Mapping[str, Any]  # Any: JSON
    key_id: str


def sealed(files: Mapping[str, bytes], about: Mapping[str, object], key: SigningKey) -> bytes:
    """Return a zip of files with its signed manifest.

    Args:
        files: Path inside the package -> bytes.
        about: What the manifest says besides the list: case, run, audience …
        key: Signs it.
    """
    listed = [
        {"path": path, "size_bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}
        for path, payload in sorted(files.items())
    ]
    manifest = ids.canonical_json({**about, "files": listed}).encode()
    sums = "".join(f"{row['sha256']}  {row['path']}\n" for row in listed)
    own = {
        MANIFEST: manifest,
        SIGNATURE: key.sign(manifest),
        SIGNER: (ids.canonical_json(key.jwk()) + "\n").encode(),
        SIGNER_PEM: _pem(key.public_bytes()),
        SUMS: sums.encode(),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, payload in (*own.items(), *sorted(files.items())):
            entry = zipfile.ZipInfo(path, _WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, payload)
    return out.getvalue()


def check(package: Path, key_id: str = "") -> Checked:
    """Check a package: its signature, every file against it, and that none was added.

    Args:
        package: The zip.
        key_id: Thumbprint that the signer gave by another way; "" takes the key in the package at its word.

    Raises:
        UsageError: It is no package.
    """
    files = _unpacked(package)
    missing = [name for name in (MANIFEST, SIGNATURE, SIGNER) if name not in files]
    if missing:
        return Checked(tuple(f"{name} is missing" for name in missing), {}, "")
    found, public = _signer(files[SIGNER])
    faults = []
    if not public or not verify(public, files[MANIFEST], files[SIGNATURE]):
        faults.append("the manifest is not what was signed")
    if key_id and key_id != found:
        faults.append("it was signed by another key than the one you name")
    if files.get(SIGNER_PEM) != _pem(public):
        faults.append(f"{SIGNER_PEM} is not the key that signed")
    manifest = _manifest(files[MANIFEST])
    return Checked((*faults, *_file_faults(files, manifest)), manifest, found)


def _file_faults(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> list[str]:
    listed = {
        str(row.get("path")): row for row in manifest.get("files", []) if isinstance(row, dict)
    }
    faults = []
    for path, row in listed.items():
        if path not in files:
            faults.append(f"{path} is missing")
        elif hashlib.sha256(files[path]).hexdigest() != row.get("sha256"):
            faults.append(f"{path} was changed")
    faults += [
        f"{path} was added" for path in sorted(files) if path not in listed and path not in _OWN
    ]
    sums = "".join(f"{row.get('sha256')}  {path}\n" for path, row in listed.items())
    if files.get(SUMS, b"").decode("utf-8", "replace") != sums:
        faults.append(f"{SUMS} was changed")
    return faults


def _unpacked(package: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(package) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise EvidenceError(
                    "The package would unpack to more than 2 GiB",
                    where=package.name,
                    remedy="ask who sent it",
                )
            names = [entry.filename for entry in archive.infolist()]
            if len(names) != len(set(names)):
                raise EvidenceError(
                    "The package holds two files of one name",
                    where=package.name,
                    remedy="ask for it again",
                )
            return {name: archive.read(name) for name in names}
    except _DAMAGED as error:
        raise UsageError(
            "This is no package, or it is damaged", where=package.name, remedy="ask for it again"
        ) from error


def _manifest(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _signer(raw: bytes) -> tuple[str, bytes]:
    """Return thumbprint and public key of a JSON web key; empty where it is none."""
    try:
        jwk = json.loads(raw)
        public = from_base64url(str(jwk["x"]))
    except (ValueError, KeyError, TypeError):
        return "", b""
    thumb = ids.canonical_json({"crv": "Ed25519", "kty": "OKP", "x": str(jwk["x"])})
    key_id = base64.urlsafe_b64encode(hashlib.sha256(thumb.encode()).digest()).rstrip(b"=").decode()
    return key_id, public


def _pem(public: bytes) -> bytes:
    body = base64.b64encode(_SPKI_ED25519 + public).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()
