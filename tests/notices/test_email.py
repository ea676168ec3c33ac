"""E-mail through a real mail server on this machine."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from amends.kernel.errors import UsageError
from amends.notices.channels import email as channel
from amends.notices.channels.base import Batch, Outgoing
from amends.notices.channels.email import EmailChannel, message
from amends.notices.channels.email_ask import asker
from amends.notices.channels.email_proof import message_faults
from tests.notices.letters_world import letter, recipient

TEXTS = {"V1": letter(), "V2": letter(language="es")}
SENDER = Address("Larkspur Wireless", addr_spec="notices@larkspur.example")


class Handler:
    """Takes everything, but for what it is told to refuse."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.to: list[str] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 - aiosmtpd's own name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.got.append(envelope.content)
        self.to += envelope.rcpt_tos
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server() -> Iterator[tuple[Handler, str]]:
    handler, port = Handler(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, f"smtp://127.0.0.1:{port}"
    controller.stop()


def batch(*people: Any) -> Batch:
    return Batch("B1", tuple(Outgoing(i, p, "V1", ("name", "ssn")) for i, p in enumerate(people)))


def sent_by(url: str, made: Batch) -> list[tuple[str, str]]:
    channel = EmailChannel(url, "notices@larkspur.example", "Larkspur Wireless", TEXTS)
    try:
        return [(o.state, o.detail) for o in channel.offer(made, "B1")]
    finally:
        channel.close()


def test_a_notice_arrives_with_its_id_text_and_html(server: tuple[Handler, str]) -> None:
    handler, url = server
    assert sent_by(url, batch(recipient(7, "María Núñez"))) == [("accepted", "250")]
    read = email.message_from_bytes(handler.got[0], policy=SMTP)
    assert read["X-Notice-Id"] == "N0000000000000007"
    assert read["Message-ID"] == "<N0000000000000007@larkspur.example>"
    assert read["Subject"] == "Notice of Data Breach - Larkspur Wireless"
    assert handler.to == ["ann7@example.org"]
    assert [p.get_content_type() for p in read.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    text = read.get_body(("plain",)).get_content()
    assert "Dear María Núñez:" in text
    assert "• Social Security number" in text
    assert "7KQ4-M2XD-9RTW" in text


@pytest.mark.parametrize(
    "name",
    [
        "Eve\r\nBcc: all@example.org",
        "Eve\nX-Notice-Id: N0",
        'Eve" <x@example.org>',
        "Eve, Mallory <m@example.org>",
        "李雷 😀",
        "a\x00b",
    ],
)
def test_a_name_can_add_no_header_and_no_recipient(server: tuple[Handler, str], name: str) -> None:
    handler, url = server
    assert sent_by(url, batch(recipient(1, name))) == [("accepted", "250")]
    read = email.message_from_bytes(handler.got[0], policy=SMTP)
    assert handler.to == ["ann1@example.org"]
    assert [a.addr_spec for a in read["To"].addresses] == ["ann1@example.org"]
    assert read.get_all("X-Notice-Id") == ["N0000000000000001"]
    assert read["Bcc"] is None


@pytest.mark.parametrize(
    "address",
    ["a@example.org\r\nRCPT TO:<b@example.org>", "no-at-sign", "", "a b@example.org", "a@b@c"],
)
def test_an_address_that_is_none_is_refused_and_the_rest_goes_on(
    server: tuple[Handler, str], address: str
) -> None:
    handler, url = server
    states = sent_by(url, batch(recipient(1, email=address), recipient(2)))
    assert [s for s, _ in states] == ["refused", "accepted"]
    assert handler.to == ["ann2@example.org"]


def test_a_server_that_says_no_for_good_and_no_for_now(server: tuple[Handler, str]) -> None:
    handler, url = server
    handler.answers = {"ann1@example.org": "550 no such user", "ann2@example.org": "451 later"}
    assert sent_by(url, batch(recipient(1), recipient(2), recipient(3))) == [
        ("refused", "550"), ("deferred", "451"), ("accepted", "250"),
    ]  # fmt: skip


def test_a_server_that_is_not_there_defers_everything() -> None:
    states = sent_by(f"smtp://127.0.0.1:{free_port()}", batch(recipient(1), recipient(2)))
    assert [s for s, _ in states] == ["deferred", "deferred"]


def test_a_connection_cut_after_the_text_is_unknown_not_repeated() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        import threading

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                stream = peer.makefile("rwb", buffering=0)
                stream.write(b"220 hello\r\n")
                for answer in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                    stream.readline()
                    stream.write(answer)
                while stream.readline().strip() != b".":
                    pass
                stream.close()

        worker = threading.Thread(target=serve)
        worker.start()
        states = sent_by(f"smtp://127.0.0.1:{port}", batch(recipient(1)))
        worker.join()
    assert states == [("unknown", "cut off")]


def test_a_finished_message_is_read_back_and_compared() -> None:
    to = recipient(1)
    raw = message(to, TEXTS["V1"], SENDER).as_bytes(policy=SMTP)
    sent = outgoing_to(to)
    assert message_faults(raw, sent, TEXTS["V1"]) == []
    assert message_faults(raw, outgoing_to(replace(to, email="else@example.org")), TEXTS["V1"])
    assert message_faults(raw, outgoing_to(replace(to, name="Bob")), TEXTS["V1"])
    assert message_faults(raw, sent, TEXTS["V2"])
    assert message_faults(raw, outgoing_to(replace(to, notice_id="N" + "9" * 16)), TEXTS["V1"])
    # The sealed row says more, or other things, than the text names.
    for elements in (("name",), ("name", "ssn", "pin"), ("name", "passport")):
        assert message_faults(raw, replace(sent, elements=elements), TEXTS["V1"])
    # What the page says must be what the text says.
    html = raw.replace(b"<li>name</li>", b"<li>card</li>")
    assert html != raw
    assert message_faults(html, sent, TEXTS["V1"]) == ["the page does not say what the text says"]


def outgoing_to(to: Any, variant: str = "V1") -> Outgoing:
    return Outgoing(0, to, variant, ("name", "ssn"))


@pytest.mark.parametrize("audience", ["adult", "guardian", "next_of_kin", "business"])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_right_message_passes_its_proof(audience: str, language: str) -> None:
    codes = ("name", "ssn", "ssn_last4", "security_answer", "birth_date", "biometric")
    text = letter(codes=codes, language=language, audience=audience)
    to = recipient(1, name="Ann O'Example & <Sons>")
    raw = message(to, text, SENDER).as_bytes(policy=SMTP)
    assert message_faults(raw, Outgoing(0, to, "V1", codes), text) == []


def test_a_message_that_differs_from_the_plan_is_stopped_and_the_rest_goes(
    server: tuple[Handler, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    handler, url = server
    right = channel.message

    def shifted(to: Any, text: Any, sender: Any) -> Any:
        return right(
            replace(to, name="Somebody Else") if to.person_id.endswith("2") else to, text, sender
        )

    monkeypatch.setattr(channel, "message", shifted)
    way = EmailChannel(url, "notices@larkspur.example", "Larkspur Wireless", TEXTS)
    notices = tuple(Outgoing(i, recipient(i), "V1", ("name", "ssn")) for i in range(1, 4))
    outcomes = way.offer(Batch("B1", notices), "B1")
    way.close()
    assert [o.state for o in outcomes] == ["accepted", "refused", "accepted"]
    assert outcomes[1].detail.startswith("stopped by its proof")
    assert "Else" not in outcomes[1].detail
    assert len(handler.got) == 2


def test_the_log_of_a_mail_server_answers_by_message_id(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    ask, cheap = asker(f"file:{log}")
    assert cheap
    assert ask(["N0000000000000001"]) == {"N0000000000000001": "unknown"}
    log.write_text("cleanup[1]: 4F: message-id=<N0000000000000001@larkspur.example>\n")
    assert ask(["N0000000000000001", "N0000000000000002"]) == {
        "N0000000000000001": "arrived",
        "N0000000000000002": "not",
    }
    log.rename(tmp_path / "mail.log.1")
    log.write_text("")
    assert ask(["N0000000000000001"]) == {"N0000000000000001": "arrived"}


def line(number: int) -> str:
    return (
        f"Nov 22 01:00:{number % 60:02d} mx cleanup: message-id=<N{number:016X}@larkspur.example>\n"
    )


def arrived(ask: Any, *numbers: int) -> list[bool]:
    names = [f"N{n:016X}" for n in numbers]
    answers = ask(names)
    return [answers[n] == "arrived" for n in names]


def test_only_what_was_added_to_the_log_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "mail.log"
    log.write_text("".join(line(n) for n in range(1000)))
    ask, _ = asker(f"file:{log}")
    assert arrived(ask, 0, 999, 1000) == [True, True, False]
    # What was read is not read again: wiped out in place, it is still known.
    with log.open("r+") as stream:
        stream.seek(40_000)
        stream.write(" " * 200)
        stream.seek(0, 2)
        stream.write(line(1000)[:50])
    assert arrived(ask, 0, 500, 1000) == [True, True, False]
    with log.open("a") as stream:
        stream.write(line(1000)[50:])
    assert arrived(ask, 0, 1000) == [True, True]


def test_a_log_that_is_rotated_is_read_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text(line(1))
    ask, _ = asker(f"file:{log}")
    assert arrived(ask, 1, 2, 3) == [True, False, False]
    with log.open("a") as stream:
        stream.write(line(2))
    log.rename(tmp_path / "mail.log.1")
    assert arrived(ask, 1, 2, 3) == [True, True, False]
    log.write_text(line(3))
    assert arrived(ask, 1, 2, 3) == [True, True, True]
    # Rotated twice between two questions, and once by emptying in place.
    with log.open("a") as stream:
        stream.write(line(4))
    (tmp_path / "mail.log.1").rename(tmp_path / "mail.log.2")
    log.rename(tmp_path / "mail.log.1")
    log.write_text(line(5))
    assert arrived(ask, 4, 5) == [True, True]
    log.write_text(line(6))
    assert arrived(ask, 1, 2, 3, 4, 5, 6, 7) == [True] * 6 + [False]


def test_an_address_to_ask_that_does_not_answer_is_unknown() -> None:
    ask, cheap = asker(f"http://127.0.0.1:{free_port()}/ask")
    assert not cheap
    assert ask(["N1"]) == {"N1": "unknown"}


@pytest.mark.parametrize(
    ("url", "sender"),
    [("http://x", "a@b.example"), ("smtp://", "a@b.example"), ("smtp://h:1", "nobody")],
)
def test_settings_that_cannot_be_used_are_named(url: str, sender: str) -> None:
    with pytest.raises(UsageError):
        EmailChannel(url, sender, "Larkspur", TEXTS)
    with pytest.raises(UsageError):
        asker("ftp://x")


def test_no_more_than_so_many_leave_in_an_hour(
    server: tuple[Handler, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, url = server
    waits: list[float] = []
    monkeypatch.setattr("amends.notices.channels.email.time.sleep", waits.append)
    channel = EmailChannel(url, "notices@larkspur.example", "Larkspur", TEXTS, per_hour=360)
    channel.offer(batch(recipient(1), recipient(2)), "B1")
    channel.close()
    assert max(waits) == pytest.approx(10, abs=1)
