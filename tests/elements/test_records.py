from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from amends.elements.records_base import ItemFacts
from amends.elements.records_tables import column_rows, read_table
from amends.kernel.contents import TablePart
from amends.vault import Tokens, create_keys

FACTS = ItemFacts("I0000001", 1, "E0001", "stolen", "Larkspur", "current", "crm", date(2026, 7, 1))


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    folder = tmp_path_factory.mktemp("case") / "keys"
    create_keys(folder)
    return Tokens(folder)


def part_of(columns: dict[str, list[str | None]], size: int = 1000) -> TablePart:
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    rows = np.arange(1, table.num_rows + 1)
    whole = table.append_column("_row", pa.array(rows, pa.int64()))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from whole.to_batches(max_chunksize=size)

    return TablePart("people.csv", "text/csv", "csv", tuple(columns), batches())


def records_of(
    vault: Tokens, columns: dict[str, list[str | None]], size: int = 1000
) -> list[dict[str, object]]:
    made = [m.records for m in read_table(part_of(columns, size), FACTS, vault).made]
    kept = [m for m in made if m is not None]
    return pa.concat_tables(kept).sort_by("record_id").to_pylist() if kept else []


PEOPLE: dict[str, list[str | None]] = {
    "Full Name": ["Garcia, Maria T.", "John & Mary Smith", None, "Dr. Juan de la Cruz Jr"],
    "DOB": ["25/03/1980", "04/05/1979", "30/02/1990", "1/2/65"],
    "SSN": ["219-09-8765", "666-12-3456", "219-09-8766", "XXX-XX-4321"],
    "Phone": ["(212) 736-5000", None, "736-5000", "+44 20 7946 0958"],
    "Address": ["12 Main St, Reno, NV 89501", None, None, "PO Box 7, Boise, ID 83702"],
    "Spouse Name": ["Ana Garcia", None, None, None],
    "Guardian": [None, None, None, "Rosa Cruz"],
    "Account #": ["A-1001", "A-1002", "A-1003", "A-1004"],
}


def test_a_row_becomes_a_record_with_tokens_and_no_plain_identifier(vault: Tokens) -> None:
    first = records_of(vault, PEOPLE)[0]
    assert (first["name_first"], first["name_middle"], first["name_last"]) == (
        "Maria",
        "T.",
        "Garcia",
    )
    assert first["birth_on"] == date(1980, 3, 25)
    assert (first["street"], first["city"], first["state"], first["zip"]) == (
        "12 Main St",
        "Reno",
        "NV",
        "89501",
    )
    assert first["phone"] == "2127365000"
    token = vault.tokens("ssn", pa.array(["219098765"]))[0].as_py()
    assert (first["ssn_token"], first["ssn_last4"]) == (token, "8765")
    assert first["elements"] == ["account_number", "address", "birth_date", "name", "phone", "ssn"]
    assert (first["owner"], first["population"], first["store"]) == ("Larkspur", "current", "crm")
    assert "219098765" not in repr(first) and "219-09-8765" not in repr(first)
    assert first["record_id"] == (1 << 36) + 1


def test_what_is_malformed_is_possible_and_never_dropped(vault: Tokens) -> None:
    rows = {r["locator"]: r for r in records_of(vault, PEOPLE)}
    assert rows[2]["possible"] == ["ssn"]
    assert rows[3]["possible"] == ["birth_date", "phone"]
    assert rows[3]["birth_on"] is None
    assert "ssn" in rows[3]["elements"]  # type: ignore[operator]


def test_a_second_person_of_a_row_is_a_record_of_its_own_with_only_what_is_theirs(
    vault: Tokens,
) -> None:
    found = records_of(vault, PEOPLE)
    mary = next(r for r in found if r["name_first"] == "Mary")
    assert (mary["name_last"], mary["elements"], mary["locator"]) == (
        "Smith",
        ["name"],
        2 + (1 << 35),
    )
    spouse = next(r for r in found if r["name_first"] == "Ana")
    assert (spouse["elements"], spouse["ssn_token"], spouse["birth_on"]) == (["name"], None, None)
    assert len({r["record_id"] for r in found}) == len(found)


