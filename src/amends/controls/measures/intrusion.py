"""The intrusion: how long, what was seen of it, how sign-ins stood up, what left, and what the logs cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from amends.controls.catalogue import measure_kinds
from amends.controls.measures.base import (
    HIDES,
    PLACES,
    Finding,
    Ground,
    Measured,
    Row,
    day,
    instant,
    many,
    named,
    not_measured,
    number,
    said,
    texts,
)
from amends.tables.paths import FACTS
from amends.tables.timeline import DETECTIONS, EVENTS, GAPS, HOPS, LOG_FILES, TAKEN

LOGS = "add the logs: amends add CASE FOLDER --role log"
CHAIN = (
    "no chain of the intruder could be told: add the logs of outward devices, servers and databases"
)
GUESSES = 10
"""Failed sign-ins in an hour from which guessing is spoken of. Source: PCI DSS 4.0, 8.3.4, lock out after ten."""
INSIDE = (
    r"^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\."
    r"|::1$|f[cd]|fe[89ab])"
)
"""Addresses that are nobody's on the internet. Source: RFC 1918, 6598, 3927, 4193, 4291."""


def findings(ground: Ground) -> list[Finding]:
    """Return what the timeline says."""
    return [
        _detection(ground),
        _dwell(ground),
        _steps(ground),
        _techniques(ground),
        _guessing(ground),
        _single_factor(ground),
        _accounts(ground),
        _test(ground),
        _lateral(ground),
        _log_gaps(ground),
        _no_log(ground),
        _cleared(ground),
        _clocks(ground),
        _exfiltration(ground),
        _bulk(ground),
    ]


def _logs_at(ground: Ground) -> datetime | None:
    """Return the time of the last event of any log."""
    return instant(
        ground.row(f"SELECT MAX(last_at) AS last_at FROM {ground.name(LOG_FILES)}")["last_at"]
    )


def _of_chain(
    ground: Ground,
    kind: str,
    measure: str,
    steps: Sequence[Row],
    value: float,
    why: str,
    places: Sequence[str] = (),
    weight: float = 1.0,
) -> Finding:
    """Return a finding that rests on steps of the chain: wrong when there is one.

    Args:
        ground: The ground.
        kind: Kind of finding.
        measure: Its measure.
        steps: The steps that are wrong.
        value: The measure's value.
        why: What was found, in a sentence.
        places: Places it is about.
        weight: ``HIDES`` where it opens no door itself.
    """
    sure = [float(str(h["confidence"])) for h in steps if h["confidence"] is not None]
    return Finding(
        kind,
        Measured(
            measure, value, _logs_at(ground), tuple(str(h["hop_id"]) for h in steps[:50]) or ("hops",)
        ),
        why,
        fails=bool(steps),
        persons=ground.persons if steps else 0,
        persons_then=ground.persons if steps else None,
        on_path=bool(steps),
        observed=round(weight * sum(sure) / len(sure), 3) if sure else weight,
        places=tuple(places)[:PLACES],
        failed_in_breach=bool(steps),
        failed_on=day(min((i for h in steps if (i := instant(h["at"]))), default=None)),
    )  # fmt: skip


# how long


def _days(begin: datetime, end: datetime) -> float:
    return round(max((end - begin).total_seconds(), 0.0) / 86_400, 2)


def _detection(ground: Ground) -> Finding:
    kind, measure = "late_detection", "time_to_detect"
    if ground.first_at is None:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    if ground.discovered_at is None:
        return not_measured(
            kind, measure, "enter the day of discovery: amends event add CASE discovery DAY"
        )
    days = _days(ground.first_at, ground.discovered_at)
    return _span(
        ground,
        kind,
        measure,
        days,
        f"First access on {said(ground.first_at)}, discovery on {said(ground.discovered_at)}: {days:g} days.",
        ground.discovered_at,
    )


def _dwell(ground: Ground) -> Finding:
    kind, measure = "long_dwell", "dwell"
    if ground.first_at is None:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    end = ground.contained_at or ground.last_at
    if end is None:
        return not_measured(
            kind, measure, "enter the day of containment: amends event add CASE containment DAY"
        )
    days = _days(ground.first_at, end)
    until = "containment" if ground.contained_at else "the last step the logs show"
    why = f"First access on {said(ground.first_at)}, {until} on {said(end)}: {days:g} days."
    return _span(ground, kind, measure, days, why, end)


