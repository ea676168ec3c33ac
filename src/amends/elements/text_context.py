"""What stands around a candidate: labels right before it, words that speak for it or against it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

_BEFORE, _AFTER = 90, 40
_SIGNS = " :=#\n\t\"'*.,-"
_PLAIN_SIGNS = frozenset(" :=#-\n\t")
# What may stand between a label and its value: signs, and words that only lead over.
_LEAD = re.compile(
    r"(?>(?:[\s:=#>\"'*|\].,~\-]|\([^()0-9\n]{0,24}\)|\((?=[0-9])"
    r"|(?:numbers?|num|nbr|no|id|is|was|are|be|the|a|an|my|your|his|her|its|it|of|on|at|file|currently|still|just|now"
    r"|under|as|to|me|back|us|him|reads?|shows?|says?|ends?|ending|in|with|value|code|card|name|used|new|set"
    r"|reset|updated?"
    r"|changed|sure|yes|yeah|ok|okay|here|so|that|thats|s|info|information|and|es|el|la|del|de|su|mi|numero|num|nro"
    r"|details?|address|account|date|for)\b){0,14})",
    re.IGNORECASE,
)


def end_of_lead(text: str, place: int) -> int:
    """Return where a value may begin after a label that ends at ``place``."""
    while text[place : place + 1] in _PLAIN_SIGNS:
        place += 1
    if not text[place : place + 1].isalpha() and text[place : place + 1] not in "(|]>~.,\"'*":
        return place
    found = _LEAD.match(text, place, place + 80)
    return found.end() if found else place


class Context:
    """The words of one text, by place.

    Args:
        text: The shadow's text.
        words: (end, word number) in order of place.
        bits: Word number → elements it speaks for; 0 for a word against.
    """

    def __init__(self, text: str, words: Sequence[tuple[int, int]], bits: Sequence[int]) -> None:
        self._text = text
        self._ends = [end for end, _ in words]
        self._bits = [bits[number] for _, number in words]
        self._lead_ends: dict[int, int] = {}
        self._last_place = (-1, -1)
        self._last = (0, 0, False)

    def around(self, start: int, end: int) -> tuple[int, int, bool]:
        """Return (elements spoken for, elements labelled, whether the nearest word speaks against)."""
        # Shapes that end at one place often begin at one place.
        if self._last_place == (start, end):
            return self._last
        self._last_place = (start, end)
        self._last = self._look(start, end)
        return self._last

    def _look(self, start: int, end: int) -> tuple[int, int, bool]:
        ends, bits = self._ends, self._bits
        place = bisect_right(ends, start) - 1
        nearby = label = 0
        against = False
        decided = False
        while place >= 0 and ends[place] >= start - _BEFORE:
            speaks = bits[place]
            if not speaks:
                against = against or (not decided and self._leads(ends[place], start, 44))
            else:
                nearby |= speaks
                if not against and self._leads(ends[place], start, 48):
                    label |= speaks
            if start - ends[place] > 3:
                decided = True
            place -= 1
        place = bisect_right(ends, end)
        while place < len(ends) and ends[place] <= end + _AFTER:
            nearby |= bits[place]
            place += 1
        return nearby, label, against

    def _leads(self, word_end: int, start: int, most: int) -> bool:
        """Tell whether only leading words and signs stand between a word and a value."""
        if start - word_end > most:
            return False
        return not self._text[word_end:start].strip(_SIGNS) or self.lead_end(word_end) >= start

    def lead_end(self, word_end: int) -> int:
        """Return where a value may begin after a label; looked up once a word."""
        known = self._lead_ends.get(word_end)
        if known is None:
            known = self._lead_ends[word_end] = end_of_lead(self._text, word_end)
        return known

    def word_between(self, start: int, end: int, allowed: int) -> bool:
        """Tell whether a word for another element than the allowed (bits), or against, ends between two places."""
        place = bisect_right(self._ends, start)
        while place < len(self._ends) and self._ends[place] <= end:
            if not self._bits[place] & allowed:
                return True
            place += 1
        return False
