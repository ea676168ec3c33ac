"""The chain, from events to hops: gather, place, walk, tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa

from amends.kernel import ids
from amends.kernel.engine.base import Engine
from amends.timeline.chain import gather, load, story, unlogged
from amends.timeline.chain.categories import TACTIC_PHASES
from amends.timeline.chain.decided import Decided, Word
from amends.timeline.chain.sessions import one_session
from amends.timeline.chain.shapes import Access, Deed, Failures, Hop, Node, Transfer
from amends.timeline.chain.theirs import intruder
from amends.timeline.chain.walk import (
    Forest,
    best_access,
    join,
    place_again,
    place_deeds,
    place_transfers,
    plant,
)
from amends.timeline.chain.weigh import LEVEL_WEIGHTS, SLACK, clock_of, through_vpn, transfer_weight
from amends.timeline.excuses import EXCUSING, excuse
from amends.timeline.excuses import Deed as Excusable
from amends.timeline.known import Known
from amends.timeline.network import ASSIGNED

MOST_EXCLUDED = 200
"""Excused accesses shown, the heaviest first."""


@dataclass(frozen=True)
class Chain:
    """What came out.

    Attributes:
        hops: In order: the chain with its steps, then alternatives, then what was excluded.
        accesses: The intruder's accesses, by what they mean: (host, from, to).
    """

    hops: list[Hop]
    accesses: list[Access]


def build(
    engine: Engine, events: str, ips: str, detections: pa.Table, known: Known, decided: Decided
) -> Chain:
    """Return the chain of the intrusion.

    Args:
        engine: The engine.
        events: Events as written.
        ips: From ``network.place_addresses``.
        detections: Rows of detections.
        known: What the company told.
        decided: What people decided.
    """
    tables = _gather(engine, events, ips, detections)
    told = (_decided_deed(d, decided) for d in load.deeds(engine, tables.deeds))
    deeds = [d for d in told if d is not None]
    accesses = load.accesses(engine, tables.accesses, tables.deeds, tables.failures)
    accesses = one_session(accesses)
    accesses = unlogged.with_new_flows(accesses, load.new_flows(engine, tables.flows))
    accesses = [*accesses, *_web_accesses(accesses, deeds)]
    failures = load.failures(engine, tables.failures, tables.accesses)
    clock = clock_of([a for a in accesses if not a.by_flow])
    forest = plant(accesses, failures, clock)
    place_deeds(forest, deeds)
    gateways = {a.host for a in accesses if a.how == "vpn"}
    moved = [t for t in _transfers(engine, tables, known, decided) if t.host not in gateways]
    left = place_transfers(forest, moved)
    unlogged.ask_flows(engine, tables.flows, forest, left, failures, clock)
    place_again(forest)
    _judge(engine, events, forest, known, decided)
    given = load.assigned(engine, f'"{ASSIGNED}"')
    join(forest, given)
    unlogged.place_left(forest, left)
    theirs, _ = intruder(forest)
    if unlogged.ask_theirs(engine, tables.flows, forest, theirs, failures, clock):
        place_again(forest)
        _judge(engine, events, forest, known, decided)
        join(forest, given)
        theirs, _ = intruder(forest)
    _place_quiet(engine, tables.deeds, forest, theirs)
    who = story.cast(forest, theirs)
    hops = _tell(engine, tables, who, failures, decided)
    return Chain(hops, [forest.nodes[n].access for n in sorted(theirs)])


@dataclass(frozen=True)
class _Tables:
    accesses: str
    flows: str
    failures: str
    deeds: str
    probes: str
    transfers: str


def _gather(engine: Engine, events: str, ips: str, detections: pa.Table) -> _Tables:
    detected = engine.register("timeline_detected", _detected(detections))
    sessions = gather.make_sessions(engine, events)
    return _Tables(
        gather.make_accesses(engine, events, sessions, ips),
        gather.make_flows(engine, events, ips),
        gather.make_failures(engine, events, ips),
        gather.make_deeds(engine, events, sessions, ips, detected),
        gather.make_probes(engine, events, ips),
        gather.make_transfers(engine, events, ips),
    )


def _detected(detections: pa.Table) -> pa.Table:
    """Return the strongest detection of each event: event_id, technique, title, weight."""
    best: dict[int, tuple[float, str, str, str]] = {}
    names = ("event_ids", "level", "technique", "title", "tags")
    for row in detections.select(names).to_pylist() if detections.num_rows else []:
        weight = LEVEL_WEIGHTS.get(row["level"] or "", 0.5)
        for event_id in row["event_ids"] or ():
            if event_id not in best or best[event_id][0] < weight:
                best[event_id] = (
                    weight,
                    row["technique"] or "",
                    row["title"] or "",
                    _tactic(row["tags"]),
                )
    columns = list(zip(*best.values(), strict=True)) if best else [(), (), (), ()]
    return pa.table(
        {
            "event_id": pa.array(list(best), pa.int64()),
            "weight": pa.array(columns[0], pa.float64()),
            "technique": pa.array(columns[1], pa.string()),
            "title": pa.array(columns[2], pa.string()),
            "tactic": pa.array(columns[3], pa.string()),
        }
    )


def _tactic(tags: list[str] | None) -> str:
    """Return the first ATT&CK tactic that a rule's tags name, "" for none."""
    words = (t.lower().removeprefix("attack.").replace("_", "-") for t in tags or ())
    return next((w for w in words if w in TACTIC_PHASES), "")


