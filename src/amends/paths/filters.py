"""What a list of rules lets through: exact, by set algebra, for many services at once.

One question is asked: can somebody among these addresses open a *new* connection to this service? Rules are looked at
in order, the first that matches decides. What is left of the asking addresses after each rule is again a set, so a
list that allows half of a network allows exactly that half.

Half-understood lines are taken on the side of "reachable": an allowing line with a condition we cannot weigh counts as
if the condition held, a denying one as if it did not. The line is also a reject, so that somebody looks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from amends.paths.spaces import (
    ANY,
    PORTS,
    Spans,
    both,
    covers,
    holds,
    touches,
    without,
)

PERMIT, DENY, RETURN = "permit", "deny", "return"
MAX_DEPTH = (
    32  # chains called by chains; iptables itself refuses loops, a hostile file may hold one
)


@dataclass(frozen=True)
class Rule:
    """One line of a list.

    Attributes:
        action: ``permit``, ``deny``, ``return``, or the name of the chain it jumps to.
        source: Addresses it comes from.
        target: Addresses it goes to.
        protocols: Names such as ``tcp``; empty for all.
        ports: Target ports, where it names some.
        source_ports: Source ports, where it names some.
        place: File and line.
        words: The line as written, without what follows it.
        goto: Whether a jump does not come back.
        entering: Interfaces it is limited to ("" = all); ``!`` before a name means all but it.
        leaving: The same for the interface it leaves by.
    """

    action: str
    source: Spans = ANY
    target: Spans = ANY
    protocols: frozenset[str] = frozenset()
    ports: Spans = PORTS
    source_ports: Spans = PORTS
    place: str = ""
    words: str = ""
    goto: bool = False
    entering: str = ""
    leaving: str = ""


class Door(NamedTuple):
    """What is asked for: an address (or a set, where it is not known exactly), a protocol and a port."""

    target: Spans
    protocol: str
    port: int


class Piece(NamedTuple):
    """Addresses and source ports from which something gets through, and the rules that let it."""

    source: Spans
    ports: Spans
    why: tuple[Rule, ...] = ()


@dataclass
class Filter:
    """An access list, or the chains of a host firewall.

    Attributes:
        name: As configured.
        device: Device it stands on.
        place: File, and line where it begins.
        chains: Rules by chain; the list itself is chain "".
        default: What happens to what no rule matches.
        family: 4 or 6 where the list is about one of them only, else 0.
    """

    name: str
    device: str = ""
    place: str = ""
    chains: dict[str, list[Rule]] = field(default_factory=lambda: {"": []})
    default: str = DENY
    family: int = 0

    @property
    def rules(self) -> list[Rule]:
        """Return the rules of the list itself."""
        return self.chains[""]

    def row(self, door: Door) -> bytes:
        """Return which rules speak of the door, as one bit a rule, for a single question."""
        return bytes(_speaks(rule, door) for chain in self.chains.values() for rule in chain)

    def rows(self, doors: Sequence[Door]) -> npt.NDArray[np.bool_]:
        """Return for each door which rules speak of it: doors x rules."""
        every = [rule for chain in self.chains.values() for rule in chain]
        out = np.zeros((len(doors), len(every)), dtype=np.bool_)
        if not doors or not every:
            return out
        wide = np.array([len(d.target) != 1 or d.target[0][0] != d.target[0][1] for d in doors])
        lows = sorted({d.target[0][0] for d in doors if d.target})
        at = {value: index for index, value in enumerate(lows)}
        address_of = np.array([at[d.target[0][0]] if d.target else 0 for d in doors])
        kinds = sorted({(d.protocol, d.port) for d in doors})
        kind_at = {kind: index for index, kind in enumerate(kinds)}
        kind_of = np.array([kind_at[d.protocol, d.port] for d in doors])
        for number, rule in enumerate(every):
            right = np.array([_speaks_of_port(rule, *kind) for kind in kinds])
            out[:, number] = _inside(lows, rule.target)[address_of] & right[kind_of]
        for index in np.flatnonzero(wide).tolist():
            out[index] = [_speaks(rule, doors[index]) for rule in every]
        return out

    def passed(
        self,
        pieces: Sequence[Piece],
        row: Sequence[bool] | bytes,
        entering: str = "",
        skipped: Rule | None = None,
    ) -> list[Piece]:
        """Return what of the asking pieces gets through.

        Args:
            pieces: Who asks.
            row: Which rules speak of the door, one entry a rule, as ``rows`` gives them.
            entering: Interface the packet came in by; "" where it is not known.
            skipped: A rule to leave out, to see what it alone lets through.
        """
        live = {}
        start = 0
        for name, chain in self.chains.items():
            live[name] = [
                rule
                for rule, speaks in zip(chain, row[start : start + len(chain)], strict=True)
                if speaks and rule is not skipped and _enters(rule, entering)
            ]
            start += len(chain)
        out: list[Piece] = []
        for piece in pieces:
            left = _walk("", [piece], live, out, 0)
            if self.default == PERMIT:
                out.extend(left)
        return out


def _walk(
    name: str, asking: list[Piece], live: dict[str, list[Rule]], out: list[Piece], depth: int
) -> list[Piece]:
    """Send pieces through a chain; what is let through goes to ``out``, what falls off its end comes back."""
    returned: list[Piece] = []
    for rule in live.get(name, ()):
        if not asking:
            break
        hit, asking = _split(asking, rule)
        if not hit or rule.action == DENY:
            continue
        if rule.action == PERMIT:
            out.extend(hit)
        elif rule.action == RETURN:
            returned.extend(hit)
        elif depth < MAX_DEPTH:
            back = _walk(rule.action, hit, live, out, depth + 1)
            if rule.goto:
                returned.extend(back)
            else:
                asking = asking + back
    return returned + asking


def _split(asking: list[Piece], rule: Rule) -> tuple[list[Piece], list[Piece]]:
    """Return what of the pieces the rule matches, and the rest."""
    hit: list[Piece] = []
    rest: list[Piece] = []
    for piece in asking:
        source = both(piece.source, rule.source)
        ports = both(piece.ports, rule.source_ports) if source else ()
        if not ports:
            rest.append(piece)
            continue
        why = (*piece.why, rule) if rule.action == PERMIT else piece.why
        hit.append(Piece(source, ports, why))
        if others := without(piece.source, source):
            rest.append(piece._replace(source=others))
        if other_ports := without(piece.ports, ports):
            rest.append(Piece(source, other_ports, piece.why))
    return hit, rest


def _enters(rule: Rule, entering: str) -> bool:
    """Answer whether the rule is about packets of this interface; unknown is decided towards reachable."""
    if not rule.entering:
        return True
    if rule.entering.startswith("!"):
        return rule.entering[1:] != entering
    if rule.entering == "lo":
        return False
    return rule.entering == entering if entering else rule.action != DENY


def _inside(lows: Sequence[int], spans: Spans) -> npt.NDArray[np.bool_]:
    out = np.zeros(len(lows), dtype=np.bool_)
    for low, high in spans:
        out[bisect_left(lows, low) : bisect_right(lows, high)] = True
    return out


def _speaks_of_port(rule: Rule, protocol: str, port: int) -> bool:
    if rule.protocols and protocol not in rule.protocols:
        return False
    return holds(rule.ports, port)


def _speaks(rule: Rule, door: Door) -> bool:
    if not _speaks_of_port(rule, door.protocol, door.port):
        return False
    if rule.action == DENY:
        return covers(rule.target, door.target)
    return touches(rule.target, door.target)


def distinct(rows: npt.NDArray[np.bool_]) -> tuple[list[int], npt.NDArray[np.int32]]:
    """Return one row of each kind, and for each row its kind: eight bytes of bits at a time, which sorts fast."""
    bits = np.packbits(rows, axis=1)
    padded = np.zeros((len(rows), -(-max(bits.shape[1], 1) // 8) * 8), dtype=np.uint8)
    padded[:, : bits.shape[1]] = bits
    kind = np.zeros(len(rows), dtype=np.int64)
    first = np.zeros(min(len(rows), 1), dtype=np.int64)
    for column in padded.view(np.uint64).T:
        values = np.unique(column, return_inverse=True)[1].ravel()
        joined = kind * (int(values.max(initial=0)) + 1) + values
        _, first, kind = np.unique(joined, return_index=True, return_inverse=True)
        kind = kind.ravel()
    return first.tolist(), kind.astype(np.int32)
