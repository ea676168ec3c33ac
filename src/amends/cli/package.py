"""The package for law enforcement and regulators: make it, check it."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, case_argument, pass_face
from amends.kernel.errors import EvidenceError
from amends.report import package as packages
from amends.report import package_seal

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def package() -> None:
    """One signed file for law enforcement or a regulator, with nothing personal that you did not choose."""


@package.command("make")
@case_argument
@click.option(
    "--for", "audience", type=click.Choice(packages.AUDIENCES), required=True, help="Who gets it."
)
@click.option("--to", type=_FILE, required=True, help="The package: a name ending in .zip.")
@click.option(
    "--privileged",
    is_flag=True,
    help="Put the work of counsel's team in. For counsel, not for the other side.",
)
@click.option(
    "--with", "chosen", multiple=True, type=click.Choice(tuple(packages.CHOICES)),
    help="Put this in too; may be given more than once. Without it nothing personal goes in.",
)  # fmt: skip
@click.option(
    "--regulator", default="", metavar="CODE", help="Only the facts for this one, such as US-WA."
)
@as_json
@pass_face
def make(
    face: Face, case: Path, audience: str, to: Path, privileged: bool, chosen: tuple[str, ...],
    regulator: str, as_json: bool,
) -> None:  # fmt: skip
    """Write timeline, indicators, custody log and facts as one signed file, whose every part can be checked.

    Names of accounts stand as numbers unless you choose them. What is in it is written to the ledger.

    \b
    Example:
      amends package make acme --for law-enforcement --to acme-police.zip
    """
    order = packages.Order(audience, privileged, frozenset(chosen), regulator)
    with face.open(case) as opened, opened.lock():
        made = packages.write_package(opened, order, to)
    if as_json:
        face.json(made)
        return
    files = made["files"]
    count = len(files) if isinstance(files, list) else 0
    face.answer.print(
        f"[green]✓[/] {escape(str(to))}: {count} files, {made['version']}, sha256 {made['sha256']}"
    )
    face.answer.print(f"  key {made['key']}")
    face.say(
        "Tell the receiver the key by another way. They check it with: amends package check FILE --key KEY"
    )


@package.command("check")
@click.argument("package_file", type=_FILE)
@click.option("--key", "key_id", default="", help="Thumbprint of the key that the sender told you.")
@as_json
@pass_face
def check(face: Face, package_file: Path, key_id: str, as_json: bool) -> None:
    """Check a package: who signed it, and that no file was changed, removed or added. Needs no case.

    Exit code 3 when something is not as it was signed.

    \b
    Example:
      amends package check acme-police.zip
    """
    found = package_seal.check(package_file, key_id)
    if as_json:
        face.json(
            {
                "sound": not found.faults,
                "faults": list(found.faults),
                "key": found.key_id,
                "manifest": found.manifest,
            }
        )
    else:
        for fault in found.faults:
            face.answer.print(f"[red]✗[/] {escape(fault)}")
        if not found.faults:
            about = found.manifest
            face.answer.print(
                f"[green]✓[/] {len(about.get('files', []))} files are as they were signed: "
                f"case {escape(str(about.get('case')))}, {about.get('version')}, "
                f"for {about.get('audience')}, {about.get('made_at')}"
            )
            face.answer.print(
                f"  key {found.key_id}"
                + ("" if key_id else ": compare it with what the sender told you")
            )
    if found.faults:
        sys.exit(EvidenceError.exit_code)
