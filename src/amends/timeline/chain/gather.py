"""From millions of events to the thousands that a chain is made of; every step is one set operation.

Accesses, failures, deeds, probing and transfers are *heaped*: what one party did in one place without a long pause is
one row. Each heap knows on how many days before the same was seen: what a case has always seen is no intrusion.
"""

# ruff: noqa: E501  (SQL reads best a clause a line)

from __future__ import annotations

from amends.kernel.engine.base import Engine
from amends.timeline.chain.categories import BY_NAME, category_sql

MOST_IDS = 1000
"""Events kept with a heap, as the tables promise."""

ACCESS_PAUSE_SECONDS = 1800
"""Half an hour without a sign ends an access: sessions that go on show something more often."""

DEED_PAUSE_SECONDS = 150
"""Deeds of a kind that rest so long are told apart: one table is dumped, then the next, and hops keep their order."""

SESSION_PAUSE_SECONDS = 43_200
"""Half a day without a sign ends a session: the number may belong to another then."""

FAILURE_PAUSE_SECONDS = 3600
"""Guessing that rests for an hour begins anew."""

ADMIN_PORTS = (
    21, 22, 23, 80, 135, 139, 443, 445, 513, 514, 830, 902, 1433, 1521, 2222, 3306, 3389, 4786, 5432, 5900, 5901, 5985,
    5986, 6379, 8080, 8291, 8443, 9200, 10000, 27017, 50000,
)  # fmt: skip
"""Ports behind which one works on a host or store: IANA's numbers of remote shells, desktops, management and databases."""

_NOT_FAILED = "coalesce(e.outcome, '') <> 'failure'"
_FRESH = 'e.duplicate_of IS NULL AND e."at" IS NOT NULL'
_SYSTEM = "('root', 'system', 'local service', 'network service', 'www-data', 'postgres', 'mysql', 'oracle')"
_LOCAL = "('service', 'batch', 'cron', 'console', 'local', 'unlock')"


def heap_sql(rows: str, keys: str, pause: int, kept: str) -> str:
    """Return SQL that heaps rows of (keys, from_us, to_us …) which follow each other within a pause.

    Of rows of one instant one begins the heap and the others follow it, whichever it is: two runs heap alike.

    Args:
        rows: SQL of the rows.
        keys: Columns that make the party and place, comma-separated.
        pause: Seconds.
        kept: Aggregates to keep, each named.
    """
    return f"""
        WITH given AS ({rows}),
        spaced AS (
            SELECT *, CASE WHEN from_us - max(to_us) OVER (
                        PARTITION BY {keys} ORDER BY from_us, to_us
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) <= {pause * 1_000_000}
                      THEN 0 ELSE 1 END AS fresh
            FROM given),
        heaped AS (
            SELECT *, sum(fresh) OVER (PARTITION BY {keys} ORDER BY from_us, to_us, fresh DESC
                                       ROWS UNBOUNDED PRECEDING) AS heap FROM spaced)
        SELECT {keys}, min(from_us) AS from_us, max(to_us) AS to_us, {kept}
        FROM heaped GROUP BY {keys}, heap"""


def days_before_sql(rows: str, keys: str, name: str) -> str:
    """Return SQL that adds on how many earlier days the same keys were seen."""
    return f"""
        SELECT * EXCLUDE (new_day),
               sum(new_day) OVER (PARTITION BY {keys} ORDER BY from_us, new_day DESC ROWS UNBOUNDED PRECEDING) - 1 AS {name}
        FROM (SELECT *, CASE WHEN from_us // 86400000000 = lag(to_us // 86400000000)
                                  OVER (PARTITION BY {keys} ORDER BY from_us, to_us) THEN 0 ELSE 1 END AS new_day
              FROM ({rows}))"""


def make_sessions(engine: Engine, events: str) -> str:
    """Make the table of addresses that sessions were seen to come from: host, session, us, src_ip, account."""
    return engine.materialise(
        "timeline_sessions",
        f"""SELECT host, session, min(epoch_us(e."at")) AS us, arg_min(src_ip, e."at") AS src_ip,
                   max(coalesce(account, '')) AS account
            FROM {events} AS e
            WHERE {_FRESH} AND session <> '' AND src_ip <> '' AND host <> ''
              AND kind NOT IN ('logout', 'log', 'web', 'other') AND ({_NOT_FAILED} OR kind <> 'login')
            GROUP BY host, session, src_ip, epoch_us(e."at") // 600000000""",
    )


