"""Acts: what a person can do, and the facts each makes untrue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from amends.kernel import ids
from amends.paths.model import Graph
from amends.paths.shapes import Fact

USUAL = {
    "reach": "Block the way from {source} to {target}",
    "no_auth": "Make {source} ask who is there, or shut it",
    "known_exploited": "Patch {source}, or shut it",
    "weak_auth": "Put a second factor or a lock-out before {source}",
    "stored_on": "Take {source} off {target} and change it",
    "opens": "Change {source}, so that it no longer opens {target}",
    "admin_of": "Take the rights over {target} from {source}",
    "reads": "Take the right to read {target} from {source}",
    "trusts": "End the trust of {target} in {source}",
}
"""What is usually done about a kind of fact; used where a way has no fact that somebody named a remedy for."""


@dataclass(frozen=True)
class Acts:
    """Acts by number.

    Attributes:
        facts: For each act the facts it makes untrue.
        remedy: For each act what to do, in a sentence.
        of: For each fact its act; a fact that is not here cannot sensibly be removed.
    """

    facts: tuple[tuple[int, ...], ...]
    remedy: tuple[str, ...]
    of: dict[int, int]

    def in_way(self, facts: Iterable[int]) -> frozenset[int]:
        """Return the acts that would take a way away."""
        return frozenset(self.of[f] for f in facts if f in self.of)


def fact_id(fact: Fact) -> str:
    """Return the id of a fact, the same in every run."""
    return "T" + ids.digest_value(list(fact.key))[:12]


def bare(place: str) -> str:
    """Return the name of a place as people say it: ``asset:jump1`` is jump1."""
    kind, _, name = place.partition(":")
    if kind == "zone":
        return "the internet" if name == "internet" else f"the zone {name}"
    if kind == "credential":
        return f"the credential {short(name)}"
    return name or place


def short(fingerprint: str) -> str:
    """Return the beginning of a long fingerprint."""
    return fingerprint if len(fingerprint) <= 20 else fingerprint[:16] + "…"


def remedy_of(fact: Fact) -> str:
    """Return what to do about a fact; "" where nothing sensible can be done."""
    if fact.remedy or fact.kind not in USUAL:
        return fact.remedy
    return USUAL[fact.kind].format(source=bare(fact.source), target=bare(fact.target))


def acts_of(graph: Graph, also: Iterable[int] = ()) -> Acts:
    """Return the acts of a graph.

    Args:
        graph: The graph.
        also: Facts without a remedy of their own that may be removed by what is usual for their kind.
    """
    beyond = set(also)
    numbers: dict[str, int] = {}
    facts: list[list[int]] = []
    remedies: list[str] = []
    of: dict[int, int] = {}
    for number, fact in enumerate(graph.facts):
        if not fact.remedy and number not in beyond:
            continue
        act = numbers.setdefault(fact.act or f"\x00{number}", len(numbers))
        if act == len(facts):
            facts.append([])
            remedies.append(remedy_of(fact))
        facts[act].append(number)
        of[number] = act
    return Acts(tuple(map(tuple, facts)), tuple(remedies), of)
