"""FF1 over whole columns: a permutation of the texts of one length over one alphabet, keyed.

For one key, tweak, alphabet and length, all that changes in ten rounds is half a value. So the first block (P) and the
blocks of the tweak are enciphered once, the halves stay numbers from the first round to the last, and each round is
one ECB call over the column and a few numpy operations.

What numpy cannot hold in 64 bits (halves of 2^60 and more: over 36 digits, 22 of base 36) goes through
:func:`cipher_one`, which follows the standard line by line and is the oracle of the tests.

Source:
    NIST SP 800-38G (2016), algorithms 7 and 8; the lower bound on the domain from SP 800-38G Rev. 1 (draft).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

BLOCK = 16
ROUNDS = 10
MIN_DOMAIN = 1_000_000
"""SP 800-38G Rev. 1: radix^length at least one million; smaller domains fall to the attacks it cites."""

MAX_RADIX = 256
_MAX_HALF = 1 << 60
_GROUP = 4  # letters that are read or written at once

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.uint64]


class BatchFf1:
    """FF1 under one key, tweak and alphabet, for many values of equal length.

    Args:
        key: 16, 24 or 32 bytes.
        alphabet: Its letters in order; 2 to 256 single bytes, all different.
        tweak: Not secret; the same digits under another tweak give another text.
    """

    def __init__(self, key: bytes, alphabet: bytes, tweak: bytes = b"") -> None:
        assert 2 <= len(alphabet) <= MAX_RADIX and len(set(alphabet)) == len(alphabet)
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - FF1 is built from single blocks
        self.alphabet, self.radix, self.tweak = alphabet, len(alphabet), tweak
        self._value_of = bytes(
            alphabet.index(letter) if letter in alphabet else 255 for letter in range(256)
        )
        self._known = bytes(letter not in alphabet for letter in range(256))

    def foreign(self, rows: Bytes) -> NDArray[np.bool_]:
        """Return which letters are not of the alphabet."""
        flags = np.ascontiguousarray(rows).tobytes().translate(self._known)
        return np.frombuffer(flags, np.bool_).reshape(rows.shape)

    def encrypt(self, rows: Bytes) -> Bytes:
        """Return the FF1 encryption of each row.

        Args:
            rows: One row a value, one column a letter of the alphabet; at least two columns.
        """
        return self._run(rows, forth=True)

    def decrypt(self, rows: Bytes) -> Bytes:
        """Return the FF1 decryption of each row."""
        return self._run(rows, forth=False)

    def _run(self, rows: Bytes, *, forth: bool) -> Bytes:
        n, length = rows.shape
        if not n:
            return rows.copy()
        half = length // 2
        numerals = np.frombuffer(
            np.ascontiguousarray(rows).tobytes().translate(self._value_of), np.uint8
        ).reshape(n, length)
        assert int(numerals.max()) < self.radix, "a letter that is not in the alphabet"
        if self.radix ** (length - half) > _MAX_HALF:
            return self._one_by_one(numerals, forth)
        left = _numbers(numerals, 0, half, self.radix)
        right = _numbers(numerals, half, length, self.radix)
        left, right = self._rounds(left, right, length, forth)
        out = np.empty((n, length), np.uint8)
        self._write(left, out, 0, half)
        self._write(right, out, half, length)
        return out

    def _rounds(self, a: Numbers, b: Numbers, length: int, forth: bool) -> tuple[Numbers, Numbers]:
        half = length // 2
        sizes = (self.radix**half, self.radix ** (length - half))
        width, taken = _widths(sizes[1])
        heads = self._heads(length, width)
        n = len(a)
        blocks, results = np.empty((n, 2), np.uint64), np.empty(2 * n + 2, np.uint64)
        run = self._cipher.encryptor()
        for turn in range(ROUNDS) if forth else reversed(range(ROUNDS)):
            size = np.uint64(sizes[turn % 2])
            high, low = heads[turn]
            blocks[:, 0] = high
            np.bitwise_xor(b if forth else a, low, out=blocks[:, 1])
            blocks[:, 1].byteswap(inplace=True)
            run.update_into(blocks.data.cast("B"), results.data.cast("B"))
            y = _remainder(results[0 : 2 * n : 2], results[1 : 2 * n : 2], taken, size)
            if forth:
                y += a
                a, b = b, np.minimum(y, y - size)  # a number under zero wraps and is the larger
            else:
                np.subtract(b, y, out=y)
                a, b = np.minimum(y, y + size), a
        return a, b

    def _heads(self, length: int, width: int) -> list[tuple[np.uint64, np.uint64]]:
        """Return each round's last block before a half is added: its left word as it lies, the right as a number."""
        state = self._tweaked(length, width)
        out = []
        for turn in range(ROUNDS):
            block = bytearray(state)
            block[BLOCK - 1 - width] ^= turn
            high = np.frombuffer(bytes(block[:8]), np.uint64)[0]
            out.append((high, np.uint64(int.from_bytes(block[8:], "big"))))
        return out

    def _tweaked(self, length: int, width: int) -> bytes:
        """Return the state of the CBC-MAC before the last block, that block's share of the tweak added."""
        fixed = _first_block(self.radix, length, len(self.tweak))
        padding = (-len(self.tweak) - width - 1) % BLOCK
        rest = self.tweak + bytes(padding) + bytes(1 + width)
        run = self._cipher.encryptor()
        state = run.update(fixed)
        for at in range(0, len(rest) - BLOCK, BLOCK):
            state = run.update(_xor(state, rest[at : at + BLOCK]))
        return _xor(state, rest[-BLOCK:])

    def _write(self, numbers: Numbers, out: Bytes, first: int, end: int) -> None:
        """Write numbers as letters into columns of ``out``, the last letters first."""
        n, length = out.shape
        table = _letters(self.alphabet)
        grouped = np.uint64(self.radix**_GROUP) if len(table) else np.uint64(1)
        while end - first >= _GROUP and len(table):
            end -= _GROUP
            if first == end:
                rest = numbers
            else:
                higher = numbers // grouped
                rest, numbers = numbers - higher * grouped, higher
            np.ndarray((n,), "<u4", out, end, (length,))[:] = table.take(rest.astype(np.int64))
        shown = np.frombuffer(self.alphabet, np.uint8)
        radix = np.uint64(self.radix)
        for place in range(end - 1, first - 1, -1):
            higher = numbers // radix
            out[:, place] = shown.take((numbers - higher * radix).astype(np.int64))
            numbers = higher

    def _one_by_one(self, numerals: Bytes, forth: bool) -> Bytes:
        shown = np.frombuffer(self.alphabet, np.uint8)
        out = np.empty_like(numerals)
        for place, row in enumerate(numerals):
            made = cipher_one(self._cipher, self.radix, self.tweak, row.tolist(), forth=forth)
            out[place] = shown[made]
        return out


