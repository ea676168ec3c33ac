"""Named exports: the notification list, who belongs to which record, the calendar, the custody log, any table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from amends import custody
from amends.duties import calendar_ics, case_worksheets
from amends.kernel.case import Case
from amends.kernel.engine.base import quote
from amends.kernel.errors import UsageError
from amends.kernel.schema import Table
from amends.report import spreadsheet
from amends.report.review_exports import REVIEW_EXPORTS, write_review
from amends.report.timeline_exports import FILE_EXPORTS, SQL_EXPORTS, write_timeline_file
from amends.tables import ALL
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS
from amends.tables.elements import PLACES, RECORDS, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS, PERSONS
from amends.taxonomy.elements import elements


def export(case: Case, name: str, to: str) -> int:
    """Write a table or a named export to a file, or to standard output for ``-``; return its rows.

    Raises:
        UsageError: No table or export has that name, or the file's ending is not known.
        TableError: The table does not exist yet, or the file cannot be written.
    """
    if name == "calendar" and to.lower().endswith(".ics"):
        return _write_calendar(case, Path(to))
    if name == "filings":
        return _write_filings(case, to)
    if name in FILE_EXPORTS:
        return write_timeline_file(case, name, to)
    if name in REVIEW_EXPORTS:
        return write_review(case, name, to)
    if name == "custody-log":
        return write_rows(case, name, pa.Table.from_pylist(custody.journal_rows(case.folder)), to)
    sql = named_sql(case, name)
    schema = case.engine.arrow(f"SELECT * FROM ({sql}) LIMIT 0").schema
    rows = spreadsheet.write(schema, case.engine.batches(sql), to)
    case.ledger.append("export", name=name, to=Path(to).name, rows=rows, run=case.run_id())
    return rows


def write_rows(case: Case, name: str, rows: pa.Table, to: str) -> int:
    """Write rows made elsewhere to a file, with a line in the ledger."""
    count = spreadsheet.write(rows.schema, rows.to_batches(), to)
    case.ledger.append("export", name=name, to=Path(to).name, rows=count, run=case.run_id())
    return count


def names() -> tuple[str, ...]:
    """Return everything that can be exported, named exports first."""
    return (
        *_NAMED,
        *FILE_EXPORTS,
        *REVIEW_EXPORTS,
        "custody-log",
        "filings",
        *(t.name for t in ALL if t.name not in (*_NAMED, *REVIEW_EXPORTS)),
    )


def named_sql(case: Case, name: str) -> str:
    """Return SQL of a named export or of a whole table.

    Raises:
        UsageError: There is none of that name.
        TableError: The table does not exist yet.
    """
    made = _NAMED.get(name)
    if made is not None:
        return made(case)
    table = table_named(name)
    columns = ", ".join(quote(c) for c in table.names)
    return f"SELECT {columns} FROM {case.read(table)} ORDER BY ALL"


def table_named(name: str) -> Table:
    """Return the table of that name.

    Raises:
        UsageError: There is none.
    """
    for table in ALL:
        if table.name == name.replace("-", "_"):
            return table
    raise UsageError(
        f"There is no table or export {name!r}", remedy="choose one of: " + " ".join(names())
    )


def notification_list_sql(case: Case) -> str:
    """Return SQL of the persons to be told, with address, elements and what is planned for them.

    One row is one planned notice; a person for whom a notice is held back is in the list with
    ``held`` saying why. Element columns are booleans, one for each element of the taxonomy:
    whether it was exposed.
    """
    flags = ",\n".join(
        f"list_contains(n.elements, {_text(code)}) AS {quote(flag_column(code))}"
        for code in elements()
    )
    return f"""
        SELECT p.person_id, n.name, p.status,
               n.address[1] AS address_1, n.address[2] AS address_2, n.address[3] AS address_3,
               n.city, n.state, n.zip, coalesce(n.country, CASE WHEN n.zip IS NULL THEN NULL ELSE 'US' END) AS country,
               p.residence, coalesce(n.email, p.email) AS email, p.phone,
               array_to_string(p.owners, ' + ') AS owner, array_to_string(p.populations, ' + ') AS population,
               {flags},
               n.kind, n.edition, n.variant, n.language, n.audience, n.channel, n.legal_method,
               array_to_string(n.quarantine, ' ') AS held,
               g.id_protection_months, array_to_string(g.sources, '; ') AS sections,
               n.due_on AS deadline, n.notice_id, p.confidence, {_text(case.run_id())} AS run
        FROM {case.read(NOTICES)} AS n
        JOIN {case.read(PERSONS)} AS p USING (person_id)
        LEFT JOIN {case.read(DUTY_GROUPS)} AS g USING (group_id)
        ORDER BY p.person_id
    """


def flag_column(element: str) -> str:
    """Return the name of an element's boolean column in the notification list."""
    return f"{element}_exposed" if element in ("name", "email", "phone", "zip") else element


