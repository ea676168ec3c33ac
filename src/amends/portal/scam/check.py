"""Say of a message whether it is ours: ``ours``, ``not_ours`` or ``cannot_tell``, with reasons and what to do next.

``ours`` needs all of: the number of a notice that was sent; no link, sender or telephone number that is not ours or
named in our letters; no sign of cheating; no words but those of our letters, beside names and addresses. Anything that
we know to be false makes it ``not_ours``. All else is ``cannot_tell``. No network is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from amends.portal.scam.clean import Cleaned, clean
from amends.portal.scam.hosts import Link, belongs_to, shown
from amends.portal.scam.lists import listed
from amends.portal.scam.lookalikes import lookalike_of, skeleton
from amends.portal.scam.parts import Parts, read_parts, rejoined, without_numbers
from amends.portal.scam.reasons import Reason, day, say, way
from amends.portal.scam.register import Own, SentRegister
from amends.portal.scam.signals import signs_in
from amends.portal.scam.strange import likeness
from amends.portal.scam.wording import coverage
from amends.portal.shapes import Incident

MOST_REASONS = 12
_MOSTLY = 0.8  # share of words from which on a message is said to have our words
_A_TEXT = 8  # words from which on something is a message and no longer a sender, link or number
_SHORT = listed("short_links")
_FREE_MAIL = listed("free_mail")
_LETTER_CODE = re.compile(r"(?<![\w\-])[0-9A-Za-z]{4}(?:[ \-][0-9A-Za-z]{4}){3}(?![\w\-])")
# Reasons that alone show that a message is not ours; what remains of those against it only keeps it from being ours.
STRONG = frozenset(
    (
        "number_unknown", "link_not_ours", "link_imitates", "link_short", "link_user_name", "link_number_host",
        "link_script", "other_link", "sender_not_ours", "sender_imitates", "sender_free_mail", "reply_elsewhere",
        "id_not_ours", "phone_not_ours", "mixed_letters", "form", "asks_secret", "asks_money", "asks_access",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """Something in the message that was looked up.

    Attributes:
        kind: ``number``, ``link``, ``sender`` or ``phone``.
        shown: As it can be shown.
        whose: ``ours``, ``named`` (in our letters), ``imitates`` or ``other``.
    """

    kind: str
    shown: str
    whose: str


@dataclass(frozen=True)
class Verdict:
    """The answer.

    Attributes:
        verdict: ``ours``, ``not_ours`` or ``cannot_tell``.
        says: The answer in a sentence or two.
        reasons: Why, those against it first.
        next_steps: What to do, in order.
        parts: What was looked up, and whose it is.
    """

    verdict: str
    says: str
    reasons: tuple[Reason, ...]
    next_steps: tuple[str, ...]
    parts: tuple[Part, ...]

    def as_json(self) -> dict[str, object]:
        """Return the answer as a JSON value."""
        return {
            "verdict": self.verdict,
            "says": self.says,
            "reasons": [dict(r.__dict__) for r in self.reasons],
            "next_steps": list(self.next_steps),
            "parts": [dict(p.__dict__) for p in self.parts],
        }


@dataclass(frozen=True)
class _Found:
    """A reason by its code, with its values, before it is put into words."""

    code: str
    against: bool
    values: tuple[tuple[str, str], ...] = ()
    part: Part | None = None


def check_message(text: str, register: SentRegister, incident: Incident, language: str) -> Verdict:
    """Return whether a message, sender, link, telephone or notice number is ours.

    Args:
        text: What the person has; only the first 65,536 characters are read.
        register: What was sent.
        incident: Gives the contacts that are named in the advice.
        language: ``en`` or ``es``, of the answer; messages are read in both.
    """
    cleaned = clean(text)
    hosts = (*register.own.hosts, *register.own.named_hosts)
    cleaned = replace(cleaned, text=rejoined(cleaned.text, hosts))
    parts = read_parts(cleaned.text)
    found = [
        *_numbers(parts, register, language),
        *_links(parts, register.own),
        *_senders(parts, register.own),
        *_phones(parts, register.own),
        *_headers(parts, register),
        *(_Found(m, True) for m in sorted(cleaned.marks)),
        *_wording(cleaned, parts, register),
    ]
    found = list({(f.code, f.values): f for f in found}.values())
    if not found:
        found = [_Found("nothing_found" if cleaned.text.strip() else "empty", False)]
    return _verdict(found, incident, language)


def _numbers(parts: Parts, register: SentRegister, language: str) -> Iterator[_Found]:
    mail = {"from", "de", "subject", "asunto", "message-id", "x-notice-id"} & parts.headers.keys()
    for number in parts.numbers[:20]:
        sent = register.find(number)
        whose = "ours" if sent else "other"
        part = Part("number", number, whose)
        if sent is None:
            values = (("what", number), ("on", day(register.last_sent_on, language)))
            yield _Found("number_unknown", True, values, part)
            continue
        how = ("way", way(sent.channel, language))
        told = (("what", number), ("on", day(sent.sent_on, language)), how)
        yield _Found("number_sent", False, told, part)
        if mail and sent.channel == "print":
            yield _Found("other_way", True, (how,))
    if len(parts.numbers) > 20:
        yield _Found("too_long", True)
    if parts.almost:
        yield _Found("number_cut", True)


def _links(parts: Parts, own: Own) -> Iterator[_Found]:
    for link in parts.links[:40]:
        code, whose = _link_code(link, own)
        part = Part("link", link.shown, whose)
        what = (("what", link.shown),)
        for trick in sorted(link.tricks):
            yield _Found(f"link_{trick}", True, what, part)
        against = whose in ("imitates", "other")
        if not (link.tricks and code in ("link_ours", "link_named")):
            yield _Found(code, against, what, part)
    if len(parts.links) > 40:
        yield _Found("too_long", True)


def _link_code(link: Link, own: Own) -> tuple[str, str]:
    if link.scheme in ("mailto", "tel", "sms"):
        return "link_script" if link.tricks else "link_ours", "ours"
    if any(belongs_to(link.host, o) for o in own.hosts):
        return "link_ours", "ours"
    bare = link.host.removeprefix("www.")
    if any(belongs_to(bare, n.removeprefix("www.")) for n in own.named_hosts):
        return "link_named", "named"
    if bare in _SHORT:
        return "link_short", "other"
    if lookalike_of(link.host, own.hosts):
        return "link_imitates", "imitates"
    return "link_not_ours", "other"


def _senders(parts: Parts, own: Own) -> Iterator[_Found]:
    for address in parts.addresses[:20]:
        host = address.rpartition("@")[2]
        code, whose = _sender_code(address, host, own)
        against = whose != "ours" or code == "sender_our_domain"
        yield _Found(
            code, against, (("what", shown(address)),), Part("sender", shown(address), whose)
        )


def _sender_code(address: str, host: str, own: Own) -> tuple[str, str]:
    if address in own.senders:
        return "sender_ours", "ours"
    if any(belongs_to(host, o) for o in own.hosts):
        return "sender_our_domain", "ours"
    if host in _FREE_MAIL:
        return "sender_free_mail", "other"
    if lookalike_of(host, own.hosts):
        return "sender_imitates", "imitates"
    return "sender_not_ours", "other"


def _phones(parts: Parts, own: Own) -> Iterator[_Found]:
    for digits in parts.phones[:20]:
        code, whose = "phone_not_ours", "other"
        if digits in own.phones:
            code, whose = "phone_ours", "ours"
        elif digits in own.named_phones:
            code, whose = "phone_named", "named"
        written = _written(digits)
        yield _Found(code, whose == "other", (("what", written),), Part("phone", written, whose))


def _written(digits: str) -> str:
    if len(digits) == 11 and digits.startswith("1"):
        return f"1-{digits[1:4]}-{digits[4:7]}-{digits[7:]}"
    return f"+{digits}"


def _headers(parts: Parts, register: SentRegister) -> Iterator[_Found]:
    own, headers = register.own, parts.headers
    answers = headers.get("reply-to") or headers.get("responder a") or ""
    for address in read_parts(answers).addresses:
        if address not in own.senders:
            yield _Found("reply_elsewhere", True, (("what", shown(address)),))
    made = headers.get("message-id", "").strip("<> ")
    if made:
        number, _, host = made.rpartition("@")
        domains = {s.rpartition("@")[2] for s in own.senders}
        if register.find(number) is None or host.casefold() not in domains:
            yield _Found("id_not_ours", True)
    checked = headers.get("authentication-results", "").lower()
    if re.search(r"\b(?:dkim|spf|dmarc)\s{0,2}=\s{0,2}(?:fail|softfail|none|permerror)\b", checked):
        yield _Found("mail_failed", True)


def _wording(cleaned: Cleaned, parts: Parts, register: SentRegister) -> Iterator[_Found]:
    def is_ours(sentence: str) -> bool:
        seen = coverage(sentence, register.runs, register.run_key)
        return seen.unbroken

    for sign in signs_in(cleaned.text, is_ours):
        yield _Found(sign.code, True)
    if _LETTER_CODE.search(without_numbers(cleaned.text)):
        yield _Found("letter_code", False)
    if _name_in_other_letters(cleaned.text, register.own.entity):
        yield _Found("mixed_letters", True)
    like = likeness(cleaned.text, register)
    is_text = len(cleaned.text.split()) >= _A_TEXT
    if like.strange:
        yield _Found("words_not_ours", True)
    elif like.cut:
        yield _Found("words_cut", True)
    elif is_text and like.share_ours >= _MOSTLY:
        yield _Found("words_ours", False)
    if is_text and not parts.numbers:
        yield _Found("number_missing", True)


def _name_in_other_letters(text: str, entity: str) -> bool:
    """Say whether a word of our name is written with letters of another script."""
    if text.isascii():
        return False
    own = {skeleton(w) for w in re.findall(r"\w{3,}", entity)}
    return any(
        not word.isascii() and skeleton(word) in own and word.casefold() not in entity.casefold()
        for word in set(re.findall(r"\w{3,60}", text))
    )


def _verdict(found: list[_Found], incident: Incident, language: str) -> Verdict:
    codes = {f.code for f in found}
    if codes & STRONG:
        verdict = "not_ours"
    elif "number_sent" in codes and not any(f.against for f in found):
        verdict = "ours"
        found.append(_Found("number_can_be_copied", False))
    else:
        verdict = "cannot_tell"
    reasons = tuple(
        Reason(f.code, say("reason", f.code, language, **dict(f.values)), f.against)
        for f in _ranked(found)[:MOST_REASONS]
    )
    parts = tuple(dict.fromkeys(f.part for f in found if f.part is not None))[:MOST_REASONS]
    return Verdict(
        verdict, say("verdict", verdict, language), reasons, _next_steps(verdict, codes, incident, language), parts
    )  # fmt: skip


def _ranked(found: list[_Found]) -> list[_Found]:
    """Return the reasons in order of weight; of what does not speak against the message, one of a kind is enough."""
    first = {f.code: f for f in reversed(found) if not f.against}
    kept = [f for f in found if f.against or first[f.code] is f]
    weight = {"number_sent": 2, "number_can_be_copied": 3}
    return sorted(
        kept, key=lambda f: 0 if f.code in STRONG else 1 if f.against else weight.get(f.code, 4)
    )


def _next_steps(
    verdict: str, codes: set[str], incident: Incident, language: str
) -> tuple[str, ...]:
    site, phone = incident.site or incident.domain, incident.phone
    steps = {
        "ours": ("check_code", "type_address", "call_us", "never_ask"),
        "not_ours": ("do_not_answer", "if_answered", "report_it", "type_address", "call_us"),
        "cannot_tell": ("paste_more", "type_address", "call_us", "never_ask"),
    }[verdict]
    if verdict == "cannot_tell" and "number_sent" in codes:
        steps = steps[1:]
    wanted = [s for s in steps if (s != "type_address" or site) and (s != "call_us" or phone)]
    return tuple(say("next", s, language, site=site, phone=phone) for s in wanted)


def all_codes() -> frozenset[str]:
    """Return every code that a reason can have, for the test that each has its words."""
    return frozenset(STRONG) | frozenset(
        (
            "number_sent", "number_can_be_copied", "number_cut", "number_missing", "other_way", "words_not_ours",
            "words_ours",
            "words_cut",
            "link_ours", "link_named", "link_odd_port", "link_forwards", "sender_ours", "sender_our_domain",
            "mail_failed", "phone_ours", "phone_named", "hidden_signs", "turned_text", "too_long", "empty",
            "nothing_found", "letter_code", "pressure", "secrecy", "prize", "click_here", "no_name", "moves_elsewhere",
        )
    )  # fmt: skip
