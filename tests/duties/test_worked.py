"""The worked cases: facts in, duties and dates out, each with its source in the file."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from amends.duties import answer_json
from amends.duties.worked import differences, variant

CASES = json.loads((Path(__file__).parent / "examples.json").read_text("utf-8"))["examples"]
IDS = [c["id"] for c in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_answer_is_what_the_worked_case_expects(case):
    assert differences(case["expect"], answer_json(case["facts"])) == []


@pytest.mark.parametrize(
    "case", [c for c in CASES if "variant" in c["expect"]], ids=lambda c: c["id"]
)
def test_the_variant_of_a_worked_case_holds_too(case):
    facts, expect = variant(case)
    assert differences(expect, answer_json(facts)) == []


def test_a_file_of_examples_gives_one_answer_a_case_with_its_id():
    answers = answer_json({"examples": CASES})
    assert [a["id"] for a in answers] == IDS
    assert all({"groups", "regulators", "cra", "explain"} <= set(a) for a in answers)
    assert "variant" in answers[IDS.index("P09")]


def test_facts_alone_or_under_their_name_give_the_same_answer():
    facts = CASES[0]["facts"]
    assert answer_json(facts) == answer_json({"facts": facts})


def test_every_step_of_an_explanation_has_rule_source_reasoning_and_confidence():
    explained = answer_json(CASES[10]["facts"])["explain"]
    for steps in explained["groups"].values():
        told = [s for s in steps if s["rule"] != "remark"]
        assert told
        assert all(s["reasoning"] and s["source"] and s["confidence"] for s in told)
    assert all(r["source"] and r["confidence"] for r in explained["regulators"])


def test_own_element_codes_mean_the_same_as_the_law_vocabulary():
    facts = copy.deepcopy(CASES[0]["facts"])
    facts["groups"][0]["elements"] = ["name", "ssn"]
    ours, theirs = answer_json(facts), answer_json(CASES[0]["facts"])
    assert ours == theirs


def test_the_order_of_groups_changes_no_answer():
    facts = copy.deepcopy(CASES[10]["facts"])
    before = answer_json(facts)
    facts["groups"].reverse()
    after = answer_json(facts)
    assert after["groups"] == before["groups"]
    assert after["regulators"] == before["regulators"]
    assert after["cra"] == before["cra"]
