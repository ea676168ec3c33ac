"""Whether the logs that would show a read, or data leaving, cover the whole time; and what they miss.

A log covers a time when it has lines before it and after it, on every day of it, and no gap is known in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from amends.kernel.engine.base import Engine
from amends.timeline.taken_sources import Places, Sources, Span, day_of, day_sql

_READ_LOGS = (
    "audit",
    "db",
    "database",
    "query",
    "sql",
    "postgres",
    "mysql",
    "file",
    "smb",
    "access",
    "cloudtrail",
)
_EXIT_LOGS = (
    "flow",
    "netflow",
    "firewall",
    "zeek",
    "vpc",
    "ipfix",
    "proxy",
    "connection",
    "router",
)


@dataclass(frozen=True)
class Cover:
    """How far a log covers the time of the intrusion.

    Attributes:
        exists: Whether there is such a log at all.
        complete: Whether it covers the whole time.
        gaps: What it misses, each a short sentence.
        gap_ids: Gaps by their id.
    """

    exists: bool
    complete: bool
    gaps: tuple[str, ...] = ()
    gap_ids: tuple[str, ...] = ()


NONE = Cover(False, False)


def read_logs(
    engine: Engine, sources: Sources, span: Span, gaps: list[dict[str, Any]], places: Places
) -> dict[str, Cover]:
    """Return for each host with a store how far the log of its reads covers the span.

    A log that shows no read by anybody proves nothing about reads: the statement log of a database may hold changes
    only. So it counts only when it shows reads, the company's own included.
    """
    rows = engine.arrow(
        f"""
        WITH days AS (
            SELECT e.host AS said, {day_sql('e."at"')} AS day, min(e."at") AS first_at, max(e."at") AS last_at
            FROM {sources.events} AS e
            WHERE ((e.kind = 'query' AND e.action IN ('select', 'dump'))
                OR (e.kind = 'file' AND e.action IN ('read', 'download'))) AND e."at" IS NOT NULL
            GROUP BY ALL)
        SELECT lower(said) AS host, min(first_at) AS first_at, max(last_at) AS last_at,
               count(DISTINCT day) FILTER (WHERE {_inside(span)}) AS n_days
        FROM days WHERE lower(said) IN (SELECT host FROM taken_holdings) GROUP BY 1
        """
    ).to_pylist()
    found = {r["host"]: r for r in rows}
    hosts = {
        r["host"] for r in engine.arrow("SELECT DISTINCT host FROM taken_holdings").to_pylist()
    }
    return {
        host: _cover(found.get(host), span, _matching(gaps, host, _READ_LOGS, places, span))
        for host in hosts
    }


def exit_logs(
    engine: Engine, sources: Sources, span: Span, gaps: list[dict[str, Any]], places: Places
) -> Cover:
    """Return how far the logs of traffic to the outside cover the span: flows or firewall lines with bytes."""
    rows = engine.arrow(
        f"""
        WITH days AS (
            SELECT host, source, {day_sql('"at"')} AS day, min("at") AS first_at, max("at") AS last_at
            FROM {sources.events} WHERE kind = 'connection' AND "at" IS NOT NULL
              AND (coalesce(bytes_in, 0) > 0 OR coalesce(bytes_out, 0) > 0)
            GROUP BY ALL)
        SELECT lower(coalesce(host, '')) || ' ' || coalesce(source, '') AS host, min(first_at) AS first_at,
               max(last_at) AS last_at, count(DISTINCT day) FILTER (WHERE {_inside(span)}) AS n_days
        FROM days GROUP BY 1 ORDER BY 1
        """
    ).to_pylist()
    if not rows:
        return NONE
    covers = [
        _cover(r, span, _matching(gaps, str(r["host"]).split(" ")[0], _EXIT_LOGS, places, span))
        for r in rows
    ]
    whole = [c for c in covers if c.complete]
    return whole[0] if whole else min(covers, key=lambda c: (len(c.gaps), c.gaps))


def _inside(span: Span) -> str:
    """Return SQL that is true on the whole days of the span: the first and the last are looked at by their ends."""
    return f"day > {day_of(span.from_at)} AND day < {day_of(span.to_at)}"


def _matching(
    gaps: list[dict[str, Any]], host: str, words: tuple[str, ...], places: Places, span: Span
) -> list[dict[str, Any]]:
    return [
        g for g in gaps
        if places.of(g["host"]) == host
        and any(w in (g["log"] or "").lower() for w in words)
        and (g["from_at"] is None or g["from_at"] <= span.to_at)
        and (g["to_at"] is None or g["to_at"] >= span.from_at)
    ]  # fmt: skip


def _cover(row: dict[str, Any] | None, span: Span, gaps: list[dict[str, Any]]) -> Cover:
    said = [gap_words(g) for g in gaps]
    ids = tuple(g["gap_id"] for g in gaps)
    if row is None:
        return Cover(False, False, tuple(said), ids)
    n_days = max(0, (span.to_at.date() - span.from_at.date()).days - 1)
    if row["first_at"] > span.from_at:
        said.append(f"it begins on {row['first_at']:%Y-%m-%d}, after the first access")
    if span.contained and row["last_at"] < span.to_at:
        said.append(f"it ends on {row['last_at']:%Y-%m-%d}, before the containment")
    if row["n_days"] < n_days and not said:
        said.append(f"it has lines on {row['n_days']} of the {n_days} whole days")
    return Cover(True, not said, tuple(said), ids)


def gap_words(gap: Mapping[str, Any]) -> str:
    """Return a gap in a few words."""
    reason = {
        "missing_span": "lines are missing",
        "cleared": "it was cleared",
        "record_hole": "record numbers are missing",
        "rotation_missing": "a rotated file is missing",
        "truncated": "it is cut off",
        "no_log": "there is none",
        "stopped": "logging was stopped",
    }.get(gap["reason"] or "", "lines are missing")
    if gap["from_at"] is None or gap["to_at"] is None:
        return reason
    return f"{reason} from {gap['from_at']:%Y-%m-%d %H:%M} to {gap['to_at']:%Y-%m-%d %H:%M} UTC"


def log_words(gap: Mapping[str, Any]) -> str:
    """Return what a gap is a gap of: ``auth log``; ``log`` where it is any."""
    kind = str(gap["log"] or "")
    if kind in ("", "any"):
        return "log"
    return kind if kind.endswith("log") else f"{kind} log"
