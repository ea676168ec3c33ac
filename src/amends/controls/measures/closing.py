"""Ways to personal data, and their closure: how many are open, what is only claimed, how long it took."""

from __future__ import annotations

from datetime import UTC, datetime, time

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
    said,
    texts,
)
from amends.controls.measures.ways import (
    ADD,
    latest,
    on_path,
    then_row,
)
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS, PATH_FIXES


def findings(ground: Ground) -> list[Finding]:
    """Return what the network's evidence says of ways and their closure."""
    return [_open_ways(ground), _claims(ground), _slow(ground)]


def _open_ways(ground: Ground) -> Finding:
    """Return how many ways to personal data are open, and how many people they reach."""
    kind, measure = "open_ways", "open_paths"
    if not ground.has(FACTS, PATH_FIXES):
        return not_measured(kind, measure, ADD, "persons_reachable")
    at = latest(ground)
    reach = ground.rows(
        f"SELECT * FROM {ground.name(PATH_FIXES)} WHERE subject = '' ORDER BY moment, as_of"
    )
    now = next((r for r in reach if r["moment"] == "now"), None)
    then = then_row(reach, ground)
    ways: Row = {"n": 0, "stores": [], "ids": [], "first": []}
    if ground.has(ATTACK_PATHS):
        ways = ground.row(
            f"""SELECT COUNT(DISTINCT path_id) AS n, COALESCE(LIST(DISTINCT store ORDER BY store), []) AS stores,
                       COALESCE(LIST(DISTINCT path_id ORDER BY path_id), []) AS ids,
                       COALESCE(LIST(DISTINCT "to"), []) AS first
                FROM {ground.name(ATTACK_PATHS)} WHERE is_open"""
        )
    count, people = number(ways["n"]), number(now["persons_before"]) if now else 0
    before = number(then["persons_before"]) if then else 0
    told = f"{many(count, 'way is', 'ways are')} open from the internet"
    told += (
        f" to {named(texts(ways['stores']))}: {many(people, 'person', 'people')}." if count else "."
    )
    if before:
        told += f" On the day of the breach they reached {many(before, 'person', 'people')}."
    evidence = tuple(texts(ways["ids"])[:20]) or ("attack_paths", "facts")
    return Finding(
        kind,
        Measured(measure, float(count), at, evidence),
        told,
        fails=count > 0,
        persons=people if count else 0,
        persons_then=before if then else None,
        persons_removed=None,  # each fix says its own share: to close every way is not a fix
        on_path=on_path(ground, [t.partition(":")[2].rsplit(":", 1)[0] for t in texts(ways["first"])]),
        places=tuple(texts(ways["stores"])[:PLACES]),
        failed_in_breach=before > 0,
        failed_on=day(then["as_of_on"]) if then and before else None,
        closed_on=day(at) if before and not count else None,
        also=(Measured("persons_reachable", float(people), at, evidence),),
    )  # fmt: skip


def _claims(ground: Ground) -> Finding:
    """Return how many faults are said to be mended without evidence."""
    kind, measure = "unproved_closures", "unproved_closures"
    if not ground.has(FACTS):
        return not_measured(kind, measure, ADD)
    row = ground.row(
        f"""SELECT COUNT(*) AS n, COALESCE(LIST(fact_id ORDER BY fact_id), []) AS ids,
                   COALESCE(LIST(DISTINCT COALESCE(NULLIF(target, ''), source)), []) AS about,
                   COUNT(*) FILTER (n_paths > 0) AS n_on_ways
            FROM {ground.name(FACTS)} WHERE state = 'claimed'"""
    )
    count = number(row["n"])
    about = sorted({a.partition(":")[2].rsplit(":", 1)[0] for a in texts(row["about"])})
    reach = _open_ways(ground) if count and number(row["n_on_ways"]) else None
    return Finding(
        kind,
        Measured(
            measure, float(count), latest(ground), tuple(texts(row["ids"])[:20]) or ("facts",)
        ),
        f"{many(count, 'fault is', 'faults are')} said to be mended, and no evidence shows it"
        + (f": {named(about)}." if count else "."),
        fails=count > 0,
        persons=reach.persons if reach else 0,
        on_path=on_path(ground, about),
        observed=HIDES,
        things=count,
        places=tuple(about[:PLACES]),
    )


def _slow(ground: Ground) -> Finding:
    """Return the days from discovery until the last way was proved shut, or so far."""
    kind, measure = "slow_closure", "time_to_verified_closure"
    if not ground.has(FACTS):
        return not_measured(kind, measure, ADD)
    if ground.discovered_at is None:
        return not_measured(
            kind, measure, "enter the day of discovery: amends event add CASE discovery DAY"
        )
    ways, at = _open_ways(ground), latest(ground)
    if at is None or not (ways.fails or ways.failed_in_breach):
        return not_measured(
            kind, measure, "no dated evidence shows a way that could have been closed"
        )
    last = at if ways.fails else _last_closed(ground) or at
    days = max((last.date() - ground.discovered_at.date()).days, 0)
    still = "and ways are open still" if ways.fails else "and no way is left"
    return Finding(
        kind,
        Measured(measure, float(days), at, ("closures", *ways.measured.evidence[:10])),
        f"{many(days, 'day')} from discovery to the evidence of {said(last)}, {still}.",
        fails=ways.fails or not measure_kinds()[measure].is_reached(days),
        persons=ways.persons,
        persons_then=ways.persons_then,
        on_path=ways.on_path,
        observed=HIDES,
        places=ways.places,
        failed_in_breach=False,
    )


def _last_closed(ground: Ground) -> datetime | None:
    """Return the day of the evidence that proved the last fix done."""
    if not ground.has(CLOSURES):
        return None
    row = ground.row(
        f"""SELECT MAX(f.last_on) AS on_day FROM (
                SELECT UNNEST(fact_ids) AS fact_id FROM {ground.name(CLOSURES)} WHERE state = 'verified') AS c
            JOIN {ground.name(FACTS)} AS f USING (fact_id)"""
    )
    on = day(row["on_day"])
    return datetime.combine(on, time(), UTC) if on else None
