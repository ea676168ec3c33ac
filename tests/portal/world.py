"""A small published world for the tests of portal, site and banner: six people, four accounts, three answers.

world = publish_world(tmp_path)          # a case's keys and a published folder
world.published                          # the folder
world.code("P000000000001")              # the letter code of a person
world.ref("555-0001")                    # the account reference of an account
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from amends.portal import shapes
from amends.portal.handles import account_ref
from amends.portal.keys import company_keys
from amends.portal.publish import PublishSummary, publish
from amends.portal.shapes import (
    AnswerClass,
    Determination,
    EditionFigures,
    Exposed,
    Incident,
    LetterBlock,
    LetterSection,
    LetterText,
    Offer,
    Office,
)
from amends.vault.codes import code_key, letter_code
from amends.vault.keys import create_keys

CASE_ID = "case-larkspur-0001"
WORDS = {
    "en": {
        "name": "name",
        "ssn": "Social Security number",
        "birth_date": "date of birth",
        "drivers_licence": "driver’s license number",
        "imei": "device number (IMEI)",
        "pin": "account PIN",
        "ein": "employer identification number",
    },
    "es": {
        "name": "nombre",
        "ssn": "número de Seguro Social",
        "birth_date": "fecha de nacimiento",
        "drivers_licence": "número de licencia de conducir",
        "imei": "número del dispositivo (IMEI)",
        "pin": "PIN de la cuenta",
        "ein": "número de identificación del empleador",
    },
}
OFFER = Offer("Larkspur Guard", 24, date(2027, 2, 28), "https://guard.example/redeem")
PEOPLE: Mapping[str, int] = {
    "P000000000001": 0,  # adult, SSN, English
    "P000000000002": 0,
    "P000000000003": 1,  # a child's guardian, Spanish
    "P000000000004": 2,  # phone data only, no offer
    "P000000000005": 3,  # a business
    "P000000000009": -1,  # held
}
ACCOUNTS: Mapping[str, str] = {
    "555-0001": "P000000000001",
    "555-0002": "P000000000002",
    "555-0003": "P000000000003",
    "555-0004": "P000000000004",
    "555-0009": "P000000000009",
}


def letter_text(language: str, elements: Sequence[str], offer: Offer | None) -> LetterText:
    """Return a short letter with a section of each kind."""
    english = language == "en"
    names = tuple(WORDS[language].get(e, e) for e in elements)
    opening = "This letter is about your data." if english else "Esta carta trata de sus datos."
    blocks = [LetterBlock("code", "Your personal code:" if english else "Su código personal:")]
    if offer:
        months = f"{offer.months} months" if english else f"{offer.months} meses"
        blocks.append(LetterBlock("text", f"{offer.product}: {months}."))
    return LetterText(
        language,
        "Notice of Data Breach" if english else "Aviso de violación de datos",
        "2026-11-22",
        (
            LetterSection("opening", "", (LetterBlock("text", opening),)),
            LetterSection(
                "what_information",
                "What information was involved" if english else "Qué información estuvo involucrada",
                (LetterBlock("list", "Taken:" if english else "Se tomó:", names),),
            ),
            LetterSection(
                "what_you_can_do",
                "What you can do" if english else "Qué puede hacer usted",
                (
                    *blocks,
                    LetterBlock("offices", offices=(Office("Example Bureau", ("PO Box 1", "1-888-555-0199")),)),
                ),
            ),
            LetterSection("closing", "", (LetterBlock("signature", "Larkspur Wireless"),)),
        ),
    )  # fmt: skip


def answer_class(
    class_id: int,
    elements: Sequence[str],
    *,
    n_persons: int = 1,
    audience: str = "adult",
    language: str = "en",
    residence: str = "US-CA",
    offer: Offer | None = OFFER,
    exposure: str = "taken",
) -> AnswerClass:
    """Return a class of answers with letters in both languages."""
    return AnswerClass(
        class_id=class_id,
        variant=f"V{class_id:08d}",
        audience=audience,
        language=language,
        residence=residence,
        elements=tuple(Exposed(e, exposure) for e in elements),
        names={lang: tuple(WORDS[lang].get(e, e) for e in elements) for lang in shapes.LANGUAGES},
        letters={lang: letter_text(lang, elements, offer) for lang in shapes.LANGUAGES},
        offer=offer,
        n_persons=n_persons,
    )


def classes() -> tuple[AnswerClass, ...]:
    """Return the four answers of the world."""
    guardian = replace(OFFER, product="Larkspur Guard Junior")
    return (
        answer_class(0, ("name", "birth_date", "ssn", "drivers_licence"), n_persons=2),
        answer_class(
            1, ("name", "birth_date"), audience="guardian", language="es", residence="US-TX", offer=guardian
        ),
        answer_class(2, ("name", "imei", "pin"), residence="US-WA", offer=None),
        answer_class(3, ("name", "ein"), audience="business", residence="", offer=None),
    )  # fmt: skip


def incident() -> Incident:
    """Return the incident of Larkspur Wireless."""
    return Incident(
        entity="Larkspur Wireless",
        domain="larkspur.example",
        site="help.larkspur.example",
        phone="1-888-555-0100",
        email="notices@larkspur.example",
        address=("100 Main Street", "Austin, TX 78701"),
        signed_by="Ana Ruiz, Chief Executive",
        discovered_on=date(2026, 11, 1),
        breach_from_on=date(2026, 8, 3),
        breach_to_on=date(2026, 11, 2),
        contained_on=date(2026, 11, 3),
        what_happened={
            "en": "Somebody entered a test system that was open to the internet.",
            "es": "Alguien entró en un sistema de pruebas abierto a internet.",
        },
        what_we_do={
            "en": "We closed the way in and are checking every system like it.",
            "es": "Cerramos el acceso y estamos revisando todos los sistemas similares.",
        },
        not_exposed=frozenset({"card", "bank_account"}),
        populations={"current": 3, "former": 1, "business": 1},
        n_items_unread=2,
    )


def determination(
    edition: int = 1, *, case_id: str = CASE_ID, answers_no: bool = True, **given: object
) -> Determination:
    """Return a small released determination of so many editions, its figures counted from its classes."""
    figures = tuple(
        EditionFigures(n, date(2026, 11, 9 + n), 5, 5 if n == 1 else 0, 0 if n == 1 else 2, {}, {})
        for n in range(1, edition + 1)
    )
    made = Determination(
        case_id=case_id,
        run=f"R{edition:04d}",
        seals=tuple(f"S{n:04d}" for n in range(1, edition + 1)),
        incident=incident(),
        editions=figures,
        classes=classes(),
        answers_no=answers_no,
        protection=("lock", "port_out_block", "pin_reset"),
    )
    return counted(replace(made, **given))  # type: ignore[arg-type]  # whatever a test wants to be otherwise


def counted(found: Determination) -> Determination:
    """Return a determination whose figures agree with its classes, as a released one's do."""
    by_element: dict[str, int] = {}
    by_residence: dict[str, int] = {}
    for one in found.classes:
        by_residence[one.residence] = by_residence.get(one.residence, 0) + one.n_persons
        for exposed in one.elements:
            by_element[exposed.element] = by_element.get(exposed.element, 0) + one.n_persons
    n = sum(by_residence.values())
    figures = tuple(
        replace(
            e,
            n_persons=n,
            n_first=n if e.edition == 1 else 0,
            by_element=by_element,
            by_residence=by_residence,
        )
        for e in found.editions
    )
    return replace(found, editions=figures)


