"""SARIF 2.1.0: what tools of static analysis, dependencies, secrets and configurations found.

Format: OASIS, Static Analysis Results Interchange Format 2.1.0 (27 March 2020): runs (3.14), rules (3.49), results
(3.27): level (3.27.10), kind (3.27.9), baselineState (3.27.24), suppressions (3.35), partialFingerprints (3.27.17),
taxonomies (3.19.3), automationDetails (3.17). ``security-severity`` is GitHub's property of rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from amends.controls.importers import severity
from amends.controls.importers.base import (
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
from amends.controls.importers.controls import controls_in
from amends.controls.importers.pieces import Piece, walk

Json = Any  # foreign JSON
_LEVELS = {"error": "high", "warning": "medium", "note": "low", "none": "info"}
_KINDS = {"pass": "closed", "notApplicable": "", "informational": "open", "fail": "open"}
_ELEMENTS = {
    "tool": {"driver": {"name": None, "rules": {"*": None}}, "extensions": {"*": None}},
    "automationDetails": None,
    "versionControlProvenance": None,
    "invocations": None,
    "artifacts": {"*": {"location": None}},
    "results": {"*": None},
}
WANTED = {"runs": {"*": _ELEMENTS}}
_HEAD = re.compile(r'"\$schema"\s*:\s*"[^"]{0,300}sarif|"version"\s*:\s*"2\.1\.0"', re.IGNORECASE)


@dataclass(frozen=True)
class Rule:
    """What a rule says of all its results."""

    rule_id: str = ""
    title: str = ""
    score: str = ""
    level: str = ""
    tags: tuple[str, ...] = ()


@dataclass
class Run:
    """One run while it is read: results wait until its rules, which may stand behind them, are known."""

    number: int
    tool: str = ""
    rules: list[Rule] = field(default_factory=list)
    by_id: dict[str, Rule] = field(default_factory=dict)
    extensions: list[list[Rule]] = field(default_factory=list)
    category: str = ""
    repository: str = ""
    at: datetime | None = None
    failed: bool = False
    artifacts: list[str] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A result without what only its rule can say."""

    rule_id: str
    index: int
    extension: int
    title: str
    level: str
    score: str
    tags: tuple[str, ...]
    file: str
    artifact: int
    line: int
    subject: str
    status: str


class Sarif:
    """Results of a SARIF file."""

    name = "sarif"

    def detect(self, head: str, name: str) -> bool:
        """Answer whether it is SARIF by its version, schema and runs."""
        begins = head.lstrip("\ufeff \t\r\n").startswith("{")
        return begins and bool(_HEAD.search(head)) and ('"runs"' in head or "sarif" in name)

    def read(self, stream: BinaryIO, name: str) -> Iterator[Yielded]:
        """Yield the results of each run, once the run is known."""
        run: Run | None = None
        for piece in walk(stream, WANTED):
            if isinstance(piece, Unread):
                yield piece
                continue
            number = int(piece.path[1])
            if run is None or run.number != number:
                if run is not None:
                    yield from _told(run)
                run = Run(number)
            fault = _take(run, piece)
            if fault:
                yield fault
        if run is not None:
            yield from _told(run)


def _take(run: Run, piece: Piece) -> Unread | None:
    match piece.path[2:]:
        case ("results", int(number)):
            if not isinstance(piece.value, dict):
                return Unread(f"result {number + 1}", "malformed", "Export the file again.")
            made = _result(piece.value)
            if made:
                run.waiting.append(made)
        case ("tool", "driver", "name"):
            run.tool = named(piece.value)
        case ("tool", "driver", "rules", _):
            run.rules.append(_rule(piece.value))
        case ("tool", "extensions", _):
            found = piece.value.get("rules") if isinstance(piece.value, dict) else None
            run.extensions.append([_rule(r) for r in found] if isinstance(found, list) else [])
        case ("artifacts", int(number), "location"):
            run.artifacts.extend([""] * (number - len(run.artifacts)))
            run.artifacts.append(named(_of(piece.value, "uri")))
        case (name, *_):
            _about(run, str(name), piece.value)
    return None


def _about(run: Run, name: str, value: Json) -> None:
    if name == "automationDetails":
        # The part before the last slash names the category; what follows names this run (3.17.3).
        run.category = str(_of(value, "id") or "").rpartition("/")[0]
    elif name == "versionControlProvenance" and isinstance(value, list) and value:
        run.repository = named(_of(value[0], "repositoryUri"))
    elif name == "invocations" and isinstance(value, list):
        times = [instant(_of(v, k)) for v in value for k in ("endTimeUtc", "startTimeUtc")]
        run.at = max((t for t in times if t), default=None)
        run.failed = any(_of(v, "executionSuccessful") is False for v in value)


