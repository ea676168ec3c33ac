"""One thing compressed: gz, bz2, xz, zst. Streams; a cut file still gives what was readable."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import zstandard

from amends.custody.limits import BOMB_REMEDY, Budget, LimitError
from amends.custody.readers.base import Opener, member
from amends.custody.source import Source
from amends.kernel.contents import Fault, Part

MAGICS = (
    (b"\x1f\x8b\x08", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
ENDINGS = {".tgz": ".tar", ".tbz": ".tar", ".tbz2": ".tar", ".txz": ".tar", ".tzst": ".tar"}
PIECE_BYTES = 1 << 18
TRUNCATED_REMEDY = "get a complete copy; what could be unpacked was read"


class Compressed:
    """Reads a compressed stream and hands on what is in it."""

    name = "compressed"

    def detect(self, source: Source) -> bool:
        """Answer by the magic number."""
        return _method(source.head) != ""

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the parts of the one thing inside, then a fault if the stream was cut."""
        method = _method(source.head)
        name = _inner_name(source.name)
        unpacked = Unpacked(source.stream(), method, opener.budget)
        reopen = _reopen(source, method, opener)
        inner = member(source, name, io.BufferedReader(unpacked, 1 << 20), opener)
        inner.reopen_with(reopen)
        if not inner.head and unpacked.is_damaged:
            opener.budget.take_item()
            yield Fault(source.inner_path, "", "truncated", TRUNCATED_REMEDY)
            return
        yield from opener.inside(inner)
        if unpacked.is_damaged:
            place = f"byte {unpacked.bytes_in}"
            yield Fault(inner.inner_path, place, "truncated", TRUNCATED_REMEDY, whole=False)


def _reopen(source: Source, method: str, opener: Opener) -> Any:
    def again() -> BinaryIO | None:
        raw = source.again()
        if raw is None:
            return None
        return io.BufferedReader(Unpacked(raw, method, Budget(opener.limits), owns=True), 1 << 20)

    return again


def _method(head: bytes) -> str:
    return next((name for magic, name in MAGICS if head.startswith(magic)), "")


def _inner_name(name: str) -> str:
    path = PurePosixPath(name)
    ending = path.suffix.lower()
    if ending in ENDINGS:
        return path.stem + ENDINGS[ending]
    return (
        path.stem
        if ending in (".gz", ".bz2", ".xz", ".zst", ".z", ".lzma")
        else f"{name or 'stream'}.content"
    )


def decompressor(method: str) -> Any:  # the four libraries share a shape, not a type
    """Return a fresh decompressor: ``decompress(bytes)``, ``eof``, ``unused_data``."""
    if method == "gz":
        return zlib.decompressobj(wbits=31)
    if method == "deflate":
        return zlib.decompressobj(wbits=-15)
    if method == "bz2":
        return bz2.BZ2Decompressor()
    if method == "xz":
        return lzma.LZMADecompressor()
    if method == "lzma":
        return lzma.LZMADecompressor(format=lzma.FORMAT_ALONE)
    return zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()


class Unpacked(io.RawIOBase):
    """Unpacked bytes of a compressed stream, several members on end included; ends quietly where it is damaged.

    Attributes:
        is_damaged: Whether the stream ended early or made no sense.
        bytes_in: Compressed bytes taken in.
        bytes_out: Bytes given out.
    """

    def __init__(self, raw: BinaryIO, method: str, budget: Budget, *, owns: bool = False) -> None:
        """Take a stream at the start of the compressed bytes; closed with this one if it ``owns`` it."""
        self._raw = raw
        self._owns = owns
        self._method = method
        self._budget = budget
        self._engine = decompressor(method)
        self._waiting = b""
        self._left_over = b""
        self._ended = False
        self.is_damaged = False
        self.bytes_in = 0
        self.bytes_out = 0

    def readable(self) -> bool:
        """Answer yes."""
        return True

    def close(self) -> None:
        """Close, and the stream below where it is owned."""
        if self._owns and not self.closed:
            self._raw.close()
        super().close()

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # a buffer, as io has it
        """Fill a buffer; 0 at the end."""
        while not self._waiting and not self._ended:
            self._step()
        count = min(len(buffer), len(self._waiting))
        buffer[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count

    def _step(self) -> None:
        holds_more = self._holds_more()
        piece = b"" if holds_more else self._left_over or self._raw.read(PIECE_BYTES)
        self._left_over = b""
        if not piece and not holds_more:
            self.is_damaged = self.is_damaged or not self._engine.eof
            self._ended = True
            return
        self.bytes_in += len(piece)
        try:
            out = self._bounded(piece)
        except (
            zlib.error,
            OSError,
            EOFError,
            lzma.LZMAError,
            zstandard.ZstdError,
            ValueError,
            MemoryError,
        ):
            self.is_damaged = self._ended = True
            return
        self._waiting = out
        self.bytes_out += len(out)
        self._judge(len(out))
        if self._engine.eof:
            self._next_member()

    def _holds_more(self) -> bool:
        """Say whether the library still has output for what it was given, as it may after a bounded step."""
        bounded = self._method in ("bz2", "xz", "lzma")
        return bounded and not self._engine.eof and not self._engine.needs_input

    def _bounded(self, piece: bytes) -> bytes:
        """Return what a piece unpacks to, a bounded amount at a time where the library can bound it."""
        if self._method in ("gz", "deflate"):
            out: bytes = self._engine.decompress(piece, 1 << 24)
            self._left_over = self._engine.unconsumed_tail
            self.bytes_in -= len(self._left_over)
            return out
        if self._method in ("bz2", "xz", "lzma"):
            out = self._engine.decompress(piece, 1 << 24)
            while not self._engine.needs_input and not self._engine.eof and len(out) < 1 << 25:
                out += self._engine.decompress(b"", 1 << 24)
            return out
        parts = [
            self._engine.decompress(piece[at : at + 4096])
            for at in range(0, len(piece), 4096)
            if not self._engine.eof
        ]
        return b"".join(parts)

    def _judge(self, count: int) -> None:
        self._budget.take_bytes(count)
        limits = self._budget.limits
        if self.bytes_out > limits.ratio_floor_bytes and self.bytes_out > limits.ratio * max(
            self.bytes_in, 1
        ):
            self._ended = True
            raise LimitError("bomb", BOMB_REMEDY)

    def _next_member(self) -> None:
        """Go on with the next member of the file, if there is one."""
        rest = self._engine.unused_data or self._raw.read(PIECE_BYTES)
        rest = rest.lstrip(b"\x00")
        if not rest or self._method == "deflate" or _method(rest) != self._method:
            self._ended = True
            return
        self._engine = decompressor(self._method)
        self.bytes_in -= len(self._engine.unused_data)
        self._left_over = rest
