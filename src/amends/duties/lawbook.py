"""The law files: shipped beside this module, checked when read, with a case's own laid over them.

A file is refused when a field of the law has no source, when its shape is wrong, or when it uses a
code the vocabulary does not know: no source, no rule.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

from amends.duties import history
from amends.duties.law_reader import read_state
from amends.duties.rules import Raw, StateLaw
from amends.kernel.errors import EvidenceError

FOLDER = Path(__file__).parent / "law"
_BESIDE = frozenset(["law.schema.json", "vocabulary.json"])
_NO_LAW = frozenset(
    [
        "format",
        "id",
        "name",
        "kind",
        "country",
        "as_of",
        "valid_from",
        "valid_to",
        "review",
        "refined",
        "provenance",
        "sources",
        "engine",
    ]
)
"""Keys that describe the file and state no law."""

_FIELD_NAMES = {
    "individual_notice": "individual_deadline",
    "regulator_notice": "regulator",
    "cra_notice": "cra",
}
"""Name in ``provenance`` of a field of a state file, where it differs from the key."""

_STATE_KINDS = frozenset(["us_state", "us_territory", "us_district"])


@dataclass(frozen=True)
class Vocabulary:
    """Codes of the law data with their meanings, and which code implies which."""

    elements: Mapping[str, str]
    implies: Mapping[str, tuple[str, ...]]
    content: Mapping[str, str]
    format: Mapping[str, str]
    _closed: dict[frozenset[str], frozenset[str]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def closure(self, codes: frozenset[str]) -> frozenset[str]:
        """Return the codes and all they imply.

        A carrier account PIN counts as a log-in secret beside the account's user name or e-mail
        (vocabulary, ACCOUNT_PIN).
        """
        if codes not in self._closed:
            self._closed[codes] = self._close(codes)
        return self._closed[codes]

    def _close(self, codes: frozenset[str]) -> frozenset[str]:
        found, fresh = set(codes), set(codes)
        while fresh:
            fresh = {i for code in fresh for i in self.implies.get(code, ())} - found
            found |= fresh
        if {"ACCOUNT_PIN", "ONLINE_ID"} <= found:
            found.add("LOGIN_SECRET")
        return frozenset(found)


@dataclass(frozen=True)
class LawBook:
    """Every law file in force for a case.

    Attributes:
        states: State files by jurisdiction.
        overlays: Sector and foreign rules by id.
        vocabulary: The codes.
        own: Ids of the files a case laid over the shipped ones.
    """

    states: Mapping[str, Raw]
    overlays: Mapping[str, Raw]
    vocabulary: Vocabulary
    own: tuple[str, ...] = ()
    _read: dict[tuple[str, date], StateLaw] = field(default_factory=dict, repr=False, compare=False)

    def state(self, jurisdiction: str, on: date) -> StateLaw | None:
        """Return the law of a jurisdiction as it stood on a day; null where there is no file."""
        if jurisdiction not in self.states:
            return None
        key = (jurisdiction, on)
        if key not in self._read:
            raw, remarks = history.as_at(self.states[jurisdiction], on)
            self._read[key] = read_state(raw, remarks)
        return self._read[key]

    def overlay(self, overlay_id: str, on: date) -> Raw | None:
        """Return a sector or foreign rule as it stood on a day."""
        if overlay_id not in self.overlays:
            return None
        return history.as_at(self.overlays[overlay_id], on)[0]


@cache
def shipped() -> LawBook:
    """Return the shipped law files, read and checked once."""
    return _book(FOLDER, {}, {})


def law_book(own: Path | None = None) -> LawBook:
    """Return the shipped law files with those of a folder laid over them, by id.

    Args:
        own: Folder with law files of the same shape, such as ``CASE/law``; may be missing.

    Raises:
        EvidenceError: A file is no JSON, has a wrong shape, an unknown code, or a field without a
            source.
    """
    base = shipped()
    if own is None or not own.is_dir():
        return base
    return _book(own, base.states, base.overlays)


def _book(folder: Path, states: Mapping[str, Raw], overlays: Mapping[str, Raw]) -> LawBook:
    words = vocabulary()
    found_states, found_overlays, own = dict(states), dict(overlays), []
    for path in sorted(folder.glob("*.json")):
        if path.name in _BESIDE:
            continue
        law = read_law(path)
        own.append(law["id"])
        (found_states if law["kind"] in _STATE_KINDS else found_overlays)[law["id"]] = law
    return LawBook(found_states, found_overlays, words, tuple(own) if states else ())


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary of the law data."""
    raw = _json(FOLDER / "vocabulary.json")
    return Vocabulary(
        raw["elements"],
        {k: tuple(v) for k, v in raw["implies"].items()},
        raw["content"],
        raw["format"],
    )


