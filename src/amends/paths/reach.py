"""From where a new connection gets to which service: lists, translations, host firewalls, all by set algebra.

Services that no list on the way tells apart are asked once. For each zone and each such group the answer is the exact
set of addresses that get through: the whole zone, or the machines in the part that does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from amends.paths.devices import Device, Interface
from amends.paths.filters import PERMIT, Door, Filter, Piece, Rule, distinct
from amends.paths.routes import INTERNET, Routes, Step, Way
from amends.paths.spaces import (
    ANY,
    INTERNET_SPACE,
    PORTS,
    TOP4,
    V4,
    Spans,
    both,
    covers,
    holds,
    join,
    size,
    without,
)
from amends.paths.targets import Target, family, targets
from amends.paths.world import World
from amends.paths.zones import zone_addresses

WIDE4 = 2**16
WIDE6 = 2**80
"""More allowed addresses of the internet than these (a /16, or a /48 of IPv6) count as the internet: anybody can rent
one of them. Fewer are taken as what they are meant for, the known addresses of somebody."""


@dataclass(frozen=True)
class Reached:
    """An answer: who gets to services that nothing on the way tells apart.

    Attributes:
        source: ``zone:…`` or ``asset:…``.
        targets: Addresses of services.
        why: Rules that let it, in the order passed.
        devices: Devices passed.
    """

    source: str
    targets: tuple[Target, ...]
    why: tuple[Rule, ...]
    devices: tuple[str, ...]


@dataclass
class Reach:
    """Reachability in one world."""

    world: World
    addresses: dict[str, Spans] = field(default_factory=dict)
    routes: Routes = field(init=False)
    targets: list[Target] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    at: dict[Door, int] = field(default_factory=dict)
    classes: dict[int, tuple[npt.NDArray[np.int32], list[bytes]]] = field(default_factory=dict)
    memo: dict[tuple[int, int, str, tuple[Piece, ...]], list[Piece]] = field(default_factory=dict)
    members: dict[str, list[tuple[str, tuple[int, ...]]]] = field(default_factory=dict)
    unrouted: set[str] = field(default_factory=set)
    skipped: Rule | None = None
    alike: dict[tuple[int, tuple[str, ...]], list[list[Target]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lay out zones, ways, services and lists."""
        self.addresses = zone_addresses(self.world)
        self.routes = Routes(self.world.devices.values(), self.addresses)
        inside = join(
            span for zone, spans in self.addresses.items() if zone != INTERNET for span in spans
        )
        own = self.addresses.get(INTERNET, ())
        self.addresses[INTERNET] = join((*without(INTERNET_SPACE, inside), *own))
        members: dict[str, list[tuple[str, tuple[int, ...]]]] = defaultdict(list)
        for key, machine in self.world.assets.items():
            if machine.zone and key not in self.world.devices:
                members[machine.zone].append((machine.name, tuple(machine.ips)))
        self.members = members
        self.targets = list(targets(self.world, self.addresses))
        for target in self.targets:
            for door in (target.door, target.shown):
                if door is not None and door not in self.at:
                    self.at[door] = len(self.doors)
                    self.doors.append(door)

    # answers

    def answers(self) -> Iterator[Reached]:
        """Yield who gets to which service, each source and service once for each way of addressing it."""
        groups: dict[tuple[str, str, str, int], list[Target]] = defaultdict(list)
        for target in self.targets:
            groups[
                target.zone, target.device, target.box, id(target.by) if target.by else 0
            ].append(target)
        sources = sorted((self.world.zones | set(self.routes.legs) | set(self.members)) - {""})
        for (zone, device, box, _), found in groups.items():
            for source in sources:
                yield from self._from(source, zone, device, box, found)

    def _from(
        self, source: str, zone: str, device: str, box: str, targets: list[Target]
    ) -> Iterator[Reached]:
        whole = self.addresses.get(source, ())
        asking = [Piece(whole or ANY, PORTS)]
        spans = join(s for t in targets for s in t.door.target)
        way, devices = self._way(source, zone, device, box, spans)
        if way is None and (device or box or source != zone):
            return
        for group in self._alike(targets, devices):
            pieces = asking if way is None else self._passed(way, group[0], asking, source)
            if not pieces:
                continue
            for alike in self._by_firewall(group):
                got = self._host_firewall(alike[0], pieces)
                for name, why in self._who(source, whole, got):
                    mine = tuple(t for t in alike if name != f"asset:{t.service.asset}")
                    if mine:
                        yield Reached(name, mine, why, devices)

    def _by_firewall(self, group: list[Target]) -> Iterator[list[Target]]:
        """Yield those without a firewall of their own together, the others each alone."""
        walls = self.world.firewalls
        bare = [target for target in group if target.service.asset not in walls]
        if bare:
            yield bare
        yield from ([target] for target in group if target.service.asset in walls)

    def _way(
        self, source: str, zone: str, device: str, box: str, spans: Spans
    ) -> tuple[Way | None, tuple[str, ...]]:
        """Return the way from a zone to where services stand, and the devices on it; none within a zone."""
        if source == zone:
            return None, ()
        way = self.routes.way(source, "" if box else zone, device or box, () if box else spans)
        onward = self.routes.way_from(box, zone, spans) if box else Way(())
        if not way.steps or (box and not onward.steps):
            if source not in self.routes.legs and source != INTERNET:
                self.unrouted.add(source)
            return None, ()
        return way, tuple(dict.fromkeys((*way.devices, *onward.devices)))

    def falls(self, got: Reached, rule: Rule) -> bool:
        """Answer whether nothing gets through any more once this one rule is taken away."""
        source = got.source.split(":", 1)[1]
        if got.source.startswith("asset:"):
            source = self.world.assets[self.world.key(source)].zone
        target = got.targets[0]
        way = self._way(source, target.zone, target.device, target.box, target.door.target)[0]
        asking = [Piece(self.addresses.get(source) or ANY, PORTS)]
        self.skipped = rule
        pieces = asking if way is None else self._passed(way, target, asking, source)
        left = self._host_firewall(target, pieces)
        self.skipped = None
        return not any(
            got.source == name
            for name, _ in self._who(source, self.addresses.get(source, ()), left)
        )

    def _alike(self, targets: list[Target], devices: tuple[str, ...]) -> list[list[Target]]:
        """Return targets in groups that no list of these devices tells apart."""
        key = (id(targets), devices)
        if key not in self.alike:
            self.alike[key] = self._grouped(targets, devices)
        return self.alike[key]

    def _grouped(self, targets: list[Target], devices: tuple[str, ...]) -> list[list[Target]]:
        lists = [
            f for name in devices for f in self.routes.by_name[name].filters.values() if f.rules
        ]
        numbers = np.array([self.at[t.door] for t in targets])
        shown = np.array(
            [self.at[t.shown] if t.shown is not None else self.at[t.door] for t in targets]
        )
        kinds: dict[tuple[int, str, int], int] = {}
        alike = np.array(
            [
                kinds.setdefault(
                    (family(t.door), *((t.door.protocol, t.door.port) if t.device else ("", 0))),
                    len(kinds),
                )
                for t in targets
            ]
        )
        for made in lists:
            ids, rows = self._class_of(made)
            for column in (ids[numbers], ids[shown]):
                alike = np.unique(alike * len(rows) + column, return_inverse=True)[1].ravel()
        order = np.argsort(alike, kind="stable")
        cuts = np.flatnonzero(np.diff(alike[order])) + 1
        return [[targets[i] for i in part.tolist()] for part in np.split(order, cuts)]

    def _class_of(self, made: Filter) -> tuple[npt.NDArray[np.int32], list[bytes]]:
        """Return for each door its class in a list, and for each class which rules speak of it."""
        if id(made) not in self.classes:
            rows = made.rows(self.doors)
            first, inverse = distinct(rows)
            self.classes[id(made)] = (inverse, [rows[i].astype(np.uint8).tobytes() for i in first])
        return self.classes[id(made)]

    def filtered(
        self, made: Filter, door: Door, asking: list[Piece], entering: str = ""
    ) -> list[Piece]:
        """Return what of the asking pieces a list lets through to a door."""
        if made.family and made.family != family(door):
            return asking
        ids, rows = self._class_of(made)
        number = int(ids[self.at[door]])
        if self.skipped is not None:
            return made.passed(asking, rows[number], entering, self.skipped)
        key = (id(made), number, entering, tuple(asking))
        if key not in self.memo:
            if len(self.memo) > 200_000:
                self.memo.clear()
            self.memo[key] = made.passed(asking, rows[number], entering)
        return self.memo[key]

    def _passed(self, way: Way, target: Target, asking: list[Piece], source: str) -> list[Piece]:
        """Send pieces along a way and return what arrives at the target's zone, or in the device."""
        if target.box:
            return self._passed_translated(way, target, asking, source)
        end = "" if target.device else target.zone
        return self._carried(way, target.door, asking, source, end)

    def _carried(
        self,
        way: Way,
        door: Door,
        asking: list[Piece],
        source: str,
        end: str,
        late: Door | None = None,
    ) -> list[Piece]:
        standing: dict[str, list[Piece]] = {source: asking}
        for step in way.steps:
            pieces = standing.get(step.entering.zone)
            if not pieces:
                continue
            got = self._crossed(step, door, pieces, late)
            if got:
                standing[step.into] = _united([*standing.get(step.into, ()), *got])
        return standing.get(end, [])

    def _passed_translated(
        self, way: Way, target: Target, asking: list[Piece], source: str
    ) -> list[Piece]:
        """Carry pieces to the device that translates, and on from there under the inside address."""
        assert target.shown is not None and target.by is not None
        box = self.routes.by_name[target.box]
        out: list[Piece] = []
        standing: dict[str, list[Piece]] = {source: asking}
        for step in way.steps:
            pieces = standing.get(step.entering.zone)
            if not pieces:
                continue
            if step.leaving is not None:
                got = self._crossed(step, target.shown, pieces)
                standing[step.into] = _united([*standing.get(step.into, ()), *got])
                continue
            if step.entering.zone == target.zone:
                continue
            seen = target.door if target.by.real else target.shown
            got = self._listed(box, step.entering.entering, seen, pieces, step.entering)
            for onward in self.routes.way_from(box.name, target.zone, target.door.target).steps:
                if onward.device is box and onward.leaving is not None:
                    more = self._out_of(box, step.entering, onward.leaving, target.door, got)
                    if onward.leaving.zone == target.zone:
                        out += more
                    else:
                        rest = self.routes.way(
                            onward.leaving.zone, target.zone, "", target.door.target
                        )
                        out += self._carried(
                            rest, target.door, more, onward.leaving.zone, target.zone
                        )
        return _united(out)

    def _crossed(
        self, step: Step, door: Door, pieces: list[Piece], late: Door | None = None
    ) -> list[Piece]:
        """Send pieces through a device."""
        box = step.device
        if step.leaving is None:
            if not box.spared:
                pieces = self._listed(box, step.entering.entering, door, pieces, step.entering)
            return self._own_doors(box, step.entering, door, pieces)
        pieces = self._listed(box, step.entering.entering, door, pieces, step.entering)
        return self._out_of(box, step.entering, step.leaving, late or door, pieces)

    def _out_of(
        self, box: Device, entering: Interface, leaving: Interface, door: Door, pieces: list[Piece]
    ) -> list[Piece]:
        """Apply what stands between two legs, and the list of the leg it leaves by."""
        if box.levels and not entering.entering:
            lower = leaving.level < entering.level
            if not lower and not (leaving.level == entering.level and box.same_level):
                return []
        if box.closed and entering.group != leaving.group:
            names = box.between.get((entering.group, leaving.group), [])
            got = [p for n in names for p in self.filtered(box.filters[n], door, pieces)]
            pieces = _united(got)
        return self._listed(box, leaving.leaving, door, pieces, leaving, way="out of")

    def _listed(
        self,
        box: Device,
        names: Sequence[str],
        door: Door,
        pieces: list[Piece],
        leg: Interface,
        way: str = "into",
    ) -> list[Piece]:
        """Apply the lists of a leg; one that is not written lets everything through."""
        lists = [box.filters[name] for name in names if name in box.filters]
        lists = [made for made in lists if not made.family or made.family == family(door)]
        if not lists and way == "into" and pieces:
            mark = Rule(PERMIT, place=leg.place, words="", leaving=f"{box.name} {leg.name}")
            return [piece._replace(why=(*piece.why, mark)) for piece in pieces]
        for made in lists:
            pieces = self.filtered(made, door, pieces, leg.name)
        return pieces

    def _own_doors(
        self, box: Device, leg: Interface, door: Door, pieces: list[Piece]
    ) -> list[Piece]:
        """Apply the lists before one of a device's own services: one of several must let in."""
        names = box.doors.get((door.protocol, door.port))
        if not names:
            return pieces
        out: list[Piece] = []
        for name in names:
            made = box.filters.get(name)
            if made is None:
                return pieces
            out += self.filtered(made, door, pieces, leg.group or leg.name)
        return _united(out)

    def _host_firewall(self, target: Target, pieces: list[Piece]) -> list[Piece]:
        """Apply the target's own firewall."""
        for seen in self.world.firewalls.get(target.service.asset, ()):
            if seen.family in {0, family(target.door)}:
                pieces = self.filtered(seen.filter, target.door, pieces)
        return pieces

    def _who(
        self, source: str, whole: Spans, got: list[Piece]
    ) -> Iterator[tuple[str, tuple[Rule, ...]]]:
        """Yield who the addresses that got through are, and by which rules: the zone, or machines in it."""
        if not got:
            return
        allowed = join(span for piece in got for span in piece.source)
        biggest = max(got, key=lambda piece: size(piece.source))
        if source == INTERNET:
            if _wide(allowed):
                yield f"zone:{source}", biggest.why
        elif covers(allowed, whole):
            yield f"zone:{source}", biggest.why
            return
        for name, ips in self.members.get(source, ()):
            hit = next((piece for piece in got for ip in ips if holds(piece.source, ip)), None)
            if hit is not None:
                yield f"asset:{name}", hit.why


def _wide(spans: Spans) -> bool:
    four = both(spans, ((V4, TOP4),))
    return size(four) > WIDE4 or size(spans) - size(four) > WIDE6


def _united(pieces: list[Piece]) -> list[Piece]:
    """Join pieces with the same ports, so that ways that meet do not multiply."""
    if len(pieces) < 2:
        return pieces
    by_ports: dict[tuple[Spans, tuple[Rule, ...]], list[Piece]] = defaultdict(list)
    for piece in pieces:
        by_ports[piece.ports, piece.why].append(piece)
    return [
        Piece(join(span for piece in same for span in piece.source), ports, why)
        for (ports, why), same in by_ports.items()
    ]
