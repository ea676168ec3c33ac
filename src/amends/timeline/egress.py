"""How many bytes left: from hosts the intruder held to addresses outside, above each pair's own days before.

The same flow is often logged by several observers (router, firewall, sensor): for each address outside, the observer
that saw most counts, never their sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.taken_sources import Places, Sources, Span, Step, day_of, day_sql

# Share of the bytes on the wire that is payload. Ethernet's 1,460 bytes of payload travel with 40 of IP and TCP
# (RFC 9293) and some of TLS or SSH records; retransmission rarely passes 5 % of a long transfer.
PAYLOAD_LOW, PAYLOAD_BEST, PAYLOAD_HIGH = 0.88, 0.955, 1.0


@dataclass(frozen=True)
class Leaving:
    """Bytes towards one address outside.

    Attributes:
        peer: The address.
        of_chain: Whether the chain names it: the intruder's own address, or where data went.
        low: Payload bytes at least, above the pair's busiest day before.
        best: Payload bytes most likely, above its mean day before.
        high: Bytes at most.
        from_at: First day of it.
        to_at: Last line of it.
        hosts: Hosts it came from.
        event_ids: Its events; at most two hundred.
    """

    peer: str
    of_chain: bool
    low: int
    best: int
    high: int
    from_at: datetime
    to_at: datetime
    hosts: tuple[str, ...]
    event_ids: tuple[int, ...]


def leaving(
    engine: Engine, sources: Sources, places: Places, steps: tuple[Step, ...], span: Span
) -> tuple[Leaving, ...]:
    """Return what left to each address outside while the intruder was inside, most first."""
    held = {s.destination for s in steps if s.destination and not places.is_outside(s.destination)}
    held |= {s.source for s in steps if s.source and not places.is_outside(s.source)}
    peers = {p for s in steps for p in (s.source, s.destination) if places.is_outside(p)}
    engine.register("taken_ends", _ends(places, held, peers))
    engine.register("taken_inside", pa.table({"place": pa.array(sorted(held), pa.string())}))
    engine.materialise("taken_out", _out_sql(sources))
    rows = engine.arrow(_above_sql(span)).to_pylist()
    made = [
        Leaving(
            peer=r["peer"],
            of_chain=r["peer"] in peers,
            low=int(max(0.0, float(r["low"])) * PAYLOAD_LOW),
            best=int(float(r["best"]) * PAYLOAD_BEST),
            high=int(float(r["best"]) * PAYLOAD_HIGH),
            from_at=r["from_at"],
            to_at=r["to_at"],
            hosts=tuple(sorted(h for h in r["hosts"] if h)),
            event_ids=tuple(sorted(r["event_ids"])),
        )
        for r in rows
        if float(r["best"]) > 0 and places.is_outside(r["peer"])
    ]
    return tuple(sorted(made, key=lambda m: (-m.best, m.peer)))


def _ends(places: Places, held: set[str], peers: set[str]) -> pa.Table:
    """Return the addresses that matter: whose they are, whether the host was held, whether it is the intruder's."""
    owners = {**{p: p for p in (*held, *peers)}, **places.by_ip}
    return pa.table(
        {
            "ip": pa.array(list(owners), pa.string()),
            "place": pa.array(list(owners.values()), pa.string()),
            "held": pa.array([p in held for p in owners.values()], pa.bool_()),
            "peer": pa.array([ip in peers for ip in owners], pa.bool_()),
            "ours": pa.array([ip in places.by_ip for ip in owners], pa.bool_()),
        }
    )


