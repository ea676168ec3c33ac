"""The order of the steps: take in scanners' findings, look, review, compare with before, plan, say what it may cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pyarrow as pa

from amends.controls.catalogue import Cost, costs, measure_kinds
from amends.controls.ground import READS, proofs, sent_rows, survey
from amends.controls.history import with_states
from amends.controls.importers.read import read_findings
from amends.controls.measures.base import Finding, Ground, Measured, number
from amends.controls.measures.order import look
from amends.controls.measures.others import PROOF_DAYS
from amends.controls.review import Gap, gap_row, review
from amends.controls.risk import risk
from amends.controls.roadmap import roadmap
from amends.controls.vault_audit import state_of
from amends.kernel import clock, ids
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.progress import step
from amends.kernel.stage import Stage
from amends.tables.controls import (
    CONTROL_GAPS,
    CONTROL_HISTORY,
    MEASURES,
    RISK,
    ROADMAP,
    SCANNER_FINDINGS,
    TABLES,
)
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS

_REGISTERED = "controls_scanner_findings"


def run(case: Case) -> None:
    """Write measures, gaps, roadmap, risk and history; a case with little evidence has much that is not measured."""
    with step(case.progress, "Review of controls", 3, "steps") as task:
        case.write(SCANNER_FINDINGS, read_findings(case))
        task.advance()
        ground = survey(case)
        ground.findings = case.read(SCANNER_FINDINGS) if _any(case) else ""
        found = look(ground)
        task.advance()
        gaps = review(ground, found, accepted(case), _efforts(case), _owners(case))
        rows = [gap_row(g, n, ground.techniques) for n, g in enumerate(gaps, 1)]
        reopened = {g.gap_id: g.finding.reopened_on for g in gaps}
        stated, kept = with_states(
            [{**r, "reopened_on": reopened[str(r["gap_id"])]} for r in rows], _history(case)
        )
        begin = _begin(case, ground)
        case.write(MEASURES, _table(MEASURES.schema, _measures(found, gaps)))
        case.write(CONTROL_GAPS, _table(CONTROL_GAPS.schema, stated))
        case.write(ROADMAP, _table(ROADMAP.schema, roadmap(stated, begin)))
        case.write(RISK, _table(RISK.schema, risk(_counted(ground), _costs(case))))
        case.write(CONTROL_HISTORY, _table(CONTROL_HISTORY.schema, kept))
        task.advance()


def _any(case: Case) -> bool:
    name = case.read(SCANNER_FINDINGS)
    return bool(case.engine.arrow(f"SELECT 1 AS one FROM {name} LIMIT 1").num_rows)


def _table(schema: pa.Schema, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    return pa.Table.from_pylist([{n: r.get(n) for n in schema.names} for r in rows], schema)


def _history(case: Case) -> list[dict[str, object]]:
    """Return the measurements kept so far; none when another version wrote them."""
    if not case.has(CONTROL_HISTORY):
        return []
    rows: list[dict[str, object]] = case.engine.arrow(
        f"SELECT * FROM {case.read(CONTROL_HISTORY)} ORDER BY measurement, gap_id"
    ).to_pylist()
    return rows


def _begin(case: Case, ground: Ground) -> date | None:
    """Return the day from which horizons count: the discovery, else the day the first exhibit came in."""
    if ground.discovered_at is not None:
        return ground.discovered_at.date()
    if not ground.has(EXHIBITS):
        return None
    row = ground.row(
        f"SELECT CAST(MIN(received_at) AS DATE) AS on_day FROM {ground.name(EXHIBITS)}"
    )
    on = row["on_day"]
    return on if isinstance(on, date) else None


# rows


def _measures(found: Mapping[str, Finding], gaps: Sequence[Gap]) -> list[dict[str, object]]:
    """Return a row a measure: each once, as the first finding has it."""
    known: dict[str, Measured] = {}
    for finding in [*found.values(), *(g.finding for g in gaps if g.finding.kind == "unmeasured")]:
        for measured in (finding.measured, *finding.also):
            old = known.get(measured.measure)
            if old is None or (old.value is None and measured.value is not None):
                known[measured.measure] = measured
    return [_measure_row(known.get(key) or Measured(key, None, why_not="no finding of this case speaks of it"))
            for key in measure_kinds()]  # fmt: skip


def _measure_row(measured: Measured) -> dict[str, object]:
    kind = measure_kinds()[measured.measure]
    there = measured.value is not None
    return {
        "measure_id": kind.id,
        "title": kind.title,
        "value": measured.value,
        "unit": kind.unit,
        "better": kind.better,
        "target": kind.target,
        "measured_at": measured.at if there else None,
        "evidence": list(measured.evidence),
        "why_not": "" if there else measured.why_not,
        "is_kpi": kind.kpi,
    }


def _counted(ground: Ground) -> dict[str, int]:
    """Return how many there are of what costs are counted by."""
    told = documents = 0
    if ground.has(DUTY_GROUPS):
        told = number(
            ground.row(f"SELECT SUM(n_persons) AS n FROM {ground.name(DUTY_GROUPS)} WHERE tell")[
                "n"
            ]
        )
    if ground.has(ITEMS, EXHIBITS):
        documents = number(
            ground.row(
                f"""SELECT COUNT(*) AS n FROM {ground.name(ITEMS)} AS i JOIN {ground.name(EXHIBITS)} AS e
                    USING (exhibit_id) WHERE i.kind = 'document' AND e.role = 'stolen'"""
            )["n"]
        )
    return {"told": told, "exposed": ground.persons, "documents": documents}


# what the case says itself


def accepted(case: Case) -> dict[str, date]:
    """Return by gap or rule the day until which somebody accepted it; a word that is no day accepts nothing."""
    found = {}
    for decision in case.decisions("accept_gap"):
        try:
            found[_name(decision.subject.get("gap_id"))] = date.fromisoformat(decision.choice)
        except ValueError:
            continue
    return found


def _name(value: object) -> str:
    text = str(value or "").strip()
    return text if text.startswith("Q") else text.upper()


def _pairs(case: Case, key: str) -> dict[str, str]:
    """Return a setting of the form NAME=VALUE, one an entry."""
    found = {}
    for entry in case.config.texts("controls", key):
        name, equals, value = entry.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(
                f"case.toml: [controls] {key} holds an entry that is not NAME=VALUE",
                where=entry[:60],
                remedy=f'write it like {key} = ["EXP-1=3"]',
            )
        found[name.strip()] = value.strip()
    return found


def _efforts(case: Case) -> dict[str, float]:
    found = {}
    for name, value in _pairs(case, "efforts").items():
        try:
            days = float(value)
        except ValueError:
            days = -1.0
        if not 0 < days < 10_000:
            raise UsageError(
                "case.toml: [controls] efforts holds no number of days",
                where=f"{name}={value}"[:60],
                remedy='write working days, such as efforts = ["EXP-1=3"]',
            )
        found[name.upper()] = days
    return found


def _owners(case: Case) -> dict[str, str]:
    return {name.upper(): value for name, value in _pairs(case, "owners").items()}


def _costs(case: Case) -> tuple[Cost, ...]:
    """Return the rows of cost, the case's own where it says so."""
    own = _pairs(case, "costs")
    made = []
    for row in costs():
        if row.item not in own:
            made.append(row)
            continue
        try:
            low, likely, high = (float(v) for v in own[row.item].split(","))
        except ValueError:
            low, likely, high = 1.0, 0.0, 0.0
        if not 0 <= low <= likely <= high:
            raise UsageError(
                "case.toml: [controls] costs wants low, likely and high in US dollars",
                where=f"{row.item}={own[row.item]}"[:60],
                remedy='write it like costs = ["notices=0.80,1.10,1.90"]',
            )
        made.append(
            replace(
                row,
                cost_low=low,
                cost_likely=likely,
                cost_high=high,
                source="case.toml [controls] costs",
            )
        )
    return tuple(made)  # fmt: skip


