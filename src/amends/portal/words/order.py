"""In which order public texts name data elements, and which of them ask for which steps."""

from __future__ import annotations

from collections.abc import Iterable

from amends.taxonomy.elements import elements
from amends.taxonomy.gravity import GRAVITY, REACH

# Letters begin with the name, by which people see that it is theirs; a public text ends with it.
_LAST = ("name", *REACH)

TAX = frozenset(("ssn", "itin", "tax_info", "irs_ip_pin"))
LINE = frozenset(("imei", "imsi", "iccid", "meid", "account_pin", "account_number", "call_record"))


def gravest_first(codes: Iterable[str]) -> tuple[str, ...]:
    """Return elements in the order of public texts; one that nobody knows stands before the ways to reach somebody."""
    rest = [e for e in elements() if e not in GRAVITY and e not in _LAST]
    places = {code: place for place, code in enumerate((*GRAVITY, *rest))}
    late = {code: place for place, code in enumerate(_LAST)}
    return tuple(
        sorted(
            dict.fromkeys(codes),
            key=lambda e: (e in late, late.get(e, places.get(e, len(places))), e),
        )
    )


def plural(element: str, language: str) -> str:
    """Return what an element is called in general."""
    known = elements().get(element)
    return known.names[language, "plural"] if known else element.replace("_", " ")


def capital(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]
