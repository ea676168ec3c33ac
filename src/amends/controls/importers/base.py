"""What every importer is: it recognises its format by the first bytes, and yields what the file says.

An importer yields, in any order, ``Seen`` (a finding), ``Scan`` (what was looked at, and when) and ``Unread`` (what
could not be read, and one step that may work). It reads its stream once, forwards, and never raises on what a file
holds. A ``Seen`` belongs to the ``Scan`` of the same number within the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple, Protocol

SEVERITIES = ("critical", "high", "medium", "low", "info")
HEAD_BYTES = 64 * 1024
TITLE_LENGTH = 300
_NAME_LENGTH = 200  # of rules and places; longer ones are cut: nothing a person reads is longer


class Seen(NamedTuple):
    """A finding as one file shows it.

    Attributes:
        tool: Name of the scanner.
        rule: Its own name for what it found; a CVE or CWE where it gives exactly one.
        title: In the scanner's words.
        severity: One of ``SEVERITIES``.
        place: Host, service, file or component, for people.
        subject: What tells it from others of the same rule, where ``key_place`` does not.
        status: open, closed or suppressed.
        at: When this finding was last seen, where the file says so of each; else ``None``.
        tags: CVE and CWE numbers and control ids that the file names, upper case.
        scope: What must be looked at again before its absence means anything: a host, a file, a control.
        part: Part of the scope: a port, a script; "" for the whole.
        key_place: The place without what changes between scans (line numbers); "" for ``place`` itself.
        scan: Number of the scan within the file.
    """

    tool: str
    rule: str
    title: str
    severity: str
    place: str
    subject: str = ""
    status: str = "open"
    at: datetime | None = None
    tags: tuple[str, ...] = ()
    scope: str = ""
    part: str = ""
    key_place: str = ""
    scan: int = 0


@dataclass(frozen=True)
class Scan:
    """What one scan looked at.

    Attributes:
        number: Within the file.
        tool: Name of the scanner.
        at: When it was made; ``None`` when the file does not say.
        covered: Scopes it looked at.
    """

    number: int
    tool: str
    at: datetime | None
    covered: frozenset[str] = frozenset()

    def covers(self, scope: str, part: str) -> bool:
        """Answer whether the absence of a finding with this scope and part means that it is gone."""
        return scope in self.covered


@dataclass(frozen=True)
class Unread:
    """Something that could not be read.

    Attributes:
        place: Where in the file: ``result 17``, ``line 4``; "" for the file.
        reason: Short code: truncated, malformed, too_large, too_deep, hostile_xml, odd_encoding …
        remedy: One step that may work. Never a word of the evidence.
    """

    place: str
    reason: str
    remedy: str


Yielded = Seen | Scan | Unread


class Importer(Protocol):
    """An importer of one format."""

    @property
    def name(self) -> str:
        """Short name of the format."""
        ...

    def detect(self, head: str, name: str) -> bool:
        """Answer whether a file that begins like this is of the format.

        Args:
            head: The first 64 KiB as text.
            name: The file's name.
        """
        ...

    def read(self, stream: BinaryIO, name: str) -> Iterator[Yielded]:
        """Yield what the file says."""
        ...


CVE = re.compile(r"\bCVE-\d{4}-\d{4,7}\b", re.IGNORECASE)
CWE = re.compile(r"\bCWE[-_: ]{0,2}0*(\d{1,5})\b", re.IGNORECASE)
_GROUPED_NUMBER = re.compile(
    r"(?<![\w.-])(?:\d{3}-\d{2}-\d{4}|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7})(?![\w-])"
)
_LONG_NUMBER = re.compile(r"(?<![\w.-])\d{9,19}(?![\w-])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_ODD = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


def cves_of(text: str) -> tuple[str, ...]:
    """Return the CVE numbers in a text, each once, upper case."""
    if "-" not in text:
        return ()
    return tuple(dict.fromkeys(found.upper() for found in CVE.findall(text)))


def cwes_of(text: str) -> tuple[str, ...]:
    """Return the CWE numbers in a text, as ``CWE-79``, each once."""
    return tuple(dict.fromkeys(f"CWE-{int(found)}" for found in CWE.findall(text)))


def words(value: object, most: int = TITLE_LENGTH) -> str:
    """Return text on one line, cut, without control signs, addresses or long numbers: a title may quote evidence."""
    text = _line(value, most)
    if "@" in text:
        text = _MAIL.sub("(mail address)", text)
    return _LONG_NUMBER.sub("(number)", text)


def named(value: object) -> str:
    """Return a rule, tool or place on one line, cut; numbers of accounts and machines in it are kept."""
    return _line(value, _NAME_LENGTH)


def _line(value: object, most: int) -> str:
    if not isinstance(value, str) or not value:
        return ""
    text = value if value.isalnum() else " ".join(_ODD.sub(" ", value[: most * 4]).split())
    if "-" in text or " " in text:
        text = _GROUPED_NUMBER.sub("(number)", text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


_US = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")
_MONTH_WORDS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {word: number for number, word in enumerate(_MONTH_WORDS, 1)}
_NAMED = re.compile(
    r"([A-Za-z]{3})[a-z]* (\d{1,2}),? (\d{4})(?:,? ?(?:at )?(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)


def instant(value: object) -> datetime | None:
    """Return a time as scanners write it, in UTC; ``None`` for none.

    ISO 8601, seconds since 1970, ``08/21/2026 10:00:00`` (month first, as Qualys and Tenable write it; day first only
    where the first number cannot be a month), ``Aug 21, 2026 10:00:00``. Without a zone it is taken as UTC.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = value.strip()[:40] if isinstance(value, str) else ""
    if not text:
        return None
    try:
        if text.isdecimal() and 9 <= len(text) <= 11:
            return datetime.fromtimestamp(int(text), UTC)
        if len(text) >= 10 and text[4] == "-":
            made = datetime.fromisoformat(text.replace(" UTC", "Z"))
            return (made if made.tzinfo else made.replace(tzinfo=UTC)).astimezone(UTC)
        return _spelled(text)
    except (ValueError, OverflowError):
        return None


def _spelled(text: str) -> datetime | None:
    found = _US.match(text)
    if found:
        first, second, year, *rest = found.groups()
        month, day = int(first), int(second)
        if month > 12:
            month, day = day, month
    else:
        found = _NAMED.match(text)
        if found is None or found[1].lower() not in _MONTHS:
            return None
        _, second, year, *rest = found.groups()
        month, day = _MONTHS[found[1].lower()], int(second)
    hour, minute, second_ = (int(part or 0) for part in rest)
    return datetime(int(year), month, day, hour, minute, second_, tzinfo=UTC)
