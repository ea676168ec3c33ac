"""In which order public texts name data elements, and which of them ask for which steps."""

from __future__ import annotations

from collections.abc import Iterable

from amends.taxonomy.elements import elements

# As in letters: government numbers, money, credentials, health and body, then what is sensitive only beside these; ways
# to reach somebody last. Letters begin with the name, by which people see that it is theirs; a public text ends so.
# Source: Cal. Civ. Code 1798.82(h); N.Y. Gen. Bus. Law 899-aa(1)(b), which name them in this order.
GRAVITY = (
    "ssn", "itin", "atin", "ein", "drivers_licence", "state_id", "passport", "military_id", "alien_number",
    "tribal_id", "gov_id_other", "voter_id", "irs_ip_pin", "tax_info", "ptin", "ssn_last4",
    "bank_account", "routing_number", "iban", "bic", "card", "card_cvv", "card_track", "card_expiry", "pin",
    "password", "password_hash", "security_answer", "account_pin", "token", "private_key", "username",
    "diagnosis", "prescription", "health_policy", "mbi", "mrn", "genetic", "biometric",
    "mother_maiden_name", "e_signature", "vital_certificate", "birth_date", "birth_place",
)  # fmt: skip
CONTACT = ("name", "address", "zip", "phone", "email")

# Elements that open credit or an identity, after the triggers of the state offers of identity protection.
CREDIT = frozenset(
    (
        "ssn", "itin", "ein", "drivers_licence", "state_id", "passport", "birth_date", "military_id", "tribal_id",
        "gov_id_other", "alien_number", "atin", "tax_info", "irs_ip_pin", "mother_maiden_name", "e_signature",
        "vital_certificate",
    )
)  # fmt: skip
MONEY = frozenset(
    ("bank_account", "routing_number", "iban", "card", "card_cvv", "card_expiry", "card_track", "pin")
)  # fmt: skip
PASSWORDS = frozenset(("password", "password_hash", "security_answer"))
TAX = frozenset(("ssn", "itin", "tax_info", "irs_ip_pin"))
LINE = frozenset(("imei", "imsi", "iccid", "meid", "account_pin", "account_number", "call_record"))


def gravest_first(codes: Iterable[str]) -> tuple[str, ...]:
    """Return elements in the order of public texts; one that nobody knows stands before the ways to reach somebody."""
    rest = [e for e in elements() if e not in GRAVITY and e not in CONTACT]
    places = {code: place for place, code in enumerate((*GRAVITY, *rest))}
    late = {code: place for place, code in enumerate(CONTACT)}
    return tuple(
        sorted(
            dict.fromkeys(codes),
            key=lambda e: (e in late, late.get(e, places.get(e, len(places))), e),
        )
    )


def plural(element: str, language: str) -> str:
    """Return what an element is called in general."""
    known = elements().get(element)
    return known.names[language, "plural"] if known else element.replace("_", " ")


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]
