"""Telephone numbers.

Sources:
    North American Numbering Plan (area code and exchange 2 to 9; codes in service in ``data/nanp_area_codes.csv``);
    ITU-T E.164 (international numbers, at most fifteen digits).
"""

from __future__ import annotations

import re
from functools import cache

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
from amends.elements.shapes_data import shipped

_OTHERS = ~bit("phone", "name", "address", "email", "username")


@cache
def _area_codes() -> frozenset[str]:
    return frozenset(r["area_code"] for r in shipped("nanp_area_codes"))


def valid_phone(digits: str) -> Validity:
    """Tell whether digits are a telephone number of the North American plan, with or without the leading 1."""
    local = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    good = (
        len(local) == 10
        and local[0] in "23456789"
        and local[3] in "23456789"
        and local[1:3] != "11"
        and local[4:6] != "11"
        and local[1] != "9"
        and len(set(local)) > 2
    )
    return Validity.VALID if good else Validity.MALFORMED


def _judge_nanp(found: Candidate) -> Verdict | None:
    value = found.value
    digits = digits_of(value.split("x")[0].split("e")[0])
    local = digits[-10:]
    good = valid_phone(local)
    spoken = found.speaks_for & bit("phone")
    if found.label & bit("phone"):
        return Verdict(0.97 if good is Validity.VALID else 0.75, ("shape", "numbering plan"), good)
    if found.label & _OTHERS and not spoken:
        return None
    if good is not Validity.VALID:
        # Not in the plan, but grouped and introduced like a number to call.
        return Verdict(0.7 if spoken and not found.against else 0.42, ("shape",), good)
    if found.against and not spoken:
        return Verdict(0.3, ("shape",))
    known = local[:3] in _area_codes()
    return Verdict(0.95 if spoken else 0.85 if known else 0.65, ("shape", "numbering plan"))


def _judge_ten(found: Candidate) -> Verdict | None:
    """Judge ten or eleven digits in a row: only beside a word for it."""
    digits = digits_of(found.value)
    good = valid_phone(digits)
    if found.label & bit("phone"):
        return Verdict(0.95 if good is Validity.VALID else 0.7, ("digits", "numbering plan"), good)
    if found.label & _OTHERS or found.against or good is not Validity.VALID:
        return None
    if digits[-10:-7] not in _area_codes():
        return None
    if found.speaks_for & bit("phone"):
        return Verdict(0.8, ("digits", "numbering plan"))
    if not found.label and _stands_alone(found):
        return Verdict(0.5, ("digits", "numbering plan", "stands alone"))
    return None


def _stands_alone(found: Candidate) -> bool:
    """Tell whether a number fills its line below other lines, or parentheses."""
    before, after = found.text[found.start - 1 : found.start], found.text[found.end : found.end + 1]
    return (before == "(" and after == ")") or (before == "\n" and after in ("", "\n"))


def _judge_international(found: Candidate) -> Verdict | None:
    size = len(digits_of(found.value))
    if not 8 <= size <= 15:
        return None
    if found.label & _OTHERS and not found.label & bit("phone"):
        return None
    return Verdict(0.95 if found.speaks_for & bit("phone") else 0.88, ("plus", "digits"))


def _judge_national(found: Candidate) -> Verdict | None:
    """Judge a number with a leading zero, as other countries dial at home: only beside a word for it."""
    if not found.speaks_for & bit("phone") or found.label & _OTHERS or found.against:
        return None
    return Verdict(0.75, ("digits", "leading zero"))


def _judge_grouped(found: Candidate) -> Verdict | None:
    """Judge two to five groups of digits with blanks between: how numbers are written in other countries."""
    value = found.value
    if _DAY_AND_HOUR.match(value) or found.text[found.end : found.end + 1] == ":":
        return None
    digits = digits_of(value)
    if not 7 <= len(digits) <= 12:
        return None
    groups = re.split(r"[^0-9]+", value.strip("() "))
    if len(groups[-1]) == 2 and len(groups) == 2 and _WORD_AFTER.match(found.text, found.end):
        return None
    spoken = found.speaks_for & bit("phone")
    if (
        not (7 if spoken else 9) <= len(digits) <= 12
        or found.label & _OTHERS
        or found.against
        or _is_date(groups)
    ):
        return None
    if not spoken and (digits[0] != "0" or len(digits) < 9):
        return None
    if tuple(map(len, groups)) == (3, 2, 4) and not spoken:
        return None
    if max(map(len, groups)) > 8 or len(groups) > 6:
        return None
    return Verdict(
        0.85 if found.label & bit("phone") else 0.7 if spoken else 0.5, ("groups of digits",)
    )


