"""Birth dates: a date is one only beside a word that says so.

Source:
    Own work; forms of dates as ISO 8601 and US, European and Latin American usage write them.
"""

from __future__ import annotations

import re

from amends.elements.detectors.base import Candidate, Detector, Label, Validity, Verdict
from amends.elements.text_normal import read_date

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre"
    r"|diciembre)"
)
DATE = re.compile(
    rf"(?:[0-9]{{4}}[-/.][0-9]{{1,2}}[-/.][0-9]{{1,2}}"
    rf"|[0-9]{{1,2}} ?[-/.] ?[0-9]{{1,2}} ?[-/.] ?(?:[0-9]{{4}}|[0-9]{{2}})"
    rf"|{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? (?:of )?[0-9]{{4}}"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?[ -](?:of |de )?{_MONTH}\.?,?[ -](?:de )?[0-9]{{2,4}}"
    rf"|[0-9]{{8}}|[0-9]{{2}} ?{_MONTH} ?[0-9]{{4}})(?![\w]|[-/][0-9])",
    re.IGNORECASE,
)


def valid_birth_date(value: str) -> Validity:
    """Tell whether a value is a date on which a person can have been born."""
    day = read_date(value)
    return Validity.VALID if day is not None and 1890 <= day.year <= 2100 else Validity.MALFORMED


def _judge(found: Candidate) -> Verdict | None:
    good = valid_birth_date(found.value)
    return Verdict(0.95 if good is Validity.VALID else 0.55, ("date",), good)


BIRTH_DATE = Detector(
    "birth_date",
    labels=(
        Label(
            (r"\bd ?[o0] ?b\b", r"\bdate +of +b[i1]rth\b", r"\bborn( on)?\b", r"\bbirth *(date|day)\b", r"\bb day\b",
             r"\bfecha +de +nacimiento\b", r"\bnacid[oa]( el)?\b", r"\bnacio( el)?\b", r"\bfec nac\b", r"\bbdate\b"),
            DATE,
            _judge,
            reach=48,
        ),
    ),
)  # fmt: skip
