# ruff: noqa: E501  (a case of a table reads best on one line)
"""Times by arithmetic on bytes: the same as by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.timeline.parsers import moments
from amends.timeline.parsers.base import NO_TIME

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)),
            st.integers(-12 * 60, 14 * 60),
            st.sampled_from("T "),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_iso_times_are_those_of_the_calendar(cases: list[tuple[datetime, int, str]]) -> None:
    at = [d.replace(tzinfo=timezone(timedelta(minutes=m))) for d, m, _ in cases]
    wall, utc = moments.iso(
        pa.array([d.isoformat(sep=s) for d, (_, _, s) in zip(at, cases, strict=True)])
    )
    assert utc.all()
    assert wall.tolist() == [_micros(d) for d in at]


@pytest.mark.parametrize(("text", "utc"), [
    ("2024-05-06 07:08:09.123 UTC", True), ("2024/05/06T07:08:09", False), ("2024-05-06 07:08:09,5", False),
    ("2024-05-06T07:08:09.123456789Z", True), ("2024-05-06 07:08:09 QQT", False), ("2024-05-06 07:08:09 +0000 x", True),
])  # fmt: skip
def test_ways_to_write_a_time(text: str, utc: bool) -> None:
    wall, known = moments.iso(pa.array([text]))
    assert wall[0] // 1_000_000 == _micros(datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)) // 1_000_000
    assert bool(known[0]) is utc


@pytest.mark.parametrize("text", [
    "", None, "x", "2024-02-30 07:08:09", "2023-02-29 07:08:09", "2024-13-01 07:08:09", "2024-05-06 24:08:09", "2024-05-06", "2024-05-06 07:08",
    "20a4-05-06 07:08:09", "1601-01-01T00:00:00Z", "9999-99-99 99:99:99",
])  # fmt: skip
def test_what_is_no_time(text: str | None) -> None:
    assert moments.iso(pa.array([text], pa.string()))[0].tolist() == [NO_TIME]


def test_web_stamps_and_seconds() -> None:
    wall, utc = moments.web(
        pa.array(
            [
                "10/Oct/2000:13:55:36 -0700",
                "10/Foo/2000:13:55:36 -0700",
                "31/Jun/2000:13:55:36 -0700",
            ]
        )
    )
    assert wall.tolist() == [
        _micros(datetime(2000, 10, 10, 20, 55, 36, tzinfo=UTC)),
        NO_TIME,
        NO_TIME,
    ]
    assert utc.tolist() == [True, False, False]
    found = moments.epoch(
        pa.array(
            [
                "1700000000.123456",
                "1700000000",
                "1700000000123",
                "1700000000123456",
                "17",
                "x",
                None,
            ]
        )
    )
    whole = 1_700_000_000_000_000
    assert found.tolist() == [
        whole + 123456,
        whole,
        whole + 123000,
        whole + 123456,
        NO_TIME,
        NO_TIME,
        NO_TIME,
    ]
