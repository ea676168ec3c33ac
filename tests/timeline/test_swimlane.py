"""The picture: whole with forty steps, honest about gaps, harmless whatever the evidence says."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from xml.etree.ElementTree import Element

from defusedxml import ElementTree

from amends.timeline.story_sizes import step_sizes
from amends.timeline.swimlane import swimlane
from amends.timeline.swimlane_layout import case_marks
from amends.timeline.taken_sources import Places, chain_steps
from tests.timeline.taken_world import CONTAINED, FIRST, READ, ROWS, World, intrusion, quiet


def _drawn(world: World, folder: Path) -> str:
    with world.opened(folder) as (engine, sources):
        places = Places(world.known)
        steps = chain_steps(engine, sources.hops, places)
        sizes = step_sizes(engine, sources.events, sources.hops)
        return swimlane(
            steps, sizes, world.gaps, case_marks(CONTAINED, CONTAINED + timedelta(days=2)), places
        )


def _texts(svg: str) -> list[str]:
    root: Element = ElementTree.fromstring(svg)
    return ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]


def _many(n: int) -> World:
    world = intrusion()
    for i in range(n - len(world.hops)):
        world.hop(
            "lateral_movement",
            READ + timedelta(minutes=i),
            f"srv{i % 5}",
            f"srv{(i + 1) % 5}",
            [],
            account="root",
        )
    return world


def test_every_step_has_its_number_account_and_technique(tmp_path: Path) -> None:
    said = _texts(_drawn(_many(40), tmp_path))
    assert {str(n) for n in range(1, 41)} <= set(said)
    assert "svc_crm" in said and "T1048.002" in said


def test_lanes_run_from_the_internet_over_hosts_to_stores(tmp_path: Path) -> None:
    world = intrusion()
    ids = [world.read(READ, "SELECT * FROM customers", ROWS)]
    world.hop("collection", READ, "jump1", "crm", ids, account="svc_crm", how="query")
    said = _texts(_drawn(world, tmp_path))
    lanes = [
        w
        for w in said
        if w.split("\n")[0][:8] in ("internet", "edge1edg", "jump1jum", "db1db1", "crmcrm")
    ]
    assert "internet" in lanes[0] and "crm" in lanes[-1]
    assert "50,000 rows" in said and any("11" in s or "12.0 MB" in s for s in said)


def test_first_access_containment_discovery_and_gaps_are_marked(tmp_path: Path) -> None:
    world = intrusion()
    world.gaps.append({"gap_id": "Q1", "host": "jump1", "log": "auth", "from_at": FIRST, "to_at": READ,
                       "reason": "cleared", "effect": "x", "matters": True, "event_ids": []})  # fmt: skip
    svg = _drawn(world, tmp_path)
    for word in ("▲ first access", "▲ containment", "▲ discovery", "no auth log"):
        assert word in svg, word


def test_hostile_names_are_text_and_nothing_else(tmp_path: Path) -> None:
    world = intrusion()
    bad = 'x"><script>alert(1)</script>&\u202e\x07'
    world.hops[1].update(destination=bad, account=bad, technique=bad, why=bad)
    world.gaps.append({"gap_id": "Q1", "host": bad, "log": bad, "from_at": None, "to_at": None,
                       "reason": bad, "effect": bad, "matters": True, "event_ids": []})  # fmt: skip
    svg = _drawn(world, tmp_path)
    root = ElementTree.fromstring(svg)
    assert not [e for e in root.iter() if "script" in str(e.tag).lower()]
    assert "\u202e" not in svg and "\x07" not in svg
    assert not re.search(r"(href|src|url\((?!#))", svg.replace("url(#", ""))


def test_without_a_chain_there_is_a_picture_that_says_so(tmp_path: Path) -> None:
    assert "No step of the intruder" in _drawn(quiet(), tmp_path)


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    assert _drawn(_many(9), tmp_path / "a") == _drawn(_many(9), tmp_path / "b")


def test_known_ways_gone_again_share_a_column_and_keep_their_numbers(tmp_path: Path) -> None:
    world = intrusion()
    for night in (3, 4):
        for minute, (source, to) in enumerate((("edge1", "jump1"), ("jump1", "db1"))):
            at = READ + timedelta(days=night, minutes=minute)
            world.hop("lateral_movement", at, source, to, [], account="root", how="ssh")
    svg = _drawn(world, tmp_path)
    assert "again" in _texts(svg)
    assert {str(n) for n in range(1, len(world.hops) + 1)} <= set(_texts(svg))


def test_a_bar_is_drawn_only_where_a_size_is_known(tmp_path: Path) -> None:
    world = intrusion()
    world.hop("staging", READ + timedelta(hours=1), "jump1", "jump1", [], account="root")
    assert "size not in the logs" in _texts(_drawn(world, tmp_path))
