"""A small file that holds much is read to its end, or refused; it is never called cut."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from amends.custody.limits import Limits
from amends.custody.reader import Reader
from amends.kernel.contents import DocumentPart, Fault

MEBIBYTE = 1 << 20
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("ending", PACKERS)
def test_eighty_mebibytes_of_one_letter_are_read_to_the_last(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"letters.txt.{ending}"
    path.write_bytes(PACKERS[ending](b"a " * 40 * MEBIBYTE))
    count = 0
    for part in Reader().parts(path):
        assert isinstance(part, DocumentPart)
        count += sum(len(block.text) for block in part.blocks)
        assert part.faults == []
    assert count == 80 * MEBIBYTE


@pytest.mark.parametrize("ending", PACKERS)
def test_what_unpacks_without_end_is_refused_as_a_bomb(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"zeros.txt.{ending}"
    path.write_bytes(PACKERS[ending](b"0" * 80 * MEBIBYTE))
    reasons = set()
    for part in Reader(Limits(ratio=100, ratio_floor_bytes=MEBIBYTE)).parts(path):
        if isinstance(part, Fault):
            reasons.add(part.reason)
        elif isinstance(part, DocumentPart):
            for _ in part.blocks:
                pass
            reasons |= {fault.reason for fault in part.faults}
    assert reasons == {"bomb"}
