"""Social Security and taxpayer numbers.

Sources:
    Social Security Administration, structure of the number and randomisation of 25 June 2011; Internal Revenue
    Service, ranges of ITIN, ATIN and EIN prefixes; sample numbers in ``reference/ssn_rules.json``.
"""

from __future__ import annotations

import re

from amends.elements.detectors.base import (
    Candidate,
    Detector,
    Label,
    Shape,
    Validity,
    Verdict,
    bit,
    digits_of,
)
from amends.elements.shapes_data import word_set

# Numbers printed on sample cards, in advertising or typed by those who have none.
_SAMPLES = word_set(
    "078051120 219099999 457555462 123456789 987654321 123121234 111223333 123456780 012345678 001010001 "
    "123454321 112233445 123123123 121212121 111111112"
)
_ITIN_GROUPS = frozenset([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
_NO_EIN = word_set("00 07 08 09 17 18 19 28 29 49 69 70 78 79 89 96 97")
_LOOKS_LIKE = str.maketrans("OoQDIil|!ZzSsBGg", "0000111112255866")

_ANY_TAX_ID = bit("ssn", "itin", "atin", "ein")
_OTHER_NINE = bit(
    "routing_number",
    "passport",
    "drivers_licence",
    "bank_account",
    "account_number",
    "phone",
    "npi",
)


def valid_ssn(digits: str) -> Validity:
    """Tell whether nine digits can be a Social Security number that was issued to somebody."""
    if len(digits) != 9 or not digits.isdigit() or digits in _SAMPLES or digits == digits[0] * 9:
        return Validity.MALFORMED
    never = (
        digits[:3] in ("000", "666")
        or digits[0] == "9"
        or digits[3:5] == "00"
        or digits[5:] == "0000"
    )
    return Validity.MALFORMED if never else Validity.VALID


def valid_itin(digits: str) -> Validity:
    """Tell whether nine digits can be an individual taxpayer identification number."""
    good = (
        len(digits) == 9
        and digits.isdigit()
        and digits[0] == "9"
        and int(digits[3:5]) in _ITIN_GROUPS
    )
    return Validity.VALID if good else Validity.MALFORMED


def valid_atin(digits: str) -> Validity:
    """Tell whether nine digits can be an adoption taxpayer identification number."""
    good = len(digits) == 9 and digits.isdigit() and digits[0] == "9" and digits[3:5] == "93"
    return Validity.VALID if good else Validity.MALFORMED


def valid_ein(digits: str) -> Validity:
    """Tell whether nine digits can be an employer identification number."""
    good = (
        len(digits) == 9
        and digits.isdigit()
        and digits[:2] not in _NO_EIN
        and digits != digits[0] * 9
    )
    return Validity.VALID if good else Validity.MALFORMED


def read_digits(value: str) -> str:
    """Return the digits of a value in which a scanner may have taken letters for digits (O for 0, l for 1)."""
    return digits_of(value.translate(_LOOKS_LIKE))


def _judge_dashed(found: Candidate) -> Verdict | None:
    """Judge 123-45-6789 and its spellings with blanks, dots or scanner's letters."""
    value = found.value
    digits = read_digits(value)
    evidence = ["shape"]
    if digits != digits_of(value):
        evidence.append("scanned letters")
        if not found.speaks_for & bit("ssn"):
            return None
    if valid_itin(digits) is Validity.VALID and not found.label & bit("ssn"):
        return Verdict(
            _shape_confidence(found, value, "itin"), (*evidence, "range"), element="itin"
        )
    if valid_ssn(digits) is Validity.VALID:
        if found.label & bit("itin"):
            return Verdict(0.5, (*evidence, "label: itin"), Validity.MALFORMED, element="itin")
        return Verdict(_shape_confidence(found, value, "ssn"), (*evidence, "issue rules"))
    if found.speaks_for & bit("ssn") and not found.against:
        return Verdict(0.5, (*evidence, "never issued"), Validity.MALFORMED)
    return None


def _shape_confidence(found: Candidate, value: str, element: str) -> float:
    if found.label & bit(element):
        return 0.99
    if found.against or (found.label & ~_ANY_TAX_ID):
        return 0.2
    if found.speaks_for & bit("ssn", "itin"):
        return 0.95
    return 0.8 if value.count("-") == 2 else 0.45 if " " in value else 0.3


def _judge_nine(found: Candidate) -> Verdict | None:
    """Judge nine digits in a row: only beside a word for it."""
    digits = found.value
    if found.against or (found.label & _OTHER_NINE and not found.label & _ANY_TAX_ID):
        return None
    sure = 0.96 if found.label & _ANY_TAX_ID else 0.75
    words = found.label & _ANY_TAX_ID or found.speaks_for & _ANY_TAX_ID
    if words & bit("itin", "ssn") and valid_itin(digits) is Validity.VALID:
        return Verdict(sure, ("nine digits", "range"), element="itin")
    if words & bit("atin") and valid_atin(digits) is Validity.VALID:
        return Verdict(sure, ("nine digits", "range"), element="atin")
    if words & bit("ssn"):
        good = valid_ssn(digits)
        if good is Validity.VALID:
            return Verdict(sure, ("nine digits", "issue rules"))
        return (
            Verdict(0.5, ("nine digits", "never issued"), good)
            if found.label & bit("ssn")
            else None
        )
    if words & bit("ein"):
        return Verdict(sure - 0.05, ("nine digits",), valid_ein(digits), element="ein")
    return None


def _judge_ein(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if found.label & bit("ein"):
        return Verdict(0.97, ("shape",), valid_ein(digits))
    if found.against or found.label or valid_ein(digits) is not Validity.VALID:
        return None
    return Verdict(0.85, ("shape", "prefix")) if found.speaks_for & bit("ein") else None


def _judge_after_label(found: Candidate) -> Verdict | None:
    """Judge what stands right after an SSN label, scanner's letters and odd grouping allowed."""
    digits = read_digits(found.value)
    if len(digits) != 9 or len(digits_of(found.value)) < 5:
        return None
    plain = digits == digits_of(found.value)
    evidence = ("shape",) if plain else ("shape", "scanned letters")
    if valid_itin(digits) is Validity.VALID:
        return Verdict(0.9, (*evidence, "range"), element="itin")
    good = valid_ssn(digits)
    return Verdict(0.93 if good is Validity.VALID else 0.5, evidence, good)


def _judge_masked(found: Candidate) -> Verdict | None:
    last = digits_of(found.value)[-4:]
    good = Validity.MALFORMED if last == "0000" else Validity.VALID
    return Verdict(0.93, ("masked number",), good, start=found.end - 4)


_SOCIAL = re.compile(r"ssn|\bsoc(?:ial)?\b(?! media)", re.IGNORECASE)


def _judge_last4(found: Candidate) -> Verdict | None:
    near = found.text[max(0, found.start - 40) : found.end + 20].split("\n\n")[0]
    if found.value == "0000" or not (found.speaks_for & bit("ssn") or _SOCIAL.search(near)):
        return None
    return Verdict(0.9, ("four digits", "context: social security"))


_SSN_WORDS = (
    r"\bs ?s ?n\b", r"\bsocial *sec(urity)?\b", r"\bsoc *sec(urity)?\b", r"\bs[o0]c[i1l]a[l1] +secur[i1l]ty\b",
    r"\bss ?(#|no\b|num(ber)?\b)", r"\bseguro *social\b", r"\bnss\b", r"\bsoc\b", r"\bsoc(ial)? +(#|no\b|num(ber)?\b)",
    r"\b(my|your|her|his|their|full|whole|the|s|cust|customer|cx|member) +social\b", r"\bsocial +(is|was)\b",
    r"\bsocial *:", r"\bs5n\b", r"\bssan\b",
    r"\btax *(payer)? *id(entification)?\b", r"\btin\b",
)  # fmt: skip
_LAST4_WORDS = (
    r"\blast *(4|four) *(ssn|soc|social)?\b", r"\bl4 *(ssn|soc|social)?\b",
    r"\b(ssn|social) *(last)? *4\b", r"\b(ssn|social( security)?( number)?) +end(s|ing)( (in|with))?\b",
    r"\bultimos +(4|cuatro)\b", r"\bssn *l4\b",
)  # fmt: skip

SSN = Detector(
    "ssn",
    words=(r"\bw 2\b", r"\bw 4\b", r"\bi 9\b", r"\b1099\b", r"\bcontribuyente\b"),
    shapes=(
        Shape(
            r"\b[0-9oil]{3}[- .]{1,2}[0-9oil]{2}[- .]{1,2}[0-9oils]{4}\b",
            re.compile(r"(?<![\w.,/+-])[0-9OoIlL]{3}([- .]) ?[0-9OoIlL]{2} ?\1 ?[0-9OoIlLSs]{4}\Z"),
            15,
            _judge_dashed,
        ),
        Shape(r"\b[0-9]{9}\b", re.compile(r"(?<![\w+#.,$/-])[0-9]{9}\Z"), 9, _judge_nine),
    ),
    labels=(
        Label(
            _SSN_WORDS,
            re.compile(
                r"[0-9OoQDIl|ZSBG]{3}[- ./]{0,3}[0-9OoQDIl|ZSBG]{2}[- ./]{0,3}[0-9OoQDIl|ZSBG]{4}(?!\w)"
                # Run into the next word, and set wide.
                r"|[0-9]{3}-[0-9]{2}-[0-9]{4}(?=[A-Za-z])"
                r"|[0-9](?: [0-9]){2} ?- ?[0-9] [0-9] ?- ?[0-9](?: [0-9]){3}(?! ?[0-9])"
            ),
            _judge_after_label,
            reach=60,
            across=bit("ssn", "itin", "ein"),
        ),
    ),
)
SSN_LAST4 = Detector(
    "ssn_last4",
    shapes=(
        Shape(
            r"[x*#]{3}[- ]?[x*#]{2}[- ]?[0-9]{4}\b",
            re.compile(r"(?<![\w*#])[Xx*#]{3}[- ]?[Xx*#]{2}[- ]?[0-9]{4}\Z"),
            11,
            _judge_masked,
        ),
    ),
    labels=(
        Label(
            _LAST4_WORDS,
            re.compile(r"[0-9]{4}(?![\w-]|\.[0-9])"),
            _judge_last4,
            reach=60,
            across=bit("ssn", "ssn_last4", "itin"),
        ),
    ),
)
ITIN = Detector("itin", words=(r"\bitin\b", r"\bindividual +taxpayer\b", r"\bw 7\b"))
ATIN = Detector("atin", words=(r"\batin\b", r"\badoption +taxpayer\b"))
EIN = Detector(
    "ein",
    words=(
        r"\bf?ein\b", r"\bemployer *id(entification)?\b", r"\bfederal *(tax)? *id\b", r"\bfed *(tax)? *id\b",
        r"\btax *id\b", r"\bw 9\b", r"\bidentificacion +patronal\b", r"\btin\b",
    ),
    shapes=(
        Shape(r"\b[0-9]{2}-[0-9]{7}\b", re.compile(r"(?<![\w.,/-])[0-9]{2}-[0-9]{7}\Z"), 10, _judge_ein),
    ),
)  # fmt: skip
