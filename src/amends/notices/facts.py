"""What a letter is made from: facts of the incident, what the law asks, who it is for. Frozen values, no tables.

The stage builds these from tables and settings, so that nothing below it knows where they came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

LANGUAGES = ("en", "es")
AUDIENCES = ("adult", "guardian", "next_of_kin", "business")

TAKEN, SEEN, EXPOSED = "taken", "seen", "exposed"
EXPOSURES = (TAKEN, SEEN, EXPOSED)


@dataclass(frozen=True)
class LetterFacts:
    """The incident as letters tell it; the same for everybody in one seal.

    Attributes:
        entity: The company that owes the notice, as it is named in letters.
        dated_on: The date that letters carry.
        discovered_on: Day of discovery; ``None`` while the case has no such event.
        breach_from_on: First day of the breach; ``None`` = not determined.
        breach_to_on: Last day of the breach; ``None`` = not determined.
        contained_on: Day the intruder's access was cut off; ``None`` = not determined.
        phone: Telephone for questions, "" where there is none.
        site: Public address of the site where a personal code is typed, "" where there is none.
        website: Web address for questions, "" where there is none.
        email: E-mail address for questions, "" where there is none.
        address: Postal address of the sender, one line an item.
        parent: Name of the parent company, "" where there is none.
        what_happened: Language -> one or two plain sentences; a language may be absent.
        how_it_happened: Language -> how the intruder got in; absent = not determined.
        what_we_do: Language -> what was done to contain and prevent; a language may be absent.
        delayed_by_police: Whether law enforcement had this notice delayed.
        n_affected: People whose information was involved, all states together.
        offer_product: Name of the identity protection offered, "" where none is named.
        own_products: Audience -> name of its product, for those who get another one.
        offer_months: Months offered to everybody; 0 = only where law asks for it.
        enrol_by_on: Last day to take the offer.
        dpo_contact: How to reach the data protection officer, "" where there is none.
        not_exposed: Elements of which a determination, with full coverage, says that they were not in the data.
    """

    entity: str
    dated_on: date
    discovered_on: date | None = None
    breach_from_on: date | None = None
    breach_to_on: date | None = None
    contained_on: date | None = None
    phone: str = ""
    website: str = ""
    site: str = ""
    email: str = ""
    address: tuple[str, ...] = ()
    parent: str = ""
    what_happened: Mapping[str, str] = field(default_factory=dict)
    how_it_happened: Mapping[str, str] = field(default_factory=dict)
    what_we_do: Mapping[str, str] = field(default_factory=dict)
    delayed_by_police: bool = False
    n_affected: int = 0
    offer_product: str = ""
    own_products: Mapping[str, str] = field(default_factory=dict)
    offer_months: int = 0
    enrol_by_on: date | None = None
    dpo_contact: str = ""
    not_exposed: frozenset[str] = frozenset()

    def product_for(self, audience: str) -> str:
        """Return the name of the identity protection offered to an audience."""
        return self.own_products.get(audience) or self.offer_product


@dataclass(frozen=True)
class DutyText:
    """What the law asks of a letter, for one group of people.

    Attributes:
        jurisdictions: The duties' jurisdictions, such as ``US-CA``; the person's residence first.
        required: Content codes that must be in the letter.
        forbidden: Content codes that must not be in it.
        format: Format codes.
        id_protection_months: Months of identity protection the law asks for; 0 = none.
    """

    jurisdictions: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    format: frozenset[str] = frozenset()
    id_protection_months: int = 0


@dataclass(frozen=True, order=True)
class ExposedElement:
    """One data element of a person, and what was determined about it.

    Attributes:
        element: Code of the element, such as ``ssn``.
        exposure: ``taken`` (acquired), ``seen`` (accessed, not acquired) or ``exposed`` (neither determined).
        encrypted: Whether it was secured, its key not taken.
        possible: Whether only malformed values were found: told, and said to be so.
    """

    element: str
    exposure: str = TAKEN
    encrypted: bool = False
    possible: bool = False


@dataclass(frozen=True)
class Variant:
    """One text: everybody with the same duties, elements, language and audience gets the same words.

    Attributes:
        duty: What the law asks.
        elements: What was exposed, sorted.
        language: ``en`` or ``es``.
        audience: ``adult``, ``guardian`` (of a minor), ``next_of_kin`` or ``business``.
        update: True for a delta notice: the person was told before, and is now owed more.
    """

    duty: DutyText
    elements: tuple[ExposedElement, ...]
    language: str = "en"
    audience: str = "adult"
    update: bool = False


@dataclass(frozen=True)
class Recipient:
    """One person as the piece needs them.

    Attributes:
        notice_id: Id that the piece carries.
        person_id: The person.
        name: Full name, as printed after the salutation.
        lines: Delivery lines of the address, without name, city, state and postal code.
        city: City.
        state: State.
        zip: Postal code.
        country: Country, "" for the sender's own.
        email: Mailbox, "" where the piece is a letter.
        code: The person's own code for the offer, "" where there is none.
    """

    notice_id: str
    person_id: str
    name: str
    lines: tuple[str, ...] = ()
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    email: str = ""
    code: str = ""
