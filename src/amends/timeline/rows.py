"""Hops, gaps and indicators as rows of their tables."""

# ruff: noqa: E501  (sentences)

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pyarrow as pa

from amends.kernel.schema import Table
from amends.tables.timeline import GAPS, HOPS
from amends.timeline.chain.build import hop_id
from amends.timeline.chain.shapes import Access, Hop
from amends.timeline.gaps import Gap, within_gap

WHERE_LOOKED = {
    "auth": "who logged in", "evtx": "who logged in and what was run", "audit": "which statements were run and how many rows they read",
    "auditd": "which commands were run", "flow": "how many bytes moved where", "firewall": "which connections were let through",
    "router": "who worked on the device", "web": "what was asked of the web server", "vpn": "who came in by VPN",
    "file": "which files were read", "cloud": "what was called", "system": "what the host did", "any": "anything",
}  # fmt: skip


def hop_table(hops: Sequence[Hop]) -> pa.Table:
    """Return the rows of ``hops``; those of the chain are numbered in order."""
    rows: list[dict[str, object]] = []
    step = 0
    for hop in hops:
        number = None
        if hop.status == "chain":
            step += 1
            number = step
        rows.append(
            {
                "hop_id": hop_id(hop.group),
                "step": number,
                "status": hop.status,
                "phase": hop.phase,
                "at": hop.at,
                "to_at": max(hop.to_at, hop.at),
                "at_error_ms": hop.error_ms,
                "source": hop.source,
                "destination": hop.destination,
                "account": hop.account,
                "how": hop.how,
                "technique": hop.technique,
                "tactic": hop.tactic,
                "event_ids": list(hop.event_ids),
                "n_events": hop.n_events,
                "confidence": hop.confidence,
                "why": hop.why,
                "against": list(hop.against),
                "decided_by": hop.decided_by,
            }
        )
    return as_table(HOPS, rows)


def gap_table(gaps: Iterable[Gap], accesses: Sequence[Access], hops: Sequence[Hop]) -> pa.Table:
    """Return the rows of ``gaps``, with what each costs and whether the intruder was, or may have been, there.

    Args:
        gaps: The gaps.
        accesses: The intruder's accesses.
        hops: The hops, for when the intrusion began and ended.
    """
    chain = [h for h in hops if h.status == "chain"]
    begin = min((h.at for h in chain), default=None)
    end = max((h.to_at for h in chain), default=None)
    rows: list[dict[str, object]] = []
    for gap in gaps:
        there = [a for a in accesses if _may_have_been(gap, a)]
        matters = bool(there) or _whole(gap, begin, end, chain)
        rows.append(
            {
                "gap_id": gap.gap_id,
                "host": gap.host,
                "log": gap.log,
                "from_at": gap.from_at,
                "to_at": gap.to_at,
                "reason": gap.reason,
                "effect": effect(gap, bool(there), matters),
                "matters": matters,
                "event_ids": list(gap.event_ids),
            }
        )
    return as_table(GAPS, rows)


def _may_have_been(gap: Gap, access: Access) -> bool:
    """Answer whether an access fell into a gap, or went on into it."""
    if access.host.lower() != gap.host.lower():
        return False
    day = timedelta(days=1)
    at: datetime = access.from_at
    while at <= access.to_at + day:
        if within_gap(gap, gap.host, at, timedelta(milliseconds=access.error_ms)):
            return True
        at += timedelta(hours=1)
    return False


def _whole(gap: Gap, begin: datetime | None, end: datetime | None, chain: Sequence[Hop]) -> bool:
    """Answer whether a gap lies in the intrusion, so that the intruder may have been there unseen."""
    if begin is None or end is None:
        return False
    touched = {h.destination.lower() for h in chain} | {h.source.lower() for h in chain}
    if gap.reason == "no_log":
        return gap.log == "any" or gap.host.lower() in touched
    after = gap.to_at is None or gap.to_at >= begin
    before = gap.from_at is None or gap.from_at <= end
    return after and before


def effect(gap: Gap, there: bool, matters: bool) -> str:
    """Return what cannot be said because of a gap, in a sentence."""
    looked = WHERE_LOOKED.get(gap.log, "what happened")
    host = gap.host or "this host"
    span = "at any time"
    if gap.from_at is not None and gap.to_at is not None:
        span = f"from {gap.from_at:%Y-%m-%d %H:%M} to {gap.to_at:%Y-%m-%d %H:%M} UTC"
    elif gap.to_at is not None:
        span = f"before {gap.to_at:%Y-%m-%d %H:%M} UTC"
    elif gap.from_at is not None:
        span = f"after {gap.from_at:%Y-%m-%d %H:%M} UTC"
    seen = f" ({gap.note})" if gap.note else ""
    tail = ""
    if there:
        tail = " The intruder was there at that time."
    elif matters:
        tail = " The intruder was in the network at that time and may have been there."
    return f"On {host} it cannot be said {span} {looked}{seen}.{tail}"


def as_table(table: Table, rows: Sequence[dict[str, object]]) -> pa.Table:
    """Return rows as a table of the declared shape."""
    return pa.Table.from_pylist(list(rows), schema=table.schema)
