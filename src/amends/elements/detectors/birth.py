"""Birth dates: a date is one only beside a word that says so.

Source:
    Own work; forms of dates as ISO 8601 and US, European and Latin American usage write them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from amends.elements.detectors.base import Candidate, Detector, Finding, Label, Validity, Verdict
from amends.elements.detectors.contact import valid_phone
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
    rf"|[0-9]{{8}}|[0-9]{{6}}|[0-9]{{2}} ?{_MONTH} ?[0-9]{{4}})(?![\w]|[-/][0-9])",
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
            (r"\bd ?[o0] ?b\b", r"\bbd\b", r"\bf +n\b", r"\bcumpleanos\b",
             r"\bdate +[o0]f +b[i1]rth\b", r"\bf(ec(ha)?)? +de +nac\b",
             r"\bborn( on)?\b", r"\bbirth *(date|day)\b", r"\bb day\b",
             r"\bfecha +de +nacimiento\b", r"\bnacid[oa]( el)?\b", r"\bnacio( el)?\b", r"\bfec nac\b", r"\bbdate\b"),
            DATE,
            _judge,
            reach=48,
        ),
    ),
)  # fmt: skip


_SHORT_DATE = re.compile(
    r"(?<![\w/.-])(?:[0-9]{1,2}[/-][0-9]{1,2}[/-](?:19|20)[0-9]{2}|(?:19"
    r"|20)[0-9]{2}-[0-9]{2}-[0-9]{2})(?![\w/.:-]|[ T][0-9]{2}:)"
)
_CELL_ENDS = '|,;\t"'


def births_in_rows(text: str, found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the one date of a row that also holds an SSN: rows of exports carry no labels.

    A row is a line whose cells are parted by ``| , ;`` or tabs; the date must be the only one and lie fourteen years
    back or more from the newest year a birth date can have here (2012).
    """
    seen: set[int] = set()
    for one in found:
        if one.element not in ("ssn", "itin"):
            continue
        start, end = _row_of(text, one)
        if start in seen:
            continue
        seen.add(start)
        dates = list(_SHORT_DATE.finditer(text, start, end))
        if len(dates) != 1 or not _stands_in_cell(text, dates[0]):
            continue
        day = read_date(dates[0].group())
        if day is not None and 1900 <= day.year <= 2012:
            yield Finding(
                dates[0].start(), dates[0].end(), "birth_date", 0.72, ("date", "row: beside ssn")
            )


_TEN = re.compile(r"(?<![\w+.-])1?[2-9][0-9]{9}(?![\w.-])")


def phones_in_rows(text: str, found: Sequence[Finding]) -> Iterator[Finding]:
    """Yield ten digits in a cell of their own, of the numbering plan, in a row that also holds an SSN."""
    seen: set[int] = set()
    for one in found:
        if one.element not in ("ssn", "itin"):
            continue
        start, end = _row_of(text, one)
        if start in seen:
            continue
        seen.add(start)
        for digits in _TEN.finditer(text, start, end):
            good = valid_phone(digits.group()) is Validity.VALID
            if good and _stands_in_cell(text, digits):
                yield Finding(
                    digits.start(),
                    digits.end(),
                    "phone",
                    0.7,
                    ("numbering plan", "row: beside ssn"),
                )


def _row_of(text: str, one: Finding) -> tuple[int, int]:
    start = text.rfind("\n", max(0, one.start - 400), one.start) + 1
    end = text.find("\n", one.end, one.end + 400)
    return start, min(len(text), one.end + 400) if end < 0 else end


def _stands_in_cell(text: str, date: re.Match[str]) -> bool:
    before = text[max(0, date.start() - 3) : date.start()].rstrip(" ")
    after = text[date.end() : date.end() + 3].lstrip(" ")
    opened = not before or before[-1] in _CELL_ENDS or before[-1] == "\n"
    return opened or after[:1] in tuple(_CELL_ENDS)
