"""The network: doors open to the internet, secrets that lie about, rights, trusts, ways to data, and their closure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

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
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS, PATH_FIXES

ADD = "add the company's lists, scans and configurations: amends add CASE FOLDER --role inventory --as-of DAY"


@dataclass(frozen=True)
class Group:
    """A group of facts that is a finding as it stands.

    Attributes:
        group: Its name in ``path_fixes``.
        kind: Kind of finding.
        measure: Measure.
        one: One of them, in words.
        more: Several of them; empty for one + s.
        needs: What would have to be added where nobody looked.
    """

    group: str
    kind: str
    measure: str
    one: str
    more: str
    needs: str


GROUPS = (
    Group(
        "exposed_device", "exposed_device", "exposed_services",
        "service that the internet reaches has no, weak or broken sign-in",
        "services that the internet reaches have no, weak or broken sign-in",
        "add a list of services (services.csv), and configurations or a scan from the internet, as an inventory",
    ),
    Group(
        "known_holes", "known_holes", "known_holes",
        "service has a hole that is exploited in the wild", "services have holes that are exploited in the wild",
        "add a list of services with their CVE numbers, and CISA's list (kev.csv), as an inventory",
    ),
    Group(
        "brute_force", "weak_logins", "weak_logins",
        "service asks for a password only and never locks out, or for nothing",
        "services ask for a password only and never lock out, or for nothing",
        "add a list of services with how they sign in (services.csv: auth, mfa, lockout) as an inventory",
    ),
    Group(
        "stored_credentials", "stored_credentials", "stored_credentials",
        "credential lies readable on a machine", "credentials lie readable on machines",
        "add the findings of a search for secrets (gitleaks, trufflehog or credential_findings.json) as an inventory",
    ),
    Group(
        "test_environment", "test_routes", "test_routes",
        "service outside test is reached from test", "services outside test are reached from test",
        "add lists of machines with their zones, and configurations or a scan from test, as an inventory",
    ),
    Group(
        "trusts", "trusts", "trusts",
        "machine lets another in without asking", "machines let another in without asking",
        "add authorized_keys and known_hosts of the machines as an inventory",
    ),
    Group(
        "admin_rights", "admin_rights", "admin_rights",
        "standing right to administer a machine", "standing rights to administer machines",
        "add lists of accounts, or sudoers files, as an inventory",
    ),
)  # fmt: skip


def findings(ground: Ground) -> list[Finding]:
    """Return what the network's evidence says."""
    return [
        *(_group(ground, group) for group in GROUPS),
        _reused(ground),
        _old(ground),
        _wide_readers(ground),
        _test_faults(ground),
        _open_ways(ground),
        _claims(ground),
        _slow(ground),
    ]


# groups of facts


def _fixes(ground: Ground, group: str) -> list[dict[str, object]]:
    return ground.rows(
        f"""SELECT * FROM {ground.name(PATH_FIXES)} WHERE "group" = ? ORDER BY moment, as_of, subject""",
        [group],
    )


def _then(rows: Sequence[Row], ground: Ground) -> Row | None:
    """Return the row of the latest evidence not later than the breach; the earliest where all is later."""
    dated = [r for r in rows if r["moment"] == "then" and not r["subject"]]
    if not dated:
        return None
    end = ground.breach_ended_on
    before = [r for r in dated if end and (on := day(r["as_of_on"])) and on <= end]
    return before[-1] if before else dated[0]


def _group(ground: Ground, group: Group) -> Finding:
    """Return the finding of a group of facts."""
    if not ground.has(PATH_FIXES):
        return not_measured(group.kind, group.measure, ADD)
    rows = _fixes(ground, group.group)
    now = next((r for r in rows if r["moment"] == "now" and not r["subject"]), None)
    if now is None or not now["looked"]:
        return not_measured(group.kind, group.measure, group.needs)
    return _found(ground, group, now, _then(rows, ground))


