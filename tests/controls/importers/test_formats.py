"""Each format gives its findings as its file says them: rule, severity, place, controls, status, date."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.controls.importers.samples import (
    HOST,
    NESSUS,
    OPENVAS,
    QUALYS,
    RULES,
    nmap,
    oscal,
    result,
    rows,
    sarif,
)


def test_sarif_takes_severity_title_and_weakness_from_the_rule(tmp_path: Path) -> None:
    (one,) = rows(tmp_path, {"code.sarif": sarif([result(ruleIndex=0)])})
    assert one["tool"] == "CodeQL"
    assert one["rule"] == "py/sql-injection"
    assert one["title"] == "SQL query built from user-controlled sources"
    assert one["severity"] == "high"
    assert one["place"] == "src/db.py:12"
    assert one["control_ids"][0] == "SI-10"
    assert one["status"] == "open"
    assert one["found_at"] == datetime(2026, 8, 1, 10, tzinfo=UTC)


SARIF_STATUS = [
    ({"suppressions": [{"kind": "inSource"}]}, "suppressed"),
    ({"suppressions": [{"kind": "external", "status": "accepted"}]}, "suppressed"),
    ({"suppressions": [{"kind": "external", "status": "underReview"}]}, "open"),
    ({"suppressions": []}, "open"),
    ({"baselineState": "absent"}, "closed"),
    ({"baselineState": "new"}, "open"),
    ({"kind": "pass"}, "closed"),
    ({"kind": "review"}, "open"),
]


@pytest.mark.parametrize(("given", "status"), SARIF_STATUS)
def test_sarif_says_what_is_open(tmp_path: Path, given: dict[str, object], status: str) -> None:
    assert [r["status"] for r in rows(tmp_path, {"a.sarif": sarif([result(**given)])})] == [status]


def test_sarif_that_does_not_apply_is_no_finding(tmp_path: Path) -> None:
    assert rows(tmp_path, {"a.sarif": sarif([result(kind="notApplicable")])}) == []


SARIF_SEVERITY = [
    ({"level": "note"}, "high"),  # the rule's score goes before the level
    ({"properties": {"security-severity": "9.8"}}, "critical"),
    ({"ruleId": "py/clear-text-logging"}, "medium"),
    ({"ruleId": "py/clear-text-logging", "level": "error"}, "high"),
    ({"ruleId": "py/clear-text-logging", "level": "none"}, "info"),
    ({"ruleId": "nobody/knows"}, "medium"),
    ({"ruleId": "py/clear-text-logging/sub"}, "medium"),
    ({"properties": {"security-severity": "99"}}, "high"),  # no score: the rule's level, error
]


@pytest.mark.parametrize(("given", "severity"), SARIF_SEVERITY)
def test_sarif_severity_is_the_score_else_the_level(
    tmp_path: Path, given: dict[str, object], severity: str
) -> None:
    assert [r["severity"] for r in rows(tmp_path, {"a.sarif": sarif([result(**given)])})] == [
        severity
    ]


def test_sarif_weakness_and_control_by_taxonomy(tmp_path: Path) -> None:
    taxa = [
        {"id": "798", "toolComponent": {"name": "CWE"}},
        {"id": "AC-6(1)", "toolComponent": {"name": "NIST SP800-53"}},
    ]
    (one,) = rows(tmp_path, {"a.sarif": sarif([result(rule="secret", taxa=taxa)])})
    assert one["control_ids"][:2] == ["AC-6(1)", "IA-5(7)"]


def test_sarif_rules_of_extensions_and_files_by_index(tmp_path: Path) -> None:
    made = result(mark="")
    made["locations"][0]["physicalLocation"]["artifactLocation"] = {"index": 1}
    del made["ruleId"]
    made["rule"] = {"index": 0, "toolComponent": {"index": 0}}
    run = {
        "artifacts": [{"location": {"uri": "a.py"}}, {"location": {"uri": "b.py"}}],
        "tool": {"driver": {"name": "T"}, "extensions": [{"name": "pack", "rules": RULES}]},
    }
    (one,) = rows(tmp_path, {"a.sarif": sarif([made], **run)})
    assert (one["rule"], one["place"]) == ("py/sql-injection", "b.py:12")


def test_nmap_tells_open_ports_and_what_scripts_found(tmp_path: Path) -> None:
    found = {r["rule"]: r for r in rows(tmp_path, {"web.xml": nmap(HOST)})}
    assert set(found) == {
        "open-port",
        "clear-text telnet",
        "CVE-2021-41773",
        "CVE-2021-44224",
        "CVE-2014-0160",
    }
    assert found["CVE-2021-41773"]["severity"] == "high"
    assert found["CVE-2021-41773"]["place"] == "web1 (10.1.0.7) 443/tcp"
    assert found["CVE-2021-41773"]["control_ids"][:2] == ["SI-2", "RA-5"]
    assert found["CVE-2014-0160"]["title"] == "The Heartbleed Bug is a serious hole"
    assert found["clear-text telnet"]["severity"] == "medium"
    assert found["clear-text telnet"]["control_ids"][0] == "SC-8(1)"
    assert found["open-port"]["severity"] == "info"
    assert found["open-port"]["title"] == "Port 443/tcp is open: http Apache httpd 2.4.49"


def test_an_exploited_hole_brings_the_controls_against_its_techniques(tmp_path: Path) -> None:
    text = NESSUS.splitlines()[0] + "\n1,CVE-2021-44228,9.3,Critical,h,tcp,80,Log4j,s,d,u,,\n"
    (one,) = rows(tmp_path, {"a.csv": text})
    assert one["control_ids"] == ["SI-2", "RA-5", "SC-7", "SI-4"]


def test_nessus(tmp_path: Path) -> None:
    made = {r["place"]: r for r in rows(tmp_path, {"nessus.csv": NESSUS})}
    assert {r["tool"] for r in made.values()} == {"Nessus"}
    assert made["10.1.0.8 8080/tcp"]["severity"] == "critical"
    assert made["10.1.0.8 8080/tcp"]["rule"] == "CVE-2021-44228"
    assert made["10.1.0.7 23/tcp"]["rule"] == "42263"
    assert made["10.1.0.7 23/tcp"]["severity"] == "medium"
    assert made["10.1.0.7 23/tcp"]["control_ids"][0] == "SC-8(1)"
    assert made["10.1.0.9"]["severity"] == "info"
    assert made["10.1.0.9"]["control_ids"] == []


def test_openvas(tmp_path: Path) -> None:
    made = {r["severity"]: r for r in rows(tmp_path, {"report.csv": OPENVAS})}
    assert made["high"]["tool"] == "OpenVAS"
    assert made["high"]["rule"] == "1.3.6.1.4.1.25623.1.0.117711"
    assert made["high"]["found_at"] == datetime(2026, 8, 2, 9, tzinfo=UTC)
    assert made["info"]["title"] == "OS Detection"


def test_qualys_below_its_title_page(tmp_path: Path) -> None:
    made = {r["severity"]: r for r in rows(tmp_path, {"scan.csv": QUALYS})}
    assert made["low"]["place"] == "web1 (10.1.0.7) 443/tcp"
    assert made["low"]["control_ids"][0] == "SC-17"
    assert made["critical"]["status"] == "closed"
    assert made["critical"]["found_at"] == datetime(2026, 8, 3, 9, tzinfo=UTC)


def test_oscal(tmp_path: Path) -> None:
    made = {r["title"]: r for r in rows(tmp_path, {"ar.json": oscal()})}
    assert set(made) == {"Finding on ac-7", "Finding on sc-28.1", "Lone risk"}
    assert made["Finding on sc-28.1"]["control_ids"][0] == "SC-28(1)"
    assert made["Finding on ac-7"]["severity"] == "high"
    assert made["Finding on ac-7"]["place"] == "crm database"
    assert made["Lone risk"]["status"] == "closed"
    assert made["Lone risk"]["control_ids"][0] == "SI-2"


def test_oscal_that_is_satisfied_is_closed(tmp_path: Path) -> None:
    made = rows(tmp_path, {"ar.json": oscal(state="satisfied")})
    assert {r["status"] for r in made} == {"closed"}


@pytest.mark.public_data
def test_real_scans_of_nmap_are_read(tmp_path: Path) -> None:
    given = os.environ.get("AMENDS_PUBLIC_DATA") or str(
        Path(__file__).parents[4] / "shared" / "data"
    )
    scans = sorted((Path(given) / "nmap").glob("*.xml"))
    if not scans:
        pytest.skip("the public data are not there")
    made = rows(tmp_path, {s.name: s.read_bytes() for s in scans})
    assert sum(r["status"] == "open" for r in made) > 40
    assert {r["rule"] for r in made if r["status"] == "unread"} <= {
        "hostile_xml",
        "truncated",
        "malformed",
    }
