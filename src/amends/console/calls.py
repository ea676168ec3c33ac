"""The call screen: somebody calls with a letter's code, or with a name and two things that prove it.

The agent reads what the letter says, from the same released determination, masked. Every look is a ledger line; looks
are throttled by agent, and many of them ring an alarm. No digit of an SSN is ever asked for, shown, or taken.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.console.base import Answer, Facts, Throttled, Visit, action, page
from amends.console.claims import Site, held_by, open_site
from amends.console.desk import Desk
from amends.console.lookup import answers, by_code, matching
from amends.console.person import deliveries
from amends.console.shelf import PROOFS
from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.errors import AmendsError, UsageError
from amends.portal.shapes import AnswerClass
from amends.portal.words.build import document
from amends.portal.words.document import Part
from amends.portal.words.plain import spans
from amends.report.answered import call_backs, close_call_back
from amends.report.explain import mask
from amends.tables.persons import PERSONS
from amends.vault.codes import code_key, letter_code, read_code

log = logging.getLogger(__name__)

MOST_LOOKS = 15
MOST_LOOKS_MINUTES = 5
"""A call takes some five minutes; a few mistyped codes and names are in it."""

ALARM_LOOKS = 60
ALARM_MINUTES = 60
"""Five calls' worth of looks in the time of twelve: one agent does not do that by answering the telephone."""

PROOFS_NEEDED = 2

PROOF_WORDS: Mapping[str, str] = {
    "zip": "ZIP code",
    "birth_on": "birth date",
    "phone": "last four digits of a telephone on file",
    "email": "e-mail on file",
}


@dataclass(frozen=True)
class _Found:
    """What a look came to.

    Attributes:
        how: ``code`` or ``name``.
        outcome: ``found``, ``undecided``, ``nobody``, ``several``, ``no_code``.
        person_id: The person, or "".
    """

    how: str
    outcome: str
    person_id: str = ""


@page("/calls", name="calls", area="calls", template="calls.html", rows="call_backs")
def calls(visit: Visit) -> Facts:
    """Show the two ways to look somebody up, and who waits for a call."""
    with visit.case() as case:
        waiting = call_backs(case)
        released = _is_released(visit.desk, case)
        spoken = script(visit.desk, case, "es" if visit.asked("language") == "es" else "en")
    return {
        "call_backs": waiting,
        "released": released,
        "looks_left": max(
            0, MOST_LOOKS - len(_looks(visit.desk, visit.user.name, MOST_LOOKS_MINUTES))
        ),
        "alarms": _alarms(visit.desk) if visit.may("audit") else [],
        "answer": None,
        "_proofs": PROOF_WORDS,
        "_form": {},
        "_script": spoken,
    }


@page(
    "/calls/answer", name="answer", area="calls", template="calls.html", rows="elements", post=True
)
def answer(visit: Visit) -> Answer:
    """Show what one caller may be told."""
    _take_a_turn(visit)
    language = "es" if visit.form("language") == "es" else "en"
    with visit.case() as case:
        found = _find(visit, case)
        _note(visit, found)
        told = _told(visit, case, found, language)
        spoken = script(visit.desk, case, language)
        waiting = call_backs(case)
    return {
        "answer": told,
        "elements": told.get("elements", []),
        "call_backs": waiting,
        "released": True,
        "looks_left": max(
            0, MOST_LOOKS - len(_looks(visit.desk, visit.user.name, MOST_LOOKS_MINUTES))
        ),
        "alarms": [],
        "_proofs": PROOF_WORDS,
        "_form": {},
        "_script": spoken,
    }


@action("/calls/back/{request_id}", name="call_back", area="calls", template="call_back.html")
def call_back(visit: Visit) -> Facts:
    """Show whom to call and under which number, once; a ledger line says who saw it."""
    request_id = visit.path("request_id")
    with visit.case() as case:
        waits = [r for r in call_backs(case) if r["request_id"] == request_id]
        if not waits:
            raise UsageError("Nobody waits for a call under this id", remedy="load the list again")
        person_id = str(waits[0]["person_id"])
        rows = case.engine.arrow(
            f"SELECT name, phone FROM {case.read(PERSONS)} WHERE person_id = ?", [person_id]
        ).to_pylist()
    visit.note(
        "reveal", what="call_back", request=request_id, person=person_id, account=visit.user.name
    )
    return {"request": waits[0], "contact": rows[0] if rows else {"name": "", "phone": ""}}


