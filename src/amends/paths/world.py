"""All sightings put together: which machine is meant, which zone it stands in, which services it offers.

Names are compared without case, by full name, by the part before the first dot, and by address. The first spelling of
a name wins; the company's own lists are read first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from amends.paths.collectors.seen import (
    AccountSeen,
    AdminSeen,
    AssetSeen,
    ClaimSeen,
    DeviceSeen,
    ExploitedSeen,
    FactSeen,
    FirewallSeen,
    GrantSeen,
    GroupSeen,
    KeySeen,
    LinkSeen,
    LockedSeen,
    LookedSeen,
    PortSeen,
    ScanSeen,
    SecretSeen,
    ServiceSeen,
    Sighting,
    StoreSeen,
    TrustSeen,
)
from amends.paths.devices import Device
from amends.paths.shapes import Reject
from amends.paths.spaces import address

"""Words that name the outside in descriptions and security zones, where no zone of the company is so called."""

ROOTS = frozenset(
    {"etc", "home", "root", "var", "usr", "opt", "srv", "windows", "users", "proc", "mnt"}
)
"""Folders at the top of a machine: the folder above one of them is the machine's."""

_ITS_FOLDER = "Put the file into a folder called like its host."


@dataclass
class Asset:
    """A machine."""

    name: str
    ips: set[int] = field(default_factory=set)
    zone: str = ""
    role: str = ""
    place: str = ""


@dataclass
class Service:
    """A service of a machine; unsaid is ``None`` or ""."""

    asset: str
    port: int
    protocol: str
    places: list[str] = field(default_factory=list)
    auth: str = ""
    mfa: bool | None = None
    lockout: bool | None = None
    product: str = ""
    cves: dict[str, str] = field(default_factory=dict)
    weak: str = ""
    act: str = ""
    listed: bool = False

    @property
    def name(self) -> str:
        """Return the service's name as facts write it."""
        return f"service:{self.asset}:{self.port}/{self.protocol}"


@dataclass
class World:
    """Everything known of one state of the network."""

    assets: dict[str, Asset] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    by_ip: dict[int, str] = field(default_factory=dict)
    services: dict[tuple[str, int, str], Service] = field(default_factory=dict)
    offered: dict[str, list[Service]] = field(default_factory=lambda: defaultdict(list))
    devices: dict[str, Device] = field(default_factory=dict)
    firewalls: dict[str, list[FirewallSeen]] = field(default_factory=lambda: defaultdict(list))
    scans: list[tuple[str, str, ScanSeen]] = field(default_factory=list)
    accounts: list[AccountSeen] = field(default_factory=list)
    grants: list[GrantSeen] = field(default_factory=list)
    stores: list[StoreSeen] = field(default_factory=list)
    secrets: list[SecretSeen] = field(default_factory=list)
    keys: list[KeySeen] = field(default_factory=list)
    locked: list[LockedSeen] = field(default_factory=list)
    groups: list[GroupSeen] = field(default_factory=list)
    admins: list[AdminSeen] = field(default_factory=list)
    trusts: list[TrustSeen] = field(default_factory=list)
    exploited: dict[str, str] = field(default_factory=dict)
    likely: dict[str, float] = field(default_factory=dict)
    claims: list[dict[str, str]] = field(default_factory=list)
    looked: list[LookedSeen] = field(default_factory=list)
    facts: list[FactSeen] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    zones: set[str] = field(default_factory=set)

    def key(self, name: str) -> str:
        """Return which asset a name or address means; "" for none known."""
        low = name.strip().lower().rstrip(".")
        if low in self.alias:
            return self.alias[low]
        value = address(low)
        if value is not None:
            return self.by_ip.get(value, "")
        return self.alias.get(low.split(".", 1)[0], "")

    def unknown_host(self, place: str, remedy: str = _ITS_FOLDER) -> None:
        """Note that nobody can tell which host something is about.

        Args:
            place: File and line.
            remedy: What would tell.
        """
        self.rejects.append(Reject(place, "unknown_host", remedy))

    def asset(self, name: str, place: str = "") -> Asset:
        """Return the asset a name means; a new one where none is known."""
        known = self.key(name)
        if known:
            return self.assets[known]
        low = name.strip().lower().rstrip(".")
        made = Asset(name.strip(), place=place)
        self.assets[low] = made
        self.alias[low] = low
        value = address(low)
        if value is not None:
            self.add_ip(low, value)
        elif "." in low:
            self.alias.setdefault(low.split(".", 1)[0], low)
        return made

    def add_ip(self, key: str, value: int) -> None:
        """Note an address of an asset; the first to have it keeps the name."""
        self.assets[key].ips.add(value)
        self.by_ip.setdefault(value, key)

    def called(self, name: str) -> str:
        """Return an asset's name as it is spelled here; the name itself where it is not known."""
        known = self.key(name)
        return self.assets[known].name if known else name.strip()

    def host_of(self, path: str) -> str:
        """Return the asset a file belongs to, by the folders and the name of its path; "" when none is meant."""
        parts = [part for part in re.split(r"[/\\]", path) if part]
        known = next((part for part in reversed(parts[:-1]) if self.key(part)), "")
        if known:
            return self.called(known)
        for at, part in enumerate(parts[:-1]):
            if at and part.lower() in ROOTS:
                return self.called(parts[at - 1])
        named = next((word for word in _words_in(parts[-1]) if self.key(word)), "") if parts else ""
        return self.called(named) if named else ""

    def service(self, asset: str, port: int, protocol: str, place: str) -> Service:
        """Return a service of an asset; a new one where it was not known."""
        machine = self.asset(asset, place)
        key = (machine.name, port, protocol)
        found = self.services.get(key)
        if found is None:
            found = self.services[key] = Service(*key)
            self.offered[machine.name].append(found)
        if place and place not in found.places:
            found.places.append(place)
        return found

    def services_of(self, asset: str, port: int = 0) -> list[Service]:
        """Return the services of an asset, all or those of a port."""
        return [s for s in self.offered.get(asset, ()) if not port or s.port == port]


