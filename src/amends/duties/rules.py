"""A jurisdiction's law as frozen values.

Every class mirrors one part of ``law/law.schema.json``; ``law_reader`` makes them from a checked law
file. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Raw = Mapping[str, Any]  # JSON that the schema has already checked


@dataclass(frozen=True)
class Mark:
    """How well a field is known: its confidence mark and the sources it rests on."""

    confidence: str
    sources: tuple[str, ...]
    pinpoint: bool


@dataclass(frozen=True)
class Deadline:
    """When something is due: ``n`` days or hours from an event, or an order, or a standard."""

    type: str
    n: int = 0
    day_type: str = "calendar"
    start: str = ""
    also: str = ""
    of: tuple[Deadline, ...] = ()
    max_days: int = 0
    effective: date | None = None
    agencies_days: int = 0
    after_hold_days: int = 0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Threshold:
    """A line over a number of people: ``op`` is > or >= (or < in yearly reports)."""

    op: str
    n: int | None
    count: str = "residents_of_jurisdiction"

    def is_met(self, count: int) -> bool:
        """Say whether a number of people is over the line; lines without a number never are."""
        if self.n is None:
            return False
        return {">": count > self.n, ">=": count >= self.n, "<": 0 < count < self.n}.get(
            self.op, False
        )

    def words(self) -> str:
        """Return the line in words."""
        if self.n is None:
            return self.op.replace("_", " ")
        return {">": "more than", ">=": "at least", "<": "fewer than"}[self.op] + f" {self.n:,}"


@dataclass(frozen=True)
class Combination:
    """Elements that together make personal information; a term needs all of its codes."""

    id: str
    all_of: tuple[str, ...]
    any_of: tuple[tuple[str, ...], ...]
    without_name: bool
    needs: str
    only_if: str
    effective: date | None
    note: str


@dataclass(frozen=True)
class Regulator:
    """An authority to be told, above a line, by a deadline."""

    recipient: str
    threshold: Threshold
    deadline: Deadline
    stage: str = ""
    submit: tuple[str, ...] = ()
    only_if: str = ""
    exempt_if: tuple[str, ...] = ()
    effective: date | None = None
    credit_bureau_n: int = 0
    on_request: bool = False
    basis: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Harm:
    """The risk-of-harm threshold."""

    exists: bool
    standard: str
    definition: bool
    limited: bool
    document: bool
    retain_years: int
    relied_on: Regulator | None
    not_when: tuple[str, ...]
    not_for_roles: tuple[str, ...]
    if_unknown: str


@dataclass(frozen=True)
class Encryption:
    """The safe harbour for secured data."""

    exempts: bool
    unit: str
    key_defeats: bool | None
    name_alone_enough: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Bureaus:
    """Notice to the nationwide consumer reporting agencies."""

    required: bool
    threshold: Threshold | None
    deadline: Deadline | None
    exempt_if: tuple[str, ...]
    effective: date | None
    note: str


@dataclass(frozen=True)
class IdProtection:
    """Identity protection owed."""

    required: bool
    months: int
    months_if_bureau: int
    triggers: tuple[str, ...]
    condition: str
    effective: date | None
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Conditional:
    """Content codes added when a condition holds or an element is there."""

    condition: str
    if_any_element: tuple[str, ...]
    add: tuple[str, ...]


@dataclass(frozen=True)
class Content:
    """What a notice must carry, must not carry, and how it looks."""

    required: tuple[str, ...]
    forbidden: tuple[str, ...]
    format: tuple[str, ...]
    conditional: tuple[Conditional, ...]


@dataclass(frozen=True)
class Substitute:
    """Notice by publication, and the lines that open it."""

    cost_over_usd: int | None
    persons_over: int | None
    seat_cost_over_usd: int | None
    seat_persons_over: int | None
    insufficient_contact: bool
    components: tuple[str, ...]
    components_rule: str
    shown_to: str
    note: str


@dataclass(frozen=True)
class Methods:
    """Ways that count as notice."""

    written: bool
    email: str
    email_rule: str
    telephone: bool
    telephone_rule: str
    fax: bool
    credential: str
    alternative: str
    substitute: Substitute


@dataclass(frozen=True)
class Hold:
    """What a law-enforcement request may delay, and how the time goes on afterwards."""

    allowed: bool
    written: bool
    after_n: int
    after_day_type: str
    or_original: bool
    note: str


@dataclass(frozen=True)
class Relief:
    """Compliance with another regime that this law accepts; shown, never applied silently."""

    regime: str
    effect: str
    condition: str
    still_required: tuple[str, ...]
    confidence: str


@dataclass(frozen=True)
class StateLaw:
    """The breach law of one state, district or territory, as it stood on a day."""

    id: str
    name: str
    citation: tuple[str, ...]
    combinations: tuple[Combination, ...]
    trigger: str
    media: str
    harm: Harm
    encryption: Encryption
    deadline: Deadline
    regulators: tuple[Regulator, ...]
    bureaus: Bureaus
    id_protection: IdProtection
    content: Content
    methods: Methods
    hold: Hold
    vendor: Deadline | None
    vendor_note: str
    covered_entity: str
    covered_rule: Raw
    exemptions: tuple[str, ...]
    reliefs: tuple[Relief, ...]
    retention_years: int
    notes: tuple[str, ...]
    conflicts: tuple[str, ...]
    related: tuple[str, ...]
    asides: tuple[str, ...]
    provenance: Mapping[str, Mark]
    sites: Mapping[str, str]
    remarks: tuple[str, ...] = ()
    _lines: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def mark(self, name: str) -> Mark:
        """Return how well a field is known."""
        return self.provenance.get(name, Mark("unmarked", (), False))

    def source(self, name: str) -> str:
        """Return citation and sources of a field, as one line."""
        if name not in self._lines:
            ids = self.mark(name).sources
            sites = ", ".join(dict.fromkeys(self.sites[i] for i in ids if i in self.sites))
            cited = "; ".join(self.citation)
            kind = "seen at" if self.mark(name).pinpoint else "the file's sources, not this field's"
            self._lines[name] = cited + (f" ({kind}: {sites})" if sites else "")
        return self._lines[name]