def test_a_guardian_is_named_in_the_record_and_has_one(vault: Tokens) -> None:
    found = records_of(vault, PEOPLE)
    child = next(r for r in found if r["name_first"] == "Juan")
    assert (child["guardian"], child["name_last"], child["name_suffix"]) == (
        "Rosa Cruz",
        "de la Cruz",
        "JR",
    )
    assert child["ssn_last4"] == "4321" and child["ssn_token"] is None
    assert any(r["name_first"] == "Rosa" for r in found)


def test_batches_of_any_size_make_the_same_records(vault: Tokens) -> None:
    many = {name: values * 5 for name, values in PEOPLE.items()}
    assert records_of(vault, many, 3) == records_of(vault, many)


def test_every_value_is_counted(vault: Tokens) -> None:
    reading = read_table(part_of(PEOPLE), FACTS, vault)
    for _ in reading.made:
        pass
    rows = {(r["column"], r["element"]): r for r in column_rows("I0000001", reading.maker)}
    ssn = rows["SSN", "ssn"]
    assert (ssn["n_values"], ssn["n_valid"], ssn["n_malformed"]) == (4, 2, 1)
    assert rows["SSN", "ssn_last4"]["n_valid"] == 1
    assert rows["Spouse Name", "name"]["evidence"][-1] == "another person's: spouse"  # type: ignore[index]


def test_a_roster_tells_language_consent_and_death(vault: Tokens) -> None:
    found = records_of(vault, {
        "first_name": ["Ann", "Bob", "Cy"], "last_name": ["Lee", "Ray", "Fox"],
        "language": ["English", "es", None], "email_consent": ["Y", "no", None],
        "date_of_death": [None, "2020-05-06", None],
    })  # fmt: skip
    assert [r["language"] for r in found] == ["en", "es", None]
    assert [r["consents_email"] for r in found] == [True, False, None]
    assert [r["death_on"] for r in found] == [None, date(2020, 5, 6), None]
    assert [r["deceased"] for r in found] == [None, True, None]


def test_notes_give_up_what_they_hold(vault: Tokens) -> None:
    found = records_of(vault, {
        "first_name": ["Ann", "Bob"], "last_name": ["Lee", "Ray"],
        "notes": ["caller gave SSN 219-09-8765 and wants a call back", "nothing new, will call again soon"],
    })  # fmt: skip
    assert "ssn" in found[0]["elements"] and "ssn" not in found[1]["elements"]  # type: ignore[operator]
    assert found[0]["ssn_last4"] == "8765"


def test_licences_match_between_tables_with_and_without_a_state_column(vault: Tokens) -> None:
    one = records_of(
        vault, {"last_name": ["Lee"], "dl_number": ["D8234561"], "dl_state": ["California"]}
    )
    two = records_of(
        vault, {"last_name": ["Lee"], "drivers_license": ["CA D8234561"], "city": ["Reno"]}
    )
    assert one[0]["licence_token"] == two[0]["licence_token"] is not None
    assert one[0]["licence_last4"] == "4561"


def test_a_table_without_personal_data_makes_no_record(vault: Tokens) -> None:
    assert records_of(vault, {"sku": ["A1", "B2"], "price": ["1.50", "2.00"]}) == []
    assert records_of(vault, {"first_name": [], "ssn": []}) == []


def test_the_account_number_people_know_comes_before_the_tables_own_id(vault: Tokens) -> None:
    columns: dict[str, list[str | None]] = {
        "account_id": ["70000001", "70000002", "70000003", "70000004"],
        "account_number": ["4511050356", "4511050357", None, "4511050359"],
        "first_name": ["Maria", "John", "Juan", "Ana"],
        "last_name": ["Garcia", "Smith", "Cruz", "Lee"],
    }
    found = [str(r["account_token"]) for r in records_of(vault, columns)]
    known = vault.reveal("account_number", pa.array(found)).to_pylist()
    assert known == ["4511050356", "4511050357", "70000003", "4511050359"]
