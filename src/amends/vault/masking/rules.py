"""Which rule and which value domain each data element gets, and why; the plan shows it and a person may change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Rule = Literal["keep", "fpe", "pool", "shift", "redact", "null", "text", "round"]
RULES: tuple[str, ...] = get_args(Rule)
RULE_WORDS: Mapping[str, str] = {
    "keep": "stays as it is",
    "fpe": "another value of the same form, one for one, the same everywhere",
    "pool": "a common word from a list, the same everywhere; two values may share one",
    "shift": "moved by some days, the same for every date of a person",
    "redact": "one fixed text for all",
    "null": "nothing",
    "text": "read through; every identifier in it becomes its mask",
    "round": "made coarse",
}


@dataclass(frozen=True)
class Default:
    """What becomes of an element unless the plan says otherwise.

    Attributes:
        rule: The rule.
        domain: Value domain; empty where none is needed.
        why: The reason, as the plan shows it.
    """

    rule: Rule
    domain: str = ""
    why: str = ""


_NEVER = "a number never issued to anybody"
_SAME = "another of the same shape"
_NAMES = "a common name; words of a name have the same mask in every column"
_SECRET = "a secret has no place in a test copy"  # noqa: S105
DEFAULTS: Mapping[str, Default] = {
    **dict.fromkeys(("ssn", "itin", "atin"), Default("fpe", "ssn", f"{_NEVER}; SSN and ITIN share their numbers")),
    "ssn_last4": Default("fpe", "last4", "the last four of the masked SSN"),
    "ein": Default("fpe", "ein", "a prefix the IRS never gave"),
    "phone": Default("fpe", "phone", "a number that nobody has"),
    "email": Default("fpe", "email", "an address at a domain that is nobody's"),
    "card": Default("fpe", "card", "a test number of the same network, with its check digit"),
    "card_cvv": Default("fpe", "cvv", _SAME),
    "imei": Default("fpe", "imei", "the same model, another serial number and its check digit"),
    "imsi": Default("fpe", "imsi", "the same network, another subscriber"),
    "iccid": Default("fpe", "iccid", "the same issuer, another card and its check digit"),
    "routing_number": Default("fpe", "routing", "the same district, another bank and its check digit"),
    "vin": Default("fpe", "vin", "the same model, another serial number and its check digit"),
    "npi": Default("fpe", "npi", "another number and its check digit"),
    "bank_account": Default("fpe", "bank_account", _SAME),
    "ip": Default("fpe", "ip", "a private address"),
    "mac": Default("fpe", "mac", "an address no maker gave"),
    **{
        code: Default("fpe", code, _SAME)
        for code in (
            "drivers_licence", "state_id", "passport", "alien_number", "military_id", "tribal_id",
            "voter_id", "student_id", "employee_id", "gov_id_other", "account_number", "mrn",
            "health_policy", "mbi", "meid", "plate", "ptin", "irs_ip_pin", "iban",
            "vital_certificate", "username",
        )
    },
    **dict.fromkeys(("pin", "account_pin"), Default("fpe", "pin", _SAME)),
    "name": Default("pool", "name", _NAMES),
    "mother_maiden_name": Default("pool", "name", _NAMES),
    "address": Default("pool", "address", "a common street, another number; the state stays"),
    "birth_place": Default("pool", "city", "a large city"),
    "zip": Default("pool", "zip", "the first three digits stay, as 45 CFR 164.514(b)(2) allows"),
    "birth_date": Default("shift", "", "moved up to half a year; ages stay right to a year"),
    "geo": Default("round", "", "one decimal: some ten kilometres"),
    **dict.fromkeys(
        ("password", "password_hash", "token", "private_key", "security_answer", "e_signature", "biometric", "genetic",
         "card_track"),
        Default("redact", "", _SECRET),
    ),
    **dict.fromkeys(
        ("diagnosis", "prescription", "call_record", "work_evaluation", "tax_info"),
        Default("text", "", "says much of a person, names nobody by itself: read through for identifiers"),
    ),
    **dict.fromkeys(("bic", "card_expiry"), Default("keep", "", "names nobody by itself")),
}  # fmt: skip
PARTS: Mapping[tuple[str, str], Default] = {
    ("name", "first"): Default("pool", "given_name", _NAMES),
    ("name", "middle"): Default("pool", "given_name", _NAMES),
    ("name", "last"): Default("pool", "surname", _NAMES),
    ("name", "business"): Default("pool", "business", _NAMES),
    ("name", "prefix"): Default("keep", "", "a title names nobody"),
    ("name", "suffix"): Default("keep", "", "a suffix names nobody"),
    ("address", "street"): Default("pool", "street", "a common street, another number"),
    ("address", "street2"): Default("fpe", "street2", _SAME),
    ("address", "city"): Default("pool", "city", "a large city of the same state"),
    ("address", "state"): Default("keep", "", "a state names nobody"),
    ("address", "country"): Default("keep", "", "a country names nobody"),
    ("address", "county"): Default("redact", "", "a county with few people could name one"),
    ("birth_date", "year"): Default("keep", "", "a year names nobody; see the limits for ages over 89"),
    ("birth_date", "month"): Default("redact", "", "a birthday in parts cannot be moved"),
    ("birth_date", "day"): Default("redact", "", "a birthday in parts cannot be moved"),
    ("drivers_licence", "state"): Default("keep", "", "a state names nobody"),
    ("drivers_licence", "expiry"): Default("shift", "", "a date of the person"),
}  # fmt: skip
UNIQUE_DOMAINS = frozenset(d.domain for d in DEFAULTS.values() if d.rule == "fpe") - {
    "last4", "cvv", "pin"
}  # fmt: skip
"""Domains in which no original may survive: one number names one person or thing."""
STRONG = frozenset(
    [
        "ssn",
        "drivers_licence",
        "state_id",
        "passport",
        "alien_number",
        "military_id",
        "tribal_id",
        "voter_id",
        "student_id",
        "employee_id",
        "account_number",
        "bank_account",
        "card",
        "mrn",
        "health_policy",
        "mbi",
        "imsi",
        "iccid",
    ]
)
"""Domains whose value belongs to one person (or one household's account): they tie the rows of a person together."""


def default_for(element: str | None, part: str) -> Default | None:
    """Return what becomes of an element, or nothing for a column without one."""
    if element is None:
        return None
    found = PARTS.get((element, part)) or DEFAULTS.get(element)
    if found is None:
        return Default("redact", "", "an element without a rule of its own")
    return found
