"""What a root key can do: wrap one small secret, and unwrap it again. The siblings of this file are alike.

The root key wraps the *root secret* of a keyring, 32 bytes; everything else hangs from that secret. So a key service is
asked once when a vault is opened, never per value, and a change of the root re-writes one small file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from amends.kernel.errors import TableError

SECRET_BYTES = 32

Ask = Callable[[str], str]
"""Asks a person for a secret: given the question, returns the answer."""


class RootKey(Protocol):
    """A key that never leaves its place.

    Attributes:
        kind: ``file``, ``passphrase`` or ``transit``.
    """

    kind: str

    def wrap(self, secret: bytes, about: str) -> str:
        """Return ``secret`` so that only this root can read it; ``about`` is bound in and not hidden."""

    def unwrap(self, wrapped: str, about: str) -> bytes:
        """Return the secret.

        Raises:
            TableError: This root did not wrap it, or it was altered.
            UsageError: The root cannot be reached.
        """

    def describe(self) -> Mapping[str, object]:
        """Return what the keyring keeps to find this root again; nothing in it is secret."""


def wrong_root(where: str, remedy: str) -> TableError:
    """Return the error for a root that does not fit its keyring."""
    return TableError("The root key does not open this keyring", where=where, remedy=remedy)
