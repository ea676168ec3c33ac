# ruff: noqa: E501  (patterns and tables of names read best on one line)
"""Times as logs write them, read a column at a time: ISO 8601 and its kin, web servers' stamps, seconds since 1970.

Digits are looked at as bytes of fixed places, so that a million times cost a fraction of a second, and an impossible day
(30 February) is no time rather than a neighbouring one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.parsers.base import NO_TIME, Times

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

_MONTHS = (
    b"jan",
    b"feb",
    b"mar",
    b"apr",
    b"may",
    b"jun",
    b"jul",
    b"aug",
    b"sep",
    b"oct",
    b"nov",
    b"dec",
)
_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
# Minutes east of UTC of the abbreviations that databases write, of North America and of Europe; others are left open.
_ZONES = {
    b"UTC": 0, b"GMT": 0, b"Z": 0, b"EST": -300, b"EDT": -240, b"CST": -360, b"CDT": -300, b"MST": -420, b"MDT": -360,
    b"PST": -480, b"PDT": -420, b"AKST": -540, b"AKDT": -480, b"HST": -600, b"CET": 60, b"CEST": 120, b"BST": 60, b"WEST": 60,
    b"EET": 120, b"EEST": 180,
}  # fmt: skip
_SECOND, _DAY = 1_000_000, 86_400_000_000


def heads(texts: pa.Array, width: int) -> Bytes:
    """Return the first bytes of each text as a matrix, padded with zeros; null is all zeros."""
    flat = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    flat = pc.fill_null(flat.cast(pa.string()), "")
    if not len(flat):
        return np.zeros((0, width), dtype=np.uint8)
    offsets = np.frombuffer(flat.buffers()[1], dtype=np.int32)[
        flat.offset : flat.offset + len(flat) + 1
    ]
    store = flat.buffers()[2]
    body = (
        np.frombuffer(store, dtype=np.uint8) if store is not None else np.zeros(0, dtype=np.uint8)
    )
    body = np.concatenate((body[offsets[0] : offsets[-1]], np.zeros(width, dtype=np.uint8)))
    starts = offsets[:-1].astype(np.int64) - offsets[0]
    out = np.lib.stride_tricks.sliding_window_view(body, width)[starts]
    lengths = np.diff(offsets)
    short = np.flatnonzero(lengths < width)
    out = np.ascontiguousarray(out)
    if len(short):
        out[short] *= np.arange(width, dtype=np.int64)[None, :] < lengths[short, None]
    return out


def _number(rows: Bytes, places: tuple[int, ...], good: Bools) -> Ints:
    total = np.zeros(len(rows), dtype=np.int64)
    for p in places:
        digit = rows[:, p].astype(np.int64) - 48
        good &= (digit >= 0) & (digit <= 9)
        total = total * 10 + digit
    return total


def days(year: Ints, month: Ints, day: Ints, good: Bools) -> Ints:
    """Return days since 1970-01-01; ``good`` loses the dates that do not exist.

    Source: H. Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
    """
    good &= (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1970) & (year <= 2200)
    m = np.where(good, month, 1)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= (day <= _LENGTHS[m]) & ~((m == 2) & (day == 29) & ~leap)
    y = year - (m <= 2)
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (m + np.where(m > 2, -3, 9)) + 2) // 5 + day - 1
    result: Ints = era * 146097 + yoe * 365 + yoe // 4 - yoe // 100 + doy - 719468
    return result


def _fraction(rows: Bytes, at: int, good: Bools) -> tuple[Ints, Ints]:
    """Return microseconds of a fraction that may begin at a column, and the column after it."""
    marked = ((rows[:, at] == 46) | (rows[:, at] == 44)) & good
    micros = np.zeros(len(rows), dtype=np.int64)
    after = np.full(len(rows), at, dtype=np.int64)
    alive, scale = marked.copy(), 100_000
    for k in range(1, 10):
        digit = rows[:, at + k].astype(np.int64) - 48
        alive &= (digit >= 0) & (digit <= 9)
        if not alive.any():
            break
        micros += np.where(alive, digit * scale, 0)
        after = np.where(alive, at + k + 1, after)
        scale //= 10
    return micros, after


def _zone(rows: Bytes, after: Ints) -> tuple[Ints, Bools]:
    """Return minutes east of UTC, and whether the text says so, reading from a column of each row."""
    n, width = rows.shape
    tail = np.zeros((n, 8), dtype=np.uint8)
    if n:
        places = np.minimum(after[:, None] + np.arange(8), width - 1)
        tail = np.take_along_axis(rows, places, axis=1)
        blank = tail[:, 0] == 32
        tail[blank, :-1] = tail[blank, 1:]
    minutes, known = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)
    for words, chosen in _distinct(tail):
        offset = _offset(words)
        if offset is not None:
            minutes[chosen], known[chosen] = offset, True
    return minutes, known


def _distinct(tail: Bytes) -> list[tuple[bytes, Ints]]:
    """Return each distinct tail with its rows; a column with wildly many is read as having none."""
    if not len(tail):
        return []
    marks = np.ascontiguousarray(tail).view(np.uint64).ravel()
    if (marks == marks[0]).all():
        return [(tail[0].tobytes(), np.arange(len(tail)))]
    kinds, inverse = np.unique(marks, return_inverse=True)
    if len(kinds) > 4096:
        return []
    order = np.argsort(inverse, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(inverse))[:-1])
    return [(tail[p[0]].tobytes(), p) for p in parts]


def _offset(tail: bytes) -> int | None:
    text = tail.split(b"\0")[0]
    if text[:1] in b"+-" and text[:1]:
        digits = text[1:].split(b" ")[0].replace(b":", b"")[:4]
        if digits.isdigit() and len(digits) in (2, 4):
            size = int(digits[:2]) * 60 + int(digits[2:] or 0)
            return (-size if text[:1] == b"-" else size) if size <= 14 * 60 else None
        return None
    word = bytes(c for c in text.split(b" ")[0].split(b"[")[0].split(b",")[0])
    return _ZONES.get(word.rstrip(b")]").upper())


def iso(texts: pa.Array) -> tuple[Ints, Bools]:
    """Return wall microseconds and whether they are UTC, of ``2024-05-06 07:08:09.123456+02:00`` and its kin."""
    rows = heads(texts, 42)
    good = (
        np.isin(rows[:, 4], (45, 47))
        & (rows[:, 7] == rows[:, 4])
        & np.isin(rows[:, 10], (32, 84, 116))
    )
    good &= (rows[:, 13] == 58) & (rows[:, 16] == 58)
    day = days(
        _number(rows, (0, 1, 2, 3), good),
        _number(rows, (5, 6), good),
        _number(rows, (8, 9), good),
        good,
    )
    micros, after = _fraction(rows, 19, good)
    return _whole(rows, day, (11, 14, 17), micros, after, good)


def web(texts: pa.Array) -> tuple[Ints, Bools]:
    """Return the same of ``06/May/2024:07:08:09 +0200``, as web servers write."""
    rows = heads(texts, 36)
    good = (rows[:, 2] == 47) & (rows[:, 6] == 47) & (rows[:, 11] == 58) & (rows[:, 14] == 58)
    day = days(
        _number(rows, (7, 8, 9, 10), good), months(rows[:, 3:6]), _number(rows, (0, 1), good), good
    )
    micros, after = _fraction(rows, 20, good)
    return _whole(rows, day, (12, 15, 18), micros, after, good)


def months(letters: Bytes) -> Ints:
    """Return the month of three letters, 0 for none."""
    low = (letters | 32).astype(np.int64)
    marks = low[:, 0] << 16 | low[:, 1] << 8 | low[:, 2]
    out = np.zeros(len(marks), dtype=np.int64)
    for i, name in enumerate(_MONTHS, 1):
        out[marks == int.from_bytes(name, "big")] = i
    return out


def _whole(
    rows: Bytes, day: Ints, clock: tuple[int, int, int], micros: Ints, after: Ints, good: Bools
) -> tuple[Ints, Bools]:
    h, m, s = (_number(rows, (p, p + 1), good) for p in clock)
    good &= (h < 24) & (m < 60) & (s <= 60)
    offset, known = _zone(rows, after)
    wall = day * _DAY + ((h * 60 + m) * 60 + s) * _SECOND + micros - offset * 60 * _SECOND
    return np.where(good, wall, NO_TIME), known & good


def epoch(texts: pa.Array) -> Ints:
    """Return microseconds of seconds since 1970 with or without a fraction; 13, 16 or 19 digits are milli, micro, nano."""
    rows = heads(texts, 32)
    good = np.ones(len(rows), dtype=bool)
    digits = (rows >= 48) & (rows <= 57)
    whole = np.argmin(digits, axis=1) if len(rows) else np.zeros(0, dtype=np.int64)
    good &= (whole >= 9) & (whole <= 19)
    total = np.zeros(len(rows), dtype=np.int64)
    for p in range(19):
        total = np.where((p < whole) & good, total * 10 + rows[:, p].astype(np.int64) - 48, total)
    micros = np.zeros(len(rows), dtype=np.int64)
    for size in np.unique(whole[good]):
        mine = (whole == size) & good
        part, _ = _fraction(rows[mine], int(size), np.ones(int(mine.sum()), dtype=bool))
        micros[mine] = part if size <= 11 else 0
    scaled = np.select(
        [whole <= 11, whole <= 14, whole <= 17],
        [total * _SECOND, total * 1000, total],
        total // 1000,
    )
    return np.where(good & (scaled < 7_260_000_000_000_000), scaled + micros, NO_TIME)


def times(wall: Ints, utc: Bools | bool, raw: pa.Array, resolution_ms: int = 1000) -> Times:
    """Return times whose year is written."""
    flat = raw.combine_chunks() if isinstance(raw, pa.ChunkedArray) else raw
    known = np.full(len(wall), utc) if isinstance(utc, bool) else utc
    return Times(wall, known, np.zeros(len(wall), dtype=bool), flat, resolution_ms)
