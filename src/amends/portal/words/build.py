"""Make the public documents of a determination, and read the names they go by."""

from __future__ import annotations

from dataclasses import replace

from amends.portal.shapes import Determination
from amends.portal.words.document import Document, compose
from amends.portal.words.facts import Facts, facts_of
from amends.portal.words.updates import compose_updates

DOCUMENTS = (
    "statement", "updates", "taken", "steps", "faq", "notice", "not_us", "media", "about", "script",
)  # fmt: skip


def document(found: Determination, name: str, language: str) -> Document:
    """Return one public document.

    Args:
        found: The released determination.
        name: One of ``DOCUMENTS``.
        language: ``en`` or ``es``.

    Raises:
        DeliveryError: The determination lacks a value that the text names.
    """
    return _made(found, name, facts_of(found, language))


def documents(found: Determination, language: str) -> dict[str, Document]:
    """Return every public document by its name."""
    facts = facts_of(found, language)
    return {name: _made(found, name, facts) for name in DOCUMENTS}


def _made(found: Determination, name: str, facts: Facts) -> Document:
    if name == "updates":
        return compose_updates(found, facts)
    if name == "script":
        return _script(found, facts)
    return compose(name, facts)


def _script(found: Determination, facts: Facts) -> Document:
    """Return the call-centre script: its own sections, and in the place of ``answers`` those of the questions page."""
    own = compose("script", facts)
    answers = compose("faq", facts).sections
    sections = [
        s for one in own.sections for s in ((one, *answers) if one.key == "answers" else (one,))
    ]
    return replace(own, sections=tuple(sections))
