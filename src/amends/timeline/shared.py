"""What two clocks wrote down of the same thing: pairs of times to compare.

A *clock* is a host's own; the lines of a host in a collector's file are a clock of their own, because a collector may
write down when a line reached it; so are times without a zone, which may be wrong by hours. Three kinds of things
are seen twice: a connection (both ends' addresses and the
port it came from), a line that was forwarded (same host, same words), a login that two systems note (same account,
same address, as at a VPN gateway and the RADIUS server behind it).
"""

from __future__ import annotations

from amends.kernel.engine.base import Engine

CLOCKS = "timeline_clocks"
"""Name of the table made by ``name_clocks``: log_id, host, clock (number)."""

MOST_KEYS = 4_000_000
"""Keys that are compared at most; more sharpen nothing, and cost memory."""

NEAR_SECONDS = 1500
"""Two clocks of one zone are compared over this span: ten minutes wrong either way, and the time between."""

ZONE_SECONDS = 15 * 3600
"""Where a zone was assumed, a connection is looked for over all zones of the earth."""


def local_sql(events: str) -> str:
    """Return SQL of whether an event's time was local time in a zone that the line does not give.

    Such times may be off by whole hours where the company's list has the wrong zone, or none; those that carry their
    zone, or count from 1970, are not. So they are clocks of their own.
    """
    return f"(coalesce({events}.zone_rule, 'line') <> 'line')"


def clock_join(events: str, clocks: str) -> str:
    """Return the SQL condition that an event was timed by a clock."""
    return (
        f"{clocks}.log_id = {events}.log_id AND {clocks}.host = coalesce({events}.host, '') "
        f"AND {clocks}.local = {local_sql(events)}"
    )


def name_clocks(engine: Engine, events: str, logs: str) -> str:
    """Number the clocks: one a host, one more for its lines in each collector's file.

    Args:
        engine: The engine.
        events: Events with log_id and host.
        logs: Log files with log_id and host ("" for a collector of many hosts' lines).

    Returns:
        Name of a table clock, log_id, host, own (whether the host wrote the file itself), assumed (zone unknown).
    """
    return engine.materialise(
        CLOCKS,
        f"""SELECT dense_rank() OVER (ORDER BY e.host, e.by_collector, e.local) AS clock, e.log_id, e.host, e.local,
                   e.by_collector = '' AS own, e.assumed, e.n
            FROM (SELECT e.log_id, coalesce(e.host, '') AS host, {local_sql("e")} AS local,
                         CASE WHEN coalesce(l.host, '') IN ('', coalesce(e.host, '')) AND coalesce(l.host, '') <> ''
                              THEN '' ELSE e.log_id END AS by_collector,
                         count(*) AS n, bool_or(e.zone_rule = 'assumed') AS assumed
                  FROM {events} AS e LEFT JOIN {logs} AS l ON l.log_id = e.log_id
                  WHERE e."at" IS NOT NULL
                  GROUP BY ALL) AS e""",
    )


def connections_sql(events: str, clocks: str, ips: str, share: int) -> str:
    """Return SQL of pairs: the same connection, by addresses and source port, on two clocks.

    Only keys that one clock saw once within an hour count: ports are used again.

    Args:
        events: Table of events.
        clocks: From ``name_clocks``.
        ips: From ``network.place_addresses``.
        share: Take one key in so many.
    """
    return f"""
        WITH seen AS (
            SELECT hash(e.src_ip, e.src_port, coalesce(nullif(d.host, ''), e.dst_ip, e.host)) AS k,
                   c.clock, any_value(c.local) AS local, min(epoch_us(e."at")) AS us,
                   max(epoch_us(e."at")) - min(epoch_us(e."at")) AS span
            FROM {events} AS e JOIN {clocks} AS c ON {clock_join("e", "c")}
            LEFT JOIN {ips} AS d ON d.ip = e.dst_ip
            WHERE e.src_port > 1023 AND e.src_ip <> '' AND e."at" IS NOT NULL
              AND e.action NOT IN ('close', 'logout', 'end') AND e.duplicate_of IS NULL
              AND hash(e.src_ip, e.src_port) % {share} = 0
            GROUP BY 1, 2)
        SELECT a.clock AS a, b.clock AS b, a.us AS a_us, b.us AS b_us
        FROM seen AS a JOIN seen AS b ON a.k = b.k
        WHERE a.clock < b.clock AND a.span < 3600000000 AND b.span < 3600000000
          AND abs(a.us - b.us) < (CASE WHEN a.local OR b.local THEN {ZONE_SECONDS}
                                       ELSE {NEAR_SECONDS} END)::BIGINT * 1000000"""


