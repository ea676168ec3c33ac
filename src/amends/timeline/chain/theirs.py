"""Which accesses are the intruder's: trees beyond the ordinary, and what shares their addresses, accounts and ways."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from amends.timeline.chain.shapes import Access, Node
from amends.timeline.chain.walk import Forest, circular
from amends.timeline.chain.weigh import (
    LEAST_HISTORY,
    LEVEL_WEIGHTS,
    SYSTEM_ACCOUNTS,
    deeds_of,
    fits,
)

THRESHOLD = 6.0
"""Weight of a tree from which it is an intruder's: a strange way in (3) and a deed beyond the ordinary (2.5), or
more."""

STRONG = 2.0
"""Weight of a deed that by itself must be explained."""

STRONG_TOGETHER = 3.2
"""Weight of several kinds of deeds that together must be explained: a rule of level high and an archive."""

FRESH_STRANGE = 1.0
"""Strangeness from which another account than the one that came in is still taken for the intruder's …"""

STILL_THERE = timedelta(hours=1)
"""… and the time after their last sign within which it need not be strange."""

SURE_STRANGE = 2.0
"""Strangeness from which an access is taken for the intruder's without a login to tell who made it."""

RETURN_WEIGHT = 4.5
"""Weight of the tree of somebody who uses an account of the intruder's from a new place: travellers do so too."""

MOST_USES = 60
"""Uses of a way from which it is a routine, however it began."""

STRANGER = 4.0
"""Strangeness of somebody from the internet who was never there before, under an account never used from there …"""

GONE_ON_STRANGE = 3.0
"""… and of a step further in, between hosts and under an account that never did, from which the two together must be
explained where a rule of level high told of either."""

OWN_FIT = 0.5
"""Fit from which an access of the intruder's explains another: they were there, or half a day before."""

SHARED_DAYS = 15
"""Days on which an address came to a host from which it is not the intruder's alone."""


def weigh_trees(forest: Forest) -> dict[int, float]:
    """Return root → weight of its tree; what was excused, and what came of it, weighs nothing.

    A tree weighs what its strangest accesses do (the second half as much, the third a quarter: people who work
    somewhere
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
    ways = Ways(forest)
    heaviest = max(weights.values(), default=0.0)
    roots = {
        r
        for r, weight in weights.items()
        if weight >= max(THRESHOLD, 0.25 * heaviest) and _has_strong(forest, ways, r)
    }
    roots |= {n for n, node in forest.nodes.items() if node.verdict == "attacker"}
    theirs = _upward(forest, ways, _downward(forest, roots))
    while True:
        added = _alike(forest, ways, theirs, weights)
        if not added:
            return theirs, weights
        theirs = _upward(forest, ways, theirs | _downward(forest, added))


def _has_strong(forest: Forest, ways: Ways, root: int) -> bool:
    """Answer whether something in a tree must be explained, and its beginning is not routine."""
    top = forest.nodes[root]
    if top.strange <= 0 and top.verdict != "attacker" and not ways.began_oddly(top.access):
        return False
    kinds: dict[str, float] = {}
    further = 0.0
    told = 0.0  # the same kind on one host after the other adds up, below an origin outside
    for number, node in forest.nodes.items():
        if forest.root(number) != root or node.excused:
            continue
        if node.verdict == "attacker":
            return True
        if node.access.outside and sum(f.n for f in node.failures) >= 20 and node.strange >= 4.0:
            return True
        mine = {k: w for k, w in deeds_of(node).items() if k != "signal"}
        told += max(mine.values(), default=0.0) if top.access.outside else 0.0
        further = max(further, node.strange if number != root else 0.0)
        for kind, weight in mine.items():
            kinds[kind] = max(kinds.get(kind, 0.0), weight)
    if top.strange >= SURE_STRANGE and told >= STRONG_TOGETHER:
        return True
    gone_on = top.strange >= STRANGER and further >= GONE_ON_STRANGE
    if top.access.outside and gone_on and told >= LEVEL_WEIGHTS["high"]:
        return True
    return max(kinds.values(), default=0.0) >= STRONG or sum(kinds.values()) >= STRONG_TOGETHER


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


class Ways:
    """The ways that accesses take (from, to, account), and which of them began oddly within the case."""

    def __init__(self, forest: Forest) -> None:
        """Look at the first use of every way; accesses stand in the order of their times."""
        self._forest = forest
        self._uses: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for number, node in forest.nodes.items():
            if node.access.account or node.access.by_flow:
                self._uses[_way(node.access)].append(number)

    def uses(self, access: Access) -> list[int]:
        """Return all uses of an access's way."""
        return self._uses.get(_way(access), [])

    def began_with(self, theirs: set[int], access: Access) -> bool:
        """Answer whether the intruder was the first who went an access's way, in logs that reach back before them."""
        uses = self.uses(access)
        if not uses or len(uses) > MOST_USES or uses[0] not in theirs:
            return False
        first = self._forest.nodes[uses[0]].access
        return first.days_before == 0 and first.history_days >= LEAST_HISTORY

    def began_oddly(self, access: Access) -> bool:
        """Answer whether nobody had gone this way before, and whoever first did came from an odd place.

        Somebody who goes on under their own name from a usual place begins new ways too.
        """
        uses = self.uses(access)
        if not uses or len(uses) > MOST_USES:
            return False
        node = self._forest.nodes[uses[0]]
        if (
            node.access.by_flow
            or node.access.history_days < LEAST_HISTORY
            or node.strange < SURE_STRANGE
        ):
            return False
        origin = self._forest.nodes[self._forest.root(uses[0])]
        own = origin is not node and origin.access.account == node.access.account
        return not own or origin.strange >= SURE_STRANGE


