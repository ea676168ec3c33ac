"""Compose a letter: pick the paragraphs of a variant, fill them, and keep what each one satisfies.

Required codes bring their paragraph in, forbidden codes keep every paragraph out that would reveal them. What the
law asks for and the facts cannot give is a fault with a name, never a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import jinja2

from amends.kernel.errors import DeliveryError
from amends.notices import contacts
from amends.notices.facts import EXPOSURES, ExposedElement, LetterFacts, Variant
from amends.notices.wording import (
    SECTIONS,
    ElementWords,
    Paragraph,
    Wording,
    element_words,
    template,
    wording,
)

# Elements that open credit or an identity, after the triggers of the state offers of identity protection.
CREDIT_RISK = frozenset(
    (
        "ssn", "itin", "ein", "drivers_licence", "state_id", "passport", "birth_date", "military_id", "tribal_id",
        "gov_id_other", "alien_number", "atin", "tax_info", "irs_ip_pin", "mother_maiden_name", "e_signature",
        "vital_certificate",
    )
)  # fmt: skip
MONEY_RISK = frozenset(
    [
        "bank_account",
        "routing_number",
        "iban",
        "card",
        "card_cvv",
        "card_expiry",
        "card_track",
        "pin",
    ]
)
CREDENTIALS = frozenset(("password", "password_hash", "security_answer"))
# A reassurance is given for these only: what people fear most, and what a letter must not speak of lightly.
REASSURED = ("ssn", "card", "bank_account")
TOLL_FREE = re.compile(r"^\D*(?:1\D*)?8(?:00|33|44|55|66|77|88)\D*\d{3}\D*\d{4}\D*$")
_STATE = re.compile(r"^US-[A-Z]{2}$")
FORBIDDEN_TOGETHER = {"COUNT_STATE_RESIDENTS": "COUNT_AFFECTED"}

NOTICE_SLOT, CODE_SLOT = "[[notice_id]]", "[[code]]"


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
        kind: ``text``, ``list`` (text, then items), ``offices`` (text, then offices), ``code``, ``signature``.
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
    """

    variant: Variant
    title: str
    dated: str
    sections: tuple[Section, ...]
    missing: dict[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

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
    values = _values(variant, facts, words)
    chosen = _chosen(words.paragraphs, variant, flags)
    made = {p.id: _block(p, variant, facts, words, values) for p in chosen}
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
        template(words.words["dated"]).render(dated_on=words.day(facts.dated_on)),
        sections,
        {code: NEEDS.get(code, "a paragraph that gives it") for code in sorted(absent - barred)},
        frozenset(barred),
    )


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


def _chosen(
    all_of_them: tuple[Paragraph, ...], variant: Variant, flags: frozenset[str]
) -> list[Paragraph]:
    forbidden = variant.duty.forbidden
    wanted = {p.id for p in all_of_them if not p.instead_of and _fits(p, variant, flags)}
    barred = {p.id for p in all_of_them if p.id in wanted and (p.reveals | p.satisfies) & forbidden}
    stand_ins = {
        p.id for p in all_of_them
        if p.instead_of and barred.intersection(p.instead_of) and _fits(p, variant, flags)
    }  # fmt: skip
    return [p for p in all_of_them if p.id in (wanted - barred) | stand_ins]


def _fits(paragraph: Paragraph, variant: Variant, flags: frozenset[str]) -> bool:
    if paragraph.audience and variant.audience not in paragraph.audience:
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
        "credentials": bool(codes & CREDENTIALS),
        "credit_risk": bool(codes & CREDIT_RISK),
        "money_risk": bool(codes & MONEY_RISK),
        "breach_from": facts.breach_from_on is not None,
        "breach_to": facts.breach_to_on is not None,
        "same_day": facts.breach_from_on == facts.breach_to_on,
        "discovered": facts.discovered_on is not None,
        "contained": facts.contained_on is not None,
        "counted": facts.n_affected > 0,
        "delayed_by_police": facts.delayed_by_police,
        "reassure": bool(_reassured(variant, facts)),
        "offer": _offer_months(variant, facts) > 0,
        "reachable": bool(facts.phone or facts.website or facts.email or facts.address),
        "phone": bool(facts.phone),
        "toll_free": bool(TOLL_FREE.match(facts.phone)),
        "website": bool(facts.website),
        "parent": bool(facts.parent),
        "dpo": bool(facts.dpo_contact),
        "state_office": bool(_offices(variant)),
        "told_elsewhere": bool(facts.what_happened or facts.how_it_happened),
    }
    held = {name for name, holds in tests.items() if holds}
    held |= {f"any_{e.exposure}" for e in variant.elements}
    held |= {f"text:{name}" for name, by_language in texts.items() if by_language.get(language)}
    held |= {f"required:{code}" for code in variant.duty.required}
    return frozenset(held)


def _offer_months(variant: Variant, facts: LetterFacts) -> int:
    """Return the months offered: what the company gives everybody, and never less than the law asks."""
    return max(facts.offer_months, variant.duty.id_protection_months)


