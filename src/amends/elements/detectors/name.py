"""Names of people without a model: name lists, capitals, titles, and the words around.

A run of capitalised words is cut where a word cannot be part of a name; what is left is weighed by what its words
are (given name, family name, unknown, common word) and by what stands before and after it.

Sources:
    Census Bureau 2010 surnames and Social Security Administration given names (``words.kinds``); particles and
    titles by usage. Weights are ours, set on own texts; accuracy is published by ``bench/text.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from amends.elements.detectors.base import Finding
from amends.elements.detectors.name_lead import Lead, before_name
from amends.elements.detectors.words import (
    BUSINESS,
    COMMON,
    FAMILY,
    GIVEN,
    PARTICLE,
    PROPER,
    STREET,
    SUFFIX,
    TITLE,
    is_contraction,
    kinds,
)

_LETTER = r"[^\W\d_]"
_RUN = re.compile(
    r"(?<![\w@/.\\-])[A-Z\u00c0-\u00de\u0100-\u024f\u0370-\u03ff\u0400-\u042f](?:[\w'-]*\w)?\.?"
    r"(?:[ ](?:(?:de|la|del|van|der|den|von|da|dos|di|du|le|el|al|bin|ibn|bint|ben|ter|ten|y|e)[ ]){0,3}"
    r"[A-Z\u00c0-\u00de\u0100-\u024f\u0370-\u03ff\u0400-\u042f](?:[\w'-]*\w)?\.?|, (?:Jr|Sr|II|III|IV)\b\.?){0,7}"
)
_AFTER_ACTS = re.compile(
    r"(?:,? (?:says|said|told|wrote|writes|asked|called|is|was|has|had|will|would|can|lives|works|born|and|who"
    r"|wants|needs|from|replied|began"
    r"|reported|visited|stated|confirmed|requested|moved|had given)\b|'s\b|:|,)"
)
_PERSON_ACTS = re.compile(
    r"(?: (?:says|said|told|wrote|began|asked|called|had|has|was born|lives|works|wants|needs|replied|reported"
    r"|stated|confirmed"
    r"|requested|moved|is from|is a very|is very|is my|spent|came|went|gave|thinks)\b|: [\"A-Z]|, (?:can"
    r"|could|please|would|do|are|you|I)\b)"
)
_ADDRESS_AFTER = re.compile(
    r"[ ](?:street|st|avenue|ave|road|rd|blvd|drive|lane|county|city|river|lake|park|airport|beach|island)\b",
    re.I,
)
_COMMA_FORM = re.compile(rf", ([A-Z]{_LETTER}{{1,20}})(?: ([A-Z])\b\.?)?(?![\w])")


_ALL_LETTERS = re.compile(r"[^\W\d_](?:[^\W\d_]|['-])*").fullmatch
_HAS_DIGIT = re.compile(r"[0-9_]").search
_NO_NAME = COMMON | PROPER | TITLE | BUSINESS | PARTICLE | SUFFIX | STREET


def find_names(text: str) -> Iterator[Finding]:
    """Yield names of people in a text (the shadow's), with how sure and why."""
    known = kinds()
    for run in _RUN.finditer(text):
        value = run.group()
        if " " not in value:
            kind = known.get(value.lower(), 0)
            if kind & FAMILY and text[run.end() : run.end() + 2] == ", ":
                yield from _last_first(text, run.start(), run.end(), known)
            if not kind & _NO_NAME or kind & (GIVEN | FAMILY):
                yield from _single(text, run.start(), value, known)
            continue
        yield from _cut(text, run.start(), value, known)
    if not _has_capitals(text):
        yield from _lower_case(text, known)


def _last_first(text: str, start: int, end: int, known: dict[str, int]) -> Iterator[Finding]:
    """Yield "Smith, John A." where it opens a line or a cell, or a word before tells that it is a name."""
    rest = _COMMA_FORM.match(text, end)
    if rest is None or not known.get(rest[1].lower(), 0) & GIVEN:
        return
    lead = before_name(text, start)
    if lead.told or (lead.opens and text[rest.end() : rest.end() + 1] not in (",", ".")):
        yield Finding(
            start, rest.end(), "name", 0.88 if lead.told else 0.8, ("family name", "given name")
        )


def _has_capitals(text: str) -> bool:
    return any(c.isupper() for c in text[:4000])


@lru_cache(65536)
def _kind(word: str) -> int:
    known = kinds()
    lower = word.lower().rstrip(".")
    kind = known.get(lower, 0)
    if "'" in lower and is_contraction(lower):
        return COMMON
    if not kind and "'" in lower:
        stem = lower[:-2] if lower.endswith("'s") else lower.replace("'", "")
        kind = known.get(stem, 0)
    if not kind and "-" in lower:
        parts = [known.get(p, 0) for p in lower.split("-") if p]
        kind = GIVEN if all(p & (GIVEN | FAMILY) for p in parts) else 0
        kind |= COMMON if any(p & COMMON and not p & (GIVEN | FAMILY) for p in parts) else 0
    return kind


def _words(run: str, offset: int) -> list[tuple[int, str, int]]:
    """Return (place, word, kind) of the words of a run."""
    words = []
    for word in run.split(" "):
        if word:
            words.append((offset, word, _kind(word.rstrip(","))))
        offset += len(word) + 1
    return words


def _cut(text: str, offset: int, run: str, known: dict[str, int]) -> Iterator[Finding]:
    """Cut a run of capitalised words where one cannot be part of a name, and weigh the pieces."""
    words = _words(run, offset)
    if any(kind & BUSINESS for _, _, kind in words[1:]) or any(
        kind & STREET for _, _, kind in words[:-1]
    ):
        return
    if words[-1][2] & STREET and not words[-1][2] & FAMILY:
        return
    piece: list[tuple[int, str, int]] = []
    for place, word, kind in words:
        if _cannot_be_name(word, kind, bool(piece)):
            yield from _weigh(text, piece, known)
            piece = []
        else:
            piece.append((place, word, kind))
            ends_sentence = word.endswith(".") and len(word) > 3 and not kind & SUFFIX
            if ends_sentence or word.lower().endswith("'s"):
                yield from _weigh(text, piece, known)
                piece = []
    yield from _weigh(text, piece, known)


def _cannot_be_name(word: str, kind: int, inside: bool) -> bool:
    if kind & TITLE and not kind & FAMILY:
        return True
    if kind & TITLE and not inside:
        return True
    if kind & (GIVEN | FAMILY):
        return kind & PROPER != 0 and not inside and kind & GIVEN == 0
    if kind & (PARTICLE | SUFFIX):
        return not inside
    plain = word.rstrip(".,")
    if kind & PROPER and not kind & COMMON and inside:
        return False
    if len(plain) == 1:
        return plain in "I" and not inside
    return (
        bool(kind & (COMMON | PROPER))
        or _HAS_DIGIT(word) is not None
        or (plain.isupper() and len(plain) < 4)
    )


def _weigh(
    text: str, piece: list[tuple[int, str, int]], known: dict[str, int]
) -> Iterator[Finding]:
    """Weigh a run of words each of which may be part of a name."""
    piece = _trimmed(piece)
    if not piece:
        return
    start, (last_place, last_word, last_kind) = piece[0][0], piece[-1]
    if len(piece) == 1:
        yield from _single(text, start, last_word, known)
        return
    end = last_place + len(last_word)
    if last_word.lower().endswith("'s"):
        end -= 2
    elif last_word.endswith((",", ".")) and not (len(last_word) == 2 or last_kind & SUFFIX):
        end -= 1
    sure, why = _full_name(piece)
    lead = before_name(text, start)
    if lead.told or lead.weak:
        sure, why = sure + (0.3 if lead.told else 0.12), (*why, "words before")
    sure -= _doubt(lead, given=bool(piece[0][2] & GIVEN))
    sure += _after(text, end)
    if sure >= 0.3:
        yield Finding(start, end, "name", round(min(sure, 0.98), 2), why)


def _trimmed(piece: list[tuple[int, str, int]]) -> list[tuple[int, str, int]]:
    """Return a piece without particles at its end; nothing when only an initial is left."""
    while piece and piece[-1][2] & PARTICLE and not piece[-1][2] & FAMILY:
        piece = piece[:-1]
    return [] if len(piece) == 1 and len(piece[0][1].strip(".,")) == 1 else piece


def _doubt(lead: Lead, *, given: bool) -> float:
    """Return how much the words before speak against a full name."""
    doubt = 0.25 if lead.article else 0.0
    if lead.place and not given:
        doubt += 0.28
    return doubt + (0.4 if lead.number else 0.0)


def _after(text: str, end: int) -> float:
    """Return how much what follows speaks for a name, below zero when against."""
    worth = 0.07 if _AFTER_ACTS.match(text, end) else 0.0
    sign = text[end : end + 1]
    if sign == " " and _ADDRESS_AFTER.match(text, end):
        worth -= 0.4
    return worth - 0.4 if sign and sign in "/_@" else worth


def _full_name(piece: list[tuple[int, str, int]]) -> tuple[float, tuple[str, ...]]:
    """Weigh two or more words that may be one name."""
    marks = [
        (w, k)
        for _, w, k in piece
        if (len(w.strip(".,")) > 1 and not k & (SUFFIX | PARTICLE)) or k & FAMILY
    ]
    marks = marks or [(w, k) for _, w, k in piece]
    first, last = marks[0][1], marks[-1][1]
    initial = any(len(w.strip(".,")) == 1 for _, w, _ in piece)
    why: tuple[str, ...] = ("capitals",)
    sure = 0.5
    if first & GIVEN:
        sure += 0.28 if not first & COMMON else 0.18
        why = (*why, "given name")
    elif first & FAMILY and last & GIVEN:
        sure += 0.15
    if len(marks) > 1 and last & FAMILY:
        sure += 0.14 if not last & COMMON else 0.08
        why = (*why, "family name")
    if initial:
        sure += 0.1
    if len(marks) > 1 and not last and first & GIVEN:
        sure += 0.06
    if all(k & COMMON for _, k in marks):
        sure -= 0.22
    if len(marks) > 4:
        sure -= 0.25
    if not any(k & (GIVEN | FAMILY) for _, k in marks):
        sure -= 0.08
    if all(w.isupper() for w, _ in marks) and not first & GIVEN:
        sure -= 0.25
    return sure, why


def _single(text: str, start: int, word: str, known: dict[str, int]) -> Iterator[Finding]:
    """Weigh one capitalised word."""
    kind = _kind(word)
    plain = word.rstrip(".,")
    if plain.lower().endswith("'s"):
        plain = plain[:-2]
    if len(plain) < 2 or not _ALL_LETTERS(plain) or kind & (TITLE | BUSINESS | PARTICLE | SUFFIX):
        return
    if kind & COMMON and not kind & (GIVEN | FAMILY):
        return
    end = start + len(plain)
    lead = before_name(text, start)
    sure, why = _single_worth(kind, plain, lead, text, start)
    if sure <= 0:
        return
    if lead.told:
        sure, why = sure + 0.35, (*why, "words before")
    elif lead.place:
        sure -= 0.25 if not kind & GIVEN else 0.06
    elif lead.weak:
        sure += 0.14
    sure += _after(text, end)
    if sure >= 0.3:
        yield Finding(start, end, "name", round(min(sure, 0.95), 2), why)


def _single_worth(
    kind: int, plain: str, lead: Lead, text: str, start: int
) -> tuple[float, tuple[str, ...]]:
    if plain.isupper() and len(plain) > 1:
        return (0.2, ("given name",)) if kind & GIVEN and not kind & COMMON else (0.0, ())
    if kind & PROPER:
        return (0.3, ("given name",)) if kind & GIVEN else (0.0, ())
    if kind & GIVEN:
        if kind & COMMON:
            return 0.22, ("given name",)
        return 0.52, ("given name",)
    if kind & FAMILY:
        return (0.12 if kind & COMMON else 0.34), ("family name",)
    if not lead.opens and plain[1:].islower():
        return 0.26, ("capitals",)
    if not plain[1:].islower():
        return 0.0, ()
    acts = _PERSON_ACTS.match(text, start + len(plain))
    return (0.38 if acts else 0.2), ("capitals",)


_LOWER_WORD = re.compile(r"(?<![\w@./-])[^\W\d_][^\W\d_'-]+(?![\w@])")
_NEXT_WORD = re.compile(r" ([^\W\d_][^\W\d_'-]+)(?![\w@])")
_LOWER_BEFORE = re.compile(
    r"\b(?:my name is|name is|names? *[:=]|dear|hi|hello|i'm|i am|mrs?\.?|ms\.?|dr\.?) *\Z"
)


def _lower_case(text: str, known: dict[str, int]) -> Iterator[Finding]:
    """Yield names in a text without capitals: given names that are no words, with what follows."""
    place = 0
    while True:
        match = _LOWER_WORD.search(text, place)
        if match is None:
            return
        place = match.end()
        word = match.group()
        kind = known.get(word, 0)
        told = _LOWER_BEFORE.search(text, max(0, match.start() - 16), match.start()) is not None
        plain_given = kind & GIVEN and not kind & (COMMON | PROPER | PARTICLE)
        if not plain_given and not (told and not kind & COMMON):
            continue
        end, sure = match.end(), 0.52 if plain_given else 0.5
        after = _NEXT_WORD.match(text, end)
        if after:
            next_kind = known.get(after.group(1), 0)
            if (next_kind & FAMILY and not next_kind & COMMON) or not next_kind:
                end, sure, place = after.end(), 0.66, after.end()
        yield Finding(
            match.start(), end, "name", sure + (0.25 if told else 0.0), ("given name", "lower case")
        )
