"""The stage: persons in, groups and duties out."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from amends.duties.stage import STAGE
from amends.kernel.case import Case
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.persons import PERSON_ELEMENTS, PERSONS


def person(person_id, residence, status="adult", owners=("Acme",)):
    blank = dict.fromkeys(PERSONS.names)
    return {**blank, "person_id": person_id, "kind": "human", "residence": residence,
            "status": status, "owners": list(owners), "populations": [], "n_records": 1,
            "n_roster_records": 0, "confidence": 1.0}  # fmt: skip


def element(person_id, code, *, possible=False, secured=False, accessed=True, acquired=True):
    return {"person_id": person_id, "element": code, "possible": possible, "secured": secured,
            "accessed": accessed, "acquired": acquired, "n_records": 1, "first_record_id": 1}  # fmt: skip


def make_case(tmp_path, persons, elements, settings=(), events=()):
    case = Case.create(tmp_path / "case", {("case", "entity"): "Larkspur", **dict(settings)})
    for kind, at in events or [("discovery", "2026-08-17"), ("determination", "2026-08-17")]:
        case.add_event(kind, at, "E0001")
    case.write(PERSONS, pa.Table.from_pylist(persons, PERSONS.schema))
    case.write(PERSON_ELEMENTS, pa.Table.from_pylist(elements, PERSON_ELEMENTS.schema))
    return case


def rows(case, table):
    return case.engine.arrow(f"SELECT * FROM {case.read(table)}").to_pylist()


@pytest.fixture
def small(tmp_path):
    persons = [person("P1", "US-CA"), person("P2", "US-CA"), person("P3", "US-MA"), person("P4", None),
               person("P5", "US-CA")]  # fmt: skip
    elements = [element(p, e) for p in ("P1", "P2", "P3", "P4") for e in ("name", "ssn")]
    elements += [element("P5", "name"), element("P5", "phone")]
    with make_case(tmp_path, persons, elements, [(("case", "roles"), ["BUSINESS", "TELECOM_CARRIER"])]) as case:
        STAGE.run(case)
        yield case


def test_people_alike_are_one_group_and_everybody_is_in_one(small):
    groups = {g["group_id"]: g for g in rows(small, DUTY_GROUPS)}
    links = rows(small, PERSON_GROUPS)
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


def test_unknown_residence_gets_the_strictest_duties_and_a_judgement(small):
    of = {g["residence"]: g for g in rows(small, DUTY_GROUPS)}
    unknown = of[None]
    assert unknown["notify"] == "needs_judgement"
    assert unknown["tell"]
    assert unknown["due_on"] == date(2026, 9, 16)
    assert unknown["id_protection_months"] == 24


def test_duties_name_recipients_dates_and_sources(small):
    duties = rows(small, DUTIES)
    assert all(d["source"] and d["why"] and d["confidence"] for d in duties)
    assert len({d["duty_id"] for d in duties}) == len(duties)
    fcc = [d for d in duties if d["jurisdiction"] == "US-FED-FCC" and d["recipient"] == "regulator"]
    assert [d["due_on"] for d in fcc] == [date(2026, 8, 26)]
    assert {d["to"] for d in duties if d["jurisdiction"] == "US-MA" and d["recipient"] == "regulator"} == {"AG", "OCABR"}
    texts = {d["stage"]: d["answer"] for d in duties if d["to"] == "CUSTOMERS"}
    assert texts == {"2007 text": "needs_judgement", "2024 text, not in force": "not_required"}


def test_a_duty_that_rests_on_malformed_values_is_a_judgement(tmp_path):
    with make_case(tmp_path, [person("P1", "US-CA")],
                   [element("P1", "name"), element("P1", "ssn", possible=True)]) as case:  # fmt: skip
        STAGE.run(case)
        (group,) = rows(case, DUTY_GROUPS)
    assert group["notify"] == "needs_judgement"
    assert group["tell"]
    assert group["possible"] == ["ssn"]


def test_a_decision_turns_a_judgement_and_a_rerun_obeys(tmp_path):
    with make_case(tmp_path, [person("P1", "US-GA")], [element("P1", "name"), element("P1", "ssn")]) as case:
        STAGE.run(case)
        (group,) = rows(case, DUTY_GROUPS)
        assert (group["notify"], group["tell"]) == ("needs_judgement", True)
        before = STAGE.also(case)
        case.decide("judgement", {"residence": "US-GA"}, "not_required", "an ordinary business")
        assert STAGE.also(case) != before
        STAGE.run(case)
        (group,) = rows(case, DUTY_GROUPS)
    assert not group["tell"]
    assert group["why"].startswith("decided: not_required")


def test_secured_elements_fall_away_unless_the_key_was_taken(tmp_path):
    persons, elements = [person("P1", "US-TX")], [element("P1", "name"), element("P1", "ssn", secured=True)]
    with make_case(tmp_path / "a", persons, elements) as case:
        STAGE.run(case)
        assert rows(case, DUTY_GROUPS)[0]["notify"] == "not_required"
    with make_case(tmp_path / "b", persons, elements, [(("breach", "key_taken"), True)]) as case:
        STAGE.run(case)
        assert rows(case, DUTY_GROUPS)[0]["notify"] == "required"


def test_a_case_without_persons_owes_nothing(tmp_path):
    with make_case(tmp_path, [], []) as case:
        STAGE.run(case)
        assert rows(case, DUTY_GROUPS) == rows(case, DUTIES) == rows(case, PERSON_GROUPS) == []


def test_the_cases_own_law_file_applies_and_a_rerun_notices(tmp_path):
    import json

    from amends.duties.lawbook import FOLDER

    with make_case(tmp_path, [person("P1", "US-CA")], [element("P1", "name"), element("P1", "ssn")]) as case:
        law = json.loads((FOLDER / "US-CA.json").read_text("utf-8"))
        law["individual_notice"]["deadline"]["n"] = 20
        before = STAGE.also(case)
        (case.folder / "law").mkdir()
        (case.folder / "law" / "US-CA.json").write_text(json.dumps(law), "utf-8")
        assert STAGE.also(case) != before
        STAGE.run(case)
        (group,) = rows(case, DUTY_GROUPS)
    assert group["due_on"] == date(2026, 9, 6)


def test_more_elements_than_one_mask_holds_still_make_right_groups(tmp_path):
    from amends.taxonomy.elements import elements as known

    codes = sorted(known())
    assert len(codes) > 62
    with make_case(tmp_path, [person("P1", "US-CA"), person("P2", "US-CA")],
                   [element("P1", c) for c in codes] + [element("P2", codes[-1])]) as case:  # fmt: skip
        STAGE.run(case)
        made = {tuple(g["elements"]) for g in rows(case, DUTY_GROUPS)}
    assert made == {tuple(codes), (codes[-1],)}
