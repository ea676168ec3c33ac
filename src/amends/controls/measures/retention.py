"""Retention: people held though nobody needs them any more, and how old the oldest of it is."""

from __future__ import annotations

from datetime import datetime

from amends.controls.measures.base import (
    Finding,
    Ground,
    Measured,
    instant,
    many,
    not_measured,
    number,
    said,
)
from amends.tables.custody import EXHIBITS
from amends.tables.persons import PERSONS

ADD = (
    "say of each exhibit whose data it holds: amends add … --population current|former|prospective"
)
WORDS = {"former": "former customers", "prospective": "people who never became customers"}


def findings(ground: Ground) -> list[Finding]:
    """Return who is held without need."""
    return [
        _held(ground, "former_people", "unneeded_persons", "former"),
        _held(ground, "prospective_people", "prospective_persons", "prospective"),
        _oldest(ground),
    ]


def _held(ground: Ground, kind: str, measure: str, what: str) -> Finding:
    """Return the people who stand only in populations of one sort: whoever is a customer too is needed."""
    if not ground.has(PERSONS, EXHIBITS):
        return not_measured(kind, measure, f"add what was stolen, and {ADD}")
    names = [n.lower() for n in ground.needless.get(what, ())]
    others = [n.lower() for some in ground.needless.values() for n in some]
    row = ground.row(
        f"""WITH held AS (
                SELECT list_transform(populations, p -> LOWER(p)) AS p
                FROM {ground.name(PERSONS)} WHERE n_records > 0)
            SELECT COUNT(*) FILTER (len(p) > 0) AS n_said, COUNT(*) AS n_all,
                   COUNT(*) FILTER (list_has_any(p, ?) AND len(list_filter(p, x -> NOT list_contains(?, x))) = 0) AS n
            FROM held""",
        [names, others],
    )
    at = _day_of(ground)
    if not number(row["n_said"]):
        return not_measured(kind, measure, ADD)
    count = number(row["n"])
    word = WORDS[what]
    why = (
        f"{count:,} {word} of {many(number(row['n_all']), 'person', 'people')} were held on {said(at)}, and stolen."
        if count
        else f"Of those stolen on {said(at)} nobody is known to be of the {word} only."
    )
    return Finding(
        kind,
        Measured(measure, float(count), at, ("persons", "exhibits")),
        why,
        fails=count > 0,
        persons=count,
        persons_then=count or None,
        on_path=count > 0,
        failed_in_breach=count > 0,
        failed_on=at.date() if at and count else None,
    )


def _day_of(ground: Ground) -> datetime | None:
    return instant(
        ground.row(
            f"""SELECT MAX(COALESCE(as_of_on, CAST(received_at AS DATE))) AS at
                FROM {ground.name(EXHIBITS)} WHERE role = 'stolen'"""
        )["at"]
    )


def _oldest(ground: Ground) -> Finding:
    """Return how long ago the oldest record of somebody unneeded was last needed, by the dates it holds."""
    kind, measure = "oldest_record", "oldest_unneeded_record"
    found = ground.oldest
    if found is None:
        return not_measured(
            kind, measure,
            "no column with the day of leaving or applying was found in data of former or prospective people: add one "
            "(closed_on, applied_on …), with --population and --as-of",
        )  # fmt: skip
    days = (found.as_of - found.on).days
    return Finding(
        kind,
        Measured(measure, float(days), instant(found.as_of), (found.place,)),
        f"The oldest record looked at was last needed on {said(found.on)}, {days:,} days before {said(found.as_of)} "
        f"({found.place}).",
        fails=days > ground.keep_days,
        persons=found.n_over,
        persons_then=found.n_over or None,
        on_path=found.n_over > 0,
        places=(found.place,),
        failed_in_breach=found.n_over > 0,
        failed_on=found.as_of if found.n_over else None,
    )
