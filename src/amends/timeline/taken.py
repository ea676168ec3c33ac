"""What was taken: for each element of each table of each store, three independent estimates and their bounds.

Reads name the rows, archives and bytes that left bear them out. Only the intruder's reads count. ``accessed`` and
``acquired`` are true unless excluded: where the logs cannot say, people are told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.tables.timeline import TAKEN
from amends.timeline import egress, reads, reads_scope, staging, taken_coverage, taken_stores
from amends.timeline.carried import carried
from amends.timeline.known import Known
from amends.timeline.reads_scope import ReadRows
from amends.timeline.taken_bounds import EXCLUDED, NOT_EXCLUDED, Bounds, Evidence, bound
from amends.timeline.taken_grounds import grounds
from amends.timeline.taken_sources import (
    Dates,
    Places,
    Sources,
    Span,
    Step,
    chain_steps,
    span_of,
)
from amends.timeline.taken_stores import Holding

_MOST_EVENTS = 1000
_TALK = 256 * 1024  # bytes that logins, prompts and listings may take without a row of data


def taken(engine: Engine, sources: Sources, known: Known, dates: Dates | None = None) -> pa.Table:
    """Return the rows of ``TAKEN``.

    Args:
        engine: Engine with the tables.
        sources: Their names.
        known: What the company told: hosts, stores, facts.
        dates: Containment and discovery, where the case knows them.
    """
    places = Places(known)
    steps = chain_steps(engine, sources.hops, places)
    listed = taken_stores.holdings(engine, sources, known, places)
    taken_stores.register(engine, listed, places)
    span = span_of(engine, sources.events, steps, dates.contained_at if dates else None)
    if span is None:
        return _table([_unknown(h, e) for h in listed for e in h.elements])
    found = _evidence(engine, sources, known, places, steps, span, listed)
    events = _events_of(engine)
    rows: list[dict[str, Any]] = []
    for one, elements in found:
        made = bound(one)
        said = grounds(one, made)
        ids = events.get(one.holding.number, []) if one.reads else []
        if made.acquired != EXCLUDED and one.reads:
            ids = [*ids, *(i for o in one.outflow if o.of_chain for i in o.event_ids)]
        rows.extend(_row(one.holding, e, made, said, ids) for e in elements)
    return _table(rows)


def _evidence(
    engine: Engine, sources: Sources, known: Known, places: Places, steps: tuple[Step, ...], span: Span,
    listed: tuple[Holding, ...],
) -> list[tuple[Evidence, tuple[str, ...]]]:  # fmt: skip
    """Return what is known of each holding, once for each class of its elements."""
    reads.mark_reads(engine, sources, known, places, steps, span)
    covered, classes = reads_scope.read_rows(engine, sources, listed, _remote(engine, places))
    packed = staging.archives(engine, sources, steps, span)
    outflow = egress.leaving(engine, sources, places, steps, span)
    gaps = (
        engine.arrow(f"SELECT * FROM {sources.gaps} ORDER BY gap_id").to_pylist()
        if sources.gaps
        else []
    )
    audits = taken_coverage.read_logs(engine, sources, span, gaps, places)
    exits = taken_coverage.exit_logs(engine, sources, span, gaps, places)
    begun = _begun(engine)
    whole = _widest(covered)
    moved = _unexplained(carried(engine, sources, places, steps, span), listed, whole)
    shares = _shares(listed, whole)
    reached = {s.destination for s in steps}
    touched = [
        h
        for h in listed
        if h.number in whole or (h.host in reached and not audits[h.host].complete)
    ]

    def evidence(h: Holding, number: int) -> Evidence:
        return Evidence(
            holding=h,
            reads=covered.get((h.number, number)),
            audit=audits[h.host],
            exits=exits,
            reached=h.host in reached or h.number in whole,
            share=shares.get(h.number, 1.0 / max(1, len(touched)) if h in touched else 0.0),
            alone=len(touched) == 1 and h in touched,
            archives=tuple(a for a in packed if a.at >= begun.get(h.number, span.from_at)),
            outflow=tuple(o for o in outflow if o.to_at >= begun.get(h.number, span.from_at)),
            carried=0 if h.number in whole else moved.get(h.host, 0),
        )

    made = []
    for h in listed:
        for number in sorted(set(classes[h.number].values())):
            elements = tuple(e for e, c in classes[h.number].items() if c == number)
            made.append((evidence(h, number), elements))
    return made


def _widest(covered: dict[tuple[int, int], ReadRows]) -> dict[int, ReadRows]:
    """Return the reads of each holding by the class of elements read most."""
    made: dict[int, ReadRows] = {}
    for (number, _), rows in sorted(covered.items()):
        if number not in made or (rows.best or 0) > (made[number].best or 0):
            made[number] = rows
    return made


def _unexplained(
    moved: dict[str, int], listed: tuple[Holding, ...], covered: dict[int, ReadRows]
) -> dict[str, int]:
    """Return what hosts of stores sent to hosts held beyond the rows known to be read, when a quarter and more is left.

    What a host sends in answer to logins and commands is not data; a quarter is far above it.
    """
    known = dict.fromkeys(moved, 0.0)
    for h in listed:
        if h.number in covered and h.host in known:
            known[h.host] += (covered[h.number].best or 0) * (h.avg_bytes or 0.0)
    left = {host: n - known[host] for host, n in moved.items()}
    return {host: int(n) for host, n in left.items() if n > max(_TALK, moved[host] / 4)}


def _remote(engine: Engine, places: Places) -> str:
    """Keep the places of reads whose reader sat outside, or in a VPN's pool, and return the table's name."""
    found = engine.arrow("SELECT DISTINCT place FROM taken_reads WHERE place <> ''")["place"]
    remote = [p for p in found.to_pylist() if places.is_remote(p)]
    return engine.register("taken_remote", pa.table({"place": pa.array(remote, pa.string())}))


def _begun(engine: Engine) -> dict[int, datetime]:
    rows = engine.arrow(
        'SELECT number, min("at") AS "at" FROM taken_scoped WHERE grade <> $$doubtful$$ GROUP BY number'
    ).to_pylist()
    return {r["number"]: r["at"] for r in rows}


def _shares(listed: tuple[Holding, ...], covered: dict[int, ReadRows]) -> dict[int, float]:
    """Return how what left is shared between what was read: by bytes; by rows where sizes are unknown."""
    sizes = {
        h.number: (covered[h.number].best or 0) * (h.avg_bytes or 100.0)
        for h in listed
        if h.number in covered
    }
    total = sum(sizes.values())
    return {n: (size / total if total else 1.0 / len(sizes)) for n, size in sizes.items()}


def _events_of(engine: Engine) -> dict[int, list[int]]:
    rows = engine.arrow(
        f"""
        SELECT number, min_by(event_id, "at", {_MOST_EVENTS // 2}) AS ids FROM taken_scoped
        WHERE grade <> 'doubtful' AND event_id IS NOT NULL GROUP BY number
        """
    ).to_pylist()
    return {r["number"]: list(r["ids"]) for r in rows}


def _unknown(holding: Holding, element: str) -> dict[str, Any]:
    """Return the row of a holding where no chain is known: nothing is proved and nothing excluded."""
    made = Bounds(0, 0, holding.rows, NOT_EXCLUDED, NOT_EXCLUDED, None, None, None, False)
    said = "The logs show no way in, so neither access nor its absence can be shown."
    return _row(holding, element, made, said, [])


def _row(holding: Holding, element: str, made: Bounds, said: str, ids: list[int]) -> dict[str, Any]:
    return {
        "store": holding.store,
        "table": holding.table,
        "element": element,
        "unit": holding.unit,
        "lower": made.lower,
        "best": made.best,
        "upper": made.upper,
        "accessed": made.accessed != EXCLUDED,
        "acquired": made.acquired != EXCLUDED,
        "accessed_proof": made.accessed,
        "acquired_proof": made.acquired,
        "read_rows": made.read_rows,
        "staged_rows": made.staged_rows,
        "left_rows": made.left_rows,
        "grounds": said,
        "event_ids": sorted(set(ids))[:_MOST_EVENTS],
    }


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    rows.sort(key=lambda r: (r["store"], r["table"], r["element"]))
    return pa.Table.from_pylist(rows, schema=TAKEN.schema)
