"""Which reads were the intruder's: by marked events, by session, by account and place and time.

A read is *sure* when the chain itself rests on it, when it stands in a session of the chain, or when it was made with
an account of the chain from a place of the chain, a pair that nobody had read with before the first access. It is
*likely* when an unseen pair reads from a host that the intruder held, and *doubtful* when the pair was in use before:
it may be the company's own work, so it widens the upper bound and proves nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa

from amends.kernel.engine.base import Engine
from amends.timeline.known import Known
from amends.timeline.taken_sources import Places, Sources, Span, Step

# Tools that copy whole tables or databases, as their makers name them.
DUMP_TOOLS = (
    r"\b(pg_dump(all)?|mysqldump|mysqlpump|mydumper|mariadb-dump|expdp|exp|bcp|sqlpackage|mongodump|mongoexport|"
    r"sqlcmd|psql|mysql|isql|sqlplus|sqlite3|unload|cqlsh|redis-cli)\b"
)
# Tools that copy files from place to place, on Unix and on Windows.
COPY_TOOLS = (
    r"\b(scp|sftp|rsync|smbclient|smbget|rclone|cp|mv|tar|zip|7z|7za|rar|cat|dd|nc|ncat|curl|wget|ftp|lftp|aws|gsutil|"
    r"azcopy|robocopy|xcopy|copy|copy-item|gzip|split)\b"
)
# Those of them that copy everything unless told what.
WHOLE_TOOLS = (
    r"\b(pg_dump(all)?|mysqldump|mysqlpump|mydumper|mariadb-dump|expdp|mongodump|mongoexport|bcp)\b"
)
# A session may outlive the last event that the chain names in it; connection numbers are used again within days.
_SESSION = timedelta(hours=12)
# Logs write a statement when it ends, after the last line of its session.
_LATE = timedelta(minutes=5)


def mark_reads(
    engine: Engine,
    sources: Sources,
    known: Known,
    places: Places,
    steps: tuple[Step, ...],
    span: Span,
) -> str:
    """Keep the intruder's reads with their ``grade`` (sure, likely, doubtful) and return the table's name.

    Returns:
        Name of a table: event_id, at, host, account, session, place, kind, action, rows, bytes, object, statement,
        tool (a command line of a dump tool, not a store's own audit), grade.
    """
    _register_steps(engine, steps, places)
    _register_marks(engine, sources)
    places.register(engine, ())
    _register_facts(engine, known, places)
    engine.materialise("taken_sessions", _sessions_sql(sources))
    engine.materialise("taken_candidates", _candidates_sql(sources, span))
    engine.materialise("taken_seen", _seen_sql(sources, span))
    return engine.materialise("taken_reads", _graded_sql())


def _register_steps(engine: Engine, steps: tuple[Step, ...], places: Places) -> None:
    engine.register(
        "taken_steps",
        pa.table(
            {
                "hop_id": pa.array([s.hop_id for s in steps], pa.string()),
                "phase": pa.array([s.phase for s in steps], pa.string()),
                "from_at": pa.array([s.at - s.error for s in steps], pa.timestamp("us", "UTC")),
                "to_at": pa.array(
                    [s.to_at + s.error + _LATE for s in steps], pa.timestamp("us", "UTC")
                ),
                "source": pa.array([s.source for s in steps], pa.string()),
                "destination": pa.array([s.destination for s in steps], pa.string()),
                "account": pa.array([s.account for s in steps], pa.string()),
            }
        ),
    )
    held: dict[str, datetime] = {}
    for step in steps:
        if step.phase not in ("reconnaissance", "exfiltration") and not places.is_outside(
            step.destination
        ):
            begin = step.at - step.error
            held[step.destination] = min(held.get(step.destination, begin), begin)
    engine.register(
        "taken_held",
        pa.table(
            {
                "place": pa.array(list(held), pa.string()),
                "from_at": pa.array(list(held.values()), pa.timestamp("us", "UTC")),
            }
        ),
    )  # fmt: skip


def _register_marks(engine: Engine, sources: Sources) -> None:
    """Keep the events that a person or the chain said are the intruder's, and those that are not."""
    engine.materialise(
        "taken_marks",
        f"""
        SELECT event_id, bool_or(status = 'chain') AND NOT bool_or(status = 'excluded') AS ours,
               bool_or(status = 'excluded') AS cleared
        FROM (SELECT unnest(event_ids) AS event_id, status FROM {sources.hops}) GROUP BY event_id
        """,
    )


def _register_facts(engine: Engine, known: Known, places: Places) -> None:
    facts = [
        f for f in known.facts
        if f.kind in ("backup", "test", "scanner", "maintenance") and (f.accounts or f.hosts or f.networks)
    ]  # fmt: skip
    instant = pa.timestamp("us", "UTC")
    named = [
        [*(h.lower() for h in f.hosts), *(str(n.network_address) for n in f.networks)] for f in facts
    ]  # fmt: skip
    engine.register(
        "taken_facts",
        pa.table(
            {
                "accounts": pa.array([[a.lower() for a in f.accounts] for f in facts], pa.list_(pa.string())),
                "places": pa.array(
                    [sorted({places.of(p) for p in n}) for n in named], pa.list_(pa.string())
                ),
                "from_at": pa.array([f.from_at for f in facts], instant),
                "to_at": pa.array([f.to_at for f in facts], instant),
                "m_from": pa.array([f.daily_minutes[0] if f.daily_minutes else None for f in facts], pa.int64()),
                "m_to": pa.array([f.daily_minutes[1] if f.daily_minutes else None for f in facts], pa.int64()),
            }
        ),
    )  # fmt: skip


def _candidates_sql(sources: Sources, span: Span) -> str:
    """Return SQL of every read of a store, and every dump tool started, while the intruder was inside."""
    return f"""
        SELECT e.event_id, e.at, lower(coalesce(e.host, '')) AS host, lower(coalesce(e.account, '')) AS account,
               coalesce(e.session, '') AS session, coalesce(a.place, lower(e.src_ip), '') AS place,
               e.kind, e.action, e.rows, coalesce(e.bytes_out, e.bytes_in) AS bytes,
               replace(lower(coalesce(e.object, '')), '\\', '/') AS object, e.command,
               e.kind = 'process' AS tool, coalesce(m.ours, false) AS ours
        FROM {sources.events} AS e
        LEFT JOIN taken_addresses AS a ON a.ip = e.src_ip
        LEFT JOIN taken_marks AS m ON m.event_id = e.event_id
        WHERE e.at BETWEEN {_at(span.from_at)} AND {_at(span.to_at)}
          AND e.duplicate_of IS NULL AND coalesce(e.outcome, '') <> 'failure' AND NOT coalesce(m.cleared, false)
          AND ((e.kind = 'query' AND (e.action IN ('select', 'dump')
                  OR (e.action = 'other'
                    AND regexp_matches(lower(coalesce(e.command, '')), '\\b(copy|select|unload)\\b'))))
            OR (e.kind = 'file' AND e.action IN ('read', 'download', 'open', 'archive'))
            OR (e.kind = 'process' AND regexp_matches(lower(coalesce(e.command, e.process, '')),
              '{DUMP_TOOLS}|{COPY_TOOLS}')))
          AND (e.kind = 'process' OR lower(coalesce(e.host, '')) IN (SELECT host FROM taken_holdings)
            OR split_part(replace(lower(coalesce(e.object, '')), '\\', '/'), '/', 1)
              IN (SELECT store FROM taken_holdings))
          AND (m.ours OR lower(coalesce(e.account, '')) IN (SELECT account FROM taken_steps WHERE account <> '')
            OR coalesce(a.place, lower(e.src_ip), '') IN (SELECT place FROM taken_held)
            OR (coalesce(e.src_ip, '') = '' AND lower(e.host) IN (SELECT place FROM taken_held))
            OR (coalesce(e.session, '') <> ''
              AND (lower(e.host), e.session) IN (SELECT (host, session) FROM taken_sessions)))
    """


def _sessions_sql(sources: Sources) -> str:
    """Return SQL of the sessions that an event of the chain stands in."""
    return f"""
        SELECT lower(e.host) AS host, e.session, lower(coalesce(e.account, '')) AS account,
               min(e.at) AS from_at, max(e.at) AS to_at
        FROM {sources.events} AS e JOIN taken_marks AS m ON m.event_id = e.event_id
        WHERE m.ours AND coalesce(e.session, '') <> '' AND e."at" IS NOT NULL
        GROUP BY ALL
    """


def _seen_sql(sources: Sources, span: Span) -> str:
    """Return SQL of the accounts and places that used the stores before the first access."""
    return f"""
        SELECT DISTINCT lower(e.host) AS host, lower(coalesce(e.account, '')) AS account,
               coalesce(a.place, lower(e.src_ip), '') AS place
        FROM {sources.events} AS e LEFT JOIN taken_addresses AS a ON a.ip = e.src_ip
        WHERE e.at < {_at(span.from_at)} AND e.kind IN ('query', 'file', 'login')
          AND coalesce(e.outcome, '') <> 'failure' AND lower(e.host) IN (SELECT host FROM taken_holdings)
    """


def _graded_sql() -> str:
    hours = int(_SESSION.total_seconds() // 3600)
    return f"""
        WITH judged AS (
            SELECT c.*,
                EXISTS (SELECT 1 FROM taken_sessions AS s WHERE s.host = c.host AND s.session = c.session
                    AND (s.account = c.account OR s.account = '' OR c.account = '')
                    AND c.at BETWEEN s.from_at - INTERVAL 5 MINUTE AND s.to_at + INTERVAL {hours} HOUR) AS in_session,
                EXISTS (SELECT 1 FROM taken_steps AS h WHERE h.destination = c.host AND h.account = c.account
                    AND h.account <> '' AND (h.source = c.place OR (c.place = '' AND h.source = c.host))
                    AND c.at >= h.from_at) AS same_pair,
                EXISTS (SELECT 1 FROM taken_held AS t WHERE (t.place = c.place OR (c.place = '' AND t.place = c.host))
                    AND c.at >= t.from_at) AS from_held,
                EXISTS (SELECT 1 FROM taken_steps AS h WHERE h.account = c.account AND h.account <> ''
                    AND c.at >= h.from_at) AS chain_account,
                EXISTS (SELECT 1 FROM taken_seen AS b WHERE b.host = c.host AND b.account = c.account
                    AND b.place = c.place) AS seen,
                EXISTS (SELECT 1 FROM taken_facts AS f
                    WHERE (len(f.accounts) = 0 OR list_contains(f.accounts, c.account))
                      AND (len(f.places) = 0 OR list_contains(f.places, c.place)
                        OR (c.place = '' AND list_contains(f.places, c.host)))
                      AND (f.from_at IS NULL OR c.at >= f.from_at) AND (f.to_at IS NULL OR c.at <= f.to_at)
                      AND (f.m_from IS NULL OR (((epoch_us(c.at) // 60000000) % 1440 - f.m_from + 1440) % 1440)
                        <= ((f.m_to - f.m_from + 1440) % 1440) + 30)) AS known_work
            FROM taken_candidates AS c)
        SELECT event_id, "at", host, account, session, place, kind, action, rows, bytes, object, tool, grade,
               trim(regexp_replace(lower(coalesce(command, '')), '\\s+', ' ', 'g')) AS statement
        FROM (SELECT *, CASE
                WHEN ours OR in_session THEN 'sure'
                WHEN known_work THEN ''
                WHEN tool THEN CASE WHEN from_held AND chain_account THEN 'sure' WHEN from_held THEN 'doubtful'
                    ELSE '' END
                WHEN same_pair AND NOT seen THEN 'sure'
                WHEN from_held AND NOT seen THEN 'likely'
                WHEN same_pair OR (chain_account AND (from_held OR place = '')) THEN 'doubtful'
                ELSE '' END AS grade FROM judged)
        WHERE grade <> ''
    """


def _at(at: datetime) -> str:
    return f"TIMESTAMPTZ '{at.isoformat()}'"
