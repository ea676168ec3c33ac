"""The brake on the company's identifiers: serve, ask, and what the audit says."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.kernel.errors import AmendsError, UsageError

if TYPE_CHECKING:
    from amends.vault.brake.brake import Brake
    from amends.vault.keyring import Keyring

_PASSPHRASE = "amends.vault.passphrase_file"  # noqa: S105  # a place, no secret
_Command = TypeVar("_Command", bound=Callable[..., Any])  # Any: click passes what the options hold


def _keep_passphrase_file(
    context: click.Context, option: click.Parameter, path: Path | None
) -> None:
    context.meta[_PASSPHRASE] = path


def vault_argument(command: _Command) -> _Command:
    """Give a command the vault it works on, and the option for its passphrase."""
    argument = click.argument(
        "vault", type=click.Path(path_type=Path, file_okay=False), metavar="VAULT"
    )
    option = click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path, dir_okay=False),
        expose_value=False,
        callback=_keep_passphrase_file,
        help="File that holds the vault's passphrase, where it opens with one; else you are asked.",
    )
    return argument(option(command))


key_option = click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False),
    help="File with the actor's key; else it is asked for.",
)  # fmt: skip
_file = click.Path(path_type=Path, dir_okay=False)


def open_keyring(face: Face, vault: Path) -> Keyring:
    """Open a vault's keys; asks for a passphrase where one is needed and somebody can give it."""
    from amends.cli.vault_roots import open_vault  # noqa: PLC0415 - help stays quick

    return open_vault(face, vault, click.get_current_context().meta.get(_PASSPHRASE))


@contextlib.contextmanager
def open_brake(face: Face, vault: Path) -> Iterator[tuple[Brake, Keyring]]:
    """Open a vault's brake for one command."""
    from amends.vault.brake.brake import Brake  # noqa: PLC0415 - help stays quick

    keyring = open_keyring(face, vault)
    brake = Brake(keyring)
    try:
        yield brake, keyring
    finally:
        with contextlib.suppress(AmendsError):
            brake.close()


def read_key(face: Face, path: Path | None) -> str:
    """Return an actor's key from a file, or from a prompt."""
    if path is not None:
        try:
            return path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                "The key cannot be read", where=str(path), remedy="name the file it was written to"
            ) from error
    if face.no_input or not sys.stdin.isatty():
        raise UsageError("An actor proves itself by its key", remedy="give --key-file FILE")
    return str(click.prompt("Key", hide_input=True, err=True)).strip()


@click.command()
@vault_argument
@click.option("--socket", "path", type=_file, help="Local socket; VAULT/brake.sock when left out.")
@click.option(
    "--group", default="", help="Group that may use the local socket besides its owner (mode 0660)."
)
@click.option(
    "--http",
    "address",
    default="",
    metavar="HOST:PORT",
    help="Answer by HTTP too; this machine only, unless TLS is given.",
)
@click.option("--tls-cert", type=_file, help="TLS certificate (PEM); needed beyond this machine.")
@click.option("--tls-key", type=_file, help="Its private key (PEM).")
@click.option(
    "--client-ca",
    type=_file,
    help="Callers must show a certificate of this authority (PEM), besides their key.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    type=_file,
    help="File on another disk that keeps the head of the audit; may be given several times.",
)
@click.option(
    "--alarm-command",
    default="",
    metavar="COMMAND",
    help="Run at each alarm, with the alarm as JSON on its standard input.",
)
@click.option(
    "--alarm-url",
    default="",
    metavar="URL",
    help="Gets each alarm as JSON by POST: https, or http on this machine.",
)
@click.option("--no-freeze", is_flag=True, help="A canary rings, but does not stop its actor.")
@pass_face
def serve(
    face: Face, vault: Path, path: Path | None, group: str, address: str, tls_cert: Path | None, tls_key: Path | None,
    client_ca: Path | None, witnesses: tuple[Path, ...], alarm_command: str, alarm_url: str, no_freeze: bool,
) -> None:  # fmt: skip
    """Answer questions about tokens: masked, within budgets, everything in the audit before the answer.

    On a local socket, and by HTTP where an address is given. End it with Ctrl-C or SIGTERM.

    \b
    Example:
      amends vault serve vault --http 127.0.0.1:0
    """
    from amends.vault.brake.server import Serving, serve  # noqa: PLC0415 - help stays quick

    host, port = _host_and_port(address)
    serving = Serving(
        path=path or vault / "brake.sock", group=group, host=host, port=port, certificate=tls_cert, private_key=tls_key,
        client_ca=client_ca, witnesses=witnesses, alarm_command=alarm_command, alarm_url=alarm_url,
        freeze=not no_freeze,
    )  # fmt: skip

    def say(places: list[str]) -> None:
        for place in places:
            face.say(f"[green]✓[/] The vault answers at {escape(place)}")

    serve(open_keyring(face, vault), serving, say)


def _host_and_port(address: str) -> tuple[str, int]:
    if not address:
        return "", 0
    host, found, port = address.rpartition(":")
    if not found or not port.isdigit() or int(port) > 65535:
        raise UsageError(
            "That is no address to listen on", where=address, remedy="write it like 127.0.0.1:8766"
        )
    return host.strip("[]"), int(port)


