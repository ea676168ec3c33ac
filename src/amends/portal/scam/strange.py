"""Words in a message that are not ours: the guard against a true number in a changed letter.

Names, addresses, greetings and mail headers are not in our wording and may stand there; sentences may not.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from amends.portal.scam.lists import listed
from amends.portal.scam.register import SentRegister
from amends.portal.scam.wording import NUMBER, Words, coverage

# A name with its address is at most this long; more together is a text.
_MOST_TOGETHER = 16
_MOST_IN_ALL = 40
_PEOPLE = re.compile(
    r"^[>*\s]{0,8}(?:from|de|to|para|cc|cco|bcc|date|fecha|sent|enviado|reply-to|responder a)\*?[ \t]{0,4}:(.*)$",
    re.IGNORECASE,
)
_TECHNICAL = re.compile(
    r"^[>*\s]{0,8}(?:return-path|message-id|x-notice-id|received|delivered-to|authentication-results|mime-version|"
    r"content-type|content-transfer-encoding|content-language|auto-submitted)\*?[ \t]{0,4}:(.*)$",
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
# What points somewhere, in a form that is no plain link or telephone number.
_POINTS = re.compile(
    r"@|\\|://|[^\W\d_]{2,}[.\u3002\uff61]\s?[^\W\d_]{2,}|(?<![\d-])\d{3}[-. ]\d{4}(?![\d-])"
)
# Longest word of a name; what is longer is no word.
_LONGEST_WORD = 24
_SMALL = listed("small_words")
_OF_MAIL = listed("of_mail")
_TELLING = listed("telling_words")


@dataclass(frozen=True)
class Likeness:
    """How a message compares with the wording of our letters.

    Attributes:
        strange: Whether it has sentences, or points to something, that no letter of ours has.
        share_ours: Share of its words that stand in wording of ours.
    """

    strange: bool
    share_ours: float


def likeness(text: str, register: SentRegister) -> Likeness:
    """Compare a message with our letters; names, addresses and headers beside their wording are not strange."""
    kept = [own for raw in text.splitlines() if (own := _line(raw, register)).strip()]
    seen = coverage("\n".join(kept), register.runs, register.run_key)
    in_all = n_words = n_ours = 0
    strange = False
    for line, mask in zip(seen.lines, seen.ours, strict=True):
        n_words += len(mask)
        n_ours += int(mask.sum())
        for stretch in _stretches(line, mask):
            in_all += len(stretch)
            strange = strange or len(stretch) > _MOST_TOGETHER or not _like_a_name(stretch)
        strange = strange or (not mask.all() and bool(_POINTS.search(line.plain)))
    return Likeness(strange or in_all > _MOST_IN_ALL, n_ours / n_words if n_words else 0.0)


def _line(line: str, register: SentRegister) -> str:
    """Return what of a line has to be ours or a name: the value of a mail header, the name in a greeting."""
    people = _PEOPLE.match(line)
    if people:
        return people.group(1)
    technical = _TECHNICAL.match(line)
    if technical:
        return technical.group(1) if _TELLING & set(_bare(technical.group(1)).split()) else ""
    subject = _SUBJECT.match(line)
    if subject:
        return "" if subject.group(1).strip() in register.own.subjects else subject.group(1)
    greeting = _GREETING.match(line)
    return greeting.group(1) if greeting else line.lstrip(">*•· \t")


def _stretches(line: Words, mask: NDArray[np.bool_]) -> list[list[str]]:
    """Return the stretches of words that are not ours, as written, without numbers of notices and codes."""
    marked = zip(line.written, mask.tolist(), strict=True)
    return [
        [word for word, _ in run if word != NUMBER and _bare(word) not in _OF_MAIL]
        for ours, run in groupby(marked, key=lambda pair: bool(pair[1]))
        if not ours
    ]


def _bare(text: str) -> str:
    """Return a text in small letters without accents."""
    whole = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in whole if not unicodedata.combining(c))


def _like_a_name(stretch: list[str]) -> bool:
    """Say whether words could be a name, an address, a date or a number: capitals and digits, nothing that tells."""
    if sum(1 for word in stretch if len(word) == 1 and word.isalpha()) > 3:
        return False
    return all(_name_word(word) for word in stretch)


def _name_word(word: str) -> bool:
    bare = _bare(word)
    if bare in _TELLING or len(word) > _LONGEST_WORD:
        return False
    return word[0].isupper() or word[0].isdigit() or bare in _SMALL
