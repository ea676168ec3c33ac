"""Records in documents: the elements that stand around one name, as one mention.

A row, a form, a signature or a sentence is read as its layout says. Where two names compete for an identifier, it is
given to neither: the mention without a name says which names compete. Nothing is guessed, nothing is dropped.

Source:
    Own work; requirement R10 (an identifier must not be named to the wrong person).
"""

from __future__ import annotations

import datetime
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from amends.elements.detectors.address_parts import is_one_address, whole_address
from amends.elements.detectors.base import Finding
from amends.elements.text_normal import read_date, read_phone
from amends.elements.text_parts import AddressParts, NameParts, address_parts, name_parts

# Findings less sure than this make no mention.
NO_NAME, NO_ADDRESS = NameParts(), AddressParts()
LEAST_NAME, LEAST_ELEMENT = 0.5, 0.5
# One person has one of each of these; a second one belongs to somebody else.
_ONLY_ONE = frozenset(["ssn", "itin", "birth_date"])
_ROLE_STAFF = re.compile(
    r"\b(?:agents?|rep(?:resentative)?|csr|associate|advisor|supervisor|officer|dr|doctor|physician|provider"
    r"|nurse|attorney|judge"
    r"|technician|clerk|prepared by|reviewed by|signed by|approved by|entered by|handled by|assisted by|manager"
    r"|notary"
    r"|hi this is|thank you for calling [^\n]{0,30}this is|from|by)[ \t]*[:,.]?[ \t]*(?:mrs?|ms|dr)?\.?[ \t]*\Z",
    re.IGNORECASE,
)
_ROLE_OTHER = re.compile(
    r"\b(?:spouse|wife|husband|emergency contact|guardian|parent|father|mother|son|daughter|brother|sister|reference"
    r"|beneficiary|dependent|authorized user|co-?applicant|c/o|next of kin)(?:'s)?(?: name)?[ \t]*[:,(]?[ \t]*\Z",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"\n[ \t>]*\n|\f|\n[ \t]*[-=_*]{4,}[ \t]*(?=\n|$)|\n(?=[ \t]*(?:full |customer |patient |employee "
    r"|applicant |subscriber )?name[ \t]*[:=])",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"^[ \t]*(?:agent|customer|user|bot|caller|rep|chat|support)\b[^:\n]{0,20}:",
    re.IGNORECASE | re.MULTILINE,
)


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


@dataclass
class _Person:
    """A name being gathered for; ``key`` is equal for the same name."""

    key: tuple[str, ...]
    names: list[int]
    staff: bool = False
    held: list[int] = field(default_factory=list)
    layout: str = "block"
    confidence: float = 0.95


@dataclass
class _Loose:
    """Findings of one scope that belong to no name."""

    held: list[int]
    why: str


def mentions(text: str, findings: Sequence[Finding]) -> list[Mention]:
    """Link the findings of a text to the names they belong to.

    Args:
        text: The text.
        findings: Its findings, in order of place (``text.find``).

    Returns:
        One mention a person or a group of data without a name, in order of place. Each finding that is sure enough
        stands in exactly one; a name that nothing belongs to stands alone.
    """
    if not findings:
        return []
    scene = _Scene(text, findings)
    for block in scene.blocks:
        scene.link_block(block)
    scene.give_rest_to_only_person()
    made = [scene.mention_of(p) for p in scene.people.values()] + [
        scene.loose_mention(x) for x in scene.loose
    ]
    return sorted((m for m in made if m is not None), key=lambda m: (m.start, m.end))


