from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.persons import STAGE, explain_ties
from amends.tables.elements import RECORDS
from amends.tables.persons import CONFLICTS, MEMBERSHIPS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS


def record(record_id: int, **given: object) -> dict[str, object]:
    blank: dict[str, object] = dict.fromkeys(RECORDS.names)
    return blank | {
        "record_id": record_id, "item_id": "I0000001", "exhibit_id": "E0001", "locator": record_id, "kind": "row",
        "role": "stolen", "owner": "Acme", "population": "current", "elements": ["name"], "possible": [], "secured": [],
    } | given  # fmt: skip


ANNA = {"name_first": "Anna", "name_last": "Lopez", "birth_on": date(1980, 5, 5)}
HOME = {"street": "12 Main St", "city": "Austin", "state": "TX", "zip": "78701"}
ROWS = [
    record(1, **ANNA, **HOME, ssn_token="t1", ssn_last4="1234", elements=["birth_date", "name", "ssn"]),
    record(2, **ANNA | {"name_first": "Ana"}, ssn_token="t1", ssn_last4="1234", elements=["name", "ssn"], possible=["phone"]),  # noqa: E501
    record(3, **ANNA, role="roster", as_of_on=date(2021, 1, 1), ssn_last4="1234", email="anna@acme.test", state="NV",
           street="99 Oak Ave", city="Reno", zip="89501", language="es", consents_email=True, elements=["email"]),
    record(4, name_first="Tim", name_last="Lopez", birth_on=date(2012, 5, 5), guardian="Anna Lopez", **HOME),
    record(5, linked_to=4, imei_token="m1", elements=["imei"], secured=["imei"]),
    record(6, business="Lopez Plumbing LLC", phone="5127001234", zip="78701", elements=["name", "phone"]),
    record(7, name_first="Only", name_last="Roster", role="roster", email="only@acme.test"),
    record(8, name_first="Dead", name_last="Man", birth_on=date(1930, 5, 5), zip="10001", phone="2127001234"),
    record(9, name_first="Dead", name_last="Man", birth_on=date(1930, 5, 5), zip="10001", role="roster", deceased=True),
    record(10, name_first="Nowhere", name_last="Known", email="nowhere@acme.test"),
]  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with Case.create(tmp_path / "acme", {}) as made:
        made.add_event("discovery", "2021-08-17")
        made.write(RECORDS, pa.Table.from_pylist(ROWS, schema=RECORDS.schema))
        STAGE.run(made)
        yield made


def rows(case: Case, table: Table) -> list[dict[str, object]]:
    return case.engine.arrow(f"SELECT * FROM {case.read(table)}").to_pylist()


def person(case: Case, record_id: int) -> dict[str, object]:
    members = {r["record_id"]: r["person_id"] for r in rows(case, MEMBERSHIPS)}
    return next(p for p in rows(case, PERSONS) if p["person_id"] == members[record_id])


def test_who_is_known_only_from_a_roster_is_not_affected(case: Case) -> None:
    assert {r["record_id"] for r in rows(case, MEMBERSHIPS)} == {1, 2, 3, 4, 5, 6, 8, 9, 10}
    assert len(rows(case, PERSONS)) == 5


def test_the_roster_gives_contact_and_never_exposure(case: Case) -> None:
    anna = person(case, 1)
    assert (anna["email"], anna["street"], anna["residence"]) == (
        "anna@acme.test",
        "99 Oak Ave",
        "US-NV",
    )
    assert (anna["language"], anna["consents_email"]) == ("es", True)
    assert "record 3" in str(anna["contact_source"])
    assert "TX" in str(anna["residence_evidence"])
    exposed = {
        e["element"] for e in rows(case, PERSON_ELEMENTS) if e["person_id"] == anna["person_id"]
    }
    assert exposed == {"name", "ssn", "birth_date", "phone"}


def test_a_malformed_value_is_possible_and_not_dropped(case: Case) -> None:
    anna = person(case, 1)["person_id"]
    found = {e["element"]: e for e in rows(case, PERSON_ELEMENTS) if e["person_id"] == anna}
    assert found["phone"]["possible"] is True
    assert found["ssn"]["possible"] is False
    assert (found["ssn"]["n_records"], found["ssn"]["first_record_id"]) == (2, 1)


