"""Records in documents: the elements that stand around one name, as one mention.

A row, a form, a signature or a sentence is read as its layout says. Where two names compete for an identifier, it is
given to neither: the mention without a name says which names compete. Nothing is guessed, nothing is dropped.

Source:
    Own work; requirement R10 (an identifier must not be named to the wrong person).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from amends.elements.detectors.base import Finding
from amends.elements.mentions_filled import Mention, loose_mention, named_mention
from amends.elements.mentions_names import is_same, is_spelt_in, name_words, plain_of
from amends.elements.mentions_roles import (
    CONTACT,
    GREETED,
    SUBJECT,
    TITLED,
    WRITER,
    role_of,
    spoken_by,
)

__all__ = ["LEAST_ELEMENT", "LEAST_NAME", "Mention", "mentions"]
# Findings less sure than this make no mention.
LEAST_NAME, LEAST_ELEMENT = 0.5, 0.5
# One person has one of each of these; a second one belongs to somebody else.
_ONLY_ONE = frozenset(["ssn", "itin", "birth_date"])
_NOBODY = "no name stands near"
_BREAK = re.compile(
    r"\n[ \t>]*\n|\f|\n[ \t]*[-=_*]{4,}[ \t]*(?=\n|$)|\n(?=[ \t]*(?:full |customer |patient |employee "
    r"|applicant |subscriber )?name[ \t]*[:=])",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"^[ \t]*(?:agent|customer|user|bot|caller|rep|chat|support)\b[^:\n]{0,20}:",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass
class _Person:
    """A name being gathered for; ``key`` is equal for the same name."""

    key: tuple[str, ...]
    names: list[int]
    role: str = SUBJECT
    held: list[int] = field(default_factory=list)
    layout: str = "block"
    confidence: float = 0.95

    @property
    def is_spoken_of(self) -> bool:
        """True for somebody the document is about."""
        return self.role in (SUBJECT, TITLED)


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
    for block, people in scene.named_blocks():
        scene.link_block(block, people)
    scene.give_rest_to_only_person()
    made = [
        named_mention(text, findings, p.names, p.held, p.layout, p.confidence)
        for p in scene.people.values()
    ]
    made += [loose_mention(text, findings, x.held, x.why) for x in scene.loose]
    return sorted(made, key=lambda m: (m.start, m.end))


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

    def named_blocks(self) -> list[tuple[list[int], list[_Person]]]:
        """Return each block with the people named in it."""
        return [
            (block, self._people_of([n for n in block if self.findings[n].element == "name"]))
            for block in self.blocks
        ]

    def link_block(self, block: list[int], people: list[_Person]) -> None:
        """Link what stands between two blank lines."""
        rest = [n for n in block if self.findings[n].element != "name"]
        if not rest:
            return
        subjects = [p for p in people if p.is_spoken_of]
        if len(subjects) == 1 and len(people) > 1:
            rest = self._contact_by_line(rest, [p for p in people if not p.is_spoken_of])
            if not rest:
                return
        layout = "form" if self._line(rest[0]) != self._line(rest[-1]) else "row"
        if not subjects:
            self._link_without_subject(rest, people, layout)
        elif len(subjects) == 1 and not self._repeats(rest):
            self._give(subjects[0], rest, layout)
        else:
            self._link_lines(block, people)

    def _link_without_subject(self, rest: list[int], people: list[_Person], layout: str) -> None:
        """Link a block that names nobody, or only those who write, are greeted or are at work."""
        spoken = {spoken_by(self.text, self.findings[n].start) for n in rest} - {""}
        owners = self._distinct_in(spoken.pop()) if len(spoken) == 1 else []
        if len(owners) == 1 and not self._has_one(owners[0], rest):
            self._give(owners[0], rest, "document", 0.8)
            return
        contact = [n for n in rest if self.findings[n].element in CONTACT]
        if len(people) == 1 and contact:
            self._give(people[0], contact, layout)
            rest = [n for n in rest if n not in contact]
        elif len({self._line(n) for p in people for n in p.names}) > 1 and contact:
            rest = self._contact_by_line(rest, people)
        if rest:
            self.loose.append(_Loose(rest, _NOBODY))

    def _contact_by_line(self, rest: list[int], people: list[_Person]) -> list[int]:
        """Give contact data to the one name on their line; return what is left."""
        left = []
        for number in rest:
            line = self._line(number)
            here = [p for p in people if any(self._line(n) == line for n in p.names)]
            if len(here) == 1 and self.findings[number].element in CONTACT:
                self._give(here[0], [number], "row")
            else:
                left.append(number)
        return left

    def _distinct_in(self, *roles: str) -> list[_Person]:
        """Return the people of these roles in the whole document, each name once."""
        made: list[_Person] = []
        for person in self.people.values():
            if person.role in roles and not any(is_same(person.key, p.key) for p in made):
                made.append(person)
        return made

    def _repeats(self, rest: Iterable[int]) -> bool:
        """Tell whether there is a second value of what a person has only one of."""
        seen: dict[str, str] = {}
        for number in rest:
            found = self.findings[number]
            if found.element in _ONLY_ONE:
                value = plain_of(self.text[found.start : found.end])
                if seen.setdefault(found.element, value) != value:
                    return True
        return False

    def _people_of(self, names: list[int]) -> list[_Person]:
        """Return the people named in a block, each once, in order of place."""
        made: list[_Person] = []
        for number in names:
            found = self.findings[number]
            words = name_words(self.text[found.start : found.end])
            known = next((p for p in made if is_same(p.key, words)), None)
            if known is not None:
                known.names.append(number)
                known.key = max(known.key, words, key=len)
                continue
            person = _Person(words, [number], role_of(self.text, found.start, found.end))
            made.append(person)
            self.people[number, words] = person
        return made

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
        numbers = self._out_of_parentheses(numbers, owner_of)
        rest = [n for n in numbers if n not in owner_of]
        turns = "".join("N" if n in owner_of else "A" for n in numbers)
        if re.fullmatch(r"(?:NA+){2,}", turns):
            self._by_turns(numbers, owner_of)
        elif re.fullmatch(r"(?:A+N){2,}", turns):
            self._by_turns(numbers[::-1], owner_of)
        else:
            self._by_mail(rest, named)

    def _out_of_parentheses(self, numbers: list[int], owner_of: dict[int, _Person]) -> list[int]:
        """Give what stands in parentheses right after a name to that name; return the other numbers."""
        left = []
        for number in numbers:
            found = self.findings[number]
            opened = self.text.rfind("(", max(0, found.start - 160), found.start)
            named = [
                n
                for n in numbers
                if n in owner_of
                and not self.text[self.findings[n].end : opened].strip(" ,'s")
                and self.findings[n].end <= opened
            ]
            closed = opened < 0 or ")" in self.text[opened : found.start]
            if (
                number in owner_of
                or closed
                or not named
                or self._has_one(owner_of[named[-1]], [number])
            ):
                left.append(number)
            else:
                self._give(owner_of[named[-1]], [number], "sentence", 0.9)
        return left

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
                if found.element == "email"
                and is_spelt_in(self.text[found.start : found.end], p.key)
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
        people, sure = self._distinct_in(SUBJECT, TITLED), 0.75
        if not people:
            people, sure = self._distinct_in(WRITER, GREETED), 0.65
        if len(people) != 1:
            return
        for loose in [x for x in self.loose if x.why == _NOBODY]:
            if not self._has_one(people[0], loose.held):
                self._give(people[0], loose.held, "document", sure)
                self.loose.remove(loose)


def _distinct(people: Iterable[_Person]) -> list[_Person]:
    return list({id(p): p for p in people}.values())
