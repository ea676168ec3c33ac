"""The paragraphs of a letter, filled: sentences, lists of elements, steps, and blocks of addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import jinja2

from amends.kernel.errors import DeliveryError
from amends.notices.facts import ExposedElement, Variant
from amends.notices.wording import Paragraph, Wording, element_words, template, wording
from amends.taxonomy import offices
from amends.taxonomy.gravity import CREDIT, GRAVITY, MONEY, PASSWORDS, REACH

_STATE = re.compile(r"^US-[A-Z]{2}$")


@dataclass(frozen=True)
class Office:
    """One office as printed: its name, then its lines."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One composed paragraph.

    Attributes:
        id: The template paragraph it came from.
        kind: ``text``, ``list`` (text, then items), ``offices`` (text, then offices), ``code``,
            ``site_code`` (a code and a square to scan), ``signature``.
        text: The sentence or sentences.
        items: List items.
        offices: Offices of a contact block.
        satisfies: Content codes it fulfils.
        reveals: Content codes it would reveal.
        elements: Codes of the elements named in ``items``.
    """

    id: str
    kind: str
    text: str
    items: tuple[str, ...] = ()
    offices: tuple[Office, ...] = ()
    satisfies: frozenset[str] = frozenset()
    reveals: frozenset[str] = frozenset()
    elements: tuple[str, ...] = ()


def state_offices(variant: Variant) -> tuple[offices.Contact, ...]:
    """Return the offices of the person's state; for an unknown residence all that a statute wants printed."""
    return _offices_of(variant.duty.jurisdictions)


@cache
def _offices_of(jurisdictions: tuple[str, ...]) -> tuple[offices.Contact, ...]:
    states = [j for j in jurisdictions if _STATE.match(j)]
    if len(states) > 1:
        return tuple(offices.state_offices(j)[0] for j in states if offices.prescribed(j))
    for jurisdiction in jurisdictions:
        found = offices.state_offices(jurisdiction)
        if found:
            return found
    return ()


Values = tuple[tuple[str, object], ...]


def fill_block(
    paragraph: Paragraph, variant: Variant, words: Wording, values: Values
) -> Block | None:
    """Return a paragraph filled for a variant; ``None`` where it has no words for the audience.

    What does not depend on the person's elements is filled once for all variants.

    Args:
        paragraph: The paragraph.
        variant: The text it is for.
        words: The language's words.
        values: Placeholder and value, sorted.

    Raises:
        DeliveryError: It names a value that the facts do not have.
    """
    if paragraph.kind in _OF_ELEMENTS:
        return _block(paragraph, variant, words, values)
    offices = variant.duty.jurisdictions if paragraph.kind == "office" else ()
    key = (id(paragraph), variant.audience, offices, values)
    if key not in _FILLED:
        if len(_FILLED) >= _MOST_FILLED:
            _FILLED.clear()
        _FILLED[key] = (paragraph, _block(paragraph, variant, words, values))
    return _FILLED[key][1]


# By the paragraph's identity, which the value keeps alive.
_FILLED: dict[object, tuple[Paragraph, Block | None]] = {}
_MOST_FILLED = 20_000


def _block(paragraph: Paragraph, variant: Variant, words: Wording, values: Values) -> Block | None:
    source = paragraph.text.get(variant.audience) or paragraph.text.get("")
    if source is None:
        return None
    made = _MAKERS.get(paragraph.kind, _plain)(paragraph, variant, words)
    text = made.text or _filled(paragraph, source, values)
    return Block(
        paragraph.id, made.kind, text, made.items, made.offices,
        paragraph.satisfies, paragraph.reveals, made.elements,
    )  # fmt: skip


def _filled(paragraph: Paragraph, source: str, values: Values) -> str:
    """Return the words of a paragraph; a value that is not there is an error, never a blank."""
    if paragraph.kind == "steps" or ("{{" not in source and "{%" not in source):
        return "" if paragraph.kind == "steps" else source
    try:
        return template(source).render(dict(values))
    except jinja2.UndefinedError as error:
        raise DeliveryError(
            f"A letter lacks a value: {error.message}",
            where=f"paragraph {paragraph.id}",
            remedy="give it in case.toml or as an event of the case, then run again",
        ) from error