def _span(ground: Ground, kind: str, measure: str, days: float, why: str, end: datetime) -> Finding:
    late = not measure_kinds()[measure].is_reached(days)
    first = next((str(h["hop_id"]) for h in ground.chain), "hops")
    return Finding(
        kind,
        Measured(measure, days, end, (first, "case_events")),
        why,
        fails=late,
        persons=ground.persons if late else 0,
        persons_then=ground.persons if late else None,
        on_path=True,
        observed=HIDES,
        failed_in_breach=late,
        failed_on=day(ground.first_at) if late else None,
    )


# what was seen


def _seen(ground: Ground) -> list[dict[str, object]]:
    """Return each step of the chain with whether any rule of a level that wakes somebody fires on its events."""
    fired = (
        f"SELECT DISTINCT UNNEST(event_ids) AS event_id FROM {ground.name(DETECTIONS)} WHERE level <> 'informational'"
        if ground.has(DETECTIONS)
        else "SELECT CAST(NULL AS BIGINT) AS event_id WHERE FALSE"
    )
    return ground.rows(
        f"""WITH steps AS (
                SELECT hop_id, step, technique, phase, destination, "at", confidence, UNNEST(event_ids) AS event_id
                FROM {ground.name(HOPS)} WHERE status = 'chain')
            SELECT hop_id, step, technique, phase, destination, MIN("at") AS "at", MIN(confidence) AS confidence,
                   BOOL_OR(f.event_id IS NOT NULL) AS is_seen
            FROM steps LEFT JOIN ({fired}) AS f USING (event_id)
            GROUP BY hop_id, step, technique, phase, destination ORDER BY step, hop_id"""
    )


def _steps(ground: Ground) -> Finding:
    kind, measure = "unseen_steps", "steps_detected"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = _seen(ground)
    if not steps:
        return not_measured(kind, measure, CHAIN)
    unseen = [s for s in steps if not s["is_seen"]]
    share = round(1 - len(unseen) / len(steps), 4)
    phases = sorted({str(s["phase"]).replace("_", " ") for s in unseen})
    why = f"A rule fires on {len(steps) - len(unseen)} of {many(len(steps), 'step')}"
    why += f"; nothing on {len(unseen)}: {named(phases, 9)}." if unseen else "."
    failing = unseen if not measure_kinds()[measure].is_reached(share) else []
    places = sorted({str(s["destination"]) for s in unseen})
    return _of_chain(ground, kind, measure, failing, share, why, places, HIDES)


def _techniques(ground: Ground) -> Finding:
    kind, measure = "unseen_techniques", "techniques_detected"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    by_technique: dict[str, list[dict[str, object]]] = {}
    for step in _seen(ground):
        if step["technique"]:
            by_technique.setdefault(str(step["technique"]), []).append(step)
    if not by_technique:
        return not_measured(kind, measure, CHAIN)
    unseen = sorted(t for t, steps in by_technique.items() if not any(s["is_seen"] for s in steps))
    share = round(1 - len(unseen) / len(by_technique), 4)
    why = f"A rule fires on {len(by_technique) - len(unseen)} of {many(len(by_technique), 'technique')}"
    why += f"; on none of: {named(unseen, 12)}." if unseen else "."
    return _of_chain(ground, kind, measure, [by_technique[t][0] for t in unseen], share, why)


# sign-ins


