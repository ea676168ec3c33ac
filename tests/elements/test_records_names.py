from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.elements.records_names import Name, NameReader, family_first, read_name
from amends.elements.shapes_cells import Cells


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maria Garcia", ("Maria", None, "Garcia", None)),
        ("Maria T. Garcia", ("Maria", "T.", "Garcia", None)),
        ("Garcia, Maria", ("Maria", None, "Garcia", None)),
        ("Garcia Lopez, Maria T. Jr", ("Maria", "T.", "Garcia Lopez", "JR")),
        ("Dr. Juan de la Cruz III", ("Juan", None, "de la Cruz", "III")),
        ("Ludwig van Beethoven", ("Ludwig", None, "van Beethoven", None)),
        ("Smith Jr., John", ("John", None, "Smith", "JR")),
        ("John Smith, Jr.", ("John", None, "Smith", "JR")),
        ("John Smith, MD", ("John", None, "Smith", None)),
        ("O'Neil, Sinéad", ("Sinéad", None, "O'Neil", None)),
        ("Cher", ("Cher", None, None, None)),
        ("Mr. John Q. Public Sr", ("John", "Q.", "Public", "SR")),
        ("N/A", (None, None, None, None)), ("12345", (None, None, None, None)),
        (None, (None, None, None, None)), ("", (None, None, None, None)),
    ],
)  # fmt: skip
def test_a_name_is_taken_apart(text: str | None, expected: tuple[str | None, ...]) -> None:
    names = NameReader().read(Cells(pa.array(["Kim Lee", text], pa.string())))
    assert (
        tuple(a[1].as_py() for a in (names.first, names.middle, names.last, names.suffix))
        == expected
    )


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("John & Mary Smith", ("John", "Smith"), ("Mary", "Smith")),
        ("Smith, John and Mary", ("John", "Smith"), ("Mary", "Smith")),
        ("John Smith & Mary Jones", ("John", "Smith"), ("Mary", "Jones")),
        ("Mr. & Mrs. John Smith", (None, "Smith"), ("John", "Smith")),
    ],
)
def test_two_people_in_one_cell_are_two(
    text: str, first: tuple[str | None, str], second: tuple[str, str]
) -> None:
    one, two = read_name(text)
    assert two is not None
    assert ((one.first, one.last), (two.first, two.last)) == (first, second)


def test_a_column_that_writes_the_family_name_first_is_noticed() -> None:
    turned = ["GARCIA MARIA", "NGUYEN LINDA", "SMITH KAREN A", "LOPEZ SUSAN", "MILLER DEBORAH"] * 4
    cells = Cells(pa.array(turned))
    assert family_first(cells)
    names = NameReader(backward=True).read(cells)
    assert (names.first[2].as_py(), names.middle[2].as_py(), names.last[2].as_py()) == (
        "KAREN",
        "A",
        "SMITH",
    )
    assert not family_first(Cells(pa.array(["MARIA GARCIA", "LINDA NGUYEN", "KAREN SMITH"] * 5)))


@given(st.text(max_size=60))
def test_any_text_is_read_without_harm(text: str) -> None:
    one, _ = read_name(text)
    assert isinstance(one, Name)
