"""The ways from the internet to customer data as the report shows them: what closes them, the worst, the picture."""

from __future__ import annotations

import re
from typing import Any

from amends.kernel.case import Case
from amends.paths import as_json
from amends.paths.picture import drawn
from amends.paths.stage import case_answer
from amends.tables.paths import FACTS

WAYS_A_STORE = 1
"""Ways listed a store, worst store first; ``amends paths`` shows more."""

_PLACE = re.compile(r"[\w.()@+-]*[\w/\\.()@+-]*\.[A-Za-z0-9]{1,8}(?:[:#]\d+)?(?=[\s:;,|)]|$)")
"""A file with its line or number, as evidence names it."""
_PLACES_SHOWN = 2


def ways_data(case: Case) -> dict[str, Any] | None:  # Any: the shapes of ``amends paths --json``
    """Return what the section on the ways in shows; ``None`` for a case without inventories."""
    if not case.has(FACTS):
        return None
    made = case_answer(case)
    if made is None:
        return None
    found = as_json(made)
    svg = drawn(made, html=False)
    states: dict[str, int] = {}
    for fact in found["facts"]:
        states[fact["state"]] = states.get(fact["state"], 0) + 1
    shown = [_with_places(w) for w in _first(found["paths"])]
    return {
        **found,
        "persons": int(found["persons"]),
        "total": int(made.people.within([*made.people.told, *made.people.counted])),
        "n_stores": len({*made.people.told, *made.graph.stores()}),
        "n_open": len(made.open_stores),
        "paths": shown,
        "n_paths": len(found["paths"]),
        "reopened": [f for f in found["facts"] if f["state"] == "reopened"],
        "claimed": [f for f in found["facts"] if f["state"] == "claimed"],
        "states": states,
        "picture": svg[svg.index("<svg") :],
    }


def places_words(evidence: str, most: int = _PLACES_SHOWN) -> str:
    """Return evidence as file and line only: ``bel-br1.conf:103, internet.xml and 1 more``."""
    files = list(dict.fromkeys(re.split(r"[/\\]", f)[-1] for f in _PLACE.findall(evidence)))
    files = [f for f in files if not re.fullmatch(r"[\d.]+", f)]
    if not files:
        return evidence if len(evidence) <= 60 else evidence[:59] + "…"
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(files[:most]) + more


def _with_places(way: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
    steps = [{**s, "places": places_words(s["evidence"])} for s in way["steps"]]
    return {**way, "steps": steps}


def _first(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Return the first ways of each store, in their order."""
    seen: dict[str, int] = {}
    kept = []
    for way in listed:
        seen[way["store"]] = seen.get(way["store"], 0) + 1
        if seen[way["store"]] <= WAYS_A_STORE:
            kept.append(way)
    return kept
