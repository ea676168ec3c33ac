"""Compose a letter: pick the paragraphs of a variant, fill them, and keep what each one satisfies.

Required codes bring their paragraph in, forbidden codes keep every paragraph out that would reveal them. What the
law asks for and the facts cannot give is a fault with a name, never a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from amends.notices.blocks import Block, fill_block, state_offices
from amends.notices.facts import EXPOSURES, LetterFacts, Variant
from amends.notices.wording import SECTIONS, Paragraph, Wording, element_words, template, wording
from amends.taxonomy import offices
from amends.taxonomy.gravity import CREDIT, MONEY, PASSWORDS

# A reassurance is given for these only: what people fear most, and what a letter must not speak of lightly.
REASSURED = ("ssn", "card", "bank_account")
TOLL_FREE = re.compile(r"^\D*(?:1\D*)?8(?:00|33|44|55|66|77|88)\D*\d{3}\D*\d{4}\D*$")
FORBIDDEN_TOGETHER = {"COUNT_STATE_RESIDENTS": "COUNT_AFFECTED"}

NOTICE_SLOT, CODE_SLOT = "[[notice_id]]", "[[code]]"


@dataclass(frozen=True)
class Section:
    """A heading ("" for opening and closing) and what stands under it."""

    key: str
    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Letter:
    """A composed text, the same for everybody of its variant.

    Attributes:
        variant: What it was made for.
        title: Its title.
        dated: The line with the date of the notice.
        sections: In order.
        missing: Required codes that the facts cannot give, each with what is missing; empty when it may go out.
        left_out: Required codes that another rule forbids.
        site: Address that its square to scan leads to, "" where there is none.
    """

    variant: Variant
    title: str
    dated: str
    sections: tuple[Section, ...]
    missing: dict[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    site: str = ""

    def blocks(self) -> Iterable[Block]:
        """Return all blocks in order."""
        return (b for s in self.sections for b in s.blocks)


# What a person must supply before a code can be met; the words go into the reason of a held notice.
NEEDS = {
    "ENTITY_PHONE": "[case] phone",
    "TOLLFREE_ENTITY": "[case] phone, toll-free",
    "CRA_CONTACTS_VIA_TOLLFREE": "[case] phone, toll-free",
    "ENTITY_WEBSITE": "[case] domain",
    "ENTITY_CONTACT": "[case] phone, domain or address",
    "ENTITY_NAME_CONTACT": "[case] phone, domain or address",
    "DATE_OF_DISCOVERY": "the event discovery",
    "COUNT_AFFECTED": "the number of people affected",
    "STATE_AG_CONTACT": "the address of the attorney general",
    "STATE_REGULATOR_CONTACT": "the address of the state agency",
    "DPO_CONTACT": "the data protection officer's address",
    "PARENT_COMPANY_NAME": "the name of the parent company",
    "ID_PROTECTION_HOWTO": "[case] phone, domain or address",
}


def compose(variant: Variant, facts: LetterFacts) -> Letter:
    """Return the letter of a variant.

    Raises:
        EvidenceError: The language has no template.
        DeliveryError: A paragraph names a value that the facts do not have.
    """
    words = wording(variant.language)
    flags = _flags(variant, facts)
    values = tuple(sorted(_values(variant, facts, words).items()))
    chosen = _chosen(variant.language, variant.audience, variant.duty.forbidden, flags)
    made = {p.id: fill_block(p, variant, words, values) for p in chosen}
    sections = tuple(
        Section(key, _heading(key, variant, words), blocks)
        for key in SECTIONS
        if (blocks := _section(key, [b for p in chosen if p.section == key and (b := made[p.id])]))
    )
    met = {"DATE_OF_NOTICE"}.union(*(b.satisfies for s in sections for b in s.blocks))
    absent = variant.duty.required - met
    barred = absent & _barred(variant)
    return Letter(
        variant,
        _title(variant, words),
        _dated(variant.language, facts.dated_on),
        sections,
        {code: NEEDS.get(code, "a paragraph that gives it") for code in sorted(absent - barred)},
        frozenset(barred),
        facts.site,
    )


@lru_cache(maxsize=64)
def _dated(language: str, on: date) -> str:
    words = wording(language)
    return template(words.words["dated"]).render(dated_on=words.day(on))


def _section(key: str, blocks: list[Block]) -> tuple[Block, ...]:
    """Return a section's blocks; what happened is told in one flow, not sentence by sentence."""
    if key != "what_happened" or not blocks:
        return tuple(blocks)
    return (
        Block(
            "+".join(b.id for b in blocks),
            "text",
            " ".join(b.text for b in blocks),
            satisfies=frozenset().union(*(b.satisfies for b in blocks)),
            reveals=frozenset().union(*(b.reveals for b in blocks)),
        ),
    )


