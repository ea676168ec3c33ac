"""A small case with everything the room reads, made by hand: five or so people and their duties."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COVERAGE
from amends.tables.persons import CONFLICTS, PERSON_CHANGES, PERSON_ELEMENTS, PERSONS

EMPTY = {"text": "", "int": 0, "float": 0.0, "bool": False, "texts": []}

CA = {
    "residence": "US-CA",
    "jurisdictions": ["US-CA"],
    "content": [
        "ENTITY_NAME_CONTACT",
        "PI_TYPES",
        "DATE_OF_BREACH",
        "DATE_OF_NOTICE",
        "LE_DELAY_STATEMENT",
        "INCIDENT_GENERAL",
        "CRA_CONTACTS",
        "ID_PROTECTION_OFFER",
        "ID_PROTECTION_HOWTO",
    ],
    "format": ["TITLE_NOTICE_OF_DATA_BREACH", "HEADINGS_CA5", "PLAIN_LANGUAGE", "FONT_MIN_10PT"],
    "id_protection_months": 12,
    "methods": ["written", "email:esign"],
}
MA = {
    "residence": "US-MA",
    "jurisdictions": ["US-MA"],
    "content": ["POLICE_REPORT_RIGHT", "FREEZE_HOWTO", "FREEZE_FREE"],
    "forbidden": ["NATURE_OF_BREACH", "COUNT_STATE_RESIDENTS"],
    "id_protection_months": 18,
    "methods": ["written", "email:esign"],
}
FL = {
    "residence": "US-FL",
    "jurisdictions": ["US-FL"],
    "content": ["DATE_OF_BREACH", "PI_TYPES", "ENTITY_CONTACT"],
    "methods": ["written", "email:any_on_file"],
}


def rows(table: Table, made: list[dict[str, Any]]) -> pa.Table:
    """Return rows of a table, what is not given left empty."""
    known = {c.name: c for c in table.columns}
    full = []
    for row in made:
        assert set(row) <= set(known), set(row) - set(known)
        full.append({n: row.get(n, [] if c.kind == "texts" else None) for n, c in known.items()})
    return pa.Table.from_pylist(full, table.schema)


def person(number: int, **given: Any) -> dict[str, Any]:
    """Return one adult of California with an address."""
    return {
        "person_id": f"P{number:012d}",
        "kind": "human",
        "name": f"Ann Example {number}",
        "street": f"{number} Larch Street",
        "city": "Sacramento",
        "state": "CA",
        "zip": "95814",
        "status": "adult",
        "populations": ["current"],
        "email": f"ann{number}@example.org",
        **given,
    }


def group(name: str, law: dict[str, Any], elements: list[str], **given: Any) -> dict[str, Any]:
    """Return a duty group whose people are told."""
    return {
        "group_id": name,
        "elements": sorted(elements),
        "accessed": True,
        "acquired": True,
        "notify": "required",
        "tell": True,
        "due_on": dt.date(2026, 12, 1),
        "target_on": dt.date(2026, 12, 1),
        "id_protection_months": 0,
        "n_persons": 1,
        **law,
        **given,
    }


def make_case(folder: Path, settings: dict[tuple[str, str], Any] | None = None) -> Case:
    """Return an empty case of Larkspur Wireless with its dates."""
    case = Case.create(
        folder,
        {
            ("case", "entity"): "Larkspur Wireless",
            ("case", "phone"): "1-888-555-0100",
            ("case", "domain"): "larkspur.example",
            ("case", "address"): ["100 Main Street", "Austin, TX 78701"],
            **(settings or {}),
        },
    )
    case.add_event("discovery", "2026-11-01")
    case.add_event("breach_from", "2026-08-03")
    case.add_event("breach_to", "2026-11-02")
    return case


def fill(
    case: Case,
    people: list[dict[str, Any]],
    groups: list[dict[str, Any]],
    member: dict[str, str],
    conflicts: list[dict[str, Any]] | None = None,
    coverage: list[dict[str, Any]] | None = None,
    changes: list[dict[str, Any]] | None = None,
) -> None:
    """Write the tables that the room reads."""
    case.write(PERSONS, rows(PERSONS, people))
    case.write(DUTY_GROUPS, rows(DUTY_GROUPS, groups))
    case.write(
        PERSON_GROUPS,
        rows(PERSON_GROUPS, [{"person_id": p, "group_id": g} for p, g in member.items()]),
    )
    case.write(CONFLICTS, rows(CONFLICTS, conflicts or []))
    case.write(COVERAGE, rows(COVERAGE, coverage or []))
    case.write(PERSON_CHANGES, rows(PERSON_CHANGES, changes or []))
    case.write(DUTIES, rows(DUTIES, []))
    by_id = {g["group_id"]: g for g in groups}
    exposed = [
        {"person_id": p, "element": e, "acquired": True, "accessed": True, "n_records": 1}
        for p, g in member.items()
        for e in by_id[g]["elements"]
    ]
    case.write(PERSON_ELEMENTS, rows(PERSON_ELEMENTS, exposed))
