"""Host firewalls: what ``iptables-save``, ``ip6tables-save`` or a script of ``iptables`` commands lets in.

Source: iptables(8), iptables-extensions(8), iptables-save(8). Only the INPUT chain of the filter table counts, with the
chains it calls: what a host may send is not asked, because whoever controls it can change that.
A port that a rule opens by number is taken as a service of the host.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from amends.paths.collectors.base import Input
from amends.paths.collectors.names import PORT_NAMES
from amends.paths.collectors.seen import (
    FirewallSeen,
    LookedSeen,
    ServiceSeen,
    Sighting,
)
from amends.paths.filters import DENY, PERMIT, RETURN, Filter, Rule
from amends.paths.shapes import Reject
from amends.paths.spaces import ANY, ANY4, ANY6, PORTS, Spans, join, network, ports, size, without

TARGETS = {
    "ACCEPT": PERMIT,
    "NFQUEUE": PERMIT,
    "QUEUE": PERMIT,
    "DROP": DENY,
    "REJECT": DENY,
    "TARPIT": DENY,
    "RETURN": RETURN,
}
NO_END = frozenset(
    {
        "LOG",
        "NFLOG",
        "ULOG",
        "MARK",
        "CONNMARK",
        "AUDIT",
        "TRACE",
        "SET",
        "TCPMSS",
        "CLASSIFY",
        "DSCP",
        "TOS",
        "SECMARK",
        "CONNSECMARK",
        "CT",
        "NOTRACK",
        "CHECKSUM",
        "TTL",
        "HL",
    }
)
FLAGS = {
    "-p": "protocol",
    "--protocol": "protocol",
    "-s": "source",
    "--source": "source",
    "--src": "source",
    "-d": "target",
    "--destination": "target",
    "--dst": "target",
    "--dport": "ports",
    "--dports": "ports",
    "--destination-port": "ports",
    "--destination-ports": "ports",
    "--sport": "source_ports",
    "--sports": "source_ports",
    "--source-port": "source_ports",
    "--source-ports": "source_ports",
    "--ports": "both_ports",
    "-i": "entering",
    "--in-interface": "entering",
    "-o": "leaving",
    "--out-interface": "leaving",
    "--state": "state",
    "--ctstate": "state",
    "-j": "jump",
    "--jump": "jump",
    "-g": "goto",
    "--goto": "goto",
    "-m": "module",
    "--match": "module",
    "--src-range": "source",
    "--dst-range": "target",
    "--tcp-flags": "flags",
    "--syn": "syn",
    "--comment": "skip",
    "--icmp-type": "icmp",
    "--icmpv6-type": "icmp",
    "--dst-type": "local",
}
WORDLESS = frozenset(
    {
        "--syn",
        "-f",
        "--set",
        "--update",
        "--rcheck",
        "--remove",
        "--rsource",
        "--rdest",
        "--rttl",
        "--log-tcp-options",
        "--log-ip-options",
        "--log-uid",
        "--log-tcp-sequence",
    }
)
HARMLESS = re.compile(
    r"^--(?:limit|limit-burst|hashlimit.*|seconds|hitcount|name|set|update|rcheck|remove|rsource|rdest|rttl|reap|mask|"
    r"log-.*|nflog-.*|reject-with|queue-.*|connlimit-.*|ctdir|mac-source|set-mark|probability|mode|every|packet)$"
)
"""Options of rules about rate and logging: a first connection passes them."""


@dataclass
class Table:
    """The chains of a filter table while they are read."""

    policy: dict[str, str] = field(default_factory=dict)
    chains: dict[str, list[tuple[int, list[str], str]]] = field(default_factory=dict)


class Iptables:
    """Host firewalls of Linux."""

    name = "iptables"

    def detect(self, source: Input) -> bool:
        """Answer whether it is a saved table or a list of commands."""
        return bool(
            re.search(r"^\*(?:filter|nat|mangle|raw|security)[ \t\r]*$", source.head, re.MULTILINE)
            or re.search(r"^:(?:INPUT|FORWARD) (?:ACCEPT|DROP)", source.head, re.MULTILINE)
            or re.search(
                r"^[ \t]*(?:sudo )?ip6?tables (?:-[APIN] |--(?:append|policy))",
                source.head,
                re.MULTILINE,
            )
        )

    def map(self, source: Input) -> Iterator[Sighting]:
        """Yield the firewall, and the services whose ports it opens."""
        table, rejects = _tables(source)
        six = (
            bool(re.search(r"ip6tables", source.head))
            or "ip6" in source.name
            or re.search(r"v6\b", source.name)
        )
        if "INPUT" not in table.chains and "INPUT" not in table.policy:
            yield from rejects
            yield LookedSeen("firewall", source.path)
            return
        made = Filter(
            "INPUT",
            "",
            source.path,
            default=DENY if table.policy.get("INPUT", "ACCEPT") in {"DROP", "REJECT"} else PERMIT,
        )
        every = ANY6 if six else ANY4
        for name in (
            "INPUT",
            *(n for n in table.chains if n not in {"INPUT", "FORWARD", "OUTPUT"}),
        ):
            rules = []
            for number, words, text in table.chains.get(name, ()):
                rule, understood = _rule(words, table, f"{source.path}:{number}", text, every)
                if rule is not None:
                    rules.append(rule)
                if not understood:
                    rejects.append(
                        Reject(
                            f"{source.path}:{number}",
                            "unsupported_line",
                            "Check by hand what this rule lets in.",
                        )
                    )
            made.chains["" if name == "INPUT" else name] = rules
        yield from rejects
        yield FirewallSeen(made, source.path, family=6 if six else 4)
        yield LookedSeen("firewall", source.path)
        if made.default == DENY:
            yield from _opened(made)


def _tables(source: Input) -> tuple[Table, list[Reject]]:
    """Return the filter table and the lines that are none."""
    out = Table()
    rejects: list[Reject] = []
    inside = "filter"
    for number, line in source.lines():
        text = line.strip()
        if text.startswith("*"):
            inside = text[1:].split()[0] if len(text) > 1 else ""
        elif inside != "filter" or not text or text.startswith("#") or text == "COMMIT":
            continue
        elif text.startswith(":"):
            words = text[1:].split()
            if words:
                out.chains.setdefault(words[0], [])
                if len(words) > 1 and words[1] != "-":
                    out.policy[words[0]] = words[1]
        else:
            _command(out, number, text, source, rejects)
    return out, rejects


def _command(out: Table, number: int, text: str, source: Input, rejects: list[Reject]) -> None:
    try:
        words = shlex.split(re.sub(r"^(?:sudo\s+)?\S*ip6?tables\s+", "", text))
    except ValueError:
        words = []
    if words[:1] and re.fullmatch(r"\[\d+:\d+\]", words[0]):
        words = words[1:]
    if len(words) > 2 and words[0] == "-t":
        if words[1] != "filter":
            return
        words = words[2:]
    about_rules = text.startswith(("-", "iptables", "ip6tables")) and words[:1] not in (
        ["-F"],
        ["-X"],
        ["-Z"],
    )
    if not _chained(out, number, words, text) and about_rules:
        rejects.append(
            Reject(
                f"{source.path}:{number}",
                "unsupported_line",
                "Save the table with iptables-save, or check by hand.",
            )
        )


def _chained(out: Table, number: int, words: list[str], text: str) -> bool:
    """Put a command into its chain; say whether it was understood."""
    if len(words) < 2:
        return False
    if words[0] in {"-A", "--append"}:
        out.chains.setdefault(words[1], []).append((number, words[2:], text))
    elif words[0] in {"-I", "--insert"}:
        numbered = len(words) > 2 and words[2].isdecimal()
        at = int(words[2][:6]) - 1 if numbered else 0
        out.chains.setdefault(words[1], []).insert(
            at, (number, words[3 if numbered else 2 :], text)
        )
    elif words[0] in {"-P", "--policy"} and len(words) > 2:
        out.policy[words[1]] = words[2]
    elif words[0] in {"-N", "--new-chain"}:
        out.chains.setdefault(words[1], [])
    else:
        return False
    return True


@dataclass
class _Reading:
    """A rule while its words are read."""

    rule: Rule
    known: bool = True
    never: bool = False
    jump: str = ""
    goto: bool = False


def _rule(
    words: list[str], table: Table, place: str, text: str, every: Spans
) -> tuple[Rule | None, bool]:
    """Read a rule: the rule, or ``None`` where no new connection is decided by it, and whether all was understood."""
    at = _Reading(Rule(PERMIT, every, every, place=place, words=text))
    left = list(words)
    while left:
        word = left.pop(0)
        negated = word == "!"
        if negated and left:
            word = left.pop(0)
        word, _, value = (
            word.partition("=") if word.startswith("--") and "=" in word else (word, "", "")
        )
        if word in WORDLESS:
            at.never = at.never or (word == "--syn" and negated)
            continue
        if not value and left:
            value = left.pop(0)
            if value == "!" and left:
                negated, value = True, left.pop(0)
        _option(at, word, value, negated, left)
    action = TARGETS.get(at.jump, at.jump)
    if at.never or not at.jump or at.jump in NO_END:
        return None, True
    if action not in {PERMIT, DENY, RETURN} and at.jump not in table.chains:
        return None, False
    if not at.known and action != PERMIT:
        return None, False
    return replace(at.rule, action=action, goto=at.goto), at.known


def _option(at: _Reading, word: str, value: str, negated: bool, left: list[str]) -> None:
    """Read one option with its value."""
    kind = FLAGS.get(word)
    if kind in {"jump", "goto"}:
        at.jump, at.goto = value, kind == "goto"
    elif kind == "protocol":
        _protocol(at, value.lower(), negated)
    elif kind in {"source", "target"}:
        _addresses(at, kind, value, negated)
    elif kind in {"ports", "source_ports", "both_ports"}:
        _ports(at, kind, value, negated)
    elif kind == "entering":
        at.rule = replace(at.rule, entering=f"!{value}" if negated else value)
    elif kind in {"state", "flags", "leaving", "icmp"}:
        _first_packet(at, kind, value, negated, left)
    elif kind is None and not HARMLESS.match(word):
        at.known = False


def _addresses(at: _Reading, kind: str, value: str, negated: bool) -> None:
    found = [network(part) for part in value.split(",")]
    if None in found:
        at.known = False
        return
    spans = join(span for part in found for span in part or ())
    spans = without(ANY, spans) if negated else spans
    at.rule = replace(at.rule, source=spans) if kind == "source" else replace(at.rule, target=spans)


def _first_packet(at: _Reading, kind: str, value: str, negated: bool, left: list[str]) -> None:
    """Read a condition that the first packet of a connection to a port may never fulfil."""
    if kind == "state":
        fits = bool({"NEW", "UNTRACKED"} & set(value.upper().split(",")))
        at.never = at.never or fits == negated
    elif kind == "flags":
        wanted = left.pop(0).upper() if left else ""
        at.never = at.never or ("SYN" in wanted and "ACK" not in wanted) == negated
    else:
        at.never = True  # what leaves, and ICMP


def _protocol(at: _Reading, value: str, negated: bool) -> None:
    names = {
        "6": "tcp",
        "17": "udp",
        "1": "icmp",
        "58": "icmpv6",
        "ipv6-icmp": "icmpv6",
        "132": "sctp",
    }
    name = names.get(value, value)
    if name in {"all", "0"}:
        return
    if negated:
        rest = frozenset({"tcp", "udp", "sctp", "icmp"}) - {name}
        at.rule = replace(at.rule, protocols=rest)
        return
    at.rule = replace(at.rule, protocols=frozenset({name}))


def _ports(at: _Reading, kind: str, value: str, negated: bool) -> None:
    named = ",".join(_named(part) for part in value.split(","))
    spans = ports(named)
    if spans is None or kind == "both_ports":
        at.known = False
        return
    spans = without(PORTS, spans) if negated else spans
    at.rule = (
        replace(at.rule, ports=spans) if kind == "ports" else replace(at.rule, source_ports=spans)
    )


def _named(part: str) -> str:
    """Return ports by number: ``ssh`` is 22, ``1024:`` goes to the last."""
    low, colon, high = part.partition(":")
    low = str(PORT_NAMES.get(low, low or 0))
    return f"{low}:{PORT_NAMES.get(high, high or 65535)}" if colon else low


def _opened(made: Filter) -> Iterator[Sighting]:
    """Yield the services whose ports a closed firewall opens by number."""
    for chain in made.chains.values():
        for rule in chain:
            if rule.action != PERMIT or not rule.protocols or size(rule.ports) > 16:
                continue
            for low, high in rule.ports:
                for port in range(low, high + 1):
                    for protocol in sorted(rule.protocols & {"tcp", "udp"}):
                        yield ServiceSeen("", port, protocol, rule.place, listed=False)


IPTABLES = Iptables()
