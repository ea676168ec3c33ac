"""From the intruder's accesses to hops: one for each coming-in, each kind of deed in it, each thing that left."""

# ruff: noqa: E501  (sentences)

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.timeline.chain.categories import BY_NAME, TACTIC_PHASES
from amends.timeline.chain.shapes import Access, Deed, Failures, Hop, Node, Probing, Transfer
from amends.timeline.chain.walk import Forest
from amends.timeline.chain.weigh import SYSTEM_ACCOUNTS, weight_of

SIGNAL = "signal"
"""Category of a rule that fired on a login or a connection: it weighs, but the hop is the access itself."""

LEAST_FAILURES = 3
"""Failed logins from which guessing is a step of its own."""

DEED_PAUSE = timedelta(seconds=150)
"""A kind of deed that rests so long and goes on is a hop anew, so that hops stand in their order."""

SAME_ACCOUNT_SPAN = timedelta(hours=12)
"""What the account does on the host so long after its access's last sign is still of it: logs do not show every end."""

SYSTEM_SPAN = timedelta(hours=2)
"""The same for accounts of programs, and where no account is logged: jobs run as these too."""

OWN_SESSION_BYTES = 20_000_000
"""Bytes back to the intruder in their own session from which it is more than the work itself."""

SAME_TRANSFER = timedelta(minutes=30)
"""A command that sends and a flow that leaves within it are one thing."""

ACCESS_TECHNIQUES = {
    "ssh": "T1021.004", "rdp": "T1021.001", "smb": "T1021.002", "winrm": "T1021.006", "vnc": "T1021.005",
    "network": "T1021.002", "remoteinteractive": "T1021.001",
}  # fmt: skip
"""Way of going from host to host → technique; else valid accounts, T1078."""


@dataclass(frozen=True)
class Cast:
    """Whose the accesses are.

    Attributes:
        forest: All accesses.
        theirs: The intruder's.
        first: The first of them that came from the internet; ``None`` when none did.
    """

    forest: Forest
    theirs: set[int]
    first: int | None


def cast(forest: Forest, theirs: set[int]) -> Cast:
    """Return the cast: whose the accesses are, and which was the first."""
    outside = [n for n in theirs if forest.nodes[n].access.outside]
    first = min(outside, key=lambda n: (forest.nodes[n].access.from_at, n), default=None)
    return Cast(forest, theirs, first)


def access_hop(who: Cast, number: int, status: str) -> Hop:
    """Return the hop of an access."""
    node = who.forest.nodes[number]
    a = node.access
    phase, technique, tactic = _access_phase(who, number)
    return Hop(
        status, phase, a.from_at, a.to_at, a.error_ms, a.source, a.host, a.account, a.how, technique, tactic,
        (a.first_event,), a.n, _confidence(node), _access_why(who, number), tuple(_against(who, number)),
        node.decided or "rule", 1, f"access:{a.first_event}",
    )  # fmt: skip


def _access_phase(who: Cast, number: int) -> tuple[str, str, str]:
    a = who.forest.nodes[number].access
    if a.outside and a.how in ("http", "https", "web"):
        return "initial_access", "T1190", "initial-access"
    if a.outside:
        again = number != who.first and any(
            n != number
            and who.forest.nodes[n].access.outside
            and who.forest.nodes[n].access.host == a.host
            and who.forest.nodes[n].access.from_at < a.from_at
            for n in who.theirs
        )
        cloud = "T1078.004" if a.how in ("cloud", "api", "console") else "T1133"
        return (
            ("persistence", cloud, "persistence")
            if again
            else ("initial_access", cloud, "initial-access")
        )
    return "lateral_movement", ACCESS_TECHNIQUES.get(a.how, "T1078"), "lateral-movement"


def _access_why(who: Cast, number: int) -> str:
    node = who.forest.nodes[number]
    a = node.access
    by = f" as {a.account}" if a.account else ""
    head = f"{a.source} reached {a.host}{by} over {a.how}"
    if a.by_flow:
        head = f"records of connections show {a.source} at {a.host} over {a.how}"
    reasons = [r for r in node.reasons if not r.startswith("the same was seen")]
    if node.parent in who.theirs and node.parent is not None:
        reasons.append(f"the intruder was on {a.source} then")
    return head + (": " + "; ".join(reasons) if reasons else "") + "."


def _against(who: Cast, number: int) -> Iterable[str]:
    node = who.forest.nodes[number]
    a = node.access
    yield from (r for r in node.reasons if r.startswith("the same was seen"))
    if a.by_flow:
        yield "no login is logged for it: only records of connections show it"
    if not a.outside and node.parent is None:
        yield f"where it came from before {a.source} cannot be said"
    for other in node.rivals:
        rival = who.forest.nodes[other].access
        if other != node.parent and other not in who.theirs:
            yield f"{rival.account or 'somebody'} from {rival.source} was on {a.source} at that time too"
    if a.history_days < 2:
        yield f"the log of {a.host} reaches back too little to say what was usual"


