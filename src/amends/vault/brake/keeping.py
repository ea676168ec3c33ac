"""What the keeper of a vault does: purposes, actors, their budgets, the ceiling, stopping and lifting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from amends.kernel.errors import UsageError
from amends.kernel.ledger import actor_name
from amends.vault.brake.brake import Brake
from amends.vault.brake.lines import Act
from amends.vault.brake.rules import (
    Actor,
    checked_budget,
    checked_name,
    key_digest,
    new_key,
)
from amends.vault.brake.state import State
from amends.vault.brake.windows import Budget


def set_purpose(brake: Brake, name: str, *, clear: bool, domains: Sequence[str]) -> None:
    """Declare a purpose, or change one.

    Args:
        brake: The vault's brake.
        name: As calls name it.
        clear: Whether it allows values in clear.
        domains: Domains it is about; none for any.

    Raises:
        UsageError: The name cannot be one.
    """
    body = {
        "name": checked_name(name, "a purpose"),
        "clear": clear,
        "domains": sorted(set(domains)),
    }
    brake.record(lambda state: [("purpose", {**body, "by": actor_name()})])


def set_actor(brake: Brake, name: str, purpose: str, budget: Budget, *, uid: int = -1) -> str:
    """Let an actor ask for a purpose, within a budget; return its key when it is new, else "".

    Args:
        brake: The vault's brake.
        name: As calls name it.
        purpose: A purpose that was declared.
        budget: Distinct persons an hour and a day.
        uid: Account that may use the name on the local socket without a key; -1 for none.

    Raises:
        UsageError: A name cannot be one, or the purpose is not known.
    """
    checked_name(name, "an actor")
    checked_budget(budget.per_hour, budget.per_day)
    fresh = ""

    def make(state: State) -> list[Act]:
        nonlocal fresh
        if purpose not in state.purposes:
            raise UsageError(
                "That purpose was not declared",
                where=purpose,
                remedy="declare it first: amends vault actors purpose VAULT NAME [--clear]",
            )
        known = state.actors.get(name)
        if known is None:
            fresh = new_key()
            known = Actor(name, {}, key_digest(fresh), uid)
        changed = replace(
            known, budgets={**known.budgets, purpose: budget}, uid=uid if uid >= 0 else known.uid
        )
        return [("actor", {**asdict(changed), "by": actor_name()})]

    brake.record(make)
    return fresh


def change_key(brake: Brake, name: str) -> str:
    """Give an actor a new key; the old one is void at once.

    Raises:
        UsageError: There is no such actor.
    """
    fresh = new_key()
    brake.record(
        lambda state: [
            (
                "actor",
                {
                    **asdict(replace(_known(state, name), key_sha256=key_digest(fresh))),
                    "by": actor_name(),
                },
            )
        ]
    )
    return fresh


def remove_actor(brake: Brake, name: str) -> None:
    """Take an actor away. What it was answered still counts, should the name come back.

    Raises:
        UsageError: There is no such actor.
    """
    brake.record(
        lambda state: [("actor.removed", {"name": _known(state, name).name, "by": actor_name()})]
    )


def set_ceiling(brake: Brake, budget: Budget) -> None:
    """Set the budget over all actors.

    Raises:
        UsageError: It cannot be kept.
    """
    checked_budget(budget.per_hour, budget.per_day)
    brake.record(lambda state: [("ceiling", {**asdict(budget), "by": actor_name()})])


def stop_actor(brake: Brake, name: str, why: str) -> None:
    """Stop an actor until somebody lifts it.

    Raises:
        UsageError: There is no such actor.
    """
    brake.record(
        lambda state: [
            ("stopped", {"name": _known(state, name).name, "why": why, "by": actor_name()})
        ]
    )


def lift_actor(brake: Brake, name: str, why: str) -> None:
    """Let a stopped actor go on.

    Raises:
        UsageError: It is not stopped, or no reason is given.
    """
    if not why.strip():
        raise UsageError("Lifting needs a reason", remedy="give it with: --why TEXT")

    def make(state: State) -> list[Act]:
        if name not in state.stopped:
            raise UsageError(
                "This actor is not stopped", where=name, remedy="amends vault actors list VAULT"
            )
        return [("lifted", {"name": name, "why": why, "by": actor_name()})]

    brake.record(make)


def _known(state: State, name: str) -> Actor:
    found = state.actors.get(name)
    if found is None:
        raise UsageError(
            "There is no such actor", where=name, remedy="amends vault actors list VAULT shows them"
        )
    return found