def _guessing(ground: Ground) -> Finding:
    """Return the accounts that were guessed at without a lock-out: one set operation on the events."""
    kind, measure = "guessing", "guessing_without_lockout"
    needs = "add logs of sign-ins, failed ones too: amends add CASE FOLDER --role log"
    if not ground.has(EVENTS):
        return not_measured(kind, measure, needs)
    row = ground.row(
        f"""WITH logins AS (
                SELECT host, COALESCE(account, '') AS account, date_trunc('hour', "at") AS hour, "at", action, outcome
                FROM {ground.name(EVENTS)}
                WHERE kind = 'login' AND duplicate_of IS NULL AND "at" IS NOT NULL),
            tried AS (
                SELECT host, account, hour, COUNT(*) AS n, MIN("at") AS first_at FROM logins
                WHERE action = 'login' AND outcome = 'failure' GROUP BY host, account, hour HAVING COUNT(*) >= ?),
            locked AS (SELECT DISTINCT host, account, hour FROM logins WHERE action = 'lockout'),
            left_open AS (
                SELECT t.* FROM tried AS t WHERE NOT EXISTS (
                    SELECT 1 FROM locked AS l WHERE l.host = t.host AND (l.account = t.account OR l.account = '')
                    AND l.hour BETWEEN t.hour AND t.hour + INTERVAL 1 HOUR))
            SELECT (SELECT COUNT(*) FROM logins) AS n_logins, (SELECT COUNT(*) FROM tried) AS n_tried,
                   COUNT(DISTINCT host || chr(31) || account) AS n, COALESCE(SUM(n), 0) AS attempts,
                   MIN(first_at) AS first_at,
                   COALESCE(LIST(DISTINCT host ORDER BY host), []) AS hosts
            FROM left_open""",
        [GUESSES],
    )
    if not number(row["n_logins"]):
        return not_measured(kind, measure, needs)
    count, hosts = number(row["n"]), texts(row["hosts"])
    hit = {
        str(h["destination"]).lower()
        for h in ground.chain
        if str(h["technique"]).startswith("T1110")
    }
    on_path = any(h.lower() in hit for h in hosts)
    steps = [h for h in ground.chain if str(h["technique"]).startswith("T1110")]
    why = (
        f"{many(count, 'account')} guessed at {GUESSES} times or more in an hour without a lock-out, "
        f"{number(row['attempts']):,} attempts, on {named(hosts)}."
        if count
        else f"No account was guessed at {GUESSES} times in an hour without a lock-out following."
    )
    return Finding(
        kind,
        Measured(
            measure,
            float(count),
            _logs_at(ground),
            ("events", *(str(h["hop_id"]) for h in steps[:10])),
        ),
        why,
        fails=count > 0,
        persons=ground.persons if count and on_path else 0,
        persons_then=ground.persons if count and on_path else None,
        on_path=on_path,
        places=tuple(hosts[:PLACES]),
        failed_in_breach=count > 0 and on_path,
        failed_on=day(row["first_at"]),
    )


def _single_factor(ground: Ground) -> Finding:
    """Return the share of sign-ins from outside that no second factor went with.

    Only machines count whose logs tell of second factors, or that the company's lists say ask for a password only:
    silence of a log is no proof that nothing was asked.
    """
    kind, measure = "single_factor", "signins_without_second_factor"
    needs = "add logs of sign-ins of outward devices: amends add CASE FOLDER --role log"
    if not ground.has(EVENTS):
        return not_measured(kind, measure, needs)
    ours = ground.listed("controls_outside", sorted(ground.outside))
    weak = ground.listed("controls_weak", _password_only(ground))
    try:
        row = ground.row(
            f"""WITH logins AS (
                    SELECT host, COALESCE(account, '') AS account, "at", action, outcome, src_ip
                    FROM {ground.name(EVENTS)}
                    WHERE kind = 'login' AND duplicate_of IS NULL AND "at" IS NOT NULL AND outcome = 'success'),
                outside AS (
                    SELECT l.* FROM logins AS l
                    WHERE l.action = 'login' AND l.src_ip <> '' AND NOT regexp_matches(lower(l.src_ip), '{INSIDE}')
                      AND l.src_ip NOT IN (SELECT value FROM {ours})),
                second AS (
                    SELECT DISTINCT account, CAST(floor(epoch("at") / 600) AS BIGINT) AS slot
                    FROM logins WHERE action = 'multifactor'),
                says AS (
                    SELECT DISTINCT LOWER(host) AS host FROM logins WHERE action = 'multifactor'
                    UNION SELECT value FROM {weak}),
                judged AS (
                    SELECT o.*, LOWER(o.host) IN (SELECT host FROM says) AS is_said,
                           EXISTS (SELECT 1 FROM second AS s WHERE s.account = o.account
                               AND s.slot BETWEEN CAST(floor(epoch(o."at") / 600) AS BIGINT) - 1
                                              AND CAST(floor(epoch(o."at") / 600) AS BIGINT) + 1) AS has_second
                    FROM outside AS o)
                SELECT COUNT(*) AS n_all, COUNT(*) FILTER (is_said) AS n,
                       COUNT(*) FILTER (is_said AND NOT has_second) AS n_single,
                       MIN("at") FILTER (is_said AND NOT has_second) AS first_at,
                       COALESCE(LIST(DISTINCT host ORDER BY host) FILTER (is_said AND NOT has_second), []) AS hosts
                FROM judged"""
        )
    finally:
        ground.engine.drop("controls_outside")
        ground.engine.drop("controls_weak")
    total, single, hosts = number(row["n"]), number(row["n_single"]), texts(row["hosts"])
    if not total:
        outside = many(number(row["n_all"]), "sign-in")
        return not_measured(
            kind,
            measure,
            f"of {outside} from outside nothing says whether a second factor was asked: add logs that say so, or a "
            "list of services (mfa, lockout)",
        )
    entered = {str(h["destination"]).lower() for h in ground.chain
               if h["phase"] in ("initial_access", "persistence")}  # fmt: skip
    on_path = any(h.lower() in entered for h in hosts)
    return Finding(
        kind,
        Measured(measure, round(single / total, 4), _logs_at(ground), ("events",)),
        f"{single:,} of {many(total, 'sign-in')} from outside went without a second factor"
        + (f", on {named(hosts)}." if hosts else ".")
        + (
            f" Of {number(row['n_all']) - total:,} more nothing says."
            if number(row["n_all"]) > total
            else ""
        ),
        fails=single > 0,
        persons=ground.persons if single and on_path else 0,
        persons_then=ground.persons if single and on_path else None,
        on_path=on_path,
        places=tuple(hosts[:PLACES]),
        failed_in_breach=single > 0 and on_path,
        failed_on=day(row["first_at"]),
    )


