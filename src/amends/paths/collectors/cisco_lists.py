"""Lines of Cisco access lists: IOS, IOS-XE, NX-OS and ASA.

Sources: Cisco IOS Security Command Reference (``access-list``, ``ip access-list``, ``object-group``), Cisco ASA Series
Command Reference (``access-list extended``, ``object network``). Read 2026.
A line that cannot be weighed raises ``Unclear``; what can be read of it is kept on the side of "reachable".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from amends.paths.collectors.names import EVERY, NO_MATTER, NOT_NEW, ONE_WORD, PORT_NAMES, PROTOCOLS
from amends.paths.filters import DENY, PERMIT, Rule
from amends.paths.spaces import (
    ANY,
    ANY4,
    ANY6,
    PORTS,
    V4,
    Span,
    Spans,
    address,
    join,
    network,
    wildcard,
    without,
)

MAX_DEPTH = 16  # groups within groups; real ones go two deep, a hostile file may hold a loop


"""Words of a line that never matches the first packet of a TCP connection."""


class Unclear(Exception):  # noqa: N818  it is no error, it is a finding about a line
    """A line that cannot be weighed fully."""


@dataclass
class Groups:
    """Named objects and groups of a configuration.

    Attributes:
        networks: Entries of network objects and groups, each a list of words.
        services: Entries of service objects and groups, each a list of words; the first is ``tcp``, ``udp``,
            ``tcp-udp`` where the whole group is of it.
        protocols: Entries of protocol groups.
        names: ``name ADDRESS WORD`` of an ASA.
    """

    networks: dict[str, list[list[str]]] = field(default_factory=dict)
    services: dict[str, list[list[str]]] = field(default_factory=dict)
    protocols: dict[str, list[list[str]]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """Protocols and ports that a service of a group means."""

    protocols: frozenset[str] = frozenset()
    ports: Spans = PORTS
    source_ports: Spans = PORTS


class Words:
    """The words of a line, read from left to right."""

    def __init__(self, words: list[str], groups: Groups, netmask: bool) -> None:
        self.words = words
        self.at = 0
        self.groups = groups
        self.netmask = netmask

    def peek(self) -> str:
        """Return the next word in lower case, "" at the end."""
        return self.words[self.at].lower() if self.at < len(self.words) else ""

    def take(self) -> str:
        """Return the next word as written and go on."""
        if self.at >= len(self.words):
            raise Unclear
        self.at += 1
        return self.words[self.at - 1]

    def rest(self) -> list[str]:
        """Return what is left, in lower case."""
        return [word.lower() for word in self.words[self.at :]]


def _host(text: str, groups: Groups) -> Spans:
    value = address(groups.names.get(text.lower(), text))
    if value is None:
        raise Unclear
    return ((value, value),)


def addresses(words: Words, depth: int = 0) -> Spans:
    """Read an address part: ``any``, ``host X``, a network in any notation, an object or a group."""
    word = words.take()
    low = word.lower()
    if low in {"any", "any4", "any6"}:
        return {"any": ANY, "any4": ANY4, "any6": ANY6}[low]
    if low == "host":
        return _host(words.take(), words.groups)
    if low in {"object", "object-group", "addrgroup", "group-object"}:
        return group(words.take(), words.groups, depth, words.netmask)
    if low == "interface":
        words.take()
        raise Unclear
    if "/" in word:
        found = network(word)
        if found is None:
            raise Unclear
        return found
    return _masked(word, words)


def _masked(word: str, words: Words) -> Spans:
    """Read ``10.0.0.0 0.0.0.255`` (IOS) or ``10.0.0.0 255.255.255.0`` (ASA)."""
    base = _host(word, words.groups)[0][0]
    mask = address(words.peek()) if re.fullmatch(r"\d+(\.\d+){3}", words.peek()) else None
    if mask is None or base < V4:
        return ((base, base),)
    words.take()
    bits = mask - V4
    if words.netmask:
        bits = ~bits & 0xFFFFFFFF
    found = wildcard(base - V4, bits)
    if found is None:
        raise Unclear
    return found


def group(name: str, groups: Groups, depth: int = 0, netmask: bool = True) -> Spans:
    """Return the addresses of a network object or group; a loop or an unknown name is ``Unclear``."""
    entries = groups.networks.get(name.lower())
    if entries is None or depth > MAX_DEPTH:
        raise Unclear
    spans: list[Span] = []
    for entry in entries:
        words = Words(entry, groups, netmask)
        head = words.peek()
        if head in {"network-object", "subnet"}:
            words.take()
            head = words.peek()
        if head == "range":
            words.take()
            low, high = _host(words.take(), groups), _host(words.take(), groups)
            spans.append((low[0][0], high[0][0]))
        elif re.fullmatch(r"\d+", head):
            words.take()
            spans.extend(addresses(words, depth + 1))
        elif head in {"description", "nat", "fqdn"}:
            if head == "fqdn":
                raise Unclear
        else:
            spans.extend(addresses(words, depth + 1))
    return join(spans)


def port_number(text: str) -> int:
    """Return a port given by number or Cisco's name."""
    low = text.lower()
    if low in PORT_NAMES:
        return PORT_NAMES[low]
    if not low.isdecimal() or int(low) > 65535:
        raise Unclear
    return int(low)


