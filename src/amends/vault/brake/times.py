"""The brake's own time: it never runs back, and never faster than the machine's steady clock.

A window of a day can be widened by a clock that is set back (old answers would seem to lie in the future and never
pass, or be dated anew) and emptied by one that is set forward. So the time of the last line is a floor, and since
the last point at which the clock was believed no more may have passed than the machine has run.

Source:
    CLOCK_BOOTTIME: clock_gettime(2); it counts while the machine sleeps and cannot be set.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amends.kernel import clock
from amends.vault.brake.lines import Body

SLACK_SECONDS = 60.0
"""Beyond this, a clock that is ahead was set, not slewed."""

_DRIFT = 0.001  # NTP slews by at most 500 parts in a million; twice that
_BACK_SECONDS = 5.0


@dataclass(frozen=True)
class Moment:
    """The time to work with.

    Attributes:
        at: Seconds since 1970.
        doubt: ``back`` or ``forward`` when the machine's clock says otherwise; else empty.
        off_seconds: By how much.
    """

    at: float
    doubt: str = ""
    off_seconds: int = 0


class Times:
    """Tells the brake's time.

    Args:
        wall: The clock of the machine, seconds since 1970.
        steady: Seconds that the machine has run; ``None`` when it cannot be known.
        boot: What names this run of the machine.
    """

    def __init__(
        self,
        wall: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
        boot: str = "",
    ) -> None:
        self._wall = wall or (lambda: clock.now().timestamp())
        self._steady, self._boot = steady, boot
        if wall is None and "AMENDS_CLOCK" not in os.environ:
            self._steady, self._boot = _machine()

    def wall(self) -> float:
        """Return what the machine's clock says, believed or not."""
        return self._wall()

    def now(self, floor: float, believed: Body) -> Moment:
        """Return the time.

        Args:
            floor: Time of the last line.
            believed: What :meth:`belief` returned when it was last written, with ``at``; may be empty.
        """
        wall = self._wall()
        if wall < floor - _BACK_SECONDS:
            return Moment(floor, "back", int(floor - wall))
        if self._steady is not None and believed.get("boot") == self._boot:
            ran = self._steady() - float(believed["steady"])
            most = float(believed["at"]) + ran * (1 + _DRIFT) + SLACK_SECONDS
            if wall > most:
                return Moment(max(most - SLACK_SECONDS, floor), "forward", int(wall - most))
        return Moment(max(wall, floor))

    def belief(self, believed: Body) -> Body | None:
        """Return what to write down when the clock has to be believed anew: after the machine was started."""
        if self._steady is None or believed.get("boot") == self._boot:
            return None
        return self.fresh_belief()

    def fresh_belief(self) -> Body:
        """Return what to write down when a person says that the clock is right."""
        return {"boot": self._boot, "steady": self._steady() if self._steady else 0.0}


def _machine() -> tuple[Callable[[], float] | None, str]:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return None, ""
    return (lambda: time.clock_gettime(time.CLOCK_BOOTTIME)), boot
