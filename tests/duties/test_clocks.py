"""Clocks: day 1 is the day after, nothing rolls, business days skip federal holidays."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.duties.clocks import (
    People,
    add_days,
    due,
    federal_holidays,
    is_business_day,
    rule_words,
)
from amends.duties.facts_reader import read_facts
from amends.duties.law_reader import read_deadline
from amends.duties.lawbook import shipped
from amends.duties.rules import Deadline

CONVENTIONS = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))[
    "conventions"
]


def moments(**events):
    return read_facts(
        {"events": events, "groups": [{"group": "a", "count": 0, "elements": []}]}
    ).events


def test_federal_holidays_are_those_of_an_independent_list():
    for year in range(2018, 2032):
        theirs = holidays.country_holidays("US", years=year, observed=True, categories=("public",))
        assert federal_holidays(year) == {d for d in theirs if d.year == year}, year


def test_the_holidays_of_the_worked_cases_are_known():
    given_days = [date.fromisoformat(d) for d in CONVENTIONS["holidays_2026"]]
    assert not any(is_business_day(d) for d in given_days)


@pytest.mark.parametrize(
    ("start", "n", "kind", "last"),
    [
        ("2026-03-02", 30, "calendar", "2026-04-01"),
        ("2026-05-20", 14, "business", "2026-06-10"),  # Memorial Day between
        ("2026-07-02", 1, "business", "2026-07-06"),  # 3 July observed
        ("2026-12-31", 1, "business", "2027-01-04"),
        ("2024-01-31", 30, "calendar", "2024-03-01"),  # leap year
        ("2021-12-30", 1, "business", "2022-01-03"),  # New Year observed on 31 December
        ("2026-06-19", 1, "business", "2026-06-22"),
    ],
)
def test_days_are_counted_from_the_day_after(start, n, kind, last):
    assert add_days(date.fromisoformat(start), n, kind) == date.fromisoformat(last)


@given(
    st.dates(date(2019, 1, 1), date(2030, 1, 1)),
    st.integers(1, 90),
    st.sampled_from(["calendar", "business"]),
)
def test_a_deadline_is_never_earlier_than_its_trigger_and_grows_with_its_days(start, n, kind):
    assert start < add_days(start, n, kind) < add_days(start, n + 1, kind)
    if kind == "business":
        assert is_business_day(add_days(start, n, kind))
        assert add_days(start, n, "calendar") <= add_days(start, n, kind)


@given(st.dates(date(2023, 1, 1), date(2028, 1, 1)), st.integers(0, 60))
def test_no_law_sets_a_last_day_before_the_event_it_runs_from(start, gap):
    events = moments(discovery=str(start), determination=str(start + timedelta(days=gap)))
    book = shipped()
    for jurisdiction in book.states:
        law = book.state(jurisdiction, start)
        rules = [law.deadline, *(r.deadline for r in law.regulators)]
        for found in (due(rule, events) for rule in rules):
            assert found.on is None or (found.start_on and found.on > found.start_on >= start)


def test_a_weekend_or_holiday_is_warned_of_and_not_moved():
    found = due(Deadline("days", 40, start="discovery"), moments(discovery="2026-03-02"))
    assert found.on == date(2026, 4, 11)
    assert "Saturday" in found.remarks[-1]
    found = due(Deadline("days", 115, start="discovery"), moments(discovery="2026-03-02"))
    assert found.on == date(2026, 6, 25)
    assert not found.remarks


def test_hour_clocks_keep_the_zone_of_their_event():
    found = due(
        Deadline("hours", 72, start="determination"),
        moments(determination="2026-08-17T22:30:00-07:00"),
    )
    assert found.at.isoformat() == "2026-08-20T22:30:00-07:00"
    assert found.on == date(2026, 8, 20)


def test_hour_clocks_with_only_a_day_run_from_its_beginning():
    found = due(Deadline("hours", 36, start="determination"), moments(determination="2026-08-17"))
    assert found.on == date(2026, 8, 18)


def test_an_unknown_start_is_stood_in_for_by_the_earliest_event_and_said():
    rule = Deadline("days", 30, start="aware_and_scope_identified")
    found = due(rule, moments(discovery="2026-03-02", determination="2026-03-20"))
    assert found.on == date(2026, 4, 1)
    assert "stands in" in found.remarks[0]
    found = due(rule, moments(discovery="2026-03-02", scope_identified="2026-03-20"))
    assert found.on == date(2026, 4, 19)


@pytest.mark.parametrize("start", ["individual_notice", "materiality_determination", "payment"])
def test_what_has_not_happened_starts_no_clock(start):
    found = due(Deadline("days", 4, start=start), moments(discovery="2026-03-02"))
    assert found.on is None
    assert "not recorded" in found.remarks[0]


def test_an_order_follows_the_people():
    rule = Deadline("same_time_as_individual_notice", max_days=60, start="discovery")
    events = moments(discovery="2026-03-02")
    assert due(rule, events).on == date(2026, 5, 1)
    assert due(rule, events, People(sent_on=date(2026, 3, 20))).on == date(2026, 3, 20)
    assert (
        due(Deadline("before_individual_notice"), events, People(by=date(2026, 4, 1))).order
        == "before individuals"
    )


def test_the_earlier_of_two_rules_counts():
    rule = read_deadline({"type": "earlier_of", "of": [
        {"type": "days", "n": 14, "day_type": "business", "from": "discovery"},
        {"type": "same_time_as_individual_notice"}]})  # fmt: skip
    events = moments(discovery="2026-05-20")
    assert due(rule, events).on == date(2026, 6, 10)
    assert due(rule, events, People(sent_on=date(2026, 6, 1))).on == date(2026, 6, 1)
    assert "earlier of" in rule_words(rule)