def _of(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _texts(value: Json) -> list[str]:
    return [v for v in value if isinstance(v, str)] if isinstance(value, list) else []


def _rule(value: Json) -> Rule:
    if not isinstance(value, dict):
        return Rule()
    rule_id = named(value.get("id"))
    said = (
        _of(value.get("shortDescription"), "text")
        or _of(value.get("fullDescription"), "text")
        or value.get("name")
    )
    properties = _dict(value.get("properties"))
    level = _of(value.get("defaultConfiguration"), "level")
    return Rule(
        rule_id,
        words(said),
        str(properties.get("security-severity", ""))[:8],
        level if isinstance(level, str) else "",
        _rule_tags(value, properties, rule_id),
    )


def _rule_tags(value: Json, properties: Json, rule_id: str) -> tuple[str, ...]:
    """Return the CWE and CVE numbers and controls that a rule names: tags, properties, taxonomies."""
    told = " ".join(
        [
            rule_id,
            *_texts(properties.get("tags"))[:100],
            *_texts(properties.get("cwe")),
            properties["cwe"] if isinstance(properties.get("cwe"), str) else "",
        ]
    )
    return tuple(
        dict.fromkeys(
            [
                *cves_of(told),
                *cwes_of(told),
                *_taxa([_of(r, "target") for r in _list(value.get("relationships"))]),
            ]
        )
    )


def _taxa(targets: list[Json]) -> list[str]:
    """Return what references into taxonomies name: weaknesses and controls (3.19.3, 3.52)."""
    made: list[str] = []
    for target in targets[:200]:
        family = str(_of(_of(target, "toolComponent"), "name") or "").upper()
        identity = str(_of(target, "id") or "")[:80]
        if family.startswith("CWE"):
            made += cwes_of(identity if "CWE" in identity.upper() else f"CWE-{identity}")
        elif "800-53" in family or "800_53" in family:
            made += controls_in(identity)
    return made


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _result(value: dict[str, Json]) -> Waiting | None:
    status = _status(value)
    if not status:
        return None
    places = _list(value.get("locations"))
    place = _of(places[0], "physicalLocation") if places else None
    artifact = _of(place, "artifactLocation")
    line = _of(_of(place, "region"), "startLine")
    rule = value.get("rule")
    rule_id = value.get("ruleId") or _of(rule, "id")
    index = value.get("ruleIndex", _of(rule, "index"))
    properties = _dict(value.get("properties"))
    message = value.get("message")
    said = _of(message, "text") or _of(message, "markdown")
    level = value.get("level")
    return Waiting(
        named(rule_id),
        index if isinstance(index, int) else -1,
        _extension(rule),
        words(said),
        level if isinstance(level, str) else "",
        str(properties.get("security-severity", ""))[:8],
        tuple(dict.fromkeys([*cves_of(str(rule_id or "")), *_taxa(_list(value.get("taxa")))])),
        named(_of(artifact, "uri")),
        _of(artifact, "index") if isinstance(_of(artifact, "index"), int) else -1,
        line if isinstance(line, int) else 0,
        _subject(value, line),
        status,
    )


def _extension(rule: Json) -> int:
    index = _of(_of(rule, "toolComponent"), "index")
    return index if isinstance(index, int) else -1


def _status(value: dict[str, Json]) -> str:
    """Return open, closed or suppressed; "" for a result that says nothing about the code."""
    kind = value.get("kind", "fail")
    status = _KINDS.get(kind, "open") if isinstance(kind, str) else "open"
    if status != "open":
        return status
    if value.get("baselineState") == "absent":
        return "closed"
    given = _list(value.get("suppressions"))
    if any(_of(s, "status") in (None, "accepted") for s in given if isinstance(s, dict)):
        return "suppressed"
    return "open"


def _subject(value: dict[str, Json], line: Json) -> str:
    """Return what stays the same when the code around a result moves: its fingerprint, else its place."""
    for name in ("fingerprints", "partialFingerprints"):
        prints = value.get(name)
        if isinstance(prints, dict) and prints:
            return "|".join(f"{k}={v}" for k, v in sorted(prints.items())[:20])[:2000]
    first = _list(value.get("locations"))[:1]
    logical = _list(_of(first[0], "logicalLocations")) if first else []
    names = [str(_of(at, "fullyQualifiedName") or _of(at, "name") or "") for at in logical[:5]]
    return "|".join(n[:300] for n in names if n) or f"line {line}"


def _told(run: Run) -> Iterator[Yielded]:
    """Yield the results of a run with what their rules say, and what the run looked at."""
    run.by_id = {rule.rule_id: rule for rule in run.rules if rule.rule_id}
    whole = f"{run.repository}#{run.category}" if run.repository or run.category else ""
    tool = run.tool or "SARIF tool not named"
    seen = set()
    for result in run.waiting:
        made = _finding(run, result, tool, whole)
        seen.add(made.scope)
        yield made
    covered = (
        set()
        if run.failed
        else {a for a in run.artifacts if a} | seen | ({whole} if whole else set())
    )
    yield Scan(run.number, tool, run.at, frozenset(covered))


def _finding(run: Run, result: Waiting, tool: str, whole: str) -> Seen:
    rule = _rule_of(run, result)
    listed = 0 <= result.artifact < len(run.artifacts)
    file = result.file or (run.artifacts[result.artifact] if listed else "")
    score = severity.score_of(result.score or rule.score)
    bad = (
        severity.of_score(score)
        if score is not None
        else _LEVELS.get(result.level or rule.level, severity.UNSAID)
    )
    rule_id = result.rule_id or rule.rule_id or "rule not named"
    title = (
        rule.title
        if rule.title and rule.title != rule_id
        else result.title or rule.title or rule_id
    )
    place = file or "place not named"
    return Seen(
        tool,
        rule_id,
        title,
        bad,
        f"{place}:{result.line}" if result.line > 0 else place,
        result.subject,
        result.status,
        None,
        (*rule.tags, *(t for t in result.tags if t not in rule.tags)),
        whole or place,
        "",
        place,
        run.number,
    )


def _rule_of(run: Run, result: Waiting) -> Rule:
    """Return the rule of a result by its index in driver or extension, else by its id or the id's parents (3.52.4)."""
    listed = (
        run.extensions[result.extension]
        if 0 <= result.extension < len(run.extensions)
        else run.rules
    )
    if 0 <= result.index < len(listed):
        return listed[result.index]
    rule_id = result.rule_id
    while rule_id and rule_id not in run.by_id:
        rule_id = rule_id.rpartition("/")[0]
    return run.by_id.get(rule_id, Rule())


SARIF = Sarif()
