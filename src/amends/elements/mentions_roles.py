"""What part a person named in a document plays: spoken of, writing, written to, or at work on the case.

Data go to those spoken of. "My SSN" is the writer's, "your SSN" that of whom the letter greets; staff hold no more
than their own telephone number and e-mail address.

Source:
    Own work, on letters, e-mails, chats and forms; requirement R10 (an identifier must not be named to the wrong
    person).
"""

from __future__ import annotations

import re

SUBJECT, STAFF, WRITER, GREETED, TITLED = "subject", "staff", "writer", "greeted", "titled"
# What somebody who only writes, or only handles the case, may hold.
CONTACT = frozenset(["email", "phone", "employee_id", "ip"])

_STAFF = re.compile(
    r"\b(?:agents?|rep(?:resentative)?|csr|associate|advisor|supervisor|officer|dr|doctor|physician|provider"
    r"|nurse|attorney|judge"
    r"|technician|clerk|prepared by|reviewed by|signed by|approved by|entered by|handled by|assisted by|manager"
    r"|notary|assigned to|verified by|taken by|logged by|witness(?:ed by)?"
    r"|hi this is|thank you for calling [^\n]{0,30}this is|by)[ \t]*[:,.]?[ \t]*(?:mrs?|ms|dr)?\.?[ \t]*\Z",
    re.IGNORECASE,
)
_AT_WORK = re.compile(
    r",? (?:verified|checked|entered|processed|reviewed|updated|corrected|documented|noted|took|pulled)"
    r" (?:the|this|that|a|an|customer|cust|caller|cx|acct|account|their)\b"
)
_FROM = re.compile(r"(?:^|\n)[ \t>]*(?:from|de|sender)[ \t]*:[ \t]*\"?\Z", re.IGNORECASE)
_TO = re.compile(r"(?:^|\n)[ \t>]*(?:to|cc|bcc|para)[ \t]*:[^\n]{0,60}\Z", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:^|\n)[ \t>]*(?:hi|hello|hey|dear|hola|estimad[oa]|good (?:morning|afternoon))"
    r"[ \t]+(?:(?:mrs?|ms|dr|sr|sra)\.?[ \t]+)?\Z",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:^|\n)[ \t>]*(?:(?:best|kind|warm)?[ \t]*regards|sincerely|thanks(?: again)?|thank you|best|cheers"
    r"|respectfully|yours truly|atentamente|saludos|gracias)[ \t]*[,.!]?[ \t]*\n[ \t>\n]*\Z",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"(?:^|\n)[ \t>]*(?:subject|asunto|re|regarding|in re|about)[ \t]*:[^\n]{0,60}\Z", re.IGNORECASE
)
_THING = (
    r"(?:(?:new|old|full|own|current|home|mailing|bank|last|four|4|of|social|date|driver'?s?|account|customer|temporary)"
    r"[ ])*(?:ssn|social|security|dob|birth|birthday|account|acct|licen[cs]e|card|pin|password|pass ?code|passport"
    r"|imei|imsi|sim|phone|number|address|cell|e-?mail|user ?name|id)\b[^.;\n?!]{0,40}\Z"
)
_MY = re.compile(rf"\b(?:my|mi) {_THING}", re.IGNORECASE)
_YOUR = re.compile(rf"\b(?:your|su|tu) {_THING}", re.IGNORECASE)


def role_of(text: str, start: int, end: int) -> str:
    """Return the part of the person whose name lies at a place.

    Returns:
        ``SUBJECT`` when nothing says otherwise, ``STAFF``, ``WRITER`` (sender or signature), ``GREETED``, or
        ``TITLED`` (named in a mail's subject line).
    """
    before = text[max(0, start - 90) : start]
    if _FROM.search(before) or _CLOSING.search(before):
        return WRITER
    if _GREETING.search(before):
        return GREETED
    if _TO.search(before):
        return STAFF
    if _STAFF.search(before.rsplit("\n", 1)[-1][-60:]) or _AT_WORK.match(text, end):
        return STAFF
    return TITLED if _TITLE.search(before) else SUBJECT


def spoken_by(text: str, start: int) -> str:
    """Return ``WRITER`` when "my …" leads to a place, ``GREETED`` when "your …" does, "" else."""
    before = text[max(0, start - 90) : start]
    if _MY.search(before):
        return WRITER
    return GREETED if _YOUR.search(before) else ""
