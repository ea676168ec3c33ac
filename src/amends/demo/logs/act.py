"""Acts the whole story out, night by night."""

from __future__ import annotations

from amends.demo.logs.clocks import MINUTE
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.leaving import leave
from amends.demo.logs.takings import read_databases, read_files


def act(deeds: Deeds) -> None:
    """Act the whole story out."""
    story = deeds.story
    nights, hops = len(story.nights), len(story.hops)
    reads = nights - 4
    on = [k * reads // max(hops - 1, 1) for k in range(hops)]
    deeds.scan()
    for number in range(nights):
        due = [k for k in range(hops) if on[k] == number]
        at = deeds.enter(number, min(due) if due else sum(night < number for night in on))
        for k in due:
            at = deeds.hop(k, at + deeds.chance.randrange(4, 15) * MINUTE)
        at += deeds.chance.randrange(5, 12) * MINUTE
        if number == reads:
            read_databases(deeds, at)
        elif number == reads + 1:
            read_files(deeds, at)
        elif number > reads + 1:
            leave(deeds, number - reads - 1, at, last=number == nights - 1)
