"""Looking: tables, one person, exports, the difference of two runs."""

from __future__ import annotations

from pathlib import Path

import click
import pyarrow as pa
from rich.markup import escape

from amends.cli.output import Face, as_json, case_argument, pass_face, shown
from amends.report import diff as differences
from amends.report import explain as explanations
from amends.report import exports, peek

WIDE = 8
"""Tables with more columns are shown row by row, one value a line."""

_PAGES = (".html", ".pdf", ".svg")
"""Endings of what a person reads; their rows are not worth counting."""


@click.command()
@click.argument("case")
@click.argument("table", required=False)
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows to show."
)
@click.option(
    "--reveal", is_flag=True, help="Show names and contact data in full; written to the ledger."
)
@as_json
@pass_face
def show(face: Face, case: str, table: str | None, limit: int, reveal: bool, as_json: bool) -> None:
    """Show a table of a case, or the taxonomy of data elements.

    \b
    Example:
      amends show acme persons --limit 5
      amends show taxonomy
    """
    if case == "taxonomy" and table is None:
        rows = peek.taxonomy_rows()
    elif table is None:
        rows = peek.table_rows()
    else:
        with face.open(Path(case)) as opened:
            rows = peek.first_rows(opened, table, limit, reveal=reveal)
    if as_json:
        face.json(rows)
    elif rows and len(rows[0]) > WIDE:
        for row in rows:
            face.facts({name: value for name, value in row.items() if value not in (None, [], "")})
            face.answer.print()
    elif rows:
        face.table(table or case, tuple(rows[0]), [tuple(r.values()) for r in rows])


@click.command()
@case_argument
@click.argument("person")
@click.option(
    "--reveal", is_flag=True, help="Show names and contact data in full; written to the ledger."
)
@as_json
@pass_face
def explain(face: Face, case: Path, person: str, reveal: bool, as_json: bool) -> None:
    """Show why a person is one person, what was exposed and where, what is owed and why.

    \b
    Example:
      amends explain acme PERSON
    """
    with face.open(case) as opened:
        found = explanations.explain(opened, person, reveal=reveal)
        if reveal:
            opened.ledger.append("reveal", person=person)
    if as_json:
        face.json(found)
        return
    for title, body in found.items():
        face.answer.rule(f"[bold]{title}", align="left")
        for row in body if isinstance(body, list) else [body]:
            face.facts(row) if isinstance(row, dict) else face.answer.print(
                shown(row), markup=False
            )
            face.answer.print()


@click.command()
@case_argument
@click.argument("name")
@click.option(
    "--to",
    required=True,
    help="File ending in .parquet, .csv, .xlsx, .jsonl (.ics for calendar); - is stdout.",
)
@pass_face
def export(face: Face, case: Path, name: str, to: str) -> None:
    """Write a table or a deliverable to a file.

    NAME is notification-list, memberships, person-elements, exceptions, calendar, custody-log, filings (.json),
    chain, taken, timeline (Timesketch), story (.html .pdf), swimlane (.svg), stix (.json), gap-report and roadmap
    (.html .pdf .xlsx .csv .json), oscal-assessment-results and oscal-poam (.json), or any table.

    \b
    Example:
      amends export acme notification-list --to list.xlsx
    """
    with face.open(case) as opened:
        rows = exports.export(opened, name, to)
    if to.lower().endswith(_PAGES):
        face.say(f"[green]✓[/] {escape(to)}")
    elif to != "-":
        face.say(f"[green]✓[/] {rows:,} rows to {escape(to)}")


@click.command()
@case_argument
@click.argument("old")
@click.argument("new")
@click.option("--to", default="", help="Write the persons to a file.")
@as_json
@pass_face
def diff(face: Face, case: Path, old: str, new: str, to: str, as_json: bool) -> None:
    """Show who is newly owed, owed more, or no longer owed between two runs.

    \b
    Example:
      amends diff acme R0001 R0002
    """
    with face.open(case) as opened:
        counts = differences.counts(opened, old, new)
        rows: pa.Table = opened.engine.arrow(differences.diff_sql(opened, old, new))
        if to:
            exports.write_rows(opened, "diff", rows, to)
    if as_json:
        face.json({"old": old, "new": new, "counts": counts, "persons": rows.to_pylist()})
        return
    face.table(
        f"{old} → {new}",
        ("change", "#persons"),
        [(k.replace("_", " "), n) for k, n in counts.items()],
    )
