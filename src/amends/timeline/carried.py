"""How many bytes went from stores to hosts that the intruder held: the trace of a read that no log shows."""

from __future__ import annotations

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.egress import PAYLOAD_BEST
from amends.timeline.taken_sources import Places, Sources, Span, Step, day_of, day_sql

_AFTER = 6  # hours: a copy may run long after the login that began it is the last line


def carried(
    engine: Engine, sources: Sources, places: Places, steps: tuple[Step, ...], span: Span
) -> dict[str, int]:
    """Return payload bytes by host of a store, above what the same pairs carried on their busiest day before.

    Only pairs that a step of the chain joins count, from its begin to some hours after its last line: hosts that were
    held go on with their own work. Several observers of one flow count once: the one that saw most.
    """
    held = {s.destination for s in steps if s.destination and not places.is_outside(s.destination)}
    held |= {s.source for s in steps if s.source and not places.is_outside(s.source)}
    places.register(engine, held)
    engine.register("taken_readers", pa.table({"place": pa.array(sorted(held), pa.string())}))
    rows = engine.arrow(_carried_sql(sources, span)).to_pylist()
    return {r["host"]: int(float(r["n"]) * PAYLOAD_BEST) for r in rows if r["n"]}


def _carried_sql(sources: Sources, span: Span) -> str:
    begin = f"TIMESTAMPTZ '{span.from_at.isoformat()}'"
    end = f"TIMESTAMPTZ '{span.to_at.isoformat()}'"
    return f"""
        WITH seen AS (
            SELECT lower(coalesce(e.host, '')) || ' ' || coalesce(e.source, '') AS observer, e."at",
                s.place AS src, d.place AS dst, coalesce(e.bytes_in, 0) AS b_in, coalesce(e.bytes_out, 0) AS b_out
            FROM {sources.events} AS e
            JOIN taken_addresses AS s ON s.ip = e.src_ip
            JOIN taken_addresses AS d ON d.ip = e.dst_ip
            WHERE e.duplicate_of IS NULL AND e."at" IS NOT NULL AND e.kind = 'connection' AND e."at" <= {end}
              AND (coalesce(e.bytes_in, 0) > 0 OR coalesce(e.bytes_out, 0) > 0)),
        pairs AS (
            SELECT observer, dst AS host, src AS reader, "at", b_out AS n FROM seen
            WHERE dst IN (SELECT host FROM taken_holdings) AND src IN (SELECT place FROM taken_readers) AND src <> dst
            UNION ALL
            SELECT observer, src, dst, "at", b_in FROM seen
            WHERE src IN (SELECT host FROM taken_holdings) AND dst IN (SELECT place FROM taken_readers) AND src <> dst),
        ours AS (
            SELECT p.* FROM pairs AS p
            WHERE p."at" < {begin} OR EXISTS (SELECT 1 FROM taken_steps AS s
                WHERE s.destination = p.host AND s.source = p.reader
                  AND p."at" BETWEEN s.from_at AND s.to_at + INTERVAL {_AFTER} HOUR)),
        daily AS (
            SELECT observer, host, reader, {day_sql('"at"')} AS day, sum(n) AS n,
                   sum(n) FILTER (WHERE "at" < {begin}) AS before
            FROM ours GROUP BY ALL),
        usual AS (
            SELECT observer, host, reader, max(before) AS most FROM daily GROUP BY ALL),
        above AS (
            SELECT observer, host, sum(greatest(0, d.n - coalesce(d.before, 0) - coalesce(u.most, 0))) AS n
            FROM daily AS d LEFT JOIN usual AS u USING (observer, host, reader)
            WHERE d.day >= {day_of(span.from_at)} GROUP BY observer, host)
        SELECT host, max(n)::DOUBLE AS n FROM above GROUP BY host ORDER BY host
    """
