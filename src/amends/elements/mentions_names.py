"""When two names are one person's, and when an e-mail address spells a name.

Source:
    Own work; usage of initials and shortened names within one document.
"""

from __future__ import annotations

import re

from amends.elements.text_parts import name_parts


def plain_of(value: str) -> str:
    """Return the letters and digits of a value, upper case."""
    return "".join(c for c in value if c.isalnum()).upper()


def name_words(value: str) -> tuple[str, ...]:
    """Return the words of a name, lower case, titles and suffixes off."""
    parts = name_parts(value)
    words = f"{parts.first} {parts.middle} {parts.last}".lower().replace(".", "").split()
    return tuple(words)


def is_same(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether two names of one block are the same person's: one's words all stand in the other."""
    short, long = sorted((one, other), key=len)
    if not short:
        return False
    if len(short) == len(long):
        return short == long
    return all(any(w == v or (len(w) == 1 and v.startswith(w)) for v in long) for w in short)


def is_spelt_in(email: str, words: tuple[str, ...]) -> bool:
    """Tell whether an e-mail address spells a name: its last word, and the first or its initial."""
    local = re.sub(r"[^a-z]", "", email.lower().partition("@")[0])
    return (
        len(words) > 1
        and len(words[-1]) > 2
        and words[-1] in local
        and (words[0] in local or local[:1] == words[0][:1])
    )
