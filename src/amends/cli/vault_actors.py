"""Who may ask the vault for what: purposes, actors, budgets, the map of persons, canaries."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.cli.vault_serve import open_brake, vault_argument
from amends.kernel.errors import UsageError

_file = click.Path(path_type=Path, dir_okay=False)
_name = click.argument("name", metavar="NAME")
_key_to = click.option(
    "--key-to",
    type=_file,
    required=True,
    help="New file the actor's key is written to (mode 0600).",
)


@click.group()
def actors() -> None:
    """Who may ask for what, and for how many persons an hour and a day."""


@actors.command()
@vault_argument
@_name
@click.option("--clear", is_flag=True, help="Allows values in clear; else masked values only.")
@click.option(
    "--domain",
    "domains",
    multiple=True,
    help="Domain it is about; may be given several times; any when left out.",
)
@pass_face
def purpose(face: Face, vault: Path, name: str, clear: bool, domains: tuple[str, ...]) -> None:
    """Declare what somebody may ask for, or change it.

    \b
    Example:
      amends vault actors purpose vault identity-check --domain ssn
      amends vault actors purpose vault tax --domain ssn --clear
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        keeping.set_purpose(brake, name, clear=clear, domains=domains)
    face.say(f"[green]✓[/] {escape(name)} gives {'values in clear' if clear else 'masked values'}")


@actors.command()
@vault_argument
@_name
@click.option("--purpose", "purpose_name", required=True, help="A purpose that was declared.")
@click.option(
    "--per-hour", type=int, default=60, show_default=True, help="Distinct persons in any hour."
)
@click.option(
    "--per-day", type=int, default=300, show_default=True, help="Distinct persons in any 24 hours."
)
@click.option(
    "--uid",
    type=click.IntRange(0),
    default=None,
    help="Account that may use the name on the local socket without a key.",
)
@click.option("--key-to", type=_file, help="New file a new actor's key is written to (mode 0600).")
@pass_face
def add(
    face: Face, vault: Path, name: str, purpose_name: str, per_hour: int, per_day: int, uid: int | None,
    key_to: Path | None,
) -> None:  # fmt: skip
    """Let an actor ask for a purpose, within a budget of distinct persons. A new actor gets a key.

    \b
    Example:
      amends vault actors add vault desk --purpose identity-check --per-hour 60 --per-day 300 --key-to desk.key
      amends vault actors add vault dana --purpose tax --per-hour 5 --per-day 20 --key-to dana.key
      amends vault actors add vault robin --purpose tax --per-hour 5 --per-day 20 --key-to robin.key
      amends vault actors add vault sam --purpose tax --per-hour 5 --per-day 20 --key-to sam.key
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick
    from amends.vault.brake.rules import checked_budget  # noqa: PLC0415

    budget = checked_budget(per_hour, per_day)
    with open_brake(face, vault) as (brake, _):
        is_new = name not in brake.look()[0].actors
        if is_new and key_to is None and uid is None:
            raise UsageError(
                "A new actor gets a key", remedy="give --key-to FILE, or --uid for the local socket"
            )
        out = _new_file(key_to) if is_new and key_to is not None else -1
        key = keeping.set_actor(brake, name, purpose_name, budget, uid=-1 if uid is None else uid)
        _write_key(out, key)
    face.say(
        f"[green]✓[/] {escape(name)}: {per_hour:,} persons an hour, {per_day:,} a day, for {escape(purpose_name)}"
    )


@actors.command()
@vault_argument
@click.option(
    "--per-hour", type=int, required=True, help="Distinct persons in any hour, over all actors."
)
@click.option(
    "--per-day", type=int, required=True, help="Distinct persons in any 24 hours, over all actors."
)
@pass_face
def ceiling(face: Face, vault: Path, per_hour: int, per_day: int) -> None:
    """Set the budget over all actors together.

    \b
    Example:
      amends vault actors ceiling vault --per-hour 1000 --per-day 5000
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick
    from amends.vault.brake.windows import Budget  # noqa: PLC0415

    with open_brake(face, vault) as (brake, _):
        keeping.set_ceiling(brake, Budget(per_hour, per_day))
    face.say(
        f"[green]✓[/] At most {per_hour:,} persons an hour and {per_day:,} a day, whoever asks"
    )


@actors.command("list")
@vault_argument
@as_json
@pass_face
def list_actors(face: Face, vault: Path, as_json: bool) -> None:
    """Show actors with their budgets, what is used of them, and who is stopped.

    \b
    Example:
      amends vault actors list vault
    """
    from amends.vault.brake.reporting import budgets_of  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        state, now = brake.look()
        rows = budgets_of(state, now)
    if as_json:
        face.json(rows)
        return
    names = (
        "actor",
        "purpose",
        "clear",
        "#per_hour",
        "#used_hour",
        "#per_day",
        "#used_day",
        "stopped",
    )
    face.table("", names, [tuple(r.values()) for r in rows])


