"""zip: by its directory where there is one, else member by member from the front (cut files, zips in streams).

Source:
    PKWARE APPNOTE 6.3.10: local headers (4.3.7), general purpose flags (4.4.4), methods (4.4.5).
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from amends.custody.limits import BOMB_REMEDY, LimitError
from amends.custody.names import clean_name, join
from amends.custody.readers.base import Opener, member
from amends.custody.readers.compressed import Unpacked
from amends.custody.source import Source, read_exactly
from amends.kernel.contents import Fault, Part

MAGIC = b"PK\x03\x04"
EMPTY = b"PK\x05\x06"
AES_METHOD = 99
PASSWORD_REMEDY = (
    "put its password into the password_file of case.toml, or unpack it and add the files"  # noqa: S105 (a sentence)
)
AES_REMEDY = "unpack it with 7-Zip and its password, and add the files as exhibits"
LINK_REMEDY = "add what it points to as an exhibit, if it was part of what was taken"
DAMAGED_REMEDY = "get a complete copy; what could be unpacked was read"
METHOD_REMEDY = "unpack it with 7-Zip and add the files as exhibits"


class Zip:
    """Reads zip archives."""

    name = "zip"

    def detect(self, source: Source) -> bool:
        """Answer by the magic number."""
        return source.head.startswith((MAGIC, EMPTY, b"PK\x07\x08PK\x03\x04"))

    def map(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield the parts of each member, in the order of the directory."""
        directory = None
        held: BinaryIO | None = None
        try:
            held = source.seekable()
            directory = zipfile.ZipFile(held)
        except zipfile.BadZipFile:
            yield from self._salvage(source, cast(BinaryIO, held), opener)
            return
        except LimitError:
            yield from self._stream(source, opener)
            return
        with directory:
            yield from self._by_directory(directory, source, opener)

    def _by_directory(
        self, archive: zipfile.ZipFile, source: Source, opener: Opener
    ) -> Iterator[Part]:
        found = 0
        packed = unpacked = 0
        for info in archive.infolist():
            if info.is_dir():
                continue
            found += 1
            packed += info.compress_size
            unpacked += info.file_size
            _judge(packed, unpacked, opener)
            yield from self._member(archive, info, source, opener)
        if not found:
            opener.budget.take_item()
            yield Fault(
                source.inner_path,
                "",
                "empty",
                "ask the custodian whether it was empty at the source",
            )

    def _member(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: Source, opener: Opener
    ) -> Iterator[Part]:
        inner = join(source.inner_path, clean_name(info.filename))
        if stat.S_ISLNK(info.external_attr >> 16):
            opener.budget.take_item()
            yield Fault(inner, "", "link", LINK_REMEDY)
            return
        if info.flag_bits & 1 and info.compress_type == AES_METHOD:
            opener.budget.take_item()
            yield Fault(inner, "", "encrypted", AES_REMEDY)
            return
        stream = _opened(archive, info, opener.passwords)
        if isinstance(stream, str):
            opener.budget.take_item()
            remedy = {"encrypted": PASSWORD_REMEDY, "unsupported_format": METHOD_REMEDY}.get(
                stream, DAMAGED_REMEDY
            )
            yield Fault(inner, "", stream, remedy)
            return
        with stream:
            checked = _Checked(stream, opener)
            yield from opener.inside(
                member(source, info.filename, io.BufferedReader(checked, 1 << 20), opener)
            )
            if checked.is_damaged:
                yield Fault(inner, "", "truncated", DAMAGED_REMEDY, whole=False)

    def _stream(self, source: Source, opener: Opener) -> Iterator[Part]:
        """Yield members from the front of a stream too large to hold."""
        raise LimitError("too_big_inside", "extract it and add it as an exhibit of its own")

    def _salvage(self, source: Source, held: BinaryIO, opener: Opener) -> Iterator[Part]:
        """Yield what the local headers of a damaged archive still give."""
        held.seek(0)
        found = 0
        for name, flags, stream in _local_members(held, opener):
            found += 1
            inner = join(source.inner_path, clean_name(name))
            if flags & 1:
                opener.budget.take_item()
                yield Fault(inner, "", "encrypted", PASSWORD_REMEDY)
                continue
            yield from opener.inside(member(source, name, stream, opener))
        if not found:
            opener.budget.take_item()
        yield Fault(source.inner_path, "", "truncated", DAMAGED_REMEDY, whole=not found)


