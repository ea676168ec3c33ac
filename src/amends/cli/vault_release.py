"""Bulk releases: asked for by one, approved by two others, used once."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.cli.vault_serve import key_option, open_brake, read_key, vault_argument
from amends.kernel.errors import UsageError

_file = click.Path(path_type=Path, dir_okay=False)
_release = click.argument("release_id", metavar="RELEASE")
_as = click.option("--as", "name", required=True, metavar="NAME", help="Actor; proved by its key.")


@click.group()
def release() -> None:
    """Many persons at once: asked for by one, approved by two others, used once."""


@release.command("ask")
@vault_argument
@click.argument("tokens", type=_file, metavar="TOKENS")
@click.option("--domain", required=True, help="Domain of the tokens.")
@click.option("--purpose", required=True, help="What for.")
@click.option("--case", "reference", required=True, help="Reference of the case.")
@click.option("--hours", type=int, default=24, show_default=True, help="Until it lapses.")
@click.option("--clear", is_flag=True, help="Values in clear; only where the purpose allows it.")
@_as
@key_option
@as_json
@pass_face
def ask_for(
    face: Face, vault: Path, tokens: Path, domain: str, purpose: str, reference: str, hours: int, clear: bool,
    name: str, key_file: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Ask for the values behind a file of tokens, one a line. Nothing is given out yet.

    \b
    Example:
      amends vault release ask vault tokens.txt --domain ssn --purpose tax --case T-26 --as dana --key-file dana.key
    """
    from amends.vault.brake.releases import ask_release  # noqa: PLC0415 - help stays quick

    key = read_key(face, key_file)
    with open_brake(face, vault) as (brake, keyring):
        made = ask_release(
            brake, keyring, tokens, domain=domain, purpose=purpose, case=reference, asker=(name, key), hours=hours,
            clear=clear,
        )  # fmt: skip
    if as_json:
        face.json(
            {
                "release": made.release_id,
                "tokens": made.count,
                "digest": made.digest,
                "clear": made.clear,
            }
        )
        return
    face.facts(
        {
            "release": made.release_id,
            "tokens": made.count,
            "file": made.digest[:16],
            "in clear": made.clear,
        }
    )
    face.say(
        f"Next, by two others: amends vault release approve {escape(str(vault))} {made.release_id} --as NAME"
    )


@release.command()
@vault_argument
@_release
@_as
@key_option
@as_json
@pass_face
def approve(
    face: Face, vault: Path, release_id: str, name: str, key_file: Path | None, as_json: bool
) -> None:
    """Approve a release. Two actors must, neither of them the one who asked.

    \b
    Example:
      amends vault release approve vault R0001 --as robin --key-file robin.key
      amends vault release approve vault R0001 --as sam --key-file sam.key
    """
    from amends.vault.brake.releases import APPROVALS_NEEDED, approve_release  # noqa: PLC0415 - help stays quick

    key = read_key(face, key_file)
    with open_brake(face, vault) as (brake, _):
        held = approve_release(brake, release_id, name, key)
    if as_json:
        face.json({"release": release_id, "approved_by": list(held.approved_by)})
        return
    face.say(f"[green]✓[/] {release_id} is approved by {escape(', '.join(held.approved_by))}")
    if len(held.approved_by) < APPROVALS_NEEDED:
        face.say("One more must approve it.")


@release.command("run")
@vault_argument
@_release
@click.argument("tokens", type=_file, metavar="TOKENS")
@click.option(
    "--to",
    required=True,
    metavar="FILE",
    help="New file (mode 0600); - is stdout, which cannot be gone on with after a kill.",
)
@as_json
@pass_face
def run_it(face: Face, vault: Path, release_id: str, tokens: Path, to: str, as_json: bool) -> None:
    """Write what was released, once. Killed and given again, it ends in the same file.

    \b
    Example:
      amends vault release run vault R0001 tokens.txt --to released.csv
    """
    from amends.vault.brake.releases import run_release  # noqa: PLC0415 - help stays quick

    if to == "-" and as_json:
        raise UsageError(
            "Rows and JSON cannot both go to stdout", remedy="leave --json out, or give --to FILE"
        )
    with open_brake(face, vault) as (brake, keyring):
        target = None if to == "-" else Path(to)
        rows = run_release(brake, keyring, release_id, tokens, target, sys.stdout)
    if as_json:
        face.json({"release": release_id, "rows": rows, "to": to})
        return
    face.say(f"[green]✓[/] {rows:,} rows; {release_id} cannot be used again")


@release.command("list")
@vault_argument
@as_json
@pass_face
def list_releases(face: Face, vault: Path, as_json: bool) -> None:
    """Show releases: who asked, who approved, what became of them.

    \b
    Example:
      amends vault release list vault
    """
    from amends.vault.brake.reporting import releases_of  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        rows = releases_of(brake.look()[0])
    if as_json:
        face.json(rows)
        return
    names = (
        "release",
        "asked by",
        "approved by",
        "domain",
        "purpose",
        "case",
        "#tokens",
        "clear",
        "state",
        "expires",
    )
    face.table("", names, [tuple(r.values()) for r in rows])
