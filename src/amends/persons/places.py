"""Street lines as numbers: house, street without its furniture, unit; all from the bytes of a column.

Source:
    USPS Publication 28, street suffixes, directionals and secondary units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.persons import text
from amends.persons.hashing import I64, U64, Bytes, among, combine, hash_spans, hash_text
from amends.persons.words import words

I32 = npt.NDArray[np.int32]


def _known(name: str) -> U64:
    return np.sort(hash_text(pa.array(sorted(words(name)))))


_FURNITURE_HASHES = _known("furniture")
_UNIT_HASHES = _known("units")
_BOX_HASHES = _known("boxes")


@dataclass(frozen=True)
class Streets:
    """Street lines of a batch.

    Attributes:
        house: House or box number; -1 where there is none.
        street: Hash of the street's own words, 0 where there is no street.
        shape: Signature of those words, for likeness.
        unit: Hash of the unit, 0 where none is given.
    """

    house: I32
    street: U64
    shape: U64
    unit: U64


def streets_of(column: pa.Array) -> Streets:
    """Return the parts of each street line, however it is written."""
    data, offsets = text.squeeze(*text.keep(column, text.WORDS))
    n = len(offsets) - 1
    row, starts, ends = text.tokens(data, offsets)
    hashes = hash_spans(data, starts, ends)
    first = np.ones(len(row), bool)
    first[1:] = row[1:] != row[:-1]
    digit = (data[starts] >= 48) & (data[starts] <= 57) if len(starts) else np.zeros(0, bool)
    is_house = first & digit
    marks = among(hashes, _UNIT_HASHES) & ~first
    lone = _lone_number(row, digit, first)
    in_unit = _after(marks, row) | lone
    is_box = _after(among(hashes, _BOX_HASHES), row) & digit & ~is_house
    own = ~is_house & ~in_unit & ~marks & ~among(hashes, _FURNITURE_HASHES)
    own |= _nothing_left(row, own, ~is_house & ~in_unit & ~marks, n)
    house = np.full(n, -1, np.int32)
    taken = is_house | is_box
    house[row[taken]] = _leading_numbers(data, starts[taken], ends[taken])
    return Streets(
        house=house,
        street=_gather(hashes, row, own, n),
        shape=_shape(data, row, starts, ends, own, n),
        unit=_gather(hashes, row, in_unit & ~marks, n),
    )


def _after(marks: npt.NDArray[np.bool_], row: I64) -> npt.NDArray[np.bool_]:
    """Return for each word whether a marked word stands before it in its row."""
    count = np.cumsum(marks)
    before: I64 = count - marks
    return np.asarray(before > before[_start_of(row)])


def _start_of(row: I64) -> I64:
    """Return for each word the first word of its row."""
    place = np.arange(len(row), dtype=np.int64)
    new = np.ones(len(row), bool)
    new[1:] = row[1:] != row[:-1]
    return np.asarray(np.maximum.accumulate(np.where(new, place, 0))) if len(row) else place


def _lone_number(
    row: I64, digit: npt.NDArray[np.bool_], first: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return whether a word is a last number after two or more words: '12 MAIN ST 4' has a unit 4."""
    last = np.ones(len(row), bool)
    last[:-1] = row[1:] != row[:-1]
    start = _start_of(row)
    place = np.arange(len(row)) - start
    starts_with_number = digit[start] if len(row) else digit
    return last & digit & ~first & (place >= 3) & starts_with_number


def _nothing_left(
    row: I64, own: npt.NDArray[np.bool_], rest: npt.NDArray[np.bool_], n: int
) -> npt.NDArray[np.bool_]:
    """Return the words that stay where all words of a row were furniture ('12 AVENUE WEST')."""
    has = np.zeros(n, bool)
    has[row[own]] = True
    return np.asarray(rest & ~has[row])


def _leading_numbers(data: Bytes, starts: I64, ends: I64) -> I32:
    out = np.zeros(len(starts), np.int64)
    going = np.ones(len(starts), bool)
    for place in range(7):
        at = starts + place
        inside = going & (at < ends)
        sign = data[np.minimum(at, len(data) - 1)]
        going = inside & (sign >= 48) & (sign <= 57)
        out[going] = out[going] * 10 + sign[going] - 48
    return out.astype(np.int32)


def _gather(hashes: U64, row: I64, chosen: npt.NDArray[np.bool_], n: int) -> U64:
    """Return a hash of the chosen words of each row, whatever their order; 0 where there are none."""
    out = np.zeros(n, np.uint64)
    picked = row[chosen]
    if not len(picked):
        return out
    starts = np.flatnonzero(np.concatenate([[True], picked[1:] != picked[:-1]]))
    out[picked[starts]] = np.add.reduceat(combine(hashes[chosen]), starts)
    return out


def _shape(
    data: Bytes, row: I64, starts: I64, ends: I64, own: npt.NDArray[np.bool_], n: int
) -> U64:
    kept = text.inside_spans(len(data), starts[own], ends[own])
    lengths = np.bincount(row[own], (ends - starts)[own], n).astype(np.int64)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return text.signature(data[kept], offsets)
