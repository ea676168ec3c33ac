"""The checks stop what the composer, a template or a hand-typed sentence got wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from amends.notices.blocks import Block
from amends.notices.check import faults
from amends.notices.compose import Letter
from tests.notices.letters_world import CA, IL, MA, RI, letter


def edit(made: Letter, key: str, change: Callable[[Block], Block | None]) -> Letter:
    """Return the letter with each block of a section changed, or left out."""
    sections = tuple(
        replace(s, blocks=tuple(b for old in s.blocks if (b := change(old)) is not None))
        if s.key == key
        else s
        for s in made.sections
    )
    return replace(made, sections=sections)


def without(name: str) -> Callable[[Block], Block | None]:
    """Return a change that leaves one block out."""
    return lambda b: None if b.id == name else b


def listing(*items: str) -> Callable[[Block], Block | None]:
    """Return a change that puts other items into lists."""
    return lambda b: replace(b, items=items) if b.kind == "list" else b


def saying(text: str) -> Callable[[Block], Block | None]:
    """Return a change that adds a sentence to text blocks."""
    return lambda b: replace(b, text=f"{b.text} {text}") if b.kind == "text" else b


@pytest.mark.parametrize(
    ("made", "stopped_for"),
    [
        (edit(letter(), "what_information", listing("name")), "is not named"),
        (
            edit(
                letter(),
                "what_information",
                listing("name", "Social Security number", "passport number"),
            ),
            "not this",
        ),
        (
            edit(letter(), "what_information", listing("names", "Social Security numbers")),
            "is not named",
        ),
        (
            edit(letter(), "what_information", listing("name", "name", "Social Security number")),
            "twice",
        ),
        (edit(letter(), "what_you_can_do", without("bureaus")), "CRA_CONTACTS"),
        (edit(letter(), "what_we_do", without("offer")), "ID_PROTECTION_OFFER"),
        (edit(letter(MA), "what_you_can_do", without("freeze")), "FREEZE_FREE"),
        (
            edit(letter(MA), "opening", saying("A hacker broke into a server.")),
            "nature of the breach",
        ),
        (edit(letter(MA), "closing", saying("Someone stole it.")), "nature of the breach"),
        (
            edit(letter(MA), "closing", saying("In all, 20,000 people are affected.")),
            "how many people",
        ),
        (
            edit(letter(IL), "closing", saying("It concerns 3.2 million residents.")),
            "how many people",
        ),
        (
            edit(letter(MA, language="es"), "closing", saying("Un intruso entró.")),
            "nature of the breach",
        ),
        (
            edit(letter(IL, language="es"), "closing", saying("Afecta a 20,000 personas.")),
            "how many people",
        ),
        (edit(letter(), "what_happened", saying("Your data may have been involved.")), "hedges"),
        (edit(letter(), "what_happened", saying("It appears that data left.")), "hedges"),
        (edit(letter(), "closing", saying("Potentially.")), "hedges"),
        (
            edit(
                letter(language="es"),
                "what_happened",
                saying("Sus datos pueden haber sido tomados."),
            ),
            "hedges",
        ),
        (
            edit(letter(), "what_we_do", saying("No credit card information was involved.")),
            "reassures",
        ),
        (edit(letter(), "closing", saying("Your passport number was not taken.")), "reassures"),
        (
            edit(letter(language="es"), "closing", saying("Las tarjetas no fueron afectadas.")),
            "reassures",
        ),
        (
            edit(letter(), "closing", saying("Your number is 666-12-3456.")),
            "value of an identifier",
        ),
        (edit(letter(), "closing", saying("Card 4000 1234 5678 9010.")), "value of an identifier"),
        (edit(letter(), "closing", saying("Hello {{ name }}.")), "placeholder"),
        (edit(letter(), "closing", saying("Hello [[name]].")), "placeholder"),
        (replace(letter(), title="Important Information"), "title"),
        (replace(letter(), sections=tuple(reversed(letter().sections))), "five headings"),
        (
            edit(letter(codes=("email", "password")), "what_you_can_do", without("password")),
            "change them",
        ),
        (
            edit(letter(), "what_information", lambda b: replace(b, text="Your passport number:")),
            "names an element",
        ),
        (
            edit(
                letter(),
                "what_you_can_do",
                lambda b: (
                    replace(b, items=("For your card security code: wait.",)) if b.items else b
                ),
            ),
            "headed by",
        ),
        (
            edit(letter(RI), "what_happened", lambda b: replace(b, text="It happened.")),
            "COUNT_AFFECTED",
        ),
        (replace(letter(), sections=letter(codes=("name",)).sections), "is not named"),
        (replace(letter(MA), sections=letter(CA).sections), "forbidden"),
    ],
)
def test_a_seeded_fault_is_stopped(made: Letter, stopped_for: str) -> None:
    assert any(stopped_for in fault for fault in faults(made)), faults(made)


@pytest.mark.parametrize(
    "sentence",
    [
        "We may write to you again.",
        "Could you call us?",
        "There were 3 phases of repair.",
        "We do not sell your data.",
        "You have 90 days.",
    ],
)
def test_a_harmless_sentence_passes(sentence: str) -> None:
    assert faults(edit(letter(MA), "closing", saying(sentence))) == ()


def test_a_hedge_typed_into_the_settings_stops_the_letter() -> None:
    made = letter(what_happened={"en": "Data may have been accessed by an unauthorized party."})
    assert any("hedges" in f for f in faults(made))


def test_a_fault_never_repeats_a_value() -> None:
    found = faults(edit(letter(), "closing", saying("Your number is 666-12-3456.")))
    assert "666" not in " ".join(found)


def test_california_letters_need_the_california_form() -> None:
    assert faults(replace(letter(), title="Notice")) == ("the title is not Notice of Data Breach",)
    assert CA.format
