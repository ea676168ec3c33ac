"""Where a log that should be there is not: silence, clearing, holes in numbers, hosts without logs.

Each rule says what it looks at and is one query; what a gap costs is said by ``gaps_effect``.

Source:
    NIST SP 800-92, 5.3: logs that stop, and logs that were cleared, are themselves evidence. Windows: event 1102
    (security
    log cleared), 104 (log cleared); EventRecordID rises by one in a channel. Linux audit: ``type=…
    msg=audit(time:serial)``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.kernel import ids
from amends.kernel.engine.base import Engine
from amends.timeline.known import Known

LOST_HOURS = 6
"""A log is silent when nothing stands in it for so long; nights of quiet hosts are longer, so its own habit counts
too."""

HABIT = 6.0
"""… and for so many times its own longest usual silence (the 99th of 100)."""

LEAST_EVENTS = 50
"""Below so many events a log has no habit."""

MOST_HOLES = 200
"""Holes in numbers listed a log; a log with more is listed as one span."""


@dataclass(frozen=True)
class Gap:
    """A span without a log.

    Attributes:
        host: Whose log.
        log: Kind of log.
        reason: missing_span, cleared, record_hole, rotation_missing, truncated, no_log, stopped.
        from_at: Begin; ``None`` when unknown or missing altogether.
        to_at: End.
        event_ids: Events that show it.
        note: What was seen, in words: "12 numbers are missing".
    """

    host: str
    log: str
    reason: str
    from_at: datetime | None = None
    to_at: datetime | None = None
    event_ids: tuple[int, ...] = ()
    note: str = ""

    @property
    def gap_id(self) -> str:
        """Return an id that is the same in every run over the same events."""
        key = [self.host, self.log, self.reason, str(self.from_at), list(self.event_ids[:1])]
        return "Q" + ids.digest_value(key)[:12]


KINDS_OF_LOG = (
    ("evtx", r"evtx|windows"),
    ("audit", r"pgaudit|mysql.*audit|mssql|postgres|csvlog"),
    ("auditd", r"auditd"),
    ("flow", r"flow|ipfix|zeek.*conn|vpc"),
    ("web", r"web|apache|nginx|iis|combined|access"),
    ("firewall", r"asa|fortinet|junos|iptables|firewall|paloalto|pfsense"),
    ("router", r"ios|nxos|router"),
    ("vpn", r"vpn|radius|anyconnect|openvpn"),
    ("cloud", r"cloudtrail|azure|gcp"),
    ("file", r"samba|smb"),
    ("auth", r"sshd|auth|sudo|secure|utmp|wtmp|pam"),
)
"""Kind of log → what its parser or dialect is called; the first that fits."""

SHOULD_HAVE = (
    (r"database|\bdb\b|postgres|mysql|sql", ("audit",)),
    (r"firewall", ("firewall",)),
    (r"router|gateway|edge", ("router", "firewall")),
    (r"vpn", ("vpn", "firewall", "auth")),
    (r"jump|bastion", ("auth", "evtx", "auditd")),
    (r"web", ("web",)),
    (r"file", ("file", "evtx", "auditd")),
    (r"domain|directory", ("evtx",)),
)
"""Role of a host → kinds of log of which one is needed to say what was done there."""


def log_kind(source: str) -> str:
    """Return the kind of log that a parser's name speaks of."""
    low = source.lower()
    return next((kind for kind, words in KINDS_OF_LOG if re.search(words, low)), "system")


def find_gaps(engine: Engine, events: str, logs: str, known: Known) -> list[Gap]:
    """Return every gap that the events and log files show.

    Args:
        engine: The engine.
        events: Events, corrected.
        logs: Rows of log_files, as a table.
        known: What the company told.
    """
    made = [
        *_silences(engine, events),
        *_cleared(engine, events),
        *_holes(engine, events),
        *_rotations(engine, logs),
        *_truncated(engine, logs),
        *_absent(engine, events, known),
    ]
    unique = {gap.gap_id: gap for gap in made}
    return sorted(unique.values(), key=lambda g: (g.host, g.log, g.reason, str(g.from_at)))


