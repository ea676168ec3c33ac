"""The narrative: question, answer, and the steps and lines that carry it; figures and times from the tables only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.tables.timeline import STATEMENTS
from amends.timeline.known import Known
from amends.timeline.narrative import (
    LIKELY,
    PROVED,
    UNSAID,
    Clock,
    listed,
    span_words,
    standing_of,
    told,
)
from amends.timeline.statements_gaps import tracks, unsaid
from amends.timeline.statements_repeats import again_said, parted
from amends.timeline.statements_shape import Naming, Statement, Story, min_standing, step_said
from amends.timeline.statements_span import times
from amends.timeline.statements_taken import left, read
from amends.timeline.story_sizes import step_sizes
from amends.timeline.taken_sources import Dates, Places, Sources, Step, chain_steps, first_access

_MOST_EVENTS = 1000
# Whoever is silent for a day and a night and then acts again has come back.
_AWAY_SECONDS = 24 * 3600
_PROBES_TOLD = 3


def statements(
    engine: Engine, sources: Sources, taken: pa.Table, known: Known, dates: Dates | None = None, zone: str = ""
) -> pa.Table:  # fmt: skip
    """Return the rows of ``STATEMENTS``.

    Args:
        engine: Engine with the tables.
        sources: Their names.
        taken: Rows of ``TAKEN``.
        known: What the company told.
        dates: Containment and discovery, where the case knows them.
        zone: The company's time zone; by default the one most hosts write in.
    """
    places = Places(known)
    story = Story(
        steps=chain_steps(engine, sources.hops, places),
        sizes=step_sizes(engine, sources.events, sources.hops),
        taken=taken.to_pylist(),
        gaps=_rows(engine, sources.gaps, 'ORDER BY from_at NULLS FIRST, host, "log", gap_id'),
        others=_rows(engine, sources.hops, "WHERE status = 'alternative' ORDER BY \"at\", hop_id"),
        dates=dates or Dates(),
        clock=Clock(known, zone),
        naming=Naming(known, places),
    )
    made = [s for part in _PARTS for s in part(story)]
    return pa.Table.from_pylist(
        [_row(number, s) for number, s in enumerate(made, 1)], schema=STATEMENTS.schema
    )


def _rows(engine: Engine, name: str, rest: str) -> list[dict[str, Any]]:
    return engine.arrow(f"SELECT * FROM {name} {rest}").to_pylist() if name else []


def _row(number: int, s: Statement) -> dict[str, Any]:
    ids = list(dict.fromkeys([*(i for step in s.steps for i in step.event_ids), *s.event_ids]))
    return {
        "position": number,
        "question": s.question,
        "sentence": s.sentence,
        "standing": s.standing,
        "hop_ids": [step.hop_id for step in s.steps],
        "event_ids": ids[:_MOST_EVENTS],
    }


def _way_in(story: Story) -> Iterable[Statement]:
    asked = "How did they get in, and when?"
    first = first_access(story.steps)
    if first is None:
        yield Statement(
            asked,
            "It cannot be said how the intruder got in: no step could be joined to a source outside.",
            UNSAID,
        )
        return
    probes = [s for s in story.steps if s.phase == "reconnaissance" and s.at <= first.at]
    for step in probes[:_PROBES_TOLD]:
        yield step_said(asked, story, step)
    yield from again_said(asked, probes[_PROBES_TOLD:])
    if first.phase != "initial_access":
        yield Statement(
            asked,
            "It cannot be said how the intruder came in from outside: no log joins the first step to a source "
            "outside. The next sentence is the first step that the logs show.",
            UNSAID,
        )
    yield step_said(asked, story, first)


def _hosts(story: Story) -> Iterable[Statement]:
    asked = "Which hosts and accounts did they use?"
    known: set[str] = set()
    for standing, word in ((PROVED, "used"), (LIKELY, "likely used")):
        steps = [s for s in story.steps if standing_of(s.row["confidence"]) == standing]
        entered = [
            s for s in steps if s.phase in _ENTERING and not story.places.is_outside(s.destination)
        ]
        for things, what, by in (
            ([str(s.row["destination"] or s.destination) for s in entered], "host", entered),
            ([s.account for s in steps if s.account], "account", [s for s in steps if s.account]),
        ):
            fresh = [t for t in dict.fromkeys(things) if f"{what} {t}" not in known]
            known |= {f"{what} {t}" for t in fresh}
            if fresh:
                names = [story.naming.place(t) for t in fresh] if what == "host" else fresh
                said = f"The intruder {word} {_count(fresh, what)}: {listed(names, 40)}."
                mine = tuple(s for s in by if _thing(s, what) in fresh)
                yield Statement(asked, said, standing, mine)
    sources = [
        s for s in story.steps
        if story.places.is_outside(s.source) and standing_of(s.row["confidence"]) != UNSAID
    ]  # fmt: skip
    if sources:
        came = list(dict.fromkeys(s.source for s in sources))
        said = f"The intruder came from {_count(came, 'address')} outside: {listed(came, 40)}."
        standing = min_standing(*sources)
        yield Statement(asked, told(standing, said), standing, tuple(sources))


_ENTERING = ("initial_access", "lateral_movement")


def _thing(step: Step, what: str) -> str:
    return step.account if what == "account" else str(step.row["destination"] or step.destination)


def _count(things: list[str], word: str) -> str:
    plural = word + ("es" if word.endswith("s") else "s")
    return f"one {word}" if len(things) == 1 else f"{len(things)} {plural}"


_TOLD_ELSEWHERE = (
    "collection",
    "staging",
    "exfiltration",
    "defense_evasion",
    "reconnaissance",
    "initial_access",
)


def _moves(story: Story) -> Iterable[Statement]:
    asked = "How did they move?"
    first = first_access(story.steps)
    moves = [s for s in story.steps if s is not first and s.phase not in _TOLD_ELSEWHERE]
    fresh, again = parted(moves)
    for step in fresh:
        yield step_said(asked, story, step)
    yield from again_said(asked, again)
    if story.steps and not moves:
        yield Statement(
            asked,
            "It cannot be said how the intruder moved on: no log shows a further login.",
            UNSAID,
        )


def _back(story: Story) -> Iterable[Statement]:
    asked = "Did they come back?"
    acted = sorted((s for s in story.steps if s.phase != "reconnaissance"), key=lambda s: s.at)
    if not acted:
        return
    first = first_access(story.steps)
    until = acted[0].to_at
    entries = [s for s in acted[1:] if s.phase == "initial_access" and s is not first]
    returns: list[tuple[Step, float]] = []
    for step in acted[1:]:
        away = (step.at - until).total_seconds()
        if away > _AWAY_SECONDS and step not in entries:
            returns.append((step, away))
        until = max(until, step.to_at)
    fresh, again = parted([*([first] if first is not None else []), *entries])
    for step in fresh:
        if step is not first:
            yield step_said(asked, story, step)
    yield from again_said(asked, again)
    yield from _returns(asked, story, returns)
    if not entries and not returns:
        whole = not any(g["matters"] for g in story.gaps)
        sentence = f"The logs show no further step after {story.clock.words(until)}."
        if not whole:
            sentence = sentence[:-1] + "; logs are missing, so a further one cannot be excluded."
        yield Statement(
            asked, sentence, PROVED if whole else LIKELY, (max(acted, key=lambda s: s.to_at),)
        )


def _returns(asked: str, story: Story, returns: list[tuple[Step, float]]) -> Iterable[Statement]:
    """Yield when the intruder acted again after days of silence, one sentence for each standing."""
    for standing in (PROVED, LIKELY, UNSAID):
        mine = [(s, away) for s, away in returns if standing_of(s.row["confidence"]) == standing]
        if mine:
            when = listed(
                (
                    f"on {story.clock.utc(s.at)} after {span_words(a)} without a step"
                    for s, a in mine
                ),
                6,
            )
            sentence = f"The intruder acted again {when}."
            yield Statement(asked, told(standing, sentence), standing, tuple(s for s, _ in mine))


_PARTS: tuple[Callable[[Story], Iterable[Statement]], ...] = (
    _way_in, times, _hosts, _moves, read, left, _back, tracks, unsaid,
)  # fmt: skip
