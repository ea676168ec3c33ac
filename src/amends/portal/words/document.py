"""A public document: read from its text source, filled with facts, parts left out where a fact is not there.

The source is ``texts/LANGUAGE/NAME.toml``. A section has parts; a part is shown when all of its ``when`` hold ("!x" = x
does not, "x|y" = one of them). ``[words](faq.html)`` is a link. A value that is missing is an error, never a blank.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from amends.kernel.errors import DeliveryError
from amends.portal.shapes import Office
from amends.portal.words.facts import Facts
from amends.portal.words.frame import TEXTS

KINDS = ("text", "list", "steps", "table", "offices", "signature")


@dataclass(frozen=True)
class Part:
    """A part of a section.

    Attributes:
        key: Its name, the same in every language.
        kind: One of ``KINDS``.
        text: Its sentences, before any list; the caption of a table.
        items: Lines of a list or of steps.
        head: Names of the columns of a table.
        rows: Rows of a table; the last cell is a figure.
        offices: Addresses.
    """

    key: str
    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    offices: tuple[Office, ...] = ()


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it.

    Attributes:
        key: Its name, the same in every language.
        heading: Its heading, "" for none.
        parts: In order.
        step: Whether it is a step of a numbered way.
        question: Whether it is a question with its answer.
    """

    key: str
    heading: str
    parts: tuple[Part, ...]
    step: bool = False
    question: bool = False


@dataclass(frozen=True)
class Document:
    """A public document in one language.

    Attributes:
        name: Its name, the same in every language.
        language: ``en`` or ``es``.
        title: Its title.
        lead: The sentences under it.
        dated: Line with its date.
        sections: In order.
    """

    name: str
    language: str
    title: str
    lead: str
    dated: str
    sections: tuple[Section, ...]


@cache
def source(name: str, language: str) -> dict[str, Any]:  # Any: TOML
    """Return the text source of a document."""
    return tomllib.loads((TEXTS / language / f"{name}.toml").read_text("utf-8"))


def compose(name: str, facts: Facts) -> Document:
    """Return a document, filled; a section of which nothing is shown is left out.

    Raises:
        DeliveryError: A part that is shown names a value that the determination does not have.
    """
    raw = source(name, facts.language)
    sections = (compose_section(s, facts) for s in raw.get("section", ()))
    return Document(
        name,
        facts.language,
        fill(raw["title"], facts),
        " ".join(fill(p["text"], facts) for p in _shown(raw.get("lead", ()), facts)),
        fill(raw.get("dated", ""), facts),
        tuple(s for s in sections if s.parts),
    )


def compose_section(raw: Mapping[str, Any], facts: Facts, key: str = "") -> Section:
    """Return a section, filled; without parts where its conditions do not hold."""
    own = key or raw["key"]
    if not facts.holds(raw.get("when", ())):
        return Section(own, "", ())
    made = [_part(p, facts) for p in _shown(raw.get("parts", ()), facts)]
    parts = tuple(p for p in made if p.text or p.items or p.rows or p.offices)
    heading = fill(raw["heading"], facts)
    return Section(own, heading, parts, raw.get("step", False), raw.get("question", False))


def _shown(parts: Iterable[Mapping[str, Any]], facts: Facts) -> Iterable[Mapping[str, Any]]:
    return (p for p in parts if facts.holds(p.get("when", ())))


def _part(raw: Mapping[str, Any], facts: Facts) -> Part:
    kind, named = raw.get("kind", "text"), raw.get("of", "")
    items = tuple(fill(i["text"], facts) for i in _shown(raw.get("items", ()), facts))
    if kind in ("list", "steps"):
        items += facts.lists[named] if named else ()
        if not items:
            return Part(raw["key"], kind)
    return Part(
        raw["key"],
        kind,
        fill(raw.get("text", ""), facts),
        items,
        tuple(raw.get("head", ())),
        facts.tables[named] if kind == "table" else (),
        facts.offices[named] if kind == "offices" else (),
    )


def fill(text: str, facts: Facts) -> str:
    """Return a text with the facts in it.

    Raises:
        DeliveryError: It names a value that is not there.
    """
    if "{" not in text:
        return text
    try:
        return _template(text).render(facts.values)
    except jinja2.UndefinedError as error:
        raise DeliveryError(
            f"A public text lacks a value: {error.message}",
            remedy="give it in case.toml or as an event of the case, then seal and publish again",
        ) from error


_JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - plain text; HTML is escaped where it is made


@cache
def _template(text: str) -> jinja2.Template:
    return _JINJA.from_string(text)
