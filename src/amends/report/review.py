"""The review as a board reads it: what failed on the intruder's way, what to do first, what nobody measured.

Everything comes from the tables of the last run; nothing is reckoned here but words, shares and the order of sections.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from amends.kernel.case import Case
from amends.kernel.errors import TableError
from amends.report import review_words as say
from amends.report.review_evidence import evidence_of, shown
from amends.tables.controls import CONTROL_GAPS, MEASURES, RISK, ROADMAP, SCANNER_FINDINGS

Row = dict[str, Any]  # a row of a table with what the pages show of it
Rows = list[Row]

_ORDER = ("not measured", "short of target", "at target", "no target")
TOP = 10
FINDINGS_SHOWN = 100
FIXES_SHOWN = 3


def has_review(case: Case) -> bool:
    """Answer whether a run wrote a review with anything in it."""
    if not case.has(CONTROL_GAPS):
        return False
    return bool(case.engine.arrow(f"SELECT 1 FROM {case.read(CONTROL_GAPS)} LIMIT 1").num_rows)


def review_data(case: Case) -> dict[str, Any]:
    """Return everything the review shows, the same for the same run.

    Raises:
        TableError: The case has not been reviewed yet.
    """
    if not has_review(case):
        raise TableError(
            "There is no review of this case yet",
            where=case.name,
            remedy=f"run it: amends run {case.folder.name}",
        )
    measures = _measures(case)
    gaps = _gaps(case, {m["measure_id"]: m for m in measures})
    roadmap = _roadmap(case, gaps)
    risk = _risk(case)
    run = case.ledger.last("run")
    return {
        "entity": case.config.text("case", "entity") or case.name,
        "case": case.name,
        "run": case.run_id(),
        "run_on": run.at[:10] if run else "",
        "measured_on": say.day(
            max((g["measured_at"] for g in gaps if g["measured_at"]), default=None)
        ),
        "head": headline(gaps, measures, roadmap),
        "counts": _counts(gaps),
        "top": _top(gaps),
        "unmeasured": [g for g in gaps if g["stands"] == "not_measured"],
        "unmeasured_kpis": [m for m in measures if m["is_kpi"] and m["value"] is None],
        "kpis": [m for m in measures if m["is_kpi"]],
        "measures": measures,
        "roadmap": roadmap,
        "horizons": _by_horizon(roadmap),
        "accepted": [g for g in gaps if g["stands"] == "accepted"],
        "changes": _changes(gaps),
        "causes": _by_cause(gaps),
        "gao": _by_gao(gaps),
        "risk": risk,
        "findings": _findings(case),
        "gaps": gaps,
    }


def review_head(case: Case) -> Row | None:
    """Return what the report of the case shows of the review; ``None`` before the first."""
    if not has_review(case):
        return None
    measures = _measures(case)
    gaps = _gaps(case, {m["measure_id"]: m for m in measures}, proof=False)
    return {
        "says": headline(gaps, measures, _roadmap(case, gaps))["says"],
        "top": _top(gaps),
        "unmeasured": [g["title"] for g in gaps if g["stands"] == "not_measured"],
    }


def _top(gaps: Rows) -> Rows:
    return [g for g in gaps if g["stands"] in ("not_met", "closed")][:TOP]


def headline(gaps: Rows, measures: Rows, roadmap: Rows) -> Row:
    """Return the answer in a few sentences, and four figures.

    Args:
        gaps: Rows of ``control_gaps`` with ``stands``.
        measures: Rows of ``measures``.
        roadmap: Rows of ``roadmap``, in order.
    """
    failed = [g for g in gaps if g["stands"] in ("not_met", "closed")]
    way = [g for g in failed if g["on_path"]]
    still = [g for g in failed if g["stands"] == "not_met"]
    unmeasured = [g for g in gaps if g["stands"] == "not_measured"]
    value = {m["measure_id"]: m["value"] for m in measures}
    reach = value.get("persons_reachable")
    said = [_failed_words(failed, way, still), _cause_words(way), _reach_words(reach)]
    if unmeasured:
        holds = "it holds" if len(unmeasured) == 1 else "they hold"
        verb = "was" if len(unmeasured) == 1 else "were"
        said.append(
            f"{say.counted(len(unmeasured), 'safeguard')} {verb} not measured: nobody can say whether {holds}."
        )
    return {
        "says": [s for s in said if s],
        "fixes": _fixes(roadmap),
        "figures": [
            (f"{len(way):,}", "safeguards failed on the intruder's way"),
            (f"{len(still):,}", "safeguards are not met today"),
            ("not measured" if reach is None else say.number(reach), "people can still be reached from the internet"),
            (f"{len(unmeasured):,}", "safeguards were not measured"),
        ],
    }  # fmt: skip


def _failed_words(failed: Rows, way: Rows, still: Rows) -> str:
    if not failed:
        return "No safeguard that was measured is found wanting."
    n_closed = len(failed) - len(still)
    parts = [
        f"{say.counted(len(failed), 'safeguard')} failed or {'falls' if len(failed) == 1 else 'fall'} short"
    ]
    if way:
        parts.append(f", {len(way):,} of them on the intruder's own way")
    if not n_closed:
        parts.append("; none is proved closed yet")
    elif not still:
        parts.append("; all are proved closed since")
    else:
        parts.append(
            f"; {n_closed:,} {'is' if n_closed == 1 else 'are'} proved closed since, {len(still):,} remain"
        )
    return "".join(parts) + "."


def _cause_words(way: Rows) -> str:
    """Return by which causes the safeguards on the intruder's way failed, most first."""
    count: dict[str, int] = {}
    for g in way:
        count[g["cause"]] = count.get(g["cause"], 0) + 1
    if not count:
        return ""
    told = [f"{say.cause(c)} ({n})" for c, n in sorted(count.items(), key=lambda i: -i[1])]
    listed = ", ".join(told[:-1]) + (" and " if len(told) > 1 else "") + told[-1]
    return f"On that way failed: {listed}."


