"""Ways from the internet to customer data: show them, and compare two states of the network."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from amends import custody
from amends import paths as room
from amends.cli.output import Face, as_json, pass_face, shown
from amends.kernel.errors import UsageError
from amends.paths.stage import case_answer


class ShowByDefault(click.Group):
    """A group whose first word may be a case or folder: then ``show`` is meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant and its arguments."""
        if args and args[0] not in self.commands:
            return super().resolve_command(ctx, ["show", *args])
        return super().resolve_command(ctx, args)


@click.group(cls=ShowByDefault)
def paths() -> None:
    """Show the ways from the internet to customer data, what closes them, and the proof.

    amends paths CASE is short for amends paths show CASE.
    """


_place = click.argument(
    "place", metavar="CASE|FOLDER", type=click.Path(path_type=Path, exists=True)
)
_picture = click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw it to FILE, ending in .svg or .html.",
)
_limit = click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Ways listed a store.",
)


@paths.command()
@_place
@_picture
@_limit
@as_json
@pass_face
def show(face: Face, place: Path, picture: Path | None, limit: int, as_json: bool) -> None:
    """Show every way from the internet to personal data, worst first, and the fewest acts that close them.

    CASE is a case with inventories (amends add --role inventory); FOLDER holds inventories, scans, configurations and
    credential findings, in subfolders before/ and after/ or named by days where there are several dates.

    \b
    Example:
      amends paths acme --json
    """
    made = _answer(face, place, limit)
    if picture is not None:
        _draw(face, made, picture)
    if as_json:
        face.json(room.as_json(made))
        return
    _show(face, made)


@paths.command()
@click.argument("before", type=click.Path(path_type=Path, exists=True))
@click.argument("after", type=click.Path(path_type=Path, exists=True))
@_picture
@_limit
@as_json
@pass_face
def diff(
    face: Face, before: Path, after: Path, picture: Path | None, limit: int, as_json: bool
) -> None:
    """Compare two states of the network: ways opened, closed, still open, and the facts behind it.

    A fact counts as gone only where the later evidence looked for it.

    \b
    Example:
      amends paths diff data/network/before data/network/after
    """
    sources = [*room.in_folder(before, "before"), *room.in_folder(after, "after")]
    made = room.answer(room.networks(sources, custody.Reader()), listed=limit)
    if picture is not None:
        _draw(face, made, picture)
    if as_json:
        face.json(room.diff_json(made))
        return
    _show_diff(face, made)


def _answer(face: Face, place: Path, limit: int) -> room.Answer:
    if (place / "case.toml").is_file():
        with face.open(place) as case:
            made = case_answer(case, limit)
        if made is None:
            raise UsageError(
                "This case has no inventory",
                where=str(place),
                remedy=f"add scans, configurations and lists: amends add {place} FOLDER --role inventory, then run",
            )
        return made
    return room.answer(room.networks(room.in_folder(place), custody.Reader()), listed=limit)


def _draw(face: Face, made: room.Answer, picture: Path) -> None:
    from amends.paths.picture import drawn  # noqa: PLC0415 - only where a picture is wanted

    if picture.suffix.lower() not in (".svg", ".html", ".htm"):
        raise UsageError(
            "A picture ends in .svg or .html", where=str(picture), remedy="name it ways.svg"
        )
    picture.write_text(drawn(made, html=picture.suffix.lower() != ".svg"), "utf-8")
    face.say(f"[green]✓[/] {escape(str(picture))}")


def _show(face: Face, made: room.Answer) -> None:
    _headline(face, made)
    open_ways = [w for w in made.ways if w.is_open]
    seen: set[str] = set()
    for way in open_ways:
        first = way.store not in seen
        seen.add(way.store)
        if not first:
            continue
        others = sum(w.store == way.store for w in open_ways) - 1
        more = " or more" if way.store in made.more else ""
        face.answer.print(
            f"\n[bold red]{escape(way.store)}[/]  {_persons(way.persons)}"
            + (f"  [dim]and {others}{more} other ways[/]" if others or more else "")
        )
        for number, step in enumerate(way.steps, 1):
            face.answer.print(f"  {number:>2}. {escape(step.why)}")
            evidence = made.state(step.fact).evidence
            if evidence:
                face.answer.print(f"      [dim]{escape(shown(evidence))}[/]")
    _show_fixes(face, made)
    _show_rest(face, made)


def _persons(persons: int | None) -> str:
    return "number of people not known" if persons is None else f"{persons:,} people"


def _headline(face: Face, made: room.Answer) -> None:
    reached = made.people.within(made.open_stores)
    total = made.people.within([*made.people.told, *made.people.counted])
    if made.open_stores:
        face.answer.print(
            f"[bold red]Open.[/] {len(made.open_stores)} of {len(made.graph.stores())} stores can be reached from the "
            f"internet: the data of {reached:,} of {total:,} people."
        )
    else:
        face.answer.print(
            "[bold green]No way[/] from the internet to a store is known from this evidence."
        )


def _show_fixes(face: Face, made: room.Answer) -> None:
    if not made.fixes:
        return
    face.answer.print()
    total = made.people.within(made.open_stores)
    proved = (
        "fewer do not do: proved"
        if made.cut.optimal
        else f"at least {made.cut.least} are needed; not proved"
    )
    face.table(
        f"What to do first ({len(made.fixes)} close every way; {proved})",
        ("#", "do", "#closes, of " + f"{total:,}", "#alone", "#people left", "state"),
        [
            (n, fix.remedy, fix.closed, fix.alone, fix.left, _state(made, fix.facts))
            for n, fix in enumerate(made.fixes, 1)
        ],
    )


def _state(made: room.Answer, facts: tuple[int, ...]) -> str:
    return " ".join(sorted({made.state(f).state for f in facts}))


def _show_rest(face: Face, made: room.Answer) -> None:
    if made.done:
        face.answer.print()
        face.table(
            "Closed, with evidence",
            ("done", "#people protected", "evidence"),
            [(f.remedy, f.closed, made.state(f.facts[0]).evidence) for f in made.done],
        )
    for reject in made.rejects[:20]:
        face.say(
            f"[yellow]![/] {escape(reject.place)}  {escape(reject.reason)}  [green]→[/] {escape(reject.remedy)}"
        )
    if len(made.rejects) > 20:
        face.say(
            f"[yellow]![/] and {len(made.rejects) - 20} more places could not be read; --json lists them"
        )


def _show_diff(face: Face, made: room.Answer) -> None:
    found = room.diff_json(made)
    face.table(
        "Ways to each store",
        ("store", "now", "#people"),
        [(c.store, c.change.replace("_", " "), c.persons) for c in room.store_changes(made)],
    )
    words = {
        "reopened": "came back", "new": "is new", "verified": "is gone, verified", "claimed": "is said to be gone",
        "not_looked_at": "was not looked at again",
    }  # fmt: skip
    rows = [
        (f["kind"], f["source"], f["target"], words[change], f["evidence"])
        for change in words
        for f in found["facts"][change]
    ]
    face.answer.print()
    face.table("Facts that changed", ("fact", "about", "to", "", "evidence"), rows)
    _show_fixes(face, made)
    _show_rest(face, made)
