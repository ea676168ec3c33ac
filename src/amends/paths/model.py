"""The network as rules in arrays: from what the intruder has and which facts, what follows.

A *node* is something the intruder can gain: to send from a zone (``zone:…``), to control an asset (``asset:…``), to
reach a service (``service:…``), to be let in by it (``entered:…``), or in spite of it (``broken:…``), to hold a
credential (``credential:…``), to act as an identity (``identity:…``), to see a log-in prompt of an asset
(``login:…``), to see a door of a store (``door:…``), to read a store (``store:…``). A *step* is one rule applied: at
most two nodes AND at most four facts give one node. More facts never take a node away, so the order of steps does
not matter.

Source: the model of logical attack graphs, Ou, Boyer and McQueen, CCS 2006; the rules are those of the guide page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from amends.paths.shapes import INTERNET, Fact

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Key = tuple[str, str, str]

RULES = (
    "reach", "move", "no_auth", "known_exploited", "weak_auth", "opens", "control", "login", "admin_of", "trusts",
    "stored_on", "acts_as", "keeps", "door", "reads", "unguarded",
)  # fmt: skip
"""Names of the rules; a step holds the place of its rule here."""
RULE = {name: n for n, name in enumerate(RULES)}
STRUCTURAL = frozenset({"in_zone", "hosts", "serves", "exposes_login", "belongs_to"})
"""Facts that say how things stand, not what is wrong with them."""


@dataclass(frozen=True)
class Graph:
    """Nodes, facts and steps.

    Attributes:
        nodes: Names of the nodes.
        facts: The facts, each key once.
        head: For each step the node it gives.
        premises: For each step the nodes it needs, two columns, -1 where there is none.
        needs: For each step the facts it needs, four columns, -1 where there is none; the first is the one it is about.
        rule: For each step its rule.
        begin: Node at which the intruder begins; -1 when nothing touches it.
    """

    nodes: tuple[str, ...]
    facts: tuple[Fact, ...]
    head: Ints
    premises: Ints
    needs: Ints
    rule: Ints
    begin: int

    @cached_property
    def node_number(self) -> dict[str, int]:
        """Return the number of each node."""
        return {name: n for n, name in enumerate(self.nodes)}

    @cached_property
    def fact_number(self) -> dict[Key, int]:
        """Return the number of each fact by its key."""
        return {f.key: n for n, f in enumerate(self.facts)}

    @cached_property
    def by_premise(self) -> tuple[Ints, Ints]:
        """Return which steps need a node: where its steps begin, and the steps."""
        return _listed(self.premises, len(self.nodes))

    @cached_property
    def lists(self) -> tuple[list[int], list[int], list[int]]:
        """Return ``by_premise`` and ``head`` as lists, for walking node by node."""
        starts, steps = self.by_premise
        return starts.tolist(), steps.tolist(), self.head.tolist()

    @cached_property
    def by_head(self) -> tuple[Ints, Ints]:
        """Return which steps give a node."""
        return _listed(self.head[:, None], len(self.nodes))

    @cached_property
    def by_fact(self) -> tuple[Ints, Ints]:
        """Return which steps need a fact."""
        return _listed(self.needs, len(self.facts))

    @cached_property
    def waits(self) -> npt.NDArray[np.int16]:
        """Return for each step how many nodes it needs."""
        return np.asarray((self.premises >= 0).sum(axis=1), dtype=np.int16)

    def facts_of(self, step: int) -> list[int]:
        """Return the facts a step needs, the one it is about first."""
        return [n for n in self.needs[step].tolist() if n >= 0]

    def premises_of(self, step: int) -> list[int]:
        """Return the nodes a step needs."""
        return [n for n in self.premises[step].tolist() if n >= 0]

    def stores(self) -> list[str]:
        """Return the names of the stores that some step may give."""
        return [name[6:] for name in self.nodes if name.startswith("store:")]

    def none_closed(self) -> Flags:
        """Return flags that close no fact."""
        return np.zeros(len(self.facts), dtype=np.bool_)


def _listed(table: Ints, size: int) -> tuple[Ints, Ints]:
    """Return rows by the values of a table: begin of each value's rows, and the rows."""
    width = table.shape[1]
    flat = table.ravel()
    rows = np.repeat(np.arange(len(table), dtype=np.int32), width)
    kept = flat >= 0
    flat, rows = flat[kept], rows[kept]
    order = np.argsort(flat, kind="stable")
    starts = np.zeros(size + 1, dtype=np.int32)
    np.cumsum(np.bincount(flat, minlength=size), out=starts[1:])
    return starts, rows[order]


