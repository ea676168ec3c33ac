"""The answer as rows of the case's tables."""

from __future__ import annotations

from datetime import date

from amends.paths.acts import fact_id
from amends.paths.answer import Answer
from amends.paths.as_json import facts_json, joint_state
from amends.paths.closures import closure_id

Row = dict[str, object]


def fact_rows(made: Answer) -> list[Row]:
    """Return a row a fact."""
    return [
        {
            "fact_id": f["id"],
            **{
                k: f[k]
                for k in (
                    "kind",
                    "source",
                    "target",
                    "evidence",
                    "state",
                    "state_evidence",
                    "n_paths",
                    "remedy",
                )
            },
            "detail": "; ".join(f"{name}: {value}" for name, value in f["detail"].items()),
            "first_on": _day(f["first_on"]),
            "last_on": _day(f["last_on"]),
        }
        for f in facts_json(made)
    ]


def _day(on: object) -> date | None:
    try:
        return date.fromisoformat(str(on))
    except ValueError:
        return None


def attack_path_rows(made: Answer) -> list[Row]:
    """Return a row a step of each listed way."""
    return [
        {
            "path_id": way.way_id,
            "rank": way.rank,
            "store": way.store,
            "persons": way.persons,
            "is_open": way.is_open,
            "step": number,
            "fact_id": fact_id(made.graph.facts[step.fact]),
            "from": step.begin,
            "to": step.end,
            "why": step.why,
        }
        for way in made.ways
        for number, step in enumerate(way.steps, 1)
    ]


def closure_rows(made: Answer) -> list[Row]:
    """Return a row a fix: those to do in their order, then those that evidence shows done."""
    return [
        {
            "closure_id": closure_id(made.graph, fix.facts),
            "rank": rank,
            "fact_ids": [fact_id(made.graph.facts[f]) for f in fix.facts],
            "remedy": fix.remedy,
            "optimal": fix.optimal,
            "persons_closed": fix.closed,
            "persons_alone": fix.alone,
            "state": joint_state(made, fix.facts),
        }
        for rank, fix in enumerate((*made.fixes, *made.done), 1)
    ]
