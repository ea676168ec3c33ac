"""What changed between two states of the network: ways opened, closed and still open, with the facts behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amends.paths.acts import fact_id
from amends.paths.answer import Answer
from amends.paths.as_json import Json, as_json

Chosen = Callable[[tuple[bool, ...], str], bool]


@dataclass(frozen=True)
class StoreChange:
    """What became of the ways to a store.

    Attributes:
        store: The store.
        persons: Its people; ``None`` when not known.
        change: opened, closed or still_open.
    """

    store: str
    persons: int | None
    change: str


def store_changes(made: Answer) -> list[StoreChange]:
    """Return what became of each store that could be reached before or can be now; ``made`` has two dates or more."""
    before, now = set(made.open_at[0][1]), set(made.open_at[-1][1]) | set(made.open_stores)
    names = dict.fromkeys((*made.open_stores, *made.open_at[0][1]))
    changes = []
    for store in names:
        change = "still_open" if store in before & now else "opened" if store in now else "closed"
        if change == "still_open" and store not in made.open_stores:
            change = "closed"
        changes.append(StoreChange(store, made.people.persons(store), change))
    return changes


def diff_json(made: Answer) -> Json:
    """Return the difference as JSON."""
    by_change: dict[str, list[Json]] = {"opened": [], "closed": [], "still_open": []}
    for one in store_changes(made):
        by_change[one.change].append({"store": one.store, "persons": one.persons})
    whole = as_json(made)
    last = len(made.story.dates) - 1
    return {
        "open": bool(made.open_stores),
        **by_change,
        "persons": {
            change: made.people.within([str(r["store"]) for r in rows])
            for change, rows in by_change.items()
        },
        "paths": {
            "opened": [p for p in whole["paths"] if not _was_there(made, p["facts"])],
            "closed": whole["closed_paths"],
            "still_open": [p for p in whole["paths"] if _was_there(made, p["facts"])],
        },
        "facts": {
            "new": _facts(made, lambda seen, state: seen[last] and not any(seen[:last])),
            "verified": _facts(made, lambda seen, state: state == "verified"),
            "reopened": _facts(made, lambda seen, state: state == "reopened"),
            "claimed": _facts(made, lambda seen, state: state == "claimed"),
            "not_looked_at": _facts(
                made, lambda seen, state: not seen[last] and state != "verified"
            ),
        },
        "closures": whole["closures"],
        "closed_by": whole["closed_by"],
        "claims_without_fact": whole["claims_without_fact"],
        "rejects": whole["rejects"],
    }


def _was_there(made: Answer, facts: list[str]) -> bool:
    """Say whether the first evidence shows all of these facts."""
    first = {fact_id(f.fact) for f in made.story.facts.values() if f.seen[0]}
    return first.issuperset(facts)


def _facts(made: Answer, chosen: Chosen) -> list[Json]:
    return [
        {
            "id": fact_id(one.fact),
            "kind": one.fact.kind,
            "source": one.fact.source,
            "target": one.fact.target,
            "state": one.state,
            "evidence": one.evidence,
        }
        for one in made.story.facts.values()
        if chosen(one.seen, one.state)
    ]
