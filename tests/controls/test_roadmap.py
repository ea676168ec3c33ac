"""The roadmap: every gap has its work, in an order in which it can be done, with targets that get there."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.controls.catalogue import HORIZONS, measure_kinds
from amends.controls.history import with_states
from amends.controls.measures.base import Measured
from amends.controls.measures.order import look
from amends.controls.review import gap_row, review
from amends.controls.roadmap import item_id, roadmap, targets
from tests.controls.world import AT, finding, ground

BEGIN = date(2026, 8, 17)


def gaps(tmp_path: Path, **kinds: object) -> list[dict[str, object]]:
    here = ground(tmp_path / "case", {})
    found = {**look(here), **kinds}
    rows = [gap_row(g, n, frozenset()) for n, g in enumerate(review(here, found, {}, {}, {}), 1)]  # type: ignore[arg-type]
    return with_states(rows, [])[0]


def test_every_gap_that_is_not_met_or_not_measured_has_an_item(tmp_path: Path) -> None:
    rows = gaps(tmp_path, exposed_device=finding())
    planned = {g for item in roadmap(rows, BEGIN) for g in item["gap_ids"]}  # type: ignore[attr-defined]
    assert planned == {g["gap_id"] for g in rows if g["status"] != "met"}


def test_each_item_comes_after_what_it_rests_on_and_horizons_never_go_back(tmp_path: Path) -> None:
    items = roadmap(gaps(tmp_path, exposed_device=finding()), BEGIN)
    place = {i["item_id"]: i["rank"] for i in items}
    for item in items:
        horizon = HORIZONS.index(str(item["horizon"]))
        for before in item["after"]:  # type: ignore[attr-defined]
            other = next(i for i in items if i["item_id"] == before)
            if HORIZONS.index(str(other["horizon"])) <= horizon:
                assert place[before] < place[item["item_id"]]
    assert [i["rank"] for i in items] == list(range(1, len(items) + 1))


def test_what_is_only_unmeasured_is_measured_within_the_quarter(tmp_path: Path) -> None:
    items = {i["item_id"]: i for i in roadmap(gaps(tmp_path), BEGIN)}
    segment = items[item_id("segment")]
    assert str(segment["title"]).startswith("Measure: ")
    assert (segment["horizon"], segment["due_on"]) == ("90_days", date(2026, 11, 15))
    assert segment["targets"]["2026-Q3"] == "measured"  # type: ignore[index]


def test_work_that_is_proved_done_is_closed_and_comes_last(tmp_path: Path) -> None:
    done = finding(
        "known_holes", fails=False, persons=0, measured=Measured("known_holes", 0.0, AT, ("K1",)),
        failed_in_breach=True, failed_on=date(2026, 7, 31), closed_on=date(2026, 8, 22),
    )  # fmt: skip
    items = roadmap(gaps(tmp_path, known_holes=done), BEGIN)
    assert items[-1]["item_id"] == item_id("patch")
    assert (items[-1]["state"], items[-1]["state_on"]) == ("closed", date(2026, 8, 22))
    assert items[-1]["effort_days"] == 0.0


def test_nothing_that_never_failed_is_on_the_roadmap(tmp_path: Path) -> None:
    right = finding(
        "known_holes", fails=False, persons=0, measured=Measured("known_holes", 0.0, AT, ("K1",))
    )
    assert item_id("patch") not in {
        i["item_id"] for i in roadmap(gaps(tmp_path, known_holes=right), BEGIN)
    }


@pytest.mark.parametrize(
    ("measure", "value", "wanted"),
    [
        ("signins_without_second_factor", 1.0, {"2026-Q3": "0.50", "2026-Q4": "0.10", "2027-Q1": "0.00"}),
        ("identifiers_secured", 0.0, {"2026-Q3": "0.10", "2026-Q4": "0.30", "2027-Q1": "0.60", "2027-Q2": "1.00"}),
        ("exposed_services", 3.0, {"2026-Q3": "0"}),
        ("exposed_services", 0.0, {"2026-Q3": "0"}),
        ("canaries", None, {"2026-Q3": "measured", "2027-Q1": "10"}),
    ],
)  # fmt: skip
def test_targets_run_from_todays_value_to_where_it_should_be(
    measure: str, value: float | None, wanted: dict[str, str]
) -> None:
    assert targets(measure_kinds()[measure], value, BEGIN) == wanted


@given(
    st.sampled_from(sorted(measure_kinds())),
    st.floats(0, 1e7),
    st.dates(date(2020, 1, 1), date(2090, 1, 1)),
)
def test_targets_never_turn_back_and_end_where_they_should(
    measure: str, value: float, begin: date
) -> None:
    kind = measure_kinds()[measure]
    if kind.unit == "share":
        value = min(value, 1.0)
    made = targets(kind, value, begin)
    assert list(made) == sorted(made)
    steps = [float(v) for v in made.values()]
    assert steps == sorted(steps, reverse=kind.better == "lower")
    assert kind.is_reached(steps[-1])


def test_without_any_day_nothing_is_due(tmp_path: Path) -> None:
    assert {i["due_on"] for i in roadmap(gaps(tmp_path), None)} == {None}
