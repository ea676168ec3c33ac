"""Answer the contact requests of a site: open them here, look the contact up, write only to the contact on file.

At most once a request: that a message will leave is on disk before it does. What a crash leaves open is *unknown* and
is never sent again: the person can ask again, a second message cannot be taken back. Nothing typed is kept.

Callers hold the lock of the case.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError
from amends.notices.channels.email import MAILBOX
from amends.notices.mailer import Mailer, open_mailer
from amends.notices.plan import MAILBOX_CREDENTIALS
from amends.portal.asked.contact import Asked, open_asked
from amends.portal.asked.message import code_message
from amends.portal.asked.queue import Waiting, drop_answered, make_asked_tables, waiting
from amends.portal.keys import contact_keys
from amends.portal.published import Published
from amends.portal.shapes import AnswerClass
from amends.portal.state import open_state
from amends.report.answered import FINAL, AnswerRegister
from amends.report.diff import kept_view
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS, PERSONS
from amends.vault.blind import BlindIndex
from amends.vault.codes import code_key, letter_codes
from amends.vault.keys import domain_key, load_root

MESSAGES_A_DAY = 3
"""Messages to one mailbox in a day. Reason: as the cap of the queue, and still in force where a site is taken over."""

GO_SECONDS = 600
"""How long one go sends; what is left waits for the next. Reason: it holds the case, and others need it."""

_TRIES_WITHOUT_SERVER = 3
_MAIL_AUDIENCES = ("adult", "business")


@dataclass(frozen=True)
class Answered:
    """What became of the requests of one go.

    Attributes:
        n_requests: Requests looked at.
        counts: State -> requests: ``sent``, ``joined`` (the message of another one in the same go answers it),
            ``call_back``, ``not_found``, ``not_released``, ``empty`` (no contact, or once too often), ``capped``,
            ``deferred`` (tried again at the next go), ``refused``, ``unreadable``.
        n_unknown: Messages of which nobody can say whether they left, all goes together.
        n_call_backs: Requests that wait for a call, all goes together.
    """

    n_requests: int
    counts: Mapping[str, int] = field(default_factory=dict)
    n_unknown: int = 0
    n_call_backs: int = 0

    def as_json(self) -> dict[str, object]:
        """Return it as the command line prints it."""
        return {
            "requests": self.n_requests,
            **self.counts,
            "unknown_in_all": self.n_unknown,
            "call_backs_waiting": self.n_call_backs,
        }


def answer_requests(case: Case, published: Path, state: str = "") -> Answered:
    """Answer what waits in the queue of a site.

    Args:
        case: The case, locked.
        published: The published folder of its site.
        state: Address of the site's state, when it is not in the folder.

    Raises:
        UsageError: Another case's site, no address of the site, or no mail server is set.
        TableError: What is published is not whole.
    """
    site = Published.open(published)
    if site.keys.case_id != case.case_id:
        raise UsageError(
            "This is the site of another case",
            where=str(published),
            remedy="name the folder that this case was published to",
        )
    if not site.found.incident.site:
        raise UsageError(
            "The messages cannot say where to type the code: the site has no address",
            where="case.toml [site] address",
            remedy="write it, such as help.larkspur.example; then seal, approve and publish again",
        )
    queue = open_state(state or published)
    mailer = open_mailer(case, site.found.incident.entity)
    try:
        make_asked_tables(queue)
        return _Answering(case, site, mailer).go(queue)
    finally:
        mailer.close()
        queue.dispose()


@dataclass(frozen=True)
class _Found:
    """A request with what the case knows of its contact; shows none of it."""

    request: Waiting
    asked: Asked
    people: tuple[str, ...] = ()
    mailbox: str = ""
    language: str = "en"

    def __repr__(self) -> str:
        return f"_Found({self.request.request_id!r})"


class _Answering:
    """One go over the queue."""

    def __init__(self, case: Case, site: Published, mailer: Mailer) -> None:
        keys = case.folder / "keys"
        self._case, self._site, self._mailer = case, site, mailer
        self._register = AnswerRegister(case.register)
        self._box, self._code_key = contact_keys(keys), code_key(keys)
        self._blind = BlindIndex(domain_key(load_root(keys), "fingerprint", "contact_answers"))
        self._without_server = 0
        self._written_to: set[str] = set()
        self._until = time.monotonic() + GO_SECONDS

    def go(self, queue: sa.Engine) -> Answered:
        """Answer everything that waits, then drop from the queue what is done with."""
        self._register.leave_unknown()
        counts: Counter[str] = Counter()
        seen: list[str] = []
        n_requests = 0
        try:
            for some in waiting(queue):
                seen += [w.request_id for w in some]
                states = self._register.states([w.request_id for w in some])
                fresh = [w for w in some if states.get(w.request_id) not in FINAL]
                n_requests += len(fresh)
                for found in self._looked_up(fresh):
                    counts[self._answer(found)] += 1
        finally:
            self._case.ledger.append("answer_contacts", requests=n_requests, counts=dict(counts))
        drop_answered(queue, [i for i, s in self._register.states(seen).items() if s in FINAL])
        total = self._register.counts()
        return Answered(
            n_requests,
            dict(sorted(counts.items())),
            total.get("unknown", 0),
            total.get("call_back", 0),
        )

    def _looked_up(self, requests: list[Waiting]) -> list[_Found]:
        """Open requests and look up all their contacts in one go."""
        opened = [self._opened(r) for r in requests]
        asked = {(f.asked.kind, f.asked.contact) for f in opened if f.asked.contact}
        if not asked:
            return opened
        table = pa.table(
            {"kind": [k for k, _ in asked], "contact": [c for _, c in asked]},
            schema=pa.schema([("kind", pa.string()), ("contact", pa.string())]),
        )
        rows = on_file(self._case, self._site.found.run, table).to_pylist()
        known = {(r["kind"], r["contact"]): r for r in rows}
        return [_with(f, known.get((f.asked.kind, f.asked.contact))) for f in opened]

    def _opened(self, request: Waiting) -> _Found:
        try:
            asked = open_asked(self._box, request.sealed)
        except (TableError, ValueError):
            asked = Asked("unread", "", "en")
        return _Found(request, asked, language=asked.language)

    def _answer(self, found: _Found) -> str:
        """Deal with one request; return what became of it."""
        if not found.asked.contact:
            return self._end(found, "unreadable" if found.asked.kind == "unread" else "empty")
        if not found.people:
            return self._end(found, "not_found")
        codes = letter_codes(self._code_key, pa.array(found.people)).to_pylist()
        answers = [self._site.by_code(code) for code in codes]
        told = [
            (person, code, answer.answer_class)
            for person, code, answer in zip(found.people, codes, answers, strict=True)
            if answer is not None and answer.answer_class is not None
        ]
        if not told:
            return self._end(found, "not_released", found.people[0])
        person, code, answer_class = told[0]
        alone = len(found.people) == 1
        if not MAILBOX.fullmatch(found.mailbox) or (alone and not _by_mail(answer_class)):
            return self._end(found, "call_back", person)
        return self._send(found, person, code if alone else "")

    def _send(self, found: _Found, person: str, code: str) -> str:
        if found.mailbox in self._written_to:
            return self._end(found, "joined", person)
        if self._register.sent_today(self._contact(found.asked)) >= MESSAGES_A_DAY:
            return self._end(found, "capped", person)
        if self._without_server >= _TRIES_WITHOUT_SERVER or time.monotonic() > self._until:
            return self._end(found, "deferred", person, "not tried")
        message = code_message(self._site.found.incident, found.language, code)
        self._end(found, "sending", person)
        outcome = self._mailer.send(
            found.request.request_id, found.mailbox, message.subject, message.text, message.language
        )
        silent = outcome.detail == "no connection"
        self._without_server = self._without_server + 1 if silent else 0
        state = "sent" if outcome.state == "accepted" else outcome.state
        if state in ("sent", "unknown"):
            self._written_to.add(found.mailbox)
        return self._end(found, state, person, outcome.detail)

    def _end(self, found: _Found, state: str, person: str = "", detail: str = "") -> str:
        row = {
            "asked_at": found.request.asked_at,
            "kind": found.asked.kind,
            "language": found.language,
            "contact": self._contact(found.asked),
            "person_id": person,
            "state": state,
            "detail": detail[:80],
        }
        self._register.write(found.request.request_id, row)
        return state

    def _contact(self, asked: Asked) -> str:
        if not asked.contact:
            return ""
        return f"{self._blind.hash(f'{asked.kind}:{asked.contact}'.encode()):016x}"


def _with(found: _Found, row: Mapping[str, Any] | None) -> _Found:  # Any: a row
    """Return a request with who is on file under its contact; a telephone gives no mailbox."""
    if row is None:
        return found
    spoken = str(row["language"] or "").lower()
    language = found.asked.language
    if spoken:
        language = "es" if spoken.startswith(("es", "spa")) else "en"
    mailbox = row["on_file"] if found.asked.kind == "email" else ""
    return replace(found, people=tuple(row["people"]), mailbox=mailbox, language=language)


def _by_mail(answer_class: AnswerClass) -> bool:
    """Say whether a code may go by e-mail: to an adult or business, and not to a mailbox the intruder may read.

    Source:
        As the plan of notices: nothing goes to a mailbox whose password was exposed (Cal. Civ. Code 1798.82(j)(5)
        and the like), and what concerns a child or a dead person goes to whoever acts for them.
    """
    exposed = {e.element for e in answer_class.elements}
    return answer_class.audience in _MAIL_AUDIENCES and not exposed & set(MAILBOX_CREDENTIALS)


def on_file(case: Case, run: str, asked: pa.Table) -> pa.Table:
    """Return what a run knows of contacts, from persons and from the company's rosters.

    Args:
        case: The case.
        run: The run that was published.
        asked: ``kind`` (email, phone) and ``contact``.

    Returns:
        One row a contact that is on file: ``kind, contact, on_file, people`` (ids), ``language`` of the first.
    """
    wanted = case.engine.register("asked_contacts", asked)
    persons = kept_view(case, run, PERSONS)
    sources = []
    for kind, form in (("email", "lower(trim({}))"), ("phone", "trim({})")):
        own, theirs = form.format(f"p.{kind}"), form.format(f"r.{kind}")
        picked = f"(SELECT contact FROM {wanted} WHERE kind = '{kind}')"
        sources.append(
            f"""SELECT '{kind}' AS kind, {own} AS contact, p.person_id
            FROM {persons} AS p WHERE {own} IN {picked}"""
        )
        if case.has(RECORDS):
            sources.append(
                f"""SELECT '{kind}', {theirs}, m.person_id FROM {case.read(RECORDS)} AS r
                JOIN {kept_view(case, run, MEMBERSHIPS)} AS m USING (record_id)
                WHERE r.role = 'roster' AND {theirs} IN {picked}"""
            )
    return case.engine.arrow(
        f"""WITH found AS ({" UNION ".join(sources)})
        SELECT f.kind, f.contact, f.contact AS on_file, list(f.person_id ORDER BY f.person_id) AS people,
            min_by(p.language, f.person_id) AS language
        FROM found AS f JOIN {persons} AS p USING (person_id)
        GROUP BY f.kind, f.contact"""
    )
