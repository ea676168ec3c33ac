from __future__ import annotations

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from amends.vault.siv import BatchSiv

# RFC 5297 A.1 and A.2 carry associated data; these bytes are the key of A.1 and lengths around
# every block edge.
RFC_KEY = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
LENGTHS = [*range(35), 47, 48, 49, 63, 64, 65, 200]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("key_bytes", [32, 48, 64])
def test_the_batch_gives_the_bytes_of_the_library(length: int, key_bytes: int) -> None:
    rng = np.random.default_rng(length)
    key = rng.bytes(key_bytes)
    rows = rng.integers(0, 256, (50, length), dtype=np.uint8)
    sealed = BatchSiv(key).seal(rows)
    if not length:  # the library refuses empty text; its tag is S2V of the empty string
        assert sealed.shape == (50, 16)
        return
    peer = AESSIV(key)
    assert [row.tobytes() for row in sealed] == [peer.encrypt(r.tobytes(), None) for r in rows]


def test_a_hundred_thousand_random_values_agree() -> None:
    rng = np.random.default_rng(7)
    key = rng.bytes(64)
    rows = rng.integers(0, 256, (100_000, 9), dtype=np.uint8)
    peer = AESSIV(key)
    expected = b"".join(peer.encrypt(row.tobytes(), None) for row in rows)
    assert BatchSiv(key).seal(rows).tobytes() == expected


def test_the_steps_agree_with_the_vectors_of_the_standard() -> None:
    # RFC 4493 section 4: AES(K, 0) and CMAC subkeys of its example key.
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    siv = BatchSiv(key + key)
    assert siv._whole.tobytes().hex() == "fbeed618357133667c85e08f7236a8de"
    assert siv._part.tobytes().hex() == "f7ddac306ae266ccf90bc11ee46d513b"
    # RFC 5297 A.1: CMAC of the zero block under K1 of the example key.
    assert BatchSiv(RFC_KEY)._last.tobytes().hex() == "0e04dfafc1efbf040140582859bf073a"


def test_what_is_sealed_opens_and_what_is_altered_does_not() -> None:
    rng = np.random.default_rng(3)
    rows = rng.integers(0, 256, (20, 21), dtype=np.uint8)
    siv = BatchSiv(RFC_KEY)
    sealed = siv.seal(rows)
    values, whole = siv.open(sealed)
    assert whole.all() and (values == rows).all()
    sealed[4, 30] ^= 1
    assert np.flatnonzero(~siv.open(sealed)[1]).tolist() == [4]


# RFC 5297, appendix A: the whole of both examples, associated data included.
RFC_EXAMPLES = [
    (
        RFC_KEY.hex(),
        ["101112131415161718191a1b1c1d1e1f2021222324252627"],
        "112233445566778899aabbccddee",
        "85632d07c6e8f37f950acd320a2ecc93" "40c02b9690c4dc04daef7f6afe5c",
    ),
    (
        "7f7e7d7c7b7a79787776757473727170404142434445464748494a4b4c4d4e4f",
        [
            "00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa99887766554433221100",
            "102030405060708090a0",
            "09f911029d74e35bd84156c5635688c0",
        ],
        "7468697320697320736f6d6520706c61696e7465787420746f20656e6372797074207573696e67205349562d414553",
        "7bdb6e3b432667eb06f4d14bff2fbd0f"
        "cb900f2fddbe404326601965c889bf17dba77ceb094fa663b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("key", "associated", "plain", "sealed"), RFC_EXAMPLES)
def test_the_examples_of_the_standard_come_out(
    key: str, associated: list[str], plain: str, sealed: str
) -> None:
    siv = BatchSiv(bytes.fromhex(key), [bytes.fromhex(a) for a in associated])
    row = np.frombuffer(bytes.fromhex(plain), np.uint8)[None, :]
    made = siv.seal(np.repeat(row, 3, axis=0))
    assert [r.tobytes().hex() for r in made] == [sealed] * 3
    values, whole = siv.open(made)
    assert whole.all() and (values == row).all()


def test_a_nonce_as_the_last_associated_data_gives_the_same_bytes() -> None:
    # RFC 5297 A.2 again, its last associated data now a nonce that may differ from row to row.
    key, associated, plain, sealed = RFC_EXAMPLES[1]
    *fixed, nonce = [bytes.fromhex(a) for a in associated]
    rows = np.repeat(np.frombuffer(bytes.fromhex(plain), np.uint8)[None, :], 2, axis=0)
    nonces = np.stack([np.frombuffer(nonce, np.uint8), np.zeros(16, np.uint8)])
    made = BatchSiv(bytes.fromhex(key), fixed).seal(rows, nonces)
    assert made[0].tobytes().hex() == sealed
    assert made[1].tobytes() == AESSIV(bytes.fromhex(key)).encrypt(
        rows[1].tobytes(), [*fixed, bytes(16)]
    )


def test_a_hundred_thousand_values_of_random_lengths_agree() -> None:
    rng = np.random.default_rng(11)
    key = rng.bytes(64)
    peer, siv = AESSIV(key), BatchSiv(key)
    n = 0
    for length, count in zip(
        *np.unique(rng.integers(0, 201, 100_000), return_counts=True), strict=True
    ):
        rows = rng.integers(0, 256, (count, length), dtype=np.uint8)
        sealed = siv.seal(rows)
        n += count
        if length:  # the library refuses empty text
            assert [r.tobytes() for r in sealed] == [peer.encrypt(r.tobytes(), None) for r in rows]
        else:
            assert sealed.tobytes() == siv.tags(rows).tobytes()
    assert n == 100_000
