"""The ledger is for the court: who did what when, each line sealing the one before.

A line is JSON with ``seq``, ``at``, ``actor``, ``act``, ``body``, ``prev`` and ``digest``;
``digest`` is the SHA-256 of the rest. A chain alone cannot show that its end was cut off: keep a
copy of the head, which ``amends status`` shows.
"""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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


def actor_name() -> str:
    """Return who is acting: ``AMENDS_ACTOR`` or the name of the account."""
    named = os.environ.get("AMENDS_ACTOR")
    if named:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _digest(fields: dict[str, object]) -> str:
    return ids.digest_value({k: v for k, v in fields.items() if k != "digest"})


class Ledger:
    """An append-only file of sealed lines."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at ``path``; it is made by its first line."""
        self.path = path
        self._head: tuple[int, str] | None = None

    def head(self) -> tuple[int, str]:
        """Return number and digest of the last line; ``(0, 64 zeros)`` when empty."""
        if self._head is None:
            last = (0, GENESIS)
            for line in self.lines():
                last = (line.seq, line.digest)
            self._head = last
        return self._head

    def append(self, act: str, **body: object) -> Line:
        """Write one line and force it to disk.

        Raises:
            TableError: The line cannot be written (disk full, no right to write).
        """
        seq, prev = self.head()
        fields: dict[str, object] = {
            "seq": seq + 1,
            "at": clock.stamp(),
            "actor": actor_name(),
            "act": act,
            "body": json.loads(ids.canonical_json(body)),
            "prev": prev,
        }
        fields["digest"] = _digest(fields)
        try:
            self._write(ids.canonical_json(fields) + "\n")
        except OSError as error:
            raise TableError(
                "The ledger cannot be written",
                where=f"{self.path.name}: {error.strerror}",
                remedy="free disk space or mend the rights on the case folder, then run again",
            ) from error
        self._head = (seq + 1, str(fields["digest"]))
        return Line(**fields)  # type: ignore[arg-type]  # the keys are those of Line, by construction

    def _write(self, text: str) -> None:
        """Append one line, and leave no half line behind when the disk is full."""
        with self.path.open("ab") as stream:
            start = stream.tell()
            try:
                stream.write(text.encode())
                stream.flush()
                os.fsync(stream.fileno())
            except OSError:
                os.truncate(self.path, start)
                raise

    def lines(self) -> Iterator[Line]:
        """Yield every line in order, without checking the seals.

        Raises:
            EvidenceError: A line is not JSON, or lacks a field. A torn last line (a crash while
                writing) is left out.
        """
        if not self.path.exists():
            return
        raw = self.path.read_bytes().split(b"\n")
        torn = raw.pop()
        if torn:
            os.truncate(self.path, self.path.stat().st_size - len(torn))
        for number, text in enumerate(raw, start=1):
            try:
                yield Line(**json.loads(text))
            except (ValueError, TypeError) as error:
                raise EvidenceError(
                    "The ledger holds a line that is not one of its own",
                    where=f"{self.path.name} line {number}",
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
