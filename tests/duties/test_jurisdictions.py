"""Every jurisdiction: the line below, at and above; the last day; the definition; each from its own file.

The expectations are read straight from the law files' JSON, not through the code under test.
"""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from amends.duties import answer_json
from amends.duties.lawbook import FOLDER

LAWS = {p.stem: json.loads(p.read_text("utf-8")) for p in sorted(FOLDER.glob("US-??.json"))}
DISCOVERY, DETERMINATION = date(2026, 3, 2), date(2026, 3, 10)
ROLES = ["BUSINESS", "INFORMATION_BROKER"]


def facts(jurisdiction, count, elements=("NAME", "SSN"), roles=ROLES, **breach):
    return {
        "entity": {"roles": roles, "source_of_breach": True},
        "events": {"discovery": str(DISCOVERY), "determination": str(DETERMINATION)},
        "breach": {"access": True, "acquisition": True, "harm_likely": True, "id_theft_sufficient": False, **breach},
        "groups": [{"group": "a", "residence": jurisdiction, "count": count, "elements": list(elements),
                    "secured": [], "key_taken": False}],
    }  # fmt: skip


def is_over(threshold, count):
    return {">": count > (threshold["n"] or 0), ">=": count >= (threshold["n"] or 0)}.get(
        threshold["op"], False
    )


def test_all_54_jurisdictions_and_11_overlays_are_there():
    assert len(LAWS) == 54
    assert len([p for p in FOLDER.glob("*.json")]) == 54 + 11 + 2  # the schema and the vocabulary


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_name_with_ssn_is_notified_by_the_last_day_of_the_file(jurisdiction):
    deadline = LAWS[jurisdiction]["individual_notice"]["deadline"]
    group = answer_json(facts(jurisdiction, 10))["groups"]["a"]
    assert group["notify"] is True
    if deadline["type"] != "days":
        assert (group["by"], group["standard"]) == (None, "without_unreasonable_delay")
        return
    start = DETERMINATION if deadline["from"].startswith("determination") else DISCOVERY
    assert group["by"] == str(start + timedelta(days=deadline["n"]))
    assert str(deadline["n"]) in group["rule"]


@pytest.mark.parametrize("jurisdiction", [j for j, law in LAWS.items() if law["regulator_notice"]])
def test_each_regulator_stands_at_its_line(jurisdiction):
    for notice in LAWS[jurisdiction]["regulator_notice"]:
        if "only_if" in notice:
            continue
        line = notice["threshold"]
        for count in (line["n"] - 1, line["n"], line["n"] + 1):
            told = [
                r for r in answer_json(facts(jurisdiction, count))["regulators"]
                if r["to"] == notice["recipient"] and (r["stage"] or "") == notice.get("stage", "")
            ]  # fmt: skip
            assert bool(told) == (count > 0 and is_over(line, count)), (notice["recipient"], count)


