"""Juniper configurations, as ``show configuration`` gives them: with braces, or as ``set`` lines.

Source: Junos OS documentation: firewall filters (match conditions, ``then`` actions), security zones, policies, address
books, host-inbound-traffic, ``system services``, ``system login``. Read 2026. Both forms become paths of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from amends.paths.collectors.base import Input, fingerprint_of
from amends.paths.collectors.juniper_rules import SERVICES, Line, Path, Reading, Term, finish
from amends.paths.collectors.seen import DeviceSeen, LookedSeen, SecretSeen, ServiceSeen, Sighting
from amends.paths.devices import Device, Interface, Route
from amends.paths.shapes import Reject
from amends.paths.spaces import address, network

TOKEN = re.compile(r'/\*.*?\*/|#[^\n]*|"(?:[^"\\]|\\.)*"|[{};\[\]]|[^\s{};\[\]"#]+|\n', re.DOTALL)
MAX_DEPTH = 64


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


@dataclass
class Braces:
    """Where we are in a configuration with braces."""

    stack: list[Path] = field(default_factory=lambda: [()])
    words: list[str] = field(default_factory=list)
    many: list[str] | None = None

    def sign(self, sign: str) -> Iterator[Path]:
        """Take a brace, bracket or semicolon; yield the statements it ends."""
        if sign == "{":
            self.stack.append(
                (*self.stack[-1], *self.words) if len(self.stack) < MAX_DEPTH else self.stack[-1]
            )
        elif sign == "}":
            self.stack = self.stack[:-1] or [()]
        elif sign == "[":
            self.many = []
            return
        elif sign == "]":
            for word in self.many or ():
                yield (*self.stack[-1], *self.words, word)
            self.many = None
        elif self.words:
            yield (*self.stack[-1], *self.words)
        self.words = []


def _braces(text: str) -> Iterator[Line]:
    at = Braces()
    line = 1
    for found in TOKEN.finditer(text):
        part = found[0]
        if part == "\n" or part.startswith(("/*", "#")):
            line += part.count("\n")
        elif part in "{}[];":
            for path in at.sign(part):
                yield line, path
        elif at.many is not None:
            at.many.append(part.strip('"'))
        else:
            at.words.append(part.strip('"'))


def _left_open(source: Input) -> bool:
    """Answer whether more braces open than close."""
    signs = [found[0] for found in TOKEN.finditer(source.text) if found[0] in "{}"]
    return signs.count("{") != signs.count("}")


class Juniper:
    """Juniper configurations."""

    name = "juniper"

    def detect(self, source: Input) -> bool:
        """Answer whether it has Junos' own statements in either form."""
        head = source.text[:262144]
        if head.lstrip().startswith(("<", "[")) or re.match(r"\s*\{\s*\"", head):
            return False
        return bool(
            re.search(
                r"^set (?:system|interfaces|firewall|security|policy-options|routing-options|version) ",
                head,
                re.M,
            )
            or (
                re.search(
                    r"^(?:system|interfaces|firewall|security|policy-options|version) ?(?:\{|\S+;)",
                    head,
                    re.M,
                )
                and re.search(r"[;{]\s*$", head, re.M)
            )
        )

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
        finish(reading)
        yield from reading.rejects
        if not any(path[0] == "system" or len(path) > 1 for _, path in every) or _left_open(source):
            yield Reject(
                source.path,
                "truncated",
                "Add the whole configuration; braces that open are not all closed.",
            )
        yield DeviceSeen(reading.device, source.path)
        yield LookedSeen("config", source.path, reading.device.name)
        for word, line in reading.services.items():
            protocol, port = SERVICES[word]
            yield ServiceSeen(
                reading.device.name,
                port,
                protocol,
                reading.place(line),
                "password" if port != 161 else "",
                mfa=False if port != 161 else None,
                lockout=reading.lockout if port != 161 else None,
                product=word,
                act=f"own:{reading.device.name}:{word}",
                listed=False,
            )
        for secret in reading.readable:
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
            reading.readable.append(
                SecretSeen(
                    fingerprint_of(clear[0]),
                    reading.place(line),
                    file=reading.source.path,
                    identity=user,
                    rule="password in clear",
                    current=True,
                    looks="config",
                )
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


JUNIPER = Juniper()