class _Scene:
    """One text while its findings are being linked."""

    def __init__(self, text: str, findings: Sequence[Finding]) -> None:
        self.text = text
        self.findings = findings
        self.people: dict[tuple[int, tuple[str, ...]], _Person] = {}
        self.loose: list[_Loose] = []
        self._breaks = [0, *(m.end() for m in _BREAK.finditer(text))]
        self._lines = [0, *(m.end() for m in re.finditer("\n", text))]
        self.blocks = self._group(self._breaks)

    def _group(self, starts: list[int]) -> list[list[int]]:
        groups: dict[int, list[int]] = {}
        for number, found in enumerate(self.findings):
            least = LEAST_NAME if found.element == "name" else LEAST_ELEMENT
            if found.confidence >= least:
                groups.setdefault(bisect_right(starts, found.start), []).append(number)
        return list(groups.values())

    def _line(self, number: int) -> int:
        return bisect_right(self._lines, self.findings[number].start)

    def link_block(self, block: list[int]) -> None:
        """Link what stands between two blank lines."""
        names = [n for n in block if self.findings[n].element == "name"]
        rest = [n for n in block if self.findings[n].element != "name"]
        people = self._people_of(block[0], names)
        if not rest:
            return
        if not names:
            self.loose.append(_Loose(rest, "no name stands near"))
            return
        subjects = [p for p in people if not p.staff]
        if len(subjects) == 1 and not self._repeats(rest):
            self._give(
                subjects[0], rest, "form" if self._line(rest[0]) != self._line(rest[-1]) else "row"
            )
            return
        if len(people) == 1 and not self._repeats(rest):
            self._give(people[0], rest, "block")
            return
        self._link_lines(block, people)

    def _repeats(self, rest: Iterable[int]) -> bool:
        """Tell whether there is a second value of what a person has only one of."""
        seen: dict[str, str] = {}
        for number in rest:
            found = self.findings[number]
            if found.element in _ONLY_ONE:
                value = _plain(self.text[found.start : found.end])
                if seen.setdefault(found.element, value) != value:
                    return True
        return False

    def _people_of(self, first: int, names: list[int]) -> list[_Person]:
        """Return the people named in a block, each once, in order of place."""
        made: list[_Person] = []
        for number in names:
            found = self.findings[number]
            words = _name_words(self.text[found.start : found.end])
            known = next((p for p in made if _same(p.key, words)), None)
            if known is not None:
                known.names.append(number)
                known.key = max(known.key, words, key=len)
                continue
            person = _Person(words, [number], staff=self._is_staff(found))
            made.append(person)
            self.people[number, words] = person
        return made

    def _is_staff(self, found: Finding) -> bool:
        before = self.text[max(0, found.start - 60) : found.start].rsplit("\n", 1)[-1]
        return _ROLE_STAFF.search(before) is not None

    def _give(
        self, person: _Person, numbers: Iterable[int], layout: str, confidence: float = 0.95
    ) -> None:
        person.held.extend(numbers)
        person.layout = layout
        person.confidence = min(person.confidence, confidence)

    def _link_lines(self, block: list[int], people: list[_Person]) -> None:
        """Link a block that names several people, line by line."""
        owner_of = {n: p for p in people for n in p.names}
        lines: dict[int, list[int]] = {}
        for number in block:
            lines.setdefault(self._line(number), []).append(number)
        above: list[_Person] = []
        for numbers in lines.values():
            here = [n for n in numbers if n in owner_of]
            rest = [n for n in numbers if n not in owner_of]
            if here:
                named = _distinct(owner_of[n] for n in here)
                if rest:
                    self._link_row(numbers, named, owner_of)
                above = named
            elif len(above) == 1 and not self._has_one(above[0], rest):
                self._give(above[0], rest, "block", 0.85)
            else:
                self._leave(rest, above or people)

    def _has_one(self, person: _Person, rest: list[int]) -> bool:
        return self._repeats([*person.held, *rest])

    def _link_row(
        self, numbers: list[int], named: list[_Person], owner_of: dict[int, _Person]
    ) -> None:
        """Link a line that names somebody."""
        rest = [n for n in numbers if n not in owner_of]
        if len(named) == 1:
            if self._has_one(named[0], rest):
                self._leave(rest, named)
            else:
                self._give(named[0], rest, "row")
            return
        turns = "".join("N" if n in owner_of else "A" for n in numbers)
        if re.fullmatch(r"(?:NA+){2,}", turns):
            self._by_turns(numbers, owner_of)
        elif re.fullmatch(r"(?:A+N){2,}", turns):
            self._by_turns(numbers[::-1], owner_of)
        else:
            self._by_mail(rest, named)

    def _by_turns(self, numbers: list[int], owner_of: dict[int, _Person]) -> None:
        person = owner_of[numbers[0]]
        for number in numbers:
            if number in owner_of:
                person = owner_of[number]
            else:
                self._give(person, [number], "sentence", 0.8)

    def _by_mail(self, rest: list[int], named: list[_Person]) -> None:
        """Give an e-mail address to the one name that it spells; leave the rest to nobody."""
        left = []
        for number in rest:
            found = self.findings[number]
            owners = [
                p
                for p in named
                if found.element == "email" and _spells(self.text[found.start : found.end], p.key)
            ]
            if len(owners) == 1:
                self._give(owners[0], [number], "sentence", 0.85)
            else:
                left.append(number)
        self._leave(left, named)

    def _leave(self, rest: list[int], people: Sequence[_Person]) -> None:
        if rest:
            self.loose.append(
                _Loose(
                    rest,
                    f"{len(people)} names compete" if len(people) > 1 else "belongs to another",
                )
            )

    def give_rest_to_only_person(self) -> None:
        """Give blocks without a name to the one person whom the whole document is about."""
        subjects = [p for p in self.people.values() if not p.staff]
        distinct: list[_Person] = []
        for person in subjects:
            if not any(_same(person.key, other.key) for other in distinct):
                distinct.append(person)
        if len(distinct) != 1:
            return
        only = distinct[0]
        for loose in [x for x in self.loose if x.why == "no name stands near"]:
            if not self._has_one(only, loose.held):
                self._give(only, loose.held, "document", 0.75)
                self.loose.remove(loose)

    def mention_of(self, person: _Person) -> Mention | None:
        """Return the mention of a person."""
        best = max(person.names, key=lambda n: (self.findings[n].end - self.findings[n].start, -n))
        numbers = (best, *sorted({*person.names, *person.held} - {best}))
        found = self.findings[best]
        made = self._filled(numbers, person.layout, person.confidence)
        return replace(made, name=name_parts(self.text[found.start : found.end]))

    def loose_mention(self, loose: _Loose) -> Mention | None:
        """Return a mention without a name."""
        return replace(self._filled(tuple(loose.held), "block", 0.5), ambiguous=loose.why)

    def _filled(self, numbers: tuple[int, ...], layout: str, confidence: float) -> Mention:
        found = [self.findings[n] for n in numbers]
        value = {n: self.text[self.findings[n].start : self.findings[n].end] for n in numbers}

        def of(element: str) -> list[str]:
            return [value[n] for n in sorted(numbers) if self.findings[n].element == element]

        births = [day for v in of("birth_date") if (day := read_date(v)) is not None]
        addresses = sorted(
            (address_parts(v) for v in self._addresses(numbers)),
            key=lambda a: (bool(a.street), bool(a.zip)),
        )
        return Mention(
            start=min(f.start for f in found),
            end=max(f.end for f in found),
            birth_on=births[0] if births else None,
            address=addresses[-1] if addresses else AddressParts(),
            phones=tuple(dict.fromkeys(read_phone(v) for v in of("phone"))),
            emails=tuple(dict.fromkeys(v.lower() for v in of("email"))),
            findings=numbers,
            confidence=confidence,
            layout=layout,
        )

    def _addresses(self, numbers: Iterable[int]) -> list[str]:
        """Return the addresses among findings, those in pieces joined."""
        places = [
            (self.findings[n].start, self.findings[n].end)
            for n in sorted(numbers)
            if self.findings[n].element == "address"
        ]
        groups: list[list[tuple[int, int]]] = []
        for place in places:
            if groups and is_one_address(self.text, groups[-1][-1][1], place[0]):
                groups[-1].append(place)
            else:
                groups.append([place])
        return [whole_address(self.text, group) for group in groups]


def _distinct(people: Iterable[_Person]) -> list[_Person]:
    return list({id(p): p for p in people}.values())


def _plain(value: str) -> str:
    return "".join(c for c in value if c.isalnum()).upper()


def _name_words(value: str) -> tuple[str, ...]:
    parts = name_parts(value)
    words = f"{parts.first} {parts.middle} {parts.last}".lower().replace(".", "").split()
    return tuple(words)


def _same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two names of one block are the same person's: one's words all stand in the other."""
    short, long = sorted((one, other), key=len)
    if not short:
        return False
    if len(short) == len(long):
        return short == long
    return all(any(w == v or (len(w) == 1 and v.startswith(w)) for v in long) for w in short)


def _spells(email: str, words: tuple[str, ...]) -> bool:
    local = re.sub(r"[^a-z]", "", email.lower().partition("@")[0])
    return (
        len(words) > 1
        and len(words[-1]) > 2
        and words[-1] in local
        and (words[0] in local or local[:1] == words[0][:1])
    )
