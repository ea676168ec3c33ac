"""From what a scanner found to the controls it speaks to.

In this order: controls that the file names; the weakness (CWE) by our table; the kind of rule by our table; a known
hole (CVE) is flaw remediation, and, where it is known to be exploited, controls that stop or see the technique it is
exploited by. The first control is the one that answers for the finding; the rest bear on it. Unknown stays empty.

Sources: ``cwe_controls.csv`` (MITRE heimdall's CWE to SP 800-53 table, Apache-2.0, read November 2026; rows it leaves
empty are ours, by the text of the control, and say so); ``rule_kinds.toml`` (ours, by the text of the control);
``kev_cve_to_attack.csv`` and ``attack_to_800_53r5.csv`` (Center for Threat-Informed Defense, Mappings Explorer).
"""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

CONTROL = re.compile(
    r"\b([A-Z]{2})[-_. ](\d{1,2})(?:[ _.]?\(?(\d{1,2})\)?)?(?![\w-])", re.IGNORECASE
)
FAMILIES = frozenset(re.findall("..", "ACATAUCACMCPIAIRMAMPPEPLPMPSPTRASASCSISR"))
STOPS_OR_SEES = ("SC-7", "SI-4", "CM-7", "AC-6", "SI-3")
"""Of the controls that ATT&CK's mapping names against a technique, those that stop or see an exploit: boundary,
monitoring, least functionality, least privilege, malicious code. The mapping is not weighed: all of it would be up to
fifty controls a technique, and say nothing any more."""
FROM_ATTACK = 2
MOST = 4
"""Controls kept a finding: each becomes a line of the review, so only those that answer for it are named."""


def control_of(text: str) -> str:
    """Return the control that an id names: ``ac-2.1_smt`` and ``AC-2(1)`` are ``AC-2(1)``; "" for none.

    OSCAL writes control ids in lower case with a dot before the enhancement (NIST, OSCAL catalogue of SP 800-53).
    """
    found = re.match(r"\s*([A-Za-z]{2})-0*(\d{1,2})(?:[.(]0*(\d{1,2})\)?)?", text)
    if not found or found[1].upper() not in FAMILIES:
        return ""
    return f"{found[1].upper()}-{found[2]}" + (f"({found[3]})" if found[3] else "")


def controls_in(text: str) -> tuple[str, ...]:
    """Return every control of SP 800-53 that a text names, each once."""
    made = []
    for family, number, more in CONTROL.findall(text[:2000]):
        if family.upper() in FAMILIES:
            made.append(f"{family.upper()}-{int(number)}" + (f"({int(more)})" if more else ""))
    return tuple(dict.fromkeys(made))


@dataclass(frozen=True)
class Kind:
    """A kind of rule: how it is told by its words, and the controls it speaks to."""

    name: str
    pattern: re.Pattern[str]
    controls: tuple[str, ...]
    unsaid: str


@cache
def _kinds() -> tuple[Kind, ...]:
    text = (
        resources.files("amends.controls.importers").joinpath("rule_kinds.toml").read_text("utf-8")
    )
    return tuple(
        Kind(
            row["name"],
            re.compile(row["pattern"]),
            tuple(row["controls"]),
            row["unsaid"],
        )
        for row in tomllib.loads(text)["kind"]
    )


@cache
def _weaknesses() -> dict[str, tuple[str, ...]]:
    return {
        row["cwe"]: tuple(row["controls"].split())
        for row in _rows("amends.controls.importers", "cwe_controls.csv")
    }


@cache
def _exploited() -> dict[str, tuple[str, ...]]:
    """Return the techniques by which each known-exploited CVE is exploited, first the exploitation itself."""
    made: dict[str, list[tuple[str, str]]] = {}
    for row in _rows("amends.controls.data", "kev_cve_to_attack.csv"):
        made.setdefault(row["cve"], []).append((row["relation"], row["technique"]))
    return {
        cve: tuple(t for relation, t in found if relation == "exploitation_technique")
        for cve, found in made.items()
    }


@cache
def _against() -> dict[str, tuple[str, ...]]:
    made: dict[str, list[str]] = {}
    for row in _rows("amends.controls.data", "attack_to_800_53r5.csv"):
        made.setdefault(row["technique"], []).append(row["control"])
    return {technique: tuple(found) for technique, found in made.items()}


def _rows(package: str, name: str) -> Iterator[dict[str, str]]:
    with resources.files(package).joinpath(name).open("r", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


@lru_cache(maxsize=65_536)
def kind_of(text: str) -> Kind | None:
    """Return the first kind whose words stand in a rule or title; ``None`` for none."""
    low = (
        text.lower()
    )  # patterns are in lower case: to ignore case while searching costs four times as much
    return next((kind for kind in _kinds() if kind.pattern.search(low)), None)


@lru_cache(maxsize=65_536)
def controls_of(tags: tuple[str, ...], rule: str, title: str) -> tuple[str, ...]:
    """Return the controls that a finding speaks to, the one that answers for it first; empty when none is known.

    Args:
        tags: CVE and CWE numbers and controls that the file names.
        rule: The scanner's name for it.
        title: Its words.
    """
    named = [tag for tag in tags if not tag.startswith(("CVE-", "CWE-"))]
    weak = [control for tag in tags for control in _weaknesses().get(tag, ())]
    holes = [tag for tag in tags if tag.startswith("CVE-")]
    kind = kind_of(f"{rule} {title}")
    made = [*named, *weak, *(kind.controls if kind else ())]
    if holes:
        made += ["SI-2", "RA-5"]
        mapped = {c for h in holes for t in _exploited().get(h, ()) for c in _shared(t)}
        made += [c for c in STOPS_OR_SEES if c in mapped][:FROM_ATTACK]
    return tuple(dict.fromkeys(made))[:MOST]


def _shared(technique: str) -> tuple[str, ...]:
    return _against().get(technique) or _against().get(technique.partition(".")[0], ())
