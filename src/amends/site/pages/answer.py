"""What the personal page shows of an answer: its elements as the letter lists them, what to do, offer, protection."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amends.kernel import clock
from amends.portal.offers.claim import Claim
from amends.portal.protection.requests import Protected
from amends.portal.shapes import AnswerClass, LetterText, Office
from amends.portal.words.contacts import contacts
from amends.portal.words.language import day_words
from amends.site.words import texts
from amends.taxonomy.elements import elements

_TAIL = re.compile(r"\s*\([^()]*\)\s*$")


@dataclass(frozen=True)
class ExposedList:
    """A sentence and the elements below it."""

    text: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Something to do: heading, text, and addresses or further lines where there are any."""

    heading: str
    text: str
    offices: tuple[Office, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class OfferView:
    """How the offer stands, in words.

    Attributes:
        lead: What it is.
        before: Sentences before the code.
        code: The enrolment code, "" while there is none.
        after: Sentences after it.
        address: Where it is used, "" where none is known.
        can_claim: Whether the button is shown.
    """

    lead: str = ""
    before: tuple[str, ...] = ()
    code: str = ""
    after: tuple[str, ...] = ()
    address: str = ""
    can_claim: bool = False


@dataclass(frozen=True)
class ProtectionView:
    """How one protection stands, in words."""

    action: str
    name: str
    status: str
    ask: str
    can_ask: bool


def letter_of(found: AnswerClass, language: str) -> LetterText:
    """Return the letter in a language, or in the one it was sent in."""
    return found.letters.get(language) or found.letters.get(found.language) or _any(found.letters)


def _any(letters: Mapping[str, LetterText]) -> LetterText:
    return next(iter(letters.values()))


def exposed_lists(found: AnswerClass, language: str) -> tuple[ExposedList, ...]:
    """Return what was exposed in the words of the letter; in ours, should its lists not be exactly the elements.

    The letter's own sentences come first because the law of some states says which words may be used (940 CMR and
    M.G.L. c. 93H section 3(b): nothing on the nature of the breach).
    """
    names = found.names.get(language) or found.names[found.language]
    told = tuple(
        ExposedList(block.text, block.items)
        for section in letter_of(found, language).sections
        for block in section.blocks
        if section.key == "what_information" and block.kind == "list"
    )
    listed = [_TAIL.sub("", item) for one in told for item in one.items]
    if found.letters.get(language) and sorted(listed) == sorted(_TAIL.sub("", n) for n in names):
        return told
    return (ExposedList("", _own_words(found, names, language)),)


def _own_words(found: AnswerClass, names: Sequence[str], language: str) -> tuple[str, ...]:
    words = texts(language)["you"]
    lines = []
    for name, exposed in zip(names, found.elements, strict=True):
        said = [words[exposed.exposure]]
        said += [words["encrypted"]] if exposed.encrypted else []
        said += [words["possible"]] if exposed.possible else []
        lines.append(f"{name}: {'; '.join(said)}")
    return tuple(lines)


# ------------------------------------------------------------------ what to do

# Elements with which a tax return can be filed in somebody's name (IRS, Get an identity protection PIN).
_TAX = frozenset({"ssn", "ssn_last4", "itin", "irs_ip_pin", "tax_info"})


def steps(found: AnswerClass, language: str) -> tuple[Step, ...]:
    """Return what to do that needs no enrolment: first what stops most, then what each element asks for."""
    words, audience = texts(language)["steps"], found.audience
    made = [
        Step(words["freeze"][audience], words["freeze_text"][audience], _bureaus(found, language))
    ]
    if audience == "adult":
        made.append(Step(words["alert"], words["alert_text"]))
    held = {exposed.element for exposed in found.elements}
    if words["tax"][audience] and held & _TAX:
        made.append(Step(words["tax"][audience], words["tax_text"][audience]))
    if audience in ("adult", "guardian"):
        made.append(Step(words["element"], words["element_text"], lines=_advice(found, language)))
    return tuple(made)


def _advice(found: AnswerClass, language: str) -> tuple[str, ...]:
    """Return one line for each different advice, with the elements it is for."""
    known = elements()
    advice: dict[str, list[str]] = {}
    names = found.names.get(language) or found.names[found.language]
    for name, exposed in zip(names, found.elements, strict=True):
        element = known.get(exposed.element)
        says = element.advice.get(language, "") if element else ""
        if says:
            advice.setdefault(says, []).append(_TAIL.sub("", name))
    return tuple(f"{', '.join(who)}: {says}" for says, who in advice.items())


def _bureaus(found: AnswerClass, language: str) -> tuple[Office, ...]:
    """Return the addresses of the credit bureaus: as the letter prints them, or as the general pages do."""
    if found.audience == "business":
        return ()
    known = contacts().bureaus
    for section in letter_of(found, language).sections:
        for block in section.blocks:
            if block.kind == "offices" and len(block.offices) == len(known):
                return block.offices
    return known


# ------------------------------------------------------------------ the offer


def offer_view(
    found: AnswerClass, claim: Claim | None, language: str, *, late: bool = False
) -> OfferView:
    """Return how the offer stands.

    Args:
        found: The class of the answer.
        claim: What the person holds or waits for; ``None`` for nothing.
        language: Language of the page.
        late: Whether the register could not be asked.
    """
    words, offer = texts(language)["offer"], found.offer
    if offer is None or not offer.product:
        return OfferView(before=(words["none"],))
    lead = words["lead"][found.audience].format(months=offer.months, product=offer.product)
    if late:
        return OfferView(lead, (words["later"],))
    ends = day_words(offer.enrol_by_on, language)
    if claim is None:
        if clock.now().date() > offer.enrol_by_on:
            return OfferView(before=(words["closed"].format(day=ends),))
        return OfferView(lead, (words["by"].format(day=ends),), can_claim=True)
    return _claimed(found, claim, lead, language)


def _claimed(found: AnswerClass, claim: Claim, lead: str, language: str) -> OfferView:
    words = texts(language)["offer"]
    days = {
        name: day_words(on, language)
        for name in ("claimed_on", "expires_on", "cover_until_on", "by_on", "redeemed_on")
        if (on := getattr(claim, name)) is not None
    }
    if claim.state != "held":
        said = words["waiting_again" if claim.why else "waiting"]
        return OfferView(lead, (said.format(day=days.get("by_on", "?"), why=claim.why),))
    before = [words["replaced"].format(why=claim.why)] if claim.why else []
    before.append(words["held"].format(day=days["claimed_on"]))
    address = found.offer.redeem_at if found.offer else ""
    use = words["use"].format(address=address) if address else ""
    after = [words["held_more"], use or words["use_plain"].format(product=claim.product)]
    for name, key in (
        ("expires_on", "expires"),
        ("cover_until_on", "cover"),
        ("redeemed_on", "redeemed"),
    ):
        if name in days and not (name == "cover_until_on" and "redeemed_on" in days):
            after.append(words[key].format(day=days[name]))
    link = address if address.startswith("https://") else ""
    return OfferView(lead, tuple(before), claim.code, tuple(after), link)


# ------------------------------------------------------------------ protection


def protection_views(
    actions: Sequence[str], standing: Sequence[Protected], language: str
) -> tuple[ProtectionView, ...]:
    """Return how each protection offered stands."""
    by_action = {one.action: one for one in standing}
    return tuple(_protection(action, by_action.get(action), language) for action in actions)


def _protection(action: str, one: Protected | None, language: str) -> ProtectionView:
    words = texts(language)["protect"]
    state = one.state if one else "none"
    on = (one.ended_on if one.state == "done" else one.asked_on) if one else None
    said = [words["states"][state].format(day=day_words(on, language) if on else "")]
    if one and one.source == "default":
        said.append(words["default"])
    if one and one.n_accounts > 1:
        said.append(words["accounts"].format(done=one.n_done, count=one.n_accounts))
    can_ask = state in ("none", "refused", "failed")
    return ProtectionView(
        action, words["names"][action], " ".join(said), words["ask"][action], can_ask
    )
