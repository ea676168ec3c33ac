"""A nonce is taken once: across restarts, and across the processes of one machine, in bounded memory.

Files of fixed size, mapped into memory, one for each five minutes in which requests came. A nonce is kept as 8 bytes of
a digest, in a bucket that the digest chooses. A request is good for ten minutes at most (five either way of its
timestamp), so three files answer for all that could come again, and older ones are removed.

Measured by ``bench/site_banner.py`` against a table in SQLite, which takes four times as long.
"""

from __future__ import annotations

import mmap
import os
import threading
from fcntl import LOCK_EX, LOCK_UN, flock
from hashlib import blake2b
from pathlib import Path

from amends.kernel import clock
from amends.portal.banner.request import CLOCK_SECONDS, NoncesFullError

_MARK = 8
_BUCKET = 64 * _MARK
_PROBES = 4
_EMPTY = bytes(_MARK)
_LIVE = 2 * CLOCK_SECONDS // CLOCK_SECONDS + 1
_THERE, _FULL = -1, -2
_BOOT = Path("/proc/sys/kernel/random/boot_id")


class NonceFiles:
    """Remembers nonces in a folder that several processes share.

    Marks of two nonces are equal with probability 2^-63; among the nine million that may be live at once, a good
    request is refused once in a million million.

    Args:
        folder: Made when it is not there; on a local disk.
        slots: Nonces that five minutes have room for; a power of two. The default, 4 million, takes 32 MiB a file
            and room for 10,000 requests a second without end.
    """

    def __init__(self, folder: Path, slots: int = 1 << 22) -> None:
        self._buckets = max(slots * _MARK // _BUCKET, 1)
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._one = threading.Lock()
        self._files: dict[int, mmap.mmap | None] = {}
        flock(self._lock, LOCK_EX)
        self._not_before = self._remember_boot()
        if os.fstat(self._lock).st_size < _MARK:
            os.posix_fallocate(self._lock, 0, _MARK)
        flock(self._lock, LOCK_UN)
        self._highest = mmap.mmap(self._lock, _MARK)

    @property
    def not_before(self) -> int:
        """Return the Unix second before which no request is taken: the first start after the machine went down.

        What was in memory when a machine lost power may not have reached the disk.
        """
        return self._not_before

    def take(self, key_id: bytes, nonce: bytes, now: int) -> bool:
        """Remember a nonce; say whether it is new.

        Args:
            key_id: Key of the request; each has nonces of its own.
            nonce: As sent.
            now: Unix second.

        Raises:
            NoncesFullError: More came in five minutes than there is room for.
        """
        digest = blake2b(b"%b\n%b" % (key_id, nonce), digest_size=16).digest()
        # The first byte is never 0, so that a run of zeros starts where the marks of a bucket end.
        mark = bytes((digest[0] | 1,)) + digest[1:_MARK]
        start = int.from_bytes(digest[_MARK:], "little") % self._buckets
        with self._one:
            flock(self._lock, LOCK_EX)
            try:
                return self._take(mark, start, now // CLOCK_SECONDS)
            finally:
                flock(self._lock, LOCK_UN)

    def _take(self, mark: bytes, start: int, own: int) -> bool:
        present = self._present(own)
        for number in range(present - _LIVE + 1, present):
            older = self._older(number)
            if older is not None and _find(older, mark, start, self._buckets) == _THERE:
                return False
        file = self._files.get(present) or self._made(present)
        place = _find(file, mark, start, self._buckets)
        if place == _FULL:
            raise NoncesFullError
        if place == _THERE:
            return False
        file[place : place + _MARK] = mark
        return True

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files.values():
            if file is not None:
                file.close()
        self._files.clear()
        self._highest.close()
        os.close(self._lock)

    def _present(self, own: int) -> int:
        """Return the number of the file of these five minutes; it never runs back by a step of the clock.

        What one process has begun all others use, whatever their clock says at that moment.
        """
        highest = int.from_bytes(self._highest[:_MARK], "little")
        if own == highest or own < highest <= own + _LIVE:
            return highest
        self._highest[:_MARK] = own.to_bytes(_MARK, "little")
        self._forget(own)
        return own

    def _forget(self, present: int) -> None:
        for path in self._folder.glob("*.seen"):
            if path.stem.isdigit() and not present - _LIVE < int(path.stem) <= present + _LIVE:
                path.unlink(missing_ok=True)

    def _older(self, number: int) -> mmap.mmap | None:
        """Return a file of minutes gone by; ``None`` when nothing came in them. Nobody writes to it any more."""
        if number not in self._files:
            there = (self._folder / f"{number}.seen").exists()
            self._files[number] = self._mapped(number) if there else None
        return self._files[number]

    def _made(self, number: int) -> mmap.mmap:
        """Return the file of the present minutes, made when it is not there, and let go of those long gone."""
        for old in [n for n in self._files if abs(n - number) >= _LIVE]:
            gone = self._files.pop(old)
            if gone is not None:
                gone.close()
        made = self._files[number] = self._mapped(number)
        return made

    def _mapped(self, number: int) -> mmap.mmap:
        handle = os.open(self._folder / f"{number}.seen", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            size = self._buckets * _BUCKET
            if os.fstat(handle).st_size < size:
                # Really allocated: a write to a hole of a full disk would end the process.
                os.posix_fallocate(handle, 0, size)
            return mmap.mmap(handle, 0)
        finally:
            os.close(handle)

    def _remember_boot(self) -> int:
        """Return the second of the first start after this boot; 0 when the folder is new."""
        path = self._folder / "boot"
        boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        known = path.read_text().split() if path.exists() else []
        if known and known[0] == boot:
            return int(known[1])
        since = int(clock.now().timestamp()) if known else 0
        path.write_text(f"{boot or '-'} {since}\n")
        return since


def _find(file: mmap.mmap, mark: bytes, start: int, buckets: int) -> int:
    """Return the place of the first free slot on the way of a mark; below 0 when it is there, or all is full."""
    for step in range(_PROBES):
        low = (start + step) % buckets * _BUCKET
        high = low + _BUCKET
        if file.find(mark, low, high) >= 0:
            return _THERE
        free = file.find(_EMPTY, low, high)
        if free >= 0:
            return (free + _MARK - 1) // _MARK * _MARK
    return _FULL