def forwarded_sql(events: str, clocks: str, share: int) -> str:
    """Return SQL of pairs: the same words of the same host in two logs; only words that each has once."""
    return f"""
        WITH seen AS (
            SELECT hash(e.host, e.message) AS k, c.clock, min(epoch_us(e."at")) AS us, count(*) AS n
            FROM {events} AS e JOIN {clocks} AS c ON {clock_join("e", "c")}
            WHERE length(e.message) > 20 AND e."at" IS NOT NULL AND e.host <> ''
              AND e.host IN (SELECT host FROM {clocks} GROUP BY host HAVING count(DISTINCT clock) > 1)
              AND hash(e.message) % {share} = 0
            GROUP BY 1, 2)
        SELECT a.clock AS a, b.clock AS b, a.us AS a_us, b.us AS b_us
        FROM seen AS a JOIN seen AS b ON a.k = b.k
        WHERE a.clock < b.clock AND a.n = 1 AND b.n = 1 AND abs(a.us - b.us) < {ZONE_SECONDS * 1_000_000}"""


def logins_sql(events: str, clocks: str, share: int) -> str:
    """Return SQL of pairs: a login of the same account from the same address, noted by two hosts.

    Only gateways and the servers that check for them note one login twice (VPN and RADIUS, host and domain controller);
    jobs that log in to one host after the other would look the same, and are left out.
    """
    return f"""
        WITH seen AS (
            SELECT hash(e.src_ip, e.account) AS k, c.clock, c.host, epoch_us(e."at") AS us
            FROM {events} AS e JOIN {clocks} AS c ON {clock_join("e", "c")}
            WHERE e.kind = 'login' AND e.src_ip <> '' AND e.account <> '' AND e."at" IS NOT NULL
              AND (lower(e.logon_type) IN ('vpn', 'radius', 'tacacs', 'kerberos') OR e.code IN ('4768', '4776')
                   OR regexp_matches(lower(e."source"), 'radius|tacacs|ise|kerberos|vpn'))
              AND hash(e.src_ip, e.account) % {share} = 0),
        few AS (SELECT k FROM seen GROUP BY k HAVING count(*) <= 400)
        SELECT a.clock AS a, b.clock AS b, a.us AS a_us, b.us AS b_us
        FROM seen AS a JOIN few USING (k) JOIN seen AS b ON a.k = b.k
        WHERE a.clock < b.clock AND a.host <> b.host AND abs(a.us - b.us) < {NEAR_SECONDS * 1_000_000}"""


def visits_sql(events: str, clocks: str, ips: str, share: int) -> str:
    """Return SQL of pairs: the one visit that an outside address ever paid to a host, on two clocks.

    For logs that do not write down the port, as those of routers: scanners come once, and both ends note it.
    """
    return f"""
        WITH seen AS (
            SELECT hash(e.src_ip, coalesce(nullif(d.host, ''), e.dst_ip, e.host)) AS k, c.clock,
                   min(epoch_us(e."at")) AS us, max(epoch_us(e."at")) - min(epoch_us(e."at")) AS span
            FROM {events} AS e JOIN {clocks} AS c ON {clock_join("e", "c")}
            JOIN {ips} AS s ON s.ip = e.src_ip LEFT JOIN {ips} AS d ON d.ip = e.dst_ip
            WHERE s.outside AND e.kind IN ('connection', 'login', 'web') AND e."at" IS NOT NULL
              AND e.action NOT IN ('close', 'logout') AND hash(e.src_ip) % {share} = 0
            GROUP BY 1, 2)
        SELECT a.clock AS a, b.clock AS b, a.us AS a_us, b.us AS b_us
        FROM seen AS a JOIN seen AS b ON a.k = b.k
        WHERE a.clock < b.clock AND a.span < 300000000 AND b.span < 300000000
          AND abs(a.us - b.us) < {NEAR_SECONDS * 1_000_000}"""
