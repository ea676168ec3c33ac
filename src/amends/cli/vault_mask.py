"""Safe copies for tests: mask, subset, and whether production is in a test store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.cli.progress import progress_for
from amends.cli.vault_roots import open_vault, passphrase_option, secret_line
from amends.kernel import ids
from amends.kernel.errors import TableError, UsageError
from amends.report import masking as report
from amends.report import test_check as checking
from amends.report.masking import Asked
from amends.vault.masking.plan import Plan, read_plan, write_plan
from amends.vault.masking.reading import open_reading
from amends.vault.masking.subset import CHILDREN, Wanted
from amends.vault.masking.writers.opening import open_writer
from amends.vault.stores.base import Store

SHOWN = 20
"""Exceptions shown on a terminal."""
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_Command = TypeVar("_Command", bound=Callable[..., Any])  # Any: click passes what the options hold


def _masking(command: _Command) -> _Command:
    options = (
        click.argument("source", metavar="SRC"),
        click.argument("target", metavar="DST"),
        click.option("--vault", "vault", type=_FOLDER, required=True, help="The vault whose key makes the masks."),
        click.option("--plan", "plan_file", type=_FILE, help="Plan to follow; without it one is made."),
        click.option("--plan-only", is_flag=True, help="Print the plan (TOML) and write no copy."),
        click.option(
            "--unknown", type=click.Choice(["keep", "redact"]), default="keep", show_default=True,
            help="What becomes of columns that are not recognised.",
        ),
        click.option("--password-file", type=_FILE, help="File with the password of the source's server."),
        click.option("--to-password-file", type=_FILE, help="File with the password of the copy's server."),
        passphrase_option,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_masking
@as_json
@pass_face
def mask(face: Face, /, **given: Any) -> None:
    """Make a copy of a store for tests in which every identifier is another, and prove it.

    SRC and DST are addresses or paths: postgresql://user@host/db, a .db file, a .parquet or .csv file, a
    folder of them. DST must be empty. The same value has the same mask in every table and file, so joins hold.
    The copy gets its name only after every cell of it was held against every original of the source.

    \b
    Example:
      amends vault mask shop shop-masked --vault vault --plan-only
      amends vault mask shop shop-masked --vault vault --json
    """
    _run(face, None, **given)


@click.command()
@_masking
@click.option(
    "--from", "table", required=True, metavar="TABLE", help="Table that rows are chosen from."
)
@click.option("--rows", type=click.IntRange(1), help="How many rows of it.")
@click.option(
    "--share", type=click.FloatRange(0, 1, min_open=True), help="Or which share of it, as in 0.01."
)
@click.option(
    "--children", type=click.IntRange(0), default=CHILDREN, show_default=True,
    help="Most rows that one row brings along from a table that refers to it.",
)  # fmt: skip
@as_json
@pass_face
def subset(
    face: Face, /, table: str, rows: int | None, share: float | None, children: int, **given: Any
) -> None:
    """Make a masked copy of a part of a store in which no reference dangles.

    Rows are chosen by the key of the vault, the same ones every time. What refers to them comes along up to a
    limit, what they refer to always; declared keys, joins that names and values show, and persons shared are
    followed.

    \b
    Example:
      amends vault subset shop shop-small --vault vault --from customers.csv --rows 2
    """
    if (rows is None) == (share is None):
        raise UsageError("Say how much", remedy="give --rows N or --share 0.01, one of the two")
    _run(face, Wanted(table, rows or 0, share or 0.0, children), **given)


def _run(
    face: Face,
    wanted: Wanted | None,
    /,
    source: str,
    target: str,
    vault: Path,
    plan_file: Path | None,
    plan_only: bool,
    unknown: str,
    password_file: Path | None,
    to_password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    opened = open_source(face, source, password_file)
    try:
        if plan_only:
            click.echo(write_plan(_plan(opened, plan_file, unknown)), nl=False)
            return
        keyring = open_vault(face, vault, passphrase_file)
        writer = open_writer(
            target, source, _password(face, to_password_file), _password(face, password_file)
        )
        plan = _plan(opened, plan_file, unknown)
        run_id = f"M{ids.new(8)}"
        keyring.ledger.append("mask.begun", run=run_id, source=opened.name, copy=writer.name)
        asked = Asked(
            run_id, plan, keyring.mac_key("mask"), wanted, progress_for(face.aside, face.quiet)
        )
        told, done = report.run(opened, writer, asked)
    finally:
        opened.close()
    folder = _keep(vault, run_id, told, done)
    keyring.ledger.append(
        "mask.done", run=run_id, published=told["published"], report=ids.digest_value(told)
    )
    if as_json:
        face.json({**told, "report": str(folder)})
    else:
        _show(face, told, folder)
    if not told["published"]:
        raise TableError(
            "The copy was not published: the proof does not hold",
            where=str(folder / "report.html"),
            remedy="change the rules of the columns named there (--plan-only, then --plan), and make the copy again",
        )


def open_source(face: Face, address: str, password_file: Path | None) -> Store:
    """Open a store for reading, with a password from a file where one is given."""
    return open_reading(address, _password(face, password_file))


def _password(face: Face, path: Path | None) -> str:
    return secret_line(face, path) if path is not None else ""


def _plan(source: Store, path: Path | None, unknown: str) -> Plan:
    return report.make_plan(source, unknown) if path is None else read_plan(path)


def _keep(vault: Path, run_id: str, told: dict[str, Any], plan: Plan) -> Path:
    """Write the report and the plan into the vault, readable by its owner alone."""
    folder = vault / "masks" / run_id
    folder.mkdir(mode=0o700, parents=True)
    for name, text in (
        ("report.json", ids.canonical_json(told)), ("report.html", report.page(told)), ("plan.toml", write_plan(plan)),
    ):  # fmt: skip
        with os.fdopen(
            os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600),
            "w",
            encoding="utf-8",
        ) as file:
            file.write(text)
    return folder


def _show(face: Face, told: dict[str, Any], folder: Path) -> None:
    proof = told["proof"]
    face.table(
        "tables",
        ("table", "#rows read", "#rows written"),
        [tuple(t.values()) for t in told["tables"]],
    )
    face.table(
        "columns", ("column", "rule", "domain", "#values", "#survivors"),
        [
            (f"{c['table']}.{c['column']}", *(c[k] for k in ("rule", "domain", "values", "survivors")))
            for c in told["columns"]
        ],
    )  # fmt: skip
    kept = told["not_recognised_and_kept"]
    if kept:
        face.say(
            f"[yellow]![/] {len(kept)} columns were NOT RECOGNISED and are kept as they are: look at each"
        )
        for name in kept:
            face.say(f"    {escape(name)}")
    for words in told["changed_rules"]:
        face.say(f"[yellow]![/] rule changed: {escape(words)}")
    for unread in told["exceptions"][:SHOWN]:
        face.say(f"[yellow]![/] not read: {escape(unread['table'])}: {escape(unread['reason'])}")
    if len(told["exceptions"]) > SHOWN:
        face.say(f"[yellow]![/] and {len(told['exceptions']) - SHOWN} more; the report names them")
    for note in told["notes"]:
        face.say(f"[yellow]![/] {escape(note)}")
    for link in told.get("closure", {}).get("links", ()):
        face.say(
            f"  {escape(link['child'])} → {escape(link['parent'])}: {link['dangling']} dangling"
        )
    if proof["holds"]:
        face.say(
            f"[green]✓[/] no original survives: {proof['cells']:,} cells held against every original"
        )
    face.say(f"report: {escape(str(folder))}")


@click.command("test-check")
@click.argument("test", metavar="TEST")
@click.option(
    "--against", "production", required=True, metavar="PROD", help="The production store."
)
@click.option(
    "--vault",
    type=_FOLDER,
    help="Write into this vault's ledger that the check was made, and its result.",
)
@click.option(
    "--password-file", type=_FILE, help="File with the password of the test store's server."
)
@click.option(
    "--prod-password-file", type=_FILE, help="File with the password of production's server."
)
@passphrase_option
@as_json
@pass_face
def test_check(
    face: Face,
    test: str,
    production: str,
    vault: Path | None,
    password_file: Path | None,
    prod_password_file: Path | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Say which share of production's people stands in a test store, by what and in which tables.

    Values are compared as keyed numbers under a key that lives as long as the check; however a number is written, in
    whatever column or text, it is found. A name alone finds nobody, and what chance explains is not counted.

    \b
    Example:
      amends vault test-check shop-masked --against shop --json
    """
    keyring = open_vault(face, vault, passphrase_file) if vault is not None else None
    one, two = (
        open_source(face, test, password_file),
        open_source(face, production, prod_password_file),
    )
    try:
        told = checking.check(
            one, two, bytes.fromhex(ids.new(32)), progress_for(face.aside, face.quiet)
        )
    finally:
        one.close()
        two.close()
    if keyring is not None:
        keyring.ledger.append(
            "test.checked", **{k: told[k] for k in ("test", "production", "persons_found", "share")}
        )
    if as_json:
        face.json(told)
        return
    face.table(
        "elements", ("element", "#in production", "#in test", "#found", "#expected by chance", "#persons"),
        [
            tuple(e[k] for k in ("element", "in_production", "in_test", "found", "expected_by_chance", "persons"))
            for e in told["elements"]
        ],
    )  # fmt: skip
    face.table(
        "test tables", ("table", "#rows", "#rows of production"),
        [(t["table"], t["rows"], t["rows_of_production"]) for t in told["tables"]],
    )  # fmt: skip
    for unread in told["exceptions"]:
        face.say(
            f"[yellow]![/] not read to its end: {escape(unread['table'])}: {escape(unread['reason'])}"
        )
    colour = "bold red" if told["persons_found"] else "green"
    face.answer.print(
        f"[{colour}]{told['persons_found']:,} of {told['persons_in_production']:,} people of production[/] stand in "
        f"the test store: {_percent(told['share'])}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
