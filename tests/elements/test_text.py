"""Texts as they come: places, hostile bytes, blocks, look-alikes."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.elements.text import find
from amends.elements.text_blocks import absolute, find_in_blocks
from amends.elements.text_normal import read_date, read_phone
from amends.elements.text_parts import address_parts, name_parts
from amends.elements.text_shadow import shadow_of
from amends.kernel.contents import Block

NOTE = "Cust Dolores Whitaker called. SSN 518-22-1929, card 4556 7375 8689 9855, reach her at 206-555-2345.\n\n"


def test_places_are_those_of_the_text_whatever_stands_before() -> None:
    for before in ("", "é" * 9, "\U0001f600 ", "文字 "):
        text = before + NOTE
        (ssn,) = [f for f in find(text) if f.element == "ssn"]
        assert text[ssn.start : ssn.end] == "518-22-1929"


@given(st.text(max_size=300))
@settings(deadline=None, max_examples=60)
def test_any_text_gives_findings_in_order_without_overlap(text: str) -> None:
    found = find(text)
    for one, other in itertools.pairwise(found):
        assert one.end <= other.start
    assert all(0 <= f.start < f.end <= len(text) and 0 < f.confidence <= 1 for f in found)


@given(st.text(max_size=200))
def test_a_shadow_is_as_long_as_its_text(text: str) -> None:
    shadow = shadow_of(text)
    assert len(shadow.text) == len(shadow.shapes) == len(shadow.words) == len(text)


@pytest.mark.parametrize(
    "piece",
    ["1", "a@", "ssn: ", "12 a b c d ", "A B ", "1 2 3 4 ", "\n", "$2b$", "((((", "password "],
)
def test_hostile_texts_end_soon(piece: str) -> None:
    began = time.monotonic()
    find(piece * (100_000 // len(piece)))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("size", [700, 1501, 4096])
def test_blocks_give_what_the_whole_text_gives(size: int) -> None:
    text = "".join(NOTE.replace("1929", f"{n + 1000}") for n in range(60))
    whole = [(f.start, f.end, f.element) for f in find(text)]
    blocks = [Block(at, text[at : at + size]) for at in range(0, len(text), size)]
    assert [
        (f.start, f.end, f.element) for w in find_in_blocks(blocks) for f in absolute(w)
    ] == whole


def test_ordinary_mail_stays_quiet() -> None:
    mail = (
        "Hi all, the build 10.2.3.1 of Monday fixes ticket 4821-33. Order 518-22-1929 has shipped, tracking "
        "1Z999AA10123456784.\n"
        "See commit 9fceb02d0ae598e95dc970b74767f19372d61af8 and section 3.1.4. Lot 512345678, invoice "
        "4556737586899855.\n"
    )
    assert [f.element for f in find(mail, names=False)] == []


def test_a_malformed_identifier_is_kept_as_possible() -> None:
    (one,) = find("SSN: 666-22-1929")
    assert (one.element, one.validity.value) == ("ssn", "malformed")


def test_evidence_says_why() -> None:
    (one,) = find("SSN: 518-22-1929")
    assert one.evidence == ("label: ssn", "shape", "issue rules")


DATES = [("04/05/1980", "1980-04-05"), ("1980-04-05", "1980-04-05"), ("May 3rd, 1980", "1980-05-03"),
("3 mayo 1980", "1980-05-03"),
         ("25/12/80", "1980-12-25"), ("19800405", "1980-04-05"), ("31/31/1980", "None"), ("", "None")]  # fmt: skip


@pytest.mark.parametrize(("value", "day"), DATES)
def test_reads_dates(value: str, day: str) -> None:
    assert str(read_date(value)) == day


def test_reads_phones_names_and_addresses() -> None:
    assert read_phone("+1 (206) 555-2345 x12") == "2065552345"
    assert read_phone("+44 20 7946 0958") == "+442079460958"
    assert name_parts("O'Brien, Mary Ann").last == "O'Brien"
    assert name_parts("Juan de la Cruz Jr.").last == "de la Cruz"
    parts = address_parts("12 Oak St, Apt 4\nSpringfield, Illinois 62704-1234")
    assert (parts.street, parts.city, parts.state, parts.zip) == (
        "12 Oak St, Apt 4",
        "Springfield",
        "IL",
        "62704-1234",
    )
