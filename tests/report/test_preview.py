"""What is shown of the evidence keeps its shape and hides its values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.report.preview import _pieces, mask_text, mask_value

NEAR = [
    {"finding_id": "F1", "start": 11, "end": 20, "element": "ssn", "masked": "•••••0352"},
    {"finding_id": "F2", "start": 25, "end": 29, "element": "name", "masked": "A…"},
    {"finding_id": "F3", "start": 13, "end": 16, "element": "phone", "masked": "…"},
]
TEXT = "my social: 123450352 and Anna."


@pytest.mark.parametrize(
    ("value", "element", "shown"),
    [
        ("123-45-6789", "ssn", "###-##-6789"),
        ("123-45-6789", None, "###-##-6789"),
        ("(206) 555-0123", "phone", "(###) ###-####"),
        ("98101", "zip", "#####"),
        ("4321", "account_pin", "••••"),
        ("hunter2", "password", "•••••••"),
        ("Anne O'Neil", "name", "A··· O'N···"),
        ("k.lee@mail.example", "email", "k···@m···.e······"),
        ("AB1234567", "drivers_licence", "xx#######"),
        ("", None, ""),
    ],
)
def test_a_cell_shows_its_shape(value: str, element: str | None, shown: str) -> None:
    assert mask_value(value, element) == shown


@given(st.text(max_size=60))
def test_never_more_than_four_digits_of_a_cell_are_clear(value: str) -> None:
    assert sum(c.isdigit() for c in mask_value(value, "ssn")) <= 4
    assert len(mask_value(value, "password")) <= 8


@given(st.text(max_size=80))
def test_running_text_shows_no_digit_and_no_whole_capitalised_word(text: str) -> None:
    shown = mask_text(text)
    assert not any(c.isdecimal() for c in shown)


def test_words_in_small_letters_stay_readable() -> None:
    assert mask_text("my name is Bea Lee, born 1980; mail bea.lee@x.example") == (
        "my name is B·· L··, born ####; mail b···@x.example"
    )


def test_a_preview_marks_the_finding_asked_about_and_hides_the_rest() -> None:
    shown = list(_pieces(TEXT, 0, NEAR, "F2", reveal=False))
    assert [p.text for p in shown] == ["my social: ", "•••••0352", " and ", "A…", "."]
    assert [p.finding_id for p in shown if p.here] == ["F2"]


def test_of_two_that_overlap_the_one_asked_about_is_shown() -> None:
    shown = list(_pieces(TEXT, 0, NEAR, "F3", reveal=False))
    assert [p.text for p in shown if p.here] == ["…"]
    assert "•••••0352" not in [p.text for p in shown]
    assert "123450352" not in "".join(p.text for p in shown)


def test_shown_in_full_nothing_is_lost() -> None:
    assert "".join(p.text for p in _pieces(TEXT, 0, NEAR, "F1", reveal=True)) == TEXT