def test_a_row_tied_by_a_key_adds_its_elements_to_its_person(case: Case) -> None:
    tim = person(case, 5)
    assert tim["name"] == "Tim Lopez"
    imei = next(e for e in rows(case, PERSON_ELEMENTS) if e["element"] == "imei")
    assert (imei["person_id"], imei["secured"]) == (tim["person_id"], True)


def test_status_rests_on_evidence(case: Case) -> None:
    assert [person(case, r)["status"] for r in (1, 4, 6, 8, 10)] == [
        "adult",
        "minor",
        "business",
        "deceased",
        "unknown",
    ]
    assert person(case, 4)["guardian"] == "Anna Lopez"
    assert "record 9" in str(person(case, 8)["status_evidence"])
    assert person(case, 10)["residence"] is None
    assert person(case, 8)["residence"] == "US-NY"


def test_every_affected_record_is_in_one_person(case: Case) -> None:
    members = rows(case, MEMBERSHIPS)
    assert len({m["record_id"] for m in members}) == len(members)
    assert {m["person_id"] for m in members} == {p["person_id"] for p in rows(case, PERSONS)}
    assert all(m["reason"] for m in members)


def test_a_second_run_gives_the_same_and_no_changes(case: Case) -> None:
    before = rows(case, MEMBERSHIPS), rows(case, PERSONS)
    STAGE.run(case)
    assert (rows(case, MEMBERSHIPS), rows(case, PERSONS)) == before
    assert rows(case, PERSON_CHANGES) == []


def test_decisions_are_obeyed_by_the_next_run(case: Case) -> None:
    anna = str(person(case, 1)["person_id"])
    case.decide("keep_apart", {"records": [1, 2]}, "keep_apart")
    case.decide("not_theirs", {"record_id": 1, "element": "ssn"}, "not_theirs")
    case.decide("theirs", {"record_id": 2, "element": "passport"}, "theirs")
    case.decide("residence", {"person_id": anna}, "US-CA")
    case.decide("merge", {"records": [1, 10]}, "merge")
    STAGE.run(case)
    assert person(case, 1)["person_id"] != person(case, 2)["person_id"]
    assert person(case, 10)["person_id"] == person(case, 1)["person_id"]
    kept = next(p for p in rows(case, PERSONS) if p["person_id"] == anna)
    assert (kept["residence"], kept["residence_evidence"]) == ("US-CA", "decided")
    assert not [
        e
        for e in rows(case, PERSON_ELEMENTS)
        if e["first_record_id"] == 1 and e["element"] == "ssn"
    ]
    added = [e for e in rows(case, PERSON_ELEMENTS) if e["element"] == "passport"]
    assert [(e["first_record_id"], e["n_records"], e["possible"]) for e in added] == [(2, 1, False)]
    assert added[0]["person_id"] == person(case, 2)["person_id"]
    assert {c["kind"] for c in rows(case, PERSON_CHANGES)} >= {"split"}
    assert next(m for m in rows(case, MEMBERSHIPS) if m["record_id"] == 10)["rule"] == "decided"


def test_a_shared_ssn_and_two_birth_dates_wait_for_a_human_eye(case: Case) -> None:
    more = [
        record(11, name_first="Kai", name_last="Berg", birth_on=date(1970, 1, 9), ssn_token="t9", ssn_last4="7777", **HOME),  # noqa: E501
        record(12, name_first="Ida", name_last="Stone", birth_on=date(1999, 7, 20), ssn_token="t9", ssn_last4="7777"),
        record(13, name_first="Ola", name_last="Vik", birth_on=date(1970, 1, 9), ssn_token="t8", ssn_last4="8888",
               phone="2067001122", email="ola@acme.test", **HOME),
        record(14, name_first="Ola", name_last="Vik", birth_on=date(1987, 11, 23), ssn_token="t8", ssn_last4="8888",
               phone="2067001122", email="ola@acme.test", **HOME),
    ]  # fmt: skip
    case.write(RECORDS, pa.Table.from_pylist(ROWS + more, schema=RECORDS.schema))
    STAGE.run(case)
    found = {str(c["kind"]): c for c in rows(case, CONFLICTS)}
    assert found["ssn_shared"]["records"] == ["11", "12"] or found["ssn_shared"]["records"] == [
        "12",
        "11",
    ]
    assert sorted(map(str, found["birth_differs"]["records"])) == ["13", "14"]  # type: ignore[call-overload]
    words = " ".join(str(v) for c in found.values() for v in c.values())
    assert "7777" not in words
    assert "Berg" not in words


