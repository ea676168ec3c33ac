"""The facts that a world means: reach, logins, secrets, rights, stores, each with evidence, remedy and what proves it.

A fact rests on one thing only where possible, and names in ``looks`` what later evidence must look at to prove it gone:

- ``scan:ZONE`` and a service: the port was scanned from there.
- ``config`` and an asset: its configuration was read. ``services`` and a service: it is in our lists, or a whole list
  of services was given ("").
- ``secrets``, ``accounts``, ``grants``, ``kev``: such a list was given.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from amends.paths.collectors.base import AccountSeen, ScanSeen, SecretSeen
from amends.paths.filters import Rule
from amends.paths.reach import Reach, Reached
from amends.paths.routes import INTERNET
from amends.paths.shapes import Fact, Network, Reject, StoreAtEnd
from amends.paths.spaces import ANY4, covers, holds
from amends.paths.world import Service, World

Look = tuple[str, str]

NO_AUTH = frozenset(
    "none no null anonymous open unauthenticated public false disabled - guest".split()
)
KEY_ONLY = re.compile(
    r"^(?:ssh[-_ ]?)?(?:public[-_ ]?)?key(?:[-_ ]only)?$|^pubkey$|cert|mtls|kerberos|^iam$"
)
LOGIN_PORTS = frozenset(
    {
        21,
        22,
        23,
        25,
        110,
        139,
        143,
        389,
        445,
        512,
        513,
        514,
        636,
        873,
        1433,
        1521,
        2222,
        3306,
        3389,
        5432,
        5900,
        5985,
        5986,
        6379,
        8022,
        9042,
        9200,
        27017,
        50000,
    }  # fmt: skip
)
"""Ports whose usual service asks for a login (IANA service names), where no list says how it lets people in."""

READS = re.compile(
    r"all|read|select|owner|admin|write|full|super|dump|copy|export|modify|control|get|rw|\*",
    re.IGNORECASE,
)
READS_NOT = re.compile(r"^\s*(?:no|none|connect|usage|insert|update|delete|create|temp|temporary|references|trigger|deny|denied|revoked|execute)"
                       r"(?:[\s,/|+;]+(?:connect|usage|insert|update|delete|create|temp|temporary|references|trigger|execute))*\s*$",
                       re.IGNORECASE)  # fmt: skip


OF_A_HOST = frozenset(
    {
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


@dataclass
class Telling:
    """Facts as they are found; each key once, what several inputs say of it joined."""

    world: World
    on: str
    secret: bytes
    facts: dict[tuple[str, str, str], Fact] = field(default_factory=dict)
    looked: set[Look] = field(default_factory=set)

    def add(self, kind: str, source: str, target: str = "", **words: object) -> None:
        """Keep a fact; one known already gets the further evidence."""
        fact = Fact(kind, source, target, **{"on": self.on, **words})  # type: ignore[arg-type]
        known = self.facts.get(fact.key)
        if known is None:
            self.facts[fact.key] = fact
            return
        evidence = known.evidence
        if fact.evidence and fact.evidence not in evidence and evidence.count(" | ") < 4:
            evidence = f"{evidence} | {fact.evidence}" if evidence else fact.evidence
        detail = dict(fact.detail) | dict(known.detail)
        self.facts[fact.key] = replace(
            known, evidence=evidence, on=max(known.on, fact.on), detail=tuple(detail.items())
        )

    def credential(self, fingerprint: str) -> str:
        """Return the name of a credential; keyed where a key was given."""
        if self.secret:
            digest = hmac.new(self.secret, fingerprint.encode(), hashlib.sha256).hexdigest()
            return f"credential:{digest[:40]}"
        return f"credential:{fingerprint}"


def told(world: World, on: str, key: bytes) -> Network:
    """Return the network that a world means."""
    telling = Telling(world, on, key)
    _scans(telling)
    _reach(telling)
    _assets(telling)
    for service in world.services.values():
        _service(telling, service)
    _stores(telling)
    _secrets(telling)
    _keys(telling)
    _rights(telling)
    _admins(telling)
    _trusts(telling)
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
                    "reach", f"zone:{zone}", service,
                    evidence=f"{place} seen open from {zone}", on=telling.on or scan.on,
                    remedy=f"block {service.split(':', 1)[1]} for {zone}", act=f"block:{zone}:{service}",
                    looks=((kind, service),), detail=(("how", "scan"),),
                )  # fmt: skip


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
        telling.add(
            "reach", got.source, got.service.name, evidence=evidence, remedy=remedy, act=act,
            detail=(("how", "configuration" if got.devices else "same zone"),),
            looks=(*(("config", f"asset:{name}") for name in got.devices), ("services", got.service.name)),
        )  # fmt: skip
    for zone in sorted(reach.unrouted):
        telling.world.rejects.append(
            Reject(
                f"zone {zone}",
                "no_route",
                "Add the configuration of the device that joins this zone to the others, "
                "or a scan made from it.",
            )  # fmt: skip
        )


def _because(reach: Reach, got: Reached) -> tuple[str, str, str]:
    """Return evidence, remedy and act of an answer: the narrowest line that lets it through."""
    service = got.service
    name = service.name.split(":", 1)[1]
    if not got.devices and not got.why:
        return (
            f"{', '.join(service.places[:2])}: both in {got.source.split(':', 1)[1]}",
            f"let the host's own firewall admit to {name} only who needs it, or put it into a zone of its own",
            f"own:{service.name}",
        )
    evidence = "; ".join(
        f"{r.place} {r.words}".strip() if r.words else f"{r.place} {r.leaving} has no inbound list"
        for r in got.why
    )
    lines = [rule for rule in got.why if rule.words]
    if not lines:
        where = next(
            (rule.leaving for rule in got.why), got.devices[0] if got.devices else service.asset
        )
        remedy = f"put an inbound list on {where} that does not let {got.source.split(':', 1)[1]} get to {name}"
        return (
            evidence or f"{', '.join(got.devices)}: no list",
            remedy,
            f"list:{where}:{service.name}",
        )
    rule = min(lines, key=_width)
    file, _, line = rule.place.rpartition(":")
    return evidence, f"remove line {line} `{rule.words}` of {file}", f"acl:{rule.place}"


def _width(rule: Rule) -> int:
    """Return how much a rule speaks of; the narrowest is the one to take away."""
    wide = sum(high - low + 1 for low, high in rule.target).bit_length()
    return (
        wide
        + sum(high - low + 1 for low, high in rule.ports).bit_length()
        + (0 if rule.protocols else 8)
    )


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
            telling.add("in_zone", f"asset:{machine.name}", f"zone:{zone}", evidence=machine.place)


def _service(telling: Telling, service: Service) -> None:
    """Tell of a service: who offers it, and how it lets people in."""
    world, name = telling.world, service.name
    words = {"evidence": " | ".join(service.places[:3]), "looks": (("services", name),)}
    telling.add("hosts", f"asset:{service.asset}", name, **words)
    auth = service.auth.strip().lower()
    short = name.split(":", 1)[1]
    act = service.act or f"login:{short}"
    if auth in NO_AUTH:
        telling.add(
            "no_auth", name, act=act, remedy=f"make {short} ask for a login, or shut it", **words
        )
    elif _asks(service, auth):
        telling.add("exposes_login", name, **words, detail=(("auth", auth or "unsaid"),))
        guessable = not KEY_ONLY.search(auth)
        if guessable and ((service.mfa is False and service.lockout is False) or service.weak):
            telling.add(
                "weak_auth", name, act=act, **words,
                remedy=f"put a second factor before {short}, or lock out after failed attempts",
                detail=(("how", service.weak or "mfa no, lockout no"),),
            )  # fmt: skip
    for cve, place in service.cves.items():
        if cve in world.exploited:
            telling.add(
                "known_exploited", name, evidence=f"{place} | {world.exploited[cve]}",
                detail=(("cve", cve), *((("epss", f"{world.likely[cve]:g}"),) if cve in world.likely else ())),
                remedy=f"patch {cve} on {short}, or shut it", act=f"patch:{short}",
                looks=(("services", name), ("kev", "")),
            )  # fmt: skip


def _asks(service: Service, auth: str) -> bool:
    if auth == "no password set":
        return False  # an IOS line with ``login`` and no password turns everybody away
    return (
        bool(auth)
        or service.mfa is not None
        or service.lockout is not None
        or service.port in LOGIN_PORTS
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


def _secrets(telling: Telling) -> None:
    """Tell which secrets lie where, and which services each opens now."""
    world = telling.world
    current: dict[str, list[AccountSeen]] = defaultdict(list)
    for account in world.accounts:
        if account.fingerprint:
            current[plain(account.fingerprint)].append(account)
    listed = any(account.fingerprint is not None for account in world.accounts)
    for seen in world.secrets:
        print_ = plain(seen.fingerprint)
        name = telling.credential(print_)
        place = _where(world, seen)
        short = f"{seen.rule or 'secret'} in {seen.file or seen.place}"
        if place:
            telling.add(
                "stored_on", name, place, evidence=seen.place, remedy=f"take the {short} away and change it",
                act=f"stored:{name[11:]}:{place}", looks=(("secrets", place),),
                detail=(("file", seen.file),) if seen.file else (),
            )  # fmt: skip
        else:
            world.rejects.append(
                Reject(seen.place, "unknown_host", "Name the host the secret was found on.")
            )
        for account in current.get(print_, ()):
            _opens_account(telling, name, account, seen)
        if seen.current or not listed or _unknown_account(world, seen):
            _opens_target(telling, name, seen)


def _where(world: World, seen: SecretSeen) -> str:
    """Return the place a secret lies: a host, a store or a zone."""
    host = seen.host.strip()
    if not host:
        known = world.host_of(seen.file) or world.host_of(seen.place.rsplit(":", 1)[0])
        return f"asset:{known}" if known else ""
    if not world.key(host):
        if any(host.lower() == store.store.lower() for store in world.stores):
            return f"store:{host}"
        if host.lower() in world.zones:
            return f"zone:{host.lower()}"
    return f"asset:{world.asset(host, seen.place).name}"


def _unknown_account(world: World, seen: SecretSeen) -> bool:
    """Answer whether the lists have this account and do not say what its current secret is."""
    return any(
        account.fingerprint is not None
        and not account.fingerprint
        and account.identity.lower() == seen.identity.lower()
        for account in world.accounts
    )


def _opens_account(telling: Telling, name: str, account: AccountSeen, seen: SecretSeen) -> None:
    world = telling.world
    asset = world.called(account.asset) if account.asset else ""
    services = _account_services(world, asset, account.port)
    for service in services:
        if _is_locked(world, service, account.identity):
            continue
        _opens(
            telling,
            name,
            service,
            account.identity,
            f"{seen.place} | {account.place}",
            (("accounts", ""),),
        )
    _belongs(telling, name, account.identity, f"{seen.place} | {account.place}")


def _account_services(world: World, asset: str, port: int) -> list[str]:
    if not asset:
        return []
    if port:
        known = world.services_of(asset, port)
        return [s.name for s in known] or [f"service:{asset}:{port}/tcp"]
    return [s.name for s in world.services_of(asset) if _asks(s, s.auth)]


def _opens_target(telling: Telling, name: str, seen: SecretSeen) -> None:
    """Tell what a secret opens by what was told where it was found."""
    looks: tuple[Look, ...] = (("accounts", ""),) if not seen.current else ()
    for service in target_services(telling.world, seen.target):
        if _is_locked(telling.world, service, seen.identity):
            continue
        _opens(telling, name, service, seen.identity, seen.place, looks)
    if seen.identity:
        _belongs(telling, name, seen.identity, seen.place)


def _is_locked(world: World, service: str, identity: str) -> bool:
    """Answer whether a host's own account is locked, so that no password of it opens a log-in there."""
    asset, _, port = service.removeprefix("service:").rsplit("/", 1)[0].rpartition(":")
    if port not in {"22", "23", "2222"}:
        return False
    return any(
        seen.identity == identity and world.host_of(seen.place.rpartition(":")[0]) == asset
        for seen in world.locked
    )