@action("/calls/back/{request_id}/done", name="called_back", area="calls")
def called_back(visit: Visit) -> str:
    """Say that somebody was called."""
    with visit.case() as case:
        close_call_back(case, visit.path("request_id"))
    visit.say("Recorded: called.")
    return "/calls"


# ------------------------------------------------------------------ who it is


def _find(visit: Visit, case: Case) -> _Found:
    code = visit.form("code", limit=60)
    if code:
        if read_code(code) is None:
            return _Found("code", "no_code")
        person_id = by_code(visit.desk, case, code)
        return _Found("code", "found" if person_id else "nobody", person_id)
    last, first = visit.form("last", limit=120), visit.form("first", limit=120)
    proofs = {name: visit.form(name, limit=254) for name in PROOFS}
    proofs["phone"] = "".join(c for c in proofs["phone"] if c.isdigit())[-4:]
    given = {k: v for k, v in proofs.items() if v}
    if not last or len(given) < PROOFS_NEEDED:
        raise UsageError(
            "A name and two proofs are needed",
            remedy="go back and ask for two of: " + ", ".join(PROOF_WORDS.values()),
        )
    found = matching(visit.desk, case, last, first, given, PROOFS_NEEDED, 3)
    if len(found) > 1:
        found = matching(visit.desk, case, last, first, given, len(given), 3)
    if len(found) == 1:
        return _Found("name", "found", found[0])
    return _Found("name", "several" if found else "nobody")


def _told(visit: Visit, case: Case, found: _Found, language: str) -> dict[str, object]:
    """Return what the caller may be told: what the letter says, and how offer and notice stand."""
    if found.outcome != "found":
        return {"outcome": found.outcome, "how": found.how}
    read, handle = _class_of(visit.desk, case, found.person_id)
    rows = case.engine.arrow(
        f"SELECT name FROM {case.read(PERSONS)} WHERE person_id = ?", [found.person_id]
    )
    name = rows.column(0)[0].as_py() if rows.num_rows else None
    shown: dict[str, object] = {
        "outcome": "found" if read else "undecided",
        "how": found.how,
        "person_id": found.person_id,
        "name": mask("name", name) if name else "",
    }
    if read is None:
        return shown
    site = _site(visit.desk)
    shown.update(letter_facts(read, language))
    shown["notices"] = [
        {k: n[k] for k in ("notice_id", "edition", "channel", "state", "at")}
        for n in deliveries(case, found.person_id)
    ]
    shown["on_site"] = held_by(site.state, handle) if site and handle else None
    return shown


def letter_facts(read: AnswerClass, language: str) -> dict[str, object]:
    """Return what a letter says, for reading aloud: the elements in its order and words, the offer, its sections."""
    spoken = language if language in read.letters else read.language
    letter = read.letters[spoken]
    offer = read.offer
    return {
        "language": spoken,
        "languages": sorted(read.letters),
        "audience": read.audience,
        "elements": [
            {"element": e.element, "name": name, "exposure": e.exposure, "encrypted": e.encrypted,
             "possible": e.possible}
            for e, name in zip(read.elements, read.names[spoken], strict=True)
        ],
        "offer": None if offer is None else {
            "product": offer.product, "months": offer.months, "enrol_by_on": offer.enrol_by_on,
            "redeem_at": offer.redeem_at,
        },
        "dated": letter.dated,
        "title": letter.title,
        "sections": [
            {
                "heading": s.heading,
                "blocks": [
                    {"kind": b.kind, "text": b.text, "items": list(b.items),
                     "offices": [{"name": o.name, "lines": list(o.lines)} for o in b.offices]}
                    for b in s.blocks
                ],
            }
            for s in letter.sections
        ],
    }  # fmt: skip


