from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.persons import dates

SPELLINGS = {
    "1980-05-17": 19800517, "1980/05/17": 19800517, "19800517": 19800517, "05/17/1980": 19800517,
    "17.05.1980": 19800517, "5-17-80": 19800517, "17 May 1980": 19800517, "May 17, 1980": 19800517,
    "MAY 17TH 1980": 19800517, "17-MAYO-1980": 19800517, "1980-05-17T00:00:00": 19800517,
    "1980-05-17 00:00": 19800517, " 1980-05-17 ": 19800517, "05171980": 19800517, "1980-05-17'; --": 19800517,
    "": 0, "unknown": 0, "1980-13-40": 0, "1980-00-10": 0, "05/513/1958": 0, "0001-01-01": 0, "12": 0,
    "99/99/9999": 0, "9" * 300: 0,
}  # fmt: skip


@pytest.mark.parametrize(("text", "number"), SPELLINGS.items())
def test_a_date_is_read_in_many_spellings(text: str, number: int) -> None:
    assert dates.dates_of(pa.array([text, None])).tolist() == [number, 0]


@given(st.dates(date(1900, 1, 1), date(2030, 12, 31)))
def test_every_iso_date_is_read(day: date) -> None:
    expected = day.year * 10000 + day.month * 100 + day.day
    assert dates.dates_of(pa.array([day.isoformat()])).tolist() == [expected]
    assert dates.dates_of(pa.array([day], pa.date32())).tolist() == [expected]


@pytest.mark.parametrize(
    ("a", "b", "level"),
    [
        (19800517, 19800517, dates.EQUAL),
        (19800517, 19800571, dates.SLIP),
        (19800507, 19800705, dates.SLIP),
        (19800517, 19810517, dates.SLIP),
        (19800517, 19970517, dates.NEAR),
        (19800517, 19801203, dates.SAME_YEAR),
        (19800517, 19551203, dates.DIFFERENT),
        (19800517, 0, dates.MISSING),
        (0, 0, dates.MISSING),
    ],
)
def test_two_dates_agree_by_level(a: int, b: int, level: int) -> None:
    one, two = np.array([a], np.int32), np.array([b], np.int32)
    assert dates.compare_dates(one, two).tolist() == [level]
    assert dates.compare_dates(two, one).tolist() == [level]
