"""What must hold whatever the facts: more exposure, more people, lost keys never take a duty away."""

from __future__ import annotations

import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from amends.duties import answer_json
from amends.duties.lawbook import shipped

JURISDICTIONS = sorted(shipped().states)
CODES = sorted(shipped().vocabulary.elements)
VERDICTS = {False: 0, "needs_judgement": 1, True: 2}
MAYBE = st.sampled_from([True, False, None])


@st.composite
def cases(draw):
    elements = draw(st.lists(st.sampled_from(CODES), max_size=7, unique=True))
    return {
        "entity": {"roles": ["BUSINESS"], "source_of_breach": True},
        "events": {"discovery": "2026-03-02", "determination": "2026-03-10"},
        "breach": {"access": draw(MAYBE), "acquisition": draw(MAYBE), "harm_likely": draw(MAYBE),
                   "id_theft_sufficient": draw(MAYBE)},
        "groups": [{"group": "a", "residence": draw(st.sampled_from([*JURISDICTIONS, None])),
                    "count": draw(st.integers(0, 12_000)), "elements": elements,
                    "secured": [e for e in elements if draw(st.booleans())], "key_taken": draw(MAYBE)}],
    }  # fmt: skip


def changed(facts, **group):
    other = copy.deepcopy(facts)
    other["groups"][0].update(group)
    return answer_json(other)


@settings(max_examples=120, deadline=None)
@given(cases(), st.sampled_from(CODES))
def test_one_more_element_never_takes_a_duty_away(facts, more):
    before = answer_json(facts)["groups"]["a"]
    after = changed(facts, elements=[*facts["groups"][0]["elements"], more])["groups"]["a"]
    assert VERDICTS[after["notify"]] >= VERDICTS[before["notify"]]
    assert (after["id_protection_months"] or 0) >= (before["id_protection_months"] or 0)
    assert set(before["content"]) - {"CHANGE_PASSWORD"} <= set(after["content"])


@settings(max_examples=80, deadline=None)
@given(cases(), st.integers(1, 2_000_000))
def test_more_people_never_take_a_notice_to_regulators_or_bureaus_away(facts, more):
    def told(answer):
        return {(r["jurisdiction"], r["to"], r["stage"]) for r in answer["regulators"]}

    before, after = answer_json(facts), changed(facts, count=facts["groups"][0]["count"] + more)
    assert told(before) <= told(after)
    assert set(before["cra"]) <= set(after["cra"])
    assert set(before["substitute_allowed"]) <= set(after["substitute_allowed"])


@settings(max_examples=80, deadline=None)
@given(cases())
def test_a_lost_key_and_unsecured_data_never_take_a_duty_away(facts):
    safe, open_, lost = (
        changed(facts, key_taken=k)["groups"]["a"]["notify"] for k in (False, None, True)
    )
    clear = changed(facts, secured=[], key_taken=False)["groups"]["a"]["notify"]
    assert VERDICTS[safe] <= VERDICTS[open_] <= VERDICTS[lost] == VERDICTS[clear]


@settings(max_examples=80, deadline=None)
@given(cases())
def test_what_is_unknown_lies_between_yes_and_no(facts):
    for key in ("access", "acquisition", "harm_likely", "id_theft_sufficient"):
        answers = []
        for value in (False, None, True):
            other = copy.deepcopy(facts)
            other["breach"][key] = value
            answers.append(VERDICTS[answer_json(other)["groups"]["a"]["notify"]])
        assert answers == sorted(answers), key


@settings(max_examples=60, deadline=None)
@given(cases())
def test_forbidden_content_is_never_required_and_nothing_is_owed_without_notice(facts):
    group = answer_json(facts)["groups"]["a"]
    assert not set(group["content"]) & set(group["content_forbidden"])
    if group["notify"] is False:
        assert (group["by"], group["content"], group["id_protection_months"]) == (None, [], None)
