"""Vehicles: identification numbers and plates.

Source:
    49 CFR part 565 (seventeen characters, check digit in ninth place, weights 8 7 6 5 4 3 2 10 0 9 8 7 6 5 4 3 2).
"""

from __future__ import annotations

import re

from amends.elements.detectors.base import Candidate, Detector, Label, Shape, Validity, Verdict, bit

_WORTH = {
    c: int(d) for c, d in zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True)
} | {str(n): n for n in range(10)}
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def valid_vin(value: str) -> Validity:
    """Tell whether seventeen characters are a vehicle identification number of North America."""
    plain = value.upper()
    if len(plain) != 17 or any(c not in _WORTH for c in plain) or len(set(plain)) < 5:
        return Validity.MALFORMED
    check = sum(_WORTH[c] * w for c, w in zip(plain, _WEIGHTS, strict=True)) % 11
    return (
        Validity.VALID if plain[8] == ("X" if check == 10 else str(check)) else Validity.MALFORMED
    )


def _judge_vin(found: Candidate) -> Verdict | None:
    good = valid_vin(found.value)
    if found.label & bit("vin"):
        return Verdict(0.97 if good is Validity.VALID else 0.7, ("checksum",), good)
    letters = sum(c.isalpha() for c in found.value)
    if good is not Validity.VALID or found.against or letters < 2:
        return None
    return Verdict(0.93 if found.speaks_for & bit("vin") else 0.75, ("checksum",))


def _judge_plate(found: Candidate) -> Verdict | None:
    return Verdict(0.85, ("label",)) if any(c.isdigit() for c in found.value) else None


VIN = Detector(
    "vin",
    words=(r"\bvin\b", r"\bvehicle\b", r"\bchassis\b", r"\bodometer\b", r"\bvehiculo\b"),
    shapes=(
        Shape(
            r"\b[a-hj-npr-z0-9]{17}\b",
            re.compile(r"(?<![\w-])[A-HJ-NPR-Za-hj-npr-z0-9]{17}\Z"),
            18,
            _judge_vin,
        ),
    ),
)
PLATE = Detector(
    "plate",
    labels=(
        Label(
            (
                r"\b(licen[cs]e|number|vehicle) +plate\b",
                r"\bplate *(no|num(ber)?|#|:)",
                r"\btablilla\b",
                r"\bplaca\b",
            ),
            re.compile(r"[A-Z0-9]{1,4}[- ]?[A-Z0-9]{2,5}(?!\w)"),
            _judge_plate,
            reach=12,
        ),
    ),
)
