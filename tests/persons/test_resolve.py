from __future__ import annotations

import time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.kernel.errors import UsageError
from amends.persons import resolve
from persons.people import ANNA, ERIK, crowd, table


def persons_of(*rows: dict[str, object], others: int = 300, **how: object) -> list[str]:
    """Return the persons of these rows, resolved among ``others`` strangers."""
    out = resolve(table(*rows, *crowd(others)), **how)  # type: ignore[arg-type]
    return out.column("person_id").to_pylist()[: len(rows)]


def n_persons(*rows: dict[str, object], **how: object) -> int:
    return len(set(persons_of(*rows, **how)))


ONE_PERSON = {
    "the same row twice": (ANNA, ANNA),
    "case, punctuation and another date spelling": (
        ANNA,
        {"first": "ANNA", "last": "LINDQVIST", "dob": "05/17/1980", "ssn": "666123456"},
    ),
    "a move, with SSN and birth date": (
        ANNA,
        ANNA | {"street": "9 Birch Ave", "city": "Reno", "state": "NV", "zip": "89501", "phone": None},
    ),
    "a slip in the SSN": (ANNA, ANNA | {"ssn": "666-12-3465"}),
    "day and month swapped": (ANNA | {"dob": "1980-05-07"}, ANNA | {"dob": "1980-07-05", "phone": None}),
    "names swapped": (ANNA, ANNA | {"first": "Lindqvist", "last": "Anna", "email": None}),
    "maiden name, same SSN and birth date": (ANNA, ANNA | {"last": "Karlsson", "email": None, "street": None}),
    "short form": (
        {"first": "Robert", "last": "Quist", "dob": "1961-02-03", "phone": "2067001234"},
        {"first": "Bob", "last": "Quist", "dob": "1961-02-03", "phone": "2067001234"},
    ),
    "apostrophe": (ANNA | {"last": "O'Brien"}, ANNA | {"last": "OBRIEN", "ssn": None}),
    "particles": (ANNA | {"last": "de la Cruz"}, ANNA | {"last": "Cruz", "ssn": None}),
    "accents": (ANNA | {"last": "Nguyễn"}, ANNA | {"last": "Nguyen", "ssn": None, "email": None}),
    "two surnames and one": (ANNA | {"last": "García López"}, ANNA | {"last": "GARCIA", "ssn": None}),
    "hyphen": (ANNA | {"last": "Smith-Jones"}, ANNA | {"last": "Jones", "ssn": None}),
    "family name first": (
        {"first": "Wei", "last": "Zhang", "dob": "1990-01-15", "ssn": "666-55-4321"},
        {"first": "Zhang", "last": "Wei", "dob": "1990-01-15", "ssn": "666-55-4321"},
    ),
    "one name only": (
        {"first": "Suharto", "dob": "1955-06-08", "phone": "2067009999", "zip": "98402"},
        {"first": "SUHARTO", "dob": "1955-06-08", "phone": "206-700-9999", "zip": "98402"},
    ),
    "a suffix in the family name": (
        ERIK | {"last": "Lindqvist Jr."},
        ERIK | {"suffix": "JR", "ssn": None},
    ),
    "the second of two surnames": (ANNA | {"last": "García López"}, ANNA | {"last": "Lopez", "ssn": None}),
    "two given names in one": (ANNA | {"first": "Mary Ann"}, ANNA | {"first": "Maryann", "ssn": None}),
    "a curly apostrophe": (ANNA | {"last": "O’Brien"}, ANNA | {"last": "O Brien", "ssn": None}),
    "Mc apart": (ANNA | {"last": "Mc Donald"}, ANNA | {"last": "MCDONALD", "ssn": None}),
    "particles joined": (ANNA | {"last": "DELACRUZ"}, ANNA | {"last": "de la Cruz", "ssn": None}),
    "a letter of another alphabet": (ANNA | {"last": "Bjørk"}, ANNA | {"last": "Bjork", "ssn": None}),
    "Vietnamese order": (
        {"first": "Thị Mai", "last": "Nguyễn", "dob": "1980-05-17", "phone": "2065557788"},
        {"first": "Nguyen", "last": "Thi Mai", "dob": "1980-05-17", "phone": "2065557788"},
    ),
    "a married name after a hyphen": (ANNA, ANNA | {"last": "Lindqvist-Karlsson", "ssn": None, "street": None}),
    "no first name known": (
        {"first": "FNU", "last": "Suharto", "dob": "1980-05-17", "zip": "98402", "phone": "2065557788"},
        {"first": "Suharto", "last": "LNU", "dob": "1980-05-17", "zip": "98402", "phone": "2065557788"},
    ),
    "a full name where the parts are empty": (
        {"name": "Dr. Anna M. Lindqvist, MD", "dob": "1980-05-17", "phone": ANNA["phone"]},
        ANNA,
    ),
    "the last four only": (ANNA, {"first": "Anna", "last": "Lindqvist", "dob": "1980-05-17", "ssn4": "3456"}),
    "another script": (ANNA | {"first": "小明", "last": "王"}, ANNA | {"first": "小明", "last": "王", "email": None}),
}  # fmt: skip