def _way(access: Access) -> tuple[str, str, str]:
    """Return from, to, account; records of connections name none, but how."""
    return access.source, access.host, f"?{access.how}" if access.by_flow else access.account


def _upward(forest: Forest, ways: Ways, theirs: set[int]) -> set[int]:
    """Return the accesses with those they were made from, up to the last of these that is odd too."""
    found = set(theirs)
    for number in theirs:
        line: list[int] = []
        _prefer_own(forest, found, number)
        _only_there(forest, found, number)
        at = forest.nodes[number].parent
        while at is not None and at not in found and at not in line:
            node = forest.nodes[at]
            if not _may_be(node):
                break
            line.append(at)
            _prefer_own(forest, found, at)
            if node.strange >= FRESH_STRANGE or ways.began_oddly(node.access):
                found.update(line)
                line = []
            at = node.parent
    return found


def _prefer_own(forest: Forest, theirs: set[int], number: int) -> None:
    """Say that an access of the intruder's was made from one of theirs, where others were there at that time too."""
    node = forest.nodes[number]
    if node.access.outside or node.parent in theirs:
        return
    best, most = None, OWN_FIT
    for other in forest.by_host.get(node.access.source, ()):
        if other in theirs and other != number and not circular(forest, other, number):
            fit = fits(forest.nodes[other].access, node.access.from_at, node.access.account)
            if fit > most:
                best, most = other, fit
    if best is not None:
        node.parent = best


def _only_there(forest: Forest, found: set[int], number: int) -> None:
    """Take in whoever alone was on the host that an access of the intruder's came from, however usual that was.

    Stolen accounts go usual ways. Up to a coming-in from the internet that is itself usual, nobody is taken in so.
    """
    line: list[int] = []
    while not forest.nodes[number].access.outside and forest.nodes[number].parent not in found:
        access = forest.nodes[number].access
        there = [n for n in forest.by_host.get(access.source, ()) if _sits(forest.nodes[n], access)]
        mine = [n for n in there if n in found]
        if len(mine or there) != 1 or circular(forest, (mine or there)[0], number):
            return
        upper = (mine or there)[0]
        node = forest.nodes[upper]
        if not _may_be(node) or upper in line:
            return
        forest.nodes[number].parent = upper
        line.append(upper)
        if upper in found or (node.access.outside and node.strange >= FRESH_STRANGE):
            found.update(line)
            return
        number = upper


def _sits(upper: Node, lower: Access) -> bool:
    """Answer whether an access was going on when another began, within what the clocks say."""
    a = upper.access
    slack = timedelta(milliseconds=min(a.error_ms + lower.error_ms, 600_000), seconds=5)
    return (
        a.no != lower.no and a.from_at <= lower.from_at + slack and lower.from_at <= a.to_at + slack
    )


def _alike(forest: Forest, ways: Ways, theirs: set[int], weights: dict[int, float]) -> set[int]:
    """Return accesses that share an outside address or a way with the intruder's, or an account from a new place."""
    mine = [forest.nodes[n].access for n in theirs]
    addresses = {a.source_ip for a in mine if a.outside}
    begun = {
        n
        for a in mine
        if not a.outside and (ways.began_oddly(a) or ways.began_with(theirs, a))
        for n in ways.uses(a)
    }
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
        if number in begun or (access.source_ip in addresses and access.days_before < SHARED_DAYS):
            added.add(number)
        elif access.outside and begin is not None and access.from_at >= begin:
            heavy = weights.get(number, 0.0) >= RETURN_WEIGHT
            if _returns(access, accounts) and (heavy or _near(access, mine)):
                added.add(number)
    return added


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
