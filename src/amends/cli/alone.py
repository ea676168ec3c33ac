"""Rooms that are useful alone, on one's own files: scan, resolve, duties."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from rich.markup import escape

from amends import api
from amends.cli.output import Face, as_json, pass_face
from amends.kernel.errors import UsageError


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--text-lines", is_flag=True, help="Take each line of a text file as a document of its own."
)
@click.option(
    "--reveal", is_flag=True, help="Print the values too. Take care where the output goes."
)
@as_json
@pass_face
def scan(
    face: Face, paths: tuple[Path, ...], text_lines: bool, reveal: bool, as_json: bool
) -> None:
    """Find personal data in files of any kind: which elements, where, how sure.

    \b
    Example:
      amends scan stolen/ --json
    """
    found = api.scan_rows([str(p) for p in paths], text_lines=text_lines, reveal=reveal)
    unread = 0
    if as_json:
        for row in found:
            unread += row["kind"] == "exception"
            face.json_line(row)
    else:
        unread = _show_scan(face, found)
    if unread:
        face.say(f"[yellow]![/] {unread} could not be read, or not wholly")


def _show_scan(face: Face, found: Iterator[dict[str, object]]) -> int:
    unread = 0
    for row in found:
        where = f"{row['path']}{':' + str(row['inner_path']) if row.get('inner_path') else ''}"
        if row["kind"] == "exception":
            unread += 1
            face.answer.print(
                f"[yellow]![/] {escape(where)}  {row['reason']}  [green]→[/] {escape(str(row['remedy']))}"
            )
        elif row["kind"] == "column" and row["element"]:
            face.answer.print(
                f"[bold]{row['element']:<16}[/] {row['confidence']:.2f}  {escape(where)}  column "
                f"{escape(str(row['column']))}  {row['n_valid']:,} valid, {row['n_malformed']:,} malformed"
            )
        elif row["kind"] == "finding":
            face.answer.print(
                f"[bold]{row['element']:<16}[/] {row['confidence']:.2f}  {escape(where)}  "
                f"at {row['start']}–{row['end']}  {escape(str(row['masked']))}"
            )
    return unread


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--to", required=True, help="File ending in .parquet, .csv, .xlsx or .jsonl; - is stdout."
)
@as_json
@pass_face
def resolve(face: Face, table: Path, to: str, as_json: bool) -> None:
    """Say which records of a table are one person.

    Reads the columns it knows by name, synonyms included: record_id first middle last suffix name business dob
    ssn ssn4 phone email street city state zip dl account owner. Writes record_id, person_id, reason, weight.

    \b
    Example:
      amends resolve stolen/customers.csv --to persons.csv
    """
    done = api.resolve_file(table, to)
    if as_json:
        face.json(done)
        return
    face.say(
        f"[green]✓[/] {done['records']:,} records are {done['persons']:,} persons  "
        f"({done['seconds']} s, {done['records_per_second']:,} records/s)"
    )


@click.command("duties")
@click.argument("facts", type=click.Path(path_type=Path))
@as_json
@pass_face
def duties_command(face: Face, facts: Path, as_json: bool) -> None:
    """Say who must be told what, by when, and why, for the facts of a breach.

    FACTS is a JSON file: one facts object, or a file of examples; see the guide on duties.

    \b
    Example:
      amends duties facts.json --json
    """
    answers = api.duties(_read_json(facts))
    if as_json:
        face.json(answers)
        return
    for answer in answers if isinstance(answers, list) else [answers]:
        _show_answer(face, answer)


def _read_json(path: Path) -> object:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
        return json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The facts cannot be read", where=str(path), remedy="give a JSON file, or - for stdin"
        ) from error
    except json.JSONDecodeError as error:
        raise UsageError(
            "The facts are not JSON",
            where=f"{path} line {error.lineno}",
            remedy="correct the line named",
        ) from error


def _show_answer(face: Face, answer: dict[str, object]) -> None:
    if answer.get("id"):
        face.answer.rule(f"[bold]{escape(str(answer['id']))}", align="left")
    groups: dict[str, dict[str, object]] = answer["groups"]  # type: ignore[assignment]  # the shape of DESIGN section 9
    rows = [
        (k, g["notify"], g.get("by") or g.get("standard"), g.get("id_protection_months"))
        for k, g in groups.items()
    ]
    face.table("people", ("group", "notify", "by", "#protection months"), rows)
    regulators: list[dict[str, object]] = answer["regulators"]  # type: ignore[assignment]  # DESIGN section 9
    face.table(
        "regulators",
        ("law", "to", "due", "from", "order"),
        [
            (r["jurisdiction"], r["to"], r.get("due"), r.get("from"), r.get("order"))
            for r in regulators
        ],
    )
    bureaus: list[str] = answer["cra"]  # type: ignore[assignment]  # DESIGN section 9
    face.answer.print(f"credit bureaus under: {' '.join(bureaus) or 'none'}")
