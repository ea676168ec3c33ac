"""The brake's audit: a chain of sealed lines that is also all the brake remembers.

A line is JSON: ``seq``, ``at``, ``act``, ``body``, ``prev`` and ``seal``; ``seal`` is the HMAC of the rest under a key
of the vault and ``prev`` the seal before. So nobody without the vault's keys can write, change or reorder a line.
Budgets, actors, canaries and releases are what the lines say, added up: there is no second file that could tell
something else.

    brake/audit/000001.jsonl   segments; each after the first begins with the state the earlier ones add up to
    brake/head                 number and seal of the last line: shows that the end was cut off
    brake/lock                 held by whoever decides and writes

Several processes may write; each takes the lock, reads what the others wrote, decides, writes, forces it to disk.

Source:
    HMAC-SHA-256: RFC 2104. Forward chaining of log entries: Schneier and Kelsey, "Secure Audit Logs to Support
    Computer Forensics", 1999.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from amends.kernel.errors import TableError
from amends.vault.brake.heads import Head, HeadFile, read_head
from amends.vault.brake.lines import GENESIS, STATE, Act, Body, ChainFault, Line, Seals, parsed

SEGMENT_BYTES = 16 << 20
"""A segment is read whole when a process starts, while others wait: some 50,000 lines, half a second."""


class Unwritable(TableError):  # noqa: N818 - reads as the state it is
    """The audit cannot be written; whatever waits for its line gets no answer."""


class Chain:
    """The sealed lines in a folder.

    Args:
        folder: ``VAULT/brake``.
        key: Key that seals.
        witnesses: Further files to keep the head in, best on another disk: they show that the whole folder was put back
            to an older copy.
        durable: Whether lines are forced to disk before they count; only a measurement turns this off.
    """

    def __init__(
        self, folder: Path, key: bytes, witnesses: Sequence[Path] = (), *, durable: bool = True
    ) -> None:
        self.folder = folder
        self._key = key
        self._seals = Seals(key)
        self._heads = (folder / "head", *witnesses)
        self._files = tuple(HeadFile(path) for path in self._heads)
        self._durable = durable
        self._fd = -1
        self._lock = -1
        self._segment = 0
        self._size = 0
        self._next = (-1, "")
        self._begun = 0  # bytes of the state that the segment begins with
        self.seq, self.seal, self.at = 0, GENESIS, 0.0

    @property
    def is_full(self) -> bool:
        """Say whether the next line should begin a new segment."""
        return self._size - self._begun >= SEGMENT_BYTES

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time read on, decide and write.

        Raises:
            Unwritable: The lock cannot be had (no right to write).
        """
        if self._lock < 0:
            try:
                self.folder.mkdir(mode=0o700, exist_ok=True)
                (self.folder / "audit").mkdir(mode=0o700, exist_ok=True)
                self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise _unwritable(self.folder, error) from error
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def load(self) -> Iterator[Line]:
        """Read the newest segment from its first line; only inside :meth:`alone`.

        Raises:
            ChainFault: A line was changed, or the end is missing.
        """
        self.close_file()
        numbers = self._there()
        while len(numbers) > 1 and not _first_line(self.path(numbers[-1])):
            # A kill between making a segment and its first line; nothing was promised by it.
            self.path(numbers.pop()).unlink()
        self.seq, self.seal, self.at = 0, GENESIS, 0.0
        if numbers:
            self._segment, self._size = numbers[-1], 0
            self.seq, self.seal, self._begun = self._begin_from(self._segment)
            self.at = 0.0
            heads = self._told_heads()
            for line in self._read_on():
                _compare(line, heads)
                yield line
            _check_end(self.seq, heads, self.folder)
            self._require_head()
        elif self._told_heads():
            raise ChainFault("The audit is gone", where=str(self.folder))

    def _begin_from(self, number: int) -> tuple[int, str, int]:
        """Return number and seal before the first line of a segment, and the bytes of the state it begins with.

        The line's own seal is checked when it is read.
        """
        first = _first_line(self.path(number))
        told = parsed(first, f"segment {number}") if first else {}
        if told and (number > 1 or (told["act"] == STATE and told["body"].get("resolved"))):
            return int(told["seq"]) - 1, str(told["prev"]), len(first) + 1
        return 0, GENESIS, 0

    def news(self) -> Iterator[Line]:
        """Read what other processes wrote since the last look; only inside :meth:`alone`.

        Raises:
            ChainFault: The file was cut or changed meanwhile.
        """
        if not self._segment:
            yield from self.load()
            return
        yield from self._read_on()
        while self._next_exists() and _first_line(self.path(self._segment + 1)):
            self.close_file()
            self._segment, self._size = self._segment + 1, 0
            self._begun = len(_first_line(self.path(self._segment))) + 1
            yield from self._read_on()

    def _next_exists(self) -> bool:
        """Say whether another process began a segment; asked with every group of calls, so it costs one system call."""
        if self._next[0] != self._segment:
            self._next = (self._segment, str(self.path(self._segment + 1)))
        try:
            os.stat(self._next[1])  # noqa: PTH116 - a Path would cost more than the call
        except OSError:
            return False
        return True

    def write(self, acts: Sequence[Act], at: float) -> list[Line]:
        """Append lines and force them to disk; only inside :meth:`alone`, after :meth:`news`.

        Raises:
            Unwritable: They could not be written; none of them stands.
        """
        lines, text = self._seals.sealed(acts, at, (self.seq, self.seal, self.at))
        self._segment = self._segment or 1
        try:
            self._append(text)
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        last = lines[-1]
        self.seq, self.seal, self.at = last.seq, last.seal, last.at
        self._note_head()
        return lines

    def begin_segment(self, state: Body, at: float) -> None:
        """Start the next segment with the state so far; only inside :meth:`alone`."""
        self.close_file()
        before = (self._segment, self._size)
        self._segment, self._size = self._segment + 1, 0
        try:
            self.write([(STATE, state)], at)
            self._begun = self._size
        except Unwritable:
            with suppress(OSError):
                self.path(self._segment).unlink()
            self._segment, self._size = before
            raise

    def set_aside(self, name: str) -> int:
        """Move all segments into a folder of their own and return the number the next line may have at least.

        For a person's decision to go on after a fault; what is moved stays as evidence. Only inside :meth:`alone`.
        """
        self.close_file()
        heads = [h.seq for p in self._heads if (h := read_head(p, self._key))]
        self.seq = max(self.seq, *heads, 0) if heads else self.seq
        audit = self.folder / "audit"
        if audit.exists():
            audit.rename(self.folder / name)
        audit.mkdir(mode=0o700)
        self._segment, self._size, self._begun = 0, 0, 0
        return self.seq

    def path(self, number: int) -> Path:
        """Return the file of a segment."""
        return self.folder / "audit" / f"{number:06d}.jsonl"

    def every(self) -> Iterator[Line]:
        """Read and check every line of every segment from the first; others may go on writing meanwhile.

        Raises:
            ChainFault: A line or a segment is missing, or was changed.
        """
        numbers = self._there()
        seq, seal, at = 0, GENESIS, 0.0
        heads = self._told_heads()
        if numbers and numbers[0] == 1:
            seq, seal, _ = self._begin_from(1)
        for expected, number in enumerate(numbers, start=1):
            if number != expected:
                raise ChainFault(
                    f"Segment {expected} of the audit is missing", where=str(self.folder)
                )
            with self.path(number).open("rb") as stream:
                for raw in stream:
                    if not raw.endswith(b"\n"):
                        break
                    line = self._seals.checked(raw[:-1], seq, seal, at)
                    seq, seal, at = line.seq, line.seal, line.at
                    _compare(line, heads)
                    yield line
        _check_end(seq, heads, self.folder)
        if numbers:
            self._require_head()

    def close_file(self) -> None:
        """Let the open segment go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def close(self) -> None:
        """Let everything go."""
        self.close_file()
        for file in self._files:
            file.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _there(self) -> list[int]:
        return sorted(
            int(p.stem) for p in (self.folder / "audit").glob("[0-9]*.jsonl") if p.stem.isdigit()
        )

    def _open(self) -> int:
        if self._fd < 0:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
            fresh = not self.path(self._segment).exists()
            self._fd = os.open(self.path(self._segment), flags, 0o600)
            if fresh and self._durable:
                _sync_folder(self.folder / "audit")
        return self._fd

    def _read_on(self) -> Iterator[Line]:
        """Yield the lines beyond what was read; a torn last line (a kill while writing) is cut off."""
        if self._fd < 0 and not self.path(self._segment).exists():
            raise ChainFault("The audit is gone while it was in use", where=str(self.folder))
        descriptor = self._open()
        size = os.fstat(descriptor).st_size
        if size < self._size or os.fstat(descriptor).st_nlink == 0:
            raise ChainFault(
                "The audit was cut or replaced while it was in use", where=str(self.folder)
            )
        if size == self._size:
            return
        text = os.pread(descriptor, size - self._size, self._size)
        whole, found, torn = text.rpartition(b"\n")
        if torn:
            os.ftruncate(descriptor, size - len(torn))
        for raw in whole.split(b"\n") if found else ():
            line = self._seals.checked(raw, self.seq, self.seal, self.at)
            self.seq, self.seal, self.at = line.seq, line.seal, line.at
            self._size += len(raw) + 1
            yield line

    def _append(self, text: bytes) -> None:
        """Write all or nothing."""
        descriptor = self._open()
        try:
            written = 0
            while written < len(text):
                written += os.write(descriptor, text[written:])
            if self._durable:
                os.fdatasync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, self._size)
            # What the disk holds now is only known by reading it again.
            self.close_file()
            raise
        self._size += len(text)

    def _note_head(self) -> None:
        """Keep the head. Not forced to disk: it survives a kill, and after a loss of power it is merely older."""
        for file in self._files:
            file.write(self._key, Head(self.seq, self.seal))

    def _told_heads(self) -> dict[int, str]:
        return {h.seq: h.seal for path in self._heads if (h := read_head(path, self._key))}

    def _require_head(self) -> None:
        """Raise when the head beside the audit is not there: it is written with the first line."""
        if read_head(self._heads[0], self._key) is None:
            raise ChainFault(
                "The head of the audit is missing or damaged", where=str(self._heads[0])
            )


def _check_end(seq: int, heads: dict[int, str], folder: Path) -> None:
    """Compare the last line with heads that were read before the first line was."""
    told = max(heads, default=0)
    if told > seq:
        raise ChainFault(
            f"The audit ends at line {seq:,}, but line {told:,} was written: it was cut off, or an older copy was put "
            "in its place",
            where=str(folder),
        )


def _compare(line: Line, heads: dict[int, str]) -> None:
    if heads.get(line.seq, line.seal) != line.seal:
        raise ChainFault(
            "The audit continues otherwise than its head says: it was replaced",
            where=f"line {line.seq}",
        )


def _first_line(path: Path) -> bytes:
    with path.open("rb") as stream:
        raw = stream.readline()
    return raw[:-1] if raw.endswith(b"\n") else b""


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(folder: Path, error: OSError) -> Unwritable:
    return Unwritable(
        "The audit cannot be written, so nothing is answered",
        where=f"{folder.name}: {error.strerror}",
        remedy="free disk space or mend the rights on the vault's folder; answers go on by themselves then",
    )
