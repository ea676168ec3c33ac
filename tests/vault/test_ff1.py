from __future__ import annotations

import math

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.vault.ff1 import BatchFf1, cipher_one

DIGITS = b"0123456789"
BASE36 = b"0123456789abcdefghijklmnopqrstuvwxyz"
BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

K128 = "2B7E151628AED2A6ABF7158809CF4F3C"
K192 = K128 + "EF4359D8D580AA4F"
K256 = K192 + "7F036D6F04FC6A94"
T10, T11 = "39383736353433323130", "3737373770717273373737"

# NIST, FF1 samples 1 to 9 (csrc.nist.gov, Cryptographic Standards and Guidelines, example values).
NIST_SAMPLES = [
    (K128, DIGITS, "", "0123456789", "2433477484"),
    (K128, DIGITS, T10, "0123456789", "6124200773"),
    (K128, BASE36, T11, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (K192, DIGITS, "", "0123456789", "2830668132"),
    (K192, DIGITS, T10, "0123456789", "2496655549"),
    (K192, BASE36, T11, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (K256, DIGITS, "", "0123456789", "6657667009"),
    (K256, DIGITS, T10, "0123456789", "1001623463"),
    (K256, BASE36, T11, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


def _rows(*texts: str) -> np.ndarray:
    return np.array([list(t.encode()) for t in texts], np.uint8)


def _texts(rows: np.ndarray) -> list[str]:
    return [r.tobytes().decode() for r in rows]


def oracle(key: bytes, radix: int, tweak: bytes, x: list[int]) -> list[int]:
    """FF1.Encrypt written straight from the standard, apart from the code that is tested (algorithm 7)."""
    ecb = Cipher(algorithms.AES(key), modes.ECB()).encryptor()

    def ciph(block: bytes) -> bytes:
        return ecb.update(block)

    def prf(text: bytes) -> bytes:
        y = bytes(16)
        for at in range(0, len(text), 16):
            y = ciph(bytes(p ^ q for p, q in zip(y, text[at : at + 16], strict=True)))
        return y

    def number(numerals: list[int]) -> int:
        return sum(numeral * radix**power for power, numeral in enumerate(reversed(numerals)))

    n, t = len(x), len(tweak)
    u = n // 2
    v = n - u
    a, b = x[:u], x[u:]
    bits = (radix**v - 1).bit_length()
    bb = math.ceil(bits / 8)
    d = 4 * math.ceil(bb / 4) + 4
    p = bytes([1, 2, 1, 0]) + radix.to_bytes(2, "big") + bytes([10, u % 256])
    p += n.to_bytes(4, "big") + t.to_bytes(4, "big")
    for i in range(10):
        q = tweak + bytes((-t - bb - 1) % 16) + bytes([i]) + number(b).to_bytes(bb, "big")
        r = prf(p + q)
        s = r
        for j in range(1, math.ceil(d / 16)):
            s += ciph(bytes(k ^ m for k, m in zip(r, j.to_bytes(16, "big"), strict=True)))
        y = int.from_bytes(s[:d], "big")
        m = u if i % 2 == 0 else v
        c = (number(a) + y) % radix**m
        a, b = b, [c // radix**power % radix for power in range(m - 1, -1, -1)]
    return a + b


@pytest.mark.parametrize(("key", "alphabet", "tweak", "plain", "token"), NIST_SAMPLES)
def test_the_samples_of_the_standard_come_out(
    key: str, alphabet: bytes, tweak: str, plain: str, token: str
) -> None:
    cipher = BatchFf1(bytes.fromhex(key), alphabet, bytes.fromhex(tweak))
    made = cipher.encrypt(_rows(plain, plain))
    assert _texts(made) == [token, token]
    assert _texts(cipher.decrypt(made)) == [plain, plain]


@pytest.mark.parametrize("alphabet", [b"01", b"012", DIGITS, BASE36[:16], BASE36, BASE62])
@pytest.mark.parametrize("length", [2, 3, 6, 7, 9, 10, 11, 15, 16, 17, 19, 20, 22, 23, 36, 37, 60])
def test_the_batch_gives_what_the_standard_says_letter_by_letter(
    alphabet: bytes, length: int
) -> None:
    rng = np.random.default_rng(length * 100 + len(alphabet))
    key, tweak = rng.bytes(32), rng.bytes(int(rng.integers(0, 40)))
    numerals = rng.integers(0, len(alphabet), (8, length))
    cipher = BatchFf1(key, alphabet, tweak)
    rows = np.frombuffer(alphabet, np.uint8)[numerals]
    made = cipher.encrypt(rows)
    expected = [oracle(key, len(alphabet), tweak, row.tolist()) for row in numerals]
    assert [[alphabet.index(c) for c in r.tobytes()] for r in made] == expected
    assert (cipher.decrypt(made) == rows).all()
    one = [
        cipher_one(cipher._cipher, len(alphabet), tweak, row.tolist(), forth=True)
        for row in numerals
    ]
    assert one == expected


@pytest.mark.parametrize(
    ("alphabet", "length"), [(DIGITS, 9), (DIGITS, 16), (BASE36, 9), (BASE62, 12)]
)
def test_a_hundred_thousand_random_values_agree_with_the_peer(alphabet: bytes, length: int) -> None:
    peer = pytest.importorskip("fastfpe.ff1", reason="the peer fastfpe is not installed")
    rng = np.random.default_rng(5)
    key, tweak = rng.bytes(32), b"ssn"
    rows = np.frombuffer(alphabet, np.uint8)[rng.integers(0, len(alphabet), (25_000, length))]
    made = BatchFf1(key, alphabet, tweak).encrypt(rows)
    letters = alphabet.decode()
    assert _texts(made) == [
        peer.encrypt(key.hex(), tweak.hex(), letters, text) for text in _texts(rows)
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.binary(min_size=32, max_size=32),
    st.binary(max_size=40),
    st.integers(2, 25),
    st.integers(2, 62),
    st.integers(0, 2**32),
)
def test_what_is_encrypted_is_decrypted(
    key: bytes, tweak: bytes, length: int, radix: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    alphabet = BASE62[:radix]
    rows = np.frombuffer(alphabet, np.uint8)[rng.integers(0, radix, (5, length))]
    cipher = BatchFf1(key, alphabet, tweak)
    assert (cipher.decrypt(cipher.encrypt(rows)) == rows).all()


def test_it_is_a_permutation_of_all_texts() -> None:
    cipher = BatchFf1(bytes(32), DIGITS, b"")
    every = _rows(*(f"{n:04d}" for n in range(10_000)))
    assert len(set(_texts(cipher.encrypt(every)))) == 10_000


def test_another_tweak_or_key_gives_other_tokens() -> None:
    rows = _rows("123456789")
    made = {
        BatchFf1(key, DIGITS, tweak).encrypt(rows).tobytes()
        for key in (bytes(32), b"k" * 32)
        for tweak in (b"", b"ssn", b"itin")
    }
    assert len(made) == 6


def test_nothing_is_made_of_nothing() -> None:
    assert BatchFf1(bytes(32), DIGITS).encrypt(np.zeros((0, 9), np.uint8)).shape == (0, 9)


def test_letters_that_are_not_of_the_alphabet_are_told() -> None:
    foreign = BatchFf1(bytes(32), DIGITS).foreign(_rows("12-4", "0x99"))
    assert foreign.tolist() == [[False, False, True, False], [False, True, False, False]]
