"""Sigma on public rules and logs, which are not part of the project: see ``AMENDS_PUBLIC_DATA``."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from sigma.collection import SigmaCollection

from amends.custody import Reader
from amends.timeline.detecting import Detecting
from amends.timeline.sigma import RuleSet, load_rules
from amends.timeline.sigma.logsources import CATEGORIES, CHANNELS
from tests.timeline.sigma_naive import tree_fires

pytestmark = pytest.mark.public_data
BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
SAMPLES = 40  # of the regression samples in a test run; bench/sigma.py takes all


@cache
def data() -> Path:
    """Return the folder of public data, or skip."""
    for folder in (os.environ.get("AMENDS_PUBLIC_DATA"), BESIDE):
        if folder and (Path(folder) / "sigma" / "rules").is_dir():
            return Path(folder)
    pytest.skip("the public rules and logs are not there: set AMENDS_PUBLIC_DATA")


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """Return the public rules, compiled once."""
    return load_rules([data() / "sigma" / "rules"], keep=tmp_path_factory.mktemp("kept"))


def test_nearly_all_public_rules_are_taken(rules: RuleSet) -> None:
    n = len(rules.rules) + len(rules.correlations)
    assert n + len(rules.refusals) >= rules.n_files
    assert n / (n + len(rules.refusals)) >= 0.995


def test_samples_of_the_rules_makers_fire_their_rules(rules: RuleSet) -> None:
    places = sorted((data() / "sigma" / "regression_data").rglob("info.yml"))
    missed = []
    for place in places[:: max(1, len(places) // SAMPLES)]:
        wanted = {r["id"] for r in yaml.safe_load(place.read_text())["rule_metadata"]}
        logs = [p for p in place.parent.iterdir() if p.suffix in (".evtx", ".raw")]
        run = Detecting(logs, Reader(), rules)
        run.run()
        if not wanted & {r["rule_id"] for r in run.rows()}:
            missed.append(place.parent.name)
    assert not missed


def test_counts_are_those_of_the_plain_way(rules: RuleSet) -> None:
    logs = sorted((data() / "evtx-attack-samples").rglob("*.evtx"))[::8]
    run = Detecting(logs, Reader(), rules)
    events = [dict(row) for b in run._read() for row in b.column("extra").to_pylist()]
    run.run()
    found = {r["rule_id"]: r["count"] for r in run.rows()}
    low = [{k.lower(): v for k, v in e.items()} for e in events]
    folder = data() / "sigma" / "rules" / "windows"
    fired, checked = Counter[str](), 0
    for n, path in enumerate(sorted(folder.rglob("*.yml"))):
        text = path.read_text("utf-8")
        if n % 12 and not any(f"\nid: {one}" in text for one in found):
            continue
        rule: Any = SigmaCollection.from_yaml(text).rules[0]
        trees = [c.parsed for c in rule.detection.parsed_condition]
        mine = [e for e in low if _logged(rule.logsource, e)]
        fired[str(rule.id)] += sum(any(tree_fires(t, e) for t in trees) for e in mine)
        checked += 1
        assert found.get(str(rule.id), 0) == fired[str(rule.id)], rule.title
    assert checked > 200
    assert sum(fired.values()) > 50


def _logged(source: Any, event: dict[str, str]) -> bool:
    """Say whether an event is of a log source, by the mapping of Sigma's own pipelines."""
    service, numbers = CATEGORIES.get(source.category or "", (source.service or "", ()))
    channels = CHANNELS.get(service)
    if channels and event.get("channel", "").lower() not in channels:
        return False
    return "channel" in event and (not numbers or event.get("eventid") in {str(n) for n in numbers})
