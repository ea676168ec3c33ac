"""What the portal passes from hand to hand: the released determination, and the answers made from it. Frozen values.

Whoever calls ``publish`` brings a ``Determination`` and the people as Arrow batches; nothing below knows where they
came from. Whoever answers a person gets an ``Answer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import pyarrow as pa

LANGUAGES = ("en", "es")
State = Literal["yes", "no", "undecided"]

PEOPLE = pa.schema(
    [
        ("person_id", pa.string()),
        ("class_id", pa.int32()),  # index into Determination.classes; -1 = not yet decided
    ]
)
"""One row a person of the determination; those whose notice is held have class -1."""

ALIASES = pa.schema([("old_person_id", pa.string()), ("person_id", pa.string())])
"""One row a person id that a letter was sent under and that has become part of another."""

ACCOUNTS = pa.schema([("account", pa.string()), ("person_id", pa.string())])
"""One row a customer account: its number as the company writes it, in memory only, and whose it is.

``person_id`` is null where nobody can say whose it is: such an account is answered "not yet decided".
"""


@dataclass(frozen=True)
class Exposed:
    """One data element of a person, and what was determined about it.

    Attributes:
        element: Code of the element, such as ``ssn``.
        exposure: ``taken``, ``seen`` or ``exposed`` (neither determined).
        encrypted: Whether it was secured, its key not taken.
        possible: Whether only malformed values were found.
    """

    element: str
    exposure: str
    encrypted: bool = False
    possible: bool = False


@dataclass(frozen=True)
class Office:
    """An office with its address lines."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class LetterBlock:
    """A part of a letter.

    Attributes:
        kind: ``text``, ``list``, ``offices``, ``code`` (where the letter prints the personal code) or ``signature``.
        text: Its sentence, before any list.
        items: Lines of a list.
        offices: Addresses.
    """

    kind: str
    text: str = ""
    items: tuple[str, ...] = ()
    offices: tuple[Office, ...] = ()


@dataclass(frozen=True)
class LetterSection:
    """A heading ("" for opening and closing) with its blocks; ``key`` is the same in every language."""

    key: str
    heading: str
    blocks: tuple[LetterBlock, ...]


@dataclass(frozen=True)
class LetterText:
    """A letter as everybody of its class got it: without name, address and number."""

    language: str
    title: str
    dated: str
    sections: tuple[LetterSection, ...]


@dataclass(frozen=True)
class Offer:
    """The identity protection offered to a class.

    Attributes:
        product: Name of the product, as letters print it; the stock of codes is kept by this name.
        months: Months of cover.
        enrol_by_on: Last day to claim.
        redeem_at: Web address of the partner where a code is used, "" where none is named.
    """

    product: str
    months: int
    enrol_by_on: date
    redeem_at: str = ""


@dataclass(frozen=True)
class AnswerClass:
    """Everybody who reads the same answer: same elements, same law, same audience, same letter.

    Attributes:
        class_id: Index in the edition, from 0.
        variant: Id of the letter's text.
        audience: ``adult``, ``guardian``, ``next_of_kin`` or ``business``.
        language: Language the letter was sent in.
        residence: Jurisdiction such as ``US-CA``; "" when unknown.
        elements: Exactly those the letter names, in the letter's order.
        names: Language -> what the letter calls them, in the same order.
        letters: Language -> the letter; both languages where the words exist.
        offer: The protection offered; ``None`` when there is none.
        n_persons: Persons in it.
    """

    class_id: int
    variant: str
    audience: str
    language: str
    residence: str
    elements: tuple[Exposed, ...]
    names: Mapping[str, tuple[str, ...]]
    letters: Mapping[str, LetterText]
    offer: Offer | None
    n_persons: int


@dataclass(frozen=True)
class Incident:
    """The incident as everybody may know it. Dates are ``None`` and texts "" or absent while not determined.

    Attributes:
        entity: The company.
        domain: Its web domain.
        site: Public address of the site, such as ``help.larkspur.example``; "" = not set.
        phone: Toll-free number.
        email: Address of the sender of notices.
        address: Postal address, one line an item.
        signed_by: Name and office of the person who signs the statement, such as ``Ana Ruiz, Chief Executive``.
        discovered_on: Day of discovery.
        breach_from_on: First day of the breach.
        breach_to_on: Last day of the breach.
        contained_on: Day the intruder was shut out.
        what_happened: Language -> the case's own sentences.
        what_we_do: Language -> the case's own sentences.
        delayed_by_police: Whether law enforcement had the notice delayed.
        not_exposed: Elements of which a determination with full coverage says that they were not in the data.
        populations: Populations of the stolen data (current, former, prospective, business …) -> persons told.
        n_items_unread: Items of the evidence that could not be read yet.
    """

    entity: str
    domain: str = ""
    site: str = ""
    phone: str = ""
    email: str = ""
    address: tuple[str, ...] = ()
    signed_by: str = ""
    discovered_on: date | None = None
    breach_from_on: date | None = None
    breach_to_on: date | None = None
    contained_on: date | None = None
    what_happened: Mapping[str, str] = field(default_factory=dict)
    what_we_do: Mapping[str, str] = field(default_factory=dict)
    delayed_by_police: bool = False
    not_exposed: frozenset[str] = frozenset()
    populations: Mapping[str, int] = field(default_factory=dict)
    n_items_unread: int = 0


@dataclass(frozen=True)
class EditionFigures:
    """The figures of one released edition, all computed; the history of these makes the updates.

    Attributes:
        edition: 1 for the first release.
        released_on: Day on which the second person approved it.
        n_persons: Persons told, all editions together, after this one.
        n_first: Persons first told by this edition.
        n_more: Persons told before who were owed more.
        by_element: Element -> persons of whom it was exposed, after this edition.
        by_residence: Jurisdiction -> persons, after this edition; "" = unknown.
    """

    edition: int
    released_on: date
    n_persons: int
    n_first: int
    n_more: int
    by_element: Mapping[str, int]
    by_residence: Mapping[str, int]


@dataclass(frozen=True)
class Determination:
    """What two people released, as a whole: the only thing that can be published.

    Attributes:
        case_id: Id of the case.
        run: Run it was sealed from, the last one.
        seals: Ids of the released seals, oldest first.
        incident: The incident.
        editions: Figures of each released edition, oldest first; the last is the present.
        classes: Every answer, ``class_id`` = index.
        answers_no: Whether an account that is not in it is answered "no as of edition N"; else "not yet decided".
        protection: Default-on account protection offered: ``lock``, ``port_out_block``, ``pin_reset``.
    """

    case_id: str
    run: str
    seals: tuple[str, ...]
    incident: Incident
    editions: tuple[EditionFigures, ...]
    classes: tuple[AnswerClass, ...]
    answers_no: bool = True
    protection: tuple[str, ...] = ()

    @property
    def edition(self) -> EditionFigures:
        """Return the present edition."""
        return self.editions[-1]


@dataclass(frozen=True)
class Answer:
    """What one person is told.

    Attributes:
        state: ``yes``, ``no`` (as of ``edition``) or ``undecided``.
        edition: The edition it was read from.
        handle: 32 hex digits that stand for the person in claims and requests, the same in every edition and for every
            code and account of the person; "" unless ``yes``. It says nothing outside this case.
        answer_class: What they read; ``None`` unless ``yes``.
    """

    state: State
    edition: int
    handle: str = ""
    answer_class: AnswerClass | None = None