def failure_hop(failed: Failures, status: str = "chain") -> Hop:
    """Return the hop of guessing."""
    technique = (
        "T1110.003" if failed.n_accounts >= 3 and failed.n < 20 * failed.n_accounts else "T1110.001"
    )
    accounts = "one account" if failed.n_accounts == 1 else f"{failed.n_accounts} accounts"
    return Hop(
        status, "credential_access", failed.from_at, failed.to_at, failed.error_ms, failed.source, failed.host, "",
        "guessing", technique, "credential-access", failed.event_ids, failed.n, min(0.95, 0.6 + failed.n / 100),
        f"{failed.n} logins from {failed.source} to {failed.host} failed, on {accounts}.",
        order=0, group=f"failures:{failed.event_ids[0]}",
    )  # fmt: skip


def probe_hop(probing: Probing) -> Hop:
    """Return the hop of looking for ways in."""
    phase, technique, tactic = (
        ("reconnaissance", "T1595.001", "reconnaissance")
        if probing.outside
        else ("discovery", "T1046", "discovery")
    )
    return Hop(
        "chain", phase, probing.from_at, probing.to_at, probing.error_ms, probing.source,
        "the network", "", "scan", technique, tactic, probing.event_ids, probing.n, 0.8,
        f"{probing.source} tried {probing.n_targets} addresses and ports in a short time, or was refused.",
        order=0, group=f"probe:{probing.event_ids[0]}",
    )  # fmt: skip


def deed_hops(node: Node, status: str) -> list[Hop]:
    """Return the hops of what was done in an access: one a kind, and anew after an hour's rest."""
    made: list[Hop] = []
    by_kind: dict[tuple[str, str], list[Deed]] = defaultdict(list)
    for deed in sorted(node.deeds, key=lambda d: (d.from_at, d.event_ids)):
        if deed.category != SIGNAL and _is_surely(node.access, deed):
            by_kind[deed.category, deed.what if deed.category == "detection" else ""].append(deed)
    for group in by_kind.values():
        made.extend(_deed_hop(node, part, status) for part in _parts(group))
    return made


def _is_surely(access: Access, deed: Deed) -> bool:
    """Answer whether a deed that fits an access belongs to whoever made it, not to a job or somebody else."""
    late = deed.from_at - access.to_at
    if deed.source_ip and deed.source_ip == access.source_ip:
        return True
    if deed.account and deed.account == access.account:
        return late <= SAME_ACCOUNT_SPAN
    if deed.account in SYSTEM_ACCOUNTS:
        return late <= SYSTEM_SPAN and (deed.weight >= 1.0 or late <= timedelta(minutes=15))
    if not deed.account:
        return late <= SYSTEM_SPAN
    return deed.weight >= 1.0 and late <= SYSTEM_SPAN


def _parts(deeds: list[Deed]) -> Iterable[list[Deed]]:
    part: list[Deed] = []
    for deed in deeds:
        if part and deed.from_at - max(d.to_at for d in part) > DEED_PAUSE:
            yield part
            part = []
        part.append(deed)
    yield part


def _deed_hop(node: Node, deeds: list[Deed], status: str) -> Hop:
    first = deeds[0]
    category = BY_NAME.get(first.category)
    tactic = category.tactic if category else first.tactic
    phase = category.phase if category else TACTIC_PHASES.get(tactic, "discovery")
    ids = tuple(dict.fromkeys(i for d in deeds for i in d.event_ids))[:1000]
    rows = sum(d.rows for d in deeds)
    what = first.what if category else f'did what the rule "{first.what}" looks for'
    what += f", {rows} rows" if rows else ""
    subject = node.access.account or first.account or "somebody"
    return Hop(
        status, phase, first.from_at, max(d.to_at for d in deeds), max(d.error_ms for d in deeds),
        node.access.source, first.host, first.account or node.access.account,
        category.how if category else "rule", category.technique if category else first.technique, tactic,
        ids, sum(d.n for d in deeds), round(min(_confidence(node), 0.65 + 0.15 * first.weight), 2),
        f"In the access from {node.access.source}, {subject} {what} on {first.host}.",
        order=2, group=f"{first.category}:{ids[0]}",
    )  # fmt: skip


def transfer_hop(node: Node | None, transfer: Transfer, status: str) -> Hop:
    """Return the hop of something leaving."""
    mega = transfer.size_bytes / 1_000_000
    against = [] if node is not None else ["no access explains it"]
    if transfer.days_before:
        against.append(f"something went there on {transfer.days_before} days before")
    return Hop(
        status, "exfiltration", transfer.from_at, transfer.to_at, transfer.error_ms, transfer.host,
        transfer.outer, node.access.account if node else "", _port_word(transfer.port), "T1048", "exfiltration",
        transfer.event_ids, len(transfer.event_ids), round(0.9 if transfer.days_before == 0 else 0.7, 2),
        f"{mega:,.1f} MB went from {transfer.host} to {transfer.outer}, which had never got as much.",
        tuple(against), order=3, group=f"transfer:{transfer.event_ids[0]}", size_bytes=transfer.size_bytes,
    )  # fmt: skip