def _reach_words(reach: float | None) -> str:
    if reach is None:
        return "Whether the data of people can still be reached from the internet was not measured."
    if not reach:
        return "By the latest evidence no way leads from the internet to personal data."
    return f"The data of {say.people(int(reach))} can still be reached from the internet."


def _fixes(roadmap: Rows) -> Rows:
    """Return the pieces of work that take most people out of reach, most first."""
    some = [r for r in roadmap if (r["persons_removed"] or 0) > 0 and r["state"] != "closed"]
    return sorted(some, key=lambda r: (-r["persons_removed"], r["rank"]))[:FIXES_SHOWN]


def _rows(case: Case, sql: str) -> Rows:
    return list(case.engine.arrow(sql).to_pylist())


def _measures(case: Case) -> Rows:
    made = _rows(case, f"SELECT * FROM {case.read(MEASURES)} ORDER BY measure_id")
    for m in made:
        m["shown"] = say.measured(m["value"], m["unit"])
        m["target_shown"] = say.aim(m["target"], m["unit"])
        m["verdict"] = verdict(m["value"], m["target"], m["better"])
        m["measured_on"] = say.day(m["measured_at"])
        m["why_not"] = _to_add(m["why_not"] or "")
    return sorted(made, key=lambda m: _ORDER.index(m["verdict"]))


def verdict(value: float | None, target: float | None, better: str) -> str:
    """Return how a value stands to its target: ``at target``, ``short of target``, ``not measured``, ``no target``."""
    if value is None:
        return "not measured"
    if target is None:
        return "no target"
    reached = value >= target if better == "higher" else value <= target
    return "at target" if reached else "short of target"


def _gaps(case: Case, measures: dict[str, Row], *, proof: bool = True) -> Rows:
    made = _rows(case, f'SELECT * FROM {case.read(CONTROL_GAPS)} ORDER BY "rank", gap_id')
    known = evidence_of(case, {e for g in made for e in g["evidence"] or []}) if proof else {}
    for g in made:
        g["stands"] = stands(g)
        g["status_shown"] = say.STATUS[g["stands"]]
        g["cause_shown"] = say.cause(g["cause"])
        g["gao_shown"] = say.GAO.get(g["gao_cause"], "")
        g["proof"] = shown(g["evidence"] or [], known)
        measure = measures.get(g["measure_id"], {})
        unit = measure.get("unit", "")
        g["measure_title"] = measure.get("title", g["measure_id"].replace("_", " "))
        g["value_shown"] = say.measured(g["value"], unit)
        g["target_shown"] = say.aim(g["target"], unit)
        g["to_measure"] = _to_add(g["why"] or measure.get("why_not", ""))
        for name in ("measured_at", "accepted_until_on", "failed_on", "closed_on", "state_on"):
            g[f"{name}_shown"] = say.day(g[name])
    return made


def _to_add(why: str) -> str:
    """Return what has to be added, as a sentence of its own."""
    return say.sentence(why.removeprefix("NOT MEASURED:"))


def stands(gap: Row) -> str:
    """Return a safeguard's status, or ``closed`` where it failed in the breach and is proved closed since."""
    if gap["status"] == "met" and gap["failed_in_breach"]:
        return "closed"
    return str(gap["status"])


def _counts(gaps: Rows) -> dict[str, int]:
    made = dict.fromkeys(say.STATUS, 0)
    for g in gaps:
        made[g["stands"]] += 1
    return {**made, "all": len(gaps)}


def _roadmap(case: Case, gaps: Rows) -> Rows:
    titles = {g["gap_id"]: g for g in gaps}
    made = _rows(case, f'SELECT * FROM {case.read(ROADMAP)} ORDER BY "rank", item_id')
    names = {r["item_id"]: r["title"] for r in made}
    for r in made:
        r["gaps"] = [titles[g] for g in r["gap_ids"] or [] if g in titles]
        r["value_shown"] = say.measured(r["value"], r["unit"])
        r["targets_shown"] = [
            (q, _target(v, r["unit"])) for q, v in sorted(dict(r["targets"] or {}).items())
        ]
        r["due_shown"] = say.day(r["due_on"])
        r["after_shown"] = [names.get(a, a) for a in r["after"] or []]
        r["cause_shown"] = say.cause(r["cause"])
    return made


