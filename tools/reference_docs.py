"""Write the reference pages from the code: tables, taxonomy, laws, commands, settings.

python tools/reference_docs.py            write docs/reference/*.md
python tools/reference_docs.py --check    fail when a page is not what the code says
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

import click

from amends.cli.main import cli
from amends.kernel.config import SETTINGS
from amends.site.api.document import openapi
from amends.tables import ALL
from amends.taxonomy.elements import elements

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "<!-- made by tools/reference_docs.py: edit the code, not this page -->\n"


def cell(value: object) -> str:
    """Return a value as a Markdown table cell."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def rows(*lines: tuple[object, ...]) -> str:
    """Return Markdown table lines."""
    return "\n".join("| " + " | ".join(cell(c) for c in line) + " |" for line in lines)


def tables_page() -> str:
    """Return the page on tables."""
    parts = [
        f"# Tables\n{MADE}",
        "Every table of a case, in the order in which the stages write them.\n",
    ]
    for table in ALL:
        parts.append(f"## `{table.name}`\n\nOne row is {table.one_row_is}.\n")
        parts.append(rows(("column", "type", "meaning"), ("---", "---", "---")))
        parts.append(rows(*((f"`{c.name}`", c.kind, c.means) for c in table.columns)) + "\n")
    return "\n".join(parts)


def taxonomy_page() -> str:
    """Return the page on data elements."""
    lines = [
        (f"`{e.code}`", e.category, e.names["en", "singular"], e.names["es", "singular"],
         " ".join(e.law_codes), "yes" if e.identifier else "", e.note)
        for e in elements().values()
    ]  # fmt: skip
    head = ("element", "category", "in letters", "en cartas", "law codes", "kept as token", "note")
    return (
        f"# Data elements\n{MADE}\nIdentifiers are written to disk only as vault tokens with at most the last four.\n\n"
        + rows(head, ("---",) * 7, *lines)
        + "\n"
    )


def laws_page() -> str:
    """Return the page on jurisdictions."""
    folder = resources.files("amends.duties") / "law"
    files = sorted((p for p in _law_files(folder)), key=lambda law: str(law["id"]))
    lines = [
        (
            f"`{law['id']}`",
            law.get("name", ""),
            "; ".join(_citations(law)),
            law.get("as_of", ""),
            len(law.get("sources", [])),
        )
        for law in files
    ]
    return (
        f"# Laws\n{MADE}\nOne file a jurisdiction under `src/amends/duties/law`; each field carries its sources "
        "and a mark of\nconfidence. Not legal advice: counsel checks before a real notice goes out.\n\n"
        + rows(("id", "name", "citation", "as of", "sources"), ("---",) * 5, *lines)
        + "\n"
    )


def _law_files(folder: object) -> Iterator[dict[str, object]]:
    for path in Path(str(folder)).rglob("*.json"):
        law = json.loads(path.read_text("utf-8"))
        if isinstance(law, dict) and "id" in law and "sources" in law:
            yield law


def _n_sources(law: dict[str, object]) -> int:
    given = law.get("sources", [])
    return len(given) if isinstance(given, list) else 0


def _one_of(choices: tuple[str, ...]) -> str:
    return f" One of: {', '.join(choices)}." if choices else ""


def _citations(law: dict[str, object]) -> list[str]:
    given = law.get("citation", [])
    return [str(g) for g in given] if isinstance(given, list) else [str(given)]


def commands_page() -> str:
    """Return the page on commands: their own help."""
    parts = [f"# Commands\n{MADE}"]
    for name, command in _commands(cli, "amends"):
        context = click.Context(command, info_name=name, max_content_width=96, terminal_width=96)
        parts.append(f"## `{name}`\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            raise LookupError(name)
        full = f"{path} {name}"
        if isinstance(command, click.Group):
            yield from _commands(command, full)
        else:
            yield full, command


def settings_page() -> str:
    """Return the page on ``case.toml``."""
    lines = [
        (
            f"`[{s.section}]`",
            f"`{s.key}`",
            f"`{json.dumps(s.default)}`",
            s.means + (f" One of: {', '.join(s.choices)}." if s.choices else ""),
        )
        for s in SETTINGS
    ]
    return (
        f"# Settings: `case.toml`\n{MADE}\nAn unknown key is an error with a suggestion.\n\n"
        + rows(("section", "key", "default", "meaning"), ("---",) * 4, *lines)
        + "\n"
    )


def openapi_page() -> str:
    """Return the description of the banner's API."""
    return json.dumps(openapi(), indent=1, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "tables.md": tables_page,
    "taxonomy.md": taxonomy_page,
    "laws.md": laws_page,
    "commands.md": commands_page,
    "settings.md": settings_page,
    "openapi.json": openapi_page,
}


def main() -> int:
    """Write or check the pages."""
    check = "--check" in sys.argv
    FOLDER.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, make in PAGES.items():
        path = FOLDER / name
        text = make()
        if not check:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
    if stale:
        sys.stderr.write(
            f"docs/reference is not what the code says: {', '.join(stale)}\n→ run: make docs\n"
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
