"""The roadmap: pieces of work by horizon, each after what it rests on, with owner, effort, measure and targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from amends.controls.catalogue import (
    HORIZONS,
    Item,
    MeasureKind,
    items,
    measure_kinds,
    rules,
)
from amends.controls.history import CLOSED, NEW, OPEN, REOPENED
from amends.controls.review import MET, NOT_MEASURED, SCAN
from amends.kernel import ids

Row = dict[str, object]

DAYS: Mapping[str, int] = {"30_days": 30, "90_days": 90, "365_days": 365, "years_2_3": 1095}
MEASURE_BY = "90_days"
"""What is not measured is measured within the first quarter: nobody can plan what nobody has looked at."""


def roadmap(gaps: Sequence[Row], begin: date | None) -> list[Row]:
    """Return the items in the order of work.

    Args:
        gaps: Rows of ``control_gaps`` with their states, in order.
        begin: Day from which horizons count: the discovery.
    """
    by_item: dict[str, list[Row]] = {}
    item_of = {r.id: r.item for r in rules()}
    scan = next(r.item for r in rules() if r.finding == "scanner_findings")
    for gap in gaps:
        rule = str(gap["rule_id"])
        by_item.setdefault(scan if rule.startswith(SCAN) else item_of[rule], []).append(gap)
    made = [
        row for key, some in by_item.items() if (row := _row(items()[key], some, begin)) is not None
    ]
    ordered = _ordered(made)
    known = {r["item_id"] for r in ordered}
    for rank, row in enumerate(ordered, 1):
        row["rank"] = rank
        row["after"] = [i for i in _texts(row["after"]) if i in known]
    return ordered


def item_id(key: str) -> str:
    """Return the id of an item: the same work, the same id."""
    return "M" + ids.digest_value(["item", key])[:12]


def _row(item: Item, gaps: Sequence[Row], begin: date | None) -> Row | None:
    """Return the row of an item; ``None`` when nothing of it was ever wrong or unknown."""
    open_gaps = [g for g in gaps if g["status"] != MET]
    if not open_gaps and not any(g["failed_in_breach"] or _was_open(g) for g in gaps):
        return None
    shown = open_gaps or list(gaps)
    lead = shown[0]
    only_measuring = bool(open_gaps) and all(g["status"] == NOT_MEASURED for g in open_gaps)
    horizon = _sooner(item.horizon, MEASURE_BY) if only_measuring else item.horizon
    kind = measure_kinds()[str(lead["measure_id"])]
    removed = [_number(g["persons_removed"]) for g in shown if g["persons_removed"] is not None]
    state, since = _state(gaps, open_gaps)
    return {
        "item_id": item_id(item.id),
        "rank": 0,
        "horizon": horizon,
        "title": f"Measure: {item.title}" if only_measuring else item.title,
        "cause": lead["cause"],
        "after": [item_id(a) for a in item.after],
        "gap_ids": [str(g["gap_id"]) for g in shown],
        "owner": lead["owner"],
        "effort_days": float(sum(_float(g["effort_days"]) for g in open_gaps)),
        "due_on": begin + timedelta(days=DAYS[horizon]) if begin else None,
        "measure_id": kind.id,
        "value": lead["value"],
        "unit": kind.unit,
        "targets": targets(kind, lead["value"], begin),
        "persons": max((_number(g["persons"]) for g in shown), default=0),
        "persons_removed": max(removed, default=None),
        "state": state,
        "state_on": since,
        "_priority": max((_float(g["priority"]) for g in shown), default=0.0),
    }


def _was_open(gap: Row) -> bool:
    return gap["state"] == CLOSED and gap["failed_on"] is not None


def _sooner(one: str, other: str) -> str:
    return min(one, other, key=HORIZONS.index)


def _state(gaps: Sequence[Row], open_gaps: Sequence[Row]) -> tuple[str, date | None]:
    """Return the state of an item by its gaps, and the day with which it began."""
    if not open_gaps:
        return CLOSED, max((d for g in gaps if (d := _day(g["state_on"]))), default=None)
    states = {str(g["state"]) for g in open_gaps}
    state = REOPENED if REOPENED in states else NEW if states == {NEW} else OPEN
    days = [d for g in open_gaps if str(g["state"]) == state and (d := _day(g["state_on"]))]
    return state, max(days, default=None) if state == REOPENED else min(days, default=None)


def _ordered(made: Sequence[Row]) -> list[Row]:
    """Return items by horizon, most urgent first, each after those of its horizon that it rests on."""
    left = sorted(
        made,
        key=lambda r: (
            r["state"] == CLOSED, HORIZONS.index(str(r["horizon"])), -_float(r["_priority"]), str(r["item_id"])
        ),
    )  # fmt: skip
    done: list[Row] = []
    while left:
        waiting = {str(r["item_id"]) for r in left}
        nxt = next((r for r in left if not waiting.intersection(_texts(r["after"]))), left[0])
        if (nxt["horizon"], nxt["state"] == CLOSED) != (
            left[0]["horizon"],
            left[0]["state"] == CLOSED,
        ):
            nxt = left[0]
        left.remove(nxt)
        done.append(nxt)
    for row in done:
        del row["_priority"]
    return done


# targets


def targets(kind: MeasureKind, value: object, begin: date | None) -> dict[str, str]:
    """Return by quarter what the measure should be by its end; 'measured' first where it is not yet.

    From today's value to the target along the ramp of the measure; a value that is there already stays.
    """
    if begin is None:
        return {}
    quarters = [_quarter(begin, n) for n in range(len(kind.ramp) + 1)]
    if not isinstance(value, int | float):
        return {quarters[0]: "measured", quarters[-1]: _words(kind, kind.target)}
    if kind.is_reached(float(value)):
        return {quarters[0]: _words(kind, float(value))}
    made = {}
    for quarter, share in zip(quarters, kind.ramp, strict=False):
        made[quarter] = _words(kind, float(value) + (kind.target - float(value)) * share)
    return made


def _quarter(begin: date, later: int) -> str:
    months = begin.year * 4 + (begin.month - 1) // 3 + later
    return f"{months // 4}-Q{months % 4 + 1}"


def _words(kind: MeasureKind, value: float) -> str:
    """Return a value as text: shares to the hundredth, counts whole, never looser than reckoned."""
    if kind.unit == "share":
        return f"{value:.2f}"
    return f"{math.floor(value + 1e-9) if kind.better == 'lower' else math.ceil(value - 1e-9)}"


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _day(value: object) -> date | None:
    return value if isinstance(value, date) else None


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []
