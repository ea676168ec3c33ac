"""Key files: whatever goes in is found, nothing else is, and a file that is not whole is refused."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.kernel.errors import TableError
from amends.portal import lookup
from amends.portal.lookup import KeyFile, KeyFileWriter

KEYS = st.dictionaries(
    st.integers(1, 2**64 - 1) | st.integers(2**64 - 40, 2**64 - 1) | st.integers(1, 40),
    st.integers(-1, 2**31 - 1),
    max_size=60,
)


def written(path: Path, pairs: list[tuple[int, int]], **given: object) -> lookup.KeyCount:
    writer = KeyFileWriter(path, **{"kind": "i4", "unsure": -1, "once": True, **given})  # type: ignore[arg-type]
    half = len(pairs) // 2
    for some in (pairs[:half], pairs[half:]):
        writer.add(
            np.array([k for k, _ in some], np.uint64), np.array([v for _, v in some], np.int64)
        )
    return writer.finish()


@given(KEYS, st.lists(st.integers(0, 2**64 - 1), max_size=20))
@settings(max_examples=60, deadline=None)
def test_what_went_in_is_found_and_nothing_else(keys: dict[int, int], others: list[int]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "codes.keys"
        assert written(path, list(keys.items())).n_keys == len(keys)
        found = KeyFile(path)
        assert {k: found.find(k) for k in keys} == {k: (True, v) for k, v in keys.items()}
        assert not any(found.find(k)[0] for k in others if k not in keys)
        assert found.is_sorted()
        asked = np.array([*keys, *others], np.uint64)
        assert found.holds(asked).tolist() == [int(k) in keys for k in asked]
        assert [p.name for p in Path(folder).iterdir()] == ["codes.keys"]


def test_keys_that_go_to_disk_on_the_way_come_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = np.random.default_rng(1).integers(1, 2**63, 20_000, dtype=np.uint64) * np.uint64(2)
    values = np.arange(len(keys))
    files = []
    for held in (1 << 22, 1000):
        monkeypatch.setattr(lookup, "_HELD_KEYS", held)
        writer = KeyFileWriter(tmp_path / f"{held}.keys", "u8", 0, once=False)
        for at in range(0, len(keys), 700):
            writer.add(keys[at : at + 700], values[at : at + 700])
        writer.finish()
        files.append((tmp_path / f"{held}.keys").read_bytes())
    assert files[0] == files[1]
    found = KeyFile(tmp_path / "1000.keys")
    assert all(found.find(int(k)) == (True, v) for k, v in zip(keys[:500], values, strict=False))
    assert found.size_bytes / len(keys) < 17


def test_a_key_that_comes_twice_is_unsure_never_somebody_elses(tmp_path: Path) -> None:
    pairs = [(5, 1), (9, 2), (5, 3), (7, 4), (7, 4)]
    assert written(tmp_path / "a", pairs).n_unsure == 2
    assert [KeyFile(tmp_path / "a").find(k) for k in (5, 7, 9)] == [(True, -1), (True, -1), (True, 2)]  # fmt: skip
    assert written(tmp_path / "b", pairs, once=False, kind="u8", unsure=0).n_unsure == 1
    assert [KeyFile(tmp_path / "b").find(k) for k in (5, 7, 9)] == [(True, 0), (True, 4), (True, 2)]


def test_a_miss_hands_out_the_next_value_so_that_both_ways_cost_the_same(tmp_path: Path) -> None:
    written(tmp_path / "a", [(10, 1), (20, 2)])
    found = KeyFile(tmp_path / "a")
    wanted = {9: 1, 11: 2, 21: 2, 2**64 - 1: 2}
    assert {k: found.find(k) for k in wanted} == {k: (False, v) for k, v in wanted.items()}


def test_an_empty_file_finds_nothing(tmp_path: Path) -> None:
    assert written(tmp_path / "a", []).n_keys == 0
    assert KeyFile(tmp_path / "a").find(7) == (False, 0)
    assert KeyFile(tmp_path / "a").is_sorted()


@pytest.mark.parametrize("cut", [0, 10, 63, 64, 200, -1])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    written(tmp_path / "a", [(k, k) for k in range(1, 40)])
    whole = (tmp_path / "a").read_bytes()
    another_count = whole[:16] + b"\xff" * 8 + whole[24:]
    for bytes_there in (whole[:cut], whole + b"\0", b"x" * len(whole), another_count):
        (tmp_path / "a").write_bytes(bytes_there)
        with pytest.raises(TableError, match="not whole"):
            KeyFile(tmp_path / "a")


def test_keys_out_of_order_are_noticed(tmp_path: Path) -> None:
    written(tmp_path / "a", [(k * 2**58, k) for k in range(1, 40)])
    whole = bytearray((tmp_path / "a").read_bytes())
    at = len(whole) - 39 * 12
    whole[at : at + 8], whole[at + 8 : at + 16] = whole[at + 8 : at + 16], whole[at : at + 8]
    (tmp_path / "a").write_bytes(whole)
    assert not KeyFile(tmp_path / "a").is_sorted()