def _class_of(desk: Desk, case: Case, person_id: str) -> tuple[AnswerClass | None, str]:
    """Return what a person reads and their handle: from the published edition where one is set, else from the seals."""
    site = _site(desk)
    if site is not None:
        code = letter_code(code_key(case.folder / "keys"), person_id)
        read = site.published.by_code(code)
        return (read.answer_class, read.handle) if read is not None else (None, "")
    released = answers(desk, case)
    return (released.of(person_id) if released else None), ""


def _site(desk: Desk) -> Site | None:
    try:
        return open_site(desk)
    except AmendsError:
        return None


def _is_released(desk: Desk, case: Case) -> bool:
    return _site(desk) is not None or answers(desk, case) is not None


def script(desk: Desk, case: Case, language: str) -> list[dict[str, object]]:
    """Return the call-centre script of the released determination, section by section; empty while there is none."""
    released = answers(desk, case)
    if released is None:
        return []

    def make() -> list[dict[str, object]]:
        try:
            made = document(released.found, "script", language)
        except AmendsError as error:
            log.warning("the call-centre script cannot be made: %s", error.what)
            return []
        return [
            {
                "heading": _plain(s.heading) or made.title,
                "blocks": [_block(part) for part in s.parts],
            }
            for s in made.sections
        ]

    return desk.kept(f"script {language}", (released.found.seals, released.found.run), make)


def _block(part: Part) -> dict[str, object]:
    rows = [": ".join(_plain(cell) for cell in row) for row in part.rows]
    offices = [", ".join((o.name, *o.lines)) for o in part.offices]
    return {"text": _plain(part.text), "items": [*(_plain(i) for i in part.items), *rows, *offices]}


def _plain(text: str) -> str:
    """Return a text without the marks of its links: an agent reads it aloud."""
    return "".join(words for words, _ in spans(text))


# ------------------------------------------------------------------ how often


def _looks(desk: Desk, account: str, minutes: int) -> list[str]:
    """Return when an agent looked somebody up in the last minutes."""
    since = clock.stamp(clock.now() - timedelta(minutes=minutes))
    found = []
    for line in reversed(desk.ledger.kept()):
        if line.at < since:
            break
        if line.act == "look" and line.body.get("account") == account:
            found.append(line.at)
    return found


def _take_a_turn(visit: Visit) -> None:
    """Refuse an agent who looks up more people than can call.

    Raises:
        Throttled: Too many in too short a time.
    """
    recent = _looks(visit.desk, visit.user.name, MOST_LOOKS_MINUTES)
    if len(recent) >= MOST_LOOKS:
        oldest = datetime.fromisoformat(recent[-1].replace("Z", "+00:00"))
        left = oldest + timedelta(minutes=MOST_LOOKS_MINUTES) - clock.now()
        raise Throttled(
            f"{MOST_LOOKS} look-ups in {MOST_LOOKS_MINUTES} minutes are the most for one agent",
            seconds=max(1, int(left.total_seconds())),
            remedy="wait a few minutes, or ask the lead",
        )


def _note(visit: Visit, found: _Found) -> None:
    """Write a look to the ledger, and ring once an hour when one agent looks too often."""
    account = visit.user.name
    visit.note(
        "look", account=account, how=found.how, outcome=found.outcome, person=found.person_id
    )
    looked = len(_looks(visit.desk, account, ALARM_MINUTES))
    if looked >= ALARM_LOOKS and not any(
        a["account"] == account for a in _alarms(visit.desk, ALARM_MINUTES)
    ):
        visit.note("alarm", kind="looks", account=account, n=looked, minutes=ALARM_MINUTES)


def _alarms(desk: Desk, minutes: int = 24 * 60) -> list[dict[str, object]]:
    """Return alarms of the call screen in the last minutes, the latest first."""
    since = clock.stamp(clock.now() - timedelta(minutes=minutes))
    found = []
    for line in reversed(desk.ledger.kept()):
        if line.at < since:
            break
        if line.act == "alarm" and line.body.get("kind") == "looks":
            found.append({"at": line.at, "account": line.body["account"], "n": line.body["n"]})
    return found
