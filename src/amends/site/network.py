"""Where a request comes from, as far as it may be believed."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from starlette.types import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# An internet provider gives a household one IPv4 address or one /64, and a customer with sites of its own a /48
# (RFC 6177); a /24 is the smallest IPv4 block that is routed on its own.
_OWN = {4: 32, 6: 64}
_AROUND = {4: 24, 6: 48}


@dataclass(frozen=True)
class Caller:
    """The network a request comes from.

    Attributes:
        own: Its own line: an IPv4 address or an IPv6 /64.
        around: The network around it: an IPv4 /24 or an IPv6 /48.
    """

    own: str
    around: str


UNKNOWN = Caller("unknown", "unknown")
"""Callers without a readable address share one line."""


def caller_of(scope: Scope, hops: int) -> Caller:
    """Return where a request comes from.

    Args:
        scope: The request.
        hops: Proxies in front that are trusted. Each adds one address to the right of ``X-Forwarded-For``; what
            stands further left was written by the caller and is not read.
    """
    address = _forwarded(scope, hops) if hops else _direct(scope)
    if address is None:
        return UNKNOWN
    return Caller(*(_network(address, size[address.version]) for size in (_OWN, _AROUND)))


def is_local(scope: Scope) -> bool:
    """Say whether a request was made on this machine, by hand and not through a proxy."""
    address = _direct(scope)
    named = {name for name, _ in scope["headers"]}
    proxied = {b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via"} & named
    return address is not None and address.is_loopback and not proxied


def _direct(scope: Scope) -> Address | None:
    client = scope.get("client")
    return _read(str(client[0])) if client else None


def _forwarded(scope: Scope, hops: int) -> Address | None:
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    said = b",".join(lines)[-2000:].decode("latin-1").split(",")
    if len(said) < hops or not lines:
        return _direct(scope)
    return _read(said[-hops].strip())


def _read(text: str) -> Address | None:
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(address: Address, size: int) -> str:
    return str(ipaddress.ip_network((address, size), strict=False))
