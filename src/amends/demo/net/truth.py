"""Which stores somebody from the internet can reach: the smallest set of rules, worked out by plain repetition.

Tests compare Amends' answer with it. It knows nothing of formats: it reads the plan. The rules are those of the room
*paths*: whoever reaches a service and has what opens it has the host; whoever has the host has its stores.
"""

from __future__ import annotations

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
    """Repeat the rules until nothing new is found; keep for each thing one shortest way to it."""
    ways: dict[Place, list[str]] = {"internet": ["internet"]}
    held: dict[str, list[str]] = {}
    stores: dict[str, list[str]] = {}
    reads = {(identity, store) for identity, store, _ in network.grants}
    while True:
        before = len(ways), len(held), len(stores)
        for place, way in list(ways.items()):
            for service in state.services:
                if service.asset in ways or not reaches(network, state, place, service):
                    continue
                opened = _opens(state, held, service)
                if service.weak or service.cve or opened:
                    ways[service.asset] = [*way, service.asset]
            for secret in state.secrets:
                if secret.host == place and secret.found == secret.current:
                    held.setdefault(secret.name, way)
        for store, (key, port) in network.store_hosts.items():
            if store in stores:
                continue
            if key in ways:
                stores[store] = [*ways[key], store]
                continue
            door = next((s for s in state.services if s.asset == key and s.port == port), None)
            for secret in state.secrets:
                if door is None or secret.name not in held or (secret.identity, store) not in reads:
                    continue
                if (key, port) not in secret.targets:
                    continue
                start = next((p for p in ways if reaches(network, state, p, door)), None)
                if start is not None:
                    stores[store] = [*ways[start], store]
                    break
        if before == (len(ways), len(held), len(stores)):
            return {"controlled": [key for key in ways if key != "internet"], "stores": stores}


def _opens(state: State, held: dict[str, list[str]], service: Service) -> bool:
    return any(
        secret.name in held and secret.found == secret.current and (service.asset, service.port) in secret.targets
        for secret in state.secrets
    )  # fmt: skip


def reaches(network: Network, state: State, place: Place, service: Service) -> bool:
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
