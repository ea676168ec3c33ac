"""From the clock of a line to UTC: zone by rule, missing years from the order of the lines, and how far it may be off.

The zone is the line's own; else what ``hosts.csv`` says for the host; else UTC, which the rule then says (``assumed``).
RFC 3164 leaves the year out. Within a file lines stand in the order of time, so a step back of some months is a New
Year, and a step on of almost a year a late line of the year before. The last line of the file cannot be later than
``as_of``, and that settles the year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from amends.kernel import clock
from amends.timeline.columns import Bools, Ints, coded
from amends.timeline.parsers.base import NO_TIME, Origin, Times
from amends.timeline.stamps import DAY, SECOND, UNKNOWN_YEAR, with_year
from amends.timeline.zones import HOUR_MS, is_zone, to_utc

_TURN = 90 * DAY
"""A step back of more than this is a New Year: files joined newest first step back by less, as a rule."""
_SLACK = timedelta(days=1)
"""``as_of`` is a day somewhere on earth; a line may be of the day after it."""


@dataclass(frozen=True)
class Resolved:
    """Times of a block in UTC.

    Attributes:
        at: Microseconds since 1970 in UTC; ``NO_TIME`` where it cannot be known.
        zone_rule: line, hosts or assumed; null without a time.
        error_ms: Bound of the error; null without a time.
    """

    at: Ints
    zone_rule: pa.Array
    error_ms: pa.Array


class Calendar:
    """Turns the times of one file's blocks, in their order, into UTC.

    Attributes:
        late: Lines that would lie after ``as_of``: the file is longer than a year, and its years are uncertain.
    """

    def __init__(self, origin: Origin, today: date | None = None) -> None:
        """Take what is known of the file; without ``as_of`` no line is later than today."""
        self._zone = origin.zone if is_zone(origin.zone) else ""
        self._latest = (origin.as_of or today or clock.now().date()) + _SLACK
        self._year: int | None = None
        self._last: int | None = None
        self.late = 0
        self._used = set[str]()

    @property
    def zone(self) -> str:
        """Return the zone that times were read in: a name, an offset, ``line``, or ``UTC``."""
        if self._used <= {"line"} and self._used:
            return "line"
        return self._zone or "UTC"

    def resolve(self, times: Times) -> Resolved:
        """Return the times of the next block in UTC."""
        known = times.wall != NO_TIME
        wall = self._dated(times, known)
        naive = known & ~times.utc
        at = wall.copy()
        # a time written to the second may well be of the full second: only a fraction shows a finer clock
        error = np.where(known & (wall % SECOND != 0), 1, times.resolution_ms).astype(np.int64)
        if naive.any() and self._zone:
            rows = np.flatnonzero(naive)
            at[rows], doubtful = to_utc(wall[rows], self._zone)
            error[rows[doubtful]] += HOUR_MS
        rule = np.where(times.utc, 0, 1 if self._zone else 2)
        words: list[str | None] = ["line", "hosts", "assumed"]
        self._used |= {str(words[i]) for i in np.unique(rule[known])}
        at[~known] = NO_TIME
        unknown = pa.array(~known)
        return Resolved(
            at,
            coded(np.where(known, rule, 3), [*words, None]),
            pa.array(error, mask=~known) if unknown.null_count == 0 else pa.array(error),
        )

    def _dated(self, times: Times, known: Bools) -> Ints:
        rows = np.flatnonzero(known & times.yearless)
        if not len(rows):
            return times.wall
        part = times.wall[rows]
        steps = np.diff(part, prepend=part[0] if self._last is None else self._last)
        turns = np.cumsum((steps < -_TURN).astype(np.int64) - (steps > 365 * DAY - _TURN))
        if self._year is None:
            self._year = self._first_year(part, turns)
        dated = with_year(part, self._year + turns)
        limit = (np.datetime64(self._latest) - np.datetime64("1970-01-01")).astype(
            np.int64
        ) * DAY + DAY
        self.late += int((dated >= limit).sum())
        self._year += int(turns[-1])
        self._last = int(part[-1])
        wall = times.wall.copy()
        wall[rows] = dated
        return wall

    def _first_year(self, part: Ints, turns: Ints) -> int:
        """Return the latest year of the first line with which no line of the block lies after ``as_of``."""
        limit = (np.datetime64(self._latest) - np.datetime64("1970-01-01")).astype(
            np.int64
        ) * DAY + DAY
        year = self._latest.year
        while year > self._latest.year - 60:
            if int(with_year(part, year + turns).max()) < limit:
                return year
            year -= 1
        return UNKNOWN_YEAR
