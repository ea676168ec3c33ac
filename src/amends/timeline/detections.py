"""Detections after all logs were read together: times corrected, events that another log has as well left out."""

from __future__ import annotations

from amends.kernel.engine.base import quote
from amends.tables.timeline import DETECTIONS


def settled_sql(fired: str, events: str) -> str:
    """Return SQL of the detections with the times of their events; one whose events are all duplicates is left out.

    Args:
        fired: Detections as the rules made them, registered.
        events: Events as written.
    """
    fresh = {
        "at": 'coalesce(s."at", f."at")',
        "to_at": "coalesce(s.to_at, f.to_at)",
        "n_events": "f.n_events - (len(f.event_ids) - len(s.kept))",
        "event_ids": "s.kept",
    }
    columns = ", ".join(f"{fresh.get(n, 'f.' + quote(n))} AS {quote(n)}" for n in DETECTIONS.names)
    return f"""
        WITH named AS (
            SELECT detection_id, unnest(event_ids) AS event_id FROM {fired}),
        seen AS (
            SELECT n.detection_id, list(n.event_id ORDER BY e."at", n.event_id) AS kept,
                   min(e."at") AS "at", max(e."at") AS to_at
            FROM named AS n JOIN {events} AS e ON e.event_id = n.event_id
            WHERE e.duplicate_of IS NULL GROUP BY n.detection_id)
        SELECT {columns} FROM {fired} AS f JOIN seen AS s ON s.detection_id = f.detection_id"""
