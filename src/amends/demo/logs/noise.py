"""What else happens: everything that is not the intruder, stretch by stretch.

How much of each kind there is follows from the number of lines asked for; what grows without bound is written by
the kinds that are quick to write (packets, requests, queries).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from amends.demo.logs import bulk, decoys, people, systems
from amends.demo.logs.clocks import HOUR
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.estate import FROM, TO
from amends.demo.logs.rhythm import OFFICE, STEADY, WEB, Stretch, weight
from amends.demo.logs.scene import Scene
from amends.demo.logs.staff import Tester

# kind, rhythm, share of the lines asked for, lines one act writes, most acts in all
_KINDS = (
    (bulk.scans, STEADY, 0.17, 1.0, None),
    (bulk.requests, WEB, 0.17, 1.15, None),
    (bulk.surfing, OFFICE, 0.25, 3.4, None),
    (bulk.queries, OFFICE, 0.13, 1.0, None),
    (bulk.archive_queries, OFFICE, 0.04, 2.0, 200_000),
    (bulk.guesses, STEADY, 0.05, 6.0, 60_000),
    (people.shells, OFFICE, 0.05, 26.0, 8_000),
    (people.windows_files, OFFICE, 0.04, 5.0, 20_000),
    (people.samba_files, OFFICE, 0.03, 2.5, 60_000),
    (people.vpn_sessions, WEB, 0.02, 6.0, 4_000),
    (people.slips, OFFICE, 0.01, 5.0, 2_000),
    (systems.heartbeats, STEADY, 0.03, 3.0, 20_000),
    (systems.leases, OFFICE, 0.01, 2.5, 20_000),
)
# Lines that the story, the decoys and the daily jobs write; and what is left of the rest before copies are added.
_FIXED, _BULK = 20_000, 0.85


@dataclass
class Noise:
    """The background of the case."""

    scene: Scene
    deeds: Deeds
    tester: Tester
    lines: int
    whole: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Know how much there is of each rhythm in all."""
        for rhythm in (STEADY, OFFICE, WEB):
            self.whole[rhythm.name] = weight(rhythm, FROM, TO)
        decoys.act(self.scene, self.deeds, self.tester)

    def window(self, start: int, end: int) -> None:
        """Write the background of a stretch of time."""
        seed, number = self.scene.estate.seed, start // HOUR
        for salt, (write, rhythm, share, each, most) in enumerate(_KINDS):
            acts = share * max(self.lines * _BULK - _FIXED, self.lines / 8) / each
            if most is not None:
                acts = min(acts, most)
            rng = np.random.default_rng([seed, number, salt])
            part = weight(rhythm, start, end) / self.whole[rhythm.name]
            n = int(acts * part + rng.random())
            write(self.scene, Stretch(start, end, rhythm, rng), n)
        systems.daily(self.scene, self.deeds, start, end)
