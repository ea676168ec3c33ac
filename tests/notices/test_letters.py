"""Letters as PDF: safe against any name, the same bytes each time, read back and compared with the plan."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.notices.compose import Letter
from amends.notices.facts import Recipient
from amends.notices.letters import Piece, set_letters
from amends.notices.readback import Expected, compare, read_pieces
from tests.notices.letters_world import CA, FACTS, MA, letter, recipient

TEXTS: dict[str, Letter] = {
    "V1": letter(CA, ("name", "ssn")),
    "V2": letter(MA, ("name", "ssn", "drivers_licence"), "es", "guardian"),
    "V3": letter(CA, ("name", "email", "phone"), audience="business"),
}
ELEMENTS = {
    "V1": ("name", "ssn"),
    "V2": ("name", "ssn", "drivers_licence"),
    "V3": ("name", "email", "phone"),
}
SENDER = ("100 Main Street, Austin, TX 78701", "1-888-555-0100")
HEAD = (FACTS.entity, " · ".join(SENDER))


def pdf_of(pieces: list[Piece]) -> bytes:
    return set_letters(pieces, TEXTS, FACTS.entity, SENDER)


def expected(pieces: list[Piece]) -> list[Expected]:
    return [Expected(p, ELEMENTS[p.variant]) for p in pieces]


def faults_of(pdf: bytes, plan: list[Expected]) -> list[str]:
    return compare(pdf, plan, TEXTS, HEAD)[1]


PIECES = [
    Piece(recipient(i, name), f"V{1 + i % 3}")
    for i, name in enumerate(
        [
            "Ann Example",
            "María José Núñez-O'Brien Jr.",
            "Chloé d'Arcy-Łukasiewicz",
            "Zoë Ångström III",
            "Bo Li",
            "Ann Examples",
        ]
    )
]


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert pdf_of(PIECES) == pdf_of(PIECES)


def test_finished_letters_read_back_as_the_plan() -> None:
    pieces, wrong = compare(pdf_of(PIECES), expected(PIECES), TEXTS, HEAD)
    assert wrong == []
    assert [p.page_first for p in pieces[1:]] == [p.page_last + 1 for p in pieces[:-1]]


@pytest.mark.parametrize(
    "name",
    [
        '#eval("x") $x^2$ \\ "q" [b] *bold* _i_ <label> @ref',
        "`raw` // comment /* block */ ~ -- --- ...",
        "=cmd|' /C calc'!A0",
        "{{ name }} [[code]] {% raw %}",
        'O\'Neil "Bud" \\u{41} #let x = 1',
        "Wolfeschlegelsteinhausenbergerdorff, Hubert Blaine",
        "Ivan Петров Ελένη",
        "'; DROP TABLE notices; --",
        "=heading + list / term: x",
    ],
)
def test_a_hostile_name_is_printed_as_it_is_and_nothing_else_happens(name: str) -> None:
    pieces = [Piece(recipient(1, name), "V1"), Piece(recipient(2), "V2")]
    assert faults_of(pdf_of(pieces), expected(pieces)) == []


@settings(max_examples=25, deadline=None)
@given(
    st.text(
        st.characters(codec="latin-1", categories=("L", "N", "P", "S")), min_size=1, max_size=60
    )
)
def test_any_western_name_sets_and_reads_back(name: str) -> None:
    shown = " ".join(name.replace("\xad", "").split()) or "x"
    pieces = [Piece(recipient(1, shown), "V1")]
    assert faults_of(pdf_of(pieces), expected(pieces)) == []


def test_a_name_that_does_not_fit_the_window_is_stopped() -> None:
    pieces = [Piece(recipient(1, "A" * 80), "V1")]
    assert any("window" in w for w in faults_of(pdf_of(pieces), expected(pieces)))


def swap(
    change: Callable[[Recipient, Recipient], Recipient],
) -> Callable[[list[Piece], int, int], list[Piece]]:
    def made(pieces: list[Piece], i: int, j: int) -> list[Piece]:
        wrong = list(pieces)
        wrong[i] = replace(pieces[i], to=change(pieces[i].to, pieces[j].to))
        return wrong

    return made


MERGE_FAULTS: dict[str, Callable[[list[Piece], int, int], list[Piece]]] = {
    "the name of another": swap(lambda a, b: replace(a, name=b.name)),
    "the address of another": swap(lambda a, b: replace(a, lines=b.lines)),
    "another city": swap(lambda a, b: replace(a, city="Fresno")),
    "another ZIP code": swap(lambda a, b: replace(a, zip="95815")),
    "the code of another": swap(lambda a, b: replace(a, code="7KQ4-M2XD-9RTX")),
    "the notice number of another": swap(lambda a, b: replace(a, notice_id=b.notice_id)),
    "one letter of a name": swap(lambda a, b: replace(a, name=a.name[:-1])),
    "a lost address line": swap(lambda a, b: replace(a, lines=a.lines[:1])),
    "the text of another": lambda pieces, i, j: [
        replace(p, variant=pieces[j].variant) if n == i else p for n, p in enumerate(pieces)
    ],
    "a piece twice": lambda pieces, i, j: [*pieces[: i + 1], *pieces[i:]],
    "a piece lost": lambda pieces, i, j: [*pieces[:i], *pieces[i + 1 :]],
    "pieces out of order": lambda pieces, i, j: [
        pieces[j] if n == i else pieces[i] if n == j else p for n, p in enumerate(pieces)
    ],
}


@pytest.mark.parametrize("fault", MERGE_FAULTS)
def test_every_seeded_merge_fault_is_stopped(fault: str) -> None:
    chance = random.Random(fault)
    stopped = 0
    for _ in range(4):
        i = chance.randrange(len(PIECES))
        j = (i + 1 + 3 * chance.randrange(1)) % len(PIECES)
        wrong = MERGE_FAULTS[fault](PIECES, i, j)
        stopped += bool(faults_of(pdf_of(wrong), expected(PIECES)))
    assert stopped == 4


def test_a_list_that_is_not_the_persons_is_stopped_by_the_plans_own_row() -> None:
    pieces = PIECES[:1]
    plan = [Expected(pieces[0], ("name", "ssn", "passport"))]
    assert any("elements named" in w for w in faults_of(pdf_of(pieces), plan))
    plan = [Expected(pieces[0], ("name", "passport"))]
    assert any("not named" in w for w in faults_of(pdf_of(pieces), plan))


def test_a_lost_page_is_stopped() -> None:
    document = pdfium.PdfDocument(pdf_of(PIECES[:2]))
    raw.FPDFPage_Delete(document.raw, 1)
    out = BytesIO()
    document.save(out)
    document.close()
    assert faults_of(out.getvalue(), expected(PIECES[:2]))
    assert read_pieces(out.getvalue())[1]


def test_no_type_is_smaller_than_ten_points_and_only_shipped_fonts_are_used() -> None:
    document = pdfium.PdfDocument(pdf_of(PIECES[:2]))
    sizes, fonts = set(), set()
    for page in document:
        for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
            sizes.add(round(item.get_font_size(), 2))
            fonts.add(item.get_font().get_base_name())
        page.close()
    document.close()
    assert min(sizes) >= 10
    assert all("Libertinus" in f or "DejaVuSansMono" in f for f in fonts), fonts


def test_the_window_shows_nothing_but_the_address() -> None:
    pieces, _ = read_pieces(pdf_of(PIECES[:1]))
    assert pieces[0].window.split("\r\n") == [
        "Ann Example",
        "0 Larch Street",
        "Apt 4B",
        "Sacramento, CA 95814",
    ]
