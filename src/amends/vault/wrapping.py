"""How keys hang from each other: the one file in which data keys are wrapped and unwrapped.

    root key   (a file, a passphrase through Argon2id, a key service)
      └─ wraps the root secret, 32 random bytes
           ├─ HKDF "amends/1/keyring-seal"         → key of the seal over keyring.json
           └─ HKDF "amends/1/domain/USE/DOMAIN"    → domain key
                └─ AES-256-GCM wraps each data key, 32 or 64 random bytes;
                   vault, use, version and domain are bound in as associated data

Source:
    HKDF-SHA-256: RFC 5869. AES-GCM: NIST SP 800-38D. HMAC: RFC 2104.
"""

from __future__ import annotations

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amends.kernel.errors import TableError
from amends.vault import keyfile
from amends.vault.boxes import SecretBox
from amends.vault.keyfile import HeldKey, KeyFile


def wrap(secret: bytes, vault_id: str, held: HeldKey, key: bytes) -> str:
    """Return a data key wrapped under the key of its domain."""
    box = SecretBox(domain_key(secret, *held.place))
    return keyfile.packed(box.lock(key, f"amends/1/{vault_id}/{held.about}".encode()))


def unwrap(secret: bytes, vault_id: str, held: HeldKey) -> bytes:
    """Return a data key.

    Raises:
        TableError: It does not open under this secret.
    """
    box = SecretBox(domain_key(secret, *held.place))
    try:
        return box.unlock(
            keyfile.unpacked(held.wrapped), f"amends/1/{vault_id}/{held.about}".encode()
        )
    except ValueError as error:
        raise TableError(
            f"A wrapped key of {held.domain} is damaged",
            remedy="restore keyring.json from its backup",
        ) from error


def rewrapped(held: HeldKey, vault_id: str, old: bytes, new: bytes) -> str:
    """Return a data key wrapped under another secret; nothing for a tombstone."""
    if held.state == "shredded":
        return ""
    return wrap(new, vault_id, held, unwrap(old, vault_id, held))


def domain_key(secret: bytes, use: str, domain: str) -> bytes:
    """Return the key under which all data keys of one use and domain are wrapped."""
    return _draw(secret, f"amends/1/domain/{use}/{domain}")


def seal(file: KeyFile, secret: bytes) -> str:
    """Return the seal of a key file, in hex."""
    key = _draw(secret, "amends/1/keyring-seal")
    return hmac.new(key, file.statement().encode(), "sha256").hexdigest()


def _draw(secret: bytes, label: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label.encode()).derive(secret)


def about_secret(vault_id: str) -> str:
    """Return what is bound into the wrapped root secret."""
    return f"amends/1/root-secret/{vault_id}"


def seal_fits(file: KeyFile, sealed: str, secret: bytes) -> bool:
    """Return whether a seal is that of the file under this secret."""
    return hmac.compare_digest(seal(file, secret), sealed)