def cipher_one(
    cipher: Cipher[modes.ECB], radix: int, tweak: bytes, numerals: Sequence[int], *, forth: bool
) -> list[int]:
    """Return the FF1 encryption (or decryption) of one list of numerals, step by step as the standard writes it."""
    n, t = len(numerals), len(tweak)
    u = n // 2
    v = n - u
    a, b = list(numerals[:u]), list(numerals[u:])
    width, taken = _widths(radix**v)
    p = _first_block(radix, n, t)
    for i in range(ROUNDS) if forth else reversed(range(ROUNDS)):
        m = u if i % 2 == 0 else v
        q = tweak + bytes((-t - width - 1) % BLOCK) + bytes([i])
        q += _num(b if forth else a, radix).to_bytes(width, "big")
        r = _prf(cipher, p + q)
        s = r
        for j in range(1, -(-taken // BLOCK)):
            s += _prf(cipher, _xor(r, j.to_bytes(BLOCK, "big")))
        y = int.from_bytes(s[:taken], "big")
        if forth:
            a, b = b, _str((_num(a, radix) + y) % radix**m, radix, m)
        else:
            a, b = _str((_num(b, radix) - y) % radix**m, radix, m), a
    return a + b


def _widths(size: int) -> tuple[int, int]:
    """Return b and d of the standard: bytes of a half's number, and bytes of a round's output that are used."""
    width = ((size - 1).bit_length() + 7) // 8
    return width, 4 * -(-width // 4) + 4


def _first_block(radix: int, length: int, tweak_bytes: int) -> bytes:
    head = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, length // 2 % 256])
    return head + length.to_bytes(4, "big") + tweak_bytes.to_bytes(4, "big")


def _prf(cipher: Cipher[modes.ECB], text: bytes) -> bytes:
    run, state = cipher.encryptor(), bytes(BLOCK)
    for at in range(0, len(text), BLOCK):
        state = run.update(_xor(state, text[at : at + BLOCK]))
    return state


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(len(one), "big")


def _num(numerals: Sequence[int], radix: int) -> int:
    number = 0
    for numeral in numerals:
        number = number * radix + numeral
    return number


def _str(number: int, radix: int, m: int) -> list[int]:
    out = [0] * m
    for place in range(m - 1, -1, -1):
        number, out[place] = divmod(number, radix)
    return out


def _remainder(high: Numbers, low: Numbers, taken: int, size: np.uint64) -> Numbers:
    """Return the first ``taken`` bytes (8, 12 or 16) of each result, as a number, modulo ``size``."""
    y = high.byteswap()
    y -= y // size * size  # numpy divides by one number with multiplications, % it does not
    left = (taken - 8) * 8
    if not left:
        return y
    rest = low.byteswap()
    if left == 32:
        rest >>= np.uint64(32)
    free = 64 - int(size).bit_length()
    while left:
        step = min(free, left)
        left -= step
        y <<= np.uint64(step)
        y |= (rest >> np.uint64(left)) & np.uint64((1 << step) - 1)
        y -= y // size * size
    return y


def _numbers(numerals: Bytes, first: int, end: int, radix: int) -> Numbers:
    """Return the number that the columns from ``first`` to ``end`` write, four letters at a time."""
    n, length = numerals.shape
    out = np.zeros(n, np.uint64)
    while end - first >= _GROUP:
        four = np.ndarray((n,), "<u4", numerals, first, (length,)).astype(np.uint32)
        # Two lanes of 16 bits: first and third letter times the radix, second and fourth added.
        two = (four & np.uint32(0x00FF00FF)) * np.uint32(radix)
        two += (four >> np.uint32(8)) & np.uint32(0x00FF00FF)
        one = (two & np.uint32(0xFFFF)).astype(np.uint64) * np.uint64(radix * radix)
        one += two >> np.uint32(16)
        out = out * np.uint64(radix**_GROUP) + one if first else one
        first += _GROUP
    for place in range(first, end):
        out *= np.uint64(radix)
        out += numerals[:, place]
    return out


@lru_cache(maxsize=16)
def _letters(alphabet: bytes) -> NDArray[np.uint32]:
    """Return four letters for each number they write, as one little-endian word; nothing for a large alphabet."""
    radix = len(alphabet)
    if radix > 16:
        return np.zeros(0, np.uint32)
    shown = np.frombuffer(alphabet, np.uint8)
    number = np.arange(radix**_GROUP)
    rows = np.stack([shown[number // radix**p % radix] for p in range(_GROUP - 1, -1, -1)], axis=1)
    return np.ascontiguousarray(rows).view("<u4").ravel()
