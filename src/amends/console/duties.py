"""Duties: who is told, by when and why; the calendar; the worksheets of filings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from starlette.responses import Response

from amends.console.base import Facts, Missing, Visit, file, page
from amends.duties import calendar_ics, case_worksheets
from amends.kernel import clock
from amends.kernel.case import Case
from amends.report import funnel
from amends.tables.duties import DUTIES, DUTY_GROUPS

Row = dict[str, object]

ROWS = 50
SOON_DAYS = 7
"""Days before a deadline from which it is marked as near: a working week and what it takes to print."""

ANSWERS = ("required", "needs_judgement", "not_required")


def mark(due_on: object, today: date) -> dict[str, object]:
    """Return how a deadline stands: ``when`` (passed, soon, later, open), ``days`` left and ``words``."""
    if not isinstance(due_on, date):
        return {"when": "open", "days": None, "words": "no number of days"}
    days = (due_on - today).days
    if days < 0:
        return {"when": "passed", "days": days, "words": f"passed {_days(-days)} ago"}
    when = "soon" if days <= SOON_DAYS else "later"
    return {"when": when, "days": days, "words": "today" if days == 0 else f"in {_days(days)}"}


def _days(n: int) -> str:
    return f"{n} day" if n == 1 else f"{n} days"


@page("/duties", name="duties", area="duties", template="duties/home.html", rows="groups")
def home(visit: Visit) -> Facts:
    """Show the duty groups, residence by elements, and the nearest deadlines."""
    answer, place = visit.asked("answer"), visit.asked("residence")
    at = visit.number("page", 0, most=1_000_000)
    with visit.case() as case:
        groups, total = _groups(case, answer, place, at)
        residences = _residences(case)
        clocks = _clocks(visit, case)
    today = clock.now().date()
    nearest = sorted(clocks, key=lambda c: (c.due_on is None, str(c.due_on)))
    return {
        "answer": answer if answer in ANSWERS else "",
        "residence": place,
        "groups": [{**g, "deadline": mark(g["due_on"], today)} for g in groups],
        "n_groups": total,
        "residences": residences,
        "passed": sum(1 for c in clocks if c.days_left is not None and c.days_left < 0),
        "soon": sum(1 for c in clocks if c.days_left is not None and 0 <= c.days_left <= SOON_DAYS),
        "later": sum(1 for c in clocks if c.days_left is not None and c.days_left > SOON_DAYS),
        "no_day": sum(1 for c in clocks if c.days_left is None),
        "_nearest": [c for c in nearest if c.days_left is not None and c.days_left >= 0][:8],
        "_answers": ANSWERS,
        "_links": _links(answer, place, at, total),
        "_mark": mark,
        "_today": today,
    }


def _clocks(visit: Visit, case: Case) -> list[funnel.Clock]:
    key = (visit.desk.tables_stamp(), clock.now().date())
    return visit.desk.kept("duties:clocks", key, lambda: funnel.clocks(case))


def _groups(case: Case, answer: str, place: str, at: int) -> tuple[list[Row], int]:
    if not case.has(DUTY_GROUPS):
        return [], 0
    view = case.read(DUTY_GROUPS)
    where, values = ["TRUE"], []
    if answer in ANSWERS:
        where.append("notify = ?")
        values.append(answer)
    if place:
        where.append("coalesce(residence, 'unknown') = ?")
        values.append(place)
    sql = f"FROM {view} WHERE {' AND '.join(where)}"
    total = int(case.engine.arrow(f"SELECT count(*) AS n {sql}", values)["n"][0].as_py())
    rows = case.engine.arrow(
        f"""SELECT group_id, coalesce(residence, 'unknown') AS residence, elements, secured, status, owner, n_persons,
            notify, tell, due_on, standard, target_on, id_protection_months, why, sources, confidence
        {sql} ORDER BY n_persons DESC, group_id LIMIT {ROWS} OFFSET {at * ROWS}""",
        values,
    ).to_pylist()
    return [dict(r) for r in rows], total


def _residences(case: Case) -> list[str]:
    if not case.has(DUTY_GROUPS):
        return []
    sql = f"SELECT DISTINCT coalesce(residence, 'unknown') AS r FROM {case.read(DUTY_GROUPS)} ORDER BY r"
    return list(case.engine.arrow(sql)["r"].to_pylist())


def _links(answer: str, place: str, at: int, total: int) -> dict[str, object]:
    asked = {k: v for k, v in (("answer", answer), ("residence", place)) if v}
    first = at * ROWS
    return {
        "before": "/duties?" + urlencode({"page": at - 1, **asked}) if at else "",
        "after": "/duties?" + urlencode({"page": at + 1, **asked}) if first + ROWS < total else "",
        "first": min(first + 1, total),
        "last": min(first + ROWS, total),
        "total": total,
    }


@page(
    "/duties/groups/{group_id}",
    name="duty_group",
    area="duties",
    template="duties/group.html",
    rows="duties",
)
def group(visit: Visit) -> Facts:
    """Show one duty group: who is in it, what is owed to them, why, and by which source."""
    with visit.case() as case:
        found = _one(case, "group_id", visit.path("group_id"), "duty_groups")
        owed = case.engine.arrow(
            f"SELECT * FROM {case.read(DUTIES)} WHERE group_id = ? ORDER BY due_on NULLS LAST, jurisdiction",
            [visit.path("group_id")],
        ).to_pylist()
    today = clock.now().date()
    return {
        "group": {**found, "deadline": mark(found["due_on"], today)},
        "duties": [{**d, "deadline": mark(d["due_on"], today)} for d in owed],
        "may_decide": visit.may("review", act=True),
    }


def _one(case: Case, key: str, value: str, name: str) -> Row:
    table = DUTY_GROUPS if name == "duty_groups" else DUTIES
    rows = case.engine.arrow(
        f"SELECT * FROM {case.read(table)} WHERE {key} = ?", [value]
    ).to_pylist()
    if not rows:
        raise Missing("There is no such duty in the last run", remedy="see them under Duties")
    return dict(rows[0])


@page(
    "/duties/calendar",
    name="calendar",
    area="duties",
    template="duties/calendar.html",
    rows="deadlines",
)
def calendar(visit: Visit) -> Facts:
    """Show what is due on which day."""
    with visit.case() as case:
        clocks = _clocks(visit, case)
    today = clock.now().date()
    deadlines = [
        {"due_on": c.due_on, "law": c.jurisdiction, "who": c.who, "recipient": c.recipient, "answer": c.answer,
         "n_persons": c.n_persons, "why": c.why,
         **mark(date.fromisoformat(c.due_on) if c.due_on else None, today)}
        for c in clocks
    ]  # fmt: skip
    days: dict[str, list[Row]] = {}
    for row in deadlines:
        days.setdefault(str(row["due_on"] or ""), []).append(row)
    return {
        "today": today.isoformat(),
        "deadlines": deadlines,
        "_days": [
            (day, date.fromisoformat(day).strftime("%A") if day else "", rows)
            for day, rows in sorted(days.items(), key=lambda d: (not d[0], d[0]))
        ],
    }  # fmt: skip


@file("/duties/calendar.ics", name="calendar_file", area="duties")
def calendar_file(visit: Visit) -> Response:
    """Return the calendar for the team's own calendars."""
    with visit.case() as case:
        rows = case.engine.arrow(
            f"SELECT * FROM {case.read(DUTIES)} WHERE answer <> 'not_required'"
        ).to_pylist()
        text = calendar_ics(rows, case.name, case.run_id())
    named = {"content-disposition": 'attachment; filename="duties.ics"'}
    return Response(text, media_type="text/calendar; charset=utf-8", headers=named)


