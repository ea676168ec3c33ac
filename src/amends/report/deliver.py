"""What every run leaves under ``out/``: the report page and the notification list."""

from __future__ import annotations

from pathlib import Path

from amends.kernel.case import Case
from amends.report import exports, page
from amends.tables.notices import NOTICES

SHEET_LIMIT = 100_000
"""Above so many notices the list is not written as XLSX by itself: sheets of that size help nobody."""


def deliver(case: Case) -> list[Path]:
    """Write report and notification list of the last run and return their paths; nothing before the first run."""
    if not case.has(NOTICES):
        return []
    made = [page.write_page(case)]
    small = (
        case.engine.arrow(f"SELECT count(*) AS n FROM {case.read(NOTICES)}").column(0)[0].as_py()
        <= SHEET_LIMIT
    )
    for ending in ("parquet", "csv", *(["xlsx"] if small else [])):
        path = case.out / f"notification-list.{ending}"
        exports.export(case, "notification-list", str(path))
        made.append(path)
    return made
