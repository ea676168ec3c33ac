"""Contact requests: the site learns nothing, only who is on file hears, and nobody hears twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.portal.asked import asked_counts, drop_answered, queue, waiting
from amends.portal.asked.contact import Asked, normal_contact, open_asked, seal_asked
from amends.portal.asked.message import code_message
from amends.portal.asked.queue import CAPS, REQUESTS, make_asked_tables
from amends.portal.keys import contact_keys, site_keys
from amends.portal.shapes import Incident
from amends.report import answered, answering
from amends.report.answered import ANSWERS
from amends.vault.keys import create_keys
from tests.portal.asked_world import AskedWorld, MailServer, asked_world, free_port
from tests.portal.world import WORDS, incident

CONTACTS = (
    ("email", "ann1@example.org"),
    ("email", "nobody@example.org"),
    ("phone", "+1 (505) 555-0101"),
    ("phone", "12"),
    ("email", ""),
    ("email", "x" * 5000),
    ("email", "a@b"),
    ("letter", "ann1@example.org"),
    ("email", "é" * 60 + "@example.org"),
    ("email", "\ud800@example.org"),
    ("email", "'; DROP TABLE contact_requests; --@example.org"),
)


@pytest.fixture
def server() -> Iterator[tuple[MailServer, int]]:
    handler, port = MailServer(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def world(tmp_path: Path, server: tuple[MailServer, int]) -> Iterator[AskedWorld]:
    made = asked_world(tmp_path, server[1])
    yield made
    made.state.dispose()


def go(world: AskedWorld) -> dict[str, object]:
    with Case(world.case) as case, case.lock():
        return answering.answer_requests(case, world.world.published).as_json()


def rest(found: dict[str, object]) -> dict[str, object]:
    return {k: v for k, v in found.items() if v}


@pytest.mark.parametrize(
    ("kind", "typed", "contact"),
    [
        ("email", " Ann.Lee@Example.ORG ", "ann.lee@example.org"),
        ("email", "ａnn@example.org", "ann@example.org"),
        ("email", "ann+tag@example.co.uk", "ann+tag@example.co.uk"),
        ("email", "ann@example", ""),
        ("email", "ann@@example.org", ""),
        ("email", "ann@example.org\nBcc: all@example.org", ""),
        ("email", "a b@example.org", ""),
        ("email", "ann@example.org, bob@example.org", ""),
        ("email", "a" * 65 + "@example.org", ""),
        ("email", "\ud800@example.org", ""),
        ("phone", "(505) 555-0101", "5055550101"),
        ("phone", "+1 505.555.0101", "5055550101"),
        ("phone", "1-505-555-0101 x12", "5055550101"),
        ("phone", "+44 20 7946 0958", "+442079460958"),
        ("phone", "020 7946 0958", ""),
        ("phone", "call me", ""),
        ("phone", "123-45-6789", ""),
        ("letter", "5055550101", ""),
    ],
)
def test_a_contact_is_brought_into_the_form_of_the_records(
    kind: str, typed: str, contact: str
) -> None:
    assert normal_contact(kind, typed) == contact


def test_every_request_leaves_the_same_trace(world: AskedWorld) -> None:
    for kind, typed in CONTACTS:
        world.ask(kind, typed)
    world.ask("email", "ann1@example.org", cap=0)
    with world.state.connect() as connection:
        rows = connection.execute(sa.select(REQUESTS)).mappings().all()
        caps = connection.execute(sa.select(CAPS)).mappings().all()
    assert len(rows) == len(CONTACTS) + 1
    assert {len(r["sealed"]) for r in rows} == {560}
    assert {len(r["request_id"]) for r in rows} == {25}
    assert {r["asked_at"][13:] for r in rows} == {":00Z"}
    assert len(caps) == len(CONTACTS) - 1  # one was typed for both kinds
    raw = b"".join(p.read_bytes() for p in (world.world.published / "state").iterdir())
    for _, typed in CONTACTS[:4]:
        assert typed.encode("utf-8", "surrogatepass") not in raw or len(typed) < 4
    assert b"5055550101" not in raw


def test_only_the_case_opens_what_was_typed(world: AskedWorld) -> None:
    world.ask("email", "Ann1@example.org", "es")
    box = next(waiting(world.state))[0].sealed
    keys = contact_keys(world.case / "keys")
    assert open_asked(keys, box) == Asked("email", "ann1@example.org", "es")
    assert "ann1" not in repr(open_asked(keys, box))
    longest = Asked("email", "a" * 64 + "@" + "b" * 185 + ".org", "en")
    assert open_asked(keys, seal_asked(keys.public_bytes(), longest)) == longest


def test_what_is_asked_too_often_in_a_day_is_let_in_and_is_empty(
    world: AskedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = contact_keys(world.case / "keys")
    for typed in ("ann1@example.org", "ANN1@example.org", " ann1@EXAMPLE.org", "ann1@example.org"):
        world.ask("email", typed)
    world.ask("email", "nobody@example.org")
    opened = [open_asked(keys, w.sealed).contact for w in next(waiting(world.state))]
    assert opened == ["ann1@example.org"] * 3 + ["", "nobody@example.org"]
    assert asked_counts(world.state) == {"waiting": 5, "today": 5}
    monkeypatch.setenv("AMENDS_CLOCK", "2030-01-01T00:00:00Z")
    world.ask("email", "ann1@example.org")
    last = next(waiting(world.state))[-1]
    assert open_asked(keys, last.sealed).contact == "ann1@example.org"


def test_many_who_type_at_once_are_counted_rightly_on_each_database(
    state: sa.Engine, tmp_path: Path
) -> None:
    create_keys(tmp_path / "keys")
    keys, opens = site_keys(tmp_path / "keys", "case"), contact_keys(tmp_path / "keys")
    make_asked_tables(state)

    def ask() -> None:
        for _ in range(5):
            queue(state, keys, "email", "ann1@example.org", "en")

    crowd = [threading.Thread(target=ask) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    rows = [w for some in waiting(state) for w in some]
    assert Counter(open_asked(opens, w.sealed).contact for w in rows) == {
        "ann1@example.org": 3,
        "": 17,
    }
    drop_answered(state, [w.request_id for w in rows[:19]])
    assert asked_counts(state) == {"waiting": 1, "today": 20}


def test_who_is_on_file_hears_and_nobody_else_does(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    for typed in (
        "ann1@example.org",  # a person
        "luz@example.org",  # who chose Spanish
        "ann.other@example.org",  # another mailbox of the first, in a roster
        "office@firm.example",
        "nobody@example.org",
        "stolen.only@example.org",
        "held@example.org",
        "not an address",
    ):
        world.ask("email", typed)
    assert rest(go(world)) == {
        "requests": 8, "sent": 4, "not_found": 2, "not_released": 1, "empty": 1,
    }  # fmt: skip
    handler = server[0]
    assert handler.to() == Counter(
        ("ann1@example.org", "luz@example.org", "ann.other@example.org", "office@firm.example")
    )
    by_mailbox = {str(m["To"]): m for m in handler.got}
    first = by_mailbox["ann1@example.org"].get_content()
    assert world.world.code("P000000000001") in first
    assert first.index("your personal code") < first.index("su código personal")
    assert world.world.code("P000000000001") in by_mailbox["ann.other@example.org"].get_content()
    spanish = by_mailbox["luz@example.org"].get_content()
    assert spanish.index("su código personal") < spanish.index("your personal code")
    assert by_mailbox["luz@example.org"]["Subject"].startswith("El código")
    assert by_mailbox["ann1@example.org"]["Auto-Submitted"] == "auto-replied"
    assert [by_mailbox[f"{m}@example.org"]["Content-Language"] for m in ("ann1", "luz")] == [
        "en",
        "es",
    ]


def test_a_message_names_no_element_and_no_person(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    world.ask("email", "ann1@example.org")
    go(world)
    text = server[0].got[0].get_content().lower()
    named = [w for words in WORDS.values() for w in words.values() if w not in ("name", "nombre")]
    said_never_to_be_asked = ("social security number", "número de seguro social")
    assert not [w for w in named if w.lower() in text and w.lower() not in said_never_to_be_asked]
    assert "ann example" not in text
    assert "p000000000001" not in text
    assert "https://help.larkspur.example/en/check" in text
    assert "1-888-555-0100" in text
    assert not [line for line in text.split() if line.startswith("http") and "code" in line]


def test_who_must_not_get_a_code_by_mail_waits_for_a_call(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    for kind, typed in (
        ("phone", "505-555-0101"),
        ("phone", "505 555 0191"),  # in a roster
        ("phone", "505-555-0104"),  # has no mailbox
        ("phone", "505-555-0109"),  # held
        ("phone", "505-555-0100"),  # nobody's
        ("email", "parent@example.org"),  # a child's
        ("email", "read@example.org"),  # its password was taken
    ):
        world.ask(kind, typed)
    assert rest(go(world)) == {
        "requests": 7, "call_back": 5, "not_released": 1, "not_found": 1, "call_backs_waiting": 5,
    }  # fmt: skip
    assert not server[0].got
    with Case(world.case) as case:
        plain = answered.call_backs(case)
        assert Counter(r["person_id"] for r in plain) == Counter(
            {"P000000000001": 2, "P000000000004": 1, "P000000000003": 1, "P000000000008": 1}
        )
        assert not {"name", "phone"} & set(plain[0])
        shown = answered.call_backs(case, reveal=True)
        assert {r["phone"] for r in shown} == {"5055550101", "5055550104", ""}
        assert case.ledger.last("reveal").body == {"what": "call_backs", "n": 5}  # type: ignore[union-attr]
        answered.close_call_back(case, plain[0]["request_id"])
        assert len(answered.call_backs(case)) == 4
        with pytest.raises(UsageError, match="Nobody waits"):
            answered.close_call_back(case, plain[0]["request_id"])


def test_a_mailbox_of_two_people_gets_a_message_without_a_code(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    world.ask("email", "shared@example.org")
    assert rest(go(world)) == {"requests": 1, "sent": 1}
    text = server[0].got[0].get_content()
    assert "More than one person" in text
    assert not [p for p in ("6", "7") if world.world.code(f"P00000000000{p}") in text]


def test_several_requests_of_one_person_bring_one_message_and_few_a_day(
    world: AskedWorld, server: tuple[MailServer, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-22T08:00:00Z")
    counts: Counter[str] = Counter()
    for _ in range(5):
        for _ in range(2):
            world.ask("email", "ann1@example.org", cap=100)
        counts.update({k: int(str(v)) for k, v in go(world).items()})
    assert (counts["sent"], counts["joined"], counts["capped"]) == (3, 3, 4)
    assert len(server[0].got) == 3
    monkeypatch.setenv("AMENDS_CLOCK", "2026-11-23T08:00:00Z")
    world.ask("email", "ann1@example.org")
    assert rest(go(world)) == {"requests": 1, "sent": 1}


def test_what_was_answered_leaves_the_site_and_is_never_answered_again(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    world.ask("email", "ann1@example.org")
    with world.state.connect() as connection:
        kept = [dict(r) for r in connection.execute(sa.select(REQUESTS)).mappings()]
    assert rest(go(world)) == {"requests": 1, "sent": 1}
    assert asked_counts(world.state)["waiting"] == 0
    with world.state.begin() as connection:  # a backup of the site is restored
        connection.execute(REQUESTS.insert().values(**{**kept[0], "seq": 99}))
    assert rest(go(world)) == {}
    assert len(server[0].got) == 1


def test_a_server_that_says_later_is_tried_again_and_one_that_says_no_is_not(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    handler = server[0]
    world.ask("email", "ann1@example.org")
    handler.answer = "451 later"
    assert rest(go(world)) == {"requests": 1, "deferred": 1}
    assert asked_counts(world.state)["waiting"] == 1
    handler.answer = "250 OK"
    assert rest(go(world)) == {"requests": 1, "sent": 1}
    world.ask("email", "luz@example.org")
    handler.answer = "550 no such mailbox"
    assert rest(go(world)) == {"requests": 1, "refused": 1}
    assert asked_counts(world.state)["waiting"] == 0
    assert handler.to() == Counter(["ann1@example.org"])


def test_a_server_that_is_not_there_is_not_tried_for_everybody(
    tmp_path: Path,
) -> None:
    world = asked_world(tmp_path, free_port())
    for n in range(9):
        world.ask("email", ("ann1", "luz")[n % 2] + "@example.org", cap=9)
    assert rest(go(world)) == {"requests": 9, "deferred": 9}
    with Case(world.case) as case, case.register.connect() as connection:
        details = Counter(connection.execute(sa.select(ANSWERS.c.detail)).scalars())
    assert details == {"no connection": 3, "not tried": 6}
    world.state.dispose()


def test_a_go_ends_after_a_while_and_the_next_goes_on(
    world: AskedWorld, server: tuple[MailServer, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ask("email", "ann1@example.org")
    world.ask("email", "nobody@example.org")
    monkeypatch.setattr(answering, "GO_SECONDS", -1)
    assert rest(go(world)) == {"requests": 2, "deferred": 1, "not_found": 1}
    monkeypatch.undo()
    assert rest(go(world)) == {"requests": 1, "sent": 1}
    assert len(server[0].got) == 1


def test_a_box_that_does_not_open_stops_nobody_else(
    world: AskedWorld, server: tuple[MailServer, int]
) -> None:
    with world.state.begin() as connection:
        for n, sealed in enumerate((b"", b"x" * 560)):
            row = {"request_id": f"Q{n}", "asked_at": "2026", "sealed": sealed}
            connection.execute(REQUESTS.insert().values(**row))
    world.ask("email", "ann1@example.org")
    assert rest(go(world)) == {"requests": 3, "unreadable": 2, "sent": 1}
    assert len(server[0].got) == 1


def test_the_case_keeps_no_contact_in_clear(world: AskedWorld) -> None:
    for typed in ("ann1@example.org", "nobody.at.all@example.org"):
        world.ask("email", typed)
    go(world)
    for name in ("register.db", "register.db-wal", "ledger.jsonl"):
        path = world.case / name
        if path.exists():
            assert b"example.org" not in path.read_bytes().replace(b"notices@larkspur", b"")


def test_a_site_of_another_case_and_missing_settings_are_named(
    world: AskedWorld, tmp_path: Path
) -> None:
    other = asked_world(tmp_path / "other", 25)
    with Case(world.case) as case, pytest.raises(UsageError, match="another case"):
        answering.answer_requests(case, other.world.published)
    toml = other.case / "case.toml"
    toml.write_text(toml.read_text().replace("smtp://127.0.0.1:25", ""))
    with Case(other.case) as case, pytest.raises(UsageError, match="No mail server"):
        answering.answer_requests(case, other.world.published)
    other.state.dispose()


@pytest.mark.parametrize("language", ["en", "es", "fr", ""])
@pytest.mark.parametrize("code", ["ABCD-EFGH-JKMN-PQRS", ""])
def test_a_message_is_whole_in_both_languages(language: str, code: str) -> None:
    made = code_message(incident(), language, code)
    assert made.text.count("help.larkspur.example") >= 2
    assert made.text.count("1-888-555-0100") == 2
    assert (code in made.text) and "{" not in made.text
    assert made.language == ("es" if language == "es" else "en")
    assert "ABCD" not in repr(made)
    bare = code_message(Incident("Firm {code}", site="x.example"), language, code)
    assert "Firm {code}" in bare.text
    assert "call" not in bare.text.replace("telephone", "")


def test_the_command_answers_and_lists(world: AskedWorld, server: tuple[MailServer, int]) -> None:
    world.ask("email", "ann1@example.org")
    world.ask("phone", "505-555-0104")
    words = ["portal", "answer", str(world.case), "--from", str(world.world.published), "--json"]
    done = json.loads(amends(*words))
    assert {k: v for k, v in done.items() if v} == {
        "requests": 2, "sent": 1, "call_back": 1, "call_backs_waiting": 1,
    }  # fmt: skip
    listed = json.loads(amends(*words, "--call-backs"))
    assert [r["person_id"] for r in listed] == ["P000000000004"]
    shown = json.loads(amends(*words, "--call-backs", "--reveal"))
    assert shown[0]["phone"] == "5055550104"
    assert json.loads(amends(*words, "--called", listed[0]["request_id"])) == []


def amends(*words: str) -> str:
    run = [sys.executable, "-m", "amends", "--no-input", *words]
    return subprocess.run(run, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.slow
def test_killed_at_any_moment_nobody_hears_twice(tmp_path: Path) -> None:
    handler, port = MailServer(pause_seconds=0.01), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    world = asked_world(tmp_path, port)
    chance = random.Random(3)
    asked = kills = 0
    words = [sys.executable, "-m", "amends", "portal", "answer", str(world.case)]
    words += ["--from", str(world.world.published)]
    try:
        for _ in range(10):
            for mailbox in ("ann1", "luz", "ann.other"):
                world.ask("email", f"{mailbox}@example.org", cap=1000)
                asked += 1
            before = len(handler.got)
            child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if chance.random() < 0.8:
                for _ in range(400):
                    if len(handler.got) > before or child.poll() is not None:
                        break
                    time.sleep(0.005)
                time.sleep(chance.uniform(0, 0.04))
            else:
                time.sleep(chance.uniform(0.3, 0.6))
            child.send_signal(signal.SIGKILL)
            kills += child.wait() == -signal.SIGKILL
        last = subprocess.run(words, capture_output=True, check=False, env={**os.environ})
        assert last.returncode == 0
    finally:
        controller.stop()
    with Case(world.case) as case, case.register.connect() as connection:
        states = dict(connection.execute(sa.select(ANSWERS.c.request_id, ANSWERS.c.state)).all())
    ids = Counter(str(m["Message-ID"]).strip("<>").partition("@")[0] for m in handler.got)
    assert kills >= 3
    assert max(ids.values()) == 1
    assert len(states) == asked
    assert {i for i, s in states.items() if s == "sent"} <= set(ids)
    assert all(states[i] in ("sent", "unknown") for i in ids)
    assert max(handler.to().values()) <= answering.MESSAGES_A_DAY
    assert asked_counts(world.state)["waiting"] == 0
    world.state.dispose()
