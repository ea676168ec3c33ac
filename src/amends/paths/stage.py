"""Inventories and persons into facts, attack paths and closures."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa

from amends.kernel.case import Case
from amends.kernel.progress import step
from amends.kernel.stage import Stage
from amends.paths.answer import LISTED, Answer, answer
from amends.paths.fixes import fix_rows
from amends.paths.gather import Source, date_of, networks
from amends.paths.rows import attack_path_rows, closure_rows, fact_rows
from amends.paths.states import Dated
from amends.tables.custody import EXHIBITS
from amends.tables.elements import RECORDS
from amends.tables.paths import ATTACK_PATHS, CLOSURES, FACTS, PATH_FIXES
from amends.tables.persons import MEMBERSHIPS
from amends.vault.keys import domain_key, load_root

_BITS = 62
"""Stores of which it is counted who lies in several; beyond them each store is counted alone."""


def run(case: Case) -> None:
    """Write the facts, the ways and what closes them; nothing where no inventory was added."""
    made = case_answer(case)
    case.write(FACTS, pa.Table.from_pylist(fact_rows(made) if made else [], FACTS.schema))
    case.write(
        ATTACK_PATHS,
        pa.Table.from_pylist(attack_path_rows(made) if made else [], ATTACK_PATHS.schema),
    )
    case.write(CLOSURES, pa.Table.from_pylist(closure_rows(made) if made else [], CLOSURES.schema))
    case.write(PATH_FIXES, pa.Table.from_pylist(fix_rows(made) if made else [], PATH_FIXES.schema))


def case_answer(case: Case, listed: int = LISTED) -> Answer | None:
    """Return the answer for the inventories of a case; ``None`` where it has none."""
    sources = inventories(case)
    if not sources:
        return None
    with step(case.progress, "Ways in", len(sources), "files"):
        dated = networks(sources, case.contents, _key(case))
        counted, together = persons_by_store(case, _store_names(dated))
        return answer(dated, counted, together, listed)


def inventories(case: Case) -> list[Source]:
    """Return the inventory exhibits, each with its date: as given at intake, else as its folder is called."""
    if not case.has(EXHIBITS):
        return []
    rows = case.engine.arrow(
        f"SELECT path, place, as_of_on FROM {case.read(EXHIBITS)} WHERE role = 'inventory' ORDER BY exhibit_id"
    ).to_pylist()
    return [
        Source(_place(case, r["place"]), r["path"], _day(r["as_of_on"]) or date_of(r["path"]))
        for r in rows
    ]


def _key(case: Case) -> bytes:
    """Return the key that names credentials; the case has one once something in it was read."""
    if not case.has(RECORDS):
        return b""
    return domain_key(load_root(case.folder / "keys"), "fingerprint", "credential")


def _place(case: Case, place: str) -> Path:
    path = Path(place)
    return path if path.is_absolute() else case.folder / path


def _day(on: date | None) -> str:
    return on.isoformat() if on else ""


def _store_names(dated: list[Dated]) -> list[str]:
    return sorted({s.store for d in dated for s in d.network.stores})


def persons_by_store(
    case: Case, stores: list[str]
) -> tuple[dict[str, int], dict[frozenset[str], int]]:
    """Return the distinct persons a store, and by the exact set of stores that hold them.

    Only what was stolen counts. A store is known by its name, however it is capitalised.
    """
    if not stores or not (case.has(RECORDS) and case.has(MEMBERSHIPS)):
        return {}, {}
    named = pa.table(
        {"name": [s.strip().lower() for s in stores], "bit": list(range(len(stores)))},
        schema=pa.schema([("name", pa.string()), ("bit", pa.int64())]),
    )
    known = case.engine.register("paths_store_names", named)
    lying = f"""
        SELECT m.person_id, n.bit
        FROM {case.read(RECORDS)} AS r
        JOIN {known} AS n ON LOWER(TRIM(r.store)) = n.name
        JOIN {case.read(MEMBERSHIPS)} AS m ON m.record_id = r.record_id
        WHERE r.role = 'stolen'
    """
    try:
        if len(stores) > _BITS:
            sql = f"SELECT bit, COUNT(DISTINCT person_id) AS n FROM ({lying}) AS lying GROUP BY bit"
            return {stores[r["bit"]]: r["n"] for r in case.engine.arrow(sql).to_pylist()}, {}
        sql = f"""
            SELECT mask, COUNT(*) AS n
            FROM (SELECT person_id, BIT_OR(CAST(1 AS BIGINT) << bit) AS mask FROM ({lying}) AS lying
                  GROUP BY person_id) AS held
            GROUP BY mask
        """
        return _by_mask(case.engine.arrow(sql), stores)
    finally:
        case.engine.drop("paths_store_names")


def _by_mask(rows: pa.Table, stores: list[str]) -> tuple[dict[str, int], dict[frozenset[str], int]]:
    counted: dict[str, int] = {}
    together: dict[frozenset[str], int] = {}
    for row in rows.to_pylist():
        here = frozenset(s for n, s in enumerate(stores) if row["mask"] >> n & 1)
        together[here] = row["n"]
        for store in here:
            counted[store] = counted.get(store, 0) + row["n"]
    return counted, together


STAGE = Stage(
    "paths",
    reads=(EXHIBITS, RECORDS, MEMBERSHIPS),
    writes=(FACTS, ATTACK_PATHS, CLOSURES, PATH_FIXES),
    run=run,
)
