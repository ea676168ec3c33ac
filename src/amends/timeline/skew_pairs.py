"""Two clocks compared, by pairs of times of which some belong to the same thing and some do not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

AGREE_US = 3_000_000
"""Offsets this close agree: whole seconds at both ends, and the time a line travels."""

DAY_US = 86_400_000_000

MOST_DRIFT = 20e6 / DAY_US
"""Twenty seconds a day: more than unattended quartz clocks are found to drift …"""

LEAST_DRIFT = 0.1e6 / DAY_US
"""… and a tenth of a second a day, below which it does not matter within a case."""

Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Compared:
    """Two clocks compared.

    Attributes:
        a: The one.
        b: The other.
        offset_us: What ``a`` shows more than ``b``.
        error_us: Bound of it.
        n: Pairs that agree.
        drift: What the offset grows by, in microseconds a microsecond; ``offset_us`` holds at the reference.
    """

    a: int
    b: int
    offset_us: int
    error_us: int
    n: int
    drift: float = 0.0


def compare(a: int, b: int, times: Offsets, reference: int = 0) -> Compared | None:
    """Return the offset at which most pairs of two clocks agree, or ``None`` when too few do.

    Args:
        a: The one clock.
        b: The other.
        times: Rows of both clocks' times in microseconds.
        reference: Instant at which the offset of clocks that part is wanted.
    """
    plain = _agreeing(times[:, 0] - times[:, 1])
    drift = _drift(times)
    if drift:
        levelled = times[:, 0] - times[:, 1] - (drift * (times[:, 1] - reference)).astype(np.int64)
        sloped = _agreeing(levelled)
        if sloped is not None and (plain is None or sloped[2] >= max(1.2 * plain[2], plain[2] + 3)):
            return Compared(a, b, *sloped, drift)
    return None if plain is None else Compared(a, b, *plain)


def _agreeing(diffs: Offsets) -> tuple[int, int, int] | None:
    """Return offset, bound and number of the differences that agree, or ``None`` when too few do."""
    diffs = np.sort(diffs)
    ends = np.searchsorted(diffs, diffs + AGREE_US, side="right")
    counts = ends - np.arange(len(diffs))
    best = int(np.argmax(counts))
    n = int(counts[best])
    # By chance, pairs of different things would fall into one window of the span this often.
    spread = max(int(diffs[-1] - diffs[0]), 2 * AGREE_US)
    chance = len(diffs) * AGREE_US / spread
    if n < 2 or (len(diffs) > n and n < 3 * chance + 2):
        return None
    inside = diffs[best : ends[best]]
    middle = int(np.median(inside))
    error = int(np.ptp(inside) // 2) + 500_000 if n < 5 else _error(inside, middle)
    return middle, max(error, 500_000), n


def _drift(times: Offsets) -> float:
    """Return how fast two clocks part, by the slope on which most pairs of pairs agree; 0 for not, or unknown.

    Source: Theil (1950) and Sen (1968), slopes of pairs; the densest instead of the median, as some pairs are chance.
    """
    if len(times) < 12 or np.ptp(times[:, 1]) < 3 * DAY_US:
        return 0.0
    some = times[np.linspace(0, len(times) - 1, min(len(times), 300)).astype(np.int64)]
    at, diffs = some[:, 1].astype(np.float64), (some[:, 0] - some[:, 1]).astype(np.float64)
    span = at[:, None] - at[None, :]
    rise = diffs[:, None] - diffs[None, :]
    slopes = np.sort(rise[span > DAY_US] / span[span > DAY_US])
    slopes = slopes[np.abs(slopes) < MOST_DRIFT]
    if len(slopes) < 20:
        return 0.0
    width = 0.15e6 / DAY_US
    counts = np.searchsorted(slopes, slopes + width, side="right") - np.arange(len(slopes))
    best = int(np.argmax(counts))
    slope = float(np.median(slopes[best : best + int(counts[best])]))
    return slope if abs(slope) >= LEAST_DRIFT else 0.0


def _error(inside: Offsets, middle: int) -> int:
    return int(3 * 1.4826 * np.median(np.abs(inside - middle)))


def jump(times: Offsets) -> tuple[int, int, int] | None:
    """Return (instant, offset before, offset after) when the offset of two clocks changed once for good."""
    if len(times) < 12:
        return None
    order = np.argsort(times[:, 0])
    at, diffs = times[order, 0], times[order, 0] - times[order, 1]
    third = max(len(diffs) // 6, 3)
    before, after = int(np.median(diffs[:third])), int(np.median(diffs[-third:]))
    if abs(after - before) <= 2 * AGREE_US:
        return None
    like_before = np.abs(diffs - before) <= AGREE_US
    like_after = np.abs(diffs - after) <= AGREE_US
    if (like_before | like_after).mean() < 0.8:
        return None
    wrong = np.concatenate(([0], np.cumsum(~like_before))) + np.concatenate(
        (np.cumsum((~like_after)[::-1])[::-1], [0])
    )
    cut = int(np.argmin(wrong))
    if wrong[cut] > 0.2 * len(diffs) or not 3 <= cut <= len(diffs) - 3:
        return None
    return int(at[cut]), before, after
