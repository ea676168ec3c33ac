"""The review: every rule held against what was found, with a status that only dated proof can turn to met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from amends.controls.catalogue import Rule, control_titles, measure_kinds, rules, techniques_of
from amends.controls.measures.base import (
    PLACES,
    Finding,
    Ground,
    Measured,
    day,
    instant,
    many,
    named,
    number,
    texts,
)
from amends.controls.measures.others import open_way_hosts, reachable
from amends.kernel import ids

ON_PATH = 4.0
"""Weight of what the intruder's own way went through; what was used once is used again."""
MET, NOT_MET, NOT_MEASURED, ACCEPTED = "met", "not_met", "not_measured", "accepted"
_CLASS = {NOT_MET: 0, NOT_MEASURED: 2, ACCEPTED: 3, MET: 4}
_CLOSED_SINCE = 1
_FAMILY = {
    "old_credentials": "stored_credentials",
    "clear_copies": "clear_identifiers",
    "unseen_techniques": "unseen_steps",
}
"""Findings that look at the same evidence as another: a part of it, or counted otherwise."""
SCAN = "SCAN"
"""Rule ids of gaps that scanners' findings raise: SCAN and the control."""


@dataclass(frozen=True)
class Gap:
    """A safeguard held against what was found: the rule, the finding, and what follows.

    Attributes:
        rule: The rule.
        finding: The finding.
        status: met, not_met, not_measured, accepted.
        accepted_until: Day until which it is accepted.
        effort_days: Working days, the case's own where it says so.
        owner: Office, the case's own where it says so.
        priority: persons × (4 or 1) × observed ÷ effort.
    """

    rule: Rule
    finding: Finding
    status: str
    accepted_until: date | None
    effort_days: float
    owner: str
    priority: float

    @property
    def gap_id(self) -> str:
        """Return the id: the same rule, the same id."""
        return "Q" + ids.digest_value(["gap", self.rule.id])[:12]

    @property
    def closed_since(self) -> bool:
        """Say whether it failed in the breach and is proved closed since."""
        return self.status == MET and self.finding.failed_in_breach

    @property
    def measured(self) -> Measured:
        """Return the measure that the rule is followed by, of all that the look gave."""
        known = (self.finding.measured, *self.finding.also)
        return next((m for m in known if m.measure == self.rule.measure), self.finding.measured)

    @property
    def order(self) -> tuple[int, float, bool, int, float, str]:
        """Return what gaps are sorted by; the first is the class of their status."""
        place = _CLOSED_SINCE if self.closed_since else _CLASS[self.status]
        return (
            place,
            -self.priority,
            not self.finding.on_path,
            -self.finding.persons,
            self.effort_days,
            self.rule.id,
        )


def priority(persons: int, on_path: bool, observed: float, effort_days: float) -> float:
    """Return persons × (4 on the intruder's way, else 1) × observed ÷ effort."""
    return round(persons * (ON_PATH if on_path else 1.0) * observed / max(effort_days, 0.25), 4)


def status_of(finding: Finding) -> str:
    """Return the status by the evidence alone: nothing measured is never a pass, and what has no date is no proof."""
    measured = finding.measured
    if measured.value is None or measured.why_not:
        return NOT_MEASURED
    if finding.fails:
        return NOT_MET
    return MET if measured.at is not None and measured.evidence else NOT_MEASURED


def review(
    ground: Ground,
    found: Mapping[str, Finding],
    accepted: Mapping[str, date],
    efforts: Mapping[str, float],
    owners: Mapping[str, str],
) -> list[Gap]:
    """Return the gaps in the order in which something should be done.

    Args:
        ground: The ground.
        found: What every measure found, by kind.
        accepted: By gap or rule the day until which somebody accepted it.
        efforts: By rule the case's own working days.
        owners: By rule the case's own office.
    """
    chosen = (accepted, efforts, owners)
    made = [
        _gap(ground.today, r, found[r.finding], *chosen)
        for r in rules()
        if r.finding != "unmeasured"
    ]
    made += [_gap(ground.today, r, f, *chosen) for r, f in _scanner_gaps(ground)]
    unmeasured = _unmeasured(made)
    made += [
        _gap(ground.today, r, unmeasured, *chosen) for r in rules() if r.finding == "unmeasured"
    ]
    return ranked(made)


