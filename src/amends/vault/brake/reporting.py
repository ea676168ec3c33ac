"""What the audit says: is it whole, who asked how much, how long would it take to pull everybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from amends.kernel import clock
from amends.vault.brake.brake import Brake
from amends.vault.brake.lines import Body, ChainFault, Line
from amends.vault.brake.state import State
from amends.vault.brake.windows import Budget

POPULATION = 54_000_000
"""Persons of the model case."""


@dataclass
class Sums:
    """What one actor did.

    Attributes:
        calls: Calls answered.
        tokens: Tokens answered, one counted as often as it was asked for.
        persons: Keyed numbers of persons answered about.
        clear: Calls answered in clear.
        refused: Calls refused, by reason.
        first_at: First call.
        last_at: Last call.
        canary_at: First time it asked for an invented person; 0 for never.
    """

    calls: int = 0
    tokens: int = 0
    persons: set[int] = field(default_factory=set)
    clear: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_at: float = 0.0
    last_at: float = 0.0
    canary_at: float = 0.0


@dataclass
class Audited:
    """The whole audit, added up."""

    lines: int = 0
    fault: str = ""
    actors: dict[str, Sums] = field(default_factory=dict)
    first_canary: Body = field(default_factory=dict)
    resolved: list[Body] = field(default_factory=list)
    doubts: int = 0
    head: str = ""


def audited(brake: Brake) -> Audited:
    """Read and check every line from the first, and add them up. A fault is part of the answer."""
    found = Audited()
    try:
        for line in brake.chain.every():
            _add(found, line)
            found.lines, found.head = found.lines + 1, line.seal
        if not found.lines:
            raise ChainFault("The audit of this vault is gone", where=str(brake.folder))
    except ChainFault as fault:
        found.fault = f"{fault.what} ({fault.where})"
    return found


def report(brake: Brake, population: int = POPULATION) -> Body:
    """Return what ``amends vault audit --json`` prints.

    Args:
        brake: The vault's brake.
        population: Persons whose identifiers the vault protects.
    """
    found = audited(brake)
    try:
        state, now = brake.look()
    except ChainFault:
        state, now = brake.state, clock.now().timestamp()
    return {
        "whole": not found.fault,
        "fault": found.fault,
        "lines": found.lines,
        "head": found.head,
        "ceiling": _budget(state.ceiling),
        "days_to_pull_everybody": days_to_pull(state, population),
        "population": population,
        "used": _budget(state.windows.used("", now)),
        "actors": [_actor(name, sums, state, now) for name, sums in _all(found, state).items()],
        "canaries": len(state.canaries),
        "first_canary_trip": found.first_canary or None,
        "releases": releases_of(state),
        "resolved": found.resolved,
        "clock_doubts": found.doubts,
    }


def days_to_pull(state: State, population: int) -> Mapping[str, float | None]:
    """Return the days that a thief with every actor's role needs: at the ceiling, and at the present budgets."""
    budgets = min(sum(a.total.per_day for a in state.actors.values()), state.ceiling.per_day)
    return {
        "at_ceiling": round(population / state.ceiling.per_day, 1),
        "at_budgets": round(population / budgets, 1) if budgets else None,
    }


def _all(found: Audited, state: State) -> dict[str, Sums]:
    return {name: found.actors.get(name, Sums()) for name in sorted({*found.actors, *state.actors})}


def _actor(name: str, sums: Sums, state: State, now: float) -> Body:
    known = state.actors.get(name)
    return {
        "actor": name,
        "calls": sums.calls,
        "tokens": sums.tokens,
        "persons": len(sums.persons),
        "clear_calls": sums.clear,
        "refused": sum(sums.refused.values()),
        "refused_by": dict(sorted(sums.refused.items())),
        "first_at": _shown(sums.first_at),
        "last_at": _shown(sums.last_at),
        "canary_at": _shown(sums.canary_at),
        "stopped": state.stopped.get(name, ""),
        "used": _budget(state.windows.used(name, now)),
        "budgets": {p: _budget(b) for p, b in known.budgets.items()} if known else {},
    }


def budgets_of(state: State, now: float) -> list[Body]:
    """Return each actor's budgets and what is used of them, as they are printed."""
    rows = []
    for actor in state.actors.values():
        for purpose, budget in actor.budgets.items():
            used = state.windows.used(f"{actor.name}/{purpose}", now)
            rows.append(
                {
                    "actor": actor.name,
                    "purpose": purpose,
                    "clear": state.purposes[purpose].clear,
                    "per_hour": budget.per_hour,
                    "used_hour": used.per_hour,
                    "per_day": budget.per_day,
                    "used_day": used.per_day,
                    "stopped": state.stopped.get(actor.name, ""),
                }
            )
    return rows


def releases_of(state: State) -> list[Body]:
    """Return the releases as they are printed."""
    return [
        {
            "release": r.release_id,
            "asked_by": r.asked_by,
            "approved_by": list(r.approved_by),
            "domain": r.domain,
            "purpose": r.purpose,
            "case": r.case,
            "tokens": r.count,
            "clear": r.clear,
            "state": r.state,
            "expires_at": _shown(r.expires_at),
        }
        for r in state.releases.values()
    ]


def _add(found: Audited, line: Line) -> None:
    body = line.body
    reader = _ADDERS.get(line.act)
    if reader is not None:
        reader(found, body, line.at)


def _sums(found: Audited, name: str, at: float) -> Sums:
    sums = found.actors.setdefault(name, Sums())
    sums.first_at = sums.first_at or at
    sums.last_at = at
    return sums


def _answer(found: Audited, body: Body, at: float) -> None:
    sums = _sums(found, body["actor"], at)
    sums.calls += 1
    sums.tokens += body["n"]
    sums.clear += body["clear"]
    persons = body["persons"] if "persons" in body else body["tokens"]
    sums.persons.update(int(n, 16) for n in persons)


def _refuse(found: Audited, body: Body, at: float) -> None:
    name = body["actor"] if body["code"] != "no_key" else "?"
    _sums(found, name, at).refused[body["code"]] += 1


def _refusals(found: Audited, body: Body, at: float) -> None:
    _sums(found, body["actor"], at).refused[body["code"]] += body["calls"]


def _canary(found: Audited, body: Body, at: float) -> None:
    sums = _sums(found, body["actor"], at)
    sums.canary_at = sums.canary_at or at
    if not found.first_canary:
        found.first_canary = {
            "at": _shown(at),
            "actor": body["actor"],
            "purpose": body["purpose"],
            "case": body["case"],
            "peer": body["peer"],
        }


def _resolved(found: Audited, body: Body, at: float) -> None:
    found.resolved.append({"at": _shown(at), **body})


def _doubt(found: Audited, body: Body, at: float) -> None:
    found.doubts += 1


_ADDERS = {
    "answer": _answer,
    "refuse": _refuse,
    "refusals": _refusals,
    "canary": _canary,
    "resolved": _resolved,
    "doubt": _doubt,
}


def _budget(budget: Budget) -> Body:
    return {"per_hour": budget.per_hour, "per_day": budget.per_day}


def _shown(at: float) -> str | None:
    return clock.stamp(datetime.fromtimestamp(at, UTC)) if at else None