def _decided_deed(deed: Deed, decided: Decided) -> Deed | None:
    word = decided.hops.get(hop_id(f"{deed.category}:{deed.event_ids[0]}"))
    for event_id in deed.event_ids:
        word = decided.events.get(event_id, word)
    if word is None:
        return deed
    return replace(deed, weight=20.0) if word.verdict == "attacker" else None


def _web_accesses(accesses: list[Access], deeds: list[Deed]) -> list[Access]:
    """Return an access for deeds from the internet that no login explains: the way in was a program of ours."""
    have = {(a.source_ip, a.host) for a in accesses}
    first: dict[tuple[str, str], Deed] = {}
    last: dict[tuple[str, str], datetime] = {}
    for deed in sorted(deeds, key=lambda d: d.from_at):
        key = (deed.source_ip, deed.host)
        if deed.category != story.SIGNAL and deed.outside and deed.weight > 0 and key not in have:
            first.setdefault(key, deed)
            last[key] = max(last.get(key, deed.to_at), deed.to_at)
    return [
        Access(
            -1_000_000 - i, d.source, d.source_ip, True, d.host, d.account, "https", d.from_at, last[key], d.n,
            d.event_ids[0], d.days_before, d.days_before, d.days_before, d.days_before, 2, d.error_ms,
        )
        for i, (key, d) in enumerate(first.items())
    ]  # fmt: skip


def _judge(engine: Engine, events: str, forest: Forest, known: Known, decided: Decided) -> None:
    """Excuse what the company's facts explain, and obey what people decided."""
    facts = [f for f in known.facts if f.kind in EXCUSING]
    for node in forest.nodes.values():
        a = node.access
        word = _word(node, decided)
        if word is not None:
            node.verdict, node.decided = word.verdict, word.decision_id
            continue
        fact = excuse(
            facts,
            Excusable(
                a.from_at, tuple({a.source, a.source_ip, a.host} - {""}), a.account, a.source
            ),
        )
        if fact is not None and (
            fact.kind in ("test", "scanner") or a.days_before > 0 or _names_both(fact.hosts, a)
        ):
            node.excused = f"{fact.kind}: {fact.sentence}"
    for event_id, word in decided.events.items():
        _event_word(engine, events, forest, event_id, word)


def _names_both(hosts: Iterable[str], access: Access) -> bool:
    low = {h.lower() for h in hosts}
    return access.source.lower() in low and access.host.lower() in low


def _word(node: Node, decided: Decided) -> Word | None:
    a = node.access
    return (
        decided.hops.get(hop_id(f"access:{a.first_event}"))
        or decided.events.get(a.first_event)
        or decided.addresses.get(a.source_ip)
        or decided.addresses.get(a.source)
        or (decided.accounts.get(a.account) if a.account else None)
    )


def _event_word(engine: Engine, events: str, forest: Forest, event_id: int, word: Word) -> None:
    rows = engine.arrow(
        f"""SELECT host, account, src_ip, "at" FROM {events} WHERE event_id = ? AND "at" IS NOT NULL""",
        [event_id],
    ).to_pylist()
    for row in rows:
        deed = Deed(
            "decided", row["host"] or "", row["account"] or "", row["src_ip"] or "", "", False,
            row["at"], row["at"], 1, (event_id,), 0, 0.0,
        )  # fmt: skip
        number = best_access(forest, deed)
        if number is not None:
            forest.nodes[number].verdict = word.verdict
            forest.nodes[number].decided = word.decision_id


def _transfers(engine: Engine, tables: _Tables, known: Known, decided: Decided) -> list[Transfer]:
    facts = [f for f in known.facts if f.kind in EXCUSING]
    made = []
    for t in load.transfers(engine, tables.transfers):
        word = decided.addresses.get(t.outer)
        if word is not None and word.verdict == "not_attacker":
            continue
        known_job = excuse(facts, Excusable(t.from_at, (t.host, t.outer)))
        if word is None and known_job is not None:
            continue
        made.append(t)
    return made


def _place_quiet(engine: Engine, deeds: str, forest: Forest, theirs: set[int]) -> None:
    """Give reads and looks to the accesses they were made in; only those surely the intruder's are kept."""
    on_host: dict[str, list[Access]] = {}
    for n in sorted(theirs):
        on_host.setdefault(forest.nodes[n].access.host, []).append(forest.nodes[n].access)
    if not on_host:
        return
    for deed in load.quiet_deeds(engine, deeds, sorted(on_host)):
        # Most are other people's; only what one of these accesses could have done is weighed against all.
        if not any(_surely_of(deed, a) for a in on_host[deed.host]):
            continue
        number = best_access(forest, deed)
        if (
            number in theirs
            and number is not None
            and _surely_of(deed, forest.nodes[number].access)
        ):
            forest.nodes[number].deeds.append(deed)


