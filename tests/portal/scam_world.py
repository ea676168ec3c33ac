"""A register of what was sent, made from real composed letters, for tests of the scam check."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa

from amends.notices.compose import Letter
from amends.portal.scam.check import Verdict, check_message
from amends.portal.scam.register import SENT, SentRegister, write_sent
from amends.portal.shapes import (
    Incident,
    LetterBlock,
    LetterSection,
    LetterText,
    Office,
)
from tests.notices.letters_world import CA, IL, MA, RI, letter

KEY = bytes(range(32))
INCIDENT = Incident(
    "Larkspur Wireless",
    domain="larkspur.example",
    site="help.larkspur.example",
    phone="1-888-555-0100",
    email="notices@larkspur.example",
)
BY_MAIL, BY_EMAIL, NEVER = "N0000000000000001", "N0000000000000002", "NFFFFFFFFFFFFFFFF"
CODES = ("name", "ssn", "drivers_licence", "password", "card", "imei")


def as_shown(made: Letter) -> LetterText:
    """Return a composed letter as the portal holds it."""
    return LetterText(
        made.variant.language,
        made.title,
        made.dated,
        tuple(
            LetterSection(
                s.key,
                s.heading,
                tuple(
                    LetterBlock(
                        b.kind, b.text, b.items, tuple(Office(o.name, o.lines) for o in b.offices)
                    )
                    for b in s.blocks
                ),
            )
            for s in made.sections
        ),
    )


@cache
def letters() -> tuple[Letter, ...]:
    """Return letters to four states, four audiences, in both languages."""
    return tuple(
        letter(duty, CODES, language, audience)
        for duty in (CA, MA, IL, RI)
        for language in ("en", "es")
        for audience in ("adult", "guardian", "next_of_kin", "business")
    )


def sent_rows(rows: Iterable[tuple[str, str, date]]) -> pa.RecordBatch:
    """Return notices that were sent."""
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.RecordBatch.from_pydict(dict(zip(SENT.names, map(list, columns), strict=True)), SENT)


def open_register(
    folder: Path, incident: Incident = INCIDENT, made: Iterable[Letter] | None = None
) -> SentRegister:
    """Write and open a register of three notices."""
    rows = [
        (BY_MAIL, "print", date(2026, 11, 20)),
        (BY_EMAIL, "email", date(2026, 11, 22)),
        ("N00000000000000AB", "email", date(2026, 11, 22)),
    ]
    chosen = letters() if made is None else made
    write_sent([sent_rows(rows)], KEY, incident, folder, letters=map(as_shown, chosen))
    return SentRegister.open(folder, KEY)


@cache
def register() -> SentRegister:
    """Return the one register that most tests share."""
    return open_register(Path(mkdtemp(prefix="amends-scam-")))


def check(text: str, language: str = "en") -> Verdict:
    """Check a message against the shared register."""
    return check_message(text, register(), INCIDENT, language)


def codes(verdict: Verdict) -> set[str]:
    """Return the codes of the reasons."""
    return {r.code for r in verdict.reasons}
