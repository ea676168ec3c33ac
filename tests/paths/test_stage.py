"""The stage: inventory exhibits and people in, facts, attack paths and closures out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from amends import custody
from amends.elements import STAGE as ELEMENTS
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.paths.gather import Source, by_date, date_of, in_folder
from amends.paths.stage import STAGE, case_answer, persons_by_store
from amends.persons import STAGE as PERSONS
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS
from tests.paths.test_cases import FINDINGS, amends, write

CUSTOMERS = """customer_id,first_name,last_name,dob,ssn
C1,Ann,Lee,03/25/1980,219-09-8765
C2,Bob,Ray,04/01/1979,219-09-8766
C3,Joy,Orr,04/02/1971,219-09-8767
"""
APPLICANTS = """first_name,last_name,dob,ssn
Ann,Lee,03/25/1980,219-09-8765
Max,Fry,05/05/1985,219-09-8768
"""


def rows(case: Case, table: Table) -> list[dict]:
    return case.engine.arrow(f"SELECT * FROM {case.read(table)}").to_pylist()


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    (tmp_path / "applicants.csv").write_text(APPLICANTS)
    Case.create(tmp_path / "case", {("case", "entity"): "Larkspur"})
    with Case(tmp_path / "case", contents=custody.Reader()) as opened:
        custody.take_in(opened, [tmp_path / "customers.csv"], custody.Tags(owner="L", store="CRM"))
        custody.take_in(opened, [tmp_path / "applicants.csv"], custody.Tags(owner="L", store="web"))
        yield opened


def add(case: Case, folder: Path, as_of: str = "") -> None:
    custody.take_in(case, [folder], custody.Tags(role="inventory", as_of=as_of))


def run(case: Case) -> None:
    for stage in (custody.STAGE, ELEMENTS, PERSONS, STAGE):
        stage.run(case)


def test_a_case_tells_its_ways_with_the_people_it_counted_itself(
    case: Case, tmp_path: Path
) -> None:
    add(case, write(tmp_path / "net"))
    run(case)
    paths = rows(case, ATTACK_PATHS)
    assert {p["store"] for p in paths} == {"crm"}
    assert {p["persons"] for p in paths} == {3}, (
        "counted wins over the 54 million that the list tells"
    )
    first = sorted((p for p in paths if p["rank"] == 1), key=lambda p: p["step"])
    assert [p["step"] for p in first] == list(range(1, len(first) + 1))
    assert first[0]["from"] == "zone:internet"
    assert first[-1]["to"] == "store:crm"
    known = {f["fact_id"]: f for f in rows(case, FACTS)}
    assert {p["fact_id"] for p in paths} <= set(known)
    assert all(
        known[p["fact_id"]]["n_paths"] > 0 and known[p["fact_id"]]["evidence"] for p in first
    )
    closures = rows(case, CLOSURES)
    assert [(c["rank"], c["optimal"], c["persons_closed"], c["state"]) for c in closures] == [
        (1, True, 3, "open")
    ]
    shown = json.loads(amends("paths", case.folder, "--json"))
    store = next(s for s in shown["stores"] if s["store"] == "crm")
    assert (store["persons"], store["persons_told"], store["persons_counted"]) == (3, 54_000_000, 3)
    assert "the list of stores says 54,000,000" in amends("paths", case.folder)


def test_people_in_two_stores_are_counted_once_over_both(case: Case) -> None:
    run(case)
    counted, together = persons_by_store(case, ["crm", "web", "nobody"])
    assert counted == {"crm": 3, "web": 2}
    assert together == {frozenset({"crm"}): 2, frozenset({"web"}): 1, frozenset({"crm", "web"}): 1}


def test_two_dates_of_exhibits_are_before_and_after(case: Case, tmp_path: Path) -> None:
    add(case, write(tmp_path / "one"), "2026-08-17")
    add(case, write(tmp_path / "two", current="cc33"), "2026-08-24")
    run(case)
    assert {p["is_open"] for p in rows(case, ATTACK_PATHS)} == {False}
    gone = [f for f in rows(case, FACTS) if f["state"] == "verified"]
    assert {f["kind"] for f in gone} == {"opens", "belongs_to"}
    assert {(f["first_on"], f["last_on"]) for f in gone} == {(date(2026, 8, 17), date(2026, 8, 24))}
    assert all("2026-08-24" in f["state_evidence"] for f in gone)
    assert {c["state"] for c in rows(case, CLOSURES)} == {"verified"}


def test_no_inventory_gives_empty_tables(case: Case) -> None:
    run(case)
    for table in (FACTS, ATTACK_PATHS, CLOSURES):
        assert rows(case, table) == []
    assert case_answer(case) is None


def test_a_secret_in_clear_reaches_no_table_and_its_name_cannot_be_guessed(
    case: Case, tmp_path: Path
) -> None:
    folder = write(tmp_path / "net")
    findings = [
        {**f, "Secret": "hunter2hunter2", "Match": "password=hunter2hunter2"} for f in FINDINGS
    ]
    (folder / "findings.json").write_text(json.dumps(findings))
    add(case, folder)
    run(case)
    kept = json.dumps([rows(case, t) for t in (FACTS, ATTACK_PATHS, CLOSURES)], default=str)
    assert "hunter2" not in kept
    assert "credential:aa11" not in kept
    assert "credential:" in kept


def test_the_same_inputs_give_the_same_rows(case: Case, tmp_path: Path) -> None:
    add(case, write(tmp_path / "net"))
    run(case)
    first = [rows(case, t) for t in (FACTS, ATTACK_PATHS, CLOSURES)]
    STAGE.run(case)
    assert [rows(case, t) for t in (FACTS, ATTACK_PATHS, CLOSURES)] == first


@pytest.mark.parametrize(
    ("name", "on"),
    [
        ("edge.cfg", ""),
        ("before/edge.cfg", "before"),
        ("After-fix/a/edge.cfg", "after"),
        ("2026-08-17/edge.cfg", "2026-08-17"),
        ("work/2026-08-17/net/before/edge.cfg", "before"),
        ("beforehand/edge.cfg", ""),
        ("inventory/scan-2026-08-24/x.xml", "2026-08-24"),
        ("2026-08-17.cfg", ""),
    ],
)
def test_a_date_is_the_one_of_the_folder(name: str, on: str) -> None:
    assert date_of(name) == on


def test_dates_are_in_order_and_lists_stand_until_they_are_renewed(tmp_path: Path) -> None:
    names = [
        "all.cfg",
        "before/assets.csv",
        "before/edge.cfg",
        "2026-08-20/edge.cfg",
        "after/assets.csv",
    ]
    sources = [Source(tmp_path, name, date_of(name)) for name in names]
    assert [(on, [s.name for s in some]) for on, some in by_date(sources)] == [
        ("before", ["all.cfg", "before/assets.csv", "before/edge.cfg"]),
        ("2026-08-20", ["all.cfg", "before/assets.csv", "2026-08-20/edge.cfg"]),
        ("after", ["all.cfg", "after/assets.csv"]),
    ]


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    (tmp_path / "assets.csv").write_text("asset,ip,zone,role\n")
    assert [s.name for s in in_folder(tmp_path)] == ["assets.csv"]
