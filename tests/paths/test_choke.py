"""The fewest acts that close every way."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace

import networkx as nx
import pytest

from amends.paths import choke
from amends.paths.choke import plan
from amends.paths.fixpoint import derive
from amends.paths.model import Graph, build
from amends.paths.shapes import INTERNET, Fact
from tests.paths.nets import naive, random_facts

GOALS = ("store:s1", "store:s2")
STANDING = ("hosts", "in_zone", "serves", "belongs_to", "exposes_login")


def with_acts(seed: int, size: int) -> list[Fact]:
    rng = random.Random(seed)
    return [
        f
        if f.kind in STANDING
        else replace(f, remedy="mend it", act=rng.choice(["", "", "", "g1", "g2"]))
        for f in random_facts(seed, size)
    ]


def goals_of(graph: Graph) -> list[int]:
    return [graph.node_number[g] for g in GOALS if g in graph.node_number]


def fewest(facts: list[Fact]) -> int:
    """Return the size of the smallest closure, by trying every set of acts, small ones first."""
    groups: dict[object, list[Fact]] = {}
    for number, fact in enumerate(facts):
        if fact.remedy:
            groups.setdefault(fact.act or number, []).append(fact)
    for size in range(len(groups) + 1):
        for some in itertools.combinations(groups, size):
            gone = {f for k in some for f in groups[k]}
            if not naive(f for f in facts if f not in gone) & set(GOALS):
                return size
    raise AssertionError("nothing closes it")


def test_a_thousand_random_networks_are_closed_by_as_few_acts_as_trying_all_sets_finds() -> None:
    sizes = []
    for seed in range(1000):
        facts = with_acts(seed, 10 + seed % 10)
        graph = build(facts)
        acts, cut = plan(graph, goals_of(graph), graph.none_closed())
        if not naive(facts) & set(GOALS):
            assert cut.acts == ()
            continue
        assert cut.optimal
        assert len(cut.acts) == fewest(facts), seed
        gone = {f for a in cut.acts for f in acts.facts[a]}
        assert not naive(f for n, f in enumerate(graph.facts) if n not in gone) & set(GOALS)
        sizes.append(len(cut.acts))
    assert sizes.count(2) > 10
    assert sizes.count(1) > 100


def _layers(seed: int, width: int, depth: int) -> list[Fact]:
    """Return hosts in layers, each open, with ways from layer to layer that can be blocked."""
    rng = random.Random(seed)
    facts = [Fact("hosts", f"asset:{depth - 1}-{n}", "store:s1") for n in range(width)]
    for layer in range(depth):
        for n in range(width):
            service = f"service:{layer}-{n}:1/tcp"
            facts += [
                Fact("hosts", f"asset:{layer}-{n}", service),
                Fact("no_auth", service, remedy="shut it"),
            ]
            for other in range(width):
                if layer and rng.random() < 0.4:
                    facts.append(
                        Fact("reach", f"asset:{layer - 1}-{other}", service, remedy="block it")
                    )
            if not layer:
                facts.append(Fact("reach", INTERNET, service, remedy="block it"))
    return facts


@pytest.mark.parametrize("seed", range(20))
def test_where_steps_need_one_thing_the_answer_is_the_minimum_cut(seed: int) -> None:
    facts = _layers(seed, 5, 4)
    graph = build(facts)
    _, cut = plan(graph, [graph.node_number["store:s1"]], graph.none_closed())
    drawn = nx.DiGraph()
    for fact in facts:
        if fact.kind == "hosts" and fact.target.startswith("store:"):
            drawn.add_edge(fact.source, fact.target)
        elif fact.kind == "no_auth":
            drawn.add_edge(fact.source, "asset:" + fact.source.split(":")[1], capacity=1)
        elif fact.kind == "reach":
            drawn.add_edge(fact.source, fact.target, capacity=1)
    assert cut.method == "flow"
    assert cut.optimal
    assert len(cut.acts) == nx.minimum_cut_value(drawn, INTERNET, "store:s1")


def test_one_act_that_closes_two_ways_counts_once() -> None:
    facts: list[Fact] = []
    for name in ("one", "two"):
        service = f"service:{name}:22/tcp"
        facts += [
            Fact("reach", INTERNET, service, remedy="take line 12 out", act="acl:12"),
            Fact("no_auth", service, remedy=f"protect {name}"),
            Fact("hosts", f"asset:{name}", service),
            Fact("hosts", f"asset:{name}", "store:s1"),
        ]
    graph = build(facts)
    acts, cut = plan(graph, [graph.node_number["store:s1"]], graph.none_closed())
    assert [acts.remedy[a] for a in cut.acts] == ["take line 12 out"]
    assert cut.optimal


def test_a_way_without_any_remedy_gets_the_usual_one_and_one_without_a_fault_is_said_to_have_none() -> (
    None
):
    service = "service:web:443/tcp"
    facts = [Fact("reach", INTERNET, service), Fact("no_auth", service), Fact("hosts", "asset:web", service),
             Fact("hosts", "asset:web", "store:s1")]  # fmt: skip
    graph = build(facts)
    acts, cut = plan(graph, [graph.node_number["store:s1"]], graph.none_closed())
    assert len(cut.acts) == 1
    assert "web:443/tcp" in acts.remedy[cut.acts[0]]
    hopeless = build([Fact("in_zone", INTERNET, "zone:lan"), Fact("stored_on", "credential:a", "zone:lan"),
                      Fact("belongs_to", "credential:a", "store:s1")])  # fmt: skip
    _, cut = plan(hopeless, [hopeless.node_number["store:s1"]], hopeless.none_closed())
    assert len(cut.acts) == 1, "what lies about can be taken away"


def _crossed() -> Iterator[Fact]:
    """Yield a network in which every entry needs a route and a credential, many of each."""
    for n in range(12):
        service = f"service:d{n}:22/tcp"
        yield Fact("hosts", f"asset:d{n}", service)
        yield Fact("hosts", f"asset:d{n}", "store:s1")
        yield Fact("reach", INTERNET, service, remedy=f"block d{n}")
        for c in range(4):
            yield Fact(
                "opens",
                f"credential:c{(n + c) % 9}",
                service,
                remedy=f"rotate c{(n + c) % 9}",
                act=f"c{(n + c) % 9}",
            )
    for c in range(9):
        yield Fact("stored_on", f"credential:c{c}", INTERNET, remedy=f"rotate c{c}", act=f"c{c}")


def test_routes_and_credentials_are_weighed_together_and_the_answer_is_proved() -> None:
    graph = build(_crossed())
    acts, cut = plan(graph, [graph.node_number["store:s1"]], graph.none_closed())
    assert sorted(acts.remedy[a] for a in cut.acts) == [f"rotate c{n}" for n in range(9)]
    assert cut.optimal
    assert cut.method == "hitting set"


def test_where_the_work_ends_early_the_closure_still_closes_and_is_not_called_optimal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choke, "WORK", 1)
    graph = build(_crossed())
    acts, cut = plan(graph, [graph.node_number["store:s1"]], graph.none_closed())
    closed = graph.none_closed()
    closed[[f for a in cut.acts for f in acts.facts[a]]] = True
    assert not derive(graph, closed).has(graph.node_number["store:s1"])
    assert not cut.optimal
    assert cut.least <= 9 <= len(cut.acts)
