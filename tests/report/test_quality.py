"""Samples are drawn by seed, and say what the answers bear, no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError
from amends.report import accuracy, quality
from amends.report.quality import Answer, Layer, Sample, allocate
from tests.notices.world import CA, fill, group, make_case, person


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """Return a case of 300 people, of whom 200 are told."""
    with make_case(tmp_path_factory.mktemp("quality") / "case") as made:
        people: list[dict[str, Any]] = [
            person(
                n,
                n_records=1 + n % 3,
                n_roster_records=0,
                confidence=1 if n % 3 == 0 else 0.9 + n % 2 / 10,
            )
            for n in range(300)
        ]
        groups = [
            group("GA", CA, ["ssn"]),
            group("GB", CA, ["name"], tell=False, notify="not_required"),
        ]
        fill(
            made,
            people,
            groups,
            {p["person_id"]: "GA" if n < 200 else "GB" for n, p in enumerate(people)},
        )
        yield made


def test_the_same_seed_draws_the_same_people_and_another_seed_others(case: Case) -> None:
    one, two, three = (quality.draw(case, "persons", 60, "Ann", seed=s) for s in ("7", "7", "8"))
    assert quality.units(case, one.sample_id) == quality.units(case, two.sample_id)
    assert quality.units(case, one.sample_id) != quality.units(case, three.sample_id)


def test_a_sample_looks_for_what_was_missed_as_well(case: Case) -> None:
    made = quality.draw(case, "persons", 60, "Ann", seed="1")
    assert {s.name: s.size for s in made.strata if not s.told} == {"not told": 100}
    assert sum(s.size for s in made.strata) == 300
    assert sum(s.n for s in made.strata if not s.told) == 20


def test_a_simple_sample_has_two_strata(case: Case) -> None:
    made = quality.draw(case, "persons", 30, "Ann", method="simple")
    assert [s.name for s in made.strata] == ["told: all", "not told"]
    assert made.seed  # a fresh one is kept


@pytest.mark.parametrize(
    ("of", "n", "method"),
    [
        ("persons", 0, "simple"),
        ("persons", 9999, "simple"),
        ("letters", 10, "simple"),
        ("persons", 10, "best"),
    ],
)
def test_a_sample_that_cannot_be_drawn_is_refused(case: Case, of: str, n: int, method: str) -> None:
    with pytest.raises(UsageError):
        quality.draw(case, of, n, "Ann", method=method)


def test_what_was_not_run_yet_gives_no_sample(case: Case) -> None:
    with pytest.raises(TableError):
        quality.draw(case, "columns", 10, "Ann")


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.tuples(st.booleans(), st.integers(0, 400)), min_size=1),
       st.integers(1, 600))  # fmt: skip
def test_no_stratum_gives_more_than_it_has_and_none_is_left_out(
    sizes: dict[str, tuple[bool, int]], n: int
) -> None:
    made = allocate(sizes, n)
    for name, (_, size) in sizes.items():
        assert 0 <= made[name] <= size
        if size and n > 2:
            assert made[name] > 0


def test_the_last_answer_of_a_reviewer_counts_and_can_be_taken_back(case: Case) -> None:
    made = quality.draw(case, "persons", 30, "Ann", seed="3")
    place = next(p for p, _, layer in quality.units(case, made.sample_id) if layer != "not told")
    for said in ("wrong", "right"):
        quality.answer(case, made.sample_id, place, said, "Ann")
    quality.answer(case, made.sample_id, place, "wrong", "Bob", "the SSN is a business's")
    assert [(a.by, a.answer) for a in quality.answers(case, made.sample_id)] == [
        ("Ann", "right"),
        ("Bob", "wrong"),
    ]
    assert accuracy.accuracy(case, made.sample_id).disagreed == 1
    quality.answer(case, made.sample_id, place, "undo", "Bob")
    assert [a.by for a in quality.answers(case, made.sample_id)] == ["Ann"]


def test_answers_that_make_no_sense_are_refused(case: Case) -> None:
    made = quality.draw(case, "persons", 30, "Ann", seed="4")
    untold = next(p for p, _, layer in quality.units(case, made.sample_id) if layer == "not told")
    for place, said in ((untold, "wrong"), (untold, "perhaps"), (9999, "right")):
        with pytest.raises(UsageError):
            quality.answer(case, made.sample_id, place, said, "Ann")


def _said(answers: dict[int, str], by: str = "Ann") -> list[Answer]:
    return [Answer(place, by, "", said, "") for place, said in answers.items()]


SAMPLE = Sample(
    "Q1", "", "Ann", "persons", "simple", "1", "R0001",
    (Layer("told: all", True, 10_000, 100), Layer("not told", False, 2_000, 50)),
)  # fmt: skip
PLACES = [(p, f"P{p}", "told: all" if p <= 100 else "not told") for p in range(1, 151)]


def test_the_rates_are_those_of_the_answers() -> None:
    said = {p: "right" for p in range(1, 151)} | {
        1: "wrong",
        2: "wrong",
        3: "missing",
        150: "missing",
    }
    found = accuracy.estimate(SAMPLE, PLACES, _said(said))
    assert found.false_notify.share == 0.02 and found.incomplete.share == 0.01
    assert found.missed_notify is not None and found.missed_notify.share == pytest.approx(
        40 / (40 + 9800)
    )
    assert found.missed_notify.low < 40 / 9840 < found.missed_notify.high
    assert found.precision.share == 0.98 and found.recall is not None
    assert found.recall.share == pytest.approx(1 - 40 / 9840)


def test_two_who_differ_count_as_the_worse_answer() -> None:
    said = [*_said(dict.fromkeys(range(1, 101), "right")), *_said({5: "wrong"}, "Bob")]
    found = accuracy.estimate(SAMPLE, PLACES, said)
    assert found.false_notify.hits == 1 and found.disagreed == 1
    assert found.reviewers == {"Ann": 100, "Bob": 1}


def test_nothing_looked_at_claims_nothing() -> None:
    found = accuracy.estimate(SAMPLE, PLACES, [])
    assert found.false_notify.share is None and (
        found.false_notify.low,
        found.false_notify.high,
    ) == (0, 1)
    assert found.missed_notify is not None and found.missed_notify.share is None
    assert found.as_json()["interval"] == "Clopper-Pearson"


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Four hundred samples by seed from a population whose truth is known."""
    import numpy as np

    rng = np.random.default_rng(11)
    truth = 0.03
    covered = 0
    for _ in range(400):
        wrong = rng.hypergeometric(300, 9_700, 100)
        said = {p: "wrong" if p <= wrong else "right" for p in range(1, 101)}
        found = accuracy.estimate(SAMPLE, PLACES, _said(said)).false_notify
        covered += found.low <= truth <= found.high
    assert covered / 400 >= 0.95
