"""Worked cases: facts in, what is expected out, and where the two differ.

A file of worked cases (``amends-law-example/1``) holds ``examples``, each with ``facts`` and
``expect``; a ``variant`` in ``expect`` changes the facts of every group and overrules some
expectations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amends.duties.evaluate import answer_facts
from amends.duties.lawbook import LawBook
from amends.kernel.errors import UsageError

Json = Mapping[str, Any]  # a worked case as its author wrote it; every part is looked at by name

_FACT_KEYS = ("groups", "events", "breach", "entity")
_GROUP_KEYS = ("count", "elements", "secured", "key_taken", "residence")


def answer_json(document: object, book: LawBook | None = None) -> object:
    """Return the answer to one facts object, or a list of answers to a file of worked cases.

    Args:
        document: A facts object; ``{"facts": …}``; a list of either; or a file with ``examples``.
        book: The law files; the shipped ones when not given.

    Raises:
        UsageError: It is none of these, or its facts are not what they must be.
    """
    if isinstance(document, Mapping) and "examples" in document:
        document = document["examples"]
    if isinstance(document, list) and not document:
        raise UsageError(
            "the file holds no facts", where="facts", remedy="list at least one worked case"
        )
    if isinstance(document, list):
        return [_named(case, book, index) for index, case in enumerate(document)]
    return _named(document, book, None)


def _named(case: object, book: LawBook | None, index: int | None) -> dict[str, object]:
    place = "the file" if index is None else f"case {index + 1} of the file"
    if not isinstance(case, Mapping) or not ({"facts", "groups"} & set(case)):
        raise UsageError(
            f"{place} holds no facts",
            where="facts",
            remedy='give {"entity": …, "events": …, "breach": …, "groups": […]}, or a file of'
            ' examples with "facts" in each',
        )
    answer = answer_facts(case.get("facts", case), book)
    expect = case.get("expect")
    named = {"id": case["id"]} if "id" in case else {}
    if isinstance(expect, Mapping) and isinstance(expect.get("variant"), Mapping):
        facts, _ = variant(case)
        answer["variant"] = answer_facts(facts, book)
    return {**named, **answer}


def variant(case: Json) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return facts and expectation of the variant of a worked case."""
    changed = dict(case["expect"]["variant"])
    facts = dict(case["facts"])
    for key in _FACT_KEYS[1:]:
        if isinstance(changed.get(key), Mapping):
            facts[key] = {**facts.get(key, {}), **changed.pop(key)}
    patch = {k: changed.pop(k) for k in _GROUP_KEYS if k in changed}
    facts["groups"] = [{**group, **patch} for group in facts["groups"]]
    return facts, changed


def differences(expect: Json, answer: Json) -> list[str]:
    """Return a sentence for each point in which an answer is not what is expected."""
    return [
        *_group_differences(expect, answer),
        *_regulator_differences(expect, answer),
        *_bureau_differences(expect, answer),
        *_other_differences(expect, answer),
    ]


def _group_differences(expect: Json, answer: Json) -> Iterator[str]:
    for name, wanted in expect.get("groups", {}).items():
        given = answer["groups"][name]
        for key, value in wanted.items():
            base = key.removesuffix("_includes").removesuffix("_excludes")
            if key.endswith("_includes"):
                right = set(value) <= set(given[base])
            elif key.endswith("_excludes"):
                right = not set(value) & set(given[base])
            else:
                right = key == "note" or given.get(key) == value
            if not right:
                yield f"group {name}: {key} is {given.get(base)!r}, expected {value!r}"


def _regulator_differences(expect: Json, answer: Json) -> Iterator[str]:
    given = answer["regulators"]
    for wanted in expect.get("regulators", ()):
        if not any(all(g.get(k) == v for k, v in wanted.items()) for g in given):
            near = [g for g in given if g["jurisdiction"] == wanted["jurisdiction"]]
            yield f"regulator {wanted} is missing; there is {near}"
    for name in expect.get("no_regulators", ()):
        if any(g["jurisdiction"] == name for g in given):
            yield f"{name} names a regulator, expected none"
    for name in expect.get("not_to", ()):
        if any(g["to"] == name for g in given):
            yield f"{name} is told, expected not"


def _bureau_differences(expect: Json, answer: Json) -> Iterator[str]:
    for name in expect.get("cra", ()):
        if name not in answer["cra"]:
            yield f"the credit bureaus are not told for {name}"
    if expect.get("cra") == [] and answer["cra"]:
        yield f"the credit bureaus are told for {answer['cra']}, expected none"
    for name in expect.get("no_cra", ()):
        if name in answer["cra"]:
            yield f"the credit bureaus are told for {name}, expected not"
    for name, hours in expect.get("cra_hours", {}).items():
        if answer["cra_hours"].get(name) != hours:
            yield f"the credit bureaus have no {hours} hours for {name}"


def _other_differences(expect: Json, answer: Json) -> Iterator[str]:
    for key in ("substitute_allowed", "substitute_not_by_count"):
        missing = set(expect.get(key, ())) - set(answer[key])
        if missing:
            yield f"{key} lacks {sorted(missing)}"
    for key, value in expect.get("fcc_customers", {}).items():
        if answer.get("fcc_customers", {}).get(key) != value:
            yield f"fcc_customers {key} is not {value!r}"
