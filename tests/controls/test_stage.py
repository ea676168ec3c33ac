"""The stage on real files: a case reviewed, run again, accepted, proved, regressed."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from amends import pipeline
from amends.custody import Tags, take_in
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.kernel.schema import Table
from amends.report import decisions
from amends.tables.controls import CONTROL_GAPS, CONTROL_HISTORY, MEASURES, RISK, ROADMAP, TABLES

OURS = tuple(t.name for t in TABLES)
CUSTOMERS = [
    ["first_name", "last_name", "dob", "ssn", "email"],
    ["Ann", "Lee", "03/25/1980", "219-09-8765", "ann@example.com"],
    ["Bob", "Ray", "04/01/1979", "219-09-8766", "bob@example.com"],
    ["Joy", "Orr", "04/02/1971", "219-09-8767", "joy@example.com"],
]
SERVICES = """asset,port,service,auth,mfa,lockout,product,cve
edge1,22,ssh,{auth},{mfa},{mfa},,
db1,5432,postgresql,none,no,no,,
"""
SCAN = """<?xml version="1.0"?><nmaprun scanner="nmap" start="1785456000" args="nmap -p 22 edge1">
<scaninfo type="syn" protocol="tcp" numservices="1" services="22"/>
<host><status state="up"/><address addr="192.0.2.1" addrtype="ipv4"/>
<ports><port protocol="tcp" portid="22"><state state="open"/><service name="ssh"/></port></ports></host></nmaprun>"""


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-08-24T09:00:00+00:00")
    with (tmp_path / "customers.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(CUSTOMERS)
    Case.create(tmp_path / "case", {("case", "entity"): "Larkspur"})
    with pipeline.open_case(tmp_path / "case") as opened:
        tags = Tags(owner="L", store="crm", population="former", as_of="2026-08-04")
        take_in(opened, [tmp_path / "customers.csv"], tags)
        opened.add_event("discovery", "2026-08-17")
        opened.add_event("breach_end", "2026-08-04")
        yield opened


def network(case: Case, on: str, *, open_door: bool) -> None:
    """Add the state of a small network of a day: a door with a weak or a strong sign-in, and the store behind it."""
    home = case.folder.parent / f"net-{on}"
    home.mkdir()
    strong = (
        {"auth": "publickey", "mfa": "yes"} if not open_door else {"auth": "password", "mfa": "no"}
    )
    (home / "services.csv").write_text(SERVICES.format(**strong))
    (home / "assets.csv").write_text(
        "asset,ip,outside_ip,zone,role\nedge1,10.0.0.1,192.0.2.1,prod,router\ndb1,10.0.0.2,,prod,database\n"
    )
    (home / "stores.csv").write_text("store,asset,port,persons\ncrm,db1,5432,3\n")
    (home / "scan-internet.xml").write_text(SCAN)
    take_in(case, [home], Tags(role="inventory", as_of=on))


def rows(case: Case, table: Table) -> list[dict]:
    return case.engine.arrow(f"SELECT * FROM {case.read(table)}").to_pylist()


def gap(case: Case, rule: str) -> dict:
    return next(r for r in rows(case, CONTROL_GAPS) if r["rule_id"] == rule)


def bytes_of(case: Case) -> dict[str, bytes]:
    return {
        f"{n}/{p.name}": p.read_bytes()
        for n in OURS
        for p in (case.folder / "tables" / n).glob("*.parquet")
    }


def test_a_case_with_one_table_gets_a_whole_review(case: Case) -> None:
    pipeline.run(case)
    gaps = rows(case, CONTROL_GAPS)
    assert [g["rank"] for g in sorted(gaps, key=lambda g: g["rank"])] == list(
        range(1, len(gaps) + 1)
    )
    for g in gaps:
        assert g["evidence"]
        assert g["owner"]
        assert g["measure_id"]
        assert g["source"]
        assert g["why"]
        assert (g["measured_at"] is None) == (g["status"] == "not_measured")
    assert gap(case, "IDN-1")["status"] == "not_met"
    assert gap(case, "IDN-1")["persons"] == 3
    assert gap(case, "RET-1")["value"] == 3.0
    assert gap(case, "DET-1")["status"] == "not_measured"
    assert {m["measure_id"] for m in rows(case, MEASURES)} >= {"time_to_detect", "unmeasured_share"}
    assert {r["item"] for r in rows(case, RISK)} == {
        "notices",
        "protection",
        "calls",
        "review",
        "claims and fines",
        "all",
    }
    assert rows(case, ROADMAP)


def test_two_runs_on_the_same_evidence_give_the_same_bytes(case: Case) -> None:
    network(case, "2026-07-31", open_door=True)
    pipeline.run(case)
    first = bytes_of(case)
    pipeline.run(case, again=True)
    assert bytes_of(case) == first
    assert {r["state"] for r in rows(case, CONTROL_GAPS)} == {"new", "closed"}
    assert all(stage.skipped for stage in pipeline.run(case).stages)


def test_a_day_on_which_nothing_falls_due_changes_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.run(case)
    monkeypatch.setenv("AMENDS_CLOCK", "2026-08-25T09:00:00+00:00")
    assert all(stage.skipped for stage in pipeline.run(case).stages)
    monkeypatch.setenv("AMENDS_CLOCK", "2027-08-25T09:00:00+00:00")
    ran = {s.name: s.skipped for s in pipeline.run(case).stages}
    assert not ran["controls"], "last days have passed: what is late is measured again"
    assert gap(case, "RSP-1")["status"] == "not_met"


def test_a_closed_door_is_closed_by_proof_and_a_regress_reopens_it(case: Case) -> None:
    network(case, "2026-07-31", open_door=True)
    pipeline.run(case)
    first = gap(case, "BRF-1")
    assert (first["status"], first["state"], first["persons"]) == ("not_met", "new", 3)
    assert first["persons_removed"] == 3
    network(case, "2026-08-10", open_door=False)
    pipeline.run(case)
    now = gap(case, "EXP-1")
    assert (now["status"], now["state"]) == ("met", "closed")
    assert str(now["closed_on"]) == "2026-08-10"
    assert now["failed_in_breach"]
    item = next(r for r in rows(case, ROADMAP) if now["gap_id"] in r["gap_ids"])
    assert item["state"] == "closed"
    network(case, "2026-08-20", open_door=True)
    pipeline.run(case)
    back = gap(case, "EXP-1")
    assert (back["status"], back["state"], str(back["state_on"])) == (
        "not_met",
        "reopened",
        "2026-08-20",
    )
    assert {r["measurement"] for r in rows(case, CONTROL_HISTORY)} == {1, 2, 3}
    item = next(r for r in rows(case, ROADMAP) if back["gap_id"] in r["gap_ids"])
    assert (item["state"], str(item["state_on"])) == ("reopened", "2026-08-20")


def test_an_acceptance_holds_until_its_day(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.run(case)
    known = gap(case, "IDN-1")["gap_id"]
    with pytest.raises(UsageError, match="chosen by a day"):
        decisions.settle(case, "accept_gap", (known,), "for ever", "")
    decisions.settle(case, "accept_gap", (known,), "2026-12-31", "a new system comes in January")
    pipeline.run(case)
    accepted = gap(case, "IDN-1")
    assert (accepted["status"], str(accepted["accepted_until_on"]), accepted["state"]) == (
        "accepted",
        "2026-12-31",
        "open",
    )
    monkeypatch.setenv("AMENDS_CLOCK", "2027-01-01T09:00:00+00:00")
    pipeline.run(case)
    assert gap(case, "IDN-1")["status"] == "not_met"


def test_an_exhibit_proves_what_no_evidence_of_the_breach_can_show(case: Case) -> None:
    minutes = case.folder.parent / "minutes.txt"
    minutes.write_text("The board was told about the measures.\n")
    take_in(case, [minutes], Tags(role="inventory", as_of="2026-08-20"))
    pipeline.run(case)
    assert gap(case, "GOV-2")["status"] == "not_measured"
    decisions.settle(case, "proof", ("GOV-2", "E0002"), "met", "")
    pipeline.run(case)
    proved = gap(case, "GOV-2")
    assert (proved["status"], proved["evidence"], proved["state"]) == ("met", ["E0002"], "closed")


def test_the_case_says_its_own_efforts_owners_and_costs(tmp_path: Path, case: Case) -> None:
    with (case.folder / "case.toml").open("a") as stream:
        stream.write(
            '\n[controls]\nefforts = ["idn-1=5"]\nowners = ["IDN-1=Data team"]\ncosts = ["notices=1,2,3"]\n'
        )
    with pipeline.open_case(case.folder) as again:
        pipeline.run(again)
        assert (gap(again, "IDN-1")["effort_days"], gap(again, "IDN-1")["owner"]) == (
            5.0,
            "Data team",
        )
        own = next(r for r in rows(again, RISK) if r["item"] == "notices")
        assert (own["cost_low"], own["cost_high"], own["source"]) == (
            1.0,
            3.0,
            "case.toml [controls] costs",
        )


@pytest.mark.parametrize(
    "line", ['efforts = ["EXP-1"]', 'efforts = ["EXP-1=-3"]', 'efforts = ["EXP-1=many"]', 'costs = ["notices=3,2,1"]',
             'costs = ["notices=1,2"]', 'owners = ["=x"]'],
)  # fmt: skip
def test_a_setting_that_cannot_be_meant_is_refused(case: Case, line: str) -> None:
    with (case.folder / "case.toml").open("a") as stream:
        stream.write(f"\n[controls]\n{line}\n")
    with pipeline.open_case(case.folder) as again, pytest.raises(UsageError, match="controls"):
        pipeline.run(again)


def test_history_of_another_version_is_begun_anew(case: Case) -> None:
    pipeline.run(case)
    (case.folder / "tables" / "control_history" / "part-00000.parquet").unlink()
    pipeline.run(case)
    assert {r["state"] for r in rows(case, CONTROL_GAPS)} == {"new", "closed"}