def _surely_of(deed: Deed, access: Access) -> bool:
    """Answer whether a deed was done while an access lasted, from its address or as its account."""
    if not access.from_at - SLACK <= deed.from_at <= access.to_at + timedelta(minutes=10):
        return False
    same_account = deed.account == access.account and bool(access.account)
    return deed.source_ip == access.source_ip or (same_account and not deed.source_ip)


def _tell(
    engine: Engine, tables: _Tables, who: story.Cast, failures: list[Failures], decided: Decided
) -> list[Hop]:
    """Return all hops in order, with their status."""
    chain: list[Hop] = []
    for number in who.theirs:
        node = who.forest.nodes[number]
        chain.append(story.access_hop(who, number, "chain"))
        chain.extend(story.deed_hops(node, "chain"))
        chain.extend(
            story.transfer_hop(node, t, "chain") for t in node.transfers if _leaves(t, node)
        )
    if who.theirs:
        begin = min(who.forest.nodes[n].access.from_at for n in who.theirs)
        chain.extend(story.failure_hop(f) for f in story.own_failures(who, failures, begin))
        places = sorted(
            {who.forest.nodes[n].access.host for n in who.theirs}
            | {who.forest.nodes[n].access.source for n in who.theirs}
        )
        probes = load.probes(engine, tables.probes, places)
        chain.extend(story.probe_hop(p) for p in story.own_probes(who, probes))
    chain = [_obey(h, decided) for h in story.merge_sending(story.without_early(chain))]
    return [*_ordered(chain, who), *_others(who)]


def _leaves(transfer: Transfer, node: Node) -> bool:
    """Answer whether a transfer is part of the chain: much, or to a place nobody else ever sends to."""
    if through_vpn(node.access, transfer):
        return False
    if transfer_weight(transfer.size_bytes, transfer.days_before, transfer.most_before) < 0.5:
        return False
    alone = (
        transfer.days_before == 0
        and transfer.n_places == 1
        and transfer.size_bytes > transfer.place_most
    )
    return transfer.size_bytes >= 1_000_000 or alone or transfer.outer == node.access.source_ip


def _obey(hop: Hop, decided: Decided) -> Hop:
    word = decided.hops.get(hop_id(hop.group))
    if word is None:
        return hop
    if word.verdict == "not_attacker":
        return replace(hop, status="excluded", decided_by=word.decision_id)
    return replace(hop, confidence=1.0, decided_by=word.decision_id)


def _ordered(hops: list[Hop], who: story.Cast) -> list[Hop]:
    """Return hops by time; nothing stands before the access it was made in, whatever the clocks say."""
    begun: dict[str, datetime] = {}
    for number in who.theirs:
        a = who.forest.nodes[number].access
        upper = who.forest.nodes[number].parent
        at = a.from_at
        if upper in who.theirs and upper is not None:
            at = max(at, who.forest.nodes[upper].access.from_at)
        begun[f"access:{a.first_event}"] = at
    first_on: dict[str, datetime] = {}
    for number in who.theirs:
        a = who.forest.nodes[number].access
        at = begun[f"access:{a.first_event}"]
        first_on[a.host] = min(first_on.get(a.host, at), at)

    def key(hop: Hop) -> tuple[datetime, int, str]:
        at = begun.get(hop.group, hop.at)
        if hop.order == 2 and hop.destination in first_on:
            at = max(at, first_on[hop.destination])
        return at, hop.order, hop.group

    return sorted(hops, key=key)


def _others(who: story.Cast) -> list[Hop]:
    """Return the alternatives of the intruder's accesses, and what was excused."""
    rivals = {r for n in who.theirs for r in who.forest.nodes[n].rivals} - who.theirs
    made = [
        story.access_hop(who, n, "alternative")
        for n in sorted(rivals)
        if not who.forest.nodes[n].excused and who.forest.nodes[n].verdict != "not_attacker"
    ]
    excused = [
        (n, node)
        for n, node in who.forest.nodes.items()
        if (node.excused or node.verdict == "not_attacker")
        and (node.deeds or node.strange > 0 or node.verdict)
    ]
    excused.sort(key=lambda one: (-len(one[1].deeds), one[1].access.from_at, one[0]))
    for number, node in excused[:MOST_EXCLUDED]:
        hop = story.access_hop(who, number, "excluded")
        why = node.excused or f"decision {node.decided}"
        made.append(replace(hop, against=(f"explained by: {why}", *hop.against)))
    return made


def hop_id(group: str) -> str:
    """Return the id of a hop: what it is and its first event, so it is the same in every run."""
    return "H" + ids.digest_text(group)[:12]