@actors.command()
@vault_argument
@_name
@_key_to
@pass_face
def key(face: Face, vault: Path, name: str, key_to: Path) -> None:
    """Give an actor a new key; the old one is void at once.

    \b
    Example:
      amends vault actors key vault desk --key-to desk-2.key
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        if name not in brake.look()[0].actors:
            raise UsageError(
                "There is no such actor", where=name, remedy="amends vault actors list VAULT"
            )
        out = _new_file(key_to)
        _write_key(out, keeping.change_key(brake, name))
    face.say(f"[green]✓[/] The old key of {escape(name)} is void")


@actors.command()
@vault_argument
@_name
@click.option("--why", required=True, help="Reason, for the audit.")
@pass_face
def stop(face: Face, vault: Path, name: str, why: str) -> None:
    """Stop an actor: no answer until somebody lifts it.

    \b
    Example:
      amends vault actors stop vault desk --why "key lost"
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        keeping.stop_actor(brake, name, why)
    face.say(f"[green]✓[/] {escape(name)} gets no answer")


@actors.command()
@vault_argument
@_name
@click.option("--why", required=True, help="Reason, for the audit.")
@pass_face
def lift(face: Face, vault: Path, name: str, why: str) -> None:
    """Let a stopped actor go on, after somebody looked into it.

    \b
    Example:
      amends vault actors lift vault desk --why "new key, old one void"
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        keeping.lift_actor(brake, name, why)
    face.say(f"[green]✓[/] {escape(name)} may ask again")


@actors.command()
@vault_argument
@_name
@pass_face
def remove(face: Face, vault: Path, name: str) -> None:
    """Take an actor away. What it was answered still counts against the ceiling.

    \b
    Example:
      amends vault actors remove vault sam
    """
    from amends.vault.brake import keeping  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, _):
        keeping.remove_actor(brake, name)
    face.say(f"[green]✓[/] {escape(name)} is gone")


@actors.command()
@vault_argument
@click.argument("table", type=_file, metavar="FILE")
@as_json
@pass_face
def persons(face: Face, vault: Path, table: Path, as_json: bool) -> None:
    """Load which tokens are one person: FILE has the columns domain, token, person (.csv or .parquet).

    Then three identifiers of a person count once, and nobody can call many persons one. It takes the place of the map
    before; only keyed numbers are kept.

    \b
    Example:
      amends vault actors persons vault persons.csv
    """
    from amends.vault.brake.people import PersonMap, read_map  # noqa: PLC0415 - help stays quick

    with open_brake(face, vault) as (brake, keyring):
        n = PersonMap(brake, keyring).load(read_map(table))
        brake.record(lambda state: [("persons", {"tokens": n})])
    if as_json:
        face.json({"tokens": n})
        return
    face.say(f"[green]✓[/] {n:,} tokens have a person")


@click.group()
def canary() -> None:
    """Tokens of invented persons, that ring when somebody asks for them."""


@canary.command()
@vault_argument
@click.option("--domain", required=True, help="Domain of the tokens.")
@click.option("-n", "number", type=int, default=20, show_default=True, help="How many.")
@click.option(
    "--to",
    type=_file,
    required=True,
    help="New file for planting: token, first, last (mode 0600). Destroy it afterwards.",
)
@click.option(
    "--form", default="", help="How you write such a value, a # for each digit: ###-##-####."
)
@click.option(
    "--element",
    default="",
    help="What the domain holds, where its name does not say: ssn, phone, email, imei, imsi, card.",
)
@click.option("--values", type=_file, help="File of invented values of your own, one a line.")
@click.option(
    "--scheme",
    type=click.Choice(["siv", "ff1"]),
    default="siv",
    show_default=True,
    help="How tokens of this domain are made.",
)
@as_json
@pass_face
def make(
    face: Face, vault: Path, domain: str, number: int, to: Path, form: str, element: str, values: Path | None,
    scheme: str, as_json: bool,
) -> None:  # fmt: skip
    """Make tokens of invented persons to plant in your tables. The first question about one rings and stops its actor.

    \b
    Example:
      amends vault canary make vault --domain ssn -n 20 --to canaries.csv
    """
    from amends.vault.brake.canaries import make_canaries, write_planted  # noqa: PLC0415 - help stays quick

    if to.exists():
        raise UsageError(
            "There is a file of that name already", where=str(to), remedy="name another"
        )
    with open_brake(face, vault) as (brake, keyring):
        made = make_canaries(
            brake, keyring, domain, number, form=form, element=element, values=_lines(values),
            scheme="ff1" if scheme == "ff1" else "siv",
        )  # fmt: skip
        write_planted(to, made)
    if as_json:
        face.json({"canaries": len(made), "domain": domain, "to": str(to)})
        return
    face.say(
        f"[green]✓[/] {len(made)} invented persons; plant them, then destroy {escape(str(to))}"
    )


def _lines(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "The values cannot be read", where=str(path), remedy="give a text file, one a line"
        ) from error


def _new_file(path: Path) -> int:
    """Make the file before the key: a key that cannot be written down is no use to anybody."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(
            "The file for the key cannot be made",
            where=f"{path}: {error.strerror}",
            remedy="name a new file",
        ) from error


def _write_key(out: int, key: str) -> None:
    if out >= 0:
        with os.fdopen(out, "w") as stream:
            stream.write(f"{key}\n" if key else "")
