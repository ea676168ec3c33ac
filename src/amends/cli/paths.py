"""Ways from the internet to customer data: show them, and compare two states of the network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.markup import escape

from amends import custody
from amends import paths as room
from amends.cli.output import Face, as_json, pass_face, shown
from amends.kernel.errors import UsageError
from amends.paths.shapes import Fact
from amends.paths.stage import case_answer, inventories
from amends.report.ways import places_words

SHOWN = 12
"""Facts of one kind of change shown on a terminal."""


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


_place = click.argument("place", metavar="CASE|FOLDER", type=click.Path(path_type=Path))
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
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@_picture
@_limit
@as_json
@pass_face
def diff(
    face: Face, before: Path, after: Path, picture: Path | None, limit: int, as_json: bool
) -> None:
    """Compare two states of the network: ways opened, closed, still open, and the facts behind it.

    BEFORE and AFTER are folders of inputs, or cases. A fact counts as gone only where the later evidence looked for it.

    \b
    Example:
      amends paths diff data/network-before data/network-after
    """
    sources = [*_sources(face, before, "before"), *_sources(face, after, "after")]
    made = room.answer(room.networks(sources, custody.Reader()), listed=limit)
    if picture is not None:
        _draw(face, made, picture)
    if as_json:
        face.json(room.diff_json(made))
        return
    _show_diff(face, made)


def _sources(face: Face, place: Path, on: str) -> list[room.Source]:
    """Return the inputs of a folder or of a case, all of one date."""
    if not (place / "case.toml").is_file():
        return room.in_folder(place, on)
    with face.open(place) as case:
        return [replace(source, on=on) for source in inventories(case)]


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
    _show_reopened(face, made)
    _show_fixes(face, made)
    _show_ways(face, made)
    _show_rest(face, made)


def _line(face: Face, text: str) -> None:
    face.answer.print(text, highlight=False)


def _persons(persons: int | None) -> str:
    return "number of people not known" if persons is None else f"{persons:,} people"


def _headline(face: Face, made: room.Answer) -> None:
    reached = made.people.within(made.open_stores)
    total = made.people.within([*made.people.told, *made.people.counted])
    stores = len({*made.people.told, *made.graph.stores()})
    if made.open_stores:
        _line(
            face,
            f"[bold red]Open.[/] {len(made.open_stores)} of {stores} stores can be reached from the internet: the data "
            f"of {reached:,} of {total:,} people.",
        )
    else:
        _line(
            face, "[bold green]No way[/] from the internet to a store is known from this evidence."
        )


def _show_reopened(face: Face, made: room.Answer) -> None:
    for followed in made.story.facts.values():
        if followed.state == "reopened":
            _line(
                face,
                f"[bold red]Came back:[/] {escape(_fact(followed.fact))}  {escape(shown(followed.evidence))}",
            )


def _fact(fact: Fact) -> str:
    return f"{fact.kind} {fact.source}" + (f" → {fact.target}" if fact.target else "")


def _show_ways(face: Face, made: room.Answer) -> None:
    open_ways = [w for w in made.ways if w.is_open]
    for store in dict.fromkeys(w.store for w in open_ways):
        ways = [w for w in open_ways if w.store == store]
        others = len(ways) - 1
        more = (
            f"  [dim]{others} other way{'s' if others != 1 else ''} listed with --json"
            if others
            else ""
        )
        more += ", and there are more" if store in made.more and more else ""
        _line(
            face,
            f"\n[bold red]to {escape(shown(store))}[/]  {_persons(ways[0].persons)}{more}{'[/]' if more else ''}",
        )
        told = made.people.told.get(store)
        if told is not None and told != ways[0].persons:
            _line(
                face,
                f"  [dim]the list of stores says {told:,}; counted in this case is what stands above[/]",
            )
        for number, step in enumerate(ways[0].steps, 1):
            _line(face, f"  {number:>2}. {escape(shown(step.why))}")
            evidence = made.state(step.fact).evidence
            if evidence:
                _line(face, f"      [dim]{escape(shown(places_words(evidence)))}[/]")


def _show_fixes(face: Face, made: room.Answer) -> None:
    if made.cut.hopeless:
        _line(
            face,
            "\n[bold]No fix is known[/] for a way without any fault that could be mended; see no_fix in --json.",
        )
    if not made.fixes:
        return
    total = made.people.within(made.open_stores)
    number = len(made.fixes)
    fixes = "1 fix closes" if number == 1 else f"{number} fixes close"
    proved = (
        "proved: fewer do not do"
        if made.cut.optimal
        else f"not proved the fewest; at least {made.cut.least} are needed"
    )
    _line(face, f"\n[bold]What to do first[/]  {fixes} every way ({proved}).")
    for rank, fix in enumerate(made.fixes, 1):
        _line(
            face,
            f"  {rank:>2}. {escape(shown(_sentence(fix.remedy)))}  [dim]{_state(made, fix.facts)}[/]",
        )
        alone = f", {fix.alone:,} when it alone is done" if fix.alone != fix.closed else ""
        left = (
            f"{fix.left:,} people in {len(fix.stores_left)} store{'' if len(fix.stores_left) == 1 else 's'} left"
            if fix.stores_left
            else "nothing is left open"
        )
        _line(face, f"      closes {fix.closed:,} of {total:,} people{alone}; {left}")
        for act in fix.instead[:3]:
            _line(face, f"      [dim]or: {escape(shown(made.acts.remedy[act]))}[/]")


def _sentence(remedy: str) -> str:
    return remedy[:1].upper() + remedy[1:]


def _state(made: room.Answer, facts: tuple[int, ...]) -> str:
    return " ".join(sorted({made.state(f).state for f in facts}))


def _show_rest(face: Face, made: room.Answer) -> None:
    if made.done:
        _line(face, "\n[bold]Closed, with evidence[/]")
    for fix in made.done:
        _line(face, f"  [green]✓[/] {escape(shown(_sentence(fix.remedy)))}  {fix.alone:,} people")
        for fact in fix.facts[:2]:
            _line(face, f"      [dim]{escape(shown(made.state(fact).evidence))}[/]")
    for claim in made.story.claims:
        face.say(
            f"[yellow]![/] claim about nothing we know: {escape(shown(claim.get('words') or str(claim)))}"
        )
    for reject in made.rejects[:20]:
        face.say(
            f"[yellow]![/] {escape(reject.place)}  {escape(reject.reason)}  [green]→[/] {escape(reject.remedy)}"
        )
    if len(made.rejects) > 20:
        face.say(
            f"[yellow]![/] and {len(made.rejects) - 20} more places could not be read; --json lists them"
        )


CHANGES = {
    "reopened": "came back", "new": "new", "verified": "gone, verified", "claimed": "said to be gone, no evidence",
    "not_looked_at": "not looked at again: taken as still there",
}  # fmt: skip


def _show_diff(face: Face, made: room.Answer) -> None:
    _headline(face, made)
    words = {
        "opened": "[bold red]opened[/]",
        "closed": "[green]closed[/]",
        "still_open": "[red]still open[/]",
    }
    for one in room.store_changes(made):
        _line(face, f"  {words[one.change]}  {escape(shown(one.store))}  {_persons(one.persons)}")
    found = room.diff_json(made)
    for change, said in CHANGES.items():
        facts = found["facts"][change]
        if facts:
            _line(face, f"\n[bold]{len(facts):,} facts[/] {said}")
        for fact in facts[:SHOWN]:
            target = f" → {fact['target']}" if fact["target"] else ""
            _line(face, f"  {escape(shown(fact['kind']))} {escape(shown(fact['source'] + target))}")
            _line(face, f"      [dim]{escape(shown(fact['evidence']))}[/]")
        if len(facts) > SHOWN:
            _line(face, f"  [dim]and {len(facts) - SHOWN:,} more: --json lists them[/]")
    if made.open_stores:
        _show_ways(face, made)
    _show_fixes(face, made)
    _show_rest(face, made)
