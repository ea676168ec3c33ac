"""The scam check and the list of look-alikes, from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.kernel.errors import UsageError
from amends.portal.scam.clean import MAX_TEXT
from amends.portal.scam.hosts import clean_host, looks_like_host
from amends.portal.scam.lookalikes import look_alikes

_COLOURS = {"ours": "green", "not_ours": "red", "cannot_tell": "yellow"}


@click.command("scam-check")
@click.argument("published", type=click.Path(path_type=Path, file_okay=False))
@click.argument("message", type=click.Path(path_type=Path), default=Path("-"), required=False)
@click.option(
    "--language",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Of the answer; messages are read in both.",
)
@as_json
@pass_face
def scam_check(face: Face, published: Path, message: Path, language: str, as_json: bool) -> None:
    """Say whether a message, sender, link, telephone or notice number is really ours.

    MESSAGE is a text file, or - for standard input. No network is asked, and nothing of the message is kept.

    \b
    Example:
      amends scam-check published message.txt --json
    """
    from amends.portal.scam.published import open_check  # noqa: PLC0415 - help stays quick

    answer = open_check(published)(_message(message), language)
    if as_json:
        face.json(answer.as_json())
        return
    face.answer.print(
        f"[bold {_COLOURS[answer.verdict]}]{answer.verdict}[/]  {escape(answer.says)}"
    )
    for reason in answer.reasons:
        face.answer.print(
            f"{'[red]-[/]' if reason.against else '[green]+[/]'} {escape(reason.text)}"
        )
    for step in answer.next_steps:
        face.answer.print(f"[green]→[/] {escape(step)}")


def _message(path: Path) -> str:
    """Return what is to be checked, as text; only as much as is looked at."""
    try:
        if str(path) == "-":
            raw = sys.stdin.buffer.read(4 * MAX_TEXT + 4)
        else:
            with path.open("rb") as stream:
                raw = stream.read(4 * MAX_TEXT + 4)
    except OSError as error:
        raise UsageError(
            "The message cannot be read", where=str(path), remedy="give a text file, or - for stdin"
        ) from error
    return raw.decode("utf-8", "replace")


@click.command("look-alikes")
@click.argument("domains", metavar="DOMAIN...", nargs=-1, required=True)
@click.option(
    "--most", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Longest list."
)
@as_json
@pass_face
def look_alikes_command(face: Face, domains: tuple[str, ...], most: int, as_json: bool) -> None:
    """List names that could be taken for a domain, the likeliest first. Asks no network.

    Whether a name is registered, and by whom, is not known here.

    \b
    Example:
      amends look-alikes larkspur.example --json
    """
    wrong = [d for d in domains if not looks_like_host(clean_host(d))]
    if wrong:
        raise UsageError(
            "That is not a domain", where=wrong[0], remedy="write a name such as larkspur.example"
        )
    found = look_alikes(domains, most)
    if as_json:
        face.json([dict(f.__dict__) for f in found])
        return
    rows = [(f.domain, f.ascii, f.technique, f.of) for f in found]
    face.table("look-alikes", ("domain", "ascii", "technique", "of"), rows)
    face.say("Whether a name is registered is not known here.")
