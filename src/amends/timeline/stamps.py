# ruff: noqa: E501  (expressions and tables read best on one line)
"""Times as logs write them, read as whole columns into ``Times``: BSD syslog, ISO 8601, Cisco, asctime, web logs, epochs.

Stamps repeat from line to line, so each distinct one is read once.

Source: RFC 3164 section 4.1.2, RFC 5424 section 6.2.3, ISO 8601, C ``asctime``, Cisco IOS ``service timestamps``,
Apache ``%t``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amends.timeline.columns import Bools, Bytes, Ints, layout, numbers, slices, window
from amends.timeline.parsers.base import NO_TIME, Times
from amends.timeline.zones import offset_minutes

SECOND = 1_000_000
DAY = 86_400 * SECOND
UNKNOWN_YEAR = 2000
"""A leap year, so that a 29 February without a year has a place."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_KEYS = np.array(
    [(ord(m[0]) << 16) | (ord(m[1]) << 8) | ord(m[2]) for m in _MONTHS], np.int64
)
_MONTH_ORDER = np.argsort(_MONTH_KEYS)
_TAIL = r"^(?:[.,](?P<fraction>\d{1,9}))?(?: ?(?P<zone>[A-Za-z][A-Za-z]*[+\-]?[\d:]*|[+\-]\d\d:?(?:\d\d)?))?(?: (?P<year>\d{4}))?[:,]? *$"

_SHAPES = (
    r"^(?P<year>\d{4}) (?P<month>[A-Za-z]{3}) +(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
    r"^(?P<month>[A-Za-z]{3}) +(?P<day>\d{1,2}) (?P<year>\d{4}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
    r"^[A-Za-z]{3},? (?P<month>[A-Za-z]{3}) +(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
    r"^(?:[A-Za-z]{3}, )?(?P<day>\d{1,2})[/\- ](?P<month>[A-Za-z]{3})[/\- ](?P<year>\d{4})[: ](?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
    r"^(?P<year>\d{4})[/.\-](?P<month>\d{1,2})[/.\-](?P<day>\d{1,2})[T ](?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
    r"^(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})[T ,] ?(?P<hour>\d{1,2}):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
    r"^(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)[T ]?(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)(?P<tail>(?:[.,]|Z|[+\-]|$).*)$",
    r"^(?P<month>[A-Za-z]{3}) +(?P<day>\d{1,2}) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?P<tail>.*)$",
)  # fmt: skip
"""Shapes that are not worth arithmetic of their own, after the two that are."""


@dataclass
class _Read:
    """Distinct stamps, read so far."""

    wall: Ints
    utc: Bools
    yearless: Bools

    @classmethod
    def none(cls, n: int) -> _Read:
        return cls(np.full(n, NO_TIME, np.int64), *(np.zeros(n, np.bool_) for _ in range(2)))

    def put(self, rows: Ints, part: _Read) -> None:
        for name in ("wall", "utc", "yearless"):
            getattr(self, name)[rows] = getattr(part, name)


def read_stamps(texts: pa.Array) -> Times:
    """Return the times that texts give; ``NO_TIME`` where a text is no time.

    Args:
        texts: Stamps as written, without marks around them (brackets, Cisco's ``*`` and ``.``, a colon behind).
    """
    coded = texts.dictionary_encode() if not pa.types.is_dictionary(texts.type) else texts
    distinct = coded.dictionary
    found = _read(distinct)
    index = coded.indices
    codes = np.asarray(pc.fill_null(index, 0).to_numpy(zero_copy_only=False), np.int64)
    if not len(distinct):
        found, codes = _Read.none(1), np.zeros(len(texts), np.int64)
    wall = found.wall[codes]
    if index.null_count:
        wall = np.where(index.is_null().to_numpy(zero_copy_only=False), NO_TIME, wall)
    return Times(
        wall,
        found.utc[codes],
        found.yearless[codes],
        texts if not pa.types.is_dictionary(texts.type) else texts.cast(pa.string()),
    )


