"""What becomes of a gap from one measurement to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.controls.history import measurement_id, with_states

JULY, AUGUST, SEPTEMBER = (datetime(2026, m, 1, tzinfo=UTC) for m in (7, 8, 9))


def row(
    gap: str = "Q1", status: str = "not_met", at: datetime | None = JULY, **more: Any
) -> dict[str, Any]:
    return {
        "gap_id": gap, "rule_id": gap, "status": status, "measure_id": "m", "value": 1.0 if at else None,
        "measured_at": at, "evidence": ["K1"], "closed_on": None, "failed_on": None, **more,
    }  # fmt: skip


def through(
    *measurements: Sequence[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    kept: list[dict[str, Any]] = []
    stated: list[dict[str, Any]] = []
    for gaps in measurements:
        stated, kept = with_states(gaps, kept)
    return stated, kept


def states(*statuses: str) -> str:
    """Return the last state of a gap that had these statuses, month by month."""
    months = [datetime(2026, m, 1, tzinfo=UTC) for m in range(1, len(statuses) + 1)]
    return str(
        through(*([row(status=s, at=a)] for s, a in zip(statuses, months, strict=True)))[0][0][
            "state"
        ]
    )


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        (("not_met",), "new"),
        (("not_measured",), "new"),
        (("met",), "closed"),
        (("not_met", "not_met"), "open"),
        (("not_measured", "not_met"), "open"),
        (("not_met", "met"), "closed"),
        (("not_met", "accepted"), "open"),
        (("met", "met"), "closed"),
        (("met", "not_met"), "reopened"),
        (("met", "not_measured"), "reopened"),
        (("not_met", "met", "not_met"), "reopened"),
        (("met", "not_met", "not_met"), "reopened"),
        (("met", "not_met", "met"), "closed"),
        (("met", "not_met", "not_measured", "not_met"), "reopened"),
    ],
)
def test_states_follow_the_statuses(statuses: tuple[str, ...], state: str) -> None:
    assert states(*statuses) == state


def test_the_same_measurement_again_changes_nothing() -> None:
    first, kept = with_states([row()], [])
    again, kept_again = with_states([row()], kept)
    assert (again, kept_again) == (first, kept)
    assert again[0]["state"] == "new"


def test_a_measurement_between_makes_new_open_and_that_stays() -> None:
    one, two = [row()], [row(at=AUGUST)]
    _, kept = through(one, two)
    stated, _ = with_states(two, kept)
    assert (stated[0]["state"], stated[0]["state_on"]) == ("open", date(2026, 7, 1))


def test_a_regress_reopens_with_the_day_of_the_evidence_that_shows_it() -> None:
    stated, _ = through([row(status="met", at=JULY)], [row(at=AUGUST)], [row(at=SEPTEMBER)])
    assert (stated[0]["state"], stated[0]["state_on"]) == ("reopened", date(2026, 8, 1))


def test_proof_closes_with_its_day() -> None:
    stated, _ = through([row()], [row(status="met", at=AUGUST, closed_on=date(2026, 7, 29))])
    assert (stated[0]["state"], stated[0]["state_on"]) == ("closed", date(2026, 7, 29))


def test_what_the_network_shows_reopened_is_reopened_at_first_sight() -> None:
    stated, _ = through([row(reopened_on=date(2026, 6, 30))])
    assert (stated[0]["state"], stated[0]["state_on"]) == ("reopened", date(2026, 6, 30))


def test_a_gap_that_one_measurement_does_not_name_keeps_what_it_was() -> None:
    stated, _ = through(
        [row("Q1"), row("Q2", "met")], [row("Q1", at=AUGUST)], [row("Q1"), row("Q2", at=SEPTEMBER)]
    )
    assert {g["gap_id"]: g["state"] for g in stated} == {"Q1": "open", "Q2": "reopened"}


def test_no_evidence_at_all_gives_no_day() -> None:
    stated, kept = through([row(status="not_measured", at=None, evidence=[])])
    assert (stated[0]["state"], stated[0]["state_on"], kept[0]["measured_on"]) == (
        "new",
        None,
        None,
    )


STATUS = st.sampled_from(["met", "not_met", "not_measured", "accepted"])
MEASUREMENTS = st.lists(
    st.dictionaries(
        st.sampled_from(["Q1", "Q2", "Q3"]), st.tuples(STATUS, st.integers(1, 9)), min_size=1
    ),
    max_size=6,
).map(
    lambda some: [
        [row(g, s, datetime(2026, m, 1, tzinfo=UTC)) for g, (s, m) in one.items()] for one in some
    ]
)


@given(MEASUREMENTS)
def test_any_story_told_twice_at_its_end_is_the_same_story(
    measurements: list[list[dict[str, Any]]],
) -> None:
    stated, kept = through(*measurements)
    if measurements:
        again, kept_again = with_states(measurements[-1], kept)
        assert (again, kept_again) == (stated, kept)


@given(MEASUREMENTS)
def test_met_is_closed_and_nothing_else_is(measurements: list[list[dict[str, Any]]]) -> None:
    stated, _ = through(*measurements)
    for gap in stated:
        assert (gap["state"] == "closed") == (gap["status"] == "met")


@given(st.permutations([row("Q1"), row("Q2", "met"), row("Q3", at=AUGUST)]))
def test_a_measurement_is_known_by_what_it_found_in_any_order(rows: list[dict[str, Any]]) -> None:
    assert measurement_id(rows) == measurement_id(sorted(rows, key=lambda r: str(r["gap_id"])))
