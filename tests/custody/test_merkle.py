from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.custody.merkle import audit_path, leads_to, leaf_hash, root_of

# Leaves and roots of the test data published with RFC 6962's first implementation (Certificate Transparency).
LEAVES = [
    bytes.fromhex(x)
    for x in [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", ROOTS)
def test_roots_are_those_of_the_published_vectors(size: int) -> None:
    assert root_of([leaf_hash(leaf) for leaf in LEAVES[:size]]).hex() == ROOTS[size]


@given(st.integers(1, 70), st.data())
def test_a_path_leads_from_its_own_leaf_and_place_only(size: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    root = root_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    path = audit_path(leaves, index)
    assert leads_to(root, leaves[index], index, size, path)
    assert leads_to(root, leaves[other], other, size, path) == (other == index)
    assert not leads_to(root, leaf_hash(b"another"), index, size, path)
    assert not leads_to(root, leaves[index], index, size, [*path, root])
    if path:
        assert not leads_to(root, leaves[index], index, size, path[:-1])


@given(st.lists(st.binary(max_size=6), min_size=2, max_size=30, unique=True), st.data())
def test_any_change_or_change_of_order_changes_the_root(
    contents: list[bytes], data: st.DataObject
) -> None:
    leaves = [leaf_hash(c) for c in contents]
    a, b = data.draw(st.lists(st.integers(0, len(leaves) - 1), min_size=2, max_size=2, unique=True))
    moved = list(leaves)
    moved[a], moved[b] = moved[b], moved[a]
    assert root_of(moved) != root_of(leaves)
    assert root_of(leaves[:-1]) != root_of(leaves)
    assert root_of([*leaves, leaf_hash(b"one more")]) != root_of(leaves)


def test_there_is_no_path_for_a_leaf_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        audit_path([leaf_hash(b"a")], 1)
    assert not leads_to(leaf_hash(b"a"), leaf_hash(b"a"), 1, 1, [])
