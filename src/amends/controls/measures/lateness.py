"""Lateness: notices and filings past their last day, by the duties and what was sent."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from amends.controls.measures.base import (
    PLACES,
    Finding,
    Ground,
    Measured,
    day,
    instant,
    many,
    named,
    not_measured,
    number,
    said,
    texts,
)
from amends.tables.custody import EXCEPTIONS, EXHIBITS
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.notices import NOTICES


def findings(ground: Ground) -> list[Finding]:
    """Return what is late, and what was never read."""
    return [_notices(ground), _filings(ground), _unread(ground)]


def _notices(ground: Ground) -> Finding:
    """Return the people whose notice is late: past its last day unsent, or sent after it."""
    kind, measure = "late_notices", "late_notices"
    if not ground.has(DUTY_GROUPS, PERSON_GROUPS, NOTICES):
        return not_measured(
            kind, measure, "run the case as far as notices: the dates of the case and the people are missing"
        )  # fmt: skip
    sent = ground.engine.register("controls_sent", _sent_table(ground))
    try:
        row = ground.row(
            f"""WITH owed AS (
                    SELECT p.person_id, g.due_on FROM {ground.name(PERSON_GROUPS)} AS p
                    JOIN {ground.name(DUTY_GROUPS)} AS g USING (group_id) WHERE g.tell AND g.due_on IS NOT NULL),
                told AS (
                    SELECT n.person_id, MIN(s.sent_on) AS sent_on FROM {ground.name(NOTICES)} AS n
                    JOIN {sent} AS s ON s.seal_id = n.sealed_in AND s.channel = n.channel
                    WHERE n.kind = 'first' GROUP BY n.person_id)
                SELECT COUNT(*) AS n_owed, COUNT(t.person_id) AS n_told, MIN(o.due_on) AS first_due,
                       COUNT(*) FILTER (t.sent_on > o.due_on) AS n_sent_late,
                       COUNT(*) FILTER (t.sent_on IS NULL AND o.due_on < ?) AS n_unsent,
                       MAX(o.due_on) FILTER (o.due_on < ?) AS passed_on, MAX(t.sent_on) AS last_sent
                FROM owed AS o LEFT JOIN told AS t USING (person_id)""",
            [ground.today, ground.today],
        )
    finally:
        ground.engine.drop("controls_sent")
    late, owed = number(row["n_sent_late"]) + number(row["n_unsent"]), number(row["n_owed"])
    at = max((i for k in ("passed_on", "last_sent") if (i := instant(row[k]))), default=None)
    if not owed:
        return not_measured(
            kind, measure, "no duty to tell people has a last day yet: enter the dates of the case"
        )
    if at is None:
        return not_measured(
            kind, measure,
            f"nothing is sent, and no last day has passed: the first is {said(day(row['first_due']))}",
        )  # fmt: skip
    why = (
        f"{many(late, 'person has', 'people have')} not been told in time: {number(row['n_unsent']):,} not at all, "
        f"{number(row['n_sent_late']):,} after the last day."
        if late
        else f"Nobody of {owed:,} people was told late by {said(at)}; {number(row['n_told']):,} are told."
    )
    return Finding(
        kind,
        Measured(measure, float(late), at, ("duty_groups", "notices", "deliveries")),
        why,
        fails=late > 0,
        persons=late,
        failed_on=day(row["passed_on"]) if late else None,
    )


def _sent_table(ground: Ground) -> pa.Table:
    shape = pa.schema(
        [("seal_id", pa.string()), ("channel", pa.string()), ("sent_on", pa.date32())]
    )
    return pa.Table.from_pylist([dict(r) for r in ground.sent], shape)


def _filings(ground: Ground) -> Finding:
    """Return the filings past their last day that no event of the case records as made."""
    kind, measure = "late_filings", "late_filings"
    if not ground.has(DUTIES):
        return not_measured(kind, measure, "run the case as far as duties")
    rows = ground.rows(
        f"""SELECT duty_id, jurisdiction, recipient, "to", due_on FROM {ground.name(DUTIES)}
            WHERE recipient <> 'person' AND answer = 'required' AND due_on IS NOT NULL ORDER BY due_on, duty_id"""
    )
    if not rows:
        return not_measured(kind, measure, "no filing with a last day is owed by what is known")
    late, made = [], []
    for row in rows:
        due, filed = day(row["due_on"]), _filed(ground, str(row["jurisdiction"]), str(row["to"]))
        if filed:
            made.append(filed)
        if due and (filed > due.isoformat() if filed else due < ground.today):
            late.append(row)
    passed = [d for r in rows if (d := day(r["due_on"])) and d < ground.today]
    last = max([*(d.isoformat() for d in passed), *made], default="")
    if not last:
        return not_measured(
            kind, measure, f"nothing is filed, and no last day has passed: the first is {said(day(rows[0]['due_on']))}"
        )  # fmt: skip
    who = sorted({f"{r['jurisdiction']} {r['to']}".strip() for r in late})
    return Finding(
        kind,
        Measured(
            measure, float(len(late)), instant(_iso(last)), tuple(str(r["duty_id"]) for r in (late or rows)[:20])
        ),
        f"{many(len(late), 'filing is', 'filings are')} late or not recorded as made"
        + (f": {named(who)}." if who else "."),
        fails=bool(late),
        persons=ground.persons if late else 0,
        places=tuple(who[:PLACES]),
        failed_on=min((d for r in late if (d := day(r["due_on"]))), default=None),
    )  # fmt: skip


def _filed(ground: Ground, jurisdiction: str, to: str) -> str:
    """Return the day on which the case records a filing; "" for none."""
    for kind in (f"filed_{jurisdiction}_{to}", f"filed_{jurisdiction}", f"filed_{to}"):
        for known, at in ground.events.items():
            if known.lower() == kind.rstrip("_").lower():
                return at[:10]
    return ""


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _unread(ground: Ground) -> Finding:
    kind, measure = "unread_evidence", "unread_evidence"
    if not ground.has(EXHIBITS):
        return not_measured(kind, measure, "add evidence: amends add CASE PATH")
    at = instant(
        ground.row(f"SELECT MAX(received_at) AS at FROM {ground.name(EXHIBITS)}")["at"]
    )  # fmt: skip
    row: dict[str, object] = {"n": 0, "ids": [], "reasons": []}
    if ground.has(EXCEPTIONS):
        row = ground.row(
            f"""SELECT COUNT(*) AS n, COALESCE(LIST(exception_id ORDER BY exception_id), []) AS ids,
                       COALESCE(LIST(DISTINCT reason ORDER BY reason), []) AS reasons
                FROM {ground.name(EXCEPTIONS)} WHERE disposition = 'open'"""
        )
    count = number(row["n"])
    reasons = [r.replace("_", " ") for r in texts(row["reasons"])]
    return Finding(
        kind,
        Measured(measure, float(count), at, tuple(texts(row["ids"])[:20]) or ("exceptions",)),
        f"{many(count, 'piece of evidence is', 'pieces of evidence are')} unread and undecided"
        + (f": {named(reasons)}." if reasons else "."),
        fails=count > 0,
        failed_on=day(at) if count else None,
    )