def _also(case: Case) -> object:
    """Return what else the result depends on: decisions, dates, what was sent, and which days have passed.

    The day of the run itself does not count: a run tomorrow with nothing fallen due is skipped.
    """
    today = clock.now().date()
    until = accepted(case)
    due: set[str] = set()
    for table in (DUTY_GROUPS, DUTIES):
        if case.has(table):
            rows = case.engine.arrow(
                f"SELECT DISTINCT due_on FROM {case.read(table)} WHERE due_on < ? ORDER BY due_on",
                [today],
            )
            due |= {str(v) for v in rows.column("due_on").to_pylist()}
    return {
        "accepted": {k: [v.isoformat(), v >= today] for k, v in sorted(until.items())},
        "proofs": sorted(proofs(case)),
        "stale": _stale(case, today),
        "due": sorted(due),
        "events": {k: e.at for k, e in sorted(case.events().items())},
        "vault": state_of(case.config.text("controls", "vault")),
        "sent": ids.digest_value([dict(r) for r in sent_rows(case)]),
    }  # fmt: skip


def _stale(case: Case, today: date) -> list[str]:
    """Return the exhibits that are named as proofs and too old for one."""
    named = sorted({exhibit for _, exhibit, _ in proofs(case)})
    if not named or not case.has(EXHIBITS):
        return []
    rows = case.engine.arrow(
        f"""SELECT exhibit_id FROM {case.read(EXHIBITS)} WHERE list_contains(?, exhibit_id)
            AND COALESCE(as_of_on, CAST(received_at AS DATE)) < ? ORDER BY exhibit_id""",
        [named, today - timedelta(days=PROOF_DAYS)],
    )
    return [str(v) for v in rows.column("exhibit_id").to_pylist()]


STAGE = Stage("controls", reads=READS, writes=TABLES, run=run, also=_also)
