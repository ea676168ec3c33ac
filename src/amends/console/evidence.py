"""What was received, what could be read in it, and what could not."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from amends.console.base import Facts, Missing, Visit, page
from amends.console.people import Place
from amends.kernel.case import Case
from amends.kernel.errors import UsageError
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS, UNATTRIBUTED

PAGE = 100

Rows = list[dict[str, object]]


def _need_run(case: Case) -> None:
    if not case.has(EXHIBITS):
        raise UsageError("There has been no run yet", remedy="run: amends run CASE")


@page("/exhibits", name="exhibits", area="evidence", template="exhibits.html", rows="exhibits")
def exhibits(visit: Visit) -> Facts:
    """Show what was received, with what was read of it."""
    with visit.case() as case:
        _need_run(case)
        found = case.engine.arrow(
            f"""
            SELECT e.exhibit_id, e.role, e.owner, e.population, e.store, e.as_of_on, e.path, e.size_bytes, e.sha256,
                   e.received_at, e.received_by, count(i.item_id) AS n_items,
                   count(*) FILTER (WHERE i.status = 'read') AS n_read, coalesce(sum(i.n_rows), 0)::BIGINT AS n_rows
            FROM {case.read(EXHIBITS)} AS e LEFT JOIN {case.read(ITEMS)} AS i USING (exhibit_id)
            GROUP BY ALL ORDER BY e.exhibit_id
            """
        ).to_pylist()
    start = visit.number("from", 0)
    return {
        "exhibits": found[start : start + PAGE],
        "total": len(found),
        "_place": _place(visit, "/exhibits", {}, start, len(found)),
    }


@page(
    "/exhibits/{exhibit_id}", name="exhibit", area="evidence", template="exhibit.html", rows="items"
)
def exhibit(visit: Visit) -> Facts:
    """Show one exhibit: its custody, its items, what its columns hold."""
    wanted, start = visit.path("exhibit_id"), visit.number("from", 0)
    with visit.case() as case:
        _need_run(case)
        found = _rows(case, f"SELECT * FROM {case.read(EXHIBITS)} WHERE exhibit_id = ?", wanted)
        if not found:
            raise Missing("There is no such exhibit", remedy="see the list of exhibits")
        items = case.read(ITEMS)
        total = int(
            str(
                _rows(case, f"SELECT count(*) AS n FROM {items} WHERE exhibit_id = ?", wanted)[0][
                    "n"
                ]
            )
        )
        listed = _rows(
            case,
            f"SELECT * FROM {items} WHERE exhibit_id = ? ORDER BY item_no LIMIT {PAGE} OFFSET {int(start)}",
            wanted,
        )
        columns = _columns(case, wanted)
        faults = _rows(
            case,
            f"SELECT * FROM {case.read(EXCEPTIONS)} WHERE exhibit_id = ? ORDER BY exception_id LIMIT 200",
            wanted,
        )
    base = f"/exhibits/{quote(wanted)}"
    return {
        "exhibit": found[0],
        "items": listed,
        "n_items": total,
        "columns": columns,
        "exceptions": faults,
        "_place": _place(visit, base, {}, start, total),
    }


def _columns(case: Case, exhibit_id: str) -> Rows:
    """Return the columns of an exhibit's tables that hold personal data."""
    if not case.has(COLUMNS):
        return []
    return _rows(
        case,
        f"""SELECT c.item_id, i.inner_path, c."column", c.element, c.confidence, c.n_values, c.n_valid, c.n_malformed,
               c.secured, c.decided_by, c.evidence
        FROM {case.read(COLUMNS)} AS c JOIN {case.read(ITEMS)} AS i USING (item_id)
        WHERE i.exhibit_id = ? AND c.element IS NOT NULL ORDER BY i.item_no, c."column" LIMIT 300""",
        exhibit_id,
    )


@page(
    "/exceptions", name="exceptions", area="evidence", template="exceptions.html", rows="exceptions"
)
def exceptions(visit: Visit) -> Facts:
    """Show what could not be read, why, and what was done about it; and rows of nobody."""
    reason, disposition, start = (
        visit.asked("reason"),
        visit.asked("disposition"),
        visit.number("from", 0),
    )
    with visit.case() as case:
        _need_run(case)
        faults = case.read(EXCEPTIONS)
        tests = "? IN ('', x.reason) AND ? IN ('', CASE WHEN x.disposition = 'open' THEN 'open' ELSE 'settled' END)"
        chosen = (reason, disposition)
        total = int(
            str(
                _rows(case, f"SELECT count(*) AS n FROM {faults} AS x WHERE {tests}", *chosen)[0][
                    "n"
                ]
            )
        )
        listed = _rows(
            case,
            f"""SELECT x.*, e.path AS exhibit FROM {faults} AS x LEFT JOIN {case.read(EXHIBITS)} AS e USING (exhibit_id)
            WHERE {tests} ORDER BY x.whole DESC, x.exception_id LIMIT {PAGE} OFFSET {int(start)}""",
            *chosen,
        )
        counts = _rows(
            case,
            f"""SELECT reason, count(*) AS n, count(*) FILTER (WHERE whole) AS n_whole,
                   count(*) FILTER (WHERE disposition = 'open') AS n_open, any_value(remedy) AS remedy
            FROM {faults} GROUP BY reason ORDER BY n DESC, reason""",
        )
        nobody = _unattributed(case)
    return {
        "exceptions": listed,
        "total": total,
        "counts": counts,
        "unattributed": nobody,
        "reason": reason,
        "disposition": disposition,
        "_place": _place(
            visit, "/exceptions", {"reason": reason, "disposition": disposition}, start, total
        ),
    }


def _unattributed(case: Case) -> Rows:
    if not case.has(UNATTRIBUTED):
        return []
    return _rows(
        case,
        f"""SELECT u.item_id, i.exhibit_id, e.path AS exhibit, i.inner_path, u.reason, u.elements, u.n_records, u.remedy
        FROM {case.read(UNATTRIBUTED)} AS u JOIN {case.read(ITEMS)} AS i USING (item_id)
        JOIN {case.read(EXHIBITS)} AS e ON e.exhibit_id = i.exhibit_id
        ORDER BY u.n_records DESC, u.item_id LIMIT 200""",
    )


def _rows(case: Case, sql: str, *values: object) -> Rows:
    return [dict(r) for r in case.engine.arrow(sql, values).to_pylist()]


def _place(visit: Visit, base: str, words: dict[str, str], start: int, total: int) -> Place:
    kept = {k: v for k, v in words.items() if v}
    end = min(start + PAGE, total)

    def at(offset: int) -> str:
        return f"{base}?{urlencode({**kept, 'from': offset})}"

    before = at(max(0, start - PAGE)) if start else ""
    return Place(min(start + 1, total), end, total, before, at(end) if end < total else "")
