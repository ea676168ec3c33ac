"""What is kept of events that rules fired on: exact counts, the earliest references, fields that correlations need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from amends.timeline.sigma.columns import as_column
from amends.timeline.sigma.fields import Batch, Mask, Rows
from amends.timeline.sigma.rules import Correlation, First, Rule, RuleSet

KEPT = 1_000
"""Hits of one rule that are kept one by one, the earliest; the others are counted, with their first thousand ids."""
MOST_HELD = 4_000_000
"""Hits of one rule that are held for correlations; beyond them hits that are alike within a minute are thinned."""
MINUTE = 60_000_000
NEVER = np.iinfo(np.int64).max
"""Stands for a time that is not known: it sorts last."""

LINE, LOG = "\0line", "\0log"  # no field of a rule is called so
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.signedinteger[Any]]  # of texts and log files: 32 bits are enough


@dataclass
class Tally:
    """The hits of one rule.

    Attributes:
        n: How many there are.
        at: Times of those kept, microseconds; ``NEVER`` where unknown.
        ids: Their event ids.
        lines: Their lines or record numbers.
        logs: Their log files, by number in ``Hits.logs``.
        n_left: Hits not kept one by one.
        left_from: Earliest of those, ``NEVER`` for none.
        left_to: Latest time of those; the least number for none.
        left_ids: Event ids of the first of those, at most a thousand.
    """

    n: int = 0
    at: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    ids: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    lines: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    logs: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    n_left: int = 0
    left_from: int = NEVER
    left_to: int = -NEVER
    left_ids: list[tuple[int, int]] = field(default_factory=list)

    def take(self, at: Ints, ids: Ints, lines: Ints, logs: Ints) -> None:
        """Add hits; beyond four times the bound the latest are let go."""
        self.n += len(at)
        self.at, self.ids = np.concatenate([self.at, at]), np.concatenate([self.ids, ids])
        self.lines, self.logs = (
            np.concatenate([self.lines, lines]),
            np.concatenate([self.logs, logs]),
        )
        if len(self.at) > 4 * KEPT:
            self.prune()

    def prune(self) -> None:
        """Keep the earliest, in order of time; count the others."""
        order = np.lexsort((self.ids, self.at))
        keep, left = order[:KEPT], order[KEPT:]
        if len(left):
            times = self.at[left]
            self.n_left += len(left)
            self.left_from = min(self.left_from, int(times.min()))
            known = times[times != NEVER]
            self.left_to = max(self.left_to, int(known.max())) if len(known) else self.left_to
            first = left[:KEPT]
            more = list(zip(self.at[first].tolist(), self.ids[first].tolist(), strict=True))
            self.left_ids = sorted(self.left_ids + more)[:KEPT]
        self.at, self.ids, self.lines, self.logs = (
            a[keep] for a in (self.at, self.ids, self.lines, self.logs)
        )


@dataclass(frozen=True)
class Stream:
    """All hits of one rule that a correlation refers to, with the fields it needs.

    Attributes:
        at: Times; only hits with a known time are here.
        ids: Event ids.
        fields: For each field the number of its text in ``Texts``, -1 where an event has none.
    """

    at: Ints
    ids: Ints
    fields: dict[str, Numbers]


class Texts:
    """Texts by number, each kept once; case does not matter."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: dict[str, int] = {}

    def numbers(self, values: pa.StringArray) -> Ints:
        """Return the numbers of texts."""
        known = self._numbers
        return np.array([known.setdefault(v, len(known)) for v in values.to_pylist()], np.int64)

    def all(self) -> list[str]:
        """Return the texts in the order of their numbers."""
        return list(self._numbers)


