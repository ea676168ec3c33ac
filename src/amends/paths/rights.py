"""Who may read which store, who administers which host, and whom a host lets in without asking."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from amends.paths.collectors.seen import GrantSeen
from amends.paths.spaces import ANY4, covers, holds
from amends.paths.telling import Telling
from amends.paths.world import World

READS = re.compile(
    r"all|read|select|owner|admin|write|full|super|dump|copy|export|modify|control|get|rw|\*",
    re.IGNORECASE,
)


READS_NOT = re.compile(
    r"^\s*(?:no|none|connect|usage|insert|update|delete|create|temp|temporary|references|trigger|deny|denied|revoked|execute)"
    r"(?:[\s,/|+;]+(?:connect|usage|insert|update|delete|create|temp|temporary|references|trigger|execute))*\s*$",
    re.IGNORECASE,
)


def rights(telling: Telling) -> None:
    """Tell which identity may read which store."""
    world = telling.world
    stores = {seen.store.lower(): seen.store for seen in world.stores}
    for grant in world.grants:
        if not reads(grant.privilege):
            continue
        for store in _granted(world, grant.store, grant.host, stores, grant.listed, grant.place):
            telling.add(
                "reads",
                telling.identity(grant.identity),
                f"store:{store}",
                evidence=grant.place,
                detail=(("privilege", grant.privilege),),
                act=f"grant:{grant.identity}:{store}",
                remedy=f"take {grant.privilege} on {store} from {grant.identity}, if it is not needed",
                looks=(
                    ("grants", "")
                    if grant.listed
                    else ("database", f"asset:{_database(world, grant)}"),
                ),
            )


def reads(privilege: str) -> bool:
    """Answer whether a right lets its holder see what a store holds; what we do not know counts as if it did."""
    return not READS_NOT.match(privilege) or (
        READS.search(privilege) is not None and not READS_NOT.match(privilege)
    )


def _database(world: World, grant: GrantSeen) -> str:
    """Return the host whose database a grant was read from."""
    host = grant.host or world.host_of(grant.place.rsplit(":", 1)[0])
    return world.called(host)


def _granted(
    world: World, store: str, host: str, stores: dict[str, str], listed: bool, place: str
) -> Iterator[str]:
    """Yield the stores that a grant means: by name, or those on the database host it was read from."""
    if listed or store.lower() in stores:
        yield stores.get(store.lower(), store)
        return
    asset = world.called(host) if host else world.host_of(place.rsplit(":", 1)[0])
    for seen in world.stores:
        if asset and seen.asset and world.called(seen.asset) == asset:
            yield seen.store


def admins(telling: Telling) -> None:
    """Tell who administers which host; members of a group in its place."""
    world = telling.world
    members: dict[tuple[str, str], set[str]] = defaultdict(set)
    for group in world.groups:
        host = world.host_of(group.place.rpartition(":")[0])
        members[host, group.group] |= set(group.members)
    for seen in world.admins:
        host = seen.host or world.host_of(seen.place.rpartition(":")[0])
        if not host:
            world.unknown_host(seen.place)
            continue
        asset = world.asset(host, seen.place).name
        grouped = seen.identity.startswith("%")
        for who in sorted(members[host, seen.identity[1:]]) if grouped else [seen.identity]:
            telling.add(
                "admin_of",
                telling.identity(who),
                f"asset:{asset}",
                evidence=seen.place,
                detail=(("how", seen.how),),
                act=f"admin:{who}:{asset}",
                remedy=f"take the right to act as root on {asset} from {who}",
                looks=((seen.looks, f"asset:{asset}"),),
            )


def trusts(telling: Telling) -> None:
    """Tell whom a service lets in without asking: machines among its addresses, or everybody who gets there."""
    world = telling.world
    for seen in world.trusts:
        host = seen.host or world.host_of(seen.place.rpartition(":")[0])
        if not host:
            world.unknown_host(seen.place)
            continue
        asset = world.asset(host, seen.place).name
        evidence = f"{seen.place} {seen.words}".strip()
        looks = ((seen.looks, f"asset:{asset}"),)
        act = f"trust:{seen.place}"
        remedy = f"ask for a password in place of `{seen.words}` ({seen.place})"
        if covers(seen.sources, ANY4):
            for service in world.services_of(asset, seen.port) or [
                world.service(asset, seen.port, "tcp", seen.place)
            ]:
                telling.add("hosts", f"asset:{asset}", service.name, evidence=seen.place)
                telling.add(
                    "no_auth", service.name, act=act, remedy=remedy, evidence=evidence, looks=looks
                )
            continue
        for machine in world.assets.values():
            if machine.name != asset and any(holds(seen.sources, ip) for ip in machine.ips):
                telling.add(
                    "trusts",
                    f"asset:{machine.name}",
                    f"asset:{asset}",
                    act=act,
                    remedy=remedy,
                    detail=(("how", seen.how), ("port", str(seen.port))),
                    evidence=evidence,
                    looks=looks,
                )
