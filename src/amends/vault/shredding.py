"""Crypto-shredding: tokens are made unreadable by destroying the key they hang from.

The wrapped key is taken out of ``keyring.json``, the bytes of the file before are overwritten, the keyring is sealed
anew, and a tombstone stays: which key it was (by digest), when, why. A certificate says what was seen to be gone, and,
as plainly, what cannot be seen from here.

Source:
    NIST SP 800-88 Rev. 2, cryptographic erase; NIST SP 800-57 part 1, section 8.3.4 (destroyed keys).
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from amends.kernel import clock, ids
from amends.kernel.errors import TableError, UsageError
from amends.kernel.ledger import actor_name
from amends.vault import keyfile
from amends.vault.chunks.base import Chunks
from amends.vault.ciphers import Scheme
from amends.vault.keyfile import HeldKey
from amends.vault.keyring import Keyring
from amends.vault.rotation import holdings

USES: tuple[str, ...] = ("siv", "ff1", "random", "blind")
"""Uses of a domain's keys that go when the domain goes."""

CANNOT_BE_PROVED = (
    "Copies of keyring.json elsewhere (backups, snapshots, mail): with the root key they still open these keys.",
    "Blocks of the disk that still hold the old file: flash disks and copy-on-write file systems keep them a while.",
    "Memory and swap of programs that had the vault open: they let the key go when they next use the vault.",
    "Values that somebody read in clear before.",
)
REMEDIES = (
    "Destroy the backups of keyring.json, or change the root (amends vault rewrap) and destroy the old root key: "
    "a backup without its root key opens nothing.",
    "Restart the programs that use this vault.",
)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Gone:
    """A key that was shredded.

    Attributes:
        use: What it was for.
        domain: Whose values.
        version: Which version.
        made_at: When it had been made.
        wrapped_sha256: Digest of the wrapped key as it stood in the keyring.
    """

    use: str
    domain: str
    version: int
    made_at: str
    wrapped_sha256: str


@dataclass(frozen=True)
class Certificate:
    """What can be said of a shredding, for whoever must be shown it.

    Attributes:
        certificate: ``K`` and hex.
        vault: Id of the vault.
        at: When.
        by: Who.
        reason: Why.
        keys: What was destroyed.
        keyring_revision: Of the keyring after it.
        keyring_sha256: Digest of ``keyring.json`` after it.
        ledger: Digest of the ledger's line.
        searched: How many files of the vault's folder were searched for the wrapped keys.
        left: Files in which one was found; empty when none is left.
        cannot_be_proved: What nobody can see from here.
        remedy: What to do about it.
        mac: HMAC-SHA-256 over the rest, under a key of the vault.
    """

    certificate: str
    vault: str
    at: str
    by: str
    reason: str
    keys: tuple[Gone, ...]
    keyring_revision: int
    keyring_sha256: str
    ledger: str
    searched: int
    left: tuple[str, ...]
    cannot_be_proved: tuple[str, ...] = CANNOT_BE_PROVED
    remedy: tuple[str, ...] = REMEDIES
    mac: str = ""

    def as_json(self) -> dict[str, object]:
        """Return the certificate as JSON."""
        return asdict(self)


def shred_domain(
    keyring: Keyring, domain: str, reason: str, uses: Sequence[str] = USES
) -> Certificate:
    """Destroy every key of a domain: its tokens, in whatever copy, can no longer be read.

    Args:
        keyring: The vault's keys.
        domain: Whose keys.
        reason: Why; it stands in the ledger and the certificate. No personal value.
        uses: ``siv``, ``ff1``, ``random``, ``blind``: all of them, or some.

    Raises:
        UsageError: There is nothing to destroy, or no reason is given.
        TableError: The keyring cannot be written; nothing was destroyed.
    """
    places = {(use, domain) for use in uses}
    return _shred(keyring, lambda k: k.place in places, reason, domain)


def drop_version(
    keyring: Keyring,
    domain: str,
    scheme: Scheme,
    version: int,
    reason: str,
    places: Sequence[Chunks] = (),
) -> Certificate:
    """Destroy one older version of a key, against the proof that nothing holds it.

    Args:
        keyring: The vault's keys.
        domain: Whose key.
        scheme: Of which kind.
        version: Which version; never the active one.
        reason: Why.
        places: Every place that holds tokens of this domain: they are counted. For FF1 the ended rotation is the proof.

    Raises:
        UsageError: It is the active version, or there is none such, or no place was named.
        TableError: A place still holds tokens of it; nothing was destroyed.
    """
    held = {k.version: k for k in keyring.versions(scheme, domain)}
    if version not in held or held[version].state != "retired":
        raise UsageError(
            f"Version {version} of {domain} ({scheme}) is not one that was replaced and is still held",
            where=str(keyring.folder),
            remedy="see the versions with: amends vault keys; to destroy the domain, leave --version out",
        )
    if scheme != "ff1":
        _prove_unheld(keyring, domain, scheme, version, places)
    return _shred(
        keyring, lambda k: k.place == (scheme, domain) and k.version == version, reason, domain
    )