def _found(ground: Ground, group: Group, now: Row, then: Row | None) -> Finding:
    count, before = number(now["n_facts"]), number(then["n_facts"]) if then else 0
    places = sorted({*texts(now["places"]), *(texts(then["places"]) if then else ())})
    dates = _dates(ground, [*texts(now["fact_ids"]), *(texts(then["fact_ids"]) if then else ())])
    at = instant(now["looked_on"]) or _latest(ground)
    closed_on = day(dates["last_on"]) or day(at) if before and not count else None
    return Finding(
        group.kind,
        Measured(
            group.measure,
            float(count),
            at,
            (str(now["fix_id"]), *texts(now["fact_ids"])[:20]),
        ),
        _sentence(group, now, then, closed_on),
        fails=count > 0,
        persons=number(now["persons"]) if count else 0,
        persons_then=number(then["persons"]) if then else None,
        persons_removed=number(now["persons_removed"]) if count else None,
        on_path=_on_path(ground, places),
        places=tuple(texts(now["places"]) if count else places)[:PLACES],
        things=count if group.group == "stored_credentials" else 0,
        failed_in_breach=before > 0,
        failed_on=day(dates["first_on"]),
        closed_on=closed_on,
        reopened_on=day(dates["reopened_on"]) if count else None,
    )


def _sentence(group: Group, now: Row, then: Row | None, closed_on: date | None) -> str:
    count = number(now["n_facts"])
    if count:
        where = f": {named(texts(now['places']))}" if now["places"] else ""
        rest = f"; {many(number(now['n_on_ways']), 'of them serves', 'of them serve')} an open way"
        reach = number(now["persons"])
        people = f" to {many(reach, 'person', 'people')}" if reach else ""
        return f"{many(count, group.one, group.more)}{where}{rest}{people}."
    if then is not None and number(then["n_facts"]):
        was = many(number(then["n_facts"]), group.one, group.more)
        return f"On the day of the breach: {was} ({named(texts(then['places']))}). Proved gone on {said(closed_on)}."
    return f"The evidence of {said(day(now['looked_on']))} looks for it and shows none."


def _dates(ground: Ground, facts: Sequence[str]) -> Row:
    listed = ground.listed("controls_facts", sorted(set(facts)))
    try:
        return ground.row(
            f"""SELECT MIN(f.first_on) AS first_on, MAX(f.last_on) AS last_on,
                       MAX(f.last_on) FILTER (f.state = 'reopened') AS reopened_on
                FROM {ground.name(FACTS)} AS f JOIN {listed} AS l ON l.value = f.fact_id"""
        )
    finally:
        ground.engine.drop("controls_facts")


def _latest(ground: Ground) -> datetime | None:
    """Return the day of the latest evidence of the network."""
    if not ground.has(FACTS):
        return None
    return instant(ground.row(f"SELECT MAX(last_on) AS on_day FROM {ground.name(FACTS)}")["on_day"])


def _on_path(ground: Ground, places: Sequence[str]) -> bool:
    """Say whether the intruder's chain touches any of these machines, zones or stores."""
    touched = ground.chain_hosts
    zones = {ground.hosts[h].zone.lower() for h in touched if h in ground.hosts} - {""}
    return any(p.lower() in touched or p.lower() in zones for p in places)


# credentials and rights


def _reused(ground: Ground) -> Finding:
    """Return on how many machines the most reused credential opens something."""
    finding = _group(
        ground,
        Group("reused_credentials", "reused_credentials", "credential_reuse", "door is opened by a credential that "
              "opens other machines too", "doors are opened by credentials that open several machines",
              "add a list of accounts with the fingerprints of their secrets (accounts.csv) as an inventory"),
    )  # fmt: skip
    if finding.measured.value is None:
        return finding
    most = ground.row(
        f"""SELECT COALESCE(MAX(n), 0) AS n FROM (
                SELECT COUNT(DISTINCT split_part(split_part(target, ':', 2), ':', 1)) AS n
                FROM {ground.name(FACTS)} WHERE kind = 'opens' AND state <> 'verified' GROUP BY source)"""
    )["n"]
    return replace(finding, measured=replace(finding.measured, value=float(number(most))))


