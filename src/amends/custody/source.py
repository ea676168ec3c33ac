"""A run of bytes to read: a file on disk, or something streaming out of a container.

What lies on disk can be read again and at random. What comes out of a container comes once, forwards; whoever
needs random access holds it in memory, up to a limit. Nothing is written to disk.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from amends.custody.limits import TOO_BIG_REMEDY, LimitError, Limits

HEAD_BYTES = 1 << 18
CHUNK_BYTES = 1 << 22


class Source:
    """One thing to be recognised and read.

    Attributes:
        inner_path: Where it lies inside the exhibit; "" is the exhibit itself.
        name: Its file name, for hints by ending.
        path: Where it lies on disk, or ``None`` inside a container.
        depth: Containers around it.
        head: Its first bytes, at most 256 KiB.
        zip_kind: What kind of zip it is, once somebody looked.
    """

    def __init__(
        self,
        inner_path: str,
        name: str,
        *,
        limits: Limits,
        path: Path | None = None,
        stream: BinaryIO | None = None,
        depth: int = 0,
    ) -> None:
        """Read the head.

        Raises:
            OSError: The file cannot be read.
        """
        self.inner_path = inner_path
        self.name = name
        self.path = path
        self.depth = depth
        self._limits = limits
        self._reopen: Callable[[], BinaryIO | None] | None = None
        self._memory: io.BytesIO | None = None
        self._is_too_big = False
        self.zip_kind: str | None = None
        self._opened: list[BinaryIO] = []
        if stream is None:
            stream = _open(path)
            self._opened.append(stream)
        self._stream = stream
        self.head = read_exactly(self._stream, HEAD_BYTES)
        self.is_whole = len(self.head) < HEAD_BYTES

    @property
    def ending(self) -> str:
        """Return the ending of the name, lower case, with its dot; "" where there is none."""
        return Path(self.name).suffix.lower()

    def stream(self) -> BinaryIO:
        """Return the bytes from the start, forwards; may be called once for what lies in a container."""
        if self._memory is not None:
            self._memory.seek(0)
            return self._memory
        return io.BufferedReader(_Rejoined(self.head, self._stream), CHUNK_BYTES)

    def seekable(self) -> BinaryIO:
        """Return the bytes for random access: the file itself, or a copy in memory.

        Raises:
            LimitError: It lies in a container and is larger than may be held in memory.
        """
        if self.path is not None:
            self._opened.append(_open(self.path))
            return self._opened[-1]
        if self._is_too_big:
            raise LimitError("too_big_inside", TOO_BIG_REMEDY)
        if self._memory is None:
            rest = self._stream.read(self._limits.memory_bytes - len(self.head) + 1)
            if len(self.head) + len(rest) > self._limits.memory_bytes:
                self._is_too_big = True
                raise LimitError("too_big_inside", TOO_BIG_REMEDY)
            self._memory = io.BytesIO(self.head + rest)
        self._memory.seek(0)
        return self._memory

    def reopen_with(self, reopen: Callable[[], BinaryIO | None]) -> None:
        """Say how a second stream of the same bytes can be had."""
        self._reopen = reopen

    def again(self) -> BinaryIO | None:
        """Return a second, independent stream from the start, or ``None`` where there can be none."""
        if self.path is not None:
            return _open(self.path)
        return self._reopen() if self._reopen else None

    def close(self) -> None:
        """Close the files it opened; a stream belongs to its container."""
        for opened in self._opened:
            opened.close()


class _Rejoined(io.RawIOBase):
    """The head that was looked at, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # a buffer, as io has it
        wanted = len(buffer)
        piece: bytes | memoryview
        if self._head:
            piece, self._head = self._head[:wanted], self._head[wanted:]
        else:
            piece = self._rest.read(wanted)
        buffer[: len(piece)] = piece
        return len(piece)


def _open(path: Path | None) -> BinaryIO:
    if path is None:
        raise OSError("a source needs a path or a stream")
    return path.open("rb")


def read_exactly(stream: BinaryIO, count: int) -> bytes:
    """Return ``count`` bytes, fewer only at the end."""
    pieces: list[bytes] = []
    missing = count
    while missing > 0:
        piece = stream.read(missing)
        if not piece:
            break
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)
