"""What the words right before a place say: that a name follows, may follow, or does not.

Source:
    Own work: labels of forms, greetings and phrases that introduce somebody, in English and Spanish.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from amends.elements.shapes_data import word_set

_LABELS = word_set(
    "name names nombre from to cc bcc signed owner holder author attention attn contact manager sender "
    "recipient caller tech rep user says said customer client patient employee applicant subscriber "
    "member agent spouse guardian beneficiary insured surname apellido apellidos firstname lastname "
    "fullname"
)
_GREETINGS = word_set(
    "dear hi hello hey hola estimado estimada named i'm customer patient employee applicant subscriber "
    "regards sincerely cheers cardholder attn agent beneficiary cliente paciente spouse guardian insured "
    "member him her"
)
_LED_IN = frozenset(
    ["name is", "this is", "i am", "was called", "account holder", "speaking with", "spoke with", "speak to",
     "partner's name",
     "kid's name", "nombre es", "call me", "calls me", "best regards", "it to", "named him", "named her"]
)  # fmt: skip
_WEAK = word_set(
    "called by client user signed thanks best mother father husband wife son daughter brother sister kid "
    "child contact with meet met ask asked told says said holder owner author starring partner friend "
    "boss manager under colleague for about remember born me and or name but that early influenced "
    "tribute cc from to"
)
_PLACES = word_set("in at near of from to into across around over via visit visiting the a an")
_ARTICLES = word_set("the a an this that these those our your my each every any some no")
_TITLE_WORDS = word_set(
    "mr mrs ms miss dr prof rev capt sgt lt judge sr sra srta dra don doña herr frau mme mlle officer "
    "detective"
)
_SIGNS = " \t\n\"'(>*:,.=?|-!;])}"


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before a name: a word that tells (label, title), one that hints, a place word, an article."""

    told: bool = False
    weak: bool = False
    place: bool = False
    article: bool = False
    number: bool = False
    opens: bool = False


_OPENS = Lead(opens=True)


@lru_cache(maxsize=65536)
def _lead(first: str, second: str, signs: str) -> Lead:
    """Judge the two words and the signs before a name."""
    stop = any(c in signs for c in ".!?;\n:")
    marked = any(c in signs for c in ":=?")
    opens = stop or signs.strip(" ") in ("*", "-", "|", ">", "(", '"')
    if first in _TITLE_WORDS and signs in (". ", " "):
        return Lead(told=True)
    if (marked and first in _LABELS) or (
        first in _GREETINGS and "." not in signs and "?" not in signs
    ):
        return Lead(told=True, opens=opens)
    if f"{second} {first}" in _LED_IN and signs in (" ", ": ", ' "'):
        return Lead(told=True)
    if stop or not first:
        return _OPENS
    return Lead(
        weak=first in _WEAK, place=first in _PLACES and signs == " ", article=first in _ARTICLES and signs == " ",
        number=first.isdigit() and len(first) > 1 and signs == " ", opens=opens,
    )  # fmt: skip


def before_name(text: str, start: int) -> Lead:
    """Return what stands before a place."""
    before = text[start - 30 if start > 30 else 0 : start]
    core = before.rstrip(_SIGNS)
    words = core.split()
    if not words:
        return _OPENS
    signs = before[len(core) :]
    second = words[-2].lower() if len(words) > 1 else ""
    return _lead(words[-1].lower().lstrip("(\"'>"), second, signs if len(signs) < 5 else "\n")
