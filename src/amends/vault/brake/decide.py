"""What becomes of a call: one function of the state, the call and the time."""

from __future__ import annotations

import hmac

from amends.vault.brake.calls import Alarm, Call, Verdict
from amends.vault.brake.lines import Act, Body
from amends.vault.brake.rules import Actor
from amends.vault.brake.state import State, scopes
from amends.vault.brake.windows import Over

Decision = tuple[Verdict, list[Act], list[Alarm]]

AGAIN = "again"
_KEEPER = "ask the keeper of the vault"


def decide(state: State, call: Call, now: float, *, freeze: bool = True) -> Decision:
    """Return the verdict on a call, the lines it leaves in the audit, and whom to wake.

    A batch is answered whole or refused whole: then nobody has to find out which half they got, and a refused call
    gives nothing away.

    Args:
        state: What is known; not changed.
        call: The call.
        now: The brake's own time.
        freeze: Whether a canary stops the actor until a person lifts it.
    """
    refused = _unfit(state, call)
    if refused is None and not call.numbers and not call.not_ours:
        # The actor was let in by another process a moment ago, after its values were left unread.
        return Verdict(503, AGAIN, "Ask again", "ask again", 1), [], []
    refused = refused or _beyond(state, call, now)
    if refused is not None:
        verdict, alarms = refused
        acts: list[Act] = [("refuse", {**about(call), "code": verdict.code})]
        if verdict.status == 429 and state.canaries.intersection(call.numbers):
            acts += _stop(call, freeze)
            alarms = [*alarms, _canary_alarm(call, freeze)]
        return verdict, acts, alarms
    if call.not_ours:
        words = f"{call.not_ours} of the tokens are no tokens of this vault and domain"
        verdict = Verdict(422, "not_ours", words, "check the domain, and that the tokens are whole")
        return verdict, [("refuse", {**about(call), "code": verdict.code})], []
    return _answered(state, call, freeze)


def authentic(actor: Actor | None, call: Call) -> bool:
    """Say whether a call is the actor's own: by its key, or by its account on the local socket."""
    if actor is None:
        return False
    if actor.key_sha256 and hmac.compare_digest(actor.key_sha256, call.key_sha256):
        return True
    return actor.uid >= 0 and actor.uid == call.uid


def _unfit(state: State, call: Call) -> tuple[Verdict, list[Alarm]] | None:
    """Return why this actor may not ask this at all."""
    actor = state.actors.get(call.actor)
    if actor is None or not authentic(actor, call):
        # The same words for a name that does not exist and a key that does not fit.
        words = "The name or the key is not right"
        return Verdict(
            401, "no_key", words, "send the actor's key as: Authorization: Bearer KEY"
        ), [Alarm("keys", call.actor, "a call with a wrong name or key was refused")]
    if call.actor in state.stopped:
        return Verdict(403, "stopped", "This actor is stopped", _KEEPER), []
    purpose = state.purposes.get(call.purpose)
    if purpose is None or call.purpose not in actor.budgets:
        return Verdict(403, "no_purpose", "This actor may not ask for this purpose", _KEEPER), []
    if purpose.domains and call.domain not in purpose.domains:
        return Verdict(403, "no_domain", "This purpose is not about this domain", _KEEPER), []
    if call.clear and not purpose.clear:
        words = "This purpose gives masked values only"
        return Verdict(403, "no_clear", words, "leave clear out, or " + _KEEPER), []
    return None


def _beyond(state: State, call: Call, now: float) -> tuple[Verdict, list[Alarm]] | None:
    """Return which budget the call would go beyond."""
    actor = state.actors[call.actor]
    budgets = (actor.budgets[call.purpose], actor.total, state.ceiling)
    persons, named = set(call.persons), set(call.named)
    for (scope, tokens), budget in zip(
        scopes(call.actor, call.purpose, call.domain), budgets, strict=True
    ):
        over = state.windows.over(scope, budget, persons, now)
        if over is None and named:
            over = state.windows.over(tokens, budget, named, now)
        if over is not None:
            return _refusal(call, over, is_ceiling=not scope)
    return None


def _refusal(call: Call, over: Over, is_ceiling: bool) -> tuple[Verdict, list[Alarm]]:
    whose = "The ceiling over all actors" if is_ceiling else "The budget"
    words = f"{whose} of {over.budget:,} distinct persons in any {over.span} is spent"
    if over.retry_seconds:
        remedy = f"try again in {over.retry_seconds} seconds; for many persons ask for a release"
    else:
        words = (
            f"The call names more persons than {over.budget:,}, the budget of a whole {over.span}"
        )
        remedy = "ask for fewer, or for a release: amends vault release ask VAULT"
    code = "over_ceiling" if is_ceiling else "over_budget"
    kind = "ceiling" if is_ceiling else "over_budget"
    told = Alarm(kind, call.actor, f"{words} (purpose {call.purpose})")
    return Verdict(429, code, words, remedy, over.retry_seconds), [told]


def _answered(state: State, call: Call, freeze: bool) -> Decision:
    tripped = state.canaries.intersection(call.numbers)
    if tripped:
        return _tripped(call, freeze)
    return Verdict(200, "ok", clear=call.clear), [("answer", _counted(call))], []


def _tripped(call: Call, freeze: bool) -> Decision:
    """Answer a call that names an invented person, and stop the actor.

    What leaks nobody looks ordinary: masked values, or the one invented value in clear. Values of real persons that
    stand beside it in clear are held back.
    """
    hold_back = call.clear and len(set(call.persons)) > 1
    acts: list[Act] = []
    if not hold_back:
        acts.append(("answer", _counted(call)))
    acts += _stop(call, freeze)
    told = _canary_alarm(call, freeze)
    if hold_back:
        return masked_only("The vault gives no values in clear now"), acts, [told]
    return Verdict(200, "ok", clear=call.clear), acts, [told]


def _stop(call: Call, freeze: bool) -> list[Act]:
    acts: list[Act] = [("canary", about(call))]
    if freeze:
        acts.append(("stopped", {"name": call.actor, "why": "canary", "by": "brake"}))
    return acts


def _canary_alarm(call: Call, freeze: bool) -> Alarm:
    words = (
        f"asked for an invented person (purpose {call.purpose}, case {call.case}, from {call.peer})"
    )
    if freeze:
        words += "; the actor is stopped until a person lifts it"
    return Alarm("canary", call.actor, words)


def masked_only(why: str) -> Verdict:
    """Return the verdict when nothing but placeholders may go out."""
    return Verdict(503, "masked_only", why, _KEEPER + "; amends vault audit VAULT says why", 60)


def left(state: State, call: Call, now: float) -> tuple[int, int]:
    """Return how many more persons the actor may ask about for this purpose in the hour and the day."""
    budget = state.actors[call.actor].budgets[call.purpose]
    used = state.windows.used(f"{call.actor}/{call.purpose}", now)
    return (max(budget.per_hour - used.per_hour, 0), max(budget.per_day - used.per_day, 0))


def about(call: Call) -> Body:
    """Return what every line on a call says."""
    return {
        "actor": call.actor,
        "purpose": call.purpose,
        "case": call.case,
        "domain": call.domain,
        "n": len(call.numbers),
        "clear": call.clear,
        "peer": call.peer,
    }


def _counted(call: Call) -> Body:
    body = {**about(call), "tokens": [f"{n:016x}" for n in call.numbers]}
    if call.persons != call.numbers:
        body["persons"] = [f"{n:016x}" for n in call.persons]
    if call.named:
        body["named"] = [f"{n:016x}" for n in call.named]
    return body
