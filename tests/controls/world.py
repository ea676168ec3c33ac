"""Small worlds for the review: a case whose tables are written by hand, and findings made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends import custody
from amends.controls.ground import survey
from amends.controls.measures.base import Finding, Ground, Measured
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS, RECORDS
from amends.tables.paths import ATTACK_PATHS, FACTS, PATH_FIXES
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS, PERSONS
from amends.tables.timeline import DETECTIONS, EVENTS, HOPS, LOG_FILES

DAY = date(2026, 8, 4)
AT = datetime(2026, 8, 4, tzinfo=UTC)
Rows = Sequence[Mapping[str, Any]]


def table(declared: Table, rows: Rows) -> pa.Table:
    """Return rows as a table of the vocabulary; what is not given is null."""
    return pa.Table.from_pylist(
        [{n: r.get(n) for n in declared.names} for r in rows], declared.schema
    )


def make(
    folder: Path,
    tables: Mapping[Table, Rows],
    settings: Mapping[tuple[str, str], Any] | None = None,
) -> Case:
    """Make a case with these tables."""
    Case.create(folder, {("case", "entity"): "Larkspur", **(settings or {})})
    case = Case(folder, contents=custody.Reader())
    for declared, rows in tables.items():
        case.write(declared, table(declared, rows))
    return case


def ground(
    folder: Path, tables: Mapping[Table, Rows], events: Mapping[str, str] | None = None
) -> Ground:
    """Return the ground of a case with these tables and events."""
    case = make(folder, tables)
    for kind, at in (events or {}).items():
        case.add_event(kind, at)
    return survey(case)


def finding(kind: str = "exposed_device", **given: Any) -> Finding:
    """Return a finding that fails unless told otherwise."""
    measured = given.pop("measured", Measured("exposed_services", 1.0, AT, ("K1",)))
    return Finding(
        kind, measured, given.pop("why", "Found."), **{"fails": True, "persons": 10, **given}
    )


# rows


def exhibit(number: int, **more: Any) -> dict[str, Any]:
    return {
        "exhibit_id": f"E{number:04d}", "role": "stolen", "owner": "L", "population": "", "store": "", "as_of_on": DAY,
        "path": f"f{number}.csv", "place": f"/nowhere/f{number}.csv", "size_bytes": 10, "received_at": AT, **more,
    }  # fmt: skip


def item(number: int, exhibit: int, **more: Any) -> dict[str, Any]:
    return {
        "item_id": f"I{number:07d}", "item_no": number, "exhibit_id": f"E{exhibit:04d}", "inner_path": "",
        "kind": "table", "status": "read", "n_rows": 10, **more,
    }  # fmt: skip


def column(item: int, name: str, element: str | None, **more: Any) -> dict[str, Any]:
    return {
        "item_id": f"I{item:07d}", "column": name, "position": 1, "element": element, "part": "", "confidence": 1.0,
        "evidence": ["header"], "n_rows": 10, "n_values": 10, "n_valid": 10, "n_malformed": 0, "secured": False,
        "decided_by": "rule", **more,
    }  # fmt: skip


def record(
    number: int, person: str, store: str, **more: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a record and its membership."""
    return (
        {"record_id": number, "item_id": "I0000001", "exhibit_id": "E0001", "role": "stolen", "store": store,
         "elements": ["name", "ssn"], "secured": [], "possible": [], **more},
        {"record_id": number, "person_id": person, "fingerprint": number, "reason": "only record", "rule": "single"},
    )  # fmt: skip


def people(*held: tuple[str, str]) -> dict[Table, Rows]:
    """Return records and memberships for (person, store), in order."""
    made = [record(n, person, store) for n, (person, store) in enumerate(held, 1)]
    return {RECORDS: [r for r, _ in made], MEMBERSHIPS: [m for _, m in made]}


def person(name: str, *populations: str, **more: Any) -> dict[str, Any]:
    return {
        "person_id": name,
        "kind": "human",
        "populations": list(populations),
        "n_records": 1,
        **more,
    }


def hop(number: int, source: str, destination: str, **more: Any) -> dict[str, Any]:
    at = datetime(2026, 7, 18, 9, number, tzinfo=UTC)
    return {
        "hop_id": f"H{number}", "step": number, "status": "chain", "phase": "lateral_movement", "at": at, "to_at": at,
        "source": source, "destination": destination, "account": "", "how": "ssh", "technique": "T1021.004",
        "tactic": "lateral-movement", "event_ids": [number], "n_events": 1, "confidence": 1.0, "why": "", "against": [],
        **more,
    }  # fmt: skip


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": number, "log_id": "G0000001", "position": number, "line": number, "at": AT, "host": "edge1",
        "kind": "login", "action": "login", "outcome": "failure", "account": "admin", "src_ip": "198.51.100.9",
        "extra": {}, **more,
    }  # fmt: skip


def log(**more: Any) -> dict[str, Any]:
    return {
        "log_id": "G0000001", "exhibit_id": "E0001", "path": "auth.log", "host": "edge1", "parser": "syslog",
        "n_lines": 1, "n_events": 1, "n_rejects": 0, "first_at": AT, "last_at": AT, "status": "read", **more,
    }  # fmt: skip


def fix(group: str, moment: str = "now", **more: Any) -> dict[str, Any]:
    """Return a row of path_fixes: one fact on a way to one store with ten people."""
    return {
        "fix_id": f"K{group}{moment}{more.get('subject', '')}", "moment": moment,
        "as_of": "2026-07-31" if moment == "then" else "", "as_of_on": date(2026, 7, 31) if moment == "then" else None,
        "group": group, "subject": "", "places": ["edge1"], "fact_ids": ["T1"], "n_facts": 1, "n_on_ways": 1,
        "stores": ["crm"], "persons": 10, "persons_before": 10, "persons_after": 0, "persons_removed": 10,
        "stores_closed": ["crm"], "looked": True, "looked_on": date(2026, 8, 22), **more,
    }  # fmt: skip


def fact(number: int, kind: str, source: str, target: str = "", **more: Any) -> dict[str, Any]:
    return {
        "fact_id": f"T{number}", "kind": kind, "source": source, "target": target, "detail": "", "evidence": "x:1",
        "first_on": date(2026, 7, 31), "last_on": date(2026, 8, 22), "state": "open", "n_paths": 1, "remedy": "mend",
        **more,
    }  # fmt: skip


ALL_TABLES = (
    EXHIBITS, ITEMS, COLUMNS, RECORDS, MEMBERSHIPS, PERSONS, PERSON_ELEMENTS, EVENTS, LOG_FILES, HOPS, DETECTIONS,
    FACTS, ATTACK_PATHS, PATH_FIXES,
)  # fmt: skip
