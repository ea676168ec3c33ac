"""Production data in test: stores on machines that the company itself calls test, and the real people in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from amends.controls.measures.base import (
    PLACES,
    Finding,
    Ground,
    Measured,
    Row,
    instant,
    many,
    named,
    not_measured,
    number,
    said,
    texts,
)
from amends.controls.measures.identifiers import direct_identifiers
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import RECORDS
from amends.tables.paths import ATTACK_PATHS
from amends.tables.persons import MEMBERSHIPS
from amends.taxonomy.environments import is_test_place

KIND, MEASURE, PEOPLE = (
    "production_in_test",
    "test_stores_with_production",
    "test_production_people",
)
INFERRED = 0.5
"""How sure it is where only the company's own list says that identifiers lie in a test store."""


def findings(ground: Ground) -> list[Finding]:
    """Return which test stores hold real people or identifiers."""
    stores = _test_stores(ground)
    if not ground.hosts and not stores:
        needs = "add lists of machines (zone or role) and of stores (machine), or say --store of each exhibit"
        return [not_measured(KIND, MEASURE, needs, PEOPLE)]
    if not stores:
        needs = "the lists name no test store: add them, or a sample of each test machine (amends vault test-check)"
        return [not_measured(KIND, MEASURE, needs, PEOPLE)]
    return [_finding(ground, stores)]


def _test_stores(ground: Ground) -> dict[str, str]:
    """Return the test stores by lower-case name, as they are called."""
    found: dict[str, str] = {}
    for key, store in ground.stores.items():
        host = ground.hosts.get(store.host.lower())
        if is_test_place(store.name, store.host) or (host is not None and host.is_test):
            found[key] = store.name
    if ground.has(EXHIBITS):
        for row in ground.rows(
            f"""SELECT DISTINCT TRIM(store) AS store FROM {ground.name(EXHIBITS)}
                WHERE role IN ('stolen', 'roster') AND TRIM(store) <> '' ORDER BY 1"""
        ):
            name = str(row["store"])
            if is_test_place(name):
                found.setdefault(name.lower(), name)
    return dict(sorted(found.items()))


def _finding(ground: Ground, stores: dict[str, str]) -> Finding:
    proved, people, in_test = _overlap(ground, list(stores))
    listed = [
        k for k in stores if k in ground.stores and ground.stores[k].elements & direct_identifiers()
    ]
    read, at = _read(ground, list(stores))
    wrong = sorted({*proved, *listed})
    if not wrong and not read:
        needs = (
            "add a sample of each test store (--store NAME), or run amends vault test-check: "
            + named(list(stores.values()))
        )
        return not_measured(KIND, MEASURE, needs, PEOPLE)
    names = [stores[k] for k in wrong]
    count = people or (_told(ground, wrong) if wrong else 0)
    return Finding(
        KIND,
        Measured(MEASURE, float(len(wrong)), at, ("records", "exhibits") if proved or read else ("stores.csv",)),
        _why(ground, stores, proved, listed, people, in_test, at),
        fails=bool(wrong),
        persons=count,
        persons_then=count if wrong else None,
        on_path=_touched(ground, wrong),
        observed=1.0 if proved or not wrong else INFERRED,
        places=tuple(names[:PLACES]),
        failed_in_breach=bool(wrong),
        failed_on=at.date() if at and wrong else None,
        also=(_people(people, proved, read, at),),
    )  # fmt: skip


def _people(people: int, proved: Sequence[str], read: bool, at: datetime | None) -> Measured:
    if proved or read:
        return Measured(PEOPLE, float(people), at, ("records", "memberships"))
    return Measured(
        PEOPLE, None, why_not="add a sample of each test store, or run amends vault test-check"
    )


