"""The public words: plain, honest on what is not known, the same in both languages, from the determination only."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings

from amends.notices.blocks import GRAVITY as LETTER_ORDER
from amends.portal.shapes import LANGUAGES, Determination
from amends.portal.words.build import DOCUMENTS, document, documents
from amends.portal.words.contacts import contacts, line_target
from amends.portal.words.figures import disagreements
from amends.portal.words.frame import TEXTS
from amends.portal.words.language import day_words, joined, neither, number_words
from amends.portal.words.lint import wording_faults
from amends.portal.words.order import GRAVITY, gravest_first, plural
from amends.portal.words.plain import as_markdown, as_text
from tests.portal.determinations import determinations
from tests.portal.world import determination, incident

MANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def text_of(found: Determination, name: str, language: str = "en") -> str:
    return as_text(document(found, name, language), found.incident.site)


@MANY
@given(determinations())
def test_no_text_hedges_or_comforts(found: Determination) -> None:
    for language in LANGUAGES:
        for name, made in documents(found, language).items():
            assert not wording_faults(as_text(made), language), name


@MANY
@given(determinations())
def test_both_languages_say_the_same_parts_in_the_same_order(found: Determination) -> None:
    own_words = (
        "own",
        "own_elsewhere",
    )  # told in whichever language there is; the two stand for each other
    english, spanish = documents(found, "en"), documents(found, "es")
    for name in DOCUMENTS:
        shape = [
            [
                (
                    s.key,
                    [
                        ("own" if p.key in own_words else p.key, p.kind, len(p.items))
                        for p in s.parts
                    ],
                )
                for s in made[name].sections
            ]
            for made in (english, spanish)
        ]
        assert shape[0] == shape[1], name


@MANY
@given(determinations())
def test_every_text_is_filled_and_no_blank_is_left(found: Determination) -> None:
    for language in LANGUAGES:
        for name, made in documents(found, language).items():
            text = as_text(made) + as_markdown(made)
            assert "{" not in text and "None" not in text, name
            assert "  ." not in text and " ," not in text and "()" not in text, name
            assert all(
                p.text or p.items or p.rows or p.offices for s in made.sections for p in s.parts
            )


@MANY
@given(determinations())
def test_every_number_in_a_text_is_a_fact_of_the_determination(found: Determination) -> None:
    known = _numbers_known(found)
    for language in LANGUAGES:
        for name in ("statement", "taken", "notice", "media", "updates"):
            text = _without_case_words(text_of(found, name, language), found)
            strange = {n for n in re.findall(r"\d[\d,]*", text) if n.strip(",") not in known}
            assert not strange, (name, strange)


def _numbers_known(found: Determination) -> set[str]:
    numbers = {
        found.edition.n_persons,
        found.incident.n_items_unread,
        *found.incident.populations.values(),
    }
    numbers.add(
        sum(
            n
            for c, n in found.incident.populations.items()
            if c not in ("current", "former", "prospective", "business", "")
        )
    )
    for one in found.editions:
        numbers |= {one.edition, one.n_persons, one.n_first, one.n_more}
        numbers |= {*one.by_element.values(), *one.by_residence.values()}
    for exposure in ("taken", "seen", "exposed"):
        for code in found.edition.by_element:
            numbers.add(
                sum(
                    c.n_persons
                    for c in found.classes
                    for e in c.elements
                    if e.element == code and e.exposure == exposure
                )
            )
    for mark in ("encrypted", "possible"):
        for code in found.edition.by_element:
            numbers.add(
                sum(
                    c.n_persons
                    for c in found.classes
                    for e in c.elements
                    if e.element == code and getattr(e, mark)
                )
            )
    numbers |= {c.offer.months for c in found.classes if c.offer}
    days = {"2026", "2027", *map(str, range(1, 32))}  # dates are held by another test
    run = set(re.findall(r"\d+", found.run))
    offices = " ".join(
        line for o in (*contacts().bureaus, *contacts().commission) for line in (o.name, *o.lines)
    )
    fixed = set(re.findall(r"\d[\d,]*", offices + " ".join(contacts().addresses.values())))
    own = " ".join((found.incident.phone, *found.incident.address, found.incident.entity))
    return (
        {number_words(n) for n in numbers} | days | run | fixed | set(re.findall(r"\d[\d,]*", own))
    )


def _without_case_words(text: str, found: Determination) -> str:
    for said in (*found.incident.what_happened.values(), *found.incident.what_we_do.values()):
        text = text.replace(said, "")
    return text.replace("1-888-555-0100", "").replace("78701", "")


@MANY
@given(determinations())
def test_only_what_was_ruled_out_with_all_read_is_said_not_to_be_in_the_data(
    found: Determination,
) -> None:
    ruled_out = set() if found.incident.n_items_unread else set(found.incident.not_exposed)
    for language in LANGUAGES:
        wanted = {plural(e, language).lower() for e in ruled_out}
        for name in ("statement", "taken", "script"):
            made = document(found, name, language)
            said = {
                i.lower()
                for s in made.sections
                for p in s.parts
                if p.key == "not_exposed"
                for i in p.items
            }
            assert said == wanted, name


UNKNOWN = [
    ("breach_from_on", "The day on which it began", "El día en que empezó"),
    ("breach_to_on", "The day on which it ended", "El día en que terminó"),
    ("contained_on", "The day on which they were shut out", "El día en que les cerramos el paso"),
    ("discovered_on", "The day on which we learned of it", "El día en que lo supimos"),
]


@pytest.mark.parametrize(("fact", "english", "spanish"), UNKNOWN)
def test_a_missing_day_is_said_to_be_missing(fact: str, english: str, spanish: str) -> None:
    known = determination(incident=replace(incident(), n_items_unread=0))
    lacking = replace(known, incident=replace(known.incident, **{fact: None}))  # type: ignore[arg-type]
    for language, words in (("en", english), ("es", spanish)):
        assert words in text_of(lacking, "statement", language)
        assert words not in text_of(known, "statement", language)


def test_without_words_of_the_case_the_way_in_is_said_to_be_unknown() -> None:
    found = determination(incident=replace(incident(), what_happened={}))
    assert "not yet established how they got in" in text_of(found, "statement")
    assert "no hemos establecido cómo entraron" in text_of(found, "statement", "es")


def test_words_of_the_case_in_one_language_are_told_in_the_other_and_marked() -> None:
    found = determination(incident=replace(incident(), what_happened={"en": "Somebody got in."}))
    assert "en inglés: Somebody got in." in text_of(found, "statement", "es")


def test_an_update_says_that_the_earlier_number_was_too_low() -> None:
    found = determination(2)
    first = replace(found.editions[0], n_persons=3, by_element={"name": 3, "ssn": 2})
    text = text_of(replace(found, editions=(first, found.editions[1])), "updates")
    assert "We now tell 5 people. Earlier we said 3 people. That number was too low." in text
    assert "Names: now 5 people. Earlier we said 3. That number was too low." in text
    assert "Information that we had not named before:" in text
    assert "Dates of birth: 3 people" in text
    assert text.index("Edition 2") < text.index("Edition 1")


def test_the_statement_is_signed_only_by_who_is_named() -> None:
    assert (
        text_of(determination(), "statement")
        .rstrip()
        .endswith("Ana Ruiz, Chief Executive, Larkspur Wireless")
    )
    unsigned = determination(incident=replace(incident(), signed_by=""))
    assert "Chief Executive" not in text_of(unsigned, "statement")


def test_free_steps_come_before_those_that_need_enrollment() -> None:
    keys = [s.key for s in document(determination(), "steps", "en").sections if s.step]
    assert keys[:3] == ["freeze", "alert", "tax"]
    assert keys[-2:] == ["account", "offer"]


def test_steps_that_help_nobody_are_left_out() -> None:
    found = determination()
    classes = tuple(
        replace(c, elements=tuple(e for e in c.elements if e.element == "name"))
        for c in found.classes
    )
    only_names = replace(
        found, classes=classes, editions=(replace(found.edition, by_element={"name": 5}),)
    )
    keys = {s.key for s in document(only_names, "steps", "en").sections}
    assert not keys & {"freeze", "tax", "money", "passwords"}


def test_the_script_answers_with_the_words_of_the_questions_page() -> None:
    script, faq = (document(determination(), name, "en") for name in ("script", "faq"))
    assert set(faq.sections) <= set(script.sections)


def test_the_substitute_notice_has_what_the_law_asks() -> None:
    text = text_of(determination(), "notice")
    for wanted in (
        "Social Security numbers", "1-888-555-0100", "Equifax", "Experian", "TransUnion", "Federal Trade Commission",
        "It is free", "Posted on November 10, 2026", "at least until February 8, 2027",
    ):  # fmt: skip
        assert wanted in text, wanted


def test_each_line_of_an_office_can_be_a_link_or_is_an_address() -> None:
    commission = contacts().commission[0]
    assert commission.lines[-2:] == ("www.ftc.gov", "www.identitytheft.gov")
    assert [o.name for o in contacts().bureaus] == ["Equifax", "Experian", "TransUnion"]
    assert all(line_target(o.lines[-1]) == o.lines[-1] for o in contacts().bureaus)


def test_the_order_is_that_of_letters_but_for_the_name() -> None:
    assert tuple(e for e in LETTER_ORDER if e != "name") == GRAVITY
    assert gravest_first(["email", "name", "birth_date", "ssn", "imei"]) == (
        "ssn", "birth_date", "imei", "name", "email",
    )  # fmt: skip


def test_sources_of_both_languages_have_the_same_shape() -> None:
    for path in sorted((TEXTS / "en").glob("*.toml")):
        english, spanish = (
            tomllib.loads((TEXTS / language / path.name).read_text("utf-8"))
            for language in LANGUAGES
        )
        assert _shape(english) == _shape(spanish), path.name


def _shape(raw: object) -> object:
    """Return a text source without its words: keys, conditions, and the facts that each text names."""
    if isinstance(raw, dict):
        return {
            k: v if k in ("key", "kind", "of", "when", "step") else _shape(v)
            for k, v in raw.items()
        }
    if isinstance(raw, list):
        return [_shape(v) for v in raw]
    if isinstance(raw, str):
        return sorted(re.findall(r"\{+ ?\w+ ?\}+|\]\([^)]+\)", raw))
    return raw


HEDGED = [
    ("en", "Your data may have been taken.", True),
    ("en", "It appears that files were copied.", True),
    ("en", "Out of an abundance of caution we write to you.", True),
    ("en", "There is no evidence of misuse.", True),
    ("en", "We take this very seriously.", True),
    ("en", "Someone could open credit in your name.", False),
    ("en", "Your letter came in May.", False),
    ("es", "Sus datos podrían haber sido tomados.", True),
    ("es", "Posiblemente se llevaron archivos.", True),
    ("es", "No hay evidencia de mal uso.", True),
    ("es", "Alguien podría abrir créditos a su nombre.", False),
]


@pytest.mark.parametrize(("language", "text", "faulty"), HEDGED)
def test_hedges_and_comfort_are_found(language: str, text: str, faulty: bool) -> None:
    assert bool(wording_faults(text, language)) == faulty


def test_figures_that_differ_from_the_answers_are_named() -> None:
    found = determination()
    assert not disagreements(found)
    wrong = replace(found, editions=(replace(found.edition, n_persons=6, by_element={"ssn": 9}),))
    assert "9 persons in the figures, 2 in the answers" in " ".join(disagreements(wrong))
    assert "the edition tells 6 persons, the answers 5" in disagreements(wrong)


def test_words_of_others_make_no_links_and_no_markup() -> None:
    found = determination(
        incident=replace(
            incident(), what_happened={"en": "See [here](https://evil.example) <b>now</b>."}
        )
    )
    assert "See [here](https://evil.example)" in text_of(found, "statement")
    assert r"See \[here\](https://evil.example) \<b\>now\</b\>." in as_markdown(
        document(found, "statement", "en")
    )


def test_numbers_days_and_lists_are_written_as_each_language_does() -> None:
    assert day_words(date(2026, 8, 4), "en") == "August 4, 2026"
    assert day_words(date(2026, 8, 4), "es") == "4 de agosto de 2026"
    assert joined(["a", "b", "c"], "en") == "a, b and c"
    assert joined(["padres", "hijos"], "es") == "padres e hijos"
    assert neither(["a", "b"], "es") == "a ni b"
    assert joined([], "en") == ""
