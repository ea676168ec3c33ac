"""The story of the intrusion as the report shows it: headline, sentences with their log lines, picture, tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from amends.kernel.case import Case
from amends.tables.timeline import EVENTS, GAPS, HOPS, INDICATORS, LOG_FILES, STATEMENTS, TAKEN
from amends.timeline.narrative import Clock, counted, technique_words
from amends.timeline.spans import dates_of
from amends.timeline.stage import known_of
from amends.timeline.statements_shape import Naming
from amends.timeline.statements_span import dwell_words
from amends.timeline.statements_steps import how_words
from amends.timeline.statements_taken import element_words, grouped
from amends.timeline.story_sizes import step_sizes
from amends.timeline.swimlane import swimlane, swimlane_pages
from amends.timeline.swimlane_layout import case_marks
from amends.timeline.taken_coverage import gap_words
from amends.timeline.taken_grounds import size_words
from amends.timeline.taken_sources import Places, Step, chain_steps, first_access

Rows = list[dict[str, Any]]

# Lines shown beneath a sentence; the export of the timeline holds all of them.
_LINES = 12
_TEXT = 600


def has_story(case: Case) -> bool:
    """Answer whether a run wrote a timeline with anything in it."""
    if not case.has(STATEMENTS) or not case.has(EVENTS):
        return False
    return bool(case.engine.arrow(f"SELECT 1 FROM {case.read(EVENTS)} LIMIT 1").num_rows)


def story_data(case: Case) -> dict[str, Any]:
    """Return what the section on the intrusion shows, computed from the tables of the last run."""
    hops, events = case.read(HOPS), case.read(EVENTS)
    made, known = case.events(), known_of(case)
    places = Places(known)
    steps = chain_steps(case.engine, hops, places)
    sizes = step_sizes(case.engine, events, hops)
    gaps = _rows(
        case, f'SELECT * FROM {case.read(GAPS)} ORDER BY NOT matters, host, "log", from_at, gap_id'
    )
    dates = dates_of(made)
    marks = case_marks(dates.contained_at, dates.discovered_at, dates.contained_kind)
    statements = _rows(case, f"SELECT * FROM {case.read(STATEMENTS)} ORDER BY position")
    taken = _rows(case, f'SELECT * FROM {case.read(TAKEN)} ORDER BY store, "table", element')
    return {
        "head": _head(
            steps, sizes, taken, gaps, dwell_words(Clock(known), first_access(steps), dates)
        ),
        "questions": _questions(statements, _lines(case, statements)),
        "picture": swimlane(steps, sizes, gaps, marks, places),
        "pages": swimlane_pages(steps, sizes, gaps, marks, places),
        "steps": [_step_row(s, sizes, places) for s in steps],
        "others": _rows(
            case,
            f"SELECT * FROM {hops} WHERE status <> 'chain' ORDER BY status, \"at\", hop_id LIMIT 200",
        ),
        "taken": _taken_rows(taken),
        "indicators": _rows(
            case, f"SELECT * FROM {case.read(INDICATORS)} ORDER BY role, kind, value LIMIT 500"
        ),
        "gaps": [{**g, "words": gap_words(g)} for g in gaps],
        "logs": _coverage(case),
    }


def head_words(case: Case) -> str:
    """Return how they got in, since when, for how long and how much left, in a line; "" without a timeline."""
    if not has_story(case):
        return ""
    known = known_of(case)
    steps = chain_steps(case.engine, case.read(HOPS), Places(known))
    first = first_access(steps)
    if first is None:
        return "Intrusion: the logs show no way in."
    clock, entered = Clock(known), first.phase == "initial_access"
    naming = Naming(known, Places(known))
    ends = [naming.place(str(first.row[end] or "")) for end in ("source", "destination")]
    way = (
        f"into {ends[1]} from {ends[0]}"
        if entered
        else f"first seen on {ends[1]}, the way in is not known"
    )
    dwell = dwell_words(clock, first, dates_of(case.events()))
    taken = _rows(case, f'SELECT * FROM {case.read(TAKEN)} ORDER BY store, "table", element')
    left = "; ".join(f"{what.split(',')[0]}: {words}" for words, what in _amounts(taken))
    since = f"since {clock.utc(first.at)}" + (f", {dwell}" if dwell else "")
    return f"Intrusion: {way}, {since}. Of the stores, {left}."


def _rows(case: Case, sql: str) -> Rows:
    return list(case.engine.arrow(sql).to_pylist())


def utc_words(at: datetime | None) -> str:
    """Return an instant as tables show it, to the second, in UTC."""
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _head(
    steps: tuple[Step, ...], sizes: Any, taken: Rows, gaps: Rows, dwell: str
) -> list[tuple[str, str]]:
    """Return the answers in large type: what each is, and its words."""
    first = first_access(steps)
    out = [s for s in steps if s.phase == "exfiltration"]
    left = sum(sizes[s.hop_id].size for s in out if s.hop_id in sizes)
    matter = sum(1 for g in gaps if g["matters"])
    entry = str(first.row["destination"] or first.destination) if first else "not known"
    label = "entry point" if first is None or first.phase == "initial_access" else "first host seen"
    return [
        (utc_words(first.at)[:16] + " UTC" if first else "not known", "first access"),
        (entry, label),
        (dwell or "not known", "dwell time"),
        (f"{len(steps):,}", "steps of the intruder"),
        (size_words(left) if left else "size not in the logs" if out else "none seen", "sent out"),
        *(_amounts(taken)),
        (f"{matter:,}", "gaps in logs that matter"),
    ]  # fmt: skip


def _amounts(taken: Rows) -> list[tuple[str, str]]:
    """Return how much is proved to have left, most likely, and how much more cannot be excluded; a table once."""
    tables = {(r["store"], r["table"]): r for r in taken if r["acquired_proof"] != "excluded"}
    proved = [r for r in tables.values() if r["acquired_proof"] == "proved"]
    rest = [r for r in tables.values() if r["acquired_proof"] != "proved"]
    open_end = any(r["upper"] is None for r in rest)
    made = [
        (
            _by_unit(proved, "best") if proved else "nothing",
            "proved to have left, most likely number",
        )
    ]
    if rest:
        most = _by_unit(rest, "upper") or "number not known"
        made.append(
            (f"{most}{' and more' if open_end else ''}", "at most may have left, not excluded")
        )
    return made


def _by_unit(rows: Rows, column: str) -> str:
    sums: dict[str, int] = {}
    for row in rows:
        unit = row["unit"] or "rows"
        sums[unit] = sums.get(unit, 0) + (row[column] or 0)
    return ", ".join(counted(n, unit) for unit, n in sorted(sums.items(), reverse=True) if n)


def _lines(case: Case, statements: Rows) -> dict[int, Rows]:
    """Return for each statement the log lines that carry it: first ones, one query for all."""
    pairs = [
        (s["position"], place, event)
        for s in statements
        for place, event in enumerate((s["event_ids"] or [])[:_LINES])
    ]
    wanted = case.engine.register(
        "story_lines",
        pa.table(
            {
                "position": pa.array([p for p, _, _ in pairs], pa.int64()),
                "place": pa.array([p for _, p, _ in pairs], pa.int64()),
                "event_id": pa.array([e for _, _, e in pairs], pa.int64()),
            }
        ),
    )
    rows = _rows(
        case,
        f"""
        SELECT w.position, e."at", e.host, e.line, e.error_ms,
               {PATH_SQL} AS path,
               left(concat_ws('  ', nullif(e.message, ''),
                   CASE WHEN contains(coalesce(e.message, ''), e.command) THEN NULL ELSE nullif(e.command, '') END,
                   CASE WHEN coalesce(e.message, '') = '' AND coalesce(e.command, '') = ''
                       THEN concat_ws(' ', e.kind, e.action, nullif(e.outcome, ''), e.account, e.src_ip, e.dst_ip,
                           e.object)
                   END), {_TEXT}) AS text
        FROM {wanted} AS w JOIN {case.read(EVENTS)} AS e ON e.event_id = w.event_id
        LEFT JOIN {case.read(LOG_FILES)} AS g ON g.log_id = e.log_id
        ORDER BY w.position, e."at" NULLS LAST, w.place
        """,
    )
    made: dict[int, Rows] = {}
    for row in rows:
        made.setdefault(row["position"], []).append({**row, "at": utc_words(row["at"])})
    return made


PATH_SQL = """g.path || CASE WHEN g.inner_path = ''
    OR starts_with(regexp_extract(g.path, '[^/]*$'), regexp_extract(g.inner_path, '[^/]*$')) THEN ''
    ELSE ' : ' || g.inner_path END"""
"""SQL of a log file's path (``g`` is ``log_files``) as given at intake.

