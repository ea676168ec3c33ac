"""Who stands behind what: every deed in its access, every access in the one it was made from, trees from their roots.

A *tree* is what one coming-in led to. Walking back from a deed is going to its root; walking forward is going down.
Which trees are the intruder's is said in ``theirs``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from amends.timeline.chain.shapes import Access, Deed, Failures, Node, Transfer
from amends.timeline.chain.weigh import (
    Clock,
    fits,
    routine_days,
    strangeness,
)

GUESS_SPAN = timedelta(hours=24)
"""Failed logins this long before a success belong to it."""

ROUTINE = 0.3
"""What each earlier day of the same access says for a routine nobody sits behind …"""

LEAST_FIT = 0.25
"""Below it nothing explains an access: who was there weeks before is no answer."""

LEAST_FIT_ODD = 0.08
"""… but an odd access had an origin, and who was there the night before is one."""

ODD_STRANGE = 2.0
"""Strangeness from which an access is odd."""

GONE = 0.5
"""What is left of an origin whose session was over where another was there: who goes on from a host sits there."""

ROUTINE_MOST = 10
"""… at most so many days."""


@dataclass
class Forest:
    """All accesses of the case with what belongs to them.

    Attributes:
        nodes: Node by number of its access.
        by_host: Numbers of accesses by host they go to, earliest first.
        homeless: Deeds that no access explains.
    """

    nodes: dict[int, Node] = field(default_factory=dict)
    by_host: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    homeless: list[Deed] = field(default_factory=list)

    def add(self, access: Access, failures: Sequence[Failures], clock: Clock) -> None:
        """Add an access, weighed; ``settle`` must follow."""
        strange, reasons = strangeness(access, failures, clock)
        self.nodes[access.no] = Node(access, strange, reasons, failures=list(failures))
        self.by_host[access.host].append(access.no)

    def settle(self) -> None:
        """Put the accesses in the order of their times."""
        self.nodes = dict(sorted(self.nodes.items(), key=lambda n: (n[1].access.from_at, n[0])))
        for numbers in self.by_host.values():
            numbers.sort(key=lambda n: (self.nodes[n].access.from_at, n))

    def children(self) -> dict[int, list[int]]:
        """Return numbers of accesses made from each access."""
        made: dict[int, list[int]] = defaultdict(list)
        for number, node in self.nodes.items():
            if node.parent is not None:
                made[node.parent].append(number)
        return made

    def root(self, number: int) -> int:
        """Return the access that all began with."""
        seen = {number}
        while (parent := self.nodes[number].parent) is not None and parent not in seen:
            number = parent
            seen.add(number)
        return number


def plant(accesses: Iterable[Access], failures: Sequence[Failures], clock: Clock) -> Forest:
    """Return the forest: each access weighed, with the failures before it."""
    before: dict[tuple[str, str], list[Failures]] = defaultdict(list)
    for failed in failures:
        before[failed.source, failed.host].append(failed)
    forest = Forest()
    for access in sorted(accesses, key=lambda a: (a.from_at, a.no)):
        mine = [
            f
            for f in before[access.source, access.host]
            if f.from_at <= access.from_at and f.to_at >= access.from_at - GUESS_SPAN
        ]
        forest.add(access, mine, clock)
    return forest


def place_deeds(forest: Forest, deeds: Iterable[Deed]) -> None:
    """Give every deed to the access it fits best; what fits none is kept aside."""
    for deed in deeds:
        best = best_access(forest, deed)
        if best is None:
            forest.homeless.append(deed)
        else:
            forest.nodes[best].deeds.append(deed)


def place_again(forest: Forest) -> None:
    """Place deeds anew that no access explained, and those on hosts where connections were found since."""
    again, forest.homeless = forest.homeless, []
    for numbers in forest.by_host.values():
        if any(forest.nodes[n].access.by_flow for n in numbers):
            for number in numbers:
                again.extend(forest.nodes[number].deeds)
                forest.nodes[number].deeds = []
    place_deeds(forest, again)


def best_access(forest: Forest, deed: Deed) -> int | None:
    """Return the access in which a deed was done most likely, or ``None``.

    A deed that names an address no access of the host has is nobody's: it did not come in by a login.
    """
    best, most = None, 0.15
    for number in forest.by_host.get(deed.host, ()):
        node = forest.nodes[number]
        score = fits(node.access, deed.from_at, deed.account, deed.source_ip)
        if score <= 0:
            continue
        score *= pull(node.strange)
        if score > most:
            best, most = number, score
    return best


def pull(strange: float) -> float:
    """Return how much a strange access draws to itself what might be anybody's."""
    return 1.0 + 0.4 * max(0.0, min(strange, 6.0))


