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
