"""Parts of names and addresses, as found in text.

Sources:
    USPS Publication 28 (order of an address); usage of particles and suffixes in names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from amends.elements.detectors.address_tail import STATE_NAMES, UNIT, usps_code
from amends.elements.detectors.words import GIVEN, PARTICLE, countries, kinds

_SUFFIX = re.compile(r"^(?:jr|sr|ii|iii|iv|v)\.?$", re.IGNORECASE)
_TITLE = re.compile(
    r"^(?:mr|mrs|ms|miss|dr|prof|rev|sr|sra|srta|dra|don|doña|sir|madam)\.?$", re.IGNORECASE
)


@dataclass(frozen=True)
class NameParts:
    """A person's name in parts, as found; "" where a part is absent."""

    first: str = ""
    middle: str = ""
    last: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class AddressParts:
    """An address in parts; "" where a part is absent; ``state`` is a USPS code where it is one of its names."""

    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""


def name_parts(value: str) -> NameParts:
    """Read a name written "First Middle Last Suffix" or "Last, First Middle"."""
    head, comma, rest = value.partition(",")
    if comma and rest.strip() and not _SUFFIX.match(rest.strip()):
        words = [w for w in rest.split() if not _TITLE.match(w)]
        suffix = [w for w in words if _SUFFIX.match(w)]
        words = [w for w in words if not _SUFFIX.match(w)]
        return NameParts(
            words[0] if words else "", " ".join(words[1:]), head.strip(), " ".join(suffix)
        )
    words = [w.strip(",") for w in value.split() if not _TITLE.match(w)]
    suffix_word = ""
    if len(words) > 1 and _SUFFIX.match(words[-1]):
        suffix_word = words.pop().rstrip(".").upper()
    if len(words) == 1:
        given = kinds().get(words[0].lower(), 0) & GIVEN
        return (
            NameParts(first=words[0], suffix=suffix_word)
            if given
            else NameParts(last=words[0], suffix=suffix_word)
        )
    cut = len(words) - 1
    while (
        cut > 1 and kinds().get(words[cut - 1].lower(), 0) & PARTICLE and words[cut - 1].islower()
    ):
        cut -= 1
    return (
        NameParts(words[0], " ".join(words[1:cut]), " ".join(words[cut:]), suffix_word)
        if words
        else NameParts()
    )


_ZIP = re.compile(r"[, ]*\b([0-9]{5}(?:-[0-9]{4})?)\s*$")
_STATE = re.compile(rf"[, ]+({STATE_NAMES})\.?\s*$", re.IGNORECASE)


# Names of countries that are a state's as well.
_STATES_TOO = frozenset(["georgia", "puerto rico"])


def address_parts(value: str) -> AddressParts:
    """Read an address on one line or several."""
    plain = re.sub(r"[ \t>]*\n[ \t>]*", ", ", value.strip())
    country = ""
    last = plain.rsplit(",", 1)[-1].strip(" .").lower()
    if last in countries() and "," in plain:
        country, plain = last.title(), plain.rsplit(",", 1)[0]
    code = state = ""
    found = _ZIP.search(plain)
    if found and (found.start() > 0 or "," in plain):
        code, plain = found[1], plain[: found.start()]
    last = plain.rsplit(",", 1)[-1].strip(" .").lower()
    if not country and last in countries() and "," in plain and last not in _STATES_TOO:
        country, plain = last.title(), plain.rsplit(",", 1)[0]
    found = _STATE.search(plain)
    if found:
        state, plain = usps_code(found[1]), plain[: found.start()]
    pieces = [p.strip() for p in plain.split(",") if p.strip()]
    city = pieces.pop() if len(pieces) > 1 and not UNIT.fullmatch(" " + pieces[-1]) else ""
    street = ", ".join(pieces)
    if state and not city and street and not any(c.isdigit() for c in street):
        city, street = street, ""
    return AddressParts(street, city, state, code, country)
