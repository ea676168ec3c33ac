"""OSCAL of the review: trestle reads and validates it, our own importer reads it back, nothing measured is a pass."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from amends.controls.importers.read import Source, as_table, read_files
from amends.custody.reader import Reader
from amends.kernel.case import Case
from amends.kernel.errors import TableError
from amends.report import exports
from amends.report.oscal import assessment_results, oscal_id, plan_of_action
from amends.tables.controls import ROADMAP
from tests.report.review_world import made

KINDS = {"oscal-assessment-results": "assessment-results", "oscal-poam": "poam"}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with made(tmp_path / "acme") as opened:
        yield opened


def _findings(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    listed = document["assessment-results"]["results"][0]["findings"]
    return {next(p["value"] for p in f["props"] if p["name"] == "rule-id"): f for f in listed}


@pytest.mark.parametrize("name", KINDS)
def test_trestle_reads_it_and_its_validators_pass(case: Case, tmp_path: Path, name: str) -> None:
    file = tmp_path / "x.json"
    exports.export(case, name, str(file))
    check = Path(__file__).parent / "trestle_check.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(check), KINDS[name], str(file)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("valid")


def test_what_was_not_measured_is_not_satisfied_and_says_why(case: Case) -> None:
    finding = _findings(assessment_results(case))["DET-1"]
    status = finding["target"]["status"]
    assert (status["state"], status["reason"]) == ("not-satisfied", "other")
    assert status["remarks"].startswith("NOT MEASURED.")
    assert {"name": "status", "ns": "urn:amends:oscal", "value": "NOT MEASURED"} in finding["props"]
    assert "related-observations" not in finding  # nothing was observed


def test_status_is_satisfied_only_where_evidence_says_so(case: Case) -> None:
    state = {
        r: f["target"]["status"]["state"] for r, f in _findings(assessment_results(case)).items()
    }
    assert {r for r, s in state.items() if s == "satisfied"} == {"GUE-1", "LOG-1"}


def test_controls_that_were_not_measured_are_not_said_to_be_reviewed(case: Case) -> None:
    result = assessment_results(case)["assessment-results"]["results"][0]
    reviewed = {
        c["control-id"]
        for s in result["reviewed-controls"]["control-selections"]
        for c in s["include-controls"]
    }
    assert "sc-7.5" in reviewed
    assert "si-4.5" not in reviewed


def test_dates_come_from_evidence_and_the_run(case: Case) -> None:
    document = assessment_results(case)["assessment-results"]
    assert document["results"][0]["end"] == "2026-08-22T12:00:00Z"
    run = case.ledger.last("run")
    assert run is not None
    assert document["metadata"]["last-modified"] == run.at


def test_every_reference_leads_somewhere(case: Case) -> None:
    for document in (assessment_results(case), plan_of_action(case)):
        text = json.dumps(document)
        defined = set(re.findall(rf'"uuid": "({UUID.pattern})"', text))
        for kind in ("observation", "risk", "finding", "subject"):
            assert set(re.findall(rf'"{kind}-uuid": "({UUID.pattern})"', text)) <= defined, kind
        assert {h[1:] for h in re.findall(r'"href": "(#[^"]+)"', text)} <= defined


def test_uuids_stay_from_export_to_export_and_differ_from_case_to_case(
    case: Case, tmp_path: Path
) -> None:
    with made(tmp_path / "other") as other:
        one, two = json.dumps(assessment_results(case)), json.dumps(assessment_results(other))
    assert json.dumps(assessment_results(case)) == one
    assert not set(UUID.findall(one)) & set(UUID.findall(two))


def test_the_plan_has_an_item_a_piece_of_work_with_its_day(case: Case) -> None:
    plan = plan_of_action(case)["plan-of-action-and-milestones"]
    assert plan["poam-items"][0]["title"] == "Shut what the internet can reach"
    risk = next(r for r in plan["risks"] if r["title"].startswith("No service on the internet"))
    assert risk["status"] == "open"
    assert risk["deadline"] == "2026-09-16T00:00:00Z"
    task = risk["remediations"][0]["tasks"][0]
    assert task["timing"] == {"on-date": {"date": "2026-09-16T00:00:00Z"}}


def test_a_risk_that_is_accepted_is_a_deviation_with_its_end(case: Case) -> None:
    result = assessment_results(case)["assessment-results"]["results"][0]
    risk = next(r for r in result["risks"] if r["title"] == "People who left are disposed of")
    assert (risk["status"], risk["deadline"]) == ("deviation-approved", "2026-12-31T00:00:00Z")


def test_a_roadmap_without_work_is_no_plan(case: Case) -> None:
    case.write(ROADMAP, pa.Table.from_pylist([], schema=ROADMAP.schema))
    with pytest.raises(TableError, match="no work to plan"):
        plan_of_action(case)


def test_our_importer_reads_our_export(case: Case, tmp_path: Path) -> None:
    files = {}
    for name in KINDS:
        files[name] = tmp_path / f"{name}.json"
        exports.export(case, name, str(files[name]))
    source = Source("E0009", files["oscal-assessment-results"], "ar.json")
    rows = {r["rule"]: r for r in as_table(read_files([source], Reader())).to_pylist()}
    assert {r: rows[r]["status"] for r in rows} == {
        "EXP-1": "open", "CRD-1": "open", "TST-1": "open", "GUE-1": "closed", "CLR-1": "open", "DET-1": "open",
        "VLT-1": "open", "RET-1": "suppressed", "LOG-1": "closed",
    }  # fmt: skip
    assert rows["EXP-1"]["control_ids"] == ["SC-7(5)"]
    assert rows["EXP-1"]["place"] == "bel-br1:22/tcp"
    plan = as_table(
        read_files([Source("E0010", files["oscal-poam"], "poam.json")], Reader())
    ).to_pylist()
    assert {r["rule"] for r in plan} == {"M1", "M2", "M3", "M4", "EXP-1", "CRD-1", "CLR-1", "TST-1"}


IDS = [("SC-7(5)", "sc-7.5"), ("AC-7", "ac-7"), ("SI-12(3)", "si-12.3"), ("", "none")]


@pytest.mark.parametrize(("control", "written"), IDS)
def test_control_ids_as_the_catalogue_writes_them(control: str, written: str) -> None:
    assert oscal_id(control) == written
