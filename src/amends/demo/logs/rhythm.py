"""When things happen: the hours of an office, of customers, of machines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from amends.demo.logs.clocks import DAY, HOUR

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rhythm:
    """How likely an act is by the hour of the day (UTC), and at weekends.

    Attributes:
        name: Its name.
        hours: One weight an hour of UTC.
        weekend: Factor on Saturdays and Sundays (Pacific).
    """

    name: str
    hours: tuple[float, ...]
    weekend: float


STEADY = Rhythm("steady", (1.0,) * 24, 1.0)
# Bellevue works 8 to 18 Pacific, which is 15 to 1 UTC, with lunch; Chicago begins two hours earlier.
OFFICE = Rhythm(
    "office",
    (0.5, 0.25, 0.1, 0.04, 0.03, 0.02, 0.02, 0.02, 0.01, 0.01, 0.01, 0.02,
     0.05, 0.2, 0.4, 0.9, 1.3, 1.4, 1.4, 0.8, 1.2, 1.3, 1.2, 0.9),
    0.07,
)  # fmt: skip
WEB = Rhythm(
    "web",
    (1.2, 1.3, 1.4, 1.4, 1.2, 0.9, 0.6, 0.4, 0.25, 0.2, 0.2, 0.3,
     0.45, 0.6, 0.8, 0.9, 1.0, 1.0, 1.1, 1.1, 1.0, 1.0, 1.0, 1.1),
    1.1,
)  # fmt: skip


def _hour_weight(rhythm: Rhythm, hour: int) -> float:
    # 1970-01-01 was a Thursday; the week is the Pacific one.
    weekday = ((hour - 7) // 24 + 3) % 7
    return rhythm.hours[hour % 24] * (rhythm.weekend if weekday > 4 else 1.0)


def weight(rhythm: Rhythm, start: int, end: int) -> float:
    """Return how much of a rhythm falls between two full hours."""
    return sum(_hour_weight(rhythm, hour) for hour in range(start // HOUR, end // HOUR))


@dataclass(frozen=True)
class Stretch:
    """A stretch of time with its rhythm and its chance."""

    start: int
    end: int
    rhythm: Rhythm
    rng: np.random.Generator

    def times(self, n: int) -> list[int]:
        """Return ``n`` instants of it, in order."""
        hours = np.arange(self.start // HOUR, self.end // HOUR)
        weights = np.array([_hour_weight(self.rhythm, int(hour)) for hour in hours])
        chosen = self.rng.choice(hours, n, p=weights / weights.sum())
        at: Ints = np.sort(chosen * HOUR + self.rng.integers(0, HOUR, n))
        out: list[int] = at.tolist()
        return out

    def whole(self, low: int, high: int, n: int) -> list[int]:
        """Return ``n`` whole numbers from ``low`` up to below ``high``."""
        out: list[int] = self.rng.integers(low, high, n).tolist()
        return out

    def sizes(self, middle: float, spread: float, n: int) -> list[int]:
        """Return ``n`` sizes in bytes around a middle, with a long tail."""
        drawn: list[int] = (self.rng.lognormal(np.log(middle), spread, n)).astype(np.int64).tolist()
        return drawn

    def addresses(self, n: int, pool: int = 0) -> list[str]:
        """Return ``n`` addresses of the internet, out of a pool of so many (0: of all)."""
        # 198.18.0.0/15 without its first corner, which the staff's homes have.
        drawn = (
            self.rng.integers(0, pool, n) * 7_919 % 110_000 + 16_000
            if pool
            else self.rng.integers(16_000, 126_000, n)
        )
        return [f"198.{18 + v // 65_536}.{v // 256 % 256}.{v % 256}" for v in drawn.tolist()]


def days(start: int, end: int, offset: int) -> range:
    """Return the instants at ``offset`` into each day that fall between start and end."""
    first = (start - offset + DAY - 1) // DAY * DAY + offset
    return range(first, end, DAY)


def weekday(at: int) -> int:
    """Return the day of the week (UTC), Monday 0."""
    return (at // DAY + 3) % 7
