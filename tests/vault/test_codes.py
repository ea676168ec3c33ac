"""Letter codes: the same for one person, read back however they are typed, and a slip of the pen is found."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.vault.codes import ALPHABET, code_bytes, letter_code, letter_codes, read_code

KEY = bytes(range(64))


def test_a_person_has_one_code_alone_or_in_a_batch() -> None:
    ids = pa.array(["P1", "P2", "P0123456789AB", "P" + "x" * 40])
    together = letter_codes(KEY, ids).to_pylist()
    assert together == [letter_code(KEY, i) for i in ids.to_pylist()]
    assert len(set(together)) == 4
    assert letter_code(bytes(64), "P1") != together[0]


def test_codes_of_nobody_are_none() -> None:
    assert letter_codes(KEY, pa.array([], pa.string())).to_pylist() == []


@given(st.text(alphabet="ABC0123456789", min_size=1, max_size=30))
def test_what_is_printed_is_read_back(person_id: str) -> None:
    code = letter_code(KEY, person_id)
    raw = code_bytes(KEY, pa.array([person_id])).tobytes()
    assert len(code) == 19 and set(code) <= {*ALPHABET, "-"}
    assert raw[-1] & 0x1F == 0
    for typed in (
        code,
        code.lower(),
        code.replace("-", ""),
        f"  {code.replace('-', ' ')}\n",
        code.replace("0", "O").replace("1", "l"),
        code.replace("-", "\u2013"),
    ):
        assert read_code(typed) == raw


def test_every_wrong_letter_and_every_two_changed_about_are_found() -> None:
    letters = letter_code(KEY, "P7").replace("-", "")
    for place, wrong in itertools.product(range(16), ALPHABET):
        if letters[place] != wrong:
            assert read_code(letters[:place] + wrong + letters[place + 1 :]) is None
    for one, other in itertools.combinations(range(16), 2):
        if letters[one] != letters[other]:
            swapped = list(letters)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            assert read_code("".join(swapped)) is None


@pytest.mark.parametrize(
    "typed", ["", "ABCD", "U" * 16, "é" * 16, "0" * 15, "0" * 17, "-" * 50, "0" * 5000, "＃" * 16]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    assert read_code(typed) is None


@given(st.text(max_size=200))
def test_any_text_is_answered(typed: str) -> None:
    found = read_code(typed)
    assert found is None or len(found) == 10
