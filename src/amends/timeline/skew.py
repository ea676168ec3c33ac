"""How wrong each clock was, from what two clocks wrote down of the same things.

Two clocks compared: the offset at which most pairs agree (pairs of different things are spread thin, pairs of the same
thing pile up). All clocks: the offsets laid together over the graph of comparisons, by repeated medians. Nothing says
which clock is right, so the most hosts that agree are taken to be; a case where hosts agree two by two stays doubtful
and its bound says so.

Source:
    Schatz, Mohay, Clark, A correlation method for establishing provenance of timestamps in digital evidence, 2006:
    clocks of unattended hosts drift and are set; correlate with events that others saw.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline import shared
from amends.timeline.skew_pairs import AGREE_US, DAY_US, Compared, Offsets, compare, jump

UNKNOWN_ERROR_MS = 600_000
"""Bound of a clock that nothing can be compared with: hosts without time service are found minutes off."""


STEADY_MS = 2_000
"""An error within it is taken off no time: it is the resolution of the logs, not of the clock."""


ZONE_STEP_MS = 900_000
"""Zones of the earth differ by whole quarters of an hour."""

DRIFT_SCALE = 30
"""Makes a drift of a tenth of a second a day as large as offsets that agree, so that drifts are settled like
offsets."""


@dataclass(frozen=True)
class Skew:
    """The error of one clock over a span.

    Attributes:
        clock: The clock.
        from_us: From this instant as the clock shows it; the least whole number for ever.
        skew_ms: What it shows too much.
        error_ms: Bound of the estimate; ``None`` when nothing could be compared.
    """

    clock: int
    from_us: int
    skew_ms: int
    error_ms: int | None


def estimate(engine: Engine, events: str, logs: str, ips: str) -> list[Skew]:
    """Estimate the error of every clock of the events.

    Args:
        engine: The engine.
        events: Events, times as the logs have them.
        logs: Log files with their host.
        ips: From ``network.place_addresses``.

    Returns:
        One entry a clock, more for a clock that drifts or was set; ``shared.CLOCKS`` stays readable.
    """
    clocks = shared.name_clocks(engine, events, logs)
    found = engine.arrow(
        f"""SELECT clock, any_value(host) AS host, bool_or(own) AS own, bool_or(local) AS local, sum(n) AS n
            FROM {clocks} GROUP BY clock ORDER BY clock"""
    ).to_pylist()
    total = sum(int(row["n"]) for row in found)
    share = max(1, total // shared.MOST_KEYS)
    samples = _samples(engine, events, clocks, ips, share)
    hosts = {int(row["clock"]): str(row["host"]) for row in found}
    made = estimated(hosts, samples)
    return _inherited(made, {int(r["clock"]): (r["host"], r["own"], r["local"]) for r in found})


def estimated(hosts: dict[int, str], samples: dict[tuple[int, int], Offsets]) -> list[Skew]:
    """Return the skews that samples of pairs of clocks say.

    Args:
        hosts: Clock → host.
        samples: Pair of clocks → rows of both times.
    """
    if not samples:
        return [Skew(clock, _FOR_EVER, 0, None) for clock in sorted(hosts)]
    reference = int(np.median(np.concatenate([t[:, 0] for t in samples.values()])))
    compared = [
        c for pair, times in sorted(samples.items()) if (c := compare(*pair, times, reference))
    ]
    base = settle(hosts, compared)
    drifts = [
        replace(c, offset_us=round(c.drift * DAY_US * DRIFT_SCALE), error_us=0) for c in compared
    ]
    moving = {s.clock: s.skew_ms * 1000 / DRIFT_SCALE for s in settle(hosts, drifts) if s.skew_ms}
    if moving:
        steady = {k: v for k, v in samples.items() if not {*k} & {*moving}}
        still = [s for s in base if s.clock not in moving]
        spread = [
            d
            for s in base
            if s.clock in moving
            for d in _daily(s, moving[s.clock], reference, samples)
        ]
        return sorted([*_with_steps(still, steady), *spread], key=lambda s: (s.clock, s.from_us))
    return _with_steps(base, samples)


def _daily(
    base: Skew, us_a_day: float, reference: int, samples: dict[tuple[int, int], Offsets]
) -> list[Skew]:
    """Return the skew of a clock that drifts, day by day."""
    times = [t[:, pair.index(base.clock)] for pair, t in samples.items() if base.clock in pair]
    first = min(int(t.min()) for t in times) - 10 * DAY_US
    days = min((max(int(t.max()) for t in times) - first) // DAY_US + 10, 4000)
    made = []
    for day in range(days):
        at = first + day * DAY_US
        skew_us = base.skew_ms * 1000 + us_a_day * (at + DAY_US // 2 - reference) / DAY_US
        made.append(
            Skew(base.clock, at if day else _FOR_EVER, round(skew_us / 1000), base.error_ms)
        )
    return made


def _inherited(found: list[Skew], clocks: dict[int, tuple[str, bool, bool]]) -> list[Skew]:
    """Return the skews, those of a host's own clocks that nothing compares with taken from the other of the host.

    Both show the same clock; only times without a zone may be off by whole quarters of an hour besides.
    """
    by_kind = {
        (host, local): [s for s in found if s.clock == clock]
        for clock, (host, own, local) in clocks.items()
        if own and host
    }
    made = []
    for one in found:
        host, own, local = clocks[one.clock]
        other = by_kind.get((host, not local), [])
        if one.error_ms is not None or not own or not other or other[0].error_ms is None:
            made.append(one)
            continue
        for its in other:
            zone = 0 if local else round(its.skew_ms / ZONE_STEP_MS) * ZONE_STEP_MS
            made.append(replace(its, clock=one.clock, skew_ms=its.skew_ms - zone))
    return made


def _samples(
    engine: Engine, events: str, clocks: str, ips: str, share: int
) -> dict[tuple[int, int], Offsets]:
    """Return pair of clocks → rows of both times; strong pairs before weak ones."""
    both = (
        shared.connections_sql(events, clocks, ips, share),
        shared.forwarded_sql(events, clocks, share),
    )
    strong = " UNION ALL ".join(f"SELECT * FROM ({sql})" for sql in both)
    made = _by_pair(engine.arrow(strong))
    weak = (
        shared.visits_sql(events, clocks, ips, share),
        shared.logins_sql(events, clocks, share),
    )
    for sql in weak:
        for pair, times in _by_pair(engine.arrow(sql)).items():
            if pair not in made or len(made[pair]) < 3:
                made[pair] = times
    return made


def _by_pair(table: pa.Table) -> dict[tuple[int, int], Offsets]:
    if not table.num_rows:
        return {}
    a, b, a_us, b_us = (table.column(i).to_numpy().astype(np.int64) for i in range(4))
    order = np.lexsort((a_us, b, a))
    a, b, times = a[order], b[order], np.column_stack((a_us, b_us))[order]
    cuts = np.flatnonzero((np.diff(a) != 0) | (np.diff(b) != 0)) + 1
    starts = np.concatenate(([0], cuts))
    return {
        (int(a[s]), int(b[s])): part for s, part in zip(starts, np.split(times, cuts), strict=True)
    }


def settle(hosts: dict[int, str], compared: list[Compared]) -> list[Skew]:
    """Lay offsets together over the graph: repeated medians, then the most hosts that agree are right.

    Args:
        hosts: Clock → host.
        compared: Comparisons.
    """
    near: dict[int, list[tuple[int, int, Compared]]] = defaultdict(list)
    for c in compared:
        near[c.a].append((c.b, c.offset_us, c))
        near[c.b].append((c.a, -c.offset_us, c))
    made: list[Skew] = []
    left = set(hosts)
    for clock in sorted(hosts, key=lambda k: (-len(near[k]), k)):
        if clock in left:
            group = _spanning(clock, near)
            left -= set(group)
            made.extend(_settled(_relaxed(group, near), near, hosts))
    return sorted(made, key=lambda s: s.clock)


def _spanning(start: int, near: dict[int, list[tuple[int, int, Compared]]]) -> dict[int, float]:
    """Return first offsets of every clock reached, best comparisons first."""
    reached = {start: 0.0}
    while True:
        open_edges = [
            (c.n, node, other, offset)
            for node in reached
            for other, offset, c in near[node]
            if other not in reached
        ]
        if not open_edges:
            return reached
        _, node, other, offset = max(open_edges)
        reached[other] = reached[node] - offset


def _relaxed(
    first: dict[int, float], near: dict[int, list[tuple[int, int, Compared]]]
) -> dict[int, float]:
    """Return offsets moved to the weighted median of what the neighbours say, until they rest."""
    at = dict(first)
    for _ in range(20):
        moved = 0.0
        for node in list(at):
            says = [(at[other] + offset, float(np.sqrt(c.n))) for other, offset, c in near[node]]
            if says:
                fresh = _weighted_median(says)
                moved = max(moved, abs(fresh - at[node]))
                at[node] = fresh
        if moved < 1000:
            break
    return at


def _weighted_median(says: list[tuple[float, float]]) -> float:
    says = sorted(says)
    half = sum(weight for _, weight in says) / 2
    passed = 0.0
    for value, weight in says:
        passed += weight
        if passed >= half:
            return value
    return says[-1][0]


def _settled(
    at: dict[int, float],
    near: dict[int, list[tuple[int, int, Compared]]],
    hosts: dict[int, str],
) -> list[Skew]:
    zero = _right(at, near, hosts)
    made = []
    for clock, value in at.items():
        if not near[clock]:
            made.append(Skew(clock, _FOR_EVER, 0, None))
            continue
        bound = min(c.error_us for _, _, c in near[clock]) + 500_000
        skew_ms = round((value - zero) / 1000)
        made.append(
            Skew(clock, _FOR_EVER, skew_ms if abs(skew_ms) > STEADY_MS else 0, bound // 1000)
        )
    return made


_FOR_EVER = int(np.iinfo(np.int64).min)


def _right(
    at: dict[int, float],
    near: dict[int, list[tuple[int, int, Compared]]],
    hosts: dict[int, str],
) -> float:
    """Return the offset that most hosts share; among equals, that of the most compared."""

    def votes(value: float) -> tuple[int, int]:
        agree = [k for k in at if abs(at[k] - value) <= AGREE_US]
        return len({hosts[k] for k in agree}), sum(c.n for k in agree for _, _, c in near[k])

    best = max(at.values(), key=lambda v: (*votes(v), -abs(v)))
    return float(np.median([v for v in at.values() if abs(v - best) <= AGREE_US]))


def _with_steps(found: list[Skew], samples: dict[tuple[int, int], Offsets]) -> list[Skew]:
    """Add an entry from the day on which a clock was set, where all its comparisons say so."""
    base = {s.clock: s for s in found}
    steps: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (a, b), times in samples.items():
        change = jump(times)
        if change is not None:
            cut, before, after = change
            steps[a].append((cut, after - before))
            steps[b].append((cut, before - after))
    made = list(found)
    for clock, jumps in steps.items():
        peers = sum(clock in pair for pair in samples)
        others_jump = all(_jumps_more(steps, clock, pair) for pair in samples if clock in pair)
        if base[clock].error_ms is None or not others_jump or len(jumps) * 2 <= peers:
            continue
        made = [s for s in made if s.clock != clock]
        made.extend(_stepped(base[clock], jumps, samples))
    return sorted(made, key=lambda s: (s.clock, s.from_us))


def _jumps_more(steps: dict[int, list[tuple[int, int]]], clock: int, pair: tuple[int, int]) -> bool:
    other = pair[0] if pair[1] == clock else pair[1]
    return len(steps[clock]) >= len(steps.get(other, [])) and (
        len(steps[clock]) > len(steps.get(other, [])) or clock == max(pair)
    )


def _stepped(
    base: Skew, jumps: list[tuple[int, int]], samples: dict[tuple[int, int], Offsets]
) -> list[Skew]:
    cut = int(np.median([at for at, _ in jumps]))
    size_ms = round(float(np.median([by for _, by in jumps])) / 1000)
    counted = [
        (times[:, side] < cut).mean()
        for pair, times in samples.items()
        for side in (0, 1)
        if pair[side] == base.clock
    ]
    early = base.skew_ms if float(np.mean(counted)) >= 0.5 else base.skew_ms - size_ms
    late = early + size_ms
    return [
        Skew(base.clock, _FOR_EVER, early if abs(early) > STEADY_MS else 0, base.error_ms),
        Skew(base.clock, cut, late if abs(late) > STEADY_MS else 0, base.error_ms),
    ]


def skew_table(found: list[Skew]) -> pa.Table:
    """Return the skews with the span each holds for: clock, from_us, to_us, skew_ms, error_ms."""
    rows = []
    for i, one in enumerate(found):
        follows = i + 1 < len(found) and found[i + 1].clock == one.clock
        to_us = found[i + 1].from_us if follows else int(np.iinfo(np.int64).max)
        rows.append((one.clock, one.from_us, to_us, one.skew_ms, one.error_ms))
    names = ("clock", "from_us", "to_us", "skew_ms", "error_ms")
    return pa.table({n: pa.array([r[i] for r in rows], pa.int64()) for i, n in enumerate(names)})
