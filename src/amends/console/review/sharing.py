"""Two people on one queue: who has which card open, and what was decided on it since it was drawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amends.kernel.register import Decision

HELD_SECONDS = 120.0
"""How long a card counts as looked at: longer than most take, shorter than a coffee."""


@dataclass(frozen=True)
class Look:
    """Somebody who has a card open."""

    by: str
    until: float


class Looks:
    """Who has which card open: a courtesy, no lock; forgotten when the console ends."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with no card open."""
        self._open: dict[tuple[str, str, str], Look] = {}
        self._lock = threading.Lock()
        self._clock = clock

    def take(self, case: str, queue: str, card: str, by: str) -> str:
        """Say that somebody looks at a card, and return who else does; "" for nobody.

        Whoever came first keeps it until it runs out; a person has one card of a queue open at a time.
        """
        now = self._clock()
        with self._lock:
            self._open = {
                k: v
                for k, v in self._open.items()
                if v.until > now and not (v.by == by and k[:2] == (case, queue))
            }
            other = self._open.get((case, queue, card))
            if other is None:
                self._open[case, queue, card] = Look(by, now + HELD_SECONDS)
                return ""
            return other.by

    def others(self, case: str, queue: str, by: str) -> frozenset[str]:
        """Return the cards of a queue that others have open."""
        now = self._clock()
        with self._lock:
            return frozenset(
                k[2]
                for k, v in self._open.items()
                if k[:2] == (case, queue) and v.by != by and v.until > now
            )

    def leave(self, case: str, queue: str, card: str, by: str) -> None:
        """Say that somebody is done with a card."""
        with self._lock:
            held = self._open.get((case, queue, card))
            if held is not None and held.by == by:
                del self._open[case, queue, card]


LOOKS = Looks()


def decided_by_others(
    since: Sequence[Decision], queue: str, card: str, records: Sequence[str], by: str
) -> list[Decision]:
    """Return what others decided on a card since it was drawn.

    Args:
        since: Every decision since then.
        queue: The queue.
        card: The card.
        records: Records the card is about, where it is about records.
        by: Who is about to decide.
    """
    return [d for d in since if d.by != by and _touches(d, queue, card, frozenset(records))]


_KIND_OF = {
    "columns": "column", "exceptions": "exception", "links": "link", "judgements": "judgement",
    "held": "quarantine", "deliveries": "delivery",
}  # fmt: skip


def _touches(decision: Decision, queue: str, card: str, records: frozenset[str]) -> bool:
    subject = decision.subject
    if queue in ("ties", "findings"):
        named = subject.get("records")
        own = (
            {str(r) for r in named} if isinstance(named, list) else {str(subject.get("record_id"))}
        )
        return subject.get("conflict_id") == card or bool(own & records)
    return decision.kind == _KIND_OF.get(queue) and " ".join(map(str, _ordered(decision))) == card


def _ordered(decision: Decision) -> list[object]:
    if decision.kind == "column":
        return [decision.subject.get("item_id"), decision.subject.get("column")]
    return list(decision.subject.values())
