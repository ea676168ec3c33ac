"""What follows from which facts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.paths.fixpoint import derive, relevant
from amends.paths.model import build
from amends.paths.shapes import INTERNET, Fact
from tests.paths.nets import naive, random_facts

HELPERS = ("login:", "door:")


def gained(facts: list[Fact]) -> set[str]:
    graph = build(facts)
    made = derive(graph, graph.none_closed())
    return {n for k, n in enumerate(graph.nodes) if made.has(k) and not n.startswith(HELPERS)}


def test_a_thousand_random_networks_give_what_trying_every_rule_gives() -> None:
    for seed in range(1000):
        facts = random_facts(seed, size=8 + seed % 24)
        assert gained(facts) == naive(facts), seed


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing_and_more_facts_take_nothing_away(
    seed: int, rng: object
) -> None:
    facts = random_facts(seed, size=18)
    shuffled = list(facts)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert gained(shuffled) == gained(facts)
    assert gained(facts[:9]) <= gained(facts)


def test_a_closed_fact_is_as_good_as_none() -> None:
    for seed in range(200):
        facts = random_facts(seed, size=16)
        graph = build(facts)
        for gone in range(0, 16, 5):
            closed = graph.none_closed()
            closed[gone] = True
            made = derive(graph, closed)
            have = {
                n for k, n in enumerate(graph.nodes) if made.has(k) and not n.startswith(HELPERS)
            }
            assert have == naive(f for n, f in enumerate(graph.facts) if n != gone)


LOGIN = "service:vpn:443/tcp"
CASES = {
    "nothing at all": ([], "asset:vpn", False),
    "asks for nothing": (["reach", "hosts", "no_auth"], "asset:vpn", True),
    "a hole that nobody can reach": (["hosts", "known_exploited"], "asset:vpn", False),
    "weak, and a log-in": (["reach", "hosts", "weak_auth", "exposes_login"], "asset:vpn", True),
    "weak, but no log-in": (["reach", "hosts", "weak_auth"], "asset:vpn", False),
    "a credential that nobody holds": (["reach", "hosts", "opens"], "asset:vpn", False),
    "a credential that lies on the internet": (
        ["reach", "hosts", "opens", "leaked"],
        "asset:vpn",
        True,
    ),
    "a credential without a route": (["hosts", "opens", "leaked"], "asset:vpn", False),
    "a route, and a credential that opens it no more": (
        ["reach", "hosts", "leaked"],
        "asset:vpn",
        False,
    ),
}
FACTS = {
    "reach": Fact("reach", INTERNET, LOGIN),
    "hosts": Fact("hosts", "asset:vpn", LOGIN),
    "no_auth": Fact("no_auth", LOGIN),
    "known_exploited": Fact("known_exploited", LOGIN),
    "weak_auth": Fact("weak_auth", LOGIN),
    "exposes_login": Fact("exposes_login", LOGIN),
    "opens": Fact("opens", "credential:k", LOGIN),
    "leaked": Fact("stored_on", "credential:k", INTERNET),
}


@pytest.mark.parametrize("name", CASES)
def test_control_needs_both_a_route_and_a_way_in(name: str) -> None:
    kinds, goal, expected = CASES[name]
    assert (goal in gained([FACTS[k] for k in kinds])) is expected


def test_trust_needs_a_packet_to_get_there() -> None:
    inside = [
        FACTS["reach"],
        FACTS["hosts"],
        FACTS["no_auth"],
        Fact("in_zone", "asset:vpn", "zone:lan"),
    ]
    trust = Fact(
        "trusts", "asset:vpn", "asset:build", detail=(("how", "authorized_keys"), ("port", "22"))
    )
    ssh, web = "service:build:22/tcp", "service:build:80/tcp"
    hosts = [Fact("hosts", "asset:build", ssh), Fact("hosts", "asset:build", web)]
    assert "asset:build" not in gained([*inside, trust, *hosts])
    assert "asset:build" not in gained([*inside, trust, *hosts, Fact("reach", "zone:lan", web)])
    assert "asset:build" in gained([*inside, trust, *hosts, Fact("reach", "zone:lan", ssh)])


def test_facts_that_need_each_other_give_nothing_out_of_nothing() -> None:
    assert gained(
        [
            Fact("stored_on", "credential:a", "asset:one"),
            Fact("opens", "credential:a", "service:one:22/tcp"),
            Fact("reach", INTERNET, "service:one:22/tcp"),
            Fact("hosts", "asset:one", "service:one:22/tcp"),
        ]
    ) == {INTERNET, "service:one:22/tcp"}


def test_a_chain_of_twenty_thousand_hosts_is_walked_to_its_end() -> None:
    facts = [Fact("reach", INTERNET, "service:h0:1/tcp")]
    for n in range(20_000):
        service = f"service:h{n}:1/tcp"
        facts += [
            Fact("hosts", f"asset:h{n}", service),
            Fact("no_auth", service),
            Fact("reach", f"asset:h{n}", f"service:h{n + 1}:1/tcp"),
        ]
    graph = build(facts)
    assert derive(graph, graph.none_closed()).has(graph.node_number["asset:h19999"])


def test_the_relevant_part_gives_the_goal_and_holds_nothing_that_cannot_serve() -> None:
    for seed in range(300):
        graph = build(random_facts(seed, size=20))
        goals = [n for n, name in enumerate(graph.nodes) if name.startswith("store:")]
        made = derive(graph, graph.none_closed())
        part = relevant(graph, goals, graph.none_closed())
        again = derive(part, part.none_closed())
        assert np.all(again.layer[part.head] >= 0)
        for goal in goals:
            name = graph.nodes[goal]
            there = name in part.node_number and again.has(part.node_number[name])
            assert there == made.has(goal)


def test_hostile_names_are_only_names() -> None:
    evil = "service:<script>:'; DROP TABLE x;--:22/tcp"
    facts = [
        Fact("reach", INTERNET, evil),
        Fact("no_auth", evil),
        Fact("hosts", "asset:\x00\u202e", evil),
    ]
    assert "asset:\x00\u202e" in gained(facts)