def people(rows: Mapping[str, int] = PEOPLE) -> list[pa.RecordBatch]:
    """Return people as batches."""
    columns = {"person_id": list(rows), "class_id": list(rows.values())}
    return [pa.RecordBatch.from_pydict(columns, shapes.PEOPLE)]


def accounts(rows: Mapping[str, str] = ACCOUNTS) -> list[pa.RecordBatch]:
    """Return accounts as batches."""
    columns = {"account": list(rows), "person_id": list(rows.values())}
    return [pa.RecordBatch.from_pydict(columns, shapes.ACCOUNTS)]


def aliases(rows: Mapping[str, str] | None = None) -> pa.Table:
    """Return merged persons."""
    rows = rows or {}
    return pa.table(
        {"old_person_id": list(rows), "person_id": list(rows.values())}, schema=shapes.ALIASES
    )


@dataclass(frozen=True)
class World:
    """A case's keys and what was published.

    Attributes:
        keys: ``CASE/keys``.
        published: The published folder.
        summary: What ``publish`` said.
    """

    keys: Path
    published: Path
    summary: PublishSummary

    def code(self, person_id: str) -> str:
        """Return a person's letter code."""
        return letter_code(code_key(self.keys), person_id)

    def ref(self, account: str) -> str:
        """Return the reference of an account."""
        return account_ref(company_keys(self.keys).account_key, account)


def publish_world(
    folder: Path,
    found: Determination | None = None,
    *,
    people_are: Mapping[str, int] = PEOPLE,
    accounts_are: Mapping[str, str] = ACCOUNTS,
    merged: Mapping[str, str] | None = None,
    to: Path | None = None,
    sent: Sequence[pa.RecordBatch] = (),
) -> World:
    """Publish a small determination to ``folder/published`` with the keys in ``folder/case/keys``."""
    keys = folder / "case" / "keys"
    create_keys(keys)
    published = to or folder / "published"
    summary = publish(
        counted(found or determination()),
        people(people_are),
        accounts(accounts_are),
        aliases(merged),
        case_keys=keys,
        to=published,
        sent=sent,
    )
    return World(keys, published, summary)