@pytest.mark.parametrize("jurisdiction", [j for j, law in LAWS.items() if law["regulator_notice"]])
def test_each_regulator_has_the_last_day_or_order_of_its_file(jurisdiction):
    answer = answer_json(facts(jurisdiction, 100_000))
    told = {(r["to"], r["stage"] or ""): r for r in answer["regulators"]}
    for notice in LAWS[jurisdiction]["regulator_notice"]:
        if "only_if" in notice:
            continue
        deadline, given = notice["deadline"], told[notice["recipient"], notice.get("stage", "")]
        if deadline["type"] == "days" and deadline["from"] == "individual_notice":
            assert given["due"] is None
            assert f"{deadline['n']} " in given["rule"]
        elif deadline["type"] == "days":
            start = DETERMINATION if deadline["from"].startswith("determination") else DISCOVERY
            assert given["due"] == str(start + timedelta(days=deadline["n"]))
        elif deadline["type"] == "without_unreasonable_delay":
            assert given["due"] is None
        elif deadline["type"] != "earlier_of":
            assert given["order"]
            assert given["due"] == answer["groups"]["a"]["by"]


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_the_credit_bureaus_stand_at_their_line(jurisdiction):
    notice = LAWS[jurisdiction]["cra_notice"]
    if not notice["required"] or notice["threshold"]["n"] is None:
        assert answer_json(facts(jurisdiction, 10_000_000))["cra"] == []
        return
    for count in (
        notice["threshold"]["n"] - 1,
        notice["threshold"]["n"],
        notice["threshold"]["n"] + 1,
    ):
        told = answer_json(facts(jurisdiction, count))["cra"]
        assert (told == [jurisdiction]) == (count > 0 and is_over(notice["threshold"], count))


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_notice_by_publication_opens_one_above_its_line(jurisdiction):
    line = LAWS[jurisdiction]["methods"]["substitute"]["persons_over"]
    if line is None:
        assert answer_json(facts(jurisdiction, 50_000_000))["substitute_allowed"] == []
        return
    assert answer_json(facts(jurisdiction, line))["substitute_allowed"] == []
    assert answer_json(facts(jurisdiction, line + 1))["substitute_allowed"] == [jurisdiction]


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_identity_protection_is_owed_as_the_file_says(jurisdiction):
    rule = LAWS[jurisdiction]["id_protection"]
    months = answer_json(facts(jurisdiction, 5))["groups"]["a"]["id_protection_months"]
    assert months == (rule["months"] if rule["required"] and "SSN" in rule["trigger_any"] else None)


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_required_content_is_there_and_forbidden_content_is_not(jurisdiction):
    rule = LAWS[jurisdiction]["content"]
    group = answer_json(facts(jurisdiction, 5))["groups"]["a"]
    assert set(rule["required"]) <= set(group["content"])
    assert not set(rule["forbidden"]) & set(group["content"])
    assert group["content_forbidden"] == rule["forbidden"]
    assert group["format"] == rule["format"]


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_every_term_of_the_definition_counts_and_half_a_term_does_not(jurisdiction):
    plain = LAWS[jurisdiction]["personal_information"]["combinations"]
    singles = {t for c in plain for t in c.get("any_of", ()) if "&" not in t}
    for combination in plain:
        if "if" in combination or "only_if" in combination or "any_of" not in combination:
            continue
        named = combination.get("all_of", [])
        for term in combination["any_of"]:
            codes = term.split("&")
            full = answer_json(facts(jurisdiction, 5, [*named, *codes]))["groups"]["a"]
            assert full["notify"] is True, term
            if len(codes) == 2 and not set(codes) & (singles | {"MEDICAL_ID", "BIOMETRIC"}):
                for half in codes:
                    answer = answer_json(facts(jurisdiction, 5, [*named, half]))["groups"]["a"]
                    assert answer["notify"] is False, half


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_names_and_contact_data_alone_are_not_notified(jurisdiction):
    group = answer_json(
        facts(jurisdiction, 5, ["NAME", "PHONE", "ADDRESS", "EMAIL", "IMEI", "IMSI"])
    )["groups"]["a"]
    assert group["notify"] is False
    assert group["by"] is None


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_the_trigger_decides_on_access_without_acquisition(jurisdiction):
    test = LAWS[jurisdiction]["trigger"]["test"]
    group = answer_json(facts(jurisdiction, 5, access=True, acquisition=False))["groups"]["a"]
    assert group["notify"] is (test in ("access", "access_or_acquisition"))


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_secured_data_fall_away_with_the_key_safe_and_count_with_the_key_taken(jurisdiction):
    given = facts(jurisdiction, 5)
    given["groups"][0]["secured"] = ["SSN"]
    assert answer_json(given)["groups"]["a"]["notify"] is False
    given["groups"][0]["key_taken"] = True
    assert answer_json(given)["groups"]["a"]["notify"] is True
    given["groups"][0]["key_taken"] = None
    assert answer_json(given)["groups"]["a"]["notify"] == "needs_judgement"


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_harm_found_unlikely_ends_the_duty_only_where_the_law_says_so(jurisdiction):
    harm = LAWS[jurisdiction]["risk_of_harm"]
    answer = answer_json(
        facts(jurisdiction, 5, roles=["BUSINESS", "DATA_COLLECTOR"], harm_likely=False)
    )
    group = answer["groups"]["a"]
    ends = harm["exists"] and not harm.get("limited") and jurisdiction != "US-MA"
    assert group["notify"] is (not ends)
    if ends:
        assert any("harm is unlikely" in d["what"] for d in group["documents"])
        if "retain_years" in harm:
            assert [d["retain_years"] for d in group["documents"]] == [harm["retain_years"]]
    if ends and jurisdiction in ("US-AK", "US-SD", "US-VT", "US-FL"):
        assert [r["stage"] for r in answer["regulators"]] == ["no_harm_finding"]


@pytest.mark.parametrize("jurisdiction", LAWS)
def test_unknown_harm_is_a_judgement_with_the_default_to_tell(jurisdiction):
    group = answer_json(
        facts(jurisdiction, 5, roles=["BUSINESS", "DATA_COLLECTOR"], harm_likely=None)
    )["groups"]["a"]
    assert group["notify"] in (True, "needs_judgement")
    if group["notify"] == "needs_judgement":
        assert group["default"] is True
