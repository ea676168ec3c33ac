"""What else happens: everything that is not the intruder, day by day."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from amends.demo.logs.clocks import DAY, HOUR, MINUTE, SECOND
from amends.demo.logs.deeds import Deeds
from amends.demo.logs.scene import Scene
from amends.demo.logs.staff import Tester


@dataclass
class Noise:
    """The background of the case."""

    scene: Scene
    deeds: Deeds
    tester: Tester
    lines: int
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        """Seed the chance."""
        self.chance = random.Random(self.scene.estate.seed * 13_000_027 + 1)

    def window(self, start: int, end: int) -> None:
        """Write the background of a stretch of time."""
        hours = max((end - start) // HOUR, 1)
        scene, estate, chance = self.scene, self.scene.estate, self.chance
        for _ in range(hours * 4):
            at = start + chance.randrange(end - start)
            admin = chance.choice(estate.of_job("admin", "developer", "dba"))
            if (at // DAY + 3) % 7 < 5 and 15 <= at // HOUR % 24 <= 23:
                scene.ssh(
                    at,
                    chance.randrange(60, 4_000),
                    admin.ip,
                    chance.choice(("jump", "test1", "test2", "build")),
                    admin.login,
                    "publickey",
                )
        for _ in range(hours * 6):
            at = start + chance.randrange(end - start)
            ip = f"198.18.{chance.randrange(256)}.{chance.randrange(1, 255)}"
            scene.firewall.denied(
                at, ip, scene.port(), estate["web"].outside_ip, chance.choice((22, 23, 445, 3389))
            )
            scene.router.denied(at + MINUTE, ip, scene.port(), estate["edge"].outside_ip, 23)
            scene.linux["web"].log(
                at + SECOND, "systemd[1]", "Started Daily apt download activities."
            )

    def finish(self) -> None:
        """Write what is written once, at the end."""
