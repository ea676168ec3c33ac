"""When the scope grows, only those newly owed, or owed more, hear again."""

from __future__ import annotations

import json

from tests.e2e.face import Grown, amends


def test_the_difference_counts_those_newly_owed_and_owed_more(grown: Grown) -> None:
    counts = json.loads(amends("diff", grown.case, "R0001", "R0002", "--json"))["counts"]
    assert counts["newly_owed"] > 0
    assert counts["owed_more"] > 0


def test_the_second_seal_reaches_only_them(grown: Grown) -> None:
    case, first, second = grown.case, grown.first, grown.second
    changed = {
        row["person_id"]
        for row in json.loads(amends("diff", case, "R0001", "R0002", "--json"))["persons"]
        if row["change"] in ("newly_owed", "owed_more")
    }
    listed = [
        json.loads(line) for line in amends("export", case, "notices", "--to", "-").splitlines()
    ]
    sealed_again = {n["person_id"] for n in listed if n["sealed_in"] == second["seal_id"]}
    sealed_first = {n["person_id"] for n in listed if n["sealed_in"] == first["seal_id"]}
    assert sealed_again
    assert sealed_again <= changed
    assert len(sealed_again) < 0.5 * len(sealed_first)
    updates = [n for n in listed if n["sealed_in"] == second["seal_id"] and n["kind"] == "update"]
    assert updates
    assert all(n["new_elements"] for n in updates)
