"""Everything Amends holds on one person, each statement with the row it comes from."""

from __future__ import annotations

import re

from amends import persons
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.duties import DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import RECORDS
from amends.tables.notices import NOTICES
from amends.tables.persons import CONFLICTS, MEMBERSHIPS, PERSON_ELEMENTS, PERSONS

_MASKED = (
    "name_first",
    "name_middle",
    "name_last",
    "business",
    "birth_on",
    "phone",
    "email",
    "street",
)


def explain(case: Case, person_id: str, *, reveal: bool = False) -> dict[str, object]:
    """Return a person's records, ties, elements, duty and notice.

    Args:
        case: The case.
        person_id: ``P…``.
        reveal: Show names and contact data in full; the caller writes it to the ledger.

    Raises:
        UsageError: No such person.
    """
    found = _rows(case, f"SELECT * FROM {case.read(PERSONS)} WHERE person_id = ?", person_id)
    if not found:
        raise UsageError(
            f"There is no person {person_id[:20]!r} in this case",
            remedy="find one with: amends show CASE persons",
        )
    records = _rows(case, _records_sql(case), person_id)
    return {
        "run": case.run_id(),
        "person": _shown(found[0], reveal),
        "records": [_shown(r, reveal) for r in records],
        "ties": persons.explain_ties(case, person_id),
        "elements": _rows(
            case,
            f"SELECT * FROM {case.read(PERSON_ELEMENTS)} WHERE person_id = ? ORDER BY element",
            person_id,
        ),
        "duty": _rows(case, _duty_sql(case), person_id),
        "notices": [
            _shown(n, reveal)
            for n in _rows(
                case, f"SELECT * FROM {case.read(NOTICES)} WHERE person_id = ?", person_id
            )
        ],
        "conflicts": _rows(
            case, f"SELECT * FROM {case.read(CONFLICTS)} WHERE list_contains(persons, ?)", person_id
        ),
    }


def _records_sql(case: Case) -> str:
    return f"""
        SELECT m.reason, m.weight, m.rule, e.path AS exhibit, i.inner_path, r.*
        FROM {case.read(MEMBERSHIPS)} AS m JOIN {case.read(RECORDS)} AS r USING (record_id)
        JOIN {case.read(ITEMS)} AS i USING (item_id) JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        WHERE m.person_id = ? ORDER BY r.record_id
    """


def _duty_sql(case: Case) -> str:
    return f"""
        SELECT g.* FROM {case.read(PERSON_GROUPS)} AS m JOIN {case.read(DUTY_GROUPS)} AS g USING (group_id)
        WHERE m.person_id = ?
    """


def _rows(case: Case, sql: str, person_id: str) -> list[dict[str, object]]:
    return [dict(r) for r in case.engine.arrow(sql, [person_id]).to_pylist()]


def _shown(row: dict[str, object], reveal: bool) -> dict[str, object]:
    """Return a row without empty cells, tokens and, unless ``reveal``, with names and contacts masked."""
    kept = {k: v for k, v in row.items() if v not in (None, [], "") and not k.endswith("_token")}
    if reveal:
        return kept
    return {k: mask(k, v) for k, v in kept.items()}


def mask(column: str, value: object) -> object:
    """Return a cell as it may be shown to anybody who works on the case: initials, year of birth, last digits."""
    if column == "address" and isinstance(value, list):
        return ["…" for _ in value]
    if column not in (*_MASKED, "name", "guardian", "address"):
        return value
    text = str(value)
    if column == "birth_on":
        return text[:4] + "-··-··"
    if column == "email":
        name, _, domain = text.partition("@")
        return f"{name[:1]}···@{domain}"
    if column == "phone":
        return "···" + text[-4:]
    if column == "street":
        return re.sub(r"\w", "·", text)
    return " ".join(word[:1] + "···" for word in text.split())
