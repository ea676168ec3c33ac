"""Cases with persons made by hand, for the tests of the stage and of what is rendered from it."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest

from amends.kernel.case import Case
from amends.tables.persons import PERSON_ELEMENTS, PERSONS


def person(person_id, residence, status="adult", owners=("Acme",)):
    blank = dict.fromkeys(PERSONS.names)
    return {**blank, "person_id": person_id, "kind": "human", "residence": residence,
            "status": status, "owners": list(owners), "populations": [], "n_records": 1,
            "n_roster_records": 0, "confidence": 1.0}  # fmt: skip


def element(person_id, code, *, possible=False, secured=False, accessed=True, acquired=True):
    return {"person_id": person_id, "element": code, "possible": possible, "secured": secured,
            "accessed": accessed, "acquired": acquired, "n_records": 1, "first_record_id": 1}  # fmt: skip


def make_case(tmp_path, persons, elements, settings=(), events=()):
    case = Case.create(tmp_path / "case", {("case", "entity"): "Larkspur", **dict(settings)})
    for kind, at in events or [("discovery", "2026-08-17"), ("determination", "2026-08-17")]:
        case.add_event(kind, at, "E0001")
    case.write(PERSONS, pa.Table.from_pylist(persons, PERSONS.schema))
    case.write(PERSON_ELEMENTS, pa.Table.from_pylist(elements, PERSON_ELEMENTS.schema))
    return case


def rows(case, table):
    return case.engine.arrow(f"SELECT * FROM {case.read(table)}").to_pylist()


@pytest.fixture
def kit():
    """Helpers: person, element, make_case, rows."""
    return SimpleNamespace(person=person, element=element, make_case=make_case, rows=rows)