def _password_only(ground: Ground) -> list[str]:
    """Return the machines, lower case, that a list of services said ask for no second factor at any date."""
    if not ground.has(FACTS):
        return []
    rows = ground.rows(
        f"""SELECT DISTINCT LOWER(split_part(source, ':', 2)) AS host FROM {ground.name(FACTS)}
            WHERE kind IN ('weak_auth', 'no_auth') ORDER BY host"""
    )
    return [str(r["host"]) for r in rows]


def _accounts(ground: Ground) -> Finding:
    kind, measure = "abused_accounts", "abused_accounts"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = [h for h in ground.chain if h["account"]]
    names = sorted({str(h["account"]) for h in steps})
    why = f"The intruder used {many(len(names), 'account')} of ours" + (
        f": {named(names)}." if names else "."
    )
    return _of_chain(ground, kind, measure, steps, float(len(names)), why, names, HIDES)


# where they went


def _test(ground: Ground) -> Finding:
    kind, measure = "test_on_way", "steps_through_test"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    if not ground.hosts:
        return not_measured(
            kind, measure, "add the list of machines with role or zone (hosts.csv or assets.csv)"
        )
    tests = ground.test_hosts
    steps = [
        h for h in ground.chain if {str(h["source"]).lower(), str(h["destination"]).lower()} & tests
    ]
    names = sorted(
        {str(h[e]) for h in steps for e in ("source", "destination") if str(h[e]).lower() in tests}
    )
    why = f"{many(len(steps), 'step')} of the intruder went to or from test machines" + (
        f": {named(names)}." if names else "."
    )  # fmt: skip
    return _of_chain(ground, kind, measure, steps, float(len(steps)), why, names)


def _lateral(ground: Ground) -> Finding:
    kind, measure = "lateral_moves", "lateral_moves"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = [h for h in ground.chain if h["phase"] == "lateral_movement"]
    pairs = {(str(h["source"]).lower(), str(h["destination"]).lower()) for h in steps}
    names = sorted({str(h["destination"]) for h in steps})
    why = f"The intruder moved between {many(len(pairs), 'pair')} of machines" + (
        f", to {named(names)}." if names else "."
    )
    return _of_chain(ground, kind, measure, steps, float(len(pairs)), why, names)


def _exfiltration(ground: Ground) -> Finding:
    kind, measure = "exfiltration", "exfiltrations"
    if not ground.chain:
        return not_measured(kind, measure, LOGS if not ground.has(LOG_FILES) else CHAIN)
    steps = [h for h in ground.chain if h["phase"] == "exfiltration"]
    names = sorted({str(h["destination"]) for h in steps if h["destination"]})
    why = f"{many(len(steps), 'transfer')} left for outside and nothing stopped it." if steps else (
        "The chain holds no transfer to the outside."
    )  # fmt: skip
    return _of_chain(ground, kind, measure, steps, float(len(steps)), why, names)


