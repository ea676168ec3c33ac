from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.persons.cluster import Decisions, cluster
from amends.persons.columns import features_of, known_columns
from amends.persons.identity import (
    Persons,
    Previous,
    carried,
    decode,
    encode,
    persons_of,
    record_digests,
)
from persons.people import ANNA, ERIK, crowd, table


@given(st.lists(st.integers(0, (1 << 60) - 1), max_size=20))
def test_an_id_is_read_back(numbers: list[int]) -> None:
    assert decode(encode(np.array(numbers, np.uint64))).tolist() == numbers


def run(
    rows: list[dict[str, object]], before: Previous | None = None, **decided: object
) -> tuple[Persons, Previous]:
    rows_table: pa.Table = table(*rows)
    features = features_of(rows_table.to_batches(), known_columns(rows_table.column_names))
    found = cluster(features, Decisions(**decided))  # type: ignore[arg-type]
    digests = record_digests(found)
    people = persons_of(found, digests, before)
    return people, Previous(digests, people.numbers[people.person])


def test_more_records_change_no_id_of_the_others() -> None:
    first, before = run([ANNA, ERIK, *crowd(30)])
    again, _ = run([*crowd(60), ERIK, ANNA], before)
    ids = again.ids.take(pa.array(again.person)).to_pylist()
    old = first.ids.take(pa.array(first.person)).to_pylist()
    assert [ids[61], ids[60]] == old[:2]
    assert again.changes == ()


def test_a_merge_keeps_one_id_and_is_told() -> None:
    first, before = run([ANNA, ERIK, *crowd(30)])
    old = set(first.ids.take(pa.array(first.person[:2])).to_pylist())
    merged, _ = run([ANNA, ERIK, *crowd(30)], before, merge=((0, 1),))
    now = set(merged.ids.take(pa.array(merged.person[:2])).to_pylist())
    assert len(now) == 1
    assert now < old
    assert [(c.kind, {c.old, c.new}) for c in merged.changes] == [("merged", old)]


def test_a_split_keeps_the_id_with_one_part_and_is_told() -> None:
    rows = [ANNA, ANNA | {"email": None}, *crowd(30)]
    first, before = run(rows)
    parted, after = run(rows, before, apart=((0, 1),))
    ids = parted.ids.take(pa.array(parted.person[:2])).to_pylist()
    assert first.ids[int(first.person[0])].as_py() in ids
    assert len(set(ids)) == 2
    assert [c.kind for c in parted.changes] == ["split"]
    again, _ = run(rows, after, apart=((0, 1),))
    assert again.ids.take(pa.array(again.person[:2])).to_pylist() == ids


def test_a_person_merged_twice_is_followed_from_the_first_id() -> None:
    first = carried([], [("merged", "A", "B", 1)], set())
    assert carried(first, [("merged", "B", "C", 2)], {"C"}) == [
        ("merged", "A", "C", 1),
        ("merged", "B", "C", 2),
    ]


def test_a_merge_that_was_undone_leads_nowhere_else() -> None:
    merged = carried([], [("merged", "A", "B", 1)], set())
    assert carried(merged, [("split", "B", "A", 1)], {"A", "B"}) == [("split", "B", "A", 1)]


def test_a_part_that_parts_again_leads_to_both() -> None:
    parted = carried([], [("split", "A", "B", 1)], set())
    again = carried(parted, [("split", "B", "C", 1)], {"A", "B"})
    assert {(old, new) for _, old, new, _ in again} == {("A", "B"), ("A", "C"), ("B", "C")}
    assert carried(again, [], {"A", "B", "C"}) == again
