"""What public texts may say: values, conditions and lists, all computed from the released determination."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from amends.portal.shapes import Determination, Incident, Office
from amends.portal.words.contacts import contacts, line_target
from amends.portal.words.figures import by_exposure
from amends.portal.words.language import day_words, joined, neither, number_words, people_words
from amends.portal.words.lists import lists_of, literal, ruled_out, tables_of, terms
from amends.portal.words.order import LINE, TAX, gravest_first, plural
from amends.taxonomy.gravity import CREDIT, MONEY, PASSWORDS

POSTED_DAYS = 90
"""Days that a substitute notice stays up: 45 CFR 164.404(d)(2)(ii), the only statute with a number."""


@dataclass(frozen=True)
class Facts:
    """Everything a text may name.

    Attributes:
        language: ``en`` or ``es``.
        values: Placeholder -> words; one that is absent may not be named.
        flags: Conditions that hold.
        lists: Name -> lines.
        tables: Name -> rows; the last cell is a figure.
        offices: Name -> addresses.
    """

    language: str
    values: Mapping[str, object]
    flags: frozenset[str]
    lists: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, tuple[tuple[str, ...], ...]]
    offices: Mapping[str, tuple[Office, ...]]

    def holds(self, conditions: Iterable[str]) -> bool:
        """Say whether all conditions hold; ``!x`` = x does not, ``x|y`` = one of them does."""
        return all(any(self._holds(c) for c in condition.split("|")) for condition in conditions)

    def _holds(self, condition: str) -> bool:
        return condition[1:] not in self.flags if condition[0] == "!" else condition in self.flags


def facts_of(found: Determination, language: str) -> Facts:
    """Return the facts of a determination in a language."""
    return Facts(
        language,
        _values(found, language),
        _flags(found, language),
        lists_of(found, language),
        tables_of(found, language),
        {"bureaus": contacts().bureaus, "commission": contacts().commission},
    )


def _values(found: Determination, language: str) -> dict[str, object]:
    incident, edition = found.incident, found.edition
    order = gravest_first(e for e, n in edition.by_element.items() if n)
    days = {
        "discovered_on": incident.discovered_on,
        "breach_from_on": incident.breach_from_on,
        "breach_to_on": incident.breach_to_on,
        "contained_on": incident.contained_on,
        "released_on": edition.released_on,
        "first_released_on": found.editions[0].released_on,
        "posted_to_on": edition.released_on + timedelta(days=POSTED_DAYS),
    }
    files = terms(language)["file" if incident.n_items_unread == 1 else "files"]
    plain: dict[str, object] = {
        "entity": incident.entity,
        "domain": incident.domain,
        "site": incident.site,
        "phone": incident.phone,
        "phone_link": f"tel:{re.sub(r'[^0-9+]', '', incident.phone)}" if incident.phone else "",
        "email": incident.email,
        "address": ", ".join(incident.address),
        "signed_by": incident.signed_by,
        "reach": reach(incident, language),
        "edition": str(edition.edition),
        "run": found.run,
        "people": people_words(edition.n_persons, language),
        "unknown_state": people_words(edition.by_residence.get("", 0), language),
        "n_items": f"{number_words(incident.n_items_unread)} {files}",
        "gravest": joined([plural(e, language) for e in order[:4]], language),
        "not_taken": neither([plural(e, language) for e in ruled_out(found)], language),
        "what_happened": _own(incident.what_happened, language),
        "what_we_do": _own(incident.what_we_do, language),
        **contacts().addresses,
        "report_phone_link": line_target(contacts().addresses["report_phone"]),
    }
    kept = {k: literal(v) for k, v in plain.items() if v}
    return kept | {k: day_words(d, language) for k, d in days.items() if d is not None}


def _own(words: Mapping[str, str], language: str) -> str:
    """Return the case's own sentences; those of the other language where there are none."""
    return words.get(language) or next((w for w in words.values() if w), "")


def reach(incident: Incident, language: str) -> str:
    """Return how to reach the company: by telephone, e-mail, site or post, whichever there are."""
    forms = {
        "en": ("at {}", "at {}", "at {}", "by mail at {}"),
        "es": ("al {}", "en {}", "en {}", "por correo a {}"),
    }[language]
    web = incident.site or incident.domain
    values = (incident.phone, incident.email, web, ", ".join(incident.address))
    parts = [form.format(value) for form, value in zip(forms, values, strict=True) if value]
    joiner = {"en": " or ", "es": " o "}[language]
    return ", ".join(parts[:-1]) + (joiner if len(parts) > 1 else "") + (parts[-1] if parts else "")


def _flags(found: Determination, language: str) -> frozenset[str]:
    held = {name for name, holds in _tests(found, language).items() if holds}
    exposures = frozenset(by_exposure(found))
    held |= exposures
    if len(exposures) == 1:
        held.add(f"only_{next(iter(exposures))}")
    if (
        held & {"unknown_how", "!from", "unread"}
        or not {"from", "to", "contained", "discovered"} <= held
    ):
        held.add("open")
    return frozenset(held)


def _tests(found: Determination, language: str) -> dict[str, bool]:
    incident, edition = found.incident, found.edition
    living = [c for c in found.classes if c.n_persons]
    codes = {e for e, n in edition.by_element.items() if n}
    audiences = {c.audience for c in living}
    return {
        "happened": bool(incident.what_happened.get(language)),
        "happened_elsewhere": bool(_own(incident.what_happened, language))
        and not incident.what_happened.get(language),
        "unknown_how": not _own(incident.what_happened, language),
        "doing": bool(incident.what_we_do.get(language)),
        "doing_elsewhere": bool(_own(incident.what_we_do, language))
        and not incident.what_we_do.get(language),
        "discovered": incident.discovered_on is not None,
        "from": incident.breach_from_on is not None,
        "to": incident.breach_to_on is not None,
        "same_day": incident.breach_from_on is not None
        and incident.breach_from_on == incident.breach_to_on,
        "contained": incident.contained_on is not None,
        "unread": incident.n_items_unread > 0,
        "not_exposed": bool(ruled_out(found)),
        "police": incident.delayed_by_police,
        "signed": bool(incident.signed_by),
        "phone": bool(incident.phone),
        "email": bool(incident.email),
        "site": bool(incident.site),
        "domain": bool(incident.domain),
        "address": bool(incident.address),
        "reachable": bool(reach(incident, language)),
        "several": len(incident.populations) > 1,
        "former": bool(incident.populations.get("former")),
        "prospective": bool(incident.populations.get("prospective")),
        "offer": any(c.offer for c in living),
        "redeem": any(c.offer and c.offer.redeem_at for c in living),
        "protection": bool(found.protection),
        **{action: action in found.protection for action in ("lock", "port_out_block", "pin_reset")},
        "later": len(found.editions) > 1,
        "encrypted": any(e.encrypted for c in living for e in c.elements),
        "possible": any(e.possible for c in living for e in c.elements),
        "credit": bool(codes & CREDIT),
        "tax": bool(codes & TAX),
        "money": bool(codes & MONEY),
        "passwords": bool(codes & PASSWORDS),
        "line": bool(codes & LINE),
        "ssn": "ssn" in codes,
        "child": "guardian" in audiences,
        "kin": "next_of_kin" in audiences,
        "business": "business" in audiences,
        "unknown_state": edition.by_residence.get("", 0) > 0,
        "answers_no": found.answers_no,
    }  # fmt: skip