def merged(facts: Iterable[Fact]) -> list[Fact]:
    """Return each fact once; what several sources say of it is joined."""
    found: dict[Key, Fact] = {}
    for fact in facts:
        known = found.get(fact.key)
        found[fact.key] = fact if known is None else _joined(known, fact)
    return list(found.values())


def _joined(one: Fact, other: Fact) -> Fact:
    if other == one:
        return one
    words = dict.fromkeys((*one.evidence.split(" | "), *other.evidence.split(" | ")))
    return replace(
        one,
        evidence=" | ".join(w for w in words if w),
        on=max(one.on, other.on),
        detail=tuple(dict.fromkeys((*one.detail, *other.detail))),
        remedy=one.remedy or other.remedy,
        act=one.act or other.act,
        looks=tuple(dict.fromkeys((*one.looks, *other.looks))),
    )


@dataclass
class _Writer:
    """Collects steps while facts are read."""

    numbers: dict[str, int] = field(default_factory=dict)
    head: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    needs: list[tuple[int, ...]] = field(default_factory=list)
    rule: list[int] = field(default_factory=list)

    def node(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))

    def step(self, rule: str, gives: str, wants: Sequence[str], facts: Sequence[int]) -> None:
        """Add a step; one that needs what it gives leads nowhere."""
        if gives in wants:
            return
        self.head.append(self.node(gives))
        self.first.append(self.node(wants[0]))
        self.second.append(self.node(wants[1]) if len(wants) > 1 else -1)
        self.needs.append((*facts, *(-1,) * (4 - len(facts))))
        self.rule.append(RULE[rule])


@dataclass
class _Index:
    """Facts by what they join on."""

    logins: dict[str, int] = field(default_factory=dict)
    hosts: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    serves: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    zones: dict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    reach: dict[tuple[str, str], int] = field(default_factory=dict)


def build(facts: Iterable[Fact]) -> Graph:
    """Return the graph of these facts.

    Args:
        facts: Facts of any dates; the same key twice is one fact.
    """
    known = tuple(merged(facts))
    index, writer = _indexed(known), _Writer()
    writer.node(INTERNET)
    for number, fact in enumerate(known):
        if fact.kind in _STEPS:
            for rule, gives, wants, needs in _STEPS[fact.kind](index, fact, number):
                writer.step(rule, gives, wants, needs)
    return Graph(
        nodes=tuple(writer.numbers),
        facts=known,
        head=np.array(writer.head, dtype=np.int32),
        premises=np.array([writer.first, writer.second], dtype=np.int32).T.reshape(-1, 2).copy(),
        needs=np.array(writer.needs, dtype=np.int32).reshape(-1, 4),
        rule=np.array(writer.rule, dtype=np.int32),
        begin=0,
    )


def _indexed(facts: Sequence[Fact]) -> _Index:
    index = _Index()
    for number, fact in enumerate(facts):
        if fact.kind == "exposes_login":
            index.logins[fact.source] = number
        elif fact.kind == "hosts":
            index.hosts[fact.source].append((fact.target, number))
        elif fact.kind == "serves":
            index.serves[fact.source].append((fact.target, number))
        elif fact.kind == "in_zone":
            index.zones[fact.source].append((fact.target, number))
        elif fact.kind == "reach":
            index.reach[fact.source, fact.target] = number
    return index


