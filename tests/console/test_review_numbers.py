"""The console's numbers are the command line's, page by page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from amends.pipeline import open_case
from amends.report import funnel
from amends.tables.duties import DUTY_GROUPS
from amends.tables.persons import PERSON_ELEMENTS
from tests.console.browser import Browser
from tests.e2e.face import amends


@pytest.fixture(scope="module")
def status(case_folder: Path) -> dict[str, Any]:
    return dict(json.loads(amends("status", case_folder, "--json")))


def test_the_funnel_is_that_of_status(lead: Browser, status: dict[str, Any]) -> None:
    shown = json.dumps(lead.get("/home.json").json())
    for name, count in status["funnel"].items():
        assert str(count) in shown, name


def test_the_deadlines_are_those_of_status(lead: Browser, status: dict[str, Any]) -> None:
    shown = lead.get("/duties/calendar.json").json()["deadlines"]
    # Two rules of one law may fall on one day: their order is nobody's.
    assert sorted(
        (str(d["due_on"]), d["law"], d["who"], d["n_persons"], d["answer"]) for d in shown
    ) == sorted(
        (str(c["due_on"]), c["jurisdiction"], c["who"], c["n_persons"], c["answer"])
        for c in status["clocks"]
    )
    summed = lead.get("/duties.json").json()
    assert summed["passed"] + summed["soon"] + summed["later"] + summed["no_day"] == len(shown)


def test_the_duty_groups_hold_every_person_once(lead: Browser, case_folder: Path) -> None:
    groups: list[dict[str, Any]] = []
    pages = -(-int(lead.get("/duties.json").json()["n_groups"]) // 50)
    for page in range(pages):
        groups += lead.get(f"/duties.json?page={page}").json()["groups"]
    with open_case(case_folder) as case:
        told = funnel.funnel(case)["owed"]
        persons = case.engine.arrow(
            f"SELECT sum(n_persons)::BIGINT AS n FROM {case.read(DUTY_GROUPS)}"
        )["n"][0].as_py()
    assert sum(g["n_persons"] for g in groups) == persons
    assert sum(g["n_persons"] for g in groups if g["tell"]) == told


def test_a_filter_shows_a_part_and_the_parts_sum(lead: Browser) -> None:
    whole = lead.get("/duties.json").json()["n_groups"]
    parts = [
        lead.get("/duties.json", params={"answer": a}).json()["n_groups"]
        for a in ("required", "needs_judgement", "not_required")
    ]
    assert sum(parts) == whole
    assert lead.get("/duties.json", params={"residence": "'; --"}).json()["n_groups"] == 0


def test_a_filing_counts_the_residents_of_its_duty(lead: Browser, status: dict[str, Any]) -> None:
    filings = lead.get("/duties/filings.json").json()["filings"]
    clocks = {
        (c["jurisdiction"], c["to"]) for c in status["clocks"] if c["recipient"] == "regulator"
    }
    assert {(f["jurisdiction"], f["to"]) for f in filings} == clocks
    one = lead.get(f"/duties/filings/{filings[0]['duty_id']}.json").json()
    assert one["total"] == status["funnel"]["owed"] and one["not_legal_advice"] is True


def test_the_release_counts_what_the_command_line_counts(
    lead: Browser, case_folder: Path, status: dict[str, Any]
) -> None:
    shown = lead.get("/release.json").json()
    cli = json.loads(amends("notices", "status", case_folder, "--json"))
    assert [d for s in shown["seals"] for d in s["deliveries"]] == cli
    assert sum(s["count"] for s in shown["seals"]) == status["funnel"]["sealed"]


def test_a_calendar_file_holds_every_duty_with_a_day(lead: Browser) -> None:
    answer = lead.get("/duties/calendar.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.text.startswith("BEGIN:VCALENDAR") and answer.text.count("BEGIN:VEVENT") > 0


def test_deadlines_are_told_apart_without_colour(lead: Browser) -> None:
    page = lead.get("/duties/calendar").text
    assert 'class="when passed"' in page and "passed " in page


def test_a_duty_group_names_its_elements_and_sources(lead: Browser, case_folder: Path) -> None:
    group = lead.get("/duties.json").json()["groups"][0]
    shown = lead.get(f"/duties/groups/{group['group_id']}.json").json()
    assert shown["group"]["elements"] == group["elements"] and shown["group"]["sources"]
    with open_case(case_folder) as case:
        known = case.engine.arrow(f"SELECT DISTINCT element FROM {case.read(PERSON_ELEMENTS)}")[
            "element"
        ].to_pylist()
    assert set(group["elements"]) <= set(known)
    assert lead.get("/duties/groups/G000000000000").status_code == 404
    assert lead.get("/duties/filings/U000000000000").status_code == 404
