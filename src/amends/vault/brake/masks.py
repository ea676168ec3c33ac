"""What is shown of a value by default: enough to see that it is the right one, too little to use it.

Source:
    Last four of a number: the custom of card slips (PCI DSS 3.4.1 allows at most the first six and last four). A short
    value shows nothing: four of six digits would be most of it.
"""

from __future__ import annotations

HIDDEN = "•••"
"""What stands where nothing may be shown; it does not tell how long the value is."""

_NOTHING = frozenset(
    {"password", "pin", "security_answer", "card_cvv", "biometric", "diagnosis", "ssn_last4"}
)
_FIRST = frozenset({"name", "username", "address"})


def masked(domain: str, value: str) -> str:
    """Return a value as it is shown by default.

    Args:
        domain: Element code, or the company's own name for the domain.
        value: In clear.
    """
    if domain in _NOTHING:
        return HIDDEN
    if domain == "email" or "@" in value:
        user, _, host = value.rpartition("@")
        return f"{user[:1]}{HIDDEN}@{host[:1]}{HIDDEN}"
    if domain == "birth_date":
        return f"{value[:4]}-{HIDDEN}" if value[:4].isdigit() else HIDDEN
    if domain in _FIRST:
        return f"{value[:1]}{HIDDEN}"
    marks = sum(c.isalnum() for c in value)
    return f"{HIDDEN}{value[-4:]}" if marks >= 8 else HIDDEN
