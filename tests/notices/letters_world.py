"""Facts, duties and texts for tests of letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from amends.notices.compose import Letter, compose
from amends.notices.facts import DutyText, ExposedElement, LetterFacts, Recipient, Variant

FACTS = LetterFacts(
    entity="Larkspur Wireless",
    dated_on=date(2026, 11, 22),
    discovered_on=date(2026, 11, 1),
    breach_from_on=date(2026, 8, 3),
    breach_to_on=date(2026, 11, 2),
    phone="1-888-555-0100",
    website="larkspur.example",
    address=("100 Main Street", "Austin, TX 78701"),
    n_affected=20_000,
    offer_product="SafeName",
    offer_months=24,
    enrol_by_on=date(2027, 2, 20),
)

CA = DutyText(
    ("US-CA",),
    frozenset(
        (
            "ENTITY_NAME_CONTACT", "PI_TYPES", "DATE_OF_BREACH", "DATE_OF_NOTICE", "LE_DELAY_STATEMENT",
            "INCIDENT_GENERAL", "CRA_CONTACTS", "ID_PROTECTION_OFFER", "ID_PROTECTION_HOWTO",
        )
    ),
    frozenset(),
    frozenset(("TITLE_NOTICE_OF_DATA_BREACH", "HEADINGS_CA5", "PLAIN_LANGUAGE", "FONT_MIN_10PT")),
    12,
)  # fmt: skip
MA = DutyText(
    ("US-MA",),
    frozenset(
        (
            "POLICE_REPORT_RIGHT",
            "FREEZE_HOWTO",
            "FREEZE_FREE",
            "ID_PROTECTION_OFFER",
            "ID_PROTECTION_HOWTO",
        )
    ),
    frozenset(("NATURE_OF_BREACH", "COUNT_STATE_RESIDENTS")),
    id_protection_months=18,
)
IL = DutyText(
    ("US-IL",),
    frozenset(("CRA_CONTACTS", "FTC_CONTACT", "FREEZE_ALERT_STATEMENT")),
    frozenset(("COUNT_STATE_RESIDENTS",)),
)
RI = DutyText(
    ("US-RI",),
    frozenset(
        (
            "INCIDENT_GENERAL", "HOW_BREACH_OCCURRED", "COUNT_AFFECTED", "PI_TYPES", "DATE_OF_BREACH",
            "DATE_OF_DISCOVERY", "REMEDIATION_SERVICES", "CRA_CONTACTS", "STATE_AG_CONTACT", "POLICE_REPORT_RIGHT",
            "FREEZE_HOWTO", "FREEZE_FEES",
        )
    ),
)  # fmt: skip


def elements(*codes: str) -> tuple[ExposedElement, ...]:
    """Return elements that were taken."""
    return tuple(ExposedElement(c) for c in sorted(codes))


def letter(
    duty: DutyText = CA,
    codes: tuple[str, ...] = ("name", "ssn"),
    language: str = "en",
    audience: str = "adult",
    facts: LetterFacts = FACTS,
    **given: object,
) -> Letter:
    """Return a composed letter."""
    return compose(Variant(duty, elements(*codes), language, audience), replace(facts, **given))  # type: ignore[arg-type]


def recipient(number: int = 1, name: str = "Ann Example", **given: object) -> Recipient:
    """Return somebody in Sacramento."""
    made = Recipient(
        f"N{number:016X}", f"P{number:012d}", name, (f"{number} Larch Street", "Apt 4B"), "Sacramento", "CA", "95814",
        email=f"ann{number}@example.org", code="7KQ4-M2XD-9RTW",
    )  # fmt: skip
    return replace(made, **given)  # type: ignore[arg-type]
