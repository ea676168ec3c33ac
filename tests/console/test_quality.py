"""The random sample on the screen: drawn, looked at apart, and reported with its intervals."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from amends.pipeline import open_case
from amends.report import accuracy, quality
from tests.console.browser import Browser

AsRole = Callable[[str], Browser]


@pytest.fixture(scope="module")
def lead(as_role: AsRole) -> Browser:
    return as_role("lead")


def _draw(browser: Browser, **fields: str) -> str:
    browser.get("/review/quality")
    answer = browser.post(
        "/review/quality/draw",
        {"of": "persons", "n": "40", "method": "stratified", "seed": "7", **fields},
    )
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def _say(browser: Browser, unit: str, said: str, **more: str) -> str:
    browser.get(unit)
    answer = browser.post(f"{unit}/answer", {"answer": said, **more})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


@pytest.mark.parametrize("of", ["persons", "columns", "findings"])
def test_each_kind_of_sample_is_drawn_and_looked_at(lead: Browser, of: str) -> None:
    path = _draw(lead, of=of)
    shown = lead.get(f"{path}.json").json()
    assert shown["of"] == of and shown["seed"] == "7" and shown["drawn_by"] == "Lead Person"
    for place in range(1, 5):
        unit = lead.get(f"{path}/{place}.json").json()
        assert unit["n"] == shown["n"] and unit["seen"]
        _say(lead, f"{path}/{place}", "right" if place > 1 or not unit["told"] else "wrong")
    assert lead.get(f"{path}.json").json()["answered"] == 4


def test_what_the_screen_says_is_what_the_answers_say(lead: Browser, case_folder: Path) -> None:
    path = _draw(lead, seed="8")
    for place in range(1, 31):
        told = lead.get(f"{path}/{place}.json").json()["told"]
        _say(
            lead,
            f"{path}/{place}",
            "missing" if place % 9 == 0 else "wrong" if told and place % 7 == 0 else "right",
        )
    shown = lead.get(f"{path}.json").json()
    with open_case(case_folder) as case:
        found = accuracy.accuracy(case, path.rsplit("/", 1)[1]).as_json()
    assert {k: shown[k] for k in found} == found
    assert shown["interval"] == "Clopper-Pearson" and shown["reviewers"] == {"Lead Person": 30}
    rows = list(csv.DictReader(io.StringIO(lead.get(f"{path}.csv").text)))
    assert [r["stratum"] for r in rows] == [s["stratum"] for s in found["strata"]]  # type: ignore[attr-defined]


def test_an_answer_leads_to_the_next_unit_and_can_be_taken_back(
    lead: Browser, case_folder: Path
) -> None:
    path = _draw(lead, seed="9")
    assert _say(lead, f"{path}/1", "right", next="2") == f"{path}/2"
    page = lead.get(f"{path}/2").text
    assert f'action="{path}/1/answer"' in page  # z takes back the last answer from the next card
    _say(lead, f"{path}/1", "undo")
    with open_case(case_folder) as case:
        assert not quality.answers(case, path.rsplit("/", 1)[1])


def test_two_reviewers_do_not_see_each_others_answer_before_their_own(
    lead: Browser, as_role: AsRole
) -> None:
    reviewer = as_role("reviewer")
    path = _draw(lead, seed="10")
    _say(lead, f"{path}/1", "right", note="clear")
    before = reviewer.get(f"{path}/1")
    assert "clear" not in before.text and before.text.count("Others said") == 0
    _say(reviewer, f"{path}/1", "missing")
    after = reviewer.get(f"{path}/1").text
    assert "Others said" in after and "Lead Person: right, clear" in after
    assert lead.get(f"{path}.json").json()["disagreed"] == 1


def test_who_reads_only_can_neither_draw_nor_answer(lead: Browser, as_role: AsRole) -> None:
    regulator, path = as_role("regulator"), _draw(lead, seed="11")
    assert regulator.get(path).status_code == 200
    assert 'name="answer"' not in regulator.get(f"{path}/1").text
    assert regulator.post(f"{path}/1/answer", {"answer": "right"}).status_code == 403
    assert regulator.post("/review/quality/draw", {"of": "persons", "n": "5"}).status_code == 403
    assert regulator.post(f"{path}/1/reveal", {"reason": "to see it all"}).status_code == 403


def test_showing_a_unit_in_full_needs_a_reason_which_the_ledger_keeps(
    lead: Browser, case_folder: Path
) -> None:
    path = _draw(lead, seed="12")
    lead.get(f"{path}/1")
    assert lead.post(f"{path}/1/reveal", {"reason": ""}).status_code == 400
    answer = lead.post(f"{path}/1/reveal", {"reason": "compare with the file"})
    assert answer.status_code == 200 and "Shown in full" in answer.text
    with open_case(case_folder) as case:
        line = case.ledger.last("reveal")
    assert (
        line is not None
        and line.body["reason"] == "compare with the file"
        and line.actor == "Lead Person"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/review/quality/Q0",
        "/review/quality/Q0/1",
        "/review/quality/Q0/x",
        "/review/quality/Q0/99999999999",
    ],
)
def test_what_is_not_there_is_said_so(lead: Browser, path: str) -> None:
    assert lead.get(path).status_code in (400, 404)


@pytest.mark.parametrize("n", ["0", "-5", "a million", "999999"])
def test_a_number_that_makes_no_sense_is_refused(lead: Browser, n: str) -> None:
    lead.get("/review/quality")
    assert lead.post("/review/quality/draw", {"of": "persons", "n": n}).status_code == 400
