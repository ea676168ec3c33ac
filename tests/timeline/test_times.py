# ruff: noqa: E501  (a case of a table reads best on one line)
"""Wall clocks to UTC: stamps in many hands, zones with their changes, years that nobody wrote."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.timeline.parsers.base import NO_TIME
from amends.timeline.stamps import read_epochs, read_stamps
from amends.timeline.zones import is_zone, to_utc
from tests.timeline.logs import origin, read

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    return (datetime.fromisoformat(text + "+00:00") - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("stamp", "wall", "utc", "yearless"),
    [
        ("Aug  4 02:11:09", "2000-08-04 02:11:09", False, True),
        ("Aug 04 02:11:09.123", "2000-08-04 02:11:09.123", False, True),
        ("Feb 29 02:11:09", "2000-02-29 02:11:09", False, True),
        ("Aug  4 02:11:09.123 EDT", "2000-08-04 06:11:09.123", True, True),
        ("2026 Aug  4 02:11:09.123 EDT", "2026-08-04 06:11:09.123", True, False),
        ("Aug  4 2026 02:11:09", "2026-08-04 02:11:09", False, False),
        ("Sun Dec 04 04:47:44 2005", "2005-12-04 04:47:44", False, False),
        ("Sun Dec  4 04:47:44.123456 2005", "2005-12-04 04:47:44.123456", False, False),
        ("04/Aug/2026:02:11:09 +0200", "2026-08-04 00:11:09", True, False),
        ("04-Aug-2026 02:11:09.5", "2026-08-04 02:11:09.5", False, False),
        ("2026-08-04T02:11:09Z", "2026-08-04 02:11:09", True, False),
        ("2026-08-04T02:11:09.123456-05:00", "2026-08-04 07:11:09.123456", True, False),
        ("2026-08-04 02:11:09,123", "2026-08-04 02:11:09.123", False, False),
        ("2026-08-04 02:11:09 UTC", "2026-08-04 02:11:09", True, False),
        ("2026/08/04 02:11:09", "2026-08-04 02:11:09", False, False),
        ("20260804T021109Z", "2026-08-04 02:11:09", True, False),
        ("8/4/2026 02:11:09", "2026-08-04 02:11:09", False, False),
        ("1785809469", "2026-08-04 02:11:09", True, False),
        ("1785809469.123456", "2026-08-04 02:11:09.123456", True, False),
        ("1785809469123", "2026-08-04 02:11:09.123", True, False),
    ],
)
def test_a_stamp_is_read_in_the_manner_it_was_written(
    stamp: str, wall: str, utc: bool, yearless: bool
) -> None:
    times = read_stamps(pa.array([stamp, None, "nonsense"]))
    assert times.wall.tolist() == [micros(wall), NO_TIME, NO_TIME]
    assert (bool(times.utc[0]), bool(times.yearless[0])) == (utc, yearless)
    assert times.raw.to_pylist()[0] == stamp


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "Aug 32 02:11:09",
        "Foo  4 02:11:09",
        "Aug  4 25:11:09",
        "2026-02-30T00:00:00",
        "2026-13-01 00:00:00",
        "Aug  4 02:61:09",
        "12345",
        "1" * 25,
    ],
)
def test_what_is_no_time_has_none(stamp: str) -> None:
    assert read_stamps(pa.array([stamp])).wall.tolist() == [NO_TIME]


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))
@settings(deadline=None, max_examples=100)
def test_what_is_written_is_read_back(at: datetime) -> None:
    wanted = (at.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert read_stamps(pa.array([at.isoformat(timespec="microseconds")])).wall.tolist() == [wanted]
    text = f"{(at.replace(tzinfo=UTC) - EPOCH) // timedelta(seconds=1)}.{at.microsecond:06d}"
    if len(text) >= 16:
        assert read_epochs(pa.array([text])).wall.tolist() == [wanted]


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(
        ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]
    ),
)
@settings(deadline=None, max_examples=200)
def test_a_zone_says_what_the_database_says(wall: datetime, zone: str) -> None:
    naive = (wall.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    at, doubtful = to_utc(np.array([naive]), zone)
    first = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    second = wall.replace(tzinfo=ZoneInfo(zone), fold=1)
    assert bool(doubtful[0]) == (first.utcoffset() != second.utcoffset())
    if not doubtful[0]:
        assert int(at[0]) == (first.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def test_an_hour_that_comes_twice_is_told_apart_by_the_order_of_lines() -> None:
    body = "".join(
        f"Nov  1 {t} h a: x\n"
        for t in ("00:59:00", "01:10:00", "01:50:00", "01:05:00", "01:40:00", "02:00:00")
    )
    _, rows = read(body, origin(zone="America/New_York", as_of=date(2026, 12, 1)))
    assert [f"{r['at']:%H:%M}" for r in rows] == [
        "04:59",
        "05:10",
        "05:50",
        "06:05",
        "06:40",
        "07:00",
    ]
    assert [r["error_ms"] for r in rows] == [1000, *[3_601_000] * 4, 1000]
    assert {r["zone_rule"] for r in rows} == {"hosts"}


def test_an_hour_that_never_comes_is_moved_on_with_its_doubt() -> None:
    _, rows = read(
        "Mar  8 02:30:00 h a: x\n", origin(zone="America/New_York", as_of=date(2026, 12, 1))
    )
    assert rows[0]["at"] == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert rows[0]["error_ms"] == 3_601_000


@pytest.mark.parametrize(
    ("zone", "hour", "rule"),
    [
        ("", 2, "assumed"),
        ("UTC", 2, "hosts"),
        ("-05:00", 7, "hosts"),
        ("UTC+2", 0, "hosts"),
        ("nowhere", 2, "assumed"),
    ],
)
def test_the_zone_rule_says_where_the_zone_comes_from(zone: str, hour: int, rule: str) -> None:
    _, rows = read("Aug  4 02:11:09 h a: x\n", origin(zone=zone))
    assert (rows[0]["at"].hour, rows[0]["zone_rule"]) == (hour, rule)


@pytest.mark.parametrize(
    ("stamps", "as_of", "wanted"),
    [
        (["Aug  4 02:11:09"], date(2026, 9, 1), ["2026-08-04"]),
        (["Aug  4 02:11:09"], date(2026, 8, 3), ["2026-08-04"]),
        (["Aug  4 02:11:09"], date(2026, 8, 2), ["2025-08-04"]),
        (["Dec 30 23:00:00", "Jan  2 01:00:00"], date(2026, 2, 1), ["2025-12-30", "2026-01-02"]),
        (["Dec 30 23:00:00", "Jan  2 01:00:00", "Dec 31 23:59:59", "Jan  2 02:00:00"], date(2026, 2, 1), ["2025-12-30", "2026-01-02", "2025-12-31", "2026-01-02"]),
        (["Jun  1 00:00:00", "Jan  2 00:00:00", "Jun  1 00:00:00", "Jan  2 00:00:00"], date(2026, 2, 1), ["2024-06-01", "2025-01-02", "2025-06-01", "2026-01-02"]),
        (["Jan  5 00:00:00", "Nov  1 00:00:00", "Jan  6 00:00:00"], date(2026, 2, 1), ["2026-01-05", "2025-11-01", "2026-01-06"]),
        (["Feb 29 00:00:00", "Mar  1 00:00:00"], date(2024, 4, 1), ["2024-02-29", "2024-03-01"]),
    ],
)  # fmt: skip
def test_years_come_from_the_order_of_lines_and_the_day_it_was_taken(
    stamps: list[str], as_of: date, wanted: list[str]
) -> None:
    _, rows = read("".join(f"{s} h a: x\n" for s in stamps), origin(as_of=as_of))
    assert [f"{r['at']:%Y-%m-%d}" for r in rows] == wanted


def test_names_of_zones_are_read_and_others_are_not() -> None:
    assert all(is_zone(z) for z in ("America/New_York", "EST", "+05:30", "UTC-5", "Z"))
    assert not any(is_zone(z) for z in ("", "local", "../etc/passwd", "America", "25:00"))
