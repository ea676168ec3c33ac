"""Sigma rules over logs, without a case."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face

_SHOWN_FAULTS = 20


@click.command()
@click.argument("logs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--rules", "folders", multiple=True, type=click.Path(path_type=Path), metavar="DIR",
    help="Folder of Sigma rules, or one file; may be given more than once. Without it our own rules are used.",
)  # fmt: skip
@click.option("--own", is_flag=True, help="Use our own rules too.")
@click.option(
    "--known", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
    help="What you know of your hosts: hosts.csv, or a text of known facts.",
)  # fmt: skip
@click.option(
    "--timeline", default="", metavar="OUT",
    help="Write all events, masked, with the rules that fired on each: .parquet, .csv, .jsonl or .xlsx.",
)  # fmt: skip
@click.option("--fired", is_flag=True, help="With --timeline: only events that a rule fired on.")
@click.option("--refused", is_flag=True, help="List the rules that were not taken, and why.")
@as_json
@pass_face
def detect(
    face: Face, logs: tuple[Path, ...], folders: tuple[Path, ...], own: bool, known: tuple[Path, ...],
    timeline: str, fired: bool, refused: bool, as_json: bool,
) -> None:  # fmt: skip
    """Say which Sigma rules fire on logs: Windows events, syslog of routers and hosts, web, databases, flows.

    LOGS are files or folders; archives are opened. Prints one line a rule that fired, with the places of its events.
    Rules that cannot be taken are counted and, with --refused, listed; none is dropped in silence.

    \b
    Example:
      amends detect logs/ --rules sigma/rules --json --timeline events.parquet
    """
    from amends.cli.startup import no_collection  # noqa: PLC0415 - help stays quick

    with no_collection():
        from amends import custody  # noqa: PLC0415
        from amends.report import spreadsheet  # noqa: PLC0415
        from amends.timeline import detecting  # noqa: PLC0415
        from amends.timeline.sigma.loading import load_rules  # noqa: PLC0415

        rules = load_rules(folders, own=own)
    run = detecting.Detecting(logs, custody.Reader(), rules, detecting.read_files(known))
    if timeline:
        spreadsheet.write(detecting.TIMELINE_SCHEMA, run.batches(fired_only=fired), timeline)
    else:
        run.run()
    for row in run.rows():
        if as_json:
            face.json_line(row)
        else:
            level = row["level"] or "no level"
            face.answer.print(
                f"[bold]{level:<13}[/] {row['count']:>9,}  {escape(row['title'])}  [dim]{escape(row['rule_id'])}[/]"
            )
    _tell(face, run, refused)


def _tell(face: Face, run: object, refused: bool) -> None:
    """Say on standard error what was read and which rules were taken."""
    from amends.timeline.detecting import Detecting  # noqa: PLC0415

    assert isinstance(run, Detecting), "made by detect"
    for name, value in run.summary().items():
        face.say(f"[dim]{name.replace('_', ' '):>24}[/]  {value:,}")
    faults = run.account.unread
    for path, reason, remedy in faults[:_SHOWN_FAULTS]:
        face.say(f"[yellow]![/] {escape(path)}  {escape(reason)}  [green]→[/] {escape(remedy)}")
    if len(faults) > _SHOWN_FAULTS:
        face.say(f"[yellow]![/] and {len(faults) - _SHOWN_FAULTS:,} more")
    if refused:
        for refusal in run.rules.refusals:
            face.say(
                f"[yellow]refused[/] {escape(refusal.path)}  {escape(refusal.title)}  {escape(refusal.reason)}"
            )
    elif run.rules.refusals:
        face.say("Rules were refused: give --refused to see which, and why.")
