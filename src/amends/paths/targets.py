"""What is asked for: each address of each service, and what static translations add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from amends.paths.devices import Device, Translation
from amends.paths.filters import Door
from amends.paths.routes import INTERNET
from amends.paths.spaces import ANY, TOP4, V4, Spans, covers, join, size
from amends.paths.world import Service, World


@dataclass(frozen=True)
class Target:
    """One address of a service, and where it stands.

    Attributes:
        service: The service.
        door: What a packet is addressed to.
        zone: Zone it stands in; "" for a device's own.
        device: Device it is one of; "" for others.
        shown: What a packet is addressed to before a translation; ``None`` where there is none.
        by: The translation.
        box: Device that translates.
    """

    service: Service
    door: Door
    zone: str = ""
    device: str = ""
    shown: Door | None = None
    by: Translation | None = None
    box: str = ""


def _leg_addresses(box: Device, name: str) -> Spans:
    for leg in box.interfaces.values():
        if name.lower() in {leg.name.lower(), leg.group.lower()}:
            return join((value, value) for value in leg.addresses)
    return ()


def targets(world: World, addresses: dict[str, Spans]) -> Iterator[Target]:
    """Yield each address of each service, and those that translations add."""
    legs = [
        (low, high, leg.zone)
        for box in world.devices.values()
        for leg in box.interfaces.values()
        if leg.zone
        for subnet in leg.subnets
        for low, high in subnet
    ]
    homes: dict[str, list[tuple[Spans, str]]] = {}
    for service in world.services.values():
        key = world.key(service.asset)
        if key in world.devices:
            yield from _own(service, world.devices[key])
            continue
        if key not in homes:
            homes[key] = _homes(world, addresses, key, legs)
        for spans, zone in homes[key]:
            target = Target(service, Door(spans, service.protocol, service.port), zone)
            yield target
            yield from _translated(world, target)


def _homes(
    world: World, addresses: dict[str, Spans], key: str, legs: list[tuple[int, int, str]]
) -> list[tuple[Spans, str]]:
    """Return a machine's addresses, each with the zone it stands in."""
    machine = world.assets[key]
    out: list[tuple[Spans, str]] = []
    for ip in sorted(machine.ips):
        zones = [zone for low, high, zone in legs if low <= ip <= high]
        zone = zones[0] if zones else machine.zone
        if (zone and zone != INTERNET) or machine.zone == INTERNET:
            out.append((((ip, ip),), zone))
        elif machine.zone:
            out.append((((ip, ip),), machine.zone))
    if not out and machine.zone:
        out.append((addresses.get(machine.zone) or ANY, machine.zone))
    return out


def _own(service: Service, box: Device) -> Iterator[Target]:
    values = dict.fromkeys(
        value for leg in box.interfaces.values() if leg.up for value in leg.addresses
    )
    spans: list[Spans] = [((value, value),) for value in values]
    for span in spans or [ANY]:
        yield Target(service, Door(span, service.protocol, service.port), device=box.name)


def _translated(world: World, target: Target) -> Iterator[Target]:
    """Yield the addresses a service also has before a static translation."""
    for box in world.devices.values():
        for made in box.translations:
            if not covers(made.inside, target.door.target) or made.protocol not in {
                "",
                target.door.protocol,
            }:
                continue
            if made.inside_port not in {-1, target.door.port}:
                continue
            outside = made.outside or _leg_addresses(box, made.outside_interface)
            if made.outside and size(made.outside) == size(made.inside):
                shift = made.outside[0][0] - made.inside[0][0]
                low = target.door.target[0][0] + shift
                outside = ((low, low),)
            if outside:
                port = made.outside_port if made.outside_port >= 0 else target.door.port
                shown = Door(outside[:1], target.door.protocol, port)
                yield Target(target.service, target.door, target.zone, "", shown, made, box.name)


def family(door: Door) -> int:
    """Return 4 or 6: which protocol a door is reached by."""
    if door.target == ANY:
        return 4
    return 4 if door.target and V4 <= door.target[0][0] <= TOP4 else 6
