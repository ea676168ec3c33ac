"""Releasing notices: seal, approve by two, send, see what became of them."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends import notices as room
from amends.cli.output import Face, as_json, case_argument, pass_face


@click.group()
def notices() -> None:
    """Seal, approve, send and follow notices."""


@notices.command()
@case_argument
@as_json
@pass_face
def seal(face: Face, case: Path, as_json: bool) -> None:
    """Freeze the planned notices under a seal. Held notices stay out of it.

    \b
    Example:
      amends notices seal acme
    """
    with face.open(case) as opened, opened.lock():
        made = room.seal(opened)
    if as_json:
        face.json({"seal": made.seal_id, **made.as_json()})
        return
    face.facts(made.as_json())
    face.say(
        f"Next, by two different people: amends notices approve {case} {made.seal_id} --as NAME"
    )


@notices.command()
@case_argument
@click.argument("seal_id", metavar="SEAL")
@click.option("--as", "name", required=True, help="Who approves.")
@as_json
@pass_face
def approve(face: Face, case: Path, seal_id: str, name: str, as_json: bool) -> None:
    """Approve a seal. Two different people must, before anything can be sent.

    \b
    Example:
      amends notices approve acme S0001 --as "Dana Lee"
      amends notices approve acme S0001 --as "Sam Roe"
    """
    with face.open(case) as opened, opened.lock():
        made = room.approve(opened, seal_id, name)
    if as_json:
        face.json(made.as_json())
        return
    names = ", ".join(made.approved_by)
    face.say(f"[green]✓[/] {escape(seal_id)} is approved by {escape(names)}")
    if len(made.approved_by) < 2:
        face.say("One more person must approve it.")


@notices.command()
@case_argument
@click.option(
    "--channel", type=click.Choice(["email", "print"]), required=True, help="By which channel."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
@as_json
@pass_face
def send(face: Face, case: Path, channel: str, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Send what is sealed and approved by one channel.

    Killed at any moment and given again, it goes on: nothing is sent twice, nothing is missed. What may or may
    not have arrived is 'unknown' and waits for a person.

    \b
    Example:
      amends notices send acme --channel print --dry-run
    """
    with face.open(case) as opened, opened.lock():
        due = room.to_send(opened, channel)
        if dry_run:
            face.json(due.as_json()) if as_json else face.facts(due.as_json())
            return
        if due.count and not yes:
            face.facts(due.as_json())
            if not face.confirm(f"Send {due.count:,} notices by {channel}?"):
                sys.exit(2)
        done = room.send(opened, channel)
    if as_json:
        face.json(done)
        return
    face.facts(done)


@notices.command("status")
@case_argument
@as_json
@pass_face
def notices_status(face: Face, case: Path, as_json: bool) -> None:
    """Show what became of sealed notices, by channel and state.

    \b
    Example:
      amends notices status acme
    """
    with face.open(case) as opened:
        rows = room.status(opened)
    if as_json:
        face.json(rows)
        return
    face.table(
        "notices", ("seal", "channel", "state", "#notices"), [tuple(r.values()) for r in rows]
    )


@notices.command()
@case_argument
@click.option(
    "--sample",
    type=click.IntRange(1, 1000),
    default=12,
    show_default=True,
    help="How many letters.",
)
@pass_face
def proofs(face: Face, case: Path, sample: int) -> None:
    """Render a sample of the planned letters, one of each variant first, to out/proofs/.

    \b
    Example:
      amends notices proofs acme --sample 3
    """
    with face.open(case) as opened:
        made = room.proofs(opened, sample)
    for path in made:
        face.answer.print(str(path), markup=False)


@notices.command()
@case_argument
@click.argument("person_id", metavar="PERSON")
@as_json
@pass_face
def code(face: Face, case: Path, person_id: str, as_json: bool) -> None:
    """Show the code that a person's letter prints, for somebody who lost the letter and proved who they are.

    The ledger notes who asked for whose code.

    \b
    Example:
      amends notices code acme PERSON
    """
    with face.open(case) as opened:
        found = room.code_of(opened, person_id)
        opened.ledger.append("reveal", what="letter code", person=person_id)
    if as_json:
        face.json({"person_id": person_id, "code": found})
        return
    face.answer.print(found, markup=False)
