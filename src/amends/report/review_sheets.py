"""The review as rows: CSV, Parquet and JSON Lines of gaps and roadmap, and a workbook with a sheet for each part."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import xlsxwriter

from amends.kernel.case import Case
from amends.report.review import review_data
from amends.report.spreadsheet import flat, inert
from amends.tables.controls import SCANNER_FINDINGS

Cell = str | int | float | bool | date | datetime | None
Line = Sequence[Cell]
Rows = list[dict[str, Any]]  # rows of report/review.py

GAPS: tuple[tuple[str, int, Callable[[dict[str, Any]], Cell]], ...] = (
    ("no.", 5, lambda g: g["rank"]),
    ("safeguard", 44, lambda g: g["title"]),
    ("stands", 20, lambda g: g["status_shown"]),
    ("what was found", 70, lambda g: g["why"]),
    ("on the intruder's way", 12, lambda g: "yes" if g["on_path"] else "no"),
    ("people exposed", 12, lambda g: g["persons"]),
    ("people exposed at the breach", 12, lambda g: g["persons_then"]),
    ("people out of reach once done", 14, lambda g: g["persons_removed"]),
    ("remedy", 60, lambda g: g["remedy"]),
    ("owner", 24, lambda g: g["owner"]),
    ("working days", 9, lambda g: g["effort_days"]),
    ("priority", 12, lambda g: g["priority"]),
    ("measure", 40, lambda g: g["measure_title"]),
    ("today", 14, lambda g: g["value_shown"]),
    ("target", 14, lambda g: g["target_shown"]),
    ("evidence of", 12, lambda g: g["measured_at_shown"]),
    ("failed on", 12, lambda g: g["failed_on_shown"]),
    ("closed on", 12, lambda g: g["closed_on_shown"]),
    ("accepted until", 12, lambda g: g["accepted_until_on_shown"]),
    ("state", 10, lambda g: g["state"]),
    ("cause", 24, lambda g: g["cause_shown"]),
    ("GAO-18-559 cause", 24, lambda g: g["gao_shown"]),
    ("control", 10, lambda g: g["control_id"]),
    ("control title", 36, lambda g: g["control_title"]),
    ("CSF 2.0", 11, lambda g: g["csf_id"]),
    ("ATT&CK", 16, lambda g: " ".join(g["techniques"] or [])),
    ("places", 40, lambda g: "; ".join(g["places"] or [])),
    ("evidence", 60, lambda g: "; ".join(f"{e['id']} {e['says']}".strip() if e["says"] != e["id"] else e["id"]
                                         for e in g["proof"])),
    ("grounds", 50, lambda g: g["source"]),
    ("gap_id", 20, lambda g: g["gap_id"]),
)  # fmt: skip
"""Heading, width and value of each column of the gaps."""

ROADMAP: tuple[tuple[str, int, Callable[[dict[str, Any]], Cell]], ...] = (
    ("no.", 5, lambda i: i["rank"]),
    ("horizon", 12, lambda i: i["horizon"].replace("_", " ")),
    ("due", 12, lambda i: i["due_shown"]),
    ("work", 54, lambda i: i["title"]),
    ("owner", 24, lambda i: i["owner"]),
    ("working days", 9, lambda i: i["effort_days"]),
    ("people exposed", 12, lambda i: i["persons"]),
    ("people out of reach once done", 14, lambda i: i["persons_removed"]),
    ("today", 14, lambda i: i["value_shown"]),
    ("by quarter", 36, lambda i: "; ".join(f"{q}: {v}" for q, v in i["targets_shown"])),
    ("after", 36, lambda i: "; ".join(i["after_shown"])),
    ("state", 10, lambda i: i["state"]),
    ("cause", 24, lambda i: i["cause_shown"]),
    ("safeguards", 60, lambda i: "; ".join(f"{g['control_id']} {g['title']}" for g in i["gaps"])),
    ("measure_id", 22, lambda i: i["measure_id"]),
    ("item_id", 20, lambda i: i["item_id"]),
)  # fmt: skip

MEASURES: tuple[tuple[str, int, Callable[[dict[str, Any]], Cell]], ...] = (
    ("measure", 50, lambda m: m["title"]),
    ("today", 16, lambda m: "NOT MEASURED" if m["value"] is None else m["shown"]),
    ("value", 12, lambda m: m["value"]),
    ("unit", 10, lambda m: m["unit"]),
    ("better", 8, lambda m: m["better"]),
    ("target", 12, lambda m: m["target"]),
    ("verdict", 14, lambda m: m["verdict"]),
    ("evidence of", 12, lambda m: m["measured_on"]),
    ("evidence", 40, lambda m: "; ".join(m["evidence"] or [])),
    ("what to add", 60, lambda m: m["why_not"]),
    ("key figure", 9, lambda m: "yes" if m["is_kpi"] else "no"),
    ("measure_id", 24, lambda m: m["measure_id"]),
)

RISK: tuple[tuple[str, int, Callable[[dict[str, Any]], Cell]], ...] = (
    ("what for", 26, lambda k: k["words"]),
    ("fewest", 12, lambda k: k["n_low"]),
    ("most", 12, lambda k: k["n_high"]),
    ("least each, USD", 12, lambda k: k["cost_low"]),
    ("most each, USD", 12, lambda k: k["cost_high"]),
    ("one draw in ten below, USD", 16, lambda k: k["p10"]),
    ("nine draws in ten below, USD", 16, lambda k: k["p90"]),
    ("costs by", 60, lambda k: k["source"]),
)
FINDINGS_WIDTHS = {
    "title": 60,
    "place": 40,
    "rule": 24,
    "control_ids": 24,
    "tool": 16,
    "found_at": 18,
}
_SHEET_ROWS = 200_000
"""Findings in the workbook: more make it larger than a desk can open; the table holds all."""


def review_table(case: Case, name: str) -> pa.Table:
    """Return the gaps or the roadmap as a table with the headings a person reads, in order."""
    r = review_data(case)
    columns, rows = (GAPS, r["gaps"]) if name == "gap-report" else (ROADMAP, r["roadmap"])
    return pa.table({head: pa.array([of(row) for row in rows]) for head, _, of in columns})


def review_workbook(case: Case, name: str = "gap-report") -> bytes:
    """Return the review as a workbook: frozen headings, filters, one sheet for each part; the same bytes for a run."""
    r = review_data(case)
    stream = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(stream, options) as book:
        # A fixed day: a workbook that carries the clock would differ from one export to the next.
        book.set_properties(
            {"title": f"{r['entity']}: safeguards, run {r['run']}", "created": datetime(2000, 1, 1)}
        )
        look = {
            "head": book.add_format({"bold": True, "bg_color": "#123F5C", "font_color": "#FFFFFF", "text_wrap": True,
                                     "valign": "top", "border": 1, "border_color": "#D3DCE3"}),
            "cell": book.add_format({"valign": "top", "text_wrap": True}),
            "number": book.add_format({"valign": "top", "num_format": "#,##0.##"}),
            "loud": book.add_format({"valign": "top", "bold": True, "bg_color": "#FFD84D"}),
        }  # fmt: skip
        if name == "gap-report":
            _sheet(book, look, "gaps", _lines(GAPS, r["gaps"]), [w for _, w, _ in GAPS])
        _sheet(book, look, "roadmap", _lines(ROADMAP, r["roadmap"]), [w for _, w, _ in ROADMAP])
        if name == "gap-report":
            _sheet(
                book, look, "measures", _lines(MEASURES, r["measures"]), [w for _, w, _ in MEASURES]
            )
            _findings(book, look, case)
            _sheet(book, look, "risk", _lines(RISK, r["risk"]), [w for _, w, _ in RISK])
    return stream.getvalue()


def _lines(
    columns: Sequence[tuple[str, int, Callable[[dict[str, Any]], Cell]]], rows: Rows
) -> Iterable[Line]:
    """Yield heading and rows; what a spreadsheet would take for a formula has an apostrophe before it."""
    yield [head for head, _, _ in columns]
    for row in rows:
        line = [of(row) for _, _, of in columns]
        safe = inert(pa.array([v if isinstance(v, str) else None for v in line], pa.string()))
        yield [
            told if isinstance(v, str) else v
            for v, told in zip(line, safe.to_pylist(), strict=True)
        ]


def _findings(
    book: Any, look: Mapping[str, Any], case: Case
) -> None:  # Any: xlsxwriter ships no types
    names = [n for n in SCANNER_FINDINGS.names if n != "scan_id"] + ["scan_id"]
    widths = [FINDINGS_WIDTHS.get(n, 12) for n in names]

    def lines() -> Iterable[Line]:
        yield [n.replace("_", " ") for n in names]
        if not case.has(SCANNER_FINDINGS):
            return
        order = "list_position(['critical', 'high', 'medium', 'low', 'info'], severity)"
        table = case.read(SCANNER_FINDINGS)
        sql = (
            f"SELECT {', '.join(names)} FROM {table} ORDER BY status <> 'unread', status <> 'open', {order}, "
            f"rule, place, scan_id LIMIT {_SHEET_ROWS}"
        )
        for batch in case.engine.batches(sql):
            yield from zip(*(column.to_pylist() for column in flat(batch).columns), strict=True)
        total = case.engine.arrow(f"SELECT count(*) AS n FROM {table}").column("n")[0].as_py()
        if total > _SHEET_ROWS:
            yield [
                f"and {total - _SHEET_ROWS:,} more: amends export CASE scanner_findings --to FILE.csv"
            ]

    _sheet(book, look, "findings", lines(), widths)


def _sheet(
    book: Any, look: Mapping[str, Any], name: str, lines: Iterable[Line], widths: Sequence[int]
) -> None:
    """Write a sheet of lines that ``_lines`` or ``flat`` made inert; every text is a text cell."""
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 2)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    last = 0
    for last, line in enumerate(lines):
        for place, value in enumerate(line):
            _cell(sheet, look, last, place, value)
    sheet.autofilter(0, 0, last, len(widths) - 1)
    sheet.set_landscape()
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)


def _cell(sheet: Any, look: Mapping[str, Any], row: int, place: int, value: Cell) -> None:
    kind = "head" if row == 0 else "loud" if value == "NOT MEASURED" else "cell"
    if value is None:
        return
    if isinstance(value, int | float) and not isinstance(value, bool):
        sheet.write_number(row, place, value, look["number"])
    elif isinstance(value, datetime | date):
        sheet.write_string(row, place, value.strftime("%Y-%m-%d"), look[kind])
    else:
        sheet.write_string(row, place, str(value)[:32_767], look[kind])
