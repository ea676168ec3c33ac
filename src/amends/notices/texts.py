"""The texts of a seal as JSON: facts and variants, written once and read back to the same values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path
from typing import Any

from amends.kernel import ids
from amends.notices.compose import Letter, compose
from amends.notices.facts import DutyText, ExposedElement, LetterFacts, Variant


def write(path: Path, facts: LetterFacts, variants: Mapping[str, Variant]) -> None:
    """Write facts and variants; the same values give the same bytes."""
    value = {
        "facts": _plain(asdict(facts)),
        "variants": {name: _plain(asdict(v)) for name, v in sorted(variants.items())},
    }
    path.write_text(ids.canonical_json(value) + "\n", "utf-8")


def _plain(value: Any) -> Any:  # Any: whatever asdict returns
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def read(path: Path) -> tuple[LetterFacts, dict[str, Variant]]:
    """Read facts and variants back."""
    raw = json.loads(path.read_text("utf-8"))
    return _facts(raw["facts"]), {name: _variant(v) for name, v in raw["variants"].items()}


def letters(path: Path) -> dict[str, Letter]:
    """Return every composed letter of a seal by its variant's id."""
    facts, variants = read(path)
    return {name: compose(variant, facts) for name, variant in variants.items()}


def _facts(raw: dict[str, Any]) -> LetterFacts:  # Any: JSON
    made = dict(raw)
    for name in (f.name for f in fields(LetterFacts) if f.name.endswith("_on")):
        made[name] = date.fromisoformat(raw[name]) if raw[name] else None
    made["address"] = tuple(raw["address"])
    made["not_exposed"] = frozenset(raw["not_exposed"])
    return LetterFacts(**made)


def _variant(raw: dict[str, Any]) -> Variant:  # Any: JSON
    duty = raw["duty"]
    sets = {name: frozenset(duty[name]) for name in ("required", "forbidden", "format")}
    return Variant(
        DutyText(tuple(duty["jurisdictions"]), **sets, id_protection_months=duty["id_protection_months"]),
        tuple(ExposedElement(**e) for e in raw["elements"]),
        raw["language"], raw["audience"], raw["update"],
    )  # fmt: skip
