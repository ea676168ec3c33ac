"""The narrative says what is proved without hedging, and what is not without certainty."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amends.timeline.narrative import Clock, listed, span_words, told, zone_named
from amends.timeline.statements import statements
from amends.timeline.taken import taken
from amends.timeline.taken_sources import Dates
from tests.timeline.taken_world import CONTAINED, KNOWN, READ, ROWS, World, intrusion, quiet


def _told(world: World, folder: Path, dates: Dates | None = None) -> list[dict[str, Any]]:
    with world.opened(folder) as (engine, sources):
        rows = taken(engine, sources, world.known, dates or Dates(world.contained_at))
        return statements(
            engine, sources, rows, world.known, dates or Dates(world.contained_at)
        ).to_pylist()


@pytest.fixture
def story(tmp_path: Path) -> list[dict[str, Any]]:
    world = intrusion()
    ids = [world.read(READ, "SELECT * FROM customers", ROWS)]
    world.hop(
        "collection",
        READ,
        "jump1",
        "crm",
        ids,
        account="svc_crm",
        how="query",
        technique="T1213.006",
    )
    return _told(world, tmp_path, Dates(CONTAINED, CONTAINED + timedelta(days=2)))


def _of(story: list[dict[str, Any]], question: str) -> str:
    return " ".join(s["sentence"] for s in story if question in s["question"])


def test_the_first_access_is_told_with_day_address_account_and_technique(
    story: list[dict[str, Any]],
) -> None:
    said = _of(story, "get in")
    for word in (
        "1 August 2026, 03:00 UTC",
        "198.51.100.77",
        "edge1",
        "Telnet",
        "admin",
        "T1078.001",
    ):
        assert word in said, said


def test_times_are_given_in_the_companys_own_zone_too(story: list[dict[str, Any]]) -> None:
    assert "(31 July, 20:00 PDT)" in _of(story, "get in")


def test_dwell_detection_and_exfiltration_have_their_lengths(story: list[dict[str, Any]]) -> None:
    said = _of(story, "How long")
    assert "dwell time is 8 days 21 hours" in said and "time to detect is 10 days 21 hours" in said
    assert "first data that left, 2 days 2 hours" in said


def test_what_was_read_names_rows_and_elements(story: list[dict[str, Any]]) -> None:
    said = _of(story, "What did they read")
    assert "50,000 rows of customers in crm" in said and "Social Security numbers" in said
    assert "did not read orders in crm" in said


def test_every_sentence_is_whole_and_has_its_standing(story: list[dict[str, Any]]) -> None:
    assert [s["position"] for s in story] == list(range(1, len(story) + 1))
    for one in story:
        assert one["standing"] in ("proved", "likely", "cannot be said")
        assert one["sentence"].endswith(".") and ".." not in one["sentence"], one["sentence"]
        assert "None" not in one["sentence"] and "  " not in one["sentence"]
        hedge = re.search(
            r"\b(likely that|may have|possibly|cannot be said|cannot be excluded)\b",
            one["sentence"],
        )
        assert (one["standing"] == "proved") == (hedge is None), one["sentence"]


def test_steps_are_backed_by_hops_and_lines(story: list[dict[str, Any]]) -> None:
    for one in story:
        if one["question"] in ("How did they get in, and when?", "How did they move?"):
            assert one["hop_ids"] and one["event_ids"]


def test_a_weak_step_is_told_as_likely_with_what_speaks_against_it(tmp_path: Path) -> None:
    world = intrusion()
    world.hops[1].update(confidence=0.6, against=["the account was on leave"])
    found = [
        s
        for s in _told(world, tmp_path)
        if "jump1" in s["sentence"] and s["question"] == "How did they move?"
    ]
    assert found[0]["standing"] == "likely" and found[0]["sentence"].startswith(
        "It is likely that on 1 August"
    )
    assert "the account was on leave" in found[0]["sentence"]


def test_without_a_chain_it_says_so(tmp_path: Path) -> None:
    made = _told(quiet(), tmp_path)
    assert made[0]["standing"] == "cannot be said" and "cannot be said how" in made[0]["sentence"]


def test_coming_back_after_idle_days_is_told(tmp_path: Path) -> None:
    world = intrusion()
    ids = [world.read(READ + timedelta(days=4), "SELECT * FROM customers LIMIT 5", 5, session="s4")]
    world.hop(
        "collection", READ + timedelta(days=4), "jump1", "crm", ids, account="svc_crm", how="query"
    )
    assert "3 days 19 hours without a step" in _of(_told(world, tmp_path), "come back")


def test_a_gap_that_matters_is_what_cannot_be_said(tmp_path: Path) -> None:
    world = intrusion()
    world.gap(
        "db1",
        "audit",
        reason="cleared",
        effect="Reads on that day cannot be counted.",
        event_ids=[3],
    )
    made = _told(world, tmp_path)
    assert "Reads on that day cannot be counted." in _of(made, "cannot be said")
    assert "was cleared" in _of(made, "tracks")


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("America/New_York", "(31 July, 23:00 EDT)"),
        ("+05:30", "(08:30 UTC+05:30)"),
        ("Nowhere/No", ""),
        ("../../etc/passwd", ""),
    ],
)
def test_a_zone_is_a_name_or_an_offset_or_nothing(zone: str, said: str) -> None:
    words = Clock(KNOWN, zone).words(datetime(2026, 8, 1, 3, 0, tzinfo=UTC))
    assert words.startswith("1 August 2026, 03:00 UTC") and words.endswith(said)


def test_words() -> None:
    assert span_words(59) == "less than a minute" and span_words(90_061) == "1 day 1 hour"
    assert listed(["a", "b", "a", "c"]) == "a, b and c" and listed([]) == ""
    assert told("likely", "On Monday x.") == "It is likely that on Monday x."
    assert zone_named("") is None
