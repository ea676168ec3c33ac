"""Our own tables: which finding speaks to which safeguard, what is counted, and what work there is to do."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

CAUSES = (
    "exposed_device", "stored_credentials", "test_environment", "brute_force", "clear_identifiers", "detection",
    "retention", "response", "governance",
)  # fmt: skip
MODEL_CAUSES = CAUSES[:5]
"""The five causes of the model case."""
GAO_CAUSES = ("", "identification", "detection", "segmentation", "data_governance")
"""Headings of GAO-18-559; empty where none fits."""
HORIZONS = ("30_days", "90_days", "365_days", "years_2_3")


@dataclass(frozen=True)
class Rule:
    """A row of our table: a kind of finding and the safeguard it speaks to.

    Attributes:
        id: Short, such as EXP-1.
        title: The safeguard, in words.
        finding: Kind of finding.
        control: Control of NIST SP 800-53 Rev. 5.
        csf: Outcome of the CSF 2.0.
        cause: One of ``CAUSES``.
        gao: One of ``GAO_CAUSES``.
        owner: Office that answers for it.
        effort_days: Working days, whatever the number of things.
        effort_each: Working days more for each thing: host, store, secret.
        effort_why: Why so many.
        measure: Measure it is followed by.
        item: Item of the roadmap that closes it.
        remedy: What to do.
        source: Where the link is grounded.
        why: Why the finding speaks to the safeguard.
    """

    id: str
    title: str
    finding: str
    control: str
    csf: str
    cause: str
    gao: str
    owner: str
    effort_days: float
    effort_each: float
    effort_why: str
    measure: str
    item: str
    remedy: str
    source: str
    why: str


@dataclass(frozen=True)
class Item:
    """A piece of work: id, horizon, title, and the items it rests on."""

    id: str
    horizon: str
    title: str
    after: tuple[str, ...]


@dataclass(frozen=True)
class MeasureKind:
    """What is counted.

    Attributes:
        id: Code.
        title: In words.
        unit: days, people, share …
        better: lower or higher.
        target: Where it should be.
        kpi: Whether it is a key figure.
        ramp: Share of the way to the target by the end of each quarter.
        why: Where the target comes from.
    """

    id: str
    title: str
    unit: str
    better: str
    target: float
    kpi: bool
    ramp: tuple[float, ...]
    why: str

    def is_reached(self, value: float) -> bool:
        """Say whether a value is where it should be."""
        return value <= self.target if self.better == "lower" else value >= self.target


@dataclass(frozen=True)
class Cost:
    """What one thing costs, in US dollars: item, what is counted, low, likely, high, and where that comes from."""

    item: str
    counted: str
    share_low: float
    share_high: float
    cost_low: float
    cost_likely: float
    cost_high: float
    source: str


def _home() -> Path:
    return Path(str(resources.files("amends.controls")))


def _toml(name: str) -> Mapping[str, Any]:  # Any: TOML holds whatever its file does
    return tomllib.loads((_home() / "rules" / name).read_text("utf-8"))


@cache
def rules() -> tuple[Rule, ...]:
    """Return our table, in the order of its file."""
    return tuple(Rule(**row) for row in _toml("findings.toml")["rule"])


@cache
def items() -> Mapping[str, Item]:
    """Return the pieces of work by id, each after those it rests on."""
    rows = _toml("findings.toml")["item"]
    return {r["id"]: Item(r["id"], r["horizon"], r["title"], tuple(r["after"])) for r in rows}


@cache
def measure_kinds() -> Mapping[str, MeasureKind]:
    """Return what is counted, by id."""
    rows = _toml("measures.toml")["measure"]
    return {r["id"]: MeasureKind(**{**r, "ramp": tuple(r["ramp"])}) for r in rows}


@cache
def costs() -> tuple[Cost, ...]:
    """Return the rows of cost."""
    return tuple(Cost(**row) for row in _toml("costs.toml")["cost"])


# NIST's and MITRE's tables


def _rows(name: str) -> list[dict[str, str]]:
    with (_home() / "data" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def control_titles() -> Mapping[str, str]:
    """Return the title of each control of NIST SP 800-53 Rev. 5."""
    return {row["control"]: row["title"] for row in _rows("nist_800_53r5.csv")}


@cache
def csf_outcomes() -> Mapping[str, str]:
    """Return the words of each outcome of the CSF 2.0."""
    return {row["id"]: row["outcome"] for row in _rows("nist_csf_2_0.csv")}


@cache
def _techniques_by_control() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for row in _rows("attack_to_800_53r5.csv"):
        found.setdefault(row["control"], set()).add(row["technique"])
    return {control: frozenset(some) for control, some in found.items()}


def techniques_of(control: str, seen: frozenset[str]) -> tuple[str, ...]:
    """Return which of the techniques seen a control is mapped to, by MITRE's mapping; sorted.

    The mapping names mostly base controls: an enhancement bears on what its base bears on.
    """
    by_control = _techniques_by_control()
    known = by_control.get(control, frozenset()) | by_control.get(
        control.partition("(")[0], frozenset()
    )
    return tuple(sorted(seen & known))
