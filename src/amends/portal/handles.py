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
import pyarrow.compute as pc
from numpy.typing import NDArray

from amends.vault.blind import BlindIndex
from amends.vault.codes import code_bytes

REF_BYTES = 32
_READ_BYTES = 15
_REF = re.compile(r"[0-9A-Fa-f]{64}")
_SIGNS = re.compile(r"[^0-9A-Za-z]")
_BLOCK = 64


def person_numbers(index: BlindIndex, code_key: bytes, person_ids: pa.Array) -> NDArray[np.uint64]:
    """Return the keyed hash of each person's letter code."""
    return index.hashes(code_bytes(code_key, person_ids))


def account_form(account: str) -> str:
    """Return an account number in the form in which references are made of it.

    Letters A to Z and digits, in capitals, without leading zeros: the evidence may write ``00 555-0001a`` where the
    company's own system writes ``5550001A``, and a reference of another spelling would be answered "no".
    """
    return _SIGNS.sub("", account).upper().lstrip("0")


def account_forms(accounts: pa.Array) -> pa.Array:
    """Return each account number in that form; null where it holds no letter and no digit."""
    plain = pc.ascii_upper(pc.replace_substring_regex(accounts, _SIGNS.pattern, ""))
    plain = pc.ascii_ltrim(plain, "0")
    return pc.if_else(pc.equal(plain, ""), pa.scalar(None, pa.string()), plain)


def account_ref(account_key: bytes, account: str) -> str:
    """Return the reference of one account, however it is written: 64 hex digits."""
    return hmac.digest(account_key, account_form(account).encode(), "sha256").hex()


def account_refs(account_key: bytes, accounts: pa.Array) -> NDArray[np.uint8]:
    """Return the reference of each account, however it is written, one row of 32 bytes each."""
    return refs_of_forms(account_key, pc.fill_null(account_forms(accounts), ""))


def refs_of_forms(account_key: bytes, forms: pa.Array) -> NDArray[np.uint8]:
    """Return the reference of each account that is in its form, one row of 32 bytes each.

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

    joined = b"".join(map(one, forms.to_pylist()))
    return np.frombuffer(joined, np.uint8).reshape(-1, REF_BYTES)


def account_numbers(index: BlindIndex, refs: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the keyed hash of each account reference."""
    return index.hashes(np.ascontiguousarray(refs[:, :_READ_BYTES]))


def account_number(index: BlindIndex, ref_hex: str) -> int | None:
    """Return the keyed hash of one account reference; ``None`` when it is none."""
    if not _REF.fullmatch(ref_hex):
        return None
    return index.hash(bytes.fromhex(ref_hex)[:_READ_BYTES])