@click.command()
@vault_argument
@click.argument("tokens", nargs=-1, required=True, metavar="TOKEN...")
@click.option("--as", "actor", required=True, metavar="NAME", help="Actor who asks.")
@key_option
@click.option("--purpose", required=True, help="What for.")
@click.option(
    "--case", "reference", required=True, help="Reference of the case, such as a ticket's number."
)
@click.option("--domain", required=True, help="Domain of the tokens.")
@click.option(
    "--clear", is_flag=True, help="Ask for values in clear; only where the purpose allows it."
)
@click.option(
    "--at",
    "address",
    default="",
    metavar="PATH|URL",
    help="Where the vault answers; VAULT/brake.sock when left out.",
)
@as_json
@pass_face
def ask(
    face: Face, vault: Path, tokens: tuple[str, ...], actor: str, key_file: Path | None, purpose: str, reference: str,
    domain: str, clear: bool, address: str, as_json: bool,
) -> None:  # fmt: skip
    """Ask what stands behind tokens, as an actor: through the service, or with the vault's own keys when none runs.

    \b
    Example:
      amends vault ask vault TOKEN --as desk --key-file desk.key --purpose identity-check --case T-1042 --domain ssn
    """
    key = read_key(face, key_file)
    fields: dict[str, object] = {
        "actor": actor, "purpose": purpose, "case": reference, "domain": domain, "tokens": list(tokens), "clear": clear,
    }  # fmt: skip
    socket = vault / "brake.sock"
    if address or socket.is_socket():
        values, masked = _through_service(address or str(socket), key, fields, tokens)
    else:
        with open_brake(face, vault) as (brake, keyring):
            values, masked = _with_own_keys(brake, keyring, key, fields)
    if as_json:
        face.json({"answers": values, "masked": masked})
        return
    for value in values:
        face.answer.print(value, markup=False, highlight=False)


def _through_service(
    address: str, key: str, fields: dict[str, object], tokens: Sequence[str]
) -> tuple[list[str], bool]:
    from amends.vault.brake.client import BrakeClient  # noqa: PLC0415 - help stays quick

    with BrakeClient(address, str(fields["actor"]), key) as client:
        answer = client.ask(
            str(fields["domain"]), tokens, purpose=str(fields["purpose"]), case=str(fields["case"]),
            clear=bool(fields["clear"]),
        )  # fmt: skip
    return list(answer.values), answer.masked


def _with_own_keys(
    brake: Brake, keyring: Keyring, key: str, fields: dict[str, object]
) -> tuple[list[str], bool]:
    from amends.vault.brake.answering import Answering, Caller, Malformed  # noqa: PLC0415 - help stays quick
    from amends.vault.brake.client import Refused  # noqa: PLC0415

    try:
        brake.look()
        answering = Answering(brake, keyring)
        question = answering.question(fields, Caller("command line", key=key))
        verdict = brake.decide([question.call])[0]
        if verdict.status != 200:
            raise Refused(
                verdict.status, verdict.code, verdict.what, verdict.remedy, verdict.retry_seconds
            )
        return answering.answers(question, verdict), not verdict.clear
    except Malformed as wrong:
        raise UsageError(wrong.what, remedy="see: amends vault ask --help") from wrong


@click.command()
@vault_argument
@click.option(
    "--people",
    type=click.IntRange(min=1),
    default=54_000_000,
    show_default=True,
    help="Persons the vault protects, for the days a thief would need.",
)
@click.option(
    "--resolve",
    "why",
    default="",
    metavar="WHY",
    help="Go on after a fault, from the last state that is whole; needs --as.",
)
@click.option("--as", "name", default="", metavar="NAME", help="Who resolves it.")
@as_json
@pass_face
def audit(face: Face, vault: Path, people: int, why: str, name: str, as_json: bool) -> None:
    """Check every line of the audit and add it up: who asked how much, canaries, refusals, days to pull everybody.

    Exit code 3 when the audit has a fault.

    \b
    Example:
      amends vault audit vault
      amends vault audit vault --json
    """
    from amends.vault.brake.reporting import report  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        if why:
            found = brake.resolve(why, name)
            face.say(
                f"[green]✓[/] Resolved: {escape(str(found['fault']))}. What was there is kept beside the new audit."
            )
        told = report(brake, people)
    if as_json:
        face.json(told)
    else:
        _show_audit(face, told)
    if not told["whole"]:
        face.say(f"[bold red]✗[/] {escape(str(told['fault']))}")
        face.say(
            "[green]→[/] find out who wrote to it; then: amends vault audit VAULT --resolve WHY --as NAME"
        )
        sys.exit(3)


def _show_audit(face: Face, told: dict[str, object]) -> None:
    actors: list[dict[str, object]] = told["actors"]  # type: ignore[assignment]  # the shape of reporting.report
    days: dict[str, object] = told["days_to_pull_everybody"]  # type: ignore[assignment]  # as above
    ceiling: dict[str, int] = told["ceiling"]  # type: ignore[assignment]  # as above
    trip: dict[str, object] | None = told["first_canary_trip"]  # type: ignore[assignment]  # as above
    face.facts(
        {
            "audit": "whole" if told["whole"] else "FAULT",
            "lines": told["lines"],
            "head": str(told["head"])[:16],
            "ceiling": f"{ceiling['per_hour']:,} persons an hour, {ceiling['per_day']:,} a day",
            "to pull everybody": f"{days['at_ceiling']:,} days at the ceiling, "
            + (
                f"{days['at_budgets']:,} at the present budgets"
                if days["at_budgets"]
                else "no budget is given"
            ),
            "canaries": told["canaries"],
            "first trip": f"{trip['at']} by {trip['actor']} (case {trip['case']})"
            if trip
            else "none",
        }
    )
    shown = ("actor", "persons", "tokens", "calls", "clear_calls", "refused", "stopped", "last_at")
    names = ("actor", "#persons", "#tokens", "#calls", "#in clear", "#refused", "stopped", "last")
    face.table("", names, [tuple(a[k] for k in shown) for a in actors])
