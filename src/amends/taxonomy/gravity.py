"""In which order texts name data elements, and which harms they open; letters and public pages share it."""

from __future__ import annotations

# What can do most harm first. The classes follow the definitions of "personal information" in the breach laws:
# government numbers, financial, credentials, health and body, then what is sensitive only beside these.
# Source: Cal. Civ. Code 1798.82(h); N.Y. Gen. Bus. Law 899-aa(1)(b), which name them in this order.
GRAVITY = (
    "ssn", "itin", "atin", "ein", "drivers_licence", "state_id", "passport", "military_id", "alien_number",
    "tribal_id", "gov_id_other", "voter_id", "irs_ip_pin", "tax_info", "ptin", "ssn_last4",
    "bank_account", "routing_number", "iban", "bic", "card", "card_cvv", "card_track", "card_expiry", "pin",
    "password", "password_hash", "security_answer", "account_pin", "token", "private_key", "username",
    "diagnosis", "prescription", "health_policy", "mbi", "mrn", "genetic", "biometric",
    "mother_maiden_name", "e_signature", "vital_certificate", "birth_date", "birth_place",
)  # fmt: skip

# Ways to reach somebody: they come last.
REACH = ("address", "zip", "phone", "email")

# Elements that open credit or an identity, after the triggers of the state offers of identity protection.
CREDIT = frozenset((
    "ssn", "itin", "ein", "drivers_licence", "state_id", "passport", "birth_date", "military_id", "tribal_id",
    "gov_id_other", "alien_number", "atin", "tax_info", "irs_ip_pin", "mother_maiden_name", "e_signature",
    "vital_certificate",
))  # fmt: skip
MONEY = frozenset(
    (
        "bank_account",
        "routing_number",
        "iban",
        "card",
        "card_cvv",
        "card_expiry",
        "card_track",
        "pin",
    )
)
PASSWORDS = frozenset(("password", "password_hash", "security_answer"))
