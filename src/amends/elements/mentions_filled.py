"""A mention and what it holds: name, birth date, address, telephone numbers and e-mail addresses read from findings.

Source:
    Own work.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from amends.elements.detectors.address_parts import is_one_address, whole_address
from amends.elements.detectors.base import Finding
from amends.elements.text_normal import read_date, read_phone
from amends.elements.text_parts import AddressParts, NameParts, address_parts, name_parts

NO_NAME, NO_ADDRESS = NameParts(), AddressParts()


@dataclass(frozen=True)
class Mention:
    """Somebody named in a document, or data without a name.

    Attributes:
        start: Offset of the first character that belongs to it.
        end: Offset after the last.
        name: Parts of the name; all "" where there is none.
        birth_on: Birth date; None when absent or malformed.
        address: Parts of the address.
        phones: Telephone numbers in normal form, in order of place.
        emails: E-mail addresses, lower case, in order of place.
        findings: Places in the list of findings of all that belongs to it, the name first.
        confidence: 0 to 1: how sure it is that all this belongs together.
        layout: row, form, block, sentence or document.
        ambiguous: Why it could belong to more than one, "" when it is plain.
    """

    start: int
    end: int
    name: NameParts = NO_NAME
    birth_on: datetime.date | None = None
    address: AddressParts = NO_ADDRESS
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    findings: tuple[int, ...] = ()
    confidence: float = 0.0
    layout: str = "block"
    ambiguous: str = ""


def named_mention(
    text: str,
    findings: Sequence[Finding],
    names: Sequence[int],
    held: Sequence[int],
    layout: str,
    confidence: float,
) -> Mention:
    """Return the mention of a person.

    Args:
        text: The text.
        findings: Its findings.
        names: Places in ``findings`` of the person's names.
        held: Places in ``findings`` of what belongs to the person.
        layout: Where it stood: row, form, block, sentence or document.
        confidence: How sure it is that all this belongs together.
    """
    best = max(names, key=lambda n: (findings[n].end - findings[n].start, -n))
    numbers = (best, *sorted({*names, *held} - {best}))
    found = findings[best]
    made = _filled(text, findings, numbers, layout, confidence)
    return replace(made, name=name_parts(text[found.start : found.end]))


def loose_mention(text: str, findings: Sequence[Finding], held: Sequence[int], why: str) -> Mention:
    """Return a mention without a name, and why it has none."""
    return replace(_filled(text, findings, tuple(held), "block", 0.5), ambiguous=why)


def _filled(
    text: str,
    findings: Sequence[Finding],
    numbers: tuple[int, ...],
    layout: str,
    confidence: float,
) -> Mention:
    found = [findings[n] for n in numbers]
    value = {n: text[findings[n].start : findings[n].end] for n in numbers}

    def of(element: str) -> list[str]:
        return [value[n] for n in sorted(numbers) if findings[n].element == element]

    births = [day for v in of("birth_date") if (day := read_date(v)) is not None]
    places = [
        (findings[n].start, findings[n].end)
        for n in sorted(numbers)
        if findings[n].element == "address"
    ]
    addresses = sorted(
        (address_parts(v) for v in _addresses(text, places)),
        key=lambda a: (bool(a.street), bool(a.zip)),
    )
    return Mention(
        start=min(f.start for f in found),
        end=max(f.end for f in found),
        birth_on=births[0] if births else None,
        address=addresses[-1] if addresses else NO_ADDRESS,
        phones=tuple(dict.fromkeys(read_phone(v) for v in of("phone"))),
        emails=tuple(dict.fromkeys(v.lower() for v in of("email"))),
        findings=numbers,
        confidence=confidence,
        layout=layout,
    )


def _addresses(text: str, places: Iterable[tuple[int, int]]) -> list[str]:
    """Return the addresses at places, those in pieces joined."""
    groups: list[list[tuple[int, int]]] = []
    for place in places:
        if groups and is_one_address(text, groups[-1][-1][1], place[0]):
            groups[-1].append(place)
        else:
            groups.append([place])
    return [whole_address(text, group) for group in groups]
