"""The facts of a case as the law asks them; ``facts_reader`` makes them from JSON.

``Unknown`` is a value: a yes/no fact that is null, "unknown" or not stated is ``None`` and leads to
"needs judgement", never to a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

Verdict = bool | None
"""Yes, no, or None: a person must judge."""

EVENTS = (
    "incident",
    "discovery",
    "detection",
    "awareness",
    "notification",
    "determination",
    "determination_harm_likely",
    "reason_to_believe",
    "scope_identified",
    "confirmation",
    "containment",
    "materiality_determination",
    "reasonable_determination",
    "conclusion_of_investigation",
    "facts_known",
    "ransom_payment",
    "individual_notice_sent",
    "agency_notice_sent",
    "regulator_request",
    "law_enforcement_hold",
    "law_enforcement_hold_from",
    "law_enforcement_hold_to",
)
"""Kinds of case events that start, stop or end a clock."""

INCIDENT = (
    "incident",
    "breach_from",
    "breach_began",
    "initial_access",
    "breach_start",
    "breach",
    "date_of_breach",
    "occurrence",
)
"""Events that say when the incident began; the law of that day applies."""


ROLES = frozenset(
    [
        "BUSINESS",
        "GOVERNMENT",
        "STATE_AGENCY",
        "MUNICIPALITY",
        "AGENCY",
        "STATE_AGENCY_OR_CONTRACTOR",
        "INFORMATION_BROKER",
        "DATA_COLLECTOR",
        "CONSUMER_REPORTING_AGENCY",
        "CREDIT_BUREAU",
        "PROCESSOR",
        "VENDOR",
        "SERVICE_PROVIDER",
        "THIRD_PARTY_AGENT",
        "TELECOM_CARRIER",
        "INTERCONNECTED_VOIP",
        "TRS_PROVIDER",
        "PUBLIC_ECOMMS_PROVIDER",
        "BANKING_ORGANISATION",
        "NONBANK_FINANCIAL_INSTITUTION",
        "BROKER_DEALER",
        "INVESTMENT_ADVISER",
        "FUND",
        "TRANSFER_AGENT",
        "SEC_REGISTRANT",
        "SMALLER_ENTITY",
        "SMALLER_REPORTING_COMPANY",
        "HIPAA_COVERED_ENTITY",
        "HIPAA_BUSINESS_ASSOCIATE",
        "PHR_VENDOR",
        "PHR_RELATED_ENTITY",
        "NYDFS_COVERED_ENTITY",
        "PA_INSURANCE_DATA_SECURITY",
        "CRITICAL_INFRASTRUCTURE",
        "EU_ESTABLISHED",
        "UK_ESTABLISHED",
        "GLBA",
        "HIPAA",
        "NYDFS",
    ]
)
"""Roles an answer can depend on."""

REGIMES: Mapping[str, frozenset[str]] = {
    "HIPAA": frozenset(["HIPAA_COVERED_ENTITY", "HIPAA_BUSINESS_ASSOCIATE"]),
    "HIPAA_WITH_AG_NOTICE": frozenset(["HIPAA", "HIPAA_COVERED_ENTITY"]),
    "GLBA": frozenset(["BANKING_ORGANISATION", "NONBANK_FINANCIAL_INSTITUTION"]),
    "GLBA_FINANCIAL_INSTITUTIONS": frozenset(
        ["GLBA", "BANKING_ORGANISATION", "NONBANK_FINANCIAL_INSTITUTION"]
    ),
    "GLBA_INTERAGENCY_GUIDANCE": frozenset(["GLBA", "BANKING_ORGANISATION"]),
    "NYDFS": frozenset(["NYDFS_COVERED_ENTITY"]),
}
"""Roles that put an entity under a regime a law exempts or accepts."""


@dataclass(frozen=True)
class Moment:
    """When a case event happened.

    Attributes:
        on: The day, in the time zone the event was recorded in.
        at: The instant with its zone; null when only the day is known.
        evidence: What shows it.
    """

    on: date
    at: datetime | None = None
    evidence: str = ""


@dataclass(frozen=True)
class HoldFacts:
    """A law-enforcement request to wait: from when, to when (null: still in force)."""

    start: date
    end: date | None
    written: Verdict


@dataclass(frozen=True)
class Entity:
    """Who owes the notices.

    Attributes:
        roles: Codes such as BUSINESS, TELECOM_CARRIER, HIPAA_COVERED_ENTITY.
        source_of_breach: Whether the breach happened at the entity itself.
        regimes: Regimes it says it is under, such as GLBA.
        relies_on: Regimes it states it relies on as an exemption, on the record.
        employees: Head count; null when not stated.
        has_parent: Whether a parent or affiliate must be named.
        seat: Jurisdiction it is based in.
    """

    roles: frozenset[str]
    source_of_breach: Verdict
    regimes: frozenset[str]
    relies_on: frozenset[str]
    employees: int | None
    has_parent: Verdict
    seat: str

    def is_under(self, regimes: Iterable[str]) -> bool:
        """Say whether a role or a stated regime puts it under one of these regimes."""
        stated = self.roles | self.regimes
        return any(stated & {r, *REGIMES.get(r, ())} for r in regimes)

    def relies_on_any(self, regimes: Iterable[str]) -> bool:
        """Say whether it relies on one of these regimes, on the record."""
        return any(self.relies_on & {r, *REGIMES.get(r, ())} for r in regimes)


@dataclass(frozen=True)
class Breach:
    """What is known of the incident, each a yes, a no or unknown.

    Attributes:
        number_usable_alone: Whether card or account numbers open the account without any code;
            decides FIN_STANDALONE where it is not listed as an element.
        letter_suggests_credit_report: Whether the letter tells people to get their credit report
            (Montana's bureau rule).
        media: electronic, paper or unknown.
    """

    access: Verdict
    acquisition: Verdict
    use: Verdict
    release: Verdict
    harm_likely: Verdict
    id_theft_sufficient: Verdict
    inadvertent_disclosure: Verdict
    number_usable_alone: Verdict
    letter_suggests_credit_report: Verdict
    cra_notice_directed: Verdict
    regulator_request: Verdict
    media: str


@dataclass(frozen=True)
class Group:
    """People on whom the law's answer is the same.

    Attributes:
        id: Its name.
        residence: Jurisdiction such as US-CA; empty when unknown.
        count: Number of people.
        elements: Law-vocabulary codes exposed.
        secured: Those of them that were encrypted, redacted or tokenised.
        key_taken: Whether the key was taken too.
        breach: The facts of the incident as they are for these people.
        insufficient_contact: Whether contact data are missing.
    """

    id: str
    residence: str
    count: int
    elements: frozenset[str]
    secured: frozenset[str]
    key_taken: Verdict
    breach: Breach
    insufficient_contact: Verdict


@dataclass(frozen=True)
class Facts:
    """Everything the evaluation looks at."""

    entity: Entity
    events: Mapping[str, Moment]
    hold: HoldFacts | None
    breach: Breach
    groups: tuple[Group, ...]
    notice_cost_usd: int | None
    law_on: date | None
    remarks: tuple[str, ...]