def filled_sql(rows: str, sessions: str) -> str:
    """Return SQL of rows with the address and account that their session was last seen to have.

    Numbers of sessions are used again: the sighting just before counts, for a day, and only where it does not name
    another account.

    Args:
        rows: SQL of rows with host, account, session, src_ip and from_us.
        sessions: From ``make_sessions``.
    """
    fits = f"""f.us IS NOT NULL AND r.from_us - f.us < 86400000000
               AND (r.account = '' OR f.account = '' OR r.account = f.account OR r.account IN {_SYSTEM})"""
    return f"""
        SELECT r.* EXCLUDE (src_ip, account),
               CASE WHEN r.account = '' AND {fits} THEN f.account ELSE r.account END AS account,
               CASE WHEN r.src_ip = '' AND {fits} THEN f.src_ip ELSE r.src_ip END AS src_ip
        FROM ({rows}) AS r
        ASOF LEFT JOIN {sessions} AS f
          ON f.host = r.host AND f.session = r.session AND r.from_us + 5000000 >= f.us"""


def make_accesses(engine: Engine, events: str, sessions: str, ips: str) -> str:
    """Make the table of accesses: who came from where to which host, when, and how usual that was.

    A login is one; so is whatever names an account and an address and did not fail: a statement in a database, a call
    of a cloud's interface, a file opened over the network.
    """
    slices = f"""
        SELECT host, coalesce(account, '') AS account, coalesce(session, '') AS session,
               coalesce(src_ip, '') AS src_ip, CAST("at" AS DATE) AS day,
               min(epoch_us("at")) AS from_us, max(epoch_us("at")) AS to_us, count(*) AS n,
               arg_min(event_id, row("at", event_id)) AS any_event,
               arg_min(event_id, row("at", event_id)) FILTER (kind = 'login' AND action = 'login') AS login_event,
               min(epoch_us("at")) FILTER (kind = 'login' AND action = 'login') AS login_us,
               min(lower(logon_type)) FILTER (logon_type <> '') AS how, arg_min(kind, row("at", kind)) AS kind,
               max(error_ms) AS error_ms
        FROM {events} AS e
        WHERE {_FRESH} AND host <> '' AND {_NOT_FAILED}
          AND kind NOT IN ('connection', 'log', 'web', 'other')
          AND (account <> '' OR session <> '' OR kind = 'login')
          AND coalesce(lower(logon_type), '') NOT IN {_LOCAL}
        GROUP BY host, account, session, src_ip, CAST("at" AS DATE), epoch_us("at") // 600000000"""
    engine.materialise("timeline_slices", slices)
    engine.materialise(
        "timeline_ends",
        f"""SELECT host, coalesce(account, '') AS account, src_ip, epoch_us("at") AS us FROM {events} AS e
            WHERE {_FRESH} AND kind = 'logout' AND src_ip <> '' AND host <> ''""",
    )
    engine.materialise(
        "timeline_begins",
        f"""SELECT host, min(epoch_us("at")) AS begin_us FROM {events} AS e WHERE {_FRESH} AND host <> ''
              AND kind IN ('login', 'query', 'file') GROUP BY host""",
    )
    filled = _spans_sql(sessions)
    placed = f"""
        SELECT f.*, coalesce(nullif(i.host, ''), f.src_ip) AS place, coalesce(i.outside, false) AS outside
        FROM ({filled}) AS f LEFT JOIN {ips} AS i ON i.ip = f.src_ip
        WHERE f.src_ip <> '' AND coalesce(i.host, '') <> f.host"""
    heaps = heap_sql(
        placed, "place, host, account", ACCESS_PAUSE_SECONDS,
        """min(src_ip) AS src_ip, bool_or(outside) AS outside, sum(n) AS n,
           coalesce(arg_min(login_event, row(from_us, login_event)), arg_min(any_event, row(from_us, any_event))) AS first_event,
           min(login_us) AS login_us, coalesce(arg_min(how, row(login_us, how)) FILTER (login_us IS NOT NULL), min(how), min(kind)) AS how,
           max(error_ms) AS error_ms""",
    )  # fmt: skip
    usual = heaps
    for keys, name in (
        ("place, host, account", "days_before"),
        ("place, host", "pair_days"),
        ("host, account", "account_days"),
        ("place, account", "source_days"),
    ):
        usual = days_before_sql(usual, keys, name)
    usual = f"""SELECT u.*, greatest(u.from_us - coalesce(b.begin_us, u.from_us), 0) // 86400000000 AS history_days
                FROM ({usual}) AS u LEFT JOIN timeline_begins AS b ON b.host = u.host"""
    made = engine.materialise(
        "timeline_accesses",
        f"""SELECT *, hash(place, host, account, from_us) AS no,
                   max(days_before) OVER (PARTITION BY place, host, account) + 1 AS total_days
            FROM ({usual})""",
    )
    for name in ("timeline_slices", "timeline_ends", "timeline_begins"):
        engine.drop(name)
    return made


