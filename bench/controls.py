"""The review on a large made-up case: seconds, peak memory, whether two runs write the same bytes.

The goal: 500 findings of scanners, 10,000 machines and 100 ways in at most 5 s. People grow by --people: their measures
are single set operations. The tables are written straight into a case; nothing of them is anybody's.

Usage: python bench/controls.py [--hosts N] [--findings N] [--ways N] [--people N] [--events N] [--json]
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
from common import show

from amends import custody
from amends.controls.stage import STAGE
from amends.kernel.case import Case
from amends.kernel.schema import Table
from amends.tables.controls import CONTROL_GAPS, ROADMAP
from amends.tables.controls import TABLES as OURS
from amends.tables.custody import EXHIBITS, ITEMS
from amends.tables.elements import COLUMNS, RECORDS
from amends.tables.paths import ATTACK_PATHS, FACTS, PATH_FIXES
from amends.tables.persons import MEMBERSHIPS, PERSON_ELEMENTS, PERSONS
from amends.tables.timeline import DETECTIONS, EVENTS, HOPS, LOG_FILES

DAY = date(2026, 8, 4)
AT = datetime(2026, 8, 4, tzinfo=UTC)


def main() -> None:
    """Make the case, review it twice, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, size in (
        ("hosts", 10_000),
        ("findings", 500),
        ("ways", 100),
        ("people", 1_000_000),
        ("events", 200_000),
    ):
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    os.environ.setdefault("AMENDS_CLOCK", "2026-08-24T09:00:00+00:00")
    home = Path(tempfile.mkdtemp(prefix="amends-bench-"))
    try:
        show("review of controls", [_measure(home, told)], told.json)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(home: Path, told: argparse.Namespace) -> dict[str, object]:
    Case.create(home / "case", {("case", "entity"): "Bench"})
    with Case(home / "case", contents=custody.Reader()) as case:
        _fill(case, home, told)
        case.add_event("discovery", "2026-08-17")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        STAGE.run(case)
        first = time.monotonic() - started
        written = _bytes(case)
        started = time.monotonic()
        STAGE.run(case)
        again = time.monotonic() - started
        return {
            "hosts": told.hosts, "findings": told.findings, "ways": told.ways, "people": told.people,
            "events": told.events, "gaps": _count(case, CONTROL_GAPS), "items": _count(case, ROADMAP),
            "seconds": round(first, 2), "seconds_again": round(again, 2), "same_bytes": _bytes(case) == written,
            "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "before_mib": round(before / 1024),
        }  # fmt: skip


def _bytes(case: Case) -> dict[str, bytes]:
    return {t.name: p.read_bytes() for t in OURS for p in case.tables.files(t)}


def _count(case: Case, table: Table) -> int:
    found: int = (
        case.engine.arrow(f"SELECT COUNT(*) AS n FROM {case.read(table)}").column("n")[0].as_py()
    )
    return found


def _fill(case: Case, home: Path, told: argparse.Namespace) -> None:
    """Write the tables, the large ones by a query."""
    _scans(home / "scan.csv", told)
    _lists(home, told)
    exhibits = [
        _exhibit(1, "stolen", "crm", home / "none.csv", "current"),
        _exhibit(2, "stolen", "archive", home / "none2.csv", "former"),
        _exhibit(3, "stolen", "sandbox", home / "none3.csv", "current"),
        _exhibit(4, "inventory", "", home / "scan.csv", ""),
        _exhibit(5, "roster", "", home / "hosts.csv", ""),
        _exhibit(6, "roster", "", home / "stores.csv", ""),
    ]
    _write(case, EXHIBITS, exhibits)
    _write(case, ITEMS, [
        {"item_id": f"I{n}", "item_no": n, "exhibit_id": f"E{n:04d}", "inner_path": "", "kind": "table",
         "status": "read"}
        for n in range(1, 4)
    ])  # fmt: skip
    _write(case, COLUMNS, [
        {"item_id": f"I{n}", "column": e, "position": 1, "element": e, "part": "", "evidence": [],
         "n_rows": told.people, "n_values": told.people, "secured": False, "decided_by": "rule"}
        for n in range(1, 4) for e in ("ssn", "drivers_licence", "name")
    ])  # fmt: skip
    _people(case, told)
    _network(case, told)
    _timeline(case, told)