def _silences(engine: Engine, events: str) -> Iterable[Gap]:
    """Look for spans in which a busy log says nothing; the last hours of the case count too."""
    rows = engine.arrow(
        f"""WITH hours AS (
                SELECT host, "source", date_trunc('hour', "at") AS hour, count(*) AS n,
                       arg_min(event_id, "at") AS first_id, arg_max(event_id, "at") AS last_id,
                       min("at") AS first_at, max("at") AS last_at
                FROM {events} WHERE "at" IS NOT NULL AND host <> '' AND "source" IS NOT NULL
                GROUP BY ALL),
            spaced AS (
                SELECT *, lead(first_at) OVER w AS next_at, lead(first_id) OVER w AS next_id
                FROM hours WINDOW w AS (PARTITION BY host, "source" ORDER BY hour)),
            habits AS (
                SELECT host, "source", sum(n) AS n, count(*) AS n_hours, max(last_at) AS end_at,
                       quantile_cont(epoch(next_at) - epoch(last_at), 0.99) AS usual,
                       median(epoch(next_at) - epoch(last_at)) AS middle
                FROM spaced GROUP BY ALL),
            ends AS (SELECT quantile_disc(end_at, 0.8) AS end_at FROM habits)
            SELECT s.host, s."source", s.last_at AS from_at, s.next_at AS to_at, s.last_id, s.next_id,
                   epoch(s.next_at) - epoch(s.last_at) AS silent, h.usual, h.middle, h.n, h.n_hours,
                   epoch(e.end_at) - epoch(h.end_at) AS early, e.end_at AS case_end
            FROM spaced AS s JOIN habits AS h ON h.host = s.host AND h."source" = s."source", ends AS e
            WHERE h.n >= {LEAST_EVENTS}
              AND (epoch(s.next_at) - epoch(s.last_at) > {LOST_HOURS * 3600}
                   OR (s.next_at IS NULL AND epoch(e.end_at) - epoch(h.end_at) > {LOST_HOURS * 3600}))
            ORDER BY s.host, s."source", s.last_at"""
    ).to_pylist()
    by_log: dict[tuple[str, str], list[dict[str, object]]] = defaultdict(list)
    for row in rows:
        by_log[str(row["host"]), str(row["source"])].append(row)
    for group in by_log.values():
        yield from _unusual(group)


def _unusual(rows: list[dict[str, object]]) -> Iterable[Gap]:
    """Yield the silences of one log that are out of its own habit.

    The habit is what is left when the longest silences, one in a hundred and at least one, are put aside.
    """
    silences = sorted(_number(r["silent"]) for r in rows if r["silent"] is not None)
    for row in rows:
        last = row["to_at"] is None
        silent = _number(row["early"] if last else row["silent"])
        others = [s for s in silences if s < silent * 0.9]
        longest = max(others, default=0.0)
        usual = max(longest if len(others) >= 3 else 0.0, _number(row["middle"]) * HABIT)
        rare = sum(s >= silent * 0.9 for s in silences) <= max(2, _number(row["n_hours"]) / 500)
        if silent > max(LOST_HOURS * 3600, 1.5 * usual) and rare:
            yield Gap(
                str(row["host"]),
                log_kind(str(row["source"])),
                "missing_span",
                _instant(row["from_at"]),
                _instant(row["case_end"] if last else row["to_at"]),
                tuple(int(_number(row[k])) for k in ("last_id", "next_id") if row[k] is not None),
                f"nothing for {silent / 3600:.0f} hours",
            )


def _cleared(engine: Engine, events: str) -> Iterable[Gap]:
    """Look for clearing and stopping of logs."""
    for row in engine.arrow(
        f"""SELECT e.host, e."source", e.action, e."at", e.event_id, s.start_at
            FROM {events} AS e
            LEFT JOIN (SELECT host, "source", min("at") AS start_at FROM {events}
                       WHERE kind = 'log' AND action = 'start' GROUP BY ALL) AS s
              ON s.host = e.host AND s."source" = e."source"
            WHERE e.kind = 'log' AND e.action IN ('clear', 'stop', 'hole') AND e.duplicate_of IS NULL
            ORDER BY e.host, e."at" LIMIT 2000"""
    ).to_pylist():
        reason = {"clear": "cleared", "stop": "stopped", "hole": "record_hole"}[row["action"]]
        start = row["start_at"] if row["action"] == "stop" else None
        begin, end = (None, row["at"]) if reason == "cleared" else (row["at"], start)
        if end is not None and begin is not None and end < begin:
            end = None
        yield Gap(
            row["host"] or "", log_kind(row["source"] or ""), reason, begin, end,
            (row["event_id"],), f"said so at {_said(row['at'])}",
        )  # fmt: skip