Steps = Iterator[tuple[str, str, Sequence[str], Sequence[int]]]


def _reach(index: _Index, fact: Fact, number: int) -> Steps:
    yield "reach", fact.target, (fact.source,), (number,)


def _in_zone(index: _Index, fact: Fact, number: int) -> Steps:
    yield "move", fact.target, (fact.source,), (number,)


def _broken(index: _Index, fact: Fact, number: int) -> Steps:
    yield fact.kind, f"broken:{fact.source}", (fact.source,), (number,)


def _weak(index: _Index, fact: Fact, number: int) -> Steps:
    login = index.logins.get(fact.source)
    if login is not None:
        yield "weak_auth", f"broken:{fact.source}", (fact.source,), (number, login)


def _opens(index: _Index, fact: Fact, number: int) -> Steps:
    yield "opens", f"entered:{fact.target}", (fact.target, fact.source), (number,)
    for name, value in fact.detail:
        if name == "identity" and value:
            identity = value if value.startswith("identity:") else f"identity:{value}"
            yield "acts_as", identity, (fact.source,), (number,)


def _belongs(index: _Index, fact: Fact, number: int) -> Steps:
    yield "acts_as", fact.target, (fact.source,), (number,)


def _hosts(index: _Index, fact: Fact, number: int) -> Steps:
    if fact.target.startswith("store:"):
        yield "keeps", fact.target, (fact.source,), (number,)
        return
    yield "control", fact.source, (f"entered:{fact.target}",), (number,)
    yield "control", fact.source, (f"broken:{fact.target}",), (number,)
    login = index.logins.get(fact.target)
    if login is not None:
        yield "login", _login(fact.source), (fact.target,), (number, login)


def _login(asset: str) -> str:
    return f"login:{asset}"


def _serves(index: _Index, fact: Fact, number: int) -> Steps:
    yield "door", f"door:{fact.target}", (fact.source,), (number,)
    yield "unguarded", fact.target, (f"broken:{fact.source}",), (number,)


def _reads(index: _Index, fact: Fact, number: int) -> Steps:
    yield "reads", fact.target, (fact.source, f"door:{fact.target}"), (number,)


def _admin(index: _Index, fact: Fact, number: int) -> Steps:
    yield "admin_of", fact.target, (fact.source, _login(fact.target)), (number,)


def _stored(index: _Index, fact: Fact, number: int) -> Steps:
    yield "stored_on", fact.source, (fact.target,), (number,)


def _trusts(index: _Index, fact: Fact, number: int) -> Steps:
    """Yield a step for each way a packet gets from the trusted asset to a service of the trusting one."""
    if not (fact.source.startswith("asset:") and fact.target.startswith("asset:")):
        yield "trusts", fact.target, (fact.source,), (number,)
        return
    ports = {value for name, value in fact.detail if name == "port"}
    places = [(fact.source, -1), *index.zones.get(fact.source, ())]
    for service, hosts in index.hosts.get(fact.target, ()):
        if ports and service.rsplit(":", 1)[-1].split("/")[0] not in {
            p.split("/")[0] for p in ports
        }:
            continue
        for place, stands in places:
            reach = index.reach.get((place, service))
            if reach is not None:
                more = (stands,) if stands >= 0 else ()
                yield "trusts", fact.target, (fact.source,), (number, reach, hosts, *more)


_STEPS = {
    "reach": _reach,
    "in_zone": _in_zone,
    "no_auth": _broken,
    "known_exploited": _broken,
    "weak_auth": _weak,
    "opens": _opens,
    "belongs_to": _belongs,
    "hosts": _hosts,
    "serves": _serves,
    "reads": _reads,
    "admin_of": _admin,
    "stored_on": _stored,
    "trusts": _trusts,
}
