"""How commands open a vault: its root key may be a file, a passphrase or a key service."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.markup import escape

from amends.cli.output import Face
from amends.kernel.errors import UsageError
from amends.vault.keyring import Keyring
from amends.vault.roots.base import Ask, RootKey
from amends.vault.roots.file import DEFAULT_NAME, FileRoot
from amends.vault.roots.passphrase import PassphraseRoot
from amends.vault.roots.transit import Service, TransitRoot

_FILE = click.Path(path_type=Path, dir_okay=False)
_Command = TypeVar("_Command", bound=Callable[..., Any])  # Any: click passes what the options hold

vault_argument = click.argument("vault", type=click.Path(path_type=Path, file_okay=False))
passphrase_option = click.option(
    "--passphrase-file",
    type=_FILE,
    help="File that holds the vault's passphrase, where it opens with one; else you are asked.",
)


def open_vault(face: Face, vault: Path, passphrase_file: Path | None = None) -> Keyring:
    """Open the keys of a vault, asking for its passphrase where it has one.

    Args:
        face: Who may be asked.
        vault: The vault's folder.
        passphrase_file: File that holds the passphrase; asked for where it is not given.
    """
    return Keyring.open(vault, asker(face, passphrase_file))


def asker(face: Face, passphrase_file: Path | None, *, twice: bool = False) -> Ask | None:
    """Return what asks for a passphrase: a file, or the person at the terminal; nothing where nobody is there."""
    if passphrase_file is not None:
        return lambda question: secret_line(face, passphrase_file)
    if face.no_input or not sys.stdin.isatty():
        return None
    return lambda question: str(
        click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True)
    )


def root_options(command: _Command) -> _Command:
    """Give a command the options that name a root key."""
    options = (
        click.option(
            "--root",
            "kind",
            type=click.Choice(["file", "passphrase", "transit"]),
            help="Where the root key is kept: a file, a passphrase, or the transit engine of OpenBao or Vault.",
        ),
        click.option("--root-file", type=_FILE, help="For file: where the new root key goes; best on other media."),
        click.option("--new-passphrase-file", type=_FILE, help="For passphrase: file that holds the new one."),
        click.option("--transit-address", default="", metavar="URL", help="For transit: its address, over https."),
        click.option("--transit-key", default="amends", show_default=True, help="For transit: name of the key."),
        click.option("--transit-mount", default="transit", show_default=True, help="For transit: its mount."),
        click.option("--transit-namespace", default="", help="For transit: namespace, where there is one."),
        click.option("--transit-ca", type=_FILE, help="For transit: certificates to trust (PEM)."),
        click.option("--token-file", type=_FILE, help="For transit: file that holds the client token."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def chosen_root(face: Face, vault: Path, kind: str, given: dict[str, Any]) -> RootKey:
    """Return the new root key that the options name.

    Raises:
        UsageError: An option is missing, or the root cannot be made.
    """
    if kind == "passphrase":
        ask = asker(face, given["new_passphrase_file"], twice=True)
        if ask is None:
            raise UsageError(
                "A passphrase is needed, and nobody is there to give it",
                remedy="give a file that holds it: --new-passphrase-file FILE",
            )
        return PassphraseRoot.create(ask("New passphrase of the vault"))
    if kind == "transit":
        return TransitRoot(_service(given))
    path: Path | None = given["root_file"]
    if path is None:
        return FileRoot.create(vault / DEFAULT_NAME, DEFAULT_NAME)
    inside = path.resolve().parent == vault.resolve()
    return FileRoot.create(path, path.name if inside else "")


def _service(given: dict[str, Any]) -> Service:
    if not given["transit_address"] or given["token_file"] is None:
        raise UsageError(
            "The key service needs an address and a token",
            remedy="give --transit-address https://host:8200 --token-file FILE",
        )
    ca_file: Path | None = given["transit_ca"]
    return Service(
        given["transit_address"],
        given["transit_key"],
        str(given["token_file"].resolve()),
        given["transit_mount"],
        str(ca_file.resolve()) if ca_file else "",
        given["transit_namespace"],
    )


def secret_line(face: Face, path: Path) -> str:
    """Return the first line of a file that holds a secret; say so when others can read it.

    Raises:
        UsageError: It cannot be read, or is empty.
    """
    try:
        if path.stat().st_mode & 0o077:
            face.say(
                f"[yellow]![/] others can read {escape(str(path))}: chmod 600 {escape(str(path))}"
            )
        return path.read_text("utf-8").splitlines()[0]
    except (OSError, UnicodeDecodeError, IndexError) as error:
        raise UsageError(
            "The file that should hold a secret cannot be read, or is empty",
            where=str(path),
            remedy="write the passphrase or password on its first line",
        ) from error
