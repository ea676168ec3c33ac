"""Protect a company's own tables: plan, protect, verify, undo, drop."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face, shown
from amends.cli.progress import progress_for
from amends.cli.vault_roots import open_vault, passphrase_option, secret_line, vault_argument
from amends.kernel.errors import UsageError
from amends.report.clear import columns_of
from amends.vault.keyring import Keyring
from amends.vault.protect.copies import Copy
from amends.vault.protect.journal import Journal
from amends.vault.protect.plan import Plan
from amends.vault.protect.plan_file import read_plan, write_plan
from amends.vault.protect.propose import Added, Found, propose
from amends.vault.protect.run import Outcome, Protection
from amends.vault.protect.verify import Standing
from amends.vault.stores.base import ChangingStore, TableShape
from amends.vault.stores.opening import ASKS_PASSWORD, kind_of, open_store

_FILE = click.Path(path_type=Path, dir_okay=False)
_Command = TypeVar("_Command", bound=Callable[..., Any])  # Any: click passes what the options hold

plan_argument = click.argument("plan_file", metavar="PLAN", type=_FILE)
password_option = click.option(
    "--password-file",
    type=_FILE,
    help="File that holds the database's password; else you are asked, or the driver's own file is read.",
)


def _work_options(command: _Command) -> _Command:
    """Give a command what every step on a plan takes."""
    for option in (as_json, passphrase_option, password_option, plan_argument, vault_argument):
        command = option(command)
    return command


def opened_store(face: Face, address: str, password_file: Path | None) -> ChangingStore:
    """Open a store; ask for a password where the server wants one and somebody can answer."""
    if password_file is not None:
        return open_store(address, secret_line(face, password_file))
    try:
        return open_store(address)
    except UsageError as error:
        asks = kind_of(address) in ASKS_PASSWORD and "account in" in error.what
        if not asks or face.no_input or not sys.stdin.isatty():
            raise
    return open_store(
        address, str(click.prompt("Password of the database", hide_input=True, err=True))
    )


@contextmanager
def _work(
    face: Face, vault: Path, plan_file: Path, password_file: Path | None, passphrase: Path | None
) -> Iterator[tuple[Protection, Plan]]:
    plan = read_plan(plan_file)
    keyring = open_vault(face, vault, passphrase)
    store = opened_store(face, plan.address, password_file)
    try:
        yield (
            Protection(keyring, plan, store, progress_for(face.aside, face.quiet)),
            plan,
        )
    finally:
        store.close()


# --- plan


@click.command("plan")
@vault_argument
@click.argument("address")
@click.option("--table", "tables", multiple=True, help="Only this table; may be given again.")
@click.option(
    "--add", nargs=3, multiple=True, metavar="TABLE COLUMN DOMAIN",
    help="Protect this column too, in this domain; may be given again.",
)  # fmt: skip
@click.option("--to", type=_FILE, required=True, help="File of the plan, ending in .toml.")
@password_option
@passphrase_option
@as_json
@pass_face
def plan_command(
    face: Face,
    vault: Path,
    address: str,
    tables: tuple[str, ...],
    add: tuple[tuple[str, str, str], ...],
    to: Path,
    password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Find the identifiers that a store holds in clear, and plan how to protect them. Changes nothing in the store.

    ADDRESS is postgresql://user@host/db, mysql://user@host/db, a file ending in .db, .sqlite, .parquet, .csv or .tsv,
    or a folder of such files. A password never stands in it. Read the plan, edit it, then run: amends vault protect.

    \b
    Example:
      amends vault plan vault till/customers.csv --to plan.toml
    """
    keyring = open_vault(face, vault, passphrase_file)
    store = opened_store(face, address, password_file)
    try:
        shapes = store.tables()
        wanted = _wanted(shapes, tables)
        found = [f for s in wanted for f in _found(face, store, s)]
        plan = propose(
            store, keyring.vault_id, address, shapes, _unprotected(keyring, store, found),
            [Added(_named(shapes, t), c, d) for t, c, d in add],
        )  # fmt: skip
    finally:
        store.close()
    write_plan(to, plan)
    if as_json:
        face.json(_plan_json(plan))
        return
    _show_plan(face, plan, vault, to)


