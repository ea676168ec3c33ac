"""Wall clocks to UTC: IANA names and offsets, hours that a change of clocks gives twice or never.

Source: the IANA time zone database, by ``zoneinfo``; POSIX and RFC 5322 names of zones as routers print them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from amends.timeline.columns import Bools, Ints

_SECOND = 1_000_000
HOUR_MS = 3_600_000
_FIRST_YEAR, _LAST_YEAR = 1995, 2045
_OFFSET = re.compile(r"^(?:UTC|GMT|Z)?\s*([+-])(\d{1,2}):?(\d{2})?$", re.IGNORECASE)

NAMED_OFFSETS = {
    "UTC": 0, "GMT": 0, "Z": 0, "UCT": 0, "WET": 0, "BST": 60, "WEST": 60, "IST": 330, "CET": 60, "CEST": 120,
    "MET": 60, "MEST": 120, "EET": 120, "EEST": 180, "MSK": 180, "SGT": 480, "HKT": 480, "JST": 540, "KST": 540,
    "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "AST": -240, "ADT": -180, "EST": -300, "EDT": -240,
    "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480,
    "HST": -600,
}  # fmt: skip
"""Minutes east of UTC of the abbreviations that routers and shells print; where one has two meanings, the American."""


@dataclass(frozen=True)
class _Changes:
    """Changes of a zone's offset: instants in µs UTC, and the offset in µs before the first and after each."""

    at: Ints
    offset: Ints


def is_zone(name: str) -> bool:
    """Answer whether a name can be read as a time zone: IANA, an offset, or a usual abbreviation."""
    return _changes(name.strip()) is not None


def to_utc(wall: Ints, zone: str) -> tuple[Ints, Bools]:
    """Return UTC of wall clock times, and which of them the clock shows twice or never.

    An hour that comes twice is taken as its first passage, unless the order of the lines shows the second: the clock
    of a line of that hour stands half an hour or more before the line above it. An hour that never comes is moved on.

    Args:
        wall: Microseconds of the wall clock since 1970.
        zone: IANA name, offset or abbreviation; what is none of them counts as UTC.
    """
    found = _changes(zone.strip())
    if found is None or not len(wall):
        return wall, np.zeros(len(wall), np.bool_)
    before, after = found.offset[:-1], found.offset[1:]
    from_wall = found.at + np.maximum(before, after)
    which = np.searchsorted(from_wall, wall, side="right")
    offset = found.offset[which]
    doubtful = np.zeros(len(wall), np.bool_)
    if len(found.at):
        near = np.minimum(which, len(found.at) - 1)
        open_from = found.at[near] + np.minimum(before[near], after[near])
        doubtful = (which < len(found.at)) & (wall >= open_from) & (wall < from_wall[near])
        twice = doubtful & (before[near] > after[near])
        if twice.any():
            second = _second_pass(wall, twice)
            offset = np.where(second, found.offset[np.minimum(which + 1, len(found.at))], offset)
    return wall - offset, doubtful


def _second_pass(wall: Ints, twice: Bools) -> Bools:
    back = np.zeros(len(wall), np.bool_)
    back[1:] = twice[1:] & (wall[1:] - wall[:-1] <= -30 * 60 * _SECOND)
    run = np.cumsum(~twice)
    passed = np.cumsum(back)
    at_run_start = np.zeros(len(wall) + 1, np.int64)
    rows = np.flatnonzero(~twice)
    at_run_start[run[rows]] = passed[rows]
    return np.asarray(twice & (passed > at_run_start[run]), np.bool_)


@lru_cache(maxsize=512)
def _changes(zone: str) -> _Changes | None:
    if not zone:
        return None
    fixed = offset_minutes(zone)
    if fixed is not None:
        return _Changes(np.zeros(0, np.int64), np.array([fixed * 60 * _SECOND], np.int64))
    try:
        named = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return None
    return _listed(named)


def offset_minutes(zone: str) -> int | None:
    """Return the minutes east of UTC of an offset or abbreviation as a line prints it; ``None`` for anything else."""
    if zone.upper() in NAMED_OFFSETS:
        return NAMED_OFFSETS[zone.upper()]
    match = _OFFSET.match(zone)
    if match is None or int(match[2]) > 14:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return -minutes if match[1] == "-" else minutes


def _listed(zone: ZoneInfo) -> _Changes:
    at: list[int] = []
    day = datetime(_FIRST_YEAR, 1, 1, tzinfo=UTC)
    end = datetime(_LAST_YEAR, 1, 1, tzinfo=UTC)
    offsets = [_offset(day, zone)]
    while day < end:
        later = day + timedelta(days=7)
        if _offset(later, zone) != offsets[-1]:
            low, high = day, later
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                low, high = (
                    (middle, high) if _offset(middle, zone) == offsets[-1] else (low, middle)
                )
            change = high.replace(second=0, microsecond=0)
            at.append(int(change.timestamp()) * _SECOND)
            offsets.append(_offset(later, zone))
        day = later
    return _Changes(np.array(at, np.int64), np.array(offsets, np.int64))


def _offset(at: datetime, zone: ZoneInfo) -> int:
    shift = at.astimezone(zone).utcoffset() or timedelta()
    return int(shift.total_seconds()) * _SECOND
