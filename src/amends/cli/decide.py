"""Deciding: what waits, and what was chosen. Decisions are kept for ever and every run obeys them."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, case_argument, pass_face, shown
from amends.report import decisions

LONG = 300
"""Characters of a reason that are shown; ``--json`` has all of it."""


@click.command()
@case_argument
@click.argument("kind", required=False)
@click.argument("subject", nargs=-1)
@click.option("--choose", default="", help="What is chosen; 'undo' takes an earlier decision back.")
@click.option("--note", default="", help="Why.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=10,
    show_default=True,
    help="Questions of each kind to list.",
)
@as_json
@pass_face
def decide(
    face: Face,
    case: Path,
    kind: str | None,
    subject: tuple[str, ...],
    choose: str,
    note: str,
    limit: int,
    as_json: bool,
) -> None:
    """List what waits for a person, or record a decision. The next run obeys it.

    \b
    merge RECORD RECORD…            these records are one person
    keep_apart RECORD RECORD…       these are different people
    not_theirs RECORD ELEMENT       this element of the record is not the person's
    theirs RECORD ELEMENT           this record holds this element too
    column ITEM COLUMN --choose E   what a column holds (or none)
    link LINK --choose use|ignore   whether a key between tables is used
    residence PERSON --choose US-CA
    status PERSON --choose adult|minor|deceased|business
    conflict CONFLICT               looked at; it may stand
    judgement GROUP --choose tell|hold
    quarantine PERSON --choose release|REASON
    exception EXCEPTION --choose WORD
    delivery NOTICE --choose arrived|resend
    accept_gap GAP --choose DAY     this gap of the review is accepted until a day (see: amends controls)
    proof RULE EXHIBIT --choose met|not_met    this exhibit proves whether a safeguard stands
    attacker WHAT                   this address, account, event (V…) or step (H…) is the intruder's
    not_attacker WHAT               it is not

    \b
    Example:
      amends decide acme
      amends decide acme quarantine PERSON --choose litigation_hold --note "counsel"
    """
    with face.open(case) as opened:
        if kind is None:
            questions = decisions.open_questions(opened, limit)
            _list(face, case, questions, as_json)
            return
        with opened.lock():
            made = decisions.settle(opened, kind, subject, choose, note)
    if as_json:
        face.json({"decision": made})
        return
    face.say(f"[green]✓[/] decision {made} is kept; run again to apply it: amends run {case}")


def _list(face: Face, case: Path, questions: list[dict[str, object]], as_json: bool) -> None:
    if as_json:
        face.json(questions)
        return
    if not questions:
        face.say("Nothing waits.")
    for asked in questions:
        why = shown(asked["why"])
        face.answer.print(f"[bold]{asked['kind']}[/] {escape(shown(asked['subject']))}")
        face.answer.print(f"  {escape(why if len(why) <= LONG else why[:LONG] + ' …')}")
        face.answer.print(f"  [dim]meanwhile: {escape(shown(asked['meanwhile']))}[/]")
        face.answer.print(
            f"  [green]→[/] amends decide {escape(str(case))} {escape(shown(asked['settle']))}\n"
        )
