"""What the filters, policies and translations of a Juniper configuration let through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from amends.paths.collectors.base import Input
from amends.paths.collectors.names import PORT_NAMES
from amends.paths.collectors.seen import SecretSeen
from amends.paths.devices import Device, Translation
from amends.paths.filters import DENY, PERMIT, Filter, Rule
from amends.paths.shapes import Reject
from amends.paths.spaces import ANY, ANY4, ANY6, PORTS, Span, Spans, join, network, without

Path = tuple[str, ...]


Line = tuple[int, Path]


SERVICES = {
    "ssh": ("tcp", 22),
    "telnet": ("tcp", 23),
    "http": ("tcp", 80),
    "https": ("tcp", 443),
    "ftp": ("tcp", 21),
    "netconf": ("tcp", 830),
    "snmp": ("udp", 161),
}


JUNOS = {
    "ssh": ("tcp", 22),
    "telnet": ("tcp", 23),
    "http": ("tcp", 80),
    "https": ("tcp", 443),
    "ftp": ("tcp", 21),
    "smtp": ("tcp", 25),
    "dns-udp": ("udp", 53),
    "dns-tcp": ("tcp", 53),
    "ntp": ("udp", 123),
    "snmp": ("udp", 161),
    "ldap": ("tcp", 389),
    "ms-sql": ("tcp", 1433),
    "mysql": ("tcp", 3306),
    "rdp": ("tcp", 3389),
    "pop3": ("tcp", 110),
    "imap": ("tcp", 143),
    "smb": ("tcp", 445),
    "syslog": ("udp", 514),
    "tftp": ("udp", 69),
    "bgp": ("tcp", 179),
    "nfs": ("tcp", 2049),
    "sqlnet-v2": ("tcp", 1521),
    "radius": ("udp", 1812),
    "ike": ("udp", 500),
}


PORT_WORDS = {**PORT_NAMES, "ssh": 22, "mysql": 3306, "snmp": 161, "imap": 143, "rdp": 3389}


@dataclass
class Term:
    """A term of a filter, or a policy, while its lines are read."""

    line: int
    froms: list[tuple[int, Path]] = field(default_factory=list)
    then: list[str] = field(default_factory=list)


@dataclass
class Reading:
    """A configuration while it is read."""

    source: Input
    device: Device
    filters: dict[str, dict[str, Term]] = field(default_factory=lambda: defaultdict(dict))
    policies: dict[tuple[str, str], dict[str, Term]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    prefixes: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    book: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    apps: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    services: dict[str, int] = field(default_factory=dict)
    inbound: dict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    own: list[str] = field(default_factory=list)
    readable: list[SecretSeen] = field(default_factory=list)
    pools: dict[str, Spans] = field(default_factory=dict)
    nat: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    lockout: bool = False
    zoned: bool = False
    open_policy: bool = False
    rejects: list[Reject] = field(default_factory=list)

    def place(self, line: int) -> str:
        """Return file and line."""
        return f"{self.source.path}:{line}"

    def reject(self, line: int) -> None:
        """Keep a line that could not be weighed."""
        self.rejects.append(
            Reject(
                self.place(line), "unsupported_line", "Check by hand what this line lets through."
            )
        )


def finish(reading: Reading) -> None:
    """Turn filters, policies and translations into lists on the device, once all names are known."""
    device = reading.device
    for leg in device.interfaces.values():
        leg.device = device.name
    for name, terms in reading.filters.items():
        made = device.filters[name] = Filter(name, device.name, device.place)
        for term, body in terms.items():
            made.rules.extend(_filter_rules(reading, f"filter {name} term {term}", body))
    if reading.zoned:
        device.closed = not reading.open_policy
        shared = [
            r
            for n, t in reading.policies.get(("", ""), {}).items()
            for r in _policy_rules(reading, f"policy {n}", t)
        ]
        zones = {leg.group for leg in device.interfaces.values() if leg.group}
        for one in sorted(zones):
            for other in sorted(zones - {one}):
                terms = reading.policies.get((one, other), {})
                name = f"policies {one} {other}"
                made = device.filters[name] = Filter(name, device.name, device.place)
                for policy, body in terms.items():
                    made.rules.extend(_policy_rules(reading, f"policy {policy}", body))
                made.rules.extend(shared)
                device.between[one, other] = [name]
    _own(reading)
    for rule in reading.nat.values():
        _translation(reading, rule)


def _own(reading: Reading) -> None:
    """Put lists before the device's own services: the filter of lo0, and what zones let in to the device."""
    device = reading.device
    loopback = [
        name
        for leg in device.interfaces.values()
        if leg.name.startswith("lo0")
        for name in leg.entering
    ]
    for word in reading.services:
        protocol, port = SERVICES[word]
        if reading.zoned:
            name = f"host-inbound {word}"
            made = device.filters[name] = Filter(name, device.name, device.place)
            for leg in device.interfaces.values():
                allowed = reading.inbound.get(f"{leg.group} {leg.name}") or reading.inbound.get(
                    leg.group, set()
                )
                if (protocol, port) in allowed:
                    made.rules.append(
                        Rule(
                            PERMIT,
                            place=leg.place,
                            words=f"host-inbound-traffic {word}",
                            entering=leg.group,
                        )
                    )
            device.doors[protocol, port] = [name]
        elif loopback:
            device.doors[protocol, port] = [loopback[-1]]


