"""What a sentence of the narrative is, what the narrative is made from, and what every part of it needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from amends.timeline.known import Known
from amends.timeline.narrative import LIKELY, PROVED, UNSAID, Clock, listed, standing_of, told
from amends.timeline.statements_steps import step_sentence
from amends.timeline.story_sizes import StepSize
from amends.timeline.taken_sources import Dates, Places, Step


@dataclass(frozen=True)
class Statement:
    """A sentence of the narrative before it has its place.

    Attributes:
        question: Question it answers.
        sentence: The answer.
        standing: proved, likely or cannot be said.
        steps: Steps it speaks of.
        event_ids: Further events.
    """

    question: str
    sentence: str
    standing: str
    steps: tuple[Step, ...] = ()
    event_ids: tuple[int, ...] = ()


class Naming:
    """Says which host a store lies on, and which stores lie on a host."""

    def __init__(self, known: Known, places: Places) -> None:
        """Take the company's list of stores."""
        self.places = places
        self._host = {s.store.lower(): s.host or s.store for s in known.stores}
        self._stores: dict[str, list[str]] = {}
        for table in known.stores:
            listed_here = self._stores.setdefault((table.host or table.store).lower(), [])
            if table.store not in listed_here:
                listed_here.append(table.store)

    def store(self, store: str) -> str:
        """Return a store with its host: ``crm-db on pgcare``."""
        host = self._host.get(store.lower(), "")
        return f"{store} on {host}" if host and host.lower() != store.lower() else store

    def host_of(self, store: str) -> str:
        """Return the host of a store, lower case."""
        return self._host.get(store.lower(), store).lower()

    def place(self, place: str) -> str:
        """Return an end of a step: an outside address, a store with its host, a host with its stores."""
        if not place:
            return "a place no log names"
        low = place.lower()
        if self.places.is_outside(place):
            return f"the outside address {place}"
        if low in self._host and self._host[low].lower() != low:
            return self.store(place)
        stores = [s for s in self._stores.get(low, ()) if s.lower() != low]
        if not stores:
            return place
        more = len(stores) - 2
        return f"{place} ({', '.join(stores[:2])}" + (
            f" and {more} more stores)" if more > 0 else ")"
        )


@dataclass(frozen=True)
class Story:
    """What the statements are made from.

    Attributes:
        steps: The chain.
        sizes: Bytes and rows of each step.
        taken: Rows of ``TAKEN``.
        gaps: Rows of ``GAPS``.
        others: Hops that are not in the chain: alternatives.
        dates: Containment and discovery.
        clock: Writes instants.
        naming: Names hosts and stores.
    """

    steps: tuple[Step, ...]
    sizes: dict[str, StepSize]
    taken: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    others: list[dict[str, Any]]
    dates: Dates
    clock: Clock
    naming: Naming

    @property
    def places(self) -> Places:
        """Return whose addresses are."""
        return self.naming.places


def step_said(asked: str, story: Story, step: Step) -> Statement:
    """Return the sentence of one step, as firm as its evidence, with what speaks against it."""
    standing = standing_of(step.row["confidence"])
    sentence = step_sentence(step, story.clock, story.sizes.get(step.hop_id), story.naming.place)
    if standing != PROVED:
        sentence += against_words([step])
    return Statement(asked, told(standing, sentence), standing, (step,))


def against_words(steps: Iterable[Step], most: int = 3) -> str:
    """Return what speaks against steps, the most frequent first; the table of steps holds all."""
    shown: dict[str, str] = {}
    reasons: Counter[str] = Counter()
    for against in (a.rstrip(".") for s in steps for a in s.row["against"] or [] if a):
        alike = re.sub(r"\b\d+ (other )?(day|night|time)s?\b", "", against)
        shown.setdefault(alike, against)
        reasons[alike] += 1
    if not reasons:
        return ""
    said = [shown[r] for r, _ in reasons.most_common(most)]
    rest = " (and more in the table of steps)" if len(reasons) > most else ""
    return f" Against it speaks: {listed(said)}{rest}."


def min_standing(*steps: Step) -> str:
    """Return the weakest standing of several steps."""
    order = (UNSAID, LIKELY, PROVED)
    return min((standing_of(s.row["confidence"]) for s in steps), key=order.index)
