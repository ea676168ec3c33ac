"""The answer as JSON, in the shape that others build on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amends.paths.acts import fact_id, remedy_of
from amends.paths.answer import Answer, ListedWay
from amends.paths.closures import Fix, closure_id
from amends.paths.model import STRUCTURAL

Json = dict[str, Any]  # JSON values; DESIGN section 9 names the keys
STATE_ORDER = ("reopened", "claimed", "open", "verified")


def as_json(made: Answer) -> Json:
    """Return the answer: ``paths``, ``closures``, ``open`` and ``facts``, and what else is known."""
    return {
        "open": bool(made.open_stores),
        "persons": made.people.within(made.open_stores),
        "paths": [_way(made, w) for w in made.ways if w.is_open],
        "closures": [_fix(made, f, n) for n, f in enumerate(made.fixes, 1)],
        "facts": facts_json(made),
        "closed_by": [_fix(made, f, n) for n, f in enumerate(made.done, 1)],
        "closed_paths": [_way(made, w) for w in made.ways if not w.is_open],
        "stores": [_store(made, s) for s in _all_stores(made)],
        "more": made.more,
        "no_fix": sorted(fact_id(made.graph.facts[f]) for f in made.cut.hopeless),
        "fixes_at_least": made.cut.least,
        "dates": [{"on": on, "open_stores": stores} for on, stores in made.open_at],
        "claims_without_fact": made.story.claims,
        "rejects": [
            {"place": r.place, "reason": r.reason, "remedy": r.remedy} for r in made.rejects
        ],
    }


def _all_stores(made: Answer) -> list[str]:
    names = dict.fromkeys((*made.open_stores, *made.people.told, *made.graph.stores()))
    return list(names)


def _store(made: Answer, store: str) -> Json:
    return {
        "store": store,
        "open": store in made.open_stores,
        "persons": made.people.persons(store),
        "persons_told": made.people.told.get(store),
        "persons_counted": made.people.counted.get(store),
        "elements": list(made.elements.get(store, ())),
    }


def _way(made: Answer, way: ListedWay) -> Json:
    return {
        "id": way.way_id,
        "rank": way.rank,
        "store": way.store,
        "persons": way.persons,
        "open": way.is_open,
        "facts": sorted(fact_id(made.graph.facts[f]) for f in way.facts),
        "steps": [
            {
                "fact": fact_id(made.graph.facts[s.fact]),
                "from": s.begin,
                "to": s.end,
                "why": s.why,
                "facts": [fact_id(made.graph.facts[f]) for f in s.facts],
                "evidence": made.state(s.fact).evidence,
            }
            for s in way.steps
        ],
    }


def _fix(made: Answer, fix: Fix, rank: int) -> Json:
    return {
        "id": closure_id(made.graph, fix.facts),
        "rank": rank,
        "facts": [fact_id(made.graph.facts[f]) for f in fix.facts],
        "remedy": fix.remedy,
        "optimal": fix.optimal,
        "persons_closed": fix.closed,
        "persons_alone": fix.alone,
        "persons_left": fix.left,
        "stores_left": list(fix.stores_left),
        "state": joint_state(made, fix.facts),
        "instead": [
            {
                "facts": [fact_id(made.graph.facts[f]) for f in made.acts.facts[a]],
                "remedy": made.acts.remedy[a],
            }
            for a in fix.instead
        ],
        "evidence": [made.state(f).evidence for f in fix.facts],
    }


def joint_state(made: Answer, facts: Sequence[int]) -> str:
    """Return the state of several facts: the worst of them."""
    states = {made.state(f).state for f in facts}
    return next((s for s in ("reopened", "open", "claimed", "verified") if s in states), "open")


def paths_by_fact(made: Answer) -> dict[int, int]:
    """Return for each fact the number of listed open ways that need it."""
    count: dict[int, int] = {}
    for way in made.ways:
        if way.is_open:
            for fact in way.facts:
                count[fact] = count.get(fact, 0) + 1
    return count


def facts_json(made: Answer) -> list[Json]:
    """Return every fact with its state; what came back first, then what most ways need."""
    count = paths_by_fact(made)
    rows: list[Json] = []
    for number, fact in enumerate(made.graph.facts):
        known = made.state(number)
        rows.append(
            {
                "id": fact_id(fact),
                "state": known.state,
                "kind": fact.kind,
                "source": fact.source,
                "target": fact.target,
                "detail": dict(fact.detail),
                "evidence": fact.evidence,
                "state_evidence": known.evidence,
                "first_on": known.first_on or None,
                "last_on": known.last_on or None,
                "n_paths": count.get(number, 0),
                "remedy": remedy_of(fact) if fact.kind not in STRUCTURAL else fact.remedy,
            }
        )
    rows.sort(key=lambda r: (r["state"] != "reopened", -r["n_paths"], r["kind"], r["id"]))
    return rows
