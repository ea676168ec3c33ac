"""The console for the team, and who may sign in to it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from amends.cli.output import Face, as_json, case_argument, pass_face
from amends.console.roles import ROLES
from amends.kernel.errors import UsageError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@case_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8700, show_default=True, help="Port."
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="HOST",
    help="Host name under which people reach it; may be given several times.",
)
@click.option(
    "--behind-https",
    is_flag=True,
    help="A proxy in front speaks https: cookies are marked Secure, and its X-Forwarded-For is believed.",
)
@click.option("--check", is_flag=True, help="Open the case and the pages, say so, and end.")
@pass_face
def console(
    face: Face,
    case: Path,
    host: str,
    port: int,
    names: tuple[str, ...],
    behind_https: bool,
    check: bool,
) -> None:
    """Open the console of a case in the browser of those who work on it.

    It listens on this machine alone unless told otherwise. Make accounts first: amends users add.

    \b
    Example:
      amends console acme --check
    """
    import uvicorn  # noqa: PLC0415 - help and version stay quick

    from amends.console.app import make_app  # noqa: PLC0415

    hosts = {host, *_LOOPBACK, *names} - {"0.0.0.0", "::"}  # noqa: S104 - taken out, not bound
    app = make_app(case, hosts=hosts, secure=behind_https, watch=not check)
    if check:
        face.say(f"[green]✓[/] the console of {case} opens")
        app.state.desk.close()
        return
    if host not in _LOOPBACK:
        face.say(
            "[bold yellow]![/] Others on the network can reach this console. Put a proxy that speaks https before it, "
            "and give --behind-https and --name."
        )
    face.say(f"The console of {case}: [bold]http://{host}:{port}/[/]   (Ctrl-C ends it)")
    settings = uvicorn.Config(
        app, host=host, port=port, access_log=False, server_header=False, log_level="warning",
        proxy_headers=behind_https, forwarded_allow_ips="127.0.0.1", timeout_graceful_shutdown=5,
        limit_concurrency=200, timeout_keep_alive=30,
    )  # fmt: skip
    try:
        asyncio.run(uvicorn.Server(settings).serve())
    finally:
        app.state.desk.close()


@click.group()
def users() -> None:
    """Accounts of the console: who may sign in, and as what."""


_ROLE = click.Choice(list(ROLES))


@users.command()
@case_argument
@click.argument("name")
@click.option("--role", type=_ROLE, required=True, help="What the person may see and do.")
@click.option(
    "--shown", default="", help="Name of the person, as decisions and approvals carry it."
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File whose first line is the password; asked for when not given.",
)
@pass_face
def add(
    face: Face, case: Path, name: str, role: str, shown: str, password_file: Path | None
) -> None:
    """Make an account. The password has at least 15 characters: four or five words.

    \b
    Example:
      amends users add acme dana --role lead --shown "Dana Lee" --password-file password.txt
    """
    from amends.console import accounts  # noqa: PLC0415

    password = _password(face, password_file)
    with face.open(case) as opened:
        made = accounts.add(opened.register, name, shown, role, password)
        opened.ledger.append("user", account=made.name, role=made.role, change="added")
    face.say(
        f"[green]✓[/] {made.name} may sign in as {role.replace('_', ' ')}: amends console {case}"
    )


@users.command("list")
@case_argument
@as_json
@pass_face
def list_users(face: Face, case: Path, as_json: bool) -> None:
    """List the accounts of the console.

    \b
    Example:
      amends users list acme
    """
    from amends.console import accounts  # noqa: PLC0415

    with face.open(case) as opened:
        found = accounts.accounts(opened.register)
    if as_json:
        face.json([a.__dict__ for a in found])
        return
    face.table(
        "accounts",
        ("name", "person", "role", "sign-in", "disabled"),
        [
            (a.name, a.shown, a.role, "password" if a.local else "provider", a.disabled_at[:10])
            for a in found
        ],
    )


@users.command("role")
@case_argument
@click.argument("name")
@click.argument("role", type=_ROLE)
@pass_face
def change_role(face: Face, case: Path, name: str, role: str) -> None:
    """Give an account another role. Its sessions end.

    \b
    Example:
      amends users role acme dana counsel
    """
    from amends.console import accounts  # noqa: PLC0415

    with face.open(case) as opened:
        accounts.change(opened.register, name, role=role)
        opened.ledger.append("user", account=accounts.folded(name), role=role, change="role")
    face.say(
        f"[green]✓[/] {name} is {role.replace('_', ' ')} now; open sessions of the account ended"
    )


@users.command()
@case_argument
@click.argument("name")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File whose first line is the password; asked for when not given.",
)
@pass_face
def password(face: Face, case: Path, name: str, password_file: Path | None) -> None:
    """Give an account another password. Its sessions end.

    \b
    Example:
      amends users password acme dana --password-file password.txt
    """
    from amends.console import accounts  # noqa: PLC0415

    given = _password(face, password_file)
    with face.open(case) as opened:
        accounts.set_password(opened.register, name, given)
        opened.ledger.append("user", account=accounts.folded(name), change="password")
    face.say(f"[green]✓[/] {name} has another password; open sessions of the account ended")


@users.command()
@case_argument
@click.argument("name")
@click.option("--again", is_flag=True, help="Let a disabled account sign in again.")
@pass_face
def disable(face: Face, case: Path, name: str, again: bool) -> None:
    """Let an account sign in no longer. Its sessions end at once; what it did stays.

    \b
    Example:
      amends users disable acme dana
    """
    from amends.console import accounts  # noqa: PLC0415
    from amends.kernel import clock  # noqa: PLC0415

    change = "enabled" if again else "disabled"
    with face.open(case) as opened:
        accounts.change(opened.register, name, disabled_at="" if again else clock.stamp())
        opened.ledger.append("user", account=accounts.folded(name), change=change)
    face.say(f"[green]✓[/] {name} is {change}")


def _password(face: Face, path: Path | None) -> str:
    """Return a password from a file or a prompt; never from an argument.

    Raises:
        UsageError: The file cannot be read, or nobody can answer.
    """
    if path is not None:
        try:
            return path.read_text("utf-8").split("\n", 1)[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError("The password file cannot be read", where=path.name) from error
    if face.no_input or not sys.stdin.isatty():
        raise UsageError(
            "A password is needed, and nobody is there to give it",
            remedy="give --password-file FILE",
        )
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
