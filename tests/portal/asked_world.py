"""A case with people, its published site, and a mail server: what answering a contact request needs."""

from __future__ import annotations

import asyncio
import email
import os
import socket
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.policy import SMTP
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from amends.kernel.case import Case
from amends.portal.asked import queue
from amends.portal.asked.queue import make_asked_tables
from amends.portal.published import Published
from amends.portal.state import open_state
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS, PERSONS
from tests.notices.world import make_case, person, rows
from tests.portal.world import PEOPLE, World, answer_class, classes, determination, publish_world

ON_FILE: Mapping[str, Mapping[str, Any]] = {
    "P000000000001": {"email": "Ann1@Example.org ", "phone": "5055550101", "language": "en"},
    "P000000000002": {"email": "luz@example.org", "phone": "5055550102", "language": "es"},
    "P000000000003": {"email": "parent@example.org"},  # a child: goes to a guardian
    "P000000000004": {"email": None, "phone": "5055550104"},
    "P000000000005": {"email": "office@firm.example"},
    "P000000000006": {"email": "shared@example.org"},
    "P000000000007": {"email": "shared@example.org"},
    "P000000000008": {"email": "read@example.org"},  # the mailbox's password was taken
    "P000000000009": {"email": "held@example.org", "phone": "5055550109"},
}
CLASSES = {**PEOPLE, "P000000000006": 0, "P000000000007": 0, "P000000000008": 4}


class MailServer:
    """Takes every message; may take its time, or say no."""

    def __init__(self, pause_seconds: float = 0.0) -> None:
        self.got: list[email.message.EmailMessage] = []
        self.pause_seconds = pause_seconds
        self.answer = "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's own name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        if self.answer.startswith("250"):
            self.got.append(email.message_from_bytes(envelope.content, policy=SMTP))  # type: ignore[arg-type]
        await asyncio.sleep(self.pause_seconds)
        return self.answer

    def to(self) -> Counter[str]:
        """Return how often each mailbox was written to."""
        return Counter(str(m["To"]) for m in self.got)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class AskedWorld:
    """A case, its site, the site's state."""

    case: Path
    world: World
    state: sa.Engine
    site: Published

    def ask(self, kind: str, typed: str, language: str = "en", cap: int = 3) -> None:
        """Type a contact on the site."""
        queue(self.state, self.site.keys, kind, typed, language, cap)


def asked_world(folder: Path, port: int) -> AskedWorld:
    """Make a case with nine people, publish it, and open the state of its site."""
    settings = {
        ("channels.email", "url"): f"smtp://127.0.0.1:{port}",
        ("site", "address"): "help.larkspur.example",
    }
    with make_case(folder / "case", settings) as case:
        people = [{**person(int(p[1:])), "phone": None, **given} for p, given in ON_FILE.items()]
        case.write(PERSONS, rows(PERSONS, people))
        case.write(RECORDS, rows(RECORDS, [
            {"record_id": 1, "role": "roster", "email": "ann.other@example.org", "phone": "5055550191"},
            {"record_id": 2, "role": "stolen", "email": "stolen.only@example.org"},
        ]))  # fmt: skip
        case.write(MEMBERSHIPS, rows(MEMBERSHIPS, [
            {"record_id": n, "person_id": "P000000000001", "fingerprint": n, "rule": "single"} for n in (1, 2)
        ]))  # fmt: skip
        keep_run(case, "R0001")
        case_id = case.case_id
    exposed = answer_class(4, ("name", "email", "password"))
    sized = tuple(replace(c, n_persons=9) for c in classes())
    found = replace(determination(case_id=case_id), run="R0001", classes=(*sized, exposed))
    world = publish_world(folder, found, people_are=CLASSES)
    state = open_state(world.published)
    make_asked_tables(state)
    return AskedWorld(folder / "case", world, state, Published.open(world.published))


def keep_run(case: Case, run: str) -> None:
    """Keep what a run determined, as the pipeline does."""
    for table in (PERSONS, MEMBERSHIPS):
        home = case.folder / "runs" / run / table.name
        home.mkdir(parents=True)
        for source in case.tables.files(table):
            os.link(source, home / source.name)