def _wanted(shapes: Sequence[TableShape], tables: Sequence[str]) -> list[TableShape]:
    names = {_named(shapes, table) for table in tables}
    return [s for s in shapes if not tables or s.name in names]


def _named(shapes: Sequence[TableShape], table: str) -> str:
    """Return the full name of a table that a person may have given without its schema."""
    full = [s.name for s in shapes if s.name == table]
    short = full or [s.name for s in shapes if s.name.endswith(f".{table}")]
    if len(short) != 1:
        raise UsageError(
            "There are several tables of that name" if short else "There is no such table",
            where=table,
            remedy=f"name one of: {', '.join(s.name for s in shapes[:20])}",
        )
    return short[0]


def _found(face: Face, store: ChangingStore, shape: TableShape) -> Iterator[Found]:
    face.say(f"[dim]looking at {escape(shape.name)}[/]")
    for column in columns_of(store, shape):
        if column.element:
            hashed = any("unkeyed hash" in why for why in column.evidence)
            yield Found(
                column.table, column.column, column.element, column.n_valid, column.n_values, hashed
            )


def _unprotected(keyring: Keyring, store: ChangingStore, found: Sequence[Found]) -> list[Found]:
    """Return what was found in columns that hold no tokens of this vault yet."""
    done = {
        (p.table, p.column) for p in Journal(keyring.folder).protected() if p.store == store.name
    }
    return [f for f in found if (f.table, f.column) not in done]


def _plan_json(plan: Plan) -> dict[str, object]:
    return {
        "plan_id": plan.plan_id, "store": plan.store, "digest": plan.digest(),
        "tables": [asdict(t) for t in plan.tables], "remarks": list(plan.remarks),
    }  # fmt: skip


def _show_plan(face: Face, plan: Plan, vault: Path, to: Path) -> None:
    if not plan.tables:
        face.say("[green]✓[/] no identifier stands in clear in what was looked at")
    rows = [
        (t.name, t.n_rows, c.name, c.domain, c.scheme, t.group)
        for t in plan.tables
        for c in t.columns
    ]
    if rows:
        face.table("to protect", ("table", "#rows", "column", "domain", "scheme", "#group"), rows)
    for table in plan.tables:
        for refusal in table.refusals:
            face.answer.print(
                f"[bold red]✗[/] {escape(shown(table.name))}  {escape(shown(refusal.what))}\n"
                f"  [green]→[/] {escape(shown(refusal.remedy))}"
            )
    for remark in plan.remarks:
        face.answer.print(f"[yellow]![/] {escape(shown(remark))}")
    if rows:
        face.say(
            f"The plan is in {escape(str(to))}: read it, then: "
            f"amends vault protect {escape(str(vault))} {escape(str(to))}"
        )


# --- protect, verify, undo, drop


@click.command()
@_work_options
@click.option(
    "--mixed", is_flag=True,
    help="Where a column holds values in clear and tokens of this vault, convert only those in clear.",
)  # fmt: skip
@pass_face
def protect(
    face: Face,
    vault: Path,
    plan_file: Path,
    password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    mixed: bool,
) -> None:
    """Carry out a plan: copy, verify every value, swap. The business goes on; the clear copy is kept until drop.

    Killed at any moment and given again, it goes on where it stood.

    \b
    Example:
      amends vault protect vault plan.toml
    """
    with _work(face, vault, plan_file, password_file, passphrase_file) as (work, _):
        made = work.protect(mixed=mixed)
    _outcomes(face, made, as_json)
    if not as_json:
        face.say(
            f"Next: amends vault verify {vault} {plan_file}, and when all is well: amends vault drop"
        )


