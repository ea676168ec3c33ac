"""Steps taken again: the intruder's usual way in on later nights is told once, with its days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from amends.timeline.narrative import LIKELY, PROVED, UNSAID, listed, standing_of, told
from amends.timeline.statements_shape import Statement, against_words
from amends.timeline.statements_steps import by_words
from amends.timeline.taken_sources import Step

_WAYS_TOLD = 6


def parted(steps: Iterable[Step]) -> tuple[list[Step], list[Step]]:
    """Return the steps that are new, and those that do again what an earlier one did."""
    fresh: list[Step] = []
    again: list[Step] = []
    known: set[tuple[str, ...]] = set()
    for step in steps:
        key = way_of(step)
        (again if key in known else fresh).append(step)
        known.add(key)
    return fresh, again


def way_of(step: Step) -> tuple[str, ...]:
    """Return what makes two steps the same way: what, from where, to where, as whom, how."""
    ends = (str(step.row[end] or "").lower() for end in ("source", "destination"))
    return (step.phase, *ends, step.account, step.how)


def again_said(asked: str, again: list[Step]) -> Iterator[Statement]:
    """Yield one sentence for each standing of the steps that repeat earlier ones."""
    for standing in (PROVED, LIKELY, UNSAID):
        steps = tuple(s for s in again if standing_of(s.row["confidence"]) == standing)
        if not steps:
            continue
        ways: dict[str, list[Step]] = {}
        for step in steps:
            ways.setdefault(_way(step), []).append(step)
        named = [f"{way} ({days_words(s.at for s in found)})" for way, found in ways.items()]
        if len(named) > _WAYS_TOLD:
            named[_WAYS_TOLD:] = [f"{len(named) - _WAYS_TOLD} more in the table of steps"]
        sentence = "The intruder did the same again: " + "; ".join(named) + "."
        against = "" if standing == PROVED else against_words(steps)
        yield Statement(asked, told(standing, sentence) + against, standing, steps)


_DEEDS = {
    "credential_access": "credentials on {to}",
    "discovery": "a look around {to}",
    "persistence": "a way back into {to}",
    "collection": "reads on {to}",
    "staging": "an archive on {to}",
    "defense_evasion": "covered tracks on {to}",
    "exfiltration": "data from {source} to {to}",
    "reconnaissance": "probes of {to} from {source}",
}


def _way(step: Step) -> str:
    source, to = (str(step.row[end] or "") for end in ("source", "destination"))
    deed = _DEEDS.get(step.phase, "{source} to {to}").format(source=source, to=to)
    who = f" as {step.account}" if step.account else ""
    return f"{deed}{by_words(step.how)}{who}"


def days_words(instants: Iterable[datetime]) -> str:
    """Return the days of instants, UTC: ``22, 23 and 31 July, 1 August 2026``."""
    months: dict[tuple[int, int], list[int]] = {}
    for at in sorted(i.astimezone(UTC) for i in instants):
        days = months.setdefault((at.year, at.month), [])
        if at.day not in days:
            days.append(at.day)
    said = []
    for number, ((year, month), days) in enumerate(months.items()):
        after = list(months)[number + 1 :]
        name = f"{datetime(year, month, 1, tzinfo=UTC):%B}"
        same_year = any(y == year for y, _ in after)
        said.append(f"{listed(map(str, days), 40)} {name}" + ("" if same_year else f" {year}"))
    return ", ".join(said)