def target_services(world: World, target: str) -> list[str]:
    """Return the services that a finding's target means: host, host:port, URL, service or store."""
    text = re.sub(r"^(?:service|asset|store):", "", target.strip())
    text = (
        re.sub(r"^[a-z][a-z0-9+.-]*://(?:[^@/]*@)?", "", text).split("/", 1)[0]
        if "://" in text
        else text
    )
    if not text:
        return []
    for store in world.stores:
        if store.store.lower() == text.lower() and store.asset:
            return _account_services(world, world.called(store.asset), store.port)
    found = re.fullmatch(r"\[?(.+?)\]?[:/ ](\d{1,5})(?:/(tcp|udp))?", text)
    host, port = (found[1], int(found[2])) if found and not world.key(text) else (text, 0)
    if not world.key(host):
        return [f"service:{host}:{port}/{found[3] or 'tcp'}"] if port and found else []
    return _account_services(world, world.called(host), port)


def _opens(
    telling: Telling, name: str, service: str, identity: str, evidence: str, looks: tuple[Look, ...]
) -> None:
    telling.add(
        "opens", name, service, evidence=evidence, act=f"rotate:{name[11:]}",
        detail=(("identity", identity),) if identity else (), looks=looks,
        remedy=f"change the secret of {identity or service.split(':', 1)[1]}",
    )  # fmt: skip


