"""Clocks of hosts: what a host believes the time is, and how its logs write it.

Times are true UTC in microseconds since 1970. A host adds its clock error and its zone. No zone changes its
offset while the case lasts (July and August), so an offset is a constant.
"""

from __future__ import annotations

from datetime import UTC, datetime

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# Offsets in July and August 2026, in seconds.
OFFSETS = {
    "UTC": 0,
    "America/Los_Angeles": -7 * 3600,
    "America/Denver": -6 * 3600,
    "America/Phoenix": -7 * 3600,
    "America/Chicago": -5 * 3600,
    "America/New_York": -4 * 3600,
}
ABBREVIATIONS = {
    "UTC": "UTC",
    "America/Los_Angeles": "PDT",
    "America/Denver": "MDT",
    "America/Phoenix": "MST",
    "America/Chicago": "CDT",
    "America/New_York": "EDT",
}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HMS = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)]


def instant(text: str) -> int:
    """Return ``2026-07-18`` or ``2026-07-18T08:00:00`` (UTC) in microseconds."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def iso_utc(at: int) -> str:
    """Return an instant as ISO 8601 with Z, to the millisecond."""
    whole = datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{at // 1000 % 1000:03d}Z"


class Clock:
    """The clock of one host: true UTC in, the text of its logs out."""

    def __init__(self, zone: str, skew_ms: int = 0, drift_ms_day: int = 0, origin: int = 0) -> None:
        """Set the clock.

        Args:
            zone: IANA name its logs are written in.
            skew_ms: How much it runs ahead at ``origin``.
            drift_ms_day: How much further ahead it gets each day.
            origin: Instant of the skew.
        """
        self.zone = zone
        self.offset = OFFSETS[zone]
        self.abbreviation = ABBREVIATIONS[zone]
        hours, minutes = divmod(abs(self.offset) // 60, 60)
        self.numeric = f"{'-' if self.offset < 0 else '+'}{hours:02d}{minutes:02d}"
        self._skew, self._drift, self._origin = skew_ms * 1000, drift_ms_day, origin
        self._days: dict[tuple[str, int], str] = {}

    def utc(self, at: int) -> int:
        """Return the UTC instant the host believes it is."""
        if not self._drift:
            return at + self._skew
        return at + self._skew + (at - self._origin) * self._drift // 86_400_000

    def wall(self, at: int) -> int:
        """Return what its wall clock shows, in microseconds."""
        return self.utc(at) + self.offset * SECOND

    def _day(self, form: str, day: int) -> str:
        key = (form, day)
        found = self._days.get(key)
        if found is None:
            when = datetime.fromtimestamp(day * 86_400, UTC)
            month, weekday = MONTHS[when.month - 1], WEEKDAYS[when.weekday()]
            found = {
                "bsd": f"{month} {when.day:2d}",
                "iso": when.strftime("%Y-%m-%d"),
                "compact": when.strftime("%Y%m%d"),
                "slashed": f"{when.day:02d}/{month}/{when.year}",
                "long": f"{weekday} {month} {when.day:2d}",
                "us": when.strftime("%m/%d/%y"),
            }[form]
            self._days[key] = found
        return found

    def _parts(self, form: str, wall: int) -> tuple[str, str]:
        day, rest = divmod(wall // SECOND, 86_400)
        return self._day(form, day), _HMS[rest]

    def bsd(self, at: int) -> str:
        """Return ``Jul 18 02:03:04``, as RFC 3164 writes it: no year, no zone."""
        day, time = self._parts("bsd", self.wall(at))
        return f"{day} {time}"

    def iso(self, at: int) -> str:
        """Return ``2026-07-18 02:03:04``."""
        day, time = self._parts("iso", self.wall(at))
        return f"{day} {time}"

    def milli(self, at: int) -> str:
        """Return ``2026-07-18 02:03:04.123``."""
        return f"{self.iso(at)}.{self.utc(at) // 1000 % 1000:03d}"

    def rfc5424(self, at: int) -> str:
        """Return ``2026-07-18T02:03:04.123456-07:00``."""
        day, time = self._parts("iso", self.wall(at))
        zone = f"{self.numeric[:3]}:{self.numeric[3:]}"
        return f"{day}T{time}.{self.utc(at) % SECOND:06d}{zone}"

    def zulu(self, at: int, digits: int = 3) -> str:
        """Return ``2026-07-18T02:03:04.123Z``: the host's own UTC."""
        utc = self.utc(at)
        day, time = self._parts("iso", utc)
        part = f"{utc % SECOND:06d}0"[:digits]
        return f"{day}T{time}.{part}Z"

    def cisco(self, at: int) -> str:
        """Return ``Jul 18 02:03:04.123``: service timestamps log datetime msec localtime."""
        return f"{self.bsd(at)}.{self.utc(at) // 1000 % 1000:03d}"

    def cisco_long(self, at: int) -> str:
        """Return ``02:03:04 UTC Sat Jul 18 2026``, as IOS ends its sign-in messages."""
        day, time = self._parts("long", self.wall(at))
        return f"{time} {self.abbreviation} {' '.join(day.split())} 2026"

    def combined(self, at: int) -> str:
        """Return ``18/Jul/2026:02:03:04 -0700``."""
        day, time = self._parts("slashed", self.wall(at))
        return f"{day}:{time} {self.numeric}"

    def compact(self, at: int) -> str:
        """Return ``20260718 02:03:04``."""
        day, time = self._parts("compact", self.wall(at))
        return f"{day} {time}"

    def ctime(self, at: int) -> str:
        """Return ``Sat Jul 18 02:03:04 2026``."""
        day, time = self._parts("long", self.wall(at))
        return f"{day} {time} 2026"

    def us(self, at: int) -> str:
        """Return ``07/18/26,02:03:04``, as the Windows DHCP server writes it."""
        day, time = self._parts("us", self.wall(at))
        return f"{day},{time}"

    def epoch(self, at: int) -> str:
        """Return seconds since 1970 with three digits, by the host's clock."""
        utc = self.utc(at)
        return f"{utc // SECOND}.{utc // 1000 % 1000:03d}"
