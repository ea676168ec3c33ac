"""Is a leaked sample ours?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.custody import open_case
from amends.report import sample as report
from amends.report.sample import Answer
from amends.vault.sample.dating import Bracket

WORDS = {
    "ours": "[bold red]OURS[/]", "partly_ours": "[bold red]PARTLY OURS[/]",
    "recombined": "[bold yellow]RECOMBINED[/] from data of ours", "invented": "[bold green]INVENTED[/]",
    "not_ours": "[bold green]NOT OURS[/]", "undecided": "[bold yellow]UNDECIDED[/]",
}  # fmt: skip

_PATHS = click.Path(path_type=Path)


@click.group()
def sample() -> None:
    """A sample that somebody shows or sells: is it ours, from which store, of which day, and whose data is it?"""


@sample.command()
@click.argument("tables", nargs=-1, required=True, type=_PATHS)
@click.option(
    "--to",
    required=True,
    type=_PATHS,
    help="Folder of the index; it holds keyed numbers and its key.",
)
@as_json
@pass_face
def index(face: Face, tables: tuple[Path, ...], to: Path, as_json: bool) -> None:
    """Index tables once, so that samples are checked in seconds.

    Each file is a store. A day in the name of a file or folder (crm-2026-07-31.parquet) says of which day it is:
    copies of several days tell when a sample was taken.

    \b
    Example:
      amends sample index stolen/customers.csv --to held
    """
    made, n = report.index_tables(tables, to)
    told = {
        "records": n,
        "sources": len(made.index.sources),
        "to": str(to),
        "exceptions": len(made.faults),
    }
    if as_json:
        face.json(told)
        return
    face.say(f"[green]✓[/] {n:,} records of {len(made.index.sources)} tables in {escape(str(to))}")
    for fault in made.faults:
        face.say(
            f"[yellow]![/] {escape(fault.inner_path or fault.place)}: {fault.reason}. {escape(fault.remedy)}"
        )


@sample.command()
@click.argument("files", nargs=-1, required=True, type=_PATHS, metavar="SAMPLE...")
@click.option(
    "--against", multiple=True, required=True, type=_PATHS, metavar="CASE|INDEX|TABLES",
    help="What we hold: a case, an index (amends sample index), or tables.",
)  # fmt: skip
@click.option(
    "--earlier", multiple=True, type=_PATHS, metavar="CASE|INDEX|TABLES",
    help="An earlier incident, to say who is new; may be given more than once.",
)  # fmt: skip
@as_json
@pass_face
def check(
    face: Face,
    files: tuple[Path, ...],
    against: tuple[Path, ...],
    earlier: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Say whether a sample is ours, which store it came from, when it was taken, and how many people are new.

    Rows are matched on two elements or more that stand together in one record, and held against what chance would
    give. A sample put together from pieces, or made up, is called so. Exit code 10: it cannot be decided.

    \b
    Example:
      amends sample check stolen/customers.csv --against held
    """
    with ExitStack() as stack:
        held = stack.enter_context(report.held(against, open_case))
        before = [stack.enter_context(report.held([one], open_case)) for one in earlier]
        answer = report.check(files, held, before)
    if as_json:
        face.json(answer.as_json())
    else:
        _show(face, answer, held.name)
    if answer.verdict.verdict == "undecided":
        raise click.exceptions.Exit(10)


def _show(face: Face, answer: Answer, name: str) -> None:
    verdict, people = answer.verdict, answer.people
    face.answer.print(f"\n{WORDS[verdict.verdict]}  held against {escape(name)}\n")
    for sentence in verdict.because:
        face.answer.print(f"  {escape(sentence)}")
    if answer.origins:
        rows = [
            (o.store, f"{o.rows:,}", f"{o.explains:.0%}", _few(o.tables))
            for o in answer.origins[:6]
        ]
        face.answer.print()
        face.table("Where these rows lie", ("store", "#rows", "#explains", "tables"), rows)
    for bracket in answer.brackets:
        face.answer.print(f"\nTaken from {escape(bracket.store)}: {_when(bracket)}")
    face.answer.print()
    face.facts({
        "people in the sample": f"{people.n:,}", "of ours": f"{people.ours:,}", "told already": f"{people.told:,}",
        "ours, not told": f"{people.not_told:,}", "in an earlier incident": f"{people.earlier:,}",
        "new": f"{people.new:,}",
    })  # fmt: skip
    traits = [
        (t.trait, f"{t.n:,}", f"{t.known:.0%}", "" if t.agree is None else f"{t.agree:.0%}",
         "" if t.elsewhere is None else f"{t.elsewhere:.0%}")
        for t in verdict.traits if t.n
    ]  # fmt: skip
    face.answer.print()
    face.table("By element", ("element", "#rows", "#known", "#agrees", "#of others"), traits)
    for one, count in answer.overlaps.items():
        face.answer.print(f"\n{count:,} rows are in the earlier incident {escape(one)} too.")
    for fault in answer.faults:
        face.say(
            f"[yellow]![/] {escape(fault.inner_path or fault.place)}: {fault.reason}. {escape(fault.remedy)}"
        )


def _few(tables: Sequence[str]) -> str:
    more = f" and {len(tables) - 2} more" if len(tables) > 2 else ""
    return ", ".join(tables[:2]) + more


def _when(bracket: Bracket) -> str:
    if bracket.contradicts:
        return (
            f"{bracket.n_after:,} rows after the copy of {bracket.after}, {bracket.n_before:,} before that of "
            f"{bracket.before}: it is made of several days"
        )
    after = (
        f"after the copy of {bracket.after} ({bracket.n_after:,} rows say so)"
        if bracket.after
        else ""
    )
    before = (
        f"before that of {bracket.before} ({bracket.n_before:,} rows)" if bracket.before else ""
    )
    return " and ".join(filter(None, (after, before))) or "the copies do not tell the day"
