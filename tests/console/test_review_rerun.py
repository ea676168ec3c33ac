"""What is decided on the screen is obeyed by the next run, and the card is gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from amends import pipeline
from amends.kernel.case import Case
from amends.pipeline import open_case
from amends.report import funnel
from amends.tables.custody import EXCEPTIONS
from amends.tables.duties import DUTY_GROUPS
from amends.tables.elements import COLUMNS, FINDINGS, LINKS
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, MEMBERSHIPS, PERSON_ELEMENTS
from tests.console.browser import Browser

Rows = list[dict[str, object]]


def _rows(case: Case, sql: str) -> Rows:
    return [dict(r) for r in case.engine.arrow(sql).to_pylist()]


def _decide(browser: Browser, queue: str, card: str, choice: str, **more: str) -> None:
    page = browser.get(f"/review/{queue}", params={"card": card, "show": "all"}).text
    seq = re.search(r'name="seq" value="(\d+)"', page)
    assert seq, page
    answer = browser.post(
        f"/review/{queue}/decide", {"card": card, "choice": choice, "seq": seq[1], **more}
    )
    assert answer.status_code == 303, answer.text


@pytest.fixture(scope="module")
def before(case_folder: Path) -> dict[str, Rows]:
    """Return what the tables held before anything was decided."""
    with open_case(case_folder) as case:
        return {
            "ties": _rows(case, f"SELECT * FROM {case.read(CONFLICTS)} ORDER BY kind, conflict_id"),
            "columns": _rows(case, f"""SELECT * FROM {case.read(COLUMNS)} WHERE element = 'email' AND n_values > 0
                ORDER BY n_values, item_id LIMIT 1"""),
            "links": _rows(case, f"SELECT * FROM {case.read(LINKS)} WHERE in_use ORDER BY containment LIMIT 1"),
            "judgements": _rows(case, f"""SELECT * FROM {case.read(DUTY_GROUPS)} WHERE notify = 'needs_judgement'
                ORDER BY n_persons DESC, group_id LIMIT 2"""),
            "exceptions": _rows(case, f"SELECT * FROM {case.read(EXCEPTIONS)} ORDER BY exception_id"),
            "planned": _rows(case, f"""SELECT person_id FROM {case.read(NOTICES)} WHERE len(quarantine) > 0
                ORDER BY person_id LIMIT 1"""),
            "findings": _rows(case, f"""SELECT f.* FROM {case.read(FINDINGS)} AS f
                JOIN (SELECT record_id, element FROM {case.read(FINDINGS)} WHERE record_id IS NOT NULL
                      GROUP BY ALL HAVING count(*) = 1) USING (record_id, element)
                JOIN {case.read(MEMBERSHIPS)} AS m USING (record_id)
                WHERE f.element IN ('phone', 'email') ORDER BY f.finding_id LIMIT 1"""),
        }  # fmt: skip


@pytest.fixture(scope="module")
def after(
    as_role: Callable[[str], Browser], case_folder: Path, before: dict[str, Rows]
) -> dict[str, str]:
    """Decide one thing of each kind by the screen, run the case, and return tie → choice."""
    reviewer = as_role("reviewer")
    said = {}
    for place, tie in enumerate(before["ties"]):
        said[str(tie["conflict_id"])] = choice = ("merge", "keep_apart", "settled")[place % 3]
        _decide(reviewer, "ties", str(tie["conflict_id"]), choice)
    column = before["columns"][0]
    _decide(
        reviewer, "columns", f"{column['item_id']} {column['column']}", "other", element="username"
    )
    _decide(reviewer, "links", str(before["links"][0]["link_id"]), "ignore")
    for group, choice in zip(before["judgements"], ("hold", "tell"), strict=True):
        _decide(reviewer, "judgements", str(group["group_id"]), choice)
    _decide(reviewer, "exceptions", str(before["exceptions"][0]["exception_id"]), "replaced")
    _decide(
        reviewer,
        "exceptions",
        str(before["exceptions"][1]["exception_id"]),
        "word",
        word="asked the bank",
    )
    _decide(reviewer, "held", str(before["planned"][0]["person_id"]), "word", word="sealed address")
    _decide(reviewer, "findings", str(before["findings"][0]["finding_id"]), "wrong")
    with open_case(case_folder) as case:
        pipeline.run(case)
    return said


def test_a_merge_or_a_parting_is_obeyed_and_the_card_is_gone(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    with open_case(case_folder) as case:
        left = {r["conflict_id"] for r in _rows(case, f"SELECT * FROM {case.read(CONFLICTS)}")}
        person = {
            str(r["record_id"]): r["person_id"]
            for r in _rows(case, f"SELECT record_id, person_id FROM {case.read(MEMBERSHIPS)}")
        }
    for tie in before["ties"]:
        records, choice = tie["records"], after[str(tie["conflict_id"])]
        assert isinstance(records, list)
        people = {person.get(str(r)) for r in records}
        if choice == "merge":
            assert len(people) == 1 and tie["conflict_id"] not in left, tie
        if choice == "keep_apart":
            assert len(people) == len(records) and tie["conflict_id"] not in left, tie


def test_a_conflict_that_may_stand_is_counted_no_more_and_holds_nothing(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    stands = {card for card, choice in after.items() if choice == "settled"}
    with open_case(case_folder) as case:
        rows = _rows(case, f"SELECT * FROM {case.read(CONFLICTS)}")
        waiting = funnel.waiting(case)["conflicts"]
    assert waiting == len([r for r in rows if r["conflict_id"] not in stands])
    assert not [r for r in rows if r["conflict_id"] in stands and r["blocks_notice"]]


def test_a_column_is_read_as_it_was_decided(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    column = before["columns"][0]
    with open_case(case_folder) as case:
        now = _rows(
            case, f"SELECT * FROM {case.read(COLUMNS)} WHERE item_id = '{column['item_id']}'"
        )
    found = next(r for r in now if r["column"] == column["column"])
    assert found["element"] == "username" and str(found["decided_by"]).startswith("D")


def test_a_link_that_is_ignored_ties_nothing(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    with open_case(case_folder) as case:
        now = _rows(
            case,
            f"SELECT * FROM {case.read(LINKS)} WHERE link_id = '{before['links'][0]['link_id']}'",
        )
    assert [r["in_use"] for r in now] == [False]


def test_a_judgement_tells_or_holds_its_group(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    with open_case(case_folder) as case:
        now = {
            r["group_id"]: r["tell"] for r in _rows(case, f"SELECT * FROM {case.read(DUTY_GROUPS)}")
        }
    hold, tell = (g["group_id"] for g in before["judgements"])
    # A merge may have changed who is in a group; a group that is still there obeys.
    assert now.get(hold, False) is False and now.get(tell, True) is True


def test_an_exception_keeps_the_word_that_was_said(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    with open_case(case_folder) as case:
        now = {
            r["exception_id"]: r["disposition"]
            for r in _rows(case, f"SELECT * FROM {case.read(EXCEPTIONS)}")
        }
    first, second, *rest = (r["exception_id"] for r in before["exceptions"])
    assert (now[first], now[second]) == ("replaced", "asked_the_bank")
    assert all(now[e] == "open" for e in rest)


def test_a_held_notice_is_held_for_the_reason_given(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    person = before["planned"][0]["person_id"]
    with open_case(case_folder) as case:
        now = _rows(
            case,
            f"SELECT quarantine FROM {case.read(NOTICES)} WHERE person_id = '{person}' AND sealed_in IS NULL",
        )
    assert all("sealed_address" in r["quarantine"] for r in now)  # type: ignore[operator]


def test_a_wrong_finding_is_no_longer_counted_against_its_person(
    case_folder: Path, before: dict[str, Rows], after: dict[str, str]
) -> None:
    finding = before["findings"][0]
    with open_case(case_folder) as case:
        now = _rows(
            case,
            f"""SELECT e.* FROM {case.read(PERSON_ELEMENTS)} AS e JOIN {case.read(MEMBERSHIPS)} AS m
            USING (person_id) WHERE m.record_id = {finding["record_id"]} AND e.element = '{finding["element"]}'""",
        )
    assert finding["record_id"] not in [r["first_record_id"] for r in now]


def test_after_the_run_the_screen_still_sums_to_the_status(
    as_role: Callable[[str], Browser], case_folder: Path, after: dict[str, str]
) -> None:
    shown = as_role("lead").get("/review.json").json()
    with open_case(case_folder) as case:
        waiting = funnel.waiting(case)
    assert {q["counted_as"]: q["waiting"] for q in shown["queues"] if q["counted_as"]} == waiting


def test_what_was_obeyed_is_marked_so(
    as_role: Callable[[str], Browser],
    case_folder: Path,
    before: dict[str, Rows],
    after: dict[str, str],
) -> None:
    card = str(before["judgements"][1]["group_id"])
    page = as_role("lead").get("/review/judgements", params={"card": card, "show": "all"})
    if page.status_code == 200:  # a merge may have dissolved the group
        assert "obeyed by the last run" in page.text
