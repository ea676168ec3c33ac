"""Sentences on covered tracks, and on what cannot be said because a log is not whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from amends.timeline.narrative import LIKELY, PROVED, UNSAID, listed
from amends.timeline.rows import WHERE_LOOKED
from amends.timeline.statements_repeats import again_said, parted
from amends.timeline.statements_shape import Statement, Story, step_said
from amends.timeline.taken_coverage import log_words

_TRACKS = "Did they cover their tracks?"
_UNSAID = "What cannot be said, and why?"
_WHY = {
    "missing_span": "lines are missing", "cleared": "the log was cleared", "record_hole": "record numbers are missing",
    "rotation_missing": "a rotated file is missing", "truncated": "the log is cut off",
    "no_log": "no such log was given", "stopped": "logging was stopped",
}  # fmt: skip


def tracks(story: Story) -> Iterator[Statement]:
    """Yield what was done to logs: the steps, and logs that were cleared or stopped."""
    steps = [s for s in story.steps if s.phase == "defense_evasion"]
    fresh, again = parted(steps)
    for step in fresh:
        yield step_said(_TRACKS, story, step)
    yield from again_said(_TRACKS, again)
    told_of = {i for s in steps for i in s.event_ids}
    cut = [
        g
        for g in story.gaps
        if g["reason"] in ("cleared", "stopped") and not set(g["event_ids"] or ()) & told_of
    ]
    for gap in cut:
        verb = "was cleared" if gap["reason"] == "cleared" else "was stopped"
        whose = (
            "while the intruder may have been there"
            if gap["matters"]
            else "the intruder is not known to have been there then, so by whom cannot be said"
        )
        sentence = f"On {gap['host']} the {log_words(gap)} {verb}{_span(story, gap)}; {whose}."
        yield Statement(_TRACKS, sentence, LIKELY if gap["matters"] else UNSAID, (), _ids([gap]))
    if not steps and not cut and story.steps:
        sentence = "The logs that were read show no log that was cleared or stopped."
        yield Statement(_TRACKS, sentence, PROVED)


def unsaid(story: Story) -> Iterator[Statement]:
    """Yield what cannot be said: hosts without any log, then one sentence a host, then other steps."""
    matter = [g for g in story.gaps if g["matters"]]
    silent = [g for g in matter if g["reason"] == "no_log" and g["log"] in ("any", "", None)]
    if silent:
        hosts = list(dict.fromkeys(story.naming.place(g["host"] or "") for g in silent))
        one = len(hosts) == 1
        sentence = (
            f"What happened on {listed(hosts, 40)} cannot be said at all: no log of "
            f"{'this host' if one else 'these hosts'} was given."
        )
        yield Statement(_UNSAID, sentence, UNSAID, (), _ids(silent))
    by_host: dict[str, list[dict[str, Any]]] = {}
    for gap in matter:
        if gap not in silent:
            by_host.setdefault(gap["host"] or "a host no log names", []).append(gap)
    for host, gaps in by_host.items():
        sentence = (
            f"On {story.naming.place(host)} it cannot be said "
            + "; nor ".join(_parts(story, gaps))
            + "."
        )
        yield Statement(_UNSAID, sentence, UNSAID, (), _ids(gaps))
    if story.others:
        ids = tuple(i for h in story.others for i in (h["event_ids"] or ())[:20])
        many = "One other step" if len(story.others) == 1 else f"{len(story.others)} other steps"
        sentence = (
            f"{many} may be the intruder's; what speaks for and against is in the table of steps."
        )
        yield Statement(_UNSAID, sentence, UNSAID, (), ids)
    if not matter:
        sentence = "No gap is known in the logs of the hosts and times that matter."
        yield Statement(_UNSAID, sentence, PROVED)


def _parts(story: Story, gaps: list[dict[str, Any]]) -> Iterator[str]:
    """Yield for each log of a host and each reason what cannot be said, with its spans."""
    alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for gap in gaps:
        alike.setdefault((gap["log"] or "any", gap["reason"] or "missing_span"), []).append(gap)
    for (log, reason), found in alike.items():
        spans = list(dict.fromkeys(_span(story, g) for g in found))
        more = f" and {len(spans) - 3} more times" if len(spans) > 3 else ""
        when = " and".join(spans[:3]) + more
        what, why = WHERE_LOOKED.get(log, "what happened"), _WHY.get(reason, "lines are missing")
        yield f"{what}{when} ({log_words(found[0])}: {why})"


def _span(story: Story, gap: dict[str, Any]) -> str:
    begin, end = gap["from_at"], gap["to_at"]
    if begin is None and end is None:
        return ""
    if begin is None or end is None:
        return (
            f" before {story.clock.utc(end)}"
            if begin is None
            else f" after {story.clock.utc(begin)}"
        )
    return f" from {story.clock.utc(begin)} to {story.clock.utc(end)}"


def _ids(gaps: Iterable[dict[str, Any]]) -> tuple[int, ...]:
    return tuple(i for g in gaps for i in g["event_ids"] or ())
