"""E-mail by SMTP. Each message carries its notice id in ``Message-ID`` and ``X-Notice-Id``.

What arrived is asked of an HTTP address (``GET ASK?id=…``: 200 arrived, 404 not) or read in the log of the mail
server; without either the channel is mute, and after a crash nobody can say.
"""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from amends.kernel import clock
from amends.kernel.errors import UsageError
from amends.notices.channels.base import Answer, Batch, Outcome, Outgoing, Receipt, State
from amends.notices.channels.email_ask import asker
from amends.notices.channels.email_proof import message_faults
from amends.notices.compose import Letter
from amends.notices.facts import Recipient
from amends.notices.plain import as_html, as_text

_TIMEOUT_SECONDS = 60
# One plain mailbox; the plan applies the same rule in SQL.
MAILBOX = re.compile(
    r"""[^\s@<>",;:()\[\]\\\x00-\x20\x7f-\U0010ffff]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"""
)


class EmailChannel:
    """Sends notices by SMTP, one message a notice.

    Args:
        url: ``smtp://host:port`` or ``smtps://host:port``; a user and password may stand in it.
        sender: Address of the sender.
        entity: Name of the sender.
        texts: Variant id -> composed letter.
        per_hour: Most messages an hour; 0 = no limit.
        ask: Where to ask what arrived; "" = mute.
    """

    name = "email"

    def __init__(
        self,
        url: str,
        sender: str,
        entity: str,
        texts: Mapping[str, Letter],
        per_hour: int = 0,
        ask: str = "",
    ) -> None:
        """Check the settings; no connection is made yet.

        Raises:
            UsageError: A setting cannot be used.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise UsageError("The mail server's address cannot be used", where="case.toml [channels.email] url",
                             remedy="write smtp://host:port or smtps://host:port")  # fmt: skip
        self._server = parts
        self._from = _sender_address(sender, entity)
        self._texts = dict(texts)
        self._pause = 3600 / per_hour if per_hour > 0 else 0.0
        self._ask, self.asks_cheaply = asker(ask)
        self.settle_seconds = 1.0 if ask else 0.0
        self._connection: smtplib.SMTP | None = None
        self._next_at = 0.0

    def offer(self, batch: Batch, key: str) -> Sequence[Outcome]:
        """Send the messages of a batch; what was surely not tried is deferred, what was cut off is unknown."""
        made: list[Outcome] = []
        for at, notice in enumerate(batch.notices):
            outcome, broken = self._send(notice)
            made.append(outcome)
            if broken:
                self.close()
                if outcome.state == "deferred":
                    rest = batch.notices[at + 1 :]
                    return [
                        *made,
                        *(Outcome(n.to.notice_id, "deferred", "not tried") for n in rest),
                    ]
        return made

    def _send(self, notice: Outgoing) -> tuple[Outcome, bool]:
        """Send one message; return what became of it and whether the connection is of no more use."""
        notice_id = notice.to.notice_id
        try:
            content = message(notice.to, self._texts[notice.variant], self._from).as_bytes(
                policy=SMTP
            )
        except (ValueError, UnicodeError):
            return Outcome(notice_id, "refused", "address cannot be used"), False
        wrong = message_faults(content, notice, self._texts[notice.variant])
        if wrong:
            return Outcome(notice_id, "refused", f"stopped by its proof: {wrong[0]}"), False
        return self.hand_over(notice_id, notice.to.email, content)

    def hand_over(self, notice_id: str, to: str, content: bytes) -> tuple[Outcome, bool]:
        """Hand one finished message to the server; return what became of it and whether the connection is broken."""
        self._wait()
        try:
            server = self._connected()
            self._envelope(server, to)
        except smtplib.SMTPResponseException as error:
            return Outcome(
                notice_id, _by_code(error.smtp_code), str(error.smtp_code)
            ), self._clear()
        except (OSError, smtplib.SMTPException, UnicodeError):
            return Outcome(notice_id, "deferred", "no connection"), True
        try:
            code, _ = server.data(content)
        except smtplib.SMTPDataError as error:
            return Outcome(
                notice_id, _by_code(error.smtp_code), str(error.smtp_code)
            ), self._clear()
        except (OSError, smtplib.SMTPException):
            return Outcome(notice_id, "unknown", "cut off"), True
        if code == 250:
            return Outcome(notice_id, "accepted", "250"), False
        return Outcome(notice_id, _by_code(code), str(code)), self._clear()

    def _envelope(self, server: smtplib.SMTP, to: str) -> None:
        for code, text in (server.mail(self._from.addr_spec), server.rcpt(to)):
            if code not in (250, 251):
                raise smtplib.SMTPResponseException(code, text)

    def _clear(self) -> bool:
        """Make the connection ready for the next message; say whether it is broken."""
        try:
            if self._connection is not None:
                self._connection.rset()
        except (OSError, smtplib.SMTPException):
            return True
        return False

    def _connected(self) -> smtplib.SMTP:
        if self._connection is not None:
            return self._connection
        host, port = str(self._server.hostname), self._server.port
        if self._server.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port or 465, timeout=_TIMEOUT_SECONDS, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(host, port or 25, timeout=_TIMEOUT_SECONDS)
        server.ehlo_or_helo_if_needed()
        if self._server.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=_opportunistic())
            server.ehlo()
        if self._server.username:
            server.login(unquote(self._server.username), unquote(self._server.password or ""))
        self._connection = server
        return server

    def _wait(self) -> None:
        """Keep to the most messages an hour."""
        if self._pause:
            time.sleep(max(0.0, self._next_at - time.monotonic()))
            self._next_at = time.monotonic() + self._pause

    def ask(self, batch: Batch) -> Mapping[str, Answer]:
        """Say of each notice whether the mail server has it."""
        return self._ask([n.to.notice_id for n in batch.notices])

    def receipts(self) -> Iterator[Receipt]:
        """Yield nothing: bounces come to a mailbox that Amends does not read yet."""
        return iter(())

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            try:
                self._connection.quit()
            except (OSError, smtplib.SMTPException):
                self._connection.close()
            self._connection = None


def _by_code(code: int) -> State:
    return "deferred" if 400 <= code < 500 or code < 0 else "refused"


def _opportunistic() -> ssl.SSLContext:
    """Return TLS without a check of the certificate: better than none on ``smtp://``.

    Source:
        RFC 7435, opportunistic security; mail servers do the same among themselves.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _sender_address(sender: str, entity: str) -> Address:
    try:
        return Address(display_name=_one_line(entity), addr_spec=sender)
    except (ValueError, IndexError) as error:
        raise UsageError("The sender's address cannot be used", where="case.toml [channels.email] from",
                         remedy="write an address such as notices@example.com") from error  # fmt: skip


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


def message(to: Recipient, letter: Letter, sender: Address) -> EmailMessage:
    """Return one notice as a message of text and HTML; no value can become a header of its own.

    Raises:
        ValueError: The person's address cannot stand in a message.
    """
    if not MAILBOX.fullmatch(to.email):
        raise ValueError("not an address that can stand in a message")
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = Address(display_name=_one_line(to.name), addr_spec=to.email)
    made["Subject"] = f"{letter.title} - {_one_line(sender.display_name)}"
    made["Date"] = format_datetime(clock.now())
    made["Message-ID"] = f"<{to.notice_id}@{sender.domain}>"
    made["X-Notice-Id"] = to.notice_id
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(as_text(letter, to), cte="quoted-printable")
    made.add_alternative(as_html(letter, to), subtype="html", cte="quoted-printable")
    made["Content-Language"] = letter.variant.language  # after the content, whose setting drops it
    made.set_boundary(f"=_{to.notice_id}")
    return made