def _port_word(port: int) -> str:
    words = {22: "ssh", 443: "https", 80: "http", 21: "ftp", 53: "dns", 445: "smb"}
    return words.get(port, f"port {port}" if port else "")


def _confidence(node: Node) -> float:
    if node.verdict == "attacker":
        return 1.0
    weight = max(weight_of(node), 0.5)
    return round(
        min(0.98, 1.0 - 0.6 * math.exp(-weight / 3.0)) * (0.8 if node.access.by_flow else 1.0), 2
    )


def own_failures(who: Cast, failures: Sequence[Failures], begin: datetime) -> list[Failures]:
    """Return the guessing that is the intruder's: before an access of theirs, or from their places while there."""
    chosen: dict[int, Failures] = {}
    spans: dict[str, list[Access]] = defaultdict(list)
    addresses = set()
    for number in who.theirs:
        node = who.forest.nodes[number]
        spans[node.access.host].append(node.access)
        if node.access.outside:
            addresses.add(node.access.source_ip)
        for failed in node.failures:
            if failed.n >= LEAST_FAILURES:
                chosen[failed.event_ids[0]] = failed
    for failed in failures:
        if failed.outside and failed.source_ip in addresses and failed.n >= LEAST_FAILURES:
            chosen[failed.event_ids[0]] = failed
        elif not failed.outside and failed.n >= 2 * LEAST_FAILURES and failed.from_at >= begin:
            inside = spans.get(failed.source, [])
            if any(_during(a, failed.from_at, failed.error_ms + a.error_ms) for a in inside):
                chosen[failed.event_ids[0]] = failed
    return list(chosen.values())


def own_probes(who: Cast, probes: Sequence[Probing]) -> list[Probing]:
    """Return the probing that is the intruder's: from their addresses, or from hosts while they were there."""
    addresses, spans = set(), defaultdict(list)
    for number in who.theirs:
        access = who.forest.nodes[number].access
        spans[access.host].append(access)
        if access.outside:
            addresses.add(access.source_ip)
    return [
        p
        for p in probes
        if (p.outside and p.source_ip in addresses)
        or any(_during(a, p.from_at, p.error_ms + a.error_ms) for a in spans.get(p.source, []))
    ]


def _during(access: Access, at: datetime, error_ms: int) -> bool:
    slack = timedelta(milliseconds=min(error_ms, 900_000)) + timedelta(minutes=1)
    return access.from_at - slack <= at <= access.to_at + timedelta(hours=1) + slack


def without_early(hops: list[Hop]) -> list[Hop]:
    """Leave out what flowed back in the intruder's own sessions while there was nothing yet to take.

    Working over a session moves megabytes too; what leaves in it counts once something was collected, and when it is much.
    """
    gathered = [h.at for h in hops if h.phase in ("collection", "staging")]
    begin = min(gathered, default=None)
    sources = {h.source for h in hops if h.group.startswith("access:")}
    return [
        h
        for h in hops
        if not h.group.startswith("transfer:")
        or h.destination not in sources
        or (
            begin is not None
            and h.at >= begin - SAME_TRANSFER
            and h.size_bytes >= OWN_SESSION_BYTES
        )
    ]


def merge_sending(hops: list[Hop]) -> list[Hop]:
    """Put together the command that sends and the flow that leaves the same host at that time."""
    flows = [h for h in hops if h.group.startswith("transfer:")]
    made = [h for h in hops if not h.group.startswith("transfer:")]
    for flow in flows:
        twin = next(
            (
                i
                for i, h in enumerate(made)
                if h.group.startswith("upload:")
                and h.source != flow.destination
                and h.destination == flow.source
                and abs(h.at - flow.at) <= SAME_TRANSFER
            ),
            None,
        )
        if twin is None:
            made.append(flow)
        else:
            made[twin] = _together(made[twin], flow)
    return made


def _together(sent: Hop, flow: Hop) -> Hop:
    return Hop(
        sent.status, "exfiltration", min(sent.at, flow.at), max(sent.to_at, flow.to_at),
        max(sent.error_ms, flow.error_ms), flow.source, flow.destination, sent.account or flow.account, flow.how or sent.how,
        flow.technique, "exfiltration", (*sent.event_ids, *flow.event_ids)[:1000], sent.n_events + flow.n_events,
        max(sent.confidence, flow.confidence), sent.why + " " + flow.why, flow.against, sent.decided_by,
        sent.order, sent.group,
    )  # fmt: skip