def _words_in(name: str) -> Iterator[str]:
    """Yield the parts of a file's name that may be a host's, longest first: ``db1-iptables.save`` has ``db1``."""
    cuts = [0, *(at.end() for at in re.finditer(r"[._ -]", name)), len(name) + 1]
    spans = [(b - a, a, b) for i, a in enumerate(cuts) for b in cuts[i + 1 :]]
    for _, start, end in sorted(spans, key=lambda span: (-span[0], span[1]))[:2000]:
        yield name[start : end - 1]


def slug(name: str) -> str:
    """Return a zone's name as we write it: lower case, one sign for every gap."""
    return re.sub(r"[\s/,;]+", "-", name.strip().lower()).strip("-")


def put_together(sightings: Iterable[Sighting]) -> World:
    """Return the world that the sightings describe."""
    world = World()
    rows: dict[str, list[Any]] = defaultdict(
        list
    )  # by class name; each goes to the one function for its class
    for seen in sightings:
        rows[type(seen).__name__].append(seen)
    for kind, add in _ORDER:
        for seen in rows[kind]:
            add(world, seen)
    for kind, keep in _KEPT.items():
        getattr(world, keep).extend(rows[kind])
    return world


def _add_asset(world: World, seen: AssetSeen) -> None:
    known = ""
    if not seen.name:
        known = next((world.key(ip) for ip in seen.ips if world.key(ip)), "")
    name = world.assets[known].name if known else seen.name or (seen.ips[0] if seen.ips else "")
    if not name:
        return
    machine = world.asset(name, seen.place)
    key = world.key(name)
    for ip in seen.ips:
        value = address(ip.split("/", 1)[0])
        if value is None:
            world.rejects.append(
                Reject(seen.place, "malformed_row", "Write the address as 10.0.0.1 or 2001:db8::1.")
            )
        else:
            world.add_ip(key, value)
    machine.zone = machine.zone or slug(seen.zone)
    machine.role = machine.role or seen.role
    for other in seen.names:
        world.alias.setdefault(other.strip().lower(), key)
    if machine.zone:
        world.zones.add(machine.zone)


def _add_device(world: World, seen: DeviceSeen) -> None:
    machine = world.asset(seen.device.name, seen.place)
    key = world.key(machine.name)
    seen.device.name = machine.name
    for leg in seen.device.interfaces.values():
        leg.device = machine.name
        for value in leg.addresses:
            world.add_ip(key, value)
    if key in world.devices:
        world.rejects.append(
            Reject(
                seen.place,
                "twice",
                f"Two configurations of {machine.name}: keep the one of this date.",
            )
        )
        _merge(world.devices[key], seen.device)
        return
    world.devices[key] = seen.device


def _merge(one: Device, other: Device) -> None:
    for name, leg in other.interfaces.items():
        one.interfaces.setdefault(name, leg)
    for name, made in other.filters.items():
        one.filters.setdefault(name, made)
    one.routes += other.routes


