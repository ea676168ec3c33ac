"""The words of letters: one template source a language, and the names of data elements in plain language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from amends.kernel.errors import EvidenceError
from amends.taxonomy.elements import elements

_TEMPLATES = Path(__file__).parent / "templates"

SECTIONS = (
    "opening", "what_happened", "what_information", "what_we_do", "what_you_can_do",
    "more_information", "closing",
)  # fmt: skip
KINDS = (
    "text", "elements", "steps", "consequences", "offer_code", "site_code", "bureaus", "ftc", "office", "signature",
)  # fmt: skip


@dataclass(frozen=True)
class Paragraph:
    """One paragraph of the template source.

    Attributes:
        id: Its name, the same in every language.
        section: One of ``SECTIONS``.
        kind: One of ``KINDS``.
        satisfies: Content codes that it fulfils.
        reveals: Content codes that, when forbidden, keep it out.
        when: Conditions that must all hold.
        any: Conditions of which one must hold; empty = no such test.
        instead_of: Used only where one of these was left out because the law forbids it.
        audience: For whom; empty = everybody.
        exposure: For lists of elements: which of them.
        text: Audience -> Jinja text; the key "" serves everybody.
    """

    id: str
    section: str
    kind: str
    satisfies: frozenset[str]
    reveals: frozenset[str]
    when: tuple[str, ...]
    any: tuple[str, ...]
    instead_of: tuple[str, ...]
    audience: tuple[str, ...]
    exposure: str
    text: dict[str, str]

    def shape(self) -> tuple[object, ...]:
        """Return everything but the words, for comparing languages."""
        return (
            self.id, self.section, self.kind, self.satisfies, self.reveals, self.when, self.any,
            self.instead_of, self.audience, self.exposure, tuple(sorted(self.text)),
        )  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """A language's template source.

    Attributes:
        language: ``en`` or ``es``.
        words: The single words and lines: title, salutation, months …
        headings: Section -> heading.
        paragraphs: In the order in which letters have them.
    """

    language: str
    words: dict[str, Any]  # Any: text, list or table, as TOML has them
    headings: dict[str, str]
    paragraphs: tuple[Paragraph, ...]

    def day(self, on: date) -> str:
        """Return a date in words, as this language writes it."""
        month = self.words["months"][on.month - 1]
        return str(self.words["day"].format(day=on.day, month=month, year=on.year))

    def joined(self, parts: list[str]) -> str:
        """Return ``a, b and c``."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self.words['and']} {parts[-1]}"


@dataclass(frozen=True)
class ElementWords:
    """How letters speak of one data element.

    Attributes:
        singular: What it is called, as one person's.
        plural: What it is called in general.
        could_happen: What someone could do with it.
        what_to_do: What the person can do about it.
    """

    singular: str
    plural: str
    could_happen: str
    what_to_do: str


@cache
def wording(language: str) -> Wording:
    """Return the template source of a language.

    Raises:
        EvidenceError: There is none, or it is not well formed.
    """
    path = _TEMPLATES / f"letter.{language}.toml"
    if not path.exists():
        raise EvidenceError(
            f"There are no letters in the language {language!r}",
            remedy="write the person's language as en or es",
        )
    raw = tomllib.loads(path.read_text("utf-8"))
    paragraphs = tuple(_paragraph(p, path.name) for p in raw["paragraph"])
    words = {k: v for k, v in raw.items() if k not in ("paragraph", "headings")}
    return Wording(raw["language"], words, raw["headings"], paragraphs)


def _paragraph(raw: dict[str, Any], where: str) -> Paragraph:  # Any: as TOML has it
    text = raw["text"] if isinstance(raw["text"], dict) else {"": raw["text"]}
    made = Paragraph(
        id=raw["id"],
        section=raw["section"],
        kind=raw.get("kind", "text"),
        satisfies=frozenset(raw.get("satisfies", ())),
        reveals=frozenset(raw.get("reveals", ())),
        when=tuple(raw.get("when", ())),
        any=tuple(raw.get("any", ())),
        instead_of=tuple(raw.get("instead_of", ())),
        audience=tuple(raw.get("audience", ())),
        exposure=raw.get("exposure", ""),
        text=text,
    )
    if made.section not in SECTIONS or made.kind not in KINDS:
        raise EvidenceError(
            f"The paragraph {made.id} has an unknown section or kind",
            where=where,
            remedy="correct it",
        )
    return made


@cache
def element_words(language: str) -> dict[str, ElementWords]:
    """Return the plain words of every data element, by its code.

    Source:
        ``taxonomy/data/plain_language_elements.csv``, own work.
    """
    return {
        code: ElementWords(
            known.names[language, "singular"],
            known.names[language, "plural"],
            known.harm[language],
            known.advice[language],
        )
        for code, known in elements().items()
    }


_JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - plain text; HTML is escaped where it is made


@cache
def template(text: str) -> jinja2.Template:
    """Return a compiled template in which a missing placeholder is an error, never a blank."""
    return _JINJA.from_string(text)
