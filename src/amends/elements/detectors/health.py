"""Medical record numbers, policies, Medicare and provider numbers, diagnoses.

Sources:
    Medicare beneficiary identifier format leaflet (CMS); NPI check digit (45 CFR 162.406, Luhn with prefix 80840);
    ICD-10-CM code structure.
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
    passes_luhn,
)

_LETTER = "AC-HJKMNP-RT-Y"
_MBI = re.compile(
    rf"[1-9][{_LETTER}][{_LETTER}0-9][0-9][{_LETTER}][{_LETTER}0-9][0-9][{_LETTER}]{{2}}[0-9]{{2}}"
)
_WORKS = re.compile(
    r"\b(?:pending|none|unknown|code|codes|error|deferred|see|n/?a|date)\b", re.IGNORECASE
)


def valid_mbi(value: str) -> Validity:
    """Tell whether a value has the form of a Medicare beneficiary identifier."""
    plain = value.replace("-", "").replace(" ", "").upper()
    return Validity.VALID if _MBI.fullmatch(plain) else Validity.MALFORMED


def valid_npi(digits: str) -> Validity:
    """Tell whether ten digits are a national provider identifier."""
    good = (
        len(digits) == 10
        and digits.isdigit()
        and digits[0] in "12"
        and passes_luhn("80840" + digits)
    )
    return Validity.VALID if good else Validity.MALFORMED


def _judge_mbi(found: Candidate) -> Verdict | None:
    good = valid_mbi(found.value)
    if found.label & bit("mbi"):
        return Verdict(0.97 if good is Validity.VALID else 0.6, ("format",), good)
    if good is not Validity.VALID or found.against:
        return None
    return Verdict(0.92 if found.speaks_for & bit("mbi", "health_policy") else 0.8, ("format",))


def _judge_npi(found: Candidate) -> Verdict | None:
    good = valid_npi(found.value)
    if found.label & bit("npi"):
        return Verdict(0.97 if good is Validity.VALID else 0.6, ("checksum",), good)
    if (
        good is not Validity.VALID
        or found.label
        or found.against
        or not found.speaks_for & bit("npi")
    ):
        return None
    return Verdict(0.85, ("checksum",))


def _judge_mrn(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if len(digits) < 4 or len(set(digits)) == 1:
        return None
    return Verdict(0.93, ("label",))


def _judge_policy(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if len(digits) < 4 or len(set(digits)) == 1:
        return None
    if found.speaks_for & bit("mbi") and valid_mbi(found.value) is Validity.VALID:
        return Verdict(0.95, ("format",), element="mbi")
    return Verdict(0.88, ("label",))


def _judge_diagnosis(found: Candidate) -> Verdict | None:
    value = found.value
    if _WORKS.match(value) or len(value) < 3:
        return None
    return Verdict(0.82, ("label",), end=found.start + len(value.rstrip()))


_NUMBER = re.compile(r"(?=[A-Za-z -]{0,8}[0-9])[A-Za-z0-9]{1,6}(?:-?[A-Za-z0-9]+){1,5}(?![\w@])")

MRN = Detector(
    "mrn",
    words=(r"\bpatient\b", r"\bhospital\b", r"\badmission\b"),
    labels=(
        Label(
            (r"\bmrn\b", r"\bmedical +rec(ord)?s?\b", r"\bmed +rec\b", r"\bpatient *(id|no|num(ber)?|#)",
             r"\bchart *(id|no|num(ber)?|#)", r"\bencounter *(id|no|num(ber)?|#)", r"\bexpediente\b",
             r"\bhistoria +clinica\b", r"\bm r n\b", r"\brecord +(no|num(ber)?|#)"),
            _NUMBER,
            _judge_mrn,
            reach=32,
        ),
    ),
)  # fmt: skip
POLICY = Detector(
    "health_policy",
    words=(r"\binsurance\b", r"\bmedicaid\b", r"\bhealth +plan\b", r"\bcopay\b"),
    labels=(
        Label(
            (r"\b(insurance|health|medical|hmo|ppo) +(policy|plan|id|member|card)\b",
             r"\bpolicy *(id|no|num(ber)?|#)",
             r"\bmember *(id|no|num(ber)?|#)", r"\b(subscriber|beneficiary|insured) *(id|#)",
             r"\bmedicaid *(id|no|num(ber)?|#)?",
             r"\bgroup *(id|no|num(ber)?|#)", r"\bhealth +(insurance|plan)\b", r"\bpoliza\b", r"\bplan +medico\b",
             r"\binsurance *(id|no|num(ber)?|#)"),
            _NUMBER,
            _judge_policy,
            reach=28,
        ),
    ),
)  # fmt: skip
MBI = Detector(
    "mbi",
    words=(r"\bmedicare\b", r"\bmbi\b", r"\bhicn\b", r"\bbeneficiar(y|io)\b"),
    shapes=(
        Shape(
            r"\b[1-9][a-z][a-z0-9][0-9][- ]?[a-z][a-z0-9][0-9][- ]?[a-z]{2}[0-9]{2}\b",
            re.compile(
                r"(?<![\w-])[1-9][A-Za-z][A-Za-z0-9][0-9][- ]?[A-Za-z][A-Za-z0-9][0-9][- ]?[A-Za-z]{2}[0-9]{2}\Z"
            ),
            13,
            _judge_mbi,
        ),
    ),
)
NPI = Detector(
    "npi",
    words=(
        r"\bnpi\b",
        r"\bprovider\b",
        r"\brendering\b",
        r"\breferring\b",
        r"\bphysician\b",
        r"\bproveedor\b",
    ),
    shapes=(
        Shape(r"\b[12][0-9]{9}\b", re.compile(r"(?<![\w+.,/$-])[12][0-9]{9}\Z"), 11, _judge_npi),
    ),
)
DIAGNOSIS = Detector(
    "diagnosis",
    labels=(
        Label(
            (r"\b(primary |secondary |admitting |discharge )?diagnos[ei]s\b", r"\bdx\b", r"\bdiagnosed +with\b",
             r"\bdiagnostico\b", r"\bdiagnosticad[oa] +con\b"),
            re.compile(r"(?:[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{1,4})?"
                       r"|[A-Za-z][A-Za-z]{2,})(?:[ /-][A-Za-z0-9()'.]{1,20}){0,6}(?=[\n,;.]|$|\s)"),
            _judge_diagnosis,
            below=False,
            wordy=True,
        ),
    ),
)  # fmt: skip
