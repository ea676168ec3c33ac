"""Validators agree with python-stdnum, an independent library."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, imei, luhn
from stdnum.us import ein, itin, ssn

from amends.elements.detectors.base import Validity, passes_luhn
from amends.elements.detectors.contact import valid_phone
from amends.elements.detectors.health import valid_mbi, valid_npi
from amends.elements.detectors.identity import licence_states, valid_passport
from amends.elements.detectors.payment import (
    card_network,
    valid_card,
    valid_iban,
    valid_routing_number,
)
from amends.elements.detectors.tax import valid_ein, valid_itin, valid_ssn
from amends.elements.detectors.telecom import valid_iccid, valid_imei, valid_imsi
from amends.elements.detectors.vehicle import valid_vin

NINE = st.text("0123456789", min_size=9, max_size=9)


@given(NINE)
def test_ssn_is_what_the_library_says_but_for_known_samples(digits: str) -> None:
    ours = valid_ssn(digits) is Validity.VALID
    if ours:
        assert ssn.is_valid(digits)
    elif ssn.is_valid(digits):
        assert digits == digits[0] * 9 or valid_ssn(digits) is Validity.MALFORMED


def test_ssn_refuses_hardly_more_than_the_library() -> None:
    chance = random.Random(1)
    values = [f"{chance.randrange(10**9):09d}" for _ in range(20_000)]
    assert sum(ssn.is_valid(v) != (valid_ssn(v) is Validity.VALID) for v in values) <= 1


@given(NINE)
def test_ein_is_what_the_library_says(digits: str) -> None:
    if len(set(digits)) > 1:
        assert (valid_ein(digits) is Validity.VALID) == ein.is_valid(digits)


@given(NINE)
def test_itin_takes_what_the_library_takes(digits: str) -> None:
    if itin.is_valid(digits):
        assert valid_itin(digits) is Validity.VALID


@given(st.text("0123456789", min_size=1, max_size=25))
def test_luhn_is_what_the_library_says(digits: str) -> None:
    assert passes_luhn(digits) == luhn.is_valid(digits)


@given(st.text("0123456789", min_size=14, max_size=14))
def test_imei_is_what_the_library_says(body: str) -> None:
    for check in "0123456789":
        if len(set(body + check)) > 2:
            assert (valid_imei(body + check) is Validity.VALID) == imei.is_valid(body + check)


@pytest.mark.parametrize(
    "value",
    [
        "GB82WEST12345698765432",
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
        "NO9386011117947",
    ],
)
def test_iban_is_what_the_library_says(value: str) -> None:
    assert iban.is_valid(value)
    assert valid_iban(value) is Validity.VALID
    assert valid_iban(value[:-1] + ("1" if value[-1] != "1" else "2")) is Validity.MALFORMED


CASES = [
    (valid_routing_number, "021000021", True), (valid_routing_number, "021000022", False),
        (valid_routing_number, "", False),
    (valid_card, "4556737586899855", True), (valid_card, "4556737586899854", False), (valid_card,
        "0000000000000000", False),
    (valid_npi, "1245319599", True), (valid_npi, "1245319598", False), (valid_mbi, "1EG4-TE5-MK74", True),
        (valid_mbi, "0EG4TE5MK74", False),
    (valid_vin, "1M8GDM9AXKP042788", True), (valid_vin, "1M8GDM9A1KP042788", False), (valid_vin, "", False),
    (valid_imsi, "310260123456788", True), (valid_imsi, "310999123456788", False), (valid_imsi,
        "000000000000000", False),
    (valid_iccid, "8901260123456789011", True), (valid_iccid, "8901260123456789012", False),
    (valid_phone, "2065552345", True), (valid_phone, "12065552345", True), (valid_phone, "0065552345", False),
    (valid_passport, "512345678", True), (valid_passport, "!", False),
]  # fmt: skip


@pytest.mark.parametrize(("check", "value", "good"), CASES)
def test_checks_values_by_the_public_rule(check, value: str, good: bool) -> None:  # type: ignore[no-untyped-def]
    assert (check(value) is Validity.VALID) == good


def test_names_the_states_whose_licences_look_so() -> None:
    assert licence_states("D1234568")["CA"] == "current"
    assert "FL" in licence_states("S530-468-51-908-0")
    assert card_network("4556737586899855") == "Visa"
