"""Words in a message that are not ours: the guard against a true number in a changed letter.

Names, addresses, greetings and mail headers are not in our wording and may stand there; sentences may not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from amends.portal.scam.lists import listed
from amends.portal.scam.register import SentRegister
from amends.portal.scam.wording import NUMBER, Words, coverage

# A name with its address is at most this long; more together is a text.
_MOST_TOGETHER = 16
_MOST_WORDS = 8000  # several times our longest letter, text and HTML together
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
# What letters print at the foot of each page, in the midst of a paragraph that runs on.
_PAGE = re.compile(
    r"^[ \t]*(?:(?:notice number|número de aviso)\W{0,4}N[0-9A-F]{16}\W{0,4})?"
    r"(?:page|página) \d{1,3} (?:of|de) \d{1,3}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
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
_GREETS = listed("greetings")


@dataclass(frozen=True)
class Likeness:
    """How a message compares with the wording of our letters.

    Attributes:
        strange: Whether it has sentences, or points to something, that no letter of ours has.
        cut: Whether sentences of ours are cut or put together otherwise than in our letters.
        share_ours: Share of its words that stand in wording of ours.
    """

    strange: bool
    cut: bool
    share_ours: float


def likeness(text: str, register: SentRegister) -> Likeness:
    """Compare a message with our letters; names, addresses and headers beside their wording are not strange."""
    if len(text.split()) > _MOST_WORDS:
        return Likeness(True, False, 0.0)
    lines = _PAGE.sub(" ", text).splitlines()
    kept = [own for raw in lines if (own := _line(raw, register)).strip()]
    seen = coverage("\n".join(kept), register.runs, register.run_key)
    in_all = n_words = n_ours = 0
    strange = cut = False
    for line, mask, loose in zip(seen.lines, seen.ours, seen.loose, strict=True):
        n_words += len(mask)
        n_ours += int((mask | loose).sum())
        for stretch in _stretches(line, mask, loose):
            in_all += len(stretch.words)
            if not stretch.like_a_name:
                cut, strange = cut or stretch.loose, strange or not stretch.loose
        strange = strange or (not mask.all() and bool(_POINTS.search(line.plain)))
    share = n_ours / n_words if n_words else 0.0
    return Likeness(strange or in_all > _MOST_IN_ALL, cut, share)


def _line(line: str, register: SentRegister) -> str:
    """Return what of a line has to be ours or a name: of a mail header its value."""
    people = _PEOPLE.match(line)
    if people:
        return people.group(1)
    technical = _TECHNICAL.match(line)
    if technical:
        return technical.group(1) if _TELLING & set(_bare(technical.group(1)).split()) else ""
    subject = _SUBJECT.match(line)
    if subject:
        return "" if subject.group(1).strip() in register.own.subjects else subject.group(1)
    return line.lstrip(">*•· \t")


@dataclass(frozen=True)
class _Stretch:
    """Words together that are in no whole paragraph of ours; ``loose`` when all are in a part of one."""

    words: tuple[str, ...]
    loose: bool

    @property
    def like_a_name(self) -> bool:
        """Say whether they could be a name, an address, a date or a number: capitals, digits, nothing that tells."""
        if len(self.words) > _MOST_TOGETHER:
            return False
        if sum(1 for word in self.words if len(word) == 1 and word.isalpha()) > 3:
            return False
        return all(_name_word(word) for word in self.words)


def _stretches(
    line: Words, mask: NDArray[np.bool_], loose: NDArray[np.bool_]
) -> Iterator[_Stretch]:
    """Yield the stretches of words, as written, that are in no whole paragraph of ours; numbers of notices left out."""
    passed = _OF_MAIL | _GREETS if _GREETING.match(line.plain) else _OF_MAIL
    marked = zip(line.written, mask.tolist(), loose.tolist(), strict=True)
    for ours, run in groupby(marked, key=lambda word: bool(word[1])):
        if not ours:
            words = [w for w in run if w[0] != NUMBER and _bare(w[0]) not in passed]
            yield _Stretch(tuple(w[0] for w in words), all(w[2] for w in words))


def _bare(text: str) -> str:
    """Return a text in small letters without accents."""
    whole = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in whole if not unicodedata.combining(c))


def _name_word(word: str) -> bool:
    bare = _bare(word)
    if bare in _TELLING or len(word) > _LONGEST_WORD:
        return False
    return word[0].isupper() or word[0].isdigit() or bare in _SMALL