def _json(path: Path) -> Raw:
    try:
        raw = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EvidenceError(
            "A law file cannot be read as JSON",
            where=f"{path.name}: {error}",
            remedy="correct the file, or take it away: the shipped one then applies",
        ) from error
    if not isinstance(raw, dict):
        raise EvidenceError(
            "A law file is not a JSON object",
            where=path.name,
            remedy="write one object a file, as in law.schema.json",
        )
    return raw


@cache
def _validator() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(_json(FOLDER / "law.schema.json"))


def read_law(path: Path) -> Raw:
    """Read one law file and check shape, sources and codes.

    Raises:
        EvidenceError: It is not what a law file must be; names file, field and remedy.
    """
    law = _json(path)
    _check_sources(law, path)
    _check_shape(law, path)
    if law["id"] != path.stem:
        raise EvidenceError(
            f"The law file calls itself {law['id']}",
            where=path.name,
            remedy=f"name the file {law['id']}.json",
        )
    _check_codes(law, path)
    return law


def _check_shape(law: Raw, path: Path) -> None:
    error = jsonschema.exceptions.best_match(_validator().iter_errors(law))
    if error is not None:
        place = ".".join(str(p) for p in error.absolute_path) or "the file as a whole"
        raise EvidenceError(
            f"The law file has a wrong shape at {place}: {error.message[:200]}",
            where=path.name,
            remedy="write it as duties/law/law.schema.json says",
        )


def _check_sources(law: Raw, path: Path) -> None:
    provenance = law.get("provenance")
    marks: Mapping[str, Any] = provenance if isinstance(provenance, dict) else {}
    known = {s.get("id") for s in law.get("sources") or () if isinstance(s, dict)}
    for name in _fields(law):
        mark = marks.get(name)
        listed = mark.get("sources") if isinstance(mark, dict) else None
        if not listed:
            raise EvidenceError(
                f"The field {name} has no source",
                where=path.name,
                remedy=f'add "{name}" with confidence and sources under "provenance":'
                " no source, no rule",
            )
        missing = [s for s in listed if s not in known]
        if missing:
            raise EvidenceError(
                f"The field {name} names the source {missing[0]!r}, which the file does not list",
                where=path.name,
                remedy='add it under "sources" with title, site and as_of',
            )


def _fields(law: Raw) -> Iterator[str]:
    is_state = law.get("kind") in _STATE_KINDS
    for key in law:
        if key not in _NO_LAW:
            yield _FIELD_NAMES.get(key, key) if is_state else key
    if "substitute" in (law.get("methods") or {}) and is_state:
        yield "substitute"


def _check_codes(law: Raw, path: Path) -> None:
    words = vocabulary()
    kinds = (
        ("elements", {*words.elements, "*"}, set(_element_codes(law))),
        ("content", set(words.content), set(_content_codes(law, "required", "forbidden", "add"))),
        ("format", set(words.format), set(_content_codes(law, "format"))),
    )
    for kind, known, used in kinds:
        for code in sorted(used - known):
            near = difflib.get_close_matches(code, known, n=1)
            raise EvidenceError(
                f"The law file uses the unknown {kind} code {code}",
                where=path.name,
                remedy=f"did you mean {near[0]}?" if near else "take a code of vocabulary.json",
            )


def _element_codes(law: Raw) -> Iterator[str]:
    for combination in law.get("personal_information", {}).get("combinations", ()):
        yield from combination.get("all_of", ())
        for term in combination.get("any_of", ()):
            yield from term.split("&")
    yield from law.get("id_protection", {}).get("trigger_any", ())
    for added in law.get("content", {}).get("conditional", ()):
        yield from added.get("if_any_element", ())


def _content_codes(law: Raw, *keys: str) -> Iterator[str]:
    """Yield the codes of the content rules; sector rules may name their own, which are not checked."""
    if law["kind"] not in _STATE_KINDS:
        return
    content = law["content"]
    for part in (content, *content.get("conditional", ())):
        for key in keys:
            yield from part.get(key, ())
