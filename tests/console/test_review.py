"""The review screen: queues that sum, decisions that hold, two people at once, undo, masks."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from amends.kernel.case import Case
from amends.kernel.ledger import acting_as
from amends.pipeline import open_case
from amends.report import decisions, funnel
from amends.report.queues import QUEUES
from amends.tables.elements import COLUMNS, RECORDS
from amends.tables.persons import CONFLICTS, PERSONS
from tests.console.browser import Browser
from tests.e2e.face import amends

AsRole = Callable[[str], Browser]


@pytest.fixture(scope="module")
def lead(as_role: AsRole) -> Browser:
    return as_role("lead")


@pytest.fixture(scope="module")
def reviewer(as_role: AsRole) -> Browser:
    return as_role("reviewer")


@pytest.fixture(autouse=True)
def as_it_was(case_folder: Path) -> Iterator[None]:
    """Take back every decision a test made."""
    yield
    with open_case(case_folder) as case:
        for made in case.decisions():
            case.decide(made.kind, made.subject, "undo")


def _tie(case_folder: Path, place: int = 0) -> dict[str, object]:
    with open_case(case_folder) as case:
        found = case.engine.arrow(
            f"SELECT * FROM {case.read(CONFLICTS)} ORDER BY conflict_id"
        ).to_pylist()
    return dict(found[place])


def _decide(browser: Browser, queue: str, card: str, choice: str, **more: str) -> str:
    page = browser.get(f"/review/{queue}", params={"card": card, "show": "all"}).text
    seq = re.search(r'name="seq" value="(\d+)"', page)
    assert seq, page
    answer = browser.post(
        f"/review/{queue}/decide",
        {"card": card, "choice": choice, "seq": seq[1], "show": "all", **more},
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def _said(browser: Browser, path: str) -> str:
    page = browser.get(path).text
    return html.unescape(" ".join(re.findall(r'class="said" role="status">([^<]*)<', page)))


def test_the_queues_sum_to_what_status_counts(lead: Browser, case_folder: Path) -> None:
    shown = lead.get("/review.json").json()
    status = json.loads(amends("status", case_folder, "--json"))
    assert {q["counted_as"]: q["waiting"] for q in shown["queues"] if q["counted_as"]} == status[
        "waiting"
    ]
    assert (
        sum(q["waiting"] for q in shown["queues"])
        == shown["waiting"]
        == sum(status["waiting"].values())
    )


def test_what_waits_is_one_open_card_each(lead: Browser, case_folder: Path) -> None:
    with open_case(case_folder) as case:
        waiting = funnel.waiting(case)
    for queue in QUEUES.values():
        if queue.counted_as and queue.name != "unattributed":
            shown = lead.get(f"/review/{queue.name}.json").json()
            assert shown["total"] == waiting[queue.counted_as], queue.name


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_opens_and_has_its_twins(lead: Browser, queue: str) -> None:
    for path in (
        f"/review/{queue}",
        f"/review/{queue}.json",
        f"/review/{queue}.csv",
        f"/review/{queue}?show=all",
    ):
        assert lead.get(path).status_code == 200, path


def test_a_queue_or_card_that_is_not_there_is_said_so(lead: Browser) -> None:
    assert lead.get("/review/nothing").status_code == 404
    assert lead.get("/review/ties?card=C000000000000").status_code == 404
    assert lead.get("/review/columns?card=I0000001 '; DROP TABLE x --").status_code == 404


def test_who_reads_only_gets_no_buttons_and_cannot_decide(
    as_role: AsRole, case_folder: Path
) -> None:
    forensic, card = as_role("forensic"), str(_tie(case_folder)["conflict_id"])
    page = forensic.get("/review/ties", params={"card": card}).text
    assert 'name="choice"' not in page and "Show in full" not in page
    answer = forensic.post("/review/ties/decide", {"card": card, "choice": "merge", "seq": "0"})
    assert answer.status_code == 403


@pytest.mark.parametrize("choice", ["merge", "keep_apart"])
def test_a_decision_carries_the_name_of_who_signed_in(
    lead: Browser, case_folder: Path, choice: str
) -> None:
    tie = _tie(case_folder)
    _decide(lead, "ties", str(tie["conflict_id"]), choice, note="same hand")
    with open_case(case_folder) as case:
        made = case.decisions(choice)[-1]
    assert made.by == "Lead Person" and made.note == "same hand"
    assert made.subject == {"records": sorted(map(int, tie["records"]))}  # type: ignore[call-overload]
    page = lead.get(
        "/review/ties", params={"card": str(tie["conflict_id"]), "show": "decided"}
    ).text
    assert "applies at the next run" in page and "Lead Person" in page


def test_the_contrary_decision_takes_the_place_of_the_first(
    lead: Browser, case_folder: Path
) -> None:
    card = str(_tie(case_folder)["conflict_id"])
    _decide(lead, "ties", card, "merge")
    _decide(lead, "ties", card, "keep_apart")
    with open_case(case_folder) as case:
        assert not case.decisions("merge") and len(case.decisions("keep_apart")) == 1


def test_a_choice_that_is_not_offered_is_refused(lead: Browser, case_folder: Path) -> None:
    card = str(_tie(case_folder)["conflict_id"])
    lead.get("/review/ties")
    for choice in ("", "tell", "not_theirs 999", "undo"):
        answer = lead.post("/review/ties/decide", {"card": card, "choice": choice, "seq": "999999"})
        assert answer.status_code == 400, choice
    with open_case(case_folder) as case:
        assert not case.decisions()


def test_unsure_changes_nothing_and_puts_the_card_last(lead: Browser, case_folder: Path) -> None:
    first = lead.get("/review/judgements.json").json()["cards"][0]["card"]
    _decide(lead, "judgements", first, "unsure")
    after = lead.get("/review/judgements.json").json()
    last = lead.get(f"/review/judgements.json?page={(after['total'] - 1) // 25}").json()
    assert after["cards"][0]["card"] != first
    assert last["cards"][-1]["card"] == first and last["cards"][-1]["unsure"] == "Lead Person"
    with open_case(case_folder) as case:
        assert not case.decisions()


# ---------------------------------------------------------------- two people at once


def test_the_second_person_sees_what_the_first_decided_and_confirms(
    lead: Browser, reviewer: Browser, case_folder: Path
) -> None:
    card = str(_tie(case_folder, 1)["conflict_id"])
    drawn = reviewer.get("/review/ties", params={"card": card}).text
    seq = re.search(r'name="seq" value="(\d+)"', drawn)
    assert seq
    _decide(lead, "ties", card, "merge")
    answer = reviewer.post(
        "/review/ties/decide", {"card": card, "choice": "keep_apart", "seq": seq[1]}
    )
    said = _said(reviewer, answer.headers["location"])
    assert "Lead Person decided “merge”" in said and "Nothing of yours was recorded" in said
    with open_case(case_folder) as case:
        assert [d.by for d in case.decisions("merge")] == ["Lead Person"] and not case.decisions(
            "keep_apart"
        )
    _decide(reviewer, "ties", card, "keep_apart")  # drawn anew: now it overrules
    with open_case(case_folder) as case:
        assert not case.decisions("merge")
        assert [d.by for d in case.decisions("keep_apart")] == ["Reviewer Person"]


def test_decisions_on_other_cards_are_in_nobodys_way(
    lead: Browser, reviewer: Browser, case_folder: Path
) -> None:
    cards = [c["card"] for c in lead.get("/review/judgements.json").json()["cards"][:2]]
    drawn = reviewer.get("/review/judgements", params={"card": cards[0]}).text
    seq = re.search(r'name="seq" value="(\d+)"', drawn)
    assert seq
    _decide(lead, "judgements", cards[1], "hold")
    reviewer.post("/review/judgements/decide", {"card": cards[0], "choice": "tell", "seq": seq[1]})
    with open_case(case_folder) as case:
        assert {(d.subject["group_id"], d.choice) for d in case.decisions("judgement")} == {
            (cards[0], "tell"), (cards[1], "hold")
        }  # fmt: skip


def test_two_people_are_led_to_different_cards(lead: Browser, reviewer: Browser) -> None:
    mine = lead.get("/review/judgements.json").json()["card"]["card"]
    theirs = reviewer.get("/review/judgements.json").json()["card"]["card"]
    assert mine != theirs
    page = reviewer.get("/review/judgements", params={"card": mine}).text
    assert "Lead Person has this card open" in page


def test_a_run_under_way_is_said_politely_and_nothing_is_half_recorded(
    lead: Browser, case_folder: Path
) -> None:
    card = str(_tie(case_folder)["conflict_id"])
    lead.get("/review/ties")
    with open_case(case_folder) as other, other.lock():
        answer = lead.post(
            "/review/ties/decide", {"card": card, "choice": "merge", "seq": "999999"}
        )
    assert answer.status_code == 409 and "Another Amends is working on this case" in answer.text
    with open_case(case_folder) as case:
        assert not case.decisions()


# ---------------------------------------------------------------- undo


def test_undo_takes_back_the_last_decision_of_this_person_only(
    lead: Browser, reviewer: Browser, case_folder: Path
) -> None:
    cards = [c["card"] for c in lead.get("/review/judgements.json").json()["cards"][:2]]
    _decide(lead, "judgements", cards[0], "hold")
    _decide(reviewer, "judgements", cards[1], "hold")
    lead.get("/review")
    lead.post("/review/undo")
    with open_case(case_folder) as case:
        assert [(d.by, d.subject["group_id"]) for d in case.decisions("judgement")] == [
            ("Reviewer Person", cards[1])
        ]


def test_undo_puts_back_what_somebody_had_decided_before(
    lead: Browser, reviewer: Browser, case_folder: Path
) -> None:
    card = lead.get("/review/judgements.json").json()["cards"][0]["card"]
    _decide(reviewer, "judgements", card, "tell")
    _decide(lead, "judgements", card, "hold")
    lead.get("/review")
    lead.post("/review/undo")
    with open_case(case_folder) as case:
        made = case.decisions("judgement")
    assert [d.choice for d in made] == ["tell"] and "Reviewer Person decided before" in made[0].note


def test_undo_does_not_take_back_over_somebody_elses_head(
    lead: Browser, reviewer: Browser, case_folder: Path
) -> None:
    card = lead.get("/review/judgements.json").json()["cards"][0]["card"]
    _decide(lead, "judgements", card, "hold")
    _decide(reviewer, "judgements", card, "tell")
    lead.get("/review")
    answer = lead.post("/review/undo")
    assert answer.status_code == 400 and "Reviewer Person has decided" in answer.text
    with open_case(case_folder) as case:
        assert [d.choice for d in case.decisions("judgement")] == ["tell"]


# ---------------------------------------------------------------- masks


def _names(case_folder: Path) -> set[str]:
    with open_case(case_folder) as case:
        rows = case.engine.arrow(
            f"SELECT name_last, email, street FROM {case.read(PERSONS)}"
        ).to_pylist()
    shown = {str(v) for r in rows for v in r.values() if v and len(str(v)) > 5}
    return shown - {"Larkspur"}  # an employee's surname, and the company's name


@pytest.mark.parametrize("queue", QUEUES)
def test_no_card_shows_a_name_a_mailbox_or_a_street(
    lead: Browser, case_folder: Path, queue: str
) -> None:
    names = _names(case_folder)
    for card in lead.get(f"/review/{queue}.json?show=all").json()["cards"][:6]:
        asked = {"card": card["card"], "show": "all"}
        for path in (f"/review/{queue}", f"/review/{queue}.json"):
            page = lead.get(path, params=asked).text
            body = page.split("<main", 1)[-1]
            assert not [n for n in names if n in body], (queue, card["card"])


def test_showing_in_full_needs_a_reason_which_the_ledger_keeps(
    lead: Browser, case_folder: Path
) -> None:
    tie = _tie(case_folder)
    with open_case(case_folder) as case:
        listed = ", ".join(str(int(r)) for r in tie["records"])  # type: ignore[attr-defined]
        rows = case.engine.arrow(
            f"SELECT phone, email, street FROM {case.read(RECORDS)} WHERE record_id IN ({listed})"
        ).to_pylist()
    values = [str(v) for r in rows for v in r.values() if v]
    lead.get("/review/ties")
    assert lead.post("/review/ties/reveal", {"card": str(tie["conflict_id"])}).status_code == 400
    answer = lead.post(
        "/review/ties/reveal", {"card": str(tie["conflict_id"]), "reason": "names look alike"}
    )
    assert answer.status_code == 200 and any(html.escape(v) in answer.text for v in values)
    with open_case(case_folder) as case:
        line = case.ledger.last("reveal")
    assert line is not None and line.actor == "Lead Person"
    assert line.body["card"] == tie["conflict_id"] and line.body["reason"] == "names look alike"


def test_the_values_of_a_column_are_masked(lead: Browser, case_folder: Path) -> None:
    with open_case(case_folder) as case:
        column = case.engine.arrow(
            f"SELECT * FROM {case.read(COLUMNS)} WHERE element = 'ssn' AND n_valid > 3 ORDER BY item_id LIMIT 1"
        ).to_pylist()[0]
    card = f"{column['item_id']} {column['column']}"
    found = lead.get("/review/columns/sample.json", params={"card": card}).json()
    assert found["values"]
    assert all(len(re.findall(r"\d", v["value"])) <= 4 for v in found["values"])


def test_the_text_around_a_finding_is_masked_and_marks_it(lead: Browser, case_folder: Path) -> None:
    names = _names(case_folder)
    for card in lead.get("/review/findings.json?show=all").json()["cards"][:8]:
        found = lead.get("/review/findings/sample.json", params={"card": card["card"]}).json()
        page = lead.get("/review/findings/sample", params={"card": card["card"]}).text
        assert [p["finding_id"] for p in found["pieces"] if p["here"]] == [card["card"]]
        assert '<mark class="here"' in page and not [
            n for n in names if n in page.split("<main", 1)[1]
        ]


def test_what_has_no_sample_is_said_so(lead: Browser) -> None:
    assert lead.get("/review/ties/sample?card=C1").status_code == 404
    assert lead.get("/review/columns/sample?card=I9999999%20x").status_code == 404


def test_agreement_is_told_by_sign_and_word_and_not_by_colour_alone(
    lead: Browser, case_folder: Path
) -> None:
    page = lead.get("/review/ties", params={"card": str(_tie(case_folder)["conflict_id"])}).text
    for look in re.findall(r'<td class="look (\w+)">(.*?)</td>', page, re.S):
        assert {"same": "=", "close": "≈", "differs": "≠", "missing": "–"}[look[0]] in look[1]
        assert "<small>" in look[1]


def test_no_page_holds_inline_style_or_script(lead: Browser) -> None:
    for queue in QUEUES:
        page = lead.get(f"/review/{queue}?show=all").text
        assert not re.search(r"\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style", page), queue


def test_what_the_command_line_decides_shows_on_the_screen(
    lead: Browser, case_folder: Path
) -> None:
    card = lead.get("/review/exceptions.json").json()["cards"][0]["card"]
    amends("decide", case_folder, "exception", card, "--choose", "replaced")
    listed = lead.get("/review/exceptions.json?show=decided").json()
    assert [c["card"] for c in listed["cards"]] == [card]
    page = lead.get("/review/exceptions", params={"card": card, "show": "decided"}).text
    assert "replaced by tester" in page


def test_the_screen_asks_what_the_command_line_asks(console: Starlette, case_folder: Path) -> None:
    """Every open question of ``amends decide`` is a card of some queue."""
    with open_case(case_folder) as case, acting_as("Somebody"):
        asked = {(q["kind"], q["subject"]) for q in decisions.open_questions(case, 10_000)}
        from amends.report.queues import rows_sql

        names = {"conflict": "ties", "column": "columns", "link": "links", "judgement": "judgements",
                 "quarantine": "held", "exception": "exceptions"}  # fmt: skip
        shown = {
            (kind, card)
            for kind, name in names.items()
            for card in _cards(case, rows_sql(case, QUEUES[name]))
        }
    assert asked == shown


def _cards(case: Case, sql: str) -> list[str]:
    return [str(c) for c in case.engine.arrow(f"SELECT card FROM ({sql}) AS r")["card"].to_pylist()]
