"""Ed25519 signatures, and answers signed as compact JWS.

Source:
    Ed25519: RFC 8032. JWS: RFC 7515; EdDSA in it and keys of the kind OKP: RFC 8037; key ids: RFC 7638.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from amends.kernel.errors import UsageError


def to_base64url(value: bytes) -> str:
    """Return base64url text without padding (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of base64url text without padding.

    Raises:
        ValueError: It is none.
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class SigningKey:
    """A private key that signs what a site publishes and answers."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self._public = private.public_key().public_bytes_raw()
        thumb = json.dumps(
            {"crv": "Ed25519", "kty": "OKP", "x": to_base64url(self._public)},
            separators=(",", ":"),
        )
        self.key_id = to_base64url(hashlib.sha256(thumb.encode()).digest())
        header = {"alg": "EdDSA", "kid": self.key_id, "typ": "JWT"}
        self._head = to_base64url(json.dumps(header, separators=(",", ":")).encode()).encode()

    @classmethod
    def create(cls) -> SigningKey:
        """Make a fresh key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, raw: bytes) -> SigningKey:
        """Return the key of 32 bytes."""
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    def to_bytes(self) -> bytes:
        """Return the 32 bytes of the private key."""
        return self._private.private_bytes_raw()

    def public_bytes(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return self._public

    def jwk(self) -> dict[str, str]:
        """Return the public key as a JSON web key."""
        x = to_base64url(self._public)
        known = {"kty": "OKP", "crv": "Ed25519", "x": x}
        return {**known, "kid": self.key_id, "use": "sig", "alg": "EdDSA"}

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature."""
        return self._private.sign(message)

    def jws(self, payload: dict[str, Any]) -> str:  # Any: JSON
        """Return a JSON value signed, as compact JWS."""
        return self.jws_of(json.dumps(payload, separators=(",", ":")).encode()).decode()

    def jws_of(self, payload: bytes) -> bytes:
        """Return a payload that is JSON already, signed, as compact JWS."""
        signed = self._head + b"." + base64.urlsafe_b64encode(payload).rstrip(b"=")
        mark = base64.urlsafe_b64encode(self._private.sign(signed)).rstrip(b"=")
        return signed + b"." + mark


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Say whether a message was signed by the owner of a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_jws(token: str, public: bytes) -> dict[str, Any]:  # Any: JSON
    """Return the payload of a compact JWS after checking its signature; times in it are the caller's to check.

    Raises:
        UsageError: It is no JWS, is signed otherwise than by EdDSA, or not by this key.
    """
    try:
        head, payload, mark = token.split(".")
        header = json.loads(from_base64url(head))
        good = header.get("alg") == "EdDSA" and verify(
            public, f"{head}.{payload}".encode(), from_base64url(mark)
        )
        found = json.loads(from_base64url(payload)) if good else None
    except (ValueError, AttributeError) as error:
        raise _not_signed() from error
    if not isinstance(found, dict):
        raise _not_signed()
    return found


def _not_signed() -> UsageError:
    return UsageError(
        "This answer is not signed by the site's key",
        remedy="take the key from the site's /v1/keys, and treat the answer as if there were none",
    )
