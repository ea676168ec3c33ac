"""The bytes of a CSV file: unpacked, in an encoding whose separators are single bytes, and back the same way.

UTF-8, its byte order mark, Windows-1252 and Latin-1 pass as they are. UTF-16 is worked on as UTF-8 and written as
UTF-16 again; a lone surrogate survives both ways.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import zstandard

BLOCK_BYTES = 8 << 20
PACKED = (".gz", ".zst", ".bz2", ".xz")
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 1 << 16


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, unpacked by its ending."""
    ending = path.suffix.lower()
    if ending == ".zst":
        with (
            path.open("rb") as raw,
            zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as stream,
        ):
            yield stream
        return
    opener: Callable[[Path, str], IO[bytes]] = _OPENERS.get(ending, open)
    with opener(path, "rb") as stream:
        yield stream


_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
# Any: four openers, each with a type of its own.


@contextmanager
def packed(path: Path, ending: str) -> Iterator[IO[bytes]]:
    """Open a file for writing, packed as an ending says."""
    if ending == ".zst":
        with path.open("wb") as raw, zstandard.ZstdCompressor(level=3).stream_writer(raw) as stream:
            yield stream
    elif ending == ".gz":
        # No name and no time inside: the same rows are the same file.
        with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
            yield stream  # type: ignore[misc]  # GzipFile writes bytes as IO does
    elif ending == ".bz2":
        with bz2.open(path, "wb") as stream:
            yield stream
    elif ending == ".xz":
        with lzma.open(path, "wb") as stream:
            yield stream
    else:
        with path.open("wb") as stream:
            yield stream


def encoding_of(path: Path) -> tuple[str, int]:
    """Return the encoding of a file and the length of its byte order mark.

    Everything is looked at: the first letter that is not ASCII may stand in the last row.
    """
    with unpacked(path) as stream:
        head = stream.read(_SAMPLE)
        for mark, name in MARKS:
            if head.startswith(mark):
                return name, len(mark)
        name = _bare_utf16(head)
        if name:
            return name, 0
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while head:
                decoder.decode(head)
                head = stream.read(BLOCK_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252", 0
    return "utf-8", 0


def _bare_utf16(head: bytes) -> str:
    """Return UTF-16 without a mark by its zeros: separators and digits have one in every pair."""
    pairs = len(head) // 2
    if pairs < 2:
        return ""
    low, high = head[0 : pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if high > 0.4 * pairs and low < 0.05 * pairs:
        return "utf-16-le"
    if low > 0.4 * pairs and high < 0.05 * pairs:
        return "utf-16-be"
    return ""


def is_wide(encoding: str) -> bool:
    """Say whether a separator takes more than one byte."""
    return encoding.startswith("utf-16")


class Narrow:
    """A stream of a wide encoding as UTF-8; others as they are."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        wide = is_wide(encoding)
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass") if wide else None

    def read(self, size: int) -> bytes:
        """Return the next bytes; empty at the end.

        Raises:
            UnicodeDecodeError: A wide character is cut in half.
        """
        raw = self._stream.read(size)
        if self._decoder is None:
            return raw
        text = self._decoder.decode(raw, final=not raw)
        while not text and raw:
            raw = self._stream.read(size)
            text = self._decoder.decode(raw, final=not raw)
        return text.encode("utf-8", "surrogatepass")


class Widen:
    """Writes UTF-8 into a stream of a wide encoding; others as they are."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding if is_wide(encoding) else ""

    def write(self, raw: bytes | memoryview) -> None:
        """Write whole rows."""
        if self._encoding:
            text = bytes(raw).decode("utf-8", "surrogatepass")
            raw = text.encode(self._encoding, "surrogatepass")
        self._stream.write(raw)
