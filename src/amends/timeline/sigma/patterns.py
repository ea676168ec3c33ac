"""Regular expressions of rules: made fit for an engine that cannot be driven into the ground.

RE2 (in Arrow) takes time linear in the text, whatever the pattern. The few patterns it does not know (looking
ahead, looking back) go to Python's own engine, unless they nest endless repetition.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

COUNTED = re.compile(r"\{\d*,?\d*\}")
FLAGGED = re.compile(r"\(\?[ims]+\)")
ENDLESS = re.compile(r"[*+|]|\{\d+,\d*\}")
REPEATED = re.compile(r"[*+]|\{\d+,\}")


def ends_as_sigma(pattern: str) -> str:
    """Return a pattern in which ``$`` also stands before a last line end, as in PCRE; RE2 means the very end."""
    if "$" not in pattern:
        return pattern
    made, place, in_class = [], 0, False
    while place < len(pattern):
        sign = pattern[place]
        if sign == "\\":
            made.append(pattern[place : place + 2])
            place += 2
            continue
        in_class = sign == "[" or (in_class and sign != "]")
        made.append(r"(?:\n?\z)" if sign == "$" and not in_class else sign)
        place += 1
    return "".join(made)


def for_arrow(pattern: str, flags: str) -> str:
    """Return the pattern as RE2 takes it, flags in front."""
    body = pattern if "m" in flags else ends_as_sigma(pattern)
    return f"(?{flags}){body}" if flags else body


def linear(pattern: str, flags: str) -> bool:
    """Answer whether RE2 knows the pattern."""
    try:
        pc.match_substring_regex(pa.array([""]), for_arrow(pattern, flags))
    except pa.ArrowInvalid:
        return False
    return True


def nests_repetition(pattern: str) -> bool:
    """Answer whether a pattern repeats endlessly what repeats, or has a choice: a text can make it run for years."""
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "(":
            end = _group_end(pattern, place)
            if end < 0:
                return True
            if REPEATED.match(pattern, end) and ENDLESS.search(pattern, place, end):
                return True
        place = _class_end(pattern, place) if sign == "[" else place + (2 if sign == "\\" else 1)
    return False


def required_literal(pattern: str) -> str:
    """Return the longest text, in lower case, that every match must contain; "" when none is certain.

    Only what stands outside groups, classes and alternatives is looked at: less may be found than is there, never
    more.
    """
    runs: list[str] = []
    run = ""
    flagged = FLAGGED.match(pattern)
    place = flagged.end() if flagged else 0
    while place < len(pattern):
        literal, end = _token(pattern, place)
        if end < 0:
            return ""
        quantifier = pattern[end : end + 1]
        if literal and quantifier not in ("*", "?", "{"):
            run += literal
        else:
            runs.append(run)
            run = ""
        if literal and quantifier == "+":
            runs.append(run)
            run = ""
        place = _past_quantifier(pattern, end)
    runs.append(run)
    return max(runs, key=len).lower()


def _token(pattern: str, place: int) -> tuple[str, int]:
    """Return the literal sign at a place ("" for anything else) and where it ends; -1 when nothing is certain."""
    sign = pattern[place]
    if sign == "|" or pattern.startswith("(?", place):
        # an alternative, or a group that may change the flags or the meaning of what follows
        return (
            ("", -1)
            if sign == "|" or pattern[place + 2 : place + 3] != ":"
            else ("", _group_end(pattern, place))
        )
    if sign == "(":
        return "", _group_end(pattern, place)
    if sign == "[":
        return "", _class_end(pattern, place)
    if sign == "\\":
        escaped = pattern[place + 1 : place + 2]
        return ("" if escaped.isalnum() or not escaped.isascii() else escaped), place + 2 + _longer(
            pattern, place
        )
    return ("" if sign in ".^$*+?{}" or not sign.isascii() else sign), place + 1


def _longer(pattern: str, place: int) -> int:
    """Return how many signs of an escape such as x41 follow the two first; such an escape ends the search."""
    return len(pattern) if pattern[place + 1 : place + 2] in "xuUNpPoQ0123456789" else 0


def _class_end(pattern: str, place: int) -> int:
    at = place + 1
    at += pattern[at : at + 1] == "^"
    at += pattern[at : at + 1] == "]"
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


def _group_end(pattern: str, place: int) -> int:
    depth, at = 0, place
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 2
            continue
        if sign == "[":
            at = _class_end(pattern, at)
            continue
        depth += (sign == "(") - (sign == ")")
        at += 1
        if depth == 0:
            return at
    return -1


def _past_quantifier(pattern: str, place: int) -> int:
    sign = pattern[place : place + 1]
    if sign == "{":
        counted = COUNTED.match(pattern, place)
        place = counted.end() if counted else place + 1
    elif sign and sign in "*+?":
        place += 1
    else:
        return place
    return place + (pattern[place : place + 1] in ("?", "+"))
