"""Folders of rules: kept compilations, and rubbish that is refused with a reason and stops nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from amends.kernel.errors import UsageError
from amends.timeline.sigma import load_rules
from amends.timeline.sigma.patterns import linear, nests_repetition, required_literal

GOOD = """title: Good {0}
id: 00000000-0000-4000-8000-{0:012d}
name: good_{0}
logsource:
  product: windows
  category: process_creation
detection:
  s:
    CommandLine|contains: word{0}
  condition: s
level: high
"""
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGE_BOMB = "m0: &m0 {k: v}\n" + "".join(
    f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 40)
)
COUNT = """title: Count
id: 00000000-0000-4000-8000-0000000000{0}
correlation:
  type: event_count
  rules: [{1}]
  group-by: [User]
  timespan: 5m
  condition: {{gte: 3}}
level: high
"""


def put(folder: Path, **files: str | bytes) -> Path:
    """Write files of rules."""
    for name, body in files.items():
        path = folder / f"{name}.yml"
        path.write_bytes(body.encode() if isinstance(body, str) else body)
    return folder


HOSTILE: dict[str, tuple[str | bytes, str]] = {
    "aliases": (BOMB + GOOD.format(5), "aliases"),
    "merges": (MERGE_BOMB + GOOD.format(5), "aliases"),
    "itself": ("a: &a [*a]\n" + GOOD.format(5), "itself"),
    "deep": ("a: " + "[" * 400 + "]" * 400 + "\n" + GOOD.format(5), "deep"),
    "deeper": ("a: " + "[" * 100_000, "deep"),
    "not_utf8": (b"title: \xff\xfe\n", "UTF-8"),
    "binary": (bytes(range(256)) * 10, "UTF-8"),
    "nul": (b"title: a\x00b\n", "not YAML"),
    "long": ("#" * (1 << 20) + "\n" + GOOD.format(5), "1 MiB"),
    "empty": ("", "holds no rule"),
    "list": ("- a\n- b\n", "mapping"),
    "number": ("42\n", "mapping"),
    "no_detection": ("title: x\nlogsource:\n  product: windows\n", "detection"),
    "no_condition": (
        "title: x\nlogsource:\n  product: windows\ndetection:\n  s:\n    A: b\n",
        "condition",
    ),
    "unknown_part": (GOOD.format(5).replace("condition: s", "condition: s and t"), "not defined"),
    "bad_regex": (GOOD.format(5).replace("|contains: word5", "|re: '(['"), "invalid"),
    "endless_regex": (GOOD.format(5).replace("|contains: word5", "|re: '(a+)+(?=b)'"), "endlessly"),
    "placeholder": (GOOD.format(5).replace("|contains: word5", "|expand: '%x%'"), "placeholder"),
    "bad_modifier": (GOOD.format(5).replace("|contains", "|fuzzy"), "fuzzy"),
    "bad_cidr": (GOOD.format(5).replace("|contains: word5", "|cidr: 10.0.0.999/8"), "CIDR"),
    "parentheses": (
        GOOD.format(5).replace("condition: s", "condition: " + "(" * 60 + "s" + ")" * 60),
        "deep",
    ),
    "long_condition": (
        GOOD.format(5).replace("condition: s", "condition: s" + " or s" * 5_000),
        "condition",
    ),
    "pipe": (GOOD.format(5).replace("condition: s", "condition: s | count() > 5"), "pipe"),
    "lost_reference": (COUNT.format("77", "nobody"), "not here"),
    "python_tag": ("title: !!python/object/apply:os.system ['true']\n", "not YAML"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason_and_stops_nothing(
    tmp_path: Path, kind: str
) -> None:
    body, reason = HOSTILE[kind]
    folder = put(tmp_path, good_1=GOOD.format(1), hostile=body, good_2=GOOD.format(2))
    rules = load_rules([folder], keep=tmp_path / "kept")
    assert sorted(r.title for r in rules.rules) == ["Good 1", "Good 2"]
    (refusal,) = rules.refusals
    assert refusal.path == "hostile.yml"
    assert reason.lower() in refusal.reason.lower()
    assert "\n" not in refusal.reason


def test_of_two_rules_with_one_id_the_second_is_refused(tmp_path: Path) -> None:
    put(tmp_path, a=GOOD.format(1), b=GOOD.format(1).replace("Good 1", "Other"))
    rules = load_rules([tmp_path], keep=tmp_path / "kept")
    assert [r.title for r in rules.rules] == ["Good 1"]
    assert "another rule has its id" in rules.refusals[0].reason


def test_one_bad_document_of_a_file_does_not_lose_the_others(tmp_path: Path) -> None:
    put(tmp_path, many="---\n".join([GOOD.format(1), "just text\n", GOOD.format(2)]))
    rules = load_rules([tmp_path], keep=tmp_path / "kept")
    assert len(rules.rules) == 2
    assert len(rules.refusals) == 1


def test_links_are_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (tmp_path / "outside.yml").write_text(GOOD.format(3))
    (folder / "link.yml").symlink_to(tmp_path / "outside.yml")
    (folder / "loop.yml").symlink_to(folder / "loop.yml")
    os.mkfifo(folder / "pipe.yml")
    rules = load_rules([folder], keep=tmp_path / "kept")
    assert not rules.rules
    assert [r.path for r in rules.refusals] == ["link.yml", "loop.yml", "pipe.yml"]


def test_correlations_in_a_circle_are_refused(tmp_path: Path) -> None:
    one = COUNT.format("81", "two").replace("title: Count", "title: One\nname: one")
    two = COUNT.format("82", "one").replace("title: Count", "title: Two\nname: two")
    put(tmp_path, a=one, b=two, c=GOOD.format(1))
    rules = load_rules([tmp_path], keep=tmp_path / "kept")
    assert len(rules.rules) == 1
    assert not rules.correlations
    assert {r.title for r in rules.refusals} == {"One", "Two"}


def test_a_rule_that_only_serves_a_correlation_is_silent_unless_generated(tmp_path: Path) -> None:
    put(tmp_path, a=GOOD.format(1), b=COUNT.format("83", "good_1"))
    assert load_rules([tmp_path], keep=tmp_path / "kept").rules[0].silent
    put(
        tmp_path,
        b=COUNT.format("83", "good_1").replace("  timespan", "  generate: true\n  timespan"),
    )
    assert not load_rules([tmp_path], keep=tmp_path / "kept").rules[0].silent


def test_filters_of_a_folder_apply_to_its_rules(tmp_path: Path) -> None:
    meta = (
        "title: Filter\nid: 00000000-0000-4000-8000-000000000099\nlogsource:\n  product: windows\n"
        "  category: process_creation\nfilter:\n  rules: [good_1]\n  ours:\n    User: backup\n  condition: not ours\n"
    )
    put(tmp_path, a=GOOD.format(1), b=meta)
    rules = load_rules([tmp_path], keep=tmp_path / "kept")
    assert not rules.refusals
    assert "user" in {p.field for p in rules.predicates}


def test_what_is_kept_is_read_back_the_same_and_a_changed_rule_is_compiled_anew(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept"
    folder = tmp_path / "rules"
    folder.mkdir()
    put(folder, a=GOOD.format(1), b=COUNT.format("83", "good_1"), c="- no rule\n")
    first = load_rules([folder], keep=kept)
    assert load_rules([folder], keep=kept) == first
    assert len(list(kept.iterdir())) == 1
    put(folder, a=GOOD.format(2))
    assert load_rules([folder], keep=kept) != first
    assert len(list(kept.iterdir())) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"predicates": 3}', "null", "\x00"])
def test_a_damaged_compilation_is_made_anew(tmp_path: Path, damage: str) -> None:
    kept, folder = tmp_path / "kept", tmp_path / "rules"
    folder.mkdir()
    put(folder, a=GOOD.format(1))
    first = load_rules([folder], keep=kept)
    (place,) = kept.iterdir()
    place.write_text(damage)
    assert load_rules([folder], keep=kept) == first
    assert json.loads(place.read_text())["n_files"] == 1


def test_a_folder_that_cannot_be_written_costs_time_not_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    put(tmp_path, a=GOOD.format(1))
    assert len(load_rules([tmp_path / "a.yml"], keep=tmp_path / "file" / "kept").rules) == 1


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        load_rules([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("abc", "abc"), ("ab+c", "ab"), ("ab?cd", "cd"), ("x|abc", ""), ("(abc)d", "d"), ("(?:a|b)long", "long"),
        ("a\\.exe$", "a.exe"), ("\\dabc", "abc"), ("[abc]+def", "def"), ("(?i)ABC", "abc"), ("(?i:abc)x", ""),
        ("ab{2}cde", "cde"), ("a{b|c}", ""), ("\\x41bc", ""), ("(ab", ""), ("\\Qab\\E", ""), ("é+abc", "abc"),
    ],
)  # fmt: skip
def test_the_needed_text_of_a_pattern_is_never_more_than_is_certain(
    pattern: str, literal: str
) -> None:
    assert required_literal(pattern) == literal


def test_patterns_that_can_run_for_years_are_known() -> None:
    assert nests_repetition("(a+)+(?=b)")
    assert nests_repetition("(a|a)*(?=b)")
    assert not nests_repetition("(?<=foo)bar+")
    assert not linear("(?<=foo)bar", "")
    assert linear("(a+)+", "i")
