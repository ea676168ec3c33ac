"""A small intrusion by hand: router, jump host, database, an address outside; and the means to change it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from amends.kernel.engine.duck import DuckEngine
from amends.tables.timeline import EVENTS, GAPS, HOPS
from amends.timeline.known import Host, Known, KnownFact, StoreTable
from amends.timeline.taken import taken
from amends.timeline.taken_sources import Dates, Sources

ATTACKER = "198.51.100.77"
DROP = "203.0.113.200"
START = datetime(2026, 7, 10, 2, 0, tzinfo=UTC)
FIRST = datetime(2026, 8, 1, 3, 0, tzinfo=UTC)
READ = datetime(2026, 8, 3, 1, 0, tzinfo=UTC)
SENT = datetime(2026, 8, 3, 5, 0, tzinfo=UTC)
CONTAINED = datetime(2026, 8, 10, tzinfo=UTC)
ROWS = 50_000

KNOWN = Known(
    hosts=(
        Host("edge1", ("10.0.0.1",), ("192.0.2.1",), "America/Los_Angeles", "router"),
        Host("jump1", ("10.0.1.5",), (), "UTC", "jump"),
        Host("db1", ("10.0.2.9",), (), "UTC", "database"),
        Host("app1", ("10.0.3.3",), (), "UTC", "web"),
        Host("backup1", ("10.0.4.4",), (), "UTC", "backup"),
    ),
    stores=(
        StoreTable("crm", "customers", "db1", ("name", "ssn"), ROWS, "rows", 200.0),
        StoreTable("crm", "orders", "db1", ("name", "address"), 80_000, "rows", 100.0),
    ),
    facts=(
        KnownFact("backup", "Nightly backup by svc_backup from backup1.", ("backup1",), ("svc_backup",)),
    ),
)  # fmt: skip


@dataclass
class World:
    """Rows of the tables, added to by tests."""

    known: Known = KNOWN
    events: list[dict[str, Any]] = field(default_factory=list)
    hops: list[dict[str, Any]] = field(default_factory=list)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    contained_at: datetime | None = CONTAINED

    def event(self, at: datetime, host: str, kind: str, action: str, **more: Any) -> int:
        """Add an event and return its id."""
        made = {"event_id": len(self.events) + 1, "at": at, "host": host, "kind": kind, "action": action,
                "error_ms": 1000, "line": len(self.events) + 1, "position": 80 * len(self.events),
                "log_id": f"G{abs(hash((host, kind))) % 7:07d}", "outcome": "success", **more}  # fmt: skip
        self.events.append(made)
        return int(made["event_id"])

    def read(self, at: datetime, command: str, rows: int | None = None, **more: Any) -> int:
        """Add a query of the intruder on the database."""
        words = {
            "account": "svc_crm",
            "src_ip": "10.0.1.5",
            "session": "s1",
            "object": "public.customers",
            **more,
        }
        return self.event(
            at, "db1", "query", words.pop("action", "select"), command=command, rows=rows, source="csv/pgaudit", **words
        )  # fmt: skip

    def flow(self, at: datetime, size: int, **more: Any) -> int:
        """Add a flow from the jump host to the drop, as the edge router saw it."""
        words = {"src_ip": "10.0.1.5", "dst_ip": DROP, "dst_port": 443, **more}
        sizes = {"bytes_in": size, "bytes_out": size // 50}
        return self.event(at, "edge1", "connection", "flow", source="csv/netflow", **sizes, **words)

    def gap(self, host: str, log: str, **more: Any) -> None:
        """Add a gap of a day from the reads on."""
        self.gaps.append(
            {"gap_id": f"Q{len(self.gaps)}", "host": host, "log": log, "from_at": READ,
             "to_at": READ + timedelta(days=1),
             "reason": "missing_span", "effect": "It cannot be counted.", "matters": True, "event_ids": [], **more}
        )  # fmt: skip

    def hop(
        self, phase: str, at: datetime, source: str, destination: str, ids: list[int], **more: Any
    ) -> None:
        """Add a step of the chain."""
        number = len(self.hops) + 1
        self.hops.append(
            {"hop_id": f"H{number:04d}", "step": number, "status": "chain", "phase": phase, "at": at,
             "to_at": at + timedelta(minutes=30), "at_error_ms": 1000, "source": source, "destination": destination,
             "account": "", "how": "ssh", "technique": "T1021.004", "tactic": "lateral-movement", "event_ids": ids,
             "n_events": len(ids), "confidence": 0.9, "why": "because", "against": [], "decided_by": "rule", **more}
        )  # fmt: skip

    @contextmanager
    def opened(self, folder: Path) -> Iterator[tuple[DuckEngine, Sources]]:
        """Open an engine with the tables in it."""
        engine = DuckEngine(folder / "spill", "1GB", 2)
        try:
            yield (
                engine,
                Sources(
                    engine.register(
                        "events", pa.Table.from_pylist(self.events, schema=EVENTS.schema)
                    ),
                    engine.register("hops", pa.Table.from_pylist(self.hops, schema=HOPS.schema)),
                    engine.register("gaps", pa.Table.from_pylist(self.gaps, schema=GAPS.schema)),
                ),
            )
        finally:
            engine.close()

    def taken(self, folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the rows of taken by table and element."""
        with self.opened(folder) as (engine, sources):
            rows = taken(engine, sources, self.known, Dates(self.contained_at)).to_pylist()
        return {(r["table"], r["element"]): r for r in rows}


def quiet() -> World:
    """Return the company at work: an application that reads, backups at night, flows to a partner."""
    world = World()
    for day in range(35):
        at = START + timedelta(days=day)
        for hour in (0, 8, 16):
            world.read(at + timedelta(hours=hour), "SELECT * FROM customers WHERE id = 5", 1, account="svc_app",
                       src_ip="10.0.3.3", session=f"a{day}.{hour}")  # fmt: skip
        world.read(at, "COPY public.customers TO stdout", ROWS, account="svc_backup", src_ip="10.0.4.4",
                   session=f"b{day}")  # fmt: skip
        world.flow(at + timedelta(hours=1), 30_000, src_ip="10.0.3.3", dst_ip="203.0.113.9")
    return world


def intrusion(*, sent: int | None = 12_000_000) -> World:
    """Return the company with an intruder who reaches the database; what he reads is for the test to say."""
    world = quiet()
    first = world.event(
        FIRST, "edge1", "login", "login", account="admin", src_ip=ATTACKER, logon_type="telnet"
    )
    jump = world.event(FIRST + timedelta(hours=2), "jump1", "login", "login", account="ops", src_ip="10.0.0.1",
                       logon_type="ssh", session="77")  # fmt: skip
    connect = world.event(READ - timedelta(minutes=1), "db1", "query", "connect", account="svc_crm",
                          src_ip="10.0.1.5", session="s1")  # fmt: skip
    world.hop(
        "initial_access",
        FIRST,
        ATTACKER,
        "edge1",
        [first],
        account="admin",
        how="telnet",
        technique="T1078.001",
    )
    world.hop(
        "lateral_movement", FIRST + timedelta(hours=2), "edge1", "jump1", [jump], account="ops"
    )
    world.hop(
        "lateral_movement",
        READ - timedelta(minutes=1),
        "jump1",
        "db1",
        [connect],
        account="svc_crm",
        how="db",
    )
    if sent is not None:
        ids = [world.flow(SENT, sent)]
        world.hop("exfiltration", SENT, "jump1", DROP, ids, how="https", technique="T1048.002")
    return world


def outside(text: str) -> bool:
    """Answer whether a text is an address."""
    return bool(ipaddress.ip_address(text))
