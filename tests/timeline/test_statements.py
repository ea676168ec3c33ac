"""The narrative says what is proved without hedging, and what is not without certainty."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from amends.kernel.register import CaseEvent
from amends.timeline.known import StoreTable
from amends.timeline.narrative import Clock, counted, listed, span_words, told, zone_named
from amends.timeline.spans import dates_of
from amends.timeline.statements import statements
from amends.timeline.taken import taken
from amends.timeline.taken_sources import Dates
from tests.timeline.taken_world import CONTAINED, FIRST, KNOWN, READ, ROWS, World, intrusion, quiet


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
    assert (
        "from crm on db1 as svc_crm by queries: 50,000 rows of customers" in said
        and "Social Security numbers" in said
    )
    assert "did not read orders in crm on db1" in said


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
    said = _of(made, "cannot be said")
    assert (
        "On db1 (crm) it cannot be said which statements were run" in said
        and "the log was cleared" in said
    )
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


def _entered(kind: str, at: str) -> CaseEvent:
    return CaseEvent(kind, at, "", "", "2026-08-20T00:00:00Z", "test")


@pytest.mark.parametrize(
    ("entered", "said"),
    [
        ({"breach_end": "2026-08-10"}, "as entered in the case (breach end), so the dwell time is 10 days."),
        ({"breach_end": "2026-08-10", "containment": "2026-08-12T06:00Z"}, "was shut out on 12 August 2026, 06:00 UTC"),
        ({"exfiltration_ended": "2026-08-04"}, "(exfiltration ended), so the dwell time is 4 days."),
        ({"containment": "2026-07-01"}, "one is wrong"),
        ({}, "the case holds no such date"),
    ],
)  # fmt: skip
def test_the_best_date_of_the_case_ends_the_dwell_time_and_is_named(
    tmp_path: Path, entered: dict[str, str], said: str
) -> None:
    dates = dates_of({k: _entered(k, at) for k, at in entered.items()})
    assert said in _of(_told(intrusion(), tmp_path, dates), "How long")


def test_a_discovery_known_by_the_day_is_told_by_the_day(tmp_path: Path) -> None:
    dates = dates_of({"discovery": _entered("discovery", "2026-08-17")})
    said = _of(_told(intrusion(), tmp_path, dates), "How long")
    assert "was discovered on 17 August 2026, so the time to detect is 17 days." in said


def test_a_way_gone_again_on_later_nights_is_told_once_with_its_days(tmp_path: Path) -> None:
    world = intrusion()
    for day in (1, 2, 4):
        hop = {**world.hops[1], "hop_id": f"Hagain{day}", "at": FIRST + timedelta(days=day)}
        world.hops.append({**hop, "to_at": hop["at"], "step": 20 + day})
    said = _of(_told(world, tmp_path), "How did they move")
    assert "did the same again" in said and "(2, 3 and 5 August 2026)" in said


def test_stores_that_share_a_reason_share_a_sentence(tmp_path: Path) -> None:
    world = intrusion()
    more = tuple(
        StoreTable(f"store{n}", "people", f"host{n}", ("name", "ssn"), 100 + n, "rows", 50.0)
        for n in range(1, 6)
    )
    world.known = replace(world.known, stores=(*world.known.stores, *more))
    read = [s["sentence"] for s in _told(world, tmp_path) if "did they read" in s["question"]]
    mine = [s for s in read if "store1" in s]
    assert len(mine) == 1 and all(f"store{n} on host{n}" in mine[0] for n in range(1, 6))
    assert mine[0].count("No log of reads exists") == 1


@pytest.mark.parametrize(
    ("count", "unit", "said"), [(1, "files", "1 file"), (1459, "rows", "1,459 rows"), (1, "persons", "1 person")]
)  # fmt: skip
def test_one_of_a_unit_is_in_the_singular(count: int, unit: str, said: str) -> None:
    assert counted(count, unit) == said


def test_words() -> None:
    assert span_words(59) == "less than a minute" and span_words(90_061) == "1 day 1 hour"
    assert listed(["a", "b", "a", "c"]) == "a, b and c" and listed([]) == ""
    assert told("likely", "On Monday x.") == "It is likely that on Monday x."
    assert zone_named("") is None