def test_a_person_is_explained_pair_by_pair(case: Case) -> None:
    ties = explain_ties(case, str(person(case, 1)["person_id"]))
    assert {tuple(t["records"]) for t in ties} == {(1, 2), (1, 3), (2, 3)}  # type: ignore[arg-type]
    assert all("birth date" in str(t["reason"]) for t in ties)
    assert explain_ties(case, "P000000000000") == []


def test_no_records_give_empty_tables(tmp_path: Path) -> None:
    with Case.create(tmp_path / "empty", {}) as made:
        made.write(RECORDS, RECORDS.schema.empty_table())
        STAGE.run(made)
        assert [rows(made, t) for t in STAGE.writes] == [[], [], [], [], []]


def test_plain_values_and_tokens_resolve_alike(case: Case) -> None:
    from amends.persons.cluster import cluster
    from amends.persons.columns import features_of, known_columns
    from amends.persons.records import COLUMNS, record_features
    from persons.people import crowd, table

    people = crowd(80)
    people += [p | {"email": None, "street": None} for p in people[:40]]
    plain = table(*people)
    one = cluster(features_of(plain.to_batches(), known_columns(plain.column_names)))
    tokens = [
        record(
            i + 1, name_first=p["first"], name_last=p["last"], birth_on=date(*map(int, str(p["dob"]).split("-"))),
            ssn_token=f"t{p['ssn']}", ssn_last4=str(p["ssn"])[-4:], phone=p["phone"], street=p["street"], city=p["city"],  # noqa: E501
            state=p["state"], zip=p["zip"],
        )
        for i, p in enumerate(people)
    ]  # fmt: skip
    batch = pa.Table.from_pylist(tokens, schema=RECORDS.schema).select(list(COLUMNS))
    two = cluster(record_features(batch.to_batches()))
    same = [
        [tuple((c == c[i]).tolist()) for i in range(len(c))] for c in (one.cluster, two.cluster)
    ]
    assert same[0] == same[1]


def test_who_was_merged_in_an_earlier_run_is_still_followed(case: Case) -> None:
    old = str(person(case, 10)["person_id"])
    case.decide("merge", {"records": [8, 10]}, "merge")
    STAGE.run(case)
    first = {(c["old_person_id"], c["new_person_id"]) for c in rows(case, PERSON_CHANGES)}
    assert len(first) == 1
    case.decide("merge", {"records": [1, 8]}, "merge")
    STAGE.run(case)
    now = person(case, 10)["person_id"]
    moves = {c["old_person_id"]: c["new_person_id"] for c in rows(case, PERSON_CHANGES)}
    assert old == now or moves[old] == now
    assert {i for pair in first for i in pair} - {now} == set(moves) & {
        i for pair in first for i in pair
    }
    assert set(moves.values()) == {now}
    STAGE.run(case)
    assert {c["old_person_id"]: c["new_person_id"] for c in rows(case, PERSON_CHANGES)} == moves


def test_shuffled_rows_and_other_record_ids_give_the_same_persons(tmp_path: Path) -> None:
    found = []
    for shift, order in (
        (0, 1),
        (5000, -1),
    ):  # exhibits added in another order number their records anew
        with Case.create(tmp_path / f"c{shift}", {}) as made:
            made.add_event("discovery", "2021-08-17")
            moved = [
                r | {"record_id": abs(shift - int(str(r["record_id"]))),
                     "linked_to": None if r["linked_to"] is None else abs(shift - int(str(r["linked_to"])))}
                for r in ROWS[::order]
            ]  # fmt: skip
            made.write(RECORDS, pa.Table.from_pylist(moved, schema=RECORDS.schema))
            STAGE.run(made)
            found.append(
                {
                    (abs(shift - int(str(m["record_id"]))), m["person_id"])
                    for m in rows(made, MEMBERSHIPS)
                }
            )
    assert found[0] == found[1]


