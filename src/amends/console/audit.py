"""The ledger as a page: who did what when, approvals, decisions, and a button that checks every seal."""

from __future__ import annotations

from urllib.parse import urlencode

import sqlalchemy as sa

from amends import custody
from amends.console.base import Facts, Visit, action, page
from amends.console.people import Place
from amends.kernel.case import Case
from amends.kernel.errors import EvidenceError
from amends.kernel.ledger import Line
from amends.kernel.register import DECISIONS, make_tables
from amends.notices.release import APPROVALS
from amends.notices.release import METADATA as RELEASE_TABLES

PAGE = 100


@page("/audit", name="audit", area="audit", template="audit.html", rows="lines")
def audit(visit: Visit) -> Facts:
    """Show the ledger, the latest line first, a hundred at a time."""
    act, actor, start = visit.asked("act"), visit.asked("actor"), visit.number("from", 0)
    lines = visit.desk.ledger.kept()
    found = [
        line for line in reversed(lines) if act in ("", line.act) and actor in ("", line.actor)
    ]
    return {
        "lines": [_shown(line) for line in found[start : start + PAGE]],
        "total": len(found),
        "act": act,
        "actor": actor,
        "acts": sorted({line.act for line in lines}),
        "actors": sorted({line.actor for line in lines}),
        "approvals": _approvals(visit),
        "checked": visit.desk.remembered("verified"),
        "_place": _place({"act": act, "actor": actor}, start, len(found)),
    }


def _shown(line: Line) -> dict[str, object]:
    return {
        "seq": line.seq,
        "at": line.at,
        "actor": line.actor,
        "act": line.act,
        "body": line.body,
        "digest": line.digest,
    }


def _place(words: dict[str, str], start: int, total: int) -> Place:
    kept = {k: v for k, v in words.items() if v}
    end = min(start + PAGE, total)

    def at(offset: int) -> str:
        return f"/audit?{urlencode({**kept, 'from': offset})}"

    before = at(max(0, start - PAGE)) if start else ""
    return Place(min(start + 1, total), end, total, before, at(end) if end < total else "")


def _approvals(visit: Visit) -> list[dict[str, object]]:
    """Return who approved which seal."""
    make_tables(visit.desk.register, RELEASE_TABLES)
    query = sa.select(APPROVALS.c.seal_id, APPROVALS.c.name, APPROVALS.c.digest, APPROVALS.c.at)
    with visit.desk.register.connect() as connection:
        return [dict(r) for r in connection.execute(query.order_by(APPROVALS.c.at)).mappings()]


@page(
    "/audit/decisions", name="decisions", area="audit", template="decisions.html", rows="decisions"
)
def decisions(visit: Visit) -> Facts:
    """Show every decision ever made, the latest first, those taken back included."""
    kind, start = visit.asked("kind"), visit.number("from", 0)
    query = sa.select(DECISIONS).order_by(DECISIONS.c.seq.desc())
    count = sa.select(sa.func.count()).select_from(DECISIONS)
    if kind:
        query, count = query.where(DECISIONS.c.kind == kind), count.where(DECISIONS.c.kind == kind)
    with visit.desk.register.connect() as connection:
        rows = [dict(r) for r in connection.execute(query.limit(PAGE).offset(start)).mappings()]
        total = int(connection.execute(count).scalar_one())
        kinds = list(connection.execute(sa.select(DECISIONS.c.kind).distinct()).scalars())
    place = _place({"kind": kind}, start, total)
    moved = [p.replace("/audit?", "/audit/decisions?") for p in (place.before, place.after)]
    return {
        "decisions": rows,
        "total": total,
        "kind": kind,
        "kinds": sorted(kinds),
        "_place": Place(place.first, place.last, total, *moved),
    }


def _faults(case: Case) -> list[str]:
    try:
        return [*custody.verify(case), *case.ledger.faults()]
    except EvidenceError as error:
        return [f"{error.what} ({error.where})"]


@action("/audit/verify", name="verify", area="audit")
def verify(visit: Visit) -> str:
    """Check every exhibit, the custody journal and the ledger against their seals, as ``amends verify`` does."""
    with visit.case() as case:
        faults = _faults(case)
    line = visit.note("verify", faults=len(faults))
    visit.desk.remember(
        "verified", {"at": line.at, "by": line.actor, "head": line.prev, "faults": faults[:200]}
    )
    visit.say(
        "Everything is as it was sealed."
        if not faults
        else f"{len(faults)} seals are broken: see below."
    )
    return "/audit"
