"""What the pages show: the report's numbers, masked people, the same facts in every face."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from amends.console.base import VIEWS
from amends.console.person import person_facts
from amends.console.render import as_csv, as_json
from amends.vault.codes import code_key, letter_code
from tests.console.browser import Browser
from tests.e2e.face import amends

PAGES = [
    "/",
    "/people",
    "/exhibits",
    "/exhibits/E0001",
    "/exceptions",
    "/audit",
    "/audit/decisions",
    "/me",
    "/calls",
    "/claims",
]


def _people(case_folder: Path) -> list[dict[str, object]]:
    return list(pq.read_table(case_folder / "tables" / "persons").to_pylist())


def _somebody(case_folder: Path, **wanted: object) -> dict[str, object]:
    """Return a person with a first and last name, an e-mail and a phone, who has these values."""
    return next(
        p
        for p in _people(case_folder)
        if p["name_first"] and p["name_last"] and p["email"] and p["phone"] and p["zip"]
        and all(p[k] == v for k, v in wanted.items())
    )  # fmt: skip


def test_the_numbers_are_those_of_amends_status(lead: Browser, case_folder: Path) -> None:
    shown = lead.get("/home.json").json()
    said = json.loads(amends("status", case_folder, "--json"))
    assert shown["standing"]["funnel"] == said["funnel"]
    in_order = [sorted(found["clocks"], key=json.dumps) for found in (shown["standing"], said)]
    assert in_order[0] == in_order[1]
    assert shown["standing"]["waiting"] == said["waiting"]
    assert shown["standing"]["run"] == said["run"]


def test_the_funnel_sums_and_says_so(lead: Browser) -> None:
    facts = lead.get("/home.json").json()
    assert [s["whole"] for s in facts["sums"]] == ["intake", "owed", "sent"]
    for one in facts["sums"]:
        assert one["holds"] is True
        assert one["n"] == sum(p["n"] for p in one["parts"])
    assert "does not sum" not in lead.get("/").text


def test_states_and_elements_count_the_same_people_as_the_list(lead: Browser) -> None:
    board = lead.get("/home.json").json()["board"]
    for row in board["states"][:4]:
        listed = lead.get("/people.json", params={"residence": row["residence"]}).json()
        assert listed["total"] == row["n"]
    for row in board["elements"][:6]:
        assert (
            lead.get("/people.json", params={"element": row["element"]}).json()["total"] == row["n"]
        )
    matrix = board["matrix"]
    state, cells = matrix["lines"][0]
    for element, (n, _) in zip(matrix["elements"], cells, strict=True):
        both = lead.get("/people.json", params={"residence": state, "element": element}).json()
        assert both["total"] == n


def test_what_stands_by_each_person_sums_to_the_funnel(lead: Browser) -> None:
    funnel = lead.get("/home.json").json()["standing"]["funnel"]
    n = {
        word: lead.get("/people.json", params={"stands": word}).json()["total"]
        for word in ("held", "planned", "sealed", "not_owed")
    }
    assert n["held"] == funnel["held"]
    assert n["planned"] + n["sealed"] == funnel["planned"]
    assert sum(n.values()) == funnel["persons"]


@pytest.mark.parametrize("path", ["/people", "/people?stands=sealed"])
def test_paging_shows_everybody_once_forwards_and_back(lead: Browser, path: str) -> None:
    page = lead.get(path).text
    total = lead.get(path.replace("/people", "/people.json")).json()["total"]
    seen, pages = [], []
    while True:
        ids = re.findall(r'href="/people/(P\w+)" data-row', page)
        pages.append(ids)
        seen += ids
        after = re.search(r'<a href="([^"]+)" rel="next"', page)
        if not after:
            break
        page = lead.get(after[1].replace("&amp;", "&")).text
    assert len(seen) == len(set(seen)) == total
    assert seen == sorted(seen)
    back = re.search(r'<a href="([^"]+)" rel="prev"', page)
    if back:
        again = lead.get(back[1].replace("&amp;", "&")).text
        assert re.findall(r'href="/people/(P\w+)" data-row', again) == pages[-2]


def test_a_word_that_is_no_filter_finds_nobody(lead: Browser) -> None:
    for query in ({"element": "nothing"}, {"residence": "'; DROP TABLE"}, {"stands": "x"}):
        assert lead.get("/people.json", params=query).json()["total"] == 0


@pytest.mark.parametrize("role", ["lead", "reviewer", "forensic", "regulator"])
def test_no_page_of_a_person_shows_a_name_or_contact(
    as_role: Callable[[str], Browser], case_folder: Path, role: str
) -> None:
    person = _somebody(case_folder)
    browser = as_role(role)
    for ending in ("", ".json", ".csv", "/ties", "/ties.json", "/records", "/records.json"):
        text = browser.get(f"/people/{person['person_id']}{ending}").text
        assert str(person["person_id"]) in text
        for secret in (person["name_last"], person["email"], person["phone"], person["street"]):
            assert secret is None or str(secret).lower() not in text.lower()
        assert "_token" not in text


def test_a_page_shows_every_element_with_its_source_and_every_record(
    lead: Browser, case_folder: Path
) -> None:
    person = str(_somebody(case_folder)["person_id"])
    shown = lead.get(f"/people/{person}.json").json()
    said = json.loads(amends("explain", case_folder, person, "--json"))
    assert {e["element"] for e in shown["elements"]} == {e["element"] for e in said["elements"]}
    assert all(e["exhibit_id"] and e["row"] >= 1 for e in shown["elements"])
    records = lead.get(f"/people/{person}/records.json").json()["records"]
    assert {r["record_id"] for r in records} == {r["record_id"] for r in said["records"]}
    assert shown["duty"]["group_id"] == said["duty"][0]["group_id"]
    ties = lead.get(f"/people/{person}/ties.json").json()["ties"]
    assert ties == said["ties"]


def test_a_person_is_shown_in_full_for_a_reason_that_stands_in_the_ledger(
    lead: Browser, console: Starlette, case_folder: Path
) -> None:
    person = _somebody(case_folder)
    lead.get(f"/people/{person['person_id']}")
    answer = lead.post(
        f"/people/{person['person_id']}/reveal", {"reason": "returned letter, new address"}
    )
    assert answer.status_code == 200
    assert str(person["email"]) in answer.text
    assert "_token" not in answer.text
    line = console.state.desk.ledger.last("reveal")
    assert line.actor == "Lead Person"
    assert line.body == {"person": person["person_id"], "reason": "returned letter, new address"}
    assert str(person["email"]) not in lead.get(f"/people/{person['person_id']}").text


def test_no_reason_shows_nothing_and_writes_nothing(
    lead: Browser, console: Starlette, case_folder: Path
) -> None:
    person = _somebody(case_folder)
    lead.get(f"/people/{person['person_id']}")
    before = console.state.desk.ledger.head()
    answer = lead.post(f"/people/{person['person_id']}/reveal", {"reason": "why"})
    assert answer.status_code == 400
    assert str(person["email"]) not in answer.text
    assert console.state.desk.ledger.head() == before


def test_search_finds_by_id_notice_code_and_name(lead: Browser, case_folder: Path) -> None:
    told = {n["person_id"] for n in pq.read_table(case_folder / "tables" / "notices").to_pylist()}
    person = next(p for p in _people(case_folder) if p["person_id"] in told and p["name_first"])
    pid = str(person["person_id"])
    notice = next(
        n
        for n in pq.read_table(case_folder / "tables" / "notices").to_pylist()
        if n["person_id"] == pid
    )
    code = letter_code(code_key(case_folder / "keys"), pid)
    lead.get("/people")
    for text in (pid, pid.lower(), str(notice["notice_id"]), code, code.lower().replace("-", " ")):
        answer = lead.post("/people/search", {"text": text})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/people/{pid}"), text
    last, first = str(person["name_last"]), str(person["name_first"])
    for text in (f"{first} {last}", f"{last}, {first}", f"{last.upper()},{first.lower()}"):
        found = lead.post("/people/search.json", {"text": text}).json()
        assert pid in [p["person_id"] for p in found["people"]], text
    assert lead.post("/people/search.json", {"text": "Nobody Atall"}).json()["n"] == 0


def test_what_is_searched_stands_in_no_address_and_no_ledger(
    lead: Browser, console: Starlette, case_folder: Path
) -> None:
    person = _somebody(case_folder)
    lead.get("/people")
    answer = lead.post("/people/search", {"text": f"{person['name_first']} {person['name_last']}"})
    links = re.findall(r'(?:href|action)="([^"]+)"', answer.text)
    assert not [link for link in links if str(person["name_last"]) in link]
    assert str(person["email"]) not in console.state.desk.ledger.path.read_text()


def test_a_person_without_a_name_has_a_page(lead: Browser, case_folder: Path) -> None:
    nameless = [p for p in _people(case_folder) if p["name"] is None]
    assert nameless
    for person in nameless[:5]:
        assert lead.get(f"/people/{person['person_id']}").status_code == 200


def test_an_unknown_person_is_said_to_be_unknown(lead: Browser) -> None:
    for name in ("P000000000000", "x", "..%2f..%2fcase.toml", "%00"):
        answer = lead.get(f"/people/{name}")
        assert answer.status_code == 404, name


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_twins_with_the_same_facts(lead: Browser, path: str) -> None:
    base = "/home" if path == "/" else path
    page, told, rows = lead.get(path), lead.get(f"{base}.json"), lead.get(f"{base}.csv")
    assert [a.status_code for a in (page, told, rows)] == [200] * 3
    facts = told.json()
    view = VIEWS[facts["view"]]
    assert not [name for name in facts if name.startswith("_")]
    listed = facts[view.rows]
    assert len(list(csv.reader(io.StringIO(rows.text)))) == 1 + len(listed) or not listed
    assert rows.headers["content-disposition"] == f'attachment; filename="{view.name}.csv"'


@pytest.mark.parametrize("path", PAGES)
def test_no_page_needs_anything_inline_or_from_elsewhere(lead: Browser, path: str) -> None:
    answer = lead.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    text = answer.text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text)
    assert '"allowEval":false' in text


def test_cells_that_a_spreadsheet_would_run_are_text(lead: Browser) -> None:
    hostile = {
        "rows": [{"name": "=1+1", "n": -5, "why": "@SUM(A1)", "list": ["+1", "b"], "_hidden": "x"}]
    }
    rows = list(csv.reader(io.StringIO(as_csv(hostile, "rows"))))
    assert rows == [["name", "n", "why", "list"], ["'=1+1", "-5", "'@SUM(A1)", "'+1 b"]]
    assert "_hidden" not in as_json("x", "R0001", {"a": 1, "_hidden": 2})


def test_a_run_made_meanwhile_changes_the_numbers(lead: Browser, console: Starlette) -> None:
    desk = console.state.desk
    before = lead.get("/home.json").json()["standing"]["waiting"]["exceptions"]
    with desk.case() as case:
        sql = case.read(
            next(
                t
                for t in __import__("amends.tables", fromlist=["ALL"]).ALL
                if t.name == "exceptions"
            )
        )
        kept = case.engine.arrow(f"SELECT * FROM {sql}")
    path = next((desk.folder / "tables" / "exceptions").glob("*.parquet"))
    saved = path.read_bytes()
    try:
        path.unlink()
        pq.write_table(kept.slice(0, max(0, kept.num_rows - 1)), path)
        assert lead.get("/home.json").json()["standing"]["waiting"]["exceptions"] == before - 1
    finally:
        path.unlink()
        path.write_bytes(saved)


def test_a_decision_shows_on_the_person_and_in_the_audit_under_the_name_of_who_made_it(
    lead: Browser, console: Starlette, case_folder: Path
) -> None:
    from amends.kernel.ledger import acting_as

    person = str(_people(case_folder)[3]["person_id"])
    desk = console.state.desk
    with acting_as("Lead Person"), desk.case() as case:
        case.decide("residence", {"person_id": person}, "US-OR", "moved")
    shown = lead.get(f"/people/{person}.json").json()["decisions"]
    assert [(d["choice"], d["by"], d["note"]) for d in shown] == [("US-OR", "Lead Person", "moved")]
    listed = lead.get("/audit/decisions.json").json()["decisions"]
    assert listed[0]["by"] == "Lead Person"


def test_the_verify_button_finds_nothing_on_a_sound_case_and_names_what_was_changed(
    lead: Browser, console: Starlette
) -> None:
    lead.get("/audit")
    assert lead.post("/audit/verify").status_code == 303
    page = lead.get("/audit").text
    assert "Everything is as it was sealed." in page
    assert "as they were sealed" in page
    path = console.state.desk.ledger.path
    saved = path.read_bytes()
    lines = saved.split(b"\n")
    lines[3] = lines[3].replace(b'"act":"', b'"act":"x', 1)
    path.write_bytes(b"\n".join(lines))
    try:
        lead.post("/audit/verify")
        assert "ledger line 4 was changed after it was written" in lead.get("/audit").text
    finally:
        now = path.read_bytes().split(b"\n")
        path.write_bytes(b"\n".join([*saved.split(b"\n")[:-1], *now[len(lines) - 1 :]]))


def test_the_audit_is_filtered_and_shows_two_approvals(lead: Browser) -> None:
    facts = lead.get("/audit.json", params={"act": "approve"}).json()
    assert {line["act"] for line in facts["lines"]} == {"approve"}
    assert sorted(a["name"] for a in facts["approvals"]) == ["Ann Approver", "Sam Second"]


def test_what_became_of_a_sealed_notice_stands_by_the_person(
    lead: Browser, case_folder: Path
) -> None:
    sealed = pq.read_table(case_folder / "seals" / "S0001" / "notices.parquet").to_pylist()[0]
    shown = lead.get(f"/people/{sealed['person_id']}.json").json()
    assert [(d["notice_id"], d["state"]) for d in shown["deliveries"]] == [
        (sealed["notice_id"], "sealed")
    ]


def test_a_page_that_breaks_says_so_without_saying_what_was_in_it(
    lead: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(visit: object) -> None:
        raise RuntimeError("Jane Roe 666-12-3456")

    monkeypatch.setattr("amends.console.home.standing", breaks)
    answer = lead.get("/")
    assert answer.status_code == 500
    assert "This page broke" in answer.text
    assert "666-12" not in answer.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_nothing_is_known_of_somebody_who_does_not_exist(console: Starlette) -> None:
    with console.state.desk.case() as case:
        assert person_facts(case, "P000000000000", reveal=True) is None