@pytest.mark.parametrize("rows", ONE_PERSON.values(), ids=ONE_PERSON.keys())
def test_records_of_one_person_become_one(rows: tuple[dict[str, object], ...]) -> None:
    assert n_persons(*rows) == 1


TWO_PERSONS = {
    "spouses in one home with one phone": (ANNA, ERIK),
    "a spouse's SSN on a joint form": (ANNA, ERIK | {"ssn": ANNA["ssn"]}),
    "twins": (
        ANNA | {"first": "Mia", "middle": None, "ssn": "666-40-1001", "dob": "2001-03-03", "email": None},
        ANNA | {"first": "Lea", "middle": None, "ssn": "666-40-1002", "dob": "2001-03-03", "email": None},
    ),
    "Jr and Sr": (
        {**ERIK, "suffix": "Sr", "email": None},
        {**ERIK, "suffix": "Jr", "dob": "2004-01-20", "ssn": "666-31-7777", "email": None},
    ),
    "father and son, no birth date": (
        {**ERIK, "suffix": "Sr", "email": None, "dob": None, "ssn": None},
        {**ERIK, "suffix": "Jr", "email": None, "dob": None, "ssn": None},
    ),
    "father and son of one name, no suffix, no SSN": (
        ERIK | {"ssn": None, "email": None, "dob": "1950-02-11"},
        ERIK | {"ssn": None, "email": None},
    ),
    "an SSN shared in a payroll": (
        {"first": "Jose", "last": "Ramirez", "ssn": "666-50-5050", "dob": "1971-02-03", "zip": "98402"},
        {"first": "Jose", "last": "Mendez", "ssn": "666-50-5050", "dob": "1988-09-30", "zip": "98408"},
    ),
    "an SSN shared by two of one surname": (
        {"first": "Jose", "last": "Garcia", "ssn": "666-50-5050", "dob": "1971-02-03"},
        {"first": "Ana", "last": "Garcia", "ssn": "666-50-5050", "dob": "1988-09-30"},
    ),
    "twins without SSNs": (
        {"first": "Mia", "last": "Holm", "dob": "2001-03-03", "street": "1 Oak St", "phone": "2065551234"},
        {"first": "Lea", "last": "Holm", "dob": "2001-03-03", "street": "1 Oak St", "phone": "2065551234"},
    ),
    "a common name alone": (
        {"first": "James", "last": "Smith"},
        {"first": "James", "last": "Smith", "ssn": "666-20-3030"},
    ),
    "a name alone, twice": ({"first": "Olga", "last": "Zhivago"}, {"first": "Olga", "last": "Zhivago"}),
    "an SSN and other names": (ANNA, {"first": "Boris", "last": "Pike", "ssn": ANNA["ssn"]}),
    "an SSN alone": (ANNA, {"ssn": ANNA["ssn"]}),
    "nothing at all": ({"first": None}, {"first": ""}),
    "an owner and her business": (ANNA, {"business": "Lindqvist Plumbing LLC", "phone": ANNA["phone"], "zip": "98402"}),
    "two businesses at one address": (
        {"business": "Alder Dental", "street": "12 Alder Street", "zip": "98402", "phone": "2067001111"},
        {"business": "Pacific Trucking", "street": "12 Alder Street", "zip": "98402", "phone": "2067001111"},
    ),
    "a default birth date and a common name": (
        {"first": "John", "last": "Brown", "dob": "1900-01-01", "zip": "98402"},
        {"first": "John", "last": "Brown", "dob": "1900-01-01", "zip": "10001"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("rows", TWO_PERSONS.values(), ids=TWO_PERSONS.keys())
def test_different_people_stay_apart(rows: tuple[dict[str, object], ...]) -> None:
    assert n_persons(*rows) == 2


def test_a_business_is_one_whatever_the_punctuation() -> None:
    rows = (
        {
            "business": "Alder Dental, Inc.",
            "street": "12 Alder St",
            "zip": "98402",
            "phone": "2067001111",
        },
        {"business": "ALDER DENTAL INC", "street": "12 Alder Street", "zip": "98402"},
    )
    assert n_persons(*rows) == 1


def test_an_employers_number_in_the_ssn_column_joins_nobody() -> None:
    staff = [row | {"ssn": "666-77-7777"} for row in crowd(40)]
    assert n_persons(*staff, others=0) == 40


def test_full_names_in_one_column_are_read_in_either_order() -> None:
    rows = (
        {"name": "Lindqvist, Anna Maria", "dob": "1980-05-17", "phone": "2065557788"},
        {"name": "Dr. Anna M. Lindqvist", "dob": "17 May 1980", "phone": "206 555 7788"},
    )
    assert len(set(resolve(table(*rows)).column("person_id").to_pylist())) == 1


def test_synonyms_and_unknown_columns_are_taken_and_left() -> None:
    rows = pa.table(
        {
            "GivenName": ["Anna", "anna"], "Surname": ["Lindqvist", "LINDQVIST"], "Date Of Birth": ["1980-05-17"] * 2,
            "MSISDN": ["2067007788"] * 2, "zip_code": ["98402", None], "favourite colour": ["red", "blue"], "true_id": [1, 2],  # noqa: E501
        }
    )  # fmt: skip
    out = resolve(rows)
    assert out.column_names == ["record_id", "person_id", "reason", "weight"]
    assert out.column("record_id").to_pylist() == [1, 2]
    assert len(set(out.column("person_id").to_pylist())) == 1
    assert "birth date" in out.column("reason")[0].as_py()


def test_a_table_without_known_columns_is_an_error_with_a_remedy() -> None:
    with pytest.raises(UsageError) as told:
        resolve(pa.table({"colour": ["red"]}))
    assert "first" in told.value.remedy


def test_no_rows_give_no_rows() -> None:
    assert resolve(table(ANNA).slice(0, 0)).num_rows == 0


def test_one_row_stands_alone_without_a_weight() -> None:
    row = resolve(table(ANNA)).to_pylist()[0]
    assert row["reason"] == "only record"
    assert row["weight"] is None


def test_ids_are_a_letter_and_twelve_signs_that_cannot_be_misread() -> None:
    ids = resolve(table(*crowd(50))).column("person_id")
    assert pc.all(pc.match_substring_regex(ids, "^P[0-9A-HJKMNP-TV-Z]{12}$")).as_py()
    assert pc.count_distinct(ids).as_py() == 50


def test_decisions_are_obeyed() -> None:
    rows = [
        ANNA | {"record_id": 7},
        ANNA | {"record_id": 8, "email": None},
        ERIK | {"record_id": 9},
    ]
    apart = resolve(table(*rows), apart=[(7, 8)]).column("person_id").to_pylist()
    assert len(set(apart)) == 3
    merged = resolve(table(*rows), merge=[(7, 9)]).column("person_id").to_pylist()
    assert len(set(merged)) == 1


def test_a_decision_about_an_unknown_record_is_an_error() -> None:
    with pytest.raises(UsageError):
        resolve(table(ANNA | {"record_id": 7}), merge=[(7, 99)])


def test_hostile_text_is_only_text() -> None:
    nasty = [
        "'; DROP TABLE persons; --",
        "=cmd|' /C calc'!A0",
        "\x00\x01",
        "\u202eevil",
        "A" * 100_000,
        "%s%n",
        "🦊" * 500,
    ]
    rows = [
        ANNA | {"first": v, "street": v, "email": v, "dob": v, "ssn": v, "zip": v} for v in nasty
    ]
    assert resolve(table(*rows)).num_rows == len(nasty)


def test_numbers_and_dates_may_be_typed() -> None:
    rows = pa.table(
        {
            "first": ["Anna", "Anna"], "last": ["Lindqvist"] * 2, "ssn": pa.array([666123456, 666123456]),
            "dob": pa.array([3789, 3789], pa.date32()), "zip": pa.array([98402.0, None]),
        }
    )  # fmt: skip
    assert len(set(resolve(rows).column("person_id").to_pylist())) == 1


@pytest.mark.slow
def test_a_million_identical_rows_are_one_person_in_seconds() -> None:
    one = table(ANNA)
    rows = one.take(pa.array(np.zeros(1_000_000, np.int64)))
    start = time.perf_counter()
    out = resolve(rows)
    assert pc.count_distinct(out.column("person_id")).as_py() == 1
    assert time.perf_counter() - start < 60


def test_many_rows_with_one_name_and_nothing_else_are_not_compared_in_pairs() -> None:
    rows = table(*[{"first": "Juan", "last": "Garcia", "city": "Tacoma"} for _ in range(20_000)])
    start = time.perf_counter()
    resolve(rows)
    assert time.perf_counter() - start < 20


PEOPLE = [
    ANNA,
    ANNA | {"email": None},
    ANNA | {"ssn": "666-12-3465"},
    ERIK,
    ERIK | {"phone": None, "suffix": "Jr"},
    *crowd(12),
]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(range(len(PEOPLE))))
def test_the_order_of_rows_changes_no_id(order: list[int]) -> None:
    rows = [row | {"record_id": i + 1} for i, row in enumerate(PEOPLE)]
    expected = dict(
        zip(
            range(1, len(rows) + 1),
            resolve(table(*rows)).column("person_id").to_pylist(),
            strict=True,
        )
    )
    shuffled = resolve(table(*(rows[i] for i in order)))
    assert (
        dict(
            zip(*(shuffled.column(c).to_pylist() for c in ("record_id", "person_id")), strict=True)
        )
        == expected
    )


def test_the_size_of_batches_changes_no_id() -> None:
    whole = table(*PEOPLE, *crowd(500))
    parts = pa.Table.from_batches(whole.to_batches(max_chunksize=37))
    assert resolve(parts).column("person_id").equals(resolve(whole).column("person_id"))


def test_ids_tell_nothing_of_an_ssn() -> None:
    a = resolve(table({"first": "Anna", "last": "Lindqvist", "ssn": "666-12-3456"}))
    b = resolve(table({"first": "Anna", "last": "Lindqvist", "ssn": "666-77-3456"}))
    assert a.column("person_id").equals(b.column("person_id"))


def test_ten_records_a_person_with_names_dates_and_places_only_do_not_collapse() -> None:
    people = [{k: p[k] for k in ("first", "last", "dob", "zip")} for p in crowd(200)]
    rows: list[dict[str, object]] = []
    for k in range(10):
        for p in people:
            first, last = str(p["first"]), str(p["last"])
            slip = {"first": first[:-1] + "x"} if k == 3 else {"last": last[1:]} if k == 4 else {}
            rows.append(p | slip | ({"dob": None} if k == 5 else {}))
    found = persons_of(*rows, others=0)
    assert len(set(found)) <= 260  # a few slips stay alone: two letters, and nobody untold
    assert all(len({found[i + 200 * k] for k in (0, 1, 2)}) == 1 for i in range(200))
    assert len({found[i] for i in range(200)}) == 200
