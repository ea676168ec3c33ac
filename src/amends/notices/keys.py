"""The case's key for notices: ids and codes that an outsider can neither make nor test."""

from __future__ import annotations

import base64
import hashlib
import hmac

from amends.kernel.case import Case
from amends.vault.keys import create_keys, domain_key, load_root

_ALPHABET = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def notice_key(case: Case) -> bytes:
    """Return 32 bytes from which notice ids and personal codes are made."""
    folder = case.folder / "keys"
    create_keys(folder)
    return domain_key(load_root(folder), "token", "notices")[:32]


def personal_code(key: bytes, person_id: str) -> str:
    """Return a person's own code, the same in every edition: ``XXXX-XXXX-XXXX``, 60 bits, no I, L, O, U.

    Source:
        HMAC: RFC 2104. Letters: Crockford's base 32, which is read aloud without mistakes.
    """
    raw = hmac.new(key, f"code|{person_id}".encode(), hashlib.sha256).digest()
    text = base64.b32encode(raw)[:12].decode().translate(_ALPHABET)
    return f"{text[:4]}-{text[4:8]}-{text[8:]}"