def _target(value: str, unit: str) -> str:
    try:
        return say.aim(float(value), unit)
    except ValueError:
        return value


def _by_horizon(roadmap: Rows) -> Rows:
    made = []
    for code, words in say.HORIZONS.items():
        items = [r for r in roadmap if r["horizon"] == code]
        if items:
            made.append(
                {
                    "code": code,
                    "words": words,
                    "items": items,
                    "due": max((r["due_shown"] for r in items), default=""),
                    "days": sum(r["effort_days"] or 0 for r in items if r["state"] != "closed"),
                }
            )
    return made


def _changes(gaps: Rows) -> dict[str, Rows]:
    """Return what is different from the measurement before; a first measurement has nothing to differ from."""
    if all(g["state"] == "new" for g in gaps):
        return {"first": [], "new": [], "closed": [], "reopened": []}
    made = {
        state: [g for g in gaps if g["state"] == state] for state in ("reopened", "new", "closed")
    }
    # What was met all along did not change.
    made["new"] = [g for g in made["new"] if g["stands"] != "met"]
    return made


def _by_cause(gaps: Rows) -> Rows:
    made = []
    for code, words in say.CAUSES.items():
        some = [g for g in gaps if g["cause"] == code]
        if some:
            made.append(
                {
                    "words": words,
                    "n": len(some),
                    **{s: sum(1 for g in some if g["stands"] == s) for s in say.STATUS},
                }
            )
    return made


def _by_gao(gaps: Rows) -> Rows:
    made = []
    for code, words in say.GAO.items():
        some = [g for g in gaps if g["gao_cause"] == code]
        failed = [g for g in some if g["stands"] in ("not_met", "closed")]
        unmeasured = sum(1 for g in some if g["stands"] == "not_measured")
        made.append({"words": words, "n": len(some), "failed": failed, "n_unmeasured": unmeasured})
    return made


def _risk(case: Case) -> Rows:
    """Return the ranges, ``all`` last, with where they stand on a bar of a hundred."""
    if not case.has(RISK):
        return []
    made = _rows(case, f"SELECT * FROM {case.read(RISK)} ORDER BY item = 'all', p90 DESC, item")
    top = max((r["p90"] or 0 for r in made), default=0) or 1
    for r in made:
        r["words"] = say.RISK_ITEMS.get(r["item"], r["item"].replace("_", " ").capitalize())
        r["from_at"] = round(100 * (r["p10"] or 0) / top, 2)
        r["mid_at"] = round(100 * (r["p50"] or 0) / top, 2)
        r["to_at"] = round(100 * (r["p90"] or 0) / top, 2)
        r["range"] = f"{say.money(r['p10'] or 0)} to {say.money(r['p90'] or 0)}"
    return made


def _findings(case: Case) -> Row:
    """Return the findings of scanners: how many by severity and status, the worst, and what could not be read."""
    if not case.has(SCANNER_FINDINGS):
        return {"n": 0, "by_severity": [], "worst": [], "unread": [], "tools": []}
    table = case.read(SCANNER_FINDINGS)
    order = "list_position(['critical', 'high', 'medium', 'low', 'info'], severity)"
    by_severity = _rows(
        case,
        f"""
        SELECT severity, count(*) FILTER (WHERE status = 'open') AS n_open,
               count(*) FILTER (WHERE status = 'closed') AS n_closed,
               count(*) FILTER (WHERE status = 'suppressed') AS n_suppressed
        FROM {table} WHERE status <> 'unread' GROUP BY severity, {order} ORDER BY {order}
        """,
    )
    tools = _rows(
        case,
        f"""
        SELECT tool, count(*) AS n, count(*) FILTER (WHERE status = 'open') AS n_open, max(found_at) AS at
        FROM {table} WHERE status <> 'unread' GROUP BY tool ORDER BY n DESC, tool LIMIT 50
        """,
    )
    worst = _rows(
        case,
        f"""
        SELECT rule, any_value(title ORDER BY scan_id) AS title, severity, tool, count(*) AS n,
               min(place) AS place, any_value(control_ids ORDER BY scan_id) AS control_ids, max(found_at) AS at
        FROM {table} WHERE status = 'open' AND severity <> 'info'
        GROUP BY rule, severity, tool ORDER BY {order}, n DESC, rule, tool LIMIT {FINDINGS_SHOWN}
        """,
    )
    unread = _rows(
        case,
        f"""
        SELECT place, rule, title FROM {table} WHERE status = 'unread' ORDER BY place, rule LIMIT {FINDINGS_SHOWN}
        """,
    )
    for row in (*worst, *tools):
        row["on"] = say.day(row["at"])
    return {
        "n": sum(r["n_open"] + r["n_closed"] + r["n_suppressed"] for r in by_severity),
        "by_severity": by_severity,
        "worst": worst,
        "unread": unread,
        "tools": tools,
    }


def plain(value: object) -> object:
    """Return a value as JSON takes it: days and instants as text, maps as objects."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [plain(v) for v in value]
    return value