@dataclass
class Conditions:
    """The conditions of a term: those of one kind are alternatives, those of different kinds must all hold."""

    parts: dict[str, list[Span]] = field(default_factory=lambda: defaultdict(list))
    cut: list[Span] = field(default_factory=list)
    protocols: set[str] = field(default_factory=set)
    never: bool = False


def _filter_rules(reading: Reading, words: str, term: Term) -> Iterator[Rule]:
    """Yield the rule of a term, where a new connection can match it."""
    action = DENY if {"discard", "reject"} & set(term.then) else PERMIT
    found = Conditions()
    for line, path in term.froms:
        if not _condition(reading, found, path):
            reading.reject(line)
            if action == DENY:
                return
    if found.never or "next" in term.then:
        return
    parts = found.parts
    source = without(join(parts["source-address"]) or ANY, join(found.cut))
    yield Rule(
        action,
        source,
        join(parts["destination-address"]) or ANY,
        frozenset(found.protocols),
        join(parts["destination-port"]) or PORTS,
        join(parts["source-port"]) or PORTS,
        reading.place(term.line),
        words,
    )


def _condition(reading: Reading, found: Conditions, path: Path) -> bool:
    """Read one condition; say whether it was understood. One that was not counts as if it held always."""
    kind, value = path[0], path[-1]
    if kind in {"tcp-established", "is-fragment"}:
        found.never = True
    elif kind == "tcp-flags":
        found.never = found.never or ("ack" in value and "!ack" not in value)
    elif kind in {"protocol", "next-header", "payload-protocol"}:
        names = {"6": "tcp", "17": "udp", "1": "icmp", "icmp6": "icmpv6"}
        found.protocols.add(names.get(value, value))
    elif kind in {"source-address", "destination-address"}:
        return _address(found, kind, path)
    elif kind in {"source-prefix-list", "destination-prefix-list"}:
        spans = reading.prefixes.get(path[1]) if len(path) > 1 and "except" not in path else None
        found.parts[kind.replace("prefix-list", "address")] += spans or ANY
        return bool(spans)
    elif kind in {"destination-port", "source-port"}:
        ports = _ports(value)
        found.parts[kind] += ports if ports is not None else PORTS
        return ports is not None
    else:
        return kind in {"tcp-initial", "dscp", "icmp-type", "interface"}
    return True


def _address(found: Conditions, kind: str, path: Path) -> bool:
    spans = network(path[1]) if len(path) > 1 else None
    if "except" in path and kind == "source-address":
        found.cut += spans or ()
        return spans is not None
    if "except" in path:
        return False
    found.parts[kind] += spans if spans is not None else ANY
    return spans is not None


