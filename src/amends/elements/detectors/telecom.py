"""Numbers of telephones, SIM cards and subscribers' equipment.

Sources:
    3GPP TS 23.003 (IMEI, IMSI); ITU-T E.118 (ICCID) and E.212 (mobile country and network codes, assignments in
    ``data/us_mcc_mnc.csv``); GSMA TS.06 (reporting body prefixes); TIA MEID numbering.
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
    passes_luhn,
)
from amends.elements.shapes_data import shipped, word_set

# Prefixes of reporting bodies that gave out type codes (some only in old devices).
_IMEI_BODIES = word_set("01 35 86 91 99 98 44 45 49 50 51 52 53 54 30 33")
_COUNTRY_MCC = frozenset([*range(202, 760)])
_CARD = bit("card")


@cache
def _us_networks() -> frozenset[str]:
    return frozenset(r["mcc"] + r["mnc"] for r in shipped("us_mcc_mnc"))


def valid_imei(digits: str) -> Validity:
    """Tell whether fifteen digits are an IMEI: the Luhn digit, not one digit over and over."""
    good = len(digits) == 15 and digits.isdigit() and passes_luhn(digits) and len(set(digits)) > 2
    return Validity.VALID if good else Validity.MALFORMED


def valid_imsi(digits: str) -> Validity:
    """Tell whether digits are an IMSI: 14 or 15, a country code in use, in the US a network in use."""
    if len(digits) not in (14, 15) or not digits.isdigit() or len(set(digits)) < 3:
        return Validity.MALFORMED
    if "310" <= digits[:3] <= "316":
        return (
            Validity.VALID
            if len(digits) == 15 and digits[:6] in _us_networks()
            else Validity.MALFORMED
        )
    return Validity.VALID if int(digits[:3]) in _COUNTRY_MCC else Validity.MALFORMED


def valid_iccid(digits: str) -> Validity:
    """Tell whether digits are an ICCID: 89, 19 or 20 digits, the Luhn digit."""
    good = (
        len(digits) in (19, 20) and digits.isdigit() and digits[:2] == "89" and len(set(digits)) > 3
    )
    return Validity.VALID if good and passes_luhn(digits) else Validity.MALFORMED


def valid_meid(value: str) -> Validity:
    """Tell whether a value is a MEID: fourteen hexadecimal digits that begin with A to F."""
    good = re.fullmatch(r"[A-Fa-f][0-9A-Fa-f]{13}", value) is not None
    return Validity.VALID if good else Validity.MALFORMED


def _judge_fifteen(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    good = valid_imei(digits)
    known = digits[:2] in _IMEI_BODIES
    if found.label & bit("imei"):
        return Verdict(
            0.98 if good is Validity.VALID else 0.62, ("fifteen digits", "checksum"), good
        )
    if found.against or good is not Validity.VALID or found.label:
        return None
    if found.speaks_for & bit("imei"):
        return Verdict(0.93 if known else 0.7, ("checksum",))
    dashed = not found.value.isdigit()
    if not known or found.speaks_for & _CARD:
        return None
    return Verdict(0.9 if dashed else 0.55, ("checksum", "reporting body"))


def _judge_imsi(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    good = valid_imsi(digits)
    if found.label & bit("imsi"):
        return Verdict(0.97 if good is Validity.VALID else 0.6, ("network code",), good)
    if found.label or found.against or good is not Validity.VALID:
        return None
    us = digits[:6] in _us_networks()
    if found.speaks_for & bit("imsi"):
        return Verdict(0.9 if us else 0.6, ("network code",))
    return Verdict(0.56, ("network code",)) if us and not found.speaks_for & _CARD else None


def _judge_iccid(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    good = valid_iccid(digits)
    if found.label & bit("iccid"):
        return Verdict(0.98 if good is Validity.VALID else 0.65, ("89", "checksum"), good)
    if found.label & _CARD and not found.speaks_for & bit("iccid"):
        return None
    if good is Validity.VALID:
        return Verdict(0.95 if found.speaks_for & bit("iccid") else 0.8, ("89", "checksum"))
    if found.speaks_for & bit("iccid") and not found.against:
        return Verdict(0.6, ("89", "checksum fails"), good)
    return None


def _judge_meid(found: Candidate) -> Verdict | None:
    return Verdict(0.9, ("shape",), valid_meid(found.value))


def _judge_labelled_imei(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if len(digits) not in (14, 15, 16):
        return None
    good = valid_imei(digits)
    return Verdict(0.95 if good is Validity.VALID else 0.62, ("checksum",), good)


def _judge_labelled_imsi(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if len(digits) not in (14, 15):
        return None
    good = valid_imsi(digits)
    return Verdict(0.94 if good is Validity.VALID else 0.6, ("network code",), good)


def _judge_labelled_iccid(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if not 18 <= len(digits) <= 20 or digits[:2] != "89":
        return None
    good = valid_iccid(digits)
    return Verdict(0.95 if good is Validity.VALID else 0.65, ("89", "checksum"), good)


IMEI = Detector(
    "imei",
    words=(
        r"\bdevice\b",
        r"\bhandset\b",
        r"\bequipment\b",
        r"\bequipo\b",
        r"\bunlock\b",
        r"\bdispositivo\b",
    ),
    shapes=(
        Shape(r"\b[0-9]{15}\b", re.compile(r"(?<![\w+.,/$-])[0-9]{15}\Z"), 16, _judge_fifteen),
        Shape(
            r"\b[0-9]{2}[- ][0-9]{6}[- ][0-9]{6}[- ][0-9]\b",
            re.compile(r"(?<![\w.-])[0-9]{2}([- ])[0-9]{6}\1[0-9]{6}\1[0-9]\Z"),
            19,
            _judge_fifteen,
        ),
    ),
    labels=(
        Label(
            (r"\bimei ?(sv|1|2)?\b", r"\b[i1]me[i1]\b"),
            re.compile(r"[0-9][0-9 ./-]{12,22}[0-9](?!\w)"),
            _judge_labelled_imei,
            reach=40,
            across=bit("imei", "meid"),
        ),
    ),
)
MEID = Detector(
    "meid",
    labels=(
        Label(
            (r"\bmeid\b", r"\besn\b"),
            re.compile(r"[A-Fa-f][0-9A-Fa-f]{13}(?!\w)"),
            _judge_meid,
            reach=20,
        ),
    ),
)
IMSI = Detector(
    "imsi",
    words=(
        r"\bsubscriber\b",
        r"\bhlr\b",
        r"\bhss\b",
        r"\bsupi\b",
        r"\bmcc\b",
        r"\bmnc\b",
        r"\babonado\b",
    ),
    shapes=(
        Shape(
            r"\b[2-7][0-9]{13,14}\b",
            re.compile(r"(?<![\w+.,/$-])[2-7][0-9]{13,14}\Z"),
            16,
            _judge_imsi,
        ),
    ),
    labels=(
        Label(
            (r"\bims[i1]\b", r"\bsupi\b"),
            re.compile(r"[0-9][0-9 -]{12,18}[0-9](?!\w)"),
            _judge_labelled_imsi,
            reach=40,
        ),
    ),
)
ICCID = Detector(
    "iccid",
    words=(r"\bsim\b", r"\besim\b", r"\buicc\b", r"\bchip\b"),
    shapes=(
        Shape(
            r"\b89[0-9]{17,18}f?\b",
            re.compile(r"(?<![\w+.,/$-])89[0-9]{17,18}[Ff]?\Z"),
            22,
            _judge_iccid,
        ),
        Shape(
            r"\b89[0-9]{2}[ -]([0-9]{3,4}[ -]){3,4}[0-9]{1,5}\b",
            re.compile(r"(?<![\w.-])89[0-9]{2}[ -](?:[0-9]{3,4}[ -]){3,4}[0-9]{1,5}\Z"),
            28,
            _judge_iccid,
        ),
    ),
    labels=(
        Label(
            (r"\bicc ?id\b", r"\bsim *(card)? *(#|no\b|num(ber)?\b|id\b|serial\b)", r"\bicc\b"),
            re.compile(r"89[0-9 -]{16,26}[0-9Ff](?!\w)"),
            _judge_labelled_iccid,
            reach=40,
        ),
    ),
)
