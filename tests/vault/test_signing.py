"""Signatures and boxes: what was altered, or made with another key, is refused."""

from __future__ import annotations

import json

import pytest

from amends.kernel.errors import TableError, UsageError
from amends.vault.boxes import ContactKeys, SecretBox, seal_for
from amends.vault.signing import SigningKey, from_base64url, read_jws, to_base64url, verify

# RFC 8032, section 7.1, test 2.
SECRET = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
PUBLIC = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
SIGNATURE = (
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def test_signatures_are_those_of_the_standard() -> None:
    key = SigningKey.from_bytes(bytes.fromhex(SECRET))
    assert key.public_bytes().hex() == PUBLIC
    assert key.sign(b"\x72").hex() == SIGNATURE
    assert verify(bytes.fromhex(PUBLIC), b"\x72", bytes.fromhex(SIGNATURE))
    assert not verify(bytes.fromhex(PUBLIC), b"\x73", bytes.fromhex(SIGNATURE))
    assert not verify(b"short", b"\x72", b"")


def test_the_key_id_is_that_of_the_standard() -> None:
    """RFC 8037, appendix A.3."""
    raw = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
    assert SigningKey.from_bytes(raw).key_id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_an_answer_is_read_back_and_only_with_its_key() -> None:
    key, other = SigningKey.create(), SigningKey.create()
    token = key.jws({"state": "yes", "n": 1})
    assert read_jws(token, key.public_bytes()) == {"state": "yes", "n": 1}
    assert SigningKey.from_bytes(key.to_bytes()).jwk() == key.jwk()
    with pytest.raises(UsageError):
        read_jws(token, other.public_bytes())


def test_altered_answers_are_refused() -> None:
    key = SigningKey.create()
    head, payload, mark = key.jws({"state": "no"}).split(".")
    none = to_base64url(json.dumps({"alg": "none"}).encode())
    forged = to_base64url(b'{"state":"yes"}')
    flipped = ("A" if mark[0] != "A" else "B") + mark[1:]
    for token in (
        f"{head}.{forged}.{mark}",
        f"{none}.{payload}.",
        f"{none}.{payload}.{mark}",
        f"{head}.{payload}.{flipped}",
        f"{head}.{payload}",
        "",
        "a.b.c",
        "é.é.é",
        f"{head}.{payload}.{mark}.x",
    ):
        with pytest.raises(UsageError):
            read_jws(token, key.public_bytes())


def test_a_box_opens_with_its_key_and_subject_only() -> None:
    box = SecretBox(b"k" * 32)
    sealed = box.lock(b"code", b"person")
    assert box.unlock(sealed, b"person") == b"code"
    assert box.lock(b"code") != box.lock(b"code")
    for wrong in (sealed[:-1], sealed[:5], b"", sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(TableError):
            box.unlock(wrong, b"person")
    with pytest.raises(TableError):
        box.unlock(sealed, b"another")
    with pytest.raises(TableError):
        SecretBox(b"l" * 32).unlock(sealed, b"person")


def test_only_the_case_opens_what_the_site_sealed() -> None:
    case = ContactKeys.create()
    sealed = seal_for(case.public_bytes(), b"someone@example.test")
    assert ContactKeys.from_bytes(case.to_bytes()).open(sealed) == b"someone@example.test"
    assert b"someone" not in sealed
    assert seal_for(case.public_bytes(), b"x") != seal_for(case.public_bytes(), b"x")
    for wrong in (sealed[:-1], b"", sealed[:40], bytes(100)):
        with pytest.raises(TableError):
            case.open(wrong)
    with pytest.raises(TableError):
        ContactKeys.create().open(sealed)