def _belongs(telling: Telling, name: str, identity: str, evidence: str) -> None:
    telling.add("belongs_to", name, f"identity:{identity}", evidence=evidence, act=f"rotate:{name[11:]}",
                remedy=f"change the secret of {identity}", looks=(("accounts", ""),))  # fmt: skip


def plain(fingerprint: str) -> str:
    """Return a fingerprint in one spelling: hex in lower case without its prefix, an SSH one as it is."""
    text = fingerprint.strip()
    bare = re.sub(r"^sha-?256[:=$]", "", text, flags=re.IGNORECASE)
    if re.fullmatch(r"[0-9a-fA-F]+", bare):
        return bare.lower()
    if re.fullmatch(r"[A-Za-z0-9+/]{43}=?", bare):
        return f"SHA256:{bare.rstrip('=')}"
    return text


def _keys(telling: Telling) -> None:
    """Tell which keys open which hosts."""
    world = telling.world
    for seen in world.keys:
        asset = seen.host or world.host_of(seen.place.rpartition(":")[0])
        if not asset:
            world.rejects.append(
                Reject(
                    seen.place, "unknown_host", "Put the file into a folder called like its host."
                )
            )
            continue
        asset = world.asset(asset, seen.place).name
        name = telling.credential(plain(seen.fingerprint))
        short = f"{seen.identity}@{asset}".strip("@")
        for service in _ssh_of(world, asset):
            telling.add(
                "opens", name, service, evidence=seen.place, act=f"key:{name[11:]}:{asset}:{seen.identity}",
                detail=(("identity", seen.identity),) if seen.identity else (),
                remedy=f"take this key out of authorized_keys of {short}",
                looks=(("authorized_keys", f"asset:{asset}"),),
            )  # fmt: skip


