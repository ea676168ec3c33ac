"""Masks of numbers, mail addresses and names: laws that hold for every value."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.us import rtn

from amends.vault.masking.allocate import allocate, masks_of
from amends.vault.masking.census import DomainSet
from amends.vault.masking.checks import NPI_START, luhn_digit, vin_sign
from amends.vault.masking.plan import is_unique

DOMAINS = DomainSet(b"k" * 32)
DIGITS = st.text("0123456789", min_size=1, max_size=16)


def masked(name: str, values: Sequence[str | None]) -> list[str | None]:
    """Return the masks of values that are the whole of their domain."""
    domain, given_values = DOMAINS[name], pa.array(values, pa.string())
    normals = domain.normal(given_values)
    settled = allocate(domain, normals.drop_null().unique())
    made: list[str | None] = domain.write(
        given_values, normals, masks_of(domain, settled, normals)
    ).to_pylist()
    return made


def signs(value: str | None) -> str:
    return re.sub("[^0-9A-Z]", "", (value or "").upper())


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("ssn", ["812-34-5678", "812345678", " 812 34 5678 ", "812345678.0"]),
        ("ssn", ["012-34-5678", "12345678"]),
        ("phone", ["(415) 555-2671", "415.555.2671", "+1 415-555-2671", "14155552671", "4155552671 x12"]),
        ("card", ["4929 1234 5678 9012", "4929123456789012"]),
        ("account_number", ["0012345678", "12345678", "1234-5678"]),
        ("drivers_licence", ["D123-4567", "d1234567"]),
        ("email", ["Ann@Corp.example", "ann@corp.example ", "ANN@CORP.EXAMPLE"]),
        ("vin", ["1M8GDM9AXKP042788", "1m8gdm9axkp042788"]),
    ],
)  # fmt: skip
def test_one_value_has_one_mask_however_it_is_written(name: str, ways: list[str]) -> None:
    found = masked(name, ways)
    normals = set(DOMAINS[name].normal(pa.array(found)).to_pylist())
    assert len(normals) == 1, found
    assert normals.isdisjoint(DOMAINS[name].normal(pa.array(ways)).to_pylist())


def test_a_mask_keeps_the_way_its_value_was_written() -> None:
    ssn, phone, account, licence = (
        masked("ssn", ["812-34-5678"])[0], masked("phone", ["+1 (415) 555-2671"])[0],
        masked("account_number", ["0012-3456x"])[0], masked("drivers_licence", ["d12-345"])[0],
    )  # fmt: skip
    assert re.fullmatch(r"9\d\d-\d\d-\d{4}", ssn or "")
    assert re.fullmatch(r"\+1 \(\d{3}\) \d{3}-\d{4}", phone or "")
    assert re.fullmatch(r"\d{4}-\d{4}[a-z]", account or "")
    assert re.fullmatch(r"[a-z]\d\d-\d{3}", licence or "")


@given(st.lists(st.integers(0, 999_999_999), unique=True, min_size=1, max_size=60))
def test_ssn_masks_are_numbers_never_issued_and_differ(numbers: list[int]) -> None:
    values = [f"{n:09d}" for n in numbers]
    found = masked("ssn", values)
    assert len(set(found)) == len(values)
    for mask in found:
        assert mask is not None
        area, group, serial = int(mask[:3]), int(mask[3:5]), int(mask[5:])
        assert area >= 900 and serial > 0
        assert group in {*range(1, 50), *range(66, 70), 89}, "an ITIN or ATIN could be somebody's"
    assert not set(found) & set(values)


@given(st.lists(st.integers(1, 9999), unique=True, min_size=1, max_size=30))
def test_the_last_four_of_a_masked_ssn_are_the_masked_last_four(serials: list[int]) -> None:
    ssn = masked("ssn", [f"81234{n:04d}" for n in serials])
    last = masked("last4", [f"{n:04d}" for n in serials])
    assert [(s or "")[5:] for s in ssn] == last
    assert all(m != f"{n:04d}" for m, n in zip(last, serials, strict=True))
    assert len(set(last)) == len(last)


@given(
    st.lists(
        st.tuples(st.integers(2, 9), st.integers(0, 99_999_999)),
        unique=True,
        min_size=1,
        max_size=40,
    )
)
def test_no_masked_phone_can_be_called(parts: list[tuple[int, int]]) -> None:
    values = [f"{first}{rest:09d}" for first, rest in parts]
    found = [m or "" for m in masked("phone", values)]
    assert len(set(found)) == len(values) and not set(found) & set(values)
    for mask in found:
        assert mask[3:6] == "555" or mask[1] == "9"
        assert mask[3:] != "5551212"


@pytest.mark.parametrize("length", [13, 15, 16, 19])
def test_cards_are_test_numbers_with_a_check_digit(length: int) -> None:
    values = [first + f"{n:0{length - 1}d}" for n, first in enumerate("345612")]
    found = [m or "" for m in masked("card", values)]
    assert all(luhn.is_valid(m) and len(m) == length for m in found)
    assert [m[:6] for m in found] == ["378282", "411111", "555555", "601111", "411111", "222300"]


@given(st.lists(st.integers(0, 999_999), unique=True, min_size=1, max_size=30))
def test_device_numbers_keep_model_network_and_checks(numbers: list[int]) -> None:
    imei = [m or "" for m in masked("imei", [f"35387923{n:06d}0" for n in numbers])]
    assert all(luhn.is_valid(m) and m.startswith("35387923") for m in imei)
    assert len(set(imei)) == len(numbers)
    imsi = [m or "" for m in masked("imsi", [f"310260{n:09d}" for n in numbers])]
    assert all(m.startswith("310260") and len(m) == 15 for m in imsi)
    iccid = [m or "" for m in masked("iccid", [f"8901260{n:012d}" for n in numbers])]
    assert all(luhn.is_valid(m) and m.startswith("8901260") for m in iccid)


def test_routing_numbers_vins_and_npis_pass_their_checks() -> None:
    assert rtn.is_valid(masked("routing", ["021000021"])[0] or "")
    vin = masked("vin", ["1M8GDM9AXKP042788"])[0] or ""
    row = np.frombuffer(vin.encode(), np.uint8)[None, :]
    assert chr(vin_sign(row)[0]) == vin[8] and vin[:8] == "1M8GDM9A"
    npi = np.frombuffer((masked("npi", ["1234567893"])[0] or "").encode(), np.uint8)[None, :]
    assert luhn_digit(npi[:, :-1], NPI_START)[0] == npi[0, -1]


@settings(max_examples=60)
@given(
    st.sampled_from(
        ["ssn", "phone", "card", "imei", "account_number", "drivers_licence", "email", "passport"]
    ),
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=24), max_size=12
    ),
)
def test_no_value_passes_through_malformed_or_not(name: str, values: list[str]) -> None:
    found = masked(name, values)
    for value, mask in zip(values, found, strict=True):
        normal = DOMAINS[name].normal(pa.array([value])).to_pylist()[0]
        if normal is not None and mask is not None:
            assert DOMAINS[name].normal(pa.array([mask])).to_pylist()[0] != normal
    normals = [n for n in DOMAINS[name].normal(pa.array(values, pa.string())).to_pylist() if n]
    if all(len(n) >= 4 for n in normals):
        made = [
            m
            for m, v in zip(
                found, DOMAINS[name].normal(pa.array(values, pa.string())).to_pylist(), strict=True
            )
            if v
        ]
        assert len({signs(m) if name != "email" else m for m in made}) == len(set(normals))


@given(st.sets(DIGITS, min_size=1, max_size=40))
def test_numbers_of_one_length_are_masked_one_for_one(values: set[str]) -> None:
    long = sorted(v for v in values if len(v) >= 6 and v[0] != "0")
    found = masked("account_number", long)
    assert len(set(found)) == len(long) and not set(found) & set(long)
    assert [len(m or "") for m in found] == [len(v) for v in long]


def test_a_full_domain_shares_nothing_and_says_what_coincides() -> None:
    domain = DOMAINS["account_number"]
    values = pa.array([str(n) for n in range(10, 100)])
    settled = allocate(domain, values)
    masks = masks_of(domain, settled, values).to_pylist()
    assert all(a != b for a, b in zip(masks, values.to_pylist(), strict=True))
    # Ninety numbers of two digits fill ninety places: every mask is somebody's original, and no two are the same.
    assert len(set(masks)) == 90 and settled.n_shared == 0
    assert len(settled.crowded) > 0


@pytest.mark.parametrize(
    ("first", "end"), [(1, 10), (1, 11), (1, 950), (1, 3001), (5, 12_000), (90_000, 101_000)]
)
def test_ids_counted_from_one_stay_apart_as_numbers(first: int, end: int) -> None:
    values = [str(n) for n in range(first, end)]
    masks = [int(m or 0) for m in masked("account_number", values)]
    assert len(set(masks)) == len(values)
    assert all(len(str(m)) == len(v) and str(m) != v for m, v in zip(masks, values, strict=True))


def test_order_and_batches_change_no_mask() -> None:
    domain = DOMAINS["phone"]
    values = [f"415{n:07d}" for n in range(2000, 5000)]
    one = allocate(domain, pa.array(values))
    two = allocate(domain, pa.array(values[::-1]))
    assert one.moved.tolist() == two.moved.tolist() and one.turns.tolist() == two.turns.tolist()


def test_another_key_gives_other_masks() -> None:
    other = DomainSet(b"o" * 32)["ssn"].draw(pa.array(["812345678"]), 0)
    assert other.to_pylist() != DOMAINS["ssn"].draw(pa.array(["812345678"]), 0).to_pylist()


def test_numbers_that_fit_a_column_of_32_bits_still_fit() -> None:
    values = [str(n) for n in range(2_147_480_000, 2_147_480_500)]
    assert all(int(m or 0) <= 2**31 - 1 for m in masked("account_number", values))


def test_mail_addresses_and_networks_are_nobodys() -> None:
    assert all(
        re.fullmatch(r"\S+@example\.(com|net|org)", m or "")
        for m in masked("email", ["a@b.example", "not mail"])
    )
    assert masked("ip", ["203.0.113.9"])[0].startswith("10.")  # type: ignore[union-attr]
    assert masked("ip", ["fe80::1"])[0].startswith("2001:db8:")  # type: ignore[union-attr]
    assert masked("mac", ["00:1a:2b:3c:4d:5e"])[0].startswith("02:")  # type: ignore[union-attr]


def test_which_domains_may_hold_no_original() -> None:
    assert all(
        is_unique(d) for d in ("ssn", "phone", "email", "account_number", "imei", "card", "mine")
    )
    assert not any(is_unique(d) for d in ("surname", "city", "zip", "last4", "cvv"))
