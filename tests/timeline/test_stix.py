"""The STIX bundle: valid, the same bytes each time, nobody accused, nothing of the evidence run."""

from __future__ import annotations

import json
import re
import uuid
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from amends.timeline.stix import Given, bundle, bundle_text, pattern_of
from tests.timeline.taken_world import READ, ROWS, intrusion

AT = datetime(2026, 8, 1, 3, 0, tzinfo=UTC)


def _indicator(kind: str, value: str, role: str = "attacker") -> dict[str, Any]:
    return {"indicator_id": f"N{kind}", "kind": kind, "value": value, "role": role,
            "first_at": AT, "last_at": AT,
            "n_events": 3, "hop_ids": ["H0001"],
            "confidence": 0.9, "why": "the source of the first access"}  # fmt: skip


def _given(**more: Any) -> Given:
    world = intrusion()
    ids = [world.read(READ, "SELECT * FROM customers", ROWS)]
    world.hop("collection", READ, "jump1", "crm", ids, account="svc_crm", technique="T1213.006")
    indicators = [
        _indicator("ip", "198.51.100.77"), _indicator("domain", "drop.example"), _indicator("hash", "ab" * 32),
        _indicator("user_agent", "cu'rl\\7"), _indicator("account", "svc_crm", "abused"), _indicator("ip", "nonsense"),
        _indicator("file", "C:\\tmp\\it's.7z"),
    ]  # fmt: skip
    words = {"case": "larkspur", "entity": "Larkspur Wireless", "hops": world.hops, "indicators": indicators,
             "sentences": ("They got in.",), **more}  # fmt: skip
    return Given(**words)


def _types(made: dict[str, Any]) -> list[str]:
    return [t["type"] for t in made["objects"]]


def test_the_bundle_has_what_law_enforcement_asks_for() -> None:
    found = set(_types(bundle(_given())))
    assert found >= {"identity", "incident", "report", "observed-data", "indicator", "attack-pattern", "intrusion-set",
                     "relationship", "sighting", "marking-definition", "ipv4-addr", "infrastructure"}  # fmt: skip
    assert "threat-actor" not in found


def test_references_lead_to_objects_in_the_bundle_and_ids_are_uuid5() -> None:
    made = bundle(_given())
    known = [t["id"] for t in made["objects"]]
    assert len(known) == len(set(known))
    for thing in made["objects"]:
        if thing["type"] != "marking-definition":
            assert uuid.UUID(thing["id"].split("--")[1]).version == 5
            assert thing["object_marking_refs"] == [
                "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"
            ]
        for key, value in thing.items():
            refs = value if key.endswith("_refs") else [value] if key.endswith("_ref") else []
            assert set(refs) <= set(known), (thing["type"], key)
        for key in ("created", "modified", "first_observed", "valid_from"):
            assert re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                thing.get(key, "2026-01-01T00:00:00.000Z"),
            )


def test_the_same_tables_give_the_same_bytes() -> None:
    assert bundle_text(_given()) == bundle_text(_given())
    assert bundle_text(_given()) != bundle_text(_given(case="other"))


def test_without_the_companys_own_names_only_the_intruders_side_is_told() -> None:
    text = bundle_text(_given(internal=False))
    assert "svc_crm" not in text and "jump1" not in text and "198.51.100.77" in text


@pytest.mark.parametrize(
    ("kind", "value", "pattern"),
    [
        ("ip", "2001:DB8::1", "[ipv6-addr:value = '2001:db8::1']"),
        ("ip", "1.2.3.4' OR x", ""),
        ("domain", "a'] OR [x", "[domain-name:value = 'a\\'] OR [x']"),
        ("url", "http://x/\\", "[url:value = 'http://x/\\\\']"),
        ("hash", "zz", ""),
        ("tool", "/usr/bin/rclone", "[file:name = 'rclone']"),
        ("key", "AAAA", ""),
    ],
)
def test_patterns_quote_what_they_are_given(kind: str, value: str, pattern: str) -> None:
    assert pattern_of(kind, value) == pattern


def test_the_reference_library_reads_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stix2 = pytest.importorskip("stix2", reason="stix2 is not installed (dev only)")
        read = stix2.parse(json.loads(bundle_text(_given())), allow_custom=False)
    assert len(read.objects) == len(bundle(_given())["objects"])


def test_a_case_without_a_chain_still_gives_a_bundle() -> None:
    made = bundle(Given("c", "E", (), ()))
    assert _types(made)[:2] == ["marking-definition", "identity"]
