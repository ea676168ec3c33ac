"""Documents that a government gives a person: licences, state identity cards, passports, alien and military numbers.

Sources:
    Licence formats by state in ``data/drivers_licence_formats.csv`` (tables named in its source column); passport
    formats in ``data/passport_formats.csv`` (ICAO 9303 for machine-readable lines); USCIS A-number (A and seven to
    nine digits); DoD identification number (ten digits).
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

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
from amends.taxonomy import reference

_FORMAT = tuple[str, str, re.Pattern[str]]


@cache
def _formats(element: str) -> tuple[_FORMAT, ...]:
    """Return (state, status, expression) of every format of a licence or state identity card."""
    return tuple(
        (r["state"], r["status"], re.compile(r["regex"]))
        for r in shipped("drivers_licence_formats")
        if r["element"] == element
    )


@cache
def _passports() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (r["country"], re.compile(r["regex"]))
        for r in shipped("passport_formats")
        if r["document"] not in ("mrz", "old")
    )


@cache
def _state_names() -> dict[str, str]:
    names = {r["name"].upper(): r["usps"] for r in reference.rows("state_names")}
    return names | {r["usps"]: r["usps"] for r in reference.rows("state_names")}


@lru_cache(4096)
def licence_states(value: str, *, element: str = "drivers_licence") -> dict[str, str]:
    """Return state → "current" or "older" for each state whose format a licence number has."""
    plain = re.sub(r"[ -]", "", value).upper()
    found: dict[str, str] = {}
    for state, status, expression in _formats(element):
        if found.get(state) != "current" and expression.match(plain):
            found[state] = status
    return found


def valid_drivers_licence(value: str, state: str = "") -> Validity:
    """Tell whether a value has the licence format of a state, or of any state."""
    states = licence_states(value)
    return Validity.VALID if (state in states if state else states) else Validity.MALFORMED


def valid_passport(value: str) -> Validity:
    """Tell whether a value has the passport format of some country."""
    plain = re.sub(r"[ -]", "", value).upper()
    return Validity.VALID if any(e.match(plain) for _, e in _passports()) else Validity.MALFORMED


_STATE_NEAR = re.compile(
    r"\b(A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])\b|\b("
    r"Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois"
    r"|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri"
    r"|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio"
    r"|Oklahoma|Oregon|Pennsylvania|Puerto Rico|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah"
    r"|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming)\b",
    re.IGNORECASE,
)


def state_near(found: Candidate) -> str:
    """Return the state named next to a licence number (before it, or right after), "" when none is."""
    before = found.text[max(0, found.start - 48) : found.start].rsplit("\n", 1)[-1]
    after = found.text[found.end : found.end + 24].split("\n", 1)[0]
    marks = [m for m in _STATE_NEAR.finditer(before) if _is_state(m)]
    marks = marks[-1:] or [m for m in _STATE_NEAR.finditer(after) if _is_state(m)][:1]
    return _state_names().get(marks[0].group().upper(), "") if marks else ""


def _is_state(mark: re.Match[str]) -> bool:
    return len(mark.group()) > 2 or mark.group().isupper()


_STATE_FIRST = re.compile(
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|PR|RI|S[CD]|T[NX]|UT"
    r"|V[AT]|W[AIVY])[ :#]{1,3}(?=[A-Z0-9])"
)


def _judge_licence(found: Candidate, element: str = "drivers_licence") -> Verdict | None:
    named = _STATE_FIRST.match(found.text, found.start, found.end)
    if named:
        found.start = named.end()
    value, end = _longest_form(found, element)
    if value is None:
        return None
    plain = re.sub(r"[ -]", "", value).upper()
    digits = digits_of(plain)
    states = licence_states(plain, element=element)
    state = state_near(found)
    if state and state in states:
        return Verdict(0.97, ("format", f"state: {state}"), start=found.start, end=end)
    if states:
        sure = 0.9 if "current" in states.values() and len(plain) >= 7 else 0.75
        return Verdict(sure if not state else sure - 0.2, ("format",), start=found.start, end=end)
    if element == "state_id" and (licence_states(plain) or len(digits) >= 5):
        return Verdict(0.85, ("format",), end=end)
    return (
        Verdict(0.55, ("no state's format",), Validity.MALFORMED, end=end)
        if len(digits) >= 5
        else None
    )


def _longest_form(found: Candidate, element: str) -> tuple[str | None, int]:
    """Return the longest run of parts that is some state's format, else the first part."""
    text, parts = found.text, [found.start]
    for gap in re.finditer(r"[ ]", found.value):
        parts.append(found.start + gap.start())
    ends = [*parts[1:], found.end]
    best: tuple[str | None, int] = (None, 0)
    for number, end in enumerate(ends):
        value = text[found.start : end].rstrip("-. ")
        digits = digits_of(value)
        if len(digits) < 4 and "*" not in value and not value.upper().startswith("WDL"):
            continue
        plain = value.replace(" ", "")
        known = licence_states(value, element=element) and (
            number == 0 or 8 <= len(plain.replace("-", "")) <= 19
        )
        if known or best[0] is None:
            best = (value, found.start + len(value))
    return best