def _old(ground: Ground) -> Finding:
    """Return how long the oldest credential that lies readable has been known and still opens something."""
    kind, measure = "old_credentials", "credential_age"
    stored = _group(ground, next(g for g in GROUPS if g.group == "stored_credentials"))
    if stored.measured.value is None:
        return not_measured(kind, measure, stored.why)
    row = ground.row(
        f"""WITH holds AS (SELECT * FROM {ground.name(FACTS)} WHERE state <> 'verified')
            SELECT COUNT(DISTINCT s.source) AS n, COUNT(s.first_on) AS n_dated, MIN(s.first_on) AS first_on,
                   COALESCE(LIST(DISTINCT s.fact_id ORDER BY s.fact_id), []) AS ids,
                   COALESCE(LIST(DISTINCT regexp_replace(s.target, '^[a-z]+:', '')), []) AS places
            FROM holds AS s WHERE s.kind = 'stored_on'
              AND EXISTS (SELECT 1 FROM holds AS o WHERE o.kind = 'opens' AND o.source = s.source)"""
    )
    count, first, at = number(row["n"]), day(row["first_on"]), stored.measured.at
    if count and (first is None or at is None):
        return not_measured(kind, measure, "add the inventories with their dates (--as-of DAY)")
    age = (at.date() - first).days if count and at and first else 0
    since = f" The oldest has been known since {said(first)}: {many(age, 'day')}." if count else ""
    return Finding(
        kind,
        Measured(measure, float(age), at, tuple(texts(row["ids"])[:20]) or stored.measured.evidence),
        f"{many(count, 'credential that lies readable opens', 'credentials that lie readable open')} something.{since}",
        fails=count > 0,
        persons=stored.persons if count else 0,
        persons_then=stored.persons_then,
        on_path=_on_path(ground, texts(row["places"])) if count else stored.on_path,
        places=tuple(sorted(texts(row["places"]))[:PLACES]),
        failed_in_breach=stored.failed_in_breach,
        failed_on=first,
        closed_on=stored.measured.at.date() if not count and stored.failed_in_breach and stored.measured.at else None,
    )  # fmt: skip


def _wide_readers(ground: Ground) -> Finding:
    """Return how many accounts may read more than one store."""
    finding = _group(
        ground,
        Group("store_rights", "wide_readers", "wide_readers", "right to read a store", "rights to read stores",
              "add the grants of the databases and shares (grants.csv, or their own exports) as an inventory"),
    )  # fmt: skip
    if finding.measured.value is None:
        return finding
    wide = ground.rows(
        f"""SELECT source, LIST(DISTINCT target ORDER BY target) AS stores, MIN(first_on) AS first_on
            FROM {ground.name(FACTS)} WHERE kind = 'reads' AND state <> 'verified'
            GROUP BY source HAVING COUNT(DISTINCT target) > 1 ORDER BY source"""
    )
    used = {str(h["account"]).lower() for h in ground.chain if h["account"]}
    names = [str(r["source"]).partition(":")[2] for r in wide]
    firsts = [d for r in wide if (d := day(r["first_on"]))]
    return replace(
        finding,
        measured=replace(finding.measured, value=float(len(wide))),
        why=f"{many(len(wide), 'account')} may read more than one store"
        + (f": {named(names)}." if wide else "."),
        fails=bool(wide),
        persons=finding.persons if wide else 0,
        on_path=any(n.lower() in used for n in names),
        places=tuple(names[:PLACES]),
        failed_on=min(firsts, default=None),
        closed_on=None,
        failed_in_breach=bool(wide) and any(n.lower() in used for n in names),
    )


