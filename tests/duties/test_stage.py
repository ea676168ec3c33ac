"""The stage: persons in, groups and duties out."""

from __future__ import annotations

from datetime import date

import pytest

from amends.duties.stage import STAGE
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS


@pytest.fixture
def small(tmp_path, kit):
    persons = [kit.person("P1", "US-CA"), kit.person("P2", "US-CA"), kit.person("P3", "US-MA"), kit.person("P4", None),
               kit.person("P5", "US-CA")]  # fmt: skip
    elements = [kit.element(p, e) for p in ("P1", "P2", "P3", "P4") for e in ("name", "ssn")]
    elements += [kit.element("P5", "name"), kit.element("P5", "phone")]
    with kit.make_case(
        tmp_path, persons, elements, [(("case", "roles"), ["BUSINESS", "TELECOM_CARRIER"])]
    ) as case:
        STAGE.run(case)
        yield case


def test_people_alike_are_one_group_and_everybody_is_in_one(small, kit):
    groups = {g["group_id"]: g for g in kit.rows(small, DUTY_GROUPS)}
    links = kit.rows(small, PERSON_GROUPS)
    assert sorted(r["person_id"] for r in links) == ["P1", "P2", "P3", "P4", "P5"]
    assert sum(g["n_persons"] for g in groups.values()) == 5
    of = {r["person_id"]: groups[r["group_id"]] for r in links}
    assert of["P1"] == of["P2"]
    assert of["P1"]["notify"] == "required"
    assert of["P1"]["due_on"] == date(2026, 9, 16)
    assert of["P1"]["id_protection_months"] == 12
    assert "CRA_CONTACTS" in of["P1"]["content"]
    assert of["P3"]["forbidden"] == ["NATURE_OF_BREACH", "COUNT_STATE_RESIDENTS"]
    assert of["P3"]["due_on"] is None
    assert of["P3"]["target_on"] == date(2026, 9, 16)
    assert of["P5"]["notify"] == "not_required"
    assert not of["P5"]["tell"]


def test_unknown_residence_gets_the_strictest_duties_and_a_judgement(small, kit):
    of = {g["residence"]: g for g in kit.rows(small, DUTY_GROUPS)}
    unknown = of[None]
    assert unknown["notify"] == "needs_judgement"
    assert unknown["tell"]
    assert unknown["due_on"] == date(2026, 9, 16)
    assert unknown["id_protection_months"] == 24


def test_duties_name_recipients_dates_and_sources(small, kit):
    duties = kit.rows(small, DUTIES)
    assert all(d["source"] and d["why"] and d["confidence"] for d in duties)
    assert len({d["duty_id"] for d in duties}) == len(duties)
    fcc = [d for d in duties if d["jurisdiction"] == "US-FED-FCC" and d["recipient"] == "regulator"]
    assert [d["due_on"] for d in fcc] == [date(2026, 8, 26)]
    offices = {
        d["to"] for d in duties if d["jurisdiction"] == "US-MA" and d["recipient"] == "regulator"
    }
    assert offices == {"AG", "OCABR"}
    texts = {d["stage"]: d["answer"] for d in duties if d["to"] == "CUSTOMERS"}
    assert texts == {"2007 text": "needs_judgement", "2024 text, not in force": "not_required"}


def test_a_duty_that_rests_on_malformed_values_is_a_judgement(tmp_path, kit):
    with kit.make_case(tmp_path, [kit.person("P1", "US-CA")],
                   [kit.element("P1", "name"), kit.element("P1", "ssn", possible=True)]) as case:  # fmt: skip
        STAGE.run(case)
        (group,) = kit.rows(case, DUTY_GROUPS)
    assert group["notify"] == "needs_judgement"
    assert group["tell"]
    assert group["possible"] == ["ssn"]


def test_a_decision_turns_a_judgement_and_a_rerun_obeys(tmp_path, kit):
    with kit.make_case(tmp_path, [kit.person("P1", "US-GA")],
                       [kit.element("P1", e) for e in ("name", "ssn")]) as case:  # fmt: skip
        STAGE.run(case)
        (group,) = kit.rows(case, DUTY_GROUPS)
        assert (group["notify"], group["tell"]) == ("needs_judgement", True)
        before = STAGE.also(case)
        case.decide("judgement", {"residence": "US-GA"}, "not_required", "an ordinary business")
        assert STAGE.also(case) != before
        STAGE.run(case)
        (group,) = kit.rows(case, DUTY_GROUPS)
    assert not group["tell"]
    assert group["why"].startswith("decided: not_required")


def test_secured_elements_fall_away_unless_the_key_was_taken(tmp_path, kit):
    persons, elements = (
        [kit.person("P1", "US-TX")],
        [kit.element("P1", "name"), kit.element("P1", "ssn", secured=True)],
    )
    with kit.make_case(tmp_path / "a", persons, elements) as case:
        STAGE.run(case)
        assert kit.rows(case, DUTY_GROUPS)[0]["notify"] == "not_required"
    with kit.make_case(
        tmp_path / "b", persons, elements, [(("breach", "key_taken"), True)]
    ) as case:
        STAGE.run(case)
        assert kit.rows(case, DUTY_GROUPS)[0]["notify"] == "required"


def test_a_case_without_persons_owes_nothing(tmp_path, kit):
    with kit.make_case(tmp_path, [], []) as case:
        STAGE.run(case)
        assert (
            kit.rows(case, DUTY_GROUPS)
            == kit.rows(case, DUTIES)
            == kit.rows(case, PERSON_GROUPS)
            == []
        )


def test_the_cases_own_law_file_applies_and_a_rerun_notices(tmp_path, kit):
    import json

    from amends.duties.lawbook import FOLDER

    with kit.make_case(tmp_path, [kit.person("P1", "US-CA")],
                       [kit.element("P1", e) for e in ("name", "ssn")]) as case:  # fmt: skip
        law = json.loads((FOLDER / "US-CA.json").read_text("utf-8"))
        law["individual_notice"]["deadline"]["n"] = 20
        before = STAGE.also(case)
        (case.folder / "law").mkdir()
        (case.folder / "law" / "US-CA.json").write_text(json.dumps(law), "utf-8")
        assert STAGE.also(case) != before
        STAGE.run(case)
        (group,) = kit.rows(case, DUTY_GROUPS)
    assert group["due_on"] == date(2026, 9, 6)


def test_more_elements_than_one_mask_holds_still_make_right_groups(tmp_path, kit):
    from amends.taxonomy.elements import elements as known

    codes = sorted(known())
    assert len(codes) > 62
    with kit.make_case(tmp_path, [kit.person("P1", "US-CA"), kit.person("P2", "US-CA")],
                   [kit.element("P1", c) for c in codes] + [kit.element("P2", codes[-1])]) as case:  # fmt: skip
        STAGE.run(case)
        made = {tuple(g["elements"]) for g in kit.rows(case, DUTY_GROUPS)}
    assert made == {tuple(codes), (codes[-1],)}
