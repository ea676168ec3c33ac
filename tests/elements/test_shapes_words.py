from __future__ import annotations

import pyarrow as pa
import pytest

from amends.elements import shapes_words as words
from amends.elements.shapes_cells import Cells

RIGHT, WRONG = True, False


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        (words.email, "kim.lee+x@mail.example", RIGHT), (words.email, "kim@@mail.example", WRONG),
        (words.email, "kim@mail", WRONG), (words.email, "@home", WRONG),
        (words.street, "12 Main St", RIGHT), (words.street, "PO Box 771", RIGHT),
        (words.street, "RR 2 Box 15", RIGHT), (words.street, "Main", WRONG),
        (words.zip_code, "02139", RIGHT), (words.zip_code, "02139-1234", RIGHT),
        (words.zip_code, "2139", WRONG), (words.state_code, "CA", RIGHT),
        (words.state_code, "ZZ", WRONG), (words.state, "Califórnia", WRONG),
        (words.full_name, "Garcia, Maria", RIGHT), (words.full_name, "Maria T. Garcia", RIGHT),
        (words.full_name, "Galaxy Case", WRONG), (words.business, "Hill & Sons", RIGHT),
        (words.business, "Larkspur Wireless LLC", RIGHT), (words.business, "Maria Garcia", WRONG),
        (words.hashed, "5d41402abc4b2a76b9719d911017c592", RIGHT), (words.hashed, "5d41402a", WRONG),
        (words.password_hashed, "$2b$12$abcdefghijklmnopqrstuv", RIGHT),
        (words.mac, "00:1A:2B:3C:4D:5E", RIGHT), (words.mac, "00:1A:2B", WRONG),
        (words.ip, "10.1.2.3", RIGHT), (words.ip, "10.1.2.300", WRONG),
        (words.ip, "2001:db8::1", RIGHT), (words.ip, "12:30:45", WRONG),
        (words.mbi, "1EG4-TE5-MK73", RIGHT), (words.mbi, "1SG4-TE5-MK73", WRONG),
        (words.vin, "1HGCM82633A004352", RIGHT), (words.vin, "1HGCM82633A004353", WRONG),
        (words.iban, "GB82 WEST 1234 5698 7654 32", RIGHT), (words.iban, "GB82WEST12345698765433", WRONG),
        (words.masked_nine, "XXX-XX-1234", RIGHT), (words.masked_nine, "***-**-1234", RIGHT),
        (words.masked_nine, "123-45-1234", WRONG), (words.sealed, "vault:v1:8SDd3WHDOjf7mq69CyCqYj", RIGHT),
        (words.expiry, "04/27", RIGHT), (words.expiry, "13/27", WRONG),
    ],
)  # fmt: skip
def test_each_shape_is_told_from_its_near_miss(check: object, value: str, expected: bool) -> None:
    assert callable(check)
    cells = Cells(pa.array([value, None, ""], pa.string()))
    assert check(cells).tolist() == [expected, False, False]


def test_a_licence_is_held_against_the_state_of_its_row() -> None:
    cells = Cells(pa.array(["D1234567", "D1234567", "D-123-4567", "D1234567"]))
    states = pa.array(["CA", "TX", "CA", None])
    assert words.licence(cells, states).tolist() == [True, False, True, True]


def test_hostile_values_are_only_values() -> None:
    hostile = ['"; DROP TABLE', "=cmd|' /C calc'!A0", "\x00", "(" * 200, "a" * 255, "é" * 100]
    cells = Cells(pa.array(hostile))
    for check in (words.email, words.street, words.full_name, words.licence, words.ip, words.iban):
        assert not check(cells).any() or check is words.licence