def _judge_state_id(found: Candidate) -> Verdict | None:
    return _judge_licence(found, "state_id")


def _judge_passport(found: Candidate) -> Verdict | None:
    value = found.value.replace(" ", "").replace("-", "")
    if len(digits_of(value)) < 5:
        return None
    good = valid_passport(value)
    return Verdict(0.95 if good is Validity.VALID else 0.62, ("format",), good)


def _judge_mrz(found: Candidate) -> Verdict | None:
    number = found.value[:9].rstrip("<")
    return (
        Verdict(0.97, ("machine-readable line",), end=found.start + len(number)) if number else None
    )


def _judge_alien(found: Candidate) -> Verdict | None:
    digits = digits_of(found.value)
    if found.label & bit("alien_number"):
        return Verdict(
            0.95, ("format",), Validity.VALID if 7 <= len(digits) <= 9 else Validity.MALFORMED
        )
    return (
        Verdict(0.85, ("format",))
        if found.speaks_for & bit("alien_number") and len(digits) >= 8
        else None
    )


def _judge_military(found: Candidate) -> Verdict | None:
    size = len(digits_of(found.value))
    good = Validity.VALID if size in (9, 10) else Validity.MALFORMED
    return Verdict(0.9 if size in (9, 10) else 0.55, ("format",), good) if size >= 7 else None


def _judge_plain_id(found: Candidate) -> Verdict | None:
    return Verdict(0.82, ("label",)) if len(digits_of(found.value)) >= 4 else None


_LICENCE_VALUE = re.compile(
    r"(?=[A-Za-z0-9* -]{0,19}[0-9])(?:[A-Z]{2} "
    r"(?=[A-Z]{0,4}[0-9]))?[A-Za-z0-9][A-Za-z0-9*]{0,18}(?:-[A-Za-z0-9]{1,8}){0,5}"
    r"(?: [A-Z]?[0-9][0-9-]{1,12}[A-Z]?(?![\w/])){0,5}(?![\w@])"
)
_ID_VALUE = re.compile(r"(?=[A-Za-z-]{0,6}[0-9])[A-Za-z0-9][A-Za-z0-9-]{3,18}(?![\w@])")

