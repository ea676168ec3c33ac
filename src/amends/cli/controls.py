"""The review on a terminal: which safeguards failed, what to do first, what nobody measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from amends.cli.output import Face, as_json, case_argument, pass_face, shown
from amends.report import review_words as say
from amends.report.review import plain, review_data

Row = dict[str, Any]  # a row of report/review.py

_STYLE = {
    "not_met": "red",
    "closed": "green",
    "met": "green",
    "accepted": "blue",
    "not_measured": "black on yellow",
}
SHOWN = 12
"""Safeguards of one kind shown on a terminal; ``--json`` and the exports hold all."""


@click.command()
@case_argument
@as_json
@pass_face
def controls(face: Face, case: Path, as_json: bool) -> None:
    """Show which safeguards failed on the intruder's way, what to do first, and what nobody measured.

    The whole report, with the evidence of each line: amends export CASE gap-report --to report.html (.pdf, .xlsx, .csv,
    .json), roadmap (the same endings), oscal-assessment-results and oscal-poam (.json).

    \b
    Example:
      amends controls acme
      amends controls acme --json
      amends export acme gap-report --to gaps.html
      amends export acme gap-report --to gaps.pdf
      amends export acme roadmap --to roadmap.xlsx
      amends export acme oscal-poam --to poam.json
    """
    with face.open(case) as opened:
        review = review_data(opened)
    if as_json:
        face.json(plain(review))
        return
    _headline(face, review)
    _unmeasured(face, review)
    _top(face, review)
    _figures(face, review)
    _roadmap(face, review)
    _changes(face, review)
    _rest(face, review)


def _line(face: Face, text: str) -> None:
    face.answer.print(text, highlight=False)


def _safe(text: object) -> str:
    return escape(shown(text))


def _headline(face: Face, review: Row) -> None:
    first, *others = review["head"]["says"]
    _line(face, f"[bold]{_safe(first)}[/]")
    for sentence in others:
        _line(face, _safe(sentence))
    _line(
        face,
        f"[dim]run {review['run']}, latest evidence of {review['measured_on'] or 'no date'}[/]",
    )
    for fix in review["head"]["fixes"]:
        _line(
            face,
            f"  → {_safe(fix['title'])}: alone it takes [bold]{say.people(fix['persons_removed'])}[/] out of reach"
            f"  [dim]{_safe(fix['owner'])}[/]",
        )


def _unmeasured(face: Face, review: Row) -> None:
    rows = review["unmeasured"]
    if not rows:
        return
    _line(
        face,
        f"\n[black on yellow] NOT MEASURED [/] [bold]{say.counted(len(rows), 'safeguard')}; none is a pass[/]",
    )
    for gap in rows[:SHOWN]:
        _line(face, f"  {_safe(gap['title'])}  [dim]{gap['control_id']}[/]")
        _line(face, f"      [dim]{_safe(gap['to_measure'])}[/]")
    _more(face, len(rows))


def _more(face: Face, count: int) -> None:
    if count > SHOWN:
        _line(face, f"  [dim]and {count - SHOWN:,} more: --json lists them[/]")


def _top(face: Face, review: Row) -> None:
    if review["top"]:
        _line(face, "\n[bold]What failed, worst first[/]")
    for number, gap in enumerate(review["top"], 1):
        way = " [red]on the intruder's way[/]" if gap["on_path"] else ""
        back = " [red]came back[/]" if gap["state"] == "reopened" else ""
        _line(
            face,
            f"  {number:>2}. {_safe(gap['title'])}  [{_STYLE[gap['stands']]}]{gap['status_shown']}[/]{way}{back}",
        )
        _line(face, f"      {_safe(gap['why'])}")
        told = [
            gap["control_id"],
            gap["owner"],
            f"{gap['value_shown']} → {gap['target_shown'] or 'no target'}",
        ]
        if gap["persons"] is not None:
            told.append(f"{say.people(gap['persons'])} exposed")
        if gap["persons_removed"] is not None:
            told.append(f"{say.people(gap['persons_removed'])} out of reach once done")
        _line(face, f"      [dim]{_safe(' · '.join(told))}[/]")


def _figures(face: Face, review: Row) -> None:
    if not review["kpis"]:
        return
    _line(face, "\n[bold]Key figures[/]")
    face.table(
        "",
        ("figure", "#today", "#target", "stands"),
        [
            (
                m["title"],
                "NOT MEASURED" if m["value"] is None else m["shown"],
                m["target_shown"],
                m["verdict"],
            )
            for m in review["kpis"]
        ],
    )


def _roadmap(face: Face, review: Row) -> None:
    if review["horizons"]:
        _line(face, "\n[bold]Roadmap[/]")
    for horizon in review["horizons"]:
        due = f" by {horizon['due']}" if horizon["due"] else ""
        _line(
            face,
            f"  [bold]{horizon['words']}[/]{due}  [dim]{say.number(horizon['days'])} working days[/]",
        )
        for item in horizon["items"]:
            free = (
                f", {say.people(item['persons_removed'])} out of reach"
                if item["persons_removed"]
                else ""
            )
            state = {"closed": " [green]done[/]", "reopened": " [red]came back[/]"}.get(
                item["state"], ""
            )
            _line(
                face,
                f"  {item['rank']:>3}. {_safe(item['title'])}{state}  [dim]{_safe(item['owner'])}{free}[/]",
            )


def _changes(face: Face, review: Row) -> None:
    changes = review["changes"]
    if "first" in changes:
        _line(face, "\n[dim]This is the first measurement: there is nothing to compare it with.[/]")
        return
    words = {
        "reopened": "[red]Came back[/]",
        "new": "New",
        "closed": "[green]Closed, with evidence[/]",
    }
    for state, rows in changes.items():
        if rows:
            _line(face, f"\n[bold]{words[state]}[/]")
        for gap in rows[:SHOWN]:
            _line(face, f"  {_safe(gap['title'])}  [dim]{gap['state_on_shown']}[/]")
        _more(face, len(rows))


def _rest(face: Face, review: Row) -> None:
    if review["accepted"]:
        _line(face, "\n[bold]Accepted risks[/]")
    for gap in review["accepted"]:
        until = gap["accepted_until_on_shown"] or "no end: ask why"
        _line(
            face, f"  {_safe(gap['title'])}  [blue]until {until}[/]  [dim]{_safe(gap['owner'])}[/]"
        )
    total = next((k for k in review["risk"] if k["item"] == "all"), None)
    if total:
        _line(
            face,
            f"\n[bold]What it may cost[/]  {total['range']} [dim](eight of ten draws; a range, no forecast)[/]",
        )
    found = review["findings"]
    if found["n"]:
        worst = [f"{s['n_open']:,} {s['severity']}" for s in found["by_severity"] if s["n_open"]]
        _line(
            face,
            f"\n[bold]Scanners[/]  {found['n']:,} findings; open: {', '.join(worst) or 'none'}",
        )
    for row in found["unread"][:SHOWN]:
        face.say(
            f"[yellow]![/] {_safe(row['place'])}  {_safe(row['rule'])}  [green]→[/] {_safe(row['title'])}"
        )