def _out_sql(sources: Sources) -> str:
    """Return SQL of bytes per observer, inside host, address outside and day."""
    return f"""
        WITH seen AS (
            SELECT e.event_id, e.at, e.host AS said, e.source, e.src_ip AS src, e.dst_ip AS dst,
                s.place AS src_place, d.place AS dst_place, coalesce(s.held, false) AS src_held,
                coalesce(d.held, false) AS dst_held, coalesce(s.peer, false) AS src_peer,
                coalesce(d.peer, false) AS dst_peer, coalesce(s.ours, false) AS src_ours,
                coalesce(d.ours, false) AS dst_ours, coalesce(e.bytes_in, 0) AS b_in, coalesce(e.bytes_out, 0) AS b_out
            FROM {sources.events} AS e
            LEFT JOIN taken_ends AS s ON s.ip = e.src_ip
            LEFT JOIN taken_ends AS d ON d.ip = e.dst_ip
            WHERE e.duplicate_of IS NULL AND e."at" IS NOT NULL AND coalesce(e.outcome, '') <> 'failure'
              AND e.kind IN ('connection', 'web', 'file', 'logout')
              AND (coalesce(e.bytes_in, 0) > 0 OR coalesce(e.bytes_out, 0) > 0)
              AND (s.held OR d.held OR s.peer OR d.peer OR e.src_ip IS NULL OR e.dst_ip IS NULL)),
        sided AS (
            SELECT event_id, "at", said, source, dst AS peer, b_in AS n,
                CASE WHEN src_held THEN src_place
                     WHEN src IS NULL AND lower(said) IN (SELECT place FROM taken_inside) THEN lower(said)
                     WHEN dst_peer THEN '' END AS inside
            FROM seen WHERE dst IS NOT NULL AND NOT dst_ours AND b_in > 0
            UNION ALL
            SELECT event_id, "at", said, source, src, b_out,
                CASE WHEN dst_held THEN dst_place
                     WHEN dst IS NULL AND lower(said) IN (SELECT place FROM taken_inside) THEN lower(said)
                     WHEN src_peer THEN '' END
            FROM seen WHERE src IS NOT NULL AND NOT src_ours AND b_out > 0),
        grouped AS (
            SELECT said, source, inside, peer, {day_sql('"at"')} AS day, sum(n)::BIGINT AS n,
                   min("at") AS from_at, max("at") AS to_at, arg_max(event_id, n, 50) AS event_ids
            FROM sided WHERE inside IS NOT NULL GROUP BY ALL)
        SELECT lower(coalesce(said, '')) || ' ' || coalesce(source, '') AS observer, * EXCLUDE (said, source)
        FROM grouped WHERE NOT {_private("peer")}
    """


def _private(column: str) -> str:
    """Return SQL that is true for addresses that no packet on the internet carries."""
    return (
        f"regexp_matches({column}, '^(10\\.|127\\.|0\\.|192\\.168\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|169\\.254\\.|"
        f"100\\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\\.|22[4-9]\\.|23[0-9]\\.|255\\.|f[cd]|fe80|ff|::1$)')"
    )


def _above_sql(span: Span) -> str:
    """Return SQL of what passed each pair's own days before; one row an address outside."""
    begin, end = day_of(span.from_at), day_of(span.to_at)
    return f"""
        WITH days AS (SELECT greatest(1, {begin} - min(day)) AS n FROM taken_out),
        usual AS (
            SELECT observer, inside, peer, sum(n) / (SELECT n FROM days) AS mean, max(n) AS most
            FROM taken_out WHERE day < {begin} GROUP BY ALL),
        above AS (
            SELECT o.*, greatest(0, o.n - coalesce(u.mean, 0)) AS best, greatest(0, o.n - coalesce(u.most, 0)) AS low
            FROM taken_out AS o LEFT JOIN usual AS u USING (observer, inside, peer)
            WHERE o.day BETWEEN {begin} AND {end}),
        sums AS (
            SELECT observer, peer, inside <> '' AS known, sum(best) AS best, sum(low) AS low, min(from_at) AS from_at,
                   max(to_at) AS to_at, list(DISTINCT inside) AS hosts, flatten(list(event_ids)) AS event_ids
            FROM above GROUP BY ALL)
        SELECT peer, max(best)::DOUBLE AS best, arg_max(low, best)::DOUBLE AS low,
               arg_max(from_at, best) AS from_at, arg_max(to_at, best) AS to_at, flatten(list(hosts)) AS hosts,
               arg_max(event_ids, best)[1:200] AS event_ids
        FROM sums GROUP BY peer
    """
