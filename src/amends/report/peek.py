"""First rows of a table, masked; the list of tables; the taxonomy."""

from __future__ import annotations

from amends.kernel.case import Case
from amends.kernel.engine.base import quote
from amends.report.explain import mask
from amends.report.exports import table_named
from amends.tables import ALL
from amends.taxonomy.elements import elements

Rows = list[dict[str, object]]


def first_rows(case: Case, name: str, limit: int, *, reveal: bool = False) -> Rows:
    """Return the first rows of a table; names and contact data masked unless ``reveal``, which the ledger notes.

    Raises:
        UsageError: No such table.
        TableError: It was not written yet.
    """
    table = table_named(name)
    columns = ", ".join(quote(c) for c in table.names)
    rows = case.engine.arrow(
        f"SELECT {columns} FROM {case.read(table)} LIMIT {int(limit)}"
    ).to_pylist()
    if reveal:
        case.ledger.append("reveal", table=name, rows=len(rows))
        return list(rows)
    return [{k: v if v is None else mask(k, v) for k, v in row.items()} for row in rows]


def table_rows() -> Rows:
    """Return every table with what one of its rows is."""
    return [{"table": t.name, "one row is": t.one_row_is} for t in ALL]


def taxonomy_rows() -> Rows:
    """Return every data element with its class in law and its name in letters."""
    return [
        {
            "element": e.code,
            "category": e.category,
            "in letters": e.names["en", "singular"],
            "in Spanish letters": e.names["es", "singular"],
            "law codes": " ".join(e.law_codes),
            "identifier": e.identifier,
        }
        for e in elements().values()
    ]
