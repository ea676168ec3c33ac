"""Shows how a case stands: the funnel, the next deadlines, what waits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, case_argument, pass_face, shown
from amends.report import funnel
from amends.report.intrusion import intrusion_lines


def show_status(face: Face, standing: funnel.Standing, intrusion: Sequence[str] = ()) -> None:
    """Print what ``funnel.status`` returned, and below it what is known of the intrusion, a line each."""
    counts, clocks, waits = standing["funnel"], standing["clocks"], standing["waiting"]
    face.table(
        f"{standing['case']}   run {standing['run']}",
        ("stage", "#count"),
        [(name.replace("_", " "), n) for name, n in counts.items()],
    )
    for fault in funnel.check(counts):
        face.say(f"[bold red]✗ the funnel does not sum: {escape(fault)}[/]")
    dated = [c for c in clocks if c["due_on"]]
    late = [c for c in dated if str(c["days_left"]).startswith("-")]
    timed = dated[len(late) : len(late) + 8] or dated[:8]
    if timed:
        rows = [
            (c["due_on"], c["days_left"], c["jurisdiction"], c["who"], c["n_persons"])
            for c in timed
        ]
        face.answer.print()
        if late:
            face.say(f"[bold red]{len(late)} deadlines have passed[/]; the calendar lists them")
        face.table("next deadlines", ("due", "#days left", "law", "who is told", "#persons"), rows)
    open_kinds = [(k.replace("_", " "), n) for k, n in waits.items() if n]
    if open_kinds:
        face.answer.print()
        face.table("waits for a decision (amends decide)", ("what", "#count"), open_kinds)
    if intrusion:
        face.answer.print()
    for line in intrusion:
        face.answer.print(escape(shown(line)), highlight=False)


@click.command()
@case_argument
@as_json
@pass_face
def status(face: Face, case: Path, as_json: bool) -> None:
    """Show the funnel, the clocks, and what waits for a decision.

    \b
    Example:
      amends status acme --json
    """
    with face.open(case) as opened:
        standing = funnel.status(opened)
        intrusion = () if as_json else intrusion_lines(opened)
    if as_json:
        face.json(standing)
        return
    show_status(face, standing, intrusion)
