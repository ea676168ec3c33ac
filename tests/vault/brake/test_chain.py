"""The audit: whole, or a fault is said."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from amends.vault.brake import chain as chains
from amends.vault.brake.chain import Chain, Unwritable
from amends.vault.brake.lines import ChainFault

KEY = b"k" * 32


def written(folder: Path, n: int = 6) -> Chain:
    chain = Chain(folder, KEY, durable=False)
    for number in range(n):
        with chain.alone():
            list(chain.news())
            chain.write([("act", {"n": number})], 1000.0 + number)
    chain.close()
    return chain


def read(folder: Path, key: bytes = KEY, witnesses: tuple[Path, ...] = ()) -> list[int]:
    chain = Chain(folder, key, witnesses, durable=False)
    try:
        with chain.alone():
            return [line.body["n"] for line in chain.load() if "n" in line.body]
    finally:
        chain.close()


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    written(tmp_path)
    assert read(tmp_path) == list(range(6))
    assert [line.seq for line in Chain(tmp_path, KEY).every()] == list(range(1, 7))
    assert (tmp_path / "audit" / "000001.jsonl").stat().st_mode & 0o777 == 0o600


def _file(folder: Path) -> Path:
    return folder / "audit" / "000001.jsonl"


def _changed(lines: list[bytes]) -> None:
    lines[2] = lines[2].replace(b'"n":2', b'"n":7')


def _cut_in_a_line(lines: list[bytes]) -> None:
    lines[4:] = [lines[4][:30]]


EDITS: dict[str, Callable[[list[bytes]], object]] = {
    "changed": _changed,
    "removed": lambda lines: lines.pop(2),
    "swapped": lambda lines: lines.insert(2, lines.pop(3)),
    "twice": lambda lines: lines.insert(2, lines[2]),
    "cut": lambda lines: lines.pop(),
    "cut in a line": _cut_in_a_line,
    "emptied": lambda lines: lines.clear(),
    "garbage": lambda lines: lines.__setitem__(2, b"\xff\x00{}\n"),
    "added": lambda lines: lines.append(lines[-1].replace(b'"seq":6', b'"seq":7')),
}


@pytest.mark.parametrize("change", EDITS)
def test_whatever_is_done_to_the_file_is_seen(tmp_path: Path, change: str) -> None:
    written(tmp_path)
    lines = _file(tmp_path).read_bytes().splitlines(keepends=True)
    EDITS[change](lines)
    _file(tmp_path).write_bytes(b"".join(lines))
    with pytest.raises(ChainFault):
        read(tmp_path)
    with pytest.raises(ChainFault):
        list(Chain(tmp_path, KEY).every())


def test_a_missing_audit_or_head_is_seen(tmp_path: Path) -> None:
    written(tmp_path)
    head = (tmp_path / "head").read_bytes()
    (tmp_path / "head").unlink()
    with pytest.raises(ChainFault, match="head"):
        read(tmp_path)
    (tmp_path / "head").write_bytes(head)
    _file(tmp_path).unlink()
    with pytest.raises(ChainFault):
        read(tmp_path)


def test_another_key_reads_nothing(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(ChainFault):
        read(tmp_path, b"o" * 32)


def test_an_older_copy_of_everything_is_seen_by_a_witness_elsewhere(tmp_path: Path) -> None:
    folder, witness = tmp_path / "v", tmp_path / "other-disk-head"
    folder.mkdir()
    written(folder, 3)
    kept = {p: p.read_bytes() for p in (_file(folder), folder / "head")}
    chain = Chain(folder, KEY, (witness,), durable=False)
    with chain.alone():
        list(chain.news())
        chain.write([("act", {"n": 9})], 2000.0)
    chain.close()
    for path, text in kept.items():
        path.write_bytes(text)
    assert read(folder) == [0, 1, 2]  # without a witness nothing can tell
    with pytest.raises(ChainFault, match="older copy"):
        read(folder, witnesses=(witness,))


def test_a_kill_while_writing_leaves_nothing_but_whole_lines(tmp_path: Path) -> None:
    written(tmp_path)
    with _file(tmp_path).open("ab") as out:
        out.write(b'{"seq":7,"at":"2026')
    assert read(tmp_path) == list(range(6))
    assert _file(tmp_path).read_bytes().endswith(b"\n")


def test_a_head_older_than_the_audit_is_what_a_loss_of_power_leaves(tmp_path: Path) -> None:
    written(tmp_path, 4)
    head = (tmp_path / "head").read_bytes()
    with (chain := Chain(tmp_path, KEY, durable=False)).alone():
        list(chain.news())
        chain.write([("act", {"n": 4})], 3000.0)
    chain.close()
    (tmp_path / "head").write_bytes(head)
    assert read(tmp_path) == list(range(5))


def test_two_writers_continue_each_others_lines(tmp_path: Path) -> None:
    one, two = (Chain(tmp_path, KEY, durable=False) for _ in range(2))
    for number in range(10):
        chain = (one, two)[number % 2]
        with chain.alone():
            list(chain.news())
            chain.write([("act", {"n": number})], float(number))
    one.close()
    two.close()
    assert read(tmp_path) == list(range(10))


def test_time_never_runs_back_in_the_lines(tmp_path: Path) -> None:
    chain = Chain(tmp_path, KEY, durable=False)
    with chain.alone():
        list(chain.news())
        chain.write([("act", {})], 2000.0)
        chain.write([("act", {})], 1000.0)
    assert [line.at for line in chain.every()] == [2000.0, 2000.0]
    chain.close()


def test_a_full_disk_leaves_no_half_line_and_the_next_write_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, 3)
    chain = Chain(tmp_path, KEY, durable=False)
    real = os.write

    def short(descriptor: int, text: bytes) -> int:
        if len(text) > 20:
            return real(descriptor, text[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with chain.alone():
        list(chain.news())
        monkeypatch.setattr(chains.os, "write", short)
        with pytest.raises(Unwritable, match="cannot be written"):
            chain.write([("act", {"n": 3})], 2000.0)
        monkeypatch.setattr(chains.os, "write", real)
    with chain.alone():
        list(chain.load())
        chain.write([("act", {"n": 3})], 2000.0)
    chain.close()
    assert read(tmp_path) == list(range(4))


def test_segments_follow_each_other_and_a_missing_one_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "SEGMENT_BYTES", 600)
    one, two = (Chain(tmp_path, KEY, durable=False) for _ in range(2))
    for number in range(20):
        chain = (one, two)[number % 2]
        with chain.alone():
            list(chain.news())
            chain.write([("act", {"n": number})], float(number))
            if chain.is_full:
                chain.begin_segment({"so far": number}, float(number))
    one.close()
    two.close()
    files = sorted((tmp_path / "audit").iterdir())
    assert len(files) > 3
    assert [x.body["n"] for x in Chain(tmp_path, KEY).every() if "n" in x.body] == list(range(20))
    read(tmp_path)
    last = files[-1].read_bytes()
    files[-1].unlink()
    with pytest.raises(ChainFault):
        read(tmp_path)
    files[-1].write_bytes(b"")  # a kill between making a segment and its first line
    with pytest.raises(ChainFault):
        read(tmp_path)  # but the head knows that there was more
    files[-1].write_bytes(last)
    read(tmp_path)
    files[1].unlink()
    with pytest.raises(ChainFault, match="Segment 2"):
        list(Chain(tmp_path, KEY).every())
