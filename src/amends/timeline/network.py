"""Whose address is it: a host of ours, inside without a name, or the internet.

The company's own word decides first: addresses and outside addresses of ``hosts.csv``, VPN pools and addresses of the
known facts, and the networks around inside hosts. Then come the ranges that no internet host can have.

Source:
    RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291: ranges of inside networks. RFC 5737 and RFC 3849 (documentation)
    are *not* among them: logs of exercises use them for the internet, and a company that uses one says so.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.known import Known, Network

IPS = "timeline_ips"
"""Name of the table that ``place_addresses`` makes: ip, host, outside (bool)."""

ASSIGNED = "timeline_assigned"
"""Name of the table of addresses that VPN gateways gave out: ip, host, account, outer_ip, us."""

_NEVER_OUTSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
        "127.0.0.0/8", "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32",
        "fc00::/7", "fe80::/10", "::1/128", "::/128", "ff00::/8",
    )
)  # fmt: skip
_AROUND = {4: 24, 6: 64}
"""Prefix of the network that an inside host is taken to stand in: the usual size of one segment."""


@dataclass(frozen=True)
class Ground:
    """What is ours.

    Attributes:
        hosts: Address (shortest form) → name of the host.
        inside: Networks of ours.
        pools: Networks that VPN sessions get addresses from.
        gateway: The host that gives them; "" where there is none, or more than one.
    """

    hosts: dict[str, str] = field(default_factory=dict)
    inside: tuple[Network, ...] = ()
    pools: tuple[Network, ...] = ()
    gateway: str = ""

    def host_of(self, ip: str) -> str:
        """Return the name of the host that has this address, or the gateway for one of a VPN's pool, or ""."""
        return self.hosts.get(ip) or (self.gateway if self.gateway and self.in_pool(ip) else "")

    def is_outside(self, ip: str) -> bool:
        """Answer whether the address belongs to the internet; what is no address does not."""
        if ip in self.hosts:
            return False
        address = parsed(ip)
        if address is None:
            return False
        return not any(
            address.version == net.version and address in net
            for net in (*self.inside, *_NEVER_OUTSIDE)
        )

    def in_pool(self, ip: str) -> bool:
        """Answer whether the address is one that VPN sessions get."""
        address = parsed(ip)
        return address is not None and within(address, self.pools)


def parsed(ip: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address, an IPv4 address written as IPv6 in its own form; ``None`` for other text."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def single(ip: str) -> Network | None:
    """Return the network of one address; ``None`` for other text."""
    address = parsed(ip)
    return ipaddress.ip_network(str(address)) if address is not None else None


def within(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, networks: Iterable[Network]
) -> bool:
    """Answer whether an address lies in one of the networks."""
    return any(address.version == net.version and address in net for net in networks)


def ground(known: Known) -> Ground:
    """Return what is ours, by the company's own word."""
    hosts: dict[str, str] = {}
    nets: list[Network] = []
    for host in known.hosts:
        for ip in (*host.ips, *host.outside_ips):
            hosts.setdefault(_short(ip), host.host)
        for ip in host.ips:
            address = parsed(ip)
            if address is not None:
                prefix = _AROUND[address.version]
                nets.append(ipaddress.ip_network(f"{address}/{prefix}", strict=False))
    pools = [net for fact in known.facts if fact.kind == "vpn_pool" for net in fact.networks]
    ours = [net for fact in known.facts if fact.kind == "address" for net in fact.networks]
    gateways = [host.host for host in known.hosts if "vpn" in host.role.lower()]
    gateway = gateways[0] if len(gateways) == 1 else ""
    return Ground(hosts, tuple(_collapsed([*nets, *pools, *ours])), tuple(pools), gateway)


def place_addresses(engine: Engine, events: str, where: Ground) -> str:
    """Make the table of every address that events name: its host, and whether it is outside.

    Args:
        engine: The engine.
        events: Table of events, quoted.
        where: What is ours.

    Returns:
        Name of a table ip, host ("" for none), outside.
    """
    named = " UNION ".join(
        f"SELECT {column} AS ip FROM {events} WHERE {column} IS NOT NULL AND {column} <> ''"
        for column in ("src_ip", "dst_ip")
    )

    def place(batch: pa.RecordBatch) -> pa.RecordBatch:
        ips = batch.column(0).to_pylist()
        return pa.RecordBatch.from_arrays(
            [
                batch.column(0).cast(pa.string()),
                pa.array([where.host_of(ip) for ip in ips], pa.string()),
                pa.array([where.is_outside(ip) for ip in ips], pa.bool_()),
            ],
            schema=_PLACED,
        )

    placed = engine.map_batches(IPS, named, place, _PLACED)
    assigned = engine.materialise(ASSIGNED, _assigned_sql(events, placed))
    return engine.materialise(
        IPS,
        f"""SELECT i.ip, coalesce(nullif(i.host, ''), a.host, '') AS host, i.outside
            FROM {placed} AS i
            LEFT JOIN (SELECT ip, any_value(host) AS host FROM {assigned} GROUP BY ip
                       HAVING count(DISTINCT host) = 1) AS a ON a.ip = i.ip""",
    )


def _assigned_sql(events: str, placed: str) -> str:
    """Return SQL of the addresses that a gateway gave to sessions of accounts: ip, host, account, outer, us."""
    return f"""
        SELECT CASE WHEN coalesce(d.outside, true) THEN e.src_ip ELSE e.dst_ip END AS ip, e.host,
               e.account, CASE WHEN coalesce(d.outside, true) THEN coalesce(e.dst_ip, '') ELSE coalesce(e.src_ip,
               '') END
               AS outer_ip, epoch_us(e."at") AS us
        FROM {events} AS e LEFT JOIN {placed} AS d ON d.ip = e.dst_ip LEFT JOIN {placed} AS s ON s.ip = e.src_ip
        WHERE e.kind = 'connection' AND e.action = 'assign' AND e.account <> '' AND e.host <> '' AND e."at" IS NOT NULL
          AND NOT (CASE WHEN coalesce(d.outside, true) THEN coalesce(s.outside, true) ELSE false END)"""


_PLACED = pa.schema([("ip", pa.string()), ("host", pa.string()), ("outside", pa.bool_())])


def _short(ip: str) -> str:
    address = parsed(ip)
    return str(address) if address is not None else ip


def _collapsed(nets: list[Network]) -> list[Network]:
    four = [n for n in nets if isinstance(n, ipaddress.IPv4Network)]
    six = [n for n in nets if isinstance(n, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]
