from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.elements.shapes_cells import Cells
from amends.elements.shapes_dates import (
    NO_DATE,
    DateReader,
    DateReading,
    learn_reading,
    read_date,
    spread_of_years,
)

LATEST = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("1985-03-04", "mdy", date(1985, 3, 4)), ("03/04/1985", "mdy", date(1985, 3, 4)),
        ("03/04/1985", "dmy", date(1985, 4, 3)), ("25/03/1985", "mdy", date(1985, 3, 25)),
        ("3/4/85", "mdy", date(1985, 3, 4)), ("3/4/24", "mdy", date(2024, 3, 4)),
        ("3/4/30", "mdy", date(1930, 3, 4)), ("04.03.1985", "dmy", date(1985, 3, 4)),
        ("Mar 4, 1985", "mdy", date(1985, 3, 4)), ("4 de marzo de 1985", "mdy", date(1985, 3, 4)),
        ("04-MAR-85", "mdy", date(1985, 3, 4)), ("19850304", "mdy", date(1985, 3, 4)),
        ("03041985", "mdy", date(1985, 3, 4)), ("1985-03-04T00:00:00Z", "mdy", date(1985, 3, 4)),
        ("1985-03-04 10:11:12", "mdy", date(1985, 3, 4)), ("1985-02-30", "mdy", None),
        ("02/30/1985", "mdy", None), ("2085-01-01", "mdy", None), ("1701-01-01", "mdy", None),
        ("hello", "mdy", None), ("", "mdy", None), ("1/2/3/4", "mdy", None), ("9" * 50, "mdy", None),
    ],
)  # fmt: skip
def test_a_date_is_read_as_its_column_writes_it(
    text: str, order: str, expected: date | None
) -> None:
    assert read_date(text, DateReading(order), LATEST) == expected


def test_the_column_decides_what_could_be_either() -> None:
    cells = Cells(pa.array(["03/04/1985", "25/03/1985", "01/02/1990"]))
    reading = learn_reading(cells)
    assert reading.order == "dmy"
    days = DateReader(reading, LATEST).days(cells)
    assert date(1970, 1, 1) + timedelta(int(days[0])) == date(1985, 4, 3)


def test_spreadsheet_days_are_read_where_the_column_holds_them() -> None:
    cells = Cells(pa.array(["31110", "29221"]))
    reading = learn_reading(cells)
    days = DateReader(reading, LATEST).days(cells)
    assert date(1970, 1, 1) + timedelta(int(days[0])) == date(1985, 3, 4)


@given(st.lists(st.dates(date(1900, 1, 1), LATEST), min_size=1, max_size=20))
def test_what_is_written_is_read(days: list[date]) -> None:
    for form in ("%Y-%m-%d", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y"):
        cells = Cells(pa.array([day.strftime(form) for day in days]))
        read = DateReader(DateReading(), LATEST).days(cells)
        assert [date(1970, 1, 1) + timedelta(int(n)) for n in read] == days


def test_birth_years_spread_and_order_dates_do_not() -> None:
    births = Cells(pa.array([f"{1940 + 3 * n}-05-06" for n in range(20)]))
    orders = Cells(pa.array([f"2021-{n % 12 + 1:02d}-06" for n in range(20)]))
    reader = DateReader(DateReading(), LATEST)
    assert bool(spread_of_years(reader.days(births), LATEST))
    assert not bool(spread_of_years(reader.days(orders), LATEST))
    assert spread_of_years(reader.days(Cells(pa.array(["x"]))), LATEST) is None
    assert reader.days(Cells(pa.array([None], pa.string()))).tolist() == [NO_DATE]
