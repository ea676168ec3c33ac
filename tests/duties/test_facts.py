"""Facts: a fault is said with its place and a remedy; what is unknown is a value."""

from __future__ import annotations

import copy

import pytest

from amends.duties import answer_json
from amends.duties.facts import ROLES
from amends.duties.lawbook import shipped
from amends.kernel.errors import UsageError

RIGHT = {
    "entity": {"roles": ["BUSINESS"], "source_of_breach": True},
    "events": {"discovery": "2026-03-02"},
    "breach": {"access": True, "acquisition": True, "harm_likely": True, "id_theft_sufficient": False},
    "groups": [{"group": "a", "residence": "US-CA", "count": 5, "elements": ["NAME", "SSN"], "secured": [],
                "key_taken": False}],
}  # fmt: skip


def change(path, value):
    facts = copy.deepcopy(RIGHT)
    node = facts
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    return facts


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ([], "no JSON object|holds no facts|is not a JSON object"),
        (change(["groups"], []), "holds no groups"),
        (change(["groups"], None), "holds no groups"),
        (change(["groups", 0, "count"], -1), "0 or more"),
        (change(["groups", 0, "count"], 2.5), "0 or more"),
        (change(["groups", 0, "count"], True), "0 or more"),
        (change(["groups", 0, "count"], None), "has no count"),
        (change(["groups", 0, "elements"], ["NAME", "SNN"]), "did you mean SSN"),
        (change(["groups", 0, "elements"], "SSN"), "must be a list"),
        (change(["groups", 0, "element"], ["SSN"]), "did you mean 'elements'"),
        (change(["groups", 0, "residence"], 6), "must be a jurisdiction"),
        (change(["groups", 0, "key_takn"], True), "did you mean 'key_taken'"),
        (change(["groups", 0, "key_taken"], "yes"), "true, false or null"),
        (change(["events", "discovery"], "02.03.2026"), "is not a date"),
        (change(["events", "discovery"], "2026-02-30"), "is not a date"),
        (change(["events", "discovery"], "2026-03-02T10:00:00"), "time zone"),
        (change(["events", "discovery"], "9999-12-31"), "outside 1990 to 2150"),
        (change(["events", "discovery"], "0026-03-02"), "outside 1990 to 2150"),
        (change(["events", "discovery"], "2026-W10"), "is not a date"),
        (change(["events", "discvery"], "2026-03-02"), "did you mean 'discovery'"),
        (change(["breach", "aquisition"], True), "did you mean 'acquisition'"),
        (change(["breach", "access"], 1), "true, false or null"),
        (change(["entity", "roles"], "BUSINESS"), "must be a list"),
        (change(["event"], {}), "did you mean 'events'"),
        (change(["entity", "roles"], ["TELECOM_CARIER"]), "did you mean 'TELECOM_CARRIER'"),
    ],
)
def test_a_fault_in_the_facts_is_a_clear_error(facts, said):
    with pytest.raises(UsageError, match=said) as caught:
        answer_json(facts)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_two_groups_of_one_name_are_refused():
    facts = copy.deepcopy(RIGHT)
    facts["groups"] *= 2
    with pytest.raises(UsageError, match="two groups named 'a'"):
        answer_json(facts)


@pytest.mark.parametrize("document", [{}, [1], {"examples": [{"id": "X"}]}, "text", None, 7])
def test_a_document_without_facts_is_refused(document):
    with pytest.raises(UsageError):
        answer_json(document)


def test_an_unknown_key_that_resembles_none_is_left_to_a_person_and_said():
    answer = answer_json(change(["breach", "weather"], "rain"))
    assert any("breach.weather" in w and "needs judgement" in w for w in answer["warnings"])


@pytest.mark.parametrize("residence", [None, "", "unknown", "US-ZZ", "US-AS"])
def test_an_unknown_residence_is_a_judgement_with_the_strictest_duties(residence):
    answer = answer_json(change(["groups", 0, "residence"], residence))
    group = answer["groups"]["a"]
    assert (group["notify"], group["default"], group["by"]) == (
        "needs_judgement",
        True,
        "2026-04-01",
    )
    assert group["id_protection_months"] == 24
    assert answer["regulators"] == []


def test_a_country_without_a_law_file_is_a_judgement():
    group = answer_json(change(["groups", 0, "residence"], "CA-ON"))["groups"]["a"]
    assert (group["notify"], group["default"], group["by"]) == ("needs_judgement", True, None)


def test_a_missing_date_gives_no_deadline_and_says_so():
    answer = answer_json(change(["events"], {}))
    assert answer["groups"]["a"]["notify"] is True
    assert answer["groups"]["a"]["by"] is None
    assert any("no dated event" in w for w in answer["warnings"])


@pytest.mark.parametrize("key", ["access", "acquisition", "harm_likely"])
def test_an_unknown_fact_is_a_judgement_never_a_no(key):
    facts = change(["breach", key], None)
    facts["groups"][0]["residence"] = "US-AL"
    if key == "access":
        facts["breach"]["acquisition"] = None
    assert answer_json(facts)["groups"]["a"]["notify"] == "needs_judgement"


def test_no_personal_value_or_long_text_is_repeated_in_an_error():
    with pytest.raises(UsageError) as caught:
        answer_json(change(["groups", 0, "elements"], ["x" * 500]))
    assert len(str(caught.value)) < 300


def test_every_role_the_law_files_ask_for_is_a_known_role():
    book = shipped()
    asked = {r for law in book.overlays.values() for r in law.get("applies_if", ())}
    for law in book.states.values():
        asked |= {
            c["only_if"] for c in law["personal_information"]["combinations"] if "only_if" in c
        }
        asked |= {n["only_if"] for n in law["regulator_notice"] if "only_if" in n}
        asked |= {e for n in law["regulator_notice"] for e in n.get("exempt_if", ())}
    assert asked <= ROLES


def test_a_role_or_event_no_rule_asks_for_is_said():
    answer = answer_json(change(["entity", "roles"], ["BUSINESS", "CHARITY"]))
    assert any("CHARITY" in w for w in answer["warnings"])
    answer = answer_json(
        change(["events"], {"discovery": "2026-03-02", "press_report": "2026-03-05"})
    )
    assert any("press_report" in w for w in answer["warnings"])
    assert answer["groups"]["a"]["by"] == "2026-04-01"


def test_dates_in_the_wrong_order_are_remarked():
    answer = answer_json(
        change(["events"], {"discovery": "2026-03-02", "determination": "2026-02-02"})
    )
    assert any("determination lies before discovery" in w for w in answer["warnings"])
