"""Addresses of several countries, in sentences, labels and lines, and sentences that only look like one."""

from __future__ import annotations

import pytest

from amends.elements.text import find

FOUND = [
    ("She lives at Koskikatu 25, Oulu", ["Koskikatu 25"]),
    ("our office: Villacher Strasse 89", ["Villacher Strasse 89"]),
    ("write to 7 Rue de la Paix 12", ["7 Rue de la Paix 12"]),
    ("vive en Calle Luna 12.", ["Calle Luna 12"]),
    ("vive en Calle Luna 12, San Juan, PR 00926", ["Calle Luna 12, San Juan, PR 00926"]),
    ("Address: 12 Oak St, Apt 4\nSpringfield, IL 62704", ["12 Oak St, Apt 4\nSpringfield, IL 62704"]),
    ("ship to 400 N Lamar Blvd #12, Austin TX 78701 today", ["400 N Lamar Blvd #12, Austin TX 78701"]),
    ("my zip code is 62704", ["62704"]),
    ("Código postal: 28013", ["28013"]),
    ("postcode SW1A 1AA", ["SW1A 1AA"]),
    ("meet me at the corner of Oak Street and Main", ["the corner of Oak Street and Main"]),
    ("12 Rue Gambetta\nApt. 4\nLyon\nFrance 69001", ["12 Rue Gambetta", "Apt. 4", "69001"]),
    ("12 Oak Street\nApt 4\nSpringfield, IL 62704", ["12 Oak Street\nApt 4\nSpringfield, IL 62704"]),
]  # fmt: skip
QUIET = [
    "the backlog is at 4,431. Build 10.2.3.1 goes out",
    "The 2021 Annual Report Drive is due.",
    "3 of 5 Stars Court ruled",
    "Rue the day 12 of us met. Via email 12 times.",
    "Carretera 12 fue cerrada. La avenida fue renovada en 1999.",
    "ship to 3 addresses in 2 days, send to 4 people",
    "zip file 4431, zip 12345.zip, postal code: n/a",
    "Floor 3 plan, Building 7 code, Unit 4 of the course, suite of 12 tools",
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_finds_an_address_as_people_mark_it(text: str, expected: list[str]) -> None:
    assert [text[f.start : f.end] for f in find(text) if f.element == "address"] == expected


@pytest.mark.parametrize("text", QUIET)
def test_sentences_that_look_like_one_are_none(text: str) -> None:
    assert [text[f.start : f.end] for f in find(text) if f.element == "address"] == []
