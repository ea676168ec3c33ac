"""What the columns of a store would give away as tokens."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, pass_face
from amends.cli.vault_roots import secret_line
from amends.kernel.errors import UsageError
from amends.report.clear import columns_of
from amends.vault.leaks import Leak, LeakCount
from amends.vault.stores.base import Store, TableShape
from amends.vault.stores.opening import open_store


@click.command()
@click.argument("store")
@click.option("--table", default="", help="Only this table.")
@click.option("--column", "columns", multiple=True, help="Only this column; may be given again.")
@click.option(
    "--element", default="", help="What the column holds, where you know better than the scan."
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that holds the database's password.",
)
@as_json
@pass_face
def leaks(
    face: Face,
    store: str,
    table: str,
    columns: tuple[str, ...],
    element: str,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Say what the columns of a store give away as tokens: which values are equal, and how often each occurs.

    STORE is a file, a folder of files, or a database. Without --column every column that holds personal data is
    measured, each under the element that was found in it. Columns of tokens can be measured too.

    \b
    Example:
      amends vault leaks stolen/customers.csv
      amends vault leaks stolen/customers.csv --column zip --element zip --json
    """
    opened = open_store(store, secret_line(face, password_file) if password_file else "")
    try:
        found = [
            (shape.name, leak)
            for shape in opened.tables(count=False)
            if table in ("", shape.name)
            for leak in _measured(opened, shape, columns, element)
        ]
    finally:
        opened.close()
    if not found:
        raise UsageError(
            "No column to measure was found",
            where=opened.name,
            remedy="name it with --table and --column",
        )
    if as_json:
        face.json([{"table": name, **asdict(leak)} for name, leak in found])
        return
    _show(face, found)


def _measured(
    store: Store, shape: TableShape, columns: tuple[str, ...], element: str
) -> list[Leak]:
    known = {c.name for c in shape.columns}
    asked = {name: element for name in columns if name in known}
    if not columns or not element:
        for entry in columns_of(store, shape):
            if entry.element and (not columns or entry.column in asked):
                asked[entry.column] = element or asked.get(entry.column) or entry.element
    counts = [LeakCount(column, code) for column, code in asked.items()]
    if counts:
        for batch in store.batches(shape.name, [c.column for c in counts]):
            for count in counts:
                count.add(batch.column(count.column))
    return [count.result() for count in counts]


def _show(face: Face, found: list[tuple[str, Leak]]) -> None:
    face.table(
        "",
        ("table", "column", "element", "#values", "#distinct", "#top", "#pinned", "#bits", "siv", "ff1", "take"),
        [
            (
                name, leak.column, leak.element, leak.n_values, leak.n_distinct, f"{leak.top_share:.4f}",
                f"{leak.pinned_share:.4f}", f"{leak.min_entropy_bits:.1f}", leak.siv, leak.ff1, leak.advice,
            )
            for name, leak in found
        ],
    )  # fmt: skip
    for _, leak in found:
        for why in leak.why:
            face.say(f"  · {escape(leak.column)}: {escape(why)}")
    face.say(
        "top: share of the commonest value. pinned: share of rows whose value alone occurs so often. "
        "bits: min-entropy. Tokens of siv and random also show how long a value is."
    )
