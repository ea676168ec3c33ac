"""Who stands behind what: every deed in its access, every access in the one it was made from, trees from their roots.

A *tree* is what one coming-in led to. Walking back from a deed is going to its root; walking forward is going down.
Trees whose deeds and strangeness together are beyond the ordinary are the intruder's, and with them what shares their
addresses, or uses their accounts from places nobody used them from before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from amends.timeline.chain.shapes import Access, Deed, Failures, Node, Transfer
from amends.timeline.chain.weigh import (
    LEAST_HISTORY,
    SYSTEM_ACCOUNTS,
    Clock,
    deeds_of,
    fits,
    routine_days,
    strangeness,
)

THRESHOLD = 6.0
"""Weight of a tree from which it is an intruder's: a strange way in (3) and a deed beyond the ordinary (2.5), or more."""

STRONG = 2.0
"""Weight of a deed that by itself must be explained."""

SURE_STRANGE = 2.0
"""Strangeness from which an access is taken for the intruder's without a login to tell who made it."""

FRESH_STRANGE = 1.0
"""Strangeness from which another account than the one that came in is still taken for the intruder's …"""

STILL_THERE = timedelta(hours=1)
"""… and the time after their last sign within which it need not be strange."""

GUESS_SPAN = timedelta(hours=24)
"""Failed logins this long before a success belong to it."""

RETURN_WEIGHT = 4.5
"""Weight of the tree of somebody who uses an account of the intruder's from a new place: travellers do so too."""

ROUTINE = 0.3
"""What each earlier day of the same access says for a routine nobody sits behind …"""

LEAST_FIT = 0.25
"""Below it nothing explains an access: who was there weeks before is no answer."""

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
    scored = []
    for other in forest.by_host.get(access.source, ()):
        upper = forest.nodes[other].access
        if other == number or upper.from_at > access.from_at + _slack(upper, access):
            continue
        score = fits(upper, max(access.from_at, upper.from_at), access.account)
        if holder is not None:
            score *= _is_holder(upper, holder)
        if score > 0 and not _circular(forest, other, number):
            scored.append((score * pull(drawing.get(other, forest.nodes[other].strange)), other))
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
    if most > max(routine, LEAST_FIT):
        node.parent = best
    node.rivals = [number for score, number in scored[1:4] if score > 0.6 * most]


def _circular(forest: Forest, parent: int, child: int) -> bool:
    seen = set()
    at: int | None = parent
    while at is not None and at not in seen:
        if at == child:
            return True
        seen.add(at)
        at = forest.nodes[at].parent
    return False


def weigh_trees(forest: Forest) -> dict[int, float]:
    """Return root → weight of its tree; what was excused, and what came of it, weighs nothing.

    A tree weighs what its strangest accesses do (the second half as much, the third a quarter: people who work somewhere
    for the first time go to many hosts), and each kind of deed once.
    """
    excuse_downward(forest)
    strange: dict[int, list[float]] = defaultdict(list)
    kinds: dict[int, dict[str, float]] = defaultdict(dict)
    decided: dict[int, float] = defaultdict(float)
    for number, node in forest.nodes.items():
        root = forest.root(number)
        strange[root].append(0.0 if not _may_be(node) else min(node.strange, 5.0))
        if not _may_be(node):
            continue
        decided[root] += 20.0 if node.verdict == "attacker" else 0.0
        for kind, weight in deeds_of(node).items():
            kinds[root][kind] = max(kinds[root].get(kind, 0.0), weight)
    return {
        root: sum(s * w for s, w in zip(sorted(found, reverse=True), (1.0, 0.5, 0.25), strict=False))
        + sum(kinds[root].values()) + decided[root]
        for root, found in strange.items()
    }  # fmt: skip


def excuse_downward(forest: Forest) -> None:
    """Excuse what was done from an access that is excused: a test goes where it goes."""
    for node in sorted(forest.nodes.values(), key=lambda n: (n.access.from_at, n.access.no)):
        upper = forest.nodes[node.parent] if node.parent is not None else None
        if upper is not None and upper.excused and not node.excused and node.verdict != "attacker":
            node.excused = upper.excused


