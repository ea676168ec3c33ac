"""A small review made by hand: nine safeguards, five measures, four pieces of work, hostile words in the evidence."""
# ruff: noqa: E501 - a row reads best on few lines

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.custody import open_case
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.controls import CONTROL_GAPS, MEASURES, RISK, ROADMAP, SCANNER_FINDINGS
from amends.tables.custody import EXHIBITS
from amends.tables.paths import FACTS
from amends.tables.timeline import HOPS

BAD = "<script>alert(1)</script>"
TYPST = '#import "x": y; #panic("no") $ *bold* @here \\'
FORMULA = "=HYPERLINK(1)"
AT = datetime(2026, 8, 22, 12, tzinfo=UTC)
_BLANK: dict[str, Any] = {"text": "", "texts": [], "ints": [], "int": None, "float": None, "bool": False, "day": None,
                          "instant": None, "fields": {}}  # fmt: skip


def row(table: Table, **given: Any) -> dict[str, Any]:
    """Return a row of a table: what is given, and blanks."""
    unknown = set(given) - set(table.names)
    assert not unknown, unknown
    return {c.name: given.get(c.name, _BLANK[c.kind]) for c in table.columns}


def gap(number: int, rule: str, title: str, status: str, **given: Any) -> dict[str, Any]:
    base = {
        "gap_id": f"Q{number:04x}", "rank": number, "rule_id": rule, "title": title, "status": status,
        "why": f"What was found about {rule}.", "cause": "exposed_device", "gao_cause": "segmentation",
        "control_id": "SC-7(5)", "control_title": "Deny by Default — Allow by Exception", "csf_id": "PR.IR-01",
        "measure_id": "exposed_services", "target": 0.0, "owner": "Network operations", "effort_days": 2.0,
        "effort_why": "a line of a filter list", "remedy": f"Mend {rule}.", "state": "open", "observed": 1.0,
        "source": "NIST SP 800-53 Rev. 5", "measured_at": None if status == "not_measured" else AT,
        "state_on": date(2026, 8, 22),
    }  # fmt: skip
    return row(CONTROL_GAPS, **{**base, **given})


