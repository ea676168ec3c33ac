"""Enrolment codes as they are kept: sealed, and found again by a keyed hash. A plain code is never on disk.

Source:
    BLAKE2 keyed hashing and personalisation: RFC 7693, section 2.9 and the BLAKE2 paper, section 2.8. 128 bits: two of
    a hundred million codes share a hash with probability 2 in 10^23.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from amends.portal.keys import SiteKeys
from amends.vault.boxes import SecretBox

LAST_SHOWN = 4


class CodeSeal:
    """Seals codes under keys drawn from the site's key for offers.

    Args:
        keys: The site's keys, or 32 bytes or more.
    """

    def __init__(self, keys: SiteKeys | bytes) -> None:
        key = keys if isinstance(keys, bytes) else keys.state_key
        self._index = _drawn(key, b"offers/index")
        self._box = SecretBox(_drawn(key, b"offers/box"))

    def key_of(self, code: str) -> str:
        """Return the keyed hash of a code: 32 hex digits, the same for the same code."""
        return hashlib.blake2b(code.encode(), digest_size=16, key=self._index).hexdigest()

    def key_of_file(self, chunks: Iterable[bytes]) -> str:
        """Return the keyed hash of a file's bytes: it tells an earlier attempt, and nothing of the codes."""
        digest = hashlib.blake2b(digest_size=16, key=self._index, person=b"offers/file")
        for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()

    def lock(self, code: str, code_key: str) -> bytes:
        """Return the code sealed; it opens only beside its own hash."""
        return self._box.lock(code.encode(), code_key.encode())

    def unlock(self, sealed: bytes, code_key: str) -> str:
        """Return the code.

        Raises:
            TableError: It was sealed with another key, or was altered.
        """
        return self._box.unlock(sealed, code_key.encode()).decode()


def last_of(code: str) -> str:
    """Return as much of a code as lists may show: its last four characters, and never more than half of it."""
    return code[-min(LAST_SHOWN, len(code) // 2) :] if len(code) > 1 else ""


def _drawn(key: bytes, person: bytes) -> bytes:
    if len(key) < 32:
        raise ValueError("the key for offers has fewer than 32 bytes")
    return hashlib.blake2b(key=key[:64], person=person, digest_size=32).digest()
