"""The ledger is for the court: who did what when, each line sealing the one before.

A line is JSON with ``seq``, ``at``, ``actor``, ``act``, ``body``, ``prev`` and ``digest``;
``digest`` is the SHA-256 of the rest. A chain alone cannot show that its end was cut off: keep a
copy of the head, which ``amends status`` shows.
"""

from __future__ import annotations

import fcntl
import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from amends.kernel import clock, ids
from amends.kernel.errors import EvidenceError, TableError

GENESIS = "0" * 64


@dataclass(frozen=True)
class Line:
    """One act."""

    seq: int
    at: str
    actor: str
    act: str
    body: dict[str, Any]  # Any: the body is whatever the act records, as JSON
    prev: str
    digest: str


_ACTOR: ContextVar[str] = ContextVar("amends_actor", default="")


@contextmanager
def acting_as(name: str) -> Iterator[None]:
    """Let everything inside the block be done in the name of a person who signed in."""
    token = _ACTOR.set(name)
    try:
        yield
    finally:
        _ACTOR.reset(token)


def actor_name() -> str:
    """Return who is acting: the person of ``acting_as``, ``AMENDS_ACTOR``, or the name of the account."""
    named = _ACTOR.get() or os.environ.get("AMENDS_ACTOR")
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _digest(fields: dict[str, object]) -> str:
    return ids.digest_value({k: v for k, v in fields.items() if k != "digest"})


class Ledger:
    """An append-only file of sealed lines; several processes may write to it."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at ``path``; it is made by its first line."""
        self.path = path
        self._head: tuple[int, str] = (0, GENESIS)
        self._size = 0  # of the file when the head was read

    def head(self) -> tuple[int, str]:
        """Return number and digest of the last line; ``(0, 64 zeros)`` when empty."""
        if not self.path.exists():
            return (0, GENESIS)
        with self.path.open("rb") as stream:
            return self._read_head(stream)

    def _read_head(self, stream: BinaryIO) -> tuple[int, str]:
        """Return the head, read anew from the end of the file when its size is not what it was."""
        size = stream.seek(0, os.SEEK_END)
        if size != self._size:
            last = _last_line(stream, size)
            fields = self._parsed(last, "its last line").__dict__ if last else {}
            self._head = (int(fields.get("seq", 0)), str(fields.get("digest", GENESIS)))
            self._size = size
        return self._head

    def append(self, act: str, **body: object) -> Line:
        """Write one line and force it to disk. Other processes wait for the moment this takes.

        Raises:
            TableError: The line cannot be written (disk full, no right to write).
            EvidenceError: The last line is not one of the ledger's own.
        """
        kept = json.loads(ids.canonical_json(body))
        try:
            with self.path.open("ab+") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                _drop_torn_line(stream)
                seq, prev = self._read_head(stream)
                fields: dict[str, object] = {
                    "seq": seq + 1, "at": clock.stamp(), "actor": actor_name(), "act": act, "body": kept, "prev": prev
                }  # fmt: skip
                fields["digest"] = _digest(fields)
                self._size = self._write(stream, ids.canonical_json(fields) + "\n")
        except OSError as error:
            raise TableError(
                "The ledger cannot be written",
                where=f"{self.path.name}: {error.strerror}",
                remedy="free disk space or mend the rights on the case folder, then run again",
            ) from error
        self._head = (seq + 1, str(fields["digest"]))
        return Line(**fields)  # type: ignore[arg-type]  # the keys are those of Line, by construction

    def _write(self, stream: BinaryIO, text: str) -> int:
        """Append one line, leave no half line behind when the disk is full, and return the new size."""
        start = stream.seek(0, os.SEEK_END)
        try:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        except OSError:
            os.truncate(self.path, start)
            raise
        return stream.tell()

    def lines(self) -> Iterator[Line]:
        """Yield every line in order, without checking the seals.

        Raises:
            EvidenceError: A line is not JSON, or lacks a field. A torn last line (a crash while
                writing) is left out; the next line takes its place.
        """
        if not self.path.exists():
            return
        whole, _, _ = self.path.read_bytes().rpartition(b"\n")
        for number, text in enumerate(whole.split(b"\n") if whole else (), start=1):
            yield self._parsed(text, f"line {number}")

    def _parsed(self, text: bytes, where: str) -> Line:
        try:
            return Line(**json.loads(text))
        except (ValueError, TypeError) as error:
            raise EvidenceError(
                "The ledger holds a line that is not one of its own",
                where=f"{self.path.name} {where}",
                remedy="restore the ledger from a backup; amends verify says what else changed",
            ) from error

    def faults(self) -> Iterator[str]:
        """Yield a sentence for every broken seal, gap or change of order."""
        prev, seq = GENESIS, 0
        for line in self.lines():
            fields = dict(line.__dict__)
            if line.seq != seq + 1:
                yield f"ledger line {line.seq} follows line {seq}: lines are missing or moved"
            if line.prev != prev:
                yield f"ledger line {line.seq} does not continue the line before it"
            if _digest(fields) != line.digest:
                yield f"ledger line {line.seq} was changed after it was written"
            prev, seq = line.digest, line.seq

    def last(self, act: str) -> Line | None:
        """Return the last line of a kind of act, or ``None``."""
        found = None
        for line in self.lines():
            if line.act == act:
                found = line
        return found


def _last_line(stream: BinaryIO, size: int) -> bytes:
    """Return the last whole line of a file, empty when there is none."""
    span = 4096
    while True:
        start = max(0, size - span)
        stream.seek(start)
        whole, found, _ = stream.read(size - start).rpartition(b"\n")
        _, before, last = whole.rpartition(b"\n")
        if not start or (found and before):
            return last
        span *= 4


def _drop_torn_line(stream: BinaryIO) -> None:
    """Cut off what a crash left of a line; only for whoever holds the lock."""
    size = stream.seek(0, os.SEEK_END)
    if not size:
        return
    stream.seek(size - 1)
    if stream.read(1) == b"\n":
        return
    stream.seek(0)
    whole, found, _ = stream.read(size).rpartition(b"\n")
    stream.truncate(len(whole) + len(found))