@click.command()
@_work_options
@click.option(
    "--copies",
    is_flag=True,
    help="Look in every table of the store for the protected values in clear.",
)
@click.option(
    "--also", multiple=True, metavar="ADDRESS", help="Look in this store too (with --copies); may be given again.",
)  # fmt: skip
@pass_face
def verify(
    face: Face,
    vault: Path,
    plan_file: Path,
    password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    copies: bool,
    also: tuple[str, ...],
) -> None:
    """Say how far each table is, and count tokens and clear values in its protected columns.

    Exit code 4 when a protected column holds values in clear.

    \b
    Example:
      amends vault verify vault plan.toml
      amends vault verify vault plan.toml --copies --also stolen/customers.csv --json
    """
    with _work(face, vault, plan_file, password_file, passphrase_file) as (work, _):
        outcomes, found = work.verify()
        others = [opened_store(face, address, password_file) for address in also]
        try:
            seen = work.copies(others) if copies or also else []
        finally:
            for other in others:
                other.close()
    done = {o.table for o in outcomes if o.state in ("swapped", "dropped")}
    in_clear = sum((s.n_clear or 0) + s.n_foreign for s in found if s.table in done)
    if as_json:
        face.json(
            {
                "tables": [asdict(o) for o in outcomes], "columns": [asdict(s) for s in found],
                "copies": [asdict(c) for c in seen], "clear_in_protected": in_clear,
            }
        )  # fmt: skip
    else:
        _show_standing(face, outcomes, found, seen)
    if in_clear:
        face.say(
            f"[bold red]✗[/] {in_clear:,} values in protected columns are no tokens of this vault: "
            "something still writes in clear.\n[green]→[/] find it and mend it; "
            "then drop the clear copy, plan the columns again with --add, and protect --mixed"
        )
        sys.exit(4)


def _show_standing(
    face: Face, outcomes: Sequence[Outcome], found: Sequence[Standing], seen: Sequence[Copy]
) -> None:
    states = {o.table: o.state for o in outcomes}
    face.table(
        "protected columns",
        ("table", "state", "column", "#values", "#tokens", "#in clear", "#of others"),
        [
            (s.table, states[s.table], s.column, s.n_values, s.n_tokens, s.n_clear, s.n_foreign)
            for s in found
        ],
    )
    if seen:
        face.table(
            "the same values in clear elsewhere",
            ("store", "table", "column", "domain", "#rows", "#different"),
            [(c.store, c.table, c.column, c.domain, c.n_rows, c.n_distinct) for c in seen],
        )
    _show_copies(face, outcomes)


@click.command()
@_work_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_face
def undo(
    face: Face,
    vault: Path,
    plan_file: Path,
    password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Bring the tables of a plan back in clear, from any state, with everything written since.

    \b
    Example:
      amends vault undo vault plan.toml --yes
    """
    with _work(face, vault, plan_file, password_file, passphrase_file) as (work, plan):
        if not yes and not face.confirm(f"Bring {len(plan.tables)} tables back in clear?"):
            sys.exit(2)
        made = work.undo()
    _outcomes(face, made, as_json)


@click.command()
@_work_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_face
def drop(
    face: Face,
    vault: Path,
    plan_file: Path,
    password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Destroy the clear copies of a plan's tables, and list where copies in clear may still be.

    \b
    Example:
      amends vault drop vault plan.toml --yes
    """
    with _work(face, vault, plan_file, password_file, passphrase_file) as (work, plan):
        if not yes and not face.confirm(
            f"Destroy the clear copies of {len(plan.tables)} tables? Undo will then reveal from tokens."
        ):
            sys.exit(2)
        made = work.drop()
    _outcomes(face, made, as_json)


def _outcomes(face: Face, made: Sequence[Outcome], as_json: bool) -> None:
    if as_json:
        face.json([asdict(one) for one in made])
        return
    for one in made:
        rows = f"  {one.n_rows:,} rows compared" if one.n_rows >= 0 else ""
        face.answer.print(f"[green]✓[/] {escape(shown(one.table))}  {one.state}{rows}")
    _show_copies(face, made)


def _show_copies(face: Face, made: Sequence[Outcome]) -> None:
    listed = dict.fromkeys(words for one in made for words in one.copies)
    if listed:
        face.answer.print("\n[bold]Copies that may still be in clear[/]")
    for words in listed:
        face.answer.print(f"  - {escape(shown(words))}", highlight=False)
