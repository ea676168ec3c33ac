"""Ways: all of them, none twice, none that holds more than it needs."""

from __future__ import annotations

import pytest

from amends.paths import derivations
from amends.paths.derivations import Ways, steps_within, ways_to
from amends.paths.model import Graph, build
from amends.paths.shapes import INTERNET, Fact
from tests.paths.nets import minimal_sets, naive, random_facts

GOALS = ("store:s1", "store:s2")


def sets(graph: Graph, found: Ways) -> set[frozenset[Fact]]:
    return {frozenset(graph.facts[f] for f in w.facts) for w in found.ways}


def test_a_thousand_random_networks_give_the_ways_that_trying_all_subsets_gives() -> None:
    several = 0
    for seed in range(1000):
        facts = random_facts(seed, size=12)
        graph = build(facts)
        reached = naive(facts)
        for goal in GOALS:
            expected = minimal_sets(facts, goal) if goal in reached else set()
            found = ways_to(graph, goal, graph.none_closed())
            assert sets(graph, found) == expected, (seed, goal)
            assert not found.more
            several += len(expected) > 1
    assert several > 50, "the networks are rich enough to mean something"


def test_ways_by_exclusion_are_the_same_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(250):
        facts = random_facts(seed, size=26)
        graph = build(facts)
        for goal in GOALS:
            all_ways = sets(graph, ways_to(graph, goal, graph.none_closed()))
            if len(all_ways) > 12:
                continue
            with monkeypatch.context() as patch:
                patch.setattr(derivations, "FEW_STEPS", -1)
                other = ways_to(graph, goal, graph.none_closed(), limit=50)
            assert sets(graph, other) == all_ways, (seed, goal)


def test_each_step_has_what_it_needs_when_its_turn_comes() -> None:
    for seed in range(300):
        graph = build(random_facts(seed, size=24))
        for goal in GOALS:
            for way in ways_to(graph, goal, graph.none_closed(), limit=5).ways:
                have = {graph.begin}
                used: set[int] = set()
                for step in way.steps:
                    assert set(graph.premises_of(step)) <= have
                    have.add(int(graph.head[step]))
                    used.update(graph.facts_of(step))
                assert graph.nodes[int(graph.head[way.steps[-1]])] == goal
                assert used == way.facts


def _ladder(rungs: int) -> list[Fact]:
    """Return a network with two to the power of ``rungs`` ways to one store."""
    facts = []
    for n in range(rungs):
        for side in "ab":
            service = f"service:{side}{n}:1/tcp"
            facts += [Fact("hosts", f"asset:{side}{n}", service), Fact("no_auth", service)]
            if n == 0:
                facts.append(Fact("reach", INTERNET, service))
            else:
                facts += [Fact("reach", f"asset:{other}{n - 1}", service) for other in "ab"]
    return [*facts, *(Fact("hosts", f"asset:{s}{rungs - 1}", "store:s") for s in "ab")]


@pytest.mark.parametrize("few", [-1, 10_000], ids=["by exclusion", "carried along"])
def test_a_million_ways_do_not_explode_and_it_is_said_that_there_are_more(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derivations, "FEW_STEPS", few)
    graph = build(_ladder(20))
    found = ways_to(graph, "store:s", graph.none_closed(), limit=10)
    assert len(found.ways) == 10
    assert found.more
    for way in found.ways:
        assert len(way.facts) == 61
        assert len(steps_within(graph, way.facts)) >= 60


def test_nothing_leads_to_a_store_that_nobody_knows() -> None:
    graph = build([Fact("reach", INTERNET, "service:a:1/tcp")])
    assert ways_to(graph, "store:none", graph.none_closed()) == Ways((), False)
