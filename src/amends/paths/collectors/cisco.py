"""Cisco-like configurations: IOS, IOS-XE, NX-OS and ASA.

Sources: Cisco IOS Configuration Fundamentals, IP Addressing, NAT and Security command references; Cisco ASA Series
Command Reference. Read 2026. Access lists are read by ``cisco_lists``, logins and secrets by ``cisco_logins``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from amends.paths.collectors.base import Input
from amends.paths.collectors.cisco_logins import Logins
from amends.paths.collectors.cisco_wiring import Reading, finish
from amends.paths.collectors.seen import DeviceSeen, LookedSeen, Sighting
from amends.paths.devices import Device, Interface
from amends.paths.shapes import Reject
from amends.paths.spaces import V4, Spans, address, network, wildcard

LOOKS_LIKE = re.compile(
    r"^(?:hostname \S+|interface [A-Za-z][\w/.:-]*\d|ip access-list (?:standard|extended) \S+|ipv6 access-list \S+|"
    r"access-list \S+ (?:permit|deny|extended|standard|line|remark)|line vty \d+|router (?:ospf|bgp|eigrp|rip)\b|"
    r"ASA Version|PIX Version|: Saved|object-group (?:network|service|protocol) \S+|"
    r"ip route \d|enable (?:secret|password))",
    re.MULTILINE,
)
SUB = {
    "interface": r"(?:no )?(?:ip|ipv6|description|shutdown|nameif|security-level|zone-member|encapsulation|duplex|"
    r"speed|negotiation|media-type|switchport|vlan|standby|vrf|mtu|bandwidth|service-policy|cdp|channel-group|management-only)\b"
    r"(?! route\b| access-list\b| nat (?:inside|outside) source| http\b| domain\b| name-server\b| ssh\b| local\b)",
    "list": r"(?:\d+ )?(?:permit|deny|remark|evaluate)\b|(?:\d+ )?(?:statistics)\b",
    "line": r"(?:no )?(?:access-class|ipv6 access-class|transport|login|password|exec-timeout|privilege|logging sync|"
    r"stopbits|session-timeout|history|length|width|authorization|exec|speed|rotary)\b",
    "group": r"(?:network-object|service-object|port-object|group-object|protocol-object|icmp-object|host|subnet|range|"
    r"fqdn|service|description|nat|tcp|udp|tcp-udp|icmp|ip|any|eq|gt|lt|\d+)\b",
}
SUBCOMMAND = {name: re.compile(words) for name, words in SUB.items()}


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
        finish(reading)
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
    if reading.banner:
        reading.banner = "" if reading.banner in line else reading.banner
        return
    if not text or text.startswith(("!", ":", "#")):
        return
    if text.lower().startswith("banner "):
        reading.banner = _banner_end(text)
        return
    indented = line[:1].isspace()
    words = text.split()
    if reading.kind and (indented or _continues(reading.kind, text)):
        _section_line(reading, number, words, text)
        return
    reading.kind = reading.at = ""
    _command(reading, number, words, text)


def _banner_end(text: str) -> str:
    """Return the sign that ends a banner whose text goes on in the next lines; "" when it ends in its own."""
    words = text.split(None, 2)
    if len(words) < 3:
        return ""
    sign = words[2][:2] if words[2].startswith("^") else words[2][0]
    return "" if sign in words[2][len(sign) :] else sign


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
    elif first == "name" and len(words) > 2:
        reading.groups.names[words[2].lower()] = words[1]
    elif first == "access-group" or (two == "ip access-group" and len(words) > 2):
        reading.uses.append((number, words))
    elif two in {"ip route", "ipv6 route"} or first == "route":
        reading.routes.append((number, words))
    elif two == "ip nat" or first in {"nat", "static"}:
        reading.nat.append((number, words, ""))
    elif first == "access-list" and len(words) > 2:
        _list_line(reading, number, words, text)
    elif not _opened(reading, number, words):
        reading.logins.command(number, words)


def _opened(reading: Reading, number: int, words: list[str]) -> bool:
    """Open the section that a command begins; say whether it begins one."""
    first = words[0].lower()
    two = " ".join(words[:2]).lower()
    if first == "interface" and len(words) > 1:
        reading.kind, reading.at = "interface", "".join(words[1:])
        reading.device.interfaces.setdefault(
            reading.at, Interface(reading.at, reading.device.name, place=reading.place(number))
        )
    elif two in {"ip access-list", "ipv6 access-list"} and len(words) > 2:
        _list_open(reading, number, words)
    elif first in {"object", "object-group"} and len(words) > 2:
        _group_open(reading, words)
    elif first == "line" and len(words) > 1:
        reading.kind = "line"
        reading.logins.open_line(number, words)
    elif first in {"class-map", "policy-map", "zone-pair"} and len(words) > 2:
        _zone_open(reading, number, words)
    elif first == "router":
        reading.kind = "router"
    else:
        return False
    return True


def _list_open(reading: Reading, number: int, words: list[str]) -> None:
    """Open a named list."""
    typed = words[2].lower() in {"standard", "extended"} and len(words) > 3
    named = words[3] if typed else words[2]
    reading.kind, reading.at = "list", named
    reading.lists.setdefault(named, number)
    if words[0].lower() == "ipv6":
        reading.six.add(named)
    if words[2].lower() == "standard":
        reading.logins.standard.add(named)


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


CISCO = Cisco()