A file inside a compressed file of the same name is not named twice.
"""


def _questions(statements: Rows, lines: dict[int, Rows]) -> Rows:
    made: dict[str, Rows] = {}
    for s in statements:
        found = lines.get(s["position"], [])
        more = max(0, len(s["event_ids"] or []) - len(found))
        made.setdefault(s["question"], []).append({**s, "lines": found, "more": more})
    return [{"question": q, "answers": a} for q, a in made.items()]


def _step_row(step: Step, sizes: Any, places: Places) -> dict[str, Any]:
    row, size = step.row, sizes.get(step.hop_id)
    amount = []
    if size and size.rows:
        amount.append(f"{size.rows:,} rows")
    if size and size.size and step.phase in ("staging", "exfiltration", "collection"):
        amount.append(size_words(size.size))
    return {
        "step": step.step,
        "at": utc_words(step.at),
        "to_at": utc_words(step.to_at) if step.to_at > step.at else "",
        "error_s": (row["at_error_ms"] or 0) / 1000,
        "phase": step.phase.replace("_", " "),
        "source": row["source"] or "",
        "destination": row["destination"] or "",
        "outside": places.is_outside(step.source),
        "account": step.account,
        "how": how_words(step.how),
        "technique": technique_words(row["technique"] or ""),
        "n_events": step.n_events,
        "confidence": row["confidence"] or 0.0,
        "why": row["why"] or "",
        "against": [a for a in row["against"] or [] if a],
        "amount": " · ".join(amount),
        "decided_by": row["decided_by"] or "",
    }


def _taken_rows(taken: Rows) -> Rows:
    """Return one row a table with its elements, and where its bounds stand on a bar of a hundred."""
    made = []
    for row, codes in grouped(taken):
        top = max(row["upper"] or 0, row["best"], 1)
        made.append(
            {
                **row,
                "elements": element_words(codes),
                "low_at": round(100 * row["lower"] / top, 1),
                "best_at": round(100 * row["best"] / top, 1),
                "open": row["upper"] is None,
            }
        )
    return made


def _coverage(case: Case) -> Rows:
    """Return the logs by host: files, lines, events, rejects, span, clock."""
    rows = _rows(
        case,
        f"""
        SELECT CASE WHEN host = '' THEN 'several hosts' ELSE host END AS host, parser, count(*) AS n_files,
               sum(n_lines)::BIGINT AS n_lines, sum(n_events)::BIGINT AS n_events, sum(n_rejects)::BIGINT AS n_rejects,
               sum(n_duplicates)::BIGINT AS n_duplicates, min(first_at) AS first_at, max(last_at) AS last_at,
               any_value(zone) AS "zone", max(abs(skew_ms)) AS skew_ms,
               count(*) FILTER (WHERE status <> 'read') AS n_unread
        FROM {case.read(LOG_FILES)} GROUP BY 1, 2 ORDER BY 1, 2
        """,
    )
    return [
        {**r, "first_at": utc_words(r["first_at"]), "last_at": utc_words(r["last_at"])}
        for r in rows
    ]