def _barred(variant: Variant) -> frozenset[str]:
    """Return codes that may not be given because a forbidden one would be revealed by them."""
    also = {FORBIDDEN_TOGETHER[f] for f in variant.duty.forbidden if f in FORBIDDEN_TOGETHER}
    if "NATURE_OF_BREACH" in variant.duty.forbidden:
        also |= {"INCIDENT_GENERAL", "HOW_BREACH_OCCURRED", "STATEMENT_OF_ACQUISITION"}
    return variant.duty.forbidden | also


def _title(variant: Variant, words: Wording) -> str:
    """Return the title; where law prescribes the English one, a translation stands beside it, not in its place."""
    own = str(words.words["title"])
    if words.language == "en" or "TITLE_NOTICE_OF_DATA_BREACH" not in variant.duty.format:
        return own
    return f"{wording('en').words['title']} / {own}"


def _heading(key: str, variant: Variant, words: Wording) -> str:
    if key == "what_happened" and "NATURE_OF_BREACH" in variant.duty.forbidden:
        return words.headings["why_we_write"]
    own = words.headings.get(key, "")
    if not own or words.language == "en" or "HEADINGS_CA5" not in variant.duty.format:
        return own
    return f"{wording('en').headings[key]} / {own}"


@lru_cache(maxsize=4096)
def _chosen(
    language: str, audience: str, forbidden: frozenset[str], flags: frozenset[str]
) -> tuple[Paragraph, ...]:
    all_of_them = wording(language).paragraphs
    wanted = {p.id for p in all_of_them if not p.instead_of and _fits(p, audience, flags)}
    barred = {p.id for p in all_of_them if p.id in wanted and (p.reveals | p.satisfies) & forbidden}
    stand_ins = {
        p.id for p in all_of_them
        if p.instead_of and barred.intersection(p.instead_of) and _fits(p, audience, flags)
    }  # fmt: skip
    return tuple(p for p in all_of_them if p.id in (wanted - barred) | stand_ins)


def _fits(paragraph: Paragraph, audience: str, flags: frozenset[str]) -> bool:
    if paragraph.audience and audience not in paragraph.audience:
        return False
    if paragraph.exposure in EXPOSURES and f"any_{paragraph.exposure}" not in flags:
        return False
    if not all(_holds(c, flags) for c in paragraph.when):
        return False
    return not paragraph.any or any(_holds(c, flags) for c in paragraph.any)


def _holds(condition: str, flags: frozenset[str]) -> bool:
    return condition[1:] not in flags if condition.startswith("!") else condition in flags


def _flags(variant: Variant, facts: LetterFacts) -> frozenset[str]:
    codes = {e.element for e in variant.elements}
    language = variant.language
    texts = {
        "what_happened": facts.what_happened,
        "how_it_happened": facts.how_it_happened,
        "what_we_do": facts.what_we_do,
    }
    tests = {
        "update": variant.update,
        "kin": variant.audience == "next_of_kin",
        "credentials": bool(codes & PASSWORDS),
        "credit_risk": bool(codes & CREDIT),
        "money_risk": bool(codes & MONEY),
        "breach_from": facts.breach_from_on is not None,
        "breach_to": facts.breach_to_on is not None,
        "dates_told": _dates_told(variant, facts),
        "same_day": facts.breach_from_on == facts.breach_to_on,
        "discovered": facts.discovered_on is not None,
        "contained": facts.contained_on is not None,
        "counted": facts.n_affected > 0,
        "delayed_by_police": facts.delayed_by_police,
        "reassure": bool(_reassured(variant, facts)),
        "offer": offer_months(variant, facts) > 0,
        "reachable": bool(facts.phone or facts.website or facts.email or facts.address),
        "phone": bool(facts.phone),
        "toll_free": bool(TOLL_FREE.match(facts.phone)),
        "website": bool(facts.website),
        "site": bool(facts.site),
        "parent": bool(facts.parent),
        "dpo": bool(facts.dpo_contact),
        "state_office": bool(state_offices(variant)),
        "many_offices": len(state_offices(variant)) > 1
        and not variant.duty.jurisdictions[0].startswith("US-"),
        "told_elsewhere": bool(facts.what_happened or facts.how_it_happened),
    }
    held = {name for name, holds in tests.items() if holds}
    held |= {f"any_{e.exposure}" for e in variant.elements}
    held |= {f"text:{name}" for name, by_language in texts.items() if by_language.get(language)}
    held |= {f"required:{code}" for code in variant.duty.required}
    return frozenset(held)


