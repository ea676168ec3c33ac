"""Which stores somebody from the internet can reach: the smallest set of rules, worked out by plain repetition.

Tests compare Amends' answer with it. It knows nothing of formats: it reads the plan. The rules are those of the room
*paths*: whoever reaches a service and has what opens it has the host; whoever has the host has its stores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from amends.demo.net.plan import Allow, Network, Service, State

Place = str  # "internet" or a key of the estate


def answer(network: Network) -> dict[str, Any]:
    """Return the truth: stores open before and after, the ways to them, and what the fixes did."""
    name = {key: machine.name for key, machine in network.estate.machines.items()}
    before, after = _reached(network, network.before), _reached(network, network.after)
    between = _reached(network, network.between)
    stores = sorted(network.store_hosts)
    return {
        "before": {"on": network.before.on, "open": [s for s in stores if s in before["stores"]],
                   "controlled": sorted(name[a] for a in before["controlled"])},
        "between": {"on": network.between.on, "open": [s for s in stores if s in between["stores"]]},
        "after": {"on": network.after.on, "open": [s for s in stores if s in after["stores"]],
                  "controlled": sorted(name[a] for a in after["controlled"])},
        "ways_before": {s: _named(before["stores"][s], name) for s in stores if s in before["stores"]},
        "ways_after": {s: _named(after["stores"][s], name) for s in stores if s in after["stores"]},
        "closed": [s for s in stores if s in before["stores"] and s not in after["stores"]],
        "fixes": [{"name": f.name, "words": f.words, "state": f.state,
                   "facts": [{"kind": k, "source": s, "target": t} for k, s, t in f.facts]} for f in network.fixes],
        "must_not_fire": [
            {"why": "rotated", "host": name["test1"], "target": f"{name['winfs']}:445"},
            {"why": "no route", "host": name["web"], "target": f"{name['app']}:8080"},
        ],
    }  # fmt: skip


def _named(steps: list[str], name: dict[str, str]) -> list[str]:
    return [name.get(step, step) for step in steps]


def _reached(network: Network, state: State) -> dict[str, Any]:
    """Repeat the rules until nothing new is found; keep for each thing the first way to it."""
    found = Found()
    while True:
        before = found.size
        for place, way in list(found.ways.items()):
            _take_over(network, state, found, place, way)
            _pick_up(state, found, place, way)
        for store, (key, port) in network.store_hosts.items():
            way_to = found.ways.get(key) or _by_account(network, state, found, store, (key, port))
            if way_to and store not in found.stores:
                found.stores[store] = [*way_to, store]
        if before == found.size:
            return {
                "controlled": [key for key in found.ways if key != "internet"],
                "stores": found.stores,
            }


@dataclass
class Found:
    """What somebody has so far, each with the hosts on the way to it."""

    ways: dict[Place, list[str]] = field(default_factory=lambda: {"internet": ["internet"]})
    held: dict[str, list[str]] = field(default_factory=dict)
    stores: dict[str, list[str]] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int, int]:
        """Return how much it is."""
        return len(self.ways), len(self.held), len(self.stores)


def _take_over(network: Network, state: State, found: Found, place: Place, way: list[str]) -> None:
    for service in state.services:
        if service.asset in found.ways or not reaches(network, state, place, service):
            continue
        if service.weak or service.cve or _opens(state, found.held, service):
            found.ways[service.asset] = [*way, service.asset]


def _pick_up(state: State, found: Found, place: Place, way: list[str]) -> None:
    for secret in state.secrets:
        if secret.host == place and secret.found == secret.current:
            found.held.setdefault(secret.name, way)


def _by_account(
    network: Network, state: State, found: Found, store: str, door: tuple[str, int]
) -> list[str]:
    """Return the way to a store by an account that reads it, from wherever its door can be reached."""
    service = next((s for s in state.services if (s.asset, s.port) == door), None)
    readers = {identity for identity, named, _ in network.grants if named == store}
    for secret in state.secrets:
        if (
            service is None
            or secret.name not in found.held
            or secret.identity not in readers
            or door not in secret.targets
        ):
            continue
        for place, way in found.ways.items():
            if reaches(network, state, place, service):
                return way
    return []


def _opens(state: State, held: dict[str, list[str]], service: Service) -> bool:
    return any(
        secret.name in held and secret.found == secret.current and (service.asset, service.port) in secret.targets
        for secret in state.secrets
    )  # fmt: skip


def reaches(network: Network, state: State, place: Place, service: Service) -> bool:
    """Return whether a packet gets from a place to a service."""
    estate = network.estate
    if place == service.asset:
        return False
    allowed = state.walls.get(service.asset)
    if place == "internet":
        if service.asset == "edge":
            return state.managed
        if service.asset == "vpn":
            return True
        return allowed is None and _listed(network, state, "edge", "", service)
    if allowed is not None and place not in allowed and estate[place].zone not in allowed:
        return False
    # Whoever has the VPN concentrator sends from its pool as well.
    zones = {estate[place].zone} | ({"vpn"} if place == "vpn" else set())
    return any(
        estate[service.asset].zone == zone or _listed(network, state, zone, place, service)
        for zone in zones
    )


def _listed(network: Network, state: State, zone: str, place: Place, service: Service) -> bool:
    """Return whether the zone's inbound list lets it through: the first line that fits decides."""
    target = network.estate[service.asset]
    for allow in state.allows:
        if allow.zone == zone and _fits(allow, place, target.key, target.zone, service.port):
            return allow.permit
    return False


def _fits(allow: Allow, place: Place, key: str, zone: str, port: int) -> bool:
    if allow.source and allow.source != place:
        return False
    return allow.to in ("any", zone, key) and (not allow.ports or port in allow.ports)
