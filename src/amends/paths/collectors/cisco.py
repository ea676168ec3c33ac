"""Cisco-like configurations: IOS, IOS-XE, NX-OS and ASA.

Sources: Cisco IOS Configuration Fundamentals, IP Addressing, NAT and Security command references; Cisco ASA Series
Command Reference. Read 2026. Access lists are read by ``cisco_lists``, logins and secrets by ``cisco_logins``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from amends.paths.collectors.base import DeviceSeen, Input, LookedSeen, Sighting
from amends.paths.collectors.cisco_lists import (
    Groups,
    Unclear,
    Words,
    addresses,
    group,
    port_number,
    rules,
)
from amends.paths.collectors.cisco_logins import Logins
from amends.paths.devices import Device, Interface, Route, Translation
from amends.paths.filters import PERMIT, Filter, Rule
from amends.paths.shapes import Reject
from amends.paths.spaces import ANY, V4, Spans, address, network, wildcard

LOOKS_LIKE = re.compile(
    r"^(?:hostname \S+|interface [A-Za-z][\w/.:-]*\d|ip access-list (?:standard|extended) \S+|ipv6 access-list \S+|"
    r"access-list \S+ (?:permit|deny|extended|standard|line|remark)|line vty \d+|router (?:ospf|bgp|eigrp|rip)\b|"
    r"ASA Version|PIX Version|: Saved|object-group (?:network|service|protocol) \S+|ip route \d|enable (?:secret|password))",
    re.MULTILINE,
)
SUB = {
    "interface": r"(?:no )?(?:ip|ipv6|description|shutdown|nameif|security-level|zone-member|encapsulation|duplex|speed|"
    r"negotiation|media-type|switchport|vlan|standby|vrf|mtu|bandwidth|service-policy|cdp|channel-group|management-only)\b"
    r"(?! route\b| access-list\b| nat (?:inside|outside) source| http\b| domain\b| name-server\b| ssh\b| local\b)",
    "list": r"(?:\d+ )?(?:permit|deny|remark|evaluate)\b|(?:\d+ )?(?:statistics)\b",
    "line": r"(?:no )?(?:access-class|ipv6 access-class|transport|login|password|exec-timeout|privilege|logging sync|"
    r"stopbits|session-timeout|history|length|width|authorization|exec|speed|rotary)\b",
    "group": r"(?:network-object|service-object|port-object|group-object|protocol-object|icmp-object|host|subnet|range|"
    r"fqdn|service|description|nat|tcp|udp|tcp-udp|icmp|ip|any|eq|gt|lt|\d+)\b",
}  # fmt: skip
SUBCOMMAND = {name: re.compile(words) for name, words in SUB.items()}


@dataclass
class Reading:
    """What is being read: the device so far, and the section the next line belongs to."""

    source: Input
    device: Device
    logins: Logins
    groups: Groups = field(default_factory=Groups)
    asa: bool = False
    kind: str = ""
    at: str = ""
    entries: list[tuple[str, bool, int, str, list[str]]] = field(default_factory=list)
    lists: dict[str, int] = field(default_factory=dict)
    six: set[str] = field(default_factory=set)
    nat: list[tuple[int, list[str], str]] = field(default_factory=list)
    routes: list[tuple[int, list[str]]] = field(default_factory=list)
    uses: list[tuple[int, list[str]]] = field(default_factory=list)
    pairs: list[tuple[str, str, str]] = field(default_factory=list)
    policies: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    classes: dict[str, list[tuple[int, list[str]]]] = field(default_factory=dict)
    any_class: set[str] = field(default_factory=set)
    rejects: list[Reject] = field(default_factory=list)

    def place(self, line: int) -> str:
        """Return file and line."""
        return f"{self.source.path}:{line}"

    def reject(self, line: int, reason: str, remedy: str) -> None:
        """Keep a line that could not be read."""
        self.rejects.append(Reject(self.place(line), reason, remedy))


class Cisco:
    """Cisco-like configurations."""

    name = "cisco"

    def detect(self, source: Input) -> bool:
        """Answer whether the text has at least one line only such a configuration has, and no braces of others."""
        head = source.head
        if (
            head.lstrip().startswith(("<", "{", "[", "*", "#config-version"))
            or "\nconfig firewall" in head
        ):
            return False
        if re.search(r"^(?:set \S+ |    ?\S+ \{|\S+ \{)", head, re.MULTILINE):
            return False
        return LOOKS_LIKE.search(source.text[: 4 * 2**20]) is not None

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the device, its services, its secrets, and the lines that could not be read."""
        name = re.sub(r"\.(?:cfg|conf|config|txt|log|running|ios|asa)$", "", source.name)
        reading = Reading(source, Device(name, source.path), Logins(source.path))
        reading.asa = (
            re.search(r"^(?:ASA|PIX) Version|^\s+nameif ", source.text, re.MULTILINE) is not None
        )
        for number, line in source.lines():
            _read(reading, number, line)
        _finish(reading)
        device = reading.device
        yield from reading.rejects
        if not (device.interfaces or device.filters or reading.logins.told):
            yield Reject(
                source.path, "nothing_read", "Add the whole configuration as the device shows it."
            )
            return
        yield DeviceSeen(device, source.path)
        yield LookedSeen("config", source.path, device.name)
        yield from reading.logins.sightings(device, asa=reading.asa)


