"""Whatever JSON comes in: an answer or an error in words, never a crash."""

from __future__ import annotations

import copy
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from amends.duties import answer_json
from amends.kernel.errors import UsageError

RIGHT = {
    "entity": {"roles": ["BUSINESS"], "source_of_breach": True, "employees": 5, "seat": "US-WY", "regimes": [],
               "relies_on": [], "parent": "x"},
    "events": {"discovery": "2026-03-02", "determination": "2026-03-02", "individual_notice_sent": "2026-03-20",
               "law_enforcement_hold": {"from": "2026-03-03", "to": "2026-03-05"}},
    "breach": {"access": True, "acquisition": True, "harm_likely": True, "id_theft_sufficient": False,
               "media": "electronic"},
    "notice_cost_usd": 10,
    "groups": [{"group": "a", "residence": "US-CA", "count": 5, "elements": ["NAME", "SSN"], "secured": [],
                "key_taken": False}],
}  # fmt: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from(["US-CA", "2026-03-02", "9999-12-31", "0001-01-01", "SSN", "*", "true", "EU-DE"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def places(node, path=()):
    yield path
    if isinstance(node, dict):
        for key, part in node.items():
            yield from places(part, (*path, key))
    elif isinstance(node, list):
        for index, part in enumerate(node):
            yield from places(part, (*path, index))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from([p for p in places(RIGHT) if p]), JSON)
def test_any_value_in_any_place_gives_an_answer_or_an_error_in_words(path, value):
    facts = copy.deepcopy(RIGHT)
    node = facts
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    try:
        answer = answer_json(facts)
    except UsageError as error:
        assert error.what and error.remedy
        assert len(str(error)) < 400
    else:
        json.dumps(answer)
        assert set(answer["groups"]) or isinstance(facts["groups"], list)


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_any_document_gives_answers_or_an_error_in_words(document):
    try:
        json.dumps(answer_json(document))
    except UsageError as error:
        assert error.what
