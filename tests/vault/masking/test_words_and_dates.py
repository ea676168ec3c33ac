"""Names, addresses and dates."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.vault.masking.census import DomainSet
from amends.vault.masking.dates import MOST_DAYS, day_numbers, days_of, shift
from amends.vault.masking.pools import cities, is_female
from amends.vault.masking.words import CityDomain, mask_lines, mask_names

DOMAINS = DomainSet(b"k" * 32)
GIVEN, FAMILY = DOMAINS["given_name"], DOMAINS["surname"]
# Words that are also titles, suffixes and legal forms: "Ann Inc" may be a firm.
NOT_NAMES = {
    "MR",
    "MRS",
    "MS",
    "MISS",
    "DR",
    "PROF",
    "REV",
    "HON",
    "SIR",
    "JR",
    "SR",
    "II",
    "III",
    "IV",
    "MD",
    "PHD",
}
NOT_NAMES |= {
    "ESQ",
    "DDS",
    "RN",
    "CPA",
    "LLC",
    "INC",
    "CORP",
    "LTD",
    "LP",
    "LLP",
    "PLLC",
    "GROUP",
    "TRUST",
}
NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9).filter(
    lambda v: v.upper() not in NOT_NAMES
)


def names(*values: str | None, part: str = "full") -> list[str | None]:
    made: list[str | None] = mask_names(
        GIVEN, FAMILY, pa.array(values, pa.string()), part
    ).to_pylist()
    return made


@given(NAMES, NAMES)
def test_a_full_name_is_its_parts_masked(first: str, last: str) -> None:
    [one], [two] = names(first, part="first"), names(last, part="last")
    assert names(f"{first} {last}") == [f"{one} {two}"]
    assert names(f"{last.upper()}, {first.upper()}") == [f"{two}, {one}".upper()]
    assert one != first and two != last


def test_titles_suffixes_and_firms_stay_what_they_are() -> None:
    found = names(
        "Dr. Ann Lee", "Ann Lee, Jr.", "Juan de la Cruz", "Lee Tools LLC", None, "", "Ann"
    )
    assert [str(f).split()[0] for f in found[:1]] == ["Dr."]
    assert (
        str(found[1]).endswith(", Jr.")
        and " de la " in str(found[2])
        and str(found[3]).endswith(" LLC")
    )
    assert found[4] is None and "Lee" not in " ".join(f or "" for f in found)


@pytest.mark.parametrize(
    "value", ["Anh Le", "Anh Do", "Van Nguyen", "Al Co", "Le", "Anh Le Jr", "San, Al", "Dr. Le"]
)
def test_a_name_that_is_also_a_particle_or_a_title_does_not_stay(value: str) -> None:
    words = set(value.replace(",", "").replace(".", "").split()) - {"Jr", "Dr"}
    assert not words & set(str(names(value)[0]).replace(",", "").replace(".", "").split())


def test_given_names_keep_their_sex() -> None:
    women = pa.array(
        [n.upper() for n in names("Mary", "Linda", "Grace", "Nina", part="first") if n]
    )
    assert is_female(women).to_pylist() == [True] * 4


def test_an_address_on_one_line_is_its_columns_masked() -> None:
    street, code = DOMAINS["street"], DOMAINS["zip"]
    city = DOMAINS["city"]
    assert isinstance(city, CityDomain)
    lines = pa.array(["12 Birch Street, Reno, NV 89501", "12 BIRCH ST"])
    whole, alone = mask_lines(street, city, code, lines).to_pylist()
    assert whole.endswith(", NV 89500") and whole.split(",")[0].upper() == alone
    known = cities()[0]
    assert whole.split(", ")[1] in {"Las Vegas", "Henderson"}, known


@pytest.mark.parametrize(
    ("value", "mask"),
    [
        ("94110", "94100"),
        ("94110-1234", "94100"),
        ("2139", "2100"),
        ("03601", "00000"),
        ("K1A 0B1", "K00"),
    ],
)
def test_zip_codes_keep_three_digits_where_enough_people_live(value: str, mask: str) -> None:
    domain, given_value = DOMAINS["zip"], pa.array([value])
    normals = domain.normal(given_value)
    assert domain.write(given_value, normals, domain.draw(normals, 0)).to_pylist() == [mask]


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ("2020-02-28", "2020-02-29"), ("2019-02-28", "2019-03-01"), ("12/31/1999", "01/01/2000"),
        ("19991231", "20000101"), ("Mar 3, 1980", "Mar 4, 1980"), ("3-MAR-80", "4-MAR-80"),
        ("2020-01-01T10:11:12Z", "2020-01-02T10:11:12Z"), ("2019-02-29", None), ("soon", None), (None, None),
        ("0000-00-00", "0000-00-00"), ("9999-12-31", "9999-12-31"),
    ],
)  # fmt: skip
def test_a_date_moves_and_is_written_as_it_was(value: str | None, after: str | None) -> None:
    assert shift(pa.array([value], pa.string()), np.ones(1, np.int64)).to_pylist() == [after]


def test_the_day_may_stand_first() -> None:
    assert shift(pa.array(["30/01/2020"]), np.ones(1, np.int64), day_first=True).to_pylist() == [
        "31/01/2020"
    ]


DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@given(st.lists(DAYS, min_size=2, max_size=6), st.integers(-MOST_DAYS, MOST_DAYS))
def test_order_and_distance_of_a_persons_dates_stay(days: list[date], by: int) -> None:
    values = pa.array([d.isoformat() for d in days])
    moved = [date.fromisoformat(v) for v in shift(values, np.full(len(days), by)).to_pylist()]
    assert moved == [d + timedelta(by) for d in days]
    found, known = day_numbers(values)
    assert known.all() and found.tolist() == [(d - date(1970, 1, 1)).days for d in days]


def test_a_shift_is_never_zero_and_at_most_half_a_year() -> None:
    days = days_of(np.arange(10_000, dtype=np.uint64))
    assert set(np.abs(days).tolist()) == set(range(1, MOST_DAYS + 1))
