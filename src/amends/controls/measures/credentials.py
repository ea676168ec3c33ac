"""Credentials and rights: reused, old, wide; and what of this lies on test machines."""

from __future__ import annotations

from dataclasses import replace

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
from amends.controls.measures.ways import (
    ADD,
    GROUPS,
    Group,
    fixes,
    latest,
    of_group,
    on_path,
    then_row,
)
from amends.tables.paths import FACTS, PATH_FIXES


def findings(ground: Ground) -> list[Finding]:
    """Return what the network's evidence says of credentials, rights and test machines."""
    return [_reused(ground), _old(ground), _wide_readers(ground), _test_faults(ground)]


def _reused(ground: Ground) -> Finding:
    """Return on how many machines the most reused credential opens something."""
    finding = of_group(
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
    stored = of_group(ground, next(g for g in GROUPS if g.group == "stored_credentials"))
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
        on_path=on_path(ground, texts(row["places"])) if count else stored.on_path,
        places=tuple(sorted(texts(row["places"]))[:PLACES]),
        failed_in_breach=stored.failed_in_breach,
        failed_on=first,
        closed_on=stored.measured.at.date() if not count and stored.failed_in_breach and stored.measured.at else None,
    )  # fmt: skip


def _wide_readers(ground: Ground) -> Finding:
    """Return how many accounts may read more than one store."""
    finding = of_group(
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
        rows = fixes(ground, group)
        early = then_row(rows, ground)
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
    at = max((i for v in looked if (i := instant(v))), default=None) or latest(ground)
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
        on_path=on_path(ground, sorted({*found, *then})),
        places=tuple(names or sorted(then))[:PLACES],
        failed_in_breach=bool(then),
        failed_on=min((d for r in then.values() if (d := day(r["as_of_on"]))), default=None),
        closed_on=gone,
    )  # fmt: skip