class Hits:
    """Everything kept over a run."""

    def __init__(self, rules: RuleSet) -> None:
        """Find out which fields of which rules correlations need."""
        self.tallies: dict[int, Tally] = {}
        self.texts = Texts()
        self.logs: dict[str, int] = {}
        self._needed = needed_fields(rules)
        self._parts: dict[int, list[Stream]] = {key: [] for key in self._needed}
        self._held = dict.fromkeys(self._needed, 0)
        self._bounds = dict.fromkeys(self._needed, MOST_HELD)
        self._alike = alike_kept(rules)

    def take(self, batch: Batch, fired: Iterable[tuple[Rule, Mask]]) -> list[tuple[Rule, Rows]]:
        """Keep the hits of a batch, and return them by rule and row."""
        events = batch.events
        at, ids = _column(events, "at", NEVER), _column(events, "event_id", 0)
        lines, logs = _column(events, "line", 0), self._log_numbers(events)
        numbers: dict[str, Ints] = {}
        kept = []
        for rule, mask in fired:
            rows = np.flatnonzero(mask)
            kept.append((rule, rows))
            if rule.first is None:
                self.tallies.setdefault(rule.key, Tally()).take(
                    at[rows], ids[rows], lines[rows], logs[rows]
                )
            if rule.key in self._needed:
                dated = rows[at[rows] != NEVER]
                fields: dict[str, Numbers] = {
                    f: self._numbers(batch, f, numbers)[dated].astype(np.int32)
                    for f in self._needed[rule.key]
                }
                fields |= {LINE: lines[dated], LOG: logs[dated].astype(np.int32)}
                self._hold(rule.key, Stream(at[dated], ids[dated], fields))
        return kept

    def _hold(self, key: int, part: Stream) -> None:
        """Hold hits for correlations; when they are too many, thin those that are alike within a minute.

        So many alike are kept as the largest count asks for: what held before holds still. A rule whose numbers are
        added up is not thinned.
        """
        self._parts[key].append(part)
        self._held[key] += len(part.at)
        if self._held[key] > self._bounds[key] and self._alike.get(key):
            thin = thinned(self.stream(key), self._alike[key])
            self._parts[key] = [thin]
            self._held[key] = len(thin.at)
            self._bounds[key] = max(MOST_HELD, 2 * len(thin.at))

    def stream(self, key: int) -> Stream:
        """Return all hits of a rule that a correlation, or its own demand, refers to."""
        parts = self._parts.get(key, [])
        nothing = np.zeros(0, np.int64)
        names = [*self._needed.get(key, ()), LINE, LOG]
        return Stream(
            np.concatenate([p.at for p in parts]) if parts else nothing,
            np.concatenate([p.ids for p in parts]) if parts else nothing,
            {n: np.concatenate([p.fields[n] for p in parts]) if parts else nothing for n in names},
        )

    def _numbers(self, batch: Batch, name: str, known: dict[str, Ints]) -> Ints:
        if name not in known:
            found = batch.field(name)
            if found is None:
                known[name] = np.full(batch.n_rows, -1, np.int64)
            else:
                numbers = self.texts.numbers(found.lower)
                codes = found.first_codes()
                known[name] = np.where(codes >= 0, numbers[np.maximum(codes, 0)], -1)
        return known[name]

    def _log_numbers(self, events: pa.RecordBatch) -> Ints:
        if "log_id" not in events.schema.names:
            return np.zeros(events.num_rows, np.int64)
        encoded = events.column("log_id").fill_null("").dictionary_encode()
        numbers = [self.logs.setdefault(v, len(self.logs)) for v in encoded.dictionary.to_pylist()]
        found: Ints = np.array(numbers, np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]
        return found


def alike_kept(rules: RuleSet) -> dict[int, int]:
    """Return for each rule how many hits alike within a minute may not be told apart; 0 where all are needed."""
    kept: dict[int, int] = {r.key: 1 for r in rules.rules if r.first is not None}
    for correlation in rules.correlations:
        for key in correlation.refers:
            if correlation.type == "event_count" and correlation.op in ("gt", "gte"):
                enough = int(correlation.count) + 1
            elif correlation.op in ("gt", "gte") and not correlation.type.startswith("value_"):
                enough = 1
            else:
                enough = 1 if correlation.type == "value_count" else 0
            kept[key] = 0 if not enough or kept.get(key) == 0 else max(enough, kept.get(key, 1))
    return kept


