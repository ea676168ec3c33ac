"""Which devices, and which of their legs, a packet passes on its way from a zone to a zone or to a device.

Zones are the nodes and devices stand between them. A device sends a packet straight into a zone it has a leg in; else
along its static routes; else (a routing protocol, or a configuration that leaves routes out) along every shortest way.
Default routes only lead to the internet. Ways are the same in both directions. The internet is a beginning or an end,
never a way through.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from amends.paths.devices import Device, Interface
from amends.paths.spaces import Spans, both, holds, size

FAR = 10**6
INTERNET = "internet"


@dataclass(frozen=True)
class Step:
    """A device passed: in by one leg, out by another (``None`` = the packet is for the device itself)."""

    device: Device
    entering: Interface
    leaving: Interface | None

    @property
    def into(self) -> str:
        """Return the zone it leads into; "" for the device itself."""
        return self.leaving.zone if self.leaving is not None else ""


@dataclass(frozen=True)
class Way:
    """The steps from a zone to a goal, nearer to the beginning first; they may branch and join."""

    steps: tuple[Step, ...]

    @cached_property
    def devices(self) -> tuple[str, ...]:
        """Return the names of the devices passed."""
        return tuple(dict.fromkeys(step.device.name for step in self.steps))


@dataclass
class Routes:
    """Ways over the devices of one network.

    Attributes:
        devices: All devices.
        addresses: Each zone's addresses.
    """

    devices: Iterable[Device]
    addresses: dict[str, Spans]
    legs: dict[str, list[Interface]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[str, Device] = field(default_factory=dict)
    far: dict[str, dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note which legs stand in which zone."""
        for device in self.devices:
            self.by_name[device.name] = device
            for leg in device.interfaces.values():
                if leg.zone:
                    self.legs[leg.zone].append(leg)
        self._hang_loose_zones()

    def _hang_loose_zones(self) -> None:
        """Put a zone that no interface stands in behind the leg that a static route to it leaves by."""
        for zone, spans in self.addresses.items():
            if zone in self.legs or zone == INTERNET or not spans:
                continue
            for device in self.by_name.values():
                leg = self._static_leg(device, spans)
                if leg is not None and leg.zone:
                    twin = Interface(
                        f"{leg.name} to {zone}", leg.device, zone=zone, addresses=list(leg.addresses),
                        entering=leg.entering, leaving=leg.leaving, group=leg.group, level=leg.level, place=leg.place,
                    )  # fmt: skip
                    self.legs[zone].append(twin)
                    device.interfaces[twin.name] = twin

    def _static_leg(self, device: Device, spans: Spans) -> Interface | None:
        """Return the leg by which a static route other than the default leads to these addresses."""
        fits = [
            route
            for route in device.routes
            if size(route.target) < 2**32 and both(route.target, spans)
        ]
        if not fits:
            return None
        route = min(fits, key=lambda r: size(r.target))
        if route.nowhere:
            return None
        for leg in device.interfaces.values():
            if not leg.up:
                continue
            if route.next_hop is not None:
                if any(holds(subnet, route.next_hop) for subnet in leg.subnets):
                    return leg
            elif leg.name == route.interface:
                return leg
        return None

    def distances(self, goal: str, device: str = "") -> dict[str, int]:
        """Return how many devices lie between each zone and the goal: a zone, or a device."""
        key = f"{device}/{goal}"
        if key in self.far:
            return self.far[key]
        out: dict[str, int] = {}
        queue: deque[str] = deque()
        if device:
            start = self.by_name[device]
            for leg in start.interfaces.values():
                if leg.zone and leg.zone not in out:
                    out[leg.zone] = 1
                    queue.append(leg.zone)
        else:
            out[goal] = 0
            queue.append(goal)
        while queue:
            zone = queue.popleft()
            if zone == INTERNET and zone != goal:
                continue
            for leg in self.legs.get(zone, ()):
                for other in self.by_name[leg.device].interfaces.values():
                    if other.zone and other.zone not in out:
                        out[other.zone] = out[zone] + 1
                        queue.append(other.zone)
        self.far[key] = out
        return out

    def way(self, source: str, goal: str, device: str = "", spans: Spans = ()) -> Way:
        """Return the way from a zone to a zone, or to a device.

        Args:
            source: Zone it begins in.
            goal: Zone it leads to; "" for a device.
            device: Device it leads to; "" for a zone.
            spans: Addresses looked for, by which static routes are chosen.
        """
        far = self.distances(goal, device)
        steps: list[Step] = []
        seen = {source}
        queue = deque([source])
        while queue:
            zone = queue.popleft()
            if zone == goal and not device:
                continue
            for step in self._steps(zone, goal, device, spans, far):
                steps.append(step)
                if step.into and step.into not in seen:
                    seen.add(step.into)
                    queue.append(step.into)
        return Way(tuple(steps))

    def _steps(
        self, zone: str, goal: str, device: str, spans: Spans, far: dict[str, int]
    ) -> list[Step]:
        out: list[Step] = []
        here = far.get(zone, FAR)
        for leg in self.legs.get(zone, ()):
            box = self.by_name[leg.device]
            if box.name == device:
                out.append(Step(box, leg, None))
                continue
            for leaving in self._leaving(box, leg, goal, spans, far):
                if leaving.zone != zone and (far.get(leaving.zone, FAR) < here):
                    out.append(Step(box, leg, leaving))
        return out

    def _leaving(
        self, box: Device, leg: Interface, goal: str, spans: Spans, far: dict[str, int]
    ) -> list[Interface]:
        """Return the legs by which a device sends on what came in by ``leg``."""
        others = [
            o for o in box.interfaces.values() if o.zone and o is not leg and o.zone != leg.zone
        ]
        straight = [o for o in others if o.zone == goal]
        if straight:
            return straight
        static = self._static_leg(box, spans) if spans and goal != INTERNET else None
        if (
            static is not None
            and static.zone
            and static is not leg
            and far.get(static.zone, FAR) < FAR
        ):
            return [static]
        nearest = min((far.get(o.zone, FAR) for o in others), default=FAR)
        return [o for o in others if far.get(o.zone, FAR) == nearest < FAR]

    def way_from(self, device: str, goal: str, spans: Spans = ()) -> Way:
        """Return the first steps from inside a device towards a zone; each enters by the leg it came from."""
        box = self.by_name[device]
        far = self.distances(goal)
        nowhere = Interface("", device)
        return Way(
            tuple(Step(box, nowhere, leg) for leg in self._leaving(box, nowhere, goal, spans, far))
        )
