"""The ways from the internet to customer data, as the report shows them: what is open, what closes it, the picture."""

from __future__ import annotations

from typing import Any

from amends.kernel.case import Case
from amends.paths import as_json
from amends.paths.picture import drawn
from amends.paths.stage import case_answer
from amends.tables.paths import FACTS

WAYS_A_STORE = 3
"""Ways listed a store, worst store first; ``amends paths`` shows more."""


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
    return {
        **found,
        "paths": _first(found["paths"]),
        "n_paths": len(found["paths"]),
        "reopened": [f for f in found["facts"] if f["state"] == "reopened"],
        "claimed": [f for f in found["facts"] if f["state"] == "claimed"],
        "states": states,
        "picture": svg[svg.index("<svg") :],
    }


def _first(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:  # Any: JSON
    """Return the first ways of each store, in their order."""
    seen: dict[str, int] = {}
    kept = []
    for way in listed:
        seen[way["store"]] = seen.get(way["store"], 0) + 1
        if seen[way["store"]] <= WAYS_A_STORE:
            kept.append(way)
    return kept