def _spans_sql(sessions: str) -> str:
    """Return SQL of the spans in which somebody was there: sessions whole, the rest by their slices and logouts."""
    # A session is one span, however long it is silent; numbers of sessions are used again after half a day.
    whole = filled_sql("SELECT * FROM timeline_slices WHERE session <> ''", sessions)
    spans = heap_sql(
        whole, "host, session, account, src_ip", SESSION_PAUSE_SECONDS,
        """sum(n) AS n, arg_min(any_event, row(from_us, any_event)) AS any_event, arg_min(login_event, row(from_us, login_event)) AS login_event,
           min(login_us) AS login_us, coalesce(arg_min(how, row(login_us, how)) FILTER (login_us IS NOT NULL), min(how)) AS how,
           arg_min(kind, row(from_us, kind)) AS kind, max(error_ms) AS error_ms, bool_and(kind = 'logout') AS gone""",
    )  # fmt: skip
    given = "host, account, src_ip, from_us, to_us, n, any_event, login_event, login_us, how, kind, error_ms"
    return f"""
        SELECT {given} FROM ({spans}) WHERE NOT gone
        UNION ALL
        SELECT host, account, src_ip, from_us, greatest(to_us, coalesce(end_us, to_us)) AS to_us, n, any_event,
               login_event, login_us, how, kind, error_ms
        FROM (SELECT s.*, CASE WHEN s.login_us IS NOT NULL AND o.us - s.to_us < 86400000000 THEN o.us END AS end_us
              FROM (SELECT * FROM timeline_slices WHERE session = '' AND kind <> 'logout') AS s
              ASOF LEFT JOIN timeline_ends AS o
                ON o.host = s.host AND o.account = s.account AND o.src_ip = s.src_ip AND s.to_us <= o.us)"""


def make_flows(engine: Engine, events: str, ips: str) -> str:
    """Make the table of connections to ports one works behind: what stands in where a login is not logged."""
    ports = ", ".join(str(p) for p in ADMIN_PORTS)
    rows = f"""
        SELECT coalesce(nullif(s.host, ''), e.src_ip) AS place, e.src_ip, s.outside,
               coalesce(nullif(d.host, ''), e.dst_ip) AS host, e.dst_port AS port, epoch_us(e."at") AS from_us,
               epoch_us(e."at") AS to_us, e.event_id, e.error_ms, e.host AS seen_by,
               coalesce(e.bytes_in, 0) + coalesce(e.bytes_out, 0) AS size, e.bytes_in IS NOT NULL AS sized
        FROM {events} AS e JOIN {ips} AS s ON s.ip = e.src_ip JOIN {ips} AS d ON d.ip = e.dst_ip
        WHERE {_FRESH} AND e.kind = 'connection' AND e.action IN ('allow', 'open', 'close', 'flow')
          AND {_NOT_FAILED} AND e.dst_port IN ({ports}) AND NOT d.outside"""
    heaps = heap_sql(
        f"SELECT * FROM ({rows}) WHERE place <> host", "place, src_ip, host, port", ACCESS_PAUSE_SECONDS,
        """bool_or(outside) AS outside, count(*) AS n, arg_max(event_id, row(size, event_id)) AS first_event,
           max(error_ms) AS error_ms, max(size) AS size, bool_or(sized) AS sized""",
    )  # fmt: skip
    usual = days_before_sql(heaps, "place, host, port", "days_before")
    return engine.materialise(
        "timeline_flows",
        f"""SELECT *, (from_us - min(from_us) OVER ()) // 86400000000 AS history_days, max(days_before) OVER (PARTITION BY place, host, port) + 1 AS total_days
            FROM ({usual}) WHERE NOT sized OR size >= {_LEAST_TALK}""",
    )


_LEAST_TALK = 2_000
"""Bytes below which a connection carried no login: the key exchange of SSH alone takes more (RFC 4253)."""


