"""Who hears what by which way, and who waits for a human eye."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amends.kernel.case import Case
from amends.notices import stage
from amends.tables.notices import NOTICES
from tests.notices.world import CA, FL, MA, fill, group, make_case, person

NS = ("name", "ssn")
RELATED = {**FL, "methods": ["written", "email:prior_relationship"]}


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with make_case(tmp_path / "acme") as made:
        yield made


def plan(
    case: Case,
    people: list[dict[str, Any]],
    law: dict[str, Any] = CA,
    elements: tuple[str, ...] = NS,
    **more: Any,
) -> dict[str, dict[str, Any]]:
    """Plan for people who are all in one group; return the notices by person."""
    fill(
        case,
        people,
        [group("G1", law, list(elements))],
        {p["person_id"]: "G1" for p in people},
        **more,
    )
    stage.run(case)
    rows = case.engine.arrow(f"SELECT * FROM {case.read(NOTICES)}").to_pylist()
    return {r["person_id"]: r for r in rows}


def one(
    case: Case, law: dict[str, Any] = CA, elements: tuple[str, ...] = NS, **given: Any
) -> dict[str, Any]:
    """Plan for one person and return the notice."""
    return plan(case, [person(1, **given)], law, elements)["P000000000001"]


def test_everybody_owed_has_exactly_one_notice_with_their_own_elements(case: Case) -> None:
    people = [person(i) for i in range(1, 51)]
    found = plan(case, people, elements=("drivers_licence", "name", "ssn"))
    assert found.keys() == {p["person_id"] for p in people}
    assert {n["notice_id"] for n in found.values()} and len(
        {n["notice_id"] for n in found.values()}
    ) == 50
    assert all(n["elements"] == ["drivers_licence", "name", "ssn"] for n in found.values())
    assert len({n["variant"] for n in found.values()}) == 1
    assert len({n["fields_digest"] for n in found.values()}) == 50


@pytest.mark.parametrize(
    ("law", "elements", "given", "channel", "method"),
    [
        (CA, NS, {"consents_email": True}, "email", "email:esign"),
        (CA, NS, {"consents_email": False}, "print", "written"),
        (CA, NS, {}, "print", "written"),
        (FL, NS, {}, "email", "email:any_on_file"),
        (FL, ("email", "password"), {"consents_email": True}, "print", "written"),
        (FL, ("email", "security_answer"), {}, "print", "written"),
        (FL, NS, {"email": None}, "print", "written"),
        (FL, NS, {"email": "not an address"}, "print", "written"),
        (FL, NS, {"email": "ann.o'neil+x@mail.example.org"}, "email", "email:any_on_file"),
        (FL, NS, {"email": "änn@example.org"}, "print", "written"),
        (FL, NS, {"status": "minor"}, "print", "written"),
        (FL, NS, {"status": "deceased"}, "print", "written"),
        ({**FL, "methods": ["written"]}, NS, {"consents_email": True}, "print", "written"),
        ({**FL, "methods": ["written", "email:limited"]}, NS, {"consents_email": True}, "print", "written"),
        (RELATED, NS, {}, "email", "email:prior_relationship"),
        (RELATED, NS, {"populations": ["prospective"]}, "print", "written"),
        ({**FL, "methods": ["written", "email:primary_or_esign"]}, NS, {}, "print", "written"),
    ],
)  # fmt: skip
def test_email_is_used_only_where_law_and_person_allow_it(
    case: Case,
    law: dict[str, Any],
    elements: tuple[str, ...],
    given: dict[str, Any],
    channel: str,
    method: str,
) -> None:
    found = one(case, law, elements, **given)
    assert (found["channel"], found["legal_method"]) == (channel, method)
    assert (found["email"] is not None) == (channel == "email")


def test_a_mailbox_that_two_people_share_gets_no_notice(case: Case) -> None:
    found = plan(
        case,
        [person(1, email="home@example.org"), person(2, email="Home@example.org"), person(3)],
        FL,
    )
    assert [n["channel"] for _, n in sorted(found.items())] == ["print", "print", "email"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"name": None}, "no_name"),
        ({"name": "Unknown"}, "no_name"),
        ({"name": " Current  Resident "}, "no_name"),
        ({"street": None}, "no_address"),
        ({"zip": None, "city": None}, "no_address"),
        ({"name": "Ann & Bob Example"}, "two_names"),
        ({"name": "Ann Example / Bob Example"}, "two_names"),
        ({"name": "Ann Or Bob Example"}, "two_names"),
        ({"name": "A" * 50}, "overflow"),
        ({"street": "1 " + "Very " * 20 + "Street"}, "overflow"),
        ({"street": "1 A St\nUnit 1\nBuilding 2\nFloor 3\nRear"}, "overflow"),
        ({"name": "山田太郎"}, "unprintable"),
        ({"name": "Ann 😀"}, "unprintable"),
        ({"name": "آن"}, "unprintable"),
    ],
)
def test_what_cannot_go_is_held_with_its_reason(
    case: Case, given: dict[str, Any], reason: str
) -> None:
    assert one(case, **given)["quarantine"] == [reason]


@pytest.mark.parametrize(
    "name",
    [
        "Sandy Andrews",
        "Orson Orr",
        "María José de la Cruz-Núñez",
        "Nguyễn Văn An",
        "O'Neil, Bud",
        "Andor Łukasz",
        "Иван Петров",
        "=cmd|x",
    ],
)
def test_a_plain_name_is_not_held(case: Case, name: str) -> None:
    assert one(case, name=name)["quarantine"] == []


def test_signs_nobody_sees_are_taken_out_of_names(case: Case) -> None:
    found = one(case, name="Ann\u202e\x07 \u200b Example\r\n", street="1 Larch\tStreet\r\nApt 2")
    assert found["name"] == "Ann Example"
    assert found["address"] == ["1 Larch Street", "Apt 2"]


def test_two_people_of_one_name_at_one_address_wait(case: Case) -> None:
    people = [person(1, name="John Roe", street="1 A St"), person(2, name="JOHN ROE", street="1 a st"),
              person(3, name="John Roe Jr.", street="1 A St"), person(4, name="Mary Roe", street="1 A St")]  # fmt: skip
    found = plan(case, people)
    assert [n["quarantine"] for _, n in sorted(found.items())] == [
        ["same_name_same_address"], ["same_name_same_address"], [], [],
    ]  # fmt: skip


def test_an_open_conflict_holds_its_people_and_a_decision_releases_them(case: Case) -> None:
    people = [person(1), person(2)]
    conflicts = [
        {
            "conflict_id": "C1",
            "kind": "ssn_shared",
            "persons": ["P000000000001"],
            "blocks_notice": True,
        },
        {
            "conflict_id": "C2",
            "kind": "borderline_tie",
            "persons": ["P000000000002"],
            "blocks_notice": False,
        },
    ]
    found = plan(case, people, conflicts=conflicts)
    assert found["P000000000001"]["quarantine"] == ["conflict"]
    assert found["P000000000002"]["quarantine"] == []
    case.decide("quarantine", {"person_id": "P000000000001"}, "release")
    case.decide("quarantine", {"person_id": "P000000000002"}, "litigation_hold")
    found = plan(case, people, conflicts=conflicts)
    assert found["P000000000001"]["quarantine"] == []
    assert found["P000000000002"]["quarantine"] == ["litigation_hold"]


def test_a_decision_cannot_release_what_cannot_be_printed(case: Case) -> None:
    case.decide("quarantine", {"person_id": "P000000000001"}, "release")
    assert one(case, street=None)["quarantine"] == ["no_address"]


@pytest.mark.parametrize(
    ("status", "setting", "choice", "audience", "held"),
    [
        ("minor", "minors", "guardian", "guardian", []),
        ("minor", "minors", "hold", "guardian", ["minor"]),
        ("deceased", "deceased", "next_of_kin", "next_of_kin", []),
        ("deceased", "deceased", "hold", "next_of_kin", ["deceased"]),
        ("business", "minors", "guardian", "business", []),
        ("unknown", "minors", "guardian", "adult", []),
    ],
)
def test_minors_and_the_dead_follow_the_policy(
    tmp_path: Path, status: str, setting: str, choice: str, audience: str, held: list[str]
) -> None:
    with make_case(tmp_path / "acme", {("policy", setting): choice}) as case:
        found = one(case, status=status)
        assert (found["audience"], found["quarantine"]) == (audience, held)


def test_nobody_writes_to_the_dead_when_the_policy_says_so(tmp_path: Path) -> None:
    with make_case(tmp_path / "acme", {("policy", "deceased"): "none"}) as case:
        assert plan(case, [person(1, status="deceased"), person(2)]).keys() == {"P000000000002"}


def test_spanish_speakers_read_spanish(case: Case) -> None:
    assert one(case, language="es")["language"] == "es"
    assert one(case, language="es-MX")["language"] == "es"
    assert one(case, language="spanish")["language"] == "es"
    assert one(case, language="fr")["language"] == "en"


def test_a_text_that_lacks_what_the_law_asks_for_is_held_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    hawaii = {**FL, "residence": "US-HI", "jurisdictions": ["US-HI"], "content": ["ENTITY_PHONE"]}
    with make_case(tmp_path / "acme", {("case", "phone"): ""}) as case:
        held = one(case, hawaii)["quarantine"]
        assert held == [
            "letter_refused: the law asks for ENTITY_PHONE, and the facts lack [case] phone"
        ]


def test_people_who_are_not_to_be_told_get_no_notice(case: Case) -> None:
    people = [person(1), person(2)]
    groups = [
        group("G1", CA, ["name", "ssn"]),
        group("G2", MA, ["name"], tell=False, notify="not_required"),
    ]
    fill(case, people, groups, {people[0]["person_id"]: "G1", people[1]["person_id"]: "G2"})
    stage.run(case)
    assert case.engine.arrow(f"SELECT person_id FROM {case.read(NOTICES)}")[
        "person_id"
    ].to_pylist() == ["P000000000001"]


def test_planning_twice_gives_the_same_plan(case: Case) -> None:
    people = [person(i, language="es" if i % 3 == 0 else None) for i in range(1, 30)]
    assert plan(case, people) == plan(case, list(reversed(people)))


def test_ids_of_another_case_are_other_ids(case: Case, tmp_path: Path) -> None:
    with make_case(tmp_path / "other") as other:
        assert one(case)["notice_id"] != one(other)["notice_id"]
