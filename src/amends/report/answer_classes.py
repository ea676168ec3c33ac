"""The answers of a released determination: one for each letter that was sealed, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from amends.kernel.case import Case
from amends.kernel.errors import DeliveryError
from amends.notices.blocks import Block, element_name, in_order
from amends.notices.compose import NOTICE_SLOT, Letter, compose, offer_months
from amends.notices.facts import LetterFacts, Variant
from amends.notices.released import Released
from amends.notices.wording import wording
from amends.portal.scam.register import ON_PAPER
from amends.portal.shapes import (
    LANGUAGES,
    AnswerClass,
    Exposed,
    LetterBlock,
    LetterSection,
    LetterText,
    Offer,
    Office,
)

_KINDS = {"code": "code", "site_code": "code"}
_UNNAMED = "identity protection"


def of_seals(case: Case, seals: Iterable[Released]) -> dict[tuple[str, str], AnswerClass]:
    """Return (seal, variant) -> the answer of everybody who got that letter; class ids count from 0 in this order."""
    redeem_at = case.config.text("offers", "redeem_at").strip()
    made: dict[tuple[str, str], AnswerClass] = {}
    for one in seals:
        for name, variant in sorted(one.variants.items()):
            made[one.seal.seal_id, name] = _class(len(made), name, variant, one.facts, redeem_at)
    return made


def sized(classes: Iterable[AnswerClass], counts: Mapping[int, int]) -> tuple[AnswerClass, ...]:
    """Return the answers with the number of persons who read each."""
    return tuple(replace(c, n_persons=counts.get(c.class_id, 0)) for c in classes)


def _class(
    class_id: int, name: str, variant: Variant, facts: LetterFacts, redeem_at: str
) -> AnswerClass:
    ordered = in_order(variant.elements)
    residence = variant.duty.jurisdictions[0] if variant.duty.jurisdictions else ""
    return AnswerClass(
        class_id=class_id,
        variant=name,
        audience=variant.audience,
        language=variant.language,
        residence="" if residence == "UNKNOWN" else residence,
        elements=tuple(Exposed(e.element, e.exposure, e.encrypted, e.possible) for e in ordered),
        names={
            language: tuple(element_name(e, variant.audience, wording(language)) for e in ordered)
            for language in LANGUAGES
        },
        letters=_letters(variant, facts),
        offer=_offer(variant, facts, redeem_at),
        n_persons=0,
    )


def _offer(variant: Variant, facts: LetterFacts, redeem_at: str) -> Offer | None:
    months = offer_months(variant, facts)
    if not months or facts.enrol_by_on is None:
        return None
    product = facts.product_for(variant.audience) or _UNNAMED
    return Offer(product, months, facts.enrol_by_on, redeem_at)


def _letters(variant: Variant, facts: LetterFacts) -> dict[str, LetterText]:
    """Return the letter in each language in which it can be told; always in the one it was sent in."""
    made = {}
    for language in LANGUAGES:
        try:
            letter = compose(replace(variant, language=language), facts)
        except DeliveryError:
            if language == variant.language:
                raise
            continue
        made[language] = letter_text(letter)
    return made


def letter_text(letter: Letter) -> LetterText:
    """Return a composed letter as the portal holds it: without name, address and number."""
    language = letter.variant.language
    sections = tuple(
        LetterSection(s.key, s.heading, tuple(_block(b, language) for b in s.blocks))
        for s in letter.sections
    )
    return LetterText(language, letter.title, letter.dated, sections)


def _block(block: Block, language: str) -> LetterBlock:
    return LetterBlock(
        _KINDS.get(block.kind, block.kind),
        block.text.replace(NOTICE_SLOT, ON_PAPER[language]),
        block.items,
        tuple(Office(o.name, o.lines) for o in block.offices),
    )
