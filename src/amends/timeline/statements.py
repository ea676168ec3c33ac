"""The narrative: question, answer, and the steps and lines that carry it; figures and times from the tables only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
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
from amends.timeline.statements_steps import step_sentence
from amends.timeline.statements_taken import left_statements, read_statements
from amends.timeline.story_sizes import StepSize, step_sizes
from amends.timeline.taken_coverage import gap_words, log_words
from amends.timeline.taken_sources import Dates, Places, Sources, Step, chain_steps, first_access

_MOST_EVENTS = 1000
# Whoever is silent for a day and a night and then acts again has come back.
_AWAY_SECONDS = 24 * 3600


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
        places: Whose addresses are.
    """

    steps: tuple[Step, ...]
    sizes: dict[str, StepSize]
    taken: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    others: list[dict[str, Any]]
    dates: Dates
    clock: Clock
    places: Places
    names: dict[str, str] = field(default_factory=dict)


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
        places=places,
    )
    made = [s for part in _PARTS for s in part(story)]
    return pa.Table.from_pylist(
        [_row(number, s) for number, s in enumerate(made, 1)], schema=STATEMENTS.schema
    )


def _rows(engine: Engine, name: str, rest: str) -> list[dict[str, Any]]:
    return engine.arrow(f"SELECT * FROM {name} {rest}").to_pylist() if name else []


def _row(number: int, s: Statement) -> dict[str, Any]:
    ids = list(dict.fromkeys([*s.event_ids, *(i for step in s.steps for i in step.event_ids)]))
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
    for step in story.steps:
        if step.phase == "reconnaissance" and step.at <= first.at:
            yield _step(asked, story, step)
    yield _step(asked, story, first)


def _step(asked: str, story: Story, step: Step) -> Statement:
    standing = standing_of(step.row["confidence"])
    sentence = step_sentence(step, story.clock, story.sizes.get(step.hop_id), story.places)
    against = [a for a in step.row["against"] or [] if a]
    if standing != PROVED and against:
        sentence += f" Against it speaks: {listed(against)}."
    return Statement(asked, told(standing, sentence), standing, (step,))  # fmt: skip


def _times(story: Story) -> Iterable[Statement]:
    asked = "How long were they inside?"
    first = first_access(story.steps)
    if first is None:
        yield Statement(
            asked,
            "It cannot be said how long the intruder was inside: the first access is not known.",
            UNSAID,
        )
        return
    clock, last = story.clock, max(story.steps, key=lambda s: s.to_at)
    said = [(story.dates.contained_at, "was shut out on", "so the dwell time is"),
            (story.dates.discovered_at, "was discovered on", "so the time to detect is")]  # fmt: skip
    for at, words, so in said:
        if at is None:
            what = "was shut out" if "shut" in words else "was discovered"
            yield Statement(
                asked,
                f"It cannot be said when the intruder {what}: the case holds no such date.",
                UNSAID,
            )
        elif at >= first.at:
            span = span_words((at - first.at).total_seconds())
            standing = min_standing(first)
            sentence = f"The intruder {words} {clock.words(at)}, {so} {span}."
            yield Statement(asked, told(standing, sentence), standing, (first,))
        else:
            sentence = f"The intruder {words} {clock.words(at)}, before the first access the logs show: one is wrong."
            yield Statement(asked, sentence, UNSAID, (first,))
    out = min(
        (s for s in story.steps if s.phase == "exfiltration"), key=lambda s: s.at, default=None
    )
    if out is not None:
        span = span_words((out.at - first.at).total_seconds())
        standing = min_standing(first, out)
        sentence = f"From the first access to the first data that left, {span} passed."
        yield Statement(asked, told(standing, sentence), standing, (first, out))
    sentence = f"The last step of the intruder that the logs show was on {clock.words(last.to_at)}."
    standing = min_standing(last)
    yield Statement(asked, told(standing, sentence), standing, (last,))


def min_standing(*steps: Step) -> str:
    """Return the weakest standing of several steps."""
    order = (UNSAID, LIKELY, PROVED)
    return min((standing_of(s.row["confidence"]) for s in steps), key=order.index)


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
                said = f"The intruder {word} {_count(fresh, what)}: {listed(fresh, 40)}."
                yield Statement(asked, said, standing, tuple(by))
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


def _count(things: list[str], word: str) -> str:
    plural = word + ("es" if word.endswith("s") else "s")
    return f"one {word}" if len(things) == 1 else f"{len(things)} {plural}"