LICENCE = Detector(
    "drivers_licence",
    words=(r"\bdmv\b", r"\bbmv\b", r"\brmv\b", r"\bcesco\b"),
    labels=(
        Label(
            (r"\bdriv(er|ing)s? ?s? *l?icen[cs]es?\b", r"\bdriv(er)?s? ?s? *lic\b",
             r"\bd ?l ?(#|no\b|num(ber)?\b|id\b)",
             r"\bdl\b", r"\bd +l\b", r"\bdln\b", r"\boperator ?s? +licen[cs]e\b", r"\bcdl\b",
             r"\b(driver )?permit +(no|num(ber)?|#)",
             r"\blicencia( +de +(conducir|manejo))?\b", r"\blicen[cs]e *(#|no\b|num(ber)?\b|id\b)", r"\boln\b",
                r"\blic\b", r"\blic *(#|no\b|num(ber)?\b)",
             r"\b[a-z]{2} +(dl|licen[cs]e)\b", r"\blicen[cs]e *[:#]", r"\bdrivers? +id\b",
             r"\bdriv[e3]r ?s? +l[i1]c[e3]n[sc][e3]\b",
             r"\b(my|your|his|her|their) +licen[cs]e\b"),
            _LICENCE_VALUE,
            _judge_licence,
            reach=48,
        ),
    ),
)  # fmt: skip
STATE_ID = Detector(
    "state_id",
    labels=(
        Label(
            (r"\bstate +id(entification)?\b", r"\bid(entification)? +card\b", r"\bnon ?driver +id\b", r"\breal +id\b",
             r"\bstate +issued +id\b", r"\bidentificacion +estatal\b", r"\b[a-z]{2} +state +id\b"),
            _LICENCE_VALUE,
            _judge_state_id,
            reach=32,
        ),
    ),
)  # fmt: skip
PASSPORT = Detector(
    "passport",
    words=(r"\bnationality\b", r"\btravel +document\b"),
    shapes=(
        Shape(
            r"[a-z0-9<]{9}[0-9<][a-z<]{3}[0-9]{6}[0-9][mfx<][0-9]{6}[0-9][a-z0-9<]{14}[0-9<][0-9]",
            re.compile(
                r"(?<![A-Z0-9<])[A-Z0-9<]{9}[0-9<][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{14}[0-9<][0-9]\Z"
            ),
            44,
            _judge_mrz,
        ),
    ),
    labels=(
        Label(
            (
                r"\bpassport\b",
                r"\bpassp[o0]rt\b",
                r"\bpasaporte\b",
                r"\btravel +document\b",
                r"\bppt? *(no|num|#)",
            ),
            re.compile(r"[A-Za-z]{0,3}[ -]?[0-9][0-9A-Z]{4,9}(?![\w@-])"),
            _judge_passport,
            reach=48,
        ),
    ),
)
ALIEN = Detector(
    "alien_number",
    shapes=(
        Shape(
            r"\ba[- ]?#?[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{2,3}\b",
            re.compile(r"(?<![\w-])A[- ]?#?[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{2,3}\Z"),
            15,
            _judge_alien,
        ),
    ),
    labels=(
        Label(
            (r"\balien( +registration)?\b", r"\ba +number\b", r"\ba ?#", r"\buscis\b", r"\bgreen +card\b", r"\bi 551\b",
             r"\bpermanent +resident\b", r"\btarjeta +verde\b"),
            re.compile(r"[Aa]?[- ]?#?[0-9]{3}[- ]?[0-9]{3}[- ]?[0-9]{1,3}(?!\w)"),
            _judge_alien,
            reach=24,
        ),
    ),
)  # fmt: skip
MILITARY = Detector(
    "military_id",
    labels=(
        Label(
            (r"\bdod +id\b", r"\bedipi\b", r"\bmilitary +id\b", r"\bservice +number\b"),
            re.compile(r"[A-Za-z]{0,2}[0-9]{7,10}(?!\w)"),
            _judge_military,
            reach=24,
        ),
    ),
)
EMPLOYEE = Detector(
    "employee_id",
    labels=(
        Label(
            (r"\bemp(loyee)? *(id|no|num(ber)?|#)", r"\bbadge *(id|no|num(ber)?|#)", r"\bpersonnel +(no|number)\b"),
            _ID_VALUE, _judge_plain_id, reach=16,
        ),
    ),
)  # fmt: skip
STUDENT = Detector(
    "student_id",
    labels=(Label((r"\bstudent *(id|no|num(ber)?|#)",), _ID_VALUE, _judge_plain_id, reach=16),),
)
