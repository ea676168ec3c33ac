from __future__ import annotations

import pytest

from amends.elements.headers import guess_header, is_foreign, is_nameless


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("SSN", ("ssn", "", "")), ("CustSSN", ("ssn", "", "")), ("soc sec #", ("ssn", "", "")),
        ("custssn", ("ssn", "", "")), ("person_ssn__c", ("ssn", "", "")), ("SSN/ITIN", ("ssn", "or_ein", "")),
        ("Fecha de Nacimiento", ("birth_date", "", "")), ("Geburtsdatum", ("birth_date", "", "")),
        ("Führerschein", ("drivers_licence", "", "")), ("Straße", ("address", "street", "")),
        ("apellido paterno", ("name", "last", "")), ("AddrLine1", ("address", "street", "")),
        ("GIVEN NM", ("name", "first", "")), ("minor_first_name", ("name", "first", "")),
        ("spouse_first_name", ("name", "first", "spouse")), ("Guardian SSN", ("ssn", "", "guardian")),
        ("Emergency Contact Phone", ("phone", "", "emergency_contact")),
        ("co_applicant_ssn", ("ssn", "", "co_applicant")), ("spouse", ("name", "full", "spouse")),
        ("father_name", ("name", "full", "guardian")), ("employer_name", ("name", "business", "employer")),
        ("Mother's Maiden Name", ("mother_maiden_name", "", "")), ("acct_pin", ("account_pin", "", "")),
        ("frist_name", ("name", "first", "")), ("IMEI1", ("imei", "", "")),
    ],
)  # fmt: skip
def test_a_header_is_read_in_its_spelling(header: str, expected: tuple[str, str, str]) -> None:
    best = guess_header(header)[0]
    assert (best.element, best.part, best.role) == expected


@pytest.mark.parametrize(
    "header",
    ["order_id", "tower_id", "email_verified", "ssn_flag", "dob_verified", "email_opt_in", "quantity",
     "phone_type", '"; DROP TABLE', "", "  ", "column_3", "x", "f_12", "☃", "a" * 500],
)  # fmt: skip
def test_a_header_that_speaks_of_something_else_says_nothing(header: str) -> None:
    assert guess_header(header) == ()


def test_names_that_say_nothing_are_told_from_names_of_other_things() -> None:
    assert is_nameless("column_3") and is_nameless("Field7") and not is_nameless("sku")
    assert is_foreign("order_id") and is_foreign("TowerNo") and not is_foreign("ssn")
