"""Which zone an interface, a machine or a scan stands in.

An interface's description names its zone; where it does not, its security zone, the machines of our lists that lie on
its network, or the network itself does.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from amends.paths.devices import Interface
from amends.paths.shapes import Reject
from amends.paths.spaces import NOTHING, TOP4, V4, Spans, holds, join, shown
from amends.paths.world import World, slug

OUTSIDE = frozenset(
    {
        "internet",
        "isp",
        "wan",
        "untrust",
        "untrusted",
        "outside",
        "external",
        "public",
        "upstream",
        "transit",
        "uplink",
    }
)


def viewpoint(path: str, zones: Iterable[str]) -> str:
    """Return the zone a scan was made from, by its file's name: ``internet``, ``inside-ZONE``; "" = not told."""
    stem = re.sub(
        r"(?:\.(?:xml|json|gz|gnmap|nmap|txt|bz2|xz|zip))+$",
        "",
        re.split(r"[/\\]", path)[-1].lower(),
    )
    stem = re.sub(r"[-_.]?(?:\d{4}-?\d{2}-?\d{2}|before|after)$", "", slug(stem).replace("_", "-"))
    known = {zone.replace("_", "-"): zone for zone in zones}
    inside = re.search(r"(?:^|-)(?:inside|from)-(.+)$", stem)
    if inside:
        word = inside[1]
        fits = [zone for zone in known if word == zone or word.startswith(f"{zone}-")]
        return known[max(fits, key=len)] if fits else word
    if stem in known:
        return known[stem]
    if re.search(r"(?:^|[-.])(?:internet|external|outside|perimeter)(?:$|[-.])", stem):
        return "internet"
    return ""


def viewpoints(world: World) -> None:
    """Note where each scan was made from; a zone that only a scan names is a zone too."""
    blind: Counter[str] = Counter()
    seen_from = []
    for key, _, scan in world.scans:
        zone = viewpoint(scan.path, world.zones | {"internet"})
        if zone:
            world.zones.add(zone)
        else:
            blind[scan.path] += 1
        seen_from.append((key, zone, scan))
    world.scans = seen_from
    for path in blind:
        world.rejects.append(
            Reject(
                path,
                "unknown_viewpoint",
                "Name the scan internet.xml or inside-ZONE.xml, for where it was made from; "
                "until then it says what answers, not who reaches it.",
            )
        )


def set_zones(world: World) -> None:
    """Give every interface, and every asset that lies behind one, its zone."""
    groups: dict[Spans, list[Interface]] = defaultdict(list)
    for device in world.devices.values():
        for leg in device.interfaces.values():
            if not leg.up or leg.name.lower().startswith(("loopback", "lo0", "null")):
                continue
            for key in leg.subnets or [NOTHING]:
                groups[key].append(leg)
    for subnet, legs in groups.items():
        if not subnet:
            for leg in legs:
                leg.zone = _zone_of([leg], NOTHING, world) or (
                    f"{leg.device}-{leg.name}".lower() if leg.group else ""
                )
            continue
        zone = _zone_of(legs, subnet, world) or f"net-{_cidr(subnet)}"
        for leg in legs:
            leg.zone = leg.zone or zone
    legs = [
        leg for device in world.devices.values() for leg in device.interfaces.values() if leg.zone
    ]
    world.zones.update(leg.zone for leg in legs)
    _place_assets(world, legs)


def _place_assets(world: World, legs: list[Interface]) -> None:
    spans = sorted(
        (low, high, leg.zone) for leg in legs for subnet in leg.subnets for low, high in subnet
    )
    for machine in world.assets.values():
        if machine.zone or not machine.ips:
            continue
        found = [zone for low, high, zone in spans for ip in machine.ips if low <= ip <= high]
        machine.zone = next((zone for zone in found if zone != "internet"), "")


def _zone_of(legs: list[Interface], subnet: Spans, world: World) -> str:
    """Return the zone that the legs on one network stand in; "" when nothing tells.

    First a zone we know by name, then words for the outside, then where the machines of our lists on that network
    stand, then the words themselves.
    """
    known = world.zones | {"internet"}
    said = [words for leg in legs for words in (leg.description, leg.group) if words]
    zone = next((zone for words in said if (zone := named_zone(words, known))), "")
    if zone:
        return zone
    if any(OUTSIDE & set(re.split(r"[^a-z0-9]+", words.lower())) for words in said):
        return "internet"
    machines = [
        m for m in world.assets.values() if m.zone and world.key(m.name) not in world.devices
    ]
    inside = Counter(m.zone for m in machines if any(holds(subnet, ip) for ip in m.ips))
    if inside:
        return inside.most_common(1)[0][0]
    return next(
        (re.sub(r"^(?:zone[-: ]*|to[- ])|[- ]zone$", "", slug(words)) for words in said), ""
    )


def named_zone(words: str, known: Iterable[str]) -> str:
    """Return the known zone that a description names: alone, or among other words; "" for none."""
    low = slug(words)
    zones = set(known)
    if low in zones:
        return low
    parts = f"-{re.sub(r'[^a-z0-9]+', '-', low)}-"
    fits = [(parts.find(f"-{_dashed(zone)}-"), -len(zone), zone) for zone in zones]
    fits = [fit for fit in fits if fit[0] >= 0 and _dashed(fit[2])]
    return min(fits)[2] if fits else ""


def _dashed(zone: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", zone).strip("-")


def _cidr(subnet: Spans) -> str:
    low, high = subnet[0]
    bits = (high - low + 1).bit_length() - 1
    width = 32 if V4 <= low <= TOP4 else 128
    return str(ipaddress.ip_network(f"{shown(low)}/{width - bits}", strict=False))


def subnets_of(world: World) -> Iterator[tuple[str, Spans]]:
    """Yield each zone's networks, as interfaces have them."""
    for device in world.devices.values():
        for leg in device.interfaces.values():
            if leg.zone:
                for subnet in leg.subnets:
                    yield leg.zone, subnet


def zone_addresses(world: World) -> dict[str, Spans]:
    """Return each zone's addresses: its networks, and the machines that stand in it."""
    parts: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for zone, subnet in subnets_of(world):
        parts[zone].extend(subnet)
    for key, machine in world.assets.items():
        if machine.zone and key not in world.devices:
            spans = parts[machine.zone]
            spans.extend((ip, ip) for ip in machine.ips)
    return {zone: join(spans) for zone, spans in parts.items()}