def _ssh_of(world: World, asset: str) -> list[str]:
    """Return the SSH services of a host; the usual port where none is known."""
    found = [s.name for s in world.services_of(asset) if s.port == 22 or "ssh" in s.product.lower()]
    return found or [f"service:{asset}:22/tcp"]


# rights


def _rights(telling: Telling) -> None:
    world = telling.world
    stores = {seen.store.lower(): seen.store for seen in world.stores}
    for grant in world.grants:
        if not reads(grant.privilege):
            continue
        for store in _granted(world, grant.store, grant.host, stores, grant.listed, grant.place):
            telling.add(
                "reads", f"identity:{grant.identity}", f"store:{store}", evidence=grant.place,
                detail=(("privilege", grant.privilege),), act=f"grant:{grant.identity}:{store}",
                remedy=f"take {grant.privilege} on {store} from {grant.identity}, if it is not needed",
                looks=(("grants", ""),),
            )  # fmt: skip


def reads(privilege: str) -> bool:
    """Answer whether a right lets its holder see what a store holds; what we do not know counts as if it did."""
    return (
        not READS_NOT.match(privilege)
        or READS.search(privilege) is not None
        and not READS_NOT.match(privilege)
    )


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


def _admins(telling: Telling) -> None:
    """Tell who administers which host; members of a group in its place."""
    world = telling.world
    members: dict[tuple[str, str], set[str]] = defaultdict(set)
    for group in world.groups:
        host = world.host_of(group.place.rpartition(":")[0])
        members[host, group.group] |= set(group.members)
    for seen in world.admins:
        host = seen.host or world.host_of(seen.place.rpartition(":")[0])
        if not host:
            world.rejects.append(
                Reject(
                    seen.place, "unknown_host", "Put the file into a folder called like its host."
                )
            )
            continue
        asset = world.asset(host, seen.place).name
        grouped = seen.identity.startswith("%")
        for who in sorted(members[host, seen.identity[1:]]) if grouped else [seen.identity]:
            telling.add(
                "admin_of", f"identity:{who}", f"asset:{asset}", evidence=seen.place, detail=(("how", seen.how),),
                act=f"admin:{who}:{asset}", remedy=f"take the right to act as root on {asset} from {who}",
                looks=((seen.looks, f"asset:{asset}"),),
            )  # fmt: skip


