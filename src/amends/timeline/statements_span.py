"""Sentences on how long: until the intruder was shut out, was found, and until the first data left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from amends.timeline.narrative import UNSAID, Clock, span_words, told
from amends.timeline.statements_shape import Statement, Story, min_standing
from amends.timeline.taken_sources import Dates, Step, first_access

_ASKED = "How long were they inside?"


def times(story: Story) -> Iterator[Statement]:
    """Yield dwell time, time to detect, time to exfiltrate and the last step."""
    first = first_access(story.steps)
    if first is None:
        yield Statement(
            _ASKED,
            "It cannot be said how long the intruder was inside: the first access is not known.",
            UNSAID,
        )
        return
    yield _until_shut_out(story, first)
    yield _until_found(story, first)
    last = max(story.steps, key=lambda s: s.to_at)
    out = min(
        (s for s in story.steps if s.phase == "exfiltration"), key=lambda s: s.at, default=None
    )
    if out is not None:
        span = span_words((out.at - first.at).total_seconds())
        standing = min_standing(first, out)
        begin = "first access" if _is_entry(first) else "first step seen"
        sentence = f"From the {begin} to the first data that left, {span} passed."
        yield Statement(_ASKED, told(standing, sentence), standing, (first, out))
    sentence = (
        f"The last step of the intruder that the logs show was on {story.clock.words(last.to_at)}."
    )
    standing = min_standing(last)
    yield Statement(_ASKED, told(standing, sentence), standing, (last,))


def dwell_words(clock: Clock, first: Step | None, dates: Dates) -> str:
    """Return the dwell time, in whole days where only the day of containment is known; "" where it is not known."""
    if (
        first is None
        or dates.contained_at is None
        or _is_before(first, dates.contained_at, dates.contained_day_only)
    ):
        return ""
    span = _length(clock, first.at, dates.contained_at, dates.contained_day_only)
    return span if _is_entry(first) else f"at least {span}"


def _is_entry(first: Step) -> bool:
    """Answer whether the first step is the entry itself: else they may have been inside before it."""
    return first.phase == "initial_access"


def _until_shut_out(story: Story, first: Step) -> Statement:
    at, dates = story.dates.contained_at, story.dates
    if at is None:
        return Statement(
            _ASKED,
            "It cannot be said when the intruder was shut out: the case holds no such date.",
            UNSAID,
        )
    when = story.clock.day(at) if dates.contained_day_only else story.clock.words(at)
    verb = "was shut out on" if dates.contained_kind in ("", "containment") else "was last there on"
    source = (
        f", as entered in the case ({dates.contained_kind.replace('_', ' ')})"
        if dates.contained_kind
        else ""
    )
    if _is_before(first, at, dates.contained_day_only):
        sentence = (
            f"The intruder {verb} {when}{source}, before the first access the logs show: one is wrong, so how long "
            "they were inside cannot be said."
        )
        return Statement(_ASKED, sentence, UNSAID, (first,))
    span = _length(story.clock, first.at, at, dates.contained_day_only)
    end = at + timedelta(days=1) if dates.contained_day_only else at
    after = [s for s in story.steps if s.at >= end and s.phase != "reconnaissance"]
    least = "" if _is_entry(first) else "at least "
    standing = min_standing(first)
    sentence = told(
        standing, f"The intruder {verb} {when}{source}, so the dwell time is {least}{span}."
    )
    if after:
        sentence += " The logs show steps after it: it did not hold."
    return Statement(_ASKED, sentence, standing, (first, *after[:5]))


def _until_found(story: Story, first: Step) -> Statement:
    at, day_only = story.dates.discovered_at, story.dates.discovered_day_only
    if at is None:
        return Statement(
            _ASKED,
            "It cannot be said when the intruder was discovered: the case holds no such date.",
            UNSAID,
        )
    when = story.clock.day(at) if day_only else story.clock.words(at)
    if _is_before(first, at, day_only):
        sentence = (
            f"The intruder was discovered on {when}, before the first access the logs show: one is wrong, so the time "
            "to detect cannot be said."
        )
        return Statement(_ASKED, sentence, UNSAID, (first,))
    span = _length(story.clock, first.at, at, day_only)
    standing = min_standing(first)
    least = "" if _is_entry(first) else "at least "
    sentence = f"The intruder was discovered on {when}, so the time to detect is {least}{span}."
    return Statement(_ASKED, told(standing, sentence), standing, (first,))


def _is_before(first: Step, at: datetime, day_only: bool) -> bool:
    return (at + timedelta(days=1) if day_only else at) < first.at


def _length(clock: Clock, begin: datetime, end: datetime, day_only: bool) -> str:
    if not day_only:
        return span_words((end - begin).total_seconds())
    days = clock.days_between(begin, end)
    return "less than a day" if days < 1 else f"{days:,} day{'' if days == 1 else 's'}"
