"""What a Cisco-like configuration means once all of it is read: lists on interfaces, routes, translations, zones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from amends.paths.collectors.base import Input
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
from amends.paths.collectors.names import PORT_NAMES
from amends.paths.devices import Device, Route, Translation
from amends.paths.filters import PERMIT, Filter, Rule
from amends.paths.shapes import Reject
from amends.paths.spaces import ANY, PORTS, V4, Spans, address, network, wildcard


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
    banner: str = ""

    def place(self, line: int) -> str:
        """Return file and line."""
        return f"{self.source.path}:{line}"

    def reject(self, line: int, reason: str, remedy: str) -> None:
        """Keep a line that could not be read."""
        self.rejects.append(Reject(self.place(line), reason, remedy))


def finish(reading: Reading) -> None:
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
            words,
            standard=standard,
            netmask=reading.asa,
            groups=reading.groups,
            place=reading.place(number),
            words=text,
        )
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
                    )
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
        many = network(f"{rest[1]}{rest[3]}"), network(f"{rest[2]}{rest[3]}")
        if many[0] is None or many[1] is None:
            raise Unclear
        reading.device.translations.append(Translation(many[0], many[1], kind, place=place))
        return
    inside = addresses(Words(["host", rest[0]], reading.groups, False))
    ports = (-1, -1)
    if kind:
        ports = (port_number(rest[1]), 0)
        rest = rest[1:]
    by_leg = rest[1].lower() == "interface"
    rest = rest[1:] if by_leg else rest
    outside = () if by_leg else addresses(Words(["host", rest[1]], reading.groups, False))
    if kind:
        ports = (ports[0], port_number(rest[2]))
    leg = rest[1] if by_leg else ""
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
    if name == "class-default":
        yield Rule(action, ANY, ANY, words="class class-default", place=reading.source.path)
        return
    matches = reading.classes.get(name, [])
    if len(matches) > 1 and name not in reading.any_class:
        number, words = matches[0]
        if action == PERMIT:
            reading.reject(
                number, "unsupported_line", "Check by hand what this class lets through."
            )
            yield Rule(action, place=reading.place(number), words=" ".join(words))
        return
    for number, words in matches:
        kind = words[1].lower() if len(words) > 1 else ""
        if kind == "access-group":
            yield from _listed(reading, words[-1], action)
        elif kind == "protocol":
            yield _protocol_rule(words, action, reading.place(number))


def _listed(reading: Reading, name: str, action: str) -> Iterator[Rule]:
    """Yield the rules of a list that a class names: what it permits gets the class's action, the rest goes on."""
    known = reading.device.filters.get(name)
    for rule in known.rules if known else ():
        if rule.action == PERMIT:
            yield replace(rule, action=action)


def _protocol_rule(words: list[str], action: str, place: str) -> Rule:
    word = words[-1].lower()
    port = PORT_NAMES.get(word)
    bare = word in {"tcp", "udp", "icmp"}
    return Rule(
        action,
        protocols=frozenset({word}) if bare else frozenset({"tcp", "udp"}),
        ports=((port, port),) if port is not None else PORTS,
        place=place,
        words=" ".join(words),
    )
