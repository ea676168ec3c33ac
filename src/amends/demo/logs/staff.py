"""The tester, and the staff's days."""

from __future__ import annotations

import random
from dataclasses import dataclass

from amends.demo.logs.clocks import DAY, HOUR, instant


@dataclass(frozen=True)
class Tester:
    """A penetration tester with a ticket."""

    ticket: str
    ip: str
    account: str
    start: int
    end: int


def draw_tester(seed: int) -> Tester:
    """Return the tester of a seed: before, or in the middle of, the intrusion."""
    chance = random.Random(seed * 5_000_011 + 3)
    start = instant("2026-07-13T14:00:00") + chance.choice((0, 1, 8, 9)) * DAY
    return Tester(f"PT-{chance.randrange(2000, 2900)}", f"203.0.113.{chance.randrange(191, 250)}", "pentest",
                  start, start + 2 * DAY + 8 * HOUR)  # fmt: skip
