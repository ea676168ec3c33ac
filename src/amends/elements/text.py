"""Personal data in a text: every data element, where it stands, how sure, and why.

Gate (one automaton over the whole text) → window → check → context. Nothing here knows a single element; the
detectors under ``detectors/`` do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from amends.elements.detectors.address_parts import pieces_of
from amends.elements.detectors.base import (
    Candidate,
    Finding,
    Label,
    Validity,
    Verdict,
    bit,
)
from amends.elements.detectors.birth import births_in_rows, phones_in_rows
from amends.elements.detectors.name import find_names
from amends.elements.detectors.online import valid_email
from amends.elements.text_context import Context
from amends.elements.text_gate import Gate, Hits, address_gate, the_gate
from amends.elements.text_shadow import Shadow, shadow_of
from amends.elements.text_tables import TextTable, cells_found, tables_in

LEAST_CONFIDENCE = 0.4

_DOMAIN = re.compile(r"[^\W_](?:[\w-]{0,62}\.){1,8}[^\W\d_]{2,24}(?![\w@])")
_DIGIT = re.compile(r"[0-9]")
_LOCAL = re.compile(r"[\w.+%&'-]{1,64}\Z")


def find(text: str, *, names: bool = True, least: float = LEAST_CONFIDENCE) -> list[Finding]:
    """Return the personal data in a text, in order of place, no two overlapping.

    Args:
        text: Any text.
        names: Look for names and addresses too (about four times the time).
        least: Findings less sure than this are left out.
    """
    if not text:
        return []
    shadow = shadow_of(text)
    gate = the_gate()
    hits = gate.scan(shadow)
    hits.words.sort()
    context = Context(shadow.text, hits.words, gate.word_bits)
    found = [*_mail_addresses(shadow.text)]
    found += _shapes(gate, hits, shadow, context)
    tables = tables_in(shadow.text, hits.words, gate)
    for table in tables:
        found += cells_found(shadow.text, table, gate)
    found += _labelled(gate, hits, shadow, context, names=names, tables=tables)
    found += [*births_in_rows(shadow.text, found), *phones_in_rows(shadow.text, found)]
    if names:
        found += _addresses(shadow, context)
        found += find_names(shadow.text)
    return _without_overlap(f for f in found if f.confidence >= least)


def _mail_addresses(text: str) -> Iterator[Finding]:
    place = text.find("@")
    while place >= 0:
        domain = _DOMAIN.match(text, place + 1, place + 256)
        local = _LOCAL.search(text, max(0, place - 64), place) if domain else None
        if domain and local:
            begin = place - len(local.group().lstrip("'.-&%+"))
            if begin < place and valid_email(text[begin : domain.end()]) is Validity.VALID:
                yield Finding(begin, domain.end(), "email", 0.99, ("shape",))
        place = text.find("@", place + 1)


def _shapes(gate: Gate, hits: Hits, shadow: Shadow, context: Context) -> Iterator[Finding]:
    text, size = shadow.text, len(shadow.text)
    shapes = gate.shapes
    look = context.around
    for end, number in hits.shapes:
        element, shape = shapes[number]
        if shape.alone and end + 1 < size and text[end] in " ./-" and text[end + 1].isdigit():
            continue
        match = shape.match.search(text, max(0, end - shape.width), end)
        if match is None:
            continue
        if _goes_on(text, end, size):
            continue
        candidate = Candidate(text, match.start(), end, look)
        verdict = shape.judge(candidate)
        if verdict is not None:
            yield _finding(candidate, verdict, element)


def _addresses(shadow: Shadow, context: Context) -> Iterator[Finding]:
    text = shadow.text
    for end, number in address_gate().scan(shadow.words):
        shape = address_gate().shapes[number]
        match = shape.match.search(text, max(0, end - shape.width), end)
        if match is None:
            continue
        candidate = Candidate(text, match.start(), end, context.around)
        verdict = shape.judge(candidate)
        if verdict is not None and verdict.confidence >= LEAST_CONFIDENCE:
            whole = _finding(candidate, verdict, "address")
            for begin, stop, part in pieces_of(text, whole.start, whole.end):
                evidence = whole.evidence if part == "whole" else (*whole.evidence, part)
                yield replace(whole, start=begin, end=stop, evidence=evidence)


def _goes_on(text: str, end: int, size: int) -> bool:
    """Tell whether a number is cut short by the shape: "-4" or ".5" or "%" follows."""
    if end + 1 >= size:
        return end < size and text[end] == "%"
    sign = text[end]
    return sign == "%" or (sign in "-.," and text[end + 1].isdigit())


def _labelled(
    gate: Gate,
    hits: Hits,
    shadow: Shadow,
    context: Context,
    *,
    names: bool,
    tables: list[TextTable],
) -> Iterator[Finding]:
    text = shadow.text
    done: set[tuple[int, int]] = set()
    has_digit = _DIGIT.search
    headers = iter([*(t.header for t in tables), (len(text) + 1, 0)])
    header = next(headers)
    for end, number in hits.words:
        if end > header[0]:
            # A label in a header speaks for the cells below it only.
            if end <= header[1]:
                continue
            header = next(headers)
        for element, label in gate.word_labels[number]:
            if element == "address" and not names:
                continue
            if not label.wordy and not has_digit(
                text, max(0, end - 48) if label.before else end, end + label.reach + 64
            ):
                continue
            match = _value_after(label, text, end, context)
            if match is None or (id(label), match.start()) in done:
                continue
            done.add((id(label), match.start()))
            candidate = Candidate(text, match.start(), match.end(), context.around, bit(element))
            verdict = label.judge(candidate)
            if verdict is not None:
                yield _finding(candidate, verdict, element)


def _value_after(label: Label, text: str, end: int, context: Context) -> re.Match[str] | None:
    """Return the value of a label that ends at ``end``: after its lead, farther on, or before it."""
    begin = context.lead_end(end)
    if label.below or "\n" not in text[end:begin]:
        match = label.value.match(text, begin, begin + 96)
        if match is not None and match.end() > match.start():
            return match
    if not label.reach:
        return None
    for match in label.value.finditer(text, begin, begin + label.reach + 24):
        start = match.start()
        if start > begin + label.reach:
            break
        if text[start - 1 : start].isalnum() or text[start - 1] in "$.,-/" or match.end() == start:
            continue
        between = text[begin:start]
        if ("\n" in between and "?" not in between) or context.word_between(
            end, start, label.across
        ):
            break
        return match
    return _value_before(label, text, end) if label.before else None


_BEFORE_LABEL = re.compile(
    r"([0-9]{4,8}) (?:is|was|as|for) (?:my|the|your|his|her|their) (?:[a-z]+ )?\Z", re.IGNORECASE
)


def _value_before(label: Label, text: str, end: int) -> re.Match[str] | None:
    start = text.rfind(" ", 0, end)
    lead = _BEFORE_LABEL.search(text, max(0, start - 40), start + 1)
    return label.value.match(text, lead.start(1), lead.end(1)) if lead else None


def _finding(candidate: Candidate, verdict: Verdict, element: str) -> Finding:
    element = verdict.element or element
    mark = bit(element)
    evidence = verdict.evidence
    if candidate.label & mark:
        evidence = (f"label: {element}", *evidence)
    elif candidate.speaks_for & mark:
        evidence = (*evidence, f"context: {element}")
    start = candidate.start if verdict.start < 0 else verdict.start
    end = candidate.end if verdict.end < 0 else verdict.end
    return Finding(start, end, element, verdict.confidence, evidence, verdict.validity)


def _without_overlap(found: Iterable[Finding]) -> list[Finding]:
    """Keep the surest of findings that overlap; of equals the longer."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda f: (f.start, -f.end)):
        while kept and finding.start < kept[-1].end:
            if _better(kept[-1], finding):
                break
            kept.pop()
        else:
            kept.append(finding)
    return kept


def _better(first: Finding, second: Finding) -> bool:
    return (first.confidence, first.end - first.start) >= (
        second.confidence,
        second.end - second.start,
    )