def _add_scan(world: World, seen: ScanSeen) -> None:
    known = next((world.key(word) for word in (*seen.ips, *seen.names) if world.key(word)), "")
    if not known:
        if not seen.up or not (seen.names or seen.ips):
            return
        world.asset(seen.names[0] if seen.names else seen.ips[0], seen.place)
        known = world.key(seen.names[0] if seen.names else seen.ips[0])
    for ip in seen.ips:
        value = address(ip)
        if value is not None:
            world.add_ip(known, value)
    for name in seen.names:
        world.alias.setdefault(name.strip().lower(), known)
    world.scans.append((known, "", seen))
    for port in seen.ports:
        if port.state == "open":
            _add_port(world, world.assets[known].name, port)


def _add_port(world: World, asset: str, port: PortSeen) -> None:
    service = world.service(asset, port.port, port.protocol, port.place)
    service.product = service.product or port.product
    service.weak = service.weak or port.weak
    if port.auth == "none" or not service.auth:
        service.auth = port.auth or service.auth
    for cve in port.cves:
        service.cves.setdefault(cve, port.place)


def _add_service(world: World, seen: ServiceSeen) -> None:
    asset = seen.asset or _file_host(world, seen.place.rpartition(":")[0])
    if not asset:
        return
    service = world.service(asset, seen.port, seen.protocol, seen.place)
    service.auth = service.auth or seen.auth
    service.mfa = seen.mfa if service.mfa is None else service.mfa
    service.lockout = seen.lockout if service.lockout is None else service.lockout
    service.product = service.product or seen.product
    service.act = service.act or seen.act
    service.listed = service.listed or seen.listed
    for cve in seen.cves:
        service.cves.setdefault(cve, seen.place)


def _add_store(world: World, seen: StoreSeen) -> None:
    if seen.asset:
        machine = world.asset(seen.asset, seen.place)
        if seen.port and not world.services_of(machine.name, seen.port):
            world.service(seen.asset, seen.port, "tcp", seen.place)
    world.stores.append(seen)


def _add_exploited(world: World, seen: ExploitedSeen) -> None:
    if seen.epss is None:
        world.exploited.setdefault(seen.cve, seen.place)
    else:
        world.likely[seen.cve] = max(seen.epss, world.likely.get(seen.cve, 0.0))


def _file_host(world: World, path: str) -> str:
    """Return the host whose firewall or settings a file is: as a host tells, or by its path; "" when none is meant."""
    file = path.replace("\\", "/")
    told = next((host for name, host in world.links.items() if file.endswith(name)), "")
    return told or world.host_of(path) or _by_name(path)


def _by_name(path: str) -> str:
    """Return the host a file is called after, ``db1.iptables`` or ``iptables-db1.rules``; "" for a general name."""
    stem = re.sub(
        r"(?:\.(?:iptables|ip6tables|rules|save|txt|v4|v6|conf|fw))+$",
        "",
        re.split(r"[/\\]", path)[-1],
    )
    stem = re.sub(
        r"(?:^|[-_.])(?:ip6?tables(?:-save)?|firewall|fw|rules|input)(?:$|[-_.])",
        "",
        stem,
        flags=re.I,
    )
    return stem if len(stem) > 1 else ""


def _add_firewall(world: World, seen: FirewallSeen) -> None:
    host = seen.host or _file_host(world, seen.place)
    if not host:
        world.rejects.append(
            Reject(
                seen.place,
                "unknown_host",
                "Put the file into a folder called like its host, or name it HOST.iptables.",
            )
        )
        return
    world.firewalls[world.asset(host, seen.place).name].append(seen)


def _add_link(world: World, seen: LinkSeen) -> None:
    world.links[seen.file.replace("\\", "/")] = seen.host


def _add_claim(world: World, seen: ClaimSeen) -> None:
    world.claims.append(dict(seen.words))


_ORDER: tuple[tuple[str, Callable[[World, Any], None]], ...] = (
    ("AssetSeen", _add_asset),
    ("DeviceSeen", _add_device),
    ("ScanSeen", _add_scan),
    ("LinkSeen", _add_link),
    ("FirewallSeen", _add_firewall),
    ("ServiceSeen", _add_service),
    ("StoreSeen", _add_store),
    ("ExploitedSeen", _add_exploited),
    ("ClaimSeen", _add_claim),
)
_KEPT = {
    "AccountSeen": "accounts",
    "GrantSeen": "grants",
    "SecretSeen": "secrets",
    "KeySeen": "keys",
    "LockedSeen": "locked",
    "GroupSeen": "groups",
    "AdminSeen": "admins",
    "TrustSeen": "trusts",
    "LookedSeen": "looked",
    "FactSeen": "facts",
    "Reject": "rejects",
}