def _read(reading: Reading, number: int, line: str) -> None:
    """Read one line: as part of the section it stands in, or as a command of its own."""
    text = line.strip()
    if not text or text.startswith(("!", ":", "#")):
        return
    indented = line[:1].isspace()
    words = text.split()
    if reading.kind and (indented or _continues(reading.kind, text)):
        _section_line(reading, number, words, text)
        return
    reading.kind = reading.at = ""
    _command(reading, number, words, text)


def _continues(kind: str, text: str) -> bool:
    known = SUBCOMMAND.get(kind)
    return known is not None and known.match(text) is not None


def _section_line(reading: Reading, number: int, words: list[str], text: str) -> None:
    if reading.kind == "interface":
        _interface_line(reading, number, words, text)
    elif reading.kind == "list":
        _entry(reading, number, reading.at, words, text)
    elif reading.kind == "line":
        reading.logins.line(number, words)
    elif reading.kind == "group":
        _group_line(reading, number, words)
    elif reading.kind in {"class", "policy", "pair"}:
        _zone_line(reading, number, words)


def _command(reading: Reading, number: int, words: list[str], text: str) -> None:
    """Read a command that stands by itself or opens a section."""
    first = words[0].lower()
    two = " ".join(words[:2]).lower()
    if first in {"hostname", "switchname"} and len(words) > 1:
        reading.device.name = words[1].strip('"')
    elif first == "interface" and len(words) > 1:
        reading.kind, reading.at = "interface", "".join(words[1:])
        reading.device.interfaces.setdefault(
            reading.at, Interface(reading.at, reading.device.name, place=reading.place(number))
        )
    elif two in {"ip access-list", "ipv6 access-list"} and len(words) > 2:
        named = (
            words[3]
            if words[2].lower() in {"standard", "extended"} and len(words) > 3
            else words[2]
        )
        reading.kind, reading.at = "list", named
        reading.lists.setdefault(named, number)
        if first == "ipv6":
            reading.six.add(named)
        if words[2].lower() == "standard":
            reading.logins.standard.add(named)
    elif first == "access-list" and len(words) > 2:
        _list_line(reading, number, words, text)
    elif first == "access-group" or (two == "ip access-group" and len(words) > 2):
        reading.uses.append((number, words))
    elif first in {"object", "object-group"} and len(words) > 2:
        _group_open(reading, words)
    elif first == "name" and len(words) > 2:
        reading.groups.names[words[2].lower()] = words[1]
    elif two in {"ip route", "ipv6 route"} or first == "route":
        reading.routes.append((number, words))
    elif two == "ip nat" or first in {"nat", "static"}:
        reading.nat.append((number, words, ""))
    elif first == "line" and len(words) > 1:
        reading.kind = "line"
        reading.logins.open_line(number, words)
    elif first in {"class-map", "policy-map", "zone-pair"} and len(words) > 2:
        _zone_open(reading, number, words)
    elif first == "router":
        reading.kind = "router"
    else:
        reading.logins.command(number, words)


