"""Release: proofs are what is printed, two different people approve, and sending is taken up where it stopped."""

from __future__ import annotations

import html
import json
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.applications import Starlette

from amends import notices
from amends.console import accounts
from amends.console.app import make_app
from amends.console.release import jobs, png, proofs
from amends.kernel.ledger import acting_as
from amends.notices.readback import read_pieces
from amends.notices.stage import run as plan
from amends.pipeline import open_case
from amends.report import funnel
from tests.console.browser import PASSWORD, Browser
from tests.e2e.face import amends
from tests.notices.world import CA, FL, fill, group, make_case, person

PEOPLE = {"lead": "Dana Lee", "counsel": "Sam Roe", "reviewer": "Robin Poe"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a case with a plan: 30 letters in two languages, an e-mail, one held."""
    home = tmp_path / "case"
    case = make_case(home, {("channels.print", "batch"): 5})
    people: list[dict[str, Any]] = [
        person(n, language="es" if n % 5 == 0 else None) for n in range(1, 31)
    ]
    people += [person(31, street=None, email=None)]
    fill(
        case, people,
        [group("GA", CA, ["ssn", "name"]), group("GB", FL, ["name", "drivers_licence"])],
        {p["person_id"]: "GA" if n % 2 else "GB" for n, p in enumerate(people)},
    )  # fmt: skip
    plan(case)
    case.close()
    return home


@pytest.fixture
def console(folder: Path) -> Iterator[Starlette]:
    app = make_app(folder)
    for role, shown in PEOPLE.items():
        accounts.add(app.state.desk.register, role, shown, role, PASSWORD)
    accounts.add(app.state.desk.register, "second", "dana  LEE", "counsel", PASSWORD)
    yield app
    app.state.desk.close()


def _browser(console: Starlette, name: str) -> Browser:
    made = Browser(console)
    assert made.sign_in(name).status_code == 303
    return made


@pytest.fixture
def lead(console: Starlette) -> Browser:
    return _browser(console, "lead")


@pytest.fixture
def counsel(console: Starlette) -> Browser:
    return _browser(console, "counsel")


def _seal(browser: Browser) -> dict[str, Any]:
    browser.get("/release")
    answer = browser.post("/release/seal")
    assert answer.headers["location"] == "/release/S0001", answer.text
    return dict(browser.get("/release/S0001.json").json())


def _look(browser: Browser, seal: str = "S0001") -> None:
    """Open three texts, both languages among them."""
    texts = browser.get(f"/release/{seal}.json").json()["texts"]
    for text in texts[:3]:
        assert browser.get(f"/release/{seal}/proofs/{text['variant']}").status_code == 200


def _approve(browser: Browser, look: bool = True) -> Any:
    if look:
        _look(browser)
    digest = browser.get("/release/S0001.json").json()["standing"]["digest"]
    return browser.post("/release/S0001/approve", {"digest": digest})


# ---------------------------------------------------------------- seal and approve


def test_what_would_be_sealed_is_what_the_command_line_seals(lead: Browser, folder: Path) -> None:
    following = lead.get("/release.json").json()["next"]
    shown = _seal(lead)["standing"]
    with open_case(folder) as case:
        status = funnel.status(case)["funnel"]
    assert following["count"] == shown["count"] == status["sealed"]
    assert (
        following["channels"] == shown["counts"]
        and sum(following["held"].values()) >= status["held"]
    )


def test_one_person_does_not_approve_twice_even_with_two_accounts(
    console: Starlette, lead: Browser, folder: Path
) -> None:
    _seal(lead)
    assert _approve(lead).status_code == 303
    again = _approve(lead)
    assert again.status_code == 409 and "has approved S0001 already" in again.text
    other = _approve(_browser(console, "second"))
    assert other.status_code == 409 and "must come from another person" in html.unescape(other.text)
    with open_case(folder) as case:
        assert [line.body["name"] for line in case.ledger.lines() if line.act == "approve"] == [
            "Dana Lee"
        ]


def test_two_different_people_release_and_the_ledger_says_who(
    lead: Browser, counsel: Browser, folder: Path
) -> None:
    _seal(lead)
    _approve(lead)
    assert not lead.get("/release/S0001.json").json()["standing"]["released"]
    _approve(counsel)
    standing = lead.get("/release/S0001.json").json()["standing"]
    assert standing["released"] and standing["approved_by"] == ["Dana Lee", "Sam Roe"]
    with open_case(folder) as case:
        acts = [
            (line.act, line.actor)
            for line in case.ledger.lines()
            if line.act in ("seal", "approve")
        ]
    assert acts == [("seal", "Dana Lee"), ("approve", "Dana Lee"), ("approve", "Sam Roe")]


def test_who_has_not_looked_does_not_approve(lead: Browser) -> None:
    _seal(lead)
    page = lead.get("/release/S0001").text
    assert (
        "Before you approve: open 3 more of its texts" in page
        and "/release/S0001/approve" not in page
    )
    answer = _approve(lead, look=False)
    assert answer.status_code == 403 and "open 3 more" in answer.text


def test_looks_in_one_language_are_not_enough(lead: Browser) -> None:
    texts = _seal(lead)["texts"]
    english = [t["variant"] for t in texts if t["language"] == "en"]
    for variant in english * 3:
        lead.get(f"/release/S0001/proofs/{variant}")
    page = lead.get("/release/S0001.json").json()
    assert page["looks_missing"] and page["looked"][0]["texts"] == len(english)


def test_a_reviewer_looks_but_neither_seals_nor_approves_nor_sends(
    console: Starlette, lead: Browser
) -> None:
    _seal(lead)
    reviewer = _browser(console, "reviewer")
    _look(reviewer)
    assert "Your role reads" in reviewer.get("/release/S0001").text
    for path in ("/release/seal", "/release/S0001/approve", "/release/send/print/start"):
        assert reviewer.post(path).status_code == 403, path


def test_a_seal_that_was_changed_is_not_approved(lead: Browser, folder: Path) -> None:
    digest = _seal(lead)["standing"]["digest"]
    _look(lead)
    assert lead.post("/release/S0001/approve", {"digest": "0" * 64}).status_code == 400
    sealed = folder / "seals" / "S0001" / "texts.json"
    sealed.write_text(sealed.read_text("utf-8").replace("2026-11-01", "2026-11-02"), "utf-8")
    assert lead.post("/release/S0001/approve", {"digest": digest}).status_code == 409
    assert "its files differ from the digest" in lead.get("/release/S0001").text


def test_decisions_not_yet_obeyed_are_said_before_sealing(lead: Browser, folder: Path) -> None:
    with open_case(folder) as case:
        case.ledger.append("run", run="R0001", tables={})
        case.decide("quarantine", {"person_id": "P000000000001"}, "litigation_hold")
    assert "1 decision made since the last run is not obeyed yet" in lead.get("/release").text


def test_while_a_run_holds_the_case_sealing_says_so(lead: Browser, folder: Path) -> None:
    lead.get("/release")
    with open_case(folder) as other, other.lock():
        answer = lead.post("/release/seal")
    assert answer.status_code == 409 and "Another Amends is working on this case" in answer.text


# ---------------------------------------------------------------- proofs


def test_a_proof_shows_that_letter_and_plan_name_the_same(lead: Browser) -> None:
    texts = _seal(lead)["texts"]
    for text in texts:
        found = lead.get(f"/release/S0001/proofs/{text['variant']}.json").json()
        assert found["agrees"] and found["checked"] and not found["faults"]
        assert [e["element"] for e in found["elements"]] == text["elements"]
        assert found["other"]["language"] != text["language"] and found["other"]["pages"]


def test_a_letter_that_misses_an_element_is_shown_red(
    lead: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = _seal(lead)["texts"][0]
    whole = proofs.set_letters
    words = proofs.element_words("en")["name"].singular

    def cut(pieces: Any, texts: Any, entity: str, sender: Any) -> bytes:
        from dataclasses import replace

        shorter = {}
        for name, letter in texts.items():
            sections = [
                replace(
                    s,
                    blocks=tuple(
                        replace(b, items=tuple(i for i in b.items if i != words)) for b in s.blocks
                    ),
                )
                for s in letter.sections
            ]
            shorter[name] = replace(letter, sections=tuple(sections))
        return whole(pieces, shorter, entity, sender)

    monkeypatch.setattr(proofs, "set_letters", cut)
    page = lead.get(f"/release/S0001/proofs/{text['variant']}")
    found = lead.get(f"/release/S0001/proofs/{text['variant']}.json").json()
    assert not found["agrees"] and found["faults"]
    assert {e["element"]: e["agrees"] for e in found["elements"]}["name"] is False
    assert "✕ The letter is not what the plan says" in page.text


def test_no_proof_shows_a_name_an_address_or_a_code(lead: Browser, folder: Path) -> None:
    text = _seal(lead)["texts"][0]["variant"]
    pages = [lead.get(f"/release/S0001/proofs/{text}{end}").text for end in ("", ".json")]
    with open_case(folder) as case:
        row, source = proofs.texts_of(case, "S0001")[0], proofs.words_of(case, "S0001")
        pdf, words = proofs.specimen_pdf(source.of(row), source.facts)
    said = "".join(p.text for p in read_pieces(pdf)[0])
    for shown in (*pages, words, said):
        assert "Example" not in shown and "Larch" not in shown
        assert not re.search(
            r"\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b",
            shown.replace("XXXX-XXXX-XXXX-XXXX", ""),
        )


def test_a_picture_is_drawn_once_and_is_a_png(lead: Browser, folder: Path) -> None:
    text = _seal(lead)["texts"][0]
    path = f"/release/S0001/proofs/{text['variant']}/{text['language']}/1.png"
    answer = lead.get(path)
    assert (
        answer.headers["content-type"] == "image/png" and answer.content[:8] == b"\x89PNG\r\n\x1a\n"
    )
    width, height = struct.unpack(">II", answer.content[16:24])
    assert (width, height) == (1041, 1347) or abs(width / height - 8.5 / 11) < 0.002
    kept = list((folder / "out" / "proof-pictures").glob("*/1.png"))
    times = [p.stat().st_mtime_ns for p in kept]
    lead.get(path)
    assert [p.stat().st_mtime_ns for p in kept] == times
    for wrong in ("en/99.png", "fr/1.png", "en/x.png"):
        assert lead.get(f"/release/S0001/proofs/{text['variant']}/{wrong}").status_code == 404


def test_every_picture_says_its_words_to_who_cannot_see(lead: Browser) -> None:
    text = _seal(lead)["texts"][0]["variant"]
    page = lead.get(f"/release/S0001/proofs/{text}").text
    alts = re.findall(r'<img[^>]*alt="([^"]*)"', page)
    assert len(alts) == page.count("<img") and any(
        "Social Security number" in a or "driver" in a for a in alts
    )


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (40, 20)])
def test_the_png_writer_writes_what_a_reader_reads(shape: tuple[int, int]) -> None:
    grey = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    made = png.png(grey)
    body, at = b"", 8
    while at < len(made):
        size, kind = struct.unpack(">I4s", made[at : at + 8])
        chunk = made[at + 4 : at + 8 + size]
        assert struct.unpack(">I", made[at + 8 + size : at + 12 + size])[0] == zlib.crc32(chunk)
        body += chunk[4:] if kind == b"IDAT" else b""
        at += 12 + size
    lines = np.frombuffer(zlib.decompress(body), np.uint8).reshape(shape[0], shape[1] + 1)
    assert (lines[:, 1:] == grey).all() and not lines[:, 0].any()


# ---------------------------------------------------------------- sending


def _released(lead: Browser, counsel: Browser) -> None:
    _seal(lead)
    _approve(lead)
    assert _approve(counsel).status_code == 303


def _start(browser: Browser, console: Starlette, channel: str = "print") -> None:
    due = browser.get(f"/release/send/{channel}.json").json()["due"]
    browser.get(f"/release/send/{channel}")
    answer = browser.post(f"/release/send/{channel}/start", {"count": str(due["count"])})
    assert answer.status_code == 303, answer.text
    jobs.JOBS.wait(console.state.desk, channel, 60)


def test_nothing_is_sent_before_two_approved(lead: Browser) -> None:
    _seal(lead)
    _approve(lead)
    shown = lead.get("/release/send/print.json").json()
    assert shown["due"] is None and "needs the approval of two different people" in shown["why_not"]
    assert lead.post("/release/send/print/start", {"count": "30"}).status_code == 409


def test_a_sending_runs_in_the_background_to_its_end(
    console: Starlette, lead: Browser, counsel: Browser, folder: Path
) -> None:
    _released(lead, counsel)
    planned = lead.get("/release/send/print.json").json()["due"]["count"]
    _start(lead, console)
    shown = lead.get("/release/send/print.json").json()
    assert shown["job"]["state"] == "done" and shown["job"]["done"] == planned
    assert shown["due"]["count"] == 0 and shown["states"] == [
        {"seal": "S0001", "channel": "print", "state": "accepted", "n": planned}
    ]
    cli = json.loads(amends("notices", "status", folder, "--json"))
    assert [r for r in cli if r["channel"] == "print"] == shown["states"]
    with open_case(folder) as case:
        sent = case.ledger.last("send")
        assert not list(case.ledger.faults())
    assert sent is not None and sent.actor == "Dana Lee"


def test_a_second_start_sends_nothing_twice(
    console: Starlette, lead: Browser, counsel: Browser, folder: Path
) -> None:
    _released(lead, counsel)
    _start(lead, console)
    before = sorted(p.name for p in (folder / "out" / "print").iterdir())
    answer = counsel.post("/release/send/print/start", {"count": "0"})
    assert answer.status_code == 409 and "Nothing is left to send" in answer.text
    assert sorted(p.name for p in (folder / "out" / "print").iterdir()) == before


def test_a_number_that_changed_is_shown_again_before_anything_goes(
    lead: Browser, counsel: Browser, folder: Path
) -> None:
    _released(lead, counsel)
    lead.get("/release/send/print")
    answer = lead.post("/release/send/print/start", {"count": "3"})
    assert answer.status_code == 303
    assert "The number has changed" in lead.get(answer.headers["location"]).text
    assert not (folder / "out" / "print").exists()


def test_what_a_crash_left_is_taken_up_by_the_page(
    console: Starlette,
    lead: Browser,
    counsel: Browser,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _released(lead, counsel)
    with open_case(folder) as case, acting_as("Dana Lee"), case.lock():
        from amends.notices.channels.print import PrintChannel

        offer = PrintChannel.offer
        calls: list[str] = []

        def once(self: Any, batch: Any, batch_id: str) -> Any:
            if calls:
                raise KeyboardInterrupt
            calls.append(batch_id)
            return offer(self, batch, batch_id)

        with monkeypatch.context() as patch:
            patch.setattr(PrintChannel, "offer", once)
            with pytest.raises(KeyboardInterrupt):
                notices.send(case, "print")
    left = lead.get("/release/send/print.json").json()["due"]["count"]
    assert left
    _start(lead, console)
    shown = lead.get("/release/send/print.json").json()
    assert shown["job"]["state"] == "done" and shown["due"]["count"] == 0
    names = [
        line.split(",")[0]
        for manifest in (folder / "out" / "print").glob("*/manifest.csv")
        for line in manifest.read_text("utf-8").splitlines()[1:]
    ]
    assert len(names) == len(set(names)) == sum(s["n"] for s in shown["states"])


def test_a_sending_that_stops_says_why_and_what_helps(
    console: Starlette, lead: Browser, counsel: Browser
) -> None:
    _released(lead, counsel)
    _start(lead, console, "email")
    job = lead.get("/release/send/email.json").json()["job"]
    assert job["state"] == "stopped" and job["what"] == "No mail server is set" and job["remedy"]
    assert "No mail server is set" in lead.get("/release/send/email").text


def test_while_it_sends_pages_are_read_and_decisions_wait_politely(
    console: Starlette, lead: Browser, counsel: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    _released(lead, counsel)
    started, go = threading.Event(), threading.Event()
    real = notices.send

    def slow(case: Any, channel: str) -> Any:
        started.set()
        assert go.wait(30)
        return real(case, channel)

    monkeypatch.setattr(jobs.notices, "send", slow)
    due = lead.get("/release/send/print.json").json()["due"]
    lead.get("/release/send/print")
    lead.post("/release/send/print/start", {"count": str(due["count"])})
    assert started.wait(30)
    try:
        page = lead.get("/release/send/print").text
        assert "Sending: 0 of" in page and 'hx-trigger="every 2s"' in page
        assert counsel.get("/release").status_code == 200
        busy = counsel.post("/release/send/print/start", {"count": str(due["count"])})
        assert busy.status_code == 409
    finally:
        go.set()
        jobs.JOBS.wait(console.state.desk, "print", 60)
    assert lead.get("/release/send/print.json").json()["job"]["state"] == "done"
