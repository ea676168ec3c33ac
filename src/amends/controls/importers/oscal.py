"""OSCAL assessment results and plans of action (POA&M), in JSON: what assessors found, and what is planned.

Format: NIST, Open Security Controls Assessment Language 1.1, assessment-results and plan-of-action-and-milestones.
A finding is closed when its target's status is *satisfied*; a risk when its status is *closed*; *deviation-approved*
is suppressed. A later assessment closes what an earlier one found only for controls that it reviewed. A later plan
closes nothing by silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from amends.controls.importers import severity
from amends.controls.importers.base import (
    SEVERITIES,
    Scan,
    Seen,
    Unread,
    Yielded,
    cves_of,
    cwes_of,
    instant,
    named,
    words,
)
from amends.controls.importers.controls import control_of
from amends.controls.importers.pieces import walk

Json = Any  # foreign JSON
_LISTS = {"observations": {"*": None}, "findings": {"*": None}, "risks": {"*": None}}
_LOCAL = {"components": {"*": None}, "inventory-items": {"*": None}}
WANTED = {
    "assessment-results": {
        "metadata": {"title": None},
        "local-definitions": _LOCAL,
        "results": {
            "*": {
                "start": None,
                "end": None,
                "reviewed-controls": None,
                "local-definitions": _LOCAL,
                **_LISTS,
            }
        },
    },
    "plan-of-action-and-milestones": {
        "metadata": {"title": None, "last-modified": None},
        "system-id": None,
        "local-definitions": _LOCAL,
        "poam-items": {"*": None},
        **_LISTS,
    },
}
_HEAD = re.compile(r'"(?:assessment-results|plan-of-action-and-milestones)"\s*:')
_RISK_STATUS = {"closed": "closed", "deviation-approved": "suppressed"}
_FACETS = ("severity", "risk", "impact", "cvss")
_CONTROL_PROPS = ("control-id", "control", "impacted-control-id")
ALL = "*"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was looked at, and when."""

    collected: datetime | None
    subject: str
    subject_uuid: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What may come of it."""

    title: str
    status: str
    severities: tuple[str, ...]
    observations: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass
class Result:
    """One assessment, or one plan, while it is read."""

    number: int
    at: datetime | None = None
    reviewed: set[str] = field(default_factory=set)
    observations: dict[str, Observation] = field(default_factory=dict)
    risks: dict[str, Risk] = field(default_factory=dict)
    findings: list[Json] = field(default_factory=list)
    items: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class OscalScan(Scan):
    """An assessment of controls; ``ALL`` among those covered means every one."""

    def covers(self, scope: str, part: str) -> bool:
        """Answer whether the control was reviewed."""
        return bool(scope) and (scope in self.covered or ALL in self.covered)


class Oscal:
    """Assessment results and plans of action."""

    name = "oscal"

    def detect(self, head: str, name: str) -> bool:
        """Answer whether the document is one of the two."""
        return head.lstrip("\ufeff \t\r\n").startswith("{") and bool(_HEAD.search(head[:4096]))

    def read(self, stream: BinaryIO, name: str) -> Iterator[Yielded]:
        """Yield findings, items of plans, and risks that neither of them names."""
        reading = _Reading()
        for piece in walk(stream, WANTED):
            if isinstance(piece, Unread):
                yield piece
            else:
                reading.take(piece.path, piece.value)
        for result in reading.results.values():
            yield from reading.told(result)


class _Reading:
    def __init__(self) -> None:
        self.title = ""
        self.system = ""
        self.plan = False
        self.names: dict[str, str] = {}
        self.results: dict[int, Result] = {}

    def take(self, path: tuple[str | int, ...], value: Json) -> None:
        """Keep a piece of the document."""
        self.plan = path[0] == "plan-of-action-and-milestones"
        rest = path[1:]
        if rest[0] == "results":
            self._result(int(rest[1]), rest[2:], value)
        elif rest == ("metadata", "title"):
            self.title = named(value)
        elif rest == ("metadata", "last-modified"):
            self._of(0).at = instant(value)
        elif rest[0] == "system-id" and isinstance(value, dict):
            self.system = named(value.get("id"))
        else:
            self._result(0, rest, value)

    def _of(self, number: int) -> Result:
        return self.results.setdefault(number, Result(number))

    def _result(self, number: int, rest: tuple[str | int, ...], value: Json) -> None:
        result, name = self._of(number), rest[0]
        if name in ("start", "end"):
            result.at = (
                (instant(value) or result.at) if name == "end" else result.at or instant(value)
            )
        elif name == "reviewed-controls":
            result.reviewed = set(_reviewed(value))
        elif isinstance(value, dict):
            self._listed(result, str(name), value)

    def _listed(self, result: Result, name: str, value: dict[str, Json]) -> None:
        uuid = value.get("uuid")
        if name == "findings":
            result.findings.append(value)
        elif name == "poam-items":
            result.items.append(value)
        elif not isinstance(uuid, str):
            return  # nothing can refer to it
        elif name == "local-definitions":
            self.names[uuid] = named(value.get("title") or value.get("description"))
        elif name == "observations":
            result.observations[uuid] = _observation(value)
        else:
            result.risks[uuid] = _risk(value)

    def told(self, result: Result) -> Iterator[Yielded]:
        """Yield what one assessment or plan says."""
        tool = self.title or ("OSCAL plan of action" if self.plan else "OSCAL assessment")
        told: set[str] = set()
        for number, finding in enumerate([*result.items, *result.findings]):
            risks = [r for r in _related(finding, "risk") if r in result.risks]
            told.update(risks)
            yield self._finding(result, finding, risks, tool, number)
        for uuid, risk in result.risks.items():
            if uuid not in told:
                yield self._risk(result, uuid, risk, tool)
        covered = frozenset() if self.plan else frozenset(result.reviewed)
        yield OscalScan(result.number, tool, result.at, covered)

    def _finding(
        self, result: Result, finding: dict[str, Json], risks: list[str], tool: str, number: int
    ) -> Seen:
        seen = _seen(result, _related(finding, "observation"))
        target = _dict(finding.get("target"))
        control = control_of(str(target.get("target-id") or ""))
        state = _dict(target.get("status")).get("state")
        controls = [
            control,
            *(control_of(v) for name, v in _props(finding) if name in _CONTROL_PROPS),
        ]
        title = (
            words(finding.get("title"))
            or words(finding.get("description"))
            or "finding without a title"
        )
        when = [o.collected for o in seen if o.collected]
        return Seen(
            tool, named(_own_rule(finding)) or control or title, title, _severity(result, risks, finding),
            self._place(seen) or self.system or tool, _subject(finding, title), _status(result, risks, state),
            max(when, default=None), (*(c for c in dict.fromkeys(controls) if c), *_tags(finding)), control, "", "",
            result.number,
        )  # fmt: skip

    def _risk(self, result: Result, uuid: str, risk: Risk, tool: str) -> Seen:
        place = self._place(_seen(result, risk.observations)) or self.system or tool
        return Seen(
            tool, risk.title, risk.title, _severity(result, [uuid], {}), place, risk.title,
            _status(result, [uuid], None), None, risk.tags, "", "", "", result.number,
        )  # fmt: skip

    def _place(self, seen: list[Observation]) -> str:
        for one in seen:
            title = one.subject or self.names.get(one.subject_uuid, "") or one.subject_uuid
            if title:
                return title
        return ""


def _seen(result: Result, uuids: Iterable[str]) -> list[Observation]:
    return [result.observations[uuid] for uuid in uuids if uuid in result.observations]


def _status(result: Result, risks: list[str], state: Json) -> str:
    """Return the status by the target and by the risks: suppressed, or closed, only when all of them are.

    What is not satisfied is never closed by its risks: one of the two is wrong, and the open one counts.
    """
    if state == "satisfied":
        return "closed"
    states = {result.risks[r].status for r in risks}
    status = states.pop() if len(states) == 1 else "open"
    return "open" if status == "closed" and state else status


def _severity(result: Result, risks: list[str], finding: dict[str, Json]) -> str:
    """Return the worst of what the risks are characterised by or a property says; else ``UNSAID``."""
    found = [word for r in risks for word in result.risks[r].severities]
    found += [w for name, value in _props(finding) if name in _FACETS and (w := _bad(value, name))]
    return min(found, key=SEVERITIES.index, default=severity.UNSAID)


def _observation(value: dict[str, Json]) -> Observation:
    for subject in _list(value.get("subjects")):
        title, uuid = named(_dict(subject).get("title")), _dict(subject).get("subject-uuid")
        if title or isinstance(uuid, str):
            return Observation(instant(value.get("collected")), title, str(uuid or "")[:36])
    return Observation(instant(value.get("collected")), "", "")


def _risk(value: dict[str, Json]) -> Risk:
    return Risk(
        words(value.get("title")) or words(value.get("statement")) or "risk without a title",
        _RISK_STATUS.get(str(value.get("status")), "open"),
        tuple(_facets(value)),
        tuple(_related(value, "observation")),
        _tags(value),
    )


def _tags(value: dict[str, Json]) -> tuple[str, ...]:
    """Return the CVE and CWE numbers that the words of a finding or risk name."""
    told = " ".join(
        str(value.get(name) or "")[:4000] for name in ("title", "statement", "description")
    )
    return (*cves_of(told), *cwes_of(told))


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _props(value: dict[str, Json]) -> list[tuple[str, str]]:
    props = [p for p in _list(value.get("props")) if isinstance(p, dict)]
    return [(str(p.get("name", "")).lower(), str(p.get("value", ""))[:200]) for p in props]


def _own_rule(finding: dict[str, Json]) -> str:
    """Return the scanner's own name for a finding where a property gives one."""
    return next(
        (
            v
            for name, v in _props(finding)
            if name in ("rule-id", "rule", "poam-id", "vulnerability-id")
        ),
        "",
    )


