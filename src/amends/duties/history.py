"""The law as it stood on a day: earlier texts of a field put in place of the present one.

The law at the date of the incident decides (law data README, known gap 1). Where the data name a
first day of the present text but not the text before it, the present one is applied and that is
said.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from amends.duties.law_reader import day
from amends.duties.rules import Raw

Node = dict[str, Any]  # a law file taken apart; checked by the schema before


def as_at(raw: Raw, on: date) -> tuple[Node, tuple[str, ...]]:
    """Return a law file as it stood on a day, and remarks on what that rests on."""
    law: Node = copy.deepcopy(dict(raw))
    remarks = []
    replaced = set()
    for entry in raw.get("history", ()):
        if _applies(entry, on) and ("value" in entry or "then" in entry):
            _put_back(law, entry)
            replaced.add(entry["field"])
            remarks.append(
                f"{entry['field']}: the text in force until {entry['valid_to']} is applied"
                f" ({entry['confidence']})"
            )
    for field, node in _dated(law):
        first = day(node["effective"])
        if first and first > on and not any(field.startswith(_plain(r)) for r in replaced):
            remarks.append(
                f"{field}: the present text begins {first}; the text before it is not in the data,"
                " the present one is applied"
            )
    return law, tuple(remarks)


def _plain(field: str) -> str:
    return re.sub(r"\[.*?\]", "", field)


def _applies(entry: Raw, on: date) -> bool:
    first, last = day(entry.get("valid_from")), day(entry.get("valid_to"))
    return last is not None and on <= last and (first is None or first <= on)


def _dated(law: Node) -> Iterator[tuple[str, Node]]:
    """Yield (field, part) for each part with a first day; combinations answer for themselves."""
    for field in ("personal_information", "cra_notice", "id_protection"):
        if "effective" in law.get(field, {}):
            yield field, law[field]
    deadline = law.get("individual_notice", {}).get("deadline", {})
    if "effective" in deadline:
        yield "individual_notice.deadline", deadline
    notices = law.get("regulator_notice", [])
    for notice in notices if isinstance(notices, list) else []:
        if "effective" in notice:
            yield "regulator_notice", notice
        if "effective" in notice["deadline"]:
            yield "regulator_notice.deadline", notice["deadline"]


def _put_back(law: Node, entry: Raw) -> None:
    field = entry["field"]
    if "then" in entry:
        _put_back_wording(law, field, entry["then"])
        return
    value = copy.deepcopy(entry["value"])
    named = re.fullmatch(r"regulator_notice\[(\w+)\]\.(\w+)", field)
    if named:
        for notice in law["regulator_notice"]:
            if notice["recipient"] == named[1]:
                notice[named[2]] = value
        return
    *path, last = field.split(".")
    node = law
    for part in path:
        node = node[part]
    if isinstance(value, dict) and last != "deadline" and isinstance(node.get(last), dict):
        node[last].update(value)  # a partial text: only the parts that differed
    else:
        node[last] = value


def _put_back_wording(law: Node, field: str, then: Raw) -> None:
    """Apply an earlier definition, or an earlier rule for one authority."""
    named = re.fullmatch(r"regulator_notice\[(\w+)\]", field)
    if named:
        if then.get("absent"):
            law["regulator_notice"] = [
                n for n in law["regulator_notice"] if n["recipient"] != named[1]
            ]
        for notice in law["regulator_notice"]:
            if notice["recipient"] == named[1] and then.get("lift_only_if"):
                notice.pop("only_if", None)
        return
    combinations = law["personal_information"]["combinations"]
    if "only" in then:
        first = {**combinations[0], "any_of": list(then["only"])}
        law["personal_information"]["combinations"] = [first]
    for combination in combinations:
        if "without" in then:
            kept = [t for t in combination.get("any_of", []) if t not in then["without"]]
            combination["any_of"] = kept
        if set(combination.get("any_of", ())) & set(then.get("lift_only_if", ())):
            combination.pop("only_if", None)
    if "without" in then:
        law["personal_information"]["combinations"] = [
            c for c in combinations if c.get("any_of") or c.get("all_of")[1:]
        ]