def tables() -> dict[Table, list[dict[str, Any]]]:
    gaps = [
        gap(1, "EXP-1", "No service on the internet without strong sign-in", "not_met", value=3.0, persons=54000,
            persons_then=54000, on_path=True, failed_in_breach=True, failed_on=date(2026, 3, 18), priority=108000.0,
            persons_removed=54000, evidence=["T01", "H01", "E0001"], techniques=["T1190"], subject="bel-br1:22/tcp",
            places=["bel-br1:22/tcp"], why="3 services on 2 devices answer anybody on the internet; 1 was the way in."),
        gap(2, "CRD-1", "No secrets in scripts, settings and histories", "not_met", value=2.0, persons=54000, on_path=True,
            cause="stored_credentials", gao_cause="data_governance", control_id="IA-5(7)", measure_id="stored_credentials",
            control_title="No Embedded Unencrypted Static Authenticators", csf_id="PR.AA-01", persons_removed=31000,
            failed_in_breach=True, priority=43200.0, evidence=["T02"], owner="Platform engineering", effort_days=5.0),
        gap(3, "TST-1", "No real people in test", "not_met", value=1.0, persons=20000, cause="test_environment",
            control_id="SA-3(2)", control_title="Use of Live or Operational Data", csf_id="PR.DS-10",
            measure_id="test_stores_with_production", gao_cause="data_governance", on_path=True, priority=8000.0,
            evidence=["E0001:test.customers.ssn", BAD], state="reopened", effort_days=10.0, owner="Data governance"),
        gap(4, "GUE-1", "Lock out after failed sign-ins", "met", value=0.0, persons_then=54000, cause="brute_force",
            control_id="AC-7", control_title="Unsuccessful Logon Attempts", csf_id="PR.AA-03", on_path=True,
            failed_in_breach=True, failed_on=date(2026, 3, 19), closed_on=date(2026, 8, 22), state="closed",
            evidence=["H01"], measure_id="guessing_without_lockout", gao_cause=""),
        gap(5, "CLR-1", f"No identifier in clear {BAD} {TYPST}", "not_met", value=0.41, persons=54000, cause="clear_identifiers",
            control_id="SC-28(1)", control_title="Cryptographic Protection", csf_id="PR.DS-01", target=1.0,
            measure_id="identifiers_secured", priority=2700.0, effort_days=20.0, state="new", gao_cause="data_governance",
            owner=FORMULA, evidence=["unknown-id"]),
        gap(6, "DET-1", "Alerts are looked at", "not_measured", control_id="SI-4(5)", csf_id="DE.AE-06", cause="detection",
            control_title="System-generated Alerts", gao_cause="detection", measure_id="alerts_handled",
            why="Add the alert queue's export: amends add CASE alerts.csv --role log."),
        gap(7, "VLT-1", "Detokenising is watched", "not_measured", control_id="AU-6", csf_id="DE.CM-03",
            control_title="Audit Record Review, Analysis, and Reporting", cause="clear_identifiers", gao_cause="detection",
            measure_id="canaries", why="Add the vault's audit."),
        gap(8, "RET-1", "People who left are disposed of", "accepted", value=12.0, cause="retention", control_id="SI-12(3)",
            control_title="Information Disposal", csf_id="PR.DS-11", accepted_until_on=date(2026, 12, 31), persons=9000,
            measure_id="unneeded_people", gao_cause="data_governance", owner="Chief privacy officer"),
        gap(9, "LOG-1", "Clocks are set", "met", value=0.0, control_id="AU-8", control_title="Time Stamps",
            cause="detection", gao_cause="", csf_id="PR.PS-04", measure_id="clock_skew"),
    ]  # fmt: skip
    measures = [
        row(MEASURES, measure_id=i, title=t, value=v, unit=u, better=b, target=g, is_kpi=k, evidence=["H01"],
            measured_at=None if v is None else AT, why_not="" if v is not None else "Add the vault's audit.")
        for i, t, v, u, b, g, k in (
            ("persons_reachable", "People whose data the internet reaches", 54000.0, "people", "lower", 0.0, True),
            ("time_to_detect", "Days from first access to discovery", 151.0, "days", "lower", 10.0, True),
            ("identifiers_secured", "Share of identifiers behind a token", 0.41, "share", "higher", 1.0, True),
            ("clock_skew", "Largest error of a clock", 0.0, "seconds", "lower", 1.0, True),
            ("canaries", "Canary records watched", None, "records", "higher", 10.0, True),
            ("exposed_services", "Services anybody on the internet may try", 3.0, "services", "lower", 0.0, False),
        )
    ]  # fmt: skip
    roadmap = [
        row(ROADMAP, item_id=i, rank=n, horizon=h, title=t, cause="exposed_device", gap_ids=g, owner=o, effort_days=e,
            due_on=d, measure_id="exposed_services", value=3.0, unit="services", targets=list(q.items()), persons=54000,
            persons_removed=p, state=s, after=a)
        for i, n, h, t, g, o, e, d, q, p, s, a in (
            ("M1", 1, "30_days", "Shut what the internet can reach", ["Q0001"], "Network operations", 2.0,
             date(2026, 9, 16), {"2026-Q3": "0"}, 54000, "open", []),
            ("M2", 2, "30_days", "Take secrets off machines and change them", ["Q0002"], "Platform engineering", 5.0,
             date(2026, 9, 16), {"2026-Q3": "1", "2026-Q4": "0"}, 31000, "open", []),
            ("M3", 3, "365_days", "Put every identifier behind a token", ["Q0005"], FORMULA, 20.0, date(2027, 8, 17),
             {"2026-Q4": "0.6", "2027-Q2": "measured"}, None, "new", ["M1"]),
            ("M4", 4, "years_2_3", f"Isolate databases {BAD}", ["Q0003"], "Platform engineering", 60.0,
             date(2029, 8, 16), {}, None, "open", []),
        )
    ]  # fmt: skip
    risk = [
        row(RISK, item=i, n_low=lo, n_high=hi, cost_low=1.0, cost_likely=2.0, cost_high=4.0, p10=a, p50=b, p90=c,
            source="our table")
        for i, lo, hi, a, b, c in (
            ("notices", 54000.0, 60000.0, 60e3, 90e3, 130e3), ("claims_and_fines", 0.0, 54000.0, 400e3, 2.1e6, 9.4e6),
            ("all", 54000.0, 60000.0, 600e3, 2.4e6, 9.9e6),
        )
    ]  # fmt: skip
    findings = [
        row(SCANNER_FINDINGS, scan_id=f"W{n}", exhibit_id="E0001", tool=t, rule=r, title=w, severity=s, place=p,
            control_ids=["SI-2"], status=st, found_at=AT)
        for n, t, r, w, s, p, st in (
            (1, "Nmap", "CVE-2021-44228", "Log4Shell", "critical", "web1 443/tcp", "open"),
            (2, "Nessus", "10881", FORMULA, "medium", "jump1", "closed"),
            (3, "Amends", "truncated", "Export the file again.", "info", "scans/x.sarif", "unread"),
        )
    ]  # fmt: skip
    return {
        CONTROL_GAPS: gaps,
        MEASURES: measures,
        ROADMAP: roadmap,
        RISK: risk,
        SCANNER_FINDINGS: findings,
    }


def write(case: Case) -> None:
    for table, rows in tables().items():
        case.write(table, pa.Table.from_pylist(rows, schema=table.schema))
    exhibit = row(
        EXHIBITS,
        exhibit_id="E0001",
        path="network-after/internet.xml",
        role="inventory",
        received_at=AT,
    )
    fact = row(FACTS, fact_id="T01", kind="reach", source="zone:internet", target="service:bel-br1:22/tcp", state="open",
               evidence="network-after/bel-br1.conf:103")  # fmt: skip
    hop = row(HOPS, hop_id="H01", phase="initial_access", source="203.0.113.9", destination="bel-br1",
              why=f"40 failed sign-ins, then one that worked {BAD}")  # fmt: skip
    for table, rows in ((EXHIBITS, [exhibit]), (FACTS, [fact]), (HOPS, [hop])):
        case.write(table, pa.Table.from_pylist(rows, schema=table.schema))
    case.ledger.append("run", run="R0003", ran=[], tables={})


def made(folder: Path) -> Case:
    """Return a case with the review in it, open."""
    Case.create(folder, {("case", "entity"): "Acme & Sons"})
    case = open_case(folder)
    write(case)
    return case
