"""A nonce is taken once: across restarts, across processes, through the death of one, in bounded room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.portal.banner import nonces as room
from amends.portal.banner.nonces import NonceFiles
from amends.portal.banner.request import CLOCK_SECONDS, NoncesFullError

NOW = 1_790_000_100
SLOTS = 4096
ROOT = Path(__file__).parents[2]


def word(number: int) -> bytes:
    return f"nonce-{number:026d}".encode()


def test_a_nonce_is_new_once(tmp_path: Path) -> None:
    kept = NonceFiles(tmp_path / "n", SLOTS)
    assert [kept.take(b"K", word(i), NOW) for i in range(1000)] == [True] * 1000
    assert [kept.take(b"K", word(i), NOW + i % 300) for i in range(1000)] == [False] * 1000
    kept.close()


def test_each_key_has_nonces_of_its_own(tmp_path: Path) -> None:
    kept = NonceFiles(tmp_path / "n", SLOTS)
    assert kept.take(b"K1", word(1), NOW)
    assert kept.take(b"K2", word(1), NOW)
    kept.close()


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    first = NonceFiles(tmp_path / "n", SLOTS)
    assert first.take(b"K", word(1), NOW)
    first.close()
    again = NonceFiles(tmp_path / "n", SLOTS)
    assert not again.take(b"K", word(1), NOW + 1)
    assert again.not_before == 0
    again.close()


def test_two_open_at_once_know_of_each_other(tmp_path: Path) -> None:
    one, two = NonceFiles(tmp_path / "n", SLOTS), NonceFiles(tmp_path / "n", SLOTS)
    assert one.take(b"K", word(1), NOW)
    assert not two.take(b"K", word(1), NOW)
    assert two.take(b"K", word(2), NOW + CLOCK_SECONDS)
    assert not one.take(b"K", word(2), NOW), "the clock of one runs behind"
    one.close()
    two.close()


TAKER = """
import sys, time
from pathlib import Path
from amends.portal.banner.nonces import NonceFiles
kept = NonceFiles(Path(sys.argv[1]), 65536)
new = 0
for i in range(int(sys.argv[2])):
    new += kept.take(b"K", f"nonce-{i:026d}".encode(), 1790000100 + i // 40)
    if i == 200:
        print("going", flush=True)
print(new, flush=True)
"""


def taker(folder: Path, n: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", TAKER, str(folder), str(n)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )


def test_processes_that_ask_for_the_same_get_each_once(tmp_path: Path) -> None:
    """Four processes take the same 20,000 nonces at once; the time runs over the border of two files."""
    running = [taker(tmp_path / "n", 20_000) for _ in range(4)]
    taken = sum(int(p.communicate(timeout=60)[0].split()[-1]) for p in running)
    assert taken == 20_000


def test_what_a_killed_process_took_stays_taken(tmp_path: Path) -> None:
    victim = taker(tmp_path / "n", 10_000_000)
    assert victim.stdout is not None
    assert victim.stdout.readline() == "going\n"
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=60)
    kept = NonceFiles(tmp_path / "n", 65536)
    assert not any(kept.take(b"K", word(i), NOW + 5) for i in range(200))
    assert kept.take(b"K", b"another-nonce-of-later", NOW + 5), "the lock went with the process"
    kept.close()


def test_old_files_go_and_no_more_than_three_are_kept(tmp_path: Path) -> None:
    kept = NonceFiles(tmp_path / "n", SLOTS)
    for step in range(40):
        assert kept.take(b"K", word(step), NOW + step * CLOCK_SECONDS)
        files = list((tmp_path / "n").glob("*.seen"))
        assert len(files) <= 3
        assert sum(f.stat().st_size for f in files) <= 3 * SLOTS * 8
    kept.close()


def test_a_full_file_is_said_to_be_full_and_the_next_has_room(tmp_path: Path) -> None:
    kept = NonceFiles(tmp_path / "n", 256)
    with pytest.raises(NoncesFullError):
        for i in range(300):
            kept.take(b"K", word(i), NOW)
    assert not kept.take(b"K", word(0), NOW), "what was taken is known all the same"
    assert kept.take(b"K", word(999), NOW + CLOCK_SECONDS)
    kept.close()


def test_most_of_a_file_is_used_before_it_is_full(tmp_path: Path) -> None:
    kept, taken = NonceFiles(tmp_path / "n", 1 << 14), 0
    with pytest.raises(NoncesFullError):
        for i in range(1 << 14):
            taken += kept.take(b"K", word(i), NOW)
    assert taken > 0.75 * (1 << 14)
    kept.close()


def test_room_is_taken_when_a_file_is_made_not_when_it_is_written(tmp_path: Path) -> None:
    """A disk that fills up must make an error, not kill the process at a write to mapped memory."""
    kept = NonceFiles(tmp_path / "n", 1 << 17)
    kept.take(b"K", word(1), NOW)
    found = next((tmp_path / "n").glob("*.seen")).stat()
    assert found.st_blocks * 512 >= found.st_size == 1 << 20
    kept.close()


def test_a_clock_set_back_lets_nothing_in_twice(tmp_path: Path) -> None:
    kept = NonceFiles(tmp_path / "n", SLOTS)
    assert kept.take(b"K", word(1), NOW)
    assert not kept.take(b"K", word(1), NOW - CLOCK_SECONDS)
    assert kept.take(b"K", word(2), NOW - CLOCK_SECONDS)
    assert not kept.take(b"K", word(2), NOW)
    kept.close()


def test_a_clock_far_off_and_mended_does_not_stop_the_door(tmp_path: Path) -> None:
    kept = NonceFiles(tmp_path / "n", SLOTS)
    assert kept.take(b"K", word(1), NOW + 10**8)
    assert kept.take(b"K", word(2), NOW)
    assert not kept.take(b"K", word(2), NOW)
    kept.close()


def test_after_the_machine_went_down_requests_of_before_are_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was in memory may be lost with the power, so what was signed before is refused."""
    boot = tmp_path / "boot_id"
    boot.write_text("first\n")
    monkeypatch.setattr(room, "_BOOT", boot)
    monkeypatch.setenv("AMENDS_CLOCK", "2026-09-21T14:15:00+00:00")
    NonceFiles(tmp_path / "n", SLOTS).close()
    boot.write_text("second\n")
    for _ in range(2):
        kept = NonceFiles(tmp_path / "n", SLOTS)
        assert kept.not_before == 1_790_000_100
        kept.close()
        monkeypatch.setenv("AMENDS_CLOCK", "2026-09-21T15:00:00+00:00")


def test_marks_that_end_in_zeros_are_found_again(tmp_path: Path) -> None:
    """A free slot is found by its zeros; those of a mark must not be taken for it."""
    kept = NonceFiles(tmp_path / "n", 64)
    file = kept._made(NOW // CLOCK_SECONDS)
    marks = [bytes((2 * i + 1, *(0,) * 7)) for i in range(64)]
    for expected, mark in enumerate(marks):
        place = room._find(file, mark, 0, 1)
        assert place == 8 * expected
        file[place : place + 8] = mark
    assert all(room._find(file, mark, 0, 1) == room._THERE for mark in marks)
    assert room._find(file, b"\x02" + bytes(7), 0, 1) == room._FULL
    kept.close()


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 30), st.integers(-20, 240)), min_size=1, max_size=60)
)
def test_within_ten_minutes_nothing_comes_twice(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    kept = NonceFiles(tmp_path_factory.mktemp("n"), SLOTS)
    last: dict[int, int] = {}
    now = NOW
    for number, passed in steps:
        now += passed
        new = kept.take(b"K", word(number), now)
        if number in last and now - last[number] <= 2 * CLOCK_SECONDS:
            assert not new
        if number not in last:
            assert new
        if new:
            last[number] = now
    kept.close()
