"""Filing worksheets and the calendar: from the tables of a run, gaps named."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.duties.filings import case_worksheets, submit_codes
from amends.duties.ics import calendar_ics
from amends.duties.lawbook import shipped
from amends.duties.stage import STAGE
from amends.tables.duties import DUTIES


@pytest.fixture
def case(tmp_path, kit):
    persons = [kit.person(f"P{i}", "US-MA") for i in range(3)] + [
        kit.person("P9", "US-TX", "minor")
    ]
    elements = [
        kit.element(p["person_id"], e) for p in persons for e in ("name", "ssn", "drivers_licence")
    ]
    settings = [
        (("case", "what_happened"), "An intruder copied a database."),
        (("case", "phone"), "1-800-555-0100"),
    ]
    events = [("discovery", "2026-08-17"), ("breach_from", "2026-03-18"), ("law_enforcement_hold_from", "2026-08-20"),
              ("law_enforcement_hold_to", "2026-08-25")]  # fmt: skip
    with kit.make_case(tmp_path, persons, elements, settings, events) as made:
        STAGE.run(made)
        yield made


def test_each_authority_gets_a_worksheet_with_the_numbers_and_elements_of_the_run(case):
    sheets = {(s["jurisdiction"], s["to"]): s for s in case_worksheets(case)}
    assert set(sheets) == {("US-MA", "AG"), ("US-MA", "OCABR")}
    sheet = sheets["US-MA", "AG"]
    assert (sheet["residents"], sheet["total"]) == (3, 4)
    assert sheet["elements"] == ["drivers_licence", "name", "ssn"]
    assert "Social Security number" in " ".join(sheet["elements_in_words"])
    assert sheet["offer_months"] >= 18
    assert sheet["breach_from"] == "2026-03-18"
    assert sheet["law_enforcement"] == "delay requested 2026-08-20, until 2026-08-25"
    assert sheet["how"] == "An intruder copied a database."


def test_what_the_case_does_not_know_is_named(case):
    sheet = case_worksheets(case)[0]
    assert {"safeguards", "sample_notice", "notice_on"} <= set(sheet["missing"])
    assert "how" not in sheet["missing"]
    asked = {a["code"]: a["known"] for a in sheet["asked"]}
    assert asked["COUNT_RESIDENTS"] is True
    assert asked["WISP_MAINTAINED"] is False


def test_massachusetts_asks_the_same_of_both_offices():
    book = shipped()
    assert submit_codes("US-MA", "OCABR", "", book) == submit_codes("US-MA", "AG", "", book) != ()


def test_the_calendar_is_an_icalendar_file_with_one_entry_a_dated_duty(case, kit):
    duties = kit.rows(case, DUTIES)
    text = calendar_ics(duties, case.name, "R0001")
    dated = [d for d in duties if d["due_on"]]
    assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT") == len(dated) > 0
    assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith("END:VCALENDAR\r\n")
    assert len(set(re.findall("UID:(.*)", text))) == len(dated)


def duty(**changes):
    return {"duty_id": "U1", "jurisdiction": "US-CA", "recipient": "person", "to": "", "n_persons": 5, "stage": "",
            "answer": "required", "due_on": date(2026, 9, 16), "due_at": None, "standard": "", "why": "because",
            "source": "Cal. Civ. Code 1798.82", "confidence": "one_source", "warnings": [], **changes}  # fmt: skip


def test_a_day_is_a_whole_day_and_an_hour_clock_an_instant():
    text = calendar_ics([duty()], "acme", "R1")
    assert "DTSTART;VALUE=DATE:20260916\r\nDTEND;VALUE=DATE:20260917" in text
    at = datetime(2026, 9, 16, 5, 30, tzinfo=UTC)
    assert "DTSTART:20260916T053000Z" in calendar_ics([duty(due_at=at)], "acme", "R1")


@given(st.text(max_size=400))
def test_any_text_is_folded_escaped_and_comes_back_whole(words):
    text = calendar_ics([duty(why=words)], "acme", "R1")
    assert all(len(line.encode("utf-8")) <= 75 for line in text.split("\r\n"))
    assert "\r\n" in text and not re.search("(?<!\r)\n|\r(?!\n)", text)
    unfolded = text.replace("\r\n ", "")
    shown = re.search(r"\r\nDESCRIPTION:(.*?)\\nSource: ", unfolded, re.S)[1]
    plain = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], shown)
    assert plain == "".join(
        c for c in words.replace("\r", "") if c == "\n" or (c >= " " and c != "\x7f")
    )
