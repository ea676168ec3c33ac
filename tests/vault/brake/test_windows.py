"""Budgets of distinct persons: exact over any sliding span."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from amends.vault.brake.windows import DAY, HOUR, Budget, Windows

STEP = st.tuples(
    st.floats(0, 2 * HOUR), st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True)
)


@given(st.lists(STEP, max_size=80), st.integers(1, 4), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_no_span_ever_holds_more_persons_than_the_budget_and_no_call_is_refused_in_vain(
    steps: list[tuple[float, list[int]]], per_hour: int, more: int
) -> None:
    budget = Budget(per_hour, per_hour + more)
    windows, now = Windows(), 1e9
    answered: list[tuple[float, int]] = []
    for wait, persons in steps:
        now += wait
        over = windows.over("a", budget, persons, now)
        would = [*answered, *((now, person) for person in persons)]
        seen = {
            span: len({person for at, person in would if at > now - seconds})
            for span, seconds in (("hour", HOUR), ("day", DAY))
        }
        fits = seen["hour"] <= budget.per_hour and seen["day"] <= budget.per_day
        assert (over is None) == fits
        if over is None:
            windows.mark("a", persons, now)
            answered = would


def test_asking_again_costs_nothing_but_keeps_the_place() -> None:
    windows, budget = Windows(), Budget(1, 1)
    windows.mark("a", [7], 0.0)
    assert windows.over("a", budget, [7], DAY - 1) is None
    windows.mark("a", [7], DAY - 1)
    assert windows.over("a", budget, [8], DAY + 1) is not None
    assert windows.over("a", budget, [8], 2 * DAY) is None


def test_a_refusal_says_when_there_will_be_room() -> None:
    windows, budget = Windows(), Budget(2, 9)
    windows.mark("a", [1], 0.0)
    windows.mark("a", [2], 600.0)
    over = windows.over("a", budget, [3], 1200.0)
    assert over is not None and over.span == "hour"
    assert windows.over("a", budget, [3], 1200.0 + over.retry_seconds) is None
    assert over.retry_seconds == 2401


def test_more_persons_than_a_whole_budget_are_told_that_waiting_does_not_help() -> None:
    over = Windows().over("a", Budget(2, 9), [1, 2, 3], 0.0)
    assert over is not None and over.retry_seconds == 0


def test_windows_written_down_and_read_again_count_the_same() -> None:
    windows = Windows()
    windows.mark("a", [1, 2], 0.0)
    windows.mark("a", [3], HOUR)
    windows.mark("b", [1], HOUR * 2)
    again = Windows.from_json(windows.as_json(HOUR * 2))
    for scope in "ab":
        for at in (HOUR * 2, HOUR * 2.5, DAY + 1, DAY * 2):
            assert again.used(scope, at) == windows.used(scope, at)