def port_part(words: Words) -> Spans | None:
    """Read ``eq``, ``neq``, ``gt``, ``lt`` or ``range``; ``None`` where no port part follows."""
    word = words.peek()
    if word == "range":
        words.take()
        low, high = port_number(words.take()), port_number(words.take())
        return ((min(low, high), max(low, high)),)
    if word in {"gt", "lt"}:
        words.take()
        at = port_number(words.take())
        return join([(at + 1, 65535)]) if word == "gt" else join([(0, at - 1)])
    if word not in {"eq", "neq"}:
        return None
    words.take()
    values = [port_number(words.take())]
    while words.peek() in PORT_NAMES or words.peek().isdecimal():
        values.append(port_number(words.take()))
    spans = join((value, value) for value in values)
    return spans if word == "eq" else without(PORTS, spans)


def services(name: str, groups: Groups, depth: int = 0) -> list[Match]:
    """Return what a service object or group means."""
    entries = groups.services.get(name.lower())
    if entries is None or depth > MAX_DEPTH:
        raise Unclear
    out: list[Match] = []
    whole: frozenset[str] = frozenset()
    for entry in entries:
        head = entry[0].lower() if entry else ""
        if head == "of":
            whole = _protocols(entry[1])
        elif head in {"group-object", "object-group"}:
            out += services(entry[1], groups, depth + 1)
        elif head == "port-object":
            spans = port_part(Words(entry[1:], groups, True))
            out.append(Match(whole, spans or PORTS))
        elif head != "description":
            out += _service(entry, groups, depth)
    return out


def _service(entry: list[str], groups: Groups, depth: int) -> list[Match]:
    words = Words(entry, groups, True)
    if words.peek() in {"service-object", "service"}:
        words.take()
    if words.peek() in {"object", "object-group"}:
        words.take()
        return services(words.take(), groups, depth + 1)
    protocols = _protocols(words.take())
    source = PORTS
    ports: Spans | None = None
    while words.peek():
        if words.peek() == "source":
            words.take()
            source = port_part(words) or PORTS
        elif words.peek() == "destination":
            words.take()
        else:
            ports = port_part(words)
            if ports is None:
                if not protocols & {"tcp", "udp"}:
                    break  # a kind of ICMP
                raise Unclear
    return [Match(protocols, ports or PORTS, source)]


def _protocols(word: str) -> frozenset[str]:
    low = word.lower()
    if low in EVERY:
        return frozenset()
    if low in {"tcp-udp", "tcp-upd"}:
        return frozenset({"tcp", "udp"})
    if low not in PROTOCOLS and not (low.isdecimal() and int(low) < 256):
        raise Unclear
    return frozenset({PROTOCOLS.get(low, low)})


def _what(words: Words) -> list[Match]:
    """Read the protocol part: a protocol, or a group of protocols or services."""
    if words.peek() not in {"object", "object-group"}:
        return [Match(_protocols(words.take()))]
    words.take()
    name = words.take()
    entries = words.groups.protocols.get(name.lower())
    if entries is None:
        return services(name, words.groups)
    out: frozenset[str] = frozenset()
    for entry in entries:
        found = _protocols(entry[-1])
        if not found:
            return [Match()]
        out |= found
    return [Match(out)]


