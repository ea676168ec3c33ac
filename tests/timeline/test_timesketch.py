"""Events for other tools: the columns they ask for, in order, with the line they come from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from amends.timeline.timesketch import ecs_sql, ocsf_sql, timesketch_sql
from tests.timeline.taken_world import READ, ROWS, intrusion


def _rows(folder: Path, which: str) -> list[dict[str, Any]]:
    world = intrusion()
    ids = [world.read(READ, "SELECT * FROM customers", ROWS, message="AUDIT: SESSION", event_id=-5)]
    world.hop("collection", READ, "jump1", "crm", ids, technique="T1213.006")
    with world.opened(folder) as (engine, sources):
        sql = {
            "chain": lambda: timesketch_sql(sources.events, sources.hops),
            "all": lambda: timesketch_sql(sources.events, sources.hops, chain_only=False),
            "ecs": lambda: ecs_sql(sources.events),
            "ocsf": lambda: ocsf_sql(sources.events),
        }[which]()
        return list(engine.arrow(sql).to_pylist())


def test_the_chain_comes_in_order_with_what_timesketch_needs(tmp_path: Path) -> None:
    rows = _rows(tmp_path, "chain")
    assert len(rows) == 5 and [r["timestamp"] for r in rows] == sorted(r["timestamp"] for r in rows)
    assert list(rows[0])[:3] == ["message", "datetime", "timestamp_desc"]
    for row in rows:
        assert row["message"] and row["tag"] == "intruder" and row["step"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", row["datetime"])
        assert re.fullmatch(r"V[0-9a-f]{16}", row["event_id"])
    assert "Vfffffffffffffffb" in [r["event_id"] for r in rows]


def test_all_events_are_there_when_asked_for(tmp_path: Path) -> None:
    assert len(_rows(tmp_path, "all")) > 100


def test_views_carry_the_names_of_their_schemas(tmp_path: Path) -> None:
    ecs = next(r for r in _rows(tmp_path / "e", "ecs") if r["event.id"] == "Vfffffffffffffffb")
    assert (
        ecs["event.category"] == "database"
        and ecs["source.ip"] == "10.0.1.5"
        and ecs["user.name"] == "svc_crm"
    )
    ocsf = next(
        r for r in _rows(tmp_path / "o", "ocsf") if r["metadata.uid"] == "Vfffffffffffffffb"
    )
    assert (ocsf["class_uid"], ocsf["category_uid"], ocsf["type_uid"]) == (6005, 6, 600_501)
    assert ocsf["query_info.query_string"] == "SELECT * FROM customers"
