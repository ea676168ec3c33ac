from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from amends.persons.block import pack, pairs_of_key
from amends.persons.components import average_linkage, connected

EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60)


@given(EDGES)
def test_components_are_those_of_a_plain_search(edges: list[tuple[int, int]]) -> None:
    parent = list(range(31))
    for _ in range(31):  # the slow way: pass the smaller label on until nothing changes
        for a, b in edges:
            parent[a] = parent[b] = min(parent[a], parent[b])
    a, b = (np.array([e[k] for e in edges], np.int64) for k in (0, 1))
    assert connected(31, a, b).tolist() == parent


def test_a_long_chain_is_one_component() -> None:
    n = 200_000
    order = np.random.default_rng(3).permutation(n)
    assert not connected(n, order[:-1], order[1:]).any()


def link(
    n: int, weights: dict[tuple[int, int], int], apart: tuple[tuple[int, int], ...] = ()
) -> list[int]:
    edges = sorted(weights)
    a, b = (np.array([e[k] for e in edges], np.int64) for k in (0, 1))
    forced = np.array([e in apart for e in edges], bool)
    return average_linkage(
        n, pack(a, b), np.array([weights[e] for e in edges], np.int64), forced
    ).tolist()


def test_a_bridge_between_two_people_is_cut() -> None:
    two_people = {(0, 1): 900, (2, 3): 900, (1, 2): 100, (0, 2): -900, (0, 3): -900, (1, 3): -900}
    assert link(4, two_people) == [0, 0, 2, 2]


def test_one_doubtful_pair_does_not_part_a_person() -> None:
    assert link(3, {(0, 1): 900, (1, 2): 900, (0, 2): -100}) == [0, 0, 0]


def test_what_was_decided_apart_stays_apart() -> None:
    assert len(set(link(3, {(0, 1): 900, (1, 2): 900, (0, 2): 900}, apart=((0, 1),)))) == 2


def test_a_group_over_the_cap_gives_no_pairs() -> None:
    key = np.array([5] * 10 + [9 << 40] * 3 + [0] * 4, np.uint64) << np.uint64(8)
    assert len(pairs_of_key(key, cap=9)) == 3