def _memberships_sql(case: Case) -> str:
    return f"""
        SELECT m.person_id, m.record_id, e.path AS exhibit_path, i.inner_path,
               r.locator % {PLACES} AS locator, r.role, m.reason, m.weight
        FROM {case.read(MEMBERSHIPS)} AS m
        JOIN {case.read(RECORDS)} AS r USING (record_id)
        JOIN {case.read(ITEMS)} AS i USING (item_id)
        JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        ORDER BY m.person_id, m.record_id
    """


def _person_elements_sql(case: Case) -> str:
    return f"""
        SELECT pe.person_id, pe.element, pe.possible, pe.secured, pe.accessed, pe.acquired, pe.n_records,
               e.path || CASE WHEN i.inner_path = '' THEN '' ELSE ' : ' || i.inner_path END
                 || ' : ' || (r.locator % {PLACES}) AS source
        FROM {case.read(PERSON_ELEMENTS)} AS pe
        LEFT JOIN {case.read(RECORDS)} AS r ON r.record_id = pe.first_record_id
        LEFT JOIN {case.read(ITEMS)} AS i USING (item_id)
        LEFT JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        ORDER BY pe.person_id, pe.element
    """


def _exceptions_sql(case: Case) -> str:
    """Return SQL of everything that did not reach a person: unread items, lost rows, rows of nobody."""
    return f"""
        SELECT x.exception_id, e.exhibit_id, e.path AS exhibit_path, x.inner_path, x.place, x.whole, x.reason,
               CAST(NULL AS BIGINT) AS n_records, x.remedy, x.disposition
        FROM {case.read(EXCEPTIONS)} AS x
        LEFT JOIN {case.read(EXHIBITS)} AS e USING (exhibit_id)
        UNION ALL
        SELECT NULL, e.exhibit_id, e.path, i.inner_path, '', false, u.reason, u.n_records, u.remedy, 'open'
        FROM {case.read(UNATTRIBUTED)} AS u
        JOIN {case.read(ITEMS)} AS i USING (item_id)
        JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        ORDER BY ALL
    """


def _calendar_sql(case: Case) -> str:
    return f"""
        SELECT due_on, due_at, jurisdiction, recipient, "to", stage, "order", answer, n_persons, standard,
               from_event, why, source, confidence, warnings, group_id, duty_id
        FROM {case.read(DUTIES)}
        WHERE answer <> 'not_required'
        ORDER BY due_on NULLS LAST, jurisdiction, recipient, "to", group_id
    """


def _calendar_days_sql(case: Case) -> str:
    """Return SQL with one row a day, law and recipient: what a person wants in a calendar."""
    return f"""
        SELECT due_on, due_at, jurisdiction, recipient, "to", stage, "order", answer,
               sum(n_persons)::BIGINT AS n_persons, min(standard) AS standard, min(from_event) AS from_event,
               min(why) AS why, min(source) AS source, min(confidence) AS confidence,
               list_sort(list_distinct(flatten(list(warnings)))) AS warnings,
               NULL AS group_id, min(duty_id) AS duty_id
        FROM {case.read(DUTIES)} WHERE answer <> 'not_required'
        GROUP BY due_on, due_at, jurisdiction, recipient, "to", stage, "order", answer
        ORDER BY due_on NULLS LAST, jurisdiction, recipient, "to", stage, answer
    """


def _write_calendar(case: Case, path: Path) -> int:
    rows = case.engine.arrow(_calendar_days_sql(case)).to_pylist()
    path.write_text(calendar_ics(rows, case.name, case.run_id()), "utf-8", newline="")
    case.ledger.append("export", name="calendar", to=path.name, rows=len(rows), run=case.run_id())
    return len(rows)


def _write_filings(case: Case, to: str) -> int:
    """Write the worksheets of all filings to regulators as one JSON file."""
    if not to.lower().endswith(".json"):
        raise UsageError(
            "Worksheets of filings are written as JSON", remedy="end the name in .json"
        )
    sheets = case_worksheets(case)
    spreadsheet.write_json({"run": case.run_id(), "filings": sheets}, Path(to))
    case.ledger.append(
        "export", name="filings", to=Path(to).name, rows=len(sheets), run=case.run_id()
    )
    return len(sheets)


def _text(value: str) -> str:
    """Return a literal; only for codes and run ids of our own, never for evidence."""
    return "'" + value.replace("'", "''") + "'"


_NAMED: dict[str, Callable[[Case], str]] = {
    "notification-list": notification_list_sql,
    "memberships": _memberships_sql,
    "person-elements": _person_elements_sql,
    "exceptions": _exceptions_sql,
    "calendar": _calendar_sql,
    **SQL_EXPORTS,
}
