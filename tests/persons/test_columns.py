from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from amends.persons.columns import features_of, known_columns, plain_part
from amends.persons.features import Features, assemble


def features(**columns: list[str | None]) -> Features:
    part = plain_part({c: pa.array(v, pa.string()) for c, v in columns.items()})
    return assemble([part], np.arange(1, len(part.first) + 1), secret=True)


FULL_NAMES = {
    "Anna Maria Lindqvist": ("ANNA", "MARIA", "LINDQVIST", 0),
    "LINDQVIST, ANNA M": ("ANNA", "M", "LINDQVIST", 0),
    "Mr. John Smith, Jr.": ("JOHN", "", "SMITH", 1),
    "Maria de la Cruz": ("MARIA", "", "DE LA CRUZ", 0),
    "Ludwig van Beethoven III": ("LUDWIG", "", "VAN BEETHOVEN", 4),
    "Mary O'Brien-Smith": ("MARY", "", "OBRIEN SMITH", 0),
    "Nguyễn Thị Mai": ("NGUYEN", "THI", "MAI", 0),
    "Suharto": ("SUHARTO", "", "", 0),
    "": ("", "", "", 0),
    "UNKNOWN": ("", "", "", 0),
}


@pytest.mark.parametrize(("text", "parts"), FULL_NAMES.items())
def test_a_full_name_is_split(text: str, parts: tuple[str, str, str, int]) -> None:
    f = features(name=[text])
    said = tuple(f.names.values[int(c[0])] for c in (f.first, f.middle, f.last))
    assert (*said, int(f.suffix[0])) == parts


@pytest.mark.parametrize(
    "ssn", ["999999999", "000-00-0000", "123456789", "078-05-1120", "666000000", "N/A", "12", ""]
)
def test_an_ssn_that_was_never_anybodys_is_absent(ssn: str) -> None:
    f = features(ssn=[ssn])
    assert (int(f.ssn[0]), int(f.ssn4[0])) == (0, -1)


def test_an_ssn_is_one_however_it_is_written() -> None:
    f = features(ssn=["666-12-3456", "666123456", " 666 12 3456 "])
    assert len(set(f.ssn.tolist())) == 1
    assert f.ssn4.tolist() == [3456] * 3


def test_a_phone_is_one_however_it_is_written() -> None:
    f = features(phone=["(206) 700-7788", "+1 206 700 7788", "2067007788", "5555555555", "12"])
    assert f.phone_number.tolist() == [2067007788] * 3 + [-1, -1]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("12 Main Street", "12 MAIN ST.", True),
        ("12 N Main St Apt 4", "12 Main Street #4", True),
        ("12 Main St", "14 Main St", False),
        ("PO Box 77", "P.O. Box 77", True),
        ("12 Avenue West", "12 Avenue East", False),
    ],
)
def test_a_street_line_is_one_however_it_is_written(one: str, two: str, same: bool) -> None:
    f = features(street=[one, two])
    key = list(zip(f.house.tolist(), f.street.tolist(), strict=True))
    assert (key[0] == key[1]) is same


def test_zip_plus_four_is_the_zip() -> None:
    f = features(zip=["98402", "98402-1234", "984021234"])
    assert len(set(f.zip.tolist())) == 1


def test_a_role_is_not_a_given_name_but_may_be_a_family_name() -> None:
    f = features(first=["SPOUSE", "CHILD F", "Guy Son"], last=["Friend", "Young", "Child"])
    assert f.first.tolist() == [0, 0, 0]
    assert 0 not in f.last.tolist()


def test_columns_are_known_by_many_names() -> None:
    assert known_columns(["FirstName", "SURNAME", "date of birth", "Zip Code", "colour"]) == {
        "first": "FirstName", "last": "SURNAME", "dob": "date of birth", "zip": "Zip Code",
    }  # fmt: skip


def test_no_batches_give_no_features() -> None:
    assert len(features_of([], {})) == 0