def _dates_told(variant: Variant, facts: LetterFacts) -> bool:
    """Say whether the sentence on what happened names the days of the breach, so that they need not be told again."""
    if "NATURE_OF_BREACH" in variant.duty.forbidden:
        return False  # that sentence stays out of the letter
    return _names_days(
        facts.what_happened.get(variant.language, ""),
        variant.language,
        facts.breach_from_on,
        facts.breach_to_on,
    )


@lru_cache(maxsize=64)
def _names_days(text: str, language: str, *days: date | None) -> bool:
    known = [day for day in days if day is not None]
    return bool(known) and all(_names_day(text, wording(language), day) for day in known)


def _names_day(text: str, words: Wording, on: date) -> bool:
    """Say whether a text names a day: in words, the year may stand elsewhere in it, or as ISO date."""
    if on.isoformat() in text:
        return True
    whole, year = words.day(on), str(on.year)
    without_year = re.sub(r"(?:,| de)? *$", "", whole.rsplit(year, 1)[0])
    return year in text and bool(
        re.search(rf"(?<!\w){re.escape(without_year)}(?!\w)", text, re.IGNORECASE)
    )


def offer_months(variant: Variant, facts: LetterFacts) -> int:
    """Return the months offered: what the company gives everybody, and never less than the law asks."""
    return max(facts.offer_months, variant.duty.id_protection_months)


def _reassured(variant: Variant, facts: LetterFacts) -> list[str]:
    own = {e.element for e in variant.elements}
    return [e for e in REASSURED if e in facts.not_exposed and e not in own]


def _values(variant: Variant, facts: LetterFacts, words: Wording) -> dict[str, object]:
    """Return the placeholders that have a value; one that has none stays undefined and is an error when used."""
    named = element_words(words.language)
    days = {
        "discovered_on": facts.discovered_on, "breach_from_on": facts.breach_from_on,
        "breach_to_on": facts.breach_to_on, "contained_on": facts.contained_on,
        "enrol_by_on": facts.enrol_by_on,
    }  # fmt: skip
    report_web, report_phone = offices.credit_report()
    found: dict[str, object] = {
        "entity": facts.entity,
        "n_affected": f"{facts.n_affected:,}",
        "offer_months": offer_months(variant, facts),
        "offer_product": facts.product_for(variant.audience),
        "phone": facts.phone,
        "website": facts.website,
        "site": facts.site,
        "parent": facts.parent,
        "dpo_contact": facts.dpo_contact,
        "reach": _reach(facts, words),
        "reassured": _either([named[e].plural for e in _reassured(variant, facts)], words),
        "report_web": report_web,
        "report_phone": report_phone,
    }
    texts = (
        ("what_happened", facts.what_happened),
        ("how_it_happened", facts.how_it_happened),
        ("what_we_do", facts.what_we_do),
    )
    found |= {name: text[words.language] for name, text in texts if text.get(words.language)}
    found = {name: v for name, v in found.items() if v != "" or name == "offer_product"}
    return found | {name: words.day(on) for name, on in days.items() if on is not None}


def _either(parts: list[str], words: Wording) -> str:
    joiner = {"en": " or ", "es": " ni "}[words.language]
    return joiner.join(parts)


def _reach(facts: LetterFacts, words: Wording) -> str:
    """Return how to reach the sender: by telephone, web, e-mail or post, whichever there are."""
    forms = {
        "en": ("at {}", "at {}", "at {}", "by mail at {}"),
        "es": ("al {}", "en {}", "en {}", "por correo a {}"),
    }[words.language]
    values = (facts.phone, facts.website, facts.email, ", ".join(facts.address))
    parts = [form.format(value) for form, value in zip(forms, values, strict=True) if value]
    joiner = {"en": " or ", "es": " o "}[words.language]
    return ", ".join(parts[:-1]) + (joiner if len(parts) > 1 else "") + (parts[-1] if parts else "")
