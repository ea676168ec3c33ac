"""The network: doors open to the internet, secrets that lie about, rights, trusts, ways to data, and their closure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from amends.controls.measures.base import (
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
from amends.tables.paths import FACTS, PATH_FIXES

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
    return [of_group(ground, group) for group in GROUPS]


# groups of facts


def fixes(ground: Ground, group: str) -> list[dict[str, object]]:
    """Return the rows of a group: for now and for each date of evidence, whole and by place."""
    return ground.rows(
        f"""SELECT * FROM {ground.name(PATH_FIXES)} WHERE "group" = ? ORDER BY moment, as_of, subject""",
        [group],
    )


def then_row(rows: Sequence[Row], ground: Ground) -> Row | None:
    """Return the row of the latest evidence not later than the breach; the earliest where all is later."""
    dated = [r for r in rows if r["moment"] == "then" and not r["subject"]]
    if not dated:
        return None
    end = ground.breach_ended_on
    before = [r for r in dated if end and (on := day(r["as_of_on"])) and on <= end]
    return before[-1] if before else dated[0]


def of_group(ground: Ground, group: Group) -> Finding:
    """Return the finding of a group of facts."""
    if not ground.has(PATH_FIXES):
        return not_measured(group.kind, group.measure, ADD)
    rows = fixes(ground, group.group)
    now = next((r for r in rows if r["moment"] == "now" and not r["subject"]), None)
    if now is None or not now["looked"]:
        return not_measured(group.kind, group.measure, group.needs)
    return _found(ground, group, now, then_row(rows, ground))


def _found(ground: Ground, group: Group, now: Row, then: Row | None) -> Finding:
    count, before = number(now["n_facts"]), number(then["n_facts"]) if then else 0
    places = sorted({*texts(now["places"]), *(texts(then["places"]) if then else ())})
    dates = _dates(ground, [*texts(now["fact_ids"]), *(texts(then["fact_ids"]) if then else ())])
    at = instant(now["looked_on"]) or latest(ground)
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
        on_path=on_path(ground, places),
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


def latest(ground: Ground) -> datetime | None:
    """Return the day of the latest evidence of the network."""
    if not ground.has(FACTS):
        return None
    return instant(ground.row(f"SELECT MAX(last_on) AS on_day FROM {ground.name(FACTS)}")["on_day"])


def on_path(ground: Ground, places: Sequence[str]) -> bool:
    """Say whether the intruder's chain touches any of these machines, zones or stores."""
    touched = ground.chain_hosts
    zones = {ground.hosts[h].zone.lower() for h in touched if h in ground.hosts} - {""}
    return any(p.lower() in touched or p.lower() in zones for p in places)
