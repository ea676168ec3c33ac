"""The network's measures: right, near miss, empty, hostile."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from amends.controls.measures import closing, credentials, ways
from amends.controls.measures.base import Finding, Ground
from amends.tables.custody import EXHIBITS
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS, PATH_FIXES
from amends.tables.timeline import HOPS
from tests.controls.world import exhibit, fact, fix, ground, hop

BREACH = {"discovery": "2026-08-17", "containment": "2026-08-04"}


def of(kind: str, here: Ground) -> Finding:
    found = {f.kind: f for family in (ways, credentials, closing) for f in family.findings(here)}
    return found[kind]


def way(
    store: str, *, is_open: bool = True, step: int = 1, to: str = "service:edge1:22/tcp"
) -> dict[str, object]:
    return {
        "path_id": f"A{store}", "rank": 1, "store": store, "persons": 10, "is_open": is_open, "step": step,
        "fact_id": "T1", "from": "zone:internet", "to": to, "why": "because",
    }  # fmt: skip


def test_without_an_inventory_nothing_of_the_network_is_measured(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {})
    for family in (ways, credentials, closing):
        for found in family.findings(here):
            assert found.measured.value is None
            assert found.measured.why_not
            assert not found.fails


def test_a_door_open_now_fails_with_the_people_behind_it(tmp_path: Path) -> None:
    here = ground(
        tmp_path / "case",
        {
            FACTS: [fact(1, "reach", "zone:internet", "service:edge1:22/tcp")],
            PATH_FIXES: [fix("exposed_device"), fix("exposed_device", "then", persons=25)],
            HOPS: [hop(1, "198.51.100.9", "EDGE1")],
        },
        BREACH,
    )
    found = of("exposed_device", here)
    assert (found.fails, found.persons, found.persons_then, found.persons_removed) == (
        True,
        10,
        25,
        10,
    )
    assert found.on_path, "names of machines are compared without their case"
    assert (found.failed_in_breach, found.failed_on) == (True, date(2026, 7, 31))
    assert found.measured.at is not None
    assert found.measured.at.date() == date(2026, 8, 22)


def test_what_was_open_in_the_breach_and_is_proved_gone_is_closed_with_its_day(
    tmp_path: Path,
) -> None:
    none = {
        "n_facts": 0,
        "n_on_ways": 0,
        "places": [],
        "fact_ids": [],
        "persons": 0,
        "persons_removed": 0,
        "stores": [],
    }
    here = ground(
        tmp_path / "case",
        {
            FACTS: [fact(1, "reach", "zone:internet", "service:edge1:22/tcp", state="verified")],
            PATH_FIXES: [fix("exposed_device", **none), fix("exposed_device", "then")],
        },
        BREACH,
    )  # fmt: skip
    found = of("exposed_device", here)
    assert (found.fails, found.failed_in_breach, found.closed_on) == (
        False,
        True,
        date(2026, 8, 22),
    )
    assert found.persons == 0
    assert found.persons_then == 10
    assert "Proved gone on 22 August 2026" in found.why


def test_none_found_where_nobody_looked_is_not_measured(tmp_path: Path) -> None:
    blind = fix(
        "stored_credentials", n_facts=0, looked=False, looked_on=None, fact_ids=[], places=[]
    )
    here = ground(tmp_path / "case", {FACTS: [fact(1, "hosts", "asset:a")], PATH_FIXES: [blind]})
    found = of("stored_credentials", here)
    assert found.measured.value is None
    assert "search for secrets" in found.measured.why_not


def test_the_day_of_the_breach_is_the_latest_evidence_before_it_ended(tmp_path: Path) -> None:
    later = fix(
        "exposed_device", "then", as_of="2026-08-10", as_of_on=date(2026, 8, 10), persons=99
    )
    here = ground(
        tmp_path / "case",
        {FACTS: [fact(1, "reach", "zone:internet", "service:edge1:22/tcp")],
         PATH_FIXES: [fix("exposed_device"), fix("exposed_device", "then", persons=25), later]},
        BREACH,
    )  # fmt: skip
    assert of("exposed_device", here).persons_then == 25


def test_a_credential_that_lies_about_and_opens_something_has_an_age(tmp_path: Path) -> None:
    facts = [
        fact(1, "stored_on", "credential:x", "asset:edge1", first_on=date(2026, 7, 1)),
        fact(2, "opens", "credential:x", "service:db:5432/tcp"),
        fact(3, "opens", "credential:x", "service:nas:445/tcp"),
        fact(4, "stored_on", "credential:y", "asset:edge1", first_on=date(2020, 1, 1)),
        fact(5, "opens", "credential:y", "service:db:5432/tcp", state="verified"),
    ]
    here = ground(
        tmp_path / "case",
        {
            FACTS: facts,
            PATH_FIXES: [
                fix("stored_credentials"),
                fix("reused_credentials", places=["db", "nas"]),
            ],
        },
    )
    old = of("old_credentials", here)
    assert old.measured.value == 52.0, (
        "1 July to 22 August; the one that opens nothing any more does not count"
    )
    assert old.fails
    assert of("reused_credentials", here).measured.value == 2.0


def test_accounts_that_read_one_store_are_right_and_two_are_wide(tmp_path: Path) -> None:
    facts = [fact(n, "reads", f"identity:{who}", f"store:{what}")
             for n, (who, what) in enumerate([("etl", "crm"), ("etl", "lake"), ("app", "crm")], 1)]  # fmt: skip
    here = ground(
        tmp_path / "case",
        {FACTS: facts, PATH_FIXES: [fix("store_rights")], HOPS: [hop(1, "a", "b", account="ETL")]},
    )
    found = of("wide_readers", here)
    assert (found.measured.value, found.places, found.on_path) == (1.0, ("etl",), True)


def test_open_ways_count_once_and_closed_ones_do_not(tmp_path: Path) -> None:
    here = ground(
        tmp_path / "case",
        {
            FACTS: [fact(1, "reach", "zone:internet", "service:edge1:22/tcp")],
            PATH_FIXES: [fix("exposed_device")],
            ATTACK_PATHS: [way("crm"), way("crm", step=2), way("lake", is_open=False)],
        },
    )
    found = of("open_ways", here)
    assert (found.measured.value, found.persons, found.places) == (1.0, 10, ("crm",))
    assert {m.measure: m.value for m in found.also} == {"persons_reachable": 10.0}


def test_a_claim_is_no_closure(tmp_path: Path) -> None:
    here = ground(
        tmp_path / "case",
        {FACTS: [fact(1, "reach", "zone:internet", "service:edge1:22/tcp", state="claimed"),
                 fact(2, "reach", "zone:internet", "service:edge2:22/tcp")],
         PATH_FIXES: [fix("exposed_device")], ATTACK_PATHS: [way("crm")]},
    )  # fmt: skip
    found = of("unproved_closures", here)
    assert (found.measured.value, found.places, found.persons) == (1.0, ("edge1",), 10)


def test_the_time_to_closure_runs_from_discovery_to_the_proof(tmp_path: Path) -> None:
    none = {"n_facts": 0, "n_on_ways": 0, "persons": 0, "persons_before": 0, "fact_ids": []}
    tables = {
        FACTS: [fact(1, "reach", "zone:internet", "service:edge1:22/tcp", state="verified")],
        PATH_FIXES: [fix("exposed_device", **none), fix("exposed_device", "then")],
        ATTACK_PATHS: [way("crm", is_open=False)],
        CLOSURES: [{"closure_id": "C1", "rank": 1, "fact_ids": ["T1"], "remedy": "r", "optimal": True,
                    "persons_closed": 10, "persons_alone": 10, "state": "verified"}],
    }  # fmt: skip
    found = of("slow_closure", ground(tmp_path / "case", tables, BREACH))
    assert (found.measured.value, found.fails) == (5.0, False)
    late = of(
        "slow_closure", ground(tmp_path / "late", tables, {**BREACH, "discovery": "2026-07-01"})
    )
    assert (late.measured.value, late.fails) == (52.0, True)
    unknown = of("slow_closure", ground(tmp_path / "unknown", tables))
    assert "discovery" in unknown.measured.why_not


def test_test_machines_are_known_by_zone_role_or_name(tmp_path: Path) -> None:
    facts = [
        fact(1, "in_zone", "asset:alpha", "zone:test"),
        fact(2, "in_zone", "asset:beta", "zone:prod", detail="role: staging server"),
        fact(3, "in_zone", "asset:latest1", "zone:prod", detail="role: web server"),
    ]
    places = ["alpha", "beta", "latest1"]
    rows = [
        fix("brute_force", places=places),
        fix("brute_force", subject="alpha", persons_removed=7),
    ]
    here = ground(tmp_path / "case", {FACTS: facts, PATH_FIXES: rows})
    found = of("test_faults", here)
    assert found.places == ("alpha", "beta")
    assert found.persons_removed == 7


def test_hostile_names_are_values(tmp_path: Path) -> None:
    name = "x'); DROP TABLE facts; --\x1f\"<b>"
    here = ground(
        tmp_path / "case",
        {FACTS: [fact(1, "reads", f"identity:{name}", "store:a"), fact(2, "reads", f"identity:{name}", "store:b")],
         PATH_FIXES: [fix("store_rights", places=[name])],
         HOPS: [hop(1, name, name, account=name)],
         EXHIBITS: [exhibit(1, store=name, path=name)]},
    )  # fmt: skip
    assert of("wide_readers", here).places == (name,)
