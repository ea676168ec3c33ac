"""A run over many batches: exact counts, bounded memory, and the same answer however the batches are cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.tables.timeline import DETECTIONS
from amends.timeline.sigma import Detector, RuleSet, load_rules
from amends.timeline.sigma.hits import KEPT

RULE = """title: {title}
id: 00000000-0000-4000-8000-{n:012d}
name: {name}
logsource:
  product: amends
detection:
  s:
    {asked}
  condition: s
level: {level}
tags: [attack.t1078.001, attack.persistence]
{more}
"""
COUNT = """title: {title}
id: 00000000-0000-4000-8000-{n:012d}
name: {name}
correlation:
  type: {kind}
  rules: [{rules}]
  group-by: [{group}]
  timespan: {span}
{more}
level: high
"""


def rules_of(tmp_path: Path, *texts: str) -> RuleSet:
    """Return rules, compiled."""
    (tmp_path / "r.yml").write_text("---\n".join(texts))
    rules = load_rules([tmp_path / "r.yml"], keep=tmp_path / "kept")
    assert not rules.refusals, rules.refusals
    return rules


def login(n: int = 1, name: str = "login", more: str = "", level: str = "low") -> str:
    return RULE.format(title=name, n=n, name=name, asked="kind: login", more=more, level=level)


def events(
    accounts: list[str], at: list[int | None] | None = None, ids: list[int] | None = None
) -> pa.RecordBatch:
    n = len(accounts)
    return pa.record_batch(
        {
            "event_id": pa.array(ids or range(n), pa.int64()),
            "log_id": pa.array(["G0000001"] * n),
            "line": pa.array(range(1, n + 1), pa.int64()),
            "at": pa.array(at or [i * 1_000_000 for i in range(n)], pa.int64()).cast(
                pa.timestamp("us", tz="UTC")
            ),
            "kind": pa.array(["login"] * n),
            "account": pa.array(accounts),
            "raw": pa.array([f"line of {a}" for a in accounts]),
        }
    )


def test_counts_stay_exact_and_the_earliest_are_kept_beyond_the_bound(tmp_path: Path) -> None:
    n = 6 * KEPT + 7
    order = np.random.default_rng(5).permutation(n).tolist()
    detector = Detector(rules_of(tmp_path, login()))
    for start in range(0, n, 997):
        part = order[start : start + 997]
        detector.take(events(["a"] * len(part), [i * 1_000_000 for i in part], part))
    (fired,) = detector.fired()
    assert fired.count == n
    assert [e.event_id for e in fired.events] == list(range(KEPT))
    table = detector.finish()
    assert table.num_rows == KEPT + 1
    assert sum(table.column("n_events").to_pylist()) == n
    assert max(len(i) for i in table.column("event_ids").to_pylist()) == KEPT


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 900))), min_size=1, max_size=40),
    st.integers(1, 9), st.randoms(),
)  # fmt: skip
def test_how_batches_are_cut_and_ordered_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int | None]],
    size: int,
    chance: object,
) -> None:
    folder = tmp_path_factory.mktemp("r")
    rules = rules_of(
        folder, login(), login(2, "first", "amends: {first: [account]}"),
        COUNT.format(title="c", n=3, name="c", kind="event_count", rules="login", group="account", span="1m",
                     more="  condition: {gte: 3}\n  generate: true"),
    )  # fmt: skip
    numbered = [(n, a, None if t is None else t * 1_000_000) for n, (a, t) in enumerate(rows)]
    mixed = sorted(numbered, key=lambda r: hash((r, str(chance))))
    tables = []
    for seen, step in ((numbered, len(numbered)), (mixed, size)):
        detector = Detector(rules)
        for start in range(0, len(seen), step):
            part = seen[start : start + step]
            detector.evaluate(
                events([p[1] for p in part], [p[2] for p in part], [p[0] for p in part])
            )
        tables.append(detector.finish().to_pylist())
    assert tables[0] == tables[1]


def test_no_events_give_an_empty_table_of_the_right_shape(tmp_path: Path) -> None:
    table = Detector(rules_of(tmp_path, login())).finish()
    assert table.num_rows == 0
    assert table.schema == DETECTIONS.schema


def test_a_detection_says_rule_technique_events_and_pack(tmp_path: Path) -> None:
    detector = Detector(rules_of(tmp_path, login(level="critical")))
    detector.take(events(["a"]))
    (row,) = detector.finish().to_pylist()
    assert row["technique"] == "T1078.001"
    assert row["level"] == "critical"
    assert row["kind"] == "event"
    assert row["event_ids"] == [0]
    assert row["pack"] == "r.yml"
    assert row["detection_id"].startswith("D")


def test_group_by_follows_aliases_and_leaves_out_events_without_the_field(tmp_path: Path) -> None:
    made = RULE.format(title="made", n=2, name="made", asked="kind: account", more="", level="low")
    both = COUNT.format(
        title="both", n=3, name="both", kind="temporal", rules="login, made", group="who", span="1h",
        more="  aliases:\n    who:\n      login: account\n      made: target_account",
    )  # fmt: skip
    batch = pa.record_batch(
        {
            "event_id": pa.array([1, 2, 3, 4], pa.int64()),
            "at": pa.array([1, 2, 3, 4], pa.int64()).cast(pa.timestamp("us", tz="UTC")),
            "kind": ["login", "account", "account", "login"],
            "account": ["Eve", "root", "root", None],
            "target_account": [None, "eve", "bob", None],
        }
    )
    detector = Detector(rules_of(tmp_path, login(), made, both))
    detector.take(batch)
    (row,) = detector.finish().to_pylist()
    assert row["event_ids"] == [1, 2]
    assert row["group"] == "who=eve"


def test_a_chain_of_correlations_names_the_events_at_its_bottom(tmp_path: Path) -> None:
    burst = COUNT.format(title="burst", n=2, name="burst", kind="event_count", rules="login", group="account",
                         span="1m", more="  condition: {gte: 3}")  # fmt: skip
    bursts = COUNT.format(title="bursts", n=3, name="bursts", kind="value_count", rules="burst", group="kind",
                          span="1h", more="  condition: {field: account, gte: 2}")  # fmt: skip
    detector = Detector(rules_of(tmp_path, login(), burst, bursts))
    detector.take(events(["a", "a", "a", "b", "b", "c", "b"]))
    (row,) = detector.finish().to_pylist()
    assert row["title"] == "bursts"
    assert sorted(row["event_ids"]) == [0, 1, 2, 3, 4, 6]


def test_the_group_of_a_correlation_is_masked(tmp_path: Path) -> None:
    count = COUNT.format(title="c", n=2, name="c", kind="event_count", rules="login", group="account", span="1m",
                         more="  condition: {gte: 2}")  # fmt: skip
    detector = Detector(
        rules_of(tmp_path, login(), count), mask=lambda texts: pa.array(["masked"] * len(texts))
    )
    detector.take(events(["900-00-0000"] * 2))
    assert detector.finish().column("group").to_pylist() == ["masked"]


def test_a_rule_whose_logs_cannot_be_is_kept_and_counted(tmp_path: Path) -> None:
    other = login(2, "other").replace("product: amends", "product: macos\n  category: file_event")
    detector = Detector(rules_of(tmp_path, login(), other))
    assert detector.unmatched() == 1


def test_hits_beyond_what_is_held_are_thinned_and_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends.timeline.sigma.hits.MOST_HELD", 50)
    count = COUNT.format(title="c", n=2, name="c", kind="event_count", rules="login", group="account", span="1m",
                         more="  condition: {gte: 20}")  # fmt: skip
    detector = Detector(rules_of(tmp_path, login(), count))
    for start in range(0, 2_000, 100):
        at = [(start + i) * 100_000 for i in range(100)]
        detector.evaluate(events(["eve"] * 99 + ["bob"], at, list(range(start, start + 100))))
    found = {r["group"]: r["n_events"] for r in detector.finish().to_pylist()}
    assert list(found) == ["account=eve"]
    assert found["account=eve"] >= 20