@dataclass(frozen=True)
class _Made:
    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    offices: tuple[Office, ...] = ()
    elements: tuple[str, ...] = ()


def _plain(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    return _Made(_PLAIN_KINDS.get(paragraph.kind, "text"))


_PLAIN_KINDS = {"offer_code": "code", "site_code": "site_code", "signature": "signature"}


def _element_list(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    wanted = in_order([e for e in variant.elements if paragraph.exposure in (e.exposure, "all")])
    names = tuple(element_name(e, variant.audience, words) for e in wanted)
    return _Made("list", items=names, elements=tuple(e.element for e in wanted))


def element_name(exposed: ExposedElement, audience: str, words: Wording) -> str:
    """Return what a letter calls an element of its person: singular, and not "your" in a letter about somebody else."""
    return _named(exposed, audience != "adult", words.language)


@cache
def _named(exposed: ExposedElement, of_another: bool, language: str) -> str:
    words = wording(language)
    marks = [
        m
        for m, holds in (("encrypted", exposed.encrypted), ("possible", exposed.possible))
        if holds
    ]
    return " ".join(
        [_bare_name(exposed.element, of_another, language), *(str(words.words[m]) for m in marks)]
    )


@cache
def _bare_name(element: str, of_another: bool, language: str) -> str:
    name = element_words(language)[element].singular
    return re.sub(r"\byour\b", "the", name) if of_another else name


@cache
def _places() -> dict[str, int]:
    first = ("name", *GRAVITY)  # by the name people see that it is theirs
    rest = [e for e in element_words("en") if e not in first and e not in REACH]
    return {code: place for place, code in enumerate([*first, *rest, *REACH])}


def in_order(exposed: Iterable[ExposedElement]) -> list[ExposedElement]:
    """Return elements as letters list them: the name, then the gravest first, ways to reach somebody last."""
    places = _places()
    return sorted(exposed, key=lambda e: places[e.element])


def _urgency(exposed: ExposedElement) -> int:
    """Return a rank: what can be acted on at once comes first, wariness last."""
    for rank, those in enumerate((PASSWORDS, CREDIT, MONEY)):
        if exposed.element in those:
            return rank
    return len(("credentials", "credit", "money"))


def _steps(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    """Return one step for each piece of advice, naming the person's elements that it serves."""
    named = element_words(words.language)
    by_advice: dict[str, list[str]] = {}
    for exposed in sorted(in_order(variant.elements), key=_urgency):
        by_advice.setdefault(named[exposed.element].what_to_do, []).append(exposed.element)
    form = paragraph.text.get(variant.audience) or paragraph.text[""]
    items = []
    for advice, elements in by_advice.items():
        own = [_bare_name(e, variant.audience != "adult", words.language) for e in elements]
        items.append(
            form.format(
                elements=words.joined(own), advice=_to_audience(advice, variant.audience, words)
            )
        )
    return _Made("list", items=tuple(items))


def _to_audience(advice: str, audience: str, words: Wording) -> str:
    """Return advice for a child or a business in words that fit them."""
    if words.language != "en" or audience == "adult":
        return advice
    whose = {
        "guardian": "the child's",
        "business": "your business's",
        "next_of_kin": "the person's",
    }[audience]
    return re.sub(
        r"\b([Yy])our (?=credit|name|bank|card|account|health plan)", lambda m: whose + " ", advice
    )


def _consequences(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    named = element_words(words.language)
    return _Made(
        "list", items=tuple(dict.fromkeys(named[e.element].could_happen for e in variant.elements))
    )


def _bureaus(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    return _Made("offices", offices=tuple(Office(c.name, c.lines) for c in offices.bureaus()))


def _ftc(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    found = offices.trade_commission()
    return _Made("offices", offices=(Office(found.name, found.lines),))


def _office(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    return _Made("offices", offices=tuple(Office(c.name, c.lines) for c in state_offices(variant)))


_OF_ELEMENTS = frozenset(("elements", "steps", "consequences"))
_MAKERS = {
    "elements": _element_list, "steps": _steps, "consequences": _consequences,
    "bureaus": _bureaus, "ftc": _ftc, "office": _office,
}  # fmt: skip
