"""Working a case: add evidence, run, see where it stands, verify, enter dates."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends import custody
from amends.cli.output import Face, as_json, case_argument, pass_face
from amends.kernel.errors import EvidenceError

SHOWN = 6
"""Exhibits listed one by one when many are taken in at once."""

ROLES = click.Choice(["stolen", "roster", "log", "inventory"])


@click.command()
@case_argument
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--role", type=ROLES, default="stolen", show_default=True, help="What it is evidence of."
)
@click.option("--owner", default="", help="Organisation whose data it is.")
@click.option("--population", default="", help="current, former, prospective, business …")
@click.option("--store", default="", help="System it came from.")
@click.option("--as-of", default="", metavar="DATE", help="Day the data describe.")
@click.option("--note", default="", help="Remark for the custody log.")
@click.option("--reference", is_flag=True, help="Leave large files where they lie; only hash them.")
@as_json
@pass_face
def add(
    face: Face, case: Path, paths: tuple[Path, ...], role: str, owner: str, population: str,
    store: str, as_of: str, note: str, reference: bool, as_json: bool,
) -> None:  # fmt: skip
    """Take evidence into custody: files, or every file of a folder.

    \b
    stolen     what was taken (the default)
    roster     what the company knows of its people: contact data, residence,
               status, language, consent; never adds exposure
    log, inventory   for later stages

    \b
    Example:
      amends add acme stolen/customers.csv --owner "Acme" --population current
    """
    tags = custody.Tags(
        role=role, owner=owner, population=population, store=store, as_of=as_of, note=note
    )
    with face.open(case) as opened, opened.lock():
        taken = custody.take_in(opened, paths, tags, reference=reference)
    if as_json:
        face.json([line.as_json() for line in taken])
        return
    _show_taken(face, taken)
    face.say(f"Next: amends run {case}")


def _show_taken(face: Face, taken: list[custody.Taken]) -> None:
    """List what was taken in: all that was refused or doubtful, and the first of the rest."""
    plain = [line for line in taken if not line.warnings]
    for line in plain[:SHOWN]:
        face.say(
            f"[bold]{line.exhibit_id}[/] {escape(line.path)}  {line.size_bytes:,} bytes  "
            f"sha256 {line.sha256[:16]}…"
        )
    if len(plain) > SHOWN:
        rest = plain[SHOWN:]
        size = sum(line.size_bytes for line in rest)
        face.say(f"  and {len(rest):,} more to {rest[-1].exhibit_id}, {size:,} bytes")
    for line in taken:
        for warning in line.warnings:
            face.say(f"[yellow]![/] {line.exhibit_id} {escape(line.path)}: {escape(warning)}")


@click.command()
@case_argument
@click.option(
    "--witness",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A witness copy made by: amends custody witness.",
)
@as_json
@pass_face
def verify(face: Face, case: Path, witness: Path | None, as_json: bool) -> None:
    """Check every exhibit, the custody journal and the ledger against their seals.

    Names what was changed, removed, added, reordered or cut off. Exit code 3 when anything was.

    \b
    Example:
      amends verify acme
    """
    with face.open(case) as opened:
        faults = [*custody.verify(opened), *opened.ledger.faults()]
        if witness is not None:
            faults += custody.witness_faults(opened, custody.read_witness(witness))
        head = opened.ledger.head()[1]
    if as_json:
        face.json({"sound": not faults, "faults": faults, "ledger_head": head})
    else:
        for fault in faults:
            face.answer.print(f"[red]✗[/] {escape(fault)}")
        if not faults:
            face.answer.print(
                f"[green]✓[/] exhibits, journal and ledger are as they were sealed; ledger head {head[:16]}…"
            )
    if faults:
        sys.exit(EvidenceError.exit_code)


@click.group()
def event() -> None:
    """Dates of the case, each with its evidence."""


@event.command("add")
@case_argument
@click.argument("kind")
@click.argument("when")
@click.option("--evidence", default="", metavar="E0001", help="The exhibit it rests on.")
@click.option("--note", default="", help="In words.")
@pass_face
def event_add(face: Face, case: Path, kind: str, when: str, evidence: str, note: str) -> None:
    """Enter a date: discovery, determination, confirmation, breach_from, breach_to, containment,
    law_enforcement_hold_from, law_enforcement_hold_to, individual_notice_sent …

    \b
    Example:
      amends event add acme containment 2026-08-20 --note "router closed"
    """
    with face.open(case) as opened, opened.lock():
        opened.add_event(kind, when, evidence, note)
    face.say(f"Entered {kind} {when}. All deadlines are computed anew by: amends run {case}")


@event.command("list")
@case_argument
@as_json
@pass_face
def event_list(face: Face, case: Path, as_json: bool) -> None:
    """List the dates in force.

    \b
    Example:
      amends event list acme
    """
    with face.open(case) as opened:
        found = list(opened.events().values())
    if as_json:
        face.json([e.__dict__ for e in found])
        return
    face.table(
        "dates of the case",
        ("kind", "at", "evidence", "note"),
        [(e.kind, e.at, e.evidence, e.note) for e in found],
    )
