"""The facts that a world means: reach, logins, secrets, rights, stores, each with evidence, remedy and what proves it.

A fact rests on one thing only where possible, and names in ``looks`` what later evidence must look at to prove it gone:

- ``scan:ZONE`` and a service: the port was scanned from there.
- ``config`` and an asset: its configuration was read. ``zone of`` and a service: it is known where it stands.
- ``services`` and a service: it is in our lists, or a whole list of services was given ("").
- ``secrets``, ``accounts``, ``grants``, ``kev``: such a list was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.paths.collectors.seen import ScanSeen
from amends.paths.credentials import keys, secrets
from amends.paths.filters import Rule
from amends.paths.reach import Reach, Reached
from amends.paths.rights import admins, rights, trusts
from amends.paths.routes import INTERNET
from amends.paths.shapes import Network, Reject, StoreAtEnd
from amends.paths.spaces import holds, size
from amends.paths.telling import Telling, asks
from amends.paths.world import Service, World

NO_AUTH = frozenset(
    {
        "none",
        "no",
        "null",
        "anonymous",
        "open",
        "unauthenticated",
        "public",
        "false",
        "disabled",
        "-",
        "guest",
    }
)
KEY_ONLY = re.compile(
    r"^(?:ssh[-_ ]?)?(?:public[-_ ]?)?key(?:[-_ ]only)?$|^pubkey$|cert|mtls|kerberos|^iam$"
)
"""Ports whose usual service asks for a login (IANA service names), where no list says how it lets people in."""


OF_A_HOST = frozenset(
    {
        "database",
        "authorized_keys",
        "known_hosts",
        "private_keys",
        "passwd",
        "shadow",
        "sudoers",
        "pg_hba",
        "firewall",
    }
)
"""Evidence that covers one host, not all."""


def told(world: World, on: str, key: bytes) -> Network:
    """Return the network that a world means."""
    telling = Telling(world, on, key)
    _reach(telling)
    _scans(telling)
    _assets(telling)
    for service in world.services.values():
        _service(telling, service)
    _stores(telling)
    secrets(telling)
    keys(telling)
    rights(telling)
    admins(telling)
    trusts(telling)
    _looked(telling)
    stores: dict[str, StoreAtEnd] = {}
    for seen in world.stores:
        old = stores.get(seen.store, StoreAtEnd(seen.store))
        stores[seen.store] = StoreAtEnd(
            seen.store,
            seen.persons if old.persons is None else old.persons,
            tuple(dict.fromkeys((*old.elements, *seen.elements))),
        )
    return Network(
        list(telling.facts.values()),
        list(stores.values()),
        world.claims,
        telling.looked,
        world.rejects,
    )


# who gets to which service


def _scans(telling: Telling) -> None:
    """Tell what scans saw: an open port is a reach of its own, whatever a configuration says."""
    world = telling.world
    for key, zone, scan in world.scans:
        asset = world.assets[key].name
        seen = _scanned(world, asset, scan)
        if not zone:
            continue
        kind = f"scan:{zone}"
        telling.looked.add((kind, f"asset:{asset}"))
        for service, state, place in seen:
            if state != "open|filtered":
                telling.looked.add((kind, service))
            if state == "open":
                telling.add(
                    "reach",
                    f"zone:{zone}",
                    service,
                    evidence=f"{place} seen open from {zone}",
                    on=telling.on or scan.on,
                    remedy=f"block {service.split(':', 1)[1]} for {zone}",
                    act=f"block:{zone}:{service}",
                    looks=((kind, service),),
                    detail=(("how", "scan"),),
                )


def _scanned(world: World, asset: str, scan: ScanSeen) -> Iterator[tuple[str, str, str]]:
    """Yield each port looked at: service, state, place; known services among the ports not listed are not open."""
    listed = set()
    for port in scan.ports:
        listed.add((port.port, port.protocol))
        yield f"service:{asset}:{port.port}/{port.protocol}", port.state, port.place
    covered = dict(scan.covered)
    if not scan.up:
        return
    for service in world.services_of(asset):
        spans = covered.get(service.protocol, ())
        if (service.port, service.protocol) not in listed and holds(spans, service.port):
            yield service.name, "closed", scan.place


def _reach(telling: Telling) -> None:
    """Tell what configurations let through, and zones that no configuration joins to others."""
    reach = Reach(telling.world)
    for got in reach.answers():
        evidence, remedy, act = _because(reach, got)
        detail = (("how", "configuration" if got.devices else "same zone"),)
        passed = tuple(("config", f"asset:{name}") for name in got.devices)
        for target in got.targets:
            name = target.service.name
            words = {"service": name[8:], "places": ", ".join(target.service.places[:2])}
            telling.add(
                "reach",
                got.source,
                name,
                evidence=_filled(evidence, words),
                remedy=_filled(remedy, words),
                act=_filled(act, words),
                detail=detail,
                looks=(*passed, ("zone of", name)),
            )
    telling.looked.update(("zone of", target.service.name) for target in reach.targets)
    _unjoined(telling.world, reach)


def _unjoined(world: World, reach: Reach) -> None:
    """Tell of zones with machines in them that no configuration joins to others, and that nobody scanned from."""
    seen_from = {zone for _, zone, _ in world.scans}
    for zone in sorted(reach.unrouted - seen_from):
        if reach.members.get(zone):
            world.rejects.append(
                Reject(
                    f"zone {zone}",
                    "no_route",
                    "Add the configuration of the device that joins this zone to the others, or a scan made from it.",
                )
            )


def _filled(text: str, words: dict[str, str]) -> str:
    """Return a text with its two gaps filled; it may hold any other sign."""
    if "\0" in text:
        for name, value in words.items():
            text = text.replace(f"\0{name}\0", value)
    return text


def _because(reach: Reach, got: Reached) -> tuple[str, str, str]:
    """Return evidence, remedy and act of an answer, with gaps for the service: the narrowest line that lets it."""
    who = got.source.split(":", 1)[1]
    if not got.devices and not got.why:
        return (
            f"\0places\0: both in {who}",
            "let the host's own firewall admit to \0service\0 only who needs it, or put it into a zone of its own",
            "own:\0service\0",
        )
    evidence = "; ".join(
        f"{r.place} {r.words}".strip() if r.words else f"{r.place} {r.leaving} has no inbound list"
        for r in got.why
    )
    lines = [rule for rule in got.why if rule.words]
    if not lines:
        where = next((rule.leaving for rule in got.why), got.devices[0] if got.devices else who)
        remedy = f"put an inbound list on {where} that does not let {who} get to \0service\0"
        return evidence or f"{', '.join(got.devices)}: no list", remedy, f"list:{where}:\0service\0"
    rule = min(lines, key=_width)
    file, _, line = rule.place.rpartition(":")
    spot = (
        f"line {line} `{rule.words}` of {file}"
        if line.isdecimal()
        else f"`{rule.words}` ({rule.place})"
    )
    if reach.falls(got, rule):
        return evidence, f"remove {spot}", f"acl:{rule.place}"
    remedy = f"deny {who} to \0service\0 before {spot}; other lines let it through as well"
    return evidence, remedy, f"acl:{rule.place}:\0service\0"


def _width(rule: Rule) -> int:
    """Return how much a rule speaks of; the narrowest is the one to take away."""
    wide = size(rule.target).bit_length() + size(rule.ports).bit_length()
    return wide + (0 if rule.protocols else 8)


# machines and services


def _assets(telling: Telling) -> None:
    world = telling.world
    for key, machine in world.assets.items():
        zones = {machine.zone} if machine.zone else set()
        if key in world.devices:
            zones |= {
                leg.zone
                for leg in world.devices[key].interfaces.values()
                if leg.zone and leg.zone != INTERNET
            }
        for zone in sorted(zones):
            telling.add(
                "in_zone",
                f"asset:{machine.name}",
                f"zone:{zone}",
                evidence=machine.place,
                detail=(("role", machine.role),) if machine.role else (),
            )


def _service(telling: Telling, service: Service) -> None:
    """Tell of a service: who offers it, and how it lets people in."""
    name = service.name
    evidence = " | ".join(service.places[:3])
    looks = (("services", name),)
    telling.add("hosts", f"asset:{service.asset}", name, evidence=evidence, looks=looks)
    auth = service.auth.strip().lower()
    short = name.split(":", 1)[1]
    act = service.act or f"login:{short}"
    if auth in NO_AUTH:
        telling.add(
            "no_auth",
            name,
            act=act,
            remedy=f"make {short} ask for a login, or shut it",
            evidence=evidence,
            looks=looks,
        )
    elif asks(service, auth):
        telling.add(
            "exposes_login",
            name,
            evidence=evidence,
            looks=looks,
            detail=(("auth", auth or "unsaid"),),
        )
        guessable = not KEY_ONLY.search(auth)
        if guessable and ((service.mfa is False and service.lockout is False) or service.weak):
            telling.add(
                "weak_auth",
                name,
                act=act,
                evidence=evidence,
                looks=looks,
                remedy=f"put a second factor before {short}, or lock out after failed attempts",
                detail=(("how", service.weak or "mfa no, lockout no"),),
            )
    _holes(telling, service)


def _holes(telling: Telling, service: Service) -> None:
    """Tell which holes of a service are exploited in the wild."""
    world, name = telling.world, service.name
    short = name.split(":", 1)[1]
    for cve, place in service.cves.items():
        if cve in world.exploited:
            telling.add(
                "known_exploited",
                name,
                evidence=f"{place} | {world.exploited[cve]}",
                detail=(
                    ("cve", cve),
                    *((("epss", f"{world.likely[cve]:g}"),) if cve in world.likely else ()),
                ),
                remedy=f"patch {cve} on {short}, or shut it",
                act=f"patch:{short}",
                looks=(("services", name), ("kev", "")),
            )


def _stores(telling: Telling) -> None:
    world = telling.world
    for seen in world.stores:
        if not seen.asset:
            continue
        asset = world.called(seen.asset)
        telling.add(
            "hosts",
            f"asset:{asset}",
            f"store:{seen.store}",
            evidence=seen.place,
            looks=(("stores", ""),),
        )
        for service in world.services_of(asset, seen.port) if seen.port else ():
            telling.add(
                "serves",
                service.name,
                f"store:{seen.store}",
                evidence=seen.place,
                looks=(("stores", ""),),
            )


# secrets and what they open


# rights


# what was looked at


def _looked(telling: Telling) -> None:
    world = telling.world
    kinds = {
        "kev": "kev",
        "accounts": "accounts",
        "grants": "grants",
        "stores": "stores",
        "services": "services",
        "assets": "in_zone",
        "secrets": "secrets",
    }
    for seen in world.looked:
        host = seen.host or (world.host_of(seen.place) if seen.kind in OF_A_HOST else "")
        if host:
            telling.looked.add((seen.kind, f"asset:{world.called(host)}"))
        elif seen.kind in OF_A_HOST:
            continue
        else:
            telling.looked.add((kinds.get(seen.kind, seen.kind), ""))
    for service in world.services.values():
        telling.looked.add(("services", service.name))
    for name in world.devices:
        telling.looked.add(("config", f"asset:{world.assets[name].name}"))
