"""How answers are shown: JSON or tables to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from amends.cli.progress import progress_for
from amends.kernel.case import Case
from amends.kernel.errors import UsageError


@dataclass
class Face:
    """What every command is given: the two streams and the global flags.

    Attributes:
        quiet: Say nothing but the answer.
        no_input: Never ask; fail instead.
        answer: Console of standard output.
        aside: Console of standard error.
    """

    quiet: bool = False
    no_input: bool = False
    answer: Console = field(default_factory=lambda: Console(soft_wrap=True))
    aside: Console = field(default_factory=lambda: Console(stderr=True, soft_wrap=True))

    def say(self, text: str) -> None:
        """Say something that is not the answer; ``text`` may hold markup."""
        if not self.quiet:
            self.aside.print(text)

    def json(self, value: object) -> None:
        """Print a JSON value."""
        click.echo(json.dumps(value, ensure_ascii=False, default=str, indent=2))

    def json_line(self, value: object) -> None:
        """Print a JSON value on one line."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print a table."""
        made = RichTable(
            title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False
        )
        for name in columns:
            made.add_column(
                name.lstrip("#"),
                justify="right" if name.startswith("#") else "left",
                overflow="fold",
            )
        for row in rows:
            made.add_row(
                *(escape(named(name, cell)) for name, cell in zip(columns, row, strict=True))
            )
        self.answer.print(made)

    def facts(self, values: Mapping[str, object]) -> None:
        """Print names and values, one a line."""
        width = max((len(k) for k in values), default=0)
        for name, value in values.items():
            self.answer.print(f"[dim]{escape(name):>{width}}[/]  {escape(named(name, value))}")

    def confirm(self, question: str) -> bool:
        """Ask yes or no.

        Raises:
            UsageError: Nobody can answer.
        """
        if self.no_input or not sys.stdin.isatty():
            raise UsageError(
                "This needs a yes, and nobody is there to give it",
                remedy="give --yes if you mean it",
            )
        return click.confirm(question, default=False, err=True)

    def open(self, folder: Path) -> Case:
        """Open a case with progress bars over it."""
        from amends.custody import open_case  # noqa: PLC0415 - help and version stay quick

        return open_case(folder, progress_for(self.aside, self.quiet))


def named(name: str, cell: object) -> str:
    """Return a cell of a named column as text: an id or a place is shown as it is typed, ungrouped."""
    plain = name.endswith(("_id", "linked_to", "locator", "fingerprint"))
    return str(cell) if plain and isinstance(cell, int) else shown(cell)


def shown(cell: object) -> str:
    """Return a cell as text: thousands in groups, lists joined, nothing for nothing."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:.3g}"
    if isinstance(cell, list | tuple | set | frozenset):
        return " ".join(shown(c) for c in cell)
    lines = "; ".join(str(cell).splitlines())
    return "".join(c if c.isprintable() else "�" for c in lines)


pass_face = click.make_pass_decorator(Face, ensure=True)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON to standard output.")
case_argument = click.argument("case", type=click.Path(path_type=Path, file_okay=False))
published_argument = click.argument(
    "published", type=click.Path(path_type=Path, file_okay=False), metavar="PUBLISHED"
)
state_option = click.option(
    "--state", "state_url", default="", metavar="URL",
    help="Database of the site's state, when it is not in the folder.",
)  # fmt: skip
