"""Budgets: how often something may be tried, in bounded memory, by a clock that never jumps.

Each is a token bucket kept as one number a key: the moment at which the bucket is full again. A key that is full
again is forgotten. Keys are keyed digests under a key that is made when the process starts and never written.

Source:
    The generic cell rate algorithm, ITU-T I.371 annex A: a token bucket in one number.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from amends.kernel import ids


class Blinder:
    """Makes keyed digests of what a budget is kept for, so that no address and no contact is kept."""

    def __init__(self) -> None:
        self._key = bytes.fromhex(ids.new(32))

    def blind(self, kind: str, value: str) -> bytes:
        """Return 16 bytes that stand for a value."""
        text = f"{kind}\x00{value}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()


@dataclass(frozen=True)
class Rate:
    """How much may be spent at once, and how fast it comes back.

    Attributes:
        burst: What may be spent at once.
        every_seconds: Time in which one comes back.
        means: Why these numbers.
    """

    burst: float
    every_seconds: float
    means: str

    def shared(self, workers: int) -> Rate:
        """Return the part of one of several processes; never fewer than two at once."""
        return Rate(max(2.0, self.burst / workers), self.every_seconds * workers, self.means)


class Budget:
    """Token buckets under one rate.

    Args:
        rate: The rate of each key.
        most_keys: Keys kept; beyond it the one longest untouched is forgotten, which fills its bucket.
    """

    def __init__(self, rate: Rate, most_keys: int = 200_000) -> None:
        self.rate = rate
        self._most_keys = most_keys
        self._full_at: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def wait(self, key: bytes, now: float, cost: float = 1.0) -> float:
        """Return the seconds until ``cost`` may be spent; 0 = now."""
        full_at = max(self._full_at.get(key, now), now)
        room = self.rate.burst * self.rate.every_seconds
        return max(0.0, full_at + cost * self.rate.every_seconds - now - room)

    def spent(self, key: bytes, now: float) -> float:
        """Return how much is spent and not yet back."""
        return max(0.0, self._full_at.get(key, now) - now) / self.rate.every_seconds

    def spend(self, key: bytes, now: float, cost: float = 1.0) -> None:
        """Spend, even what is not there: the debt never grows beyond one bucket more."""
        room = 2 * self.rate.burst * self.rate.every_seconds
        full_at = max(self._full_at.get(key, now), now) + cost * self.rate.every_seconds
        self._full_at[key] = min(full_at, now + room)
        self._full_at.move_to_end(key)
        self._forget(now)

    def take(self, key: bytes, now: float, cost: float = 1.0) -> bool:
        """Spend when it is there, and say whether it was."""
        if self.wait(key, now, cost) > 0:
            return False
        self.spend(key, now, cost)
        return True

    def _forget(self, now: float) -> None:
        for _ in range(
            2
        ):  # two for each one added: the table cannot grow over those that are still spent
            oldest = next(iter(self._full_at), None)
            if oldest is None or (
                self._full_at[oldest] > now and len(self._full_at) <= self._most_keys
            ):
                return
            del self._full_at[oldest]
