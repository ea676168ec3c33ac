"""All that the brake knows: the lines of the audit, added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from amends.vault.boxes import SecretBox
from amends.vault.brake.lines import STATE, Body
from amends.vault.brake.rules import DEFAULT_CEILING, Actor, Purpose
from amends.vault.brake.windows import Budget, Windows

_ABOUT = b"amends/1/canaries"


@dataclass(frozen=True)
class Release:
    """A bulk release on its way.

    Attributes:
        release_id: ``R0001`` …
        asked_by: Who asked.
        domain: Domain of the tokens.
        purpose: What for.
        case: Reference of the case.
        count: Distinct tokens.
        digest: SHA-256 of the file of tokens.
        clear: Whether values go out in clear.
        expires_at: Seconds since 1970; afterwards it cannot be used.
        approved_by: Actors who approved it.
        state: ``asked``, ``begun`` or ``done``.
        target: Keyed digest of where it is written; set when begun.
    """

    release_id: str
    asked_by: str
    domain: str
    purpose: str
    case: str
    count: int
    digest: str
    clear: bool
    expires_at: float
    approved_by: tuple[str, ...] = ()
    state: str = "asked"
    target: str = ""


@dataclass
class State:
    """What the lines say.

    Attributes:
        purposes: By name.
        actors: By name; removed ones are gone from it.
        ceiling: Budget over all actors.
        windows: Who was answered about whom of late.
        stopped: Actors that get no answer until a person lifts it, with the reason.
        canaries: Keyed numbers of tokens of invented persons.
        releases: By id.
        clock: Where the machine's clock stood when it was last believed.
        counts: Lines by act.
    """

    purposes: dict[str, Purpose] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)
    ceiling: Budget = DEFAULT_CEILING
    windows: Windows = field(default_factory=Windows)
    stopped: dict[str, str] = field(default_factory=dict)
    canaries: set[int] = field(default_factory=set)
    releases: dict[str, Release] = field(default_factory=dict)
    clock: Body = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def apply(self, box: SecretBox, act: str, body: Body, at: float) -> None:
        """Add one line up."""
        self.counts[act] += 1
        reader = _READERS.get(act)
        if reader is not None:
            reader(self, body, at)
        elif act == "canaries":
            self.canaries |= open_canaries(box, body["box"])
        elif act == STATE:
            self.__dict__.update(from_json(box, body).__dict__)

    def as_json(self, box: SecretBox, now: float) -> Body:
        """Return what :func:`from_json` reads."""
        return {
            "purposes": [asdict(p) for p in self.purposes.values()],
            "actors": [asdict(a) for a in self.actors.values()],
            "ceiling": asdict(self.ceiling),
            "windows": self.windows.as_json(now),
            "stopped": self.stopped,
            "canaries": seal_canaries(box, self.canaries),
            "releases": [asdict(r) for r in self.releases.values()],
            "clock": self.clock,
            "counts": dict(self.counts),
        }


def from_json(box: SecretBox, held: Body) -> State:
    """Return the state that a segment begins with."""
    return State(
        {p["name"]: _purpose(p) for p in held["purposes"]},
        {a["name"]: _actor(a) for a in held["actors"]},
        Budget(**held["ceiling"]),
        Windows.from_json(held["windows"]),
        dict(held["stopped"]),
        open_canaries(box, held["canaries"]),
        {r["release_id"]: _release(r) for r in held["releases"]},
        held["clock"],
        Counter(held["counts"]),
    )


def seal_canaries(box: SecretBox, numbers: Iterable[int]) -> str:
    """Return numbers of canaries in a box that only the vault's keys open."""
    return box.lock(orjson.dumps([f"{n:016x}" for n in sorted(numbers)]), _ABOUT).hex()


def open_canaries(box: SecretBox, held: str) -> set[int]:
    """Return the numbers in a box."""
    return {int(n, 16) for n in orjson.loads(box.unlock(bytes.fromhex(held), _ABOUT))}


def scopes(actor: str, purpose: str, domain: str) -> Iterator[tuple[str, str]]:
    """Yield the scopes a call counts in: for persons, and for the tokens of a domain whose persons it named itself."""
    for scope in (f"{actor}/{purpose}", actor, ""):
        yield scope, f"{scope}//{domain}"


def _answered(state: State, body: Body, at: float) -> None:
    numbers = [int(n, 16) for n in body["tokens"]]
    persons = [int(n, 16) for n in body["persons"]] if "persons" in body else numbers
    named = [int(n, 16) for n in body.get("named", ())]
    for scope, tokens in scopes(body["actor"], body["purpose"], body["domain"]):
        state.windows.mark(scope, persons, at)
        if named:
            state.windows.mark(tokens, named, at)


def _purpose_set(state: State, body: Body, at: float) -> None:
    state.purposes[body["name"]] = _purpose(body)


def _actor_set(state: State, body: Body, at: float) -> None:
    state.actors[body["name"]] = _actor(body)


def _actor_removed(state: State, body: Body, at: float) -> None:
    state.actors.pop(body["name"], None)


def _ceiling_set(state: State, body: Body, at: float) -> None:
    state.ceiling = Budget(body["per_hour"], body["per_day"])


def _stopped(state: State, body: Body, at: float) -> None:
    state.stopped[body["name"]] = body["why"]


def _lifted(state: State, body: Body, at: float) -> None:
    state.stopped.pop(body["name"], None)


def _clock(state: State, body: Body, at: float) -> None:
    state.clock = {**body, "at": at}


def _release_asked(state: State, body: Body, at: float) -> None:
    state.releases[body["release_id"]] = _release(body)


def _release_approved(state: State, body: Body, at: float) -> None:
    held = state.releases[body["release_id"]]
    state.releases[held.release_id] = replace(held, approved_by=(*held.approved_by, body["name"]))


def _release_begun(state: State, body: Body, at: float) -> None:
    held = state.releases[body["release_id"]]
    state.releases[held.release_id] = replace(held, state="begun", target=body["target"])


def _release_done(state: State, body: Body, at: float) -> None:
    held = state.releases[body["release_id"]]
    state.releases[held.release_id] = replace(held, state="done")


_READERS = {
    "answer": _answered,
    "purpose": _purpose_set,
    "actor": _actor_set,
    "actor.removed": _actor_removed,
    "ceiling": _ceiling_set,
    "stopped": _stopped,
    "lifted": _lifted,
    "clock": _clock,
    "release.asked": _release_asked,
    "release.approved": _release_approved,
    "release.begun": _release_begun,
    "release.done": _release_done,
}


def _purpose(held: dict[str, Any]) -> Purpose:
    return Purpose(held["name"], held["clear"], tuple(held["domains"]))


def _actor(held: dict[str, Any]) -> Actor:
    budgets = {p: Budget(**b) for p, b in held["budgets"].items()}
    return Actor(held["name"], budgets, held["key_sha256"], held["uid"])


def _release(held: dict[str, Any]) -> Release:
    known = {k: v for k, v in held.items() if k in Release.__dataclass_fields__}
    return Release(**{**known, "approved_by": tuple(held.get("approved_by", ()))})
