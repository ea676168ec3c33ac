"""The events as they are written: times corrected by what the clocks were found to be, duplicates named."""

from __future__ import annotations

import pyarrow as pa

from amends.kernel.engine.base import Engine, quote
from amends.tables.timeline import EVENTS, LOG_FILES
from amends.timeline.shared import clock_join
from amends.timeline.skew import UNKNOWN_ERROR_MS

SKEWS = "timeline_skews"


def corrected_sql(events: str, clocks: str, skews: str) -> str:
    """Return SQL of the events with times corrected and the bound of their error.

    Args:
        events: Events, times as the logs have them.
        clocks: From ``shared.name_clocks``.
        skews: From ``skew.skew_table``, registered.
    """
    columns = ", ".join(
        {
            "at": f'to_timestamp(0) + to_microseconds({_US} - coalesce(s.skew_ms, 0) * 1000) AS "at"',
            "error_ms": f"coalesce(e.error_ms, 1000) + coalesce(s.error_ms, {UNKNOWN_ERROR_MS}) AS error_ms",
        }.get(name, f"e.{quote(name)}")
        for name in EVENTS.names
    )
    return f"""
        SELECT {columns}
        FROM {events} AS e
        LEFT JOIN (SELECT c.log_id, c.host, c.local, s.* FROM {clocks} AS c JOIN {skews} AS s USING (clock)) AS s
          ON {clock_join("e", "s")}
        WHERE s.clock IS NULL OR (coalesce({_US}, {_LEAST}) >= s.from_us AND coalesce({_US}, {_LEAST}) < s.to_us)"""


_US = 'epoch_us(e."at")'
_LEAST = "-9223372036854775807 - 1"


def marked_sql(events: str, duplicates: str) -> str:
    """Return SQL of the events with their duplicates named."""
    columns = ", ".join(
        "d.duplicate_of" if name == "duplicate_of" else f"e.{quote(name)}" for name in EVENTS.names
    )
    return f"SELECT {columns} FROM {events} AS e LEFT JOIN {duplicates} AS d ON d.event_id = e.event_id"


def log_files(engine: Engine, logs: str, events: str, clocks: str, skews: str) -> pa.Table:
    """Return the rows of ``log_files`` with what is known after all logs were read together.

    Args:
        engine: The engine.
        logs: Log files as they were read.
        events: Events as written.
        clocks: From ``shared.name_clocks``.
        skews: From ``skew.skew_table``, registered.
    """
    fresh = {
        "n_duplicates": "coalesce(e.n_duplicates, 0)",
        "n_undated": "coalesce(e.n_undated, l.n_undated)",
        "first_at": "e.first_at",
        "last_at": "e.last_at",
        "skew_ms": "coalesce(s.skew_ms, 0)",
        "skew_error_ms": "s.error_ms",
    }
    columns = ", ".join(f"{fresh.get(n, 'l.' + quote(n))} AS {quote(n)}" for n in LOG_FILES.names)
    return engine.arrow(
        f"""SELECT {columns} FROM {logs} AS l
            LEFT JOIN (SELECT log_id, count(duplicate_of) AS n_duplicates, count(*) - count("at") AS n_undated,
                              min("at") AS first_at, max("at") AS last_at
                       FROM {events} GROUP BY log_id) AS e ON e.log_id = l.log_id
            LEFT JOIN (SELECT c.log_id, arg_max(s.skew_ms, c.n) AS skew_ms, arg_max(s.error_ms, c.n) AS error_ms
                       FROM {clocks} AS c JOIN {skews} AS s ON s.clock = c.clock
                       GROUP BY c.log_id) AS s ON s.log_id = l.log_id
            ORDER BY l.log_id"""
    ).cast(LOG_FILES.schema)
