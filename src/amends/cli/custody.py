"""Custody beyond receipt: stamps, witness copies, proofs for one exhibit, certificates."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends import custody as room
from amends.cli.output import Face, as_json, case_argument, pass_face
from amends.kernel import ids
from amends.kernel.errors import EvidenceError, TableError, UsageError

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def custody() -> None:
    """Seals of the evidence that others can check: stamps, witness copies, proofs, certificates."""


@custody.command()
@case_argument
@click.option("--intake", default=0, metavar="N", help="Which intake; by default the last.")
@click.option("--authority", metavar="URL", help="Ask this time-stamp authority (RFC 3161) now.")
@click.option(
    "--request", type=_FILE, help="Write the request, to be carried to an authority by hand."
)
@click.option("--answer", type=_FILE, help="Enter the answer an authority gave to that request.")
@as_json
@pass_face
def stamp(
    face: Face, case: Path, intake: int, authority: str | None, request: Path | None,
    answer: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Have an outside authority date what was taken in.

    Only a digest of the intake's root leaves the house. Name the authority's root certificate in
    [custody] stamp_roots of case.toml and its signature is traced too.

    \b
    Example:
      amends custody stamp acme --request acme.tsq
    """
    if sum(x is not None for x in (authority, request, answer)) != 1:
        raise UsageError(
            "Say how the stamp is to be had",
            remedy="give one of --authority URL, --request FILE, --answer FILE",
        )
    with face.open(case) as opened, opened.lock():
        if request is not None:
            chosen, asked = room.request_for(opened, intake)
            _write(request, asked)
            face.say(f"[green]✓[/] request for intake {chosen.number} in {escape(str(request))}")
            return
        if answer is not None:
            response, source = _read(answer), ""
        else:
            _, asked = room.request_for(opened, intake)
            source = str(authority)
            response = room.ask(source, asked)
        made = room.record(opened, intake, response, source)
    if as_json:
        face.json(
            {
                "at": made.at,
                "serial": made.serial,
                "authority": made.authority,
                "trusted": made.trusted,
            }
        )
        return
    traced = "traced to a root you trust" if made.trusted else "[yellow]not traced to a root[/]"
    face.answer.print(
        f"[green]✓[/] stamped {made.at} by {escape(made.authority or 'an authority')}, {traced}"
    )


@custody.command()
@case_argument
@click.option(
    "--to", type=_FILE, required=True, help="Where the copy goes; keep it away from the case."
)
@pass_face
def witness(face: Face, case: Path, to: Path) -> None:
    """Write the few lines a witness should keep, so that nobody can cut off or rewrite the end.

    Check them later with: amends verify CASE --witness FILE

    \b
    Example:
      amends custody witness acme --to acme-witness.json
    """
    with face.open(case) as opened:
        kept = room.witness_copy(opened)
    _write(to, (ids.canonical_json(kept) + "\n").encode())
    face.say(f"[green]✓[/] {escape(str(to))}: give it to somebody who does not have the case")


@custody.command()
@case_argument
@click.argument("exhibit")
@click.option("--to", type=_FILE, required=True, help="Where the proof goes.")
@pass_face
def proof(face: Face, case: Path, exhibit: str, to: Path) -> None:
    """Write a proof that one exhibit was received as it is, without showing the others.

    \b
    Example:
      amends custody proof acme E0001 --to E0001.proof.json
    """
    with face.open(case) as opened:
        made = room.proof(opened, exhibit)
    _write(to, (ids.canonical_json(made) + "\n").encode())
    face.say(f"[green]✓[/] {escape(str(to))}: hand it over with the exhibit")


@custody.command("check-proof")
@click.argument("proof_file", type=_FILE)
@click.argument("exhibit", type=_FILE)
@click.option("--roots", type=_FILE, help="Root certificates of the stamp's authority (PEM).")
@as_json
@pass_face
def check_proof(
    face: Face, proof_file: Path, exhibit: Path, roots: Path | None, as_json: bool
) -> None:
    """Check a proof against the exhibit; needs no case. Exit code 3 when it does not hold.

    \b
    Example:
      amends custody check-proof E0001.proof.json stolen/customers.csv
    """
    given = room.read_proof(proof_file)
    faults = room.proof_faults(given, exhibit, _read(roots) if roots else b"")
    stamps = [str(s.get("at", "")) for s in given.get("stamps", []) if isinstance(s, dict)]
    if as_json:
        face.json(
            {"holds": not faults, "faults": faults, "root": given.get("root"), "stamped": stamps}
        )
    else:
        for fault in faults:
            face.answer.print(f"[red]✗[/] {escape(fault)}")
        if not faults:
            dated = f"; stamped {', '.join(stamps)}" if stamps else "; the root bears no stamp"
            face.answer.print(
                f"[green]✓[/] this is the exhibit, and it was in intake {given['intake']}{dated}"
            )
    if faults:
        sys.exit(EvidenceError.exit_code)


@custody.command("export")
@case_argument
@click.option("--to", type=_FILE, required=True, help="File ending in .pdf, .jsonld or .jsonl.")
@pass_face
def export(face: Face, case: Path, to: Path) -> None:
    """Write the custody journal: a certificate (.pdf), CASE/UCO (.jsonld), or its sealed lines (.jsonl).

    \b
    Example:
      amends custody export acme --to custody.pdf
    """
    with face.open(case) as opened, opened.lock():
        room.export_custody(opened, to)
    face.say(f"[green]✓[/] {escape(str(to))}")


def _write(path: Path, payload: bytes) -> None:
    try:
        path.write_bytes(payload)
    except OSError as error:
        raise TableError(
            "The file cannot be written", where=path.name, remedy="choose another place"
        ) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            "The file cannot be read", where=path.name, remedy="check its name and rights"
        ) from error
