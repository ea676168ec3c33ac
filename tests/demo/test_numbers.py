from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from stdnum import imei, imsi, luhn
from stdnum.us import ein, itin, ssn

from amends.demo import letters, numbers
from amends.demo.places import places
from amends.demo.strings import as_text, lose_digit, misdial, mistype, plain_ascii, plain_letters
from amends.taxonomy import reference

IDS = np.arange(1, 40_001, dtype=np.int64)


def test_social_security_numbers_are_well_formed_and_nobody_shares_one() -> None:
    made = numbers.ssn_numbers(IDS, np.zeros_like(IDS), 3)
    assert len(np.unique(made)) == len(IDS)
    assert all(ssn.is_valid(f"{number:09d}") for number in made[:4_000].tolist())


def test_a_second_twin_has_the_next_number() -> None:
    twins = numbers.ssn_numbers(np.array([7, 7]), np.array([0, 1]), 3)
    assert twins[1] - twins[0] in (1, 2, 10_002)


def test_numbers_far_into_54_million_people_stay_unique_and_well_formed() -> None:
    far = np.arange(53_900_000, 54_000_000, dtype=np.int64)
    both = np.concatenate([far, IDS])
    none = np.zeros_like(both)
    assert len(np.unique(numbers.ssn_numbers(both, none, 1))) == len(both)
    for make in (numbers.imei_text, numbers.imsi_text, numbers.iccid_text):
        assert len(make(both, 1).unique()) == len(both)


@pytest.mark.parametrize("seed", [0, 1, 99_991])
def test_device_numbers_pass_their_checks(seed: int) -> None:
    few = IDS[::80]
    assert all(imei.is_valid(number) for number in numbers.imei_text(few, seed).to_pylist())
    assert all(imsi.is_valid(number) for number in numbers.imsi_text(few, seed).to_pylist())
    assert all(luhn.is_valid(number) for number in numbers.iccid_text(few, seed).to_pylist())


def test_taxpayer_and_employer_numbers_are_well_formed() -> None:
    few = IDS[::80]
    assert all(itin.is_valid(str(number)) for number in numbers.itin_numbers(few, 4).tolist())
    assert all(ein.is_valid(f"{number:09d}") for number in numbers.ein_numbers(few, 4).tolist())


def test_telephone_numbers_follow_the_plan_and_their_state() -> None:
    where = places()
    state = IDS % len(where.n_area_codes)
    made = numbers.phone_numbers(IDS, where.area_codes[state], where.n_area_codes[state], 2)
    assert len(np.unique(made)) == len(IDS)
    for number, home in zip(made[:3_000].tolist(), state[:3_000].tolist(), strict=True):
        assert re.fullmatch(r"[2-9]\d\d[2-9](?!11)\d{6}", str(number))
        assert number // 10_000_000 in where.area_codes[home]


def test_licences_have_the_layout_of_their_state() -> None:
    where = places()
    count = len(where.states)
    initials = as_text(["SMITH", "AEBELO", "OBRIEN", "DE LA CRUZ"] * count)
    state = np.repeat(np.arange(count), 4)
    made = numbers.licence_text(IDS[: 4 * count], state, where.states, initials, 1).to_pylist()
    for licence, code in zip(made, (where.states[int(k)].as_py() for k in state), strict=True):
        layout = numbers.LICENCES.get(code, numbers.LICENCES["TX"])
        pattern = (
            re.escape(layout).replace(r"\#", "[0-9]").replace("@", "[A-Z]").replace(r"\?", "[A-Z]")
        )
        assert re.fullmatch(pattern, licence), (code, licence)


def test_cities_stand_under_a_zip_prefix_of_their_state() -> None:
    known = {row["prefix"]: row["state"] for row in reference.rows("zip_prefix_state")}
    where = places()
    for city, state, prefix in zip(
        where.cities.to_pylist(), where.city_state.tolist(), where.city_prefix.tolist(), strict=True
    ):
        assert known[f"{prefix:03d}"] == where.states[state].as_py(), city


def test_bank_numbers_in_forms_pass_the_check_digit() -> None:
    for bank in letters._BANKS:
        assert sum(int(d) * w for d, w in zip(bank, (3, 7, 1) * 3, strict=True)) % 10 == 0


def test_e_mail_goes_to_reserved_domains_only(larkspur: Path) -> None:
    reserved = (".example", ".test", "example.com", "example.net", "example.org")
    seen = 0
    for path in larkspur.rglob("*"):
        if path.suffix in (".sql", ".csv", ".mbox", ".txt", ".jsonl"):
            found = re.findall(r"[\w.'-]+@([\w.-]+\w)", path.read_text("utf-8", "replace"))
            seen += len(found)
            assert all(domain.lower().endswith(reserved) for domain in found), path
    assert seen > 1_000


@pytest.mark.parametrize(
    "word", ["Nguyễn", "O'Brien", "Łukasz", "Æbelø", "Straße", "Muñoz", "Yılmaz"]
)
def test_an_old_mainframe_keeps_capitals_without_marks(word: str) -> None:
    assert re.fullmatch(r"[A-Z ]+", plain_ascii(word))
    assert plain_letters(word).isascii()


def test_slips_change_a_word_but_not_beyond_recognition() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        assert abs(len(mistype(rng, "Washington")) - 10) <= 1
        assert re.fullmatch(r"219-\d\d-\d{4}", misdial(rng, "219-09-8881"))
        assert len(re.sub(r"\D", "", lose_digit(rng, "219-19-8881"))) == 8
    assert mistype(rng, "Ng") == "Ng"
