"""What the logs cannot say: holes, machines without logs, logs that were cleared, clocks that were wrong."""

from __future__ import annotations

from collections.abc import Sequence

from amends.controls.catalogue import measure_kinds
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
from amends.controls.measures.intrusion import LOGS, logs_at
from amends.tables.timeline import GAPS, LOG_FILES


def findings(ground: Ground) -> list[Finding]:
    """Return what is missing in the logs."""
    return [_log_gaps(ground), _no_log(ground), _cleared(ground), _clocks(ground)]


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
            measure, float(count), logs_at(ground), tuple(texts(row["ids"])[:20]) or ("gaps",)
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
        Measured(measure, worst, logs_at(ground), ("log_files",)),
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