def _moves(story: Story) -> Iterable[Statement]:
    asked = "How did they move?"
    first = first_access(story.steps)
    told_elsewhere = (
        "collection", "staging", "exfiltration", "defense_evasion", "reconnaissance", "initial_access"
    )  # fmt: skip
    for step in story.steps:
        if step is not first and step.phase not in told_elsewhere:
            yield _step(asked, story, step)
    if story.steps and not any(
        s is not first and s.phase not in told_elsewhere for s in story.steps
    ):
        yield Statement(
            asked,
            "It cannot be said how the intruder moved on: no log shows a further login.",
            UNSAID,
        )


def _read(story: Story) -> Iterable[Statement]:
    asked = "What did they read?"
    for step in story.steps:
        if step.phase == "collection":
            yield _step(asked, story, step)
    for sentence, standing, ids in read_statements(story.taken):
        yield Statement(asked, sentence, standing, (), ids)


def _left(story: Story) -> Iterable[Statement]:
    asked = "What left, how much, and where to?"
    for step in story.steps:
        if step.phase in ("staging", "exfiltration"):
            yield _step(asked, story, step)
    for sentence, standing, ids in left_statements(story.taken):
        yield Statement(asked, sentence, standing, (), ids)


def _back(story: Story) -> Iterable[Statement]:
    asked = "Did they come back?"
    acted = sorted((s for s in story.steps if s.phase != "reconnaissance"), key=lambda s: s.at)
    if not acted:
        return
    first = first_access(story.steps)
    until, returned = acted[0].to_at, False
    for step in acted[1:]:
        if step.phase == "initial_access" and step is not first:
            returned = True
            yield _step(asked, story, step)
            until = max(until, step.to_at)
            continue
        away = (step.at - until).total_seconds()
        if away > _AWAY_SECONDS:
            returned = True
            standing = standing_of(step.row["confidence"])
            when = story.clock.words(step.at)
            sentence = (
                f"On {when}, after {span_words(away)} without a step, the intruder acted again."
            )
            yield Statement(asked, told(standing, sentence), standing, (step,))
        until = max(until, step.to_at)
    if not returned:
        whole = not any(g["matters"] for g in story.gaps)
        sentence = f"The logs show no further step after {story.clock.words(until)}."
        yield Statement(
            asked, sentence, PROVED if whole else LIKELY, (max(acted, key=lambda s: s.to_at),)
        )


def _tracks(story: Story) -> Iterable[Statement]:
    asked = "Did they cover their tracks?"
    steps = [s for s in story.steps if s.phase == "defense_evasion"]
    for step in steps:
        yield _step(asked, story, step)
    told_of = {i for s in steps for i in s.event_ids}
    cut = [
        g
        for g in story.gaps
        if g["reason"] in ("cleared", "stopped") and not set(g["event_ids"] or ()) & told_of
    ]
    for gap in cut:
        whose = (
            "while the intruder may have been there"
            if gap["matters"]
            else "the intruder is not known to have been there then"
        )
        yield Statement(asked, f"On {gap['host']} the {log_words(gap)} has a gap: {gap_words(gap)}; {whose}.",
                        LIKELY if gap["matters"] else UNSAID, (), tuple(gap["event_ids"] or ()))  # fmt: skip
    if not steps and not cut and story.steps:
        yield Statement(
            asked, "The logs that were read show no log that was cleared or stopped.", PROVED
        )


def _unsaid(story: Story) -> Iterable[Statement]:
    asked = "What cannot be said, and why?"
    for gap in story.gaps:
        if gap["matters"]:
            where, effect = gap["host"] or "a host", gap["effect"] or ""
            sentence = f"On {where} the {log_words(gap)} is not whole: {gap_words(gap)}. {effect}"
            yield Statement(asked, sentence.strip(), UNSAID, (), tuple(gap["event_ids"] or ()))
    if story.others:
        ids = tuple(i for h in story.others for i in (h["event_ids"] or ())[:20])
        many = "One other step" if len(story.others) == 1 else f"{len(story.others)} other steps"
        yield Statement(
            asked,
            f"{many} may be the intruder's; what speaks for and against is in the table of steps.",
            UNSAID,
            (),
            ids,
        )
    if not any(g["matters"] for g in story.gaps):
        yield Statement(
            asked, "No gap is known in the logs of the hosts and times that matter.", PROVED
        )


_PARTS: tuple[Callable[[Story], Iterable[Statement]], ...] = (
    _way_in, _times, _hosts, _moves, _read, _left, _back, _tracks, _unsaid,
)  # fmt: skip