def make_failures(engine: Engine, events: str, ips: str) -> str:
    """Make the table of logins that failed, heaped by place and host."""
    rows = f"""
        SELECT coalesce(nullif(i.host, ''), e.src_ip) AS place, e.host, e.src_ip, i.outside, e.event_id,
               coalesce(e.account, '') AS account, epoch_us(e."at") AS from_us, epoch_us(e."at") AS to_us, e.error_ms
        FROM {events} AS e JOIN {ips} AS i ON i.ip = e.src_ip
        WHERE {_FRESH} AND e.kind IN ('login', 'query') AND e.action IN ('login', 'lockout', 'multifactor', 'connect')
          AND e.outcome = 'failure' AND e.host <> ''"""
    heaps = heap_sql(
        rows, "place, host", FAILURE_PAUSE_SECONDS,
        f"""min(src_ip) AS src_ip, bool_or(outside) AS outside, count(*) AS n,
            count(DISTINCT account) AS n_accounts, max(error_ms) AS error_ms,
            list(event_id ORDER BY from_us, event_id)[1:{MOST_IDS}] AS event_ids""",
    )  # fmt: skip
    return engine.materialise("timeline_failures", heaps)


def make_deeds(engine: Engine, events: str, sessions: str, ips: str, detected: str) -> str:
    """Make the table of telling deeds, heaped by host, account, origin and category.

    Args:
        engine: The engine.
        events: Events.
        sessions: From ``make_sessions``.
        ips: Addresses.
        detected: Table event_id, technique, title, weight: the strongest detection of each event.
    """
    cmd = (
        "lower(CASE WHEN e.kind IN ('connection', 'login', 'logout', 'web') THEN '' "
        "ELSE coalesce(nullif(e.command, ''), CASE WHEN e.kind IN ('process', 'config', 'query', 'privilege') "
        "THEN e.message END, '') END) AS cmd"
    )
    quiet = ", ".join(f"'{c}'" for c, b in BY_NAME.items() if b.weight == 0)
    engine.materialise(
        "timeline_told",
        f"""SELECT event_id, host, account, session, src_ip, "at", "rows", error_ms, technique, title, weight,
                   coalesce(category, CASE WHEN kind IN ('login', 'logout', 'connection') THEN 'signal'
                                           ELSE 'detection' END) AS category,
                   CASE WHEN category IS NULL THEN coalesce(title, '') ELSE '' END AS rule, coalesce(tactic, '') AS tactic
            FROM (SELECT e.event_id, e.kind, e.host, coalesce(e.account, '') AS account, coalesce(e.session, '') AS session,
                         coalesce(e.src_ip, '') AS src_ip, e."at", e."rows", e.error_ms, d.technique, d.title, d.weight, d.tactic,
                         {category_sql()} AS category
                  FROM (SELECT *, {cmd} FROM {events} AS e WHERE {_FRESH} AND host <> '' AND {_NOT_FAILED} AND coalesce(status, 200) < 400) AS e
                  LEFT JOIN {detected} AS d ON d.event_id = e.event_id)
            WHERE category IS NOT NULL OR weight IS NOT NULL""",
    )
    placed = filled_sql(
        """SELECT host, account, session, src_ip, category, event_id, epoch_us("at") AS from_us,
                  epoch_us("at") AS to_us, "rows", error_ms, technique, title, coalesce(weight, 0) AS weight,
                  rule, tactic
           FROM timeline_told""",
        sessions,
    )
    rows = f"""
        SELECT p.*, coalesce(nullif(i.host, ''), p.src_ip) AS place, coalesce(i.outside, false) AS outside
        FROM ({placed}) AS p LEFT JOIN {ips} AS i ON i.ip = p.src_ip"""
    heaps = heap_sql(
        rows, "host, account, place, category, rule", DEED_PAUSE_SECONDS,
        f"""min(src_ip) AS src_ip, bool_or(outside) AS outside, count(*) AS n, sum("rows") AS "rows",
            max(weight) AS weight, arg_max(technique, row(weight, technique)) AS technique, arg_max(title, row(weight, title)) AS title,
            min(tactic) AS tactic,
            max(error_ms) AS error_ms, list(event_id ORDER BY from_us, event_id)[1:{MOST_IDS}] AS event_ids""",
    )  # fmt: skip
    made = engine.materialise(
        "timeline_deeds",
        f"""SELECT *, category IN ({quiet}) AND weight = 0 AS quiet
            FROM ({days_before_sql(heaps, "host, account, place, category, rule", "days_before")})""",
    )
    engine.drop("timeline_told")
    return made


