"""Words in a message that are not ours: the guard against a true number in a changed letter.

Names, addresses, greetings and mail headers are not in our wording and may stand there; sentences may not.
"""

from __future__ import annotations

import re
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from amends.portal.scam.lists import listed
from amends.portal.scam.register import SentRegister
from amends.portal.scam.wording import NUMBER, Words, coverage

# A name with its address is at most this long; more together is a text.
_MOST_TOGETHER = 16
_MOST_IN_ALL = 40
_HEADER = re.compile(
    r"^[>*\s]{0,8}(?:from|de|to|para|cc|date|fecha|sent|enviado|reply-to|return-path|message-id|x-notice-id|"
    r"received|delivered-to|authentication-results)\*?[ \t]{0,4}:.*$",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^[>*\s]{0,8}(?:subject|asunto)\*?[ \t]{0,4}:[ \t]*(?:(?:re|fwd?|rv)[ \t]*:[ \t]*)?(.*)$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W{0,4}(?:dear|to the (?:parent or guardian|family) of|to|parent or guardian of|family of|estimad[oa](?:/a)?|"
    r"a la familia de|a|familia de|al padre, madre o tutor de|padre, madre o tutor de)\s+(.{1,80}?)\s{0,4}[:,]?\s*$",
    re.IGNORECASE,
)
_SMALL = listed("small_words")
_OF_MAIL = listed("of_mail")
_TELLING = listed("telling_words")


def strange_words(text: str, register: SentRegister) -> bool:
    """Say whether a message has sentences that are not of our letters, beside names, addresses and headers."""
    body = "\n".join(_line(line, register) for line in text.splitlines())
    seen = coverage(body, register.runs, register.run_key)
    in_all = 0
    for line, mask in zip(seen.lines, seen.ours, strict=True):
        for stretch in _stretches(line, mask):
            in_all += len(stretch)
            if len(stretch) > _MOST_TOGETHER or not _like_a_name(stretch):
                return True
    return in_all > _MOST_IN_ALL


def _line(line: str, register: SentRegister) -> str:
    """Return a line without what no letter's wording has: mail headers, a known subject, the name in a greeting."""
    if _HEADER.match(line):
        return ""
    subject = _SUBJECT.match(line)
    if subject:
        return "" if subject.group(1).strip() in register.own.subjects else subject.group(1)
    greeting = _GREETING.match(line)
    return greeting.group(1) if greeting else line.lstrip(">*• \t")


def _stretches(line: Words, mask: NDArray[np.bool_]) -> list[list[str]]:
    """Return the stretches of words that are not ours, as written, without numbers of notices and codes."""
    marked = zip(line.written, mask.tolist(), strict=True)
    return [
        [word for word, _ in run if word != NUMBER and word.casefold() not in _OF_MAIL]
        for ours, run in groupby(marked, key=lambda pair: bool(pair[1]))
        if not ours
    ]


def _like_a_name(stretch: list[str]) -> bool:
    """Say whether words could be a name, an address, a date or a number: capitals and digits, nothing that tells."""
    for word in stretch:
        small = word.casefold()
        if small in _TELLING:
            return False
        if not (word[0].isupper() or word[0].isdigit() or small in _SMALL or len(word) == 1):
            return False
    return True
