"""Running the stages of a case."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from amends import pipeline
from amends.cli.output import Face, as_json, case_argument, pass_face
from amends.cli.standing import show_status
from amends.report import funnel
from amends.report.deliver import deliver
from amends.report.intrusion import intrusion_lines

EXIT_WAITING = 10
"""The command did its work, and decisions wait."""


@click.command()
@case_argument
@click.argument("stages", nargs=-1)
@click.option("--again", is_flag=True, help="Run even what has not changed.")
@as_json
@pass_face
def run(face: Face, case: Path, stages: tuple[str, ...], again: bool, as_json: bool) -> None:
    """Run the stages: custody → elements → persons → duties → notices (planned, not sent).

    A stage whose inputs, settings, data and code are as they were is skipped. Ctrl-C leaves a case that the
    same command carries on with. Exit code 10 says that decisions wait.

    \b
    Example:
      amends run acme
    """
    with face.open(case) as opened:
        done = pipeline.run(opened, stages, again=again, watch=lambda r: _say_stage(face, r))
        made = deliver(opened)
        standing = funnel.status(opened)
        intrusion = () if as_json else intrusion_lines(opened)
    if as_json:
        stage_rows = [s.__dict__ for s in done.stages]
        face.json(
            {"run": done.run_id, "stages": stage_rows, "files": [str(m) for m in made], **standing}
        )
    else:
        show_status(face, standing, intrusion)
        for path in made:
            face.say(f"[green]✓[/] {path}")
    if any(standing["waiting"].values()):
        sys.exit(EXIT_WAITING)


def _say_stage(face: Face, result: pipeline.StageResult) -> None:
    if result.skipped:
        face.say(f"[dim]· {result.name:<9} unchanged, skipped[/]")
    else:
        face.say(
            f"[green]✓[/] {result.name:<9} {result.seconds:7.1f} s   peak {result.peak_bytes / 2**30:.2f} GiB"
        )
