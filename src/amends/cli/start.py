"""Making things to work on: a new case, a demonstration case."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from amends import demo as larkspur
from amends.cli.output import Face, as_json, pass_face
from amends.cli.progress import progress_for
from amends.demo.script import write_script
from amends.kernel import config
from amends.kernel.case import Case
from amends.kernel.config import Value
from amends.kernel.errors import UsageError
from amends.taxonomy.presets import PRESETS


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--entity", default="", help="The company that owes the notices, as letters name it.")
@click.option(
    "--preset",
    type=click.Choice(sorted(PRESETS)),
    default="general",
    show_default=True,
    help="Trade.",
)
@click.option("--domain", default="", help="The company's own web domain.")
@click.option("--phone", default="", help="Toll-free number that letters print.")
@click.option(
    "--what-happened", default="", help="For letters, in a plain sentence or two: how it happened."
)
@click.option(
    "--what-we-do",
    default="",
    help="For letters, in a plain sentence or two: what was done about it.",
)
@click.option(
    "--address", multiple=True, help="A line of the sender's address; may be given several times."
)
@click.option(
    "--discovered-on", default="", metavar="DATE", help="Day of discovery; most clocks start here."
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Any other setting of case.toml, written as TOML writes it or as plain text; may be given several times.",
)
@as_json
@pass_face
def new(
    face: Face,
    case: Path,
    entity: str,
    preset: str,
    domain: str,
    phone: str,
    what_happened: str,
    what_we_do: str,
    address: tuple[str, ...],
    discovered_on: str,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make a case: a folder for one incident.

    \b
    Example:
      amends new acme --entity "Acme Inc" --preset telecom --discovered-on 2026-08-17
      amends new bcme --entity "Bcme Inc" --set site.address=help.bcme.example --set policy.target_days=20
    """
    if discovered_on:
        _check_day(discovered_on)
    values: dict[tuple[str, str], Value] = {
        ("case", "entity"): entity,
        ("case", "roles"): list(PRESETS[preset]),
        ("case", "preset"): preset,
        ("case", "domain"): domain,
        ("case", "phone"): phone,
        ("case", "address"): list(address),
        ("case", "what_happened"): what_happened,
        ("case", "what_we_do"): what_we_do,
        ("policy", "minor_age"): 18,
        ("engine", "memory"): "4GB",
        **config.values_of(settings),
    }
    with Case.create(case, values) as made:
        if discovered_on:
            made.add_event("discovery", discovered_on, note="given to amends new")
    if as_json:
        face.json({"case": str(case), "roles": PRESETS[preset], "discovery": discovered_on or None})
        return
    face.say(
        f"Made the case [bold]{case}[/]. Settings and facts of the incident: {case / 'case.toml'}"
    )
    face.say(f"Next: amends add {case} PATH…")


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "That is not a day", where="--discovered-on", remedy="write 2026-08-17"
        ) from error


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--people",
    type=click.IntRange(10),
    default=20_000,
    show_default=True,
    help="People in the case.",
)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed writes the same bytes."
)
@click.option(
    "--tranche", type=click.Choice(["1", "2"]), default="1", help="2 adds people and elements."
)
@click.option(
    "--truth",
    type=click.Path(path_type=Path),
    default=None,
    help="Where to write the truth, for tests.",
)
@click.option(
    "--log-lines",
    type=click.IntRange(0),
    default=None,
    help="About how many lines of logs; by default twenty a person, from 30,000 to 400,000.",
)
@as_json
@pass_face
def demo(
    face: Face,
    folder: Path,
    people: int,
    seed: int,
    tranche: str,
    truth: Path | None,
    log_lines: int | None,
    as_json: bool,
) -> None:
    """Write the stolen data, the logs and the network of a fictional carrier, Larkspur Wireless, in real formats.

    \b
    Example:
      amends demo larkspur-data --people 2000 --seed 1
      amends demo larkspur-data --people 2000 --seed 7 --log-lines 1000000
    """
    progress = progress_for(face.aside, face.quiet)
    made = larkspur.write_demo(
        folder,
        people=people,
        seed=seed,
        tranche=int(tranche),
        truth=truth,
        log_lines=log_lines,
        progress=progress,
    )
    write_script(folder)
    if as_json:
        face.json(made.__dict__)
        return
    face.say(f"Wrote {people:,} people of Larkspur Wireless to [bold]{folder}[/].")
    for exhibit in larkspur.exhibits(folder, int(tranche)):
        face.say(f"  {exhibit.role:<9} {exhibit.population:<12} {exhibit.path}")