def _list_line(reading: Reading, number: int, words: list[str], text: str) -> None:
    """Read ``access-list NAME …``: numbered (IOS) or named (ASA)."""
    name, rest = words[1], words[2:]
    reading.lists.setdefault(name, number)
    if rest[0].lower() == "line" and len(rest) > 2:
        rest = rest[2:]
    if rest[0].lower() in {"extended", "standard"}:
        if rest[0].lower() == "standard":
            reading.logins.standard.add(name)
        rest = rest[1:]
    elif not reading.asa and _is_standard(name):
        reading.logins.standard.add(name)
    if rest:
        _entry(reading, number, name, rest, text)


def _is_standard(name: str) -> bool:
    return name.isdecimal() and (1 <= int(name) <= 99 or 1300 <= int(name) <= 1999)


def _entry(reading: Reading, number: int, name: str, words: list[str], text: str) -> None:
    if words[0].isdecimal() and len(words) > 1:
        words = words[1:]
    word = words[0].lower()
    if word in {"permit", "deny"} and len(words) > 1:
        reading.entries.append((name, name in reading.logins.standard, number, text, words))
    elif word not in {
        "remark",
        "evaluate",
        "statistics",
        "description",
        "no",
        "fragments",
        "exit",
        "webtype",
        "ethertype",
    }:
        reading.reject(
            number, "unsupported_line", "Check by hand what this line of the list lets through."
        )


def _interface_line(reading: Reading, number: int, words: list[str], text: str) -> None:
    leg = reading.device.interfaces[reading.at]
    low = [word.lower() for word in words]
    if low[0] == "description":
        leg.description = text.split(None, 1)[1] if len(words) > 1 else ""
    elif low[0] == "shutdown":
        leg.up = False
    elif low[:2] == ["no", "shutdown"]:
        leg.up = True
    elif low[0] == "nameif" and len(words) > 1:
        leg.group = words[1]
    elif low[0] == "security-level" and len(words) > 1 and words[1].isdecimal():
        leg.level = int(words[1])
    elif low[:2] == ["zone-member", "security"] and len(words) > 2:
        leg.group = words[2]
    elif low[:2] in (["ip", "access-group"], ["ipv6", "traffic-filter"]) and len(words) > 2:
        way = leg.leaving if low[-1] == "out" else leg.entering
        way.append(words[2])
    elif low[:2] in (["ip", "address"], ["ipv6", "address"]) or low[0] == "standby":
        _address(reading, number, leg, words)


def _address(reading: Reading, number: int, leg: Interface, words: list[str]) -> None:
    """Read an interface's address: with a mask, a prefix length, or a virtual one."""
    if words[0].lower() == "standby":
        value = address(words[3]) if len(words) > 3 and words[2].lower() == "ip" else None
        leg.addresses += [value] if value is not None else []
        return
    text = words[2] if len(words) > 2 else ""
    if text.lower() in {"dhcp", "autoconfig", "negotiated", "pppoe", "link-local", "unnumbered"}:
        return
    base = address(text.split("/", 1)[0])
    mask = address(words[3]) if len(words) > 3 and "/" not in text else None
    spans: Spans | None = None
    if "/" in text:
        spans = network(text)
    elif base is not None and mask is not None and mask >= V4 and base >= V4:
        spans = wildcard(base - V4, ~(mask - V4) & 0xFFFFFFFF)
    if base is None or spans is None:
        reading.reject(number, "unsupported_line", "Check the address of this interface by hand.")
        return
    leg.addresses.append(base)
    leg.subnets.append(spans)