def check_certificate(keyring: Keyring, certificate: Mapping[str, object]) -> bool:
    """Return whether a certificate was written by this vault and not changed since."""
    given = {k: v for k, v in certificate.items() if k != "mac"}
    return hmac.compare_digest(_mac(keyring, given), str(certificate.get("mac", "")))


def _prove_unheld(
    keyring: Keyring, domain: str, scheme: Scheme, version: int, places: Sequence[Chunks]
) -> None:
    if not places:
        raise UsageError(
            "Dropping a version needs the places that could hold its tokens, to count them",
            where=domain,
            remedy="name each with --at STORE TABLE COLUMN",
        )
    n = holdings(keyring, domain, places, scheme).get(version, 0)
    if n:
        raise TableError(
            f"{n:,} tokens of {domain} still hang from version {version}; nothing was destroyed",
            where=", ".join(place.name for place in places),
            remedy=f"turn them first: amends vault rotate {keyring.folder} {domain}",
        )


def _shred(keyring: Keyring, chosen: object, reason: str, domain: str) -> Certificate:
    assert callable(chosen)
    if not reason.strip():
        raise UsageError(
            "A reason must be given: it stands in the ledger", remedy="add --reason TEXT"
        )
    certificate_key = keyring.mac_key(
        "certificates"
    )  # made before, so that the revision below is the last
    at = clock.stamp()
    going = [k for k in keyring.file().keys if chosen(k) and k.state != "shredded"]
    if not going:
        raise UsageError(
            f"The vault holds no key of {domain} that could be destroyed",
            where=str(keyring.folder),
            remedy="see what it holds with: amends vault keys",
        )
    gone = tuple(Gone(k.use, k.domain, k.version, k.made_at, k.digest()) for k in going)
    told: dict[str, object] = {
        "domain": domain, "reason": reason, "keys": [asdict(g) for g in gone]
    }  # fmt: skip
    with keyring.changing("key.shredded", told) as change:
        keys = tuple(_tombstone(k, at, reason) if k in going else k for k in change.file.keys)
        change.file = replace(change.file, keys=keys)
    _sweep(keyring.folder)
    searched, left = _search(keyring.folder, [k.wrapped.encode() for k in going])
    line = keyring.ledger.last("key.shredded")
    made = Certificate(
        "K" + ids.new(6), keyring.vault_id, at, actor_name(), reason, gone,
        keyring.file().revision, ids.digest_file(keyring.folder / keyfile.KEYRING_FILE),
        line.digest if line else "", searched, left,
    )  # fmt: skip
    del certificate_key
    return replace(made, mac=_mac(keyring, {k: v for k, v in made.as_json().items() if k != "mac"}))


def _mac(keyring: Keyring, given: Mapping[str, object]) -> str:
    key = keyring.mac_key("certificates")
    return hmac.new(key, ids.canonical_json(given).encode(), "sha256").hexdigest()


def _tombstone(held: HeldKey, at: str, reason: str) -> HeldKey:
    return replace(
        held, state="shredded", wrapped="", wrapped_sha256=held.digest(), gone_at=at, reason=reason
    )


def _sweep(folder: Path) -> None:
    """Overwrite and remove what killed processes left of keyrings half written."""
    for half in folder.glob(f".{keyfile.KEYRING_FILE}.*"):
        with suppress(OSError):
            with half.open("r+b") as stream:
                stream.write(secrets.token_bytes(half.stat().st_size))
                stream.flush()
                os.fsync(stream.fileno())
            half.unlink()


def _search(folder: Path, wrapped: Sequence[bytes]) -> tuple[int, tuple[str, ...]]:
    """Return how many files of a folder were read, and the names of those that hold a wrapped key."""
    found, searched = [], 0
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            searched += 1
            if _holds(path, wrapped):
                found.append(path.relative_to(folder).as_posix())
    return searched, tuple(found)


def _holds(path: Path, wrapped: Sequence[bytes]) -> bool:
    overlap = max(map(len, wrapped)) - 1
    tail = b""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            seen = tail + block
            if any(key in seen for key in wrapped):
                return True
            tail = seen[-overlap:]
    return False
