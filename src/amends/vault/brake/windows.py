"""Who was answered about whom of late: distinct persons in the last hour and the last day, exactly.

A window slides, and a person holds a place in it until the span has passed since the *last* answer about them. So at
any moment the persons answered in the hour or day before are counted exactly, and no border of a calendar day lets
twice the budget through.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice

HOUR = 3600.0
DAY = 86400.0
_SPANS = {"hour": HOUR, "day": DAY}


@dataclass(frozen=True)
class Budget:
    """How many distinct persons may be answered about.

    Attributes:
        per_hour: In any 60 minutes.
        per_day: In any 24 hours.
    """

    per_hour: int
    per_day: int

    def of(self, span: str) -> int:
        """Return the number for ``hour`` or ``day``."""
        return self.per_hour if span == "hour" else self.per_day


@dataclass(frozen=True)
class Over:
    """A budget that a call would go beyond.

    Attributes:
        scope: Whose budget.
        span: ``hour`` or ``day``.
        budget: The number.
        retry_seconds: When there will be room for this call; 0 when there never will.
    """

    scope: str
    span: str
    budget: int
    retry_seconds: int


class Recent:
    """Numbers seen within a span, the one seen longest ago first."""

    __slots__ = ("_last", "_span")

    def __init__(self, span: float) -> None:
        self._span = span
        self._last: OrderedDict[int, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._last)

    def expire(self, now: float) -> None:
        """Let those go whose span has passed."""
        last, border = self._last, now - self._span
        while last:
            number, at = next(iter(last.items()))
            if at > border:
                return
            del last[number]

    def fresh(self, numbers: Iterable[int]) -> int:
        """Return how many of some distinct numbers are not in it."""
        return sum(number not in self._last for number in numbers)

    def mark(self, numbers: Iterable[int], now: float) -> None:
        """Note that numbers were seen."""
        for number in numbers:
            self._last[number] = now
            self._last.move_to_end(number)

    def room_in(self, places: int, now: float) -> float:
        """Return the seconds until so many more of the oldest are gone."""
        last = list(islice(self._last.values(), places))
        return max(last[-1] + self._span - now, 0.0) if last else 0.0

    def clip(self, now: float) -> None:
        """Let nothing be later than now."""
        for number, at in self._last.items():
            self._last[number] = min(at, now)

    def pairs(self) -> list[tuple[str, float]]:
        """Return numbers in hex with their times, oldest first."""
        return [(f"{number:016x}", at) for number, at in self._last.items()]


class Windows:
    """The recent persons of every scope: an actor with a purpose, an actor, everybody together."""

    def __init__(self) -> None:
        self._scopes: dict[str, dict[str, Recent]] = {}

    def used(self, scope: str, now: float) -> Budget:
        """Return how many distinct persons a scope was answered about in the last hour and day."""
        found = self._scopes.get(scope)
        if found is None:
            return Budget(0, 0)
        for recent in found.values():
            recent.expire(now)
        return Budget(len(found["hour"]), len(found["day"]))

    def over(self, scope: str, budget: Budget, numbers: Collection[int], now: float) -> Over | None:
        """Return the budget of a scope that some distinct numbers would go beyond, or ``None``."""
        for span, recent in self._of(scope).items():
            recent.expire(now)
            limit = budget.of(span)
            too_many = len(recent) + recent.fresh(numbers) - limit
            if too_many > 0:
                never = len(numbers) > limit
                wait = 0 if never else int(recent.room_in(too_many, now)) + 1
                return Over(scope, span, limit, wait)
        return None

    def mark(self, scope: str, numbers: Collection[int], now: float) -> None:
        """Note that a scope was answered about persons."""
        for recent in self._of(scope).values():
            recent.mark(numbers, now)

    def clip(self, now: float) -> None:
        """Let no answer be later than now: what lay in a wrong future counts from here."""
        for spans in self._scopes.values():
            for recent in spans.values():
                recent.clip(now)

    def as_json(self, now: float) -> dict[str, list[tuple[str, float]]]:
        """Return what :meth:`from_json` reads, without what has passed."""
        for scope in list(self._scopes):
            if not self.used(scope, now).per_day:
                del self._scopes[scope]
        return {scope: spans["day"].pairs() for scope, spans in self._scopes.items()}

    @classmethod
    def from_json(cls, held: dict[str, list[tuple[str, float]]]) -> Windows:
        """Return the windows that :meth:`as_json` wrote."""
        made = cls()
        for scope, pairs in held.items():
            for number, at in pairs:
                made.mark(scope, (int(number, 16),), at)
        return made

    def _of(self, scope: str) -> dict[str, Recent]:
        found = self._scopes.get(scope)
        if found is None:
            found = self._scopes[scope] = {name: Recent(span) for name, span in _SPANS.items()}
        return found