def _holes(engine: Engine, events: str) -> Iterable[Gap]:
    """Look for numbers missing in records that are numbered one by one: EventRecordID, audit serials."""
    sql = f"""
        WITH numbered AS (
            SELECT host, "source", "at", event_id,
                   coalesce(extra['Channel'], "source") AS channel,
                   TRY_CAST(coalesce(extra['EventRecordID'], extra['audit_serial'], extra['serial']) AS BIGINT) AS no
            FROM {events} WHERE "source" LIKE 'evtx%' OR "source" LIKE '%auditd%'),
        once AS (
            SELECT host, "source", channel, no, min("at") AS "at", any_value(event_id) AS event_id
            FROM numbered WHERE no IS NOT NULL AND host <> '' GROUP BY ALL),
        stepped AS (
            SELECT *, lag(no) OVER w AS was, lag("at") OVER w AS was_at, lag(event_id) OVER w AS was_id
            FROM once WINDOW w AS (PARTITION BY host, channel ORDER BY no)),
        rate AS (
            SELECT host, channel, count(*) AS n, count_if(no > was + 1) AS n_holes FROM stepped GROUP BY ALL)
        SELECT s.*, no - was - 1 AS missing FROM stepped AS s JOIN rate AS r USING (host, channel)
        WHERE no > was + 1 AND r.n >= 20 AND r.n_holes <= 0.02 * r.n
        ORDER BY missing DESC LIMIT {MOST_HOLES}"""
    for row in engine.arrow(sql).to_pylist():
        yield Gap(
            row["host"], log_kind(row["source"] or ""), "record_hole", row["was_at"], row["at"],
            (row["was_id"], row["event_id"]), f"{row['missing']} numbers are missing",
        )  # fmt: skip


_ROTATED = re.compile(r"^(?P<stem>.+?)\.(?P<no>\d{1,3})(?:\.(?:gz|bz2|xz|zst|log))*$")


def _rotations(engine: Engine, logs: str) -> Iterable[Gap]:
    """Look for numbers missing in names such as auth.log, auth.log.1, auth.log.3.gz."""
    rows = engine.arrow(
        f"SELECT host, path, inner_path, parser, first_at, last_at FROM {logs}"
    ).to_pylist()
    series: dict[tuple[str, str], dict[int, dict[str, object]]] = defaultdict(dict)
    for row in rows:
        full = "/".join(p for p in (row["path"], row["inner_path"]) if p)
        match = _ROTATED.match(full)
        stem, number = (match["stem"], int(match["no"])) if match else (full, 0)
        series[row["host"] or "", stem][number] = row
    for (host, _), found in series.items():
        if len(found) < 2:
            continue
        for number in range(min(found), max(found)):
            if number in found:
                continue
            older = next((found[k] for k in sorted(found) if k > number), {})
            newer = next((found[k] for k in sorted(found, reverse=True) if k < number), {})
            parser = str(older.get("parser") or newer.get("parser") or "")
            yield Gap(
                host, log_kind(parser), "rotation_missing", _instant(older.get("last_at")),
                _instant(newer.get("first_at")), (), f"rotated file number {number} is missing",
            )  # fmt: skip


def _truncated(engine: Engine, logs: str) -> Iterable[Gap]:
    for row in engine.arrow(
        f"""SELECT host, parser, last_at, path, inner_path FROM {logs}
            WHERE status <> 'read' AND (remedy LIKE '%cut%' OR remedy LIKE '%truncat%' OR remedy LIKE '%whole copy%'
                  OR list_has_any(reject_places, ['truncated']))"""
    ).to_pylist():
        name = "/".join(p for p in (row["path"], row["inner_path"]) if p)
        yield Gap(
            row["host"] or "", log_kind(row["parser"] or ""), "truncated", row["last_at"], None, (),
            f"{name} ends early",
        )  # fmt: skip


def _absent(engine: Engine, events: str, known: Known) -> Iterable[Gap]:
    """Look for hosts of the company's list without any log, or without the log their role should have."""
    seen: dict[str, set[str]] = defaultdict(set)
    for row in engine.arrow(
        f"SELECT DISTINCT host, \"source\" FROM {events} WHERE host <> ''"
    ).to_pylist():
        seen[row["host"].lower()].add(log_kind(row["source"] or ""))
    for host in known.hosts:
        have = seen.get(host.host.lower(), set())
        if not have:
            yield Gap(host.host, "any", "no_log", note="no log of this host was given")
            continue
        for words, wanted in SHOULD_HAVE:
            if re.search(words, host.role.lower()) and not have & set(wanted):
                yield Gap(
                    host.host, wanted[0], "no_log",
                    note=f"as {host.role} it should have a log of the kind {wanted[0]}",
                )  # fmt: skip


def within_gap(gap: Gap, host: str, at: datetime, slack: timedelta = timedelta(0)) -> bool:
    """Answer whether a log of a host was missing at an instant."""
    if gap.host.lower() != host.lower():
        return False
    begins = gap.from_at is None or at >= gap.from_at - slack
    ends = gap.to_at is None or at <= gap.to_at + slack
    return begins and ends


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _instant(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _said(value: object) -> str:
    return (
        value.strftime("%Y-%m-%d %H:%M UTC") if isinstance(value, datetime) else "an unknown time"
    )
