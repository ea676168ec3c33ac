"""Birth dates in many spellings as whole numbers ``yyyymmdd``; what cannot be one is absent.

Source:
    ISO 8601; spellings seen in exports of US systems (month first). A day over 12 in the first
    place is read as day first.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.persons.hashing import bytes_of
from amends.persons.words import ordered

I32 = npt.NDArray[np.int32]

_MONTHS = {m: i % 12 + 1 for i, m in enumerate(ordered("months"))}
_YEAR_FIRST = re.compile(r"^(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})(?:\D.*)?$")
_YEAR_LAST = re.compile(r"^(\d{1,2})\D{1,2}(\d{1,2})\D{1,2}(\d{4}|\d{2})(?:\s.*)?$")
_WORD = re.compile(
    r"^(?:(\d{1,2})\W*)?([A-Z]{3,10})\W*(?:(\d{1,2})(?:ST|ND|RD|TH)?\W+)?(\d{4}|\d{2})(?:\s.*)?$"
)


@lru_cache(maxsize=200_000)
def parse_date(text: str) -> int:
    """Return ``yyyymmdd`` of one date as written, 0 when it is none."""
    value = text.strip().upper()
    if found := _YEAR_FIRST.match(value):
        return _valid(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.match(value):
        return _valid(_full_year(found[3]), int(found[1]), int(found[2]))
    if value.isdigit() and len(value) == 8:
        year_first = _valid(int(value[:4]), int(value[4:6]), int(value[6:]))
        return year_first or _valid(int(value[4:]), int(value[:2]), int(value[2:4]))
    if found := _WORD.match(value):
        month = _MONTHS.get(found[2][:4]) or _MONTHS.get(found[2][:3], 0)
        return _valid(_full_year(found[4]), month, int(found[1] or found[3] or 0))
    return 0


def _full_year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else year + (1900 if year > 26 else 2000)


def _valid(year: int, month: int, day: int) -> int:
    if month > 12 >= day:
        month, day = day, month
    if not (1850 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31):
        return 0
    return year * 10000 + month * 100 + day


def dates_of(column: pa.Array) -> I32:
    """Return ``yyyymmdd`` for each value of a date or text column, 0 where there is none."""
    if pa.types.is_temporal(column.type):
        column = pc.strftime(column.cast(pa.timestamp("s")), format="%Y-%m-%d")
    encoded = column.cast(pa.string()).dictionary_encode()
    parsed = np.concatenate([np.zeros(1, np.int32), _parse_all(encoded.dictionary)])
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return np.asarray(parsed[codes + 1])


def _parse_all(texts: pa.Array) -> I32:
    """Return ``yyyymmdd`` of distinct texts: ISO dates all at once, others one by one."""
    data, offsets = bytes_of(texts)
    starts = offsets[:-1]
    out = np.zeros(len(starts), np.int32)
    iso = np.diff(offsets) == 10
    at = starts[iso][:, None] + np.arange(10)
    signs = data[at].astype(np.int32) - 48 if len(at) else np.zeros((0, 10), np.int32)
    digits = signs[:, [0, 1, 2, 3, 5, 6, 8, 9]]
    plain = ((digits >= 0) & (digits <= 9)).all(axis=1) & (signs[:, 4] == -3) & (signs[:, 7] == -3)
    value = digits @ np.array([10**k for k in range(7, -1, -1)], np.int32)
    month, day = value // 100 % 100, value % 100
    plain &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    plain &= (value >= 18_500_000) & (value < 21_010_000)
    rows = np.flatnonzero(iso)[plain]
    out[rows] = value[plain]
    rest = np.ones(len(starts), bool)
    rest[rows] = False
    words = texts.filter(pa.array(rest)).to_pylist()
    out[rest] = [parse_date(w or "") for w in words]
    return out


MISSING, DIFFERENT, SAME_YEAR, NEAR, SLIP, EQUAL = range(6)
"""Levels of two dates: one absent; different; the year agrees, or all but the year; two parts agree; one
slip (a digit, two digits or day and month swapped); the same."""


def compare_dates(a: I32, b: I32) -> npt.NDArray[np.uint8]:
    """Return the level of each pair of ``yyyymmdd``."""
    parts_a = (a // 10000, a // 100 % 100, a % 100)
    parts_b = (b // 10000, b // 100 % 100, b % 100)
    agree = [x == y for x, y in zip(parts_a, parts_b, strict=True)]
    n_agree = agree[0].astype(np.int8) + agree[1] + agree[2]
    out = np.full(len(a), DIFFERENT, np.uint8)
    out[agree[0]] = SAME_YEAR
    out[n_agree == 2] = NEAR
    swapped = agree[0] & (parts_a[1] == parts_b[2]) & (parts_a[2] == parts_b[1])
    out[swapped | one_slip(a, b, 8)] = SLIP
    out[a == b] = EQUAL
    out[(a == 0) | (b == 0)] = MISSING
    return out


def one_slip(
    a: npt.NDArray[Any],
    b: npt.NDArray[Any],
    digits: int,
) -> npt.NDArray[np.bool_]:
    """Say for each pair of numbers whether one digit differs, or two neighbours are swapped."""
    n_differ = np.zeros(len(a), np.int8)
    swap = np.zeros(len(a), bool)
    x, y = a.astype(np.int64), b.astype(np.int64)
    before_x, before_y = x % 10, y % 10
    n_differ += before_x != before_y
    for _ in range(digits - 1):
        x, y = x // 10, y // 10
        now_x, now_y = x % 10, y % 10
        n_differ += now_x != now_y
        swap |= (now_x == before_y) & (now_y == before_x) & (now_x != now_y)
        before_x, before_y = now_x, now_y
    return np.asarray((n_differ == 1) | ((n_differ == 2) & swap))
