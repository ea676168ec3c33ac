"""The vault's keys: make a vault, see its keys, change its root, rotate, shred, and what tokens give away."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.cli.progress import progress_for
from amends.cli.vault_roots import (
    chosen_root,
    open_vault,
    passphrase_option,
    root_options,
    secret_line,
    vault_argument,
)
from amends.kernel.errors import UsageError
from amends.vault import keyfile
from amends.vault.ciphers import Scheme
from amends.vault.keyring import Keyring
from amends.vault.rerooting import rewrap as give_root
from amends.vault.rotation import rotate as turn_tokens
from amends.vault.shredding import Certificate, drop_version, shred_domain

_SCHEMES = click.Choice(["siv", "ff1", "random"])
_domain_argument = click.argument("domain")
_scheme_option = click.option(
    "--scheme", type=_SCHEMES, default="siv", show_default=True, help="Which kind of token."
)
_at_option = click.option(
    "--at",
    "places",
    nargs=3,
    multiple=True,
    metavar="STORE TABLE COLUMN",
    help="A place that holds tokens of the domain; give one for each. For Parquet, TABLE is . (a dot).",
)
_password_option = click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that holds the database's password.",
)


@click.command()
@vault_argument
@root_options
@as_json
@pass_face
def new(face: Face, /, vault: Path, kind: str | None, as_json: bool, **given: Any) -> None:
    """Make a vault: the folder that holds the keys of the company's own data.

    The root key opens all others. In a file beside them (the default) it protects against whoever reads a database or
    a backup of one, not against whoever takes the vault too: keep it elsewhere (--root-file), or choose passphrase or
    transit.

    \b
    Example:
      amends vault new vault
      amends vault new offline-vault --root passphrase --new-passphrase-file password.txt
    """
    if (vault / keyfile.KEYRING_FILE).exists():
        raise UsageError(
            "There is a vault here already",
            where=str(vault),
            remedy="use it, or choose another folder",
        )
    keyring = Keyring.create(vault, chosen_root(face, vault, kind or "file", given))
    if as_json:
        face.json(
            {"vault": keyring.vault_id, "folder": str(vault), "root": dict(keyring.root.describe())}
        )
        return
    face.answer.print(
        f"[green]✓[/] vault {keyring.vault_id} in {escape(str(vault))}, root: {keyring.root.kind}"
    )
    face.say(
        "Back up the folder and the root key, apart from each other: without them no token can be read."
    )


@click.command()
@vault_argument
@passphrase_option
@as_json
@pass_face
def keys(face: Face, vault: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Show which keys a vault holds: domains, schemes, versions, and what was shredded. No key is shown.

    \b
    Example:
      amends vault keys vault
      amends vault keys vault --json
    """
    keyring = open_vault(face, vault, passphrase_file)
    held = [asdict(domain) for domain in keyring.domains()]
    if as_json:
        root = dict(keyring.root.describe())
        face.json(
            {
                "vault": keyring.vault_id,
                "revision": keyring.file().revision,
                "root": root,
                "domains": held,
            }
        )
        return
    face.facts(
        {"vault": keyring.vault_id, "root": keyring.root.kind, "revision": keyring.file().revision}
    )
    face.table(
        "",
        ("domain", "scheme", "#version", "readable", "shredded", "made_at"),
        [
            (
                d["name"],
                d["scheme"],
                d["version"] or "none",
                d["versions"],
                d["shredded"],
                d["made_at"],
            )
            for d in held
        ],
    )