def make_probes(engine: Engine, events: str, ips: str) -> str:
    """Make the table of places that were refused, or tried very many addresses and ports within an hour."""
    rows = f"""
        SELECT coalesce(nullif(i.host, ''), e.src_ip) AS place, min(e.src_ip) AS src_ip,
               bool_or(i.outside) AS outside, min(epoch_us(e."at")) AS from_us, max(epoch_us(e."at")) AS to_us,
               count(*) AS n, count(DISTINCT hash(e.dst_ip, e.dst_port)) AS n_targets,
               count_if(e.action = 'deny' OR e.outcome = 'failure') AS n_denied, max(e.error_ms) AS error_ms,
               list(e.event_id ORDER BY e."at", e.event_id)[1:{MOST_IDS}] AS event_ids
        FROM {events} AS e JOIN {ips} AS i ON i.ip = e.src_ip
        WHERE {_FRESH} AND e.kind = 'connection' AND e.action IN ('deny', 'allow', 'open', 'flow')
        GROUP BY 1, epoch_us(e."at") // 600000000
        HAVING count_if(e.action = 'deny' OR e.outcome = 'failure') >= 5
            OR count(DISTINCT hash(e.dst_ip, e.dst_port)) >= 20"""
    heaps = heap_sql(
        rows, "place", FAILURE_PAUSE_SECONDS,
        f"""min(src_ip) AS src_ip, bool_or(outside) AS outside, sum(n) AS n, max(n_targets) AS n_targets,
            sum(n_denied) AS n_denied, max(error_ms) AS error_ms, flatten(list(event_ids ORDER BY from_us, event_ids[1]))[1:{MOST_IDS}] AS event_ids""",
    )  # fmt: skip
    return engine.materialise("timeline_probes", days_before_sql(heaps, "place", "days_before"))


def make_transfers(engine: Engine, events: str, ips: str) -> str:
    """Make the table of what left for the internet, heaped by pair; of several logs the one that has most counts.

    ``bytes_in`` of an event reached its destination, ``bytes_out`` is what the destination sent back: what left is the
    one where the source is ours, the other where the destination is.
    """
    rows = f"""
        SELECT CASE WHEN s.outside THEN coalesce(nullif(d.host, ''), nullif(e.dst_ip, ''), e.host)
                    ELSE coalesce(nullif(s.host, ''), e.src_ip) END AS place,
               CASE WHEN s.outside THEN e.src_ip ELSE e.dst_ip END AS far_ip,
               CASE WHEN s.outside THEN e.bytes_out ELSE e.bytes_in END AS size,
               coalesce(e.dst_port, 0) AS port, e.host AS seen_by, e."source", e.event_id, s.outside AS served,
               epoch_us(e."at") AS us, e.error_ms
        FROM {events} AS e JOIN {ips} AS s ON s.ip = e.src_ip LEFT JOIN {ips} AS d ON d.ip = e.dst_ip
        WHERE {_FRESH} AND e.kind IN ('connection', 'web', 'file')
          AND s.outside <> coalesce(d.outside, false)
          AND CASE WHEN s.outside THEN e.bytes_out ELSE e.bytes_in END > 0"""
    hourly = f"""
        SELECT place, far_ip, hour, min(from_us) AS from_us, max(to_us) AS to_us, max(size) AS size,
               arg_max(port, row(size, port)) AS port, arg_max(event_ids, row(size, event_ids)) AS event_ids, max(error_ms) AS error_ms,
               arg_max(served, row(size, served)) AS served
        FROM (SELECT place, far_ip, us // 3600000000 AS hour, seen_by, "source", min(us) AS from_us,
                     max(us) AS to_us, sum(size) AS size, arg_max(port, row(size, port)) AS port, max(error_ms) AS error_ms,
                     arg_max(served, row(size, served)) AS served, list(event_id ORDER BY size DESC, event_id)[1:50] AS event_ids
              FROM ({rows}) GROUP BY ALL)
        GROUP BY ALL"""
    heaps = heap_sql(
        f"SELECT * EXCLUDE (hour) FROM ({hourly})", "place, far_ip", 2 * FAILURE_PAUSE_SECONDS,
        f"""sum(size) AS size, arg_max(port, row(size, port)) AS port, max(error_ms) AS error_ms, arg_max(served, row(size, served)) AS served,
            flatten(list(event_ids ORDER BY from_us, event_ids[1]))[1:{MOST_IDS}] AS event_ids""",
    )  # fmt: skip
    counted = days_before_sql(heaps, "place, far_ip", "days_before")
    return engine.materialise(
        "timeline_transfers",
        f"""SELECT *, coalesce(max(size) OVER (PARTITION BY place, far_ip ORDER BY from_us
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS most_before,
                   coalesce(max(size) OVER (PARTITION BY place ORDER BY from_us
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS place_most,
                   count(DISTINCT place) OVER (PARTITION BY far_ip) AS n_places
            FROM ({counted}) WHERE size >= {LEAST_TRANSFER}""",
    )


LEAST_TRANSFER = 50_000
"""Bytes below which nothing is taken for a transfer: pages and shells make as much."""