def _exhibit(number: int, role: str, store: str, path: Path, population: str) -> dict[str, object]:
    return {
        "exhibit_id": f"E{number:04d}", "role": role, "owner": "B", "population": population, "store": store,
        "as_of_on": DAY, "path": path.name, "place": str(path), "size_bytes": 1000, "received_at": AT,
    }  # fmt: skip


def _write(case: Case, table: Table, rows: list[dict[str, object]]) -> None:
    whole = [{n: r.get(n) for n in table.names} for r in rows]
    case.write(table, pa.Table.from_pylist(whole, table.schema))


def _sql(case: Case, table: Table, made: str, source: str) -> None:
    """Write a table by a query; columns it does not name are null."""
    given = {
        part.rsplit(" AS ", 1)[1].strip().strip('"') for part in made.split("\n") if " AS " in part
    }
    rest = ", ".join(f'NULL AS "{c.name}"' for c in table.columns if c.name not in given)
    listed = ", ".join(line.strip().rstrip(",") for line in made.strip().split("\n"))
    case.write(table, f"SELECT {listed}{', ' + rest if rest else ''} FROM {source}")


def _people(case: Case, told: argparse.Namespace) -> None:
    source = f"range({told.people}) AS r(i)"
    store = "CASE WHEN i % 50 = 0 THEN 'sandbox' WHEN i % 3 = 0 THEN 'archive' ELSE 'crm' END"
    _sql(case, RECORDS, f"""i AS record_id
        'stolen' AS role
        {store} AS store
        ['name', 'ssn'] AS elements
        [] AS secured""", source)  # fmt: skip
    _sql(case, MEMBERSHIPS, """i AS record_id
        'P' || (i // 2) AS person_id
        i AS fingerprint""", source)  # fmt: skip
    people = f"range({told.people // 2}) AS r(i)"
    _sql(case, PERSONS, """'P' || i AS person_id
        [CASE WHEN i % 3 = 0 THEN 'former' ELSE 'current' END] AS populations
        2 AS n_records""", people)  # fmt: skip
    _sql(case, PERSON_ELEMENTS, """'P' || i AS person_id
        'ssn' AS element
        FALSE AS secured
        2 AS n_records""", people)  # fmt: skip


def _network(case: Case, told: argparse.Namespace) -> None:
    source = f"range({told.hosts * 8}) AS r(i)"
    host, kind = f"'h' || (i % {told.hosts})", f"i // {told.hosts}"
    service, asset = f"'service:' || {host} || ':22/tcp'", f"'asset:' || {host}"
    kinds = [
        "in_zone",
        "hosts",
        "reach",
        "exposes_login",
        "weak_auth",
        "stored_on",
        "opens",
        "reads",
    ]
    secret, identity = "'credential:c' || (i % 500)", "'identity:u' || (i % 400)"
    source_of = f"CASE WHEN {kind} < 2 THEN {asset} WHEN {kind} = 2 THEN 'zone:internet' "
    source_of += f"WHEN {kind} = 7 THEN {identity} WHEN {kind} > 4 THEN {secret} ELSE {service} END"
    target_of = f"CASE {kind} WHEN 0 THEN 'zone:z' || (i % 40) WHEN 7 THEN 'store:s' || (i % 25) WHEN 5 THEN {asset} "
    target_of += f"ELSE {service} END"
    _sql(case, FACTS, f"""'T' || i AS fact_id
        {kinds}[i // {told.hosts} + 1] AS kind
        {source_of} AS source
        {target_of} AS target
        '' AS detail
        DATE '2026-07-31' AS first_on
        DATE '2026-08-22' AS last_on
        CASE WHEN i % 7 = 0 THEN 'verified' WHEN i % 11 = 0 THEN 'claimed' ELSE 'open' END AS state
        i % 5 AS n_paths""", source)  # fmt: skip
    _sql(case, ATTACK_PATHS, """'A' || (i // 6) AS path_id
        i // 6 + 1 AS rank
        's' || (i // 6 % 25) AS store
        1000 AS persons
        i % 12 < 6 AS is_open
        i % 6 + 1 AS step
        'T' || i AS fact_id
        'zone:internet' AS "from"
        'service:h' || i || ':22/tcp' AS "to"
        'because' AS why""", f"range({told.ways * 6}) AS r(i)")  # fmt: skip
    groups = ("exposed_device", "known_holes", "brute_force", "stored_credentials", "reused_credentials",
              "test_environment", "trusts", "admin_rights", "store_rights")  # fmt: skip
    _write(case, PATH_FIXES, [
        {"fix_id": f"K{g}{m}{s}", "moment": m, "as_of": "2026-07-31" if m == "then" else "",
         "as_of_on": date(2026, 7, 31) if m == "then" else None, "group": g, "subject": s,
         "places": [f"h{n}" for n in range(100)] if not s else [s], "fact_ids": [f"T{n}" for n in range(100)],
         "n_facts": 400, "n_on_ways": 40, "looked": True, "looked_on": date(2026, 8, 22), "stores": ["s1"],
         "persons": 1000, "persons_before": 5000, "persons_after": 4000, "persons_removed": 1000, "stores_closed": []}
        for g in groups for m in ("now", "then") for s in ("", *(f"h{n}" for n in range(40)))
    ])  # fmt: skip