def _trusts(telling: Telling) -> None:
    """Tell whom a service lets in without asking: machines among its addresses, or everybody who gets there."""
    world = telling.world
    for seen in world.trusts:
        host = seen.host or world.host_of(seen.place.rpartition(":")[0])
        if not host:
            world.rejects.append(
                Reject(
                    seen.place, "unknown_host", "Put the file into a folder called like its host."
                )
            )
            continue
        asset = world.asset(host, seen.place).name
        words = {
            "evidence": f"{seen.place} {seen.words}".strip(),
            "looks": ((seen.looks, f"asset:{asset}"),),
        }
        act = f"trust:{seen.place}"
        remedy = f"ask for a password in place of `{seen.words}` ({seen.place})"
        if covers(seen.sources, ANY4):
            for service in world.services_of(asset, seen.port) or [
                world.service(asset, seen.port, "tcp", seen.place)
            ]:
                telling.add("hosts", f"asset:{asset}", service.name, evidence=seen.place)
                telling.add("no_auth", service.name, act=act, remedy=remedy, **words)
            continue
        for machine in world.assets.values():
            if machine.name != asset and any(holds(seen.sources, ip) for ip in machine.ips):
                telling.add("trusts", f"asset:{machine.name}", f"asset:{asset}", act=act, remedy=remedy,
                            detail=(("how", seen.how), ("port", str(seen.port))), **words)  # fmt: skip


# what was looked at


def _looked(telling: Telling) -> None:
    world = telling.world
    kinds = {"kev": "kev", "accounts": "accounts", "grants": "grants", "stores": "stores", "services": "services",
             "assets": "in_zone", "secrets": "secrets"}  # fmt: skip
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
        telling.looked.add(("secrets", f"asset:{world.assets[name].name}"))
