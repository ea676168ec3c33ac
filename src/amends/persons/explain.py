"""Why the records of one person are one person: every pair, what agrees, and how much it weighs."""

from __future__ import annotations

import itertools

import numpy as np

from amends.kernel.case import Case
from amends.persons import model
from amends.persons.cluster import agreements
from amends.persons.compare import compare, shares_of
from amends.persons.frequency import drop_crowds
from amends.persons.reasons import say
from amends.persons.records import COLUMNS, record_features
from amends.tables.elements import RECORDS
from amends.tables.persons import MEMBERSHIPS

MOST_RECORDS = 40
"""Records of one person that are compared in pairs; more are cut, and the answer says so."""


def explain_ties(case: Case, person_id: str) -> list[dict[str, object]]:
    """Return the pairs of records of a person, the strongest first.

    Args:
        case: The case.
        person_id: ``P…``.

    Returns:
        One mapping a pair: ``records`` (two ids), ``agreements`` (field → level), ``reason`` in words, ``weight``
        (log10 odds from these two records alone, by the shipped parameters: what the run learned from
        the whole case moves it a little).
    """
    members = case.engine.arrow(
        f"SELECT record_id FROM {case.read(MEMBERSHIPS)} WHERE person_id = ? ORDER BY record_id LIMIT {MOST_RECORDS}",
        [person_id],
    )
    wanted = ", ".join(str(int(r)) for r in members.column("record_id").to_pylist())
    if not wanted:
        return []
    records = case.read(RECORDS)
    sql = f"SELECT {', '.join(COLUMNS)} FROM {records} WHERE record_id IN ({wanted})"
    total = case.engine.arrow(f"SELECT count(*) AS n FROM {records}").column("n")[0].as_py()
    features = record_features(case.engine.arrow(sql).to_batches())
    crowds, _ = drop_crowds(features)
    pairs = list(itertools.combinations(range(len(features)), 2))
    if not pairs:
        return []
    a, b = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    shares = shares_of(features)
    levels = compare(features, crowds, shares, a, b)
    nothing = {f: v[:0] for f, v in levels.items()}
    counts = {
        f: np.bincount(c, minlength=len(features.names)).astype(float)
        for f, c in (("first", features.first), ("last", features.last))
    }
    weights = model.weigh(
        model.first_model(int(total), shares, nothing, counts, float("nan")), levels
    )
    packed = model.pack_levels(levels)
    found: list[dict[str, object]] = [
        {
            "records": [int(features.record_id[x]), int(features.record_id[y])],
            "agreements": agreements(int(p)),
            "reason": say(int(p)),
            "weight": round(float(w), 2),
        }
        for x, y, p, w in zip(a, b, packed, weights, strict=True)
    ]
    return sorted(found, key=lambda pair: -float(str(pair["weight"])))
