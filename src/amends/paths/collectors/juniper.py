"""Juniper configurations, as ``show configuration`` gives them: with braces, or as ``set`` lines.

Source: Junos OS documentation: firewall filters (match conditions, ``then`` actions), security zones, policies, address
books, host-inbound-traffic, ``system services``, ``system login``. Read 2026. Both forms are turned into paths of words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from amends.paths.collectors.base import (
    DeviceSeen,
    Input,
    LookedSeen,
    SecretSeen,
    ServiceSeen,
    Sighting,
    fingerprint_of,
)
from amends.paths.collectors.cisco_lists import PORT_NAMES
from amends.paths.devices import Device, Interface, Route, Translation
from amends.paths.filters import DENY, PERMIT, Filter, Rule
from amends.paths.shapes import Reject
from amends.paths.spaces import ANY, ANY4, ANY6, PORTS, Span, Spans, address, join, network, without

Path = tuple[str, ...]
Line = tuple[int, Path]

TOKEN = re.compile(r'/\*.*?\*/|#[^\n]*|"(?:[^"\\]|\\.)*"|[{};\[\]]|[^\s{};\[\]"#]+|\n', re.DOTALL)
MAX_DEPTH = 64
SERVICES = {"ssh": ("tcp", 22), "telnet": ("tcp", 23), "http": ("tcp", 80), "https": ("tcp", 443), "ftp": ("tcp", 21),
            "netconf": ("tcp", 830), "snmp": ("udp", 161)}  # fmt: skip
JUNOS = {
    "ssh": ("tcp", 22), "telnet": ("tcp", 23), "http": ("tcp", 80), "https": ("tcp", 443), "ftp": ("tcp", 21),
    "smtp": ("tcp", 25), "dns-udp": ("udp", 53), "dns-tcp": ("tcp", 53), "ntp": ("udp", 123), "snmp": ("udp", 161),
    "ldap": ("tcp", 389), "ms-sql": ("tcp", 1433), "mysql": ("tcp", 3306), "rdp": ("tcp", 3389), "pop3": ("tcp", 110),
    "imap": ("tcp", 143), "smb": ("tcp", 445), "syslog": ("udp", 514), "tftp": ("udp", 69), "bgp": ("tcp", 179),
    "nfs": ("tcp", 2049), "sqlnet-v2": ("tcp", 1521), "radius": ("udp", 1812), "ike": ("udp", 500),
}  # fmt: skip
PORT_WORDS = {**PORT_NAMES, "ssh": 22, "mysql": 3306, "snmp": 161, "imap": 143, "rdp": 3389}


def paths(source: Input) -> Iterator[Line]:
    """Yield each statement as its line and its words, from either form."""
    if (
        re.search(r"^(?:set|deactivate|delete) \S", source.head, re.MULTILINE)
        and "{" not in source.head[:2000]
    ):
        for number, line in source.lines():
            words = [w.strip('"') for w in re.findall(r'"(?:[^"\\]|\\.)*"|\S+', line.strip())]
            if words[:1] in (["set"], ["deactivate"]) and len(words) > 1:
                yield number, (*(("inactive:",) if words[0] == "deactivate" else ()), *words[1:])
        return
    yield from _braces(source.text)


def _braces(text: str) -> Iterator[Line]:
    stack: list[Path] = [()]
    words: list[str] = []
    many: list[str] | None = None
    line = 1
    for found in TOKEN.finditer(text):
        token = found[0]
        if token == "\n" or token.startswith(("/*", "#")):
            line += token.count("\n")
        elif token == "{" and len(stack) < MAX_DEPTH:
            stack.append((*stack[-1], *words))
            words = []
        elif token == "}":
            stack = stack[:-1] or [()]
            words = []
        elif token == "[":
            many = []
        elif token == "]":
            for word in many or ():
                yield line, (*stack[-1], *words, word)
            many, words = None, []
        elif token == ";":
            if words:
                yield line, (*stack[-1], *words)
            words = []
        elif many is not None:
            many.append(token.strip('"'))
        else:
            words.append(token.strip('"'))


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
    secrets: list[SecretSeen] = field(default_factory=list)
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


class Juniper:
    """Juniper configurations."""

    name = "juniper"

    def detect(self, source: Input) -> bool:
        """Answer whether it has Junos' own statements in either form."""
        head = source.text[:262144]
        if head.lstrip().startswith(("<", "[")) or re.match(r"\s*\{\s*\"", head):
            return False
        return bool(
            re.search(r"^set (?:system|interfaces|firewall|security|policy-options|routing-options|version) ", head, re.M)
            or (re.search(r"^(?:system|interfaces|firewall|security|policy-options|version) ?(?:\{|\S+;)", head, re.M)
                and re.search(r"[;{]\s*$", head, re.M))
        )  # fmt: skip

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the device, its services, its secrets, and the lines that could not be weighed."""
        name = re.sub(r"\.(?:cfg|conf|config|txt|junos|set)$", "", source.name)
        reading = Reading(source, Device(name, source.path))
        every = list(paths(source))
        off = {path[1:] for _, path in every if path[:1] == ("inactive:",)}
        for line, path in every:
            if "inactive:" in path or any(path[: len(cut)] == cut for cut in off):
                continue
            _read(reading, line, path)
        _finish(reading)
        yield from reading.rejects
        yield DeviceSeen(reading.device, source.path)
        yield LookedSeen("config", source.path, reading.device.name)
        for word, line in reading.services.items():
            protocol, port = SERVICES[word]
            yield ServiceSeen(
                reading.device.name, port, protocol, reading.place(line), "password" if port != 161 else "",
                mfa=False if port != 161 else None, lockout=reading.lockout if port != 161 else None, product=word,
                act=f"own:{reading.device.name}:{word}", listed=False,
            )  # fmt: skip
        for secret in reading.secrets:
            ports = [
                SERVICES[word][1] for word in reading.services if SERVICES[word][0] == "tcp"
            ] or [0]
            for port in ports:
                target = f"{reading.device.name}:{port}" if port else ""
                yield replace(secret, host=reading.device.name, target=target)


def _read(reading: Reading, line: int, path: Path) -> None:
    head = path[0]
    if head in {"groups", "logical-systems", "apply-groups"} or len(path) < 2:
        return
    if head == "system":
        _system(reading, line, path[1:])
    elif head == "interfaces":
        _interface(reading, line, path[1:])
    elif head == "firewall":
        _filter(reading, line, path)
    elif head == "policy-options" and path[1] == "prefix-list" and len(path) > 3:
        reading.prefixes[path[2]] += network(path[3]) or ()
    elif head == "applications":
        _application(reading, path[1:])
    elif path[:3] == ("routing-options", "static", "route"):
        _route(reading, line, path[3:])
    elif head == "security":
        _security(reading, line, path[1:])


def _system(reading: Reading, line: int, path: Path) -> None:
    if path[0] == "host-name" and len(path) > 1:
        reading.device.name = path[1]
    elif path[0] == "services" and len(path) > 1:
        word = path[2] if path[1] == "web-management" and len(path) > 2 else path[1]
        if word in SERVICES:
            reading.services.setdefault(word, line)
    elif path[:2] == ("login", "retry-options") and "lockout-period" in path:
        reading.lockout = True
    elif "plain-text-password-value" in path:
        clear = path[path.index("plain-text-password-value") + 1 :]
        user = path[path.index("user") + 1] if "user" in path[:-1] else "root"
        if clear:
            reading.secrets.append(
                SecretSeen(
                    fingerprint_of(clear[0]),
                    reading.place(line),
                    file=reading.source.path,
                    identity=user,
                    rule="password in clear",
                    current=True,
                )  # fmt: skip
            )


def _leg(reading: Reading, name: str, line: int) -> Interface:
    full = name if "." in name else f"{name}.0"
    return reading.device.interfaces.setdefault(
        full, Interface(full, "", place=reading.place(line))
    )


def _interface(reading: Reading, line: int, path: Path) -> None:
    if len(path) < 2:
        return
    name, rest = path[0], path[1:]
    if rest[0] == "unit" and len(rest) > 2:
        leg = _leg(reading, f"{name}.{rest[1]}", line)
        rest = rest[2:]
    else:
        leg = _leg(reading, name, line)
    if rest[0] == "description" and len(rest) > 1:
        leg.description = " ".join(rest[1:])
    elif rest[0] == "disable":
        leg.up = False
    elif rest[0] == "family" and len(rest) > 3 and rest[2] == "address":
        base, spans = address(rest[3].split("/")[0]), network(rest[3])
        if base is None or spans is None:
            reading.reject(line)
        elif base not in leg.addresses:
            leg.addresses.append(base)
            leg.subnets.append(spans)
    elif rest[0] == "family" and len(rest) > 4 and rest[2] == "filter":
        way = leg.leaving if rest[3].startswith("output") else leg.entering
        way.append(rest[4])


def _filter(reading: Reading, line: int, path: Path) -> None:
    words = path[1:]
    if words[:1] == ("family",):
        words = words[2:]
    if len(words) < 5 or words[0] != "filter" or words[2] != "term":
        return
    _term(reading.filters[words[1]].setdefault(words[3], Term(line)), line, words[4:])


def _term(term: Term, line: int, words: Path) -> None:
    if words[0] in {"from", "match"} and len(words) > 1:
        term.froms.append((line, words[1:]))
    elif words[0] == "then":
        term.then += words[1:]


def _application(reading: Reading, path: Path) -> None:
    if path[0] in {"application", "application-set"} and len(path) > 2:
        rest = path[2:]
        reading.apps[path[1]].append(rest[2:] if rest[0] == "term" and len(rest) > 2 else rest)


def _route(reading: Reading, line: int, path: Path) -> None:
    target = network(path[0]) if path else None
    if target is None or len(path) < 2:
        return
    if path[1] == "next-hop" and len(path) > 2:
        reading.device.routes.append(
            Route(target, address(path[2]), "" if address(path[2]) else path[2])
        )
    elif path[1] in {"discard", "reject"}:
        reading.device.routes.append(Route(target, nowhere=True))


def _security(reading: Reading, line: int, path: Path) -> None:
    if path[:2] == ("zones", "security-zone") and len(path) > 3:
        reading.zoned = True
        _zone(reading, line, path[2], path[3:])
    elif path[0] == "policies" and len(path) > 2:
        _policy(reading, line, path[1:])
    elif path[0] == "address-book" and len(path) > 3:
        _book(reading, path[2:])
    elif path[0] == "nat" and len(path) > 3:
        _nat(reading, line, path[1:])


def _zone(reading: Reading, line: int, zone: str, path: Path) -> None:
    if path[0] == "interfaces" and len(path) > 1:
        leg = _leg(reading, path[1], line)
        leg.group = zone
        path = path[2:]
        zone = f"{zone} {leg.name}"
    elif path[0] == "address-book":
        _book(reading, path[1:])
        return
    if path[:2] == ("host-inbound-traffic", "system-services") and len(path) > 2:
        words = (
            SERVICES
            if path[2] in {"all", "any-service"}
            else {path[2]: SERVICES.get(path[2], ("", 0))}
        )
        for protocol, port in words.values():
            if port:
                reading.inbound[zone].add((protocol, port))


def _book(reading: Reading, path: Path) -> None:
    if path[0] == "address" and len(path) > 2:
        reading.book[path[1]].append(" ".join(path[2:]))
    elif path[0] == "address-set" and len(path) > 3:
        reading.book[path[1]].append(f"set {path[3]}")


def _policy(reading: Reading, line: int, path: Path) -> None:
    if path[0] == "default-policy":
        reading.open_policy = path[1] == "permit-all"
    elif path[0] == "from-zone" and len(path) > 6 and path[2] == "to-zone" and path[4] == "policy":
        _term(reading.policies[path[1], path[3]].setdefault(path[5], Term(line)), line, path[6:])
    elif path[0] == "global" and len(path) > 3:
        _term(reading.policies["", ""].setdefault(path[2], Term(line)), line, path[3:])


def _nat(reading: Reading, line: int, path: Path) -> None:
    """Note static and destination translations by rule."""
    if path[:2] == ("destination", "pool") and len(path) > 4 and path[3] == "address":
        reading.pools[path[2]] = network(path[4]) or ()
        if len(path) > 6 and path[5] == "port":
            reading.nat[f"pool {path[2]}"]["port"] = path[6]
    elif path[0] in {"static", "destination"} and "rule" in path:
        at = path.index("rule")
        rule = reading.nat[" ".join((path[0], *path[2 : at + 2]))]
        rule["line"] = str(line)
        for word in ("destination-address", "destination-port", "prefix", "pool"):
            if word in path[:-1]:
                rule[word] = path[path.index(word) + 1]


def _finish(reading: Reading) -> None:
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


def _filter_rules(reading: Reading, words: str, term: Term) -> Iterator[Rule]:
    """Yield the rules of a term: conditions of one kind are alternatives, of different kinds must all hold."""
    if "next" in term.then:
        return
    action = DENY if {"discard", "reject"} & set(term.then) else PERMIT
    parts: dict[str, list[Span]] = defaultdict(list)
    cut: list[Span] = []
    protocols: set[str] = set()
    known = True
    for line, path in term.froms:
        kind, value = path[0], path[-1]
        if kind in {"tcp-established", "is-fragment"} or (
            kind == "tcp-flags" and "ack" in value and "!ack" not in value
        ):
            return
        if kind in {"source-address", "destination-address", "address"} and len(path) > 1:
            spans = network(path[1])
            known = known and spans is not None and kind != "address"
            if "except" in path and kind == "source-address":
                cut += spans or ()
            else:
                parts[kind] += spans or ()
        elif kind in {"source-prefix-list", "destination-prefix-list"} and len(path) > 1:
            known = known and path[1] in reading.prefixes and "except" not in path
            parts[kind.replace("prefix-list", "address")] += reading.prefixes.get(path[1], [])
        elif kind in {"protocol", "next-header", "payload-protocol"}:
            protocols.add(
                {"6": "tcp", "17": "udp", "1": "icmp", "icmp6": "icmpv6"}.get(value, value)
            )
        elif kind in {"destination-port", "source-port", "port"}:
            spans = _ports(value)
            known = known and spans is not None and kind != "port"
            parts[kind] += spans or ()
        elif kind not in {"tcp-initial", "tcp-flags", "dscp", "icmp-type", "interface"}:
            known = False
        if not known:
            reading.reject(line)
            if action == DENY:
                return
            known = True
    source = (
        without(join(parts["source-address"]) or ANY, join(cut))
        if parts["source-address"] or cut
        else ANY
    )
    yield Rule(
        action, source, join(parts["destination-address"]) or ANY, frozenset(protocols),
        join(parts["destination-port"]) or PORTS, join(parts["source-port"]) or PORTS, reading.place(term.line), words,
    )  # fmt: skip


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
            action, join(ends["source-address"]) or ANY, join(ends["destination-address"]) or ANY, protocols, ports,
            place=reading.place(term.line), words=words,
        )  # fmt: skip


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
        )  # fmt: skip
    )


JUNIPER = Juniper()
