"""Deadlines: which event starts a clock, and when it runs out.

The day after the event is day 1 and the last day counts; nothing rolls over a weekend, but the
calendar warns. Business days are Monday to Friday less US federal holidays. Hour clocks keep the
zone of their event; with only a day known they are counted in whole days from it.

Source: law data conventions (``examples.json``); federal holidays 5 U.S.C. 6103, in lieu days
Executive Order 11582.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from amends.duties.facts import Moment
from amends.duties.rules import Deadline

_STARTS: Mapping[str, tuple[str, ...]] = {
    "determination_breach_and_harm_likely": ("determination_harm_likely", "determination"),
    "determination_harm_likely": ("determination_breach_and_harm_likely", "determination"),
    "aware_and_scope_identified": ("scope_identified",),
    "confirmation_and_information_ascertainable": ("confirmation",),
    "discovery_of_circumstances_requiring_notice": ("discovery",),
    "reasonable_determination": ("determination",),
    "determination_notification_incident": ("determination",),
    "aware": ("awareness",),
    "reasonable_belief": ("reason_to_believe",),
    "individual_notice": ("individual_notice_sent",),
    "agency_notice": ("agency_notice_sent",),
    "payment": ("ransom_payment",),
}
"""Events that stand for the one a law names, best first."""

_EARLIEST: Mapping[str, tuple[str, ...]] = {
    "discovery_or_notification": ("discovery", "notification"),
    "determination_or_reason_to_believe": ("determination", "reason_to_believe"),
    "entity_learns": ("discovery", "awareness"),
}
"""Laws that name two events: the earlier one counts."""

_NO_STAND_IN = frozenset(
    [
        "individual_notice",
        "agency_notice",
        "payment",
        "materiality_determination",
        "facts_known",
        "regulator_request",
    ]
)
"""Events that have not happened while they are not recorded; nothing stands in for them."""

_KNOWING = ("detection", "discovery", "awareness", "notification", "confirmation", "determination")

_ORDERS: Mapping[str, str] = {
    "before_individual_notice": "before individuals",
    "same_time_as_individual_notice": "same time as individuals",
    "not_later_than_individual_notice": "not later than individuals",
    "without_delaying_individual_notice": "without delaying individuals",
}


@dataclass(frozen=True)
class Due:
    """When something is due, and how that was reached.

    Attributes:
        on: Last day; null when the law gives no number or the clock has not started.
        at: Last instant, for hour clocks whose event has a time.
        start: Event the law names.
        start_on: Day the clock started.
        rule: The rule in words.
        standard: The law's wording of speed, such as without_unreasonable_delay.
        order: Before, with or not later than the individuals; empty when free.
        remarks: What stands in for what, and what must be watched.
    """

    on: date | None
    at: datetime | None
    start: str
    start_on: date | None
    rule: str
    standard: str
    order: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class People:
    """When the individuals are told: the day it was done, and the last day for it."""

    sent_on: date | None = None
    by: date | None = None


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """Return the days on which US federal offices are closed, in lieu days included."""
    first = {
        date(year, 1, 1),
        date(year, 11, 11),
        date(year, 7, 4),
        date(year, 12, 25),
        _nth_monday(year, 1, 3),
        _nth_monday(year, 2, 3),
        _nth_monday(year, 9, 1),
        _nth_monday(year, 10, 2),
        _last_monday_of_may(year),
        _fourth_thursday_of_november(year),
        *([date(year, 6, 19)] if year >= 2021 else []),
        date(year + 1, 1, 1),  # its in lieu day may fall on 31 December
    }
    observed = {_in_lieu(day) for day in first} | first
    return frozenset(day for day in observed if day.year == year)


def _in_lieu(day: date) -> date:
    """Return the day off: Friday for a Saturday, Monday for a Sunday."""
    return day + timedelta(days={5: -1, 6: 1}.get(day.weekday(), 0))


def _nth_monday(year: int, month: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(7 - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def _fourth_thursday_of_november(year: int) -> date:
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)


def is_business_day(day: date) -> bool:
    """Say whether a day is Monday to Friday and no federal holiday."""
    return day.weekday() < 5 and day not in federal_holidays(day.year)


def add_days(start: date, n: int, day_type: str = "calendar") -> date:
    """Return the n-th calendar or business day after a day."""
    if day_type != "business":
        return start + timedelta(days=n)
    day = start
    while n:
        day += timedelta(days=1)
        n -= is_business_day(day)
    return day


def start_of(name: str, events: Mapping[str, Moment]) -> tuple[Moment | None, str]:
    """Return the event that starts a clock, and a remark when another one stands in for it.

    Where the event a law names is not known, the earliest event at which the entity knew something
    stands in: the deadline can then only be too early, never too late.
    """
    if name == "end_of_calendar_year_of_discovery":
        found, remark = start_of("discovery", events)
        return (Moment(date(found.on.year, 12, 31)) if found else None), remark
    if name in _EARLIEST:
        known = [events[e] for e in _EARLIEST[name] if e in events]
        if known:
            return min(known, key=lambda m: m.on), ""
    for event in (name, *_STARTS.get(name, ())):
        if event in events:
            same = event in (name, "individual_notice_sent", "agency_notice_sent", "ransom_payment")
            return events[event], "" if same else f"{event} stands for {name}"
    if name in _NO_STAND_IN:
        return None, f"the clock starts with {words(name)}, which is not recorded"
    guesses = [(events[e].on, e) for e in _KNOWING if e in events]
    if not guesses:
        return None, f"the event {name} is not known: record it"
    _, event = min(guesses)
    return events[event], f"{name} is not known: {event}, the earliest known, stands in for it"


def words(name: str) -> str:
    """Return an event or standard in words."""
    return name.replace("_", " ")


def rule_words(deadline: Deadline) -> str:
    """Return a deadline in words, such as "15 days after individual notice"."""
    if deadline.type == "earlier_of":
        return "the earlier of: " + "; ".join(rule_words(part) for part in deadline.of)
    if deadline.type in _ORDERS:
        most = f", at most {deadline.max_days} days" if deadline.max_days else ""
        after = f" after {words(deadline.start)}" if deadline.max_days else ""
        return _ORDERS[deadline.type] + most + after
    if deadline.type in ("days", "hours", "after"):
        unit = "hours" if deadline.type == "hours" else "days"
        kind = "business " if deadline.day_type == "business" and unit == "days" else ""
        head = "only after " if deadline.type == "after" else ""
        return f"{head}{deadline.n} {kind}{unit} after {words(deadline.start)}"
    return words(deadline.type)


def due(deadline: Deadline, events: Mapping[str, Moment], people: People | None = None) -> Due:
    """Return when something is due.

    Args:
        deadline: The law's rule.
        events: Dated case events.
        people: When the individuals are told, for rules that follow them.
    """
    told = people or People()
    if deadline.type == "earlier_of":
        return _earlier(deadline, events, told)
    if deadline.type in _ORDERS:
        return _ordered(deadline, events, told)
    rule, standard = rule_words(deadline), deadline.also
    if deadline.type not in ("days", "hours", "after"):
        return Due(None, None, deadline.start, None, rule, deadline.type, "", deadline.remarks)
    moment, remark = start_of(deadline.start, events)
    remarks = (*((remark,) if remark else ()), *deadline.remarks)
    if moment is None:
        return Due(None, None, deadline.start, None, rule, standard, "", remarks)
    if deadline.type == "hours":
        on, at = _hours(moment, deadline.n)
    else:
        on, at = add_days(moment.on, deadline.n, deadline.day_type), None
    return Due(on, at, deadline.start, moment.on, rule, standard, "", (*remarks, *warn(on)))


def _hours(moment: Moment, hours: int) -> tuple[date, datetime | None]:
    if moment.at is None:
        return moment.on + timedelta(days=hours // 24), None
    at = moment.at + timedelta(hours=hours)
    return at.date(), at


def _earlier(deadline: Deadline, events: Mapping[str, Moment], told: People) -> Due:
    parts = [due(part, events, told) for part in deadline.of]
    dated = [part for part in parts if part.on is not None]
    order = next((part.order for part in parts if part.order), "")
    if not dated:
        first = parts[0]
        return Due(None, None, first.start, None, rule_words(deadline), first.standard, order)
    best = min(dated, key=lambda part: part.on or date.max)
    return Due(
        best.on,
        best.at,
        best.start,
        best.start_on,
        rule_words(deadline),
        next((part.standard for part in parts if part.standard), ""),
        order,
        best.remarks,
    )


def _ordered(deadline: Deadline, events: Mapping[str, Moment], told: People) -> Due:
    """Return when an authority is told that follows, or precedes, the individuals."""
    days = [d for d in (told.sent_on or told.by,) if d]
    if deadline.max_days:
        moment, _ = start_of(deadline.start, events)
        days += [add_days(moment.on, deadline.max_days)] if moment else []
    on = min(days, default=None)
    return Due(
        on,
        None,
        "individual_notice",
        told.sent_on,
        rule_words(deadline),
        deadline.also or deadline.type,
        _ORDERS[deadline.type],
        (*deadline.remarks, *warn(on)),
    )


def warn(on: date | None) -> tuple[str, ...]:
    """Return a warning when a last day is no business day; it does not move."""
    if on is None or is_business_day(on):
        return ()
    kind = on.strftime("%A") if on.weekday() >= 5 else "federal holiday"
    return (f"{on} is a {kind}: the deadline does not move, plan for the business day before",)
