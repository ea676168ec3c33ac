"""Blind indexes: batch and single calls agree, and two keys have nothing in common."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from amends.vault.blind import BlindIndex

INDEX = BlindIndex(b"k" * 32)


@given(st.lists(st.binary(min_size=0, max_size=40), min_size=1, max_size=5))
def test_one_value_has_one_number(values: list[bytes]) -> None:
    for value in values:
        alone = INDEX.hash(value)
        rows = np.frombuffer(value, np.uint8).reshape(1, len(value))
        assert INDEX.hashes(rows).tolist() == [alone]
        assert 0 < alone < 1 << 64
        assert BlindIndex(b"l" * 32).hash(value) != alone


def test_texts_and_nulls() -> None:
    found = INDEX.text_hashes(pa.array(["a", None, "a" * 64, ""])).tolist()
    assert found[1] == 0
    assert found[0] == INDEX.hash(b"a")
    assert found[2] == INDEX.hash(b"a" * 64)


def test_handles_in_a_batch_are_those_of_single_calls() -> None:
    numbers = INDEX.text_hashes(pa.array([f"v{i}" for i in range(100)]))
    together = INDEX.handles(numbers).to_pylist()
    assert together == [INDEX.handle(int(n)) for n in numbers]
    assert len(set(together)) == 100 and all(len(h) == 32 for h in together)
    assert INDEX.handles(np.zeros(0, np.uint64)).to_pylist() == []


def test_threads_do_not_disturb_each_other() -> None:
    values = [f"value {i}".encode() for i in range(2000)]
    alone = [INDEX.hash(v) for v in values]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(INDEX.hash, values)) == alone