def _subject(finding: dict[str, Json], title: str) -> str:
    """Return what names a finding from one edition to the next: its own number, else its title; UUIDs change."""
    return next(
        (v for name, v in _props(finding) if name in ("gap-id", "poam-id", "finding-id")), title
    )


def _related(value: dict[str, Json], kind: str) -> list[str]:
    """Return the UUIDs of related observations or risks; 1.0 wrote ``associated-risks`` for ``related-risks``."""
    plural = f"{kind}s"
    found = _list(value.get(f"related-{plural}")) or _list(value.get(f"associated-{plural}"))
    return [
        str(f[f"{kind}-uuid"])
        for f in found
        if isinstance(f, dict) and isinstance(f.get(f"{kind}-uuid"), str)
    ]


def _reviewed(value: Json) -> Iterator[str]:
    selections = _list(value.get("control-selections")) if isinstance(value, dict) else []
    for selection in selections:
        if not isinstance(selection, dict):
            continue
        if "include-all" in selection and not selection.get("exclude-controls"):
            yield ALL
        for control in _list(selection.get("include-controls")):
            if isinstance(control, dict) and (
                made := control_of(str(control.get("control-id", "")))
            ):
                yield made


def _facets(risk: dict[str, Json]) -> Iterator[str]:
    for characterised in _list(risk.get("characterizations")):
        for facet in _list(_dict(characterised).get("facets")):
            told = _dict(facet)
            name = f"{told.get('name', '')} {told.get('system', '')}".lower()
            made = _bad(str(told.get("value", "")), name) if any(f in name for f in _FACETS) else ""
            if made:
                yield made


def _bad(text: str, name: str) -> str:
    """Return the word for a facet's value; a number counts only where it is a CVSS score."""
    score = severity.score_of(text) if "cvss" in name else None
    return severity.of_score(score) if score is not None else severity.of_word(text)


OSCAL = Oscal()