def rules(
    line: list[str], *, standard: bool, netmask: bool, groups: Groups, place: str, words: str
) -> tuple[list[Rule], bool]:
    """Read one entry of a list, from ``permit`` or ``deny`` on.

    Returns:
        The rules it means (several where a group of services is named, none where it can never match the first
        packet of a connection), and whether all of it was understood. A permit that was half understood is kept as
        wide as what was understood; a deny is not kept.
    """
    action = PERMIT if line[0].lower() == "permit" else DENY
    reader = Words(line[1:], groups, netmask)
    shell = Rule(action, place=place, words=words)
    made: list[Rule] = [shell]
    try:
        made, understood = (_standard if standard else _extended)(reader, shell)
    except Unclear:
        return (
            [_as_far(line, groups, netmask, shell, standard)] if action == PERMIT else []
        ), False
    return (made if understood or action == PERMIT else []), understood


def _as_far(line: list[str], groups: Groups, netmask: bool, shell: Rule, standard: bool) -> Rule:
    """Return a permit with the parts that can be read, and all where one cannot."""
    reader = Words(line[1:], groups, netmask)
    rule = shell
    steps: list[Callable[[Rule], Rule]] = [
        lambda r: replace(r, source=addresses(reader)),
        lambda r: replace(r, source_ports=port_part(reader) or PORTS),
        lambda r: replace(r, target=addresses(reader)),
        lambda r: replace(r, ports=port_part(reader) or PORTS),
    ]
    if not standard:
        steps.insert(0, lambda r: replace(r, protocols=_what(reader)[0].protocols))
    for step in steps[: 1 if standard else None]:
        try:
            rule = step(rule)
        except (Unclear, IndexError):
            break
    return rule


def _standard(words: Words, shell: Rule) -> tuple[list[Rule], bool]:
    source = addresses(words)
    return _weighed([replace(shell, source=source)], shell.action, _options(words))


def _weighed(made: list[Rule], action: str, fits: str) -> tuple[list[Rule], bool]:
    """Return the rules by whether their words let a new connection match: ``yes no sometimes unclear``."""
    if fits == "no" or (action == DENY and fits != "yes"):
        made = []
    return made, fits != "unclear"


def _extended(words: Words, shell: Rule) -> tuple[list[Rule], bool]:
    what = _what(words)
    source = addresses(words)
    source_ports, from_group = _ports_or_group(words)
    target = addresses(words)
    target_ports, to_group = _ports_or_group(words)
    fits = _options(words)
    out = []
    for match in what:
        for low in from_group or [Match(ports=source_ports or match.source_ports)]:
            for high in to_group or [Match(ports=target_ports or match.ports)]:
                out.append(
                    replace(
                        shell,
                        source=source,
                        target=target,
                        protocols=match.protocols or high.protocols,
                        ports=high.ports,
                        source_ports=low.ports,
                    )
                )
    return _weighed(out, shell.action, fits)


def _ports_or_group(words: Words) -> tuple[Spans | None, list[Match]]:
    """Read a port part, or the group of services an ASA may name in its place."""
    if words.peek() in {"object-group", "portgroup"}:
        at = words.at
        words.take()
        name = words.take().lower()
        if name in words.groups.services and name not in words.groups.networks:
            return None, services(name, words.groups)
        words.at = at
        return None, []
    return port_part(words), []


def _options(words: Words) -> str:
    """Read what follows: whether a new connection can match: ``yes no sometimes unclear``.

    ``time-range`` matches sometimes: a permit counts then, a deny does not.
    """
    left = words.rest()
    known = "yes"
    while left:
        word = left.pop(0)
        if word in NOT_NEW or word == "inactive":
            return "no"
        if word == "time-range":
            left = left[1:]
            known = "sometimes" if known == "yes" else known
        elif word in {"match-any", "match-all"}:
            if {"+ack", "+rst"} & set(left) or "-syn" in left:
                return "no"
            left = []
        elif word in ONE_WORD:
            left = left[1:]
        elif not (word in NO_MATTER or _harmless(word) or _icmp(words)):
            known = "unclear"
    return known


def _harmless(word: str) -> bool:
    """Answer whether a word is a counter, a checksum or a log interval."""
    return re.fullmatch(r"\d+|0x[0-9a-f]+|\(?hitcnt=.*|\(.*\)?|.*\)", word) is not None


def _icmp(words: Words) -> bool:
    """Answer whether the line is about ICMP, whose kinds may follow in words."""
    return bool({"icmp", "icmp6", "58", "1", "igmp"} & {word.lower() for word in words.words[:1]})
