"""``support_mail.mbox``: what customers wrote to care, and what care sent around.

Source:
    RFC 4155 (mbox), RFC 5322 and MIME through the standard library's policy.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import numpy as np

from amends.demo.formats import docx_bytes, pdf_bytes
from amends.demo.letters import ATTACHED, Mention, long_day, us_day
from amends.demo.subjects import Subject
from amends.demo.truth import Truth

_CARE = "Larkspur Care <care@larkspur.example>"
_TEAM = "Care Team 4 <care-team4@larkspur.example>"
_START = datetime.datetime(2026, 5, 1, 13, 0, tzinfo=datetime.UTC)
_POLICY = SMTP.clone(linesep="\n", max_line_length=78)
Taker = Callable[[int], list[Subject]]


def write_mailbox(
    rng: np.random.Generator, take: Taker, count: int, path: Path, kept: Truth
) -> int:
    """Write ``count`` mails of every kind in turn, and the truth about them."""
    with path.open("wb") as box:
        for number in range(count):
            message, mentions, inner = _KINDS[number % len(_KINDS)](rng, take, number)
            sent = _START + datetime.timedelta(hours=5 * number, minutes=int(rng.integers(60)))
            name = f"mail-{number + 1:05d}"
            message["Date"] = sent
            message["Message-ID"] = f"<{name}@larkspur.example>"
            raw = re.sub(rb"(?m)^(>*From )", rb">\1", _raw(message, name))
            box.write(f"From MAILER-DAEMON {sent:%a %b %d %H:%M:%S %Y}\n".encode() + raw + b"\n")
            _keep(kept, path.name, name, raw, mentions, inner)
    return count


def _raw(message: EmailMessage, name: str) -> bytes:
    """Return the mail; its boundaries come from its name, since the library draws them by chance."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{name}_{number}")
    return message.as_bytes()


def _keep(
    kept: Truth,
    exhibit: str,
    name: str,
    raw: bytes,
    mentions: tuple[Mention, ...],
    inner: dict[str, tuple[Mention, ...]],
) -> None:
    for mention in mentions:
        at = max(raw.find(mention.named.encode()), 0)
        who = mention.who
        kept.add_mention(exhibit, name, at, who.true_id, who.place, *mention.elements)
    for attachment, named in inner.items():
        for row, mention in enumerate(named, 1):
            who, where = mention.who, f"{name}/{attachment}"
            if attachment.endswith(".csv"):
                kept.add_row(exhibit, where, row, who.true_id, who.place, *mention.elements)
            else:
                kept.add_mention(exhibit, where, 0, who.true_id, who.place, *mention.elements)


_Mail = tuple[EmailMessage, tuple[Mention, ...], dict[str, tuple[Mention, ...]]]


def _message(sender: str, to: str, subject: str, body: str) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(body, cte="8bit")
    return message


def _from(who: Subject) -> str:
    return f'"{who.plain}" <{who.email}>'


def _verify_me(rng: np.random.Generator, take: Taker, number: int) -> _Mail:
    who = take(1)[0]
    body = (
        f"Hi,\n\nI got locked out of my account {who.account}. You asked me to prove who I am:\n"
        f"my name is {who.full}, I was born {long_day(who.born)} and my social is {who.ssn}.\n"
        f"My number is {who.phone}.\n\nThanks\n{who.first}\n"
    )
    shown = ("name", "email", "account_number", "birth_date", "ssn", "phone")
    mail = _message(_from(who), _CARE, "locked out", body)
    return mail, (Mention(who, who.full, shown),), {}


def _list_round(rng: np.random.Generator, take: Taker, number: int) -> _Mail:
    people = take(6)
    rows = ["Customer,SSN,Mobile,Account"]
    rows += [f"{who.plain},{who.ssn},{who.phone},{who.account}" for who in people]
    name = f"port_outs_{number:03d}.csv"
    mail = _message(
        _TEAM, _CARE, f"Port-outs, week {number % 52 + 1}",
        "Team,\n\nattached are this week's port-outs for the callback queue. Ref 402-11-7788.\n",
    )  # fmt: skip
    mail.add_attachment(
        ("\r\n".join(rows) + "\r\n").encode(), maintype="text", subtype="csv", filename=name
    )
    shown = ("name", "ssn", "phone", "account_number")
    return mail, (), {name: tuple(Mention(who, who.plain, shown) for who in people)}


def _new_home(rng: np.random.Generator, take: Taker, number: int) -> _Mail:
    who = take(1)[0]
    body = (
        "Hello, we have moved. Please send the bill to the new place from now on:\n\n"
        f"{who.full}\n{who.street}\n{who.city}, {who.state} {who.zip}\n\n"
        f"DOB {us_day(who.born)}, driver's license ({who.state}) {who.licence}.\n"
    )
    shown = ("name", "email", "address", "birth_date", "drivers_licence")
    mail = _message(_from(who), _CARE, "Change of address", body)
    return mail, (Mention(who, who.full, shown),), {}


def _forwarded(rng: np.random.Generator, take: Taker, number: int) -> _Mail:
    kind = ATTACHED[number % len(ATTACHED)]
    people = take(kind.people)
    lines, mentions, table = kind.write(rng, people, number)
    name = f"{kind.stem}_{number:03d}.{kind.ending}"
    mail = _message(_TEAM, _CARE, f"FW: {kind.stem}", "Please see attached and close the ticket.\n")
    if kind.ending == "pdf":
        mail.add_attachment(pdf_bytes(lines), maintype="application", subtype="pdf", filename=name)
    elif kind.ending == "docx":
        word = "vnd.openxmlformats-officedocument.wordprocessingml.document"
        content = docx_bytes(lines, table)
        mail.add_attachment(content, maintype="application", subtype=word, filename=name)
    else:
        content = ("\n".join(lines) + "\n").encode()
        mail.add_attachment(content, maintype="text", subtype="plain", filename=name)
    return mail, (), {name: mentions}


def _couple(rng: np.random.Generator, take: Taker, number: int) -> _Mail:
    writer, other = take(2)
    body = (
        f"Hello care team,\nplease put {other.full} on my account {writer.account} as well. Her or "
        f"his date of birth is {us_day(other.born)} and the phone is {other.phone}.\n\n"
        f"-- \n{writer.full}\n{writer.address}\n"
    )
    return (
        _message(_from(writer), _CARE, "add a person to my plan", body),
        (
            Mention(writer, writer.full, ("name", "email", "account_number", "address")),
            Mention(other, other.full, ("name", "birth_date", "phone")),
        ),
        {},
    )


def _no_one(rng: np.random.Generator, take: Taker, number: int) -> _Mail:
    order = (
        f"{int(rng.integers(100, 665))}-{int(rng.integers(10, 99))}-{int(rng.integers(1000, 9999))}"
    )
    body = (
        f"Order {order} shipped with tracking 1Z{int(rng.integers(10**15, 10**16))}.\n"
        f"Ticket {int(rng.integers(100_000_000, 999_999_999))} is closed. Part 311006839, qty 2.\n"
        "We never ask for your password or your Social Security number by e-mail.\n"
    )
    return _message(_CARE, _TEAM, f"Shipped: order {order}", body), (), {}


_KINDS: tuple[Callable[[np.random.Generator, Taker, int], _Mail], ...] = (
    _verify_me, _list_round, _new_home, _no_one, _forwarded, _couple, _forwarded, _no_one,
)  # fmt: skip
