"""The call screen: what a caller is told is what the letter said, and every look is seen."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from starlette.applications import Starlette

from amends.console import accounts, calls
from amends.console.app import make_app
from amends.kernel.register import make_tables
from amends.report import answered
from amends.vault.codes import code_key, letter_code
from tests.console.browser import PASSWORD, Browser

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def agent(console: Starlette, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    """Return the browser of an agent, with a clock that each test sets further on."""
    start = max(
        [
            NOW,
            *(
                datetime.fromisoformat(line.at.replace("Z", "+00:00"))
                for line in console.state.desk.ledger.kept()
            ),
        ]
    )
    monkeypatch.setenv("AMENDS_CLOCK", (start + timedelta(hours=2)).isoformat())
    browser = Browser(console)
    assert browser.sign_in("call_centre").status_code == 303
    yield browser


def _sealed(case_folder: Path) -> list[dict[str, object]]:
    return list(pq.read_table(case_folder / "seals" / "S0001" / "notices.parquet").to_pylist())


def _person(case_folder: Path) -> dict[str, object]:
    return _people(case_folder)[0]


def _people(case_folder: Path) -> list[dict[str, object]]:
    told = {r["person_id"] for r in _sealed(case_folder)}
    rows = pq.read_table(case_folder / "tables" / "persons").to_pylist()
    names = Counter((p["name_first"], p["name_last"]) for p in rows)
    return [
        p for p in rows
        if names[p["name_first"], p["name_last"]] == 1  # of namesakes, two proofs may fit more than one
        and p["person_id"] in told and p["name_first"] and p["name_last"] and p["zip"] and p["phone"] and p["birth_on"]
        and p["email"]
    ]  # fmt: skip


def _code(case_folder: Path, person_id: object) -> str:
    return letter_code(code_key(case_folder / "keys"), str(person_id))


def test_every_caller_with_a_code_hears_exactly_what_the_letter_named(
    console: Starlette, case_folder: Path
) -> None:
    desk = console.state.desk
    with desk.case() as case:
        released = calls.answers(desk, case)
        assert released is not None
        for row in _sealed(case_folder):
            person = calls.by_code(desk, case, _code(case_folder, row["person_id"]))
            assert person == row["person_id"]
            read = released.of(person)
            assert read is not None
            told = calls.letter_facts(read, str(row["language"]))
            assert sorted(e["element"] for e in told["elements"]) == sorted(row["elements"])  # type: ignore[attr-defined,index,call-overload]
            assert told["sections"]


def test_the_published_edition_and_the_seals_say_the_same(
    case_folder: Path, tmp_path: Path
) -> None:
    with (case_folder / "case.toml").open("a") as stream:
        stream.write(f'\n[console]\npublished = "{case_folder.parent / "published"}"\n')
    try:
        app = make_app(case_folder)
        desk = app.state.desk
        with desk.case() as case:
            released = calls.answers(desk, case)
            assert released is not None
            for row in _sealed(case_folder)[:60]:
                read, handle = calls._class_of(desk, case, str(row["person_id"]))
                assert len(handle) == 32
                assert read == released.of(str(row["person_id"]))
        accounts.add(desk.register, "boss", "Boss", "lead", PASSWORD)
        browser = Browser(app)
        browser.sign_in("boss")
        person = _sealed(case_folder)[0]["person_id"]
        assert browser.get(f"/people/{person}.json").json()["on_site"] == {
            "claims": [],
            "protection": [],
        }
        status = browser.get("/claims.json").json()
        assert (status["edition"], status["tied"]) == (1, True)
        portal = browser.get("/home.json").json()["portal"]
        assert portal["problem"] == ""
        assert portal["persons"] == len(_sealed(case_folder))
        desk.close()
    finally:
        text = (case_folder / "case.toml").read_text()
        (case_folder / "case.toml").write_text(text.partition("\n[console]\n")[0])


def test_an_agent_reads_the_facts_masked(agent: Browser, case_folder: Path) -> None:
    script = agent.get(
        "/calls"
    ).text.lower()  # a surname can be a word of the script: Sims, Bond, Page
    person = next(p for p in _people(case_folder) if str(p["name_last"]).lower() not in script)
    answer = agent.post("/calls/answer", {"code": _code(case_folder, person["person_id"])})
    assert answer.status_code == 200
    assert "Information that was involved" in answer.text
    for secret in (person["name_last"], person["email"], person["phone"], person["street"]):
        assert str(secret).lower() not in answer.text.lower()


def test_a_name_needs_two_proofs_that_are_right(agent: Browser, case_folder: Path) -> None:
    person = _person(case_folder)
    name = {"last": str(person["name_last"]), "first": str(person["name_first"])}
    right = {
        "zip": str(person["zip"])[:5], "birth_on": str(person["birth_on"]), "phone": str(person["phone"])[-4:],
        "email": str(person["email"]).upper(),
    }  # fmt: skip
    wrong = {"zip": "00000", "birth_on": "1901-01-01", "phone": "0000", "email": "x@example.com"}
    agent.get("/calls")

    def outcome(**proofs: str) -> object:
        return agent.post("/calls/answer.json", {**name, **proofs}).json()["answer"]

    for one, two in (("zip", "birth_on"), ("phone", "email"), ("birth_on", "phone")):
        told = outcome(**{one: right[one], two: right[two]})
        assert (told["outcome"], told["person_id"]) == ("found", person["person_id"])  # type: ignore[index]
        assert outcome(**{one: right[one], two: wrong[two]}) == {"outcome": "nobody", "how": "name"}
    assert outcome(zip=wrong["zip"], email=wrong["email"]) == {"outcome": "nobody", "how": "name"}
    name = {"last": "Nobody Atall", "first": "N"}
    assert outcome(zip=right["zip"], birth_on=right["birth_on"]) == {
        "outcome": "nobody",
        "how": "name",
    }


@pytest.mark.parametrize(
    "proofs", [{}, {"zip": "12345"}, {"zip": "12345", "ssn": "6789", "ssn_last4": "6789"}]
)
def test_less_than_two_proofs_and_digits_of_an_ssn_are_no_proof(
    agent: Browser, case_folder: Path, proofs: dict[str, str]
) -> None:
    agent.get("/calls")
    answer = agent.post("/calls/answer", {"last": str(_person(case_folder)["name_last"]), **proofs})
    assert answer.status_code == 400
    assert "two proofs" in answer.text


def test_the_screen_asks_for_no_digit_of_an_ssn(agent: Browser) -> None:
    fields = re.findall(r'<input[^>]* name="(\w+)"', agent.get("/calls").text)
    assert {"code", "last", "first", "zip", "birth_on", "phone", "email"} <= set(fields)
    assert not [f for f in fields if "ssn" in f or "social" in f]


@pytest.mark.parametrize(
    ("code", "outcome"), [("XXXX-XXXX-XXXX-XXXX", "no_code"), ("1234", "no_code"), ("", None)]
)
def test_what_is_no_code_is_said_to_be_none(agent: Browser, code: str, outcome: str | None) -> None:
    agent.get("/calls")
    answer = agent.post("/calls/answer.json", {"code": code})
    if outcome is None:
        assert answer.status_code == 400
    else:
        assert answer.json()["answer"]["outcome"] == outcome


def test_a_person_whose_notice_is_held_is_undecided_and_no_more_is_said(
    agent: Browser, case_folder: Path
) -> None:
    held = next(
        n for n in pq.read_table(case_folder / "tables" / "notices").to_pylist() if n["quarantine"]
    )
    agent.get("/calls")
    told = agent.post("/calls/answer.json", {"code": _code(case_folder, held["person_id"])}).json()
    assert told["answer"]["outcome"] == "undecided"
    assert told["elements"] == []
    assert "sections" not in told["answer"]


def test_every_look_is_a_ledger_line_without_what_was_typed(
    agent: Browser, console: Starlette, case_folder: Path
) -> None:
    person = _person(case_folder)
    agent.get("/calls")
    agent.post("/calls/answer", {"code": _code(case_folder, person["person_id"])})
    line = console.state.desk.ledger.last("look")
    assert line.actor == "Call Centre Person"
    assert line.body == {
        "account": "call_centre",
        "how": "code",
        "outcome": "found",
        "person": person["person_id"],
    }
    agent.post("/calls/answer", {"last": "Zzyzx", "zip": "94107", "phone": "4567"})
    text = console.state.desk.ledger.path.read_text()
    assert console.state.desk.ledger.last("look").body["outcome"] == "nobody"
    assert "Zzyzx" not in text
    assert _code(case_folder, person["person_id"]) not in text


def test_an_agent_who_looks_too_often_waits_and_others_do_not(
    agent: Browser, console: Starlette, lead: Browser
) -> None:
    agent.get("/calls")
    codes = [
        agent.post("/calls/answer", {"code": f"{n}"}).status_code
        for n in range(calls.MOST_LOOKS + 1)
    ]
    assert codes == [200] * calls.MOST_LOOKS + [429]
    other = Browser(console)
    other.sign_in("counsel")
    other.get("/calls")
    assert other.post("/calls/answer", {"code": "1"}).status_code == 200


def test_many_looks_in_an_hour_ring_once_and_the_lead_sees_it(
    agent: Browser, console: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = console.state.desk
    agent.get("/calls")
    start = datetime.fromisoformat(agent_clock())
    for number in range(calls.ALARM_LOOKS + 5):
        monkeypatch.setenv("AMENDS_CLOCK", (start + timedelta(seconds=30 * number)).isoformat())
        assert agent.post("/calls/answer", {"code": "1"}).status_code == 200
    rung = [
        line
        for line in desk.ledger.kept()
        if line.act == "alarm" and line.at >= start.isoformat()[:19]
    ]
    assert [line.body["account"] for line in rung] == ["call_centre"]
    boss = Browser(console)
    boss.sign_in("lead")
    assert "looked up 60 people in an hour" in boss.get("/calls").text
    assert "looked up" not in agent.get("/calls").text


def agent_clock() -> str:
    import os

    return os.environ["AMENDS_CLOCK"]


def test_who_waits_for_a_call_is_shown_without_a_number_until_it_is_called(
    agent: Browser, console: Starlette, case_folder: Path
) -> None:
    person, desk = _person(case_folder), console.state.desk
    make_tables(desk.register, answered.METADATA)
    with desk.register.begin() as connection:
        connection.execute(sa.delete(answered.ANSWERS))
        connection.execute(
            answered.ANSWERS.insert().values(
                request_id="Q1", asked_at="2026-11-22T09:00Z", day="2026-11-22", kind="phone", language="es",
                contact="k", person_id=person["person_id"], state="call_back", detail="", at="2026-11-22T09:00Z",
            )
        )  # fmt: skip
    page = agent.get("/calls").text
    assert "Show the number" in page
    assert str(person["phone"]) not in page
    shown = agent.post("/calls/back/Q1")
    assert str(person["phone"]) in shown.text
    line = desk.ledger.last("reveal")
    assert (line.body["request"], line.body["person"]) == ("Q1", person["person_id"])
    assert agent.post("/calls/back/Q1/done").headers["location"] == "/calls"
    assert json.loads(agent.get("/calls.json").text)["call_backs"] == []
    assert agent.post("/calls/back/Q1").status_code == 400


def test_before_anything_is_released_nobody_is_told_anything(
    case_folder: Path, tmp_path: Path
) -> None:
    import shutil

    shutil.copytree(case_folder, tmp_path / "case", symlinks=True)
    with sa.create_engine(f"sqlite:///{tmp_path / 'case' / 'register.db'}").begin() as connection:
        connection.execute(sa.text("DELETE FROM approvals"))
    app = make_app(tmp_path / "case")
    accounts.add(app.state.desk.register, "agent", "Agent", "call_centre", PASSWORD)
    browser = Browser(app)
    browser.sign_in("agent")
    assert "Nothing is released yet" in browser.get("/calls").text
    person = _person(case_folder)
    told = browser.post(
        "/calls/answer.json", {"code": _code(case_folder, person["person_id"])}
    ).json()
    assert told["answer"]["outcome"] == "undecided"
    app.state.desk.close()


@pytest.mark.parametrize(("language", "word"), [("en", "Social Security"), ("es", "Seguro Social")])
def test_the_script_beside_it_is_the_portal_s_own_in_both_languages(
    console: Starlette, language: str, word: str
) -> None:
    desk = console.state.desk
    with desk.case() as case:
        spoken = calls.script(desk, case, language)
    assert len(spoken) > 3
    text = json.dumps(spoken, ensure_ascii=False)
    assert word in text
    assert "](" not in text