def _reassured(variant: Variant, facts: LetterFacts) -> list[str]:
    own = {e.element for e in variant.elements}
    return [e for e in REASSURED if e in facts.not_exposed and e not in own]


def _offices(variant: Variant) -> tuple[contacts.Contact, ...]:
    """Return the offices of the person's state; for an unknown residence all that a statute wants printed."""
    states = [j for j in variant.duty.jurisdictions if _STATE.match(j)]
    if len(states) > 1:
        return tuple(contacts.state_offices(j)[0] for j in states if contacts.prescribed(j))
    for jurisdiction in variant.duty.jurisdictions:
        found = contacts.state_offices(jurisdiction)
        if found:
            return found
    return ()


def _values(variant: Variant, facts: LetterFacts, words: Wording) -> dict[str, object]:
    """Return the placeholders that have a value; one that has none stays undefined and is an error when used."""
    named = element_words(words.language)
    days = {
        "discovered_on": facts.discovered_on, "breach_from_on": facts.breach_from_on,
        "breach_to_on": facts.breach_to_on, "contained_on": facts.contained_on,
        "enrol_by_on": facts.enrol_by_on,
    }  # fmt: skip
    report_web, report_phone = contacts.credit_report()
    found: dict[str, object] = {
        "entity": facts.entity,
        "n_affected": f"{facts.n_affected:,}",
        "offer_months": _offer_months(variant, facts),
        "offer_product": facts.offer_product,
        "phone": facts.phone,
        "website": facts.website,
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


def _block(
    paragraph: Paragraph,
    variant: Variant,
    facts: LetterFacts,
    words: Wording,
    values: dict[str, object],
) -> Block | None:
    source = paragraph.text.get(variant.audience) or paragraph.text.get("")
    if source is None:
        return None
    made = _MAKERS.get(paragraph.kind, _plain)(paragraph, variant, words)
    text = made.text or _filled(paragraph, source, values)
    return Block(
        paragraph.id, made.kind, text, made.items, made.offices,
        paragraph.satisfies, paragraph.reveals, made.elements,
    )  # fmt: skip


def _filled(paragraph: Paragraph, source: str, values: dict[str, object]) -> str:
    """Return the words of a paragraph; a value that is not there is an error, never a blank."""
    if paragraph.kind == "steps":
        return ""
    try:
        return template(source).render(values)
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
    return _Made({"offer_code": "code", "signature": "signature"}.get(paragraph.kind, "text"))


def _element_list(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    wanted = in_order([e for e in variant.elements if paragraph.exposure in (e.exposure, "all")])
    names = tuple(element_name(e, variant.audience, words) for e in wanted)
    return _Made("list", items=names, elements=tuple(e.element for e in wanted))


def element_name(exposed: ExposedElement, audience: str, words: Wording) -> str:
    """Return what a letter calls an element of its person: singular, and not "your" in a letter about somebody else."""
    name = element_words(words.language)[exposed.element].singular
    if audience != "adult":
        name = re.sub(r"\byour\b", "the", name)
    marks = [
        m
        for m, holds in (("encrypted", exposed.encrypted), ("possible", exposed.possible))
        if holds
    ]
    return " ".join([name, *(str(words.words[m]) for m in marks)])


def in_order(exposed: Iterable[ExposedElement]) -> list[ExposedElement]:
    """Return elements in the order in which people look for them: that of the taxonomy, name first."""
    places = {code: place for place, code in enumerate(element_words("en"))}
    return sorted(exposed, key=lambda e: places[e.element])


def _urgency(exposed: ExposedElement) -> int:
    """Return a rank: what can be acted on at once comes first, wariness last."""
    for rank, those in enumerate((CREDENTIALS, CREDIT_RISK, MONEY_RISK)):
        if exposed.element in those:
            return rank
    return len(("credentials", "credit", "money"))


def _steps(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    """Return one step for each piece of advice, naming the person's elements that it serves."""
    named = element_words(words.language)
    by_advice: dict[str, list[ElementWords]] = {}
    for exposed in sorted(in_order(variant.elements), key=_urgency):
        by_advice.setdefault(named[exposed.element].what_to_do, []).append(named[exposed.element])
    form = paragraph.text.get(variant.audience) or paragraph.text[""]
    items = []
    for advice, elements in by_advice.items():
        own = [
            re.sub(r"\byour\b", "the", e.singular) if variant.audience != "adult" else e.singular
            for e in elements
        ]
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
    return _Made("offices", offices=tuple(Office(c.name, c.lines) for c in contacts.bureaus()))


def _ftc(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    found = contacts.trade_commission()
    return _Made("offices", offices=(Office(found.name, found.lines),))


def _office(paragraph: Paragraph, variant: Variant, words: Wording) -> _Made:
    return _Made("offices", offices=tuple(Office(c.name, c.lines) for c in _offices(variant)))


_MAKERS = {
    "elements": _element_list, "steps": _steps, "consequences": _consequences,
    "bureaus": _bureaus, "ftc": _ftc, "office": _office,
}  # fmt: skip
