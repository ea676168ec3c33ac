"""Confidence intervals for shares counted in a sample.

The interval is Clopper and Pearson's ("exact"): whatever the true share, it covers it at least as often as it says.
Wilson's is shorter, but covers less than it says near 0 and 1, which is where the rates of a breach lie; a figure
that goes to a court or a regulator should rather be too wide than too sure.

For strata that were not sampled in proportion, the same interval is taken on the effective size of the sample (Korn and
Graubard).

Source:
    Clopper and Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial (1934);
    Brown, Cai and DasGupta: Interval estimation for a binomial proportion (2001);
    Korn and Graubard: Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data (1998), the standard of the US National Center for Health Statistics since 2017;
    incomplete beta function: NIST Digital Library of Mathematical Functions, 8.17.22.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

METHOD = "Clopper-Pearson"
LEVEL = 0.95

_STEPS = 200
_SMALL = 1e-300


@dataclass(frozen=True)
class Share:
    """A share with its interval; all between 0 and 1.

    Attributes:
        n: Units it was counted on.
        hits: Those that have the property.
        share: The estimate; None where nothing was counted.
        low: Lower limit.
        high: Upper limit.
    """

    n: int
    hits: int
    share: float | None
    low: float
    high: float

    def as_json(self) -> dict[str, object]:
        """Return it rounded to what it can bear."""
        return {
            "n": self.n,
            "hits": self.hits,
            "share": None if self.share is None else round(self.share, 6),
            "low": round(self.low, 6),
            "high": round(self.high, 6),
        }


@dataclass(frozen=True)
class Stratum:
    """What was counted in one part of a population.

    Attributes:
        size: Units in the part.
        n: Units looked at.
        hits: Those with the property.
    """

    size: int
    n: int
    hits: int


def share_of(hits: int, n: int, size: int | None = None, level: float = LEVEL) -> Share:
    """Return a counted share with its Clopper-Pearson interval.

    Args:
        hits: Units with the property.
        n: Units looked at.
        size: Units there are; when all were looked at, nothing is left uncertain.
        level: How often the interval is to cover the truth.
    """
    if n == 0:
        return Share(0, 0, None, 0.0, 1.0)
    if size is not None and n >= size:
        return Share(n, hits, hits / n, hits / n, hits / n)
    low, high = clopper_pearson(hits, n, level)
    return Share(n, hits, hits / n, low, high)


def clopper_pearson(hits: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """Return the exact interval of a binomial share; ``hits`` and ``n`` need not be whole."""
    tail = (1 - level) / 2
    low = 0.0 if hits <= 0 else beta_quantile(tail, hits, n - hits + 1)
    high = 1.0 if hits >= n else beta_quantile(1 - tail, hits + 1, n - hits)
    return low, high


def weighted_share(strata: Sequence[Stratum], level: float = LEVEL) -> Share:
    """Return the share over several strata, each weighing as many units as it has.

    A stratum of which nothing was looked at makes the whole unknown: its units could all have the property.
    """
    strata = [s for s in strata if s.size]
    n, hits = sum(s.n for s in strata), sum(s.hits for s in strata)
    if not strata or n == 0:
        return Share(0, 0, None, 0.0, 1.0)
    if len(strata) == 1:
        return share_of(hits, n, strata[0].size, level)
    size = sum(s.size for s in strata)
    seen = [s for s in strata if s.n]
    unseen = sum(s.size for s in strata if not s.n) / size
    estimate = sum(s.size / size * s.hits / s.n for s in seen)
    low, high = _effective(seen, sum(s.size for s in seen), level)
    low, high = low * (1 - unseen), high * (1 - unseen) + unseen
    return Share(n, hits, estimate if not unseen else None, low, high)


def _effective(strata: Sequence[Stratum], size: int, level: float) -> tuple[float, float]:
    """Return the exact interval on the effective sample size; whole strata add no doubt."""
    p = sum(s.size / size * s.hits / s.n for s in strata)
    if all(s.n >= s.size for s in strata):
        return p, p
    drawn = [s for s in strata if s.n < s.size]
    variance = sum(
        (s.size / size) ** 2 * (s.hits / s.n) * (1 - s.hits / s.n) / max(s.n - 1, 1) for s in drawn
    )
    # With no variance seen (all alike), the size follows from the weights alone (Kish).
    kish = sum(s.size for s in drawn) ** 2 / sum(s.n * (s.size / s.n) ** 2 for s in drawn)
    n = p * (1 - p) / variance if variance > 0 and 0 < p < 1 else kish
    n = min(n, float(sum(s.n for s in strata)))
    return clopper_pearson(p * n, n, level)


def ratio_bounds(part: tuple[float, float], rest: tuple[float, float]) -> tuple[float, float]:
    """Return bounds of part ÷ (part + rest) from bounds of both; each is to hold at half the doubt (Bonferroni)."""
    low = part[0] / (part[0] + rest[1]) if part[0] + rest[1] > 0 else 0.0
    high = part[1] / (part[1] + rest[0]) if part[1] + rest[0] > 0 else 1.0
    return low, high


def largest_with_none(n: int, level: float = LEVEL) -> float:
    """Return the largest share that n units without a single hit leave possible ("rule of three")."""
    return 1.0 if n == 0 else clopper_pearson(0, n, level)[1]


def beta_quantile(p: float, a: float, b: float) -> float:
    """Return x at which the regularised incomplete beta function is p, by halving."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if incomplete_beta(middle, a, b) < p:
            low = middle
        else:
            high = middle
        if high - low < 1e-14:
            break
    return (low + high) / 2


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function (Lentz's way of taking it)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away(1 + even * d), _away(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away(1 + odd * d), _away(1 + odd / c)
        value *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return value


def _away(value: float) -> float:
    """Keep a divisor off zero."""
    return value if abs(value) > _SMALL else _SMALL
