"""The same event in a host's own log and in a collector's: counted once, never deleted.

Two events are the same when they are of one host, say the same, stand in different logs and lie within seconds of each
other; the first of a log with the first of the other, the second with the second. The one kept is that of the
host's own log.
"""

from __future__ import annotations

from amends.kernel.engine.base import Engine

DUPLICATES = "timeline_duplicates"
"""Name of the table that ``find_duplicates`` makes: event_id, duplicate_of."""

NEAR_SECONDS = 5
"""Lines travel to a collector within seconds; clocks have been corrected before."""

_SAYS = (
    "kind", "action", "outcome", "account", "target_account", "src_ip", "src_port", "dst_ip", "dst_port", "pid",
    "command", "object", "rows", "bytes_in", "bytes_out", "url", "status", "code", "message",
)  # fmt: skip


def find_duplicates(engine: Engine, events: str, logs: str, clocks: str) -> str:
    """Make the table of events that another log has as well.

    Args:
        engine: The engine.
        events: Events, times corrected.
        logs: Log files with log_id and host.
        clocks: From ``shared.name_clocks``: which hosts stand in which logs.

    Returns:
        Name of a table event_id, duplicate_of.
    """
    says = ", ".join(f"coalesce(CAST(e.\"{c}\" AS VARCHAR), '')" for c in _SAYS)
    engine.materialise(
        "timeline_words",
        f"""SELECT e.event_id, e.log_id, e.host, hash(e.host, {says}) AS k, epoch_us(e."at") AS us, e.position
            FROM {events} AS e
            WHERE e."at" IS NOT NULL AND e.host <> ''
              AND e.host IN (SELECT host FROM {clocks} GROUP BY host HAVING count(DISTINCT log_id) > 1)""",
    )
    made = engine.materialise(DUPLICATES, _pairs_sql(logs))
    engine.drop("timeline_words")
    return made


def _pairs_sql(logs: str) -> str:
    return f"""
        WITH twice AS (
            SELECT k FROM timeline_words GROUP BY k HAVING count(DISTINCT log_id) > 1),
        ordered AS (
            SELECT w.*, CASE WHEN w.us - lag(w.us) OVER (PARTITION BY w.k ORDER BY w.us, w.log_id, w.position)
                              <= {NEAR_SECONDS * 1_000_000} THEN 0 ELSE 1 END AS fresh
            FROM timeline_words AS w SEMI JOIN twice USING (k)),
        heaped AS (
            SELECT *, sum(fresh) OVER (PARTITION BY k ORDER BY us, log_id, position ROWS UNBOUNDED PRECEDING) AS heap
            FROM ordered),
        numbered AS (
            SELECT h.*, row_number() OVER (PARTITION BY k, heap, h.log_id ORDER BY us, position) AS nth,
                   CASE WHEN l.host = h.host THEN 0 ELSE 1 END AS second_hand
            FROM heaped AS h JOIN {logs} AS l ON l.log_id = h.log_id),
        chosen AS (
            SELECT event_id, first_value(event_id) OVER (
                       PARTITION BY k, heap, nth ORDER BY second_hand, log_id, position) AS kept
            FROM numbered)
        SELECT event_id, kept AS duplicate_of FROM chosen WHERE event_id <> kept"""