@click.command()
@vault_argument
@passphrase_option
@root_options
@as_json
@pass_face
def rewrap(
    face: Face,
    /,
    vault: Path,
    passphrase_file: Path | None,
    kind: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Give a vault another root key, or renew the one it has. No token changes.

    Afterwards the old root opens nothing of the vault. A copy of the old keyring.json with the old root still does:
    destroy one of the two. Without --root the present root is renewed (a key service uses its newest key version).

    \b
    Example:
      amends vault rewrap vault --root file --root-file root-2.key
    """
    keyring = open_vault(face, vault, passphrase_file)
    before = dict(keyring.root.describe())
    give_root(keyring, chosen_root(face, vault, kind, given) if kind else None)
    after = dict(keyring.root.describe())
    if as_json:
        face.json(
            {
                "vault": keyring.vault_id,
                "before": before,
                "after": after,
                "revision": keyring.file().revision,
            }
        )
        return
    face.answer.print(f"[green]✓[/] every key is wrapped anew; root: {keyring.root.kind}")
    if before != after:
        face.say(
            "Destroy the old root key, or every copy of the old keyring.json: together they still open it."
        )


@click.command()
@vault_argument
@_domain_argument
@_at_option
@_scheme_option
@passphrase_option
@_password_option
@as_json
@pass_face
def rotate(
    face: Face,
    vault: Path,
    domain: str,
    places: tuple[tuple[str, str, str], ...],
    scheme: Scheme,
    passphrase_file: Path | None,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Give every token of a domain a new key. Killed at any point, the same command goes on.

    Name every place that holds such tokens. Tokens of siv and random say their version, so others may read and write
    meanwhile; of ff1 they do not: name all places at once, and keep writers out until it is done.

    \b
    Example:
      amends vault rotate vault loyalty_number --at loyalty.parquet . number
    """
    from amends.cli.vault_places import opened_places  # noqa: PLC0415 - help stays quick

    keyring = open_vault(face, vault, passphrase_file)
    at = opened_places(places, secret_line(face, password_file) if password_file else "")
    done = turn_tokens(keyring, domain, at, scheme, progress_for(face.aside, face.quiet))
    if as_json:
        face.json({**asdict(done), "held": {str(v): n for v, n in (done.held or {}).items()}})
        return
    face.answer.print(
        f"[green]✓[/] {done.rows:,} rows turned; {escape(domain)} ({scheme}) is at version {done.new}"
        if done.ended
        else f"[yellow]![/] {done.rows:,} rows turned, and older tokens are left: run the command again"
    )
    if done.ended and done.old < done.new:
        face.say(
            f"Version {done.old} is held still. Drop it with: amends vault shred {vault} {domain} --version {done.old}"
        )


@click.command()
@vault_argument
@_domain_argument
@click.option("--reason", required=True, help="Why; it stands in the ledger. No personal value.")
@click.option(
    "--version", type=click.IntRange(min=1), help="Only this older version, which nothing may hold."
)
@_at_option
@_scheme_option
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the certificate goes (JSON).",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@passphrase_option
@_password_option
@as_json
@pass_face
def shred(
    face: Face,
    vault: Path,
    domain: str,
    reason: str,
    version: int | None,
    places: tuple[tuple[str, str, str], ...],
    scheme: Scheme,
    to: Path | None,
    yes: bool,
    passphrase_file: Path | None,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Destroy keys: tokens of the domain, in whatever copy, can no longer be read. There is no way back.

    With --version only an older key goes, and only when no place named with --at holds a token of it. Prints a
    certificate: what was destroyed, and what cannot be proved. Exit code 10 when a copy was found in the vault.

    \b
    Example:
      amends vault shred vault loyalty_number --version 1 --at loyalty.parquet . number --reason "rotated" --yes
      amends vault shred vault loyalty_number --reason "programme ended" --to shredded.json --yes
    """
    from amends.cli.vault_places import opened_places  # noqa: PLC0415 - help stays quick

    keyring = open_vault(face, vault, passphrase_file)
    if not yes and not face.confirm(_question(domain, version)):
        raise click.Abort
    if version is None:
        made = shred_domain(keyring, domain, reason)
    else:
        at = opened_places(places, secret_line(face, password_file) if password_file else "")
        made = drop_version(keyring, domain, scheme, version, reason, at)
    if to is not None:
        to.write_text(json.dumps(made.as_json(), indent=1, ensure_ascii=False) + "\n", "utf-8")
    _show_certificate(face, made, as_json)
    if made.left:
        raise click.exceptions.Exit(10)


def _question(domain: str, version: int | None) -> str:
    if version is None:
        return f"Destroy every key of {domain}? Its tokens can never be read again."
    return f"Destroy version {version} of the key of {domain}?"


def _show_certificate(face: Face, made: Certificate, as_json: bool) -> None:
    if as_json:
        face.json(made.as_json())
        return
    for key in made.keys:
        face.answer.print(
            f"[green]✓[/] destroyed: {escape(key.domain)} {key.use} version {key.version}  "
            f"[dim]sha256 {key.wrapped_sha256[:16]}…[/]"
        )
    for name in made.left:
        face.answer.print(
            f"[red]✗[/] a copy of a wrapped key is in {escape(name)}: destroy that file"
        )
    face.say(
        f"{made.searched} files of the vault searched; certificate {made.certificate}. Not proved:"
    )
    for line in made.cannot_be_proved:
        face.say(f"  · {escape(line)}")
