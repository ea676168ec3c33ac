"""What the company holds: identifiers in clear, production in test, people it needs no more, what is late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amends.controls.measures import identifiers, lateness, others, production, retention
from amends.controls.measures.base import Finding, Ground, Oldest
from amends.controls.oldest import APPLIED, LEFT, says_when
from amends.tables.controls import SCANNER_FINDINGS
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COLUMNS, FINDINGS, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.paths import FACTS, PATH_FIXES
from amends.tables.persons import PERSON_ELEMENTS, PERSONS
from tests.controls.world import (
    AT,
    DAY,
    column,
    exhibit,
    fact,
    fix,
    ground,
    item,
    people,
    person,
    table,
)

FAMILIES = (identifiers, production, retention, lateness, others)


def of(kind: str, here: Ground) -> Finding:
    return {f.kind: f for family in FAMILIES for f in family.findings(here)}[kind]


def store(
    number: int, name: str, *columns: dict[str, Any], **more: Any
) -> dict[Any, list[dict[str, Any]]]:
    return {
        EXHIBITS: [exhibit(number, store=name, **more)],
        ITEMS: [item(number, number)],
        COLUMNS: list(columns),
    }


def both(*parts: dict[Any, Any]) -> dict[Any, list[Any]]:
    made: dict[Any, list[Any]] = {}
    for part in parts:
        for declared, rows in part.items():
            made[declared] = [*made.get(declared, []), *rows]
    return made


def exposed(who: str, element: str, *, secured: bool = False) -> dict[str, Any]:
    return {
        "person_id": who,
        "element": element,
        "possible": False,
        "secured": secured,
        "n_records": 1,
    }


# identifiers


def test_an_empty_case_measures_nothing_of_what_is_held(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {})
    for family in FAMILIES:
        for found in family.findings(here):
            assert (found.measured.value, found.fails) == (None, False), found.kind
            assert found.measured.why_not


def test_the_share_protected_counts_values_and_only_identifiers(tmp_path: Path) -> None:
    tables = both(
        store(1, "crm", column(1, "ssn", "ssn", n_values=30), column(1, "mail", "email"),
              column(1, "login", "username"), column(1, "dl", "drivers_licence", secured=True, n_values=10)),
        {PERSON_ELEMENTS: [exposed("P1", "ssn"), exposed("P1", "email"),
                           exposed("P2", "drivers_licence", secured=True)],
         PERSONS: [person("P1"), person("P2")]},
    )  # fmt: skip
    found = of("clear_identifiers", ground(tmp_path / "case", tables))
    assert (found.measured.value, found.persons, found.fails) == (0.25, 1, True)
    assert "30 identifiers (ssn)" in found.why
    assert found.on_path


def test_a_store_protected_since_is_closed_by_its_later_evidence(tmp_path: Path) -> None:
    later = date(2026, 10, 1)
    tables = both(
        store(1, "CRM", column(1, "ssn", "ssn")),
        store(2, "crm ", column(2, "ssn", "ssn", secured=True), role="roster", as_of_on=later),
        {PERSON_ELEMENTS: [exposed("P1", "ssn")], PERSONS: [person("P1")]},
    )
    found = of("clear_identifiers", ground(tmp_path / "case", tables))
    assert (found.measured.value, found.fails, found.persons) == (1.0, False, 0)
    assert (found.failed_in_breach, found.closed_on, found.failed_on) == (True, later, DAY)


def test_a_later_sample_of_another_store_closes_nothing(tmp_path: Path) -> None:
    tables = both(
        store(1, "crm", column(1, "ssn", "ssn")),
        store(
            2,
            "lake",
            column(2, "ssn", "ssn", secured=True),
            role="roster",
            as_of_on=date(2026, 10, 1),
        ),
    )
    found = of("clear_identifiers", ground(tmp_path / "case", tables))
    assert (found.fails, found.places) == (True, ("crm",)), (
        "what was never stolen is not held against the company"
    )


def test_hashes_and_secrets_are_counted_apart(tmp_path: Path) -> None:
    tables = both(
        store(1, "crm", column(1, "ssn_sha", "ssn", evidence=["header", "75 values: unkeyed hash (SHA-256)"]),
              column(1, "pin", "account_pin"), column(1, "pw", "password_hash")),
        {PERSONS: [person("P1")]},
    )  # fmt: skip
    here = ground(tmp_path / "case", tables)
    assert of("hashed_identifiers", here).measured.value == 1.0
    assert of("clear_secrets", here).measured.value == 1.0, "a password's hash is no password"
    assert of("clear_copies", here).measured.value == 1.0


def test_documents_with_identifiers_are_counted_once_each(tmp_path: Path) -> None:
    def seen(n: int, item: int, element: str, *, valid: bool = True) -> dict[str, Any]:
        return {"finding_id": f"F{n}", "item_id": f"I{item:07d}", "element": element, "valid": valid, "record_id": n,
                "evidence": []}  # fmt: skip

    tables = {
        EXHIBITS: [exhibit(1, store="share")],
        ITEMS: [item(1, 1, kind="document"), item(2, 1, kind="document")],
        FINDINGS: [
            seen(1, 1, "ssn"),
            seen(2, 1, "ssn"),
            seen(3, 2, "email"),
            seen(4, 2, "ssn", valid=False),
        ],
        PERSONS: [person("P1"), person("P2"), person("P3")],
    }
    found = of("clear_documents", ground(tmp_path / "case", tables))
    assert (found.measured.value, found.persons, found.places) == (1.0, 2, ("share",))
    clean = of("clear_documents", ground(tmp_path / "clean", {**tables, FINDINGS: []}))
    assert (clean.measured.value, clean.fails) == (0.0, False)


def test_stores_nobody_listed_are_found_whatever_their_case(tmp_path: Path) -> None:
    tables = both(
        store(1, "CRM-DB"), store(2, "shadow"),
        {FACTS: [fact(1, "hosts", "asset:db1", "store:crm-db")]}, people(("P1", "shadow"), ("P2", "crm-db")),
    )  # fmt: skip
    found = of("unlisted_stores", ground(tmp_path / "case", tables))
    assert (found.measured.value, found.places, found.persons) == (1.0, ("shadow",), 1)


def test_rows_of_nobody_are_added_up(tmp_path: Path) -> None:
    rows = [
        {"item_id": "I1", "reason": "no_name_near", "elements": ["ssn"], "n_records": n}
        for n in (3, 4)
    ]
    tables = both(store(1, "crm"), people(("P1", "crm")), {UNATTRIBUTED: rows})
    assert of("unattributed_records", ground(tmp_path / "case", tables)).measured.value == 7.0


# production in test

IN_TEST = [
    fact(1, "in_zone", "asset:tst1", "zone:test"),
    fact(2, "hosts", "asset:tst1", "store:sandpit"),
]


def test_people_of_production_in_a_test_store_are_counted_exactly(tmp_path: Path) -> None:
    tables = both(
        store(1, "sandpit"), store(2, "crm"), {FACTS: IN_TEST},
        people(("P1", "sandpit"), ("P1", "crm"), ("P2", "sandpit"), ("P2", "crm"), ("P3", "sandpit"), ("P4", "crm")),
    )  # fmt: skip
    found = of("production_in_test", ground(tmp_path / "case", tables))
    assert (found.measured.value, found.persons, found.observed) == (1.0, 2, 1.0)
    assert "2 people of 3 found in sandpit (67%) also stand in production" in found.why
    assert {m.measure: m.value for m in found.also} == {"test_production_people": 2.0}


def test_invented_people_in_a_test_store_are_right(tmp_path: Path) -> None:
    tables = both(
        store(1, "sandpit", column(1, "n", "name")), store(2, "crm"), {FACTS: IN_TEST},
        people(("P1", "sandpit"), ("P4", "crm")),
    )  # fmt: skip
    found = of("production_in_test", ground(tmp_path / "case", tables))
    assert (found.measured.value, found.fails) == (0.0, False)


def test_what_only_the_company_says_is_inferred(tmp_path: Path) -> None:
    (tmp_path / "stores.csv").write_text(
        "store,host,elements\nsandpit,tst1,name ssn\nsandbox-2,web1,name email\n"
    )
    listed = exhibit(9, role="roster", path="stores.csv", place=str(tmp_path / "stores.csv"))
    found = of(
        "production_in_test", ground(tmp_path / "case", {EXHIBITS: [listed], FACTS: IN_TEST})
    )
    assert (found.measured.value, found.observed, found.places) == (1.0, 0.5, ("sandpit",))
    assert found.also[0].value is None


def test_a_test_store_nobody_looked_into_is_not_measured(tmp_path: Path) -> None:
    found = of("production_in_test", ground(tmp_path / "case", {FACTS: IN_TEST}))
    assert found.measured.value is None
    assert "sandpit" in found.measured.why_not


def test_lists_with_roles_and_zones_name_the_test_machines(tmp_path: Path) -> None:
    (tmp_path / "hosts.csv").write_text(
        "Host Name;IP Address;Environment;Role\nalpha;10.0.0.1;UAT;db\nbeta;10.0.0.2;prod;Test server\n"
        "gamma;10.0.0.3;prod;devices portal\n"
    )
    (tmp_path / "people.csv").write_text("name,role,city\nTest Person,staging,X\n")
    rows = [
        exhibit(n, role="roster", path=f, place=str(tmp_path / f))
        for n, f in enumerate(("hosts.csv", "people.csv"), 1)
    ]
    assert ground(tmp_path / "case", {EXHIBITS: rows}).test_hosts == {"alpha", "beta"}


# retention


def test_former_customers_who_are_customers_again_are_needed(tmp_path: Path) -> None:
    rows = [
        person("P1", "former"), person("P2", "former", "current"), person("P3", "Former", "prospective"),
        person("P4", "prospective"), person("P5", "current"), person("P6", "former", n_records=0),
    ]  # fmt: skip
    here = ground(tmp_path / "case", {PERSONS: rows, EXHIBITS: [exhibit(1)]})
    assert of("former_people", here).measured.value == 2.0
    assert of("prospective_people", here).measured.value == 2.0


def test_people_of_no_said_population_say_nothing(tmp_path: Path) -> None:
    here = ground(
        tmp_path / "case", {PERSONS: [person("P1"), person("P2")], EXHIBITS: [exhibit(1)]}
    )
    assert of("former_people", here).measured.value is None


@pytest.mark.parametrize(
    ("name", "begins", "says"),
    [
        ("disc_dt", LEFT, True), ("ClosedOn", LEFT, True), ("date_cancelled", LEFT, True), ("LAST-SEEN", LEFT, True),
        ("disc_reason", LEFT, False), ("closed_by", LEFT, False), ("dob", LEFT, False), ("birth date", LEFT, False),
        ("Submitted", APPLIED, True), ("Application Date", APPLIED, True), ("Decision", APPLIED, False),
        ("", LEFT, False),
    ],
)  # fmt: skip
def test_columns_that_say_when_are_known_by_their_words(
    name: str, begins: tuple[str, ...], says: bool
) -> None:
    assert says_when(name, begins) is says


def old(tmp_path: Path, text: str, names: list[str]) -> Oldest | None:
    (tmp_path / "former.csv").write_text(text)
    tables = {
        EXHIBITS: [
            exhibit(1, population="former", path="former.csv", place=str(tmp_path / "former.csv"))
        ],
        ITEMS: [item(1, 1)],
        COLUMNS: [column(1, n, None) for n in names],
    }
    return ground(tmp_path / "case", tables).oldest


def test_the_oldest_record_is_found_by_the_latest_day_of_each_row(tmp_path: Path) -> None:
    found = old(
        tmp_path,
        "name,closed_on,last_used\nAnn,2019-05-01,2020-01-01\nBob,2018-01-01,2026-01-01\nCat,,\n",
        ["closed_on", "last_used"],
    )
    assert found is not None
    assert (found.on, found.n_over, found.n_rows) == (date(2020, 1, 1), 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "name,closed_on\nAnn,yes\nBob,no\nCat,2019-01-01\n",
        "name,closed_on\nAnn,1800-01-01\nBob,2999-01-01\n",
        "name,closed_on\nAnn,\nBob,\n",
        "name,closed_on\n",
    ],
    ids=["words", "impossible days", "no values", "no rows"],
)
def test_a_column_that_holds_no_days_tells_no_age(tmp_path: Path, text: str) -> None:
    assert old(tmp_path, text, ["closed_on"]) is None


# lateness


def owed(today: date, due: date, **notice: Any) -> dict[Any, list[dict[str, Any]]]:
    group = {"group_id": "G1", "elements": ["ssn"], "tell": True, "due_on": due, "n_persons": 2}
    return {
        DUTY_GROUPS: [group],
        PERSON_GROUPS: [{"person_id": p, "group_id": "G1"} for p in ("P1", "P2")],
        NOTICES: [{"notice_id": f"N{p}", "person_id": p, "kind": "first", "channel": "print", **notice}
                  for p in ("P1", "P2")],
        PERSONS: [person("P1"), person("P2")],
    }  # fmt: skip


def test_notices_unsent_past_their_day_are_late_and_before_it_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-09-20T09:00:00+00:00")
    today = date(2026, 9, 20)
    late = of("late_notices", ground(tmp_path / "late", owed(today, today - timedelta(days=1))))
    assert (late.measured.value, late.fails, late.persons) == (2.0, True, 2)
    due_today = of("late_notices", ground(tmp_path / "today", owed(today, today)))
    assert due_today.measured.value is None
    assert "no last day has passed" in due_today.measured.why_not


@pytest.mark.parametrize(
    ("sent_on", "late"), [(date(2026, 9, 1), 0), (date(2026, 9, 10), 0), (date(2026, 9, 11), 2)]
)
def test_notices_sent_are_late_by_the_day_they_were_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent_on: date, late: int
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-09-20T09:00:00+00:00")
    here = ground(tmp_path / "case", owed(date(2026, 9, 20), date(2026, 9, 10), sealed_in="S1"))
    here.sent = [{"seal_id": "S1", "channel": "print", "sent_on": sent_on}]
    found = of("late_notices", here)
    assert (found.measured.value, found.fails) == (float(late), late > 0)


def test_a_filing_is_made_when_an_event_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-09-20T09:00:00+00:00")
    duty = {"duty_id": "U1", "jurisdiction": "US-WA", "recipient": "regulator", "to": "AG", "answer": "required",
            "due_on": date(2026, 9, 16), "warnings": []}  # fmt: skip
    tables = {DUTIES: [duty], PERSONS: [person("P1")]}
    assert of("late_filings", ground(tmp_path / "none", tables)).measured.value == 1.0
    made = ground(tmp_path / "made", tables, {"filed_US-WA_AG": "2026-09-15"})
    assert of("late_filings", made).measured.value == 0.0
    after = ground(tmp_path / "after", tables, {"filed_us-wa": "2026-09-17"})
    assert of("late_filings", after).measured.value == 1.0


def test_unread_evidence_waits_until_somebody_decides(tmp_path: Path) -> None:
    def fault(n: int, disposition: str) -> dict[str, Any]:
        return {
            "exception_id": f"X{n}",
            "exhibit_id": "E0001",
            "reason": "encrypted",
            "disposition": disposition,
        }

    here = ground(
        tmp_path / "case",
        {EXHIBITS: [exhibit(1)], EXCEPTIONS: [fault(1, "open"), fault(2, "gone")]},
    )
    assert of("unread_evidence", here).measured.value == 1.0


# others


def scanned(here: Ground, *rows: dict[str, Any]) -> Ground:
    whole = [
        {"scan_id": f"W{n}", "exhibit_id": "E0001", "tool": "t", "rule": "r", "title": "x", "severity": "high",
         "place": "edge1:22", "control_ids": ["SI-2"], "status": "open",
         "found_at": datetime(2026, 8, 20, tzinfo=UTC), **r}
        for n, r in enumerate(rows, 1)
    ]  # fmt: skip
    here.findings = here.engine.register("found", table(SCANNER_FINDINGS, whole))
    return here


def test_open_critical_and_high_findings_count_and_those_on_open_ways_expose(
    tmp_path: Path,
) -> None:
    here = ground(
        tmp_path / "case", {PATH_FIXES: [fix("brute_force", subject="EDGE1", places=["EDGE1"])]}
    )
    found = of(
        "scanner_findings",
        scanned(
            here,
            {},
            {"severity": "low"},
            {"status": "closed"},
            {"place": "other"},
            {"status": "unread"},
        ),
    )
    assert (found.measured.value, found.persons, found.fails) == (2.0, 10, True)
    assert "2 critical or high findings of 4" in found.why


@pytest.mark.parametrize(
    "rows", [[{"severity": "info"}], [{"status": "unread"}]], ids=["a port scan", "unreadable"]
)
def test_a_scan_that_looks_for_no_weakness_measures_nothing(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    found = of("scanner_findings", scanned(ground(tmp_path / "case", {}), *rows))
    assert found.measured.value is None


def test_a_dated_exhibit_proves_for_a_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-09-20T09:00:00+00:00")
    rows = [exhibit(1, as_of_on=date(2025, 9, 20)), exhibit(2, as_of_on=date(2025, 9, 19))]
    here = ground(tmp_path / "case", {EXHIBITS: rows})
    here.proofs = [
        ("GOV-2", "E0001", "met"), ("GOV-3", "E0002", "met"), ("gov-4", "E0001", "not_met"), ("GOV-5", "E9999", "met"),
    ]  # fmt: skip
    assert of("proof_gov_2", here).measured.at is not None
    assert not of("proof_gov_2", here).fails
    assert "older than a year" in of("proof_gov_3", here).measured.why_not
    assert of("proof_gov_4", here).fails
    assert of("proof_gov_5", here).measured.value is None, "an exhibit nobody has proves nothing"
    assert of("proof_gov_2", here).measured.value == 0.2


def test_the_vault_is_believed_only_by_its_audit(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {PERSONS: [person("P1")]})
    assert "[controls] vault" in of("brake", here).measured.why_not
    here.vault = {"at": AT, "persons_per_day": 4000, "canaries": 3, "fault": ""}
    assert (of("brake", here).fails, of("canaries", here).fails) == (False, True)
    here.vault = {"at": AT, "persons_per_day": 4000, "canaries": 30, "fault": "a line is missing"}
    assert of("brake", here).fails