PROTECTED = [
    record(1, name_first="Rae", name_last="Quist", birth_on=date(1985, 3, 3), ssn_token="p1", ssn_last4="1111",
           street="44 Old Road", city="Reno", state="NV", zip="89501"),
    record(2, name_first="Rae", name_last="Quist", birth_on=date(1985, 3, 3), ssn_token="p1", ssn_last4="1111",
           role="roster", as_of_on=date(2020, 1, 1), street="8 Elm Ave", city="Reno", state="NV", zip="89501"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("latest", "street"),
    [
        ({"street": "ADDRESS CONFIDENTIAL", "state": "NV"}, None),
        (
            {
                "street": "ACP PO Box 7, Suite 9",
                "city": "Carson City",
                "state": "NV",
                "zip": "89701",
            },
            "ACP PO Box 7, Suite 9",
        ),
        ({"street": "9 Elm Ave", "city": "Reno", "state": "NV", "zip": "89501"}, "9 Elm Ave"),
    ],
    ids=["only a mark", "substitute address", "no mark"],
)
def test_a_confidential_address_gives_way_to_no_other(
    tmp_path: Path, latest: dict[str, object], street: str | None
) -> None:
    roster = record(3, name_first="Rae", name_last="Quist", birth_on=date(1985, 3, 3), ssn_token="p1", ssn_last4="1111",
                    role="roster", as_of_on=date(2021, 1, 1), **latest)  # fmt: skip
    with Case.create(tmp_path / "acme", {}) as made:
        made.write(RECORDS, pa.Table.from_pylist([*PROTECTED, roster], schema=RECORDS.schema))
        STAGE.run(made)
        found = person(made, 1)
    assert found["street"] == street
    assert ("confidential" in str(found["contact_source"])) == (street != "9 Elm Ave")
    assert found["residence"] == "US-NV"


def test_a_spouses_ssn_on_a_joint_form_is_said_to_be_the_spouses(case: Case) -> None:
    at_home = HOME | {"phone": "5127005555"}
    kai = {
        "name_first": "Kai",
        "name_last": "Berg",
        "birth_on": date(1970, 1, 9),
        "ssn_last4": "7777",
    }
    ida = {
        "name_first": "Ida",
        "name_last": "Berg",
        "birth_on": date(1972, 7, 20),
        "ssn_last4": "9999",
    }
    more = [
        record(21, **kai, **at_home, ssn_token="k"), record(22, **kai, **at_home, ssn_token="k"),
        record(23, **ida, **at_home, ssn_token="i"), record(24, **ida, **at_home, ssn_token="i"),
        record(25, **ida | {"ssn_last4": "7777"}, **at_home, ssn_token="k"),
    ]  # fmt: skip
    case.write(RECORDS, pa.Table.from_pylist(ROWS + more, schema=RECORDS.schema))
    STAGE.run(case)
    assert (
        person(case, 25)["person_id"]
        == person(case, 23)["person_id"]
        != person(case, 21)["person_id"]
    )
    found = {str(c["kind"]): c for c in rows(case, CONFLICTS)}
    assert "25" in found["ssn_of_relative"]["records"]  # type: ignore[operator]
    assert not found["ssn_of_relative"]["blocks_notice"]


def test_a_strangers_ssn_is_not_named_before_somebody_looked(case: Case) -> None:
    kai = {
        "name_first": "Kai",
        "name_last": "Berg",
        "birth_on": date(1970, 1, 9),
        "ssn_last4": "7777",
    }
    more = [record(30 + i, **kai, **HOME, ssn_token="k", email=f"k{i}@acme.test") for i in range(3)]
    more.append(record(40, name_first="Ida", name_last="Stone", birth_on=date(1999, 7, 20), ssn_token="k",
                       ssn_last4="7777", zip="10001"))  # fmt: skip
    case.write(RECORDS, pa.Table.from_pylist(ROWS + more, schema=RECORDS.schema))
    STAGE.run(case)
    found = {str(c["kind"]): c for c in rows(case, CONFLICTS)}
    assert found["ssn_of_another"]["blocks_notice"]
    assert found["ssn_of_another"]["persons"] == [person(case, 40)["person_id"]]
