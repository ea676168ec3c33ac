"""What the measures stand on: the tables of the case, its dates, and the company's own lists of machines and stores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import sqlalchemy as sa

from amends.controls.inventory import Lists, read_lists
from amends.controls.measures.base import Ground, ListedStore, Place, Row, instant, number
from amends.controls.oldest import oldest_record
from amends.controls.vault_audit import read_vault
from amends.kernel import clock
from amends.kernel.case import Case
from amends.kernel.register import CaseEvent
from amends.kernel.schema import Table
from amends.tables.custody import EXCEPTIONS, EXHIBITS, ITEMS
from amends.tables.duties import DUTIES, DUTY_GROUPS, PERSON_GROUPS
from amends.tables.elements import COLUMNS, FINDINGS, RECORDS, UNATTRIBUTED
from amends.tables.notices import NOTICES
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS, PATH_FIXES
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS, PERSONS
from amends.tables.timeline import DETECTIONS, EVENTS, GAPS, HOPS, LOG_FILES, TAKEN
from amends.taxonomy.environments import is_test_place

READS: tuple[Table, ...] = (
    EXHIBITS, ITEMS, EXCEPTIONS, COLUMNS, FINDINGS, RECORDS, UNATTRIBUTED, EVENTS, LOG_FILES, DETECTIONS, HOPS, TAKEN,
    GAPS, MEMBERSHIPS, PERSONS, PERSON_ELEMENTS, DUTY_GROUPS, PERSON_GROUPS, DUTIES, NOTICES, FACTS, ATTACK_PATHS,
    CLOSURES, PATH_FIXES,
)  # fmt: skip
CONTAINED = ("containment", "breach_end", "breach_to", "breach_ended", "exfiltration_ended")
DISCOVERED = ("discovery", "detection", "awareness")
"""Kinds of case events, the best first; the same that the timeline takes."""
_CHAIN = 5_000
"""Steps of the chain kept in memory; a chain is a story a person reads, not a log."""


def survey(case: Case) -> Ground:
    """Return the ground of a case."""
    names = _names(case)
    ground = Ground(case.engine, names, clock.now().date())
    chain = _chain(ground)
    events = case.events()
    listed = read_lists(case)
    hosts, stores = _known(ground, listed)
    ground = replace(
        ground,
        chain=chain,
        first_at=_first(chain),
        last_at=max((i for h in chain if (i := instant(h["to_at"]) or instant(h["at"]))), default=None),
        discovered_at=_event_at(events, DISCOVERED),
        contained_at=_event_at(events, CONTAINED),
        hosts=hosts,
        stores=stores,
        outside=listed.outside,
        persons=_persons(ground),
        events={k: e.at for k, e in events.items()},
        needless={
            "former": case.config.texts("controls", "former"),
            "prospective": case.config.texts("controls", "prospective"),
        },
        proofs=proofs(case),
        sent=sent_rows(case),
        vault=read_vault(case.config.text("controls", "vault")),
        keep_days=case.config.number("controls", "keep_days"),
    )  # fmt: skip
    ground.oldest = oldest_record(case, ground)
    return ground


def _names(case: Case) -> Mapping[str, str]:
    """Return the tables that were written and hold a row, readable in SQL."""
    found = {}
    for table in READS:
        if case.has(table):
            name = case.read(table)
            if case.engine.arrow(f"SELECT 1 AS one FROM {name} LIMIT 1").num_rows:
                found[table.name] = name
    return found


def _chain(ground: Ground) -> list[Row]:
    if not ground.has(HOPS):
        return []
    return list(
        ground.rows(
            f"""SELECT hop_id, step, phase, "at", to_at, source, destination, account, technique, confidence
                FROM {ground.name(HOPS)} WHERE status = 'chain' ORDER BY step, hop_id LIMIT {_CHAIN}"""
        )
    )


def _first(chain: list[Row]) -> datetime | None:
    """Return the first access: the entry, else the first move, else the first step."""
    for phases in (("initial_access",), ("initial_access", "lateral_movement"), ()):
        for hop in chain:
            if not phases or hop["phase"] in phases:
                return instant(hop["at"])
    return None


def _event_at(events: Mapping[str, CaseEvent], kinds: tuple[str, ...]) -> datetime | None:
    for kind in kinds:
        if kind in events:
            at = datetime.fromisoformat(events[kind].at)
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def _persons(ground: Ground) -> int:
    if not ground.has(PERSONS):
        return 0
    return number(
        ground.row(f"SELECT COUNT(*) AS n FROM {ground.name(PERSONS)} WHERE n_records > 0")["n"]
    )


def _known(ground: Ground, listed: Lists) -> tuple[dict[str, Place], dict[str, ListedStore]]:
    """Return machines and stores: as the lists have them, and as the network's facts do."""
    hosts = {
        k: replace(p, is_test=is_test_place(p.name, p.zone, p.role))
        for k, p in listed.hosts.items()
    }
    stores = dict(listed.stores)
    if not ground.has(FACTS):
        return hosts, stores
    for row in ground.rows(
        f"""SELECT kind, split_part(source, ':', 2) AS asset, target, detail FROM {ground.name(FACTS)}
            WHERE kind = 'in_zone' OR (kind = 'hosts' AND target LIKE 'store:%') ORDER BY kind, source, target"""
    ):
        asset, target = str(row["asset"]), str(row["target"]).partition(":")[2]
        if row["kind"] == "hosts":
            stores.setdefault(target.lower(), ListedStore(target, asset))
            continue
        role = str(row["detail"] or "").partition("role: ")[2]
        old = hosts.get(asset.lower(), Place(asset))
        hosts[asset.lower()] = Place(
            old.name,
            old.zone or target,
            old.role or role,
            old.is_test or is_test_place(asset, target, role),
        )
    return hosts, stores  # fmt: skip


def proofs(case: Case) -> tuple[tuple[str, str, str], ...]:
    """Return the decisions that a dated exhibit proves a rule: rule, exhibit, choice."""
    return tuple(
        (str(d.subject.get("rule_id", "")), str(d.subject.get("exhibit_id", "")), d.choice)
        for d in case.decisions("proof")
    )


def sent_rows(case: Case) -> list[Row]:
    """Return what channels took, a row a seal and channel: the day on which the last batch was settled.

    The register of deliveries belongs to the room notices; only its rows are read here.
    """
    if "outbox_batches" not in sa.inspect(case.register).get_table_names():
        return []
    query = sa.text(
        "SELECT seal_id, channel, MAX(at) AS last_at FROM outbox_batches "
        "WHERE state = 'settled' AND first >= 0 GROUP BY seal_id, channel ORDER BY seal_id, channel"
    )
    with case.register.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        {
            "seal_id": r["seal_id"],
            "channel": r["channel"],
            "sent_on": date.fromisoformat(r["last_at"][:10]),
        }
        for r in rows
    ]
