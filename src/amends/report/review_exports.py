"""Exports of the review: ``gap-report`` and ``roadmap`` as pages, sheets and rows; OSCAL as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from amends.kernel import ids
from amends.kernel.case import Case
from amends.kernel.errors import TableError, UsageError
from amends.report import spreadsheet
from amends.report.oscal import assessment_results, plan_of_action
from amends.report.review import plain, review_data
from amends.report.review_pages import review_html, review_pdf
from amends.report.review_sheets import review_table, review_workbook

Maker = Callable[[Case, str], bytes]
ROWS = (".csv", ".parquet", ".jsonl")
ROADMAP_JSON = ("entity", "case", "run", "run_on", "measured_on", "roadmap", "horizons")


def review_json(case: Case, name: str = "gap-report") -> bytes:
    """Return the review, or only its roadmap, as JSON."""
    told = review_data(case)
    if name == "roadmap":
        told = {key: told[key] for key in ROADMAP_JSON}
    return (json.dumps(plain(told), ensure_ascii=False, indent=1) + "\n").encode()


def _pdf(case: Case, name: str) -> bytes:
    return review_pdf(case, name)


def _a4(case: Case, name: str) -> bytes:
    return review_pdf(case, name, "a4")


_PAGES: Mapping[str, Maker] = {
    ".html": lambda case, name: review_html(case, name).encode(),
    ".a4.pdf": _a4,
    ".pdf": _pdf,
    ".xlsx": review_workbook,
    ".json": review_json,
}
REVIEW_EXPORTS: Mapping[str, Mapping[str, Maker]] = {
    "gap-report": _PAGES,
    "roadmap": _PAGES,
    "oscal-assessment-results": {".json": lambda case, name: _oscal(assessment_results(case))},
    "oscal-poam": {".json": lambda case, name: _oscal(plan_of_action(case))},
}
"""Exports that are files: name → ending → what makes it. The two reports are also rows (``ROWS``)."""


def _oscal(document: Mapping[str, object]) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def write_review(case: Case, name: str, to: str) -> int:
    """Write one of ``REVIEW_EXPORTS``, whole or not at all, with a line in the ledger.

    Returns:
        Rows of a table, else bytes of a file.

    Raises:
        UsageError: The ending is not one of its endings.
        TableError: There is no review yet, or the file cannot be written.
    """
    makers = REVIEW_EXPORTS[name]
    path = Path(to)
    ending = next((e for e in makers if path.name.lower().endswith(e)), "")
    if not ending:
        rows = ROWS if makers is _PAGES else ()
        if to != "-" and path.suffix.lower() not in rows:
            raise UsageError(
                f"The export {name} is not written as {path.suffix or 'nothing'!r}",
                where=path.name,
                remedy="end the name in " + " ".join((*makers, *rows)),
            )
        table = review_table(case, name)
        count = spreadsheet.write(table.schema, table.to_batches(), to)
    else:
        made = makers[ending](case, name)
        count = len(made)
        _write(path, made)
    case.ledger.append("export", name=name, to=path.name, rows=count, run=case.run_id())
    return count


def _write(path: Path, made: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{ids.new(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.touch(0o600)
        fresh.write_bytes(made)
        fresh.replace(path)
    except OSError as error:
        raise TableError(
            "The file could not be written",
            where=path.name,
            remedy=f"{error.strerror}: choose another place",
        ) from error
    finally:
        fresh.unlink(missing_ok=True)
