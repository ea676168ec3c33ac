"""Text columns as bytes: folded to plain upper case, kept to letters or digits, split into tokens.

Everything works on the bytes of a whole column. Letters outside ASCII lose their accents
(NFKD); scripts without a Latin form are kept as they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.persons.hashing import I64, U64, Bytes, bytes_of, hash_spans

MAX_CHARACTERS = 200
"""A longer value is cut: no name, street or number needs more, and hostile values do."""

_FOLDED = {
    "Đ": "D", "Ð": "D", "Ø": "O", "Ł": "L", "Æ": "AE", "Œ": "OE", "Þ": "TH", "ẞ": "SS", "ß": "SS", "ı": "I",
    "đ": "D", "ø": "O", "ł": "L", "æ": "AE", "œ": "OE", "þ": "TH", "ð": "D",
}  # fmt: skip


def _lookup(keep: str, *, space: str = "", high: bool = True) -> Bytes:
    """Return a 256-entry byte map: kept bytes in upper case, ``space`` to a blank, others to 0."""
    out = np.zeros(256, np.uint8)
    for sign in keep:
        out[ord(sign)] = ord(sign.upper())
    for sign in space:
        out[ord(sign)] = 32
    if high:
        out[128:] = np.arange(128, 256)
    return out


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
_BLANKS = ' \t\r\n-_,/;:()[]{}|+&"*=<>!?~@\\'
NAME = _lookup(_LETTERS, space=_BLANKS)
FULL_NAME = _lookup(_LETTERS + _DIGITS + ",-", space=_BLANKS.replace(",", "").replace("-", ""))
WORDS = _lookup(_LETTERS + _DIGITS, space=_BLANKS + "#")
CODE = _lookup(_LETTERS + _DIGITS, high=False)
NUMBER = _lookup(_DIGITS, high=False)
MAIL = _lookup(_LETTERS + _DIGITS + "@._+-")


def as_text(column: pa.Array) -> pa.Array:
    """Return any column as text, dictionary columns decoded, cut to a bearable length."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if (
        pa.types.is_floating(column.type)
        and pc.all(pc.fill_null(pc.equal(column, pc.floor(column)), True)).as_py()
    ):
        column = column.cast(pa.int64(), safe=False)  # 12345.0 was 12345 in the file
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = pa.array(
            [None if v is None else v.decode("utf-8", "replace") for v in column.to_pylist()],
            pa.string(),
        )
    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    if len(column) and (pc.max(pc.binary_length(column)).as_py() or 0) > MAX_CHARACTERS:
        column = pc.utf8_slice_codeunits(column, 0, MAX_CHARACTERS)
    return column


def fold(column: pa.Array) -> pa.Array:
    """Return text without accents; ASCII columns come back untouched."""
    data, _ = bytes_of(column)
    if not len(data) or data.max() < 128:
        return column
    plain = pc.utf8_normalize(column, "NFKD")
    plain = pc.replace_substring_regex(plain, r"\p{M}", "")
    for sign, instead in _FOLDED.items():
        plain = pc.replace_substring(plain, sign, instead)
    return pc.utf8_upper(plain)


def keep(column: pa.Array, lookup: Bytes) -> tuple[Bytes, I64]:
    """Return a folded column's bytes mapped by ``lookup`` (0 drops a byte), and the new offsets."""
    data, offsets = bytes_of(fold(column))
    mapped = lookup[data]
    kept = mapped != 0
    counts = np.zeros(len(data) + 1, np.int64)
    np.cumsum(kept, out=counts[1:])
    return mapped[kept], counts[offsets]


def squeeze(data: Bytes, offsets: I64) -> tuple[Bytes, I64]:
    """Return the same texts with single blanks between words and none at the ends."""
    blank = data == 32
    first = np.zeros(len(data) + 1, bool)
    first[offsets] = True
    after_blank = np.zeros(len(data), bool)
    after_blank[1:] = blank[:-1]
    kept = ~(blank & (after_blank | first[:-1]))
    counts = np.zeros(len(data) + 1, np.int64)
    np.cumsum(kept, out=counts[1:])
    data, offsets = data[kept], counts[offsets]
    ends = offsets[1:][np.diff(offsets) > 0] - 1
    trailing = np.zeros(len(data), bool)
    trailing[ends] = data[ends] == 32
    counts = np.zeros(len(data) + 1, np.int64)
    np.cumsum(~trailing, out=counts[1:])
    return data[~trailing], counts[offsets]