def _overlap(ground: Ground, stores: Sequence[str]) -> tuple[list[str], int, int]:
    """Return the test stores that hold real people, how many these are, and how many people test stores hold at all.

    Somebody is real who also stands in a store that is not test: one set operation on records and memberships.
    """
    if not ground.has(RECORDS, MEMBERSHIPS):
        return [], 0, 0
    tests = ground.listed("controls_test_stores", stores)
    try:
        row = ground.row(
            f"""WITH in_test AS (
                    SELECT DISTINCT m.person_id, LOWER(TRIM(r.store)) AS place
                    FROM {ground.name(RECORDS)} AS r JOIN {ground.name(MEMBERSHIPS)} AS m USING (record_id)
                    WHERE LOWER(TRIM(r.store)) IN (SELECT value FROM {tests})),
                real AS (
                    SELECT DISTINCT m.person_id
                    FROM {ground.name(MEMBERSHIPS)} AS m SEMI JOIN in_test USING (person_id)
                    JOIN {ground.name(RECORDS)} AS r USING (record_id)
                    WHERE LOWER(TRIM(COALESCE(r.store, ''))) NOT IN (SELECT value FROM {tests}))
                SELECT (SELECT COUNT(DISTINCT person_id) FROM in_test) AS n_in_test,
                       (SELECT COUNT(*) FROM real) AS n_real,
                       COALESCE((SELECT LIST(DISTINCT place ORDER BY place)
                                 FROM in_test SEMI JOIN real USING (person_id)), []) AS places"""
        )
    finally:
        ground.engine.drop("controls_test_stores")
    return texts(row["places"]), number(row["n_real"]), number(row["n_in_test"])


def _read(ground: Ground, stores: Sequence[str]) -> tuple[bool, datetime | None]:
    """Return whether any exhibit of these stores was read, and the day of the latest evidence about them."""
    if not ground.has(EXHIBITS, ITEMS):
        return False, None
    tests = ground.listed("controls_test_stores", stores)
    try:
        row = ground.row(
            f"""SELECT COUNT(*) FILTER (i.status = 'read' AND i.kind = 'table') AS n,
                       MAX(COALESCE(e.as_of_on, CAST(e.received_at AS DATE))) AS at
                FROM {ground.name(EXHIBITS)} AS e LEFT JOIN {ground.name(ITEMS)} AS i USING (exhibit_id)
                WHERE LOWER(TRIM(e.store)) IN (SELECT value FROM {tests})"""
        )
        if row["at"] is None:
            row = {
                **row,
                **ground.row(
                    f"""SELECT MAX(COALESCE(as_of_on, CAST(received_at AS DATE))) AS at
                        FROM {ground.name(EXHIBITS)} WHERE role IN ('roster', 'inventory')"""
                ),
            }
    finally:
        ground.engine.drop("controls_test_stores")
    return number(row["n"]) > 0, instant(row["at"])


def _told(ground: Ground, stores: Sequence[str]) -> int:
    """Return the people that ways lead to in these stores, as the company's list or the case counts them."""
    if not ground.has(ATTACK_PATHS):
        return 0
    wanted = ground.listed("controls_test_stores", stores)
    try:
        return number(
            ground.row(
                f"""SELECT COALESCE(SUM(n), 0) AS n FROM (
                        SELECT MAX(persons) AS n FROM {ground.name(ATTACK_PATHS)}
                        WHERE LOWER(store) IN (SELECT value FROM {wanted}) GROUP BY store)"""
            )["n"]
        )
    finally:
        ground.engine.drop("controls_test_stores")


def _touched(ground: Ground, stores: Sequence[str]) -> bool:
    """Say whether the intruder was on the machine of any of these stores, or something of it was stolen."""
    hosts = {ground.stores[s].host.lower() for s in stores if s in ground.stores}
    if (hosts | set(stores)) & ground.chain_hosts:
        return True
    if not ground.has(EXHIBITS) or not stores:
        return False
    wanted = ground.listed("controls_test_stores", stores)
    try:
        row = ground.row(
            f"""SELECT COUNT(*) AS n FROM {ground.name(EXHIBITS)}
                WHERE role = 'stolen' AND LOWER(TRIM(store)) IN (SELECT value FROM {wanted})"""
        )
    finally:
        ground.engine.drop("controls_test_stores")
    return number(row["n"]) > 0


def _why(
    ground: Ground,
    stores: dict[str, str],
    proved: Sequence[str],
    listed: Sequence[str],
    people: int,
    in_test: int,
    at: datetime | None,
) -> str:
    parts = []
    if proved:
        share = people / in_test if in_test else 1.0
        parts.append(
            f"{many(people, 'person', 'people')} of {in_test:,} found in {named([stores[s] for s in proved])} "
            f"({share:.0%}) also stand in production."
        )
    said_only = [s for s in listed if s not in proved]
    if said_only:
        codes: Row = {"codes": sorted(set().union(*(ground.stores[s].elements for s in said_only)))}
        parts.append(
            f"The company's own list says that {named([stores[s] for s in said_only])} "
            f"{'holds' if len(said_only) == 1 else 'hold'} {named(texts(codes['codes']), 8)}."
        )
    if not parts:
        parts.append(
            f"What was read of {named(list(stores.values()))} on {said(at)} holds nobody of production."
        )
    return " ".join(parts)
