"""Which secrets and keys lie where, and which services each opens now.

A found secret opens its target only while its fingerprint equals the current one of an account. Where no list of
accounts was given, or the list does not say, it is taken to open it: towards reachable.
"""

from __future__ import annotations

import re
from collections import defaultdict

from amends.paths.collectors.seen import AccountSeen, SecretSeen
from amends.paths.telling import Look, Telling, asks
from amends.paths.world import World


def secrets(telling: Telling) -> None:
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
                "stored_on",
                name,
                place,
                evidence=seen.place,
                remedy=f"take the {short} away and change it",
                act=f"stored:{name[11:]}:{place}",
                looks=(_look(seen, place),),
                detail=(("file", seen.file),) if seen.file else (),
            )
        else:
            world.unknown_host(seen.place, "Name the host the secret was found on.")
        for account in current.get(print_, ()):
            _opens_account(telling, name, account, seen)
        if seen.current or not listed or _unknown_account(world, seen):
            _opens_target(telling, name, seen)


def _look(seen: SecretSeen, place: str) -> Look:
    """Return what must be looked at again to prove that a secret does not lie there any more."""
    if seen.looks.startswith("aws:"):
        return seen.looks, ""
    return seen.looks or ("private_keys" if seen.key else "secrets"), place


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
    return [s.name for s in world.services_of(asset) if asks(s, s.auth)]


def _opens_target(telling: Telling, name: str, seen: SecretSeen) -> None:
    """Tell what a secret opens by what was told where it was found."""
    owner = telling.world.called(seen.host) if seen.host else ""
    looks: tuple[Look, ...] = (
        (_look(seen, f"asset:{owner}")) if seen.current else ("accounts", ""),
    )
    for service in target_services(telling.world, seen.target):
        if _is_locked(telling.world, service, seen.identity):
            continue
        _opens(telling, name, service, seen.identity, seen.place, looks)
    if seen.identity:
        _belongs(telling, name, seen.identity, seen.place, looks)


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
        "opens",
        name,
        service,
        evidence=evidence,
        act=f"rotate:{name[11:]}",
        detail=(("identity", identity),) if identity else (),
        looks=looks,
        remedy=f"change the secret of {identity or service.split(':', 1)[1]}",
    )


def _belongs(
    telling: Telling,
    name: str,
    identity: str,
    evidence: str,
    looks: tuple[Look, ...] = (("accounts", ""),),
) -> None:
    telling.add(
        "belongs_to",
        name,
        telling.identity(identity),
        evidence=evidence,
        act=f"rotate:{name[11:]}",
        remedy=f"change the secret of {identity}",
        looks=looks,
    )


def plain(fingerprint: str) -> str:
    """Return a fingerprint in one spelling: hex in lower case without its prefix, an SSH one as it is."""
    text = fingerprint.strip()
    bare = re.sub(r"^sha-?256[:=$]", "", text, flags=re.IGNORECASE)
    if re.fullmatch(r"[0-9a-fA-F]+", bare):
        return bare.lower()
    if re.fullmatch(r"[A-Za-z0-9+/]{43}=?", bare):
        return f"SHA256:{bare.rstrip('=')}"
    return text


def keys(telling: Telling) -> None:
    """Tell which keys open which hosts."""
    world = telling.world
    for seen in world.keys:
        asset = seen.host or world.host_of(seen.place.rpartition(":")[0])
        if not asset:
            world.unknown_host(seen.place)
            continue
        asset = world.asset(asset, seen.place).name
        name = telling.credential(plain(seen.fingerprint))
        short = f"{seen.identity}@{asset}".strip("@")
        for service in _ssh_of(world, asset):
            telling.add(
                "opens",
                name,
                service,
                evidence=seen.place,
                act=f"key:{name[11:]}:{asset}:{seen.identity}",
                detail=(("identity", seen.identity),) if seen.identity else (),
                remedy=f"take this key out of authorized_keys of {short}",
                looks=(("authorized_keys", f"asset:{asset}"),),
            )


def _ssh_of(world: World, asset: str) -> list[str]:
    """Return the SSH services of a host; the usual port where none is known."""
    found = [s.name for s in world.services_of(asset) if s.port == 22 or "ssh" in s.product.lower()]
    return found or [f"service:{asset}:22/tcp"]
