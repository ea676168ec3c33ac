"""What became of each gap since the last measurement that was different: new, open, closed, reopened.

Two runs on the same evidence give the same tables: a measurement that finds exactly what the last one found *is* the
last one, and is held against the one before it. Days are those of the evidence, never of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from amends.controls.review import MET
from amends.kernel import ids

Row = dict[str, object]

NEW, OPEN, CLOSED, REOPENED = "new", "open", "closed", "reopened"


def measurement_id(gaps: Sequence[Row]) -> str:
    """Return the id of a measurement: what it found, in any order."""
    found = sorted(
        [str(g["gap_id"]), str(g["status"]), g["value"], str(g["measured_at"]), sorted(_texts(g["evidence"]))]
        for g in gaps
    )  # fmt: skip
    return "Y" + ids.digest_value(found)[:16]


def with_states(gaps: Sequence[Row], kept: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return the gaps with their states, and the history to be kept.

    Args:
        gaps: Gaps as they are found now, in order.
        kept: Rows of ``control_history`` as they were.
    """
    this = measurement_id(gaps)
    latest = max((_number(r["measurement"]) for r in kept), default=0)
    again = any(r["measurement"] == latest and r["measurement_id"] == this for r in kept)
    older = [r for r in kept if not (again and r["measurement"] == latest)]
    number = latest if again else latest + 1
    before = _last_known(older)
    measured_on = max((d for g in gaps if (d := _day(g["measured_at"]))), default=None)
    made, added = [], []
    for gap in gaps:
        state, since = _state(gap, before.get(str(gap["gap_id"])), measured_on)
        made.append({**gap, "state": state, "state_on": since})
        added.append(
            {
                "measurement": number,
                "measurement_id": this,
                "measured_on": measured_on,
                **{k: gap[k] for k in ("gap_id", "rule_id", "status", "measure_id", "value")},
                "state": state,
                "state_on": since,
            }
        )
    added.sort(key=lambda r: str(r["gap_id"]))
    return made, [*older, *added]


def _last_known(kept: Sequence[Row]) -> dict[str, Row]:
    """Return the latest row of each gap: one that a measurement does not name keeps what it was."""
    found: dict[str, Row] = {}
    for row in sorted(kept, key=lambda r: _number(r["measurement"])):
        found[str(row["gap_id"])] = row
    return found


def _state(
    gap: Row, before: Mapping[str, object] | None, measured_on: date | None
) -> tuple[str, date | None]:
    """Return the state of a gap and the day of the evidence with which it began."""
    today = _day(gap["measured_at"]) or measured_on
    if before is None:
        if gap["status"] == MET:
            return CLOSED, _day(gap["closed_on"]) or today
        back = _day(gap.get("reopened_on"))
        return (REOPENED, back) if back else (NEW, _day(gap["failed_on"]) or today)
    was, since = str(before["state"]), _day(before["state_on"])
    if gap["status"] == MET:
        return (CLOSED, since) if was == CLOSED else (CLOSED, _day(gap["closed_on"]) or today)
    if was == CLOSED:
        return REOPENED, today
    if was == REOPENED:
        return REOPENED, since
    return (OPEN, since)


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None


def _texts(value: object) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else []
