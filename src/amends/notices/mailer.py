"""One message to one mailbox, by the case's mail server: for answers that are no notices.

Who calls decides whether a message may go, and writes down that it will before it does.
"""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.notices.channels.base import Outcome
from amends.notices.channels.email import MAILBOX, EmailChannel

_SECTION = "channels.email"


class Mailer:
    """Sends messages by SMTP, one connection for all of them.

    Args:
        url: ``smtp://host:port`` or ``smtps://host:port``.
        sender: Address of the sender.
        entity: Name of the sender.
        per_hour: Most messages an hour; 0 = no limit.
    """

    def __init__(self, url: str, sender: str, entity: str, per_hour: int = 0) -> None:
        self._channel = EmailChannel(url, sender, entity, {}, per_hour)
        # The channel has checked that the address can be used.
        self._from = Address(display_name=" ".join(entity.split()), addr_spec=sender)

    def send(
        self, message_id: str, to: str, subject: str, text: str, language: str = "en"
    ) -> Outcome:
        """Send one message of plain text.

        Args:
            message_id: Letters and digits; stands in ``Message-ID``.
            to: The mailbox.
            subject: One line.
            text: The text.
            language: Of its first part.

        Returns:
            ``accepted``; ``refused`` for good; ``deferred``: surely not taken; ``unknown``: may have been.
        """
        if not MAILBOX.fullmatch(to) or not message_id.isalnum():
            return Outcome(message_id, "refused", "address cannot be used")
        made = EmailMessage(policy=SMTP)
        made["From"] = self._from
        made["To"] = Address(addr_spec=to)
        made["Subject"] = " ".join(subject.split())
        made["Date"] = format_datetime(clock.now())
        made["Message-ID"] = f"<{message_id}@{self._from.domain}>"
        made["Auto-Submitted"] = "auto-replied"
        made.set_content(text, cte="quoted-printable")
        made["Content-Language"] = language  # after the content, whose setting drops it
        outcome, broken = self._channel.hand_over(message_id, to, made.as_bytes(policy=SMTP))
        if broken:
            self._channel.close()
        return outcome

    def close(self) -> None:
        """End the connection."""
        self._channel.close()


def open_mailer(case: Case, entity: str = "") -> Mailer:
    """Return the mailer of a case, by its settings for e-mail.

    Raises:
        UsageError: A setting is missing or cannot be used.
    """
    url, sender = (case.config.text(_SECTION, key) for key in ("url", "from"))
    domain = case.config.text("case", "domain")
    if not url:
        raise UsageError("No mail server is set", where=f"case.toml [{_SECTION}] url",
                         remedy="write smtp://host:port")  # fmt: skip
    if not sender and not domain:
        raise UsageError("No sender of e-mails is set", where=f"case.toml [{_SECTION}] from",
                         remedy="write notices@your-domain")  # fmt: skip
    name = entity or case.config.text("case", "entity")
    return Mailer(
        url, sender or f"notices@{domain}", name, case.config.number(_SECTION, "per_hour")
    )
