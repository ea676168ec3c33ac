"""Sign-ins: guessing without a lock-out, no second factor, and accounts of the company that the intruder used."""

from __future__ import annotations

from amends.controls.measures.base import (
    HIDES,
    PLACES,
    Finding,
    Ground,
    Measured,
    Row,
    day,
    many,
    named,
    not_measured,
    number,
    texts,
)
from amends.controls.measures.intrusion import CHAIN, LOGS, logs_at, of_chain
from amends.tables.paths import FACTS
from amends.tables.timeline import EVENTS, LOG_FILES

GUESSES = 10
"""Failed sign-ins in an hour from which guessing is spoken of. Source: PCI DSS 4.0, 8.3.4, lock out after ten."""
INSIDE = (
    r"^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\."
    r"|::1$|f[cd]|fe[89ab])"
)
"""Addresses that are nobody's on the internet. Source: RFC 1918, 6598, 3927, 4193, 4291."""


def findings(ground: Ground) -> list[Finding]:
    """Return what the logs say of sign-ins."""
    return [_guessing(ground), _single_factor(ground), _accounts(ground)]


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
            logs_at(ground),
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
    row = _outside(ground)
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
        Measured(measure, round(single / total, 4), logs_at(ground), ("events",)),
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


def _outside(ground: Ground) -> Row:
    """Return the sign-ins from outside: all, those that can be judged, and of these those without a second factor."""
    ours = ground.listed("controls_outside", sorted(ground.outside))
    weak = ground.listed("controls_weak", _password_only(ground))
    try:
        return ground.row(
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
    return of_chain(ground, kind, measure, steps, float(len(names)), why, names, HIDES)