def _judge(packed: int, unpacked: int, opener: Opener) -> None:
    limits = opener.limits
    if unpacked > limits.ratio_floor_bytes and unpacked > limits.ratio * max(packed, 1):
        raise LimitError("bomb", BOMB_REMEDY)


def _opened(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, passwords: tuple[str, ...]
) -> BinaryIO | str:
    """Return a member's stream, or the reason why there is none."""
    tries: list[bytes | None] = [None] if not info.flag_bits & 1 else []
    if info.flag_bits & 1:
        tries += [password.encode() for password in passwords]
    for password in tries:
        try:
            stream = archive.open(info, pwd=password)
            if password is not None and not _is_right(archive, info, password):
                stream.close()
                continue
            return cast(BinaryIO, stream)
        except NotImplementedError:
            return "unsupported_format"
        except RuntimeError:
            continue
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, struct.error):
            return "truncated"
    return "encrypted"


def _is_right(archive: zipfile.ZipFile, info: zipfile.ZipInfo, password: bytes) -> bool:
    """Answer whether a password that passed the one-byte check also gives sound data."""
    try:
        with archive.open(info, pwd=password) as stream:
            left = 1 << 22
            while left > 0 and (piece := stream.read(1 << 16)):
                left -= len(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
        return False
    return True


class _Checked(io.RawIOBase):
    """A member's bytes, counted against the budget; ends quietly where they are damaged."""

    def __init__(self, stream: BinaryIO, opener: Opener) -> None:
        self._stream = stream
        self._opener = opener
        self.is_damaged = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]  # a buffer, as io has it
        try:
            piece = b"" if self.is_damaged else self._stream.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
            self.is_damaged = True
            piece = b""
        self._opener.budget.take_bytes(len(piece))
        buffer[: len(piece)] = piece
        return len(piece)


def _local_members(held: BinaryIO, opener: Opener) -> Iterator[tuple[str, int, BinaryIO]]:
    """Yield name, flags and bytes of each member by its local header, up to where the file makes no sense."""
    while True:
        header = read_exactly(held, 30)
        if len(header) < 30 or header[:4] != MAGIC:
            return
        flags, method = struct.unpack("<HH", header[6:10])
        packed, _, name_size, extra_size = struct.unpack("<IIHH", header[18:30])
        raw = read_exactly(held, name_size)
        held.seek(extra_size, 1)
        begin = held.tell()
        name = raw.decode("utf-8" if flags & 0x800 else "cp437", "backslashreplace")
        if method == 8 and not flags & 1:
            unpacked = Unpacked(held, "deflate", opener.budget)
            payload = unpacked.read(opener.limits.memory_bytes)
            yield name, flags, io.BytesIO(payload)
            end = _after_deflate(held, begin, packed, unpacked.bytes_in)
        else:
            yield (
                name,
                flags,
                io.BytesIO(read_exactly(held, packed) if method == 0 and not flags & 1 else b""),
            )
            end = begin + packed
        if not _seek_header(held, max(end, begin)):
            return


def _after_deflate(held: BinaryIO, begin: int, packed: int, taken: int) -> int:
    return begin + packed if packed else begin + max(taken - (1 << 18), 0)


def _seek_header(held: BinaryIO, at: int) -> bool:
    """Go to the next local header from ``at`` on."""
    held.seek(at)
    tail = b""
    while piece := held.read(1 << 20):
        block = tail + piece
        found = block.find(MAGIC)
        if found >= 0:
            held.seek(at - len(tail) + found)
            return True
        at += len(piece)
        tail = block[-3:]
    return False
