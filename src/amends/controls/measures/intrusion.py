"""The intrusion: how long, what was seen of it, how sign-ins stood up, what left, and what the logs cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from amends.controls.catalogue import measure_kinds
from amends.controls.measures.base import (
    HIDES,
    PLACES,
    Finding,
    Ground,
    Measured,
    Row,
    day,
    instant,
    many,
    named,
    not_measured,
    number,
    said,
    texts,
)
from amends.tables.timeline import DETECTIONS, HOPS, LOG_FILES, TAKEN

LOGS = "add the logs: amends add CASE FOLDER --role log"
CHAIN = (
    "no chain of the intruder could be told: add the logs of outward devices, servers and databases"
)


def findings(ground: Ground) -> list[Finding]:
    """Return what the timeline says."""
    return [
        _detection(ground),
        _dwell(ground),
        _steps(ground),
        _techniques(ground),
        _test(ground),
        _lateral(ground),
        _exfiltration(ground),
        _bulk(ground),
    ]


def logs_at(ground: Ground) -> datetime | None:
    """Return the time of the last event of any log."""
    return instant(
        ground.row(f"SELECT MAX(last_at) AS last_at FROM {ground.name(LOG_FILES)}")["last_at"]
    )


def of_chain(
    ground: Ground,
    kind: str,
    measure: str,
    steps: Sequence[Row],
    value: float,
    why: str,
    places: Sequence[str] = (),
    weight: float = 1.0,
) -> Finding:
    """Return a finding that rests on steps of the chain: wrong when there is one.

    Args:
        ground: The ground.
        kind: Kind of finding.
        measure: Its measure.
        steps: The steps that are wrong.
        value: The measure's value.
        why: What was found, in a sentence.
        places: Places it is about.
        weight: ``HIDES`` where it opens no door itself.
    """
    sure = [float(str(h["confidence"])) for h in steps if h["confidence"] is not None]
    return Finding(
        kind,
        Measured(
            measure, value, logs_at(ground), tuple(str(h["hop_id"]) for h in steps[:50]) or ("hops",)
        ),
        why,
        fails=bool(steps),
        persons=ground.persons if steps else 0,
        persons_then=ground.persons if steps else None,
        on_path=bool(steps),
        observed=round(weight * sum(sure) / len(sure), 3) if sure else weight,
        places=tuple(places)[:PLACES],
        failed_in_breach=bool(steps),
        failed_on=day(min((i for h in steps if (i := instant(h["at"]))), default=None)),
    )  # fmt: skip


# how long


def _days(begin: datetime, end: datetime) -> float:
    return round(max((end - begin).total_seconds(), 0.0) / 86_400, 2)


def _detection(ground: Ground) -> Finding:
    kind, measure = "late_detection", "time_to_detect"
    if ground.first_at is None:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    if ground.discovered_at is None:
        return not_measured(
            kind, measure, "enter the day of discovery: amends event add CASE discovery DAY"
        )
    days = _days(ground.first_at, ground.discovered_at)
    return _span(
        ground,
        kind,
        measure,
        days,
        f"First access on {said(ground.first_at)}, discovery on {said(ground.discovered_at)}: {days:g} days.",
        ground.discovered_at,
    )


def _dwell(ground: Ground) -> Finding:
    kind, measure = "long_dwell", "dwell"
    if ground.first_at is None:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    end = ground.contained_at or ground.last_at
    if end is None:
        return not_measured(
            kind, measure, "enter the day of containment: amends event add CASE containment DAY"
        )
    days = _days(ground.first_at, end)
    until = "containment" if ground.contained_at else "the last step the logs show"
    why = f"First access on {said(ground.first_at)}, {until} on {said(end)}: {days:g} days."
    return _span(ground, kind, measure, days, why, end)


def _span(ground: Ground, kind: str, measure: str, days: float, why: str, end: datetime) -> Finding:
    late = not measure_kinds()[measure].is_reached(days)
    first = next((str(h["hop_id"]) for h in ground.chain), "hops")
    return Finding(
        kind,
        Measured(measure, days, end, (first, "case_events")),
        why,
        fails=late,
        persons=ground.persons if late else 0,
        persons_then=ground.persons if late else None,
        on_path=True,
        observed=HIDES,
        failed_in_breach=late,
        failed_on=day(ground.first_at) if late else None,
    )


# what was seen


def _seen(ground: Ground) -> list[dict[str, object]]:
    """Return each step of the chain with whether any rule of a level that wakes somebody fires on its events."""
    fired = (
        f"SELECT DISTINCT UNNEST(event_ids) AS event_id FROM {ground.name(DETECTIONS)} WHERE level <> 'informational'"
        if ground.has(DETECTIONS)
        else "SELECT CAST(NULL AS BIGINT) AS event_id WHERE FALSE"
    )
    return ground.rows(
        f"""WITH steps AS (
                SELECT hop_id, step, technique, phase, destination, "at", confidence, UNNEST(event_ids) AS event_id
                FROM {ground.name(HOPS)} WHERE status = 'chain')
            SELECT hop_id, step, technique, phase, destination, MIN("at") AS "at", MIN(confidence) AS confidence,
                   BOOL_OR(f.event_id IS NOT NULL) AS is_seen
            FROM steps LEFT JOIN ({fired}) AS f USING (event_id)
            GROUP BY hop_id, step, technique, phase, destination ORDER BY step, hop_id"""
    )


def _steps(ground: Ground) -> Finding:
    kind, measure = "unseen_steps", "steps_detected"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = _seen(ground)
    if not steps:
        return not_measured(kind, measure, CHAIN)
    unseen = [s for s in steps if not s["is_seen"]]
    share = round(1 - len(unseen) / len(steps), 4)
    phases = sorted({str(s["phase"]).replace("_", " ") for s in unseen})
    why = f"A rule fires on {len(steps) - len(unseen)} of {many(len(steps), 'step')}"
    why += f"; nothing on {len(unseen)}: {named(phases, 9)}." if unseen else "."
    failing = unseen if not measure_kinds()[measure].is_reached(share) else []
    places = sorted({str(s["destination"]) for s in unseen})
    return of_chain(ground, kind, measure, failing, share, why, places, HIDES)


def _techniques(ground: Ground) -> Finding:
    kind, measure = "unseen_techniques", "techniques_detected"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    by_technique: dict[str, list[dict[str, object]]] = {}
    for step in _seen(ground):
        if step["technique"]:
            by_technique.setdefault(str(step["technique"]), []).append(step)
    if not by_technique:
        return not_measured(kind, measure, CHAIN)
    unseen = sorted(t for t, steps in by_technique.items() if not any(s["is_seen"] for s in steps))
    share = round(1 - len(unseen) / len(by_technique), 4)
    why = f"A rule fires on {len(by_technique) - len(unseen)} of {many(len(by_technique), 'technique')}"
    why += f"; on none of: {named(unseen, 12)}." if unseen else "."
    return of_chain(ground, kind, measure, [by_technique[t][0] for t in unseen], share, why)


# where they went


def _test(ground: Ground) -> Finding:
    kind, measure = "test_on_way", "steps_through_test"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    if not ground.hosts:
        return not_measured(
            kind, measure, "add the list of machines with role or zone (hosts.csv or assets.csv)"
        )
    tests = ground.test_hosts
    steps = [
        h for h in ground.chain if {str(h["source"]).lower(), str(h["destination"]).lower()} & tests
    ]
    names = sorted(
        {str(h[e]) for h in steps for e in ("source", "destination") if str(h[e]).lower() in tests}
    )
    why = f"{many(len(steps), 'step')} of the intruder went to or from test machines" + (
        f": {named(names)}." if names else "."
    )  # fmt: skip
    return of_chain(ground, kind, measure, steps, float(len(steps)), why, names)


def _lateral(ground: Ground) -> Finding:
    kind, measure = "lateral_moves", "lateral_moves"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = [h for h in ground.chain if h["phase"] == "lateral_movement"]
    pairs = {(str(h["source"]).lower(), str(h["destination"]).lower()) for h in steps}
    names = sorted({str(h["destination"]) for h in steps})
    why = f"The intruder moved between {many(len(pairs), 'pair')} of machines" + (
        f", to {named(names)}." if names else "."
    )
    return of_chain(ground, kind, measure, steps, float(len(pairs)), why, names)


def _exfiltration(ground: Ground) -> Finding:
    kind, measure = "exfiltration", "exfiltrations"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = [h for h in ground.chain if h["phase"] == "exfiltration"]
    names = sorted({str(h["destination"]) for h in steps if h["destination"]})
    why = f"{many(len(steps), 'transfer')} left for outside and nothing stopped it." if steps else (
        "The chain holds no transfer to the outside."
    )  # fmt: skip
    return of_chain(ground, kind, measure, steps, float(len(steps)), why, names)


def _bulk(ground: Ground) -> Finding:
    kind, measure = "bulk_reads", "bulk_reads"
    if not ground.has(TAKEN):
        return not_measured(
            kind, measure, "add the logs of the databases and shares, and the list of stores"
        )
    row = ground.row(
        f"""SELECT COUNT(DISTINCT store || chr(31) || "table") AS n,
                   COALESCE(LIST(DISTINCT store ORDER BY store), []) AS stores
            FROM {ground.name(TAKEN)} WHERE acquired_proof = 'proved' OR accessed_proof = 'proved'"""
    )
    count, stores = number(row["n"]), texts(row["stores"])
    return Finding(
        kind,
        Measured(
            measure, float(count), logs_at(ground) if ground.has(LOG_FILES) else None, ("taken",)
        ),
        f"{many(count, 'table, file or share was', 'tables, files and shares were')} read or taken, as the logs prove"
        + (f", from {named(stores)}." if stores else "."),
        fails=count > 0,
        persons=ground.persons if count else 0,
        persons_then=ground.persons if count else None,
        on_path=count > 0,
        observed=HIDES,
        places=tuple(stores[:PLACES]),
        failed_in_breach=count > 0,
        failed_on=day(ground.first_at),
    )
