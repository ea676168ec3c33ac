"""What stands between zones: routers and firewalls with their interfaces, lists and routes."""

from __future__ import annotations

from dataclasses import dataclass, field

from amends.paths.filters import Filter
from amends.paths.spaces import Spans


@dataclass
class Interface:
    """A leg of a device.

    Attributes:
        name: As configured.
        device: Device it belongs to.
        description: As configured; it names the zone.
        zone: The zone it stands in; filled when all inputs are known.
        addresses: The device's own addresses there.
        subnets: Networks there, as spans, one an address.
        entering: Names of the lists that packets pass when they come in.
        leaving: Names of the lists that packets pass when they go out.
        group: Security zone or ``nameif``.
        level: Security level of an ASA; -1 where there is none.
        place: File and line.
        up: Whether it is not shut down.
    """

    name: str
    device: str
    description: str = ""
    zone: str = ""
    addresses: list[int] = field(default_factory=list)
    subnets: list[Spans] = field(default_factory=list)
    entering: list[str] = field(default_factory=list)
    leaving: list[str] = field(default_factory=list)
    group: str = ""
    level: int = -1
    place: str = ""
    up: bool = True


@dataclass(frozen=True)
class Route:
    """A static route.

    Attributes:
        target: Where to.
        next_hop: Address of the next router; ``None`` when only an interface is named.
        interface: Interface it leaves by; "" when only the next router is named.
        nowhere: Whether packets are thrown away.
    """

    target: Spans
    next_hop: int | None = None
    interface: str = ""
    nowhere: bool = False


@dataclass(frozen=True)
class Translation:
    """A static translation: an inside host that is also reached under an outside address.

    Attributes:
        inside: Its own addresses.
        outside: Addresses it is reached under.
        protocol: ``tcp``, ``udp`` or "" for all.
        inside_port: Its own port; -1 for all.
        outside_port: Port under the outside address; -1 for all.
        place: File and line.
        real: Whether access lists see the inside address (ASA since 8.3) rather than the outside one (IOS).
        outside_interface: Interface whose address is meant, where no address is given.
    """

    inside: Spans
    outside: Spans
    protocol: str = ""
    inside_port: int = -1
    outside_port: int = -1
    place: str = ""
    real: bool = False
    outside_interface: str = ""


@dataclass
class Device:
    """A router or firewall.

    Attributes:
        name: Its host name.
        place: File.
        interfaces: By name.
        filters: Access lists by name.
        routes: Static routes.
        translations: Static translations.
        between: Lists for packets from one group of interfaces to another, by both groups; a firewall with zones.
        closed: Whether packets between two different groups need a list that lets them (zone-based firewalls).
        levels: Whether packets may go from a higher level to a lower one without a list, and not back (ASA).
        doors: Lists before one of the device's own services, by protocol and port, such as ``access-class``: one of
            them must let a packet in; "" is no list.
        same_level: Whether packets may go between interfaces of one level (ASA).
        spared: Whether packets to the device itself pass no list of an interface (ASA).
    """

    name: str
    place: str = ""
    interfaces: dict[str, Interface] = field(default_factory=dict)
    filters: dict[str, Filter] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    between: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    closed: bool = False
    levels: bool = False
    doors: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    same_level: bool = False
    spared: bool = False
