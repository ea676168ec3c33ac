"""The scam check on a published folder, opened once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from amends.portal.published import Published
from amends.portal.scam.check import Verdict, check_message
from amends.portal.scam.register import SentRegister


def open_check(folder: Path) -> Callable[[str, str], Verdict]:
    """Return a function from a message and the answer's language to the verdict, by the edition served now.

    Raises:
        UsageError: Nothing is published there.
        TableError: A file is not what was published, or there is no register of what was sent.
    """
    served = Published.open(folder)
    register = SentRegister.open(served.edition.folder, served.keys.sent_key)
    incident = served.found.incident

    def check(text: str, language: str) -> Verdict:
        return check_message(text, register, incident, language)

    return check
