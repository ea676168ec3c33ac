"""What stands for a person outside the case: hashes of codes, handles, account references. In batches.

Source:
    Account references: HMAC (RFC 2104) with SHA-256 under a key that only the company and the case have. The look-up
    reads the first 120 of their 256 bits: two of 54 million share them with probability 1 in 10^21.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from amends.vault.blind import BlindIndex
from amends.vault.codes import code_bytes

REF_BYTES = 32
_READ_BYTES = 15
_REF = re.compile(r"[0-9A-Fa-f]{64}")
_BLOCK = 64


def person_numbers(index: BlindIndex, code_key: bytes, person_ids: pa.Array) -> NDArray[np.uint64]:
    """Return the keyed hash of each person's letter code."""
    return index.hashes(code_bytes(code_key, person_ids))


def account_ref(account_key: bytes, account: str) -> str:
    """Return the reference of one account, 64 hex digits."""
    return hmac.digest(account_key, account.encode(), "sha256").hex()


def account_refs(account_key: bytes, accounts: pa.Array) -> NDArray[np.uint8]:
    """Return the reference of each account, one row of 32 bytes each.

    The two half-done digests of HMAC are made once; a batch call does not exist for SHA-256.
    """
    padded = account_key.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded)).copy
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in padded)).copy

    def one(text: str) -> bytes:
        within, around = inner(), outer()
        within.update(text.encode())
        around.update(within.digest())
        return around.digest()

    joined = b"".join(map(one, accounts.to_pylist()))
    return np.frombuffer(joined, np.uint8).reshape(-1, REF_BYTES)


def account_numbers(index: BlindIndex, refs: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the keyed hash of each account reference."""
    return index.hashes(np.ascontiguousarray(refs[:, :_READ_BYTES]))


def account_number(index: BlindIndex, ref_hex: str) -> int | None:
    """Return the keyed hash of one account reference; ``None`` when it is none."""
    if not _REF.fullmatch(ref_hex):
        return None
    return index.hash(bytes.fromhex(ref_hex)[:_READ_BYTES])