def _timeline(case: Case, told: argparse.Namespace) -> None:
    _sql(case, EVENTS, """i AS event_id
        'G1' AS log_id
        TIMESTAMPTZ '2026-07-18 00:00:00+00' + INTERVAL (i) SECOND AS at
        'h' || (i % 300) AS host
        'login' AS kind
        'login' AS action
        CASE WHEN i % 4 = 0 THEN 'success' ELSE 'failure' END AS outcome
        'u' || (i % 40) AS account
        '198.51.100.' || (i % 200) AS src_ip""", f"range({told.events}) AS r(i)")  # fmt: skip
    _write(
        case,
        LOG_FILES,
        [{"log_id": "G1", "exhibit_id": "E0001", "first_at": AT, "last_at": AT, "status": "read"}],
    )
    _write(case, HOPS, [
        {"hop_id": f"H{n}", "step": n, "status": "chain", "at": AT, "to_at": AT, "source": f"h{n}",
         "destination": f"h{n + 1}", "account": f"u{n}", "technique": f"T{1000 + n}", "event_ids": list(range(n, 1000)),
         "phase": "initial_access" if n == 1 else "lateral_movement", "confidence": 0.8, "against": []}
        for n in range(1, 66)
    ])  # fmt: skip
    _sql(case, DETECTIONS, """'D' || i AS detection_id
        'r' AS rule_id
        'medium' AS level
        [i * 7, i * 7 + 1] AS event_ids""", "range(20000) AS r(i)")  # fmt: skip


def _scans(path: Path, told: argparse.Namespace) -> None:
    """Write findings as a spreadsheet of a scanner."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(
            ["Plugin ID", "CVE", "Risk", "Host", "Protocol", "Port", "Name", "Synopsis", "Solution"]
        )
        for n in range(told.findings):
            risk = ("Critical", "High", "Medium", "Low")[n % 4]
            writer.writerow(
                [n, f"CVE-2024-{n:04d}", risk, f"h{n}", "tcp", 443, f"Finding {n}", "x", "patch"]
            )


def _lists(home: Path, told: argparse.Namespace) -> None:
    """Write the company's lists of machines and stores."""
    with (home / "hosts.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["host", "ip", "zone", "role"])
        writer.writerows(
            [f"h{n}", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", f"z{n % 40}", "server"]
            for n in range(told.hosts)
        )
    (home / "stores.csv").write_text(
        "store,host,elements\ncrm,h1,name ssn\narchive,h2,name ssn\nsandbox,h3,name ssn\n"
    )


if __name__ == "__main__":
    main()
