"""Boxes: bytes that only the holder of a key can open.

A ``SecretBox`` has one key for both ways. A sealed contact has two: whoever holds the public one can put something in,
and only the case can take it out.

Source:
    AES-GCM: NIST SP 800-38D. X25519: RFC 7748. HKDF: RFC 5869. The sealed form follows the ECIES pattern of RFC 9180
    (base mode), with both public keys bound into the derived key.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amends.kernel.errors import TableError

_NONCE_BYTES = 12
_PUBLIC_BYTES = 32


class SecretBox:
    """Encryption under one key of 32 bytes; a fresh nonce each time, so fit for up to 2^32 boxes a key."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def lock(self, plain: bytes, about: bytes = b"") -> bytes:
        """Return a box; ``about`` must be given again to open it, and is not in it."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, about)

    def unlock(self, sealed: bytes, about: bytes = b"") -> bytes:
        """Return what is in a box.

        Raises:
            TableError: It was made with another key, about something else, or was altered.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
        except (InvalidTag, ValueError) as error:
            raise _shut() from error


class ContactKeys:
    """The pair of keys by which a site can write to the case what it cannot read itself."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def create(cls) -> ContactKeys:
        """Make a fresh pair."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, raw: bytes) -> ContactKeys:
        """Return the pair of a private key of 32 bytes."""
        return cls(X25519PrivateKey.from_private_bytes(raw))

    def to_bytes(self) -> bytes:
        """Return the 32 bytes of the private key."""
        return self._private.private_bytes_raw()

    def public_bytes(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return self._private.public_key().public_bytes_raw()

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed for this pair.

        Raises:
            TableError: It was sealed for another pair, or was altered.
        """
        try:
            fresh = sealed[:_PUBLIC_BYTES]
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(fresh))
            cipher = AESGCM(_key(shared, fresh, self.public_bytes()))
            return cipher.decrypt(bytes(_NONCE_BYTES), sealed[_PUBLIC_BYTES:], None)
        except (InvalidTag, ValueError) as error:
            raise _shut() from error


def seal_for(public: bytes, plain: bytes) -> bytes:
    """Return bytes that only the holder of the private key can open; 48 bytes longer than ``plain``."""
    fresh = X25519PrivateKey.generate()
    own = fresh.public_key().public_bytes_raw()
    shared = fresh.exchange(X25519PublicKey.from_public_bytes(public))
    # The key serves for this one message, so the nonce may stand still.
    return own + AESGCM(_key(shared, own, public)).encrypt(bytes(_NONCE_BYTES), plain, None)


def _key(shared: bytes, fresh: bytes, public: bytes) -> bytes:
    info = b"amends/1/contact" + fresh + public
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared)


def _shut() -> TableError:
    return TableError(
        "A sealed box does not open: it was made with another key, or was altered",
        remedy="use the keys of the site or case that made it",
    )