def _group_open(reading: Reading, words: list[str]) -> None:
    """Open ``object network X``, ``object-group service X tcp`` and the like."""
    low = [word.lower() for word in words]
    at = (
        2
        if low[1] in {"network", "service", "protocol", "ip", "ipv6", "icmp-type", "v4-address"}
        else 1
    )
    if at >= len(words):
        return
    kind = (
        "services" if low[1] == "service" or (low[1] == "ip" and low[2] == "port") else "networks"
    )
    if low[1] == "protocol":
        kind = "protocols"
    if low[1] == "ip" and low[2] in {"address", "port"} and len(words) > 3:
        at = 3
    reading.kind, reading.at = "group", f"{kind} {words[at]}"
    entries = getattr(reading.groups, kind).setdefault(words[at].lower(), [])
    if kind == "services" and len(words) > at + 1 and low[0] == "object-group":
        entries.append(["of", words[at + 1]])


def _group_line(reading: Reading, number: int, words: list[str]) -> None:
    kind, name = reading.at.split(" ", 1)
    if words[0].lower() == "nat":
        reading.nat.append((number, words, name))
        return
    if words[0].lower() in {"description", "no", "exit"}:
        return
    getattr(reading.groups, kind)[name.lower()].append(words)


def _zone_open(reading: Reading, number: int, words: list[str]) -> None:
    low = [word.lower() for word in words]
    if low[0] == "zone-pair" and "source" in low and "destination" in low:
        ends = [
            words[low.index(side) + 1]
            for side in ("source", "destination")
            if low.index(side) + 1 < len(words)
        ]
        if len(ends) == 2:
            reading.kind, reading.at = "pair", f"{ends[0]} {ends[1]}"
            reading.pairs.append((ends[0], ends[1], ""))
    elif low[0] == "policy-map":
        reading.kind, reading.at = "policy", words[-1]
        reading.policies.setdefault(words[-1], [])
    elif low[0] == "class-map":
        reading.kind, reading.at = "class", words[-1]
        reading.classes.setdefault(words[-1], [])
        if "match-any" in low:
            reading.any_class.add(words[-1])


def _zone_line(reading: Reading, number: int, words: list[str]) -> None:
    low = [word.lower() for word in words]
    if reading.kind == "pair" and low[0] == "service-policy" and reading.pairs:
        source, target, _ = reading.pairs[-1]
        reading.pairs[-1] = (source, target, words[-1])
    elif reading.kind == "policy":
        steps = reading.policies[reading.at]
        if low[0] == "class":
            steps.append((words[-1], "drop"))
        elif low[0] in {"inspect", "pass", "drop"} and steps:
            steps[-1] = (steps[-1][0], low[0])
    elif reading.kind == "class" and low[0] == "match":
        reading.classes[reading.at].append((number, words))


def _finish(reading: Reading) -> None:
    """Put lists, uses, translations and routes together, once all names are known."""
    device = reading.device
    for leg in device.interfaces.values():
        leg.device = device.name
    for name, number in reading.lists.items():
        family = 0 if reading.asa else 6 if name in reading.six else 4
        device.filters[name] = Filter(
            name, device.name, reading.place(number), default=PERMIT, family=family
        )
    for name, standard, number, text, words in reading.entries:
        found, understood = rules(
            words, standard=standard, netmask=reading.asa, groups=reading.groups,
            place=reading.place(number), words=text,
        )  # fmt: skip
        device.filters[name].rules.extend(found)
        device.filters[name].default = "deny"
        if not understood:
            reading.reject(
                number, "unsupported_line", "Check by hand what this line of the list lets through."
            )
    for number, words in reading.uses:
        _use(reading, number, words)
    for number, words, name in reading.nat:
        try:
            _translate(reading, number, words, name)
        except (Unclear, IndexError):
            reading.reject(
                number,
                "unsupported_line",
                "Check by hand which inside host this translation shows.",
            )
    for number, words in reading.routes:
        _route(reading, number, words)
    _zones(reading)
    device.spared = reading.asa
    device.same_level = (
        re.search(r"^same-security-traffic permit inter-interface", reading.source.text, re.M)
        is not None
    )
    device.levels = reading.asa and any(leg.level >= 0 for leg in device.interfaces.values())
    _undefined(reading)