def read_epochs(texts: pa.Array) -> Times:
    """Return the times of epochs: seconds with or without a fraction, milliseconds, microseconds or nanoseconds."""
    found = _epochs(texts)
    return Times(found.wall, found.utc, found.yearless, texts)


def join_times(n: int, groups: list[tuple[Ints, Times]]) -> Times:
    """Return the times of ``n`` rows from groups of rows; rows of no group have no time."""
    out = _Read.none(n)
    place = np.full(n, -1, np.int64)
    raws: list[pa.Array] = []
    done = 0
    resolution = 1
    for rows, times in groups:
        if not len(rows):
            continue
        out.wall[rows], out.utc[rows], out.yearless[rows] = times.wall, times.utc, times.yearless
        place[rows] = np.arange(done, done + len(rows))
        raws.append(times.raw)
        done += len(rows)
        resolution = max(resolution, times.resolution_ms)
    if not raws:
        return Times(out.wall, out.utc, out.yearless, pa.nulls(n, pa.string()), 1000)
    whole = pa.concat_arrays(raws)
    return Times(
        out.wall, out.utc, out.yearless, whole.take(pa.array(place, mask=place < 0)), resolution
    )


def wall_of(
    year: npt.NDArray[Any],
    month: npt.NDArray[Any],
    day: npt.NDArray[Any],
    second_of_day: npt.NDArray[Any],
) -> Ints:
    """Return microseconds since 1970 of calendar days and seconds; ``NO_TIME`` where there is no such day."""
    year, month, day = (np.asarray(v, np.int64) for v in (year, month, day))
    good = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1900) & (year <= 2200)
    months = np.where(good, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("M8[M]").astype("M8[D]").astype(np.int64)
    after = (months + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
    good &= (day - 1) < (after - first)
    second = np.asarray(second_of_day, np.int64)
    good &= (second >= 0) & (second <= 86_400)
    return np.where(good, (first + day - 1) * DAY + second * SECOND, NO_TIME)


def with_year(wall: Ints, years: Ints) -> Ints:
    """Return times of the unknown year moved into ``years``; 29 February of a common year is the day after the 28th."""
    days = np.floor_divide(wall, DAY)
    months = days.astype("M8[D]").astype("M8[M]")
    day = days - months.astype("M8[D]").astype(np.int64)
    moved = (months.astype(np.int64) + (years - UNKNOWN_YEAR) * 12).astype("M8[M]")
    return np.asarray(
        (moved.astype("M8[D]").astype(np.int64) + day) * DAY + wall - days * DAY, np.int64
    )


def _read(texts: pa.Array) -> _Read:
    out = _Read.none(len(texts))
    if not len(texts):
        return out
    rows, lengths = window(texts, 19)
    left = np.arange(len(texts))
    for reader in (_bsd, _iso):
        if not len(left):
            return out
        good, part = reader(texts, left, rows[left], lengths[left])
        out.put(left[good], part)
        left = left[~good]
    for pattern in _SHAPES:
        if not len(left):
            return out
        left = _by_pattern(texts, left, pattern, out)
    if len(left):
        out.put(left, _epochs(texts.take(pa.array(left))))
    return out


def _two(rows: Bytes, at: int) -> Ints:
    tens = rows[:, at].astype(np.int64) - 48
    ones = rows[:, at + 1].astype(np.int64) - 48
    good = (tens >= 0) & (tens <= 9) & (ones >= 0) & (ones <= 9)
    return np.where(good, tens * 10 + ones, -1)


def _clock(rows: Bytes, at: int) -> Ints:
    """Return the second of the day of ``hh:mm:ss`` at a column, -1 where it is none; a leap second counts as 59."""
    hour, minute, second = _two(rows, at), _two(rows, at + 3), _two(rows, at + 6)
    good = (
        (hour >= 0) & (hour < 24) & (minute >= 0) & (minute < 60) & (second >= 0) & (second <= 60)
    )
    good &= (rows[:, at + 2] == 58) & (rows[:, at + 5] == 58)
    return np.where(good, hour * 3600 + minute * 60 + np.minimum(second, 59), -1)


def _month(first: npt.NDArray[Any], second: npt.NDArray[Any], third: npt.NDArray[Any]) -> Ints:
    low = [(c.astype(np.int64) | 32) for c in (first, second, third)]
    key = (low[0] << 16) | (low[1] << 8) | low[2]
    place = np.minimum(np.searchsorted(_MONTH_KEYS[_MONTH_ORDER], key), 11)
    month = _MONTH_ORDER[place]
    return np.where(_MONTH_KEYS[month] == key, month + 1, 0)


def _bsd(texts: pa.Array, left: Ints, rows: Bytes, lengths: Ints) -> tuple[Bools, _Read]:
    """Read ``Aug  4 02:11:09`` with what may follow."""
    month = _month(rows[:, 0], rows[:, 1], rows[:, 2])
    tens = np.where(rows[:, 4] == 32, 48, rows[:, 4]).astype(np.int64) - 48
    day = tens * 10 + rows[:, 5].astype(np.int64) - 48
    second = _clock(rows, 7)
    good = (month > 0) & (second >= 0) & (rows[:, 3] == 32) & (rows[:, 6] == 32)
    wall = wall_of(np.full(len(rows), UNKNOWN_YEAR), month, day, second)
    good &= wall != NO_TIME
    part = _Read.none(len(rows))
    part.wall = wall
    part.yearless[:] = True
    good &= _tails(texts, left, lengths, 15, good, part)
    return good, _only(part, good)


def _iso(texts: pa.Array, left: Ints, rows: Bytes, lengths: Ints) -> tuple[Bools, _Read]:
    """Read ``2026-08-04T02:11:09`` with what may follow; a space or a colon may stand for the T."""
    high, low = _two(rows, 0), _two(rows, 2)
    second = _clock(rows, 11)
    good = (high >= 19) & (low >= 0) & (second >= 0)
    good &= np.isin(rows[:, 4], (45, 47)) & np.isin(rows[:, 7], (45, 47))
    good &= np.isin(rows[:, 10], (84, 116, 32, 45, 58))
    wall = wall_of(high * 100 + low, _two(rows, 5), _two(rows, 8), second)
    good &= wall != NO_TIME
    part = _Read.none(len(rows))
    part.wall = wall
    good &= _tails(texts, left, lengths, 19, good, part)
    return good, _only(part, good)


def _only(part: _Read, good: Bools) -> _Read:
    return _Read(part.wall[good], part.utc[good], part.yearless[good])


def _tails(
    texts: pa.Array, left: Ints, lengths: Ints, width: int, good: Bools, part: _Read
) -> Bools:
    """Read fraction, zone and year behind the seconds of the rows that have them; answer which can be read."""
    longer = np.flatnonzero(good & (lengths > width))
    fit = np.ones(len(lengths), np.bool_)
    if len(longer):
        chosen = texts.take(pa.array(left[longer]))
        held, at = layout(chosen)
        tails = slices(held, at[:-1] + width, np.diff(at) - width)
        fit[longer] = _apply_tails(tails, longer, part)
    return fit


def _apply_tails(tails: pa.Array, rows: Ints, part: _Read) -> Bools:
    found = pc.extract_regex(tails, _TAIL)
    read = np.asarray(found.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    if not read.any():
        return read
    fraction = pc.struct_field(found, "fraction")
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(fraction, ""), 6, "0"), 0, 6)
    micros = numbers(padded).fill_null(0).to_numpy(zero_copy_only=False)
    part.wall[rows] += micros
    minutes = _zone_minutes(pc.fill_null(pc.struct_field(found, "zone"), ""))
    known = minutes != NO_TIME
    part.wall[rows[known]] -= minutes[known] * 60 * SECOND
    part.utc[rows[known]] = True
    year = numbers(pc.fill_null(pc.struct_field(found, "year"), "")).fill_null(0)
    years = year.to_numpy(zero_copy_only=False)
    dated = np.flatnonzero((years >= 1970) & (years <= 2200) & part.yearless[rows])
    if len(dated):
        part.wall[rows[dated]] = with_year(part.wall[rows[dated]], years[dated])
        part.yearless[rows[dated]] = False
    return read


def _zone_minutes(zones: pa.Array) -> Ints:
    coded = zones.dictionary_encode()
    known = [offset_minutes(zone) if zone else None for zone in coded.dictionary.to_pylist()]
    table = np.array([NO_TIME if minutes is None else minutes for minutes in known], np.int64)
    minutes: Ints = table[coded.indices.to_numpy(zero_copy_only=False)]
    return minutes


def _by_pattern(texts: pa.Array, left: Ints, pattern: str, out: _Read) -> Ints:
    """Read rows by a pattern of parts; return the rows that it does not fit."""
    found = pc.extract_regex(texts.take(pa.array(left)), pattern)
    fits = np.asarray(found.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    if not fits.any():
        return left
    found = found.filter(pa.array(fits))
    names = [field.name for field in found.type]
    value = {
        name: numbers(pc.struct_field(found, name)).fill_null(-1).to_numpy(zero_copy_only=False)
        for name in ("day", "hour", "minute", "second")
    }
    month_texts = pc.struct_field(found, "month")
    letters, _ = window(month_texts, 3)
    month = _month(letters[:, 0], letters[:, 1], letters[:, 2])
    if not month.any():
        month = numbers(month_texts).fill_null(0).to_numpy(zero_copy_only=False)
    part = _Read.none(len(month))
    if "year" in names:
        year = numbers(pc.struct_field(found, "year")).fill_null(0).to_numpy(zero_copy_only=False)
    else:
        year = np.full(len(month), UNKNOWN_YEAR)
        part.yearless[:] = True
    good = (value["hour"] < 24) & (value["minute"] < 60) & (value["second"] <= 60)
    second = value["hour"] * 3600 + value["minute"] * 60 + np.minimum(value["second"], 59)
    part.wall = wall_of(year, month, value["day"], np.where(good, second, -1))
    good = part.wall != NO_TIME
    part.wall = np.where(good, part.wall, 0)
    good &= _apply_tails(pc.struct_field(found, "tail"), np.arange(len(month)), part)
    rows = left[fits]
    out.put(rows[good], _only(part, good))
    return np.concatenate([left[~fits], rows[~good]])


def _epochs(texts: pa.Array) -> _Read:
    found = pc.extract_regex(texts, r"^(?P<whole>\d{9,19})(?:[.,](?P<fraction>\d{1,9}))?$")
    part = _Read.none(len(texts))
    fits = np.asarray(found.is_valid().to_numpy(zero_copy_only=False), np.bool_)
    whole = numbers(pc.fill_null(pc.struct_field(found, "whole"), "")).fill_null(0)
    value = whole.to_numpy(zero_copy_only=False).copy()
    digits = np.where(fits, pc.binary_length(pc.fill_null(pc.struct_field(found, "whole"), "")), 0)
    fraction = pc.fill_null(pc.struct_field(found, "fraction"), "")
    padded = pc.utf8_slice_codeunits(pc.utf8_rpad(fraction, 6, "0"), 0, 6)
    micros = numbers(padded).fill_null(0).to_numpy(zero_copy_only=False)
    scale = [digits <= 10, digits == 13, digits == 16]
    good = fits & (scale[0] | scale[1] | scale[2])
    value = np.select(scale, [value * SECOND + micros, value * 1000, value], 0)
    nano = fits & (digits == 19)
    if nano.any():
        value[nano] = [int(t[:16]) for t in texts.filter(pa.array(nano)).to_pylist()]
        good |= nano
    part.wall = np.where(good, value, NO_TIME)
    part.utc = good.copy()
    return part
