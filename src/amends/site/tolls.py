"""What a wrong code costs, and how a crowd behind one address is kept apart from somebody who guesses.

A code has 75 bits: at a million guesses a second against 54 million codes, a first hit takes eleven thousand years. The
budgets are there so that guessing is seen and answered, not because it could succeed; so they bend rather than shut
people out. A right code costs nothing. A wrong one costs its line, its network and everybody together. Who is out
of budget reads how long to wait, never more than a few minutes. A browser that has had the form for a moment and has
not failed yet has a lane of its own through a network that is out of budget: a call centre or a campus goes on.
When everybody together is out of budget, networks that have failed lately wait, and all others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amends.site.budgets import Blinder, Budget, Rate
from amends.site.network import Caller

WRONG = 1.0
"""Cost of a code that is well formed and not known."""

MISTYPED = 0.25
"""Cost of a code with a slip of the pen: it was not looked up; one in 32 random ones is well formed."""

LANE_AGE_SECONDS = 5
"""A browser reads the form at least so long before it is taken for a person's."""

STORM_SPENT = 2.0
"""While everybody together is out of budget, a network that has failed more than this waits."""

LINE = Rate(
    20, 6, "a household mistypes a few times; a guesser on one line has ten guesses a minute"
)
NETWORK = Rate(60, 2, "an office or a carrier's gateway; thirty wrong codes a minute")
SESSION = Rate(8, 20, "one person with one letter")
EVERYBODY = Rate(600, 0.05, "twenty wrong codes a second; honest slips of a first hour stay below")
LANE = Rate(20, 1, "one fresh browser a second through a network that is out of budget")


@dataclass(frozen=True)
class Asker:
    """Who tries a code, as far as budgets see it.

    Attributes:
        caller: The network.
        session: Value of the form cookie.
        age_seconds: How long ago that browser first had a form.
    """

    caller: Caller
    session: str
    age_seconds: int


class CodeToll:
    """Budgets of wrong codes.

    Args:
        workers: Processes that share the load; each keeps its part of every budget.
        ring: Called with the kind of an alarm.
    """

    def __init__(self, workers: int, ring: Callable[[str], None]) -> None:
        self._blinder = Blinder()
        self._line = Budget(LINE.shared(workers))
        self._network = Budget(NETWORK.shared(workers))
        self._session = Budget(SESSION.shared(workers))
        self._everybody = Budget(EVERYBODY.shared(workers), most_keys=1)
        self._lane = Budget(LANE.shared(workers), most_keys=50_000)
        self._ring = ring

    def wait(self, asker: Asker, now: float) -> float:
        """Return the seconds this asker has to wait before the next try; 0 = none.

        The same steps, whatever any code is.
        """
        line, network, session = self._keys(asker)
        own = self._session.wait(session, now)
        if own:
            return own
        around = max(self._line.wait(line, now), self._network.wait(network, now))
        storm = self._everybody.wait(b"", now)
        if storm and self._network.spent(network, now) > STORM_SPENT:
            around = max(around, storm, self._network.rate.every_seconds)
        if not around:
            return 0.0
        fresh = asker.age_seconds >= LANE_AGE_SECONDS and not self._session.spent(session, now)
        return 0.0 if fresh and self._lane.take(network, now) else around

    def pay(self, asker: Asker, now: float, cost: float) -> None:
        """Take the cost of a try; 0 for a right code, with the same steps."""
        line, network, session = self._keys(asker)
        self._session.spend(session, now, cost)
        self._line.spend(line, now, cost)
        self._network.spend(network, now, cost)
        self._everybody.spend(b"", now, cost)
        if self._network.wait(network, now) or self._line.wait(line, now):
            self._ring("codes_network")
        if self._everybody.wait(b"", now):
            self._ring("codes_everybody")

    def _keys(self, asker: Asker) -> tuple[bytes, bytes, bytes]:
        blind = self._blinder.blind
        return (
            blind("line", asker.caller.own),
            blind("network", asker.caller.around),
            blind("session", asker.session),
        )


CONTACT_LINE = Rate(10, 60, "a family asks for each of its members")
CONTACT_NETWORK = Rate(60, 5, "an office or a carrier's gateway")
CONTACT_EVERYBODY = Rate(6000, 0.02, "fifty a second: four million a day to answer")
SCAM_LINE = Rate(20, 6, "a message takes some milliseconds to read; a family checks several")


class ContactToll:
    """Budgets of typed contacts and of pasted messages. What one contact gets a day is capped where it is queued.

    Args:
        workers: Processes that share the load.
        ring: Called with the kind of an alarm.
    """

    def __init__(self, workers: int, ring: Callable[[str], None]) -> None:
        self._blinder = Blinder()
        self._line = Budget(CONTACT_LINE.shared(workers))
        self._network = Budget(CONTACT_NETWORK.shared(workers))
        self._everybody = Budget(CONTACT_EVERYBODY.shared(workers), most_keys=1)
        self._ring = ring

    def wait(self, caller: Caller, now: float) -> float:
        """Return the seconds this network has to wait; it does not depend on what was typed."""
        line, network = (
            self._blinder.blind("line", caller.own),
            self._blinder.blind("network", caller.around),
        )
        waits = max(
            self._line.wait(line, now),
            self._network.wait(network, now),
            self._everybody.wait(b"", now),
        )
        if waits:
            self._ring("contacts")
            return waits
        self._line.spend(line, now)
        self._network.spend(network, now)
        self._everybody.spend(b"", now)
        return 0.0