def _judge_labelled(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    groups = re.split(r"[^0-9]+", found.value.strip("()+ "))
    if not 6 <= len(digits) <= 15 or _is_date(groups) or (len(digits) == 6 and len(groups) < 3):
        return None
    good = valid_phone(digits) if len(digits) in (10, 11) else Validity.VALID
    if len(digits) in (10, 11):
        return Verdict(0.95 if good is Validity.VALID else 0.78, ("label",), good)
    return Verdict(0.82, ("label",))


def _is_date(groups: list[str]) -> bool:
    if len(groups) != 3:
        return False
    sizes = tuple(map(len, groups))
    if sizes == (4, 2, 2):
        return groups[0][:2] in ("19", "20") and int(groups[1]) <= 12
    return (
        sizes[2] in (2, 4)
        and sizes[0] <= 2
        and sizes[1] <= 2
        and int(groups[0]) <= 31
        and int(groups[1]) <= 31
    )


# "50213 11 Barker Street" is no telephone number.
_WORD_AFTER = re.compile(r" [A-Z][a-z]")
_DAY_AND_HOUR = re.compile(
    r"(?:19|20)[0-9]{2}[-/. ][01]?[0-9][-/. ][0-3]?[0-9]|[0-3]?[0-9][-/.][0-3]?[0-9][-/.](?:19|20)[0-9]{2}"
)

PHONE = Detector(
    "phone",
    words=(
        r"\bcalling\b", r"\bcalled\b", r"\btext(ed|ing)?\b", r"\bcontact\b", r"\bdial\b", r"\bvoicemail\b",
        r"\bwhatsapp\b",
        r"\banswering\b", r"\breceiving +messages\b", r"\bregistered\b", r"\bmsisdn\b", r"\bllame(me)?\b",
        r"\bport(ed|ing)?\b",
        r"\breach\b", r"\bsms\b", r"\bring\b", r"\bdesk\b", r"\boffice\b", r"\bmessages +to\b",
    ),
    shapes=(
        Shape(
            r"\b[0-9]{3}\)?[-. /]{1,3}[0-9]{3}[-. ]{1,3}[0-9]{4}( ?(x|ext\.?) ?[0-9]{1,6})?\b",
            re.compile(
                r"(?<![\w./$-])(?<![0-9],)(?:\+?1[-. ]{0,2})?(?:\([0-9]{3}\)[-. /]{0,3}"
                r"|[0-9]{3}[-. /]{1,2})[0-9]{3}[-. ]{1,3}[0-9]{4}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?\Z"
            ),
            36,
            _judge_nanp,
        ),
        Shape(
            r"\([0-9]{3}\)[0-9]{3}[-. ]?[0-9]{4}( ?(x|ext\.?) ?[0-9]{1,6})?\b",
            re.compile(r"(?<![\w$])(?:\+?1[-. ]{0,2})?\([0-9]{3}\)[0-9]{3}[-. ]?[0-9]{4}(?: ?(?:x"
                       r"|ext\.?) ?[0-9]{1,6})?\Z"),
            32,
            _judge_nanp,
        ),
        Shape(r"\b1?[2-9][0-9]{9}\b", re.compile(r"(?<![\w+.,/$#-])1?[2-9][0-9]{9}\Z"), 12, _judge_ten),
        Shape(
            r"(\+|\b00)[1-9][0-9]{0,2}[-. (/]{0,2}[0-9][0-9() ./-]{5,18}[0-9]\b",
            re.compile(r"(?<![\w+])(?:\+ ?|00)[1-9][0-9]{0,2}[-. (/]{0,2}[0-9](?:[() ./-]{0,3}[0-9]){5,13}\Z"),
            26,
            _judge_international,
        ),
        Shape(
            r"\b0[0-9]{8,10}\b|\(0[0-9]{2,4}\)[0-9]{5,8}\b",
            re.compile(r"(?<![\w+.,/$#-])(?:0[0-9]{8,10}|\(0[0-9]{2,4}\)[0-9]{5,8})\Z"),
            16,
            _judge_national,
        ),
        Shape(
            r"\b\(?[0-9]{2,5}\)?([ ./-][0-9]{2,8}){2,5}\b|\b\(?[0-9]{2,5}\)?[ ./-][0-9]{4,8}\b"
            r"|\b[0-9]{5}[ .-][0-9]{2,3}\b",
            re.compile(r"(?<![\w.,/$#:-])\(?[0-9]{2,5}\)?(?:[ ./-][0-9]{2,8}){1,5}\Z"),
            24,
            _judge_grouped,
            alone=True,
        ),
    ),
    labels=(
        Label(
            (r"\b(tele)?phones?\b", r"\btel\b", r"\bmobile\b", r"\bcell(ular)?\b", r"\bfax\b",
             r"\bcall( me)?( back)?( at| on)?\b",
             r"\bph( no)? *[:#]", r"\bcall ?back\b", r"\bcb *#",
             r"\bmob\b", r"\btelefono\b", r"\bcelular\b", r"\bmovil\b",
             r"\breach( me| him| her| us)?( at| on)\b",
             r"\bphone *n[o0]\b", r"\bphone[ro]\b",
             r"\b(home|work|cell|mobile|callback|contact) +(phone|number|no|tel)\b",
             r"\btext( me)?( at)?\b", r"\bmessages +to\b", r"\bdesk *:", r"\bmdn\b", r"\bmsisdn\b", r"\bctn\b",
             r"\banswering +at\b"),
            re.compile(r"\+?\(?[0-9](?:[() ./-]{0,3}[0-9]){5,14}(?![\w@]|[-./][0-9])"),
            _judge_labelled,
            reach=24,
        ),
    ),
)  # fmt: skip
