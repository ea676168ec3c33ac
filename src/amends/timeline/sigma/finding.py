"""What was found once all events have been seen: firsts, correlations, and the rows of ``detections``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from amends.timeline.sigma.correlating import Firings, Table, correlate
from amends.timeline.sigma.hits import (
    KEPT,
    LINE,
    LOG,
    NEVER,
    Hits,
    Ints,
    Stream,
    Tally,
    field_below,
    firsts,
    numbered,
)
from amends.timeline.sigma.rules import Correlation, Rule, RuleSet

MAX_DETECTIONS = 10_000
"""Detections of one correlation that are rows of their own, the earliest; the others share a last row."""
COUNTING = (
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
)


@dataclass(frozen=True)
class Reference:
    """Where an event that fired a rule stands.

    Attributes:
        event_id: Its id.
        log_id: Its log file.
        line: Line or record number.
        at: Microseconds since 1970, UTC; ``None`` when unknown.
    """

    event_id: int
    log_id: str
    line: int
    at: int | None


@dataclass(frozen=True)
class Fired:
    """What one rule found.

    Attributes:
        rule: The rule or correlation.
        count: How often it fired, exactly.
        events: The events behind it, earliest first; at most a thousand.
    """

    rule: Rule | Correlation
    count: int
    events: tuple[Reference, ...]


class Finding:
    """The end of a run."""

    def __init__(self, rules: RuleSet, hits: Hits) -> None:
        """Settle the firsts, then the correlations, those that others refer to first."""
        self.set, self.hits = rules, hits
        self._names = rules.named()
        self._typed = {r.key for r in rules.rules if r.typed}
        self._streams: dict[int, Stream] = {}
        self._firings: dict[int, Firings] = {}
        self._logs = list(hits.logs)
        self._texts = hits.texts.all()
        for rule in rules.rules:
            if rule.first is not None:
                self._settle_first(rule)
        self._numbers = self._values_of_texts()
        for correlation in rules.correlations:
            self._firings[correlation.key] = correlate(correlation, self._table(correlation))

    def fired(self, rule: Rule | Correlation) -> Fired:
        """Return what a rule found; nothing for one that only serves others."""
        if rule.silent:
            return Fired(rule, 0, ())
        if isinstance(rule, Correlation):
            first, last = self._firings[rule.key].merged()
            return Fired(rule, len(first), self._first_references(rule, first, last))
        tally = self.hits.tallies.get(rule.key, Tally())
        tally.prune()
        return Fired(
            rule, tally.n, tuple(self._references(tally.at, tally.ids, tally.lines, tally.logs))
        )

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of ``detections``; times in microseconds."""
        made: list[dict[str, Any]] = []
        for rule in self.set.rules:
            if not rule.silent and rule.key in self.hits.tallies:
                made.extend(self._event_rows(rule, self.hits.tallies[rule.key]))
        for correlation in self.set.correlations:
            if not correlation.silent:
                made.extend(self._correlation_rows(correlation))
        return made

    def _settle_first(self, rule: Rule) -> None:
        """Replace all hits of a rule by the first of each combination it asks for."""
        assert rule.first is not None, "the caller asked"
        stream = self.hits.stream(rule.key)
        rows = firsts(stream, rule.first)
        chosen = Stream(
            stream.at[rows], stream.ids[rows], {k: v[rows] for k, v in stream.fields.items()}
        )
        self._streams[rule.key] = chosen
        tally = self.hits.tallies[rule.key] = Tally()
        tally.take(chosen.at, chosen.ids, chosen.fields[LINE], chosen.fields[LOG])

    def _values_of_texts(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Return each text as a number, NaN where it is none; only where a correlation adds numbers up."""
        if not any(c.type in COUNTING[2:] for c in self.set.correlations):
            return np.zeros(0)
        return np.array([_number(t) for t in self._texts], np.float64)

    def _stream(self, key: int) -> Stream:
        if key not in self._streams:
            self._streams[key] = self.hits.stream(key)
        return self._streams[key]

    def _chosen(self, key: int, episodes: bool) -> Ints:
        """Return the rows, in its own table, of a correlation's firings: where each window ends.

        For a count of attacks each is one; for a sequence any moment at which it held may be followed.
        """
        firings = self._firings[key]
        if not episodes:
            return firings.last
        begin = np.searchsorted(firings.first, firings.merged()[0], "left")
        return firings.last[begin]

    def _length(self, key: int, episodes: bool) -> int:
        return (
            len(self._stream(key).at)
            if key not in self._firings
            else len(self._chosen(key, episodes))
        )

    def _times(self, key: int, episodes: bool) -> tuple[Ints, Ints]:
        if key not in self._firings:
            stream = self._stream(key)
            return stream.at, stream.ids
        rows, table = self._chosen(key, episodes), self._firings[key].table
        return table.at[rows], table.ids[rows]

    def _field(self, key: int, name: str, episodes: bool) -> Ints:
        """Return the numbers of a field's texts over the hits of a rule, or the firings of a correlation."""
        rule = self._names[key]
        if isinstance(rule, Rule):
            stream = self._stream(key)
            return stream.fields.get(name, np.full(len(stream.at), -1, np.int64))
        below = self._below(
            rule, [field_below(name, rule, k, k in self._typed) for k in rule.refers]
        )
        rows: Ints = below[self._firings[key].table.row[self._chosen(key, episodes)]]
        return rows

    def _below(self, rule: Correlation, names: list[str]) -> Ints:
        episodes = rule.type in COUNTING
        return _joined(
            [self._field(k, n, episodes) for k, n in zip(rule.refers, names, strict=True)]
        )

    def _table(self, rule: Correlation) -> Table:
        episodes = rule.type in COUNTING
        times = [self._times(k, episodes) for k in rule.refers]
        at, ids = _joined([t[0] for t in times]), _joined([t[1] for t in times])
        place = _joined(
            [np.full(self._length(k, episodes), n, np.int64) for n, k in enumerate(rule.refers)]
        )
        groups = [self._below(rule, [g[str(k)] for k in rule.refers]) for g in rule.group_by]
        values = [self._below(rule, [f[str(k)] for k in rule.refers]) for f in rule.fields]
        value = _whole(values, len(at))
        number = np.full(len(at), np.nan)
        if values and len(self._numbers):
            number = np.where(values[0] >= 0, self._numbers[np.maximum(values[0], 0)], np.nan)
        return Table(at, ids, place, _whole(groups, len(at)), value, number, np.arange(len(at)))

    def _references(self, at: Ints, ids: Ints, lines: Ints, logs: Ints) -> Iterator[Reference]:
        for one, event, line, log in zip(
            at.tolist(), ids.tolist(), lines.tolist(), logs.tolist(), strict=True
        ):
            name = self._logs[log] if log < len(self._logs) else ""
            yield Reference(event, name, line, None if one == NEVER else one)

    def _base(self, rule: Correlation, begin: int, end: int) -> list[tuple[int, int]]:
        """Return the events of a detection as rule and row among its hits, those of correlations below included."""
        table = self._firings[rule.key].table
        episodes = rule.type in COUNTING
        before = [0, *np.cumsum([self._length(k, episodes) for k in rule.refers]).tolist()]
        found: dict[tuple[int, int], None] = {}
        for place, row in zip(
            table.rule[begin : end + 1].tolist(), table.row[begin : end + 1].tolist(), strict=True
        ):
            key, own = rule.refers[place], row - before[place]
            below = self._names[key]
            if isinstance(below, Rule):
                found[key, own] = None
            else:
                firings = self._firings[key]
                last = int(self._chosen(key, episodes)[own])
                first = int(firings.first[np.searchsorted(firings.last, last, "left")])
                found.update(dict.fromkeys(self._base(below, first, last)))
        return list(found)

    def _first_references(
        self, rule: Correlation, first: Ints, last: Ints
    ) -> tuple[Reference, ...]:
        """Return the events behind the earliest detections, as many as are kept."""
        found: dict[int, Reference] = {}
        order = np.argsort(self._firings[rule.key].table.at[first], kind="stable")
        for begin, end in zip(first[order].tolist(), last[order].tolist(), strict=True):
            if len(found) >= KEPT:
                break
            enough = min(end, begin + KEPT)
            found.update((r.event_id, r) for r in self._correlated(rule, begin, enough))
        return tuple(sorted(found.values(), key=lambda r: r.at or 0)[:KEPT])

    def _correlated(self, rule: Correlation, begin: int, end: int) -> list[Reference]:
        """Return the events of a detection in order of time, each once."""
        found: dict[int, Reference] = {}
        for key, row in self._base(rule, begin, end):
            stream, one = self._stream(key), slice(row, row + 1)
            for reference in self._references(
                stream.at[one], stream.ids[one], stream.fields[LINE][one], stream.fields[LOG][one]
            ):
                found.setdefault(reference.event_id, reference)
        return sorted(found.values(), key=lambda r: r.at or 0)

    def _event_rows(self, rule: Rule, tally: Tally) -> Iterator[dict[str, Any]]:
        tally.prune()
        for at, event in zip(tally.at.tolist(), tally.ids.tolist(), strict=True):
            yield _row(rule, "event", "", at, at, 1, [event])
        if tally.n_left:
            ids = [e for _, e in tally.left_ids]
            yield _row(
                rule,
                "event",
                "",
                tally.left_from,
                max(tally.left_to, tally.left_from),
                tally.n_left,
                ids,
            )

    def _correlation_rows(self, rule: Correlation) -> Iterator[dict[str, Any]]:
        firings = self._firings[rule.key]
        first, last = firings.merged()
        order = np.argsort(firings.table.at[first], kind="stable")
        first, last = first[order], last[order]
        for begin, end in zip(
            first[:MAX_DETECTIONS].tolist(), last[:MAX_DETECTIONS].tolist(), strict=True
        ):
            at, to = int(firings.table.at[begin]), int(firings.table.at[end])
            ids = self._events(rule, begin, end)
            yield _row(rule, rule.type, self._group(rule, begin), at, to, len(ids), ids)
        if len(first) > MAX_DETECTIONS:
            left, ends = first[MAX_DETECTIONS:], last[MAX_DETECTIONS:]
            times = firings.table.at
            ids = list(dict.fromkeys(firings.table.ids[_ranges(left, ends)[:KEPT]].tolist()))
            n = int((ends - left + 1).sum())
            yield _row(rule, rule.type, "", int(times[left].min()), int(times[ends].max()), n, ids)

    def _events(self, rule: Correlation, begin: int, end: int) -> list[int]:
        """Return the ids of a detection's events in order of time."""
        if any(k in self._firings for k in rule.refers):
            return [r.event_id for r in self._correlated(rule, begin, end)]
        table = self._firings[rule.key].table
        return list(dict.fromkeys(table.ids[begin : end + 1].tolist()))

    def _group(self, rule: Correlation, row: int) -> str:
        """Return the group's values as text, joined as ``name=value``."""
        place = int(self._firings[rule.key].table.row[row])
        parts = []
        for name, fields in zip(rule.group_names, rule.group_by, strict=True):
            number = int(self._group_numbers(rule, name, fields)[place])
            parts.append(f"{name}={self._texts[number]}")
        return ", ".join(parts)

    def _group_numbers(self, rule: Correlation, name: str, fields: dict[str, str]) -> Ints:
        held = self.__dict__.setdefault("_held", {})
        if (rule.key, name) not in held:
            held[rule.key, name] = self._below(rule, [fields[str(k)] for k in rule.refers])
        found: Ints = held[rule.key, name]
        return found


def _row(
    rule: Rule | Correlation, kind: str, group: str, at: int, to: int, n: int, ids: list[int]
) -> dict[str, Any]:
    text = f"{rule.id} {ids[0] if ids else 0} {n if n > 1 and kind == 'event' else ''}"
    return {
        "detection_id": "D" + hashlib.sha256(text.encode()).hexdigest()[:16],
        "rule_id": rule.id,
        "title": rule.title,
        "level": rule.level,
        "technique": _technique(rule.tags),
        "tags": list(rule.tags),
        "kind": kind,
        "group": group,
        "at": None if at == NEVER else at,
        "to_at": None if to == NEVER else to,
        "n_events": n,
        "event_ids": ids[:KEPT],
        "pack": rule.pack,
    }


def _technique(tags: tuple[str, ...]) -> str:
    """Return the ATT&CK technique that comes first: ``attack.t1110.003`` is T1110.003."""
    for tag in tags:
        word = tag.lower().removeprefix("attack.")
        if word != tag.lower() and word[:1] == "t" and word[1:5].isdigit():
            return word.upper()
    return ""


def _whole(columns: list[Ints], n: int) -> Ints:
    """Return one number a row for several columns, -1 where any of them has none; one group for no columns."""
    if not columns:
        return np.zeros(n, np.int64)
    whole = np.all([c >= 0 for c in columns], axis=0)
    return np.where(whole, numbered(columns), -1)


def _ranges(first: Ints, last: Ints) -> Ints:
    """Return all rows of some ranges, one after the other, up to what anybody asks for."""
    lengths = np.minimum(last - first + 1, KEPT)
    enough = int(np.searchsorted(np.cumsum(lengths), KEPT, "left")) + 1
    parts = [
        np.arange(a, a + n)
        for a, n in zip(first[:enough].tolist(), lengths[:enough].tolist(), strict=True)
    ]
    return _joined(parts)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return float("nan")
    return value if np.isfinite(value) else float("nan")