def thinned(stream: Stream, most: int) -> Stream:
    """Return the earliest hits, at most so many, of those with the same fields in the same minute."""
    alike = stream.at // MINUTE
    for name, numbers in stream.fields.items():
        if name not in (LINE, LOG):
            alike = alike * 1_000_003 + numbers  # wraps; a collision thins a little more
    order = np.lexsort((stream.ids, stream.at, alike))
    change = np.ones(len(order), bool)
    change[1:] = np.diff(alike[order]) != 0
    starts = np.maximum.accumulate(np.where(change, np.arange(len(order)), 0))
    rows = np.sort(order[np.arange(len(order)) - starts < most])
    return Stream(stream.at[rows], stream.ids[rows], {k: v[rows] for k, v in stream.fields.items()})


def needed_fields(rules: RuleSet) -> dict[int, tuple[str, ...]]:
    """Return which fields of the hits of which rules are needed later."""
    needed: dict[int, dict[str, None]] = {}
    for rule in rules.rules:
        if rule.first is not None:
            needed.setdefault(rule.key, {}).update(dict.fromkeys((*rule.first.by, *rule.first.of)))
    for correlation in rules.correlations:
        for key in correlation.refers:
            names = [g[str(key)] for g in (*correlation.group_by, *correlation.fields)]
            needed.setdefault(key, {}).update(dict.fromkeys(names))
    # a chained correlation takes its fields from the rules below it
    for correlation in reversed(rules.correlations):
        for name in needed.get(correlation.key, {}):
            _hand_down(correlation.key, name, rules, needed)
    keys = {r.key for r in rules.rules}
    return {key: tuple(names) for key, names in needed.items() if key in keys}


def _hand_down(key: int, name: str, rules: RuleSet, needed: dict[int, dict[str, None]]) -> None:
    correlation = next(c for c in rules.correlations if c.key == key)
    typed = {r.key for r in rules.rules if r.typed}
    for below in correlation.refers:
        needed.setdefault(below, {})[field_below(name, correlation, below, below in typed)] = None


def field_below(name: str, correlation: Correlation, below: int, typed: bool) -> str:
    """Return what a field of a correlation is called in a rule it refers to: by its group-by, else the same."""
    for group, fields in zip(correlation.group_names, correlation.group_by, strict=True):
        if name == group.lower():
            return fields[str(below)]
    return as_column(name) if typed else name


def firsts(stream: Stream, first: First) -> Rows:
    """Return the hits that are the earliest of their combination, as ``First`` asks, in order of time.

    A hit that lacks a field of the combination is none. Where ``of`` is given, a hit counts only if ``of`` was seen
    before: the first sight of an account tells nothing of a habit.
    """
    wanted = [stream.fields[f] for f in first.by]
    whole = np.all([w >= 0 for w in wanted], axis=0) if wanted else np.zeros(len(stream.at), bool)
    rows = np.flatnonzero(whole)
    rows = rows[np.lexsort((stream.ids[rows], stream.at[rows]))]
    if not len(rows):
        return rows
    combination = numbered([w[rows] for w in wanted])
    earliest = np.sort(np.unique(combination, return_index=True)[1])
    if first.of:
        seen = numbered([stream.fields[f][rows] for f in first.of])
        begin = np.zeros(len(rows), bool)
        begin[np.unique(seen, return_index=True)[1]] = True
        earliest = earliest[~begin[earliest]]
    chosen: Rows = rows[earliest]
    return chosen


def numbered(columns: Sequence[Numbers]) -> Ints:
    """Return one number for each distinct row of the columns."""
    if not columns:
        return np.zeros(0, np.int64)
    number = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        codes = np.unique(column, return_inverse=True)[1].reshape(-1)
        number = np.unique(number * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)[
            1
        ].reshape(-1)
    return number


def _column(events: pa.RecordBatch, name: str, missing: int) -> Ints:
    if name not in events.schema.names:
        return np.full(events.num_rows, missing, np.int64)
    column = events.column(name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    found: Ints = column.fill_null(missing).to_numpy(zero_copy_only=False).astype(np.int64)
    return found