def _bulk(ground: Ground) -> Finding:
    kind, measure = "bulk_reads", "bulk_reads"
    if not ground.has(TAKEN):
        return not_measured(
            kind, measure, "add the logs of the databases and shares, and the list of stores"
        )
    row = ground.row(
        f"""SELECT COUNT(DISTINCT store || chr(31) || "table") AS n,
                   COALESCE(LIST(DISTINCT store ORDER BY store), []) AS stores
            FROM {ground.name(TAKEN)} WHERE acquired_proof = 'proved' OR accessed_proof = 'proved'"""
    )
    count, stores = number(row["n"]), texts(row["stores"])
    return Finding(
        kind,
        Measured(
            measure, float(count), _logs_at(ground) if ground.has(LOG_FILES) else None, ("taken",)
        ),
        f"{many(count, 'table, file or share was', 'tables, files and shares were')} read or taken, as the logs prove"
        + (f", from {named(stores)}." if stores else "."),
        fails=count > 0,
        persons=ground.persons if count else 0,
        persons_then=ground.persons if count else None,
        on_path=count > 0,
        observed=HIDES,
        places=tuple(stores[:PLACES]),
        failed_in_breach=count > 0,
        failed_on=day(ground.first_at),
    )


# what the logs cannot say


def _gap_finding(
    ground: Ground, kind: str, measure: str, where: str, one: str, more: str
) -> Finding:
    if not ground.has(LOG_FILES):
        return not_measured(kind, measure, LOGS)
    row: Row = {"n": 0, "hosts": [], "ids": [], "matters": False, "first": None}
    if ground.has(GAPS):
        row = ground.row(
            f"""SELECT COUNT(*) AS n, COALESCE(LIST(DISTINCT host ORDER BY host), []) AS hosts,
                       COALESCE(LIST(gap_id ORDER BY gap_id), []) AS ids, COALESCE(BOOL_OR(matters), FALSE) AS matters,
                       MIN(COALESCE(from_at, to_at)) AS first
                FROM {ground.name(GAPS)} WHERE {where}"""
        )
    count, hosts, matters = number(row["n"]), texts(row["hosts"]), bool(row["matters"])
    return Finding(
        kind,
        Measured(
            measure, float(count), _logs_at(ground), tuple(texts(row["ids"])[:20]) or ("gaps",)
        ),
        f"{many(count, one, more)}" + (f": {named(hosts)}." if hosts else "."),
        fails=count > 0,
        persons=ground.persons if count and matters else 0,
        persons_then=ground.persons if count and matters else None,
        on_path=matters,
        observed=HIDES,
        places=tuple(hosts[:PLACES]),
        failed_in_breach=count > 0 and matters,
        failed_on=day(row["first"]),
    )


def _log_gaps(ground: Ground) -> Finding:
    return _gap_finding(
        ground, "log_gaps", "log_gaps",
        "matters AND reason NOT IN ('no_log', 'cleared', 'stopped')",
        "span without logs where the intruder was", "spans without logs where the intruder was",
    )  # fmt: skip


def _no_log(ground: Ground) -> Finding:
    return _gap_finding(
        ground, "no_log", "hosts_without_logs", "reason = 'no_log'",
        "machine gave no log", "machines gave no log",
    )  # fmt: skip


def _cleared(ground: Ground) -> Finding:
    return _gap_finding(
        ground, "logs_cleared", "logs_cleared", "reason IN ('cleared', 'stopped')",
        "log was cleared or stopped on its machine", "logs were cleared or stopped on their machines",
    )  # fmt: skip


def _clocks(ground: Ground) -> Finding:
    kind, measure = "clocks", "clock_error"
    if not ground.has(LOG_FILES):
        return not_measured(kind, measure, LOGS)
    row = ground.row(
        f"""SELECT COUNT(*) AS n, MAX(ABS(skew_ms)) AS worst,
                   COALESCE(LIST(DISTINCT host ORDER BY host) FILTER (ABS(skew_ms) > 1000), []) AS hosts
            FROM {ground.name(LOG_FILES)} WHERE skew_error_ms IS NOT NULL"""
    )
    if not number(row["n"]):
        return not_measured(
            kind,
            measure,
            "add logs of the same events from several machines, so that clocks can be compared",
        )
    worst, hosts = number(row["worst"]) / 1000, texts(row["hosts"])
    wrong = not measure_kinds()[measure].is_reached(worst)
    return Finding(
        kind,
        Measured(measure, worst, _logs_at(ground), ("log_files",)),
        f"The worst clock, or a time zone nobody said, was off by {worst:,.1f} seconds"
        + (f", on {named(hosts)}." if hosts else "."),
        fails=wrong,
        on_path=_touched(ground, hosts),
        observed=HIDES,
        places=tuple(hosts[:PLACES]),
        failed_in_breach=wrong,
        failed_on=day(ground.first_at) if wrong else None,
    )  # fmt: skip


def _touched(ground: Ground, hosts: Sequence[str]) -> bool:
    return any(h.lower() in ground.chain_hosts for h in hosts)
