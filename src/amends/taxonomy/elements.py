"""Every data element Amends knows, from the shipped lists of codes and plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from amends.taxonomy import reference

# Identifiers: never on disk but as a vault token with at most the last four (DESIGN section 4).
_IDENTIFIERS = frozenset(
    [
        "ssn",
        "itin",
        "atin",
        "ptin",
        "ein",
        "drivers_licence",
        "state_id",
        "passport",
        "alien_number",
        "military_id",
        "tribal_id",
        "voter_id",
        "student_id",
        "employee_id",
        "gov_id_other",
        "bank_account",
        "iban",
        "card",
        "card_cvv",
        "card_track",
        "card_expiry",
        "account_number",
        "username",
        "password",
        "password_hash",
        "pin",
        "account_pin",
        "security_answer",
        "token",
        "private_key",
        "mrn",
        "health_policy",
        "mbi",
        "biometric",
        "genetic",
        "imei",
        "meid",
        "imsi",
        "iccid",
        "irs_ip_pin",
        "mother_maiden_name",
        "e_signature",
    ]
)
_CATEGORIES: Mapping[str, str] = {
    **dict.fromkeys(["name", "birth_date", "birth_place", "mother_maiden_name"], "identity"),
    **dict.fromkeys(["email", "phone", "address", "zip"], "contact"),
    **dict.fromkeys(
        [
            "ssn",
            "ssn_last4",
            "itin",
            "atin",
            "ptin",
            "ein",
            "drivers_licence",
            "state_id",
            "passport",
            "alien_number",
            "military_id",
            "tribal_id",
            "voter_id",
            "gov_id_other",
            "irs_ip_pin",
        ],
        "government id",
    ),
    **dict.fromkeys(
        [
            "bank_account",
            "routing_number",
            "iban",
            "bic",
            "card",
            "card_cvv",
            "card_expiry",
            "card_track",
            "tax_info",
        ],
        "financial",
    ),
    **dict.fromkeys(
        [
            "username",
            "password",
            "password_hash",
            "pin",
            "account_pin",
            "security_answer",
            "token",
            "private_key",
            "e_signature",
        ],
        "credential",
    ),
    **dict.fromkeys(
        ["mrn", "health_policy", "mbi", "npi", "diagnosis", "prescription", "biometric", "genetic"],
        "health",
    ),
    **dict.fromkeys(
        ["imei", "meid", "imsi", "iccid", "ip", "mac", "geo", "call_record", "account_number"],
        "telecom and device",
    ),
}


@dataclass(frozen=True)
class Element:
    """A kind of personal data.

    Attributes:
        code: Short snake case, as in every output.
        category: identity, contact, government id, financial, credential, health, telecom and
            device, other.
        law_codes: Codes of the law vocabulary it stands for; empty where no law in the data names
            it.
        identifier: Whether its values are kept only as vault tokens.
        names: Plain-language name for letters by language and number: ``names["en", "singular"]``.
        harm: What could happen, by language.
        advice: What to do, by language.
        note: Remark of the taxonomy.
    """

    code: str
    category: str
    law_codes: tuple[str, ...]
    identifier: bool
    names: Mapping[tuple[str, str], str]
    harm: Mapping[str, str]
    advice: Mapping[str, str]
    note: str


@cache
def elements() -> Mapping[str, Element]:
    """Return every element by code, in the order of the shipped list."""
    plain = {r["element"]: r for r in reference.rows("plain_language_elements")}
    return {r["element"]: _element(r, plain[r["element"]]) for r in reference.rows("element_codes")}


def _element(row: Mapping[str, str], plain: Mapping[str, str]) -> Element:
    code = row["element"]
    return Element(
        code=code,
        category=_CATEGORIES.get(code, "other"),
        law_codes=tuple(row["law_vocabulary"].split()),
        identifier=code in _IDENTIFIERS,
        names={
            (lang, n): plain[f"{lang}_{n}"] for lang in ("en", "es") for n in ("singular", "plural")
        },
        harm={lang: plain[f"{lang}_what_could_happen"] for lang in ("en", "es")},
        advice={lang: plain[f"{lang}_what_to_do"] for lang in ("en", "es")},
        note=row["note"],
    )


def law_codes(codes: frozenset[str]) -> frozenset[str]:
    """Return the law-vocabulary codes that a set of elements stands for."""
    known = elements()
    return frozenset(law for code in codes if code in known for law in known[code].law_codes)