def ranked(gaps: Sequence[Gap]) -> list[Gap]:
    """Return gaps in the order in which something should be done.

    By status, then by priority. Of the gaps that rest on the same evidence the first stands in its place and the others
    after the first of all other evidence: a second safeguard over the same evidence protects nobody more until the
    first is there.
    """
    ordered = sorted(gaps, key=lambda g: g.order)
    leads: list[Gap] = []
    echoes: list[Gap] = []
    known: set[tuple[int, str]] = set()
    for gap in ordered:
        key = (gap.order[0], _FAMILY.get(gap.finding.kind, gap.finding.kind))
        (echoes if key in known else leads).append(gap)
        known.add(key)
    return sorted([*leads, *echoes], key=lambda g: g.order[0])


def _gap(
    today: date,
    rule: Rule,
    finding: Finding,
    accepted: Mapping[str, date],
    efforts: Mapping[str, float],
    owners: Mapping[str, str],
) -> Gap:
    status = status_of(finding)
    things = finding.things or len(finding.places)
    effort = efforts.get(rule.id.upper(), round(rule.effort_days + rule.effort_each * things, 2))
    owner = owners.get(rule.id.upper(), rule.owner)
    gap = Gap(rule, finding, status, None, effort, owner, _priority(finding, status, effort))
    until = max((accepted[k] for k in (gap.gap_id, rule.id.upper()) if k in accepted), default=None)
    if status == NOT_MET and until is not None:
        return replace(gap, status=ACCEPTED if until >= today else NOT_MET, accepted_until=until)
    return gap


def _priority(finding: Finding, status: str, effort: float) -> float:
    if status == NOT_MEASURED:
        return 0.0
    persons = finding.persons if status == NOT_MET else finding.persons_then or 0
    if status == MET and not finding.failed_in_breach:
        return 0.0
    return priority(persons, finding.on_path, finding.observed, effort)


def _unmeasured(gaps: Sequence[Gap]) -> Finding:
    """Return the share of our rules that are not measured: the review measures itself."""
    ours = [g for g in gaps if not g.rule.id.startswith(SCAN)]
    missing = [g for g in ours if g.status == NOT_MEASURED]
    at = max((g.finding.measured.at for g in ours if g.finding.measured.at), default=None)
    share = round(len(missing) / len(ours), 4) if ours else 1.0
    names = sorted(g.rule.id for g in missing)
    return Finding(
        "unmeasured",
        Measured("unmeasured_share", share, at, ("control_gaps",)),
        f"{len(missing)} of {many(len(ours), 'safeguard')} {'is' if len(missing) == 1 else 'are'} not measured"
        + (f": {named(names, 12)}." if names else "."),
        fails=bool(missing) or at is None,
        failed_on=at.date() if at and missing else None,
    )  # fmt: skip


# scanners' findings, grouped by control


