"""The laws of status and rank."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.controls.catalogue import rules
from amends.controls.measures.base import Finding, Measured
from amends.controls.measures.order import look
from amends.controls.review import (
    ACCEPTED,
    MET,
    NOT_MEASURED,
    NOT_MET,
    Gap,
    gap_row,
    priority,
    ranked,
    review,
    status_of,
)
from tests.controls.world import AT, finding, ground

NOBODY_LOOKED = Measured("exposed_services", None, why_not="add a scan")


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (finding(), NOT_MET),
        (finding(fails=False), MET),
        (finding(fails=False, measured=NOBODY_LOOKED), NOT_MEASURED),
        (finding(fails=True, measured=NOBODY_LOOKED), NOT_MEASURED),
        (
            finding(fails=False, measured=Measured("exposed_services", 0.0, None, ("K1",))),
            NOT_MEASURED,
        ),
        (finding(fails=False, measured=Measured("exposed_services", 0.0, AT, ())), NOT_MEASURED),
        (
            finding(fails=False, measured=Measured("exposed_services", 0.0, AT, ("K1",), "but")),
            NOT_MEASURED,
        ),
    ],
    ids=[
        "fails",
        "proved",
        "nobody looked",
        "nobody looked and fails",
        "no date",
        "no evidence",
        "a reason why not",
    ],
)
def test_only_dated_proof_is_met(found: Finding, status: str) -> None:
    assert status_of(found) == status


VALUES = st.one_of(st.none(), st.floats(0, 1e6))
FOUND = st.builds(
    lambda value, at, evidence, why_not, fails: finding(
        fails=fails, measured=Measured("exposed_services", value, AT if at else None, evidence, why_not)
    ),
    VALUES, st.booleans(), st.sampled_from([(), ("K1",)]), st.sampled_from(["", "add a scan"]), st.booleans(),
)  # fmt: skip


@given(FOUND)
def test_nothing_is_met_without_value_date_and_evidence(found: Finding) -> None:
    if status_of(found) == MET:
        m = found.measured
        assert m.value is not None
        assert m.at is not None
        assert m.evidence
        assert not m.why_not
        assert not found.fails


@given(st.integers(0, 10**8), st.booleans(), st.floats(0, 1), st.floats(0.01, 500), st.floats(1, 3))
def test_priority_grows_with_people_way_and_sureness_and_falls_with_effort(
    persons: int, on_path: bool, observed: float, effort: float, more: float
) -> None:
    here = priority(persons, on_path, observed, effort)
    assert priority(persons + 100, on_path, observed, effort) >= here
    assert priority(persons, True, observed, effort) >= here
    assert priority(persons, on_path, 1.0, effort) >= here
    assert priority(persons, on_path, observed, effort * more) <= here


def gap(number: int, persons: int, status: str, kind: str, **more: object) -> Gap:
    rule = replace(rules()[0], id=f"R{number:03d}", finding=kind)
    found = finding(kind, persons=persons, fails=status != MET, **more)
    return Gap(rule, found, status, None, 2.0, "Office", priority(persons, False, 1.0, 2.0))


GAPS = st.lists(
    st.tuples(
        st.integers(0, 1000), st.sampled_from([MET, NOT_MET, NOT_MEASURED, ACCEPTED]), st.sampled_from("abcdef")
    ),
    max_size=30,
).map(lambda rows: [gap(n, *row) for n, row in enumerate(rows)])  # fmt: skip


@given(GAPS, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_looking(gaps: list[Gap], chance: object) -> None:
    mixed = list(gaps)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert ranked(mixed) == ranked(gaps)


@given(GAPS)
def test_what_is_not_met_comes_first_by_priority_and_met_last(gaps: list[Gap]) -> None:
    order = ranked(gaps)
    assert sorted(order, key=lambda g: g.rule.id) == sorted(gaps, key=lambda g: g.rule.id)
    statuses = [g.status for g in order]
    wanted = [NOT_MET, NOT_MEASURED, ACCEPTED, MET]
    assert statuses == sorted(statuses, key=wanted.index)
    leads: list[Gap] = []
    known: set[str] = set()
    for g in (g for g in order if g.status == NOT_MET):
        if g.finding.kind in known:
            break
        known.add(g.finding.kind)
        leads.append(g)
    assert [g.priority for g in leads] == sorted((g.priority for g in leads), reverse=True)
    best = {
        k: max(g.priority for g in gaps if g.status == NOT_MET and g.finding.kind == k)
        for k in known
    }
    assert [g.priority for g in leads] == [best[g.finding.kind] for g in leads]


def test_a_second_safeguard_on_the_same_evidence_waits_for_the_first_of_all_other_evidence() -> (
    None
):
    order = ranked([gap(1, 900, NOT_MET, "a"), gap(2, 800, NOT_MET, "a"), gap(3, 5, NOT_MET, "b")])
    assert [g.rule.id for g in order] == ["R001", "R003", "R002"]


def test_what_failed_in_the_breach_and_is_closed_since_comes_before_what_is_not_measured() -> None:
    closed = gap(1, 0, MET, "a", failed_in_breach=True)
    order = ranked(
        [gap(2, 0, NOT_MEASURED, "b"), closed, gap(3, 0, MET, "c"), gap(4, 1, NOT_MET, "d")]
    )
    assert [g.rule.id for g in order] == ["R004", "R001", "R002", "R003"]


def test_an_empty_case_is_reviewed_and_nothing_passes(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {})
    gaps = review(here, look(here), {}, {}, {})
    assert len(gaps) == len(rules())
    assert {g.status for g in gaps if g.rule.id != "GOV-1"} == {NOT_MEASURED}
    for n, g in enumerate(gaps, 1):
        row = gap_row(g, n, frozenset())
        assert row["evidence"]
        assert row["owner"]
        assert row["measure_id"]
        assert str(row["why"]).startswith("NOT MEASURED: ") or g.rule.id == "GOV-1"


def accept(tmp_path: Path, until: date, name: str = "EXP-1") -> Gap:
    here = ground(tmp_path / "case", {})
    found = {**look(here), "exposed_device": finding()}
    return next(g for g in review(here, found, {name: until}, {}, {}) if g.rule.id == "EXP-1")


def test_an_accepted_gap_is_accepted_until_its_day_and_not_met_again_after_it(
    tmp_path: Path,
) -> None:
    here = ground(tmp_path / "today", {})
    assert accept(tmp_path / "a", here.today).status == ACCEPTED
    late = accept(tmp_path / "b", here.today - timedelta(days=1))
    assert (late.status, late.accepted_until) == (NOT_MET, here.today - timedelta(days=1))


def test_a_gap_can_be_accepted_by_its_own_id_and_what_is_not_measured_cannot(
    tmp_path: Path,
) -> None:
    here = ground(tmp_path / "today", {})
    known = accept(tmp_path / "a", here.today).gap_id
    assert accept(tmp_path / "b", here.today, known).status == ACCEPTED
    gaps = review(here, look(here), {"EXP-1": here.today}, {}, {})
    assert next(g for g in gaps if g.rule.id == "EXP-1").status == NOT_MEASURED


def test_the_case_may_say_its_own_efforts_and_owners(tmp_path: Path) -> None:
    here = ground(tmp_path / "case", {})
    found = {**look(here), "exposed_device": finding(persons=100)}
    own = next(
        g for g in review(here, found, {}, {"EXP-1": 5.0}, {"EXP-1": "NOC"}) if g.rule.id == "EXP-1"
    )
    assert (own.effort_days, own.owner, own.priority) == (5.0, "NOC", 20.0)
