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
from amends.notices.channels.base import Batch, Outgoing
from amends.notices.channels.email import EmailChannel, asker, message, message_faults
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
    assert message_faults(raw, to, TEXTS["V1"]) == []
    assert message_faults(raw, replace(to, email="else@example.org"), TEXTS["V1"])
    assert message_faults(raw, replace(to, name="Bob"), TEXTS["V1"])
    assert message_faults(raw, to, TEXTS["V2"])
    assert message_faults(raw, replace(to, notice_id="N" + "9" * 16), TEXTS["V1"])


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