def place_transfers(forest: Forest, transfers: Iterable[Transfer]) -> list[Transfer]:
    """Give every transfer to the access that most likely caused it; return those that none explains."""
    left = []
    for transfer in transfers:
        best, most = None, 0.15
        for number in forest.by_host.get(transfer.host, ()):
            node = forest.nodes[number]
            score = fits(node.access, transfer.from_at, error_ms=transfer.error_ms) * pull(
                node.strange
            )
            if transfer.outer == node.access.source_ip:
                score *= 3.0
            elif transfer.served:
                score *= (
                    0.02  # what a server answers to its clients was not sent by whoever works on it
                )
            if score > most:
                best, most = number, score
        if best is None:
            left.append(transfer)
        else:
            forest.nodes[best].transfers.append(transfer)
    return left


Given = dict[str, list[tuple[datetime, str, str]]]
"""Address of a VPN's pool → when it was given to which account, coming from which address."""


def join(forest: Forest, given: Given | None = None) -> None:
    """Give every access from inside the access it was made from, where one explains it better than routine.

    Args:
        forest: All accesses.
        given: Addresses that VPN gateways gave out.
    """
    drawing: dict[int, float] = {}
    for number, node in forest.nodes.items():
        access = node.access
        if not access.outside:
            holder = _holder(access, given or {})
            _choose(node, _scored(forest, number, holder, drawing))
        upper = drawing.get(node.parent, 0.0) if node.parent is not None else 0.0
        drawing[number] = max(node.strange, 0.8 * upper)


def _scored(
    forest: Forest, number: int, holder: tuple[str, str] | None, drawing: dict[int, float]
) -> list[tuple[float, int]]:
    """Return how well each access on the place it came from explains an access."""
    access = forest.nodes[number].access
    scored, there = [], set()
    for other in forest.by_host.get(access.source, ()):
        upper = forest.nodes[other].access
        if other == number or upper.from_at > access.from_at + _slack(upper, access):
            continue
        score = fits(upper, max(access.from_at, upper.from_at), access.account)
        if holder is not None:
            score *= _is_holder(upper, holder)
        if score > 0 and not circular(forest, other, number):
            scored.append((score * pull(drawing.get(other, forest.nodes[other].strange)), other))
            if upper.to_at + _slack(upper, access) >= access.from_at:
                there.add(other)
    if there:
        return [(score if n in there else GONE * score, n) for score, n in scored]
    return scored


def _holder(access: Access, given: Given) -> tuple[str, str] | None:
    """Return account and outer address of whoever had the pool's address then; ``None`` when nobody is known."""
    slack = timedelta(milliseconds=min(access.error_ms, 600_000)) + timedelta(minutes=1)
    found = None
    for at, account, outer in given.get(access.source_ip, ()):
        if at > access.from_at + slack:
            break
        found = (account, outer)
    return found


def _is_holder(upper: Access, holder: tuple[str, str]) -> float:
    account, outer = holder
    if outer:
        return 6.0 if upper.source_ip == outer and account in ("", upper.account) else 0.05
    return 4.0 if account == upper.account else 0.05


def _slack(upper: Access, lower: Access) -> timedelta:
    return timedelta(milliseconds=min(upper.error_ms + lower.error_ms, 1_200_000)) + timedelta(
        seconds=5
    )


def _choose(node: Node, scored: list[tuple[float, int]]) -> None:
    if not scored:
        return
    scored.sort(reverse=True)
    most, best = scored[0]
    routine = ROUTINE * min(routine_days(node.access), ROUTINE_MOST)
    least = LEAST_FIT if node.strange < ODD_STRANGE else LEAST_FIT_ODD
    if most > max(routine, least):
        node.parent = best
    node.rivals = [number for score, number in scored[1:4] if score > 0.6 * most]


def circular(forest: Forest, parent: int, child: int) -> bool:
    """Answer whether what is to be the origin of an access was itself made from that."""
    seen = set()
    at: int | None = parent
    while at is not None and at not in seen:
        if at == child:
            return True
        seen.add(at)
        at = forest.nodes[at].parent
    return False
