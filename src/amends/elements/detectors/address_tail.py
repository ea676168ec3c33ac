"""What follows the street line of an address: unit, city, state, ZIP, country; and the pieces of an address in lines.

Sources:
    USPS Publication 28 (secondary units, last line); ZIP prefixes by state in
    ``taxonomy/data/zip_prefix_state.csv``; order of lines in other countries by usage.
"""

from __future__ import annotations

import re
from functools import cache

from amends.elements.detectors.words import common_words, countries
from amends.taxonomy import reference

STATE_NAMES = (
    r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]"
    r"|UT|V[AIT]"
    r"|W[AIVY]|A[AEP]|Alabama|Alaska|Arizona|Arkansas|California|Calif\.|Colorado|Connecticut|Delaware|Florida"
    r"|Georgia"
    r"|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota"
    r"|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina"
    r"|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Puerto Rico|Rhode Island|South Carolina|South Dakota|Tennessee"
    r"|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming|District of Columbia|D\.C\.)"
)
_SIGNS = r"[ \t>?|]{0,8}"
UNIT_WORDS = (
    r"(?:(?:apt|apartment|suite|ste|unit|rm|room|floor|fl|bldg|building|lot|trlr|space|spc|apto|ph|piso|depto"
    r"|interior|int)\b\.? ?#? ?[A-Za-z0-9-]{1,6}|# ?[A-Za-z0-9-]{1,6})(?!\w)"
)
UNIT = re.compile(rf"(?:[, ]{{0,3}}\n?[ \t]{{0,8}}|\n{_SIGNS}){UNIT_WORDS}", re.IGNORECASE)
_LAST_LINE = re.compile(
    rf"[, ]{{0,3}}\n?[ \t]{{0,8}}(?P<city>[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){{0,3}}?)[, ]{{1,3}}\n?[ \t]{{0,8}}"
    rf"(?P<state>{STATE_NAMES})(?P<zip>[, ]{{1,3}}[0-9]{{5}}(?:-[0-9]{{4}})?)?(?![\w])",
    re.IGNORECASE,
)
_PART = re.compile(
    r"(?:[ ]?,[ ]?\n?[ \t]{0,8}|[ ]?\n[ \t>?|]{0,8}(?:\n[ \t]{0,8}|, )?)"
    r"(?P<words>[^\W\d_][^\W\d_]*[.']?(?:[ '-][^\W\d_(]+\)?\.?){0,3})?(?P<code>[ ]?\(?[A-Z]{0,2}[ "
    r"-]?[0-9]{3,6}(?:[ -][0-9A-Z]{2,4})?)?(?![\w])"
)
_ZIP_TAIL = re.compile(r"[, ]{1,3}[0-9]{5}(?:-[0-9]{4})?(?![\w-])")


@cache
def _zip_states() -> dict[str, str]:
    return {
        r["prefix"]: f"{r['state']} {r['other_states']}" for r in reference.rows("zip_prefix_state")
    }


@cache
def _usps() -> dict[str, str]:
    return {r["name"].upper(): r["usps"] for r in reference.rows("state_names")}


def usps_code(state: str) -> str:
    """Return the USPS code of a state's name or code, upper case as found where it is neither."""
    plain = state.upper().rstrip(".")
    return _usps().get(plain, plain)


def zip_agrees(state: str, code: str) -> bool:
    """Tell whether a ZIP code lies in a state (name or USPS code)."""
    return usps_code(state) in _zip_states().get(code.strip(" ,")[:3], "")


def tail_of(text: str, end: int) -> tuple[int, float, tuple[str, ...]]:
    """Return where an address that has its street line at ``end`` ends, the worth of its tail, and why."""
    bare = end
    if text[end : end + 1] == ".":
        end += 1
    worth = 0.0
    why: tuple[str, ...] = ()
    unit = UNIT.match(text, end)
    if unit:
        end, worth, why = unit.end(), 0.05, ("unit",)
    last = _LAST_LINE.match(text, end)
    if last and (last["zip"] or "," in text[end : last.end()] or "\n" in text[end : last.end()]):
        if last["zip"] and zip_agrees(last["state"], last["zip"]):
            return last.end(), 0.2, (*why, "city, state and ZIP agree")
        if last["state"].isupper() or len(last["state"]) > 2:
            return last.end(), 0.1, (*why, "city and state")
    code = _ZIP_TAIL.match(text, end)
    if code:
        return code.end(), 0.1, (*why, "ZIP")
    stop, more = _foreign_tail(text, end)
    if stop == bare + 1 and text[bare - 1].isdigit():
        # The full stop of a sentence, not of "St.".
        stop = bare
    return stop, worth + more, why


def _foreign_tail(text: str, end: int) -> tuple[int, float]:
    """Follow city, country and postal code in lines or after commas; stop at the last that is one."""
    place, sure, worth, coded = end, end, 0.0, False
    for _ in range(5):
        part = _PART.match(text, place)
        if part is None or part.end() == place or not (part["words"] or part["code"]):
            break
        words = part["words"] or ""
        if coded and (part["code"] or words.lower() not in countries()):
            break
        coded = bool(part["code"])
        region = len(words) <= 3 and text[part.end() : part.end() + 1] == "\n"
        if words and not words[0].isupper() and words.lower() not in countries() and not region:
            break
        if words and not part["code"] and _is_sentence(words, text, part.end()):
            break
        unit = UNIT.match(text, part.end())
        place = unit.end() if unit else part.end()
        if part["code"] or words.lower() in countries() or unit:
            sure, worth = place, 0.12
    return sure, worth


def _is_sentence(words: str, text: str, end: int) -> bool:
    first = words.split(maxsplit=1)[0].lower()
    after = text[end : end + 2]
    return (
        (first in common_words() and after[:1] in (" ", ":"))
        or after[:1] == ":"
        or after[:1] == "@"
    )