def to_arrow(data: Bytes, offsets: I64) -> pa.Array:
    """Return bytes and offsets as a text array."""
    return pa.StringArray.from_buffers(
        len(offsets) - 1,
        pa.py_buffer(offsets.astype(np.int32).tobytes()),
        pa.py_buffer(data.tobytes()),
    )


def numbers(data: Bytes, offsets: I64, digits: int = 18) -> I64:
    """Return the whole number each text of digits spells, its last ``digits`` digits; empty is -1."""
    lengths = np.diff(offsets)
    out = np.zeros(len(lengths), np.int64)
    ends = offsets[1:]
    power = 1
    for place in range(min(digits, int(lengths.max(initial=0)))):
        has = lengths > place
        out[has] += (data[ends[has] - 1 - place].astype(np.int64) - 48) * power
        power *= 10
    out[lengths == 0] = -1
    return out


def tokens(data: Bytes, offsets: I64) -> tuple[I64, I64, I64]:
    """Return (row, start, end) of each word of squeezed texts, in order."""
    starts_at = np.zeros(len(data) + 1, bool)
    starts_at[offsets[:-1][np.diff(offsets) > 0]] = True
    blanks = np.flatnonzero(data == 32)
    starts_at[blanks + 1] = True
    starts = np.flatnonzero(starts_at[: len(data)])
    words = np.diff(np.concatenate([[0], np.cumsum(starts_at[: len(data)])])[offsets])
    row = np.repeat(np.arange(len(offsets) - 1), words)
    ends_at = np.concatenate([starts[1:], [len(data)]]).astype(np.int64)
    ends = np.minimum(ends_at, offsets[row + 1])
    has_blank = np.zeros(len(ends), bool)
    inside = ends > starts
    has_blank[inside] = data[ends[inside] - 1] == 32
    return row, starts, ends - has_blank


def signature(data: Bytes, offsets: I64) -> U64:
    """Return 64 bits that stand for the letter pairs of each text.

    Two texts are alike in the share of bits they have in common; a slip of the pen changes a few.
    """
    n = len(data)
    out = np.zeros(len(offsets) - 1, np.uint64)
    if n == 0:
        return out
    following = np.zeros(n, np.uint8)
    following[:-1] = data[1:]
    ends = offsets[1:][np.diff(offsets) > 0] - 1
    following[ends] = 0
    pair = data.astype(np.uint32) * np.uint32(257) + following * np.uint32(31)
    bit = (pair * np.uint32(2654435761)) >> np.uint32(26)
    bits = np.left_shift(np.uint64(1), bit.astype(np.uint64))
    filled = np.flatnonzero(np.diff(offsets) > 0)
    out[filled] = np.bitwise_or.reduceat(bits, offsets[:-1][filled])
    return out


def inside_spans(n: int, starts: I64, ends: I64) -> npt.NDArray[np.bool_]:
    """Say which of ``n`` bytes lie in one of the spans, which ascend and do not overlap; empty spans are none."""
    edges = np.zeros(n + 1, np.int8)
    full = ends > starts
    edges[starts[full]] += 1
    edges[ends[full]] -= 1  # where one span ends and the next begins the two cancel
    return np.cumsum(edges[:-1], dtype=np.int8) > 0


def likeness(a: U64, b: U64) -> npt.NDArray[np.float32]:
    """Return the share of letter pairs two signatures have in common, 0 to 1."""
    both = np.bitwise_count(a & b).astype(np.float32)
    either = np.bitwise_count(a | b).astype(np.float32)
    return np.asarray(both / np.maximum(either, 1), np.float32)


def hash_rows(data: Bytes, offsets: I64) -> U64:
    """Return a hash of each text; empty is 0."""
    return hash_spans(data, offsets[:-1], offsets[1:])