def _use(reading: Reading, number: int, words: list[str]) -> None:
    """Read an ASA's ``access-group NAME in interface X`` or ``global``."""
    low = [word.lower() for word in words]
    legs = list(reading.device.interfaces.values())
    if "control-plane" in low or low[0] == "ip":
        return
    if "global" in low:
        for leg in legs:
            leg.entering += [] if leg.entering else [words[1]]
        return
    for leg in legs:
        if leg.group.lower() == low[-1] or leg.name.lower() == low[-1]:
            (leg.leaving if low[2] == "out" else leg.entering).append(words[1])
            return
    reading.reject(number, "unsupported_line", "Check by hand which interface this list stands on.")


def _undefined(reading: Reading) -> None:
    """Tell of lists that are used and not written: IOS lets everything through then."""
    for leg in reading.device.interfaces.values():
        for name in (*leg.entering, *leg.leaving):
            if name not in reading.device.filters:
                reading.rejects.append(
                    Reject(
                        leg.place,
                        "undefined_list",
                        f"Write the list {name}, or take it off the interface; "
                        "as it stands it lets everything through.",
                    )  # fmt: skip
                )


def _route(reading: Reading, number: int, words: list[str]) -> None:
    """Read a static route."""
    rest = words[2:]
    leg = ""
    if words[0].lower() == "route":
        leg = next((i.name for i in reading.device.interfaces.values() if i.group == words[1]), "")
    if rest and rest[0].lower() == "vrf":
        rest = rest[2:]
    target = network(rest[0]) if rest and "/" in rest[0] else None
    hops = rest[1:]
    if target is None and len(rest) > 2:
        base, mask = address(rest[0]), address(rest[1])
        if base is not None and mask is not None and base >= V4 and mask >= V4:
            target = wildcard(base - V4, ~(mask - V4) & 0xFFFFFFFF)
            hops = rest[2:]
    if target is None or not hops:
        reading.reject(number, "unsupported_line", "Check by hand where this route leads.")
        return
    next_hop = None
    nowhere = False
    for word in hops[:2]:
        value = address(word)
        if value is not None and next_hop is None:
            next_hop = value
        elif word.lower().startswith("null"):
            nowhere = True
        elif not word.isdecimal() and word in reading.device.interfaces:
            leg = word
    reading.device.routes.append(Route(target, next_hop, leg, nowhere))


def _translate(reading: Reading, number: int, words: list[str], name: str) -> None:
    """Read a static translation of IOS (``ip nat inside source static``) or ASA (``nat (in,out) static``)."""
    low = [word.lower() for word in words]
    place = reading.place(number)
    if low[0] == "nat" and name and "static" in low:
        _asa_object(reading, words, name, place)
    elif low[0] == "static" and len(words) > 3:
        _asa_static(reading, words, place)
    elif low[:5] == ["ip", "nat", "inside", "source", "static"]:
        _ios_static(reading, words[5:], place)


def _asa_object(reading: Reading, words: list[str], name: str, place: str) -> None:
    low = [word.lower() for word in words]
    inside = group(name, reading.groups)
    at = low.index("static") + 1
    outside_leg = words[1].strip("()").split(",")[-1]
    outside: Spans = ()
    leg = ""
    if low[at] == "interface":
        leg = outside_leg
    elif address(words[at]) is not None:
        outside = addresses(Words(["host", words[at]], reading.groups, True))
    else:
        outside = group(words[at], reading.groups)
    kind, ports = "", (-1, -1)
    if "service" in low:
        from_word = low.index("service")
        kind = low[from_word + 1]
        ports = (port_number(words[from_word + 2]), port_number(words[from_word + 3]))
    reading.device.translations.append(
        Translation(inside, outside, kind, ports[0], ports[1], place, True, leg)
    )