def _scanner_gaps(ground: Ground) -> list[tuple[Rule, Finding]]:
    """Return a gap for each control that open findings of scanners speak to: the first that a finding names."""
    if not ground.findings:
        return []
    base = next(r for r in rules() if r.finding == "scanner_findings")
    ways = ground.listed("controls_way_hosts", open_way_hosts(ground))
    try:
        rows = ground.rows(
            f"""WITH f AS (
                    SELECT scan_id, severity, place, found_at, control_ids,
                           severity IN ('critical', 'high')
                           AND LOWER(regexp_extract(place, '^[^:/ ]+')) IN (SELECT value FROM {ways}) AS on_way
                    FROM {ground.findings}
                    WHERE status = 'open' AND severity IN ('critical', 'high', 'medium')),
                spoken AS (SELECT * EXCLUDE (control_ids), control_ids[1] AS control_id FROM f
                           WHERE len(control_ids) > 0)
                SELECT control_id, COUNT(*) AS n, COUNT(*) FILTER (on_way) AS n_way,
                       COUNT(*) FILTER (severity = 'critical') AS n_critical,
                       COUNT(*) FILTER (severity = 'high') AS n_high,
                       LIST(scan_id ORDER BY on_way DESC, severity, scan_id)[1:20] AS ids,
                       LIST(DISTINCT place ORDER BY place)[1:{PLACES}] AS places,
                       MAX(found_at) AS at, MIN(found_at) AS first_at
                FROM spoken GROUP BY control_id ORDER BY control_id"""
        )
    finally:
        ground.engine.drop("controls_way_hosts")
    people = reachable(ground)
    return [
        _scanner_gap(base, row, people) for row in rows if row["control_id"] in control_titles()
    ]


def _scanner_gap(base: Rule, row: Mapping[str, object], people: int) -> tuple[Rule, Finding]:
    control, count, on_way = str(row["control_id"]), number(row["n"]), number(row["n_way"])
    rule = replace(
        base,
        id=f"{SCAN} {control}",
        title=f"{control_titles()[control]}: findings of scanners are mended",
        finding=f"scanner {control}",
        control=control,
        effort_days=float(max(1, min(round(count / 10), 60))),
        effort_each=0.0,
        effort_why="a tenth of a day a finding, a day at least and sixty at most",
        source=f"The scanner's own reference to {control}, or our table of CWE and controls",
    )
    why = (
        f"{many(count, 'open finding speaks', 'open findings speak')} to it: {number(row['n_critical']):,} critical, "
        f"{number(row['n_high']):,} high, {on_way:,} of these on machines that open ways go through."
    )
    finding = Finding(
        rule.finding,
        Measured(base.measure, float(count), instant(row["at"]), tuple(texts(row["ids"]))),
        why,
        fails=True,
        persons=people if on_way else 0,
        places=tuple(texts(row["places"])),
        failed_on=day(row["first_at"]),
    )
    return rule, finding


# rows


def gap_row(gap: Gap, rank: int, seen: frozenset[str]) -> dict[str, object]:
    """Return the row of a gap, without its state.

    Args:
        gap: The gap.
        rank: Its place.
        seen: Techniques of the case's chain.
    """
    rule, finding = gap.rule, gap.finding
    measured = gap.status != NOT_MEASURED
    return {
        "gap_id": gap.gap_id,
        "rank": rank,
        "rule_id": rule.id,
        "finding": finding.kind,
        "title": rule.title,
        "why": finding.why if measured else f"NOT MEASURED: {finding.measured.why_not or finding.why}",
        "subject": named(finding.places),
        "places": list(finding.places),
        "status": gap.status,
        "accepted_until_on": gap.accepted_until,
        "cause": rule.cause,
        "gao_cause": rule.gao,
        "control_id": rule.control,
        "control_title": control_titles()[rule.control],
        "csf_id": rule.csf,
        "techniques": list(techniques_of(rule.control, seen)),
        "evidence": list(finding.measured.evidence) if measured else [f"rule {rule.id}: no evidence"],
        "measured_at": finding.measured.at if measured else None,
        "measure_id": rule.measure,
        "value": gap.measured.value if measured else None,
        "target": measure_kinds()[rule.measure].target,
        "persons": finding.persons,
        "persons_then": finding.persons_then,
        "failed_in_breach": finding.failed_in_breach,
        "failed_on": finding.failed_on,
        "closed_on": finding.closed_on if gap.status == MET else None,
        "on_path": finding.on_path,
        "observed": finding.observed,
        "effort_days": gap.effort_days,
        "effort_why": rule.effort_why,
        "priority": gap.priority,
        "persons_removed": finding.persons_removed,
        "owner": gap.owner,
        "remedy": rule.remedy,
        "source": rule.source,
    }  # fmt: skip
