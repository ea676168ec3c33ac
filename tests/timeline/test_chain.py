"""The chain on intrusions drawn by chance: every step, in order, the entry exact, nobody else accused."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from amends.kernel.register import Decision
from amends.timeline.chain.build import hop_id
from amends.timeline.chain.decided import Decided, read_decisions
from amends.timeline.chain.shapes import Hop
from tests.timeline.world import Company, Intruder, World, follow


def made(seed: int, way: str, **options: object) -> World:
    company = Company(seed, days=14, **options)  # type: ignore[arg-type]
    Intruder(company).act(way)
    return company.world


def chain(world: World, decided: Decided | None = None) -> list[Hop]:
    return [h for h in follow(world, decided)[0].hops if h.status == "chain"]


def labels(world: World, hops: Iterable[Hop]) -> list[set[str]]:
    known = world.labels()
    return [{known[e] for e in h.event_ids} for h in hops]


@pytest.mark.parametrize(("seed", "way"), [(21, "router"), (22, "vpn"), (23, "web")])
def test_every_step_is_found_in_order_and_nobody_else_is_accused(seed: int, way: str) -> None:
    world = made(seed, way)
    hops = chain(world)
    found = labels(world, hops)
    wanted = sorted({r["_label"] for r in world.rows if r["_label"]})
    places = [next((i for i, f in enumerate(found) if w in f), None) for w in wanted]
    assert None not in places
    assert places == sorted(places, key=lambda p: p or 0)
    assert all("" not in f for f in found)


@pytest.mark.parametrize(("seed", "way"), [(24, "router"), (25, "vpn")])
def test_the_first_access_is_exact_whatever_the_clocks_say(seed: int, way: str) -> None:
    world = made(seed, way)
    assert world.entry is not None
    at, source, host, account = world.entry
    entry = next(h for h in chain(world) if h.phase == "initial_access")
    assert (entry.source, entry.destination, entry.account) == (source, host, account)
    assert abs((entry.at - at).total_seconds()) <= entry.error_ms / 1000


def test_without_an_intruder_nobody_is_accused() -> None:
    """Backups, a scanner, a penetration test with its ticket, failed guesses and travellers are not the attacker."""
    company = Company(31, days=14)
    found = follow(company.world)[0].hops
    assert [h for h in found if h.status == "chain"] == []
    assert any("penetration test" in a for h in found if h.status == "excluded" for a in h.against)


def decision(number: int, kind: str, what: str) -> Decision:
    return Decision(
        f"D{number}", "2026-03-20T00:00:00Z", "somebody", kind, {"what": what}, kind, ""
    )


def test_a_decision_that_an_address_is_not_the_attacker_empties_the_chain_of_it() -> None:
    world = made(26, "web")
    before = chain(world)
    source = next(h.source for h in before if h.phase == "initial_access")
    after = chain(world, read_decisions([decision(1, "not_attacker", source)]))
    assert source not in {h.source for h in after}
    again = chain(
        world,
        read_decisions([decision(1, "not_attacker", source), decision(2, "attacker", source)]),
    )
    assert source in {h.source for h in again}


def test_a_hop_that_is_not_the_attacker_s_stays_out_and_keeps_its_id() -> None:
    world = made(27, "router")
    before = chain(world)
    gone = next(h for h in before if h.phase == "staging")
    after = follow(world, read_decisions([decision(1, "not_attacker", hop_id(gone.group))]))[0].hops
    assert hop_id(gone.group) not in {hop_id(h.group) for h in after if h.status == "chain"}


def test_an_event_is_named_as_it_is_shown() -> None:
    read = read_decisions(
        [decision(1, "attacker", "VFFFFFFFFFFFFFFFF"), decision(2, "attacker", "v0000000000000010")]
    )
    assert set(read.events) == {-1, 16}