def _asa_static(reading: Reading, words: list[str], place: str) -> None:
    """Read ``static (inside,outside) OUT IN``, as ASA wrote it before 8.3; lists see the outside address."""
    low = [word.lower() for word in words]
    leg = words[1].strip("()").split(",")[-1]
    if low[2] in {"tcp", "udp"}:
        outside_word, outside_port, inside_word, inside_port = words[3:7]
        ports = (port_number(inside_port), port_number(outside_port))
        kind = low[2]
    else:
        outside_word, inside_word = words[2], words[3]
        ports, kind = (-1, -1), ""
    by_leg = outside_word.lower() == "interface"
    outside = () if by_leg else addresses(Words(["host", outside_word], reading.groups, True))
    inside = addresses(Words(["host", inside_word], reading.groups, True))
    reading.device.translations.append(
        Translation(inside, outside, kind, *ports, place, False, leg if by_leg else "")
    )


def _ios_static(reading: Reading, words: list[str], place: str) -> None:
    kind = words[0].lower() if words[0].lower() in {"tcp", "udp"} else ""
    rest = words[1:] if kind else words
    if rest[0].lower() == "network":
        inside, outside = network(f"{rest[1]}{rest[3]}"), network(f"{rest[2]}{rest[3]}")
        if inside is None or outside is None:
            raise Unclear
        reading.device.translations.append(Translation(inside, outside, kind, place=place))
        return
    inside = addresses(Words(["host", rest[0]], reading.groups, False))
    ports = (-1, -1)
    if kind:
        ports = (port_number(rest[1]), 0)
        rest = rest[1:]
    leg = ""
    outside: Spans = ()
    if rest[1].lower() == "interface":
        leg = rest[2]
        rest = rest[1:]
    else:
        outside = addresses(Words(["host", rest[1]], reading.groups, False))
    if kind:
        ports = (ports[0], port_number(rest[2]))
    reading.device.translations.append(
        Translation(inside, outside, kind, *ports, place, False, leg)
    )


def _zones(reading: Reading) -> None:
    """Turn pairs of security zones into lists between their interfaces."""
    device = reading.device
    if not reading.pairs or reading.asa:
        return
    device.closed = True
    for source, target, policy in reading.pairs:
        name = f"zone-pair {source} {target}"
        made = Filter(name, device.name, device.place)
        for klass, action in reading.policies.get(policy, ()):
            made.rules.extend(_class_rules(reading, klass, PERMIT if action != "drop" else "deny"))
        device.filters[name] = made
        device.between.setdefault((source, target), []).append(name)


def _class_rules(reading: Reading, name: str, action: str) -> Iterator[Rule]:
    """Yield the rules a class means; one that we cannot weigh is taken wide when it lets through."""
    from amends.paths.collectors.cisco_lists import PORT_NAMES

    if name == "class-default":
        yield Rule(action, ANY, ANY, words="class class-default", place=reading.source.path)
        return
    matches = reading.classes.get(name, [])
    several = len(matches) > 1 and name not in reading.any_class
    for number, words in matches:
        low = [word.lower() for word in words]
        place, text = reading.place(number), " ".join(words)
        if several:
            if action == PERMIT:
                reading.reject(
                    number, "unsupported_line", "Check by hand what this class lets through."
                )
                yield Rule(action, place=place, words=text)
                return
        elif low[1:2] == ["access-group"]:
            known = reading.device.filters.get(words[-1])
            for rule in known.rules if known else ():
                if rule.action == PERMIT or action == PERMIT:
                    yield (
                        rule
                        if rule.action == action
                        else Rule(**{**rule.__dict__, "action": "deny"})
                    )
        elif low[1:2] == ["protocol"]:
            word = low[-1]
            port = PORT_NAMES.get(word)
            yield Rule(
                action,
                protocols=frozenset({word})
                if word in {"tcp", "udp", "icmp"}
                else frozenset({"tcp", "udp"}),
                ports=((port, port),) if port is not None else ((0, 65535),),
                place=place,
                words=text,
            )


CISCO = Cisco()