def _ports(text: str) -> Spans | None:
    low, _, high = text.partition("-")
    values = [
        PORT_WORDS.get(word, int(word) if word.isdecimal() else -1) for word in (low, high or low)
    ]
    return None if min(values) < 0 or max(values) > 65535 else ((values[0], values[1]),)


def _named(reading: Reading, name: str, depth: int = 0) -> Spans | None:
    if name in {"any", "any-ipv4", "any-ipv6"}:
        return {"any": ANY, "any-ipv4": ANY4, "any-ipv6": ANY6}[name]
    entries = reading.book.get(name)
    if entries is None or depth > 16:
        return network(name)
    out: list[Span] = []
    for entry in entries:
        words = entry.split()
        if words[0] == "set":
            spans = _named(reading, words[1], depth + 1)
        elif words[0] == "range-address" and len(words) > 3:
            spans = network(f"{words[1]}-{words[3]}")
        elif words[0] == "description":
            continue
        else:
            spans = network(words[0])
        if spans is None:
            return None
        out += spans
    return join(out)


def _policy_rules(reading: Reading, words: str, term: Term) -> Iterator[Rule]:
    """Yield the rules of a security policy."""
    action = DENY if {"deny", "reject"} & set(term.then) else PERMIT
    ends: dict[str, list[Span]] = {"source-address": [], "destination-address": []}
    apps: list[tuple[frozenset[str], Spans]] = []
    for line, path in term.froms:
        value = path[-1]
        if path[0] in ends:
            spans = _named(reading, value)
            if spans is None:
                reading.reject(line)
                if action == DENY:
                    return
            ends[path[0]] += spans if spans is not None else ANY
        elif path[0] == "application":
            found = _apps(reading, value)
            if found is None:
                reading.reject(line)
                if action == DENY:
                    return
            apps += found if found is not None else [(frozenset(), PORTS)]
    for protocols, ports in apps or [(frozenset(), PORTS)]:
        yield Rule(
            action,
            join(ends["source-address"]) or ANY,
            join(ends["destination-address"]) or ANY,
            protocols,
            ports,
            place=reading.place(term.line),
            words=words,
        )


def _apps(reading: Reading, name: str, depth: int = 0) -> list[tuple[frozenset[str], Spans]] | None:
    """Return protocols and ports of an application, predefined or not; ``None`` where it is not known."""
    if name == "any":
        return [(frozenset(), PORTS)]
    if name in reading.apps and depth < 16:
        protocol, ports = "", PORTS
        out: list[tuple[frozenset[str], Spans]] = []
        for path in reading.apps[name]:
            if path[0] in {"application", "application-set"} and len(path) > 1:
                out += _apps(reading, path[1], depth + 1) or [(frozenset(), PORTS)]
            for at in range(len(path) - 1):
                if path[at] == "protocol":
                    protocol = path[at + 1]
                elif path[at] == "destination-port":
                    ports = _ports(path[at + 1]) or PORTS
        return out or [(frozenset({protocol}) if protocol else frozenset(), ports)]
    known = JUNOS.get(name.removeprefix("junos-"))
    if name.startswith("junos-icmp") or name == "junos-ping":
        return [(frozenset({"icmp"}), PORTS)]
    return [(frozenset({known[0]}), ((known[1], known[1]),))] if known else None


def _translation(reading: Reading, rule: dict[str, str]) -> None:
    outside = (
        network(rule.get("destination-address", "")) if rule.get("destination-address") else None
    )
    inside = (
        network(rule["prefix"]) if "prefix" in rule else reading.pools.get(rule.get("pool", ""))
    )
    if not outside or not inside:
        return
    own = reading.nat.get(f"pool {rule.get('pool', '')}", {}).get("port", "")
    shown = rule.get("destination-port", "")
    reading.device.translations.append(
        Translation(
            inside,
            outside,
            "",
            int(own) if own.isdecimal() else -1,
            int(shown) if shown.isdecimal() else -1,
            reading.place(int(rule.get("line", "1"))),
            True,
        )
    )