def intruder(forest: Forest) -> tuple[set[int], dict[int, float]]:
    """Return the accesses that are the intruder's, and the weight of every tree.

    Begins with trees beyond the threshold; then takes in what comes from their addresses outside and what uses their
    accounts from places that are new for them, until nothing is added.
    """
    weights = weigh_trees(forest)
    heaviest = max(weights.values(), default=0.0)
    roots = {
        r
        for r, weight in weights.items()
        if weight >= max(THRESHOLD, 0.25 * heaviest) and _has_strong(forest, r)
    }
    roots |= {n for n, node in forest.nodes.items() if node.verdict == "attacker"}
    theirs = _downward(forest, roots)
    while True:
        added = _alike(forest, theirs, weights)
        if not added:
            return theirs, weights
        theirs |= _downward(forest, added)


def _has_strong(forest: Forest, root: int) -> bool:
    """Answer whether something in a tree must be explained, and its beginning is not routine."""
    if forest.nodes[root].strange <= 0 and forest.nodes[root].verdict != "attacker":
        return False
    for number, node in forest.nodes.items():
        if forest.root(number) != root or node.excused:
            continue
        if node.verdict == "attacker" or any(w >= STRONG for w in deeds_of(node).values()):
            return True
        if node.access.outside and sum(f.n for f in node.failures) >= 20 and node.strange >= 4.0:
            return True
    return False


def _downward(forest: Forest, roots: set[int]) -> set[int]:
    children = forest.children()
    found: set[int] = set()
    open_ = [r for r in roots if _may_be(forest.nodes[r])]
    while open_:
        number = open_.pop()
        if number in found:
            continue
        found.add(number)
        upper = forest.nodes[number]
        open_.extend(c for c in children[number] if _follows(upper, forest.nodes[c]))
    return found


def _follows(upper: Node, lower: Node) -> bool:
    """Answer whether an access below one of the intruder's is theirs too.

    Where only records of connections show that they were there, others were there unseen: what is usual is theirs.
    """
    if not _may_be(lower):
        return False
    told = any(d.weight >= STRONG for d in lower.deeds)
    if upper.access.by_flow:
        return lower.strange >= SURE_STRANGE or told
    one = lower.access.account == upper.access.account
    late = lower.access.from_at - upper.access.to_at
    return one or told or lower.strange >= FRESH_STRANGE or late <= STILL_THERE


def _may_be(node: Node) -> bool:
    return not node.excused and node.verdict != "not_attacker"


def _alike(forest: Forest, theirs: set[int], weights: dict[int, float]) -> set[int]:
    """Return accesses that share an outside address with the intruder's, or an account from a new place."""
    mine = [forest.nodes[n].access for n in theirs]
    addresses = {a.source_ip for a in mine if a.outside}
    begun = _begun(forest, theirs)
    begin = min((a.from_at for a in mine), default=None)
    accounts: dict[str, list[Access]] = defaultdict(list)
    for access in mine:
        if access.account and access.account not in SYSTEM_ACCOUNTS:
            accounts[access.account].append(access)
    added = set()
    for number, node in forest.nodes.items():
        access = node.access
        if number in theirs or not _may_be(node):
            continue
        if (access.source, access.host, access.account) in begun:
            added.add(number)
        if not access.outside:
            continue
        if access.source_ip in addresses and access.days_before < 3:
            added.add(number)
        elif begin is not None and access.from_at >= begin and _returns(access, accounts):
            if weights.get(number, 0.0) >= RETURN_WEIGHT or _near(access, mine):
                added.add(number)
    return added


def _begun(forest: Forest, theirs: set[int]) -> set[tuple[str, str, str]]:
    """Return the ways (from, to, account) that nobody had used before the intruder: who uses them again is the intruder."""
    first: dict[tuple[str, str, str], int] = {}
    for number, node in forest.nodes.items():  # earliest first
        a = node.access
        if a.account and not a.by_flow:
            first.setdefault((a.source, a.host, a.account), number)
    return {
        way
        for way, number in first.items()
        if number in theirs and forest.nodes[number].access.history_days >= LEAST_HISTORY
    }


def _near(access: Access, mine: Iterable[Access]) -> bool:
    """Answer whether an address stands in the network of one of the intruder's: /24, or /48 for IPv6."""
    cut = 3
    parts = access.source_ip.replace("::", ":").replace(":", ".").split(".")[:cut]
    return any(
        a.source_ip.replace("::", ":").replace(":", ".").split(".")[:cut] == parts
        for a in mine
        if a.outside
    )


def _returns(access: Access, accounts: dict[str, list[Access]]) -> bool:
    """Answer whether a known account comes back from a place outside that is new for it."""
    known = accounts.get(access.account, [])
    return (
        any(k.from_at <= access.from_at for k in known)
        and access.source_days == 0
        and access.pair_days == 0
        and access.history_days >= LEAST_HISTORY
    )
