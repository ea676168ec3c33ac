"""Where logins are not logged: records of connections stand in, asked only for what nothing else explains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from amends.kernel.engine.base import Engine
from amends.timeline.chain import load
from amends.timeline.chain.shapes import Access, Failures, Node, Transfer
from amends.timeline.chain.walk import Forest, pull
from amends.timeline.chain.weigh import Clock, fits, transfer_weight

ROUNDS = 4
"""How many hosts without logs in a row are looked through."""

ASK_STRANGE = 1.5
"""Strangeness, or weight of a deed, from which it is asked where an access came from."""

ASK_SPAN = timedelta(hours=12)
"""Connections this long before may have led to it: a working night."""

EXPLAINED = 0.3
"""Fit from which a logged access explains another."""

LOGGED_SPAN = timedelta(hours=36)
"""A host that logged a login within it had a log: a connection without a login there was none."""

KEPT_SPAN = timedelta(hours=1)
"""A host that logged logins within it kept its log then: a connection without a login brought nobody in."""

STRONG_TRANSFER = 2.0


def with_new_flows(accesses: Sequence[Access], flows: Iterable[Access]) -> list[Access]:
    """Return accesses, and new connections to hosts that logged no login about that time."""
    logged: dict[str, list[datetime]] = defaultdict(list)
    for access in accesses:
        logged[access.host].append(access.from_at)
    return [
        *accesses,
        *(f for f in flows if not any(abs(t - f.from_at) < LOGGED_SPAN for t in logged[f.host])),
    ]


def ask_flows(
    engine: Engine,
    flows: str,
    forest: Forest,
    left: Sequence[Transfer],
    failures: Sequence[Failures],
    clock: Clock,
) -> None:
    """Add connections that may explain strange accesses and transfers that no login explains.

    Args:
        engine: The engine.
        flows: From ``gather.make_flows``.
        forest: All accesses; connections are added to it.
        left: Transfers that no access explains.
        failures: Failed logins: where one was logged, a success would have been.
        clock: When people work.
    """
    asked: set[tuple[str, datetime]] = set()
    logged = _logged(forest, failures)
    for _ in range(ROUNDS):
        wanted = {w for w in _unexplained(forest, left) if w not in asked}
        if not wanted:
            break
        asked |= wanted
        _ask(engine, flows, forest, wanted, logged, clock)


def ask_theirs(
    engine: Engine,
    flows: str,
    forest: Forest,
    theirs: set[int],
    failures: Sequence[Failures],
    clock: Clock,
) -> bool:
    """Add connections that explain where the intruder's own accesses came from, however usual these are by now.

    Returns:
        Whether any was added.
    """
    logged = _logged(forest, failures)
    before = len(forest.nodes)
    wanted = set()
    for number in theirs:
        node = forest.nodes[number]
        a = node.access
        if not a.outside and node.parent is None and not _explained(forest, a.source, a.from_at):
            wanted.add((a.source, a.from_at))
    _ask(engine, flows, forest, wanted, logged, clock)
    return len(forest.nodes) > before


def _ask(
    engine: Engine,
    flows: str,
    forest: Forest,
    wanted: Iterable[tuple[str, datetime]],
    logged: dict[str, list[datetime]],
    clock: Clock,
) -> None:
    for host, at in sorted(wanted):
        slack = timedelta(minutes=15)
        for flow in load.flows_into(engine, flows, host, at - ASK_SPAN, at + slack):
            kept = any(abs(t - flow.from_at) < KEPT_SPAN for t in logged[flow.host])
            if flow.no not in forest.nodes and not kept:
                forest.add(flow, (), clock)
    forest.settle()


def _logged(forest: Forest, failures: Sequence[Failures]) -> dict[str, list[datetime]]:
    """Return host → instants at which its log noted logins, good or failed."""
    made: dict[str, list[datetime]] = defaultdict(list)
    for node in forest.nodes.values():
        if not node.access.by_flow:
            made[node.access.host].append(node.access.from_at)
    for failed in failures:
        made[failed.host].extend((failed.from_at, failed.to_at))
    return made


def _unexplained(forest: Forest, left: Sequence[Transfer]) -> Iterable[tuple[str, datetime]]:
    """Yield host and instant of what must have been done from there by somebody no log shows."""
    for node in list(forest.nodes.values()):
        a = node.access
        if not a.outside and _matters(node) and not _explained(forest, a.source, a.from_at):
            yield a.source, a.from_at
    for transfer in left:
        if _is_strong(transfer):
            yield transfer.host, transfer.from_at


def _matters(node: Node) -> bool:
    if node.access.by_flow:
        return node.access.days_before == 0 and node.access.history_days >= 2
    return node.strange >= ASK_STRANGE or any(d.weight >= ASK_STRANGE for d in node.deeds)


def _explained(forest: Forest, host: str, at: datetime) -> bool:
    return any(fits(forest.nodes[n].access, at) >= EXPLAINED for n in forest.by_host.get(host, ()))


def _is_strong(transfer: Transfer) -> bool:
    weight = transfer_weight(transfer.size_bytes, transfer.days_before, transfer.most_before)
    return weight >= STRONG_TRANSFER


def place_left(forest: Forest, left: Iterable[Transfer]) -> None:
    """Give transfers that no login explains to the connection that does, the one with the strangest origin first."""
    for transfer in left:
        if not _is_strong(transfer):
            continue
        best, most = None, 0.15
        for number in forest.by_host.get(transfer.host, ()):
            node = forest.nodes[number]
            origin = max((forest.nodes[n].strange for n in _line(forest, number)), default=0.0)
            score = fits(node.access, transfer.from_at, error_ms=transfer.error_ms) * pull(origin)
            if score > most:
                best, most = number, score
        if best is not None:
            forest.nodes[best].transfers.append(transfer)


def _line(forest: Forest, number: int) -> Iterable[int]:
    """Yield an access and those it came from."""
    seen: set[int] = set()
    at: int | None = number
    while at is not None and at not in seen:
        seen.add(at)
        yield at
        at = forest.nodes[at].parent