def _test_faults(ground: Ground) -> Finding:
    """Return how many test machines have weak sign-in, holes or readable credentials."""
    kind, measure = "test_faults", "test_faults"
    if not ground.has(PATH_FIXES):
        return not_measured(kind, measure, ADD)
    if not ground.test_hosts:
        return not_measured(
            kind, measure, "name the test machines: add a list of machines with zone or role"
        )
    groups = ("known_holes", "brute_force", "stored_credentials", "exposed_device")
    found: dict[str, dict[str, object]] = {}
    then: dict[str, dict[str, object]] = {}
    looked: list[object] = []
    for group in groups:
        rows = _fixes(ground, group)
        early = _then(rows, ground)
        for row in rows:
            if row["moment"] == "now" and not row["subject"] and row["looked"]:
                looked.append(row["looked_on"])
                found.update(
                    {p: row for p in texts(row["places"]) if p.lower() in ground.test_hosts}
                )
            if early and row["as_of"] == early["as_of"] and not row["subject"]:
                then.update(
                    {p: row for p in texts(row["places"]) if p.lower() in ground.test_hosts}
                )
    if not looked:
        return not_measured(kind, measure, ADD)
    at = max((i for v in looked if (i := instant(v))), default=None) or _latest(ground)
    single = ground.row(
        f"""SELECT COALESCE(MAX(persons), 0) AS persons, COALESCE(MAX(persons_removed), 0) AS removed
            FROM {ground.name(PATH_FIXES)} AS f WHERE moment = 'now' AND subject <> ''
              AND list_contains(?, subject) AND list_contains(?, "group")""",
        [sorted(found), list(groups)],
    )
    names = sorted(found)
    gone = day(at) if then and not found else None
    return Finding(
        kind,
        Measured(measure, float(len(found)), at, tuple(sorted({str(r["fix_id"]) for r in found.values()}))),
        f"{many(len(found), 'test machine has', 'test machines have')} weak sign-in, open holes or readable credentials"
        + (f": {named(names)}." if found else ".") + (f" Proved gone on {said(gone)}." if gone else ""),
        fails=bool(found),
        persons=number(single["persons"]) if found else 0,
        persons_then=max((number(r["persons"]) for r in then.values()), default=0) if then else None,
        persons_removed=number(single["removed"]) if found else None,
        on_path=_on_path(ground, sorted({*found, *then})),
        places=tuple(names or sorted(then))[:PLACES],
        failed_in_breach=bool(then),
        failed_on=min((d for r in then.values() if (d := day(r["as_of_on"]))), default=None),
        closed_on=gone,
    )  # fmt: skip


# ways and their closure


def _open_ways(ground: Ground) -> Finding:
    """Return how many ways to personal data are open, and how many people they reach."""
    kind, measure = "open_ways", "open_paths"
    if not ground.has(FACTS, PATH_FIXES):
        return not_measured(kind, measure, ADD, "persons_reachable")
    at = _latest(ground)
    reach = ground.rows(
        f"SELECT * FROM {ground.name(PATH_FIXES)} WHERE subject = '' ORDER BY moment, as_of"
    )
    now = next((r for r in reach if r["moment"] == "now"), None)
    then = _then(reach, ground)
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
        persons_removed=people if count else None,
        on_path=_on_path(ground, [t.partition(":")[2].rsplit(":", 1)[0] for t in texts(ways["first"])]),
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
            measure, float(count), _latest(ground), tuple(texts(row["ids"])[:20]) or ("facts",)
        ),
        f"{many(count, 'fault is', 'faults are')} said to be mended, and no evidence shows it"
        + (f": {named(about)}." if count else "."),
        fails=count > 0,
        persons=reach.persons if reach else 0,
        on_path=_on_path(ground, about),
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
    ways, at = _open_ways(ground), _latest(ground)
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
