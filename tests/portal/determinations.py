"""Determinations of many shapes, for tests of the public words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st

from amends.portal import shapes
from amends.portal.shapes import (
    AnswerClass,
    Determination,
    EditionFigures,
    Exposed,
    Incident,
    LetterBlock,
    LetterSection,
    LetterText,
    Offer,
)
from amends.taxonomy.elements import elements

CODES = sorted(elements())
RESIDENCES = ("", "US-CA", "US-WA", "US-PR", "MX")
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))
MAYBE_DAY = st.none() | DAYS
SENTENCES = {
    "en": "Somebody entered a test system.",
    "es": "Alguien entró en un sistema de pruebas.",
}


def letter(language: str, codes: tuple[Exposed, ...]) -> LetterText:
    """Return a letter that lists these elements."""
    names = tuple(elements()[e.element].names[language, "singular"] for e in codes)
    block = LetterBlock("list", "Taken:", names)
    section = LetterSection("what_information", "Information", (block,))
    return LetterText(language, "Notice of Data Breach", "2026-11-22", (section,))


@st.composite
def answer_classes(draw: st.DrawFn, class_id: int) -> AnswerClass:
    """Draw a class of answers."""
    codes = draw(st.lists(st.sampled_from(CODES), min_size=1, max_size=6, unique=True))
    exposed = tuple(
        Exposed(
            code,
            draw(st.sampled_from(("taken", "taken", "seen", "exposed"))),
            draw(st.booleans()),
            draw(st.booleans()),
        )
        for code in codes
    )
    offer = draw(
        st.none()
        | st.builds(
            Offer,
            st.sampled_from(("", "Example Guard", "Guard [x](https://evil.example) <b>")),
            st.sampled_from((12, 24)),
            DAYS,
            st.just("guard.example"),
        )
    )
    return AnswerClass(
        class_id=class_id,
        variant=f"V{class_id:08d}",
        audience=draw(st.sampled_from(("adult", "adult", "guardian", "next_of_kin", "business"))),
        language=draw(st.sampled_from(shapes.LANGUAGES)),
        residence=draw(st.sampled_from(RESIDENCES)),
        elements=exposed,
        names={
            lang: tuple(elements()[e.element].names[lang, "singular"] for e in exposed)
            for lang in shapes.LANGUAGES
        },
        letters={lang: letter(lang, exposed) for lang in shapes.LANGUAGES},
        offer=offer,
        n_persons=draw(st.integers(0, 3_000_000)),
    )


def figures_of(classes: tuple[AnswerClass, ...], edition: int, on: date) -> EditionFigures:
    """Count an edition from its answers."""
    by_element: dict[str, int] = {}
    by_residence: dict[str, int] = {}
    for one in classes:
        by_residence[one.residence] = by_residence.get(one.residence, 0) + one.n_persons
        for exposed in one.elements:
            by_element[exposed.element] = by_element.get(exposed.element, 0) + one.n_persons
    total = sum(c.n_persons for c in classes)
    return EditionFigures(
        edition,
        on,
        total,
        total if edition == 1 else 1,
        0 if edition == 1 else 2,
        {e: n for e, n in by_element.items() if n},
        {r: n for r, n in by_residence.items() if n},
    )


@st.composite
def determinations(draw: st.DrawFn) -> Determination:
    """Draw a determination whose figures agree with its answers."""
    n_classes = draw(st.integers(1, 4))
    classes = tuple(draw(answer_classes(n)) for n in range(n_classes))
    if not any(c.n_persons for c in classes):
        classes = (replace(classes[0], n_persons=1), *classes[1:])
    released = draw(DAYS)
    now = figures_of(classes, 1, released)
    editions: tuple[EditionFigures, ...] = (now,)
    if draw(st.booleans()):
        fewer = classes[: max(1, n_classes - 1)]
        first = figures_of(fewer, 1, released)
        editions = (first, figures_of(classes, 2, released + timedelta(days=4)))
    named = {e for e, n in editions[-1].by_element.items() if n}
    texts = draw(st.sampled_from(({}, SENTENCES, {"en": SENTENCES["en"]}, {"es": SENTENCES["es"]})))
    populations = draw(
        st.dictionaries(
            st.sampled_from(("current", "former", "prospective", "business", "", "guild <i>")),
            st.integers(1, 2_000_000),
            max_size=4,
        )
    )
    not_exposed = draw(st.sets(st.sampled_from([c for c in CODES if c not in named]), max_size=4))
    incident = Incident(
        entity=draw(st.sampled_from(("Larkspur Wireless", "Tick & <Tock> [Ltd]"))),
        domain=draw(st.sampled_from(("", "larkspur.example"))),
        site=draw(st.sampled_from(("", "help.larkspur.example"))),
        phone=draw(st.sampled_from(("", "1-888-555-0100"))),
        email=draw(st.sampled_from(("", "notices@larkspur.example"))),
        address=draw(st.sampled_from(((), ("100 Main Street", "Austin, TX 78701")))),
        signed_by=draw(st.sampled_from(("", "Ana Ruiz, Chief Executive"))),
        discovered_on=draw(MAYBE_DAY),
        breach_from_on=draw(MAYBE_DAY),
        breach_to_on=draw(MAYBE_DAY),
        contained_on=draw(MAYBE_DAY),
        what_happened=texts,
        what_we_do=draw(st.sampled_from(({}, SENTENCES))),
        delayed_by_police=draw(st.booleans()),
        not_exposed=frozenset(not_exposed),
        populations=populations,
        n_items_unread=draw(st.sampled_from((0, 0, 1, 1234))),
    )
    return Determination(
        case_id="c" * 16,
        run="R0007",
        seals=("S0001",),
        incident=incident,
        editions=editions,
        classes=classes,
        answers_no=draw(st.booleans()),
        protection=tuple(draw(st.sets(st.sampled_from(("lock", "port_out_block", "pin_reset"))))),
    )