@page(
    "/duties/filings", name="filings", area="duties", template="duties/filings.html", rows="filings"
)
def filings(visit: Visit) -> Facts:
    """List what authorities are told, the earliest first, with what each worksheet still lacks."""
    today = clock.now().date()
    return {
        "filings": [
            {"duty_id": w["duty_id"], "jurisdiction": w["jurisdiction"], "to": w["to"], "stage": w["stage"],
             "answer": w["answer"], "due_on": w["due_on"], "residents": w["residents"], "total": w["total"],
             "missing": w["missing"], "order": w["order"], "deadline": mark(_day(w["due_on"]), today)}
            for w in _worksheets(visit)
        ]
    }  # fmt: skip


def _worksheets(visit: Visit) -> list[Mapping[str, object]]:
    def make() -> list[Mapping[str, object]]:
        with visit.case() as case:
            return list(case_worksheets(case)) if case.has(DUTIES) else []

    return visit.desk.kept(
        "duties:worksheets", (visit.desk.tables_stamp(), visit.desk.acts_stamp()), make
    )


def _day(value: object) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value else None


@page(
    "/duties/filings/{duty_id}",
    name="filing",
    area="duties",
    template="duties/filing.html",
    rows="asked",
)
def filing(visit: Visit) -> Facts:
    """Show one worksheet: every field of the authority's form, and what the case does not know."""
    found = next((w for w in _worksheets(visit) if w["duty_id"] == visit.path("duty_id")), None)
    if found is None:
        raise Missing("There is no such filing in the last run", remedy="see them under Duties")
    hidden = {"asked", "why", "source", "confidence", "not_legal_advice", "duty_id", "contact"}
    return {
        **found,
        "deadline": mark(_day(found["due_on"]), clock.now().date()),
        "_fields": [(k, v) for k, v in found.items() if k not in hidden],
    }
