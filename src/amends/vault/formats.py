"""Which form of a value FF1 keeps: its letters' alphabet, and where it is asked for, its checksum.

A *format* is an alphabet, and perhaps a test that a value and its token pass or fail alike. Letters that only lay a
value out (dashes, dots, blanks) stay where they are.

Source:
    Luhn checksum: ISO/IEC 7812-1, annex B. Cycle walking: Black and Rogaway, Ciphers with Arbitrary Finite Domains
    (2002). Smallest domain: NIST SP 800-38G Rev. 1 (draft).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from amends.kernel.errors import UsageError

Bytes = NDArray[np.uint8]

LAYOUT = b" -./()+:"
"""Letters that stay in place and are not part of the value."""

_DIGITS = b"0123456789"
_UPPER = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def luhn_holds(rows: Bytes) -> NDArray[np.bool_]:
    """Return which rows of ASCII digits pass the Luhn checksum."""
    total = np.zeros(len(rows), np.int64)
    for place in range(rows.shape[1]):
        digit = rows[:, -1 - place].astype(np.int64) - ord("0")
        if place % 2:
            digit = digit * 2
            digit -= 9 * (digit > 9)
        total += digit
    return np.asarray(total % 10 == 0)


def ssn_could_be_issued(rows: Bytes) -> NDArray[np.bool_]:
    """Return which rows of nine ASCII digits have the form of a number that the SSA issues.

    Source:
        SSA, POMS RM 10201.035: no area 000, 666 or 900 to 999, no group 00, no serial number 0000.
    """
    if rows.shape[1] != 9:
        return np.zeros(len(rows), np.bool_)
    digits = rows.astype(np.int64) - ord("0")
    area = digits[:, 0] * 100 + digits[:, 1] * 10 + digits[:, 2]
    some = digits[:, 3:5].any(axis=1) & digits[:, 5:].any(axis=1)
    return np.asarray((area != 0) & (area != 666) & (area < 900) & some)


@dataclass(frozen=True)
class Format:
    """What FF1 keeps of a value.

    Attributes:
        name: How it is asked for.
        alphabet: Letters a value is made of.
        means: In words.
        holds: A test that value and token pass or fail alike; it costs as many rounds of FF1 as values it turns away.
        share: Share of all texts that pass the test.
    """

    name: str
    alphabet: bytes
    means: str
    holds: Callable[[Bytes], NDArray[np.bool_]] | None = None
    share: float = 1.0

    def domain_size(self, letters: int) -> float:
        """Return how many values of so many letters there are."""
        return float(len(self.alphabet)) ** letters * self.share


FORMATS: Mapping[str, Format] = {
    one.name: one
    for one in (
        Format("digits", _DIGITS, "decimal digits; a checksum is not kept"),
        Format("luhn", _DIGITS, "decimal digits; the Luhn checksum is kept", luhn_holds, 0.1),
        Format(
            "ssn",
            _DIGITS,
            "digits; what could be an SSN stays what could be one",
            ssn_could_be_issued,
            0.88,
        ),
        Format("hex", _DIGITS + b"abcdef", "hexadecimal digits in lower case"),
        Format("alnum", _DIGITS + _UPPER, "digits and capital letters; which is which is not kept"),
        Format("mixed", _DIGITS + _UPPER + _UPPER.lower(), "digits, capital and small letters"),
    )
}

_BY_ELEMENT = dict.fromkeys(
    ("drivers_licence", "state_id", "passport", "mbi", "vin", "plate", "iban", "health_policy",
     "mrn", "alien_number", "military_id", "tribal_id", "voter_id"),
    "alnum",
)  # fmt: skip

_SMALL = {
    "ssn_last4": "10,000 values",
    "zip": "about 42,000 ZIP codes",
    "birth_date": "about 44,000 days in 120 years",
    "card_cvv": "at most 10,000 values",
    "card_expiry": "a few hundred months",
    "pin": "10,000 values of four digits",
    "account_pin": "10,000 values of four digits",
    "routing_number": "about 20,000 numbers, all published",
    "bic": "about 100,000 codes, all published",
    "diagnosis": "about 70,000 codes",
    "prescription": "about 100,000 codes",
}
"""Elements that have far fewer values than their letters allow, and how many."""


def format_of(domain: str, name: str = "") -> Format:
    """Return the format for a domain.

    Args:
        domain: An element code, or another name.
        name: A format's name; "" for the usual one of the element (``digits`` where there is none).

    Raises:
        UsageError: No such format, or the element has fewer than a million values.
    """
    if domain in _SMALL:
        raise UsageError(
            f"FF1 would not protect {domain}: there are {_SMALL[domain]}, and it needs a million",
            remedy="use the scheme random, or siv when equality must be searched (see: amends vault leaks)",
        )
    found = FORMATS.get(name or _BY_ELEMENT.get(domain, "digits"))
    if found is None:
        raise UsageError(
            "There is no format of that name",
            where=name,
            remedy=f"use one of: {', '.join(FORMATS)}",
        )
    return found


def is_small(domain: str) -> bool:
    """Return whether an element is known to have fewer than a million values."""
    return domain in _SMALL
