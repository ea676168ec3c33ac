"""The words of the personal pages: both languages say the same things, and nothing is left unfilled."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

import pytest

from amends.portal.shapes import LANGUAGES
from amends.site.words import texts, wanted_language
from tests.site.visitor import ADULT, CHILD, Place, enter


def flat(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield each text with its place."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{place}.{name}")
    elif isinstance(value, list):
        yield place, len(value)
        for number, inner in enumerate(value):
            yield from flat(inner, f"{place}.{number}")
    else:
        yield place, value


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_hold_the_same_words_with_the_same_slots() -> None:
    english, spanish = (dict(flat(texts(language))) for language in ("en", "es"))
    assert list(english) == list(spanish)
    for place, text in english.items():
        if isinstance(text, str):
            other = spanish[place]
            assert isinstance(other, str)
            assert slots(text) == slots(other), place
            assert bool(text) == bool(other), place


def test_sentences_are_short_and_promise_nothing_vague() -> None:
    vague = re.compile(r"\b(may have been|might have|out of an abundance|utilize|leverage)\b", re.I)
    for language in LANGUAGES:
        for place, text in flat(texts(language)):
            if isinstance(text, str):
                assert not vague.search(text), place
                longest = max(len(s.split()) for s in re.split(r"[.:!?;]\s", text))
                assert longest <= 34, (place, longest)


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en;q=0.3, es;q=0.7", "es"),
        ("fr,de", "en"),
        ("es;q=0", "en"),
        ("es;q=nonsense", "en"),
        ("*", "en"),
        ("," * 3000 + "es", "en"),
    ],
)
def test_the_language_is_the_first_of_ours_that_a_browser_wants(
    accepts: str, language: str
) -> None:
    assert wanted_language(accepts) == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("person", [ADULT, CHILD])
def test_nothing_is_left_unfilled_on_a_page(place: Place, language: str, person: str) -> None:
    place.client.cookies.clear()
    page = enter(place.client, place.world.code(person), language)
    for text in (page.text, place.client.get(f"/{language}/you/letter").text):
        assert f'<html lang="{language}">' in text
        assert not re.search(r"\{\w*\}|\bNone\b|TOKEN|PLACE-OF", text)
        assert text.count("<h1") == 1
        assert "<script" not in text
        assert " style=" not in text
        assert " onclick" not in text
